//! What holds a stage up, and what people should look at: every case with a sentence.

use std::fmt;

use proofroom_ident::{EntryHash, Millis, PersonId, VersionHash};
use proofroom_review::{CommentKey, Outcome, SignMeaning, StageName};
use serde::Serialize;

/// A reason why something is not closed, or may not go out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// Concurrent versions: somebody must pick.
    Fork(Vec<VersionHash>),
    /// The version was sent on two routes by people who did not know of each other.
    TwoRoutes,
    /// Nobody whose decision counts is asked.
    NobodyAsked,
    /// This person must decide and has not.
    Missing(PersonId),
    /// This person must decide and has left the workspace.
    Left(PersonId),
    /// It starts after these stages.
    StartsAfter(Vec<StageName>),
    /// It starts at this time.
    StartsAt(Millis),
    /// A moderator must start it.
    StartsByHand,
    /// These stages before it were final once and are not any more.
    UpstreamNotFinal(Vec<StageName>),
    /// A moderator reopened it, and nobody has decided since.
    Reopened(PersonId),
    /// A moderator must close it.
    ClosesByHand,
    /// It closes at its deadline.
    ClosesAt(Millis),
    /// So many decisions are still wanted.
    Wanted(u32),
    /// Its quorum can no longer be met: too many stepped back, abstained or left.
    OutOfReach,
    /// Everybody who must decide has stepped back or was skipped.
    NobodyLeft,
    /// There is no single current version.
    NoVersion,
    /// The review has not approved it.
    NotApproved(Outcome),
    /// A condition of an approval is not met.
    ConditionOpen(EntryHash, u32),
    /// A blocker or a task is open.
    CommentOpen(CommentKey),
    /// Somebody approved before they saw blockers, and has not taken note of them.
    NotAcknowledged(PersonId),
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names =
            |stages: &[StageName]| stages.iter().map(StageName::as_str).collect::<Vec<_>>().join(", ");
        match self {
            Self::Fork(versions) => {
                let versions: Vec<String> = versions.iter().map(VersionHash::short).collect();
                write!(f, "concurrent versions {}: pick one", versions.join(", "))
            }
            Self::TwoRoutes => f.write_str("sent on two routes: send it again on one"),
            Self::NobodyAsked => f.write_str("nobody is asked to decide"),
            Self::Missing(person) => write!(f, "{} has not decided", person.short()),
            Self::Left(person) => {
                write!(f, "{} has left the workspace: skip them with a reason, or send it on another route", person.short())
            }
            Self::StartsAfter(stages) => write!(f, "starts after {}", names(stages)),
            Self::StartsAt(_) => f.write_str("starts at a date"),
            Self::StartsByHand => f.write_str("a moderator starts it"),
            Self::UpstreamNotFinal(stages) => write!(f, "{} was reopened or changed and is not final", names(stages)),
            Self::Reopened(by) => write!(f, "reopened by {}: somebody decides again, or a moderator closes it", by.short()),
            Self::ClosesByHand => f.write_str("a moderator closes it, once somebody has decided"),
            Self::ClosesAt(_) => f.write_str("closes at its deadline"),
            Self::Wanted(n) => write!(f, "{n} more decisions are wanted"),
            Self::OutOfReach => f.write_str("its quorum can no longer be met: skip the stage with a reason, or send it on another route"),
            Self::NobodyLeft => f.write_str("everybody who must decide has stepped back: skip the stage with a reason, or send it on another route"),
            Self::NoVersion => f.write_str("there is no single current version"),
            Self::NotApproved(outcome) => write!(f, "the review is {outcome}"),
            Self::ConditionOpen(_, i) => write!(f, "condition {} of an approval is not met", i + 1),
            Self::CommentOpen(key) => write!(f, "comment {} is open", key.id.short()),
            Self::NotAcknowledged(person) => write!(f, "{} approved before seeing blockers and has not taken note", person.short()),
        }
    }
}

