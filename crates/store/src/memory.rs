//! A store in memory: for tests, simulations and throw-away sessions.

use std::collections::BTreeMap;

use proofroom_entry::{LogTip, Snapshot, Verified, VerifiedHeader};
use proofroom_ident::{DocId, LogId, WorkspaceId};

use crate::{
    Batch, DocKey, DocSummary, Effect, Growth, KeyValue, LogKey, Pair, SnapshotSummary, Store, StoreError,
    Write, doc_digest, dropped, worth_keeping,
};

/// Keeps everything in ordered maps. "Durable" means: until it is dropped.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    entries: BTreeMap<(LogKey, u64), Verified>,
    tips: BTreeMap<LogKey, LogTip>,
    docs: BTreeMap<DocKey, DocSummary>,
    proofs: BTreeMap<LogKey, Pair>,
    bases: BTreeMap<LogKey, VerifiedHeader>,
    snapshots: BTreeMap<DocKey, Vec<Snapshot>>,
    meta: BTreeMap<Vec<u8>, Vec<u8>>,
    fail_after: Option<u64>,
    poison: Option<String>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets `commits` more commits succeed; the next one fails as a full disk
    /// would, and poisons the store. For tests of those who use a store.
    pub fn fail_after(&mut self, commits: u64) {
        self.fail_after = Some(commits);
    }

    /// The same contents as a store that was closed and opened again: no poison, no planned failure.
    pub fn reopen(self) -> Self {
        Self { fail_after: None, poison: None, ..self }
    }

    fn healthy(&self) -> Result<(), StoreError> {
        match &self.poison {
            Some(cause) => Err(StoreError::Poisoned { cause: cause.clone() }),
            None => Ok(()),
        }
    }

    fn spend_commit(&mut self) -> Result<(), StoreError> {
        let Some(left) = self.fail_after else { return Ok(()) };
        if let Some(left) = left.checked_sub(1) {
            self.fail_after = Some(left);
            return Ok(());
        }
        let error = StoreError::Full { doing: "committing a batch", cause: "a planned failure".into() };
        self.poison = Some(error.to_string());
        Err(error)
    }

    fn write(&mut self, write: Write) {
        match write {
            Write::Append(entry) => {
                let h = entry.header();
                self.entries.insert(((entry.workspace(), h.doc, h.log), h.seq), entry);
            }
            Write::Proof(pair) => self.keep_proof(*pair),
            Write::Put(key, value) => {
                self.meta.insert(key, value);
            }
            Write::Delete(key) => {
                self.meta.remove(&key);
            }
            Write::Base(header) => {
                let h = header.header();
                self.bases.insert((h.workspace, h.doc, h.log), *header);
            }
            Write::Snapshot(snapshot) => {
                let key = (snapshot.header().workspace, snapshot.header().doc);
                let held = self.snapshots.remove(&key).unwrap_or_default();
                self.snapshots.insert(key, worth_keeping(held, *snapshot));
            }
            Write::DropSnapshot(workspace, doc, maker) => {
                let kept = self.snapshots.entry((workspace, doc)).or_default();
                kept.retain(|snapshot| snapshot.header().maker != maker);
            }
            Write::Erase(entry) => self.erase(entry),
            Write::DropBased(..) => {}
        }
    }

    fn erase(&mut self, left: Verified) {
        let h = *left.header();
        let log = (left.workspace(), h.doc, h.log);
        if let Some((one, other)) = self.proofs.get_mut(&log) {
            for part in [one, other].into_iter().filter(|part| part.hash() == left.hash()) {
                *part = left.clone();
            }
        }
        let Some(held) = self.entries.get_mut(&(log, h.seq)).filter(|held| held.hash() == left.hash()) else {
            return;
        };
        let gone = held.bytes().len() - left.bytes().len();
        *held = left;
        if let Some(summary) = self.docs.get_mut(&(log.0, log.1)) {
            summary.bytes -= gone as u64;
        }
    }

    fn drop_based(&mut self, doc: DocKey) {
        self.snapshots.remove(&doc);
        let based: Vec<LogKey> = self.bases.keys().filter(|key| (key.0, key.1) == doc).copied().collect();
        for log in based {
            self.bases.remove(&log);
            self.tips.remove(&log);
            let run: Vec<_> = self.entries.range((log, 0)..=(log, u64::MAX)).map(|(key, _)| *key).collect();
            for key in run {
                if let (Some(entry), Some(summary)) = (self.entries.remove(&key), self.docs.get_mut(&doc)) {
                    summary.entries -= 1;
                    summary.bytes -= entry.bytes().len() as u64;
                }
            }
        }
        let audience = self.tips_of(doc).next().map(|(_, tip)| tip.audience);
        match audience {
            None => _ = self.docs.remove(&doc),
            Some(audience) => self.grow(doc, Growth { audience, entries: 0, bytes: 0 }),
        }
    }

    fn keep_proof(&mut self, pair: Pair) {
        let h = pair.0.header();
        let key = (pair.0.workspace(), h.doc, h.log);
        let earlier = self.proofs.get(&key).is_none_or(|held| h.seq < held.0.header().seq);
        if earlier {
            self.proofs.insert(key, pair);
        }
    }

    fn grow(&mut self, key: DocKey, growth: Growth) {
        let digest = doc_digest(self.tips_of(key).map(|(_, tip)| tip));
        let doc = self.docs.entry(key).or_insert(DocSummary {
            doc: key.1,
            audience: growth.audience,
            digest,
            entries: 0,
            bytes: 0,
        });
        doc.digest = digest;
        doc.entries += growth.entries;
        doc.bytes += growth.bytes;
    }

    fn tips_of(&self, (workspace, doc): DocKey) -> impl Iterator<Item = (&LogKey, &LogTip)> {
        let all = (workspace, doc, LogId::ZERO)..=(workspace, doc, LogId::from_bytes([0xff; 16]));
        self.tips.range(all)
    }
}

