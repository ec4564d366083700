//! From a set of entries to a state, whatever the order they came in.
//!
//! 1. Every entry is judged once, by the state of its own past: what its author knew.
//! 2. Between concurrent entries, removals, changes of role and what closes an invite strike (see [`crate::strikes`]).
//! 3. What is left takes effect one after another: an entry after its past; among
//!    those that are ready removals first, then the lower priority first, so that
//!    the higher one has the last word.
//!
//! A removal that turns out to have no effect in step 3 (its author had joined by
//! an invite that somebody else used up) must not strike either: it is set aside
//! and steps 2 and 3 run again. One at a time, and none before another that
//! undermines it: what a void removal has struck is not void for that.
//!
//! Everything happens beyond a *gate* (see [`crate::graph`]), on top of the gate's
//! own state: entries before it are in the past of all that follow, and no removal
//! strikes its own past. Only an extended cut reaches back: its piece of the log
//! begins before the removal. So a linear log costs one judgement and one effect per entry.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use proofroom_ident::{DocId, EntryHash};

use crate::graph::{Graph, Ix};
use crate::mandate::{Act, Mandate, judge};
use crate::op::Op;
use crate::state::Step;
use crate::strikes::{Aside, Field, Strength};
use crate::{Refusal, Role, Seniority, State};

/// Entries that are set aside one by one; more than these come of no honest
/// conflict, and go all at once.
const ROUNDS_MAX: usize = 16;

/// What is known of an entry, whatever else is in the log.
#[derive(Clone, Debug)]
pub(crate) struct Fact {
    pub act: Act,
    /// Judged by its own past.
    pub own: Result<Mandate, Refusal>,
    /// The state of its past and itself.
    pub after: State,
}

/// The entries, each standing on known ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    pub graph: Graph,
    facts: Vec<Fact>,
}

/// Removals of standing first, the stronger before the weaker; then the others, the stronger last.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Removal(Reverse<Strength>),
    Other(Strength),
}

impl Log {
    pub fn fact(&self, ix: Ix) -> &Fact {
        &self.facts[ix]
    }

    /// Adds an entry whose parents are there, and judges it.
    pub fn add(&mut self, hash: EntryHash, act: Act, parents: Vec<Ix>) {
        let before = self.evaluate(&parents);
        let ix = self.graph.add(hash, parents);
        let mut after = before.clone();
        let own = self.judge_own(ix, &act, &before).and_then(|by| {
            // The state is the past's own: nothing in it is unknown to the author.
            after.apply(&Step { at: None, ..self.step(ix, &act, by) })?;
            Ok(by)
        });
        if let Err(reason) = &own {
            after.refuse(hash, reason.clone());
        }
        let reaches_back = own.is_ok() && reaches_back(&act.op).is_some();
        self.facts.push(Fact { act, own, after });
        if reaches_back {
            self.facts[ix].after = self.evaluate_from(self.gate(&[ix]), &[ix]);
        }
    }

    fn judge_own(&self, ix: Ix, act: &Act, before: &State) -> Result<Mandate, Refusal> {
        if act.seq > 1 && !self.graph.knows(ix, act.prev) {
            return Err(Refusal::OwnLog(act.prev));
        }
        judge(act, self.seniority(ix), before)
    }

    fn seniority(&self, ix: Ix) -> Seniority {
        Seniority { depth: self.graph.depth(ix), joined_by: self.graph.hash(ix) }
    }

    fn step<'a>(&'a self, ix: Ix, act: &'a Act, by: Mandate) -> Step<'a> {
        Step {
            entry: self.graph.hash(ix),
            act,
            by,
            new: self.seniority(ix),
            graph: &self.graph,
            at: Some(ix),
        }
    }

    /// The state that `heads` and their past make.
    pub fn evaluate(&self, heads: &[Ix]) -> State {
        match heads {
            [] => State::default(),
            [head] => self.facts[*head].after.clone(),
            _ => self.evaluate_from(self.gate(heads), heads),
        }
    }

    /// The nearest gate behind `heads` that is none of them.
    fn gate(&self, heads: &[Ix]) -> Ix {
        let gate = self.graph.gate_of(heads).unwrap_or(0);
        if heads.contains(&gate) { self.graph.gate_below(gate, self.graph.depth(gate)) } else { gate }
    }

    /// As [`Log::evaluate`], on top of the state at `base`, or of an earlier gate
    /// where an extended cut reaches back beyond it.
    pub fn evaluate_from(&self, mut base: Ix, heads: &[Ix]) -> State {
        let mut window = self.graph.window(heads, base);
        loop {
            let reach = |ix: &Ix| self.reach(*ix).map(|removal| self.graph.depth(removal));
            match window.iter().filter_map(reach).min() {
                Some(depth) if depth <= self.graph.depth(base) => {
                    base = self.graph.gate_below(base, depth);
                    window = self.graph.window(heads, base);
                }
                _ => break,
            }
        }
        let order = self.linearise(&window);
        let field = Field::new(self, &window);
        let mut aside = Aside::new();
        loop {
            let struck = field.struck(&aside);
            let (state, void) = self.run(self.facts[base].after.clone(), &order, &struck, &aside);
            match field.culprit(&void, &aside) {
                None => return state,
                Some(culprit) if aside.len() < ROUNDS_MAX => aside.extend([culprit]),
                Some(_) => aside.extend(void),
            }
        }
    }

