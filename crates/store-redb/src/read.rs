//! Reading: each call is one snapshot of the last commit.

use std::ops::Bound;

use proofroom_entry::{LogTip, Snapshot, Verified, VerifiedHeader};
use proofroom_ident::{DocId, LogId, WorkspaceId};
use proofroom_store::{Batch, DocSummary, KeyValue, LogKey, Pair, SnapshotSummary, Store, StoreError};
use redb::{Durability, Key, ReadOnlyTable, ReadableDatabase as _, TableDefinition, Value};

use crate::failure::Failure;
use crate::layout::{
    BASES, DOCS, DocRowKey, ENTRIES, EntryRowKey, LogRowKey, META, PROOFS, SNAPSHOT_INDEX, SNAPSHOTS,
    SnapshotRowKey, TIPS, doc_key, entry_key, log_key, read_base, read_doc, read_entry, read_index,
    read_proof, read_snapshots, read_tip, snapshot_key, span, workspace_of,
};
use crate::store::{RedbStore, State};

impl RedbStore {
    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<ReadOnlyTable<K, V>, Failure> {
        Ok(self.db.begin_read()?.open_table(table)?)
    }

    fn read_workspaces(&self) -> Result<Vec<WorkspaceId>, Failure> {
        let docs = self.table(DOCS)?;
        let (mut all, mut after) = (Vec::new(), None::<DocRowKey>);
        loop {
            let from = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
            let Some(row) = docs.range::<&DocRowKey>((from, Bound::Unbounded))?.next() else {
                return Ok(all);
            };
            let workspace = workspace_of(row?.0.value());
            all.push(workspace);
            after = Some(span(workspace.as_bytes()).1);
        }
    }

    fn read_docs(&self, workspace: WorkspaceId) -> Result<Vec<DocSummary>, Failure> {
        let (first, last) = span(workspace.as_bytes());
        let mut all = Vec::new();
        for row in self.table(DOCS)?.range::<&DocRowKey>(&first..=&last)? {
            let (key, summary) = row?;
            all.push(read_doc(key.value(), summary.value())?);
        }
        Ok(all)
    }

    fn read_tips(&self, workspace: WorkspaceId, doc: DocId) -> Result<Vec<LogTip>, Failure> {
        let (first, last) = span(&doc_key(&(workspace, doc)));
        let mut all = Vec::new();
        for row in self.table(TIPS)?.range::<&LogRowKey>(&first..=&last)? {
            let (key, tip) = row?;
            all.push(read_tip(key.value(), tip.value())?);
        }
        Ok(all)
    }

    fn read_entries(&self, log: &LogKey, from_seq: u64, bytes_max: usize) -> Result<Vec<Verified>, Failure> {
        let (first, last) = (entry_key(log, from_seq), entry_key(log, u64::MAX));
        let (mut all, mut bytes) = (Vec::<Verified>::new(), 0usize);
        for row in self.table(ENTRIES)?.range::<&EntryRowKey>(&first..=&last)? {
            let (key, row) = row?;
            bytes = bytes.saturating_add(row.value().len());
            if bytes > bytes_max && !all.is_empty() {
                break;
            }
            let entry = read_entry(key.value(), row.value())?;
            if all.last().is_some_and(|before| entry.header().prev != before.hash()) {
                return Err(Failure::Damage(format!("entry {:?} does not follow its log", entry.hash())));
            }
            all.push(entry);
        }
        Ok(all)
    }

    fn read_proofs(&self, workspace: WorkspaceId) -> Result<Vec<Pair>, Failure> {
        let (first, last) = span(workspace.as_bytes());
        let mut all = Vec::new();
        for row in self.table(PROOFS)?.range::<&LogRowKey>(&first..=&last)? {
            all.push(read_proof(row?.1.value())?);
        }
        Ok(all)
    }

    fn read_bases(&self, workspace: WorkspaceId, doc: DocId) -> Result<Vec<VerifiedHeader>, Failure> {
        let (first, last) = span(&doc_key(&(workspace, doc)));
        let mut all = Vec::new();
        for row in self.table(BASES)?.range::<&LogRowKey>(&first..=&last)? {
            let (key, row) = row?;
            all.push(read_base(key.value(), row.value())?);
        }
        Ok(all)
    }

    fn read_snapshots(&self, workspace: WorkspaceId, doc: DocId) -> Result<Vec<Snapshot>, Failure> {
        let (first, last) = span(&doc_key(&(workspace, doc)));
        let mut rows = Vec::new();
        for row in self.table(SNAPSHOTS)?.range::<&SnapshotRowKey>(&first..=&last)? {
            rows.push(row?.1.value().to_vec());
        }
        read_snapshots(rows.iter().map(Vec::as_slice))
    }

    fn read_index(&self, workspace: WorkspaceId) -> Result<Vec<SnapshotSummary>, Failure> {
        let (first, last) = span(workspace.as_bytes());
        let mut all = Vec::new();
        for row in self.table(SNAPSHOT_INDEX)?.range::<&SnapshotRowKey>(&first..=&last)? {
            let (key, row) = row?;
            all.push(read_index(key.value(), row.value())?);
        }
        Ok(all)
    }

