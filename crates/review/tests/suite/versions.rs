use std::collections::BTreeMap;

use proofroom_ident::{Millis, VersionHash};
use proofroom_review::{Current, Manifest, Pick, current, number};
use proptest::prelude::*;

use crate::{ADA, BO, manifest};

#[derive(Debug, Default)]
struct History {
    versions: BTreeMap<VersionHash, Manifest>,
    picks: Vec<Pick>,
}

impl History {
    fn add(&mut self, at: u64, parents: &[VersionHash]) -> VersionHash {
        let manifest = manifest(&format!("made at {at}"), at, parents);
        let hash = manifest.hash().expect("small numbers");
        self.versions.insert(hash, manifest);
        hash
    }
    fn pick(&mut self, version: VersionHash) {
        let pick = self.choice(version).expect("a fork");
        self.picks.push(pick);
    }
    fn choice(&self, version: VersionHash) -> Option<Pick> {
        Pick::among(&self.current(), version, &self.picks, BO, Millis(0))
    }
    fn current(&self) -> Current {
        current(&self.versions, &self.picks)
    }
    fn labels(&self) -> Vec<(String, VersionHash)> {
        number(&self.versions).into_iter().map(|v| (v.label, v.version)).collect()
    }
    fn label(&self, version: VersionHash) -> String {
        self.labels().into_iter().find(|(_, v)| *v == version).expect("a known version").0
    }
}

fn fork(mut versions: Vec<VersionHash>) -> Current {
    versions.sort_unstable();
    Current::Fork(versions)
}

#[test]
fn versions_in_a_row_count_up_and_the_last_is_current() {
    let mut h = History::default();
    assert_eq!(h.current(), Current::None);
    let one = h.add(1, &[]);
    let two = h.add(2, &[one]);
    let three = h.add(3, &[two]);
    assert_eq!(h.labels(), [("v1".into(), one), ("v2".into(), two), ("v3".into(), three)]);
    assert_eq!(h.current(), Current::One(three));
}

#[test]
fn concurrent_versions_carry_letters_and_nobody_is_picked_silently() {
    let mut h = History::default();
    let one = h.add(1, &[]);
    let two = h.add(2, &[one]);
    let late = h.add(9, &[two]);
    let early = h.add(3, &[two]);
    assert_eq!((h.label(early), h.label(late)), ("v3a".into(), "v3b".into()), "in order of claimed time");
    assert_eq!(h.current(), fork(vec![early, late]));
}

#[test]
fn letters_follow_the_line_that_they_belong_to() {
    let mut h = History::default();
    let one = h.add(1, &[]);
    let (a, b) = (h.add(2, &[one]), h.add(3, &[one]));
    let after_b = h.add(4, &[b]);
    let after_a = h.add(5, &[a]);
    assert_eq!((h.label(after_a), h.label(after_b)), ("v3a".into(), "v3b".into()));
    let joined = h.add(6, &[after_a, after_b]);
    assert_eq!(
        (h.label(joined), h.current()),
        ("v4".into(), Current::One(joined)),
        "a joining version needs no pick"
    );
}

#[test]
fn a_pick_settles_a_fork_and_a_later_pick_changes_it() {
    let mut h = History::default();
    let (a, b) = (h.add(1, &[]), h.add(2, &[]));
    let first = h.choice(a).expect("a fork");
    h.picks.push(first.clone());
    assert_eq!(h.current(), Current::One(a));
    assert_eq!(h.choice(b), None, "there is no fork to pick from");
    h.picks.push(Pick { version: b, over: vec![a], round: first.round + 1, by: ADA, claimed_at: Millis(0) });
    assert_eq!(h.current(), Current::One(b));
}

#[test]
fn concurrent_picks_of_different_versions_leave_the_fork_open() {
    let mut h = History::default();
    let (a, b) = (h.add(1, &[]), h.add(2, &[]));
    let (ada, bo) = (h.choice(a).expect("a fork"), h.choice(b).expect("a fork"));
    h.picks.extend([ada, bo]);
    assert_eq!(h.current(), fork(vec![a, b]));
    h.pick(b);
    assert_eq!(h.current(), Current::One(b), "the next pick knows both");
}

#[test]
fn a_version_made_on_the_loser_opens_the_fork_again() {
    let mut h = History::default();
    let (a, b) = (h.add(1, &[]), h.add(2, &[]));
    h.pick(a);
    let after_a = h.add(3, &[a]);
    assert_eq!(h.current(), Current::One(after_a));
    let after_b = h.add(4, &[b]);
    assert_eq!(h.current(), fork(vec![after_a, after_b]));
}

