//! One peer's machine for one workspace: edit, ingest, merge, view.
//!
//! Heart storey: no IO of its own, no clock, no ambient randomness. Every call
//! that needs the world takes a [`Step`]: the store, the time, randomness.
//!
//! ```text
//! edit --record--> change --seal--> entry --append--> store        (write.rs)
//! entry --verify--> store --open--> change --merge--> document     (ingest.rs, docs.rs)
//! decision, act --sign--> entry --append--> store                  (decide.rs, acts.rs, statements.rs)
//! document --view--> plain data                                    (view.rs)
//! plain data, statements --evaluate--> where the work stands       (flow.rs)
//! ```
//!
//! What is in memory can always be rebuilt from the store: the membership from
//! the authority log, the keys from its wraps, a document from its entries.
//! Documents load when they are first asked for; what lists show of them is kept at
//! rest (`shown.rs`), so that looking at a list loads none.

mod access;
mod acts;
mod adopt;
mod audit;
mod base;
mod certify;
mod decide;
pub mod device_link;
mod docs;
mod erase;
mod error;
mod flow;
mod held;
mod holds;
mod identity;
mod ingest;
mod keys;
mod link;
mod membership;
mod neighbours;
mod open;
mod past;
mod routes;
mod shown;
mod shred;
mod snapshot;
mod statements;
mod trail;
mod view;
mod witness;
mod write;

pub use access::Standings;
pub use acts::ActChoice;
pub use audit::{AuditLine, Mark};
pub use base::BasedHistory;
pub use certify::Disclosure;
pub use decide::DecisionChoice;
pub use erase::{Erasing, ToErase};
pub use error::{ErrorKind, ReplicaError};
pub use holds::Keeping;
pub use identity::Me;
pub use ingest::{IngestOutcome, Ingested};
pub use link::{InviteLink, LinkError};
pub use membership::{DeviceView, InviteView, MemberView};
pub use neighbours::Neighbour;
pub use open::{CapabilitySigner, Continuation, Membership, Replica, Step};
pub use past::{Heads, PastReview};
pub use routes::{APPROVERS, ChosenRoute, HeldTemplate};
pub use snapshot::{SnapshotRefusal, SnapshotStand, snapshot_is_due};
pub use statements::{Receipt, SignedAct, SignedDecision, SignedDelegation, SignedRecord, SignedStatement};
pub use trail::{LogLine, LogState, TrailReport};
pub use view::{Changed, HeldBackLog};
