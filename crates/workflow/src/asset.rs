//! One asset: its versions' runs, which of them is current, and whether it may go out.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use proofroom_ident::{AssetId, Millis, PersonId, VersionHash};
use proofroom_review::route::Route;
use proofroom_review::{
    Act, CommentKey, CommentLabel, CommentState, Current, Manifest, NewVersionPolicy, NumberedVersion,
    Outcome, current, number,
};

use crate::assemble::{Assembly, Heard, counting, everything};
use crate::causal::{Events, What, is_sighting};
use crate::facts::{AssetFacts, CommentFact, SignedAct, last_round};
use crate::notice::{Block, NoEffect, Warning};
use crate::plan::Plan;
use crate::run::{Inherited, Run, Sent, Shared};
use crate::state::StageNow;
use crate::view::{AssetState, ConditionState, PendingReminder, Released, RunState};

/// One asset's facts, in the order in which they are asked for.
pub(crate) struct Asset<'a> {
    pub facts: &'a AssetFacts,
    pub shared: &'a Shared<'a>,
    pub now: Millis,
    /// Whether any version was ever sent on a route: then only those that were take part.
    pub any_sent: bool,
    built_in: &'a Route,
    by_version: BTreeMap<VersionHash, Vec<usize>>,
}

/// Evaluates one asset.
pub(crate) fn asset(id: AssetId, facts: &AssetFacts, plan: &Plan, now: Millis) -> AssetState {
    let events = Events::of(facts);
    let mut sightings: BTreeMap<VersionHash, Vec<&SignedAct>> = BTreeMap::new();
    for act in facts.acts.iter().filter(|a| is_sighting(&a.statement.act)) {
        sightings.entry(act.statement.version_hash).or_default().push(act);
    }
    let authors = facts.versions.iter().map(|(version, manifest)| (*version, manifest.author)).collect();
    let shared = Shared { asset: id, plan, events: &events, sightings: &sightings, authors: &authors };
    let built_in = Route::built_in(&facts.assignments);
    let mut by_version: BTreeMap<VersionHash, Vec<usize>> = BTreeMap::new();
    for (i, event) in events.all.iter().enumerate() {
        by_version.entry(version_of(&event.what)).or_default().push(i);
    }
    let mut asset = Asset { facts, shared: &shared, now, any_sent: false, built_in: &built_in, by_version };
    asset.any_sent = facts.versions.keys().any(|version| asset.is_sent(*version));
    asset.state()
}

fn version_of(what: &What<'_>) -> VersionHash {
    match what {
        What::Decision(d) => d.statement.version_hash,
        What::Act(a) => a.statement.version_hash,
    }
}

/// What became of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Live,
    Superseded,
    Withdrawn,
    Draft,
}

impl<'a> Asset<'a> {
    fn state(&self) -> AssetState {
        let numbered = number(&self.facts.versions);
        let withdrawn: Vec<VersionHash> =
            numbered.iter().map(|n| n.version).filter(|v| self.is_withdrawn(*v)).collect();
        let takes_part = |v: &VersionHash| !withdrawn.contains(v) && (!self.any_sent || self.is_sent(*v));
        let graph = contract(&self.facts.versions, takes_part);
        let current = current(&graph, &self.facts.picks);
        let fate = |v: &VersionHash| match () {
            () if withdrawn.contains(v) => Fate::Withdrawn,
            () if current.heads().contains(v) => Fate::Live,
            () if graph.contains_key(v) || self.is_before(v, &graph) => Fate::Superseded,
            () => Fate::Draft,
        };
        let comments = self.comments();
        let mut done: BTreeMap<VersionHash, Inherited> = BTreeMap::new();
        let (mut runs, mut pending, mut moments) =
            (Vec::with_capacity(numbered.len()), Vec::new(), Vec::new());
        for version in &numbered {
            let parents = nearest(&self.facts.versions, version.version, takes_part);
            let inherited = inherit(&parents, &done);
            let comments = comments.get(&version.version).map(Vec::as_slice).unwrap_or_default();
            let (run, approved) = self.run(
                version,
                fate(&version.version),
                &current,
                inherited,
                comments,
                &mut pending,
                &mut moments,
            );
            done.insert(version.version, approved);
            runs.push(run);
        }
        pending.sort();
        moments.extend(self.shared.plan.delegations.changes_at(self.now));
        let changes_at = moments.into_iter().filter(|at| *at > self.now).min();
        let mut heads =
            runs.iter().filter(|r: &&RunState| current.heads().contains(&r.version)).map(|r| r.outcome);
        let nothing = if withdrawn.is_empty() { Outcome::Pending } else { Outcome::Withdrawn };
        let first = heads.next().unwrap_or(nothing);
        let outcome = if heads.all(|o| o == first) { first } else { Outcome::InProgress };
        let release = self.release(&current, &runs);
        let waits = self.waits(&current, &runs);
        AssetState { outcome, current, runs, release, waits, pending, changes_at }
    }

