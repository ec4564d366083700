//! The relay's machine: stores and forwards what it cannot read.
//!
//! ```text
//! frame --session--> signed entries --verify, judge, charge--> batch --commit--> store
//!                                                                         `--> every reader, one shared frame
//! ```
//!
//! A relay holds ciphertext, and the membership log, which is in the clear. It
//! checks once what it can check: signature, chain, membership, quotas. It sees who
//! writes, when and how much; it never sees a name, a text or a picture, and no
//! crate it is made of could show it one.
//!
//! Pure: time and randomness are handed in, sockets and files are the driver's. In
//! memory it keeps, per workspace in use, the membership and some counters; its
//! size does not grow with what the documents hold.

mod admission;
mod config;
mod ingest;
mod io;
mod rate;
mod relay;
mod room;
mod usage;

pub use admission::Denial;
pub use config::{Config, Creators, Quotas};
pub use io::{BlobInput, BlobOp, ConnId, Input, Note, Output};
pub use relay::Relay;
