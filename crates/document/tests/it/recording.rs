//! Recording: edits become one change, or nothing happens.

use proofroom_document::DocKind::{Plan, Review};
use proofroom_document::{RecordError, WriterRole, actor_for};
use proofroom_ident::{AssetId, ContentHash, HashWords as _, LogId, Millis, PersonId};
use proofroom_review::{
    Category, CommentKey, CommentLabel, CommentState, Current, Pick, PlanEdit, RenditionKind, RequestKey,
    RequestState, ReviewEdit, ReviewerRole,
};

use crate::world::{comment_id, contributor, form, producer, rendition, request, request_id, version};

const POSTER: AssetId = AssetId::from_bytes([4; 16]);

fn poster(request: Option<RequestKey>) -> PlanEdit {
    PlanEdit::AddAsset { id: POSTER, name: "Poster".into(), category: Category::Visual, request }
}

#[test]
fn a_plan_shows_what_was_recorded() {
    let mut ada = producer(Plan, "ada");
    let (bo, cy) = (PersonId::from_bytes([2; 32]), PersonId::from_bytes([3; 32]));
    let key = RequestKey::new(ada.writer.person, request_id(1));
    let assign = |person, role| PlanEdit::SetAssignment { asset: POSTER, person, role };
    ada.plan(&[PlanEdit::SetName { name: "Spring".into() }, request(1, "A blue poster.")]);
    ada.plan(&[
        poster(Some(key)),
        assign(bo, Some(ReviewerRole::Approver)),
        assign(cy, Some(ReviewerRole::Viewer)),
        PlanEdit::SetForm { request: key, form: Box::new(form("Big poster")) },
        PlanEdit::SpliceBrief { request: key, at: 2, delete: 4, insert: "red".into() },
        PlanEdit::SetRequestState { request: key, state: RequestState::Accepted, reason: None },
    ]);
    ada.plan(&[assign(cy, None), PlanEdit::RenameAsset { asset: POSTER, name: "Big poster".into() }]);
    let view = ada.doc.view_plan();
    assert_eq!((view.name.as_str(), view.requests.len(), view.assets.len()), ("Spring", 1, 1));
    let request = view.request(&key).unwrap();
    assert_eq!((request.brief.as_str(), request.form.title.as_str()), ("A red poster.", "Big poster"));
    assert_eq!((request.state, request.created_at), (RequestState::Accepted, Millis(1_001_000)));
    let asset = view.asset(&POSTER).unwrap();
    assert_eq!(
        (asset.name.as_str(), asset.category, asset.request),
        ("Big poster", Category::Visual, Some(key))
    );
    assert_eq!(asset.author, ada.writer.person);
    assert_eq!(asset.assignments.iter().collect::<Vec<_>>(), [(&bo, &ReviewerRole::Approver)]);
    assert_eq!(ada.doc.view_review(), Default::default(), "a plan is no review");
}

#[test]
fn a_review_shows_what_was_recorded() {
    let mut ada = producer(Review, "ada");
    let (first, _) = ada.version("first", &[]);
    let (second, _) = ada.version("second", &[first]);
    let (key, _) = ada.comment(second, 1, "Too small");
    let reply = ReviewEdit::AddComment {
        id: comment_id(2),
        body: "Which size?".into(),
        anchor: Box::new(proofroom_review::Anchor::whole(second)),
        label: CommentLabel::Question,
        parent: Some(key),
    };
    ada.review(&[
        reply,
        ReviewEdit::SetCommentLabel { comment: key, label: CommentLabel::Blocker },
        ReviewEdit::SetCommentState { comment: key, state: CommentState::Task },
    ]);
    let view = ada.doc.view_review();
    assert_eq!(view.current(), Current::One(second));
    assert_eq!(view.blobs.len(), 2);
    let (said, reply) = (view.comment(&key).unwrap(), &view.comments[1]);
    assert_eq!(
        (said.body.as_str(), said.label, said.state),
        ("Too small", CommentLabel::Blocker, CommentState::Task)
    );
    assert_eq!((reply.parent, reply.state, reply.state_by), (Some(key), CommentState::Open, None));
}

