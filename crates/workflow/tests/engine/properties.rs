//! What holds for all histories: 25,000 of each theme, a hundred thousand in all.

use proofroom_ident::Millis;
use proofroom_review::{Act, Current};
use proofroom_workflow::{AssetFacts, Evaluation, Phase, PlanFacts, WorkflowInput, WorkflowView, evaluate};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng as _;

use crate::histories::{Kind, Spell, history, moments};
use crate::model::Model;
use crate::world::{ADA, ASSET, HOUR, World};

const CASES: u32 = 25_000;

fn check(theme: &[Kind], bytes: [u8; 32], steps: &[Spell], seed: u64) -> Result<(), TestCaseError> {
    let mut world = history(theme, &bytes, steps);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for now in moments(&world, &bytes) {
        world.now = now;
        let view = world.view();
        the_model_agrees(&world, &view)?;
        silence_approves_nothing_and_nothing_waits_in_silence(&view)?;
        any_order_and_any_repeats_are_the_same(&world, &view, &mut rng)?;
    }
    replicas_that_hear_in_any_order_come_to_the_same(&world, &mut rng)?;
    nothing_is_reminded_of_twice(&mut world)
}

fn the_model_agrees(world: &World, view: &WorkflowView) -> Result<(), TestCaseError> {
    let model = Model::of(world, world.now.0).outcomes();
    let asset = &view.assets[&ASSET];
    prop_assert_eq!(asset.runs.len(), model.len());
    for run in &asset.runs {
        let stages = run.stages.iter();
        let stages = stages.map(|s| (s.stage.to_string(), s.outcome, s.closed_at.is_some()));
        prop_assert_eq!((run.outcome, stages.collect()), model[&run.version].clone(), "{}", run.label);
    }
    Ok(())
}

fn silence_approves_nothing_and_nothing_waits_in_silence(view: &WorkflowView) -> Result<(), TestCaseError> {
    let asset = &view.assets[&ASSET];
    for run in &asset.runs {
        for stage in &run.stages {
            let approving =
                stage.assignments.iter().filter_map(|a| a.decision).any(|d| d.decision.approves());
            prop_assert!(!stage.outcome.approves() || approving, "somebody approved {}", stage.stage);
            let silent = stage.phase != Phase::Closed && stage.blocked_by.is_empty();
            prop_assert!(!silent, "{} of {} is open and does not say why", stage.stage, run.label);
        }
    }
    let open = |run: &&proofroom_workflow::RunState| run.stages.iter().any(|s| s.phase != Phase::Closed);
    let waiting = matches!(asset.current, Current::One(_)) && asset.heads().any(|run| open(&run));
    prop_assert!(
        !waiting || !asset.waits.is_empty() || asset.changes_at.is_some(),
        "something is open, waits for nobody and for no time: {:?}",
        asset.runs
    );
    Ok(())
}

fn shuffle<T>(items: &mut [T], rng: &mut ChaCha8Rng) {
    for i in (1..items.len()).rev() {
        items.swap(i, below(rng, i + 1));
    }
}

fn below(rng: &mut ChaCha8Rng, n: usize) -> usize {
    usize::try_from(rng.next_u64() % u64::try_from(n).unwrap_or(1)).unwrap_or(0)
}

fn shuffled(world: &World, rng: &mut ChaCha8Rng) -> (AssetFacts, PlanFacts) {
    let (mut facts, mut plan) = (world.facts.clone(), world.plan.clone());
    shuffle(&mut facts.decisions, rng);
    shuffle(&mut facts.acts, rng);
    shuffle(&mut facts.comments, rng);
    shuffle(&mut plan.delegations, rng);
    (facts, plan)
}

fn any_order_and_any_repeats_are_the_same(
    world: &World,
    view: &WorkflowView,
    rng: &mut ChaCha8Rng,
) -> Result<(), TestCaseError> {
    let (mut facts, mut plan) = shuffled(world, rng);
    let (d, a) = (facts.decisions.len() / 2, facts.acts.len() / 2);
    facts.decisions.extend_from_within(..d);
    facts.acts.extend_from_within(..a);
    plan.delegations.extend_from_within(..plan.delegations.len() / 2);
    let other = evaluate(&WorkflowInput { plan, assets: [(ASSET, facts)].into() }, world.now);
    prop_assert_eq!(&other, view);
    Ok(())
}

