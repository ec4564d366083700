use proofroom_ident::PersonId;
use proofroom_review::statement::SeenHead;
use proofroom_review::{CommentLabel, CommentState, Decision, Outcome, ReviewerRole};
use proofroom_workflow::single_stage::Warning;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng as _;

use crate::model;
use crate::world::{ADA, BO, CY, World};

const PEOPLE: [PersonId; 4] = [ADA, BO, CY, PersonId::from_bytes([0xd0; 32])];

type DecisionSpec = (PersonId, Index, Decision, Vec<Index>, bool);
type CommentSpec = (PersonId, Index, CommentLabel, CommentState);

fn decision() -> impl Strategy<Value = DecisionSpec> {
    let who = select(&PEOPLE[..]);
    (who, any::<Index>(), select(Decision::ALL), vec(any::<Index>(), 0..3), any::<bool>())
}

fn comment() -> impl Strategy<Value = CommentSpec> {
    (select(&PEOPLE[..]), any::<Index>(), select(CommentLabel::ALL), select(CommentState::ALL))
}

/// Worlds with forks, changes of mind, decisions apart from each other, and liars who claim to have
/// seen what came later.
fn worlds() -> impl Strategy<Value = World> {
    let versions = vec(vec(any::<Index>(), 0..2), 1..4);
    let roles = prop_oneof![Just(ReviewerRole::ALL), Just(&ReviewerRole::ALL[..2])];
    let assignments = roles.prop_flat_map(|roles| vec((select(&PEOPLE[..]), select(roles)), 0..6));
    let lies = vec((any::<Index>(), any::<Index>()), 0..4);
    (versions, assignments, vec(decision(), 0..10), lies, vec(comment(), 0..5)).prop_map(build)
}

type Lie = (Index, Index);
type Spec = (Vec<Vec<Index>>, Vec<(PersonId, ReviewerRole)>, Vec<DecisionSpec>, Vec<Lie>, Vec<CommentSpec>);

fn build((versions, assignments, decisions, lies, comments): Spec) -> World {
    let mut world = World::default();
    let mut made = Vec::new();
    for parents in versions {
        let mut of: Vec<_> =
            if made.is_empty() { vec![] } else { parents.iter().map(|i| *i.get(&made)).collect() };
        of.sort();
        of.dedup();
        made.push(world.add_version(&of));
    }
    assignments.into_iter().for_each(|(person, role)| world.ask(person, role));
    for (person, version, label, state) in comments {
        world.comment(person, *version.get(&made), label);
        world.comments.iter_mut().next_back().expect("just added").state = state;
    }
    for (i, (person, version, decision, seen, continues)) in decisions.into_iter().enumerate() {
        let seen: Vec<usize> = if i == 0 { vec![] } else { seen.iter().map(|s| s.index(i)).collect() };
        let d = world.decide(person, *version.get(&made), decision, &seen);
        if continues && d > 0 && world.decisions[d - 1].person == person {
            let (log, seq) = (world.decisions[d - 1].log, world.decisions[d - 1].seq);
            (world.decisions[d].log, world.decisions[d].seq) = (log, seq + 1);
        }
    }
    let n = world.decisions.len();
    for (liar, about) in lies.into_iter().filter(|_| n > 0) {
        let about = about.get(&world.decisions);
        let (log, head) = (about.log, SeenHead { seq: about.seq, hash: about.entry });
        world.decisions[liar.index(n)].statement.seen_heads.insert(log, head);
    }
    world
}

fn shuffle<T>(items: &mut [T], rng: &mut ChaCha8Rng) {
    for i in (1..items.len()).rev() {
        items.swap(i, usize::try_from(rng.next_u64()).unwrap_or(0) % (i + 1));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_outcome_is_the_reference_models(world in worlds()) {
        let status = world.status();
        for version in &status.versions {
            prop_assert_eq!(version.outcome, model::outcome(&world, version.version), "{}", version.label);
        }
    }

    #[test]
    fn any_order_of_arrival_and_any_repeats_give_the_same_status(world in worlds(), seed: u64) {
        let before = world.status();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut other = world;
        let repeats = other.decisions.clone().into_iter().filter(|d| d.entry.as_bytes()[0] % 2 == 0);
        other.decisions.extend(repeats.collect::<Vec<_>>());
        other.assignments.extend(other.assignments.clone());
        shuffle(&mut other.decisions, &mut rng);
        shuffle(&mut other.assignments, &mut rng);
        shuffle(&mut other.comments, &mut rng);
        prop_assert_eq!(other.status(), before);
    }

    #[test]
    fn nothing_is_approved_while_somebody_mandatory_is_silent(world in worlds()) {
        for version in world.status().versions {
            if version.outcome.approves() {
                prop_assert!(version.people.iter().all(|p| !p.must_decide || p.decision.is_some()));
                prop_assert!(version.people.iter().any(|p| p.decision.is_some_and(Decision::approves)));
                prop_assert!(version.blocked_by.is_empty());
            }
        }
    }

    #[test]
    fn comments_never_move_an_outcome(world in worlds()) {
        let mut silent = world.clone();
        silent.comments.clear();
        let outcomes = |w: &World| w.status().versions.iter().map(|v| (v.outcome, v.so_far)).collect::<Vec<_>>();
        prop_assert_eq!(outcomes(&silent), outcomes(&world), "a guest who sees fewer comments sees the same outcome");
    }

    #[test]
    fn one_more_honest_decision_by_everybody_settles_all_doubts(world in worlds(), decisions in vec(select(Decision::ALL), 4)) {
        let mut world = world;
        let Some(version) = world.status().heads().map(|v| v.version).next() else { return Ok(()) };
        let heads: Vec<_> = world.decisions.iter().map(|d| (d.log, SeenHead { seq: d.seq, hash: d.entry })).collect();
        for (person, decision) in PEOPLE.into_iter().zip(decisions) {
            let d = world.decide(person, version, decision, &[]);
            for (log, head) in &heads {
                let seen = world.decisions[d].statement.seen_heads.entry(*log).or_insert(*head);
                if seen.seq < head.seq { *seen = *head; }
            }
        }
        let status = world.status();
        let version = status.version(&version).expect("a head");
        for person in &version.people {
            let decided = world.decisions.iter().rev().find(|d| d.person == person.person).map(|d| d.statement.decision);
            prop_assert_eq!(person.decision, decided.filter(|_| person.role.counts()));
        }
        let doubts = version.warnings.iter().filter(|w| matches!(w, Warning::Concurrent { .. })).count();
        prop_assert_eq!(doubts, 0);
        prop_assert!(version.outcome != Outcome::Pending || version.people.iter().all(|p| !p.role.counts()));
    }
}
