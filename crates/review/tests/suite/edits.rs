use proofroom_ident::{BlobHash, CommentId, HashWords as _, Millis, RequestId, VersionHash};
use proofroom_review::{
    Anchor, BlobKeyBytes, BlobRef, CommentLabel, EditError, Pick, PlanEdit, RequestForm, RequestKey,
    RequestState, RequestView, ReviewEdit,
};

use crate::{ADA, manifest};

fn form() -> RequestForm {
    RequestForm::from_toml("title = \"Spring\"").expect("a title is enough")
}

#[test]
fn a_version_brings_a_blob_for_each_file() {
    let manifest = Box::new(manifest("first", 1, &[]));
    let blob = BlobRef {
        blob: BlobHash::of(b"sealed"),
        key: BlobKeyBytes::from_bytes([1; 32]),
        bytes: 3,
        content: manifest.files[0].content,
    };
    let edit = |blobs| ReviewEdit::AddVersion { manifest: manifest.clone(), blobs };
    assert_eq!(edit(vec![blob.clone()]).check(), Ok(()));
    let missing = Err(EditError::NoBlob("hero.png".into()));
    assert_eq!(edit(vec![]).check(), missing);
    assert_eq!(edit(vec![BlobRef { bytes: 4, ..blob }]).check(), missing);
}

#[test]
fn a_comment_says_something_and_points_somewhere() {
    let comment = |body: &str, anchor: Anchor| ReviewEdit::AddComment {
        id: CommentId::ZERO,
        body: body.into(),
        anchor: Box::new(anchor),
        label: CommentLabel::Change,
        parent: None,
    };
    let whole = Anchor::whole(VersionHash::ZERO);
    assert_eq!(comment("Bigger logo\nplease", whole.clone()).check(), Ok(()));
    assert!(matches!(comment(" \n", whole.clone()).check(), Err(EditError::Text(_))));
    assert!(matches!(comment("bell \u{7}", whole.clone()).check(), Err(EditError::Text(_))));
    let nowhere = Anchor { selectors: vec![], ..whole };
    assert!(matches!(comment("x", nowhere).check(), Err(EditError::Anchor(_))));
}

#[test]
fn a_pick_wins_over_something_else() {
    let version = VersionHash::of(b"a");
    let pick = |over| ReviewEdit::PickVersion {
        pick: Pick { version, over, round: 1, by: ADA, claimed_at: Millis(1) },
    };
    assert_eq!(pick(vec![VersionHash::of(b"b")]).check(), Ok(()));
    assert_eq!(pick(vec![]).check(), Err(EditError::EmptyPick(version)));
    assert_eq!(pick(vec![version]).check(), Err(EditError::EmptyPick(version)));
}

#[test]
fn requests_are_returned_and_declined_with_a_reason() {
    let request = RequestKey::new(ADA, RequestId::ZERO);
    let edit = |state, reason: Option<&str>| PlanEdit::SetRequestState {
        request,
        state,
        reason: reason.map(Into::into),
    };
    assert_eq!(edit(RequestState::Accepted, None).check(), Ok(()));
    for state in [RequestState::Returned, RequestState::Declined] {
        assert_eq!(edit(state, Some("no due date")).check(), Ok(()));
        assert_eq!(edit(state, None).check(), Err(EditError::NoReason(state)));
        assert_eq!(edit(state, Some(" ")).check(), Err(EditError::NoReason(state)));
    }
}

#[test]
fn names_are_one_line() {
    assert_eq!(PlanEdit::SetName { name: "Spring".into() }.check(), Ok(()));
    assert!(PlanEdit::SetName { name: "Spring\nsummer".into() }.check().is_err());
    let edit =
        PlanEdit::AddRequest { id: RequestId::ZERO, form: Box::new(form()), brief: "x".repeat(200_001) };
    assert!(edit.check().is_err());
}

#[test]
fn the_hash_of_a_brief_covers_form_and_text() {
    let view = RequestView {
        key: RequestKey::new(ADA, RequestId::ZERO),
        form: form(),
        brief: "# Spring".into(),
        state: RequestState::Accepted,
        reason: None,
        questions: Vec::new(),
        created_at: Millis(1),
    };
    let same = RequestView { state: RequestState::Submitted, ..view.clone() };
    let other = RequestView { brief: "# Summer".into(), ..view.clone() };
    assert_eq!(view.brief_hash(), same.brief_hash());
    assert_ne!(view.brief_hash(), other.brief_hash());
}
