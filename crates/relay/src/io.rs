//! What the machine is told, and what it asks for.

use bytes::Bytes;
use proofroom_blobs::{Held, Slice, Span};
use proofroom_ident::{BlobHash, SignerKey, WorkspaceId};
use proofroom_sync::Code;

/// One connection, numbered by the driver; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);

/// What happened on a connection.
#[derive(Clone, Debug)]
pub enum Input {
    /// A frame came.
    Frame(Bytes),
    /// The connection is gone.
    Closed,
}

/// What the driver found in its blob directory.
#[derive(Clone, Debug)]
pub enum BlobInput {
    /// Answers [`BlobOp::Read`].
    Piece {
        /// For whom.
        to: ConnId,
        /// The blob.
        blob: BlobHash,
        /// Size of the whole blob.
        total: u64,
        /// The slice.
        span: Span,
        /// The slice with its hash pairs.
        encoded: Bytes,
    },
    /// Answers [`BlobOp::Read`]: it is not there.
    Missing {
        /// For whom.
        to: ConnId,
        /// The blob.
        blob: BlobHash,
    },
    /// Answers [`BlobOp::Begin`].
    Begun {
        /// Of which workspace.
        workspace: WorkspaceId,
        /// The blob.
        blob: BlobHash,
        /// What is there of it.
        held: Held,
    },
    /// Answers [`BlobOp::Write`].
    Written {
        /// Who sent it.
        from: ConnId,
        /// Of which workspace.
        workspace: WorkspaceId,
        /// The blob.
        blob: BlobHash,
        /// The slice.
        span: Span,
    },
    /// A blob is whole and durable.
    Kept {
        /// Of which workspace.
        workspace: WorkspaceId,
        /// The blob.
        blob: BlobHash,
        /// Its size.
        bytes: u64,
    },
    /// Writing or keeping failed: a full disk, say.
    Failed {
        /// Of which workspace.
        workspace: WorkspaceId,
        /// The blob.
        blob: BlobHash,
        /// What the system said.
        cause: String,
    },
}

/// What the driver does with blobs, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlobOp {
    /// Read and prove a slice.
    Read {
        /// The blob.
        blob: BlobHash,
        /// The slice.
        span: Span,
    },
    /// See what is there of a blob of this size.
    Begin {
        /// The blob.
        blob: BlobHash,
        /// Its size.
        total: u64,
    },
    /// Write a slice; once all are there, make the blob durable.
    Write {
        /// The blob.
        blob: BlobHash,
        /// Its size.
        total: u64,
        /// The slice.
        slice: Slice,
    },
    /// Nobody brings the rest: what is there may stay a while.
    Rest(BlobHash),
    /// It was erased: remove it.
    Remove(BlobHash),
}

/// What the machine asks of its driver, in order.
#[derive(Clone, Debug)]
pub enum Output {
    /// Send a frame.
    Send {
        /// To whom.
        conn: ConnId,
        /// The frame; shared among readers where it can be.
        frame: Bytes,
    },
    /// Send what is queued, then close.
    Close {
        /// Which connection.
        conn: ConnId,
        /// Why, for programs.
        code: Code,
        /// Why, for people.
        text: String,
    },
    /// Do something with a blob.
    Blob {
        /// For which connection.
        conn: ConnId,
        /// In which workspace.
        workspace: WorkspaceId,
        /// What.
        op: BlobOp,
    },
    /// For logs and counters.
    Note(Note),
}

/// Something that an operator may want to count or read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A session began.
    Admitted {
        /// The connection.
        conn: ConnId,
        /// The workspace.
        workspace: WorkspaceId,
        /// The device.
        device: SignerKey,
    },
    /// A session was refused, or ended from this side.
    Refused {
        /// The connection.
        conn: ConnId,
        /// Why, for programs.
        code: Code,
        /// Why, for people.
        text: String,
    },
    /// Entries are durable.
    Stored {
        /// The workspace.
        workspace: WorkspaceId,
        /// How many.
        entries: u64,
        /// Their size.
        bytes: u64,
        /// To how many readers they went at once.
        readers: u64,
    },
    /// Entries were not taken.
    EntriesRefused {
        /// The connection that brought them.
        conn: ConnId,
        /// How many.
        entries: u64,
        /// Why.
        code: Code,
    },
    /// A new workspace.
    Created(WorkspaceId),
    /// A proof that an author signed two histories was kept.
    Equivocation {
        /// The workspace.
        workspace: WorkspaceId,
        /// The author.
        author: SignerKey,
    },
    /// A snapshot is kept for newcomers.
    SnapshotKept {
        /// The workspace.
        workspace: WorkspaceId,
        /// For how many entries it stands.
        entries: u64,
        /// Its size.
        bytes: u64,
    },
    /// A blob is durable.
    BlobKept {
        /// Its size.
        bytes: u64,
    },
    /// What a member who may has erased is forgotten.
    Erased {
        /// The workspace.
        workspace: WorkspaceId,
        /// How many payloads of entries.
        entries: u64,
        /// How many blobs.
        blobs: u64,
    },
    /// A piece of a blob was sent.
    BlobSent {
        /// Its size.
        bytes: u64,
    },
    /// A device sent bytes that are not what they claim to be; its session is closed.
    Lied {
        /// The workspace.
        workspace: WorkspaceId,
        /// The device.
        device: SignerKey,
        /// The blob.
        blob: BlobHash,
    },
    /// A connection owes parts of blobs and is silent.
    Stalled {
        /// The workspace.
        workspace: WorkspaceId,
        /// The connection.
        conn: ConnId,
    },
    /// The store failed: nothing more can be taken; stop and look at the disk.
    StoreFailed(String),
}
