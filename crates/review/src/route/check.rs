//! What keeps a route from being used: told when it is saved, not when it never closes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{Assignment, CloseRule, RouteOf, Slot, StageOf, StartRule};
use crate::names::{RoleName, StageName};
use crate::text;
use crate::words::{Decision, NewVersionPolicy, Outcome, ReviewerRole};

const STAGES_MAX: usize = 100;
const REVIEWERS_MAX: usize = 500;
const CHECKLIST_MAX: usize = 500;
const DEPTH_MAX: usize = 8;

/// Something that keeps a file's value from being used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where, such as `stages[1].reviewers[0].due`.
    pub path: String,
    /// What, and what to do about it.
    pub text: String,
}

impl Problem {
    pub(crate) fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() { f.write_str(&self.text) } else { write!(f, "{}: {}", self.path, self.text) }
    }
}

/// What the check wants to know of a slot or an assignment.
pub trait Asked {
    /// What they are to the stage.
    fn duty(&self) -> ReviewerRole;
    /// The role that is asked.
    fn role(&self) -> Option<&RoleName>;
    /// How many people it is; `None` where the workspace's cast decides.
    fn count(&self) -> Option<u32>;
    /// Whether it has a deadline of its own.
    fn has_due(&self) -> bool;
    /// Whether it names a backup.
    fn has_backup(&self) -> bool;
}

impl Asked for Slot {
    fn duty(&self) -> ReviewerRole {
        self.duty
    }
    fn role(&self) -> Option<&RoleName> {
        self.role.as_ref()
    }
    fn count(&self) -> Option<u32> {
        (!self.people.is_empty() || self.role.is_none())
            .then(|| u32::try_from(self.people.len()).unwrap_or(u32::MAX))
    }
    fn has_due(&self) -> bool {
        self.due.is_some()
    }
    fn has_backup(&self) -> bool {
        self.backup.is_some()
    }
}

impl Asked for Assignment {
    fn duty(&self) -> ReviewerRole {
        self.duty
    }
    fn role(&self) -> Option<&RoleName> {
        self.role.as_ref()
    }
    fn count(&self) -> Option<u32> {
        Some(1)
    }
    fn has_due(&self) -> bool {
        self.due.is_some()
    }
    fn has_backup(&self) -> bool {
        self.backup.is_some()
    }
}

impl<R: Asked> RouteOf<R> {
    /// Whether it can be used at all: its first problem.
    pub fn check(&self) -> Result<(), Problem> {
        self.problems().into_iter().next().map_or(Ok(()), Err)
    }

    /// Everything that keeps it from being used.
    pub fn problems(&self) -> Vec<Problem> {
        let mut out = Vec::new();
        if let Err(e) = text::body("the route's text", &self.about) {
            out.push(Problem::new("about", e.to_string()));
        }
        if self.stages.is_empty() || self.stages.len() > STAGES_MAX {
            out.push(Problem::new(
                "stages",
                format!("a route has 1 to {STAGES_MAX} stages, not {}", self.stages.len()),
            ));
            return out;
        }
        let mut names = BTreeSet::new();
        for (i, stage) in self.stages.iter().enumerate() {
            if !names.insert(&stage.name) {
                let text = format!("there are two stages `{}`: rename one", stage.name);
                out.push(Problem::new(format!("stages[{i}].name"), text));
            }
        }
        for (i, stage) in self.stages.iter().enumerate() {
            let mut check = StageCheck { route: self, at: format!("stages[{i}]"), stage, out: &mut out };
            check.all();
        }
        self.graph(&mut out);
        out
    }

    /// Cycles, and stages that can never start.
    fn graph(&self, out: &mut Vec<Problem>) {
        if let Some(cycle) = self.cycle() {
            let path: Vec<&str> = cycle.iter().map(|i| self.stages[*i].name.as_str()).collect();
            let text = format!(
                "the stages wait for each other ({}): take one of these edges out",
                path.join(" after ")
            );
            out.push(Problem::new(format!("stages[{}].start", cycle[0]), text));
            return;
        }
        let mut reached: BTreeSet<&StageName> = BTreeSet::new();
        loop {
            let more: Vec<&StageName> = self
                .stages
                .iter()
                .map(|s| (&s.name, &s.start))
                .filter(|(name, start)| !reached.contains(name) && self.can_start(start, &reached))
                .map(|(name, _)| name)
                .collect();
            if more.is_empty() {
                break;
            }
            reached.extend(more);
        }
        for (i, stage) in self.stages.iter().enumerate() {
            // What waits for an unknown stage or for nothing was told already.
            let told = out.iter().any(|p| p.path.starts_with(&format!("stages[{i}].start")));
            if !reached.contains(&stage.name) && !told {
                let text =
                    format!("`{}` can never start: no stage before it can end as it waits for", stage.name);
                out.push(Problem::new(format!("stages[{i}].start"), text));
            }
        }
    }

