//! Who comes and goes: what a removed member wrote before, beyond the cut, and adopted; links after a removal.

use proofroom_tests::peer::{Peer, list, string};
use proofroom_tests::world::{World, agree, meet};

fn bodies(peer: &Peer, asset: &str) -> Vec<String> {
    list(&peer.run(&["comment", "list", asset]), "comments").iter().map(|c| string(c, "body")).collect()
}

#[test]
fn a_removed_members_later_work_counts_nowhere_is_held_back_and_can_be_adopted() {
    let world = World::new();
    let relay = world.relay();
    let ada = world.owner("ada", &relay);
    let bo = world.joined("bo", &ada, "reviewer");
    let cy = world.joined("cy", &ada, "reviewer");
    let photo = world.studio.photo_png("hero.png", 3);
    ada.run(&["asset", "add", &photo.to_string_lossy(), "--name", "Hero", "--category", "visual"]);
    ada.run(&["asset", "assign", "Hero", "Cy Castell", "approver"]);
    meet(&[&ada, &bo, &cy]);
    cy.run(&["comment", "add", "Hero", "Before the removal"]);
    meet(&[&ada, &bo, &cy]);

    ada.run(&["members", "remove", "Cy Castell"]);
    // Offline, cy has not heard of it.
    cy.run(&["comment", "add", "Hero", "Written without knowing"]);
    cy.run(&["decide", "Hero", "approved"]);
    meet(&[&ada, &bo]);
    // Nobody lets cy in any more, but what is held back reaches the others by bundle.
    let bundle = world.place("cy.bundle");
    cy.run(&["bundle", "export", &bundle.to_string_lossy()]);
    cy.refused(&["sync"]).names(&["removed"]);
    for peer in [&ada, &bo] {
        peer.run(&["bundle", "import", &bundle.to_string_lossy()]);
        assert_eq!(bodies(peer, "Hero"), ["Before the removal"]);
        assert_eq!(peer.run(&["status", "Hero"])["outcome"], "pending");
    }
    let held = agree(&[&ada, &bo], &["members", "list"]);
    assert!(!list(&held, "held_back").is_empty(), "held-back work shows: {held}");

    ada.run(&["members", "adopt", "Cy Castell"]);
    meet(&[&ada, &bo]);
    for peer in [&ada, &bo] {
        assert_eq!(bodies(peer, "Hero"), ["Before the removal", "Written without knowing"]);
    }
    agree(&[&ada, &bo], &["log"]);
}

#[test]
fn what_is_written_after_a_removal_cannot_be_read_with_the_old_keys() {
    let world = World::new();
    let relay = world.relay();
    let ada = world.owner("ada", &relay);
    // The link admits others, too: cy goes on knowing it.
    let invited = ada.run(&["invite", "--role", "reviewer", "--uses", "5"]);
    ada.run(&["sync"]);
    let link = string(&invited, "link");
    let [bo, cy] = ["bo", "cy"].map(|name| {
        let peer = world.person(name);
        peer.run(&["join", &link]);
        peer
    });
    let photo = world.studio.photo_png("hero.png", 4);
    ada.run(&["asset", "add", &photo.to_string_lossy(), "--name", "Hero", "--category", "visual"]);
    meet(&[&ada, &bo, &cy]);
    let removed = ada.run(&["members", "remove", "Cy Castell"]);
    assert_eq!(removed["closed_invites"], serde_json::json!([invited["invite"]]));
    ada.run(&["comment", "add", "Hero", "Not for cy any more"]);
    ada.run(&["sync"]);
    let bundle = world.place("ada.bundle");
    ada.run(&["bundle", "export", &bundle.to_string_lossy()]);
    // Even handed the very bytes, cy's machine cannot open them.
    cy.output(&["bundle", "import", &bundle.to_string_lossy()]);
    assert!(!bodies(&cy, "Hero").contains(&"Not for cy any more".to_owned()));
    bo.run(&["sync"]);
    assert_eq!(bodies(&bo, "Hero"), ["Not for cy any more"]);
    // Nor does anybody come in by it, under whatever name.
    world.person("mallory").refused(&["join", &link]).names(&["link"]);
}

#[test]
fn who_joined_by_a_bundle_is_let_in_by_the_relay_that_has_not_heard_of_it() {
    let world = World::new();
    let relay = world.relay();
    let ada = world.owner("ada", &relay);
    let link = string(&ada.run(&["invite", "--role", "reviewer"]), "link");
    ada.run(&["sync"]);
    let bundle = world.place("ada.bundle");
    ada.run(&["bundle", "export", &bundle.to_string_lossy()]);
    let bo = world.person("bo");
    bo.run(&["join", "--later", &link]);
    bo.run(&["bundle", "import", &bundle.to_string_lossy()]);
    // On no other way has anybody heard of bo.
    bo.run(&["sync"]);
    ada.run(&["sync"]);
    let members = ada.run(&["members", "list"]);
    assert_eq!(list(&members, "members").len(), 2, "{members}");
}
