//! Voices, and what they amount to.

use std::collections::BTreeSet;

use proofroom_ident::{Millis, PersonId};
use proofroom_review::Decision::{self, Abstained, Approved, ApprovedWithChanges, ChangesRequired, Rejected};
use proofroom_review::route::CloseRule;
use proofroom_review::{
    Act, Assignment, Comparison, Delegation, NewVersionPolicy, Outcome, ReviewerRole, Stage, Threshold,
};
use proofroom_workflow::{SignedAct, SignedDelegation};

use super::{Deed, Event, Eyes, Model, Run, Voice};
use crate::world::{HOUR, MINUTE};

/// From the least restrictive to the most.
const RESTRICTION: [Decision; 5] = [Abstained, Approved, ApprovedWithChanges, ChangesRequired, Rejected];

/// The decisions of these people are folded.
fn folded(stage: &Stage, a: &Assignment) -> bool {
    match stage.close {
        CloseRule::KeyApprover => a.duty == ReviewerRole::KeyApprover,
        _ => a.duty != ReviewerRole::Viewer,
    }
}

fn must(stage: &Stage, a: &Assignment) -> bool {
    let mandatory = |a: &Assignment| a.duty != ReviewerRole::Viewer && a.duty != ReviewerRole::Reviewer;
    folded(stage, a) && (mandatory(a) || !stage.reviewers.iter().any(mandatory))
}

fn said(stage: &Stage, voices: &[Voice]) -> Vec<Decision> {
    let both = stage.reviewers.iter().zip(voices).filter(|(a, _)| folded(stage, a));
    let mut said: Vec<Decision> = both
        .filter_map(|(_, v)| match v {
            Voice::Said(d) => Some(*d),
            _ => None,
        })
        .collect();
    said.sort_by_key(|d| RESTRICTION.iter().position(|r| r == d));
    said
}

pub fn fold(stage: &Stage, voices: &[Voice]) -> Option<Outcome> {
    said(stage, voices).last().map(|worst| match worst {
        Rejected => Outcome::Rejected,
        ChangesRequired => Outcome::ChangesRequired,
        ApprovedWithChanges => Outcome::ApprovedWithChanges,
        Approved => Outcome::Approved,
        Abstained => Outcome::NotApplicable,
    })
}

fn suffices(stage: &Stage, voices: &[Voice]) -> bool {
    let said = said(stage, voices);
    let spoken = said.iter().filter(|d| **d != Abstained).count();
    let of = |which: fn(&Stage, &Assignment) -> bool, voice: Voice| {
        stage.reviewers.iter().zip(voices).filter(|(a, v)| which(stage, a) && **v == voice).count()
    };
    let silent = of(folded, Voice::Silent);
    let first_block =
        stage.close_on_first_block && said.iter().any(|d| [ChangesRequired, Rejected].contains(d));
    !said.is_empty()
        && (first_block
            || match &stage.close {
                CloseRule::AllMandatory | CloseRule::KeyApprover => {
                    let answers = stage.reviewers.iter().zip(voices).filter(|(a, _)| must(stage, a));
                    of(must, Voice::Silent) == 0 && answers.into_iter().any(|(_, v)| *v != Voice::Ended)
                }
                CloseRule::AnyOne => spoken >= 1 || silent == 0,
                CloseRule::Quorum(n) => spoken >= usize::try_from(*n).expect("few"),
                CloseRule::Majority => 2 * spoken > said.len() + silent || silent == 0,
                CloseRule::Deadline => silent == 0,
                CloseRule::Manual => false,
                CloseRule::QuorumByRole(_) => unreachable!("histories have no roles"),
            })
}

/// What the stages of a version amount to.
pub fn together(stages: &[(String, Outcome, bool, bool)]) -> Outcome {
    let closed = |wanted: Outcome| stages.iter().any(|(_, outcome, closed, _)| *closed && *outcome == wanted);
    let holding = [Outcome::Rejected, Outcome::ChangesRequired];
    if let Some(held) = holding.into_iter().find(|o| closed(*o)) {
        return held;
    }
    if !stages.iter().all(|(_, _, closed, _)| *closed) {
        let begun = stages.iter().any(|(_, _, closed, said)| *closed || *said);
        return if begun { Outcome::InProgress } else { Outcome::Pending };
    }
    [Outcome::Expired, Outcome::ApprovedWithChanges, Outcome::Approved, Outcome::NotApplicable]
        .into_iter()
        .find(|o| closed(*o))
        .unwrap_or(Outcome::Skipped)
}

