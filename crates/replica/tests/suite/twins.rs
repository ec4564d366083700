use proofroom_authority::Role;
use proofroom_ident::Audience;
use proofroom_replica::{Continuation, IngestOutcome, LogState};

use crate::world::{Peer, all_see_the_same, entries_of, meet};

/// Ada, cy, and two machines that both believe to be bo's one device.
fn cloned() -> (Peer, Peer, Peer, Peer) {
    let mut ada = Peer::found("ada");
    let mut bo = ada.admit("bo", Role::Producer);
    let mut cy = ada.admit("cy", Role::Producer);
    bo.rename("before the copy").unwrap();
    meet(&mut [&mut ada, &mut bo, &mut cy]);
    let mut twin = bo.twin();
    bo.rename("by bo").unwrap();
    bo.rename("by bo again").unwrap();
    twin.rename("by the twin").unwrap();
    (ada, bo, twin, cy)
}

#[test]
fn two_histories_of_one_log_are_frozen_on_every_peer_alike() {
    let (mut ada, mut bo, mut twin, mut cy) = cloned();
    ada.hear(&bo.store);
    assert_eq!(ada.asset_name(), "by bo again");
    assert!(ada.hear(&twin.store).contains(&IngestOutcome::Equivocation));
    cy.hear(&twin.store);
    cy.hear(&bo.store);
    meet(&mut [&mut ada, &mut bo, &mut twin, &mut cy]);
    for peer in [&mut ada, &mut bo, &mut twin, &mut cy] {
        assert_eq!(peer.asset_name(), "before the copy", "{}", peer.name);
        let trail = peer.replica.trail(&peer.store, true).unwrap();
        assert_eq!(trail.equivocations, 1, "{}", peer.name);
        let frozen = trail.lines.iter().filter(|l| l.state == LogState::Equivocation).count();
        assert!(frozen >= 1, "{}", peer.name);
        assert!(trail.problems.is_empty(), "{:?}", trail.problems);
    }
    all_see_the_same(&mut [&mut ada, &mut bo, &mut twin, &mut cy]);
    for peer in [&mut ada, &mut cy] {
        peer.restart(Continuation::NewLogs);
        assert_eq!(peer.asset_name(), "before the copy", "{} after a restart", peer.name);
    }
}

#[test]
fn both_histories_in_one_batch_are_a_proof_too() {
    let (mut ada, bo, twin, _) = cloned();
    let mut entries = entries_of(&bo.store, bo.workspace());
    entries.extend(entries_of(&twin.store, bo.workspace()));
    let outcomes = ada.offer(entries).outcomes;
    assert!(outcomes.iter().any(|(_, o)| *o == IngestOutcome::Equivocation), "{outcomes:?}");
    assert_eq!(ada.asset_name(), "before the copy");
    assert_eq!(ada.replica.trail(&ada.store, true).unwrap().equivocations, 1);
}

#[test]
fn a_device_whose_log_is_frozen_goes_on_in_a_new_one() {
    let (mut ada, mut bo, twin, mut cy) = cloned();
    bo.hear(&twin.store);
    assert_eq!(bo.asset_name(), "before the copy");
    bo.rename("bo goes on").unwrap();
    bo.restart(Continuation::Resume);
    bo.rename("bo goes on again").unwrap();
    meet(&mut [&mut ada, &mut bo, &mut cy]);
    for peer in [&mut ada, &mut bo, &mut cy] {
        assert_eq!(peer.asset_name(), "bo goes on again", "{}", peer.name);
    }
    all_see_the_same(&mut [&mut ada, &mut bo, &mut cy]);
}

#[test]
fn the_frozen_logs_other_documents_are_not_touched() {
    let (mut ada, mut bo, twin, mut cy) = cloned();
    let v1 = ada.version("first", &[]);
    bo.hear(&ada.store);
    bo.comment(Audience::Everyone, v1, "in another log").unwrap();
    cy.hear(&bo.store);
    cy.hear(&twin.store);
    assert_eq!(cy.asset_name(), "before the copy");
    assert_eq!(cy.comments(Audience::Everyone), ["in another log"]);
}

#[test]
fn two_membership_histories_of_one_device_are_weighed_alike_everywhere() {
    let (mut ada, _, _, mut cy) = cloned();
    let mut twin = ada.twin();
    let cy_id = cy.person();
    ada.act(|r, s| r.set_role(s, cy_id, Role::Reviewer)).unwrap();
    ada.rename("by ada").unwrap();
    twin.act(|r, s| r.invite(s, Role::Guest, 1, None, vec![])).unwrap();
    meet(&mut [&mut ada, &mut twin, &mut cy]);
    let roles = |peer: &mut Peer| -> Vec<String> {
        let members = peer.replica.members(&peer.store).unwrap();
        members.into_iter().map(|m| format!("{:?} {} {}", m.person, m.role, m.removed)).collect()
    };
    let before = roles(&mut ada);
    for peer in [&mut ada, &mut twin, &mut cy] {
        assert_eq!(roles(peer), before, "{}", peer.name);
        peer.restart(Continuation::NewLogs);
        assert_eq!(roles(peer), before, "{} after a restart", peer.name);
    }
    ada.rename("ada goes on").unwrap();
    cy.hear(&ada.store);
    twin.hear(&ada.store);
    assert_eq!(cy.asset_name(), "ada goes on");
    assert_eq!(twin.asset_name(), "ada goes on");
}

#[test]
fn a_second_membership_history_survives_a_restart_whole() {
    let (mut ada, _, _, mut cy) = cloned();
    let mut twin = ada.twin();
    for _ in 0..3 {
        ada.act(|r, s| r.invite(s, Role::Reviewer, 1, None, vec![])).unwrap();
        twin.act(|r, s| r.invite(s, Role::Guest, 1, None, vec![])).unwrap();
    }
    meet(&mut [&mut ada, &mut twin, &mut cy]);
    let invites = |peer: &Peer| -> Vec<String> {
        peer.replica.invites().into_iter().map(|i| format!("{:?} {}", i.invite, i.role)).collect()
    };
    let before = invites(&ada);
    for peer in [&mut ada, &mut twin, &mut cy] {
        assert_eq!(invites(peer), before, "{}", peer.name);
        peer.restart(Continuation::NewLogs);
        assert_eq!(invites(peer), before, "{} after a restart", peer.name);
    }
}