impl Store for MemoryStore {
    fn commit(&mut self, batch: Batch) -> Result<(), StoreError> {
        self.healthy()?;
        let dropped = dropped(&batch);
        let effect = Effect::of(&batch, |key| {
            let gone = dropped.contains(&(key.0, key.1)) && self.bases.contains_key(key);
            Ok::<_, StoreError>(self.tips.get(key).filter(|_| !gone).copied())
        })?;
        self.spend_commit()?;
        for doc in dropped {
            self.drop_based(doc);
        }
        for write in batch.into_writes() {
            self.write(write);
        }
        self.tips.extend(effect.tips);
        for (key, growth) in effect.docs {
            self.grow(key, growth);
        }
        Ok(())
    }

    fn commit_soon(&mut self, batch: Batch) -> Result<(), StoreError> {
        self.commit(batch)
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        self.healthy()
    }

    fn workspaces(&self) -> Result<Vec<WorkspaceId>, StoreError> {
        self.healthy()?;
        let mut all: Vec<_> = self.docs.keys().map(|(workspace, _)| *workspace).collect();
        all.dedup();
        Ok(all)
    }

    fn docs(&self, workspace: WorkspaceId) -> Result<Vec<DocSummary>, StoreError> {
        self.healthy()?;
        let all = (workspace, DocId::ZERO)..=(workspace, DocId::from_bytes([0xff; 16]));
        Ok(self.docs.range(all).map(|(_, summary)| *summary).collect())
    }

    fn tips(&self, workspace: WorkspaceId, doc: DocId) -> Result<Vec<LogTip>, StoreError> {
        self.healthy()?;
        Ok(self.tips_of((workspace, doc)).map(|(_, tip)| *tip).collect())
    }

