//! Which held-back batches stay in: those that innocent work stands on.
//!
//! What a removed member wrote after the line counts nowhere. But somebody who had not heard of the
//! removal may have built on it, and taking it out would take honest work out as well: so it stays,
//! with all that it stands on. A least fixpoint, and a function of the set of batches only.

use std::collections::{BTreeMap, BTreeSet};

use crate::{ChangeHash, changes_of};

/// The places in `held` of those batches that stay in. `innocent(new, held)` says whether the author
/// of a batch in `news` had not heard of the removal behind a held one.
pub fn admitted(news: &[&[u8]], held: &[&[u8]], innocent: impl Fn(usize, usize) -> bool) -> BTreeSet<usize> {
    if held.is_empty() {
        return BTreeSet::new();
    }
    let mut holder: BTreeMap<ChangeHash, usize> = BTreeMap::new();
    let mut deps_of: Vec<Vec<ChangeHash>> = Vec::with_capacity(held.len());
    for (i, batch) in held.iter().enumerate() {
        let changes = changes_of(batch).unwrap_or_default();
        holder.extend(changes.iter().map(|change| (change.hash, i)));
        deps_of.push(changes.into_iter().flat_map(|change| change.deps).collect());
    }
    let mut queue: Vec<usize> = Vec::new();
    for (new, batch) in news.iter().enumerate() {
        let deps = changes_of(batch).unwrap_or_default().into_iter().flat_map(|change| change.deps);
        queue.extend(deps.filter_map(|dep| holder.get(&dep).copied()).filter(|held| innocent(new, *held)));
    }
    let mut admitted = BTreeSet::new();
    while let Some(i) = queue.pop() {
        if admitted.insert(i) {
            queue.extend(deps_of[i].iter().filter_map(|dep| holder.get(dep).copied()));
        }
    }
    admitted
}