/// A vote: its event, its slot, and what it says.
#[derive(Clone, Copy)]
struct Vote {
    event: usize,
    slot: usize,
    decision: Decision,
}

impl<'a> Model<'a> {
    /// Everything that speaks in a stage, whether it comes too late or not.
    fn votes(&self, run: &Run, s: usize) -> Vec<Vote> {
        let of_run = self.events.iter().enumerate().filter(|(_, e)| e.version == run.version);
        of_run.filter_map(|(i, e)| self.vote(run, s, i, e)).collect()
    }

    fn vote(&self, run: &Run, s: usize, event: usize, e: &Event<'a>) -> Option<Vote> {
        let stage = &run.route.stages[s];
        let slot_of = |p: PersonId| {
            stage.reviewers.iter().position(|a| a.person == p && a.duty != ReviewerRole::Viewer)
        };
        match e.deed {
            Deed::Decision(d) => {
                let statement = &d.statement;
                let person = statement.on_behalf_of.unwrap_or(e.who);
                let slot = slot_of(person)?;
                let for_themselves = person == e.who;
                let regulated = run.route.regulated
                    && (statement.reason.is_none() || statement.decision == ApprovedWithChanges);
                let counts = statement.route_hash == run.hash
                    && statement.stage == stage.name.as_str()
                    && (for_themselves || self.stands_in(run, stage, &stage.reviewers[slot], e))
                    && !regulated;
                counts.then_some(Vote { event, slot, decision: statement.decision })
            }
            Deed::Act(act) => {
                let Act::CarryForward { stage: name, decision } = &act.statement.act else { return None };
                let earlier = self.world.facts.decisions.iter().find(|d| d.entry == *decision)?;
                let slot = slot_of(e.who)?;
                let own =
                    earlier.person == e.who && earlier.statement.on_behalf_of.is_none_or(|p| p == e.who);
                let good = *name == stage.name
                    && stage.on_new_version == NewVersionPolicy::CarryForwardIfUnaffected
                    && own
                    && earlier.statement.stage == name.as_str()
                    && earlier.statement.decision.approves()
                    && !run.route.regulated
                    && self.unaffected(run, stage, earlier.statement.version_hash);
                good.then_some(Vote { event, slot, decision: earlier.statement.decision })
            }
        }
    }

    fn stands_in(&self, run: &Run, stage: &Stage, asked: &Assignment, e: &Event<'_>) -> bool {
        let acts = self.world.facts.acts.iter().filter(|a| a.statement.version_hash == run.version);
        let Deed::Decision(d) = e.deed else { return false };
        let saw = |a: &SignedAct| match d.statement.seen_heads.get(&a.log) {
            _ if a.log == d.log => a.seq < d.seq,
            head => head.is_some_and(|head| head.seq >= a.seq),
        };
        let escalated = acts.filter(|a| saw(a)).any(|a| match &a.statement.act {
            Act::Remind(key) => {
                (key.threshold, key.person, &key.stage) == (Threshold::Escalated, asked.person, &stage.name)
            }
            _ => false,
        });
        let granted = self.grants().into_iter().any(|(by, to, from, until, _)| {
            (by, to) == (asked.person, e.who) && from.0 <= e.at && e.at < until.0
        });
        granted || escalated && asked.backup == Some(e.who)
    }

