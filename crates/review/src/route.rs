//! Routes: stages and the edges between them, as data.
//!
//! A [`RouteTemplate`] asks names and roles; binding it to a workspace's people
//! gives a [`Route`], which asks persons. Both are the same graph of stages:
//!
//! ```text
//! Route ── Stage ── start rule (edges to other stages), close rule, deadline, checklist
//!            └───── reviewers: slots of a template, assignments of a route
//! ```
//!
//! A submission carries its whole route, so that what it asked for can be read
//! years later, and a decision names it by hash.

use std::collections::BTreeMap;

use proofroom_ident::{ContentHash, HashWords as _, PersonId};
use serde::{Deserialize, Serialize};

use crate::calendar::LocalTime;
use crate::canonical::{CanonicalError, canonical_json};
use crate::deadline::BusinessDuration;
use crate::names::{CalendarName, RoleName, RouteName, StageName};
use crate::words::{Aspect, NewVersionPolicy, ReviewerRole, SignMeaning};

mod bind;
mod check;
mod file;
mod form;
mod ready;
mod rules;
mod start;

pub use bind::{BindError, Cast};
pub use check::Problem;
pub use file::{ROUTE_FILE_BYTES_MAX, RouteFileError};
pub(crate) use file::{locate as locate_problems, read as read_file};
pub use ready::{ready_files, ready_templates};
pub use rules::{AddedReviewer, RoutingRule, RoutingRules, When};
pub use start::{CloseRule, StartRule};

/// A route whose stages ask reviewers of kind `R`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteOf<R> {
    /// Its name in the workspace.
    pub name: RouteName,
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// A regulator reads the record: nothing is carried forward without a reason, every decision
    /// gives one, there is no approval with changes, and no stage is skipped.
    #[serde(default, skip_serializing_if = "is_false")]
    pub regulated: bool,
    /// The calendar of its deadlines; absent for the workspace's first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<CalendarName>,
    /// Its stages.
    pub stages: Vec<StageOf<R>>,
}

/// A gate of a route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageOf<R> {
    /// Its name in the route: what decisions name.
    pub name: StageName,
    /// What people call it; absent where the name will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// When it starts.
    #[serde(default)]
    pub start: StartRule,
    /// When it closes.
    #[serde(default)]
    pub close: CloseRule,
    /// Whether one blocking decision closes it at once.
    #[serde(default, skip_serializing_if = "is_false")]
    pub close_on_first_block: bool,
    /// What a new version does to it.
    #[serde(default = "restart")]
    pub on_new_version: NewVersionPolicy,
    /// What it looks at; empty for everything. A change of anything else leaves it unaffected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub watches: Vec<Aspect>,
    /// What an approving signature in it means.
    #[serde(default = "approval")]
    pub meaning: SignMeaning,
    /// How long an assignee has, from the stage's start; absent for no deadline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<BusinessDuration>,
    /// When all of it is due, whenever it starts; in place of `due`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<LocalTime>,
    /// How long after the deadline it goes to the backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalate_after: Option<BusinessDuration>,
    /// What an approving assignee answers.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub checklist: Vec<ChecklistItem>,
    /// Whom it asks.
    #[serde(default = "Vec::new")]
    pub reviewers: Vec<R>,
}

/// A route that asks names and roles.
pub type RouteTemplate = RouteOf<Slot>;
/// A route that asks persons: what a submission carries.
pub type Route = RouteOf<Assignment>;
/// A stage of a [`RouteTemplate`].
pub type StageTemplate = StageOf<Slot>;
/// A stage of a [`Route`].
pub type Stage = StageOf<Assignment>;

/// A question of a stage's checklist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChecklistItem {
    /// Its name in the stage.
    pub item: String,
    /// What is asked; answers name its hash.
    pub text: String,
    /// Whether an approval counts only with an answer.
    #[serde(default, skip_serializing_if = "is_false")]
    pub required: bool,
}

impl ChecklistItem {
    /// The hash that an answer names.
    pub fn text_hash(&self) -> ContentHash {
        ContentHash::of(self.text.as_bytes())
    }
}

/// A place in a template's stage: a role, named people, or both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// The role that is asked; the workspace casts it where no people are named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleName>,
    /// What they are to the stage.
    #[serde(rename = "as", default = "mandatory")]
    pub duty: ReviewerRole,
    /// The people, by name or id; empty for those whom the workspace casts for the role.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<String>,
    /// How long they have; absent for the stage's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<BusinessDuration>,
    /// To whom it goes when they stay silent, by name or id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<String>,
}

/// One person in one stage.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    /// Who.
    pub person: PersonId,
    /// What they are to the stage.
    #[serde(rename = "as")]
    pub duty: ReviewerRole,
    /// The role that they were cast for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleName>,
    /// How long they have; absent for the stage's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<BusinessDuration>,
    /// To whom it goes when they stay silent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<PersonId>,
}

impl<R> RouteOf<R> {
    /// The stage of a name.
    pub fn stage(&self, name: &str) -> Option<&StageOf<R>> {
        self.stages.iter().find(|s| s.name.as_str() == name)
    }
}

impl Route {
    /// The built-in route: one stage that waits for all mandatory assignees.
    pub fn built_in(assignments: &BTreeMap<PersonId, ReviewerRole>) -> Self {
        let reviewers = assignments.iter().map(|(person, duty)| Assignment::plain(*person, *duty));
        let stage = Stage { reviewers: reviewers.collect(), ..Stage::named(StageName::review()) };
        Self {
            name: RouteName::built_in(),
            about: String::new(),
            regulated: false,
            calendar: None,
            stages: vec![stage],
        }
    }

    /// The hash of the canonical form: what a decision names.
    pub fn hash(&self) -> Result<ContentHash, CanonicalError> {
        Ok(ContentHash::of(canonical_json(self)?.as_bytes()))
    }
}

impl<R> StageOf<R> {
    /// A stage that starts on submission, waits for all mandatory assignees and asks nobody yet.
    pub fn named(name: StageName) -> Self {
        Self {
            name,
            title: None,
            start: StartRule::OnSubmit,
            close: CloseRule::AllMandatory,
            close_on_first_block: false,
            on_new_version: NewVersionPolicy::Restart,
            watches: Vec::new(),
            meaning: SignMeaning::Approval,
            due: None,
            due_at: None,
            escalate_after: None,
            checklist: Vec::new(),
            reviewers: Vec::new(),
        }
    }
}

impl Assignment {
    /// Somebody with this duty, and nothing else said.
    pub const fn plain(person: PersonId, duty: ReviewerRole) -> Self {
        Self { person, duty, role: None, due: None, backup: None }
    }
}

const fn is_false(flag: &bool) -> bool {
    !*flag
}

const fn restart() -> NewVersionPolicy {
    NewVersionPolicy::Restart
}

const fn approval() -> SignMeaning {
    SignMeaning::Approval
}

const fn mandatory() -> ReviewerRole {
    ReviewerRole::MandatoryReviewer
}
