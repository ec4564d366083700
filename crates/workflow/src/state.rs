//! Where a run's stages stand, seen from one frontier: at the end, or from within a decision's past.
//!
//! The same function answers both, and that is what makes the whole order-free:
//! whether a decision came too late is asked of what its signer had in front of
//! them, never of the order in which entries arrived here.

use proofroom_ident::Millis;
use proofroom_review::route::{CloseRule, StartRule};
use proofroom_review::{AssignmentEnd, Decision, NewVersionPolicy, Outcome};

use crate::causal::Bits;
use crate::notice::{NotCounted, Warning};
use crate::plan::{Deadline, Length};
use crate::rule::{Tally, Voice};
use crate::run::Run;

/// Whether a stage has started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Start {
    /// At this time.
    At(Millis),
    /// Not yet.
    NotYet,
    /// Never, as things stand: what it waits for has ended otherwise.
    Never,
}

/// What one assignment has come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SlotNow {
    /// The vote that counts.
    pub vote: Option<usize>,
    /// Votes that were concurrent with it.
    pub instead_of: Vec<usize>,
    /// How it ended without a decision, and by which event.
    pub ended: Option<(AssignmentEnd, usize)>,
}

/// What one stage has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StageNow {
    pub start: Start,
    pub slots: Vec<SlotNow>,
    /// The outcome and the time, once it is closed.
    pub closed: Option<(Outcome, Millis)>,
    /// Whether it is closed because it can never start.
    pub passed_by: bool,
}

/// What an evaluation can see.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    /// The events; all of them where there are none.
    pub events: Option<&'a Bits>,
    /// The time.
    pub at: Millis,
}

impl View<'_> {
    fn has(&self, event: usize) -> bool {
        self.events.is_none_or(|events| events.has(event))
    }
}