    /// The comments of each version, in order of key, each once.
    fn comments(&self) -> BTreeMap<VersionHash, Vec<&'a CommentFact>> {
        let mut out: BTreeMap<VersionHash, Vec<&CommentFact>> = BTreeMap::new();
        for comment in &self.facts.comments {
            out.entry(comment.version).or_default().push(comment);
        }
        for comments in out.values_mut() {
            comments.sort_unstable();
            comments.dedup_by_key(|c| c.key);
        }
        out
    }

    pub(crate) fn mine(&self, version: VersionHash) -> &[usize] {
        self.by_version.get(&version).map(Vec::as_slice).unwrap_or_default()
    }

    fn acts(&self, version: VersionHash) -> impl Iterator<Item = (usize, &'a SignedAct)> + '_ {
        self.mine(version).iter().filter_map(|i| match self.shared.events.all[*i].what {
            What::Act(act) => Some((*i, act)),
            What::Decision(_) => None,
        })
    }

    fn is_sent(&self, version: VersionHash) -> bool {
        self.submits(version).next().is_some()
    }

    /// The submissions of a version that count: by its author, or by moderators. Anybody else could
    /// take it off a route that asks too much.
    fn submits(&self, version: VersionHash) -> impl Iterator<Item = (usize, &'a SignedAct)> + '_ {
        self.acts(version).filter(move |(_, act)| self.facts.may_send(act))
    }

    /// Whether somebody who may took it back, and nobody who knew of that sent it again.
    fn is_withdrawn(&self, version: VersionHash) -> bool {
        let author = self.facts.versions[&version].author;
        let withdraws = self.acts(version).filter(|(_, a)| a.statement.act == Act::Withdraw);
        let mut allowed = withdraws.filter(|(_, a)| a.moderator || a.person == author);
        let again = |w: usize| self.submits(version).any(|(s, _)| self.shared.events.saw(s, w));
        allowed.any(|(w, _)| !again(w))
    }

    /// Whether a version in the graph was made from this one.
    fn is_before(&self, version: &VersionHash, graph: &BTreeMap<VersionHash, Manifest>) -> bool {
        ancestors(&self.facts.versions, graph.keys().copied()).contains(version)
    }

    /// How a version was sent: by the submission of the highest round.
    pub(crate) fn sent(&self, version: VersionHash) -> Sent<'a> {
        let submits = last_round(self.submits(version).map(|(_, act)| act));
        let two_routes = submits.iter().any(|(_, act)| act.route_hash() != submits[0].1.route_hash());
        // Rounds go on from each other; the clock of the review began with the first of its route.
        match submits.first() {
            Some((submission, act)) => Sent {
                submitted: true,
                at: submits.iter().map(|(_, a)| a.statement.claimed_at).min().unwrap_or_default(),
                route: submission.route.as_ref().unwrap_or(self.built_in),
                hash: act.route_hash(),
                chosen: submission.chosen.as_ref(),
                two_routes,
            },
            None => Sent {
                submitted: !self.any_sent,
                at: self.facts.versions[&version].claimed_at,
                route: self.built_in,
                hash: None,
                chosen: None,
                two_routes: false,
            },
        }
    }

    fn run(
        &self,
        numbered: &NumberedVersion,
        fate: Fate,
        current: &Current,
        inherited: Inherited,
        comments: &[&CommentFact],
        pending: &mut Vec<PendingReminder>,
        moments: &mut Vec<Millis>,
    ) -> (RunState, Inherited) {
        let version = numbered.version;
        let sent = self.sent(version);
        let mut blocked = Vec::new();
        if let (Fate::Live, Current::Fork(versions)) = (fate, current) {
            blocked.push(Block::Fork(versions.clone()));
        }
        if sent.two_routes {
            blocked.push(Block::TwoRoutes);
        }
        let run = Run::of(self.shared, version, sent, inherited, self.mine(version));
        let states = run.state(everything(self.now));
        let mut commented: Vec<PersonId> = comments.iter().map(|c| c.key.owner).collect();
        commented.dedup();
        let heard = Heard::of(run.sightings(), commented);
        let mut assembly = Assembly::new(&run, self.now, &states, &heard, &blocked, fate == Fate::Live);
        let stages: Vec<_> = (0..states.len()).map(|s| assembly.stage(s)).collect();
        let mut out = assembly.out;
        let open_comments = comments.iter().filter(|c| c.state.is_open()).map(|c| c.key).collect();
        let closed_at = states.iter().map(|s| s.closed.map(|(_, at)| at)).collect::<Option<Vec<_>>>();
        let closed_at = closed_at.and_then(|all| all.into_iter().max());
        let late = comments.iter().filter(|c| closed_at.is_some_and(|at| c.created_at > at));
        let late_comments = late.map(|c| c.key).collect();
        self.unseen(&run, &states, comments, &mut out.warnings);
        self.strays(version, &mut out.warnings);
        out.warnings.sort();
        out.warnings.dedup();
        if fate == Fate::Live {
            pending.append(&mut out.pending);
        }
        moments.append(&mut out.moments);
        let so_far = crate::rule::fold(counting(&states).map(|v| run.votes[v].decision));
        let outcome = match fate {
            Fate::Live => {
                run_outcome(stages.iter().map(|s| (s.outcome, s.closed_at.is_some(), s.so_far.is_some())))
            }
            Fate::Superseded => Outcome::Superseded,
            Fate::Withdrawn => Outcome::Withdrawn,
            Fate::Draft => Outcome::Pending,
        };
        let state = RunState {
            version,
            label: numbered.label.clone(),
            submitted: run.sent.submitted,
            submitted_at: run.sent.at,
            route: run.sent.route.name.clone(),
            route_hash: run.sent.hash,
            chosen: run.sent.chosen.cloned(),
            outcome,
            so_far,
            stages,
            conditions: self.conditions(&run, &states),
            open_comments,
            late_comments,
            blocked_by: blocked,
            warnings: out.warnings,
            released: self.released(version),
        };
        (state, approved(&run, &states))
    }

    /// The open blockers of others that were not open in front of somebody who approved, less those
    /// that they took note of.
    fn unseen(&self, run: &Run<'_>, states: &[StageNow], comments: &[&CommentFact], out: &mut Vec<Warning>) {
        let blockers: Vec<CommentKey> = comments
            .iter()
            .filter(|c| c.label == CommentLabel::Blocker && c.state.is_open())
            .map(|c| c.key)
            .collect();
        if blockers.is_empty() {
            return;
        }
        for vote in counting(states).map(|v| &run.votes[v]).filter(|v| v.decision.approves() && !v.carried) {
            let event = &self.shared.events.all[vote.event];
            let noted = self.acts(run.version).filter(|(_, a)| a.person == event.person).any_noted();
            let unseen = |key: &&CommentKey| {
                key.owner != event.person
                    && vote.statement.open_comments.binary_search(key).is_err()
                    && !noted.contains(key)
            };
            let comments: Vec<CommentKey> = blockers.iter().filter(unseen).copied().collect();
            if !comments.is_empty() {
                out.push(Warning::UnseenBlockers { person: event.person, entry: event.entry, comments });
            }
        }
    }

    /// Submissions and withdrawals by those who may not.
    fn strays(&self, version: VersionHash, out: &mut Vec<Warning>) {
        let author = self.facts.versions[&version].author;
        let stray = |a: &SignedAct| {
            let theirs = matches!(a.statement.act, Act::Withdraw | Act::Submit(_));
            theirs && !a.moderator && a.person != author
        };
        let strays = self.acts(version).filter(|(_, a)| stray(a));
        let why = NoEffect::NotAuthor;
        out.extend(strays.map(|(_, a)| Warning::NoEffect { person: a.person, entry: a.entry, why }));
    }

    /// Who handed the version off, and when.
    fn released(&self, version: VersionHash) -> Vec<Released> {
        let released = self.acts(version).filter_map(|(_, act)| match &act.statement.act {
            Act::Release(handoff) if act.moderator => Some(Released {
                person: act.person,
                entry: act.entry,
                at: act.statement.claimed_at,
                package: handoff.package,
            }),
            _ => None,
        });
        let mut released: Vec<Released> = released.collect();
        released.sort_unstable_by_key(|r| (r.at, r.entry));
        released
    }

    fn conditions(&self, run: &Run<'_>, states: &[StageNow]) -> Vec<ConditionState> {
        let mut out = Vec::new();
        for vote in counting(states).map(|v| &run.votes[v]) {
            let event = &self.shared.events.all[vote.event];
            for (index, condition) in (0_u32..).zip(&vote.statement.conditions) {
                let met = self.is_met(event.entry, index, None);
                let (person, condition) = (event.person, condition.clone());
                out.push(ConditionState { person, decision: event.entry, index, condition, met });
            }
        }
        out
    }

    /// Whether somebody said that a condition is met: in this version, or in any.
    pub(crate) fn is_met(
        &self,
        decision: proofroom_ident::EntryHash,
        index: u32,
        version: Option<VersionHash>,
    ) -> bool {
        self.shared.events.all.iter().any(|e| match e.what {
            What::Act(a) => {
                a.statement.act == Act::MeetCondition { decision, condition: index }
                    && version.is_none_or(|v| a.statement.version_hash == v)
            }
            What::Decision(_) => false,
        })
    }

    /// The nearest earlier versions that take part.
    pub(crate) fn parents(&self, version: VersionHash) -> Vec<VersionHash> {
        let takes_part = |v: &VersionHash| !self.is_withdrawn(*v) && (!self.any_sent || self.is_sent(*v));
        nearest(&self.facts.versions, version, takes_part)
    }
}

