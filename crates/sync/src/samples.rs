//! Entries and snapshots to test with. Nothing of them is judged.

use bytes::Bytes;
use proofroom_entry::{Draft, EntryKind, LogWriter, SIGNED_BYTES, Signed, Snapshot, SnapshotDraft, Verified};
use proofroom_ident::{DocId, EntryHash, KeyId, LogId, Millis, Nonce, SignerKey, SigningSecret, WorkspaceId};
use proofroom_store::{Batch, MemoryStore, Store as _};

use crate::message::Message;
use crate::outbox::Outbox;

pub(crate) const WORKSPACE: WorkspaceId = WorkspaceId::from_bytes([7; 32]);

pub(crate) fn doc(n: u8) -> DocId {
    DocId::from_bytes([n & 0x7f; 16])
}

pub(crate) fn team_doc(n: u8) -> DocId {
    DocId::from_bytes([n | 0x80; 16])
}

fn secret(seed: u8) -> SigningSecret {
    SigningSecret::from_seed(&[seed; 32])
}

/// The device with this seed.
pub(crate) fn device(seed: u8) -> SignerKey {
    secret(seed).public()
}

/// The log of this kind that the device with this seed has in a document.
pub(crate) fn log(seed: u8, doc: DocId, kind: EntryKind) -> LogId {
    LogId::of_author(device(seed), doc, kind.class(), LogId::from_bytes([seed; 16]))
}

/// Continues a log by `n` entries of `bytes` each, as transmitted.
pub(crate) fn write(
    store: &mut MemoryStore,
    seed: u8,
    (doc, kind): (DocId, EntryKind),
    n: usize,
    bytes: usize,
) -> Vec<Verified> {
    write_in(WORKSPACE, store, seed, (doc, kind), n, bytes)
}

/// As [`write`], in another workspace; in none, the one entry founds it.
pub(crate) fn write_in(
    workspace: WorkspaceId,
    store: &mut MemoryStore,
    seed: u8,
    (doc, kind): (DocId, EntryKind),
    n: usize,
    bytes: usize,
) -> Vec<Verified> {
    let (author, from) = (device(seed), LogId::from_bytes([seed; 16]));
    let tip = store.tip(workspace, doc, log(seed, doc, kind)).expect("the store reads");
    let mut writer = match tip {
        Some(tip) => LogWriter::resume(workspace, &tip),
        None => LogWriter::begin(workspace, doc, kind.class(), author, from, EntryHash::ZERO),
    };
    let draft = Draft {
        kind,
        auth_head: if workspace == WorkspaceId::ZERO {
            EntryHash::ZERO
        } else {
            EntryHash::from_bytes([1; 32])
        },
        claimed_at: Millis(0),
        key: if kind.is_plain() { KeyId::ZERO } else { KeyId::from_bytes([1; 16]) },
        nonce: if kind.is_plain() { Nonce::ZERO } else { Nonce::from_bytes([1; 24]) },
        tip_commit: [0; 32],
    };
    let payload = vec![5; bytes - SIGNED_BYTES];
    let one = |_| writer.append(&draft, &payload, &secret(seed)).expect("a canonical entry");
    let entries: Vec<Verified> = (0..n).map(one).collect();
    let mut batch = Batch::new();
    entries.iter().for_each(|e| _ = batch.append(e.clone()));
    store.commit(batch).expect("they follow their log");
    entries
}

/// The first entry of a workspace of its own, of so many bytes.
pub(crate) fn genesis(bytes: usize) -> (Bytes, WorkspaceId) {
    let place = (DocId::AUTHORITY, EntryKind::Authority);
    let entry = write_in(WorkspaceId::ZERO, &mut MemoryStore::new(), 1, place, 1, bytes).remove(0);
    (Bytes::copy_from_slice(entry.bytes()), entry.workspace())
}

/// Continues a log of changes by `n` small entries.
pub(crate) fn change(store: &mut MemoryStore, seed: u8, doc: DocId, n: usize) -> Vec<Verified> {
    write(store, seed, (doc, EntryKind::Change), n, 500)
}

/// A snapshot of a document's changes by the device with this seed, kept.
pub(crate) fn snapshot(store: &mut MemoryStore, seed: u8, doc: DocId, bytes: usize) -> Snapshot {
    let tips = store.tips(WORKSPACE, doc).expect("the store reads").into_iter();
    let head = |tip: proofroom_entry::LogTip| {
        let entry = store.entry(WORKSPACE, doc, tip.log, tip.seq).expect("the store reads");
        entry.expect("the tip is held").head().clone()
    };
    let changes = tips.filter(|tip| tip.log.class() == Some(EntryKind::Change.class()));
    let draft = SnapshotDraft {
        workspace: WORKSPACE,
        doc,
        auth_head: EntryHash::from_bytes([1; 32]),
        claimed_at: Millis(0),
        key: KeyId::from_bytes([1; 16]),
        nonce: Nonce::from_bytes([1; 24]),
        rows: changes.map(head).collect(),
    };
    let snapshot = draft.sign(&vec![7; bytes], &secret(seed)).expect("its rows are in order");
    let mut batch = Batch::new();
    batch.snapshot(snapshot.clone());
    store.commit(batch).expect("the store takes it");
    snapshot
}

/// A store that holds a snapshot in place of entries, and those that follow it.
pub(crate) fn resting(snapshot: &Snapshot, entries: &[Verified]) -> MemoryStore {
    let mut store = MemoryStore::new();
    let mut batch = Batch::new();
    snapshot.logs().for_each(|(_, last)| _ = batch.base(last.clone()));
    batch.snapshot(snapshot.clone());
    entries.iter().for_each(|e| _ = batch.append(e.clone()));
    store.commit(batch).expect("they follow their base");
    store
}

/// All that an outbox still sends, with every batch confirmed at once: documents and positions of
/// entries, in order, and what else was sent.
pub(crate) fn drain(outbox: &mut Outbox, store: &MemoryStore) -> (Vec<(DocId, u64)>, Vec<Message>) {
    let (mut places, mut others) = (Vec::new(), Vec::new());
    while let Some(frames) = outbox.next_batch(Millis(0), store, WORKSPACE).expect("the store reads") {
        for frame in frames {
            match Message::decode(&frame).expect("an honest frame") {
                Message::Entries(entries) => places.extend(entries.into_iter().map(|bytes| {
                    let entry = Signed::decode(bytes.to_vec()).expect("an honest entry");
                    (entry.claims().doc, entry.claims().seq)
                })),
                other => others.push(other),
            }
        }
        outbox.forget_window();
    }
    (places, others)
}
