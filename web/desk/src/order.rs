//! What a desk asks of the browser.

use bytes::Bytes;
use proofroom_blobs::Span;
use proofroom_ident::{BlobHash, WorkspaceId};
use proofroom_web_wire::Notice;

/// What a desk asks of the browser, in order.
#[derive(Debug)]
pub enum Order {
    /// Open a socket to a relay.
    Connect {
        /// Whose.
        workspace: WorkspaceId,
        /// The relay's address.
        url: String,
        /// How many attempts failed before this one: wait longer after more.
        attempts: u32,
    },
    /// Send a frame.
    Send {
        /// On whose socket.
        workspace: WorkspaceId,
        /// The frame.
        frame: Bytes,
    },
    /// Close the socket after what was sent.
    Hangup {
        /// Whose.
        workspace: WorkspaceId,
    },
    /// Write a part of a blob, then call [`crate::Desk::slice_written`].
    Write {
        /// Whose.
        workspace: WorkspaceId,
        /// Its hash.
        blob: BlobHash,
        /// The blob's length.
        total: u64,
        /// Which part.
        span: Span,
        /// Its ciphertext.
        bytes: Bytes,
    },
    /// All of a blob was written: make it durable, then call [`crate::Desk::blob_kept`].
    Seal {
        /// Whose.
        workspace: WorkspaceId,
        /// Its hash.
        blob: BlobHash,
    },
    /// Read a slice of a blob and the blob's tree, then call [`crate::Desk::slice_read`].
    Read {
        /// Whose.
        workspace: WorkspaceId,
        /// The blob.
        blob: BlobHash,
        /// The slice.
        span: Span,
    },
    /// A blob is not kept here any more.
    Drop {
        /// The blob.
        blob: BlobHash,
    },
    /// A blob's tree is not needed any more.
    DropTree {
        /// The blob.
        blob: BlobHash,
    },
    /// An upload was given up: its files' pieces go.
    Discard {
        /// The upload.
        id: String,
        /// How many files it has.
        parts: usize,
    },
    /// Tell all pages.
    Tell(Notice),
}