trait Noted<'a> {
    fn any_noted(self) -> Vec<&'a CommentKey>;
}

impl<'a, I: Iterator<Item = (usize, &'a SignedAct)>> Noted<'a> for I {
    /// The comments that acts of acknowledgement name.
    fn any_noted(self) -> Vec<&'a CommentKey> {
        self.flat_map(|(_, a)| match &a.statement.act {
            Act::Acknowledge { comments } => comments.as_slice(),
            _ => &[],
        })
        .collect()
    }
}

/// Whether a comment on an earlier version still stands in the way: what asked for a change may have
/// been answered by the version since, but nobody may pass over a blocker or a task in silence.
pub(crate) fn is_carried(comment: &CommentFact) -> bool {
    let blocks = comment.label == CommentLabel::Blocker && comment.state == CommentState::Open;
    comment.state == CommentState::Task || blocks
}

/// Whether a comment stands in the way of a release.
pub(crate) fn stands_in_the_way(comment: &CommentFact) -> bool {
    let asks = matches!(comment.label, CommentLabel::Blocker | CommentLabel::Change);
    comment.state == CommentState::Task || (comment.state == CommentState::Open && asks)
}

type Versions = BTreeMap<VersionHash, Manifest>;

/// All versions that any of these was made from.
pub(crate) fn ancestors(
    versions: &Versions,
    of: impl IntoIterator<Item = VersionHash>,
) -> BTreeSet<VersionHash> {
    let (mut seen, mut next) = (BTreeSet::new(), Vec::from_iter(of));
    while let Some(v) = next.pop() {
        let parents = versions.get(&v).into_iter().flat_map(|m| m.parents.iter().copied());
        next.extend(parents.filter(|parent| seen.insert(*parent)));
    }
    seen
}

