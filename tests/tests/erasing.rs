//! Erasing: bytes that are nowhere any more, and a record that still proves itself.

use std::fs;
use std::path::Path;

use proofroom_tests::payload::payload_of;
use proofroom_tests::peer::{Peer, list, string};
use proofroom_tests::relay::Relay;
use proofroom_tests::sift::{contains, files};
use proofroom_tests::world::{World, agree, copy_for_bo, meet, path, until};
use serde_json::Value;

const SECRET: &str = "call me at home, 555 0100, after eight; my address is Lindenallee 7";

/// What was there before it was erased, as ciphertext: a comment's entry, and a file.
struct Gone {
    comment: String,
    payload: Vec<u8>,
    file: Vec<u8>,
}

/// Ada's copy in two versions, of which Bo approves the second; he said more than he wanted to.
fn told(world: &World) -> (Relay, Peer, Peer, Gone) {
    let (relay, ada, bo) = copy_for_bo(world);
    let said = bo.run(&["comment", "add", "Copy", SECRET]);
    bo.run(&["comment", "add", "Copy", "a shorter headline, please"]);
    meet(&[&bo, &ada]);
    let file = sealed_file(ada.home(), "first words".len());
    ada.run(&["version", "add", "Copy", path(&world.place("two.txt"))]);
    meet(&[&ada, &bo]);
    bo.run(&["decide", "Copy", "approved"]);
    meet(&[&bo, &ada]);
    let trail = ada.run(&["log"]);
    let line = list(&trail, "entries").iter().find(|line| line["entry"] == said["entry"]);
    let payload = payload_of(&ada.home().join("store.redb"), line.expect("it came"));
    (relay, ada, bo, Gone { comment: string(&said, "comment"), payload, file })
}

/// The ciphertext of the one file of this length.
fn sealed_file(home: &Path, bytes: usize) -> Vec<u8> {
    let held = files(&home.join("blobs")).into_iter().filter_map(|path| fs::read(path).ok());
    let mut of_length = held.filter(|held| held.len() == bytes);
    of_length.next().expect("it is here")
}

fn erase(ada: &Peer, gone: &Gone) {
    ada.run(&[
        "erase",
        "--comment",
        &gone.comment,
        "--basis",
        "consent_withdrawn",
        "--reason",
        "Bo asked for it",
    ]);
    ada.run(&["erase", "Copy", "--version", "v1", "--basis", "contract", "--reason", "the licence ended"]);
}

fn bodies(listed: &Value) -> Vec<String> {
    list(listed, "comments").iter().map(|comment| string(comment, "body")).collect()
}

#[test]
fn what_is_erased_is_nowhere_any_more_and_all_go_on() {
    let world = World::new();
    let (relay, ada, bo, gone) = told(&world);
    for place in [ada.home(), bo.home(), relay.data()] {
        assert!(contains(place, &gone.payload) && contains(place, &gone.file), "{}", place.display());
    }
    bo.refused(&["erase", "--comment", &gone.comment, "--basis", "child", "--reason", "no"])
        .names(&["may not erase"]);
    let told =
        ada.run(&["erase", "Copy", "--version", "v1", "--basis", "contract", "--reason", "x", "--dry-run"]);
    assert_eq!((&told["dry_run"], &told["erased"][0]["operation"]), (&Value::Bool(true), &Value::Null));
    erase(&ada, &gone);
    meet(&[&ada, &bo]);
    until("the relay forgot it", || !contains(relay.data(), &gone.payload));
    for place in [ada.home(), bo.home(), relay.data()] {
        assert!(!contains(place, &gone.payload), "the words are still in {}", place.display());
        assert!(!contains(place, &gone.file), "the file is still in {}", place.display());
    }
    let out = world.place("out");
    ada.refused(&["export", "Copy", "--version", "v1", "--to", path(&out)]).names(&["one.txt", "erased"]);
    bo.run(&["export", "Copy", "--to", path(&out)]);

    // Whoever comes later never sees it; everybody goes on.
    let cy = world.joined("cy", &ada, "guest");
    cy.run(&["comment", "add", "Copy", "I like it"]);
    meet(&[&cy, &ada, &bo]);
    let said = agree(&[&ada, &bo, &cy], &["comment", "list", "Copy"]);
    assert_eq!(bodies(&said), ["[erased]", "a shorter headline, please", "I like it"]);
    assert!(!contains(cy.home(), &gone.payload) && !contains(cy.home(), &gone.file));
    for peer in [&ada, &bo, &cy] {
        peer.run(&["log", "--verify"]);
        assert!(list(&peer.run(&["doctor"])["workspaces"][0], "problems").is_empty());
        let trail = peer.run(&["audit", "--asset", "Copy"]).to_string();
        assert!(trail.contains("Bo asked for it") && trail.contains("consent_withdrawn"), "{trail}");
        assert!(!trail.contains("Lindenallee"), "{trail}");
    }
}

