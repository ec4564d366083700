//! The reference model: the rules once more, as plainly as they can be said, with
//! nothing shared with the code but the input.

use proofroom_ident::{PersonId, VersionHash};
use proofroom_review::Decision::{self, Abstained, Approved, ApprovedWithChanges, ChangesRequired, Rejected};
use proofroom_review::ReviewerRole::{Reviewer, Viewer};
use proofroom_review::{Outcome, ReviewerRole};
use proofroom_workflow::SignedDecision;

use crate::world::World;

/// Versions that no other was made from. (Worlds of the properties have no picks.)
fn heads(world: &World) -> Vec<VersionHash> {
    let made_from = |v: &VersionHash| world.versions.values().any(|m| m.parents.contains(v));
    world.versions.keys().copied().filter(|v| !made_from(v)).collect()
}

fn role(world: &World, person: PersonId) -> Option<ReviewerRole> {
    let mut roles: Vec<_> = world.assignments.iter().filter(|a| a.person == person).map(|a| a.role).collect();
    let strictness = |role: &ReviewerRole| ReviewerRole::ALL.iter().position(|r| r == role);
    roles.sort_by_key(strictness);
    roles.pop()
}

fn saw(later: &SignedDecision, earlier: &SignedDecision) -> bool {
    later.statement.seen_heads.iter().any(|(log, head)| *log == earlier.log && head.seq >= earlier.seq)
}

/// The decision of one person that counts.
fn counting(world: &World, person: PersonId, version: VersionHash) -> Option<Decision> {
    role(world, person).filter(|role| *role != Viewer)?;
    let mine = |d: &&SignedDecision| d.person == person && d.statement.version_hash == version;
    let mut all: Vec<&SignedDecision> = world.decisions.iter().filter(mine).collect();
    all.retain(|d| !world.decisions.iter().filter(mine).any(|other| other.log == d.log && other.seq > d.seq));
    let mut last: Vec<&SignedDecision> = Vec::new();
    for d in &all {
        let others = || all.iter().filter(|other| other.log != d.log);
        if !others().any(|other| saw(other, d) && !saw(d, other)) {
            last.push(d);
        }
    }
    let considered = if last.is_empty() { all } else { last };
    [Rejected, ChangesRequired, ApprovedWithChanges, Approved, Abstained]
        .into_iter()
        .find(|wanted| considered.iter().any(|d| d.statement.decision == *wanted))
}

/// The outcome of one version.
pub fn outcome(world: &World, version: VersionHash) -> Outcome {
    let heads = heads(world);
    if !heads.contains(&version) {
        return Outcome::Superseded;
    }
    let mut people: Vec<PersonId> = world.assignments.iter().map(|a| a.person).collect();
    people.sort();
    people.dedup();
    let decisions: Vec<Option<Decision>> = people.iter().map(|p| counting(world, *p, version)).collect();
    let any = |wanted| decisions.contains(&Some(wanted));
    if decisions.iter().all(Option::is_none) {
        return Outcome::Pending;
    }
    let role = |p: &PersonId| role(world, *p).expect("an assigned person");
    let mandatory = people.iter().any(|p| ![Viewer, Reviewer].contains(&role(p)));
    let waits = |p: &PersonId| role(p) != Viewer && !(mandatory && role(p) == Reviewer);
    let missing = people.iter().zip(&decisions).any(|(p, d)| waits(p) && d.is_none());
    if missing || heads.len() > 1 {
        return Outcome::InProgress;
    }
    if any(Rejected) {
        Outcome::Rejected
    } else if any(ChangesRequired) {
        Outcome::ChangesRequired
    } else if any(ApprovedWithChanges) {
        Outcome::ApprovedWithChanges
    } else if any(Approved) {
        Outcome::Approved
    } else {
        Outcome::NotApplicable
    }
}
