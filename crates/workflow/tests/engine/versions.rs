//! New versions: what they leave of the review before, forks, and approvals with changes.

use proofroom_ident::VersionHash;
use proofroom_review::Decision::{Approved, ApprovedWithChanges, Rejected};
use proofroom_review::statement::Condition;
use proofroom_review::{
    Act, Aspect, CommentKey, CommentLabel, CommentState, Comparison, Current, Outcome, Package, PackageItem,
    Pick,
};
use proofroom_workflow::Phase;
use proofroom_workflow::view::WaitFor;
use proofroom_workflow::{Block, NotCounted, Warning};

use crate::world::{ADA, ASSET, BO, CY, MINUTE, World, route, stage_name};

fn look(policy: &str) -> String {
    format!(
        "[[stages]]\nname = \"look\"\non_new_version = \"{policy}\"\nwatches = [\"pixels\"]\n\
         [[stages.reviewers]]\npeople = [\"Bo\"]\n\
         [[stages]]\nname = \"end\"\nstart = {{ after = [\"look\"] }}\non_new_version = \"always\"\n\
         [[stages.reviewers]]\npeople = [\"Cy\"]\n"
    )
}

/// Bo approved the first version in a stage of this policy, and a second one was sent.
fn second(policy: &str) -> (World, VersionHash, VersionHash, proofroom_ident::EntryHash) {
    let (mut world, one) = World::on(&look(policy));
    let approval = world.pass(MINUTE).decide(BO, one, "look", Approved);
    let two = world.pass(MINUTE).version(&[one]);
    world.submit(ADA, two, Some(route(&look(policy))));
    (world, one, two, approval)
}

fn compare(world: &mut World, two: VersionHash, from: VersionHash, changed: Vec<Aspect>) {
    let elsewhere = !changed.is_empty();
    world.act(ADA, two, Act::Compare(Comparison { from, changed, touched: vec![], elsewhere }));
}

#[test]
fn a_new_version_supersedes_the_review_and_its_decisions_are_kept() {
    let (world, one, two, _) = second("restart");
    let old = world.run(one);
    assert_eq!((old.outcome, old.so_far), (Outcome::Superseded, Some(Outcome::Approved)));
    assert_eq!(world.asset().current, Current::One(two));
    assert_eq!((world.stage("look").phase, world.outcome()), (Phase::Running, Outcome::Pending));
}

#[test]
fn a_draft_supersedes_nothing_until_it_is_sent() {
    let (mut world, one) = World::on(&look("restart"));
    let two = world.version(&[one]);
    assert_eq!(world.asset().current, Current::One(one));
    assert!(!world.run(two).submitted);
    world.submit(ADA, two, Some(route(&look("restart"))));
    assert_eq!(world.run(one).outcome, Outcome::Superseded);
}

#[test]
fn skip_if_approved_passes_by_what_approved_the_version_before() {
    let (world, ..) = second("skip_if_approved");
    assert_eq!(world.stage("look").outcome, Outcome::Skipped);
    assert_eq!(world.stage("end").phase, Phase::Running, "always asks again");
    let (mut world, one) = World::on(&look("skip_if_approved"));
    world.decide(BO, one, "look", Rejected);
    let two = world.version(&[one]);
    world.submit(ADA, two, Some(route(&look("skip_if_approved"))));
    assert_eq!(world.stage("look").phase, Phase::Running, "it was not approved");
}

#[test]
fn an_approval_is_carried_forward_by_a_signed_act_where_nothing_it_watches_changed() {
    let (mut world, one, two, approval) = second("carry_forward_if_unaffected");
    let carry = Act::CarryForward { stage: stage_name("look"), decision: approval };
    assert_eq!(world.stage("look").phase, Phase::Running, "never by itself");
    let early = world.act(BO, two, carry.clone());
    let refused = |world: &World, entry| {
        world.warnings().contains(&Warning::NotCounted { person: BO, entry, why: NotCounted::Carry })
    };
    assert!(refused(&world, early), "nobody compared the versions");
    compare(&mut world, two, one, vec![Aspect::Words]);
    let counted = world.assignment("look", BO).decision.expect("carried");
    assert!(counted.carried && counted.entry == early, "what was signed too early counts once it is true");
    compare(&mut world, two, one, vec![Aspect::Pixels]);
    assert!(refused(&world, early), "somebody found that pixels changed");
}

#[test]
fn somebody_who_may_carry_forward_is_waited_for_to_do_so() {
    let (mut world, one, two, _) = second("carry_forward_if_unaffected");
    compare(&mut world, two, one, vec![]);
    let waits = world.asset().waits;
    assert_eq!((waits[0].what, waits[0].person), (WaitFor::CarryForward, Some(BO)));
}

#[test]
fn only_ones_own_approval_is_carried_and_only_where_the_stage_lets() {
    for (policy, by) in [("restart", BO), ("always", BO), ("carry_forward_if_unaffected", CY)] {
        let (mut world, one, two, approval) = second(policy);
        compare(&mut world, two, one, vec![]);
        world.act(by, two, Act::CarryForward { stage: stage_name("look"), decision: approval });
        assert_eq!(world.stage("look").phase, Phase::Running, "{policy}");
    }
}