#[test]
fn renditions_stand_beside_the_version_and_a_second_maker_hides_no_first_one() {
    let (mut ada, mut bo) = (producer(Review, "ada"), producer(Review, "bo"));
    let (first, entry) = ada.version("first", &[]);
    bo.take(&[entry]);
    let of = ada.doc.view_review().versions[&first].files[0].content;
    let from_ada = ada.review(&[rendition(ada.writer.person, of, RenditionKind::Thumbnail, "by ada")]);
    let from_bo = bo.review(&[
        rendition(bo.writer.person, of, RenditionKind::Thumbnail, "by bo"),
        rendition(bo.writer.person, of, RenditionKind::Tiles, "tiles"),
    ]);
    ada.take(&[from_bo]);
    bo.take(&[from_ada]);
    let view = ada.doc.view_review();
    assert_eq!(view, bo.doc.view_review());
    assert_eq!((view.renditions_of(&of).count(), view.blobs.len()), (3, 4));
    let shown = view.rendition(&of, RenditionKind::Thumbnail).unwrap();
    assert!(view.blobs.contains_key(&shown.content), "its bytes can be found");
    assert_eq!(view.name_of(&shown.content).as_deref(), Some("poster.png (thumbnail)"));
    assert_eq!(view.rendition(&of, RenditionKind::Proxy), None);
    assert_eq!(view.renditions_of(&ContentHash::of(b"another file")).count(), 0);
    let mut cy = contributor(Review, "cy");
    let own = rendition(cy.writer.person, of, RenditionKind::Picture, "by cy");
    let refused = cy.doc.record_review(&cy.writer.clone(), Millis(9), &[own]);
    assert!(matches!(refused, Err(RecordError::NotAllowed(_))), "{refused:?}");
}

#[test]
fn a_fork_is_picked() {
    let (mut ada, mut bo) = (producer(Review, "ada"), producer(Review, "bo"));
    let (first, entry) = ada.version("first", &[]);
    bo.take(&[entry]);
    let (left, from_ada) = ada.version("left", &[first]);
    let (right, from_bo) = bo.version("right", &[first]);
    ada.take(&[from_bo]);
    bo.take(&[from_ada]);
    let view = ada.doc.view_review();
    assert!(matches!(view.current(), Current::Fork(_)));
    let pick = Pick::among(&view.current(), left, &view.picks, ada.writer.person, Millis(1)).unwrap();
    let entry = ada.review(&[ReviewEdit::PickVersion { pick: pick.clone() }]);
    bo.take(&[entry]);
    assert_eq!(bo.doc.view_review().current(), Current::One(left));
    assert_eq!(bo.doc.view_review().picks, [pick]);
    assert!(bo.doc.view_review().versions.contains_key(&right));
}

