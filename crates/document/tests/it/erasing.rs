//! Erasing: words and keys go, and whatever stands on them stays.

use std::slice::from_ref;

use proofroom_document::DocKind::{Plan, Review};
use proofroom_document::{Incoming, holdings, residue_of};
use proofroom_review::{
    Anchor, CommentKey, CommentLabel, ERASED_TEXT, PlanEdit, RequestKey, RequestState, ReviewEdit,
    ReviewView, Selector,
};

use crate::world::{Peer, comment_id, contributor, form, producer, request, request_id};

/// A review of ada's and bo's, in the order in which it came to be; the comment that is to be erased.
fn story() -> (Peer, Peer, Vec<Incoming>, CommentKey) {
    let (mut ada, mut bo) = (producer(Review, "ada"), contributor(Review, "bo"));
    let (v1, first) = ada.version("first", &[]);
    bo.take(from_ref(&first));
    let (secret, said) = bo.comment(v1, 1, "call me at home, 555 0100");
    let more =
        bo.review(&[ReviewEdit::EditComment { comment: secret, at: 0, delete: 0, insert: "please ".into() }]);
    let (_, other) = bo.comment(v1, 2, "crop tighter");
    ada.take(&[said.clone(), more.clone(), other.clone()]);
    let (_, answer) = ada.comment(v1, 3, "will do");
    bo.take(from_ref(&answer));
    (ada, bo, vec![first, said, more, other, answer], secret)
}

fn batches(entries: &[Incoming]) -> Vec<&[u8]> {
    entries.iter().map(|entry| entry.payload.as_slice()).collect()
}

/// The same entries, of those that hold the comment's words only what is left.
fn erased(entries: &[Incoming], secret: CommentKey) -> Vec<(bool, Incoming)> {
    let holds = holdings(&batches(entries));
    let left = |(entry, holds): (&Incoming, proofroom_document::Holds)| {
        let gone = holds.texts.contains(&secret.to_string());
        let payload = if gone { residue_of(&entry.payload).unwrap() } else { entry.payload.clone() };
        (gone, Incoming { payload, ..entry.clone() })
    };
    entries.iter().zip(holds).map(left).collect()
}

fn take(peer: &mut Peer, entries: &[(bool, Incoming)]) {
    for (gone, entry) in entries {
        if *gone {
            peer.doc.admit_residue(entry.entry);
        }
    }
    let entries: Vec<Incoming> = entries.iter().map(|(_, entry)| entry.clone()).collect();
    peer.take(&entries);
}

/// A view with the erased comment's words out of the way.
fn but_for(view: &ReviewView, secret: CommentKey) -> ReviewView {
    let mut view = view.clone();
    view.comments.iter_mut().filter(|c| c.key == secret).for_each(|c| c.body = String::new());
    view
}

fn body(peer: &Peer, secret: CommentKey) -> String {
    peer.doc.view_review().comment(&secret).unwrap().body.clone()
}

#[test]
fn what_is_left_carries_all_that_stands_on_it() {
    let (mut ada, _, entries, secret) = story();
    let left = erased(&entries, secret);
    assert_eq!(left.iter().map(|(gone, _)| *gone).collect::<Vec<_>>(), [false, true, true, false, false]);
    for (_, entry) in left.iter().filter(|(gone, _)| *gone) {
        assert!(!entry.payload.windows(4).any(|w| w == b"home" || w == b" 555"), "no word is left");
    }
    let mut cy = producer(Review, "cy");
    take(&mut cy, &left);
    assert_eq!(body(&cy, secret), ERASED_TEXT);
    assert_eq!(but_for(&cy.doc.view_review(), secret), but_for(&ada.doc.view_review(), secret));
    assert_eq!((*cy.doc.review()).clone(), cy.doc.view_review());
    // What is written on top is signed under the names that everybody knows.
    let version = *ada.doc.view_review().versions.keys().next().unwrap();
    let (_, news) = cy.comment(version, 9, "on it");
    ada.take(from_ref(&news));
    let (_, more) = ada.comment(version, 10, "thanks");
    cy.take(&[more]);
    assert_eq!(but_for(&cy.doc.view_review(), secret), but_for(&ada.doc.view_review(), secret));
    assert_eq!((cy.doc.waiting(), ada.doc.waiting()), (0, 0));
}