#[test]
fn a_certificate_verifies_without_what_was_erased_and_lists_it() {
    let world = World::new();
    let (_relay, ada, bo, gone) = told(&world);
    erase(&ada, &gone);
    meet(&[&ada, &bo]);
    for peer in [&ada, &bo] {
        let out =
            world.place(&format!("{}.zip", peer.home().file_name().and_then(|n| n.to_str()).expect("plain")));
        let made = peer.run(&["certify", "Copy", "--out", path(&out), "--blobs"]);
        assert_eq!(
            (&made["holds"], &made["outcome"]),
            (&Value::Bool(true), &Value::from("approved")),
            "{made}"
        );
        let verdict = bo.run(&["verify", path(&out)]);
        let record = &verdict["record"];
        let grounds: Vec<&str> =
            list(record, "erasures").iter().filter_map(|e| e["basis"].as_str()).collect();
        assert_eq!(grounds, ["consent_withdrawn", "contract"]);
        let redactions = list(record, "redactions");
        assert!(redactions.iter().filter(|r| r["why"] == "erased").count() >= 2, "{redactions:?}");
        let asset = &record["assets"][0];
        assert_eq!((&asset["rebuilt"], list(asset, "versions").len()), (&Value::Bool(true), 2));
        let bytes = fs::read(&out).expect("it was written");
        assert!(!bytes.windows(11).any(|w| w == b"Lindenallee"), "not in the report either");
    }
}

#[test]
fn a_hold_is_named_by_whoever_it_stops_and_ends_when_it_is_released() {
    let world = World::new();
    let (_relay, ada, bo, gone) = told(&world);
    let held = ada.run(&["hold", "set", "Copy", "--reason", "Velo AG v. Nord"]);
    ada.run(&["hold", "keep", "marketing", "--until", "6y", "--reason", "the schedule of records"]);
    bo.refused(&["hold", "set", "--reason", "no"]).names(&["may not"]);
    meet(&[&ada, &bo]);
    let listed = agree(&[&ada, &bo], &["hold", "list"]);
    let (holds, id) = (list(&listed, "holds"), string(&held, "entry"));
    assert_eq!(holds.iter().map(|h| h["class"].as_str()).collect::<Vec<_>>(), [None, Some("marketing")]);
    let of_copy = ["erase", "--comment", &gone.comment, "--basis", "objection", "--reason", "asked"];
    ada.refused(&of_copy).names(&["legal hold", &id[..8], "Velo AG v. Nord"]);
    ada.refused(&["blobs", "gc"]).names(&["kept", "the schedule of records"]);
    assert_eq!(list(&ada.run(&["status", "Copy"]), "kept").len(), 2);
    let trail = ada.run(&["audit", "--asset", "Copy"]).to_string();
    assert!(trail.contains("put under legal hold") && trail.contains("to be kept as marketing"), "{trail}");
    let out = world.place("held.zip");
    ada.run(&["certify", "Copy", "--out", path(&out)]);
    let kept = bo.run(&["verify", path(&out)])["record"]["keepings"].clone();
    assert_eq!(
        (&kept[0]["reason"], &kept[1]["class"]),
        (&Value::from("Velo AG v. Nord"), &Value::from("marketing"))
    );
    for hold in holds {
        ada.run(&["hold", "release", &string(hold, "entry"), "--reason", "settled"]);
    }
    assert!(list(&ada.run(&["hold", "list"]), "holds").is_empty());
    ada.run(&of_copy);
    ada.run(&["blobs", "gc"]);
}

