//! What the workflow is evaluated from: facts that were verified and read, in any order.

use std::borrow::Cow;
use std::collections::BTreeMap;

use proofroom_ident::{AssetId, ContentHash, EntryHash, LogId, Millis, PersonId, VersionHash};
use proofroom_review::{
    Act, ActStatement, CalendarSpec, CanonicalError, CommentKey, CommentLabel, CommentState, CommentView,
    DecisionStatement, DelegationStatement, Manifest, Package, Peace, Pick, ReviewView, ReviewerRole, Route,
    Submission,
};

/// All documents, as far as the workflow reads them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkflowInput {
    /// What concerns all assets.
    pub plan: PlanFacts,
    /// The assets.
    pub assets: BTreeMap<AssetId, AssetFacts>,
}

/// What concerns all assets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanFacts {
    /// The calendars; the first one, by name, holds where a route names none.
    pub calendars: Vec<CalendarSpec>,
    /// Members and former members.
    pub people: BTreeMap<PersonId, PersonFacts>,
    /// Delegations.
    pub delegations: Vec<SignedDelegation>,
    /// Packages.
    pub packages: Vec<Package>,
}

/// A member, or a former one. Somebody who is not listed counts as a member who set nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonFacts {
    /// Whether they left the workspace.
    pub left: bool,
    /// When they want to be reminded.
    pub peace: Peace,
}

/// One asset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssetFacts {
    /// All versions.
    pub versions: BTreeMap<VersionHash, Manifest>,
    /// All picks.
    pub picks: Vec<Pick>,
    /// Whom the built-in route asks.
    pub assignments: BTreeMap<PersonId, ReviewerRole>,
    /// All decisions, on any version. Repeats of one entry count once.
    pub decisions: Vec<SignedDecision>,
    /// All acts, on any version. Repeats of one entry count once.
    pub acts: Vec<SignedAct>,
    /// The comments for everyone. Those of the team are left out: what only some may read would make
    /// replicas disagree.
    pub comments: Vec<CommentFact>,
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

/// An act that stands: its entry is verified and its statement was read by
/// [`ActStatement::from_json`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedAct {
    /// Who acted: the person of the entry's device.
    pub person: PersonId,
    /// The entry.
    pub entry: EntryHash,
    /// Its log.
    pub log: LogId,
    /// Its place in the log.
    pub seq: u64,
    /// Whether their rank lets them moderate.
    pub moderator: bool,
    /// What was signed.
    pub statement: ActStatement,
    route_hash: Option<ContentHash>,
}

impl SignedAct {
    /// An act; a submission's route is hashed here, once.
    ///
    /// # Errors
    /// Never for a statement that was read by [`ActStatement::from_json`].
    pub fn new(
        person: PersonId,
        entry: EntryHash,
        log: LogId,
        seq: u64,
        moderator: bool,
        statement: ActStatement,
    ) -> Result<Self, CanonicalError> {
        let route = match &statement.act {
            Act::Submit(submission) => submission.route.as_ref(),
            _ => None,
        };
        let route_hash = route.map(|route| route.hash()).transpose()?;
        Ok(Self { person, entry, log, seq, moderator, statement, route_hash })
    }

    /// The hash of a submission's route: what decisions in it name. Absent for the built-in route.
    pub const fn route_hash(&self) -> Option<ContentHash> {
        self.route_hash
    }
}

/// A delegation that stands: its entry is verified and its statement was read by
/// [`DelegationStatement::from_json`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedDelegation {
    /// Who delegated: the person of the entry's device.
    pub person: PersonId,
    /// The entry.
    pub entry: EntryHash,
    /// Its log.
    pub log: LogId,
    /// Its place in the log.
    pub seq: u64,
    /// What was signed.
    pub statement: DelegationStatement,
}

impl SignedDelegation {
    /// Whether its signer had `other` in front of them.
    pub fn saw(&self, other: &Self) -> bool {
        if self.log == other.log {
            return self.seq > other.seq;
        }
        self.statement.seen_heads.get(&other.log).is_some_and(|head| head.seq >= other.seq)
    }
}

/// What the workflow reads of a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CommentFact {
    /// Its key, which names its author.
    pub key: CommentKey,
    /// The version that it is about.
    pub version: VersionHash,
    /// What it is for.
    pub label: CommentLabel,
    /// Where it is on its way.
    pub state: CommentState,
    /// When its author says they wrote it.
    pub created_at: Millis,
}

impl From<&CommentView> for CommentFact {
    fn from(view: &CommentView) -> Self {
        let version = view.anchor.version;
        Self { key: view.key, version, label: view.label, state: view.state, created_at: view.created_at }
    }
}

/// The submissions of the last round among these acts, in order of entry.
pub(crate) fn last_round<'a>(
    acts: impl Iterator<Item = &'a SignedAct>,
) -> Vec<(&'a Submission, &'a SignedAct)> {
    let submission = |act: &'a SignedAct| match &act.statement.act {
        Act::Submit(submission) => Some((&**submission, act)),
        _ => None,
    };
    let mut submits: Vec<_> = acts.filter_map(submission).collect();
    let last = submits.iter().map(|(s, _)| s.round).max();
    submits.retain(|(s, _)| Some(s.round) == last);
    submits.sort_by_key(|(_, act)| act.entry);
    submits
}

impl AssetFacts {
    /// Whether an act is a submission by somebody who may send the version: its author, or a moderator.
    pub(crate) fn may_send(&self, act: &SignedAct) -> bool {
        let author = || self.versions.get(&act.statement.version_hash).map(|m| m.author);
        matches!(act.statement.act, Act::Submit(_)) && (act.moderator || author() == Some(act.person))
    }

    /// The submission of a version that counts; `None` while it takes the built-in route unsent. Of
    /// two that did not know of each other it is one, and the run is blocked.
    pub fn submission(&self, version: VersionHash) -> Option<&Submission> {
        let of_version = self.acts.iter().filter(|a| a.statement.version_hash == version && self.may_send(a));
        last_round(of_version).first().map(|(submission, _)| *submission)
    }

    /// The route that a version takes.
    pub fn route(&self, version: VersionHash) -> Cow<'_, Route> {
        match self.submission(version).and_then(|s| s.route.as_ref()) {
            Some(route) => Cow::Borrowed(route),
            None => Cow::Owned(Route::built_in(&self.assignments)),
        }
    }

    /// The facts of one review document, and of its entries.
    pub fn of(
        view: &ReviewView,
        assignments: BTreeMap<PersonId, ReviewerRole>,
        decisions: Vec<SignedDecision>,
        acts: Vec<SignedAct>,
    ) -> Self {
        Self {
            versions: view.versions.clone(),
            picks: view.picks.clone(),
            assignments,
            decisions,
            acts,
            comments: view.comments.iter().map(CommentFact::from).collect(),
        }
    }
}
