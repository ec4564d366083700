//! An order that respects what authors had in front of them, and the intervals that follow from it.

use std::collections::{BTreeMap, BTreeSet};

use proofroom_ident::{EntryHash, Millis, PersonId};

/// An entry among those of its document.
pub(super) struct Node {
    pub entry: EntryHash,
    pub person: Option<PersonId>,
    pub claimed_at: Millis,
    /// Entries that its author had in front of them; those that are not here play no part.
    pub before: Vec<EntryHash>,
}

/// Where an entry stands.
pub(super) struct Place {
    /// Which one it is, of those that were given.
    pub item: usize,
    pub not_before: Option<Millis>,
    pub not_after: Option<Millis>,
}

/// Each entry after those that it stands on, by claimed time where that leaves a choice. Whoever claims to have
/// seen what comes after them is believed in nothing but their own log's order.
pub(super) fn ordered(nodes: Vec<Node>) -> Vec<Place> {
    let at: BTreeMap<EntryHash, usize> = nodes.iter().enumerate().map(|(i, n)| (n.entry, i)).collect();
    let before: Vec<Vec<usize>> =
        nodes.iter().map(|n| n.before.iter().filter_map(|b| at.get(b).copied()).collect()).collect();
    let mut after: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    let mut missing: Vec<usize> = before.iter().map(Vec::len).collect();
    for (i, before) in before.iter().enumerate() {
        before.iter().for_each(|b| after[*b].push(i));
    }
    let key = |i: usize| (nodes[i].claimed_at, nodes[i].entry, i);
    let mut ready: BTreeSet<_> = (0..nodes.len()).filter(|i| missing[*i] == 0).map(key).collect();
    let mut left: BTreeSet<_> = (0..nodes.len()).map(key).collect();
    let mut order = Vec::with_capacity(nodes.len());
    while let Some(next) = ready.pop_first().or_else(|| left.first().copied()) {
        if !left.remove(&next) {
            continue;
        }
        let i = next.2;
        order.push(i);
        for later in &after[i] {
            missing[*later] = missing[*later].saturating_sub(1);
            if missing[*later] == 0 {
                ready.insert(key(*later));
            }
        }
    }
    let mut places: Vec<Place> =
        (0..nodes.len()).map(|item| Place { item, not_before: None, not_after: None }).collect();
    for i in &order {
        let bounds = before[*i].iter().map(|b| match nodes[*b].person == nodes[*i].person {
            true => places[*b].not_before,
            false => Some(nodes[*b].claimed_at).max(places[*b].not_before),
        });
        places[*i].not_before = bounds.flatten().max();
    }
    for i in order.iter().rev() {
        let bounds = after[*i].iter().map(|a| match nodes[*a].person == nodes[*i].person {
            true => places[*a].not_after,
            false => [Some(nodes[*a].claimed_at), places[*a].not_after].into_iter().flatten().min(),
        });
        places[*i].not_after = bounds.flatten().min();
    }
    let mut by_order: Vec<Option<Place>> = places.into_iter().map(Some).collect();
    order.into_iter().filter_map(|i| by_order[i].take()).collect()
}

#[cfg(test)]
mod tests {
    use super::{Node, ordered};
    use proofroom_ident::{EntryHash, HashWords as _, Millis, PersonId};

    fn node(name: &str, person: u8, at: u64, before: &[&str]) -> Node {
        let hash = |name: &str| EntryHash::of(name.as_bytes());
        Node {
            entry: hash(name),
            person: Some(PersonId::from_bytes([person; 32])),
            claimed_at: Millis(at),
            before: before.iter().map(|b| hash(b)).collect(),
        }
    }

    #[test]
    fn an_entry_lies_between_what_its_author_saw_and_who_saw_it() {
        // Bo's clock is an hour fast: b claims 90, though cy saw it at 30.
        let nodes = vec![node("c", 3, 30, &["b"]), node("b", 2, 90, &["a"]), node("a", 1, 10, &[])];
        let places = ordered(nodes);
        let items: Vec<usize> = places.iter().map(|p| p.item).collect();
        assert_eq!(items, [2, 1, 0]);
        assert_eq!((places[1].not_before, places[1].not_after), (Some(Millis(10)), Some(Millis(30))));
        assert_eq!((places[0].not_before, places[0].not_after), (None, Some(Millis(30))));
    }

    #[test]
    fn rings_of_claims_end_nothing() {
        let nodes = vec![node("a", 1, 1, &["b"]), node("b", 2, 2, &["a"]), node("c", 3, 3, &[])];
        assert_eq!(ordered(nodes).len(), 3);
    }
}
