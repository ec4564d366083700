//! The trait that every backend implements.

use proofroom_entry::{LogTip, Snapshot, Verified, VerifiedHeader};
use proofroom_ident::{Audience, DocId, LogId, SignerKey, SnapshotId, WorkspaceId};

use crate::{Batch, StoreError};

/// Two entries of one author for one position of one log.
pub type Pair = (Verified, Verified);

/// A small value under its key.
pub type KeyValue = (Vec<u8>, Vec<u8>);

/// What a store holds of one document, without reading its entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DocSummary {
    /// The document.
    pub doc: DocId,
    /// Who may read it.
    pub audience: Audience,
    /// [`doc_digest`] of its tips: two replicas with equal digests hold the same entries,
    /// or snapshots that stand for them.
    pub digest: [u8; 32],
    /// How many entries are held; those that a snapshot stands for are not.
    pub entries: u64,
    /// Their size as transmitted.
    pub bytes: u64,
}

/// What a store holds of one snapshot, without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotSummary {
    /// The document.
    pub doc: DocId,
    /// Who made it.
    pub maker: SignerKey,
    /// Names it.
    pub id: SnapshotId,
    /// How many entries it stands for.
    pub entries: u64,
    /// Its size as transmitted.
    pub bytes: u64,
}

impl SnapshotSummary {
    /// The summary of a snapshot.
    pub fn of(snapshot: &Snapshot) -> Self {
        Self {
            doc: snapshot.header().doc,
            maker: snapshot.header().maker,
            id: snapshot.id(),
            entries: snapshot.entries(),
            bytes: snapshot.bytes().len() as u64,
        }
    }
}

/// Keeps entries and small values. See the crate's header for what a commit promises.
///
/// Readers see the last commit. Every list is in ascending order of its key.
pub trait Store {
    /// Makes the whole batch durable, then returns.
    ///
    /// # Errors
    /// A refusal leaves the store as it was; a failure of the storage poisons it
    /// ([`StoreError::is_refusal`], [`StoreError::poisons`]).
    fn commit(&mut self, batch: Batch) -> Result<(), StoreError>;

    /// Makes the whole batch visible, and durable by the next [`Store::flush`] or
    /// [`Store::commit`]. For what others hold until this side confirms it: entries of
    /// others. Never for what this side is the only one to know.
    ///
    /// # Errors
    /// As [`Store::commit`].
    fn commit_soon(&mut self, batch: Batch) -> Result<(), StoreError>;

    /// Makes durable what is visible. Costs nothing if all is.
    ///
    /// # Errors
    /// A failure of the storage poisons the store.
    fn flush(&mut self) -> Result<(), StoreError>;

    /// All workspaces of which entries are held.
    fn workspaces(&self) -> Result<Vec<WorkspaceId>, StoreError>;

    /// The documents of a workspace of which entries are held.
    fn docs(&self, workspace: WorkspaceId) -> Result<Vec<DocSummary>, StoreError>;

    /// The last entries of a document's logs.
    fn tips(&self, workspace: WorkspaceId, doc: DocId) -> Result<Vec<LogTip>, StoreError>;

    /// The last entry of one log.
    fn tip(&self, workspace: WorkspaceId, doc: DocId, log: LogId) -> Result<Option<LogTip>, StoreError>;

    /// Entries of a log from position `from_seq` on, without holes: as many as fit
    /// `bytes_max`, and at least one if there is one. Of a log that begins at a base, those after it.
    fn entries(
        &self,
        workspace: WorkspaceId,
        doc: DocId,
        log: LogId,
        from_seq: u64,
        bytes_max: usize,
    ) -> Result<Vec<Verified>, StoreError>;

    /// One entry by its position.
    fn entry(
        &self,
        workspace: WorkspaceId,
        doc: DocId,
        log: LogId,
        seq: u64,
    ) -> Result<Option<Verified>, StoreError>;

    /// Where the logs of a document begin that begin at a base, by log.
    fn bases(&self, workspace: WorkspaceId, doc: DocId) -> Result<Vec<VerifiedHeader>, StoreError>;

    /// Where a log begins, if it begins at a base.
    fn base(
        &self,
        workspace: WorkspaceId,
        doc: DocId,
        log: LogId,
    ) -> Result<Option<VerifiedHeader>, StoreError>;

    /// The snapshots kept of a document, the one that stands for most entries first.
    fn snapshots(&self, workspace: WorkspaceId, doc: DocId) -> Result<Vec<Snapshot>, StoreError>;

    /// All snapshots kept of a workspace, by document and maker.
    fn snapshot_index(&self, workspace: WorkspaceId) -> Result<Vec<SnapshotSummary>, StoreError>;

    /// Bytes of a snapshot from `offset` on, at most `bytes_max`; `None` if it is not kept, or is shorter.
    fn snapshot_part(
        &self,
        workspace: WorkspaceId,
        of: &SnapshotSummary,
        offset: usize,
        bytes_max: usize,
    ) -> Result<Option<Vec<u8>>, StoreError>;

    /// The proofs of equivocation held for a workspace: at most one per log, that
    /// of the earliest position.
    fn proofs(&self, workspace: WorkspaceId) -> Result<Vec<Pair>, StoreError>;

    /// The value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// All keys that begin with `prefix`, with their values.
    fn scan(&self, prefix: &[u8]) -> Result<Vec<KeyValue>, StoreError>;
}

/// The digest of a document: BLAKE3 over `log, seq, hash` of its tips in
/// ascending order of their logs. `tips` must be in that order, as [`Store::tips`] returns them.
pub fn doc_digest<'a>(tips: impl IntoIterator<Item = &'a LogTip>) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("proofroom 1 document digest");
    for tip in tips {
        hasher.update(tip.log.as_bytes()).update(&tip.seq.to_le_bytes()).update(tip.hash.as_bytes());
    }
    *hasher.finalize().as_bytes()
}
