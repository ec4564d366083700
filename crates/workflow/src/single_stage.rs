//! One stage that waits for everybody: the review of an asset that was sent on no route, without
//! acts, deadlines or delegations.
//!
//! ```text
//! decisions --effective--> one per person --fold--> so far --close--> outcome
//! ```
//!
//! Here a change of mind always counts. A submission on a route is evaluated by
//! [`evaluate`](crate::evaluate), where a closed stage has to be reopened first.

mod evaluate;
mod input;
mod status;

pub use evaluate::evaluate;
pub use input::{Assignment, ReviewInput};
pub use status::{Block, PersonStatus, ReviewStatus, VersionStatus, Warning};