#[test]
fn a_refused_edit_leaves_the_document_as_it_was() {
    let mut ada = producer(Plan, "ada");
    ada.plan(&[request(1, "brief")]);
    let before = (ada.doc.heads(), ada.doc.view_plan());
    let nobody = RequestKey::new(ada.writer.person, request_id(9));
    let splice = |at, delete| PlanEdit::SpliceBrief {
        request: RequestKey { id: request_id(1), ..nobody },
        at,
        delete,
        insert: String::new(),
    };
    type Expected = fn(&RecordError) -> bool;
    let cases: [(PlanEdit, Expected); 6] = [
        (PlanEdit::SetForm { request: nobody, form: Box::new(form("x")) }, |e| {
            matches!(e, RecordError::NoRequest(_))
        }),
        (PlanEdit::RenameAsset { asset: POSTER, name: "x".into() }, |e| matches!(e, RecordError::NoAsset(_))),
        (request(1, "again"), |e| matches!(e, RecordError::Exists(_))),
        (splice(6, 0), |e| matches!(e, RecordError::Position { length: 5, .. })),
        (splice(usize::MAX, 2), |e| matches!(e, RecordError::Position { .. })),
        (PlanEdit::SetName { name: " ".into() }, |e| matches!(e, RecordError::Edit(_))),
    ];
    for (edit, expected) in cases {
        let edits = [PlanEdit::SetName { name: "half done".into() }, edit];
        let error = ada.doc.record_plan(&ada.writer, Millis(5), &edits).unwrap_err();
        assert!(expected(&error), "{error}");
        assert_eq!((ada.doc.heads(), ada.doc.view_plan()), before);
    }
    assert_eq!(ada.doc.record_plan(&ada.writer, Millis(5), &[]), Err(RecordError::Nothing));
    let error = ada.doc.record_review(&ada.writer, Millis(5), &[]).unwrap_err();
    assert_eq!(error, RecordError::Kind(Plan));
    ada.plan(&[PlanEdit::SetName { name: "goes on".into() }]);
}

#[test]
fn a_position_within_a_character_is_refused() {
    let mut ada = producer(Plan, "ada");
    ada.plan(&[request(1, "a🙂b")]);
    let key = RequestKey::new(ada.writer.person, request_id(1));
    for (at, delete) in [(2, 0), (1, 1), (2, 1)] {
        let splice = PlanEdit::SpliceBrief { request: key, at, delete, insert: "x".into() };
        let error = ada.doc.record_plan(&ada.writer, Millis(5), &[splice]).unwrap_err();
        assert_eq!(error, RecordError::Position { at, delete, length: 4 });
    }
    ada.plan(&[PlanEdit::SpliceBrief { request: key, at: 1, delete: 2, insert: "…".into() }]);
    assert_eq!(ada.doc.view_plan().requests[0].brief, "a…b");
}

#[test]
fn a_contributor_is_told_what_is_not_theirs() {
    let (mut ada, mut bo) = (producer(Plan, "ada"), contributor(Plan, "bo"));
    let filed = ada.plan(&[request(1, "hers"), poster(None)]);
    let own = bo.plan(&[request(1, "mine")]);
    bo.take(&[filed]);
    ada.take(&[own]);
    let hers = RequestKey::new(ada.writer.person, request_id(1));
    let mine = RequestKey::new(bo.writer.person, request_id(1));
    let state = |request, state| PlanEdit::SetRequestState { request, state, reason: None };
    let edits = [
        PlanEdit::SetName { name: "x".into() },
        PlanEdit::RenameAsset { asset: POSTER, name: "x".into() },
        PlanEdit::SetAssignment {
            asset: POSTER,
            person: bo.writer.person,
            role: Some(ReviewerRole::Approver),
        },
        PlanEdit::SpliceBrief { request: hers, at: 0, delete: 0, insert: "x".into() },
        state(hers, RequestState::Submitted),
        state(mine, RequestState::Accepted),
    ];
    for edit in edits {
        let error = bo.doc.record_plan(&bo.writer, Millis(5), std::slice::from_ref(&edit)).unwrap_err();
        assert!(matches!(error, RecordError::NotAllowed(_)), "{edit:?}: {error}");
    }
}

#[test]
fn a_reviewer_is_told_what_is_not_theirs() {
    let (mut ada, mut bo) = (producer(Review, "ada"), contributor(Review, "bo"));
    let (hash, _) = ada.version("first", &[]);
    let (hers, _) = ada.comment(hash, 1, "hers");
    bo.take(&ada.log);
    let words = ReviewEdit::EditComment { comment: hers, at: 0, delete: 0, insert: "x".into() };
    let not_allowed = [
        words.clone(),
        ReviewEdit::SetCommentState { comment: hers, state: CommentState::WontFix },
        ReviewEdit::SetCommentLabel { comment: hers, label: CommentLabel::Praise },
        version(bo.writer.person, "mine", &[]),
    ];
    for edit in not_allowed {
        let error = bo.doc.record_review(&bo.writer, Millis(5), &[edit]).unwrap_err();
        assert!(matches!(error, RecordError::NotAllowed(_)), "{error}");
    }
    let (_, theirs) = bo.comment(hash, 1, "mine");
    ada.take(&[theirs]);
    let his = CommentKey::new(bo.writer.person, comment_id(1));
    let words = ReviewEdit::EditComment { comment: his, at: 0, delete: 0, insert: "x".into() };
    let error = ada.doc.record_review(&ada.writer, Millis(5), &[words]).unwrap_err();
    assert!(matches!(error, RecordError::NotAllowed(_)), "{error}");
}

