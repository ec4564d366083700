//! Who may do what: the membership log and its evaluation.
//!
//! Ground storey: no IO, no clock, no ambient randomness. A workspace's members,
//! devices, invites and epoch keys come from *authority entries* in the clear, so
//! that a relay evaluates them too. Each entry names the entries that its author
//! knew; what it means is a pure function of the *set* of entries:
//!
//! ```text
//! Verified --insert--> Authority          entries wait for their parents
//!                        | graph          who stands on whom, gates, the past
//!                        | mandate        may the author do this, by what they knew?
//!                        | strikes        which concurrent entries strike which?
//!                        | evaluate       the rest takes effect, one after another
//!                        v
//!                      State, Standing    members, devices, invites, keys; does an entry count?
//! ```
//!
//! The rules, in the order in which they decide:
//!
//! 1. One acts on lower ranks only, owners also on owners; only an owner makes
//!    owners; the last owner stays. Leaving, stepping down and one's own devices
//!    are everybody's own business. Judged by what the author knew.
//! 2. A removal strikes what its target wrote without being in its past, whatever
//!    time it claims. In a mutual removal the senior's stands.
//! 3. Of concurrent changes of one person's role the one of higher rank stands,
//!    then of the senior author, then of the lower hash.
//! 4. What rests on a struck entry has no effect either.
//! 5. What has no effect stays in the log, with its reason ([`Refusal`]).
//!
//! For documents, a removal carries a [`Cut`]: entries of the removed author beyond
//! it are [`Standing::HeldBack`], until an [`Op::ExtendCut`] adopts them.
//!
//! The bytes of an operation are drawn in the codec's header; `tests/vectors` holds
//! one of each.

mod attest;
mod authority;
mod evaluate;
mod graph;
mod mandate;
mod op;
mod refusal;
mod role;
mod standing;
mod state;
mod strikes;
#[cfg(test)]
mod tests;
mod waiting;

pub use attest::Unvouched;
pub use authority::{Authority, Inserted};
pub use op::{
    CUT_LOGS_MAX, Cut, ERASED_MAX, Erased, LINKS_MAX, Linked, Op, OpDecodeError, PARENTS_MAX, USES_MAX,
    WRAPS_MAX, Wrapped, sign_accept, verify_accept,
};
pub use refusal::{AuthorityError, Refusal};
pub use role::{Role, RoleParseError};
pub use standing::Standing;
pub use state::{DEVICES_PER_PERSON_MAX, Device, Epoch, Invite, Member, Seniority, State, Turnover};
pub use waiting::{WAITING_BYTES_MAX, WAITING_MAX};