    fn can_start(&self, rule: &StartRule, reached: &BTreeSet<&StageName>) -> bool {
        match rule {
            StartRule::OnSubmit | StartRule::Manual | StartRule::At(_) => true,
            StartRule::All(rules) => rules.iter().all(|rule| self.can_start(rule, reached)),
            StartRule::Any(rules) => rules.iter().any(|rule| self.can_start(rule, reached)),
            StartRule::After { stages, outcomes } => stages.iter().all(|name| {
                let stage = self.stage(name.as_str()).filter(|_| reached.contains(name));
                stage.is_some_and(|s| possible(s, self.regulated).any(|o| StartRule::accepts(outcomes, o)))
            }),
        }
    }

    /// The stages of a cycle, if there is one: each waits for the next, the last for the first.
    fn cycle(&self) -> Option<Vec<usize>> {
        let index: BTreeMap<&StageName, usize> =
            self.stages.iter().enumerate().map(|(i, s)| (&s.name, i)).collect();
        let next =
            |i: usize| self.stages[i].start.upstream().into_iter().filter_map(|n| index.get(n).copied());
        let mut done = vec![false; self.stages.len()];
        for start in 0..self.stages.len() {
            // The way down from `start`, and what is still to try at each step of it.
            let mut way: Vec<(usize, Vec<usize>)> = vec![(start, next(start).collect())];
            while let Some((at, rest)) = way.last_mut() {
                let Some(to) = rest.pop() else {
                    done[*at] = true;
                    way.pop();
                    continue;
                };
                if let Some(from) = way.iter().position(|(i, _)| *i == to) {
                    return Some(way[from..].iter().map(|(i, _)| *i).collect());
                }
                if !done[to] {
                    way.push((to, next(to).collect()));
                }
            }
        }
        None
    }
}

/// The outcomes that a stage can close with.
fn possible<R>(stage: &StageOf<R>, regulated: bool) -> impl Iterator<Item = Outcome> {
    let expires = stage.close == CloseRule::Deadline;
    let outcomes = [
        (Outcome::Approved, true),
        (Outcome::ApprovedWithChanges, !regulated),
        (Outcome::ChangesRequired, true),
        (Outcome::Rejected, true),
        (Outcome::NotApplicable, true),
        (Outcome::Skipped, true),
        (Outcome::Expired, expires),
    ];
    outcomes.into_iter().filter(|(_, can)| *can).map(|(outcome, _)| outcome)
}

struct StageCheck<'a, R> {
    route: &'a RouteOf<R>,
    stage: &'a StageOf<R>,
    at: String,
    out: &'a mut Vec<Problem>,
}

