//! What a malicious member can send as a change or a snapshot, and what must come of it.
//!
//! Every change is mutated, given a right checksum, sealed and signed again, then verified
//! and opened as a receiver would, and merged. Whatever comes out: no panic, a document
//! that still saves and loads and takes edits, and the same document in another order.

use std::sync::Arc;

use automerge::{Change, ExpandedChange};
use proofroom_document::{
    ChangeHash, DocKind, Document, Incoming, ReplayLog, VetError, Writer, WriterRole, actor_for,
};
use proofroom_entry::{Draft, EntryKind, LogWriter, Signed};
use proofroom_ident::{
    AssetId, Audience, CommentId, ContentHash, DeviceSecrets, EntryHash, HashWords as _, LogClass, LogId,
    Millis, Nonce, PersonId, WorkspaceId,
};
use proofroom_review::{
    Anchor, CommentLabel, CommentState, PlanEdit, PlanView, RequestState, ReviewEdit, ReviewView,
};
use proofroom_seal::EpochKey;

use crate::dice::{Dice, randomness};
use crate::mutate::{chunk_body, mutate_batch, mutate_bytes, repair_chunk, split_batch};

mod corpus;

const WORKSPACE: WorkspaceId = WorkspaceId::from_bytes([7; 32]);
const ASSET: AssetId = AssetId::from_bytes([9; 16]);
const PLAIN_BYTES_MAX: usize = proofroom_document::BATCH_BYTES_MAX;

/// An honest change, and the document right before it.
pub(crate) struct Case {
    before: Document,
    shows: Shows,
    entry: Incoming,
    /// Somebody else's honest change on the same document, made meanwhile.
    other: Incoming,
    with_other: Document,
}

/// What a document says, built from scratch.
#[derive(Clone, PartialEq)]
struct Shows {
    heads: Vec<ChangeHash>,
    plan: PlanView,
    review: ReviewView,
}

impl Shows {
    fn of(doc: &Document) -> Self {
        Self { heads: doc.heads(), plan: doc.view_plan(), review: doc.view_review() }
    }
}

impl Case {
    fn new(before: Document, entry: Incoming, other: Incoming) -> Self {
        let mut with_other = before.clone();
        with_other.merge(vec![other.clone()]);
        Self { shows: Shows::of(&before), before, entry, other, with_other }
    }
}

/// A document chunk and the logs that it must prove.
struct Whole {
    document: Document,
    chunk: Vec<u8>,
    logs: Vec<ReplayLog>,
}

/// What became of one mutated thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was refused, and the document is as it was.
    Refused,
    /// It was honest after all.
    Taken,
    /// It waits for changes that will never come.
    Waits,
}

/// A malicious member at work.
pub struct Vetting {
    dice: Dice,
    cases: Vec<Arc<Case>>,
    wholes: Vec<Whole>,
    key: EpochKey,
    secrets: DeviceSecrets,
    rng: rand_chacha::ChaCha20Rng,
}

impl Vetting {
    /// Honest documents to begin from, and a seed for what is done to them.
    pub fn new(seed: u64) -> Self {
        let mut rng = randomness(seed, "vetting");
        let (cases, wholes) = corpus::make();
        Self {
            dice: Dice::new(seed, "mutations"),
            cases: cases.into_iter().map(Arc::new).collect(),
            wholes,
            key: EpochKey::from_bytes([5; 32]),
            secrets: DeviceSecrets::generate(&mut rng),
            rng,
        }
    }

    /// One mutated change, sealed and signed again.
    ///
    /// # Errors
    /// What must not have happened.
    pub fn change(&mut self) -> Result<Outcome, String> {
        let case = Arc::clone(self.dice.pick(&self.cases));
        let payload = match self.dice.chance(500) {
            true => mutate_batch(&mut self.dice, &case.entry.payload),
            false => self.mutate_operations(&case).unwrap_or_else(|| case.entry.payload.clone()),
        };
        let mut entry = case.entry.clone();
        entry.payload = self.through_a_seal(&case, &payload)?;
        entry.entry = EntryHash::of(&payload);
        if self.dice.chance(300) {
            entry.writer.role = WriterRole::Producer;
        }
        check_merge(&case, &entry)
    }

    /// One mutated snapshot.
    ///
    /// # Errors
    /// What must not have happened.
    pub fn snapshot(&mut self) -> Result<Outcome, String> {
        let whole = self.dice.pick(&self.wholes);
        let (kind, body) = chunk_body(&whole.chunk).ok_or("the corpus holds chunks")?;
        let forged = repair_chunk(kind, &mutate_bytes(&mut self.dice, body));
        let doc = whole.document.id();
        match Document::replay(whole.document.kind(), WORKSPACE, doc, &forged, &whole.logs) {
            Err(_) => Ok(Outcome::Refused),
            Ok(replayed) if same(&replayed, &whole.document) => Ok(Outcome::Taken),
            Ok(_) => Err("a mutated snapshot replays to another document".into()),
        }
    }

