//! Erasing: words and files go everywhere, what was signed stays, and everybody goes on.

use std::collections::BTreeSet;

use proofroom_authority::Role;
use proofroom_entry::Verified;
use proofroom_ident::{Audience, DocId, Millis};
use proofroom_replica::{Continuation, IngestOutcome, ReplicaError, ToErase};
use proofroom_review::{CommentKey, Decision, ERASED_TEXT, LegalBasis, RecordAct};
use proofroom_store::{REWRITE_DUE, Store as _};

use crate::world::{ASSET, Peer, all_see_the_same, meet};

const SECRET: &str = "call me at home, 555 0100";

/// Ada who owns, bo who reviews and said too much, cy who produces; all of them know all.
fn told() -> (Peer, Peer, Peer) {
    let mut ada = Peer::found("ada");
    let mut bo = ada.admit("bo", Role::Reviewer);
    let mut cy = ada.admit("cy", Role::Producer);
    meet(&mut [&mut ada, &mut bo, &mut cy]);
    let v1 = ada.version("first", &[]);
    meet(&mut [&mut ada, &mut bo, &mut cy]);
    bo.comment(Audience::Everyone, v1, SECRET).unwrap();
    bo.comment(Audience::Everyone, v1, "crop tighter").unwrap();
    meet(&mut [&mut ada, &mut bo, &mut cy]);
    cy.comment(Audience::Everyone, v1, "will do").unwrap();
    ada.decide(Decision::Approved, None).unwrap();
    meet(&mut [&mut ada, &mut bo, &mut cy]);
    (ada, bo, cy)
}

fn secret_of(peer: &mut Peer) -> CommentKey {
    let view = peer.replica.review(&peer.store, ASSET, Audience::Everyone).unwrap();
    view.comments.iter().find(|c| c.body == SECRET).unwrap().key
}

fn wants(comments: &[CommentKey]) -> ToErase {
    ToErase { comments: comments.iter().copied().collect(), ..ToErase::default() }
}

fn erase(peer: &mut Peer, wanted: &ToErase) -> Result<(), ReplicaError> {
    peer.act(|r, s| {
        let erasing = r.draft_erasure(s.store, ASSET, Audience::Everyone, wanted)?;
        assert!(erasing.also.is_empty(), "{:?}", erasing.also);
        r.erase(s, &erasing, LegalBasis::ConsentWithdrawn, "they asked for it").map(drop)
    })
}

fn entries(peer: &Peer) -> Vec<Verified> {
    let mut out = Vec::new();
    let workspace = peer.workspace();
    for doc in peer.store.docs(workspace).unwrap() {
        for tip in peer.store.tips(workspace, doc.doc).unwrap() {
            out.extend(peer.store.entries(workspace, doc.doc, tip.log, 1, usize::MAX).unwrap());
        }
    }
    out
}

fn shredded(peer: &Peer) -> usize {
    entries(peer).iter().filter(|entry| entry.is_erased()).count()
}

#[test]
fn words_that_are_erased_go_everywhere_and_everybody_goes_on() {
    let (mut ada, mut bo, mut cy) = told();
    let secret = secret_of(&mut ada);
    ada.act(|r, s| r.keep_shown(s)).unwrap();
    cy.act(|r, s| r.keep_shown(s)).unwrap();
    erase(&mut ada, &wants(&[secret])).unwrap();
    assert_eq!(shredded(&ada), 1);
    assert!(ada.store.get(REWRITE_DUE).unwrap().is_some());
    // Bo wrote on without having heard of it.
    let v1 =
        *bo.replica.review(&bo.store, ASSET, Audience::Everyone).unwrap().versions.keys().next().unwrap();
    bo.comment(Audience::Everyone, v1, "one more thing").unwrap();
    meet(&mut [&mut ada, &mut bo, &mut cy]);
    assert_eq!([&ada, &bo, &cy].map(shredded), [1, 1, 1]);
    all_see_the_same(&mut [&mut ada, &mut bo, &mut cy]);
    let said = ["crop tighter", "one more thing", "will do"].map(str::to_owned);
    let mut wanted = said.to_vec();
    wanted.push(ERASED_TEXT.to_owned());
    wanted.sort();
    assert_eq!(cy.comments(Audience::Everyone), wanted);
    bo.comment(Audience::Everyone, v1, "on top").unwrap();
    meet(&mut [&mut ada, &mut bo, &mut cy]);
    all_see_the_same(&mut [&mut ada, &mut bo, &mut cy]);
    assert_eq!(cy.decision_of(ada.person()), Some(Decision::Approved));
    for peer in [&mut ada, &mut bo, &mut cy] {
        let before = peer.sees();
        peer.restart(Continuation::NewLogs);
        assert_eq!(peer.sees(), before, "{} after a restart", peer.name);
        let report = peer.act(|r, s| r.trail(s.store, true)).unwrap();
        assert_eq!(report.problems, Vec::<String>::new());
    }
}

