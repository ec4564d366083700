//! Who may decide for whom: grants that stand.
//!
//! A grant lets its holder decide in the signer's place and no further: what B
//! may decide for A, B cannot hand on to C. Grants that go round in a ring
//! (everybody is away and names the next) count for nobody, except that those
//! who closed the ring knowingly cannot undo what stood before them.

use proofroom_ident::{AssetId, EntryHash, Millis, PersonId};
use proofroom_review::{Delegation, Scope, StageName};

use crate::facts::SignedDelegation;
use crate::notice::Warning;

#[derive(Clone, Debug)]
struct Grant {
    by: PersonId,
    to: PersonId,
    scope: Scope,
    from: Millis,
    until: Millis,
    entry: EntryHash,
}

/// The grants that stand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Delegations {
    grants: Vec<Grant>,
    pub warnings: Vec<Warning>,
}

impl Delegations {
    pub fn of(signed: &[SignedDelegation]) -> Self {
        let mut all: Vec<(&SignedDelegation, Grant)> =
            signed.iter().filter_map(|d| Some((d, grant(d, signed)?))).collect();
        all.sort_by_key(|(_, grant)| grant.entry);
        all.dedup_by_key(|(_, grant)| grant.entry);
        let mut out = Self::default();
        for (d, grant) in &all {
            if in_ring(d, grant, &all) {
                out.warnings.push(Warning::DelegationRing { person: grant.by, entry: grant.entry });
            } else {
                out.grants.push(grant.clone());
            }
        }
        out
    }

    /// Whether `to` may decide for `by` in this stage at this time.
    pub fn allow(&self, by: PersonId, to: PersonId, asset: &AssetId, stage: &StageName, at: Millis) -> bool {
        self.of_stage(by, asset, stage, at).any(|holder| holder == to)
    }

    /// Who may decide for `by` in this stage at this time.
    pub fn of_stage<'a>(
        &'a self,
        by: PersonId,
        asset: &'a AssetId,
        stage: &'a StageName,
        at: Millis,
    ) -> impl Iterator<Item = PersonId> + 'a {
        let grants = self.grants.iter().filter(move |g| g.by == by && g.from <= at && at < g.until);
        grants.filter(move |g| g.scope.covers(asset, stage)).map(|g| g.to)
    }

    /// The next moment after `now` at which a grant begins or ends.
    pub fn changes_at(&self, now: Millis) -> Option<Millis> {
        self.grants.iter().flat_map(|g| [g.from, g.until]).filter(|at| *at > now).min()
    }
}

/// A grant with the end that a revocation gives it.
fn grant(d: &SignedDelegation, all: &[SignedDelegation]) -> Option<Grant> {
    let Delegation::Grant { to, scope, from, until } = &d.statement.delegation else { return None };
    let revoked = |other: &&SignedDelegation| {
        let grant = match &other.statement.delegation {
            Delegation::Revoke { grant } => *grant,
            Delegation::Grant { .. } => return false,
        };
        grant == d.entry && other.person == d.person
    };
    let end = all.iter().filter(revoked).map(|other| other.statement.claimed_at).min();
    let until = end.map_or(*until, |end| end.min(*until));
    let real = *to != d.person && *from < until;
    real.then(|| Grant { by: d.person, to: *to, scope: scope.clone(), from: *from, until, entry: d.entry })
}

/// Whether grants that did not see this one lead from its holder back to its signer, at the same
/// time and about the same things.
fn in_ring(d: &SignedDelegation, grant: &Grant, all: &[(&SignedDelegation, Grant)]) -> bool {
    let mut reached = vec![grant.to];
    let mut next = 0;
    while let Some(person) = reached.get(next).copied() {
        next += 1;
        if person == grant.by {
            return true;
        }
        for (other, edge) in all {
            let overlaps =
                edge.from < grant.until && grant.from < edge.until && edge.scope.meets(&grant.scope);
            if edge.by == person && overlaps && !other.saw(d) && !reached.contains(&edge.to) {
                reached.push(edge.to);
            }
        }
    }
    false
}