    fn read_part(
        &self,
        key: &SnapshotRowKey,
        of: &SnapshotSummary,
        (offset, bytes_max): (usize, usize),
    ) -> Result<Option<Vec<u8>>, Failure> {
        let index = self.table(SNAPSHOT_INDEX)?;
        let held = index.get(key)?.map(|row| read_index(key, row.value())).transpose()?;
        if held.is_none_or(|held| held.id != of.id) {
            return Ok(None);
        }
        let row = self.table(SNAPSHOTS)?.get(key)?;
        let rest = row.as_ref().and_then(|row| row.value().get(offset..));
        Ok(rest.map(|rest| rest[..rest.len().min(bytes_max)].to_vec()))
    }

    fn read_prefix(&self, prefix: &[u8]) -> Result<Vec<KeyValue>, Failure> {
        let mut all = Vec::new();
        for row in self.table(META)?.range::<&[u8]>(prefix..)? {
            let (key, value) = row?;
            if !key.value().starts_with(prefix) {
                break;
            }
            all.push((key.value().to_vec(), value.value().to_vec()));
        }
        Ok(all)
    }
}

impl Store for RedbStore {
    fn commit(&mut self, batch: Batch) -> Result<(), StoreError> {
        self.state = State::Busy;
        self.write(batch, Durability::Immediate)?;
        self.owes_flush = false;
        Ok(())
    }

    fn commit_soon(&mut self, batch: Batch) -> Result<(), StoreError> {
        self.state = State::Busy;
        self.write(batch, Durability::None)?;
        self.owes_flush = true;
        Ok(())
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        match self.owes_flush {
            // A transaction that is durable takes the earlier ones with it.
            true => self.commit(Batch::new()),
            false => Ok(()),
        }
    }

    fn workspaces(&self) -> Result<Vec<WorkspaceId>, StoreError> {
        self.run("listing workspaces", || self.read_workspaces())
    }

    fn docs(&self, workspace: WorkspaceId) -> Result<Vec<DocSummary>, StoreError> {
        self.run("listing documents", || self.read_docs(workspace))
    }

    fn tips(&self, workspace: WorkspaceId, doc: DocId) -> Result<Vec<LogTip>, StoreError> {
        self.run("listing logs", || self.read_tips(workspace, doc))
    }

    fn tip(&self, workspace: WorkspaceId, doc: DocId, log: LogId) -> Result<Option<LogTip>, StoreError> {
        self.run("looking up a log", || {
            let key = log_key(&(workspace, doc, log));
            self.table(TIPS)?.get(&key)?.map(|row| read_tip(&key, row.value())).transpose()
        })
    }

    fn entries(
        &self,
        workspace: WorkspaceId,
        doc: DocId,
        log: LogId,
        from_seq: u64,
        bytes_max: usize,
    ) -> Result<Vec<Verified>, StoreError> {
        self.run("reading entries", || self.read_entries(&(workspace, doc, log), from_seq, bytes_max))
    }

    fn entry(
        &self,
        workspace: WorkspaceId,
        doc: DocId,
        log: LogId,
        seq: u64,
    ) -> Result<Option<Verified>, StoreError> {
        self.run("reading an entry", || {
            let key = entry_key(&(workspace, doc, log), seq);
            self.table(ENTRIES)?.get(&key)?.map(|row| read_entry(&key, row.value())).transpose()
        })
    }

    fn bases(&self, workspace: WorkspaceId, doc: DocId) -> Result<Vec<VerifiedHeader>, StoreError> {
        self.run("listing where logs begin", || self.read_bases(workspace, doc))
    }

    fn base(
        &self,
        workspace: WorkspaceId,
        doc: DocId,
        log: LogId,
    ) -> Result<Option<VerifiedHeader>, StoreError> {
        self.run("looking up where a log begins", || {
            let key = log_key(&(workspace, doc, log));
            self.table(BASES)?.get(&key)?.map(|row| read_base(&key, row.value())).transpose()
        })
    }

    fn snapshots(&self, workspace: WorkspaceId, doc: DocId) -> Result<Vec<Snapshot>, StoreError> {
        self.run("reading snapshots", || self.read_snapshots(workspace, doc))
    }

    fn snapshot_index(&self, workspace: WorkspaceId) -> Result<Vec<SnapshotSummary>, StoreError> {
        self.run("listing snapshots", || self.read_index(workspace))
    }

    fn snapshot_part(
        &self,
        workspace: WorkspaceId,
        of: &SnapshotSummary,
        offset: usize,
        bytes_max: usize,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let key = snapshot_key(&(workspace, of.doc), of.maker);
        self.run("reading a part of a snapshot", || self.read_part(&key, of, (offset, bytes_max)))
    }

    fn proofs(&self, workspace: WorkspaceId) -> Result<Vec<Pair>, StoreError> {
        self.run("reading proofs", || self.read_proofs(workspace))
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.run("reading a value", || Ok(self.table(META)?.get(key)?.map(|row| row.value().to_vec())))
    }

    fn scan(&self, prefix: &[u8]) -> Result<Vec<KeyValue>, StoreError> {
        self.run("reading values", || self.read_prefix(prefix))
    }
}