    fn tip(&self, workspace: WorkspaceId, doc: DocId, log: LogId) -> Result<Option<LogTip>, StoreError> {
        self.healthy()?;
        Ok(self.tips.get(&(workspace, doc, log)).copied())
    }

    fn entries(
        &self,
        workspace: WorkspaceId,
        doc: DocId,
        log: LogId,
        from_seq: u64,
        bytes_max: usize,
    ) -> Result<Vec<Verified>, StoreError> {
        self.healthy()?;
        let key = (workspace, doc, log);
        let (mut out, mut bytes) = (Vec::new(), 0usize);
        for entry in self.entries.range((key, from_seq)..=(key, u64::MAX)).map(|(_, entry)| entry) {
            bytes = bytes.saturating_add(entry.bytes().len());
            if bytes > bytes_max && !out.is_empty() {
                break;
            }
            out.push(entry.clone());
        }
        Ok(out)
    }

    fn entry(
        &self,
        workspace: WorkspaceId,
        doc: DocId,
        log: LogId,
        seq: u64,
    ) -> Result<Option<Verified>, StoreError> {
        self.healthy()?;
        Ok(self.entries.get(&((workspace, doc, log), seq)).cloned())
    }

    fn bases(&self, workspace: WorkspaceId, doc: DocId) -> Result<Vec<VerifiedHeader>, StoreError> {
        self.healthy()?;
        let all = (workspace, doc, LogId::ZERO)..=(workspace, doc, LogId::from_bytes([0xff; 16]));
        Ok(self.bases.range(all).map(|(_, base)| base.clone()).collect())
    }

    fn base(
        &self,
        workspace: WorkspaceId,
        doc: DocId,
        log: LogId,
    ) -> Result<Option<VerifiedHeader>, StoreError> {
        self.healthy()?;
        Ok(self.bases.get(&(workspace, doc, log)).cloned())
    }

    fn snapshots(&self, workspace: WorkspaceId, doc: DocId) -> Result<Vec<Snapshot>, StoreError> {
        self.healthy()?;
        Ok(self.snapshots.get(&(workspace, doc)).cloned().unwrap_or_default())
    }

    fn snapshot_index(&self, workspace: WorkspaceId) -> Result<Vec<SnapshotSummary>, StoreError> {
        self.healthy()?;
        let all = (workspace, DocId::ZERO)..=(workspace, DocId::from_bytes([0xff; 16]));
        let mut rows: Vec<_> =
            self.snapshots.range(all).flat_map(|(_, held)| held).map(SnapshotSummary::of).collect();
        rows.sort_by_key(|row| (row.doc, row.maker));
        Ok(rows)
    }

    fn snapshot_part(
        &self,
        workspace: WorkspaceId,
        of: &SnapshotSummary,
        offset: usize,
        bytes_max: usize,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.healthy()?;
        let held = self.snapshots.get(&(workspace, of.doc)).into_iter().flatten().find(|s| s.id() == of.id);
        let rest = held.and_then(|snapshot| snapshot.bytes().get(offset..));
        Ok(rest.map(|rest| rest[..rest.len().min(bytes_max)].to_vec()))
    }

    fn proofs(&self, workspace: WorkspaceId) -> Result<Vec<Pair>, StoreError> {
        self.healthy()?;
        let from = (workspace, DocId::ZERO, LogId::ZERO);
        let held = self.proofs.range(from..).take_while(|(key, _)| key.0 == workspace);
        Ok(held.map(|(_, pair)| pair.clone()).collect())
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.healthy()?;
        Ok(self.meta.get(key).cloned())
    }

    fn scan(&self, prefix: &[u8]) -> Result<Vec<KeyValue>, StoreError> {
        self.healthy()?;
        let from = self.meta.range(prefix.to_vec()..);
        let matching = from.take_while(|(key, _)| key.starts_with(prefix));
        Ok(matching.map(|(key, value)| (key.clone(), value.clone())).collect())
    }
}