#[test]
fn what_is_left_may_come_last_and_in_any_order() {
    let (ada, _, entries, secret) = story();
    let left = erased(&entries, secret);
    // Logs keep their order: bo's entries are 1, 2, 3, ada's are 0 and 4.
    for order in [[0, 1, 2, 3, 4], [4, 0, 1, 2, 3], [1, 2, 3, 0, 4], [1, 0, 2, 4, 3]] {
        let order = if order[0] == 4 { [0, 4, 1, 2, 3] } else { order };
        let mut cy = producer(Review, "cy");
        for at in order {
            take(&mut cy, &left[at..=at]);
        }
        assert_eq!(cy.doc.waiting(), 0, "{order:?}");
        assert_eq!(
            but_for(&cy.doc.view_review(), secret),
            but_for(&ada.doc.view_review(), secret),
            "{order:?}"
        );
    }
}

#[test]
fn two_that_erased_different_things_still_read_each_other() {
    let (ada, bo, entries, secret) = story();
    let view = ada.doc.view_review();
    let other = view.comments.iter().find(|c| c.body == "crop tighter").unwrap().key;
    let (mut one, mut two) = (producer(Review, "cy"), producer(Review, "mallory"));
    take(&mut one, &erased(&entries, secret));
    take(&mut two, &erased(&entries, other));
    let version = *view.versions.keys().next().unwrap();
    let (_, by_one) = one.comment(version, 20, "from one");
    let (_, by_two) = two.comment(version, 21, "from two");
    one.take(from_ref(&by_two));
    two.take(from_ref(&by_one));
    let mut bo = bo;
    bo.take(&[by_one, by_two]);
    let plain = |peer: &Peer| but_for(&but_for(&peer.doc.view_review(), secret), other);
    assert_eq!(plain(&one), plain(&two));
    assert_eq!(plain(&one), plain(&bo));
}

#[test]
fn a_files_key_goes_with_the_entry_that_holds_it() {
    let (ada, _, entries, _) = story();
    let holds = holdings(&batches(&entries));
    let (file, key) = ada.doc.view_review().blobs.into_iter().next().unwrap();
    assert_eq!(holds[0].files.values().collect::<Vec<_>>(), [&file]);
    assert!(holds[1..].iter().all(|holds| holds.files.is_empty()));
    let residue = residue_of(&entries[0].payload).unwrap();
    let mut cy = producer(Review, "cy");
    let left = Incoming { payload: residue, ..entries[0].clone() };
    take(&mut cy, &[(true, left)]);
    cy.take(&entries[1..]);
    let kept = cy.doc.view_review();
    assert!(kept.blobs[&file].is_erased() && !key.is_erased());
    assert_eq!(kept.blobs[&file].blob, key.blob);
    assert_eq!(kept.versions, ada.doc.view_review().versions, "what was signed stays");
}

#[test]
fn nobody_passes_off_a_residue_as_an_entry() {
    let (_, _, entries, secret) = story();
    let left = erased(&entries, secret);
    let mut cy = producer(Review, "cy");
    let merged = cy.doc.merge(left.iter().map(|(_, entry)| entry.clone()).collect());
    assert_eq!(merged.refused.len(), 3, "both residues, and what follows in their log");
    assert!(residue_of(&left[1].1.payload).is_err(), "what is left of it is left of nothing else");
    assert_eq!(holdings(&[left[1].1.payload.as_slice()]), [proofroom_document::Holds::default()]);
}

