//! What the machine is told, and what it asks for.

use bytes::Bytes;
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
    /// Answers a [`BlobOp`].
    Blob(BlobInput),
}

/// What the driver found in its blob directory.
#[derive(Clone, Debug)]
pub enum BlobInput {
    /// Answers [`BlobOp::Read`].
    Piece {
        /// The blob.
        blob: BlobHash,
        /// Where the piece begins.
        offset: u64,
        /// Size of the whole blob.
        total: u64,
        /// The piece.
        bytes: Bytes,
    },
    /// Answers [`BlobOp::Read`]: it is not there.
    Missing(BlobHash),
    /// Answers [`BlobOp::Keep`]: it is durable.
    Kept {
        /// The blob.
        blob: BlobHash,
        /// Its size.
        bytes: u64,
    },
    /// Writing or keeping failed: a full disk, say.
    Failed {
        /// The blob.
        blob: BlobHash,
        /// What the system said.
        cause: String,
    },
}

/// What the driver does with blobs. Ops of one connection are done in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlobOp {
    /// Read a piece.
    Read {
        /// The blob.
        blob: BlobHash,
        /// Where the piece begins.
        offset: u64,
        /// How many bytes; fewer only at the end.
        bytes_max: usize,
    },
    /// Write a piece to this connection's temporary file for the blob; offset 0 begins anew.
    Write {
        /// The blob.
        blob: BlobHash,
        /// Where the piece begins.
        offset: u64,
        /// The piece.
        bytes: Bytes,
    },
    /// All is written and has the right hash: flush it, put it in its place, answer.
    Keep(BlobHash),
    /// Delete this connection's temporary file for the blob.
    Drop(BlobHash),
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
    /// A blob is durable.
    BlobKept {
        /// Its size.
        bytes: u64,
    },
    /// A piece of a blob was sent.
    BlobSent {
        /// Its size.
        bytes: u64,
    },
    /// The store failed: nothing more can be taken; stop and look at the disk.
    StoreFailed(String),
}
