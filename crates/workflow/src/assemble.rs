//! A run's stages as they are shown: phases, people, blocks.

use proofroom_ident::{Millis, PersonId};
use proofroom_review::route::{CloseRule, StartRule};
use proofroom_review::{Act, AssignmentEnd, Outcome, ReminderKey};

use crate::facts::SignedAct;
use crate::notice::{Block, Warning};
use crate::plan::Pauses;
use crate::rule::{Tally, Voice};
use crate::run::Run;
use crate::state::{SlotNow, StageNow, Start, View};
use crate::view::{AssignmentState, CountedDecision, PendingReminder, Phase, Progress, StageState};

/// What has been heard of people and deadlines, beside their decisions.
pub(crate) struct Heard<'a> {
    pub synced: Vec<PersonId>,
    pub opened: Vec<PersonId>,
    /// Those who commented, sorted.
    pub commented: Vec<PersonId>,
    pub reminded: Vec<(&'a ReminderKey, Millis)>,
}

impl<'a> Heard<'a> {
    pub fn of(sightings: &[&'a SignedAct], commented: Vec<PersonId>) -> Self {
        let mut heard = Self { synced: Vec::new(), opened: Vec::new(), commented, reminded: Vec::new() };
        for act in sightings {
            match &act.statement.act {
                Act::Sync => heard.synced.push(act.person),
                Act::Open => heard.opened.push(act.person),
                Act::Remind(key) => heard.reminded.push((key, act.statement.claimed_at)),
                _ => {}
            }
        }
        heard
    }

    fn progress(&self, person: PersonId) -> Progress {
        if self.commented.binary_search(&person).is_ok() {
            Progress::Commented
        } else if self.opened.contains(&person) {
            Progress::Opened
        } else if self.synced.contains(&person) {
            Progress::Synced
        } else {
            Progress::Asked
        }
    }
}

/// What a run's assembly gathers beside its stages.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    pub warnings: Vec<Warning>,
    pub pending: Vec<PendingReminder>,
    /// Moments at which the answer can change by itself.
    pub moments: Vec<Millis>,
}

/// A run on its way to being shown.
pub(crate) struct Assembly<'r, 'a> {
    pub run: &'r Run<'a>,
    pub now: Millis,
    pub states: &'r [StageNow],
    pub heard: &'r Heard<'a>,
    /// What keeps every stage from closing.
    pub blocked: &'r [Block],
    /// Whether the version is current: others are read-only.
    pub live: bool,
    /// The clocks' pauses, with that of an author who holds the work.
    pub pauses: Pauses,
    pub out: Gathered,
}

impl<'r, 'a> Assembly<'r, 'a> {
    pub fn new(
        run: &'r Run<'a>,
        now: Millis,
        states: &'r [StageNow],
        heard: &'r Heard<'a>,
        blocked: &'r [Block],
        live: bool,
    ) -> Self {
        let holds = states.iter().filter_map(|s| s.closed);
        let holds =
            holds.filter(|(outcome, _)| matches!(outcome, Outcome::ChangesRequired | Outcome::Rejected));
        let pauses = match holds.map(|(_, at)| at).min() {
            Some(at) if live => run.pauses.until_further_notice(at),
            _ => run.pauses.clone(),
        };
        let mut out = Gathered { warnings: run.warnings.clone(), ..Gathered::default() };
        out.moments.extend(pauses.changes_at(now));
        Self { run, now, states, heard, blocked, live, pauses, out }
    }

