//! Blobs as files.
//!
//! ```text
//! DIR/WORKSPACE/HASH             a whole blob; its BLAKE3 is HASH
//! DIR/WORKSPACE/HASH.tree        its hash tree, where it is longer than a slice
//! DIR/WORKSPACE/HASH.part        one on its way in: groups where they belong, holes between them
//! DIR/WORKSPACE/HASH.part-tree   the hash pairs that came with them
//! DIR/WORKSPACE/HASH.part-held   total:u64, then a bit per group that is there
//! DIR/WORKSPACE/*.tmp            one that is being made here
//! ```
//!
//! Crash story: a slice is written before its bits are, so a process that is killed
//! loses nothing that it noted down. A machine that loses power may keep bits without
//! bytes: whoever opens a half-fetched blob checks what the bits claim against the
//! blob's name, and clears what is not so. A whole blob is flushed before it gets its
//! name; a name without an ending therefore means a whole and correct blob. A tree is
//! only a help: it proves itself, and is made again where it is missing.

mod folder;
mod keep;
mod partial;
mod worker;

pub use folder::{Entry, Folder, ReadError};
pub use keep::Finished;
pub use partial::{Partial, Progress};
pub use worker::{Answer, Task, Worker, spawn};
