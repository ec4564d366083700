//! Committing: one batch, one transaction.

use proofroom_entry::{LogTip, Snapshot, Verified};
use proofroom_store::{
    Batch, DocKey, DocSummary, Effect, Growth, LogKey, Pair, SnapshotSummary, StoreError, Write, doc_digest,
    dropped, worth_keeping,
};
use redb::{Durability, ReadableTable, Table, WriteTransaction};

use crate::failure::Failure;
use crate::layout::{
    BASES, DOCS, ENTRIES, EntryRowKey, LogRowKey, META, PROOFS, SNAPSHOT_INDEX, SNAPSHOTS, SnapshotRowKey,
    TIP_BYTES, TIPS, doc_key, doc_row, entry_key, index_row, log_key, proof_row, read_doc, read_entry,
    read_proof, read_snapshots, read_tip, snapshot_key, span, tip_row,
};
use crate::store::RedbStore;

type Tips<'t> = Table<'t, &'static LogRowKey, &'static [u8; TIP_BYTES]>;

impl RedbStore {
    pub(crate) fn write(&self, batch: Batch, durability: Durability) -> Result<(), StoreError> {
        self.run("committing a batch", || {
            let write = self.begin_write(durability)?;
            // Dropping the transaction on an error takes all of it back.
            write_batch(&write, batch)?;
            write.commit()?;
            Ok(())
        })
    }
}

fn write_batch(write: &WriteTransaction, batch: Batch) -> Result<(), Failure> {
    for doc in dropped(&batch) {
        drop_based(write, &doc)?;
    }
    let mut tips = write.open_table(TIPS)?;
    let effect = Effect::of(&batch, |key| held_tip(&tips, key))?;
    for (key, tip) in &effect.tips {
        tips.insert(&log_key(key), &tip_row(tip))?;
    }
    grow_docs(write, &tips, &effect)?;
    let mut entries = write.open_table(ENTRIES)?;
    let mut meta = write.open_table(META)?;
    for item in batch.into_writes() {
        match item {
            Write::Append(entry) => {
                entries.insert(&position(&entry), &entry.bytes()[..])?;
            }
            Write::Proof(pair) => keep_proof(write, &pair)?,
            Write::Put(key, value) => {
                meta.insert(&key[..], &value[..])?;
            }
            Write::Delete(key) => {
                meta.remove(&key[..])?;
            }
            Write::Base(header) => {
                let h = header.header();
                let key = log_key(&(h.workspace, h.doc, h.log));
                write.open_table(BASES)?.insert(&key, &header.to_bytes()[..])?;
            }
            Write::Snapshot(snapshot) => keep_snapshot(write, *snapshot)?,
            Write::DropSnapshot(workspace, doc, maker) => {
                let key = snapshot_key(&(workspace, doc), maker);
                write.open_table(SNAPSHOTS)?.remove(&key)?;
                write.open_table(SNAPSHOT_INDEX)?.remove(&key)?;
            }
            Write::Erase(left) => erase(write, &mut entries, &left)?,
            Write::DropBased(..) => {}
        }
    }
    Ok(())
}

/// Puts what is left of an entry in its place, here and in a proof that it is part of.
fn erase(
    write: &WriteTransaction,
    entries: &mut Table<'_, &'static EntryRowKey, &'static [u8]>,
    left: &Verified,
) -> Result<(), Failure> {
    let h = left.header();
    let (doc, log) = ((left.workspace(), h.doc), log_key(&(left.workspace(), h.doc, h.log)));
    let mut proofs = write.open_table(PROOFS)?;
    let pair = proofs.get(&log)?.map(|row| read_proof(row.value())).transpose()?;
    if let Some((one, other)) = pair.filter(|(one, other)| [one.hash(), other.hash()].contains(&left.hash()))
    {
        let stays = |part: Verified| if part.hash() == left.hash() { left.clone() } else { part };
        proofs.insert(&log, &proof_row(&(stays(one), stays(other)))[..])?;
    }
    let key = position(left);
    let held = entries.get(&key)?.map(|row| read_entry(&key, row.value())).transpose()?;
    let Some(held) = held.filter(|held| held.hash() == left.hash()) else { return Ok(()) };
    entries.insert(&key, &left.bytes()[..])?;
    let gone = (held.bytes().len() - left.bytes().len()) as u64;
    let mut docs = write.open_table(DOCS)?;
    let row_key = doc_key(&doc);
    let summary = docs.get(&row_key)?.map(|row| read_doc(&row_key, row.value())).transpose()?;
    if let Some(summary) = summary {
        docs.insert(&row_key, &doc_row(&DocSummary { bytes: summary.bytes - gone, ..summary }))?;
    }
    Ok(())
}

fn held_tip(tips: &Tips<'_>, key: &LogKey) -> Result<Option<LogTip>, Failure> {
    let key = log_key(key);
    tips.get(&key)?.map(|row| read_tip(&key, row.value())).transpose()
}