#[test]
fn a_pick_of_an_unknown_version_counts_for_nothing() {
    let mut h = History::default();
    let one = h.add(1, &[]);
    let unknown = VersionHash::from_bytes([7; 32]);
    h.picks.push(Pick { version: unknown, over: vec![one], round: 9, by: ADA, claimed_at: Millis(0) });
    assert_eq!(h.current(), Current::One(one));
}

#[test]
fn many_concurrent_versions_run_past_the_alphabet() {
    let mut h = History::default();
    for at in 0..30 {
        h.add(at, &[]);
    }
    let labels: Vec<String> = h.labels().into_iter().map(|(label, _)| label).collect();
    assert_eq!([&labels[0], &labels[25], &labels[26], &labels[29]], ["v1a", "v1z", "v1aa", "v1ad"]);
}

#[test]
fn a_long_history_is_numbered_without_recursion() {
    let mut h = History::default();
    let mut last = h.add(0, &[]);
    for at in 1..5_000 {
        last = h.add(at, &[last]);
    }
    assert_eq!(h.label(last), "v5000");
    assert_eq!(h.current(), Current::One(last));
}

#[test]
fn a_pick_has_one_spelling() {
    let mut h = History::default();
    let (a, _) = (h.add(1, &[]), h.add(2, &[]));
    let pick = h.choice(a).expect("a fork");
    let json = pick.to_json().expect("small numbers");
    assert_eq!(Pick::from_json(&json), Ok(pick));
    assert!(Pick::from_json(&json.replace(':', ": ")).is_err());
}

/// Each version takes its parents among the ones before it; each pick takes two versions and a round.
fn histories() -> impl Strategy<Value = (History, Vec<VersionHash>)> {
    let parents =
        proptest::collection::vec(proptest::collection::vec(any::<prop::sample::Index>(), 0..3), 1..10);
    let index = any::<prop::sample::Index>;
    let picks = proptest::collection::vec((index(), proptest::collection::vec(index(), 1..4), 0u32..4), 0..8);
    (parents, picks).prop_map(|(parents, picks)| {
        let mut h = History::default();
        let mut made: Vec<VersionHash> = Vec::new();
        for (at, parents) in (0..).zip(parents) {
            let mut of: Vec<_> =
                if made.is_empty() { vec![] } else { parents.iter().map(|i| *i.get(&made)).collect() };
            of.sort_unstable();
            of.dedup();
            made.push(h.add(at, &of));
        }
        for (version, over, round) in picks {
            let over = over.iter().map(|i| *i.get(&made)).collect();
            h.picks.push(Pick { version: *version.get(&made), over, round, by: ADA, claimed_at: Millis(0) });
        }
        (h, made)
    })
}

proptest! {
    #[test]
    fn there_is_a_current_version_wherever_there_are_versions((h, made) in histories()) {
        let current = h.current();
        prop_assert!(!current.heads().is_empty());
        let is_parent = |v| h.versions.values().any(|m| m.parents.contains(v));
        prop_assert!(current.heads().iter().all(|v| !is_parent(v)), "a version that was built on is not current");
        prop_assert_eq!(h.labels().len(), made.len());
    }

    #[test]
    fn picks_count_the_same_in_any_order((mut h, _) in histories(), swaps in proptest::collection::vec((0usize..8, 0usize..8), 0..8)) {
        let before = h.current();
        let n = h.picks.len();
        for (i, j) in swaps {
            if n > 0 { h.picks.swap(i % n, j % n); }
        }
        prop_assert_eq!(h.current(), before);
    }

    #[test]
    fn one_more_pick_always_settles_a_fork((mut h, _) in histories(), choice: prop::sample::Index) {
        if let Current::Fork(heads) = h.current() {
            let wanted = *choice.get(&heads);
            h.pick(wanted);
            prop_assert_eq!(h.current(), Current::One(wanted));
        }
    }

    #[test]
    fn labels_are_unique_and_children_number_higher((h, _) in histories()) {
        let numbers: BTreeMap<_, _> = number(&h.versions).into_iter().map(|v| (v.version, (v.number, v.label))).collect();
        let labels: std::collections::BTreeSet<_> = numbers.values().map(|(_, label)| label.clone()).collect();
        prop_assert_eq!(labels.len(), numbers.len());
        for (version, manifest) in &h.versions {
            prop_assert!(manifest.parents.iter().all(|p| numbers[p].0 < numbers[version].0));
        }
    }
}
