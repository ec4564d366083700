use proofroom_authority::Role;
use proofroom_ident::{Audience, Millis, VersionHash};
use proofroom_replica::ReplicaError;
use proofroom_review::{Current, Decision, Outcome, Pick, ReviewEdit};

use crate::world::{ASSET, LATER, Peer, all_see_the_same, meet};

/// Two producers who each made a version from the first, apart from each other.
fn forked() -> (Peer, Peer, [VersionHash; 2]) {
    let mut ada = Peer::found("ada");
    let v1 = ada.version("first", &[]);
    let mut bo = ada.admit("bo", Role::Producer);
    let of_ada = ada.version("of ada", &[v1]);
    let of_bo = bo.version("of bo", &[v1]);
    meet(&mut [&mut ada, &mut bo]);
    let mut both = [of_ada, of_bo];
    both.sort();
    (ada, bo, both)
}

fn current(peer: &mut Peer) -> Current {
    peer.replica.review(&peer.store, ASSET, Audience::Everyone).unwrap().current()
}

#[test]
fn concurrent_versions_are_a_fork_that_blocks_decisions_until_picked() {
    let (mut ada, mut bo, both) = forked();
    for peer in [&mut ada, &mut bo] {
        assert_eq!(current(peer), Current::Fork(both.to_vec()));
        let refused = peer.decide(Decision::Approved, None).unwrap_err();
        assert!(matches!(&refused, ReplicaError::Fork(name) if name == "Hero"), "{refused}");
    }
    let (picked, by) = (both[1], ada.person());
    let pick = Pick::among(&current(&mut ada), picked, [], by, Millis(1)).unwrap();
    ada.edit(Audience::Everyone, ReviewEdit::PickVersion { pick }).unwrap();
    meet(&mut [&mut ada, &mut bo]);
    assert_eq!(current(&mut bo), Current::One(picked));
    ada.decide(Decision::Approved, None).unwrap();
    bo.decide(Decision::Approved, None).unwrap();
    meet(&mut [&mut ada, &mut bo]);
    let status = bo.replica.status(&bo.store, ASSET, LATER).unwrap();
    assert_eq!(status.outcome, Outcome::Approved);
    all_see_the_same(&mut [&mut ada, &mut bo]);
}

#[test]
fn a_version_made_from_both_settles_the_fork() {
    let (mut ada, mut bo, both) = forked();
    let merged = bo.version("of both", &both);
    meet(&mut [&mut ada, &mut bo]);
    assert_eq!(current(&mut ada), Current::One(merged));
}

#[test]
fn an_asset_without_a_version_cannot_be_decided_on() {
    let mut ada = Peer::found("ada");
    let refused = ada.decide(Decision::Approved, None).unwrap_err();
    assert!(matches!(&refused, ReplicaError::NoVersion(name) if name == "Hero"), "{refused}");
    let unknown = VersionHash::from_bytes([9; 32]);
    let refused = ada.comment(Audience::Everyone, unknown, "on what?").unwrap_err();
    assert!(matches!(refused, ReplicaError::Invalid(_)), "{refused}");
}