    pub fn stage(&mut self, s: usize) -> StageState {
        let now = &self.states[s];
        let stage = self.run.stage(s);
        // Also where the stage runs already: a clock that is ahead can have started it.
        let opens = self.opens_at(&stage.start);
        self.out.moments.extend(opens);
        let kept = if now.closed.is_none() && !matches!(now.start, Start::At(_)) {
            self.run.started_once(s)
        } else {
            None
        };
        let started_at = match now.start {
            Start::At(at) => Some(at),
            Start::NotYet | Start::Never => kept,
        };
        let masked =
            !self.blocked.is_empty() && now.closed.is_some_and(|(outcome, _)| outcome != Outcome::Skipped);
        let closed = now.closed.filter(|_| !masked && kept.is_none());
        let voices = self.run.voices(&now.slots);
        let so_far = Tally::of(stage).fold(&voices);
        let phase = match (closed, started_at) {
            (Some(_), _) => Phase::Closed,
            (None, Some(_)) => Phase::Running,
            (None, None) => Phase::Waiting,
        };
        let outcome = match closed {
            Some((outcome, _)) => outcome,
            None if so_far.is_some() => Outcome::InProgress,
            None => Outcome::Pending,
        };
        let started_at = started_at.filter(|_| !now.passed_by);
        let closed_at = closed.map(|(_, at)| at);
        let assignments = (0..stage.reviewers.len())
            .map(|slot| self.assignment(s, slot, started_at, closed_at, phase))
            .collect();
        let blocked_by = match phase {
            Phase::Closed => Vec::new(),
            Phase::Waiting => self.start_blocks(&stage.start),
            Phase::Running if masked => self.blocked.to_vec(),
            Phase::Running => self.blocks(s, &voices, started_at.unwrap_or_default(), kept.is_some()),
        };
        self.warn(s, closed, started_at);
        StageState {
            stage: stage.name.clone(),
            phase,
            outcome,
            so_far,
            started_at,
            closed_at,
            assignments,
            blocked_by,
        }
    }

    fn warn(&mut self, s: usize, closed: Option<(Outcome, Millis)>, started_at: Option<Millis>) {
        let stage = self.run.stage(s);
        let slots = &self.states[s].slots;
        let entry = |vote: usize| self.run.shared.events.all[self.run.votes[vote].event].entry;
        for (assignment, slot) in stage.reviewers.iter().zip(slots) {
            let Some(vote) = slot.vote.filter(|_| !slot.instead_of.is_empty()) else { continue };
            let mut instead_of: Vec<_> = slot.instead_of.iter().map(|v| entry(*v)).collect();
            instead_of.sort_unstable();
            let (person, counts) = (assignment.person, entry(vote));
            self.out.warnings.push(Warning::Concurrent {
                person,
                stage: stage.name.clone(),
                counts,
                instead_of,
            });
        }
        if stage.close == CloseRule::KeyApprover && closed.is_some_and(|(outcome, _)| outcome.approves()) {
            let against = stage.reviewers.iter().zip(slots).filter(|(a, slot)| {
                !Tally::of(stage).counts(a) && slot.vote.is_some_and(|v| self.run.holds_back(v))
            });
            let people: Vec<PersonId> = against.map(|(a, _)| a.person).collect();
            if !people.is_empty() {
                self.out.warnings.push(Warning::Overruled { stage: stage.name.clone(), people });
            }
        }
        let due_at = stage.due_at.and_then(|local| self.run.calendar()?.zone().at(local));
        if let (Some(due), Some(start)) = (due_at, started_at)
            && due <= start
        {
            self.out.warnings.push(Warning::DueBeforeStart { stage: stage.name.clone() });
        }
    }

