//! Acts: everything that people sign about a review beside their decisions.
//!
//! Each is a standalone statement like a decision: canonical JSON inside a
//! signed entry, with the frontier that its author had in front of them. Some
//! are idempotent facts that any peer may write (a reminder was sent): two peers
//! that write the same one have written it once.

use std::collections::BTreeMap;

use proofroom_ident::{ContentHash, DocId, EntryHash, LogId, Millis, VersionHash};
use serde::{Deserialize, Serialize};

use crate::canonical::canonical_form;
use crate::names::{RouteName, StageName};
use crate::owned::CommentKey;
use crate::route::Route;
use crate::statement::{SeenHead, StatementError};
use crate::text::{self, TextError};
use crate::words::{Aspect, Threshold};

mod words;

/// Largest canonical act, in bytes: a route of many stages and people.
pub const ACT_BYTES_MAX: usize = 1 << 20;
const LIST_MAX: usize = 10_000;

/// What somebody did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// Sends the version on its route.
    Submit(Box<Submission>),
    /// Takes the version back. Its author, or a moderator.
    Withdraw,
    /// Starts a stage whose start rule is manual. A moderator.
    StartStage {
        /// Which stage.
        stage: StageName,
    },
    /// Closes a stage whose close rule is manual, or settles a reopened one. A moderator.
    CloseStage {
        /// Which stage.
        stage: StageName,
    },
    /// Admits new decisions in a closed or skipped stage. A moderator, with a reason.
    ReopenStage {
        /// Which stage.
        stage: StageName,
    },
    /// Passes a stage by. A moderator, with a reason.
    SkipStage {
        /// Which stage.
        stage: StageName,
    },
    /// Stops waiting for somebody who has not decided. A moderator, with a reason.
    SkipAssignment {
        /// In which stage.
        stage: StageName,
        /// Whom.
        person: proofroom_ident::PersonId,
    },
    /// Steps back from a stage. Its assignee, with a reason.
    Recuse {
        /// From which stage.
        stage: StageName,
    },
    /// Is done with a stage that asks for no decision. Its viewer.
    Complete {
        /// With which stage.
        stage: StageName,
    },
    /// Lets one's own approval of an earlier version count for this one.
    CarryForward {
        /// In which stage.
        stage: StageName,
        /// The approval.
        decision: EntryHash,
    },
    /// Has taken note of blockers that were not in front of one when one approved.
    Acknowledge {
        /// Which, sorted.
        comments: Vec<CommentKey>,
    },
    /// Says that a condition of an approval with changes is met in this version.
    MeetCondition {
        /// The approval.
        decision: EntryHash,
        /// Which of its conditions, from 0.
        condition: u32,
    },
    /// Stops the clocks: the author holds the work. The version's author, or a moderator.
    Pause,
    /// Lets the clocks go on. The version's author, or a moderator.
    Resume,
    /// Records how this version differs from an earlier one.
    Compare(Comparison),
    /// This person's replica holds the version.
    Sync,
    /// This person looked at the version.
    Open,
    /// A reminder was sent. Idempotent: the same one again changes nothing.
    Remind(ReminderKey),
    /// Handed the version off, out of the workspace. A moderator.
    Release(Handoff),
}

/// A version is sent on its route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// One more than the highest round of this version that its author knew: a later submission
    /// overrules an earlier one, concurrent ones with different routes must be settled.
    pub round: u32,
    /// The route; absent for the built-in one, whose assignments are the asset's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<Route>,
    /// The rule that chose it, and what it was measured by; absent where somebody chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen: Option<RouteChoice>,
}

/// Why a submission took its route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteChoice {
    /// The template.
    pub route: RouteName,
    /// The rule that chose it; absent where none matched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// What the rules were measured by: names and values.
    pub inputs: BTreeMap<String, Vec<String>>,
    /// Whether each rule matched, and what decided it, in the rules' order.
    pub considered: Vec<RuleVerdict>,
}

/// What one routing rule made of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleVerdict {
    /// The rule.
    pub rule: String,
    /// Whether all its conditions held.
    pub matched: bool,
    /// In words: the conditions that held, or those that did not.
    pub because: Vec<String>,
}

