//! Who had what in front of them: the causal past of every decision and act of one asset.
//!
//! A signed frontier is a claim. Within one log the chain proves the order;
//! across logs, whoever is part of a ring of claims (each says it has seen the
//! next) has lied or met a liar, and then counts as having seen nothing but
//! their own log. What remains has no rings, and is the same in any order of arrival.

use std::collections::BTreeMap;

use proofroom_ident::{EntryHash, LogId, Millis, PersonId};
use proofroom_review::Act;
use proofroom_review::statement::SeenHead;

use crate::facts::{AssetFacts, SignedAct, SignedDecision};
use crate::view::Interval;

/// A decision or an act that takes part in causality.
#[derive(Clone, Copy, Debug)]
pub(crate) enum What<'a> {
    Decision(&'a SignedDecision),
    Act(&'a SignedAct),
}

/// One event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event<'a> {
    pub person: PersonId,
    pub entry: EntryHash,
    log: LogId,
    seq: u64,
    seen: &'a BTreeMap<LogId, SeenHead>,
    pub claimed_at: Millis,
    pub what: What<'a>,
}

/// A set of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bits(Vec<u64>);

impl Bits {
    pub fn none(n: usize) -> Self {
        Self(vec![0; n.div_ceil(64)])
    }

    pub fn has(&self, i: usize) -> bool {
        self.0[i / 64] >> (i % 64) & 1 == 1
    }

    pub fn set(&mut self, i: usize) {
        self.0[i / 64] |= 1 << (i % 64);
    }

    fn clear(&mut self, i: usize) {
        self.0[i / 64] &= !(1 << (i % 64));
    }

    fn within(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| a & !b == 0)
    }

    fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a |= b);
    }

    pub fn each(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().flat_map(|(w, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros() as usize)?;
                rest &= rest - 1;
                Some(w * 64 + bit)
            })
        })
    }
}

/// The events of one asset, in one order whatever the order of arrival, and their pasts.
#[derive(Debug)]
pub(crate) struct Events<'a> {
    pub all: Vec<Event<'a>>,
    past: Vec<Bits>,
    /// All events, each after everything in its past.
    pub order: Vec<usize>,
    logs: Vec<(LogId, usize, usize)>,
}

/// Facts that are idempotent and decide nothing. They witness others, but take no part themselves.
pub(crate) fn is_sighting(act: &Act) -> bool {
    matches!(act, Act::Sync | Act::Open | Act::Remind(_) | Act::Compare(_))
}

impl<'a> Events<'a> {
    pub fn of(facts: &'a AssetFacts) -> Self {
        let decisions = facts.decisions.iter().map(|d| Event {
            person: d.person,
            entry: d.entry,
            log: d.log,
            seq: d.seq,
            seen: &d.statement.seen_heads,
            claimed_at: d.statement.claimed_at,
            what: What::Decision(d),
        });
        let acts = facts.acts.iter().filter(|a| !is_sighting(&a.statement.act)).map(|a| Event {
            person: a.person,
            entry: a.entry,
            log: a.log,
            seq: a.seq,
            seen: &a.statement.seen_heads,
            claimed_at: a.statement.claimed_at,
            what: What::Act(a),
        });
        let mut all: Vec<Event<'a>> = decisions.chain(acts).collect();
        all.sort_unstable_by_key(|e| (e.log, e.seq, e.entry));
        all.dedup_by_key(|e| e.entry);
        let mut logs: Vec<(LogId, usize, usize)> = Vec::new();
        for (i, event) in all.iter().enumerate() {
            match logs.last_mut().filter(|(log, ..)| *log == event.log) {
                Some((_, _, end)) => *end = i + 1,
                None => logs.push((event.log, i, i + 1)),
            }
        }
        let mut events = Self { past: Vec::with_capacity(all.len()), all, order: Vec::new(), logs };
        for i in 0..events.all.len() {
            events.past.push(events.claimed_past(i));
        }
        events.order = events.sorted().unwrap_or_else(|| events.without_rings());
        events
    }

    /// Whether `later` had `earlier` in front of it.
    pub fn saw(&self, later: usize, earlier: usize) -> bool {
        self.past[later].has(earlier)
    }

    /// Everything that `i` had in front of it.
    pub fn past(&self, i: usize) -> &Bits {
        &self.past[i]
    }

    /// When `i` can have been: after what its author saw of others, before others saw it.
    pub fn within(&self, i: usize, sightings: &[&SignedAct]) -> Interval {
        let event = &self.all[i];
        let others = |j: &usize| self.all[*j].person != event.person;
        let before = self.past[i].each().filter(others).map(|j| self.all[j].claimed_at).max();
        let after =
            (0..self.all.len()).filter(|j| self.saw(*j, i)).filter(others).map(|j| self.all[j].claimed_at);
        let seen = sightings.iter().filter(|s| s.person != event.person);
        let seen =
            seen.filter(|s| s.statement.seen_heads.get(&event.log).is_some_and(|head| head.seq >= event.seq));
        let not_after = after.chain(seen.map(|s| s.statement.claimed_at)).min();
        Interval { not_before: before, not_after }
    }

    fn own_log(&self, i: usize) -> impl Iterator<Item = usize> + '_ {
        let Event { log, seq, .. } = self.all[i];
        (0..i).rev().take_while(move |j| self.all[*j].log == log).filter(move |j| self.all[*j].seq < seq)
    }

    fn claimed_past(&self, i: usize) -> Bits {
        let mut past = Bits::none(self.all.len());
        self.own_log(i).for_each(|j| past.set(j));
        let event = &self.all[i];
        for (log, head) in event.seen.iter().filter(|(log, _)| **log != event.log) {
            let Ok(found) = self.logs.binary_search_by_key(log, |(log, ..)| *log) else { continue };
            let (_, from, to) = self.logs[found];
            (from..to).take_while(|j| self.all[*j].seq <= head.seq).for_each(|j| past.set(j));
        }
        past
    }

    /// Each event after its past; `None` where claims go round in a ring.
    fn sorted(&self) -> Option<Vec<usize>> {
        let n = self.all.len();
        let (mut done, mut order) = (Bits::none(n), Vec::with_capacity(n));
        while order.len() < n {
            let before = order.len();
            for i in 0..n {
                if !done.has(i) && self.past[i].within(&done) {
                    done.set(i);
                    order.push(i);
                }
            }
            if order.len() == before {
                return None;
            }
        }
        Some(order)
    }

    /// Takes the claims of those in rings away.
    fn without_rings(&mut self) -> Vec<usize> {
        let n = self.all.len();
        let mut reach = self.past.clone();
        for via in 0..n {
            let through = reach[via].clone();
            reach.iter_mut().filter(|from| from.has(via)).for_each(|from| from.add(&through));
        }
        for i in (0..n).filter(|i| reach[*i].has(*i)) {
            let mut past = Bits::none(n);
            self.own_log(i).for_each(|j| past.set(j));
            past.clear(i);
            self.past[i] = past;
        }
        self.sorted().unwrap_or_default()
    }
}
