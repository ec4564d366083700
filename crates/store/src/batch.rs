//! Batches: the ordered writes of one commit.

use proofroom_entry::{Snapshot, Verified, VerifiedHeader};
use proofroom_ident::{DocId, SignerKey, WorkspaceId};

use crate::StoreError;

/// Longest key of [`Batch::put`], in bytes.
pub const KEY_BYTES_MAX: usize = 1 << 10;
/// Longest value of [`Batch::put`], in bytes.
pub const VALUE_BYTES_MAX: usize = 64 << 20;

/// One write of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Appends an entry to its log.
    Append(Verified),
    /// Keeps two entries that prove an equivocation.
    Proof(Box<(Verified, Verified)>),
    /// Sets a key.
    Put(Vec<u8>, Vec<u8>),
    /// Removes a key; absent keys are no error.
    Delete(Vec<u8>),
    /// Begins a log that is not held at a later entry than its first.
    Base(Box<VerifiedHeader>),
    /// Drops every log of a document that begins at a base, and its snapshots.
    DropBased(WorkspaceId, DocId),
    /// Offers a snapshot for keeping.
    Snapshot(Box<Snapshot>),
    /// Forgets a maker's snapshot of a document.
    DropSnapshot(WorkspaceId, DocId, SignerKey),
    /// Keeps of an entry no more than header and signature.
    Erase(Verified),
}

/// Ordered writes that become durable together, or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "a batch does nothing until it is committed"]
pub struct Batch {
    writes: Vec<Write>,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends an entry to its log; it must follow the log's tip, or the entry
    /// that this batch appends before it.
    pub fn append(&mut self, entry: Verified) -> &mut Self {
        self.push(Write::Append(entry))
    }

    /// Keeps the proof that an author signed two entries for one position of one
    /// log. A store keeps one proof per log, that of the earliest position.
    pub fn proof(&mut self, one: Verified, other: Verified) -> &mut Self {
        self.push(Write::Proof(Box::new((one, other))))
    }

    /// Sets a key; the last write of a key wins.
    pub fn put(&mut self, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> &mut Self {
        self.push(Write::Put(key.into(), value.into()))
    }

    /// Removes a key.
    pub fn delete(&mut self, key: impl Into<Vec<u8>>) -> &mut Self {
        self.push(Write::Delete(key.into()))
    }

    /// Begins a log of changes, of which nothing is held, at this entry: those up to it
    /// are not held, the next one must follow it. Only where a snapshot stands for them.
    pub fn base(&mut self, header: VerifiedHeader) -> &mut Self {
        self.push(Write::Base(Box::new(header)))
    }

    /// Drops every log of a document that begins at a base, the entries after it
    /// included, and the document's snapshots. Comes before all else in its batch, whatever its place.
    pub fn drop_based(&mut self, workspace: WorkspaceId, doc: DocId) -> &mut Self {
        self.push(Write::DropBased(workspace, doc))
    }

    /// Offers a snapshot. A store keeps the two of a document that stand for most
    /// entries, one per maker, and forgets the others: see [`crate::worth_keeping`].
    pub fn snapshot(&mut self, snapshot: Snapshot) -> &mut Self {
        self.push(Write::Snapshot(Box::new(snapshot)))
    }

    /// Forgets the snapshot that `maker` made of a document; an absent one is no error.
    pub fn drop_snapshot(&mut self, workspace: WorkspaceId, doc: DocId, maker: SignerKey) -> &mut Self {
        self.push(Write::DropSnapshot(workspace, doc, maker))
    }

    /// Keeps of an entry that is held no more than header and signature; one that is not held is no error.
    pub fn erase(&mut self, entry: &Verified) -> &mut Self {
        self.push(Write::Erase(entry.without_payload()))
    }

    /// Adds the writes of `other` after these.
    pub fn extend(&mut self, other: Batch) -> &mut Self {
        self.writes.extend(other.writes);
        self
    }

    /// The writes, in order.
    pub fn writes(&self) -> &[Write] {
        &self.writes
    }

    /// The writes, in order, by value.
    pub fn into_writes(self) -> Vec<Write> {
        self.writes
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// How many writes there are.
    pub fn len(&self) -> usize {
        self.writes.len()
    }

    fn push(&mut self, write: Write) -> &mut Self {
        self.writes.push(write);
        self
    }
}

impl Write {
    /// Checks the limits of keys and values.
    pub(crate) fn check_sizes(&self) -> Result<(), StoreError> {
        let within = |what, bytes: usize, bytes_max| {
            if bytes > bytes_max { Err(StoreError::TooLarge { what, bytes, bytes_max }) } else { Ok(()) }
        };
        match self {
            Self::Put(key, value) => {
                within("key", key.len(), KEY_BYTES_MAX)?;
                within("value", value.len(), VALUE_BYTES_MAX)
            }
            Self::Delete(key) => within("key", key.len(), KEY_BYTES_MAX),
            Self::Append(_)
            | Self::Proof(_)
            | Self::Base(_)
            | Self::DropBased(..)
            | Self::Snapshot(_)
            | Self::DropSnapshot(..)
            | Self::Erase(_) => Ok(()),
        }
    }
}
