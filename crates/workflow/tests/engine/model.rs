//! The reference model: the rules of the workflow once more, as plainly as they can be said, sharing
//! nothing with the engine but the facts. It is slow, and it knows only calendars in which all
//! time is working time.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use proofroom_ident::{ContentHash, EntryHash, PersonId, VersionHash};
use proofroom_review::route::{Route, StartRule};
use proofroom_review::{Act, Decision, NewVersionPolicy, Outcome, Stage};
use proofroom_workflow::{SignedAct, SignedDecision};

use crate::world::World;

mod votes;

use votes::{fold, together};

type Set = BTreeSet<usize>;

enum Deed<'a> {
    Decision(&'a SignedDecision),
    Act(&'a SignedAct),
}

/// A decision or act that takes part, and what its author had in front of them.
struct Event<'a> {
    who: PersonId,
    entry: EntryHash,
    at: u64,
    version: VersionHash,
    deed: Deed<'a>,
    past: Set,
}

/// One version on its route.
struct Run {
    version: VersionHash,
    route: Route,
    hash: Option<ContentHash>,
    at: u64,
    two_routes: bool,
}

#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Start {
    At(u64),
    NotYet,
    Never,
}

/// What a stage has come to, seen by somebody at some time.
struct Stand {
    so_far: Option<Outcome>,
    closed: Option<(Outcome, u64)>,
    passed_by: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Voice {
    Silent,
    Said(Decision),
    Ended,
}

pub struct Model<'a> {
    world: &'a World,
    now: u64,
    events: Vec<Event<'a>>,
    late: RefCell<BTreeMap<usize, bool>>,
}

/// Who sees how much: everything, or what one event's author had seen.
#[derive(Clone, Copy)]
struct Eyes<'e> {
    seen: Option<&'e Set>,
    at: u64,
}

impl Eyes<'_> {
    fn see(&self, event: usize) -> bool {
        self.seen.is_none_or(|seen| seen.contains(&event))
    }
}

/// What people see of a stage: its outcome, and whether it is closed.
pub type Shown = (String, Outcome, bool);

impl<'a> Model<'a> {
    pub fn of(world: &'a World, now: u64) -> Self {
        let decisions = world.facts.decisions.iter().map(|d| {
            let s = &d.statement;
            (
                d.person,
                d.entry,
                s.claimed_at.0,
                s.version_hash,
                d.log,
                d.seq,
                &s.seen_heads,
                Deed::Decision(d),
            )
        });
        let quiet = |act: &Act| matches!(act, Act::Sync | Act::Open | Act::Remind(_) | Act::Compare(_));
        let acts = world.facts.acts.iter().filter(|a| !quiet(&a.statement.act)).map(|a| {
            let s = &a.statement;
            (a.person, a.entry, s.claimed_at.0, s.version_hash, a.log, a.seq, &s.seen_heads, Deed::Act(a))
        });
        let all: Vec<_> = decisions.chain(acts).collect();
        let claims = |i: usize, j: usize| {
            let (.., log, seq, seen, _) = &all[i];
            let (.., other, at, _, _) = &all[j];
            if log == other { at < seq } else { seen.get(other).is_some_and(|head| head.seq >= *at) }
        };
        let n = all.len();
        let mut pasts: Vec<Set> = (0..n).map(|i| (0..n).filter(|j| claims(i, *j)).collect()).collect();
        let reaches_itself = |i: usize| {
            let (mut next, mut seen) = (vec![i], Set::new());
            while let Some(at) = next.pop() {
                next.extend(pasts[at].iter().filter(|j| seen.insert(**j)));
            }
            seen.contains(&i)
        };
        let liars: Vec<usize> = (0..n).filter(|i| reaches_itself(*i)).collect();
        for i in liars {
            pasts[i].retain(|j| all[i].4 == all[*j].4);
        }
        let events = all.into_iter().zip(pasts).map(|((who, entry, at, version, _, _, _, deed), past)| {
            Event { who, entry, at, version, deed, past }
        });
        Self { world, now, events: events.collect(), late: RefCell::default() }
    }

    fn acts(&self, version: VersionHash) -> impl Iterator<Item = (usize, &Event<'a>, &'a SignedAct)> {
        self.events.iter().enumerate().filter_map(move |(i, e)| match e.deed {
            Deed::Act(act) if e.version == version => Some((i, e, act)),
            _ => None,
        })
    }

    fn submits(&self, version: VersionHash) -> Vec<(usize, u32, &'a SignedAct)> {
        let author = self.world.facts.versions[&version].author;
        let submit = |(i, e, a): (usize, &Event<'_>, &'a SignedAct)| match &a.statement.act {
            Act::Submit(s) if a.moderator || e.who == author => Some((i, s.round, a)),
            _ => None,
        };
        self.acts(version).filter_map(submit).collect()
    }

