//! Who stands on whom: the entries' graph, and fast answers about the past.
//!
//! Every entry but the genesis has a *gate*: the nearest entry through which
//! every way back to the genesis leads. Gates form a tree. Whatever is beyond a
//! gate descends from it, so an evaluation may start from the state at a gate,
//! and a question about the past skips from gate to gate by jump pointers
//! (skew-binary: the way to any ancestor in the tree is logarithmic).
//!
//! ```text
//! genesis <- a <- b <- d <- e        gate(d) = a, gate(e) = d
//!             \-- c <-/              window between a and d: b, c, d
//! ```

use std::collections::{BTreeMap, BTreeSet};

use proofroom_ident::EntryHash;

/// Position of an entry in this replica's own list; never leaves the crate and
/// never decides anything.
pub(crate) type Ix = usize;

#[derive(Clone, Debug)]
struct Node {
    hash: EntryHash,
    parents: Vec<Ix>,
    /// Longest way from the genesis.
    depth: u64,
    gate: Ix,
    /// Depth in the tree of gates.
    level: u32,
    /// An ancestor in the tree of gates.
    jump: Ix,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Graph {
    nodes: Vec<Node>,
    by_hash: BTreeMap<EntryHash, Ix>,
    heads: BTreeSet<EntryHash>,
}

impl Graph {
    pub fn find(&self, hash: EntryHash) -> Option<Ix> {
        self.by_hash.get(&hash).copied()
    }

    pub fn hash(&self, ix: Ix) -> EntryHash {
        self.nodes[ix].hash
    }

    pub fn depth(&self, ix: Ix) -> u64 {
        self.nodes[ix].depth
    }

    pub fn parents(&self, ix: Ix) -> &[Ix] {
        &self.nodes[ix].parents
    }

    /// Entries that nothing stands on, ascending.
    pub fn heads(&self) -> impl Iterator<Item = EntryHash> {
        self.heads.iter().copied()
    }

    /// Adds an entry whose parents are there.
    pub fn add(&mut self, hash: EntryHash, parents: Vec<Ix>) -> Ix {
        let ix = self.nodes.len();
        let depth = parents.iter().map(|parent| self.depth(*parent) + 1).max().unwrap_or(0);
        let (gate, level, jump) = match self.gate_of(&parents) {
            None => (ix, 0, ix),
            Some(gate) => (gate, self.nodes[gate].level + 1, self.jump_over(gate)),
        };
        for parent in &parents {
            self.heads.remove(&self.nodes[*parent].hash);
        }
        self.heads.insert(hash);
        self.by_hash.insert(hash, ix);
        self.nodes.push(Node { hash, parents, depth, gate, level, jump });
        ix
    }

    /// The nearest entry through which every way from any of `from` leads; one of them, if it is alone.
    pub fn gate_of(&self, from: &[Ix]) -> Option<Ix> {
        from.iter().copied().reduce(|a, b| self.common_gate(a, b))
    }

    /// The nearest gate behind `ix` (or itself) of less than `depth`.
    pub fn gate_below(&self, mut ix: Ix, depth: u64) -> Ix {
        while self.depth(ix) >= depth && self.nodes[ix].level > 0 {
            let node = &self.nodes[ix];
            ix = if self.depth(node.jump) >= depth { node.jump } else { node.gate };
        }
        ix
    }

    /// Everything that `heads` stand on, themselves included, beyond their common gate `base`.
    pub fn window(&self, heads: &[Ix], base: Ix) -> Vec<Ix> {
        let mut seen: BTreeSet<Ix> = heads.iter().copied().filter(|head| *head != base).collect();
        let mut todo: Vec<Ix> = seen.iter().copied().collect();
        while let Some(ix) = todo.pop() {
            #[cfg(test)]
            crate::tests::accounting::count();
            for parent in self.parents(ix) {
                if *parent != base && seen.insert(*parent) {
                    todo.push(*parent);
                }
            }
        }
        seen.into_iter().collect()
    }