/// The history of those versions that take part: each was made from the nearest that do.
fn contract(versions: &Versions, takes_part: impl Fn(&VersionHash) -> bool) -> Cow<'_, Versions> {
    if versions.keys().all(&takes_part) {
        return Cow::Borrowed(versions);
    }
    let kept = versions.iter().filter(|(v, _)| takes_part(v)).map(|(v, manifest)| {
        (*v, Manifest { parents: nearest(versions, *v, &takes_part), ..manifest.clone() })
    });
    Cow::Owned(kept.collect())
}

fn nearest(
    versions: &Versions,
    of: VersionHash,
    takes_part: impl Fn(&VersionHash) -> bool,
) -> Vec<VersionHash> {
    let parents = |v: &VersionHash| versions.get(v).map(|m| m.parents.clone()).unwrap_or_default();
    let (mut next, mut seen, mut out) = (parents(&of), Vec::new(), Vec::new());
    while let Some(v) = next.pop() {
        if seen.contains(&v) || !versions.contains_key(&v) {
            continue;
        }
        seen.push(v);
        if takes_part(&v) { out.push(v) } else { next.extend(parents(&v)) }
    }
    out.sort_unstable();
    out
}

fn inherit(parents: &[VersionHash], done: &BTreeMap<VersionHash, Inherited>) -> Inherited {
    let mut parents = parents.iter().filter_map(|p| done.get(p));
    let mut approved = parents.next().map(|p| p.approved.clone()).unwrap_or_default();
    for other in parents {
        approved.retain(|name| other.approved.contains(name));
    }
    Inherited { approved }
}