    fn withdrawn(&self, version: VersionHash) -> bool {
        let author = self.world.facts.versions[&version].author;
        self.acts(version).any(|(w, e, a)| {
            let may = a.moderator || e.who == author;
            let again = self.submits(version).iter().any(|(s, ..)| self.events[*s].past.contains(&w));
            a.statement.act == Act::Withdraw && may && !again
        })
    }

    fn takes_part(&self, version: VersionHash) -> bool {
        let any_sent = self.world.facts.versions.keys().any(|v| !self.submits(*v).is_empty());
        !self.withdrawn(version) && (!any_sent || !self.submits(version).is_empty())
    }

    fn ancestors(&self, version: VersionHash) -> BTreeSet<VersionHash> {
        let parents = &self.world.facts.versions[&version].parents;
        parents.iter().flat_map(|p| self.ancestors(*p).into_iter().chain([*p])).collect()
    }

    /// The nearest earlier versions that take part.
    fn before(&self, version: VersionHash) -> BTreeSet<VersionHash> {
        let parents = &self.world.facts.versions[&version].parents;
        let nearest = |p: &VersionHash| {
            if self.takes_part(*p) { [*p].into() } else { self.before(*p) }
        };
        parents.iter().flat_map(nearest).collect()
    }

    fn run(&self, version: VersionHash) -> Run {
        let mut submits = self.submits(version);
        let built_in = Route::built_in(&self.world.facts.assignments);
        let last = submits.iter().map(|(_, round, _)| *round).max();
        submits.retain(|(_, round, _)| Some(*round) == last);
        submits.sort_by_key(|(i, ..)| self.events[*i].entry);
        let Some((_, _, first)) = submits.first() else {
            let at = self.world.facts.versions[&version].claimed_at.0;
            return Run { version, route: built_in, hash: None, at, two_routes: false };
        };
        let Act::Submit(submission) = &first.statement.act else { unreachable!("a submission") };
        Run {
            version,
            route: submission.route.clone().unwrap_or(built_in),
            hash: first.route_hash(),
            at: submits.iter().map(|(i, ..)| self.events[*i].at).min().expect("one"),
            two_routes: submits.iter().any(|(.., a)| a.route_hash() != first.route_hash()),
        }
    }

    /// What every version and its stages have come to.
    pub fn outcomes(&self) -> BTreeMap<VersionHash, (Outcome, Vec<Shown>)> {
        let versions: Vec<VersionHash> = self.world.facts.versions.keys().copied().collect();
        let part: Vec<VersionHash> = versions.iter().copied().filter(|v| self.takes_part(*v)).collect();
        let older = |v: &VersionHash| part.iter().any(|p| self.ancestors(*p).contains(v));
        let heads = part.iter().filter(|v| !older(v)).count();
        let outcome = |v: VersionHash| {
            let live = part.contains(&v) && !older(&v);
            let run = self.run(v);
            let blocked = live && heads > 1 || run.two_routes;
            let shown = self.shown(&run, blocked);
            let outcome = match () {
                () if self.withdrawn(v) => Outcome::Withdrawn,
                () if live => together(&shown),
                () if older(&v) => Outcome::Superseded,
                () => Outcome::Pending,
            };
            let stages = shown.into_iter().map(|(name, outcome, closed, _)| (name, outcome, closed));
            (v, (outcome, stages.collect()))
        };
        versions.into_iter().map(outcome).collect()
    }

    fn shown(&self, run: &Run, blocked: bool) -> Vec<(String, Outcome, bool, bool)> {
        let all = Eyes { seen: None, at: self.now };
        let shown = |s: usize| {
            let stand = self.stand(run, s, all);
            let open = blocked && stand.closed.is_some_and(|(o, _)| o != Outcome::Skipped);
            let (outcome, closed) = match stand.closed {
                Some((outcome, _)) if !open => (outcome, true),
                _ if stand.so_far.is_some() => (Outcome::InProgress, false),
                _ => (Outcome::Pending, false),
            };
            (run.route.stages[s].name.to_string(), outcome, closed, stand.so_far.is_some())
        };
        (0..run.route.stages.len()).map(shown).collect()
    }

    fn stand(&self, run: &Run, s: usize, eyes: Eyes<'_>) -> Stand {
        let stage = &run.route.stages[s];
        let start = self.start(run, &stage.start, s, eyes);
        let slots = self.slots(run, s, eyes);
        let voices: Vec<Voice> = slots.iter().map(|(voice, ..)| *voice).collect();
        let so_far = fold(stage, &voices);
        let skipped = self.skipped(run, s, eyes).map(|at| (Outcome::Skipped, at));
        let closed = skipped.or_else(|| match start {
            Start::At(began) => self.close(run, s, &slots, began, eyes),
            _ => None,
        });
        let passed_by = closed.is_none() && start == Start::Never;
        Stand { so_far, closed: if passed_by { Some((Outcome::Skipped, run.at)) } else { closed }, passed_by }
    }

