use proofroom_authority::Role;
use proofroom_ident::Audience;
use proofroom_replica::{IngestOutcome, LogState, Membership, ReplicaError};
use proofroom_review::Decision;
use proptest::prelude::*;

use crate::roles::keys_of;
use crate::world::{ASSET, LATER, Peer, all_see_the_same, entries_of, meet};

/// Three peers who know each other and a first version.
fn three() -> (Peer, Peer, Peer, proofroom_ident::VersionHash) {
    let mut ada = Peer::found("ada");
    let v1 = ada.version("first", &[]);
    let mut bo = ada.admit("bo", Role::Producer);
    let mut cy = ada.admit("cy", Role::Producer);
    meet(&mut [&mut ada, &mut bo, &mut cy]);
    (ada, bo, cy, v1)
}

fn remove(by: &mut Peer, whom: &Peer) {
    let whom = whom.person();
    by.act(|r, s| r.remove(s, whom)).unwrap();
}

#[test]
fn removal_rotates_keys_and_what_came_before_counts() {
    let (mut ada, mut bo, mut cy, v1) = three();
    bo.comment(Audience::Everyone, v1, "before").unwrap();
    ada.hear(&bo.store);
    remove(&mut ada, &bo);
    ada.comment(Audience::Everyone, v1, "after").unwrap();
    cy.hear(&ada.store);
    assert_eq!(cy.comments(Audience::Everyone), ["after", "before"]);
    let doc = ada.workspace().review_doc(crate::world::ASSET, Audience::Everyone);
    let keys = keys_of(&ada, doc);
    let (newest, before) = (keys.last().unwrap(), keys.first().unwrap());
    assert_ne!(newest.1, before.1, "the key has rotated");
    bo.hear(&ada.store);
    assert!(matches!(bo.replica.membership(), Membership::Removed));
    assert_eq!(bo.comments(Audience::Everyone), ["before"], "bo keeps what bo had, and reads no more");
    let trail = bo.replica.trail(&bo.store, false).unwrap();
    let line = trail.lines.iter().find(|l| l.entry == newest.0).unwrap();
    assert_eq!(line.state, LogState::Unreadable);
    assert!(matches!(bo.rename("still here"), Err(ReplicaError::NotMember)));
    let refused = bo.decide(Decision::Approved, Some(v1)).unwrap_err();
    assert!(matches!(refused, ReplicaError::NotMember), "{refused}");
}

#[test]
fn work_written_before_hearing_of_the_removal_is_held_back_until_adopted() {
    let (mut ada, mut bo, mut cy, v1) = three();
    remove(&mut ada, &bo);
    bo.comment(Audience::Everyone, v1, "late").unwrap();
    bo.comment(Audience::Everyone, v1, "later").unwrap();
    cy.hear(&ada.store);
    let outcomes = cy.hear(&bo.store);
    assert_eq!(outcomes.iter().filter(|o| **o == IngestOutcome::HeldBack).count(), 2);
    meet(&mut [&mut ada, &mut bo, &mut cy]);
    for peer in [&mut ada, &mut cy, &mut bo] {
        assert!(peer.comments(Audience::Everyone).is_empty(), "{} counts it", peer.name);
    }
    let held = ada.act(|r, s| r.held_back(s)).unwrap();
    assert_eq!(held.len(), 1);
    assert_eq!((held[0].person, held[0].last_seq - held[0].first_seq), (bo.person(), 1));
    let states = cy.replica.trail(&cy.store, true).unwrap().lines;
    assert_eq!(states.iter().filter(|l| l.state == LogState::HeldBack).count(), 2);
    let nobody = ada.act(|r, s| r.adopt(s, cy.person())).unwrap_err();
    assert!(matches!(nobody, ReplicaError::Invalid(_)), "{nobody}");
    let peer_rank = cy.act(|r, s| r.adopt(s, bo.person())).unwrap_err();
    assert!(matches!(peer_rank, ReplicaError::Refused(_)), "{peer_rank}");
    assert_eq!(ada.act(|r, s| r.adopt(s, bo.person())).unwrap().len(), 1);
    meet(&mut [&mut ada, &mut cy, &mut bo]);
    for peer in [&mut ada, &mut cy, &mut bo] {
        assert_eq!(peer.comments(Audience::Everyone), ["late", "later"], "{}", peer.name);
    }
    assert!(ada.act(|r, s| r.held_back(s)).unwrap().is_empty());
    all_see_the_same(&mut [&mut ada, &mut cy, &mut bo]);
}

