//! The evaluation: one stage, closed when everybody who must decide has decided.

use std::collections::{BTreeMap, BTreeSet};

use proofroom_ident::{EntryHash, LogId, PersonId, VersionHash};
use proofroom_review::{
    AssignmentEnd, CommentKey, CommentLabel, CommentView, Current, Decision, NumberedVersion, Outcome,
    ReviewerRole, current, number,
};

use super::input::ReviewInput;
use super::status::{Block, PersonStatus, ReviewStatus, VersionStatus, Warning};
use crate::facts::SignedDecision;

/// Where a review stands. Pure: it depends on the sets that it is given, not on their order.
pub fn evaluate(input: &ReviewInput<'_>) -> ReviewStatus {
    let current = current(input.versions, input.picks);
    let roles = roles(input);
    let any_mandatory = roles.values().any(|role| role.is_mandatory());
    let stage = Stage { input, current: &current, roles, any_mandatory };
    let versions: Vec<VersionStatus> = number(input.versions).iter().map(|v| stage.version(v)).collect();
    let heads = current.heads();
    let mut outcomes = versions.iter().filter(|v| heads.contains(&v.version)).map(|v| v.outcome);
    let first = outcomes.next().unwrap_or(Outcome::Pending);
    let outcome = if outcomes.all(|o| o == first) { first } else { Outcome::InProgress };
    ReviewStatus { outcome, current, versions }
}

/// The strictest role of each person: roles are declared from the one that asks least to the one
/// that asks most.
fn roles(input: &ReviewInput<'_>) -> BTreeMap<PersonId, ReviewerRole> {
    let mut roles = BTreeMap::new();
    for a in input.assignments {
        let role = roles.entry(a.person).or_insert(a.role);
        *role = a.role.max(*role);
    }
    roles
}

/// The decisions of one version's review.
#[derive(Default)]
struct Decided<'a> {
    by_person: BTreeMap<PersonId, Effective<'a>>,
    warnings: BTreeSet<Warning>,
}

struct Stage<'a> {
    input: &'a ReviewInput<'a>,
    current: &'a Current,
    roles: BTreeMap<PersonId, ReviewerRole>,
    any_mandatory: bool,
}

impl<'a> Stage<'a> {
    fn version(&self, numbered: &NumberedVersion) -> VersionStatus {
        let version = numbered.version;
        let open = self.open_comments(version);
        let mut decided = self.decided(version);
        decided.warnings.extend(decided.by_person.values().filter_map(|e| unseen_blockers(e, &open)));
        let so_far = fold(decided.by_person.values().map(|e| e.decision.statement.decision));
        let superseded = !self.current.heads().contains(&version);
        let blocked_by = if superseded { Vec::new() } else { self.blocks(&decided) };
        let conditions = decided.by_person.iter().flat_map(|(person, e)| {
            e.decision.statement.conditions.iter().map(|condition| (*person, condition.clone()))
        });
        VersionStatus {
            version,
            label: numbered.label.clone(),
            outcome: close(so_far, superseded, &blocked_by),
            so_far,
            people: self.people(&decided, superseded),
            conditions: conditions.collect(),
            open_comments: open.keys().copied().collect(),
            blocked_by,
            warnings: decided.warnings.into_iter().collect(),
        }
    }

