//! Who may do what: the membership log and its evaluation.

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

pub use authority::{Authority, Inserted};
pub use op::{
    CUT_LOGS_MAX, Cut, LINKS_MAX, Linked, Op, OpDecodeError, PARENTS_MAX, USES_MAX, WRAPS_MAX, Wrapped,
    sign_accept, verify_accept,
};
pub use refusal::{AuthorityError, Refusal};
pub use role::{Role, RoleParseError};
pub use standing::Standing;
pub use state::{DEVICES_PER_PERSON_MAX, Device, Epoch, Invite, Member, Seniority, State, Turnover};
pub use waiting::{WAITING_BYTES_MAX, WAITING_MAX};