/// What came in one delivery: so many decisions, acts and comments.
fn deliver(to: &mut AssetFacts, from: &AssetFacts, share: [usize; 3]) {
    fn upto<T: Clone>(to: &mut Vec<T>, from: &[T], n: usize) {
        let have = to.len();
        to.extend_from_slice(&from[have..(have + n).min(from.len())]);
    }
    upto(&mut to.decisions, &from.decisions, share[0]);
    upto(&mut to.acts, &from.acts, share[1]);
    upto(&mut to.comments, &from.comments, share[2]);
}

/// Two replicas hear all of it in parts, each in its own order and at its own times, and keep what they
/// evaluated: at every step that is what a fresh evaluation says, and in the end both say the same.
fn replicas_that_hear_in_any_order_come_to_the_same(
    world: &World,
    rng: &mut ChaCha8Rng,
) -> Result<(), TestCaseError> {
    let mut ends = Vec::new();
    for _ in 0..2 {
        let (all, plan) = shuffled(world, rng);
        let mut held = AssetFacts { decisions: vec![], acts: vec![], comments: vec![], ..all.clone() };
        let mut now = Millis(world.now.0 - 12 * HOUR);
        let mut evaluation = Evaluation::new(&plan, now);
        evaluation.insert(ASSET, &held);
        while (held.decisions.len(), held.acts.len(), held.comments.len())
            != (all.decisions.len(), all.acts.len(), all.comments.len())
        {
            deliver(&mut held, &all, [below(rng, 6), below(rng, 9), below(rng, 9)]);
            evaluation.insert(ASSET, &held);
            now = Millis(now.0 + rng.next_u64() % (2 * HOUR));
            evaluation.advance(now, |_| Some(&held));
            let input = WorkflowInput { plan: plan.clone(), assets: [(ASSET, held.clone())].into() };
            prop_assert_eq!(evaluation.view(), evaluate(&input, now));
        }
        evaluation.advance(world.now, |_| Some(&held));
        ends.push(evaluation.view());
    }
    prop_assert_eq!(&ends[0], &ends[1]);
    prop_assert_eq!(&ends[0], &world.view());
    Ok(())
}

fn nothing_is_reminded_of_twice(world: &mut World) -> Result<(), TestCaseError> {
    let due = world.view().reminders;
    for r in &due {
        world.act(ADA, r.reminder.version, Act::Remind(r.reminder.key.clone()));
    }
    let again = world.view().reminders;
    let repeated = again.iter().find(|a| {
        due.iter().any(|d| d.reminder.key == a.reminder.key && d.reminder.version == a.reminder.version)
    });
    prop_assert_eq!(repeated, None);
    Ok(())
}

/// One property over histories of one theme.
macro_rules! themes {
    ($($name:ident: $theme:expr;)+) => {
        proptest! {
            #![proptest_config(ProptestConfig {
                failure_persistence: None,
                ..ProptestConfig::with_cases(CASES)
            })]
            $(#[test]
            fn $name(bytes: [u8; 32], steps in vec(any::<Spell>(), 0..16), seed: u64) {
                check(&$theme, bytes, &steps, seed)?;
            })+
        }
    };
}

themes! {
    every_history_of_decisions_has_one_outcome: {
        use Kind::{Act, Away, Comment, Decide, Lie};
        [Decide, Decide, Decide, Decide, Away, Act, Comment, Lie]
    };
    every_history_of_moderation_has_one_outcome: {
        use Kind::{Act, Away, Decide, Remind};
        [Decide, Decide, Decide, Act, Act, Act, Away, Remind]
    };
    every_history_of_versions_has_one_outcome: {
        use Kind::{Act, Away, Carry, Decide, Submit, Version, Withdraw};
        [Decide, Decide, Decide, Version, Submit, Withdraw, Carry, Carry, Act, Away]
    };
    every_history_of_standing_in_has_one_outcome: {
        use Kind::{Act, Away, Comment, Decide, Delegate, Remind, Version};
        [Decide, Decide, Decide, Decide, Delegate, Delegate, Remind, Remind, Away, Act, Comment, Version]
    };
}