    /// The removal whose cut an entry extends within the authority log itself.
    fn reach(&self, ix: Ix) -> Option<Ix> {
        let fact = &self.facts[ix];
        fact.own.as_ref().ok()?;
        self.graph.find(reaches_back(&fact.act.op)?)
    }

    /// Lets the entries take effect in order. Also names those that struck or
    /// adopted others though they have no effect themselves.
    fn run(
        &self,
        mut state: State,
        order: &[Ix],
        struck: &BTreeMap<Ix, Refusal>,
        aside: &Aside,
    ) -> (State, Vec<(Ix, Refusal)>) {
        let mut void = Vec::new();
        for ix in order {
            let fact = &self.facts[*ix];
            let verdict = match (&fact.own, aside.get(ix), struck.get(ix)) {
                (Err(reason), ..) | (Ok(_), Some(reason), _) => Err(reason.clone()),
                (Ok(by), None, None) => state.apply(&self.step(*ix, &fact.act, *by)),
                // A striker that is struck and would be void anyhow had better go for good.
                (Ok(by), None, Some(reason)) => {
                    let grounded = state.check_grounds(&self.step(*ix, &fact.act, *by));
                    Err(grounded.err().unwrap_or_else(|| reason.clone()))
                }
            };
            let Err(reason) = verdict else { continue };
            let adopts = reaches_back(&fact.act.op).is_some();
            // The revocation of an invite that is none has struck nobody who is somebody.
            let struck_some = strikes(&fact.act.op) && !matches!(reason, Refusal::NoSuchInvite(_));
            let counted = adopts || (struck_some && struck.get(ix) != Some(&reason));
            if fact.own.is_ok() && counted && !aside.contains_key(ix) {
                void.push((*ix, reason.clone()));
            }
            state.refuse(self.graph.hash(*ix), reason);
        }
        (state, void)
    }

    /// A window's entries, each after its past.
    fn linearise(&self, window: &[Ix]) -> Vec<Ix> {
        let members: BTreeSet<Ix> = window.iter().copied().collect();
        let mut children: BTreeMap<Ix, Vec<Ix>> = BTreeMap::new();
        let mut missing: BTreeMap<Ix, usize> = BTreeMap::new();
        for ix in window {
            let parents = self.graph.parents(*ix).iter().filter(|parent| members.contains(parent));
            let n = parents.map(|parent| children.entry(*parent).or_default().push(*ix)).count();
            missing.insert(*ix, n);
        }
        let is_ready = |(_, n): &(&Ix, &usize)| **n == 0;
        let mut ready: BTreeSet<(Turn, Ix)> =
            missing.iter().filter(is_ready).map(|(ix, _)| (self.turn(*ix), *ix)).collect();
        let mut order = Vec::with_capacity(window.len());
        while let Some((_, ix)) = ready.pop_first() {
            order.push(ix);
            for child in children.remove(&ix).unwrap_or_default() {
                if let Some(n) = missing.get_mut(&child) {
                    *n -= 1;
                    if *n == 0 {
                        ready.insert((self.turn(child), child));
                    }
                }
            }
        }
        order
    }

    fn turn(&self, ix: Ix) -> Turn {
        let strength = self.strength(ix);
        match self.facts[ix].act.op {
            Op::Remove { .. } | Op::RemoveDevice { .. } | Op::RevokeInvite { .. } => {
                Turn::Removal(Reverse(strength))
            }
            _ => Turn::Other(strength),
        }
    }

    /// An entry's priority: its author's rank, seniority, then its hash. Unequal for unequal entries.
    pub fn strength(&self, ix: Ix) -> Strength {
        let (role, seniority) = match &self.facts[ix].own {
            Ok(by) => (by.role, by.seniority),
            Err(_) => (Role::Relay, self.seniority(ix)),
        };
        Strength { role, seniority: Reverse(seniority), hash: Reverse(self.graph.hash(ix)) }
    }

    /// Whether `author` could write this on top of everything known.
    pub fn preview(&self, act: &Act, state: &State) -> Result<(), Refusal> {
        let new = Seniority { depth: u64::MAX, joined_by: EntryHash::ZERO };
        let by = judge(act, new, state)?;
        let (entry, graph) = (EntryHash::ZERO, &self.graph);
        state.clone().apply(&Step { entry, act, by, new, graph, at: None })
    }
}

/// Whether an operation strikes concurrent ones.
pub(crate) fn strikes(op: &Op) -> bool {
    matches!(op, Op::Remove { .. } | Op::RemoveDevice { .. } | Op::SetRole { .. } | Op::RevokeInvite { .. })
}

/// The removal that an operation extends within the authority log itself.
fn reaches_back(op: &Op) -> Option<EntryHash> {
    let Op::ExtendCut { removal, cut } = op else { return None };
    // The authority log's document is all zeros: its logs come first in a cut.
    let ((first, _), _) = cut.first_key_value()?;
    (*first == DocId::AUTHORITY).then_some(*removal)
}
