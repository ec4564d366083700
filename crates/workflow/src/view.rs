//! What an evaluation says: plain data, in a fixed order, with times that do not move.

use std::collections::BTreeMap;

use proofroom_ident::{AssetId, ContentHash, EntryHash, Millis, PersonId, VersionHash};
use proofroom_review::statement::Condition;
use proofroom_review::{
    AssignmentEnd, CommentKey, Current, Decision, Outcome, ReminderKey, ReviewerRole, RoleName, RouteChoice,
    RouteName, SlaState, StageName,
};
use serde::Serialize;

pub use crate::notice::{Block, Warning};

/// Where everything stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WorkflowView {
    /// The time zone data that deadlines were computed with; replicas with other data may differ.
    pub zones: String,
    /// The assets.
    pub assets: BTreeMap<AssetId, AssetState>,
    /// The packages, in their order.
    pub packages: Vec<PackageState>,
    /// The reminders to send now, and then to write down as acts.
    pub reminders: Vec<ReminderDue>,
    /// What people should look at that concerns no single asset.
    pub warnings: Vec<Warning>,
}

/// Where one asset stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AssetState {
    /// The current version's outcome. In a fork that of its versions, where they agree, else in
    /// progress; pending before the first version.
    pub outcome: Outcome,
    /// The version that the review is about.
    pub current: Current,
    /// Every version's review, oldest first.
    pub runs: Vec<RunState>,
    /// Whether the current version may go out, and what is against it.
    pub release: Release,
    /// What waits for whom.
    pub waits: Vec<Wait>,
    /// The reminders whose time has come and that nobody has written down.
    pub pending: Vec<PendingReminder>,
    /// When the answer changes next without anything new being written.
    pub changes_at: Option<Millis>,
}

/// The review of one version: one run of its route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunState {
    /// The version.
    pub version: VersionHash,
    /// What people call it.
    pub label: String,
    /// Whether it was sent on its route. Where nothing ever was, every version counts as sent.
    pub submitted: bool,
    /// When it was sent, as claimed.
    pub submitted_at: Millis,
    /// The route.
    pub route: RouteName,
    /// Its hash; absent for the built-in route.
    pub route_hash: Option<ContentHash>,
    /// Why it took this route, where a rule chose it.
    pub chosen: Option<RouteChoice>,
    /// The outcome.
    pub outcome: Outcome,
    /// What the decisions amount to, whatever became of the version since; absent before the first.
    pub so_far: Option<Outcome>,
    /// Its stages, in the route's order.
    pub stages: Vec<StageState>,
    /// The conditions of those who approved with changes.
    pub conditions: Vec<ConditionState>,
    /// Comments that somebody still has to do something about, in order of key.
    pub open_comments: Vec<CommentKey>,
    /// Comments that were written after all stages had closed, in order of key.
    pub late_comments: Vec<CommentKey>,
    /// What holds up all of it.
    pub blocked_by: Vec<Block>,
    /// What people should look at, though it holds nothing up.
    pub warnings: Vec<Warning>,
    /// Its hand-offs, earliest first.
    pub released: Vec<Released>,
}

/// A hand-off of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Released {
    /// By whom.
    pub person: PersonId,
    /// The act.
    pub entry: EntryHash,
    /// When, as claimed.
    pub at: Millis,
    /// The package with which it went out, by its hash.
    pub package: Option<ContentHash>,
}

/// Where a stage is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Its start rule does not hold yet.
    Waiting,
    /// It runs.
    Running,
    /// It is closed, or was passed by.
    Closed,
}

/// Where one stage stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StageState {
    /// Its name.
    pub stage: StageName,
    /// Where it is on its way.
    pub phase: Phase,
    /// The outcome.
    pub outcome: Outcome,
    /// What the decisions made so far amount to; absent before the first.
    pub so_far: Option<Outcome>,
    /// When it started.
    pub started_at: Option<Millis>,
    /// When it closed: the claimed time of what closed it.
    pub closed_at: Option<Millis>,
    /// Whom it asks, in order of person.
    pub assignments: Vec<AssignmentState>,
    /// Why it is not closed. Empty once it is.
    pub blocked_by: Vec<Block>,
}