/// The stages that this version leaves approved to the next.
fn approved(run: &Run<'_>, states: &[StageNow]) -> Inherited {
    let passed = |(s, now): &(usize, &StageNow)| match now.closed {
        Some((Outcome::Skipped, _)) => {
            let stage = run.stage(*s);
            let policy = stage.on_new_version == NewVersionPolicy::SkipIfApproved;
            policy && !now.passed_by && run.inherited.approved.iter().any(|name| name == stage.name.as_str())
        }
        Some((outcome, _)) => outcome.approves(),
        None => false,
    };
    let names = states.iter().enumerate().filter(passed).map(|(s, _)| run.stage(s).name.to_string());
    Inherited { approved: names.collect() }
}

/// What the stages' outcomes amount to: (outcome, closed, whether anybody decided).
fn run_outcome(stages: impl Iterator<Item = (Outcome, bool, bool)> + Clone) -> Outcome {
    let any = |wanted: Outcome| stages.clone().any(|(outcome, closed, _)| closed && outcome == wanted);
    let all_closed = stages.clone().all(|(_, closed, _)| closed);
    let begun = stages.clone().any(|(_, closed, decided)| closed || decided);
    match () {
        () if any(Outcome::Rejected) => Outcome::Rejected,
        () if any(Outcome::ChangesRequired) => Outcome::ChangesRequired,
        () if !all_closed && begun => Outcome::InProgress,
        () if !all_closed => Outcome::Pending,
        () if any(Outcome::Expired) => Outcome::Expired,
        () if any(Outcome::ApprovedWithChanges) => Outcome::ApprovedWithChanges,
        () if any(Outcome::Approved) => Outcome::Approved,
        () if any(Outcome::NotApplicable) => Outcome::NotApplicable,
        () => Outcome::Skipped,
    }
}