    /// Whether `ancestor` is `of` or in its past.
    pub fn is_past(&self, ancestor: Ix, of: Ix) -> bool {
        let wanted = self.depth(ancestor);
        if ancestor == of || self.depth(of) <= wanted {
            return ancestor == of;
        }
        let mut above = of;
        let gate = loop {
            #[cfg(test)]
            crate::tests::accounting::count();
            let node = &self.nodes[above];
            if self.depth(node.gate) <= wanted {
                break node.gate;
            }
            above = if self.depth(node.jump) > wanted { node.jump } else { node.gate };
        };
        // Beyond the gate everything is deeper than it: an equal depth is the gate or no ancestor.
        if self.depth(gate) == wanted {
            return gate == ancestor;
        }
        self.reaches(above, ancestor, wanted)
    }

    /// Whether both are there and `ancestor` is `of` or in its past.
    pub fn knows(&self, of: Ix, ancestor: EntryHash) -> bool {
        self.find(ancestor).is_some_and(|ancestor| self.is_past(ancestor, of))
    }

    /// Whether neither knows the other.
    pub fn concurrent(&self, a: Ix, b: Ix) -> bool {
        !self.is_past(a, b) && !self.is_past(b, a)
    }

    fn reaches(&self, from: Ix, ancestor: Ix, depth: u64) -> bool {
        let mut seen = BTreeSet::new();
        let mut todo = vec![from];
        while let Some(ix) = todo.pop() {
            #[cfg(test)]
            crate::tests::accounting::count();
            for parent in self.parents(ix) {
                if *parent == ancestor {
                    return true;
                }
                if self.depth(*parent) > depth && seen.insert(*parent) {
                    todo.push(*parent);
                }
            }
        }
        false
    }

    fn jump_over(&self, gate: Ix) -> Ix {
        let level = |ix: Ix| self.nodes[ix].level;
        let (once, twice) = (self.nodes[gate].jump, self.nodes[self.nodes[gate].jump].jump);
        if level(gate) - level(once) == level(once) - level(twice) { twice } else { gate }
    }

    fn common_gate(&self, mut a: Ix, mut b: Ix) -> Ix {
        if self.nodes[a].level < self.nodes[b].level {
            std::mem::swap(&mut a, &mut b);
        }
        let wanted = self.nodes[b].level;
        while self.nodes[a].level > wanted {
            let node = &self.nodes[a];
            a = if self.nodes[node.jump].level >= wanted { node.jump } else { node.gate };
        }
        while a != b {
            let (x, y) = (&self.nodes[a], &self.nodes[b]);
            (a, b) = if x.jump == y.jump { (x.gate, y.gate) } else { (x.jump, y.jump) };
        }
        a
    }
}

#[cfg(test)]
mod tests {
    use super::{Graph, Ix};
    use proofroom_ident::EntryHash;
    use proptest::prelude::*;

    fn graph(choices: &[Vec<prop::sample::Index>]) -> Graph {
        let mut graph = Graph::default();
        graph.add(EntryHash::from_bytes([0; 32]), Vec::new());
        for (n, picks) in choices.iter().enumerate() {
            let mut parents: Vec<Ix> = picks.iter().map(|pick| pick.index(n + 1)).collect();
            parents.sort_unstable();
            parents.dedup();
            let mut hash = [0; 32];
            hash[..8].copy_from_slice(&(n as u64 + 1).to_le_bytes());
            graph.add(EntryHash::from_bytes(hash), parents);
        }
        graph
    }

    /// All of an entry's past, itself included, by plain search.
    fn closure(graph: &Graph, of: Ix) -> Vec<bool> {
        let mut seen = vec![false; graph.nodes.len()];
        let mut todo = vec![of];
        while let Some(ix) = todo.pop() {
            if !std::mem::replace(&mut seen[ix], true) {
                todo.extend(graph.parents(ix));
            }
        }
        seen
    }

