//! Blobs in slices: what a slice proves, what is held, who is asked for what.
//!
//! ```text
//! blob     ciphertext, named by its BLAKE3
//! group    16 KiB of it: the least that is verified, held or asked for
//! slice    a run of groups, 256 KiB at most, with the hashes that tie it to the name
//! tree     the hash pairs above the groups, in pre-order, 64 bytes each
//! ```
//!
//! A slice stands for itself: nothing but the blob's name and length is needed to
//! verify it, so slices come in any order and from anybody. The encoding of a slice
//! is Bao's, with groups of 16 chunks: hash pairs from the root down, in pre-order,
//! each group where it belongs.
//!
//! [`Fetch`] decides who is asked for which groups: a machine without files,
//! sockets or clock.

mod fetch;
mod growing;
mod held;
mod pace;
mod slice;

pub use fetch::{Event, Fetch, Input, Output, Rank, STALL_MS_MAX, Standing, Want};
pub use growing::Growing;
pub use held::{Held, Span};
pub use pace::Pace;
pub use slice::{
    ENCODED_BYTES_MAX, GROUP_BYTES, NODE_BYTES, Node, Nodes, SLICE_BYTES, Slice, WrongSlice, prove,
    prove_whole, tree_bytes, tree_of, verify,
};
