//! The library, notes of what was read, questions and claims: who may write them.

use automerge::ScalarValue;
use proofroom_document::DocKind::{Plan, Review};
use proofroom_document::{PolicyError, RecordError, VetError, WriterRole};
use proofroom_ident::Millis;
use proofroom_review::{
    AcknowledgedKey, Category, CommentKey, CommentState, IntakeForm, LibraryItem, LibraryKey, PlanEdit,
    RequestKey, RequestState, ReviewEdit,
};

use crate::forge::{altered, collection, put, refusal};
use crate::world::{contributor, peer, producer, request, request_id};

fn policy(error: VetError) -> PolicyError {
    match error {
        VetError::Policy { error, .. } => error,
        other => panic!("refused for another reason: {other}"),
    }
}

fn form(title: &str) -> IntakeForm {
    IntakeForm { title: title.into(), ..IntakeForm::default_for(Category::Visual) }
}

#[test]
fn a_form_is_put_replaced_and_taken_out_again() {
    let (mut ada, mut bo) = (producer(Plan, "ada"), contributor(Plan, "bo"));
    let shelve = |title| PlanEdit::Shelve { item: Box::new(LibraryItem::Form(form(title))) };
    ada.plan(&[shelve("Ours")]);
    ada.plan(&[shelve("Ours, shorter")]);
    assert_eq!(ada.doc.view_plan().library.forms, [form("Ours, shorter")]);
    bo.take(&ada.log.clone());
    let refused = bo.doc.record_plan(&bo.writer.clone(), Millis(9_000_000), &[shelve("Mine")]);
    assert!(matches!(refused, Err(RecordError::NotAllowed(_))), "{refused:?}");
    ada.plan(&[PlanEdit::Unshelve { key: LibraryKey::Form(Category::Visual) }]);
    bo.take(&ada.log[2..]);
    assert_eq!(bo.doc.view_plan().library.forms, []);
}

#[test]
fn the_library_takes_canonical_items_under_their_own_keys_from_producers() {
    let good = LibraryItem::Form(form("Ours")).to_json().unwrap();
    let cases = [
        (WriterRole::Contributor, "form/visual", good.as_str()),
        (WriterRole::Producer, "form/video", good.as_str()),
        (WriterRole::Producer, "form/Visual", good.as_str()),
        (WriterRole::Producer, "shelf/visual", good.as_str()),
        (WriterRole::Producer, "form/visual", "{}"),
        (WriterRole::Producer, "form/visual", "anything"),
    ];
    for (role, key, value) in cases {
        let mallory = peer(Plan, "mallory", role);
        let incoming = mallory.clone().plan(&[request(9, "x")]);
        let bad = altered(&incoming, |change| {
            change.operations = vec![put(collection(Plan, "library"), key, value)]
        });
        policy(refusal(&mut producer(Plan, "ada").doc, bad));
    }
}

#[test]
fn nobody_sets_somebody_elses_quiet_hours() {
    let (mut ada, mallory) = (producer(Plan, "ada"), producer(Plan, "mallory"));
    let honest = mallory.clone().plan(&[request(9, "x")]);
    let key = LibraryKey::Peace(ada.writer.person).to_string();
    let bad = altered(&honest, |change| {
        change.operations = vec![put(collection(Plan, "library"), &key, "none")];
    });
    let error = policy(refusal(&mut ada.doc, bad));
    assert!(matches!(error, PolicyError::NotTheirs(_)), "{error}");
}

#[test]
fn everybody_notes_for_themselves_what_they_have_read_and_only_once() {
    let (mut ada, mut bo) = (producer(Review, "ada"), contributor(Review, "bo"));
    let (version, _) = ada.version("first", &[]);
    let (comment, _) = ada.comment(version, 1, "Too small");
    bo.take(&ada.log.clone());
    let note = ReviewEdit::Acknowledge { comment };
    bo.review(std::slice::from_ref(&note));
    let key = AcknowledgedKey { by: bo.writer.person, comment: comment.id };
    assert_eq!(bo.doc.view_review().acknowledged.into_keys().collect::<Vec<_>>(), [key]);
    let again = bo.doc.record_review(&bo.writer.clone(), Millis(9_000_000), &[note]);
    assert!(matches!(again, Err(RecordError::Nothing)), "{again:?}");
    let unknown =
        ReviewEdit::Acknowledge { comment: CommentKey::new(ada.writer.person, crate::world::comment_id(9)) };
    let refused = bo.doc.record_review(&bo.writer.clone(), Millis(9_000_000), &[unknown]);
    assert!(matches!(refused, Err(RecordError::NoComment(_))), "{refused:?}");

    // Nobody takes note in somebody else's name.
    let mut mallory = contributor(Review, "mallory");
    mallory.take(&ada.log.clone());
    let honest = mallory.clone().review(&[ReviewEdit::Acknowledge { comment }]);
    let at = ScalarValue::Uint(5);
    let forged = altered(&honest, |change| {
        change.operations = vec![put(collection(Review, "acknowledged"), &key.to_string(), at)];
    });
    assert!(matches!(policy(refusal(&mut ada.doc, forged)), PolicyError::NotTheirs(_)));
}

#[test]
fn a_returned_request_asks_questions_and_a_claim_names_its_version() {
    let (mut ada, mut bo) = (producer(Plan, "ada"), contributor(Plan, "bo"));
    let filed = bo.plan(&[request(1, "brief")]);
    ada.take(&[filed]);
    let key = RequestKey::new(bo.writer.person, request_id(1));
    let questions = vec!["Which size?".to_owned(), "Who pays?".to_owned()];
    let back = PlanEdit::ReturnRequest { request: key, questions: questions.clone(), reason: None };
    let returned = ada.plan(&[back]);
    bo.take(&[returned]);
    let view = bo.doc.view_plan();
    assert_eq!((view.requests[0].state, &view.requests[0].questions), (RequestState::Returned, &questions));
    bo.plan(&[PlanEdit::SetRequestState { request: key, state: RequestState::Submitted, reason: None }]);
    assert_eq!(bo.doc.view_plan().requests[0].questions, Vec::<String>::new(), "they are answered");

    let mut ada = producer(Review, "ada");
    let (first, _) = ada.version("first", &[]);
    let (comment, _) = ada.comment(first, 1, "Too small");
    let (second, _) = ada.version("second", &[first]);
    ada.review(&[ReviewEdit::ClaimAddressed { comment, version: second }]);
    let claimed = ada.doc.view_review().comments[0].clone();
    assert_eq!((claimed.state, claimed.addressed_in), (CommentState::Addressed, Some(second)));
    ada.review(&[ReviewEdit::SetCommentState { comment, state: CommentState::Open }]);
    assert_eq!(ada.doc.view_review().comments[0].addressed_in, None, "the claim is taken back");
}
