//! Of all decisions of one person, the one that counts.

use std::collections::BTreeMap;

use proofroom_ident::EntryHash;

use crate::input::SignedDecision;

/// The decision that counts, and those that it was concurrent with.
pub(crate) struct Effective<'a> {
    pub decision: &'a SignedDecision,
    pub instead_of: Vec<EntryHash>,
}

/// The effective decision among all that one person made on one version; `None` where there is none.
pub(crate) fn effective<'a>(all: impl IntoIterator<Item = &'a SignedDecision>) -> Option<Effective<'a>> {
    let all: BTreeMap<EntryHash, &SignedDecision> = all.into_iter().map(|d| (d.entry, d)).collect();
    // Two statements cannot truly have seen each other. One that lies about it gains nothing: both
    // then count as concurrent, and so do all of a longer ring, where none would be left.
    let replaced = |d: &SignedDecision| all.values().any(|later| later.saw(d) && !d.saw(later));
    let mut latest: Vec<&SignedDecision> = all.values().copied().filter(|d| !replaced(d)).collect();
    if latest.is_empty() {
        latest = all.into_values().collect();
    }
    let decision = *latest.iter().max_by_key(|d| (d.statement.decision.restriction(), d.entry))?;
    let instead_of = latest.iter().map(|d| d.entry).filter(|e| *e != decision.entry).collect();
    Some(Effective { decision, instead_of })
}