    fn assignment(
        &mut self,
        s: usize,
        slot: usize,
        started_at: Option<Millis>,
        closed_at: Option<Millis>,
        phase: Phase,
    ) -> AssignmentState {
        let stage = self.run.stage(s);
        let asked = &stage.reviewers[slot];
        let now = &self.states[s].slots[slot];
        let decision = now.vote.map(|vote| self.counted(vote));
        let over = phase == Phase::Closed || !self.live;
        let end = match (&decision, now.ended) {
            (Some(_), _) => Some(AssignmentEnd::Decided),
            (None, Some((end, _))) => Some(end),
            (None, None) if over && self.states[s].closed.is_some_and(|(o, _)| o == Outcome::Skipped) => {
                Some(AssignmentEnd::Skipped)
            }
            (None, None) if over && asked.duty.counts() => Some(AssignmentEnd::NoResponse),
            (None, None) => None,
        };
        let progress = match (end, phase) {
            (Some(AssignmentEnd::NoResponse | AssignmentEnd::Skipped), _) | (None, Phase::Running) => {
                self.heard.progress(asked.person)
            }
            (Some(_), _) => Progress::Ended,
            (None, _) => Progress::Waiting,
        };
        let silent = self.live && phase == Phase::Running && end.is_none() && asked.duty.counts();
        let stand_ins = if silent { self.stand_ins(s, slot) } else { Vec::new() };
        let running = silent.then_some((progress, &*stand_ins));
        let clock = started_at.map(|start| self.clock(s, slot, start, decision.as_ref(), closed_at, running));
        let (due, sla) = clock.unwrap_or_default();
        AssignmentState {
            person: asked.person,
            duty: asked.duty,
            role: asked.role.clone(),
            must_decide: Tally::of(stage).must_decide(asked),
            progress,
            end,
            decision,
            stand_ins,
            due,
            sla,
        }
    }

    fn stand_ins(&mut self, s: usize, slot: usize) -> Vec<PersonId> {
        let stage = self.run.stage(s);
        let asked = &stage.reviewers[slot];
        let shared = self.run.shared;
        let delegates = shared.plan.delegations.of_stage(asked.person, &shared.asset, &stage.name, self.now);
        let mut out: Vec<PersonId> = delegates.collect();
        out.extend(asked.backup.filter(|_| self.run.escalations(stage, asked.person).next().is_some()));
        out.sort_unstable();
        out.dedup();
        out
    }

    fn counted(&self, vote: usize) -> CountedDecision {
        let vote = &self.run.votes[vote];
        let event = &self.run.shared.events.all[vote.event];
        CountedDecision {
            decision: vote.decision,
            entry: event.entry,
            by: event.person,
            carried: vote.carried,
            claimed_at: event.claimed_at,
            within: self.run.shared.events.within(vote.event, self.run.sightings()),
        }
    }

    /// The times, all yet to come, that a start rule waits for.
    fn opens_at(&self, rule: &StartRule) -> Vec<Millis> {
        let zone = self.run.calendar().map(|calendar| calendar.zone());
        let (mut out, mut next) = (Vec::new(), vec![rule]);
        while let Some(rule) = next.pop() {
            match rule {
                StartRule::All(rules) | StartRule::Any(rules) => next.extend(rules),
                StartRule::At(local) => out.extend(zone.and_then(|zone| zone.at(*local))),
                StartRule::OnSubmit | StartRule::After { .. } | StartRule::Manual => {}
            }
        }
        out.retain(|at| *at > self.now);
        out
    }