#[test]
fn a_requests_words_go_and_what_kind_of_work_it_was_stays() {
    let world = World::new();
    let relay = world.relay();
    let ada = world.owner("ada", &relay);
    let bo = world.joined("bo", &ada, "reviewer");
    let brief = world.studio.write("brief.toml", format!(
        "title = \"Portrait\"\ncategory = \"visual\"\nrisk_class = \"elevated\"\nobjective = \"{SECRET}\"\n"
    ).as_bytes());
    let filed = bo.run(&["request", "new", "--from", path(&brief)]);
    meet(&[&bo, &ada]);
    ada.run(&["request", "return", "Portrait", "--question", "Lindenallee 7, is that the studio?"]);
    let file = world.studio.write("photo.txt", b"a portrait");
    let asset =
        ["asset", "add", path(&file), "--name", "Photo", "--category", "visual", "--request", "Portrait"];
    ada.run(&asset);
    meet(&[&ada, &bo]);
    let trail = ada.run(&["log"]);
    let line = list(&trail, "entries").iter().find(|line| line["entry"] == filed["entry"]);
    let payload = payload_of(&ada.home().join("store.redb"), line.expect("it came"));
    for place in [ada.home(), bo.home(), relay.data()] {
        assert!(contains(place, &payload), "{}", place.display());
    }
    let erase = ["erase", "--request", "Portrait", "--basis", "objection", "--reason", "Bo asked for it"];
    bo.refused(&erase).names(&["may not erase"]);
    let held = ada.run(&["hold", "set", "Photo", "--reason", "Velo AG v. Nord"]);
    ada.refused(&erase).names(&["legal hold", "Velo AG v. Nord"]);
    ada.run(&["hold", "release", &string(&held, "entry"), "--reason", "settled"]);
    let erased = ada.run(&erase);
    assert_eq!(erased["erased"][0]["what"][0]["kind"], "request", "{erased}");
    meet(&[&ada, &bo]);
    until("the relay forgot it", || !contains(relay.data(), &payload));
    for place in [ada.home(), bo.home(), relay.data()] {
        assert!(!contains(place, &payload), "the words are still in {}", place.display());
    }
    let id = string(&filed, "request");
    let shown = agree(&[&ada, &bo], &["request", "show", &id]);
    assert_eq!(
        (&shown["form"]["title"], &shown["state"]),
        (&Value::from("[erased]"), &Value::from("returned"))
    );
    let said = shown.to_string();
    assert!(!said.contains("Lindenallee") && said.contains("visual"), "{said}");
    let cy = world.joined("cy", &ada, "guest");
    assert!(!contains(cy.home(), &payload));
    for peer in [&ada, &bo, &cy] {
        peer.run(&["log", "--verify"]);
        assert!(list(&peer.run(&["doctor"])["workspaces"][0], "problems").is_empty());
    }
    // All go on, and what is filed anew under it can be erased again.
    bo.run(&["request", "edit", &id, "--from", path(&brief)]);
    meet(&[&bo, &ada]);
    ada.run(&["erase", "--request", &id, "--basis", "objection", "--reason", "asked again"]);
    meet(&[&ada, &bo]);
    assert!(!agree(&[&ada, &bo], &["request", "show", &id]).to_string().contains("Lindenallee"));
}
