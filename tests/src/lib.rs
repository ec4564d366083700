//! What the whole-process tests stand on: peers and relays as real processes,
//! real media made on the spot, and the sources of this repository as data.
//!
//! Nothing here links the code under test: it is run, and its output read.

pub mod authority;
pub mod house;
pub mod liar;
pub mod line;
pub mod media;
pub mod net;
pub mod payload;
pub mod peer;
pub mod python;
pub mod relay;
pub mod sift;
pub mod store;
pub mod up;
pub mod world;