/// How a version differs from an earlier one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// The earlier version.
    pub from: VersionHash,
    /// What changed, sorted; empty for nothing.
    pub changed: Vec<Aspect>,
    /// The comments under whose anchors something changed, sorted.
    pub touched: Vec<CommentKey>,
    /// Whether something changed that lies under no comment's anchor.
    pub elsewhere: bool,
}

/// What was handed off with a version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handoff {
    /// The contents of the files that went out, renditions included, sorted.
    pub files: Vec<ContentHash>,
    /// The package with which it went out, by its hash; absent where it went by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<ContentHash>,
}

/// A reminder, once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReminderKey {
    /// The stage.
    pub stage: StageName,
    /// The assignee about whom it is.
    pub person: proofroom_ident::PersonId,
    /// Which step of the ladder.
    pub threshold: Threshold,
}

/// An act, and all that its signature covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActStatement {
    /// The review document.
    pub review: DocId,
    /// The version that it is about.
    pub version_hash: VersionHash,
    /// The act.
    pub act: Act,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The causal frontier: what its author had in front of them, per log.
    pub seen_heads: BTreeMap<LogId, SeenHead>,
    /// When they say they did it.
    pub claimed_at: Millis,
}

impl Act {
    /// Whether it takes a reason to do this.
    pub const fn needs_reason(&self) -> bool {
        matches!(
            self,
            Self::Withdraw
                | Self::ReopenStage { .. }
                | Self::SkipStage { .. }
                | Self::SkipAssignment { .. }
                | Self::Recuse { .. }
        )
    }

    /// Whether only a moderator may do this.
    pub const fn needs_moderator(&self) -> bool {
        matches!(
            self,
            Self::StartStage { .. }
                | Self::CloseStage { .. }
                | Self::ReopenStage { .. }
                | Self::SkipStage { .. }
                | Self::SkipAssignment { .. }
                | Self::Release(_)
        )
    }

    /// What of it guests may not do: they neither send versions on routes nor speak about the work of others.
    pub const fn not_for_guests(&self) -> Option<&'static str> {
        match self {
            Self::Submit(_) => Some("send a version on a route"),
            Self::Compare(_) => Some("record how versions differ"),
            Self::MeetCondition { .. } => Some("say that a condition is met"),
            Self::Remind(_) => Some("send reminders"),
            _ => None,
        }
    }

    /// Whether saying it twice is saying it once: a second one need not be written.
    pub const fn is_idempotent(&self) -> bool {
        matches!(self, Self::Sync | Self::Open | Self::Remind(_))
    }
}

canonical_form!(ActStatement, StatementError, ACT_BYTES_MAX);

impl ActStatement {
    /// Whether it may be signed.
    pub fn check(&self) -> Result<(), StatementError> {
        let reason = self.reason.as_deref().unwrap_or_default();
        text::body("the reason", reason)?;
        if self.act.needs_reason() && reason.trim().is_empty() {
            return Err(TextError::Empty { field: "the reason" }.into());
        }
        match &self.act {
            Act::Submit(submission) => submission.check(),
            Act::Acknowledge { comments } => sorted("comments", comments),
            Act::Release(handoff) => sorted("files", &handoff.files),
            Act::Compare(c) => {
                sorted("changed aspects", &c.changed).and(sorted("touched comments", &c.touched))
            }
            _ => Ok(()),
        }
    }
}

impl Submission {
    fn check(&self) -> Result<(), StatementError> {
        if let Some(route) = &self.route {
            route.check().map_err(|problem| StatementError::Route(problem.to_string()))?;
        }
        if let Some(chosen) = &self.chosen {
            text::count("routing rules", chosen.considered.len(), LIST_MAX)?;
            text::count("routing inputs", chosen.inputs.len(), LIST_MAX)?;
        }
        Ok(())
    }
}

fn sorted<T: Ord>(what: &'static str, list: &[T]) -> Result<(), StatementError> {
    text::count(what, list.len(), LIST_MAX)?;
    if list.is_sorted_by(|a, b| a < b) { Ok(()) } else { Err(StatementError::NotSorted(what)) }
}
