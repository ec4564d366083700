//! One run: the review of one version, and which decisions and acts take part in it.

use std::collections::BTreeMap;

use proofroom_ident::{AssetId, ContentHash, Millis, PersonId, VersionHash};
use proofroom_review::route::Route;
use proofroom_review::{
    Act, Aspect, AssignmentEnd, Decision, DecisionStatement, NewVersionPolicy, RouteChoice, Stage, Threshold,
};

use crate::causal::{Bits, Events, What};
use crate::facts::{SignedAct, SignedDecision};
use crate::notice::{NoEffect, NotCounted, Warning};
use crate::plan::{Pauses, Plan};

/// A decision that was admitted to a stage.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vote<'a> {
    pub event: usize,
    pub stage: usize,
    pub slot: usize,
    pub decision: Decision,
    pub statement: &'a DecisionStatement,
    pub carried: bool,
}

/// An act on a stage, by its event.
#[derive(Clone, Debug, Default)]
pub(crate) struct StageActs {
    pub starts: Vec<usize>,
    pub closes: Vec<usize>,
    pub reopens: Vec<usize>,
    pub skips: Vec<usize>,
    /// Assignments that ended without a decision.
    pub ends: Vec<(usize, usize, AssignmentEnd)>,
}

/// What the version before left to this one, by stage name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inherited {
    /// Stages that approved every version that this one was made from.
    pub approved: Vec<String>,
}

/// How a version was sent on its way.
#[derive(Clone, Debug)]
pub(crate) struct Sent<'a> {
    pub submitted: bool,
    pub at: Millis,
    pub route: &'a Route,
    pub hash: Option<ContentHash>,
    pub chosen: Option<&'a RouteChoice>,
    pub two_routes: bool,
}

/// What all runs of one asset share.
pub(crate) struct Shared<'a> {
    pub asset: AssetId,
    pub plan: &'a Plan,
    pub events: &'a Events<'a>,
    /// Synchronised, opened, reminded, compared: by version, in any order.
    pub sightings: &'a BTreeMap<VersionHash, Vec<&'a SignedAct>>,
    pub authors: &'a BTreeMap<VersionHash, PersonId>,
}

/// One run, before its state is asked for.
pub(crate) struct Run<'a> {
    pub shared: &'a Shared<'a>,
    pub version: VersionHash,
    pub sent: Sent<'a>,
    pub inherited: Inherited,
    /// Stages, each after those that it waits for.
    pub order: Vec<usize>,
    pub votes: Vec<Vote<'a>>,
    pub by_stage: Vec<Vec<usize>>,
    pub acts: Vec<StageActs>,
    pub pauses: Pauses,
    /// Votes that came after their stage had closed in front of their signer.
    pub late: Bits,
    pub warnings: Vec<Warning>,
}

impl<'a> Run<'a> {
    pub fn of(
        shared: &'a Shared<'a>,
        version: VersionHash,
        sent: Sent<'a>,
        inherited: Inherited,
        mine: &[usize],
    ) -> Self {
        let stages = sent.route.stages.len();
        let mut run = Self {
            shared,
            version,
            order: order(sent.route),
            sent,
            inherited,
            votes: Vec::with_capacity(mine.len()),
            by_stage: vec![Vec::new(); stages],
            acts: vec![StageActs::default(); stages],
            pauses: Pauses::default(),
            late: Bits::none(0),
            warnings: Vec::new(),
        };
        run.take_acts(mine);
        run.take_votes(mine);
        run.late = Bits::none(run.votes.len());
        run.mark_late();
        run
    }

