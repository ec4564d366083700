//! Where a change stands: its actor, its number, its dependencies, its counters; and frozen logs.

use std::num::NonZeroU64;

use automerge::ChangeHash;
use proofroom_document::DocKind::Review;
use proofroom_document::{Incoming, VetError};

use crate::forge::{altered, refusal};
use crate::world::{Peer, contributor, producer};

/// Ada has a version; mallory has commented twice. The entries, ada's first.
fn scene() -> (Peer, [Incoming; 3]) {
    let (mut ada, mut mallory) = (producer(Review, "ada"), contributor(Review, "mallory"));
    let (version, first) = ada.version("first", &[]);
    mallory.take(std::slice::from_ref(&first));
    let (_, second) = mallory.comment(version, 1, "one");
    let (_, third) = mallory.comment(version, 2, "two");
    (ada, [first, second, third])
}

#[test]
fn a_foreign_actor_is_refused() {
    let (mut ada, [first, second, _]) = scene();
    let stolen = Incoming { writer: second.writer, ..first };
    let mut bo = contributor(Review, "bo");
    assert!(matches!(refusal(&mut bo.doc, stolen), VetError::ForeignActor { .. }));
    let chosen = altered(&second, |change| change.actor_id = automerge::ActorId::from([5; 32]));
    assert!(matches!(refusal(&mut ada.doc, chosen), VetError::ForeignActor { .. }));
}

#[test]
fn a_sequence_gap_is_refused() {
    let (mut ada, [_, second, third]) = scene();
    let gap = altered(&second, |change| change.seq = 2);
    assert_eq!(refusal(&mut ada.doc, gap), VetError::SeqGap { wanted: 1, found: 2 });
    let (mut ada, _) = scene();
    ada.take(&[second]);
    let gap = altered(&third, |change| change.seq = 3);
    assert_eq!(refusal(&mut ada.doc, gap), VetError::SeqGap { wanted: 2, found: 3 });
}

#[test]
fn a_repeated_sequence_number_is_refused() {
    let (mut ada, [_, second, third]) = scene();
    ada.take(&[second]);
    let twin = altered(&third, |change| change.seq = 1);
    assert_eq!(refusal(&mut ada.doc, twin), VetError::SeqGap { wanted: 2, found: 1 });
}

#[test]
fn a_missing_own_previous_dependency_is_refused() {
    let (mut ada, [_, second, third]) = scene();
    let version = ada.doc.heads()[0];
    ada.take(&[second]);
    let loose = altered(&third, |change| change.deps = vec![ChangeHash(*version.as_bytes())]);
    assert!(matches!(refusal(&mut ada.doc, loose), VetError::MissingOwnPrevious(_)));
}

#[test]
fn a_start_op_that_is_off_is_refused() {
    for by in [1, 1_000_000] {
        let (mut ada, [_, second, third]) = scene();
        ada.take(&[second]);
        let off = altered(&third, |change| {
            change.start_op = NonZeroU64::new(change.start_op.get() + by).unwrap();
        });
        let error = refusal(&mut ada.doc, off);
        assert!(
            matches!(error, VetError::StartOp { wanted, found } if u64::from(found - wanted) == by),
            "{error}"
        );
    }
    let (mut ada, [_, second, _]) = scene();
    let low = altered(&second, |change| change.start_op = NonZeroU64::MIN);
    assert!(matches!(refusal(&mut ada.doc, low), VetError::StartOp { found: 1, .. }));
}

#[test]
fn a_redundant_dependency_is_refused() {
    let (mut ada, [_, second, third]) = scene();
    let version = ChangeHash(*ada.doc.heads()[0].as_bytes());
    // The version is in the past of mallory's first comment, which the second follows.
    ada.take(std::slice::from_ref(&second));
    let padded = altered(&third, |change| {
        change.deps.push(version);
    });
    assert!(matches!(refusal(&mut ada.doc, padded), VetError::RedundantDependency(_)));
    let (mut ada, [_, second, _]) = scene();
    let root = producer(Review, "nobody").doc.heads()[0];
    let padded = altered(&second, |change| {
        change.deps.push(ChangeHash(*root.as_bytes()));
    });
    assert_eq!(refusal(&mut ada.doc, padded), VetError::RedundantDependency(root));
}

#[test]
fn a_change_that_depends_on_nothing_is_refused() {
    let (mut ada, [_, second, _]) = scene();
    let rootless = altered(&second, |change| {
        change.deps.clear();
        change.start_op = NonZeroU64::MIN;
    });
    assert!(matches!(refusal(&mut ada.doc, rootless), VetError::Rootless(_)));
}

#[test]
fn a_change_before_one_that_it_depends_on_is_refused() {
    let (mut ada, [_, second, third]) = scene();
    let payload = [third.payload, second.payload].concat();
    let swapped = Incoming { payload, ..second };
    assert!(matches!(refusal(&mut ada.doc, swapped), VetError::Batch(_)));
}

#[test]
fn a_refused_entry_freezes_its_log_and_no_other() {
    let (mut ada, [_, second, third]) = scene();
    let mut bo = contributor(Review, "bo");
    let bad = altered(&second, |change| change.seq = 2);
    let version = ada.log[0].clone();
    bo.take(std::slice::from_ref(&version));
    let hash = *bo.doc.view_review().versions.keys().next().unwrap();
    let (_, honest) = bo.comment(hash, 1, "fine");
    let merged = ada.doc.merge(vec![bad.clone(), third.clone(), honest.clone()]);
    assert_eq!(merged.applied, [honest.entry]);
    assert_eq!(merged.refused.len(), 2);
    assert!(merged.refused.contains(&(third.entry, VetError::Frozen(bad.entry))), "{merged:?}");
    assert!(matches!(refusal(&mut ada.doc, third), VetError::Frozen(_)));
    assert_eq!(ada.doc.view_review(), bo.doc.view_review());
}

#[test]
fn what_waits_behind_a_refused_entry_is_refused_with_it() {
    let (ada, [first, second, third]) = scene();
    let bad = altered(&second, |change| change.seq = 2);
    let mut cy = producer(Review, "cy");
    assert_eq!(cy.doc.merge(vec![bad.clone(), third.clone()]).waiting, [bad.entry, third.entry]);
    let merged = cy.doc.merge(vec![first.clone()]);
    assert_eq!(merged.applied, [first.entry]);
    assert_eq!(merged.refused.iter().map(|(entry, _)| *entry).collect::<Vec<_>>(), [bad.entry, third.entry]);
    assert_eq!(cy.doc.heads(), ada.doc.heads());
}