    /// Grants that stand: (by, to, from, until).
    fn grants(&self) -> Vec<Grant<'_>> {
        let all = &self.world.plan.delegations;
        let grants: Vec<Grant<'_>> = all
            .iter()
            .filter_map(|d| {
                let Delegation::Grant { to, from, until, .. } = &d.statement.delegation else { return None };
                let revoked = all.iter().filter(|r| {
                    r.person == d.person && r.statement.delegation == Delegation::Revoke { grant: d.entry }
                });
                let end = revoked.map(|r| r.statement.claimed_at).chain([*until]).min().expect("an end");
                (d.person != *to && *from < end).then_some((d.person, *to, *from, end, d))
            })
            .collect();
        let stands = |g: &&Grant<'_>| {
            // Whoever is reached from the holder by grants that did not know of this one.
            let mut reached = BTreeSet::from([g.1]);
            loop {
                let unaware = grants.iter().filter(|o| o.2 < g.3 && g.2 < o.3 && !o.4.saw(g.4));
                let more: BTreeSet<PersonId> =
                    unaware.filter(|o| reached.contains(&o.0)).map(|o| o.1).collect();
                if more.is_subset(&reached) || reached.contains(&g.0) {
                    return !reached.contains(&g.0);
                }
                reached.extend(more);
            }
        };
        grants.iter().filter(stands).copied().collect()
    }

    fn unaffected(&self, run: &Run, stage: &Stage, earlier: proofroom_ident::VersionHash) -> bool {
        let acts = self.world.facts.acts.iter().filter(|a| a.statement.version_hash == run.version);
        let compared: Vec<&Comparison> = acts
            .filter_map(|a| match &a.statement.act {
                Act::Compare(c) if c.from == earlier => Some(c),
                _ => None,
            })
            .collect();
        let touches =
            |c: &&Comparison| c.changed.iter().any(|w| stage.watches.is_empty() || stage.watches.contains(w));
        !compared.is_empty() && !compared.iter().any(touches)
    }

    /// Each slot's voice, and when it was raised.
    pub(super) fn slots(&self, run: &Run, s: usize, eyes: Eyes<'_>) -> Vec<(Voice, u64, Option<usize>)> {
        let stage = &run.route.stages[s];
        let mut votes = self.votes(run, s);
        votes.retain(|v| eyes.see(v.event) && !self.is_late(run, s, v.event));
        let slot = |(slot, a): (usize, &Assignment)| {
            let mut ends: Vec<(usize, &Act)> = self
                .on(run, s)
                .filter(|(i, e, act)| {
                    let ends = match act {
                        Act::Recuse { .. } => e.who == a.person,
                        Act::Complete { .. } => e.who == a.person && a.duty == ReviewerRole::Viewer,
                        Act::SkipAssignment { person, .. } => *person == a.person,
                        _ => false,
                    };
                    ends && eyes.see(*i)
                })
                .map(|(i, _, act)| (i, act))
                .collect();
            let mut mine: Vec<Vote> = votes.iter().filter(|v| v.slot == slot).copied().collect();
            let stepped_back = |v: &Vote| {
                ends.iter().any(|(i, act)| matches!(act, Act::Recuse { .. }) && self.saw(*i, v.event))
            };
            mine.retain(|v| !stepped_back(v));
            let replaced = |v: &Vote| mine.iter().any(|w| self.saw(w.event, v.event));
            let latest = mine.iter().filter(|v| !replaced(v));
            let strongest =
                |v: &&Vote| (RESTRICTION.iter().position(|r| *r == v.decision), self.events[v.event].entry);
            if let Some(v) = latest.max_by_key(strongest) {
                return (Voice::Said(v.decision), self.events[v.event].at, Some(v.event));
            }
            ends.sort_by_key(|(i, _)| self.events[*i].entry);
            ends.first().map_or((Voice::Silent, 0, None), |(i, _)| (Voice::Ended, self.events[*i].at, None))
        };
        stage.reviewers.iter().enumerate().map(slot).collect()
    }

    /// Whether a vote settles votes for its own person that were made apart and that it has seen.
    fn settles(&self, run: &Run, s: usize, event: usize, eyes: Eyes<'_>) -> bool {
        let votes = self.votes(run, s);
        let Some(own) = votes.iter().find(|v| v.event == event) else { return false };
        let person = run.route.stages[s].reviewers[own.slot].person;
        let stepped_back = |v: &Vote| {
            self.on(run, s).any(|(i, e, act)| {
                matches!(act, Act::Recuse { .. }) && e.who == person && eyes.see(i) && self.saw(i, v.event)
            })
        };
        let mut before: Vec<Vote> = votes.iter().filter(|v| v.slot == own.slot).copied().collect();
        before.retain(|v| eyes.see(v.event) && !self.is_late(run, s, v.event) && !stepped_back(v));
        let replaced = |v: &Vote| before.iter().any(|w| self.saw(w.event, v.event));
        self.events[event].who == person && before.iter().filter(|v| !replaced(v)).count() > 1
    }

    /// Whether the stage was closed in front of whoever voted.
    fn is_late(&self, run: &Run, s: usize, event: usize) -> bool {
        if let Some(known) = self.late.borrow().get(&event) {
            return *known;
        }
        let e = &self.events[event];
        let witnessed = e.past.iter().map(|i| &self.events[*i]).filter(|other| other.who != e.who);
        let at = witnessed.map(|other| other.at).chain([e.at]).max().expect("its own");
        let eyes = Eyes { seen: Some(&e.past), at };
        let stand = self.stand(run, s, eyes);
        let late = stand.closed.is_some() && !stand.passed_by && !self.settles(run, s, event, eyes);
        self.late.borrow_mut().insert(event, late);
        late
    }

    pub(super) fn close(
        &self,
        run: &Run,
        s: usize,
        slots: &[(Voice, u64, Option<usize>)],
        began: u64,
        eyes: Eyes<'_>,
    ) -> Option<(Outcome, u64)> {
        let stage = &run.route.stages[s];
        let reopens = self.seen(run, s, eyes, |a| matches!(a, Act::ReopenStage { .. }));
        let closes = self.seen(run, s, eyes, |a| matches!(a, Act::CloseStage { .. }));
        let mut answered = began;
        for reopen in &reopens {
            let answers = slots.iter().filter_map(|(.., vote)| *vote).chain(closes.iter().copied());
            answered = answered.max(self.first(answers.filter(|a| self.saw(*a, *reopen)))?);
        }
        let voices: Vec<Voice> = slots.iter().map(|(voice, ..)| *voice).collect();
        let outcome = fold(stage, &voices);
        if suffices(stage, &voices) {
            let until = |at: u64| -> Vec<Voice> {
                slots.iter().map(|(v, raised, _)| if *raised <= at { *v } else { Voice::Silent }).collect()
            };
            let moments: BTreeSet<u64> = slots.iter().map(|(_, at, _)| *at).collect();
            let at = moments.into_iter().find(|at| suffices(stage, &until(*at))).expect("the last");
            return Some((outcome?, at.max(answered)));
        }
        match stage.close {
            CloseRule::Manual => {
                let stands = |c: &usize| !reopens.iter().any(|r| self.saw(*r, *c));
                let at = self.first(closes.iter().copied().filter(stands))?;
                Some((outcome?, at.max(began)))
            }
            CloseRule::Deadline => {
                let counted = stage.reviewers.iter().filter(|a| a.duty != ReviewerRole::Viewer);
                let due = self.due(run, stage, began).filter(|_| counted.count() > 0)?;
                let silent = stage.reviewers.iter().zip(&voices).any(|(a, v)| {
                    let mandatory = ![ReviewerRole::Viewer, ReviewerRole::Reviewer].contains(&a.duty);
                    mandatory && *v == Voice::Silent
                });
                let outcome = match outcome {
                    Some(held @ (Outcome::Rejected | Outcome::ChangesRequired)) => held,
                    Some(outcome) if !silent => outcome,
                    _ => Outcome::Expired,
                };
                (due <= eyes.at).then_some((outcome, due.max(answered)))
            }
            _ => None,
        }
    }

    /// When a stage that began is due: its time, and all time in which the clocks stood still.
    fn due(&self, run: &Run, stage: &Stage, began: u64) -> Option<u64> {
        let length = stage.due.expect("a deadline");
        let mut left = u64::from(length.days()) * 24 * HOUR + u64::from(length.minutes()) * MINUTE;
        let author = self.world.facts.versions[&run.version].author;
        let mut switches: Vec<(u64, bool)> = self
            .acts(run.version)
            .filter(|(_, e, a)| a.moderator || e.who == author)
            .filter_map(|(_, e, a)| match a.statement.act {
                Act::Pause => Some((e.at, true)),
                Act::Resume => Some((e.at, false)),
                _ => None,
            })
            .collect();
        switches.sort_unstable();
        let (mut at, mut stopped) = (0, false);
        for (switch, stop) in switches {
            let ran = switch.max(began) - at.max(began);
            if !stopped && switch > began {
                if left <= ran {
                    break;
                }
                left -= ran;
            }
            (at, stopped) = (switch, stop);
        }
        (!stopped).then(|| at.max(began) + left)
    }
}

type Grant<'d> = (PersonId, PersonId, Millis, Millis, &'d SignedDelegation);
