//! The restore drill of docs/records.md: every machine is gone, and the record is there again.

use std::fs;
use std::path::Path;

use proofroom_tests::peer::{Peer, list, string};
use proofroom_tests::world::{World, meet, path};
use serde_json::Value;

/// What an examiner asks for: the trail, the state in front of the first signer, the evidence.
fn produced(peer: &Peer, first: &str, certificate: &Path) -> (Value, Value, Value) {
    let trail = peer.run(&["audit", "--asset", "Copy"]);
    let then = peer.run(&["show", "Copy", "--at", &first[..12]]);
    let made = peer.run(&["certify", "Copy", "--folder", path(certificate), "--blobs"]);
    assert_eq!((&made["holds"], &made["outcome"]), (&Value::Bool(true), &Value::from("approved")), "{made}");
    let record = fs::read(certificate.join("record.json")).expect("it was written");
    let record: Value = serde_json::from_slice(&record).expect("it is JSON");
    (trail, then, record["assets"].clone())
}

#[test]
fn a_bundle_and_a_phrase_bring_back_the_whole_record_when_every_machine_is_gone() {
    let world = World::new();
    let relay = world.relay();
    let ada = Peer::at(&world.place("."), "ada");
    let made = ada.run(&["init", "--name", "Ada Ackermann", "--org", "Studio Nord"]);
    let phrase = string(&made, "recovery_phrase");
    ada.run(&["workspace", "create", "Spring campaign", "--relay", &relay.url]);
    ada.run(&["sync"]);
    let bo = world.joined("bo", &ada, "reviewer");
    for (name, text) in [("one.txt", "first words"), ("two.txt", "better words")] {
        fs::write(world.place(name), text).expect("there is room");
    }
    ada.run(&["asset", "add", path(&world.place("one.txt")), "--name", "Copy", "--category", "written"]);
    ada.run(&["asset", "assign", "Copy", "Bo Ek", "approver"]);
    meet(&[&ada, &bo]);
    let first = string(&bo.run(&["decide", "Copy", "changes_required", "--reason", "too long"]), "entry");
    meet(&[&bo, &ada]);
    ada.run(&["version", "add", "Copy", path(&world.place("two.txt"))]);
    meet(&[&ada, &bo]);
    bo.run(&["decide", "Copy", "approved"]);
    meet(&[&bo, &ada]);
    let before = produced(&ada, &first, &world.place("before"));

    // What the custodian keeps: one file, 24 words, and where the workspace is.
    let bundle = world.place("record.bundle");
    ada.run(&["bundle", "export", path(&bundle)]);
    let locator = string(&ada.run(&["workspace", "locate"]), "locator");
    drop(relay);
    for gone in [ada.home().to_owned(), bo.home().to_owned(), world.place("relay")] {
        fs::remove_dir_all(gone).expect("it was there");
    }

    let new = Peer::at(&world.place("."), "new");
    new.recover(&phrase);
    // No relay answers; from now on the machine knows the workspace all the same.
    new.refused(&["workspace", "open", &locator]).names(&["does not answer"]);
    new.run(&["bundle", "import", path(&bundle)]);
    let after = produced(&new, &first, &world.place("after"));
    assert_eq!(before.0, after.0, "the trail");
    assert_eq!(before.1, after.1, "the state in front of the first signer");
    assert_eq!(list(&after.1, "versions").len(), 1);
    assert_eq!(before.2, after.2, "the evidence; who made it, and with which device, is another's");
    let file = world.place("after/files/two.txt");
    assert_eq!(fs::read_to_string(file).expect("it is there"), "better words");
    assert!(list(&new.run(&["doctor"])["workspaces"][0], "problems").is_empty());
}