#[test]
fn two_versions_at_once_are_a_fork_that_nothing_approves_until_somebody_picks() {
    let (mut world, one) = World::on(&look("restart"));
    let (a, b) = (world.version(&[one]), world.version(&[one]));
    for version in [a, b] {
        world.submit(ADA, version, Some(route(&look("restart"))));
    }
    world.decide(BO, a, "look", Approved);
    world.decide(CY, a, "end", Approved);
    let asset = world.asset();
    let mut labels: Vec<&str> = asset.heads().map(|run| run.label.as_str()).collect();
    labels.sort_unstable();
    assert_eq!((asset.outcome, labels), (Outcome::InProgress, vec!["v2a", "v2b"]));
    assert!(matches!(&world.run(a).blocked_by[..], [Block::Fork(heads)] if heads.len() == 2));
    assert_eq!(asset.waits[0].what, WaitFor::Pick);
    let pick = Pick::among(&asset.current, a, &[], ADA, world.now).expect("a fork");
    world.facts.picks.push(pick);
    assert_eq!((world.outcome(), world.run(b).outcome), (Outcome::Approved, Outcome::Superseded));
}

/// An approval with one condition, and a second version.
fn conditional(regulated: bool) -> (World, VersionHash, VersionHash, CommentKey) {
    let flag = if regulated { "regulated = true\n" } else { "" };
    let toml = format!("{flag}[[stages]]\nname = \"look\"\n[[stages.reviewers]]\npeople = [\"Bo\"]\n");
    let (mut world, one) = World::on(&toml);
    let comment = world.comment(BO, one, CommentLabel::Change);
    world.facts.comments[0].state = CommentState::Addressed;
    let decision = world.decide_with(BO, one, "look", ApprovedWithChanges, |d| {
        d.conditions = vec![Condition { text: "Move the logo".into(), comment: Some(comment) }];
        d.reason = Some("Nearly".into());
    });
    let two = world.version(&[one]);
    world.submit(ADA, two, Some(route(&toml)));
    world.act(ADA, two, Act::MeetCondition { decision, condition: 0 });
    (world, one, two, comment)
}

#[test]
fn an_approval_with_changes_covers_a_version_that_meets_every_condition_and_touches_nothing_else() {
    let (mut world, one, two, comment) = conditional(false);
    assert_eq!(world.asset().release.covered_by, None, "nobody compared the versions");
    let changed = vec![Aspect::Pixels];
    let comparison = Comparison { from: one, changed, touched: vec![comment], elsewhere: false };
    world.act(ADA, two, Act::Compare(comparison.clone()));
    let release = world.asset().release;
    assert_eq!((release.ready, release.covered_by), (true, Some(one)), "{:?}", release.open);
    world.act(BO, two, Act::Compare(Comparison { elsewhere: true, ..comparison }));
    assert_eq!(world.asset().release.covered_by, None, "somebody found more");
}

#[test]
fn a_condition_that_nobody_met_keeps_the_release_shut() {
    let (mut world, one, two, comment) = conditional(false);
    world.facts.acts.retain(|a| !matches!(a.statement.act, Act::MeetCondition { .. }));
    let comparison =
        Comparison { from: one, changed: vec![Aspect::Pixels], touched: vec![comment], elsewhere: false };
    world.act(ADA, two, Act::Compare(comparison));
    assert_eq!(world.asset().release.covered_by, None);
    assert!(!world.asset().release.ready);
}

#[test]
fn a_regulated_route_is_not_covered_by_an_approval_with_changes() {
    let (mut world, one, two, comment) = conditional(true);
    let comparison =
        Comparison { from: one, changed: vec![Aspect::Pixels], touched: vec![comment], elsewhere: false };
    world.act(ADA, two, Act::Compare(comparison));
    assert_eq!(world.asset().release.covered_by, None);
}

#[test]
fn open_blockers_and_tasks_keep_an_approved_version_from_going_out() {
    let (mut world, v) = World::on("[[stages]]\nname = \"look\"\n[[stages.reviewers]]\npeople = [\"Bo\"]\n");
    world.decide(BO, v, "look", Approved);
    assert!(world.asset().release.ready);
    let question = world.comment(BO, v, CommentLabel::Question);
    assert!(world.asset().release.ready, "a question stands in nobody's way");
    world.facts.comments[0].state = CommentState::Task;
    assert_eq!(world.asset().release.open, [Block::CommentOpen(question)]);
}

#[test]
fn a_blocker_of_an_earlier_version_is_not_passed_over_in_silence() {
    let look = "[[stages]]\nname = \"look\"\n[[stages.reviewers]]\npeople = [\"Bo\"]\n";
    let (mut world, v) = World::on(look);
    world.comment(BO, v, CommentLabel::Change);
    let blocker = world.comment(BO, v, CommentLabel::Blocker);
    let two = world.version(&[v]);
    world.submit(ADA, two, Some(route(look)));
    world.decide(BO, two, "look", Approved);
    assert_eq!(
        world.asset().release.open,
        [Block::CommentOpen(blocker)],
        "what asked for a change was answered"
    );
    world.facts.comments[1].state = CommentState::Addressed;
    assert!(world.asset().release.ready);
}

#[test]
fn a_package_is_what_its_items_and_its_whole_amount_to() {
    let (mut world, v) = World::on("[[stages]]\nname = \"look\"\n[[stages.reviewers]]\npeople = [\"Bo\"]\n");
    let item = PackageItem { asset: ASSET, version: v };
    world.plan.packages = vec![Package { name: "Spring".into(), items: vec![item], whole: None }];
    let outcome = |world: &World| world.view().packages[0].outcome;
    assert_eq!(outcome(&world), Outcome::Pending);
    world.decide(BO, v, "look", Approved);
    assert_eq!(outcome(&world), Outcome::Approved);
    world.plan.packages[0].whole = Some(proofroom_ident::AssetId::from_bytes([9; 16]));
    assert_eq!(outcome(&world), Outcome::InProgress, "the whole was not reviewed");
    world.plan.packages[0].whole = None;
    let two = world.version(&[v]);
    world.submit(ADA, two, None);
    assert_eq!(outcome(&world), Outcome::Superseded, "a package names versions");
}
