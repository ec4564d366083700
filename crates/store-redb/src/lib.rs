//! The store contract on redb: one file, one writing process.
//!
//! ```text
//! table      key                                   value
//! schema     "schema"                              u32
//! entries-1  workspace:32 doc:16 log:16 seq:u64be  the entry as transmitted
//! tips-1     workspace:32 doc:16 log:16            author:32 audience:1 seq:u64le hash:32
//! docs-1     workspace:32 doc:16                   audience:1 entries:u64le bytes:u64le digest:32
//! proofs-1   workspace:32 doc:16 log:16            (len:u32le entry) twice, one log position
//! meta-1     the caller's bytes                    the caller's bytes
//! bases-1    workspace:32 doc:16 log:16            header and signature of the entry before the first held
//! snapshots-1  workspace:32 doc:16 maker:32        the snapshot as transmitted, at most two a document
//! snapshot-index-1  workspace:32 doc:16 maker:32   id:32 entries:u64le bytes:u64le of each of them
//! ```
//!
//! Keys sort as bytes do, so a log is one range, and so are a document's logs
//! and a workspace's documents. The number in a table's name is its layout's
//! version; `schema` counts all of them together, and a file with a higher count
//! than this program knows is refused before any table is touched.
//!
//! # What survives
//!
//! [`Store::commit`] is one redb transaction with immediate durability: the new pages
//! and the root beside the old one are written, synced together, then the call returns.
//! A crash before the sync leaves the old root, with every earlier commit, or the new
//! one if all of it reached the disk: redb's checksums tell. Tip, document digest and
//! entry change in the same transaction, so none can run ahead of the others.
//!
//! One sync and not two (redb's second phase) halves the time to durable, which every
//! edit pays three times on its way. The price is that opening after a crash walks the
//! file: [`RedbStore::settle`] saves what spares that walk once a store is quiet, and a
//! closed store needs none. What two phases protect from is an author who knows the file
//! and chooses the moment of the crash; the entries that such a one could damage are
//! checked when they are read back.
//!
//! [`Store::commit_soon`] is the same transaction without the sync: its pages stay in this
//! process, under a root that only this process reads, until a durable one (a later commit,
//! or the empty one of [`Store::flush`]) writes and syncs all of them. A crash before that
//! leaves the last durable root.
//!
//! A new file is filled under the name `*.new`, renamed when its tables are
//! durable, and its directory synced: there is no half-made store, and no power
//! loss takes the name away.
//!
//! What is deleted leaves its bytes in free pages; [`RedbStore::rewrite`] makes the file anew without them, in the
//! same way: filled as `*.new`, then renamed over the old one.
//!
//! A failed read, write or sync poisons the store: what reached the disk is then
//! unknown until the file is opened again. A full disk is such a failure and says
//! so. Entries are checked when they are read back (position, chain, payload
//! hash), so a damaged sector is named instead of served; where redb itself
//! panics over a damaged page, that is caught and reported as damage.
//!
//! The file is locked while it is open: a second process is told so at once.

mod failure;
mod layout;
mod read;
mod rewrite;
mod store;
mod write;

/// What a store on other storage than a file is opened on.
pub use redb::StorageBackend;
pub use store::{CACHE_BYTES_DEFAULT, RedbStore, SCHEMA};

#[cfg(doc)]
use proofroom_store::Store;
