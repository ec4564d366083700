//! Bundle files: a workspace, or a part of it, without a network.
//!
//! ```text
//! header   "proofroom bundle" version:u8=1 workspace:32
//! frames   n * (len:u32 frame)      the messages Entries, Part and BlobSlice of a session
//! trailer  0:u32 frames:u64 entries:u64 digest:32    BLAKE3 of all bytes before the digest
//! ```
//!
//! A file that ends early, or was altered, is named as such; read it to its end
//! once before taking anything from it. Pure: bytes in, bytes out.

mod export;
mod import;

pub use export::Export;
pub use import::{BundleError, Import, Item};

const MAGIC: &[u8; 16] = b"proofroom bundle";
const VERSION: u8 = 1;
const HEADER_BYTES: usize = 16 + 1 + 32;
/// After the zero length: frames, entries, digest.
const TRAILER_BYTES: usize = 8 + 8 + 32;
