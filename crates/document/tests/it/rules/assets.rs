//! Assets and who reviews them: a producer's business, and values that belong.

use automerge::legacy::OpType;
use proofroom_document::DocKind::Plan;
use proofroom_document::{Incoming, PolicyError, VetError};
use proofroom_ident::{AssetId, PersonId};
use proofroom_review::{Category, PlanEdit, ReviewerRole};

use crate::forge::{altered, refusal};
use crate::world::{Peer, contributor, producer};

const POSTER: AssetId = AssetId::from_bytes([1; 16]);

/// Ada's plan with an asset, and mallory, who knows it.
fn scene() -> (Peer, Peer) {
    let (mut ada, mut mallory) = (producer(Plan, "ada"), producer(Plan, "mallory"));
    let (name, category) = ("Poster".into(), Category::Visual);
    let added = ada.plan(&[PlanEdit::AddAsset { id: POSTER, name, category, request: None }]);
    mallory.take(&[added]);
    (ada, mallory)
}

fn policy(error: VetError) -> PolicyError {
    match error {
        VetError::Policy { error, .. } => error,
        other => panic!("refused for another reason: {other}"),
    }
}

fn edits() -> [PlanEdit; 3] {
    [
        PlanEdit::RenameAsset { asset: POSTER, name: "Large poster".into() },
        PlanEdit::FillSlot { asset: POSTER, slot: Some("A1".into()) },
        PlanEdit::SetAssignment {
            asset: POSTER,
            person: PersonId::from_bytes([2; 32]),
            role: Some(ReviewerRole::Approver),
        },
    ]
}

#[test]
fn a_contributor_changes_nothing_of_an_asset() {
    let (ada, mallory) = scene();
    for edit in edits() {
        let honest = mallory.clone().plan(std::slice::from_ref(&edit));
        assert_eq!(ada.doc.clone().merge(vec![honest.clone()]).refused, [], "a producer may");
        let bad = Incoming { writer: contributor(Plan, "mallory").writer, ..honest };
        let error = policy(refusal(&mut ada.doc.clone(), bad));
        assert!(matches!(error, PolicyError::ProducersOnly(_)), "{edit:?}: {error}");
    }
}

#[test]
fn names_deliverables_and_roles_are_what_they_say() {
    let (ada, mallory) = scene();
    let [name, slot, role] = edits().map(|edit| mallory.clone().plan(&[edit]));
    let with = |honest: &Incoming, value: &str| {
        altered(honest, |change| {
            let puts = change.operations.iter_mut().filter(|op| matches!(op.action, OpType::Put(_)));
            puts.for_each(|op| op.action = OpType::Put(value.into()));
        })
    };
    for (honest, value) in
        [(&name, ""), (&name, "two\nlines"), (&slot, "two\nlines"), (&slot, " "), (&role, "boss")]
    {
        let error = policy(refusal(&mut ada.doc.clone(), with(honest, value)));
        assert!(matches!(error, PolicyError::Value { .. }), "{value:?}: {error}");
    }
    for (honest, value) in [(&name, "Small poster"), (&slot, "A2"), (&slot, ""), (&role, "viewer")] {
        assert_eq!(ada.doc.clone().merge(vec![with(honest, value)]).refused, [], "{value:?}");
    }
}
