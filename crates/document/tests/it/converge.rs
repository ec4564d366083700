//! The same entries give the same document, in any order.

use proofroom_document::DocKind::{Plan, Review};
use proofroom_document::{Document, Incoming};
use proofroom_review::{CommentState, PlanEdit, RequestKey, ReviewEdit};

use crate::world::{Peer, WORKSPACE, contributor, doc_of, producer, request, request_id};

fn fresh(kind: proofroom_document::DocKind) -> Document {
    Document::new(kind, WORKSPACE, doc_of(kind))
}

/// Ada and bo write concurrently, twice, and exchange in between.
fn conversation() -> (Peer, Peer) {
    let (mut ada, mut bo) = (producer(Review, "ada"), contributor(Review, "bo"));
    let (version, first) = ada.version("first", &[]);
    bo.take(&[first]);
    let (key, from_bo) = bo.comment(version, 1, "the logo is too small 🙂");
    let (_, from_ada) = ada.comment(version, 1, "who is this for?");
    ada.take(&[from_bo]);
    bo.take(&[from_ada]);
    let state = ReviewEdit::SetCommentState { comment: key, state: CommentState::Addressed };
    let splice = ReviewEdit::EditComment { comment: key, at: 4, delete: 4, insert: "brand".into() };
    let from_ada = ada.review(&[state]);
    let from_bo = bo.review(&[splice]);
    ada.take(&[from_bo]);
    bo.take(&[from_ada]);
    (ada, bo)
}

#[test]
fn two_peers_converge_and_see_the_same() {
    let (ada, bo) = conversation();
    assert_eq!(ada.doc.heads(), bo.doc.heads());
    assert_eq!(ada.doc.view_review(), bo.doc.view_review());
    let view = bo.doc.view_review();
    assert_eq!(view.comments.len(), 2);
    let comment = view.comments.iter().find(|c| c.key.owner == bo.writer.person).unwrap();
    assert_eq!(comment.body, "the brand is too small 🙂");
    assert_eq!((comment.state, comment.state_by), (CommentState::Addressed, Some(ada.writer.person)));
}

#[test]
fn entries_converge_in_any_interleaving_of_their_logs() {
    let (ada, bo) = conversation();
    let (a, b) = (&ada.log, &bo.log);
    let steps = a.len() + b.len();
    for choice in 0u32..1 << steps {
        if choice.count_ones() as usize != a.len() {
            continue;
        }
        let (mut from_a, mut from_b) = (a.iter(), b.iter());
        let pick = |i| if choice >> i & 1 == 1 { from_a.next() } else { from_b.next() };
        let order: Vec<Incoming> = (0..steps).filter_map(pick).cloned().collect();
        let mut one_by_one = fresh(Review);
        for entry in order.clone() {
            assert_eq!(one_by_one.merge(vec![entry]).refused, []);
        }
        let mut at_once = fresh(Review);
        assert_eq!(at_once.merge(order).waiting, []);
        assert_eq!(one_by_one.heads(), ada.doc.heads());
        assert_eq!(at_once.heads(), ada.doc.heads());
        assert_eq!(at_once.view_review(), ada.doc.view_review());
        assert_eq!(one_by_one.view_review(), ada.doc.view_review());
    }
}

#[test]
fn an_entry_waits_for_what_it_depends_on() {
    let (mut ada, mut bo) = (producer(Review, "ada"), contributor(Review, "bo"));
    let (version, first) = ada.version("first", &[]);
    bo.take(std::slice::from_ref(&first));
    let (_, second) = bo.comment(version, 1, "too dark");
    let (_, third) = bo.comment(version, 2, "too bright");
    let mut cy = fresh(Review);
    let merged = cy.merge(vec![second.clone(), third.clone()]);
    assert_eq!(merged.waiting, [second.entry, third.entry]);
    assert_eq!((merged.applied, cy.waiting()), (vec![], 2));
    assert_eq!(cy.merge(vec![second.clone()]).waiting, [second.entry], "a repeat waits once");
    assert_eq!(cy.waiting(), 2);
    let merged = cy.merge(vec![first.clone()]);
    assert_eq!(merged.applied, [first.entry, second.entry, third.entry]);
    assert_eq!((merged.waiting, cy.waiting()), (vec![], 0));
    assert_eq!(cy.view_review(), bo.doc.view_review());
}

#[test]
fn a_repeat_changes_nothing() {
    let (mut ada, _) = conversation();
    let heads = ada.doc.heads();
    let own = ada.log.clone();
    let merged = ada.take(&own);
    assert_eq!(merged.applied.len(), own.len());
    assert_eq!(ada.doc.heads(), heads);
}

#[test]
fn concurrent_edits_of_a_brief_both_stay() {
    let (mut ada, mut bo) = (producer(Plan, "ada"), contributor(Plan, "bo"));
    let filed = bo.plan(&[request(1, "Blue poster.")]);
    ada.take(&[filed]);
    let request = RequestKey::new(bo.writer.person, request_id(1));
    let splice =
        |at, delete, insert: &str| PlanEdit::SpliceBrief { request, at, delete, insert: insert.into() };
    let from_ada = ada.plan(&[splice(0, 4, "Green")]);
    let from_bo = bo.plan(&[splice(12, 0, " A2.")]);
    ada.take(&[from_bo]);
    bo.take(&[from_ada]);
    assert_eq!(ada.doc.view_plan().requests[0].brief, "Green poster. A2.");
    assert_eq!(ada.doc.view_plan(), bo.doc.view_plan());
}

#[test]
fn ten_thousand_changes_are_applied_in_one_go() {
    let (mut ada, mut bo) = (producer(Review, "ada"), contributor(Review, "bo"));
    let (version, first) = ada.version("first", &[]);
    bo.take(&[first]);
    for id in 0..5_000 {
        ada.comment(version, id, "yes");
        bo.comment(version, id, "no");
    }
    let all: Vec<Incoming> = ada.log.iter().chain(&bo.log).cloned().collect();
    let mut cy = fresh(Review);
    let merged = cy.merge(all);
    assert_eq!((merged.applied.len(), merged.refused.len(), merged.waiting.len()), (10_001, 0, 0));
    assert_eq!(cy.changes(), 10_001);
    assert_eq!(cy.view_review().comments.len(), 10_000);
}