/// Something that people should look at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Warning {
    /// Decisions on one assignment had not seen each other. The most restrictive counts; ask them.
    Concurrent {
        /// The assignee.
        person: PersonId,
        /// The stage.
        stage: StageName,
        /// The entry that counts.
        counts: EntryHash,
        /// The entries that do not, sorted.
        instead_of: Vec<EntryHash>,
    },
    /// A person approved before they saw these open blockers; ask them to acknowledge.
    UnseenBlockers {
        /// Who signed.
        person: PersonId,
        /// Their approval.
        entry: EntryHash,
        /// The blockers, sorted.
        comments: Vec<CommentKey>,
    },
    /// A decision does not count, and why.
    NotCounted {
        /// Who signed.
        person: PersonId,
        /// Their decision.
        entry: EntryHash,
        /// Why.
        why: NotCounted,
    },
    /// An act has no effect, and why.
    NoEffect {
        /// Who acted.
        person: PersonId,
        /// Their act.
        entry: EntryHash,
        /// Why.
        why: NoEffect,
    },
    /// Under `key_approver`, others would have held the work back.
    Overruled {
        /// The stage.
        stage: StageName,
        /// Those whose advice was not followed, sorted.
        people: Vec<PersonId>,
    },
    /// A deadline lies before its stage's start.
    DueBeforeStart {
        /// The stage.
        stage: StageName,
    },
    /// A deadline cannot be computed: no such calendar, or a time beyond the calendars.
    NoDeadline {
        /// The stage.
        stage: StageName,
    },
    /// A backup was asked before the time, as far as the deadline says.
    EarlyEscalation {
        /// The stage.
        stage: StageName,
        /// The assignee.
        person: PersonId,
    },
    /// A delegation does not count: the people delegate to each other in a ring.
    DelegationRing {
        /// Who delegated.
        person: PersonId,
        /// The delegation.
        entry: EntryHash,
    },
    /// A calendar cannot be used, and why.
    Calendar {
        /// Its name.
        calendar: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// Why a decision does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NotCounted {
    /// The route has no stage of that name.
    NoSuchStage,
    /// It was made for another route.
    OtherRoute,
    /// Nobody asked them, or only to look on.
    NotAsked,
    /// It speaks for this person, and neither delegation nor escalation says so.
    NoDelegation(PersonId),
    /// The stage was closed in front of them; a moderator may reopen it.
    Late,
    /// The route takes no approval with changes.
    NotOffered,
    /// The route takes no decision without a reason.
    NoReason,
    /// A required item of the checklist has no answer to its text.
    Checklist,
    /// The stage's approval means something else.
    Meaning(SignMeaning),
    /// It carries forward what cannot be: another's, or no approval, or one of this stage that is
    /// affected, or the stage does not allow it.
    Carry,
}

/// Why an act has no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoEffect {
    /// Only a moderator may do it.
    NotModerator,
    /// Only the version's author or a moderator may do it.
    NotAuthor,
    /// The stage may not be skipped.
    NotSkippable,
    /// The route has no such stage, or the person is not asked in it.
    NoSuchStage,
}

impl fmt::Display for NotCounted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchStage => f.write_str("the route has no such stage"),
            Self::OtherRoute => f.write_str("it was made for another route"),
            Self::NotAsked => f.write_str("they are not asked to decide"),
            Self::NoDelegation(other) => write!(f, "nothing lets them decide for {}", other.short()),
            Self::Late => f.write_str("the stage was closed; a moderator may reopen it"),
            Self::NotOffered => f.write_str("the route takes no approval with changes"),
            Self::NoReason => f.write_str("the route takes no decision without a reason"),
            Self::Checklist => f.write_str("a required item of the checklist is not answered"),
            Self::Meaning(wanted) => write!(f, "an approval in this stage means {wanted}"),
            Self::Carry => f.write_str("what it carries forward cannot be carried"),
        }
    }
}

impl fmt::Display for NoEffect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotModerator => "only a moderator may do it",
            Self::NotAuthor => "only the version's author or a moderator may do it",
            Self::NotSkippable => "the stage may not be skipped",
            Self::NoSuchStage => "the route has no such stage, or does not ask them in it",
        })
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Concurrent { person, instead_of, .. } => {
                let n = instead_of.len() + 1;
                write!(
                    f,
                    "{n} decisions for {} were made apart from each other: the most restrictive counts",
                    person.short()
                )
            }
            Self::UnseenBlockers { person, comments, .. } => {
                let (n, s) = (comments.len(), if comments.len() == 1 { "" } else { "s" });
                write!(f, "{} approved before seeing {n} blocker{s}", person.short())
            }
            Self::NotCounted { person, why, .. } => {
                write!(f, "a decision of {} does not count: {why}", person.short())
            }
            Self::NoEffect { person, why, .. } => {
                write!(f, "an act of {} has no effect: {why}", person.short())
            }
            Self::Overruled { stage, people } => {
                write!(f, "{} would have held back {stage}, and the key approver let it pass", people.len())
            }
            Self::DueBeforeStart { stage } => write!(f, "the deadline of {stage} lies before its start"),
            Self::NoDeadline { stage } => {
                write!(f, "the deadline of {stage} cannot be computed: see its calendar")
            }
            Self::EarlyEscalation { stage, person } => {
                write!(f, "the backup of {} in {stage} was asked before the time", person.short())
            }
            Self::DelegationRing { person, .. } => {
                write!(f, "the delegation of {} does not count: it goes round in a ring", person.short())
            }
            Self::Calendar { calendar, problem } => write!(f, "calendar {calendar}: {problem}"),
        }
    }
}
