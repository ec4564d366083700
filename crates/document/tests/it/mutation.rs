//! Mutations that repair the checksum: none panics, none leaves a document that
//! cannot be saved, loaded, viewed and written to.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use automerge::{Change, ExpandedChange};
use proofroom_document::DocKind::{Plan, Review};
use proofroom_document::{DocKind, Document, Incoming, ReplayLog, VetError, WriterRole, changes_of};
use proofroom_review::{CommentState, PlanEdit, RequestKey, ReviewEdit};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};

use crate::chunks::{body, chunk, respell};
use crate::forge::{batch, chunks, expanded, forged};
use crate::world::{Peer, WORKSPACE, contributor, doc_of, producer, request, request_id};

/// Panics are expected to be caught here, and their messages are of no use.
fn quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !info
                .location()
                .is_some_and(|at| at.file().contains("automerge") || at.file().contains("hexane"))
            {
                loud(info);
            }
        }));
    });
}

/// So many rounds in a normal run; `PROOFROOM_MUTATIONS` multiplies them for a soak.
fn rounds(normal: usize) -> usize {
    let factor = std::env::var("PROOFROOM_MUTATIONS").ok().and_then(|n| n.parse::<usize>().ok());
    normal * factor.unwrap_or(1)
}

struct Dice(ChaCha8Rng);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.0.next_u64() % n.max(1) as u64).unwrap()
    }

    fn byte(&mut self) -> u8 {
        let kind = self.below(3);
        let any = u8::try_from(self.below(256)).unwrap();
        [any, [0, 1, 2, 0x7f, 0x80, 0xff][self.below(6)], any & 0x0f][kind]
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// Every entry of two peers who wrote all kinds of edits, with the document as it
/// was right before it.
fn corpus(kind: DocKind) -> Vec<(Document, Incoming)> {
    let (mut ada, mut bo) = (producer(kind, "ada"), contributor(kind, "bo"));
    let mut out = Vec::new();
    let mut step = |from: &mut Peer, to: &mut Peer, plan: &[PlanEdit], review: &[ReviewEdit]| {
        let before = to.doc.clone();
        let entry = if plan.is_empty() { from.review(review) } else { from.plan(plan) };
        to.take(std::slice::from_ref(&entry));
        out.push((before, entry));
    };
    match kind {
        Plan => {
            let key = RequestKey::new(bo.writer.person, request_id(1));
            let splice = |at, delete, insert: &str| PlanEdit::SpliceBrief {
                request: key,
                at,
                delete,
                insert: insert.into(),
            };
            let accept = PlanEdit::SetRequestState {
                request: key,
                state: proofroom_review::RequestState::Accepted,
                reason: None,
            };
            step(&mut bo, &mut ada, &[request(1, "A blue poster for the lobby.")], &[]);
            step(
                &mut ada,
                &mut bo,
                &[PlanEdit::SetName { name: "Spring".into() }, splice(2, 4, "green")],
                &[],
            );
            step(&mut bo, &mut ada, &[splice(0, 1, "One"), splice(3, 0, "🙂")], &[]);
            step(&mut ada, &mut bo, &[PlanEdit::SetName { name: "Summer".into() }, accept], &[]);
        }
        Review => {
            let mallory = ada.writer.person;
            let version = crate::world::version(mallory, "first", &[]);
            step(&mut ada, &mut bo, &[], &[version]);
            let hash = *bo.doc.view_review().versions.keys().next().unwrap();
            step(&mut bo, &mut ada, &[], &[crate::world::comment(hash, 1, "The logo is too small.")]);
            let key = proofroom_review::CommentKey::new(bo.writer.person, crate::world::comment_id(1));
            let state = |state| ReviewEdit::SetCommentState { comment: key, state };
            step(
                &mut ada,
                &mut bo,
                &[],
                &[state(CommentState::Task), crate::world::comment(hash, 2, "Yes.")],
            );
            let edit = ReviewEdit::EditComment { comment: key, at: 4, delete: 4, insert: "brand".into() };
            step(&mut bo, &mut ada, &[], &[edit, state(CommentState::Verified)]);
        }
    }
    out
}

fn mutate_bytes(dice: &mut Dice, bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for _ in 0..=dice.below(3) {
        let at = dice.below(out.len());
        match dice.below(4) {
            0 => out.insert(at, dice.byte()),
            1 if out.len() > 1 => drop(out.remove(at)),
            2 => {
                let end = (at + dice.below(8)).min(out.len());
                let piece = out[at..end].to_vec();
                let to = dice.below(out.len());
                out.splice(to..to, piece);
            }
            _ => out[at] = dice.byte(),
        }
    }
    out
}

/// Swaps parts of operations: what comes out is in canonical form and gets further.
fn mutate_operations(dice: &mut Dice, change: &mut ExpandedChange, donor: &ExpandedChange) {
    for _ in 0..=dice.below(2) {
        let from = dice.pick(&donor.operations).clone();
        let at = dice.below(change.operations.len());
        let op = &mut change.operations[at];
        match dice.below(9) {
            0 => op.obj = from.obj,
            1 => op.key = from.key,
            2 => op.pred = from.pred,
            3 => op.action = from.action,
            4 => op.insert = !op.insert,
            5 => change.operations.insert(at, from),
            6 if change.operations.len() > 1 => drop(change.operations.remove(at)),
            7 => change.operations.push(from),
            _ => {
                let from = dice.below(change.operations.len());
                change.operations.swap(at, from);
            }
        }
    }
    match dice.below(12) {
        0 => change.seq = change.seq.wrapping_add(dice.below(3) as u64),
        1 => change.deps = donor.deps.clone(),
        2 => change.start_op = donor.start_op,
        _ => {}
    }
}

/// Merges a forged entry and exercises whatever is left.
fn survives(before: &Document, entry: Incoming) -> bool {
    let mut doc = before.clone();
    let merged = doc.merge(vec![entry]);
    for (_, error) in &merged.refused {
        assert!(!matches!(error, VetError::Engine(_)), "only the engine noticed: {error}");
        assert!(!error.to_string().contains("panic"), "the scan let a panic through: {error}");
    }
    if merged.applied.is_empty() {
        assert_eq!(doc.heads(), before.heads());
        return false;
    }
    let loaded = Document::load_trusted(WORKSPACE, doc.id(), &doc.save()).unwrap();
    assert_eq!((loaded.heads(), loaded.view_plan()), (doc.heads(), doc.view_plan()));
    assert_eq!(loaded.view_review(), doc.view_review());
    let cy = producer(doc.kind(), "cy");
    let written = match doc.kind() {
        Plan => doc.record_plan(&cy.writer, proofroom_ident::Millis(9), &[request(7, "on")]),
        Review => {
            let version = crate::world::version(cy.writer.person, "next", &[]);
            doc.record_review(&cy.writer, proofroom_ident::Millis(9), &[version])
        }
    };
    written.unwrap();
    Document::load_trusted(WORKSPACE, doc.id(), &doc.save()).unwrap();
    true
}

#[test]
fn mutated_bytes_never_panic_nor_spoil_a_document() {
    quiet();
    let mut dice = Dice::new(1);
    let corpus = [corpus(Plan), corpus(Review)].concat();
    let mut taken = 0;
    for _ in 0..rounds(4_000) {
        let (before, entry) = dice.pick(&corpus);
        let honest = chunks(&entry.payload).remove(0);
        let forged = chunk(1, &mutate_bytes(&mut dice, body(&honest)));
        taken += usize::from(survives(before, Incoming { payload: batch(&forged), ..entry.clone() }));
    }
    assert!(taken > 0, "some mutations change a character and nothing else");
}

/// Whether we take the change's spelling, and whether automerge would write it so; `None`
/// where the change is refused before.
fn spellings(bytes: &[u8]) -> Option<(bool, bool)> {
    let ours = match changes_of(&batch(bytes)) {
        Ok(_) => true,
        Err(VetError::NotCanonical(_)) => false,
        Err(_) => return None,
    };
    let again = catch_unwind(AssertUnwindSafe(|| {
        let change = Change::try_from(bytes).expect("it was parsed before");
        Change::from(change.decode()).raw_bytes().to_vec()
    }));
    Some((ours, again.is_ok_and(|again| again == bytes)))
}

#[test]
fn a_change_is_taken_in_the_spelling_of_automerge_and_in_no_other() {
    quiet();
    let mut dice = Dice::new(5);
    let corpus = [corpus(Plan), corpus(Review)].concat();
    let (mut same, mut other) = (0, 0);
    let mut check = |bytes: &[u8]| {
        if let Some((ours, theirs)) = spellings(bytes) {
            assert_eq!(ours, theirs, "{bytes:02x?}");
            *(if ours { &mut same } else { &mut other }) += 1;
        }
    };
    for _ in 0..rounds(3_000) {
        let (_, entry) = dice.pick(&corpus);
        let honest = chunks(&entry.payload).remove(0);
        check(&chunk(1, &mutate_bytes(&mut dice, body(&honest))));
        let mut change = expanded(entry);
        let donor = expanded(&dice.pick(&corpus).1);
        mutate_operations(&mut dice, &mut change, &donor);
        // What automerge cannot write is nothing to compare.
        let Ok(forged) = catch_unwind(AssertUnwindSafe(|| forged(change, entry))) else { continue };
        check(&chunks(&forged.payload)[0]);
        let (column, how) = (dice.below(9), dice.below(4));
        check(&chunk(1, &respell(body(&chunks(&forged.payload)[0]), column, how)));
    }
    assert!(same > 1_000 && other > 500, "{same} taken, {other} refused");
}

#[test]
fn mutated_operations_never_panic_nor_spoil_a_document() {
    quiet();
    let mut dice = Dice::new(2);
    let corpus = [corpus(Plan), corpus(Review)].concat();
    let mut taken = 0;
    for _ in 0..rounds(4_000) {
        let (before, entry) = dice.pick(&corpus);
        let mut change = expanded(entry);
        let donor = expanded(&dice.pick(&corpus).1);
        mutate_operations(&mut dice, &mut change, &donor);
        let mut bad = forged(change, entry);
        if dice.below(2) == 0 {
            bad.writer.role = WriterRole::Producer;
        }
        taken += usize::from(survives(before, bad));
    }
    assert!(taken > 0, "some mutations leave an honest change");
}

#[test]
fn mutated_payloads_never_panic() {
    quiet();
    let mut dice = Dice::new(3);
    let corpus = corpus(Review);
    for _ in 0..rounds(2_000) {
        let (before, entry) = dice.pick(&corpus);
        let payload = mutate_bytes(&mut dice, &entry.payload);
        survives(before, Incoming { payload, ..entry.clone() });
    }
}

#[test]
fn mutated_document_chunks_never_panic_nor_replay_to_another_document() {
    quiet();
    let mut dice = Dice::new(4);
    for kind in [Plan, Review] {
        let corpus = corpus(kind);
        let (before, last) = corpus.last().unwrap().clone();
        let mut whole = before;
        whole.merge(vec![last]);
        let (ada, bo) = (producer(kind, "ada"), contributor(kind, "bo"));
        let logs: Vec<ReplayLog> = [&ada, &bo]
            .map(|peer| {
                let actor = proofroom_document::actor_for(peer.writer.author, whole.id(), peer.writer.log);
                ReplayLog { writer: peer.writer, tip: whole.tip(&actor).unwrap() }
            })
            .to_vec();
        let export = whole.export();
        for _ in 0..rounds(500) {
            let forged = chunk(0, &mutate_bytes(&mut dice, body(&export)));
            if let Ok(replayed) = Document::replay(kind, WORKSPACE, doc_of(kind), &forged, &logs) {
                assert_eq!(replayed.heads(), whole.heads());
                assert_eq!(replayed.view_plan(), whole.view_plan());
                assert_eq!(replayed.view_review(), whole.view_review());
            }
        }
    }
}
