//! What a review is evaluated from.

use std::collections::BTreeMap;

use proofroom_ident::{PersonId, VersionHash};
use proofroom_review::{CommentView, Manifest, Pick, ReviewView, ReviewerRole};

use crate::facts::SignedDecision;

/// One person in the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Assignment {
    /// Who.
    pub person: PersonId,
    /// As what.
    pub role: ReviewerRole,
}

/// All that an asset's review is evaluated from; every list in any order.
#[derive(Clone, Copy, Debug)]
pub struct ReviewInput<'a> {
    /// All versions.
    pub versions: &'a BTreeMap<VersionHash, Manifest>,
    /// All picks.
    pub picks: &'a [Pick],
    /// Who is asked. Of several roles of one person the one that asks most counts.
    pub assignments: &'a [Assignment],
    /// All decisions, on any version. Repeats of one entry count once.
    pub decisions: &'a [SignedDecision],
    /// The comments that the reader of the status may see, of any audience.
    pub comments: &'a [CommentView],
}

impl<'a> ReviewInput<'a> {
    /// The input of one review document.
    pub fn of(view: &'a ReviewView, assignments: &'a [Assignment], decisions: &'a [SignedDecision]) -> Self {
        Self {
            versions: &view.versions,
            picks: &view.picks,
            assignments,
            decisions,
            comments: &view.comments,
        }
    }
}