/// How far somebody has come, as far as this replica knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Their stage has not started.
    Waiting,
    /// They are asked; nothing was heard of them.
    Asked,
    /// Their replica holds the version.
    Synced,
    /// They looked at it.
    Opened,
    /// They commented on it.
    Commented,
    /// They, or somebody for them, decided; or they ended it in another way.
    Ended,
}

/// Where one person stands in one stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AssignmentState {
    /// Who.
    pub person: PersonId,
    /// What they are to the stage.
    pub duty: ReviewerRole,
    /// The role that they were cast for.
    pub role: Option<RoleName>,
    /// Whether the stage waits for them.
    pub must_decide: bool,
    /// How far they have come.
    pub progress: Progress,
    /// How it ended; absent while it runs.
    pub end: Option<AssignmentEnd>,
    /// The decision that counts.
    pub decision: Option<CountedDecision>,
    /// Who may decide for them at this time: a delegate, or the backup after the escalation.
    pub stand_ins: Vec<PersonId>,
    /// When they are due; absent without a deadline, before the start, and while the author holds the work.
    pub due: Option<Millis>,
    /// Whether the deadline was kept; absent where there is none or all is well.
    pub sla: Option<SlaState>,
}

/// A decision that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CountedDecision {
    /// The decision.
    pub decision: Decision,
    /// The entry: the decision's, or that of the act that carried it forward.
    pub entry: EntryHash,
    /// Who signed: the assignee, or somebody for them ("B for A").
    pub by: PersonId,
    /// Whether it was made on an earlier version and carried forward.
    pub carried: bool,
    /// When they say they decided.
    pub claimed_at: Millis,
    /// When it can have been, as far as others witnessed it.
    pub within: Interval,
}

/// An interval of times, open where nobody else knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Interval {
    /// Somebody else's latest event that the signer had in front of them.
    pub not_before: Option<Millis>,
    /// Somebody else's first event that had this one in front of it.
    pub not_after: Option<Millis>,
}

/// A condition of an approval with changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConditionState {
    /// Whose.
    pub person: PersonId,
    /// The approval.
    pub decision: EntryHash,
    /// Which of its conditions, from 0.
    pub index: u32,
    /// What must change.
    pub condition: Condition,
    /// Whether somebody said, on a later version, that it is met.
    pub met: bool,
}

/// Whether a version may go out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Release {
    /// The version; absent where there is no single current one.
    pub version: Option<VersionHash>,
    /// Whether it may go out now.
    pub ready: bool,
    /// The version whose approval with changes covers this one: every condition is met and nothing
    /// else was touched.
    pub covered_by: Option<VersionHash>,
    /// What is against it; empty where nothing is.
    pub open: Vec<Block>,
}

/// Something that somebody is waited for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Wait {
    /// When it is due.
    pub due: Option<Millis>,
    /// Who: absent for any moderator.
    pub person: Option<PersonId>,
    /// For what.
    pub what: WaitFor,
    /// The version.
    pub version: VersionHash,
    /// The stage.
    pub stage: Option<StageName>,
    /// Since when.
    pub since: Option<Millis>,
}

/// What somebody is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitFor {
    /// To decide.
    Decide,
    /// To make up one's mind: decisions made apart from each other.
    SettleConcurrent,
    /// To take note of blockers that one had not seen.
    Acknowledge,
    /// To carry an approval forward, or decide anew.
    CarryForward,
    /// To make a new version: the author.
    NewVersion,
    /// To pick one of concurrent versions.
    Pick,
    /// To send the version on its route again: there are two routes.
    SettleRoute,
    /// To start a stage.
    StartStage,
    /// To close a stage.
    CloseStage,
    /// To help a stage that cannot close any more.
    Unblock,
}