    pub fn stage(&self, index: usize) -> &'a Stage {
        &self.sent.route.stages[index]
    }

    pub fn index(&self, name: &str) -> Option<usize> {
        self.sent.route.stages.iter().position(|s| s.name.as_str() == name)
    }

    pub fn sightings(&self) -> &'a [&'a SignedAct] {
        self.shared.sightings.get(&self.version).map_or(&[], Vec::as_slice)
    }

    /// Whether nobody may skip this stage.
    pub fn is_fixed(&self, stage: usize) -> bool {
        self.sent.route.regulated || self.stage(stage).on_new_version == NewVersionPolicy::Always
    }

    /// The acts that asked the backup of somebody.
    pub fn escalations(&self, stage: &Stage, person: PersonId) -> impl Iterator<Item = &'a SignedAct> {
        let asked = move |act: &&SignedAct| match &act.statement.act {
            Act::Remind(key) => {
                key.threshold == Threshold::Escalated && key.person == person && key.stage == stage.name
            }
            _ => false,
        };
        self.sightings().iter().copied().filter(asked)
    }

    fn take_acts(&mut self, mine: &[usize]) {
        let mut moments = Vec::new();
        for i in mine {
            let What::Act(act) = self.shared.events.all[*i].what else { continue };
            if let Err(why) = self.take_act(*i, act, &mut moments) {
                self.warnings.push(Warning::NoEffect { person: act.person, entry: act.entry, why });
            }
        }
        self.pauses = Pauses::of(moments);
    }

    fn take_act(
        &mut self,
        i: usize,
        act: &SignedAct,
        moments: &mut Vec<(Millis, bool)>,
    ) -> Result<(), NoEffect> {
        let stage = |run: &Self, name: &str| run.index(name).ok_or(NoEffect::NoSuchStage);
        let what = &act.statement.act;
        if what.needs_moderator() && !act.moderator {
            return Err(NoEffect::NotModerator);
        }
        match what {
            Act::StartStage { stage: name } => {
                let s = stage(self, name.as_str())?;
                self.acts[s].starts.push(i);
            }
            Act::CloseStage { stage: name } => {
                let s = stage(self, name.as_str())?;
                self.acts[s].closes.push(i);
            }
            Act::ReopenStage { stage: name } => {
                let s = stage(self, name.as_str())?;
                self.acts[s].reopens.push(i);
            }
            Act::SkipStage { stage: name } => {
                let s = stage(self, name.as_str())?;
                if self.is_fixed(s) {
                    return Err(NoEffect::NotSkippable);
                }
                self.acts[s].skips.push(i);
            }
            Act::SkipAssignment { stage: name, person } => {
                self.end(i, name.as_str(), *person, AssignmentEnd::Skipped)?
            }
            Act::Recuse { stage: name } => self.end(i, name.as_str(), act.person, AssignmentEnd::Recused)?,
            Act::Complete { stage: name } => {
                self.end(i, name.as_str(), act.person, AssignmentEnd::Completed)?
            }
            Act::Pause | Act::Resume => {
                let author = self.shared.authors.get(&self.version) == Some(&act.person);
                if !author && !act.moderator {
                    return Err(NoEffect::NotAuthor);
                }
                moments.push((act.statement.claimed_at, *what == Act::Pause));
            }
            _ => {}
        }
        Ok(())
    }

    fn end(
        &mut self,
        event: usize,
        stage: &str,
        person: PersonId,
        end: AssignmentEnd,
    ) -> Result<(), NoEffect> {
        let s = self.index(stage).ok_or(NoEffect::NoSuchStage)?;
        let slot =
            self.stage(s).reviewers.iter().position(|a| a.person == person).ok_or(NoEffect::NoSuchStage)?;
        // Being done is for those who only look on: others decide.
        if end == AssignmentEnd::Completed && self.stage(s).reviewers[slot].duty.counts() {
            return Err(NoEffect::NoSuchStage);
        }
        self.acts[s].ends.push((slot, event, end));
        Ok(())
    }

    fn take_votes(&mut self, mine: &[usize]) {
        for i in mine {
            let event = &self.shared.events.all[*i];
            let taken = match event.what {
                What::Decision(d) => Some(self.admit(*i, d)),
                What::Act(act) => self.carry(*i, act),
            };
            match taken {
                Some(Ok(vote)) => {
                    self.by_stage[vote.stage].push(self.votes.len());
                    self.votes.push(vote);
                }
                Some(Err(why)) => {
                    self.warnings.push(Warning::NotCounted { person: event.person, entry: event.entry, why });
                }
                None => {}
            }
        }
    }

    /// The stage and slot that a decision speaks in, or why it does not count.
    fn admit(&self, event: usize, d: &'a SignedDecision) -> Result<Vote<'a>, NotCounted> {
        let statement = &d.statement;
        if statement.route_hash != self.sent.hash {
            return Err(NotCounted::OtherRoute);
        }
        let s = self.index(&statement.stage).ok_or(NotCounted::NoSuchStage)?;
        let stage = self.stage(s);
        let assignee = statement.on_behalf_of.unwrap_or(d.person);
        let slot = stage.reviewers.iter().position(|a| a.person == assignee && a.duty.counts());
        if assignee != d.person {
            let slot = slot.ok_or(NotCounted::NoDelegation(assignee))?;
            let at = statement.claimed_at;
            let delegated =
                self.shared.plan.delegations.allow(assignee, d.person, &self.shared.asset, &stage.name, at);
            let backup = stage.reviewers[slot].backup == Some(d.person);
            // Being asked is asked of what the backup had in front of them: nobody is made a backup afterwards.
            let asked = backup && self.escalations(stage, assignee).any(|act| knew(d, act));
            if !delegated && !asked {
                return Err(NotCounted::NoDelegation(assignee));
            }
        }
        let slot = slot.ok_or(NotCounted::NotAsked)?;
        self.form(stage, statement)?;
        Ok(Vote { event, stage: s, slot, decision: statement.decision, statement, carried: false })
    }

    /// Whether a decision has the form that its stage asks for.
    fn form(&self, stage: &Stage, statement: &DecisionStatement) -> Result<(), NotCounted> {
        let no_reason = statement.reason.as_deref().is_none_or(|reason| reason.trim().is_empty());
        if self.sent.route.regulated && statement.decision == Decision::ApprovedWithChanges {
            return Err(NotCounted::NotOffered);
        }
        if self.sent.route.regulated && no_reason {
            return Err(NotCounted::NoReason);
        }
        if statement.decision.approves() {
            if statement.meaning != stage.meaning {
                return Err(NotCounted::Meaning(stage.meaning));
            }
            let answered = |item: &proofroom_review::route::ChecklistItem| {
                let hash = item.text_hash();
                let answers =
                    statement.checklist.iter().filter(|a| a.item == item.item && a.text_hash == hash);
                answers.into_iter().any(|a| !a.answer.trim().is_empty())
            };
            if !stage.checklist.iter().filter(|item| item.required).all(answered) {
                return Err(NotCounted::Checklist);
            }
        }
        Ok(())
    }

    /// An approval of an earlier version that its signer lets count for this one; `None` for other acts.
    fn carry(&self, event: usize, act: &'a SignedAct) -> Option<Result<Vote<'a>, NotCounted>> {
        let Act::CarryForward { stage: name, decision } = &act.statement.act else { return None };
        let carried = || {
            let s = self.index(name.as_str())?;
            let stage = self.stage(s);
            let slot = stage.reviewers.iter().position(|a| a.person == act.person && a.duty.counts())?;
            let earlier = self.shared.events.all.iter().find_map(|e| match e.what {
                What::Decision(d) if d.entry == *decision => Some(d),
                _ => None,
            })?;
            let statement = &earlier.statement;
            let own = earlier.person == act.person
                && statement.on_behalf_of.is_none_or(|other| other == act.person);
            let same = statement.stage == name.as_str() && statement.decision.approves();
            let reason = act.statement.reason.as_deref().is_some_and(|reason| !reason.trim().is_empty());
            let offered = stage.on_new_version == NewVersionPolicy::CarryForwardIfUnaffected;
            let regulated = self.sent.route.regulated;
            let form = !regulated || (reason && statement.decision == Decision::Approved);
            let unaffected = self.unaffected(stage, statement.version_hash);
            let good = own && same && offered && form && unaffected;
            let decision = statement.decision;
            good.then_some(Vote { event, stage: s, slot, decision, statement, carried: true })
        };
        Some(carried().ok_or(NotCounted::Carry))
    }

    fn unaffected(&self, stage: &Stage, earlier: VersionHash) -> bool {
        unaffected(self.sightings(), stage, earlier)
    }
}

/// Whether the signer of a decision had an act in front of them.
fn knew(decision: &SignedDecision, act: &SignedAct) -> bool {
    if decision.log == act.log {
        return decision.seq > act.seq;
    }
    decision.statement.seen_heads.get(&act.log).is_some_and(|head| head.seq >= act.seq)
}

/// Whether somebody compared the version of these sightings with `earlier`, and everybody who did
/// found nothing changed that the stage watches.
pub(crate) fn unaffected(sightings: &[&SignedAct], stage: &Stage, earlier: VersionHash) -> bool {
    let watched = |aspect: &Aspect| stage.watches.is_empty() || stage.watches.contains(aspect);
    let mut compared = sightings.iter().filter_map(|act| match &act.statement.act {
        Act::Compare(comparison) if comparison.from == earlier => Some(comparison),
        _ => None,
    });
    let mut any = false;
    compared.all(|c| {
        any = true;
        !c.changed.iter().any(watched)
    }) && any
}

/// Stages, each after those that it waits for. Those in a cycle, which no checked route has, come last.
fn order(route: &Route) -> Vec<usize> {
    let n = route.stages.len();
    let upstream: Vec<Vec<usize>> = route
        .stages
        .iter()
        .map(|stage| {
            let names = stage.start.upstream().into_iter();
            names.filter_map(|name| route.stages.iter().position(|s| s.name == *name)).collect()
        })
        .collect();
    let mut out: Vec<usize> = Vec::with_capacity(n);
    while out.len() < n {
        let next = (0..n).find(|i| !out.contains(i) && upstream[*i].iter().all(|u| out.contains(u)));
        match next.or_else(|| (0..n).find(|i| !out.contains(i))) {
            Some(i) => out.push(i),
            None => break,
        }
    }
    out
}
