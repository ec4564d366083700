//! Signed, chained entries: the only thing that is stored and sent.
//!
//! A workspace is a set of logs. A log belongs to one document and one writer
//! session of one device; its entries are numbered from 1 and each names the
//! hash of the one before it. A log carries either changes or statements or
//! membership operations, and its id says which. Ground storey: no IO, no clock,
//! no ambient randomness.
//!
//! ```text
//! offset  field          bytes
//!      0  version            1   1
//!      1  kind               1   EntryKind
//!      2  audience           1   Audience, the one that doc_id names
//!      3  workspace_id      32   zero in a genesis entry only
//!     35  doc_id            16
//!     51  author            32   the device's signing key
//!     83  log_id            16   8 random bytes whose top two bits are the LogClass,
//!                                8 that follow from them, the author and the document
//!     99  seq                8   from 1, contiguous, to SEQ_MAX
//!    107  prev              32   hash of the entry before, zero when seq is 1
//!    139  prev_log_head     32   hash of the head of the author's previous log of this
//!                                class in this document, zero when there is none or seq > 1
//!    171  auth_head         32   the authority entry that the author stood on
//!    203  claimed_at         8   milliseconds, a claim
//!    211  key_id            16   epoch key, zero where the payload is plain
//!    227  nonce             24   zero where the payload is plain
//!    251  tip_commit        32   keyed hash of the last change inside, else zero
//!    283  payload_len        4
//!    287  payload_hash      32   BLAKE3 of the payload as transmitted
//!    319  signature         64   over bytes 0..319, strict Ed25519 (RFC 8032)
//!    383  payload            n
//! ```
//!
//! The entry's hash is BLAKE3 of bytes 0..383 (header and signature); the
//! payload is bound through its own hash, so a log's chain can be checked from
//! headers alone.
//!
//! An entry of changes may lose its payload: header and signature then stand for it, in a store, on the wire and
//! in a certificate, and the log's chain holds as before. Only who knows of the erasure takes such an entry
//! ([`Signed::verify_erased`]).
//!
//! [`Signed`] is what somebody claims; only this crate turns it into a
//! [`Verified`], and nothing reaches a payload before that.

mod chain;
mod header;
mod held;
mod signed;
mod snapshot;
mod write;

pub use chain::{ChainError, LogTip, check_link};
pub use header::{
    DecodeError, ENTRY_BYTES_MAX, EntryKind, HEADER_BYTES, Header, PAYLOAD_BYTES_MAX, SEQ_MAX, SIGNED_BYTES,
    seal_aad,
};
pub use held::Held;
pub use signed::{Signed, SignedHeader, Verified, VerifiedHeader, VerifyError};
pub use snapshot::{
    SNAPSHOT_BYTES_MAX, SNAPSHOT_PAYLOAD_BYTES_MAX, SNAPSHOT_ROWS_MAX, SignedSnapshot, Snapshot,
    SnapshotDraft, SnapshotHeader,
};
pub use write::{Draft, LogWriter, WriteError};