    /// One decision for each person who is asked, and why the others do not count.
    fn decided(&self, version: VersionHash) -> Decided<'a> {
        let mut out = Decided::default();
        let mut by_person: BTreeMap<PersonId, Vec<&SignedDecision>> = BTreeMap::new();
        for d in self.input.decisions.iter().filter(|d| d.statement.version_hash == version) {
            let (person, entry) = (d.person, d.entry);
            if let Some(on_behalf_of) = d.statement.on_behalf_of.filter(|other| *other != person) {
                out.warnings.insert(Warning::NoDelegation { person, on_behalf_of, entry });
            } else if self.roles.get(&person).is_some_and(|role| role.counts()) {
                by_person.entry(person).or_default().push(d);
            } else {
                out.warnings.insert(Warning::NotAsked { person, entry });
            }
        }
        for (person, decisions) in by_person {
            let Some(e) = effective(decisions) else { continue };
            if !e.instead_of.is_empty() {
                let (counts, instead_of) = (e.decision.entry, e.instead_of.clone());
                out.warnings.insert(Warning::Concurrent { person, counts, instead_of });
            }
            out.by_person.insert(person, e);
        }
        out
    }

    /// Whether the stage waits for somebody in this role. Where nobody is mandatory it waits for
    /// everybody whose decision counts.
    fn must_decide(&self, role: ReviewerRole) -> bool {
        if self.any_mandatory { role.is_mandatory() } else { role.counts() }
    }

    fn blocks(&self, decided: &Decided<'_>) -> Vec<Block> {
        let mut blocks = Vec::new();
        if let Current::Fork(versions) = self.current {
            blocks.push(Block::Fork(versions.clone()));
        }
        if !self.roles.values().any(|role| role.counts()) {
            blocks.push(Block::NobodyAsked);
        }
        let waited_for = self.roles.iter().filter(|(_, role)| self.must_decide(**role));
        let missing = waited_for.filter(|(person, _)| !decided.by_person.contains_key(person));
        blocks.extend(missing.map(|(person, _)| Block::Missing(*person)));
        blocks
    }

    fn people(&self, decided: &Decided<'_>, superseded: bool) -> Vec<PersonStatus> {
        let status = |(person, role): (&PersonId, &ReviewerRole)| {
            let counting = decided.by_person.get(person).map(|e| e.decision);
            let silence = (superseded && role.counts()).then_some(AssignmentEnd::NoResponse);
            PersonStatus {
                person: *person,
                role: *role,
                must_decide: self.must_decide(*role),
                end: counting.map(|_| AssignmentEnd::Decided).or(silence),
                decision: counting.map(|d| d.statement.decision),
                entry: counting.map(|d| d.entry),
            }
        };
        self.roles.iter().map(status).collect()
    }

    fn open_comments(&self, version: VersionHash) -> BTreeMap<CommentKey, &'a CommentView> {
        let comments = self.input.comments.iter();
        let open = comments.filter(|c| c.anchor.version == version && c.state.is_open());
        open.map(|c| (c.key, c)).collect()
    }
}

/// The decision that counts, and those that it was concurrent with.
struct Effective<'a> {
    decision: &'a SignedDecision,
    instead_of: Vec<EntryHash>,
}

/// The effective decision among all that one person made on one version; `None` where there is none.
fn effective<'a>(all: impl IntoIterator<Item = &'a SignedDecision>) -> Option<Effective<'a>> {
    let mut last: BTreeMap<LogId, &SignedDecision> = BTreeMap::new();
    let place = |d: &SignedDecision| (d.seq, d.statement.decision.restriction(), d.entry);
    for d in all {
        let held = last.entry(d.log).or_insert(d);
        if place(d) > place(held) {
            *held = d;
        }
    }
    // Two statements cannot truly have seen each other. One that lies about it gains nothing: both
    // then count as concurrent, and so do all of a longer ring, where none would be left.
    let replaced = |d: &SignedDecision| last.values().any(|later| later.saw(d) && !d.saw(later));
    let mut latest: Vec<&SignedDecision> = last.values().copied().filter(|d| !replaced(d)).collect();
    if latest.is_empty() {
        latest = last.into_values().collect();
    }
    let decision = *latest.iter().max_by_key(|d| (d.statement.decision.restriction(), d.entry))?;
    let mut instead_of: Vec<EntryHash> = latest.iter().map(|d| d.entry).collect();
    instead_of.retain(|entry| *entry != decision.entry);
    instead_of.sort_unstable();
    Some(Effective { decision, instead_of })
}

/// What decisions amount to; `None` where there are none.
fn fold(decisions: impl Iterator<Item = Decision>) -> Option<Outcome> {
    let worst = decisions.max_by_key(|d| d.restriction())?;
    Some(match worst {
        Decision::Rejected => Outcome::Rejected,
        Decision::ChangesRequired => Outcome::ChangesRequired,
        Decision::ApprovedWithChanges => Outcome::ApprovedWithChanges,
        Decision::Approved => Outcome::Approved,
        Decision::Abstained => Outcome::NotApplicable,
    })
}

fn close(so_far: Option<Outcome>, superseded: bool, blocked_by: &[Block]) -> Outcome {
    match so_far {
        _ if superseded => Outcome::Superseded,
        None => Outcome::Pending,
        Some(outcome) if blocked_by.is_empty() => outcome,
        Some(_) => Outcome::InProgress,
    }
}

/// The open blockers of others that were not open in front of somebody who approved.
fn unseen_blockers(e: &Effective<'_>, open: &BTreeMap<CommentKey, &CommentView>) -> Option<Warning> {
    let SignedDecision { person, entry, statement, .. } = e.decision;
    let unseen = |c: &&&CommentView| {
        c.label == CommentLabel::Blocker
            && c.key.owner != *person
            && statement.open_comments.binary_search(&c.key).is_err()
    };
    let comments: Vec<CommentKey> = open.values().filter(unseen).map(|c| c.key).collect();
    let approved_blindly = statement.decision.approves() && !comments.is_empty();
    approved_blindly.then_some(Warning::UnseenBlockers { person: *person, entry: *entry, comments })
}