fn grow_docs(write: &WriteTransaction, tips: &Tips<'_>, effect: &Effect) -> Result<(), Failure> {
    let mut docs = write.open_table(DOCS)?;
    for (key, growth) in &effect.docs {
        let row_key = doc_key(key);
        let held = docs.get(&row_key)?.map(|row| read_doc(&row_key, row.value())).transpose()?;
        let summary = grown(key, held, growth, tips)?;
        docs.insert(&row_key, &doc_row(&summary))?;
    }
    Ok(())
}

fn grown(
    key: &DocKey,
    held: Option<DocSummary>,
    growth: &Growth,
    tips: &Tips<'_>,
) -> Result<DocSummary, Failure> {
    let (first, last) = span(&doc_key(key));
    let mut all = Vec::new();
    for row in tips.range::<&LogRowKey>(&first..=&last)? {
        let (key, tip) = row?;
        all.push(read_tip(key.value(), tip.value())?);
    }
    let (entries, bytes) = held.map_or((0, 0), |h| (h.entries, h.bytes));
    Ok(DocSummary {
        doc: key.1,
        audience: growth.audience,
        digest: doc_digest(&all),
        entries: entries + growth.entries,
        bytes: bytes + growth.bytes,
    })
}

/// Drops the logs of a document that begin at a base, and its snapshots.
fn drop_based(write: &WriteTransaction, doc: &DocKey) -> Result<(), Failure> {
    let prefix = doc_key(doc);
    let (first, last) = span(&prefix);
    let mut snapshots = write.open_table(SNAPSHOTS)?;
    snapshots.retain_in::<&SnapshotRowKey, _>(&first..=&last, |_, _| false)?;
    let mut index = write.open_table(SNAPSHOT_INDEX)?;
    index.retain_in::<&SnapshotRowKey, _>(&first..=&last, |_, _| false)?;
    let mut based: Vec<LogRowKey> = Vec::new();
    let (first, last) = span(&prefix);
    write.open_table(BASES)?.retain_in::<&LogRowKey, _>(&first..=&last, |key, _| {
        based.push(*key);
        false
    })?;
    let (mut tips, mut entries) = (write.open_table(TIPS)?, write.open_table(ENTRIES)?);
    let (mut gone, mut bytes) = (0, 0);
    for log in &based {
        tips.remove(log)?;
        let (first, last) = span(log);
        entries.retain_in::<&EntryRowKey, _>(&first..=&last, |_, entry| {
            (gone, bytes) = (gone + 1, bytes + entry.len() as u64);
            false
        })?;
    }
    let mut docs = write.open_table(DOCS)?;
    let held = docs.get(&prefix)?.map(|row| read_doc(&prefix, row.value())).transpose()?;
    let Some(held) = held.filter(|_| !based.is_empty()) else { return Ok(()) };
    let (first, last) = span::<64>(&prefix);
    if tips.range::<&LogRowKey>(&first..=&last)?.next().is_none() {
        docs.remove(&prefix)?;
        return Ok(());
    }
    let left = DocSummary { entries: held.entries - gone, bytes: held.bytes - bytes, ..held };
    let nothing = Growth { audience: held.audience, entries: 0, bytes: 0 };
    docs.insert(&prefix, &doc_row(&grown(doc, Some(left), &nothing, &tips)?))?;
    Ok(())
}

fn keep_snapshot(write: &WriteTransaction, snapshot: Snapshot) -> Result<(), Failure> {
    let doc = (snapshot.header().workspace, snapshot.header().doc);
    let (mut table, mut index) = (write.open_table(SNAPSHOTS)?, write.open_table(SNAPSHOT_INDEX)?);
    let (first, last) = span(&doc_key(&doc));
    let mut rows = Vec::new();
    index.retain_in::<&SnapshotRowKey, _>(&first..=&last, |_, _| false)?;
    table.retain_in::<&SnapshotRowKey, _>(&first..=&last, |_, row| {
        rows.push(row.to_vec());
        false
    })?;
    let held = read_snapshots(rows.iter().map(Vec::as_slice))?;
    for kept in worth_keeping(held, snapshot) {
        let key = snapshot_key(&doc, kept.header().maker);
        table.insert(&key, &kept.bytes()[..])?;
        index.insert(&key, &index_row(&SnapshotSummary::of(&kept)))?;
    }
    Ok(())
}

/// Keeps the proof of a log's earliest position.
fn keep_proof(write: &WriteTransaction, pair: &Pair) -> Result<(), Failure> {
    let header = pair.0.header();
    let key = log_key(&(pair.0.workspace(), header.doc, header.log));
    let mut proofs = write.open_table(PROOFS)?;
    let held = proofs.get(&key)?.map(|row| read_proof(row.value())).transpose()?;
    if held.is_none_or(|held| header.seq < held.0.header().seq) {
        proofs.insert(&key, &proof_row(pair)[..])?;
    }
    Ok(())
}

fn position(entry: &Verified) -> [u8; 72] {
    let h = entry.header();
    entry_key(&(entry.workspace(), h.doc, h.log), h.seq)
}
