//! What a review is evaluated from.

use std::collections::BTreeMap;

use proofroom_ident::{EntryHash, LogId, PersonId, VersionHash};
use proofroom_review::{CommentView, DecisionStatement, Manifest, Pick, ReviewView, ReviewerRole};

/// One person in the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Assignment {
    /// Who.
    pub person: PersonId,
    /// As what.
    pub role: ReviewerRole,
}

/// A decision that stands: its entry is verified, its author may decide, its
/// statement was read by [`DecisionStatement::from_json`] and names this review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedDecision {
    /// Who decided: the person of the entry's device.
    pub person: PersonId,
    /// The entry.
    pub entry: EntryHash,
    /// Its log.
    pub log: LogId,
    /// Its place in the log.
    pub seq: u64,
    /// What was signed.
    pub statement: DecisionStatement,
}

impl SignedDecision {
    /// Whether the signer of this decision had `other` in front of them: by the chain within one log,
    /// by the signed frontier across logs.
    pub fn saw(&self, other: &Self) -> bool {
        if self.log == other.log {
            return self.seq > other.seq;
        }
        self.statement.seen_heads.get(&other.log).is_some_and(|head| head.seq >= other.seq)
    }
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
