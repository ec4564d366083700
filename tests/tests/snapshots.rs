//! Somebody joins late: real processes, a real relay, a document of some hundred comments.

use proofroom_tests::relay::Relay;
use proofroom_tests::sift;
use proofroom_tests::world::{World, agree, invite, meet};
use serde_json::Value;

const COMMENTS: usize = 260;

/// Joins by a link, and says what the exchange did.
fn join(
    world: &World,
    name: &str,
    host: &proofroom_tests::peer::Peer,
) -> (proofroom_tests::peer::Peer, Value) {
    let link = invite(host, "reviewer");
    let peer = world.person(name);
    let joined = peer.run(&["join", &link]);
    host.run(&["sync"]);
    let exchanged = joined["workspaces"][0].clone();
    (peer, exchanged)
}

/// Ada wrote so much that a snapshot is due: she makes it when she syncs, the relay keeps it,
/// also when it is killed, and whoever joins takes it in place of the entries.
#[test]
fn a_newcomer_takes_a_snapshot_in_place_of_hundreds_of_entries() {
    let world = World::new();
    let relay: Relay = world.relay();
    let ada = world.owner("ada", &relay);
    let bo = world.joined("bo", &ada, "producer");
    let photo = world.studio.photo_jpeg("hero.jpg", 1);
    ada.run(&["asset", "add", &photo.to_string_lossy(), "--name", "Hero", "--category", "visual"]);
    for n in 0..COMMENTS {
        ada.run(&["comment", "add", "Hero", &format!("remark {n} about the pangolin")]);
    }
    ada.run(&["sync"]);
    assert_eq!(relay.metric("proofroom_relay_snapshots_total"), 1);
    ada.run(&["sync"]);
    bo.run(&["sync"]);
    assert_eq!(relay.metric("proofroom_relay_snapshots_total"), 1, "nobody makes another for nothing");
    let relay = relay.kill().restart();

    let (cy, exchanged) = join(&world, "cy", &ada);
    let count = |field: &str| exchanged[field].as_u64().unwrap_or_else(|| panic!("{field} in {exchanged}"));
    assert!(count("stood_for") > COMMENTS as u64, "{exchanged}");
    assert!(count("received") < 60, "{exchanged}");
    assert!(count("bytes") < 100_000, "{exchanged}");
    assert_eq!(exchanged["snapshots_declined"], serde_json::json!([]));
    cy.run(&["comment", "add", "Hero", "cy has read them all"]);
    bo.run(&["comment", "add", "Hero", "so has bo"]);
    meet(&[&ada, &bo, &cy]);
    let listed = agree(&[&ada, &bo, &cy], &["comment", "list", "Hero"]);
    assert_eq!(listed["comments"].as_array().map(Vec::len), Some(COMMENTS + 2));
    assert_eq!(cy.run(&["log", "--verify"])["problems"], serde_json::json!([]));

    // Cy's bundle carries the snapshot: dan, who has a link and no network, sees the same.
    let bundle = world.place("cy.bundle");
    cy.run(&["bundle", "export", &bundle.to_string_lossy()]);
    let link = invite(&ada, "reviewer");
    cy.run(&["sync"]);
    cy.run(&["bundle", "export", "--force", &bundle.to_string_lossy()]);
    let dan = world.person("dan");
    dan.run(&["join", "--later", &link]);
    let imported = dan.run(&["bundle", "import", &bundle.to_string_lossy()]);
    assert!(imported["stood_for"].as_u64() > Some(COMMENTS as u64), "{imported}");
    assert_eq!(imported["joined"], "reviewer");
    agree(&[&ada, &dan], &["comment", "list", "Hero"]);

    let words = sift::strings(relay.data());
    assert!(!words.contains("pangolin"), "the relay reads nothing of it");
}
