//! May this process continue the device's last logs? `HOME/incarnation.json`.
//!
//! Signing two different entries for one position of a log freezes the log for
//! good, so a log is continued only where this store provably is the one that
//! wrote its last entry: no restored backup, no copied directory, no crash in
//! between. In doubt the device begins new logs, which costs a few bytes.
//!
//! ```text
//! {"version": 1, "boot": "...", "device": 64769, "inode": 1234, "stamp": "HEX"}
//! ```
//!
//! * `stamp` is random, and part of every commit of this device's own entries.
//!   A store that was rolled back holds an older one.
//! * `device` and `inode` are those of the store's file. A copy has others.
//! * `boot` names the machine's current run. After a power loss, or on another
//!   machine, it differs.
//!
//! Crash story: the file is removed, durably, before the first own entry of a
//! process, and written again when the process closes its store in good order.
//! After a crash it is absent: new logs.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use proofroom_entry::{LogTip, Snapshot, Verified, VerifiedHeader};
use proofroom_ident::{DocId, LogId, SignerKey, WorkspaceId};
use proofroom_store::{Batch, DocSummary, KeyValue, Pair, SnapshotSummary, Store, StoreError, Write};
use proofroom_store_redb::RedbStore;
use rand_core::Rng as _;
use serde::{Deserialize, Serialize};

use crate::home::{Home, HomeError};

const FILE: &str = "incarnation.json";
const VERSION: u32 = 1;
/// Where the stamp is kept in the store.
const STAMP_KEY: &[u8] = b"node/stamp";

/// What tells one life of a store from another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    version: u32,
    boot: String,
    device: u64,
    inode: u64,
    stamp: String,
}

/// The machine's current run, where the system names it.
fn boot_id() -> Option<String> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(text.trim().to_owned()).filter(|t| !t.is_empty())
}

/// A store that stamps this device's own commits.
#[derive(Debug)]
pub struct StampedStore<S> {
    inner: S,
    home: Home,
    file: &'static str,
    author: SignerKey,
    stamp: [u8; 16],
    continued: bool,
    wrote: bool,
}

impl<S: Store> StampedStore<S> {
    /// Wraps an open store; `file` is its file in `home`, `author` this device.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn new(inner: S, home: &Home, file: &'static str, author: SignerKey) -> Result<Self, StoreError> {
        let mut stamp = [0; 16];
        crate::world::rng().fill_bytes(&mut stamp);
        let held = inner.get(STAMP_KEY)?;
        let continued = matches_record(home, &home.path(file), held.as_deref());
        Ok(Self { inner, home: home.clone(), file, author, stamp, continued, wrote: false })
    }

    /// Whether the device's last logs may be continued.
    pub fn may_continue(&self) -> bool {
        self.continued
    }

    /// Says that the process ends in good order. Without own entries the last record still holds.
    ///
    /// # Errors
    /// When the record cannot be written; the next process begins new logs.
    pub fn close(self) -> Result<(), HomeError> {
        if !self.wrote {
            return Ok(());
        }
        let (Some(boot), Some((device, inode))) = (boot_id(), file_id(&self.home.path(self.file))) else {
            return Ok(());
        };
        let stamp = data_encoding::HEXLOWER.encode(&self.stamp);
        let record = Record { version: VERSION, boot, device, inode, stamp };
        drop(self.inner);
        self.home.write(FILE, serde_json::json!(record).to_string().as_bytes())
    }

    /// From the first own entry on, what was noted of the last process does not hold any more.
    fn begin_to_write(&mut self) -> Result<(), StoreError> {
        if !self.wrote {
            let removed = self.home.remove(FILE);
            removed.map_err(|e| StoreError::Io { doing: "beginning to write", cause: e.to_string() })?;
            self.wrote = true;
        }
        Ok(())
    }

    fn stamp(&mut self, batch: &mut Batch) -> Result<(), StoreError> {
        let own = |w: &Write| matches!(w, Write::Append(e) if e.header().author == self.author);
        if !batch.writes().iter().any(own) {
            return Ok(());
        }
        self.begin_to_write()?;
        batch.put(STAMP_KEY, self.stamp.to_vec());
        Ok(())
    }
}

