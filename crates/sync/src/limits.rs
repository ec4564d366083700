//! Limits on everything that comes from a peer.

use proofroom_entry::{ENTRY_BYTES_MAX, SNAPSHOT_BYTES_MAX};

/// Version of the session protocol.
pub const PROTOCOL: u16 = 1;
/// Largest frame, in bytes. A transport refuses longer ones before it buffers them.
pub const FRAME_BYTES_MAX: usize = 1 << 20;
/// Where a frame of entries, or a part of one large entry, is cut.
pub const ENTRIES_BYTES_MAX: usize = 256 << 10;
/// Entries in flight that the peer has not yet confirmed durable, in bytes.
pub const WINDOW_BYTES: u64 = 1 << 20;
/// Slices of blobs that one side may have asked for at a time.
pub const SLICES_ASKED_MAX: usize = 192;
/// Bytes of blobs that one side may have asked for at a time.
pub const SLICE_BYTES_ASKED_MAX: u64 = 6 << 20;
/// Text of a refusal, in bytes.
pub const TEXT_BYTES_MAX: usize = 400;
/// Entries by which somebody is shown that they were removed, in bytes.
pub const PARTING_BYTES_MAX: usize = 512 << 10;
/// Documents that a caller may rank first.
pub const PREFERRED_MAX: usize = 64;

/// Authors that a peer may say it hears themselves.
pub const DIRECT_MAX: usize = 1_024;
/// How long it is waited for a peer to get elsewhere what a third party brought.
pub const ELSEWHERE_MS: u64 = 700;

/// Snapshots that one list names: those of more documents are found out about when they are offered.
pub const COVERED_MAX: usize = 1_024;

/// Rows of one list of what is held.
pub(crate) const HAVE_PAGE: usize = 4_096;
/// Rows of one page of document digests.
pub(crate) const DIGESTS_PAGE: usize = 8_192;
/// Logs of a document of which a peer is asked for its word that it holds them.
pub const WITNESS_ROWS_MAX: usize = 4_096;
/// Rows of one page of a clock.
pub(crate) const CLOCK_PAGE: usize = 4_096;
/// Rows of one blob offer.
pub(crate) const OFFERS_PAGE: usize = 1_024;
/// Refusals that one confirmation lists: one per log, so few.
pub(crate) const REFUSALS_MAX: usize = 1_024;

/// What one session accepts; the defaults suit a member's own machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest entry, in bytes.
    pub entry_bytes_max: usize,
    /// Largest snapshot, in bytes.
    pub snapshot_bytes_max: usize,
    /// Largest blob, in bytes.
    pub blob_bytes_max: u64,
    /// Documents of one workspace that are compared.
    pub docs_max: usize,
    /// Logs of one document that are compared.
    pub logs_max: usize,
    /// Logs that a slow reader may fall behind in before it is cut off.
    pub behind_logs_max: usize,
    /// Blobs that may be wanted or offered at a time.
    pub blobs_max: usize,
    /// Time for the handshake.
    pub handshake_ms_max: u64,
    /// Time for the peer to confirm entries before the session is given up.
    pub stall_ms_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entry_bytes_max: ENTRY_BYTES_MAX,
            snapshot_bytes_max: SNAPSHOT_BYTES_MAX,
            blob_bytes_max: 1 << 40,
            docs_max: 65_536,
            logs_max: 65_536,
            behind_logs_max: 65_536,
            blobs_max: 65_536,
            handshake_ms_max: 10_000,
            stall_ms_max: 60_000,
        }
    }
}