impl<R: Asked> StageCheck<'_, R> {
    fn tell(&mut self, field: &str, text: impl Into<String>) {
        self.out.push(Problem::new(format!("{}.{field}", self.at), text));
    }

    fn all(&mut self) {
        let start = &self.stage.start;
        self.start(start, "start", 0);
        self.close();
        self.times();
        self.checklist();
        self.regulated();
        if let Err(e) =
            text::line_or_blank("the stage's title", self.stage.title.as_deref().unwrap_or_default())
        {
            self.tell("title", e.to_string());
        }
        if !self.stage.meaning.fits(Decision::Approved) {
            let text = format!(
                "a signature that means {} approves nothing: use approval, review or release",
                self.stage.meaning
            );
            self.tell("meaning", text);
        }
    }

    fn start(&mut self, rule: &StartRule, path: &str, depth: usize) {
        if depth > DEPTH_MAX {
            return self
                .tell(path, format!("rules lie within rules more than {DEPTH_MAX} deep: make it plainer"));
        }
        match rule {
            StartRule::OnSubmit | StartRule::Manual | StartRule::At(_) => {}
            StartRule::All(rules) | StartRule::Any(rules) => {
                if rules.is_empty() {
                    self.tell(path, "the rule waits for nothing: list what it waits for, or say `on_submit`");
                }
                let word = if matches!(rule, StartRule::All(_)) { "all" } else { "any" };
                for (i, rule) in rules.iter().enumerate() {
                    self.start(rule, &format!("{path}.{word}[{i}]"), depth + 1);
                }
            }
            StartRule::After { stages, outcomes } => {
                if stages.is_empty() {
                    self.tell(path, "the rule waits for nothing: name stages in `after`, or say `on_submit`");
                }
                for name in stages {
                    if self.route.stage(name.as_str()).is_none() {
                        let known: Vec<&str> = self.route.stages.iter().map(|s| s.name.as_str()).collect();
                        let text =
                            format!("there is no stage `{name}`: one of {} is wanted", known.join(", "));
                        self.tell(path, text);
                    }
                }
                let open = [Outcome::Pending, Outcome::InProgress, Outcome::Superseded, Outcome::Withdrawn];
                if let Some(bad) = outcomes.iter().find(|o| open.contains(o)) {
                    self.tell(
                        path,
                        format!("no stage closes as {bad}: wait for an outcome such as approved"),
                    );
                }
            }
        }
    }

    /// How many people of one kind are asked; `None` where the cast decides.
    fn count(&self, which: impl Fn(&R) -> bool) -> Option<u32> {
        let counts = self.stage.reviewers.iter().filter(|r| r.duty().counts() && which(r)).map(R::count);
        counts.sum()
    }

    fn close(&mut self) {
        if self.stage.reviewers.len() > REVIEWERS_MAX {
            return self.tell(
                "reviewers",
                format!("{} reviewers, the limit is {REVIEWERS_MAX}", self.stage.reviewers.len()),
            );
        }
        for (i, reviewer) in self.stage.reviewers.iter().enumerate() {
            if reviewer.count() == Some(0) {
                self.tell(&format!("reviewers[{i}]"), "it asks nobody: give a `role`, `people` or both");
            }
        }
        if self.count(|_| true) == Some(0) {
            return self.tell(
                "reviewers",
                "nobody is asked to decide, so the stage would never close: ask somebody who is no viewer",
            );
        }
        match &self.stage.close {
            CloseRule::Quorum(0) => self.tell("close", "a quorum is at least 1"),
            CloseRule::Quorum(n) => {
                if let Some(have) = self.count(|_| true).filter(|have| have < n) {
                    self.tell(
                        "close",
                        format!(
                            "a quorum of {n} can never be met: the stage asks {have}; ask more or lower it"
                        ),
                    );
                }
            }
            CloseRule::QuorumByRole(by) => self.quorum_by_role(by),
            CloseRule::KeyApprover
                if !self.stage.reviewers.iter().any(|r| r.duty() == ReviewerRole::KeyApprover) =>
            {
                self.tell(
                    "close",
                    "no reviewer is `as = \"key_approver\"`, so the stage would never close: make one so",
                );
            }
            CloseRule::Deadline if !self.has_deadline() => {
                self.tell("close", "nobody has a deadline, so the stage would never close: give it `due`");
            }
            _ => {}
        }
    }

    fn quorum_by_role(&mut self, by: &BTreeMap<RoleName, u32>) {
        if by.values().all(|n| *n == 0) {
            self.tell("close", "a quorum is at least 1 of some role");
        }
        for (role, n) in by {
            match self.count(|r| r.role() == Some(role)) {
                Some(0) => self.tell(
                    "close",
                    format!("no reviewer of the stage is asked as `{role}`: add one or leave the role out"),
                ),
                Some(have) if have < *n => {
                    let text = format!(
                        "a quorum of {n} {role} can never be met: the stage asks {have}; ask more or lower it"
                    );
                    self.tell("close", text);
                }
                _ => {}
            }
        }
    }

    fn has_deadline(&self) -> bool {
        let own = self.stage.reviewers.iter().any(R::has_due);
        self.stage.due.is_some() || self.stage.due_at.is_some() || own
    }

    fn times(&mut self) {
        let stage = self.stage;
        if stage.due.is_some() && stage.due_at.is_some() {
            self.tell("due_at", "the stage has two deadlines: keep `due` or `due_at`");
        }
        if let (StartRule::At(start), Some(due)) = (&stage.start, stage.due_at)
            && due <= *start
        {
            self.tell(
                "due_at",
                format!("the deadline {due} lies before the start {start}: move one of them"),
            );
        }
        if stage.escalate_after.is_some() && !stage.reviewers.iter().any(R::has_backup) {
            self.tell("escalate_after", "there is nobody to escalate to: name a `backup` of a reviewer");
        }
        for (i, reviewer) in stage.reviewers.iter().enumerate() {
            if reviewer.has_backup() && !reviewer.has_due() && stage.due.is_none() && stage.due_at.is_none() {
                let text = "the backup would never be asked: there is no deadline; give the stage or the reviewer `due`";
                self.tell(&format!("reviewers[{i}].backup"), text);
            }
        }
    }

    fn checklist(&mut self) {
        if self.stage.checklist.len() > CHECKLIST_MAX {
            self.tell(
                "checklist",
                format!("{} items, the limit is {CHECKLIST_MAX}", self.stage.checklist.len()),
            );
        }
        let mut items = BTreeSet::new();
        for (i, item) in self.stage.checklist.iter().enumerate() {
            let texts =
                text::line("a checklist item", &item.item).and(text::body("a checklist text", &item.text));
            if let Err(e) = texts {
                self.tell(&format!("checklist[{i}]"), e.to_string());
            } else if !items.insert(item.item.as_str()) {
                self.tell(
                    &format!("checklist[{i}].item"),
                    format!("there are two items `{}`: rename one", item.item),
                );
            }
        }
    }

    fn regulated(&mut self) {
        if self.route.regulated && self.stage.on_new_version == NewVersionPolicy::SkipIfApproved {
            let text = "a regulated route carries nothing forward by itself: use restart, carry_forward_if_unaffected or always";
            self.tell("on_new_version", text);
        }
    }
}