    /// The bytes as they come out of a signed, sealed entry at its receiver.
    fn through_a_seal(&mut self, case: &Case, plain: &[u8]) -> Result<Vec<u8>, String> {
        use rand_core::Rng as _;
        let doc = case.before.id();
        let (author, seed) = (self.secrets.signing.public(), case.entry.writer.log);
        let mut writer = LogWriter::begin(WORKSPACE, doc, LogClass::Changes, author, seed, EntryHash::ZERO);
        let mut nonce = [0; 24];
        self.rng.fill_bytes(&mut nonce);
        let draft = Draft {
            kind: EntryKind::Change,
            auth_head: EntryHash::of(b"membership"),
            claimed_at: Millis(1),
            key: self.key.id(),
            nonce: Nonce::from_bytes(nonce),
            tip_commit: [1; 32],
        };
        let header = writer.header(&draft);
        let Ok(sealed) = proofroom_seal::seal(&self.key, &header, plain) else { return Ok(plain.to_vec()) };
        let entry = writer.append(&draft, &sealed, &self.secrets.signing).map_err(|e| e.to_string())?;
        let claimed = Signed::decode(entry.bytes().clone()).map_err(|e| e.to_string())?;
        let proved = claimed.verify(WORKSPACE).map_err(|e| e.to_string())?;
        match proofroom_seal::open(&self.key, proved.header(), proved.payload(), PLAIN_BYTES_MAX) {
            Ok(opened) if *opened == plain => Ok(opened.to_vec()),
            Ok(_) => Err("a sealed payload opens to other bytes".into()),
            Err(_) if plain.len() > PLAIN_BYTES_MAX => Ok(Vec::new()),
            Err(e) => Err(format!("an honest seal does not open: {e}")),
        }
    }

    /// Swaps parts of operations: what comes out is in canonical form and gets further.
    fn mutate_operations(&mut self, case: &Case) -> Option<Vec<u8>> {
        let mut change = expanded(&case.entry)?;
        let donor = expanded(&self.cases[self.dice.index(self.cases.len())].entry)?;
        let dice = &mut self.dice;
        for _ in 0..=dice.below(2) {
            if change.operations.is_empty() || donor.operations.is_empty() {
                return None;
            }
            let from = dice.pick(&donor.operations).clone();
            let at = dice.index(change.operations.len());
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
                    let other = dice.index(change.operations.len());
                    change.operations.swap(at, other);
                }
            }
        }
        match dice.below(12) {
            0 => change.seq = change.seq.wrapping_add(dice.below(3)),
            1 => change.deps = donor.deps.clone(),
            2 => change.start_op = donor.start_op,
            _ => {}
        }
        change.hash = None;
        // The encoder is automerge's own and trusts its input: what it cannot write, nobody sends.
        let chunk = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| Change::from(change)));
        let chunk = chunk.ok()?.raw_bytes().to_vec();
        Some([u32::try_from(chunk.len()).ok()?.to_le_bytes().as_slice(), &chunk].concat())
    }
}

fn expanded(entry: &Incoming) -> Option<ExpandedChange> {
    let chunks = split_batch(&entry.payload);
    Some(Change::try_from(chunks.first()?.as_slice()).ok()?.decode())
}

fn same(one: &Document, other: &Document) -> bool {
    Shows::of(one) == Shows::of(other)
}

fn check_merge(case: &Case, entry: &Incoming) -> Result<Outcome, String> {
    let mut doc = case.before.clone();
    let merged = doc.merge(vec![entry.clone()]);
    for (_, error) in &merged.refused {
        if matches!(error, VetError::Engine(_)) || error.to_string().contains("panic") {
            return Err(format!("only the engine noticed: {error}"));
        }
    }
    let outcome = match (merged.applied.is_empty(), merged.refused.is_empty()) {
        (false, _) => Outcome::Taken,
        (true, true) => Outcome::Waits,
        (true, false) => Outcome::Refused,
    };
    if outcome != Outcome::Taken && Shows::of(&doc) != case.shows {
        return Err("a refused change left a trace".into());
    }
    check_order(case, entry, &doc)?;
    if outcome == Outcome::Taken {
        check_whole(&mut doc)?;
    }
    Ok(outcome)
}

/// The same document, whether the change comes before or after somebody else's.
fn check_order(case: &Case, entry: &Incoming, first: &Document) -> Result<(), String> {
    let mut last = case.with_other.clone();
    last.merge(vec![entry.clone()]);
    let mut first = first.clone();
    first.merge(vec![case.other.clone()]);
    if same(&first, &last) { Ok(()) } else { Err("two replicas diverge by the order of arrival".into()) }
}

/// It saves, loads, takes an edit, and saves and loads again.
fn check_whole(doc: &mut Document) -> Result<(), String> {
    let loaded = Document::load_trusted(WORKSPACE, doc.id(), &doc.save()).map_err(|e| e.to_string())?;
    if !same(&loaded, doc) {
        return Err("what was saved loads as another document".into());
    }
    corpus::edit_once(doc)?;
    let loaded = Document::load_trusted(WORKSPACE, doc.id(), &doc.save()).map_err(|e| e.to_string())?;
    if same(&loaded, doc) { Ok(()) } else { Err("after an edit it loads as another document".into()) }
}

impl Vetting {
    /// Honest payloads, changes and document chunks, each with the name of its target.
    pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
        let (cases, wholes) = corpus::make();
        let mut out = Vec::new();
        for case in &cases {
            out.push(("changes", case.entry.payload.clone()));
            for chunk in split_batch(&case.entry.payload) {
                out.extend(chunk_body(&chunk).map(|(_, body)| ("change_body", body.to_vec())));
            }
        }
        for whole in &wholes {
            out.extend(chunk_body(&whole.chunk).map(|(_, body)| ("snapshot_body", body.to_vec())));
        }
        out
    }
}