impl Run<'_> {
    /// Where all stages stand, in the route's order.
    pub(crate) fn state(&self, view: View<'_>) -> Vec<StageNow> {
        let idle = || StageNow { start: Start::NotYet, slots: Vec::new(), closed: None, passed_by: false };
        let mut out: Vec<StageNow> = self.by_stage.iter().map(|_| idle()).collect();
        for s in &self.order {
            out[*s] = self.stage_now(*s, &out, view);
        }
        out
    }

    fn stage_now(&self, s: usize, others: &[StageNow], view: View<'_>) -> StageNow {
        let slots = self.slots(s, view);
        let start = self.start(&self.stage(s).start, s, others, view);
        let skipped = self.skipped(s, view).map(|at| (Outcome::Skipped, at));
        let closed = skipped.or_else(|| match start {
            Start::At(started) => self.close(s, &slots, started, view),
            Start::NotYet | Start::Never => None,
        });
        let passed_by = closed.is_none() && start == Start::Never;
        let at = if passed_by { Some((Outcome::Skipped, self.sent.at)) } else { closed };
        StageNow { start, slots, closed: at, passed_by }
    }

    /// What each assignment of a stage contributes.
    pub(crate) fn voices(&self, slots: &[SlotNow]) -> Vec<Voice> {
        let voice = |slot: &SlotNow| match (slot.vote, slot.ended) {
            (Some(vote), _) => Voice::Said(self.votes[vote].decision),
            (None, Some(_)) => Voice::Ended,
            (None, None) => Voice::Silent,
        };
        slots.iter().map(voice).collect()
    }

    /// The votes of a stage that are seen and not late.
    fn seen_votes(&self, s: usize, view: View<'_>) -> impl Iterator<Item = usize> + '_ {
        let seen: Vec<usize> = self.by_stage[s]
            .iter()
            .copied()
            .filter(|v| !self.late.has(*v) && view.has(self.votes[*v].event))
            .collect();
        seen.into_iter()
    }

    pub(crate) fn slots(&self, s: usize, view: View<'_>) -> Vec<SlotNow> {
        let mut votes: Vec<Vec<usize>> = vec![Vec::new(); self.stage(s).reviewers.len()];
        for v in self.seen_votes(s, view) {
            votes[self.votes[v].slot].push(v);
        }
        let slot = |(i, votes): (usize, Vec<usize>)| self.slot(s, i, votes, view);
        votes.into_iter().enumerate().map(slot).collect()
    }

    fn slot(&self, s: usize, slot: usize, mut votes: Vec<usize>, view: View<'_>) -> SlotNow {
        let events = self.shared.events;
        let ends = self.acts[s].ends.iter().filter(|(of, event, _)| *of == slot && view.has(*event));
        let mut ended = None;
        for (_, event, end) in ends {
            // Stepping back takes one's own earlier decisions along; being skipped by a moderator does not.
            if *end == AssignmentEnd::Recused {
                votes.retain(|v| !events.saw(*event, self.votes[*v].event));
            }
            let first: &mut Option<(AssignmentEnd, usize)> = &mut ended;
            if first.is_none_or(|(_, held)| events.all[held].entry > events.all[*event].entry) {
                *first = Some((*end, *event));
            }
        }
        let replaced = |v: usize| votes.iter().any(|w| events.saw(self.votes[*w].event, self.votes[v].event));
        let mut latest: Vec<usize> = votes.iter().copied().filter(|v| !replaced(*v)).collect();
        let strength =
            |v: &usize| (self.votes[*v].decision.restriction(), events.all[self.votes[*v].event].entry);
        let vote = latest.iter().copied().max_by_key(strength);
        latest.retain(|v| Some(*v) != vote);
        SlotNow { vote, instead_of: latest, ended: ended.filter(|_| vote.is_none()) }
    }

    fn claimed(&self, event: usize) -> Millis {
        self.shared.events.all[event].claimed_at
    }

    /// When the stage was skipped, if it is: by a moderator and not reopened since, or because the
    /// version before was approved.
    fn skipped(&self, s: usize, view: View<'_>) -> Option<Millis> {
        let acts = &self.acts[s];
        let reopens = || acts.reopens.iter().filter(|r| view.has(**r));
        let stands =
            |skip: &&usize| view.has(**skip) && !reopens().any(|r| self.shared.events.saw(*r, **skip));
        let by_hand = acts.skips.iter().filter(stands).map(|skip| self.claimed(*skip)).min();
        let stage = self.stage(s);
        let policy = stage.on_new_version == NewVersionPolicy::SkipIfApproved && !self.sent.route.regulated;
        let before = policy
            && reopens().next().is_none()
            && self.inherited.approved.iter().any(|name| name == stage.name.as_str());
        by_hand.or(before.then_some(self.sent.at))
    }

    fn start(&self, rule: &StartRule, s: usize, others: &[StageNow], view: View<'_>) -> Start {
        match rule {
            StartRule::OnSubmit => Start::At(self.sent.at),
            StartRule::Manual => {
                let by_hand = self.acts[s].starts.iter().filter(|a| view.has(**a));
                by_hand.map(|a| self.claimed(*a)).min().map_or(Start::NotYet, Start::At)
            }
            StartRule::At(local) => {
                let at = self.calendar().and_then(|calendar| calendar.zone().at(*local));
                at.filter(|at| *at <= view.at).map_or(Start::NotYet, |at| Start::At(at.max(self.sent.at)))
            }
            StartRule::After { stages, outcomes } => {
                let each = stages.iter().map(|name| {
                    let Some(other) = self.index(name.as_str()).map(|i| &others[i]) else {
                        return Start::Never;
                    };
                    match other.closed {
                        None => Start::NotYet,
                        Some(_) if other.passed_by && !outcomes.contains(&Outcome::Skipped) => Start::Never,
                        Some((outcome, at)) if StartRule::accepts(outcomes, outcome) => Start::At(at),
                        Some(_) => Start::Never,
                    }
                });
                all_of(each, self.sent.at)
            }
            StartRule::All(rules) => {
                all_of(rules.iter().map(|rule| self.start(rule, s, others, view)), self.sent.at)
            }
            // The order of the words is from the first to start to the last.
            StartRule::Any(rules) => {
                rules.iter().map(|rule| self.start(rule, s, others, view)).min().unwrap_or(Start::Never)
            }
        }
    }

    pub(crate) fn calendar(&self) -> Option<&crate::calendar::Calendar> {
        self.shared.plan.calendar(self.sent.route)
    }

    /// The deadline of an assignment in a stage that started; `None` where there is none.
    pub(crate) fn deadline(&self, s: usize, slot: usize, start: Millis) -> Option<Deadline<'_>> {
        let stage = self.stage(s);
        let own = stage.reviewers[slot].due.or(stage.due).map(Length::Business);
        let length = stage.reviewers[slot].due.map(Length::Business);
        let length = length.or(stage.due_at.map(Length::Until)).or(own)?;
        Some(Deadline { calendar: self.calendar()?, start, length })
    }

    /// When a stage with the close rule `deadline` closes.
    pub(crate) fn closes_at(&self, s: usize, start: Millis) -> Option<Millis> {
        let stage = self.stage(s);
        let counted = (0..stage.reviewers.len()).filter(|i| stage.reviewers[*i].duty.counts());
        let due = |i| self.deadline(s, i, start)?.at(100, None, &self.pauses).ok();
        counted.map(due).collect::<Option<Vec<Millis>>>()?.into_iter().max()
    }

    /// The outcome and the time of a stage's closing, if its rule is met.
    fn close(&self, s: usize, slots: &[SlotNow], start: Millis, view: View<'_>) -> Option<(Outcome, Millis)> {
        let tally = Tally::of(self.stage(s));
        let answered = self.reopens_answered(s, slots, view)?;
        let voices = self.voices(slots);
        if tally.suffices(&voices) {
            let at = self.sufficed_at(tally, slots, &voices).max(answered).max(start);
            return Some((tally.fold(&voices)?, at));
        }
        match self.stage(s).close {
            CloseRule::Manual => {
                let reopens: Vec<usize> =
                    self.acts[s].reopens.iter().copied().filter(|r| view.has(*r)).collect();
                let stands =
                    |c: &&usize| view.has(**c) && !reopens.iter().any(|r| self.shared.events.saw(*r, **c));
                let at = self.acts[s].closes.iter().filter(stands).map(|c| self.claimed(*c)).min()?;
                Some((tally.fold(&voices)?, at.max(start)))
            }
            CloseRule::Deadline => {
                let at = self.closes_at(s, start).filter(|at| *at <= view.at)?;
                Some((tally.at_deadline(&voices), at.max(answered)))
            }
            _ => None,
        }
    }

    /// When the last reopening was answered by a decision or a closing act that saw it; `None` where
    /// one was not.
    fn reopens_answered(&self, s: usize, slots: &[SlotNow], view: View<'_>) -> Option<Millis> {
        let events = self.shared.events;
        let mut last = Millis(0);
        for reopen in self.acts[s].reopens.iter().filter(|r| view.has(**r)) {
            let votes = slots.iter().filter_map(|slot| slot.vote).map(|v| self.votes[v].event);
            let acts = self.acts[s].closes.iter().copied().filter(|c| view.has(*c));
            let answers = votes.chain(acts).filter(|answer| events.saw(*answer, *reopen));
            last = last.max(answers.map(|answer| self.claimed(answer)).min()?);
        }
        Some(last)
    }

    /// The claimed time of the voice with which the voices began to suffice.
    fn sufficed_at(&self, tally: Tally<'_>, slots: &[SlotNow], voices: &[Voice]) -> Millis {
        let when = |slot: &SlotNow| {
            let event = slot.vote.map(|v| self.votes[v].event).or(slot.ended.map(|(_, event)| event));
            event.map(|event| self.claimed(event))
        };
        let times: Vec<Option<Millis>> = slots.iter().map(when).collect();
        let mut moments: Vec<Millis> = times.iter().flatten().copied().collect();
        moments.sort_unstable();
        moments.dedup();
        let suffices = |until: &Millis| {
            let voice = |(voice, at): (&Voice, &Option<Millis>)| match at {
                Some(at) if at <= until => *voice,
                _ => Voice::Silent,
            };
            let so_far: Vec<Voice> = voices.iter().zip(&times).map(voice).collect();
            tally.suffices(&so_far)
        };
        let last = moments.last().copied().unwrap_or(self.sent.at);
        if moments.len() < 2 || !suffices(&moments[moments.len() - 2]) {
            return last;
        }
        moments.into_iter().find(suffices).unwrap_or(last)
    }

    /// Finds the votes that came after their stage had closed in front of their signer.
    pub(crate) fn mark_late(&mut self) {
        let events = self.shared.events;
        let mut votes: Vec<Option<usize>> = vec![None; events.all.len()];
        self.votes.iter().enumerate().for_each(|(v, vote)| votes[vote.event] = Some(v));
        for v in events.order.iter().filter_map(|event| votes[*event]) {
            if self.is_late(v) {
                self.late.set(v);
                let event = &events.all[self.votes[v].event];
                let (person, entry) = (event.person, event.entry);
                self.warnings.push(Warning::NotCounted { person, entry, why: NotCounted::Late });
            }
        }
    }

    fn is_late(&self, v: usize) -> bool {
        let vote = &self.votes[v];
        let event = &self.shared.events.all[vote.event];
        let past = self.shared.events.past(vote.event);
        // A signer who saw something of others cannot have signed before it.
        let seen = past.each().map(|e| &self.shared.events.all[e]).filter(|e| e.person != event.person);
        let at = seen.map(|e| e.claimed_at).max().unwrap_or_default().max(event.claimed_at);
        let view = View { events: Some(past), at };
        let stage = self.stage(vote.stage);
        // Who is asked to settle decisions that were made apart may do so, whatever these closed.
        let slot = &self.slots(vote.stage, view)[vote.slot];
        if !slot.instead_of.is_empty() && stage.reviewers[vote.slot].person == event.person {
            return false;
        }
        let by_hand = |acts: &[usize]| acts.iter().any(|a| view.has(*a));
        let acts = &self.acts[vote.stage];
        let maybe = stage.close == CloseRule::Deadline
            || stage.on_new_version == NewVersionPolicy::SkipIfApproved
            || by_hand(&acts.closes)
            || by_hand(&acts.skips)
            || Tally::of(stage).suffices(&self.voices(&self.slots(vote.stage, view)));
        if !maybe {
            return false;
        }
        let now = &self.state(view)[vote.stage];
        now.closed.is_some() && !now.passed_by
    }

    /// When the stage started in front of somebody who acted on it, though its start rule does not
    /// hold any more: it keeps running.
    pub(crate) fn started_once(&self, s: usize) -> Option<Millis> {
        let votes = self.by_stage[s].iter().map(|v| self.votes[*v].event);
        let reopens = self.acts.iter().flat_map(|acts| acts.reopens.iter().copied());
        let started = |event: usize| {
            let view = View { events: Some(self.shared.events.past(event)), at: self.claimed(event) };
            match self.state(view)[s].start {
                Start::At(at) => Some(at),
                Start::NotYet | Start::Never => None,
            }
        };
        votes.chain(reopens).filter_map(started).min()
    }

    /// Whether somebody's decision under `key_approver` was not followed.
    pub(crate) fn holds_back(&self, vote: usize) -> bool {
        matches!(self.votes[vote].decision, Decision::Rejected | Decision::ChangesRequired)
    }
}

/// When all of these have started.
fn all_of(rules: impl Iterator<Item = Start>, submitted: Millis) -> Start {
    rules.fold(Start::At(submitted), |all, one| match (all, one) {
        (Start::Never, _) | (_, Start::Never) => Start::Never,
        (Start::NotYet, _) | (_, Start::NotYet) => Start::NotYet,
        (Start::At(a), Start::At(b)) => Start::At(a.max(b)),
    })
}