#[test]
fn whoever_comes_later_hears_of_it_and_never_sees_the_words() {
    let (mut ada, _, mut cy) = told();
    let secret = secret_of(&mut cy);
    erase(&mut cy, &wants(&[secret])).unwrap();
    meet(&mut [&mut ada, &mut cy]);
    let mut dan = ada.admit("dan", Role::Guest);
    meet(&mut [&mut ada, &mut dan]);
    assert_eq!(shredded(&dan), 1);
    all_see_the_same(&mut [&mut ada, &mut dan]);
    let records =
        dan.replica.records(&dan.store, dan.workspace().review_doc(ASSET, Audience::Everyone)).unwrap();
    assert_eq!(records.len(), 1);
    assert_eq!((records[0].person, records[0].statement.reason.as_str()), (cy.person(), "they asked for it"));
    // A payload that somebody still has is not taken back in.
    let held: BTreeSet<_> = entries(&dan).iter().filter(|e| e.is_erased()).map(Verified::hash).collect();
    let (_, old, _) = told();
    let again = dan.hear(&old.store);
    assert!(!again.contains(&IngestOutcome::Stored));
    assert_eq!(
        entries(&dan).iter().filter(|e| e.is_erased()).map(Verified::hash).collect::<BTreeSet<_>>(),
        held
    );
}

#[test]
fn only_those_who_run_the_work_erase_and_only_what_is_there() {
    let (mut ada, mut bo, _) = told();
    let secret = secret_of(&mut ada);
    assert!(matches!(erase(&mut bo, &wants(&[secret])), Err(ReplicaError::NotAllowed { .. })));
    let unknown = CommentKey::new(ada.person(), secret.id);
    assert!(matches!(erase(&mut ada, &wants(&[unknown])), Err(ReplicaError::Invalid(_))));
    erase(&mut ada, &wants(&[secret])).unwrap();
    assert!(matches!(erase(&mut ada, &wants(&[secret])), Err(ReplicaError::Invalid(_))), "gone is gone");
}

#[test]
fn files_that_are_erased_lose_their_keys() {
    let (mut ada, mut bo, mut cy) = told();
    let view = ada.replica.review(&ada.store, ASSET, Audience::Everyone).unwrap();
    let (version, blob) = (*view.versions.keys().next().unwrap(), view.blobs.values().next().unwrap().blob);
    let wanted = ToErase { versions: [version].into(), ..ToErase::default() };
    erase(&mut ada, &wanted).unwrap();
    meet(&mut [&mut ada, &mut bo, &mut cy]);
    all_see_the_same(&mut [&mut ada, &mut bo, &mut cy]);
    let view = bo.replica.review(&bo.store, ASSET, Audience::Everyone).unwrap();
    assert!(view.blobs.values().all(|file| file.is_erased()) && view.versions.contains_key(&version));
    assert!(bo.replica.is_blob_erased(blob));
    assert_eq!(cy.decision_of(ada.person()), Some(Decision::Approved));
}

#[test]
fn the_teams_words_are_erased_within_the_team() {
    let (mut ada, mut bo, _) = told();
    let mut dan = ada.admit("dan", Role::Guest);
    let v1 =
        *ada.replica.review(&ada.store, ASSET, Audience::Everyone).unwrap().versions.keys().next().unwrap();
    bo.comment(Audience::Team, v1, SECRET).unwrap();
    meet(&mut [&mut ada, &mut bo, &mut dan]);
    let view = ada.replica.review(&ada.store, ASSET, Audience::Team).unwrap();
    let wanted = wants(&[view.comments[0].key]);
    ada.act(|r, s| {
        let erasing = r.draft_erasure(s.store, ASSET, Audience::Team, &wanted).unwrap();
        r.erase(s, &erasing, LegalBasis::Objection, "an objection").unwrap();
    });
    meet(&mut [&mut ada, &mut bo, &mut dan]);
    assert_eq!(bo.comments(Audience::Team), [ERASED_TEXT]);
    let team = dan.workspace().review_doc(ASSET, Audience::Team);
    let readable = dan.replica.records(&dan.store, team).unwrap();
    assert!(readable.is_empty(), "a guest reads neither the words nor why they went");
    assert_ne!(team, DocId::AUTHORITY);
}

