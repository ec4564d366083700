//! The store contract: what a backend keeps, what it refuses, and when it may
//! say that it kept it.
//!
//! ```text
//! Batch --commit--> entries, tips, document summaries   (all of it, or nothing)
//! ```
//!
//! A store takes [`Batch`]es and nothing else. [`Store::commit`] returns once the
//! whole batch is durable; until then no reader sees any of it. Appends are
//! checked against their log's tip inside the commit, so two writers can never
//! interleave one log: a break refuses the whole batch and changes nothing.
//!
//! What somebody else keeps anyway need not wait for the disk before it is shown and
//! passed on. [`Store::commit_soon`] makes a batch visible at once and leaves it to
//! [`Store::flush`], or to any later commit, to make it durable; only then is it
//! confirmed to whoever sent it. One flush serves many batches.
//!
//! A log of changes may begin at a *base*: the signed header of a later entry than
//! its first, with a snapshot that stands for the entries up to there. Its tip,
//! its chain and its document's digest are as if all were held. The base is durable
//! in the commit that brings what stands for it, and goes when it stops holding,
//! with all that follows it.
//!
//! Crash story: after a crash, whatever the moment, the store opens with every
//! batch whose commit returned and, for the batch in flight, all of it or none. Of
//! batches that were to be durable soon, the first so many are there: none is without
//! those before it.
//! After an input or output failure the store is *poisoned*: what is on the disk
//! is no longer known, so every later call errs until the store is reopened.
//!
//! An entry whose payload was erased stays with header and signature, so its log's chain holds. A backend may keep
//! deleted bytes in its files for a while; whoever erases notes [`REWRITE_DUE`], and whoever owns the
//! file makes it anew.
//!
//! Only [`proofroom_entry::Verified`] entries get in, so reading back trusts the
//! stored bytes. [`conformance`] holds the checks that every backend passes.

/// A key that is there as long as bytes that were erased may lie in free pages of the store's file.
pub const REWRITE_DUE: &[u8] = b"rewrite-due";

mod batch;
pub mod conformance;
mod contract;
mod effect;
mod error;
mod evidence;
pub mod memory;

pub use batch::{Batch, KEY_BYTES_MAX, VALUE_BYTES_MAX, Write};
pub use contract::{DocSummary, KeyValue, Pair, SnapshotSummary, Store, doc_digest};
pub use effect::{
    DocKey, Effect, Growth, LogKey, SNAPSHOTS_MAX, check_proof, dropped, is_worth_keeping, worth_keeping,
};
pub use error::StoreError;
pub use evidence::{branch_key, entries_at, evidence};
pub use memory::MemoryStore;
