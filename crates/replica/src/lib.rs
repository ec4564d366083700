//! One peer's machine for one workspace: edit, ingest, merge, view.
//!
//! Heart storey: no IO of its own, no clock, no ambient randomness. Every call
//! that needs the world takes a [`Step`]: the store, the time, randomness.
//!
//! ```text
//! edit --record--> change --seal--> entry --append--> store        (write.rs)
//! entry --verify--> store --open--> change --merge--> document     (ingest.rs, docs.rs)
//! document --view--> plain data                                    (view.rs)
//! ```
//!
//! What is in memory can always be rebuilt from the store: the membership from
//! the authority log, the keys from its wraps, a document from its entries.
//! Documents load when they are first asked for; what lists show of them is kept at
//! rest (`shown.rs`), so that looking at a list loads none.

mod access;
mod adopt;
mod base;
mod docs;
mod error;
mod held;
mod identity;
mod ingest;
mod keys;
mod link;
mod membership;
mod neighbours;
mod open;
mod shown;
mod snapshot;
mod statements;
mod trail;
mod view;
mod write;

pub use access::Standings;
pub use base::BasedHistory;
pub use error::{ErrorKind, ReplicaError};
pub use identity::Me;
pub use ingest::{IngestOutcome, Ingested};
pub use link::{InviteLink, LinkError};
pub use membership::{DeviceView, InviteView, MemberView};
pub use neighbours::Neighbour;
pub use open::{Continuation, Membership, Replica, Step};
pub use snapshot::{SnapshotRefusal, snapshot_is_due};
pub use statements::{DecisionChoice, Receipt, SignedDecision};
pub use trail::{LogLine, LogState, TrailReport};
pub use view::{AssetStatus, Changed, HeldBackLog};