#[test]
fn innocent_work_on_held_back_work_keeps_it_in() {
    let (mut ada, mut bo, mut cy, _) = three();
    remove(&mut ada, &bo);
    bo.rename("late by bo").unwrap();
    cy.hear(&bo.store);
    cy.rename("innocent by cy").unwrap();
    bo.comment(Audience::Everyone, cy_version(&mut cy), "nobody built on this").unwrap();
    meet(&mut [&mut ada, &mut bo, &mut cy]);
    for peer in [&mut ada, &mut bo, &mut cy] {
        assert_eq!(peer.asset_name(), "innocent by cy", "{}", peer.name);
        assert!(peer.comments(Audience::Everyone).is_empty(), "{}", peer.name);
    }
    all_see_the_same(&mut [&mut ada, &mut bo, &mut cy]);
}

fn cy_version(cy: &mut Peer) -> proofroom_ident::VersionHash {
    let view = cy.replica.review(&cy.store, crate::world::ASSET, Audience::Everyone).unwrap();
    *view.versions.keys().next().unwrap()
}

#[test]
fn work_on_held_back_work_by_one_who_knew_keeps_nothing_in() {
    let (mut ada, mut bo, mut cy, v1) = three();
    remove(&mut ada, &bo);
    bo.comment(Audience::Everyone, v1, "late").unwrap();
    cy.hear(&ada.store);
    cy.hear(&bo.store);
    cy.comment(Audience::Everyone, v1, "cy knew").unwrap();
    meet(&mut [&mut ada, &mut cy]);
    assert_eq!(ada.comments(Audience::Everyone), ["cy knew"]);
    assert_eq!(cy.comments(Audience::Everyone), ["cy knew"]);
}

#[test]
fn a_removed_members_decision_after_the_removal_does_not_count() {
    let (mut ada, mut bo, mut cy, v1) = three();
    remove(&mut ada, &bo);
    bo.decide(Decision::Rejected, Some(v1)).unwrap();
    meet(&mut [&mut ada, &mut bo, &mut cy]);
    for peer in [&mut ada, &mut cy] {
        assert_eq!(peer.decision_of(bo.person()), None, "{}", peer.name);
    }
    cy.decide(Decision::Approved, Some(v1)).unwrap();
    meet(&mut [&mut ada, &mut cy]);
    let status = ada.replica.status(&ada.store, ASSET, LATER).unwrap();
    assert!(status.runs[0].warnings.is_empty(), "{:?}", status.runs[0].warnings);
    all_see_the_same(&mut [&mut ada, &mut cy]);
}

#[test]
fn a_decision_from_before_the_removal_is_still_shown() {
    let (mut ada, mut bo, _, v1) = three();
    let before = bo.decide(Decision::Approved, Some(v1)).unwrap();
    ada.hear(&bo.store);
    remove(&mut ada, &bo);
    let trail = ada.replica.trail(&ada.store, true).unwrap();
    let line = trail.lines.iter().find(|l| l.entry == before.entry).unwrap();
    assert_eq!(line.state, LogState::Counted);
}

/// A removal, held-back work, innocent work on it, more held-back work on that.
fn tangle() -> (Peer, Peer, Peer) {
    let (mut ada, mut bo, mut cy, v1) = three();
    bo.rename("counted").unwrap();
    ada.hear(&bo.store);
    remove(&mut ada, &bo);
    ada.rename("by ada").unwrap();
    bo.rename("held 1").unwrap();
    bo.comment(Audience::Everyone, v1, "held comment").unwrap();
    bo.rename("held 2").unwrap();
    cy.hear(&bo.store);
    cy.rename("innocent").unwrap();
    bo.rename("held 3").unwrap();
    cy.comment(Audience::Everyone, v1, "innocent comment").unwrap();
    bo.comment(Audience::Everyone, v1, "held, built on by none").unwrap();
    (ada, bo, cy)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn held_back_work_is_weighed_alike_in_every_order(order in prop::collection::vec(0..3_usize, 1..8), one_by_one: bool) {
        let (mut ada, bo, cy) = tangle();
        let stores = [ada.store.clone(), bo.store.clone(), cy.store.clone()];
        let mut dee = ada.admit("dee", Role::Producer);
        for from in order.iter().chain(&[0, 1, 2, 1, 0]) {
            let entries = entries_of(&stores[*from], dee.workspace());
            if one_by_one {
                for entry in entries {
                    dee.offer(vec![entry]);
                    dee.sees();
                }
            } else {
                dee.offer(entries);
                dee.sees();
            }
        }
        ada.hear(&bo.store);
        ada.hear(&cy.store);
        ada.hear(&dee.store);
        prop_assert_eq!(ada.asset_name(), "innocent".to_owned());
        prop_assert_eq!(ada.comments(Audience::Everyone), ["held comment", "innocent comment"]);
        prop_assert_eq!(ada.sees_as_team(), dee.sees_as_team());
        dee.restart(proofroom_replica::Continuation::NewLogs);
        prop_assert_eq!(ada.sees_as_team(), dee.sees_as_team());
    }
}
