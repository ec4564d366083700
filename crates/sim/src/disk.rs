//! A disk that can be taken back, copied, filled up, and cut off in the middle of a commit.
//!
//! ```text
//! commit       live = durable         the contract: a commit that returned is durable
//! commit soon  live, and in line      durable with the next flush or commit; lost in a crash before it
//! fails        nothing kept, poisoned a full disk
//! dies         all kept or nothing, and the process never hears which
//! ```

use proofroom_entry::{LogTip, Snapshot, Verified, VerifiedHeader};
use proofroom_ident::{DocId, LogId, WorkspaceId};
use proofroom_store::{
    Batch, DocSummary, KeyValue, MemoryStore, Pair, SnapshotSummary, Store, StoreError, Write,
};

/// Old images that are kept.
const IMAGES_MAX: usize = 4;
/// Commits between two images.
const IMAGE_EVERY: u64 = 5;

/// What is going to happen to a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// After so many commits the disk is full.
    Fails {
        /// Commits that still succeed.
        after: u64,
    },
    /// After so many commits the power goes in the middle of one.
    Dies {
        /// Commits that still succeed.
        after: u64,
        /// Whether the one in flight turns out to be durable.
        kept: bool,
    },
}

/// A store whose storage can fail.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    /// What the process reads.
    live: MemoryStore,
    /// What a crash leaves.
    store: MemoryStore,
    /// What is in the one and not in the other, in order.
    soon: Vec<Batch>,
    images: Vec<MemoryStore>,
    commits: u64,
    fault: Option<Fault>,
    broken: Option<String>,
    written: Vec<Verified>,
    written_bases: Vec<VerifiedHeader>,
    written_snapshots: Vec<Snapshot>,
}

impl Disk {
    /// Plans a fault.
    pub fn plan(&mut self, fault: Fault) {
        self.fault = Some(fault);
    }

    /// The storage works again, and the process that used it is gone.
    pub fn reopen(&mut self) {
        if !self.soon.is_empty() {
            self.soon.clear();
            self.live = self.store.clone();
        }
        self.fault = None;
        self.broken = None;
    }

    /// Puts back an old image, 0 the oldest kept; whether there was one.
    pub fn restore(&mut self, image: usize) -> bool {
        let Some(old) = self.images.get(image % self.images.len().max(1)) else { return false };
        self.store = old.clone();
        self.live = old.clone();
        self.soon.clear();
        self.reopen();
        true
    }

    /// Entries that became durable since the last call.
    pub fn take_written(&mut self) -> Vec<Verified> {
        std::mem::take(&mut self.written)
    }

    /// Where logs began that did not begin at their first entry, since the last call.
    pub fn take_bases(&mut self) -> Vec<VerifiedHeader> {
        std::mem::take(&mut self.written_bases)
    }

    /// Snapshots that became durable since the last call.
    pub fn take_snapshots(&mut self) -> Vec<Snapshot> {
        std::mem::take(&mut self.written_snapshots)
    }

    /// What is durable, whatever became of the process.
    pub fn durable(&self) -> &MemoryStore {
        &self.store
    }

    fn healthy(&self) -> Result<(), StoreError> {
        match &self.broken {
            Some(cause) => Err(StoreError::Poisoned { cause: cause.clone() }),
            None => Ok(()),
        }
    }

    /// Makes durable what is visible.
    fn write(&mut self) -> Result<(), StoreError> {
        for batch in std::mem::take(&mut self.soon) {
            self.write_one(batch)?;
        }
        Ok(())
    }

    fn write_one(&mut self, batch: Batch) -> Result<(), StoreError> {
        let writes = batch.writes().to_vec();
        self.store.commit(batch)?;
        for write in writes {
            match write {
                Write::Append(entry) => self.written.push(entry),
                Write::Base(header) => self.written_bases.push(*header),
                Write::Snapshot(snapshot) => self.written_snapshots.push(*snapshot),
                _ => {}
            }
        }
        self.commits += 1;
        if self.commits.is_multiple_of(IMAGE_EVERY) {
            if self.images.len() == IMAGES_MAX {
                self.images.remove(0);
            }
            self.images.push(self.store.clone());
        }
        Ok(())
    }