    fn on<'m>(&'m self, run: &'m Run, s: usize) -> impl Iterator<Item = (usize, &'m Event<'a>, &'m Act)> {
        let name = &run.route.stages[s].name;
        let about = move |act: &Act| match act {
            Act::StartStage { stage } | Act::CloseStage { stage } | Act::ReopenStage { stage } => {
                stage == name
            }
            Act::SkipStage { stage } | Act::SkipAssignment { stage, .. } => stage == name,
            Act::Recuse { stage } | Act::Complete { stage } => stage == name,
            _ => false,
        };
        let acts = self.acts(run.version).map(|(i, e, a)| (i, e, &a.statement.act, a.moderator));
        acts.filter(move |(_, _, act, may)| about(act) && (*may || !act.needs_moderator()))
            .map(|(i, e, a, _)| (i, e, a))
    }

    fn seen(&self, run: &Run, s: usize, eyes: Eyes<'_>, which: impl Fn(&Act) -> bool) -> Vec<usize> {
        self.on(run, s).filter(|(i, _, act)| eyes.see(*i) && which(act)).map(|(i, ..)| i).collect()
    }

    fn saw(&self, later: usize, earlier: usize) -> bool {
        self.events[later].past.contains(&earlier)
    }

    fn first(&self, events: impl IntoIterator<Item = usize>) -> Option<u64> {
        events.into_iter().map(|i| self.events[i].at).min()
    }

    fn skipped(&self, run: &Run, s: usize, eyes: Eyes<'_>) -> Option<u64> {
        let stage = &run.route.stages[s];
        let reopens = self.seen(run, s, eyes, |a| matches!(a, Act::ReopenStage { .. }));
        let mut skips = self.seen(run, s, eyes, |a| matches!(a, Act::SkipStage { .. }));
        skips.retain(|skip| !reopens.iter().any(|r| self.saw(*r, *skip)));
        if run.route.regulated || stage.on_new_version == NewVersionPolicy::Always {
            skips.clear();
        }
        let inherits = stage.on_new_version == NewVersionPolicy::SkipIfApproved && !run.route.regulated;
        let before = || inherits && reopens.is_empty() && self.approved_before(run, stage);
        self.first(skips).or_else(|| before().then_some(run.at))
    }

    /// Whether every version that this one was made from approved a stage of this name.
    fn approved_before(&self, run: &Run, stage: &Stage) -> bool {
        let before = self.before(run.version);
        let all = Eyes { seen: None, at: self.now };
        !before.is_empty()
            && before.into_iter().all(|v| {
                let run = self.run(v);
                let Some(s) = run.route.stages.iter().position(|other| other.name == stage.name) else {
                    return false;
                };
                let (stand, same) = (self.stand(&run, s, all), &run.route.stages[s]);
                match stand.closed {
                    Some((Outcome::Skipped, _)) => {
                        let policy = same.on_new_version == NewVersionPolicy::SkipIfApproved;
                        policy && !stand.passed_by && self.approved_before(&run, same)
                    }
                    Some((outcome, _)) => outcome.approves(),
                    None => false,
                }
            })
    }

    fn start(&self, run: &Run, rule: &StartRule, s: usize, eyes: Eyes<'_>) -> Start {
        let latest = |all: Vec<Start>| {
            let worst = all.iter().copied().fold(Start::At(run.at), |a, b| if b > a { b } else { a });
            match all.contains(&Start::Never) {
                true => Start::Never,
                false => worst,
            }
        };
        match rule {
            StartRule::OnSubmit => Start::At(run.at),
            StartRule::Manual => {
                let starts = self.seen(run, s, eyes, |a| matches!(a, Act::StartStage { .. }));
                self.first(starts).map_or(Start::NotYet, Start::At)
            }
            StartRule::At(local) => {
                let at = crate::world::utc(&local.to_string()).0;
                if at <= eyes.at { Start::At(at.max(run.at)) } else { Start::NotYet }
            }
            StartRule::After { stages, outcomes } => {
                let wanted = |name: &proofroom_review::StageName| {
                    let s = run.route.stages.iter().position(|other| other.name == *name).expect("a stage");
                    let above = self.stand(run, s, eyes);
                    let passes = |o: Outcome| {
                        let usual = o.approves() || o == Outcome::NotApplicable || o == Outcome::Skipped;
                        if outcomes.is_empty() { usual } else { outcomes.contains(&o) }
                    };
                    match above.closed {
                        None => Start::NotYet,
                        // What was passed by lets nothing on, unless the rule asks for just that.
                        Some(_) if above.passed_by && !outcomes.contains(&Outcome::Skipped) => Start::Never,
                        Some((outcome, at)) if passes(outcome) => Start::At(at),
                        Some(_) => Start::Never,
                    }
                };
                latest(stages.iter().map(wanted).collect())
            }
            StartRule::All(rules) => latest(rules.iter().map(|r| self.start(run, r, s, eyes)).collect()),
            StartRule::Any(rules) => {
                let all = rules.iter().map(|r| self.start(run, r, s, eyes));
                all.fold(Start::Never, |a, b| if b < a { b } else { a })
            }
        }
    }
}