#[test]
fn of_a_request_what_kind_of_work_it_was_is_left() {
    let (mut ada, mut bo) = (producer(Plan, "ada"), contributor(Plan, "bo"));
    let key = RequestKey::new(bo.writer.person, request_id(1));
    let mut entries = vec![bo.plan(&[request(1, "call me at home")])];
    ada.take(&entries);
    let asked = PlanEdit::ReturnRequest {
        request: key,
        questions: vec!["at home or at work?".into()],
        reason: Some("you moved".into()),
    };
    entries.push(ada.plan(&[asked]));
    bo.take(&entries[1..]);
    entries.push(bo.plan(&[PlanEdit::SpliceBrief {
        request: key,
        at: 0,
        delete: 0,
        insert: "please ".into(),
    }]));
    entries.push(bo.plan(&[PlanEdit::SetForm { request: key, form: Box::new(form("Poster for my home")) }]));
    ada.take(&entries[2..]);
    let other = ada.plan(&[PlanEdit::SetName { name: "Summer".into() }]);
    entries.push(other);
    let holds = holdings(&batches(&entries));
    let named: Vec<bool> = holds.iter().map(|h| h.texts.contains(&key.to_string())).collect();
    assert_eq!(named, [true, true, true, true, false]);
    let left = entries.iter().zip(&named).map(|(entry, gone)| {
        let payload = if *gone { residue_of(&entry.payload).unwrap() } else { entry.payload.clone() };
        (*gone, Incoming { payload, ..entry.clone() })
    });
    let left: Vec<_> = left.collect();
    for (_, entry) in left.iter().filter(|(gone, _)| *gone) {
        assert!(!entry.payload.windows(4).any(|w| w == b"home" || w == b"look"), "no word is left");
    }
    let mut cy = producer(Plan, "cy");
    take(&mut cy, &left);
    let view = cy.doc.view_plan();
    let request = view.request(&key).unwrap();
    assert_eq!((request.form.title.as_str(), request.brief.as_str()), (ERASED_TEXT, ERASED_TEXT));
    assert_eq!((request.state, &request.reason), (RequestState::Returned, &None));
    assert!(request.questions.is_empty() && !request.form.categories.is_empty());
    assert_eq!(view.name, "Summer");
    // What is said of it later is found as well.
    let again = cy.plan(&[PlanEdit::SetForm { request: key, form: Box::new(form("Poster")) }]);
    let all: Vec<&[u8]> =
        left.iter().map(|(_, e)| e.payload.as_slice()).chain([again.payload.as_slice()]).collect();
    assert_eq!(holdings(&all).last().unwrap().texts, [key.to_string()].into());
}

#[test]
fn a_comment_that_is_erased_quotes_nothing_any_more() {
    let mut ada = producer(Review, "ada");
    let (v1, first) = ada.version("first", &[]);
    let quote =
        |exact: &str| Selector::Quote { exact: exact.into(), prefix: "to ".into(), suffix: " at".into() };
    let mut anchor = Anchor::at(v1, quote("Ms Ek of Lindenallee"));
    anchor.selectors.push(Selector::Block { path: vec!["Lindenallee".into(), "7".into()] });
    anchor.refined_by = Some(quote("Lindenallee"));
    let said = ada.review(&[ReviewEdit::AddComment {
        id: comment_id(1),
        body: "take her out".into(),
        anchor: Box::new(anchor),
        label: CommentLabel::Change,
        parent: None,
    }]);
    let secret = CommentKey::new(ada.writer.person, comment_id(1));
    let left = erased(&[first, said], secret);
    assert!(!left[1].1.payload.windows(6).any(|w| w == b"Linden" || w == b"Ms Ek "), "no word is left");
    let mut cy = producer(Review, "cy");
    take(&mut cy, &left);
    let view = cy.doc.view_review();
    let shown = &view.comment(&secret).unwrap().anchor;
    assert_eq!((shown.version, shown.selectors.len()), (v1, 2), "it points where it did");
    assert!(matches!(&shown.selectors[0], Selector::Quote { exact, .. } if exact == ERASED_TEXT));
}