    /// Why a stage has not started.
    fn start_blocks(&self, rule: &StartRule) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut after: Vec<_> = rule.upstream().into_iter().cloned().collect();
        after.retain(|name| self.run.index(name.as_str()).is_none_or(|i| self.states[i].closed.is_none()));
        after.sort();
        after.dedup();
        if !after.is_empty() {
            blocks.push(Block::StartsAfter(after));
        }
        blocks.extend(self.opens_at(rule).into_iter().map(Block::StartsAt));
        let mut next = vec![rule];
        while let Some(rule) = next.pop() {
            match rule {
                StartRule::All(rules) | StartRule::Any(rules) => next.extend(rules),
                StartRule::Manual => blocks.push(Block::StartsByHand),
                StartRule::At(_) | StartRule::OnSubmit | StartRule::After { .. } => {}
            }
        }
        blocks.sort();
        blocks.dedup();
        blocks
    }

    /// Why a stage that runs is not closed.
    fn blocks(&mut self, s: usize, voices: &[Voice], started: Millis, kept: bool) -> Vec<Block> {
        let stage = self.run.stage(s);
        let mut blocks = Vec::new();
        if kept {
            let mut above: Vec<_> = stage.start.upstream().into_iter().cloned().collect();
            above.retain(|name| {
                self.run
                    .index(name.as_str())
                    .is_some_and(|i| self.states[i].closed.is_none_or(|(outcome, _)| !outcome.approves()))
            });
            above.sort();
            above.dedup();
            match above.is_empty() {
                true => blocks.extend(self.start_blocks(&stage.start)),
                false => blocks.push(Block::UpstreamNotFinal(above)),
            }
        }
        blocks.extend(self.reopened(s));
        let tally = Tally::of(stage);
        if !stage.reviewers.iter().any(|a| tally.counts(a)) {
            blocks.push(Block::NobodyAsked);
        } else if !tally.suffices(voices) {
            blocks.extend(self.rule_blocks(s, voices, started));
        }
        blocks.sort();
        blocks.dedup();
        blocks
    }

    fn reopened(&self, s: usize) -> Option<Block> {
        let events = self.run.shared.events;
        let acts = &self.run.acts[s];
        let votes = self.states[s].slots.iter().filter_map(|slot| slot.vote).map(|v| self.run.votes[v].event);
        let answers: Vec<usize> = votes.chain(acts.closes.iter().copied()).collect();
        let open = acts.reopens.iter().filter(|r| !answers.iter().any(|answer| events.saw(*answer, **r)));
        open.map(|r| Block::Reopened(events.all[*r].person)).min()
    }

    fn rule_blocks(&mut self, s: usize, voices: &[Voice], started: Millis) -> Vec<Block> {
        let stage = self.run.stage(s);
        let tally = Tally::of(stage);
        let plan = self.run.shared.plan;
        let silent = |needed: &dyn Fn(&proofroom_review::Assignment) -> bool| {
            let both = stage.reviewers.iter().zip(voices).filter(|(a, v)| needed(a) && **v == Voice::Silent);
            both.map(
                |(a, _)| {
                    if plan.has_left(&a.person) { Block::Left(a.person) } else { Block::Missing(a.person) }
                },
            )
            .collect::<Vec<_>>()
        };
        match stage.close {
            CloseRule::AllMandatory | CloseRule::KeyApprover => {
                let missing = silent(&|a| tally.must_decide(a));
                if missing.is_empty() { vec![Block::NobodyLeft] } else { missing }
            }
            CloseRule::Manual => vec![Block::ClosesByHand],
            CloseRule::Deadline => match self.run.closes_at(s, started) {
                Some(at) => {
                    self.out.moments.push(at);
                    vec![Block::ClosesAt(at)]
                }
                None => {
                    self.out.warnings.push(Warning::NoDeadline { stage: stage.name.clone() });
                    let missing = silent(&|a| tally.counts(a));
                    if missing.is_empty() { vec![Block::NobodyLeft] } else { missing }
                }
            },
            CloseRule::AnyOne | CloseRule::Quorum(_) | CloseRule::QuorumByRole(_) | CloseRule::Majority => {
                // Those who left say nothing any more, whatever the route hopes for.
                let reachable: Vec<Voice> = stage
                    .reviewers
                    .iter()
                    .zip(voices)
                    .map(
                        |(a, v)| {
                            if *v == Voice::Silent && plan.has_left(&a.person) { Voice::Ended } else { *v }
                        },
                    )
                    .collect();
                match tally.wanted(voices) {
                    _ if tally.out_of_reach(&reachable) => vec![Block::OutOfReach],
                    Some(n) => vec![Block::Wanted(n)],
                    None => silent(&|a| tally.counts(a)),
                }
            }
        }
    }
}

/// The votes of the run that count now, in the order of its stages.
pub(crate) fn counting(states: &[StageNow]) -> impl Iterator<Item = usize> + '_ {
    states.iter().flat_map(|s| s.slots.iter().filter_map(|slot: &SlotNow| slot.vote))
}

/// The view of everything at one time.
pub(crate) const fn everything(now: Millis) -> View<'static> {
    View { events: None, at: now }
}
