//! What an operation may refer to: only what its author has seen, and only where it is.

use automerge::legacy::{ElementId, Key, ObjectId, OpId, OpType};
use proofroom_document::DocKind::{Plan, Review};
use proofroom_document::{Document, Incoming, ReferenceError, VetError};
use proofroom_review::{PlanEdit, ReviewEdit};

use crate::forge::{actor, altered, collection, expanded, insert, made, put, put_of, refusal};
use crate::world::{Peer, WORKSPACE, contributor, producer};

fn reference(error: VetError) -> ReferenceError {
    match error {
        VetError::Reference { error, .. } => error,
        other => panic!("refused for another reason: {other}"),
    }
}

/// Ada has a version; mallory's honest comment on it is not sent yet.
fn scene() -> (Peer, Peer, Incoming) {
    let (mut ada, mut mallory) = (producer(Review, "ada"), contributor(Review, "mallory"));
    let (version, first) = ada.version("first", &[]);
    mallory.take(&[first]);
    let (_, comment) = mallory.comment(version, 1, "one");
    (ada, mallory, comment)
}

#[test]
fn an_unknown_object_is_refused() {
    let (mut ada, mallory, comment) = scene();
    for id in [OpId(1_000, actor(&mallory)), OpId(2, automerge::ActorId::from([1; 32]))] {
        let bad = altered(&comment, |change| {
            change.operations.push(put(ObjectId::Id(id), "label", "change"));
        });
        let mut peer = ada.clone();
        assert_eq!(reference(refusal(&mut peer.doc, bad)), ReferenceError::Object);
    }
    // An operation that is known, but makes no object.
    let label = OpId(expanded(&comment).start_op.get() + 1, actor(&mallory));
    let bad = altered(&comment, |change| change.operations.push(put(ObjectId::Id(label), "label", "change")));
    assert_eq!(reference(refusal(&mut ada.doc, bad)), ReferenceError::Object);
}

#[test]
fn an_object_outside_the_causal_past_is_refused_though_it_is_known() {
    let (mut ada, mallory, comment) = scene();
    let version = *ada.doc.view_review().versions.keys().next().unwrap();
    let (_, unseen) = ada.comment(version, 1, "mallory has not seen this");
    let object = made(&unseen, "body");
    let bad = altered(&comment, |change| {
        change.operations.push(insert(object, ElementId::Head, "x"));
    });
    assert_eq!(reference(refusal(&mut ada.doc, bad)), ReferenceError::Object);
    assert!(mallory.doc.changes() > 0);
}

#[test]
fn an_unknown_element_is_refused() {
    let (mut ada, mallory, comment) = scene();
    let body = made(&comment, "body");
    let nowhere = ElementId::Id(OpId(1_000, actor(&mallory)));
    let bad = altered(&comment, |change| change.operations.push(insert(body, nowhere, "x")));
    assert_eq!(reference(refusal(&mut ada.doc, bad)), ReferenceError::Element);
}

#[test]
fn an_element_of_another_text_is_refused() {
    let (mut ada, mut mallory, comment) = scene();
    let version = *ada.doc.view_review().versions.keys().next().unwrap();
    let (_, second) = mallory.comment(version, 2, "two");
    ada.take(std::slice::from_ref(&comment));
    let first = expanded(&comment);
    let last = first.start_op.get() + first.operations.len() as u64 - 1;
    let elsewhere = ElementId::Id(OpId(last, actor(&mallory)));
    let body = made(&second, "body");
    let bad = altered(&second, |change| change.operations.push(insert(body, elsewhere, "x")));
    assert_eq!(reference(refusal(&mut ada.doc, bad)), ReferenceError::Element);
}

#[test]
fn a_predecessor_of_another_slot_is_refused() {
    let (mut ada, mallory, comment) = scene();
    let change = expanded(&comment);
    let object = change.operations[1].obj.clone();
    // The second operation puts `created`; the third claims to replace it as `label`.
    let created = OpId(change.start_op.get() + 1, actor(&mallory));
    let bad = altered(&comment, |change| {
        let mut op = put(object, "label", "change");
        op.pred = vec![created].into();
        change.operations.push(op);
    });
    assert_eq!(reference(refusal(&mut ada.doc, bad)), ReferenceError::Predecessor);
}

#[test]
fn a_predecessor_outside_the_causal_past_is_refused_though_it_is_known() {
    let (mut ada, mut mallory) = (producer(Plan, "ada"), producer(Plan, "mallory"));
    let concurrent = ada.plan(&[PlanEdit::SetName { name: "hers".into() }]);
    let honest = mallory.plan(&[PlanEdit::SetName { name: "mine".into() }]);
    let unseen = OpId(expanded(&concurrent).start_op.get(), actor(&ada));
    let bad = altered(&honest, |change| change.operations[0].pred = vec![unseen].into());
    assert!(matches!(ada.doc.clone().merge(vec![honest]).refused.as_slice(), []));
    assert_eq!(reference(refusal(&mut ada.doc, bad)), ReferenceError::Predecessor);
}

#[test]
fn a_predecessor_that_was_replaced_before_is_refused() {
    let (mut ada, mut mallory) = (producer(Plan, "ada"), producer(Plan, "mallory"));
    let name = |name: &str| PlanEdit::SetName { name: name.into() };
    let entries = ["one", "two", "three"].map(|text| mallory.plan(&[name(text)]));
    ada.take(&entries[..2]);
    let first = put_of(&entries[0], "name");
    let bad = altered(&entries[2], |change| change.operations[0].pred = vec![first].into());
    assert_eq!(reference(refusal(&mut ada.doc, bad)), ReferenceError::Replaced);
}