/// A reminder whose time has come.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PendingReminder {
    /// When its time came.
    pub at: Millis,
    /// The version.
    pub version: VersionHash,
    /// What it is about.
    pub key: ReminderKey,
    /// Whom it is to reach.
    pub to: PersonId,
}

/// A reminder to send now.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ReminderDue {
    /// Of which asset.
    pub asset: AssetId,
    /// The reminder.
    pub reminder: PendingReminder,
}

/// Where a package stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PackageState {
    /// Its name.
    pub name: String,
    /// The outcome of items and whole together.
    pub outcome: Outcome,
    /// The outcome of each item, in the package's order: superseded where its version is not the
    /// current one any more.
    pub items: Vec<(AssetId, Outcome)>,
    /// The outcome of the review of the whole, where there is one.
    pub whole: Option<Outcome>,
}

impl AssetState {
    /// Whether nothing is waited for: the outcome stands until somebody does something new.
    pub fn outcome_is_final(&self) -> bool {
        !matches!(self.outcome, Outcome::Pending | Outcome::InProgress)
    }

    /// The run of one version.
    pub fn run(&self, version: &VersionHash) -> Option<&RunState> {
        self.runs.iter().find(|r| r.version == *version)
    }

    /// The runs that are not superseded.
    pub fn heads(&self) -> impl Iterator<Item = &RunState> {
        self.current.heads().iter().filter_map(|v| self.run(v))
    }
}

impl RunState {
    /// What holds it up now, each thing once: what stages wait for that run, and what keeps others
    /// from starting beside the stages before them. Nothing, where another version took its place.
    pub fn blocks(&self) -> Vec<&Block> {
        if matches!(self.outcome, Outcome::Superseded | Outcome::Withdrawn) {
            return Vec::new();
        }
        let own = |stage: &&StageState| stage.phase != Phase::Closed;
        let stages = self.stages.iter().filter(own).flat_map(|stage| &stage.blocked_by);
        let mut out: Vec<&Block> = Vec::new();
        for block in self.blocked_by.iter().chain(stages) {
            if !matches!(block, Block::StartsAfter(_)) && !out.contains(&block) {
                out.push(block);
            }
        }
        out
    }

    /// Everybody who is asked, stage by stage.
    pub fn assignments(&self) -> impl Iterator<Item = (&StageState, &AssignmentState)> {
        self.stages.iter().flat_map(|stage| stage.assignments.iter().map(move |a| (stage, a)))
    }

    /// Those whose decisions on the version are opposed: who approved, and who holds it back.
    pub fn opposed(&self) -> Option<(Vec<PersonId>, Vec<PersonId>)> {
        let decided = || self.assignments().filter_map(|(_, a)| Some((a.person, a.decision?.decision)));
        let mut approved: Vec<PersonId> =
            decided().filter(|(_, d)| d.approves()).map(|(person, _)| person).collect();
        let holds = |d: Decision| matches!(d, Decision::Rejected | Decision::ChangesRequired);
        let mut against: Vec<PersonId> = decided().filter(|(_, d)| holds(*d)).map(|(p, _)| p).collect();
        approved.dedup();
        against.dedup();
        (!approved.is_empty() && !against.is_empty()).then_some((approved, against))
    }

    /// Whether it takes the built-in route.
    pub fn is_built_in(&self) -> bool {
        self.route_hash.is_none()
    }

    /// The stage of a name.
    pub fn stage(&self, name: &str) -> Option<&StageState> {
        self.stages.iter().find(|s| s.stage.as_str() == name)
    }
}

impl StageState {
    /// The assignment of a person.
    pub fn assignment(&self, person: &PersonId) -> Option<&AssignmentState> {
        self.assignments.iter().find(|a| a.person == *person)
    }
}