impl StampedStore<RedbStore> {
    /// Makes the store's file anew if that is due: nothing that was erased is left in it. Where logs may be
    /// continued, the next process knows the new file as the one that this process wrote.
    ///
    /// # Errors
    /// When the storage fails.
    pub fn rewrite_if_due(&mut self) -> Result<bool, StoreError> {
        if !self.inner.rewrite_if_due(self.home.path(self.file))? {
            return Ok(false);
        }
        if self.continued && !self.wrote {
            self.begin_to_write()?;
            let mut batch = Batch::new();
            batch.put(STAMP_KEY, self.stamp.to_vec());
            self.inner.commit(batch)?;
        }
        Ok(true)
    }
}

fn file_id(path: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(path).ok().map(|m| (m.dev(), m.ino()))
}

fn matches_record(home: &Home, store: &Path, held: Option<&[u8]>) -> bool {
    let record = home.read(FILE).ok().flatten();
    let record: Option<Record> = record.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let (Some(record), Some(held), Some(boot)) = (record, held, boot_id()) else { return false };
    record.version == VERSION
        && record.boot == boot
        && file_id(store) == Some((record.device, record.inode))
        && record.stamp == data_encoding::HEXLOWER.encode(held)
}

impl<S: Store> Store for StampedStore<S> {
    fn commit(&mut self, mut batch: Batch) -> Result<(), StoreError> {
        self.stamp(&mut batch)?;
        self.inner.commit(batch)
    }
    fn commit_soon(&mut self, mut batch: Batch) -> Result<(), StoreError> {
        self.stamp(&mut batch)?;
        self.inner.commit_soon(batch)
    }
    fn flush(&mut self) -> Result<(), StoreError> {
        self.inner.flush()
    }
    fn workspaces(&self) -> Result<Vec<WorkspaceId>, StoreError> {
        self.inner.workspaces()
    }
    fn docs(&self, workspace: WorkspaceId) -> Result<Vec<DocSummary>, StoreError> {
        self.inner.docs(workspace)
    }
    fn tips(&self, workspace: WorkspaceId, doc: DocId) -> Result<Vec<LogTip>, StoreError> {
        self.inner.tips(workspace, doc)
    }
    fn tip(&self, workspace: WorkspaceId, doc: DocId, log: LogId) -> Result<Option<LogTip>, StoreError> {
        self.inner.tip(workspace, doc, log)
    }
    fn entries(
        &self,
        workspace: WorkspaceId,
        doc: DocId,
        log: LogId,
        from_seq: u64,
        bytes_max: usize,
    ) -> Result<Vec<Verified>, StoreError> {
        self.inner.entries(workspace, doc, log, from_seq, bytes_max)
    }
    fn entry(
        &self,
        workspace: WorkspaceId,
        doc: DocId,
        log: LogId,
        seq: u64,
    ) -> Result<Option<Verified>, StoreError> {
        self.inner.entry(workspace, doc, log, seq)
    }
    fn bases(&self, workspace: WorkspaceId, doc: DocId) -> Result<Vec<VerifiedHeader>, StoreError> {
        self.inner.bases(workspace, doc)
    }
    fn base(
        &self,
        workspace: WorkspaceId,
        doc: DocId,
        log: LogId,
    ) -> Result<Option<VerifiedHeader>, StoreError> {
        self.inner.base(workspace, doc, log)
    }
    fn snapshots(&self, workspace: WorkspaceId, doc: DocId) -> Result<Vec<Snapshot>, StoreError> {
        self.inner.snapshots(workspace, doc)
    }
    fn snapshot_index(&self, workspace: WorkspaceId) -> Result<Vec<SnapshotSummary>, StoreError> {
        self.inner.snapshot_index(workspace)
    }
    fn snapshot_part(
        &self,
        workspace: WorkspaceId,
        of: &SnapshotSummary,
        offset: usize,
        bytes_max: usize,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.snapshot_part(workspace, of, offset, bytes_max)
    }
    fn proofs(&self, workspace: WorkspaceId) -> Result<Vec<Pair>, StoreError> {
        self.inner.proofs(workspace)
    }
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.get(key)
    }
    fn scan(&self, prefix: &[u8]) -> Result<Vec<KeyValue>, StoreError> {
        self.inner.scan(prefix)
    }
}

#[cfg(test)]
mod tests;
