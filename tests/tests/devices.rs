//! One person on several machines: linked, restored from the phrase, removed.

use proofroom_tests::peer::{Peer, list, string};
use proofroom_tests::world::{World, agree, meet};

fn add_copy(world: &World, ada: &Peer) {
    let copy = world.studio.copy_markdown("copy.md", "Wake up to light.");
    ada.run(&["asset", "add", &copy.to_string_lossy(), "--name", "Copy", "--category", "written"]);
    ada.run(&["sync"]);
}

#[test]
fn a_linked_device_reads_all_and_writes_as_the_same_person() {
    let world = World::new();
    let relay = world.relay();
    let ada = world.owner("ada", &relay);
    add_copy(&world, &ada);

    let laptop = Peer::at(&world.place("."), "laptop");
    let request = string(&laptop.run(&["device", "link"]), "request");
    let approval = string(&ada.run(&["device", "link", &request]), "approval");
    ada.run(&["sync"]);
    laptop.run(&["device", "link", &approval]);
    meet(&[&laptop, &ada]);

    let comment = laptop.run(&["comment", "add", "Copy", "From the laptop"]);
    assert_eq!(string(&comment, "author_name"), "Ada Ackermann");
    meet(&[&laptop, &ada]);
    agree(&[&ada, &laptop], &["comment", "list", "Copy"]);
    agree(&[&ada, &laptop], &["log", "--verify"]);

    // The laptop is lost: removed, what it wrote before counts, what it writes after does not.
    let devices = ada.run(&["device", "list"]);
    let other =
        list(&devices, "devices").iter().find(|d| d["this"] == false).expect("two devices are listed");
    ada.run(&["device", "remove", &string(other, "device")]);
    ada.run(&["sync"]);
    laptop.run(&["comment", "add", "Copy", "From the thief"]);
    laptop.refused(&["sync"]);
    ada.run(&["sync"]);
    let shown = ada.run(&["comment", "list", "Copy"]).to_string();
    assert!(shown.contains("From the laptop") && !shown.contains("From the thief"), "{shown}");
}

#[test]
fn a_recovery_phrase_restores_the_person_on_a_new_machine() {
    let world = World::new();
    let relay = world.relay();
    let ada = Peer::at(&world.place("."), "ada");
    let phrase =
        string(&ada.run(&["init", "--name", "Ada Ackermann", "--org", "Studio Nord"]), "recovery_phrase");
    ada.run(&["workspace", "create", "Spring campaign", "--relay", &relay.url]);
    add_copy(&world, &ada);
    let locator = string(&ada.run(&["workspace", "locate"]), "locator");
    std::fs::remove_dir_all(ada.home()).expect("the old machine is gone");

    let new = Peer::at(&world.place("."), "new");
    new.recover(&phrase);
    new.run(&["workspace", "open", &locator]);
    new.run(&["sync"]);
    assert!(new.run(&["asset", "list"]).to_string().contains("Copy"));
    new.run(&["comment", "add", "Copy", "Back again"]);
    new.run(&["invite", "--role", "producer"]);
}

#[test]
fn keys_are_readable_to_their_owner_only_and_lie_under_a_passphrase_where_one_is_set() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    let ada = Peer::at(&world.place("."), "ada");
    let init = ["init", "--name", "Ada Ackermann", "--org", "Studio Nord", "--passphrase"];
    let made =
        ada.command(&init).env("PROOFROOM_PASSPHRASE", "a lamp at noon").output().expect("proofroom starts");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let file = ada.home().join("identity.json");
    let mode = file.metadata().expect("it was made").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    ada.refused(&["workspace", "create", "Spring campaign"]).names(&["passphrase"]);
    let with = |passphrase| {
        let mut command = ada.command(&["workspace", "create", "Spring campaign"]);
        command.env("PROOFROOM_PASSPHRASE", passphrase).output().expect("proofroom starts").status.success()
    };
    assert!(!with("a lamp at night"));
    assert!(with("a lamp at noon"));
}
