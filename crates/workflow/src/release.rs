//! Whether the current version may go out, and what waits for whom.

use std::collections::BTreeSet;

use proofroom_ident::{Millis, PersonId, VersionHash};
use proofroom_review::{Act, CommentKey, Current, NewVersionPolicy, Outcome, StageName};

use crate::asset::{Asset, ancestors, is_carried, stands_in_the_way};
use crate::causal::{Event, What};
use crate::notice::{Block, Warning};
use crate::run::unaffected;
use crate::view::{Phase, Release, RunState, StageState, Wait, WaitFor};

impl Asset<'_> {
    pub(crate) fn release(&self, current: &Current, runs: &[RunState]) -> Release {
        let version = match current {
            Current::One(version) => *version,
            Current::Fork(versions) => {
                return Release { open: vec![Block::Fork(versions.clone())], ..Release::default() };
            }
            Current::None => return Release { open: vec![Block::NoVersion], ..Release::default() },
        };
        let Some(run) = runs.iter().find(|r| r.version == version) else { return Release::default() };
        let covered_by = self.covered_by(run, runs);
        let mut open: Vec<Block> = run.blocked_by.clone();
        if covered_by.is_none() && run.outcome != Outcome::Approved {
            open.push(Block::NotApproved(run.outcome));
            let unmet = run.conditions.iter().filter(|c| !c.met);
            open.extend(unmet.map(|c| Block::ConditionOpen(c.decision, c.index)));
        }
        let earlier = ancestors(&self.facts.versions, [version]);
        let comments = self.facts.comments.iter().filter(|c| {
            (c.version == version && stands_in_the_way(c)) || (earlier.contains(&c.version) && is_carried(c))
        });
        open.extend(comments.map(|c| Block::CommentOpen(c.key)));
        open.extend(run.warnings.iter().filter_map(|w| match w {
            Warning::UnseenBlockers { person, .. } => Some(Block::NotAcknowledged(*person)),
            _ => None,
        }));
        open.sort();
        open.dedup();
        Release { version: Some(version), ready: open.is_empty(), covered_by, open }
    }

    /// The version whose approval with changes covers this one: all its conditions were met here, and
    /// nothing outside their anchors was touched.
    fn covered_by(&self, run: &RunState, runs: &[RunState]) -> Option<VersionHash> {
        if matches!(
            run.outcome,
            Outcome::Approved | Outcome::Rejected | Outcome::ChangesRequired | Outcome::Withdrawn
        ) {
            return None;
        }
        let parents = self.parents(run.version);
        let [parent] = parents.as_slice() else { return None };
        let before = runs.iter().find(|r| r.version == *parent)?;
        let passed = |s: &StageState| {
            s.outcome.approves() || matches!(s.outcome, Outcome::NotApplicable | Outcome::Skipped)
        };
        let closed = before.stages.iter().all(|s| s.phase == Phase::Closed && passed(s));
        let with_changes = before.stages.iter().any(|s| s.outcome == Outcome::ApprovedWithChanges);
        let met = before.conditions.iter().all(|c| self.is_met(c.decision, c.index, Some(run.version)));
        let anchors: Option<BTreeSet<CommentKey>> =
            before.conditions.iter().map(|c| c.condition.comment).collect();
        let within = self.touches_only(run.version, *parent, &anchors?);
        (closed && with_changes && met && within).then_some(*parent)
    }

    fn touches_only(&self, version: VersionHash, from: VersionHash, anchors: &BTreeSet<CommentKey>) -> bool {
        let sightings = self.shared.sightings.get(&version).map(Vec::as_slice).unwrap_or_default();
        let mut compared = sightings.iter().filter_map(|a| match &a.statement.act {
            Act::Compare(comparison) if comparison.from == from => Some(comparison),
            _ => None,
        });
        let mut any = false;
        compared.all(|c| {
            any = true;
            !c.elsewhere && c.touched.iter().all(|key| anchors.contains(key))
        }) && any
    }

    /// What waits for whom, the most urgent first.
    pub(crate) fn waits(&self, current: &Current, runs: &[RunState]) -> Vec<Wait> {
        let mut out = Vec::new();
        if let Current::Fork(versions) = current
            && let Some(first) = versions.first()
        {
            out.push(wait(WaitFor::Pick, *first, None, None));
        }
        for run in current.heads().iter().filter_map(|v| runs.iter().find(|r| r.version == *v)) {
            self.run_waits(run, &mut out);
        }
        // Work without a deadline comes last, not first.
        out.sort_by(|a, b| (a.due.is_none(), a).cmp(&(b.due.is_none(), b)));
        out.dedup();
        out
    }

    fn run_waits(&self, run: &RunState, out: &mut Vec<Wait>) {
        let version = run.version;
        if run.blocked_by.contains(&Block::TwoRoutes) {
            out.push(wait(WaitFor::SettleRoute, version, None, None));
        }
        if matches!(run.outcome, Outcome::ChangesRequired | Outcome::Rejected) {
            let author = self.facts.versions.get(&version).map(|m| m.author);
            let held = run
                .stages
                .iter()
                .filter(|s| matches!(s.outcome, Outcome::ChangesRequired | Outcome::Rejected));
            let since = held.filter_map(|s| s.closed_at).min();
            out.push(Wait { since, ..wait(WaitFor::NewVersion, version, author, None) });
        }
        for stage in &run.stages {
            self.stage_waits(run, stage, out);
        }
        out.extend(run.warnings.iter().filter_map(|warning| match warning {
            Warning::Concurrent { person, stage, .. } => {
                Some(wait(WaitFor::SettleConcurrent, version, Some(*person), Some(stage)))
            }
            Warning::UnseenBlockers { person, .. } => {
                Some(wait(WaitFor::Acknowledge, version, Some(*person), None))
            }
            _ => None,
        }));
    }

    fn stage_waits(&self, run: &RunState, stage: &StageState, out: &mut Vec<Wait>) {
        let by_hand = |what| wait(what, run.version, None, Some(&stage.stage));
        for block in &stage.blocked_by {
            match block {
                Block::StartsByHand => out.push(by_hand(WaitFor::StartStage)),
                Block::ClosesByHand => out.push(by_hand(WaitFor::CloseStage)),
                Block::OutOfReach | Block::NobodyLeft | Block::Left(_) | Block::NobodyAsked => {
                    out.push(by_hand(WaitFor::Unblock));
                }
                Block::Reopened(_) => self.reopened_waits(run, stage, out),
                _ => {}
            }
        }
        if stage.phase != Phase::Running {
            return;
        }
        for a in stage.assignments.iter().filter(|a| a.end.is_none() && a.duty.counts()) {
            let carries = self.may_carry(run, stage, a.person);
            let what = if carries { WaitFor::CarryForward } else { WaitFor::Decide };
            for person in std::iter::once(a.person).chain(a.stand_ins.iter().copied()) {
                let what = if person == a.person { what } else { WaitFor::Decide };
                let since = stage.started_at;
                out.push(Wait {
                    due: a.due,
                    since,
                    ..wait(what, run.version, Some(person), Some(&stage.stage))
                });
            }
        }
    }

    /// A reopened stage asks those again who had decided; where nobody is left who could, whoever
    /// moderates closes it.
    fn reopened_waits(&self, run: &RunState, stage: &StageState, out: &mut Vec<Wait>) {
        let decide = |person| Wait {
            since: stage.started_at,
            ..wait(WaitFor::Decide, run.version, Some(person), Some(&stage.stage))
        };
        let counted = || stage.assignments.iter().filter(|a| a.duty.counts());
        out.extend(counted().filter(|a| a.decision.is_some()).map(|a| decide(a.person)));
        if counted().all(|a| a.decision.is_none() && a.end.is_some()) {
            out.push(wait(WaitFor::CloseStage, run.version, None, Some(&stage.stage)));
        }
    }

    /// Whether somebody may carry their approval of the version before forward: the stage allows it,
    /// and nothing that it watches has changed.
    fn may_carry(&self, run: &RunState, stage: &StageState, person: PersonId) -> bool {
        let Some(rule) = self.sent(run.version).route.stage(stage.stage.as_str()) else { return false };
        if rule.on_new_version != NewVersionPolicy::CarryForwardIfUnaffected {
            return false;
        }
        let sightings = self.shared.sightings.get(&run.version).map(Vec::as_slice).unwrap_or_default();
        let approved = |event: &Event<'_>| match event.what {
            What::Decision(d) => {
                d.person == person
                    && d.statement.decision.approves()
                    && d.statement.stage == stage.stage.as_str()
                    && d.statement.on_behalf_of.is_none()
                    && d.statement.version_hash != run.version
                    && unaffected(sightings, rule, d.statement.version_hash)
            }
            What::Act(_) => false,
        };
        self.shared.events.all.iter().any(approved)
    }
}

fn wait(what: WaitFor, version: VersionHash, person: Option<PersonId>, stage: Option<&StageName>) -> Wait {
    Wait { due: None, person, what, version, stage: stage.cloned(), since: None::<Millis> }
}
