//! The view that a document keeps: patched, it is what it would be when read from scratch.

use std::sync::Arc;

use proofroom_document::DocKind::{self, Plan, Review};
use proofroom_document::{Incoming, WriterRole};
use proofroom_ident::{AssetId, LogId, Millis, SignerKey};
use proofroom_review::{
    Category, CommentKey, CommentLabel, CommentState, IntakeForm, LibraryItem, LibraryKey, Pick, PlanEdit,
    RenditionKind, RequestKey, RequestState, ReviewEdit, ReviewView, ReviewerRole,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::world::{Peer, comment, form, peer, producer, rendition, request, version as version_edit};

/// One step of one peer; the numbers choose among what there is.
type Step = (usize, u8, u64, u64);

/// Ada, bo who reviews, and ada's second device: it can use ids that the first one uses as well.
fn peers(kind: DocKind) -> Vec<Peer> {
    let ada = peer(kind, "ada", WriterRole::Producer);
    let bo = peer(kind, "bo", WriterRole::Contributor);
    let mut second = ada.clone();
    second.writer.author = SignerKey::from_bytes([0xaa; 32]);
    second.writer.log = LogId::from_bytes([0xaa; 16]);
    vec![ada, bo, second]
}

fn pick<T: Copy>(all: &[T], n: u64) -> Option<T> {
    let len = u64::try_from(all.len()).unwrap();
    all.get(usize::try_from(n.checked_rem(len)?).unwrap()).copied()
}

fn review_edit(view: &ReviewView, me: &Peer, what: u8, a: u64, b: u64) -> Option<ReviewEdit> {
    let versions: Vec<_> = view.versions.keys().copied().collect();
    let comments: Vec<CommentKey> = view.comments.iter().map(|c| c.key).collect();
    Some(match what {
        0 => version_edit(me.writer.person, &format!("version {a}"), pick(&versions, b).as_slice()),
        1 => {
            let (version, over) = (pick(&versions, a)?, pick(&versions, b).into_iter().collect());
            let (by, claimed_at) = (me.writer.person, Millis(a));
            ReviewEdit::PickVersion { pick: Pick { version, over, round: 1, by, claimed_at } }
        }
        2 => ReviewEdit::SetCommentState { comment: pick(&comments, a)?, state: pick(CommentState::ALL, b)? },
        3 => ReviewEdit::SetCommentLabel { comment: pick(&comments, a)?, label: pick(CommentLabel::ALL, b)? },
        4 => ReviewEdit::EditComment {
            comment: pick(&comments, a)?,
            at: 0,
            delete: usize::from(b.is_multiple_of(2)),
            insert: format!("{b}"),
        },
        5 => ReviewEdit::Acknowledge { comment: pick(&comments, a)? },
        6 => ReviewEdit::ClaimAddressed { comment: pick(&comments, a)?, version: pick(&versions, b)? },
        7 => {
            let of = view.versions.values().next()?.files.first()?.content;
            rendition(me.writer.person, of, pick(RenditionKind::ALL, a)?, &format!("made {b}"))
        }
        _ => match comment(pick(&versions, b)?, a % 20, &format!("words {b}")) {
            ReviewEdit::AddComment { id, body, anchor, label, .. } => {
                let parent = if b.is_multiple_of(3) { pick(&comments, b) } else { None };
                ReviewEdit::AddComment { id, body, anchor, label, parent }
            }
            other => other,
        },
    })
}

fn plan_edit(me: &Peer, what: u8, a: u64, b: u64) -> Option<PlanEdit> {
    let view = me.doc.view_plan();
    let requests: Vec<RequestKey> = view.requests.iter().map(|r| r.key).collect();
    let assets: Vec<AssetId> = view.assets.iter().map(|a| a.id).collect();
    let small = |n: u64| u8::try_from(n % 20).unwrap();
    Some(match what {
        0 => PlanEdit::SetName { name: format!("name {a}") },
        1 => PlanEdit::SetForm { request: pick(&requests, a)?, form: Box::new(form(&format!("title {b}"))) },
        2 => PlanEdit::SpliceBrief {
            request: pick(&requests, a)?,
            at: 0,
            delete: usize::from(b.is_multiple_of(2)),
            insert: format!("{b}"),
        },
        3 => PlanEdit::SetRequestState {
            request: pick(&requests, a)?,
            state: pick(RequestState::ALL, b)?,
            reason: Some(format!("because {b}")),
        },
        4 => PlanEdit::AddAsset {
            id: AssetId::from_bytes([small(a); 16]),
            name: format!("asset {b}"),
            category: Category::Visual,
            request: pick(&requests, b),
        },
        5 => PlanEdit::RenameAsset { asset: pick(&assets, a)?, name: format!("renamed {b}") },
        6 => PlanEdit::SetAssignment {
            asset: pick(&assets, a)?,
            person: me.writer.person,
            role: if b.is_multiple_of(3) { None } else { pick(ReviewerRole::ALL, b) },
        },
        7 => PlanEdit::Shelve {
            item: Box::new(LibraryItem::Form(IntakeForm {
                title: format!("form {a}"),
                ..IntakeForm::default_for(pick(Category::ALL, b)?)
            })),
        },
        8 => PlanEdit::Unshelve { key: LibraryKey::Form(pick(Category::ALL, b)?) },
        _ => request(small(a), &format!("brief {b}")),
    })
}

/// Writes something, or nothing where it is refused: a taken id, somebody else's words.
fn write(me: &mut Peer, kind: DocKind, what: u8, a: u64, b: u64) {
    let at = me.now();
    let recorded = match kind {
        Plan => plan_edit(me, what, a, b).map(|edit| me.doc.record_plan(&me.writer, at, &[edit])),
        Review => review_edit(&me.doc.view_review(), me, what, a, b)
            .map(|edit| me.doc.record_review(&me.writer, at, &[edit])),
    };
    if let Some(Ok(recorded)) = recorded {
        assert!(!recorded.touched.is_empty() && !recorded.touched.is_whole());
        let incoming = me.incoming(recorded.payload);
        me.log.push(incoming);
    }
}

/// Takes what some other peer wrote, up to some entry.
fn take(peers: &mut [Peer], who: usize, from: usize, upto: u64) {
    let log: Vec<Incoming> = peers[from].log.clone();
    let upto = usize::try_from(upto).unwrap() % (log.len() + 1);
    peers[who].take(&log[..upto]);
}

fn same(me: &mut Peer) {
    assert_eq!(*me.doc.plan(), me.doc.view_plan());
    assert_eq!(*me.doc.review(), me.doc.view_review());
}

fn check(kind: DocKind, steps: Vec<Step>) {
    let mut peers = peers(kind);
    for (who, what, a, b) in steps {
        match what {
            0..=9 => write(&mut peers[who], kind, what, a, b),
            10..=13 => take(&mut peers, who, usize::from(what) % 3, a),
            // Not after every step: what changed adds up until somebody looks.
            _ => same(&mut peers[who]),
        }
    }
    for who in 0..peers.len() {
        same(&mut peers[who]);
        (0..peers.len()).for_each(|from| take(&mut peers, who, from, u64::MAX));
        same(&mut peers[who]);
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    vec((0..3usize, 0..17u8, 0..1_000u64, 0..1_000u64), 1..80)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_patched_view_equals_one_made_from_scratch(steps in steps(), plan in any::<bool>()) {
        check(if plan { Plan } else { Review }, steps);
    }
}

#[test]
fn what_changed_is_named() {
    let (mut ada, mut bo) = (producer(Review, "ada"), producer(Review, "bo"));
    let (version, first) = ada.version("first", &[]);
    let touched = bo.take(&[first]).touched;
    assert_eq!(touched.versions().collect::<Vec<_>>(), [version]);
    assert_eq!(touched.comments().count(), 0);
    let (one, second) = ada.comment(version, 1, "too dark");
    let (two, third) = ada.comment(version, 2, "too bright");
    let touched = bo.take(&[second.clone(), third]).touched;
    assert_eq!(touched.comments().collect::<Vec<_>>(), [one, two]);
    let edit = ReviewEdit::EditComment { comment: two, at: 0, delete: 3, insert: "far too".into() };
    let fourth = ada.review(&[edit]);
    let touched = bo.take(&[fourth]).touched;
    assert_eq!(touched.comments().collect::<Vec<_>>(), [two]);
    assert!(bo.take(&[second]).touched.is_empty(), "a repeat touches nothing");
}

#[test]
fn a_view_that_somebody_holds_stays_as_it_was() {
    let mut ada = producer(Review, "ada");
    let (version, _) = ada.version("first", &[]);
    let held = ada.doc.review();
    ada.comment(version, 1, "too dark");
    assert_eq!((held.comments.len(), ada.doc.review().comments.len()), (0, 1));
    let again = ada.doc.review();
    assert!(Arc::ptr_eq(&again, &ada.doc.review()), "nothing changed, nothing is copied");
}

#[test]
fn ids_used_twice_show_one_record() {
    let mut peers = peers(Review);
    let (version, first) = peers[0].version("first", &[]);
    peers[2].take(&[first]);
    let (_, one) = peers[0].comment(version, 1, "from the desk");
    peers[0].doc.review();
    peers[2].clock += 500_000;
    let (_, other) = peers[2].comment(version, 1, "from the train");
    peers[2].doc.review();
    peers[0].take(&[other]);
    peers[2].take(&[one]);
    same(&mut peers[0]);
    same(&mut peers[2]);
    assert_eq!(peers[0].doc.review(), peers[2].doc.review());
}
