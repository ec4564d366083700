use proofroom_authority::Role;
use proofroom_ident::{Audience, EntryHash, KeyId};
use proofroom_replica::{ErrorKind, LogState, Membership, ReplicaError};
use proofroom_store::Store as _;

use crate::world::{ASSET, Peer};

#[test]
fn a_guest_never_gets_the_teams_key_and_cannot_read_it() {
    let mut ada = Peer::found("ada");
    let v1 = ada.version("first", &[]);
    ada.comment(Audience::Team, v1, "before the guest").unwrap();
    let mut cy = ada.admit("cy", Role::Guest);
    ada.comment(Audience::Team, v1, "after the guest").unwrap();
    ada.comment(Audience::Everyone, v1, "for all").unwrap();
    cy.hear(&ada.store);
    assert_eq!(cy.comments(Audience::Everyone), ["for all"]);
    assert!(cy.comments(Audience::Team).is_empty());
    let team = cy.workspace().review_doc(ASSET, Audience::Team);
    let trail = cy.replica.trail(&cy.store, true).unwrap();
    let lines: Vec<_> = trail.lines.iter().filter(|l| l.doc == team).collect();
    assert_eq!(lines.len(), 2, "the sealed bytes are there");
    assert!(lines.iter().all(|l| l.state == LogState::Unreadable), "{lines:?}");
    assert!(trail.problems.is_empty());
    let device = cy.replica.me().device();
    assert_eq!(ada.replica.reads_of(device), Some(vec![Audience::Everyone]));
    let refused = cy.comment(Audience::Team, v1, "may I?").unwrap_err();
    assert!(matches!(refused, ReplicaError::NotAllowed { role: Role::Guest, .. }), "{refused}");
}

#[test]
fn a_guest_who_becomes_a_reviewer_reads_the_teams_history() {
    let mut ada = Peer::found("ada");
    let v1 = ada.version("first", &[]);
    ada.comment(Audience::Team, v1, "long ago").unwrap();
    let mut cy = ada.admit("cy", Role::Guest);
    ada.act(|r, s| r.set_role(s, cy.person(), Role::Reviewer)).unwrap();
    cy.hear(&ada.store);
    assert!(matches!(cy.replica.membership(), Membership::Member(Role::Reviewer)));
    assert_eq!(cy.comments(Audience::Team), ["long ago"]);
}

#[test]
fn a_reviewer_who_becomes_a_guest_reads_nothing_new_of_the_team() {
    let mut ada = Peer::found("ada");
    let v1 = ada.version("first", &[]);
    let mut cy = ada.admit("cy", Role::Reviewer);
    cy.comment(Audience::Team, v1, "of cy").unwrap();
    ada.hear(&cy.store);
    ada.act(|r, s| r.set_role(s, cy.person(), Role::Guest)).unwrap();
    ada.comment(Audience::Team, v1, "about cy").unwrap();
    ada.comment(Audience::Everyone, v1, "for all").unwrap();
    cy.hear(&ada.store);
    assert_eq!(cy.comments(Audience::Everyone), ["for all"]);
    assert!(!cy.comments(Audience::Team).contains(&"about cy".to_owned()));
    assert_eq!(ada.comments(Audience::Team), ["about cy", "of cy"]);
}

#[test]
fn a_role_that_may_not_is_told_which_roles_may() {
    let mut ada = Peer::found("ada");
    let mut bo = ada.admit("bo", Role::Reviewer);
    let mut cy = ada.admit("cy", Role::Guest);
    let (ada_id, v1) = (ada.person(), ada.version("first", &[]));
    cy.hear(&ada.store);
    let check = |refused: ReplicaError, wanted: &str| {
        assert_eq!(refused.to_string(), wanted);
        assert_eq!(refused.kind(), ErrorKind::User);
    };
    let invite = bo.act(|r, s| r.invite(s, Role::Guest, 1, None, vec![])).unwrap_err();
    check(invite, "a reviewer may not invite people; owners, producers may");
    let remove = bo.act(|r, s| r.remove(s, ada_id)).unwrap_err();
    check(remove, "a reviewer may not remove people; owners, producers may");
    let role = bo.act(|r, s| r.set_role(s, ada_id, Role::Guest)).unwrap_err();
    check(role, "a reviewer may not change roles; owners, producers may");
    let adopt = bo.act(|r, s| r.adopt(s, ada_id)).unwrap_err();
    check(adopt, "a reviewer may not adopt held-back work; owners, producers may");
    let team = cy.comment(Audience::Team, v1, "psst").unwrap_err();
    check(team, "a guest may not write team-only comments; owners, producers, reviewers may");
    let plan = bo.rename("mine").unwrap_err();
    assert!(matches!(plan, ReplicaError::Record(_)), "{plan}");
    assert_eq!(bo.asset_name(), "Hero");
}

#[test]
fn the_lowest_may_not_act_on_the_highest() {
    let mut ada = Peer::found("ada");
    let mut bo = ada.admit("bo", Role::Producer);
    let before = bo.store.docs(bo.workspace()).unwrap();
    let ada_id = ada.person();
    for refused in [
        bo.act(|r, s| r.remove(s, ada_id)).unwrap_err(),
        bo.act(|r, s| r.set_role(s, ada_id, Role::Guest)).unwrap_err(),
        bo.act(|r, s| r.invite(s, Role::Owner, 1, None, vec![])).unwrap_err(),
    ] {
        assert!(matches!(refused, ReplicaError::Refused(_)), "{refused}");
    }
    assert_eq!(bo.store.docs(bo.workspace()).unwrap(), before, "nothing was written");
}

/// The keys that new entries of a document are sealed under, newest last.
pub fn keys_of(peer: &Peer, doc: proofroom_ident::DocId) -> Vec<(EntryHash, KeyId)> {
    let mut all = Vec::new();
    for tip in peer.store.tips(peer.workspace(), doc).unwrap() {
        all.extend(peer.store.entries(peer.workspace(), doc, tip.log, 1, usize::MAX).unwrap());
    }
    all.sort_by_key(|e| e.header().claimed_at);
    all.iter().map(|e| (e.hash(), e.header().key)).collect()
}
