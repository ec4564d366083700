//! Decisions become outcomes: a pure fold.
//!
//! The same decisions, comments and versions give the same answer on every
//! replica, in any order of arrival. Ground storey: no IO, no clock.
//!
//! ```text
//! decisions --effective--> one per person --fold--> so far --close--> outcome
//! ```
//!
//! * **Effective**: a decision is replaced by a later one of the same person, in
//!   the same log or with this one in front of it. Decisions of one person that
//!   had not seen each other (two devices, both offline) are concurrent: the most
//!   restrictive counts, the others are shown, the person is asked.
//! * **Fold**: any `rejected`, else any `changes_required`, else any
//!   `approved_with_changes`, else any `approved`, else all abstained.
//! * **Close** (`all_mandatory`): the stage closes when everybody who must
//!   decide has decided. Silence never becomes approval.
//! * A fork cannot be approved; a version that was left behind is superseded.

mod evaluate;
mod input;
mod status;

pub use evaluate::evaluate;
pub use input::{Assignment, ReviewInput, SignedDecision};
pub use status::{Block, PersonStatus, ReviewStatus, VersionStatus, Warning};