#[test]
fn a_change_that_everybody_would_refuse_is_not_recorded() {
    let mut ada = producer(Plan, "ada");
    ada.plan(&[request(1, "brief")]);
    let before = (ada.doc.heads(), ada.doc.view_plan());
    let key = RequestKey::new(ada.writer.person, request_id(1));
    // Each splice keeps its limit, together they pass the limit of one change.
    let paste = PlanEdit::SpliceBrief { request: key, at: 0, delete: 0, insert: "x".repeat(60_000) };
    let error = ada.doc.record_plan(&ada.writer, Millis(5), &[paste.clone(), paste.clone()]).unwrap_err();
    assert!(matches!(error, RecordError::Refused(_)), "{error}");
    assert_eq!((ada.doc.heads(), ada.doc.view_plan()), before);
    ada.plan(std::slice::from_ref(&paste));
    ada.plan(&[paste]);
}

#[test]
fn names_given_by_a_crowd_are_joined_by_one() {
    let name = |name: &str| PlanEdit::SetName { name: name.into() };
    let mut ada = producer(Plan, "ada");
    let crowd: Vec<_> =
        (0..300).map(|i| producer(Plan, &format!("peer {i}")).plan(&[name("same")])).collect();
    ada.take(&crowd);
    assert_eq!(ada.doc.heads().len(), 300);
    let again = ada.doc.record_plan(&ada.writer, Millis(5), &[name("same")]);
    assert_eq!(again, Err(RecordError::Nothing), "everybody agrees already");
    let entry = ada.plan(&[name("other")]);
    assert_eq!(ada.doc.heads().len(), 1);
    let mut bo = contributor(Plan, "bo");
    bo.take(&[crowd, vec![entry]].concat());
    assert_eq!(bo.doc.view_plan().name, "other");
}

#[test]
fn a_frozen_log_is_not_written_to() {
    let mut ada = producer(Plan, "ada");
    let bad = ada.incoming(vec![1]);
    assert_eq!(ada.doc.merge(vec![bad]).refused.len(), 1);
    let name = [PlanEdit::SetName { name: "x".into() }];
    assert_eq!(ada.doc.record_plan(&ada.writer, Millis(5), &name), Err(RecordError::Frozen));
    ada.writer.log = LogId::from_bytes([8; 16]);
    ada.plan(&name);
}

#[test]
fn one_device_writes_under_several_logs() {
    let mut ada = producer(Plan, "ada");
    let first = ada.plan(&[PlanEdit::SetName { name: "one".into() }]);
    let old = actor_for(ada.writer.author, ada.doc.id(), ada.writer.log);
    ada.writer.log = LogId::from_bytes([8; 16]);
    let second = ada.plan(&[PlanEdit::SetName { name: "two".into() }]);
    let new = actor_for(ada.writer.author, ada.doc.id(), ada.writer.log);
    assert_ne!(old, new);
    let mut bo = contributor(Plan, "bo");
    bo.take(&[second, first]);
    assert_eq!(bo.doc.view_plan().name, "two");
    assert_eq!((bo.doc.tip(&old), bo.doc.tip(&new)), (ada.doc.tip(&old), ada.doc.tip(&new)));
    assert_eq!(ada.writer.role, WriterRole::Producer);
}