#[test]
fn a_value_beside_its_authors_own_is_refused() {
    let (mut ada, mut mallory) = (producer(Plan, "ada"), producer(Plan, "mallory"));
    let first = mallory.plan(&[PlanEdit::SetName { name: "one".into() }]);
    let second = mallory.plan(&[PlanEdit::SetName { name: "two".into() }]);
    let doubled = altered(&first, |change| change.operations.push(put(ObjectId::Root, "name", "again")));
    assert_eq!(reference(refusal(&mut ada.doc.clone(), doubled)), ReferenceError::OwnValue);
    ada.take(&[first]);
    let beside = altered(&second, |change| change.operations[0].pred = vec![].into());
    assert_eq!(reference(refusal(&mut ada.doc, beside)), ReferenceError::OwnValue);
}

#[test]
fn a_text_that_was_read_back_knows_its_characters_and_what_deleted_some() {
    let (mut ada, mut mallory, comment) = scene();
    let key = mallory.doc.view_review().comments[0].key;
    let mut edit = |at, delete, insert: &str| {
        mallory.review(&[ReviewEdit::EditComment { comment: key, at, delete, insert: insert.into() }])
    };
    let cut = edit(0, 1, "");
    let more = edit(1, 0, "x");
    ada.take(&[comment.clone(), cut.clone()]);
    ada.doc = Document::load_trusted(WORKSPACE, ada.doc.id(), &ada.doc.save()).unwrap();
    let deletion = ElementId::Id(OpId(expanded(&cut).start_op.get(), actor(&mallory)));
    let body = made(&comment, "body");
    let bad = altered(&more, |change| change.operations.push(insert(body, deletion, "y")));
    assert_eq!(reference(refusal(&mut ada.doc.clone(), bad)), ReferenceError::Element);
    ada.take(&[more]);
    assert_eq!(ada.doc.view_review().comments[0].body, "nxe");
}

#[test]
fn a_character_is_deleted_once() {
    let (mut ada, mut mallory, comment) = scene();
    let key = mallory.doc.view_review().comments[0].key;
    let cut =
        mallory.review(&[ReviewEdit::EditComment { comment: key, at: 0, delete: 1, insert: String::new() }]);
    ada.take(std::slice::from_ref(&comment));
    let twice = altered(&cut, |change| change.operations.push(change.operations[0].clone()));
    assert_eq!(reference(refusal(&mut ada.doc.clone(), twice)), ReferenceError::Replaced);
    ada.take(&[cut]);
}

#[test]
fn a_predecessor_named_twice_is_refused() {
    let (mut ada, mut mallory) = (producer(Plan, "ada"), producer(Plan, "mallory"));
    let first = mallory.plan(&[PlanEdit::SetName { name: "one".into() }]);
    let second = mallory.plan(&[PlanEdit::SetName { name: "two".into() }]);
    ada.take(&[first]);
    let bad = altered(&second, |change| {
        let pred = change.operations[0].pred.iter().next().unwrap().clone();
        change.operations[0].pred = vec![pred.clone(), pred].into();
    });
    assert_eq!(reference(refusal(&mut ada.doc, bad)), ReferenceError::PredecessorOrder);
}

#[test]
fn an_operation_that_does_not_suit_its_object_is_refused() {
    let (ada, _, comment) = scene();
    let body = made(&comment, "body");
    let record = expanded(&comment).operations[1].obj.clone();
    let two = insert(body.clone(), ElementId::Head, "xy");
    let mut update = insert(body.clone(), ElementId::Head, "x");
    update.insert = false;
    let mut inserted_key = put(record.clone(), "label", "change");
    inserted_key.insert = true;
    let ops = [put(body, "label", "x"), insert(record, ElementId::Head, "x"), two, update, inserted_key];
    for op in ops {
        let bad = altered(&comment, |change| change.operations.push(op.clone()));
        let error = refusal(&mut ada.doc.clone(), bad);
        assert!(
            matches!(
                error,
                VetError::Reference { error: ReferenceError::Shape, .. } | VetError::NotCanonical(_)
            ),
            "{op:?}: {error}"
        );
    }
}

#[test]
fn a_deletion_that_does_not_name_its_character_is_refused() {
    let (ada, mallory, comment) = scene();
    let change = expanded(&comment);
    let body = made(&comment, "body");
    let last = change.start_op.get() + change.operations.len() as u64 - 1;
    let id = |counter| OpId(counter, actor(&mallory));
    for pred in [vec![], vec![id(last - 1)], vec![id(last - 1), id(last)]] {
        let bad = altered(&comment, |change| {
            let mut op = insert(body.clone(), ElementId::Id(id(last)), "");
            op.action = OpType::Delete;
            op.insert = false;
            op.pred = pred.clone().into();
            change.operations.push(op);
        });
        assert_eq!(reference(refusal(&mut ada.doc.clone(), bad)), ReferenceError::Predecessor);
    }
}

#[test]
fn a_deletion_of_a_maps_key_is_refused() {
    let (ada, mallory, comment) = scene();
    let version = expanded(&ada.log[0]);
    let key = version.operations[0].key.clone();
    assert!(matches!(key, Key::Map(_)));
    let bad = altered(&comment, |change| {
        let mut op = put(collection(Review, "versions"), "", "");
        op.key = key;
        op.action = OpType::Delete;
        op.pred = vec![OpId(version.start_op.get(), actor(&ada))].into();
        change.operations.push(op);
    });
    let as_producer = Incoming {
        writer: proofroom_document::Writer {
            role: proofroom_document::WriterRole::Producer,
            ..mallory.writer
        },
        ..bad
    };
    let error = refusal(&mut ada.doc.clone(), as_producer);
    assert!(matches!(error, VetError::Policy { .. }), "{error}");
}