    /// Whether every way from `of` to the genesis leads through `gate`, by plain search.
    fn leads_through(graph: &Graph, of: Ix, gate: Ix) -> bool {
        let mut seen = vec![false; graph.nodes.len()];
        let mut todo = vec![of];
        while let Some(ix) = todo.pop().filter(|_| !seen[0]) {
            if ix != gate && !std::mem::replace(&mut seen[ix], true) {
                todo.extend(graph.parents(ix));
            }
        }
        !seen[0]
    }

    /// The nearest entry below `depth` through which every way from all of `from` leads: the genesis at last.
    fn nearest_gate(graph: &Graph, from: &[Ix], depth: u64) -> Ix {
        let gates = (0..graph.nodes.len())
            .filter(|ix| graph.depth(*ix) < depth && from.iter().all(|of| leads_through(graph, *of, *ix)));
        gates.max_by_key(|ix| graph.depth(*ix)).unwrap_or(0)
    }

    #[test]
    fn jumps_reach_far_and_land_on_gates() {
        let mut graph = Graph::default();
        graph.add(EntryHash::from_bytes([0; 32]), Vec::new());
        for n in 1..256_usize {
            let mut hash = [0; 32];
            hash[..8].copy_from_slice(&(n as u64).to_le_bytes());
            graph.add(EntryHash::from_bytes(hash), vec![n - 1]);
        }
        for from in 0..256_u64 {
            let mut at = usize::try_from(from).expect("small");
            let mut steps = 0;
            while at > 0 {
                let node = &graph.nodes[at];
                assert!(node.jump <= node.gate && usize::try_from(node.level) == Ok(at));
                (at, steps) = (node.jump, steps + 1);
            }
            assert!(steps <= 16, "{steps} jumps from {from}");
        }
    }

    proptest! {
        #[test]
        fn a_gate_is_the_nearest_through_which_all_ways_lead(
            choices in prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 1..3), 2..24)
        ) {
            let graph = graph(&choices);
            let all = 0..graph.nodes.len();
            for a in all.clone() {
                for b in all.clone() {
                    prop_assert_eq!(graph.gate_of(&[a, b]), Some(nearest_gate(&graph, &[a, b], u64::MAX)));
                }
                for depth in 0..=graph.depth(a) + 1 {
                    prop_assert_eq!(graph.gate_below(a, depth), nearest_gate(&graph, &[a], depth));
                }
                if a > 0 {
                    let gate = graph.nodes[a].gate;
                    prop_assert_eq!(gate, nearest_gate(&graph, &[a], graph.depth(a)));
                    prop_assert_eq!(graph.nodes[a].level, graph.nodes[gate].level + 1);
                }
            }
        }

        #[test]
        fn the_past_is_what_a_plain_search_finds(
            choices in prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 1..4), 1..40)
        ) {
            let graph = graph(&choices);
            for of in 0..graph.nodes.len() {
                let past = closure(&graph, of);
                for (ancestor, expected) in past.iter().enumerate() {
                    prop_assert_eq!(graph.is_past(ancestor, of), *expected, "{} in past of {}", ancestor, of);
                }
            }
        }

        #[test]
        fn beyond_a_gate_everything_descends_from_it(
            choices in prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 1..4), 2..40)
        ) {
            let graph = graph(&choices);
            let heads: Vec<Ix> = graph.heads().filter_map(|hash| graph.find(hash)).collect();
            let base = graph.gate_of(&heads).expect("there is a genesis");
            let before = closure(&graph, base);
            let mut all = before.clone();
            for ix in graph.window(&heads, base) {
                prop_assert!(closure(&graph, ix)[base] && !before[ix]);
                all[ix] = true;
            }
            prop_assert!(all.iter().all(|seen| *seen));
        }
    }
}
