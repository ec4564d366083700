//! What a review's evaluation says.

use std::fmt;

use proofroom_ident::{EntryHash, PersonId, VersionHash};
use proofroom_review::{
    AssignmentEnd, CommentKey, Current, Decision, Outcome, ReviewerRole, statement::Condition,
};
use serde::Serialize;

/// Where an asset's review stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReviewStatus {
    /// The current version's outcome. In a fork that of its versions, where they agree, else in
    /// progress; pending before the first version.
    pub outcome: Outcome,
    /// The version that the review is about.
    pub current: Current,
    /// Every version, oldest first.
    pub versions: Vec<VersionStatus>,
}

impl ReviewStatus {
    /// The status of one version.
    pub fn version(&self, version: &VersionHash) -> Option<&VersionStatus> {
        self.versions.iter().find(|v| v.version == *version)
    }

    /// The status of the versions that are not superseded.
    pub fn heads(&self) -> impl Iterator<Item = &VersionStatus> {
        self.current.heads().iter().filter_map(|v| self.version(v))
    }
}

/// Where the review of one version stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VersionStatus {
    /// The version.
    pub version: VersionHash,
    /// What people call it.
    pub label: String,
    /// The outcome.
    pub outcome: Outcome,
    /// What the decisions made so far amount to; absent before the first. Kept where the version
    /// is superseded.
    pub so_far: Option<Outcome>,
    /// Everybody who is asked, in order of person.
    pub people: Vec<PersonStatus>,
    /// The conditions of those who approved with changes.
    pub conditions: Vec<(PersonId, Condition)>,
    /// Comments that somebody still has to do something about, in order of key.
    pub open_comments: Vec<CommentKey>,
    /// Why the stage is not closed. Empty once it is, or once the version is superseded.
    pub blocked_by: Vec<Block>,
    /// What people should look at, though it holds nothing up.
    pub warnings: Vec<Warning>,
}

/// Where one person stands in the review of one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PersonStatus {
    /// Who.
    pub person: PersonId,
    /// As what.
    pub role: ReviewerRole,
    /// Whether the stage waits for them.
    pub must_decide: bool,
    /// How their assignment ended; absent while it runs.
    pub end: Option<AssignmentEnd>,
    /// The decision that counts.
    pub decision: Option<Decision>,
    /// Its entry.
    pub entry: Option<EntryHash>,
}

/// A reason why a stage is not closed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// Concurrent versions: somebody must pick.
    Fork(Vec<VersionHash>),
    /// Nobody whose decision counts is asked.
    NobodyAsked,
    /// This person must decide and has not.
    Missing(PersonId),
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fork(versions) => {
                let names: Vec<String> = versions.iter().map(VersionHash::short).collect();
                write!(f, "concurrent versions {}: pick one", names.join(", "))
            }
            Self::NobodyAsked => f.write_str("nobody is asked to decide"),
            Self::Missing(person) => write!(f, "{} has not decided", person.short()),
        }
    }
}

/// Something that people should look at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Warning {
    /// A person's decisions had not seen each other. The most restrictive counts; ask them.
    Concurrent {
        /// Who.
        person: PersonId,
        /// The entry that counts.
        counts: EntryHash,
        /// The entries that do not, sorted.
        instead_of: Vec<EntryHash>,
    },
    /// A person approved before they saw these open blockers; ask them to acknowledge.
    UnseenBlockers {
        /// Who.
        person: PersonId,
        /// Their approval.
        entry: EntryHash,
        /// The blockers, sorted.
        comments: Vec<CommentKey>,
    },
    /// A decision does not count: nobody asked this person, or only to look on.
    NotAsked {
        /// Who.
        person: PersonId,
        /// Their decision.
        entry: EntryHash,
    },
    /// A decision does not count: it speaks for somebody else, and no delegation says so.
    NoDelegation {
        /// Who.
        person: PersonId,
        /// For whom.
        on_behalf_of: PersonId,
        /// Their decision.
        entry: EntryHash,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Concurrent { person, instead_of, .. } => {
                let n = instead_of.len() + 1;
                write!(
                    f,
                    "{} made {n} decisions apart from each other: the most restrictive counts",
                    person.short()
                )
            }
            Self::UnseenBlockers { person, comments, .. } => {
                let n = comments.len();
                let s = if n == 1 { "" } else { "s" };
                write!(f, "{} approved before seeing {n} blocker{s}", person.short())
            }
            Self::NotAsked { person, .. } => {
                write!(f, "the decision of {} does not count: they are not asked to decide", person.short())
            }
            Self::NoDelegation { person, on_behalf_of, .. } => write!(
                f,
                "the decision of {} does not count: nothing lets them decide for {}",
                person.short(),
                on_behalf_of.short()
            ),
        }
    }
}