#[test]
fn the_trail_says_what_went_when_by_whom_and_why() {
    let (mut ada, _, _) = told();
    let secret = secret_of(&mut ada);
    erase(&mut ada, &wants(&[secret])).unwrap();
    let lines = ada.act(|r, s| r.audit(s.store, Some(ASSET), s.now)).unwrap();
    let erased: Vec<_> = lines.iter().filter(|line| line.act.starts_with("erased")).collect();
    assert_eq!(erased.len(), 1);
    assert_eq!(erased[0].why.as_deref(), Some("they asked for it"));
    assert!(erased[0].act.contains("consent_withdrawn") && erased[0].person == Some(ada.person()));
    assert!(lines.iter().any(|line| line.marks.contains(&proofroom_replica::Mark::Erased)));
    let text = format!("{lines:?}");
    assert!(!text.contains("555 0100") && text.contains(ERASED_TEXT));
}

fn hold(peer: &mut Peer, until: Option<Millis>) -> proofroom_ident::EntryHash {
    let act = RecordAct::Hold { assets: vec![ASSET], until };
    peer.act(|r, s| r.keep(s, act, "a claim")).unwrap().entry
}

#[test]
fn what_is_under_hold_is_not_erased_until_it_is_released() {
    let (mut ada, mut bo, mut cy) = told();
    let secret = secret_of(&mut ada);
    assert!(bo.act(|r, s| r.keep(s, RecordAct::Hold { assets: vec![], until: None }, "no")).is_err());
    let held = hold(&mut cy, None);
    meet(&mut [&mut ada, &mut bo, &mut cy]);
    let refused = erase(&mut ada, &wants(&[secret])).unwrap_err();
    assert!(
        refused.to_string().contains("legal hold") && refused.to_string().contains("a claim"),
        "{refused}"
    );
    let unknown = RecordAct::Release { ends: proofroom_ident::EntryHash::from_bytes([9; 32]) };
    assert!(ada.act(|r, s| r.keep(s, unknown, "no")).is_err());
    ada.act(|r, s| r.keep(s, RecordAct::Release { ends: held }, "settled")).unwrap();
    erase(&mut ada, &wants(&[secret])).unwrap();
    meet(&mut [&mut ada, &mut bo, &mut cy]);
    assert_eq!([&ada, &bo, &cy].map(shredded), [1, 1, 1]);
}

#[test]
fn who_knows_of_a_hold_keeps_what_somebody_else_erases_meanwhile() {
    let (mut ada, mut bo, mut cy) = told();
    let secret = secret_of(&mut ada);
    let held = hold(&mut cy, None);
    meet(&mut [&mut bo, &mut cy]);
    erase(&mut ada, &wants(&[secret])).unwrap();
    meet(&mut [&mut ada, &mut bo, &mut cy]);
    assert_eq!([&ada, &bo, &cy].map(shredded), [1, 0, 0], "ada had not heard of it");
    assert!(cy.comments(Audience::Everyone).contains(&SECRET.to_owned()));
    cy.act(|r, s| r.keep(s, RecordAct::Release { ends: held }, "settled")).unwrap();
    assert_eq!(shredded(&cy), 1);
    meet(&mut [&mut ada, &mut bo, &mut cy]);
    assert_eq!(shredded(&bo), 1);
    all_see_the_same(&mut [&mut ada, &mut bo, &mut cy]);
}

#[test]
fn a_hold_and_a_retention_end_at_their_time() {
    let (mut ada, _, _) = told();
    let now = Millis(ada.clock.get());
    let day = 24 * 3_600_000;
    hold(&mut ada, Some(Millis(now.0 + day)));
    let act = RecordAct::Retain { class: "final art".into(), assets: vec![], until: Millis(now.0 + 2 * day) };
    ada.act(|r, s| r.keep(s, act, "contract")).unwrap();
    let in_force = |peer: &mut Peer, at| peer.replica.keepings(&peer.store, at).unwrap().len();
    assert_eq!([0, day, 2 * day].map(|after| in_force(&mut ada, Millis(now.0 + after))), [2, 1, 0]);
    let secret = secret_of(&mut ada);
    assert!(erase(&mut ada, &wants(&[secret])).is_err());
    ada.clock.set(now.0 + 2 * day);
    erase(&mut ada, &wants(&[secret])).unwrap();
}
