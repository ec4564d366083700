//! What happens, for whoever watches.

use proofroom_authority::Role;
use proofroom_ident::{AssetId, BlobHash, EntryHash, SignerKey, WorkspaceId};
use proofroom_sync::Direction;

use crate::failure::Failure;

/// What an exchange tells whoever watches it.
#[derive(Clone, Debug)]
pub enum News {
    /// The relay let this peer in.
    Up {
        /// The workspace.
        workspace: WorkspaceId,
    },
    /// Both sides have what the other had.
    InSync {
        /// The workspace.
        workspace: WorkspaceId,
    },
    /// Entries are durable at the relay.
    Delivered {
        /// The workspace.
        workspace: WorkspaceId,
        /// How many.
        entries: u64,
    },
    /// Entries are durable here.
    Received {
        /// The workspace.
        workspace: WorkspaceId,
        /// How many.
        entries: u64,
    },
    /// A snapshot is durable here, in place of entries.
    Snapshot {
        /// The workspace.
        workspace: WorkspaceId,
        /// For how many entries it stands.
        entries: u64,
    },
    /// A file's bytes went or came.
    File {
        /// The workspace.
        workspace: WorkspaceId,
        /// Which way.
        direction: Direction,
        /// The blob.
        blob: BlobHash,
        /// Its size.
        bytes: u64,
    },
    /// Bytes of files moved, since the last time.
    Progress {
        /// How many.
        bytes: u64,
        /// How many more are expected than before.
        expected: u64,
    },
    /// A device sent wrong bytes, and was sent away.
    Lied {
        /// The workspace.
        workspace: WorkspaceId,
        /// The device.
        device: SignerKey,
        /// The blob.
        blob: BlobHash,
    },
    /// Somebody owes parts of files and is silent: others are asked.
    Stalled {
        /// The workspace.
        workspace: WorkspaceId,
    },
    /// This person became a member.
    Joined {
        /// The workspace.
        workspace: WorkspaceId,
        /// As what.
        role: Role,
    },
    /// A receipt was signed for a review.
    Witnessed {
        /// The workspace.
        workspace: WorkspaceId,
        /// The asset.
        asset: AssetId,
        /// What it is called.
        name: String,
        /// The receipt.
        entry: EntryHash,
        /// The relay that gave its word.
        relay: Option<SignerKey>,
    },
    /// The line broke.
    Down {
        /// The workspace.
        workspace: WorkspaceId,
        /// Why.
        failure: Failure,
    },
    /// Meeting peers failed here; relays go on.
    Trouble {
        /// What failed.
        failure: Failure,
    },
    /// It will be tried again.
    Retry {
        /// The workspace.
        workspace: WorkspaceId,
        /// When.
        after_ms: u64,
    },
}