    fn strike(&mut self, fault: Fault) -> StoreError {
        let error = match fault {
            Fault::Fails { .. } => {
                StoreError::Full { doing: "committing a batch", cause: "a planned fault".into() }
            }
            Fault::Dies { kept, .. } => {
                if kept && let Err(broken) = self.write() {
                    return broken;
                }
                StoreError::Io { doing: "committing a batch", cause: "the power went".into() }
            }
        };
        self.broken = Some(error.to_string());
        error
    }

    /// Writes what is visible, unless a fault was planned for now.
    fn sync(&mut self) -> Result<(), StoreError> {
        match &mut self.fault {
            Some(fault @ (Fault::Fails { after: 0 } | Fault::Dies { after: 0, .. })) => {
                let fault = *fault;
                Err(self.strike(fault))
            }
            Some(Fault::Fails { after } | Fault::Dies { after, .. }) => {
                *after -= 1;
                self.write()
            }
            None => self.write(),
        }
    }
}

impl Store for Disk {
    fn commit(&mut self, batch: Batch) -> Result<(), StoreError> {
        self.commit_soon(batch)?;
        self.sync()
    }

    fn commit_soon(&mut self, batch: Batch) -> Result<(), StoreError> {
        self.healthy()?;
        // A batch that is refused is neither visible nor half durable.
        self.live.commit(batch.clone())?;
        self.soon.push(batch);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        self.healthy()?;
        if self.soon.is_empty() { Ok(()) } else { self.sync() }
    }

    fn workspaces(&self) -> Result<Vec<WorkspaceId>, StoreError> {
        self.healthy()?;
        self.live.workspaces()
    }

    fn docs(&self, workspace: WorkspaceId) -> Result<Vec<DocSummary>, StoreError> {
        self.healthy()?;
        self.live.docs(workspace)
    }

    fn tips(&self, workspace: WorkspaceId, doc: DocId) -> Result<Vec<LogTip>, StoreError> {
        self.healthy()?;
        self.live.tips(workspace, doc)
    }

    fn tip(&self, workspace: WorkspaceId, doc: DocId, log: LogId) -> Result<Option<LogTip>, StoreError> {
        self.healthy()?;
        self.live.tip(workspace, doc, log)
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
        self.live.entries(workspace, doc, log, from_seq, bytes_max)
    }

    fn entry(
        &self,
        workspace: WorkspaceId,
        doc: DocId,
        log: LogId,
        seq: u64,
    ) -> Result<Option<Verified>, StoreError> {
        self.healthy()?;
        self.live.entry(workspace, doc, log, seq)
    }

    fn bases(&self, workspace: WorkspaceId, doc: DocId) -> Result<Vec<VerifiedHeader>, StoreError> {
        self.healthy()?;
        self.live.bases(workspace, doc)
    }

    fn base(
        &self,
        workspace: WorkspaceId,
        doc: DocId,
        log: LogId,
    ) -> Result<Option<VerifiedHeader>, StoreError> {
        self.healthy()?;
        self.live.base(workspace, doc, log)
    }

    fn snapshots(&self, workspace: WorkspaceId, doc: DocId) -> Result<Vec<Snapshot>, StoreError> {
        self.healthy()?;
        self.live.snapshots(workspace, doc)
    }

    fn snapshot_index(&self, workspace: WorkspaceId) -> Result<Vec<SnapshotSummary>, StoreError> {
        self.healthy()?;
        self.live.snapshot_index(workspace)
    }

    fn snapshot_part(
        &self,
        workspace: WorkspaceId,
        of: &SnapshotSummary,
        offset: usize,
        bytes_max: usize,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.healthy()?;
        self.live.snapshot_part(workspace, of, offset, bytes_max)
    }

    fn proofs(&self, workspace: WorkspaceId) -> Result<Vec<Pair>, StoreError> {
        self.healthy()?;
        self.live.proofs(workspace)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.healthy()?;
        self.live.get(key)
    }

    fn scan(&self, prefix: &[u8]) -> Result<Vec<KeyValue>, StoreError> {
        self.healthy()?;
        self.live.scan(prefix)
    }
}
