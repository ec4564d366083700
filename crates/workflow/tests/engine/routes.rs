//! Stages as a graph: starts, joins, routing by rule, stages that run on.

use std::collections::BTreeMap;

use proofroom_review::Decision::{Approved, ApprovedWithChanges, ChangesRequired, Rejected};
use proofroom_review::route::{RoutingRules, ready_templates};
use proofroom_review::{Act, Category, Outcome, RiskClass};
use proofroom_workflow::{Block, Warning};
use proofroom_workflow::{Phase, RoutingInput, choose, explain};

use crate::world::{ADA, BO, CY, DI, HOUR, MINUTE, World, route, stage_name, utc};

/// Brand (Di) and legal (Bo) side by side, then approval (Cy) by this rule.
fn joined(start: &str) -> (World, proofroom_ident::VersionHash) {
    World::on(&format!(
        "[[stages]]\nname = \"brand\"\n[[stages.reviewers]]\npeople = [\"Di\"]\n\
         [[stages]]\nname = \"legal\"\n[[stages.reviewers]]\npeople = [\"Bo\"]\n\
         [[stages]]\nname = \"approval\"\nstart = {start}\n[[stages.reviewers]]\npeople = [\"Cy\"]\n"
    ))
}

#[test]
fn stages_without_an_edge_run_side_by_side_and_others_wait() {
    let (world, _) = joined("{ after = [\"brand\", \"legal\"] }");
    assert_eq!(
        ["brand", "legal", "approval"].map(|s| world.stage(s).phase),
        [Phase::Running, Phase::Running, Phase::Waiting]
    );
    let waits = Block::StartsAfter(vec![stage_name("brand"), stage_name("legal")]);
    assert_eq!(world.stage("approval").blocked_by, [waits]);
}

#[test]
fn an_and_join_waits_for_all_and_an_or_join_for_the_first() {
    let (mut world, v) = joined("{ after = [\"brand\", \"legal\"] }");
    world.decide(DI, v, "brand", Approved);
    assert_eq!(world.stage("approval").phase, Phase::Waiting);
    world.pass(HOUR).decide(BO, v, "legal", ApprovedWithChanges);
    assert_eq!(world.stage("approval").started_at, Some(utc("2026-03-02T10:00")));
    let (mut world, v) = joined("{ any = [{ after = [\"brand\"] }, { after = [\"legal\"] }] }");
    world.pass(HOUR).decide(BO, v, "legal", Approved);
    assert_eq!(world.stage("approval").started_at, Some(utc("2026-03-02T10:00")));
}

#[test]
fn a_stage_that_can_never_start_is_passed_by() {
    let (mut world, v) = joined("{ after = [\"legal\"], outcome = [\"rejected\"] }");
    world.decide(DI, v, "brand", Approved);
    world.decide(BO, v, "legal", Approved);
    let stage = world.stage("approval");
    assert_eq!((stage.phase, stage.outcome, stage.started_at), (Phase::Closed, Outcome::Skipped, None));
    assert_eq!(world.outcome(), Outcome::Approved);
    let (mut world, v) = joined("{ after = [\"legal\"], outcome = [\"rejected\"] }");
    world.decide(BO, v, "legal", Rejected);
    assert_eq!(world.stage("approval").phase, Phase::Running, "the appeal");
}

#[test]
fn a_start_by_hand_and_a_start_at_a_date_wait_for_them() {
    let (mut world, v) = joined("\"manual\"");
    assert_eq!(world.stage("approval").blocked_by, [Block::StartsByHand]);
    world.act(ADA, v, Act::StartStage { stage: stage_name("approval") });
    assert_eq!(world.stage("approval").phase, Phase::Running);
    let (mut world, _) = joined("{ at = \"2026-03-03T09:00\" }");
    assert_eq!(world.stage("approval").blocked_by, [Block::StartsAt(utc("2026-03-03T09:00"))]);
    assert_eq!(world.asset().changes_at, Some(utc("2026-03-03T09:00")));
    assert_eq!(world.at("2026-03-03T09:00").stage("approval").phase, Phase::Running);
}

#[test]
fn what_runs_below_keeps_running_when_what_is_above_is_reopened_and_waits_to_close() {
    let (mut world, v) = joined("{ after = [\"brand\", \"legal\"] }");
    world.decide(DI, v, "brand", Approved);
    world.decide(BO, v, "legal", Approved);
    world.pass(MINUTE).act(ADA, v, Act::ReopenStage { stage: stage_name("legal") });
    world.offline(CY);
    world.pass(MINUTE).decide(CY, v, "approval", Approved);
    let stage = world.stage("approval");
    assert_eq!((stage.phase, stage.so_far), (Phase::Running, Some(Outcome::Approved)));
    assert_eq!(stage.blocked_by, [Block::UpstreamNotFinal(vec![stage_name("legal")])]);
    world.pass(MINUTE).decide(BO, v, "legal", Approved);
    assert_eq!((world.stage("approval").phase, world.outcome()), (Phase::Closed, Outcome::Approved));
}

#[test]
fn a_stage_is_passed_by_with_a_reason_by_a_moderator_and_no_other() {
    let (mut world, v) = joined("{ after = [\"brand\", \"legal\"] }");
    world.decide(DI, v, "brand", Approved);
    let skip = Act::SkipStage { stage: stage_name("legal") };
    world.act(BO, v, skip.clone());
    assert_eq!(world.stage("legal").phase, Phase::Running);
    world.act(ADA, v, skip);
    assert_eq!(world.stage("legal").outcome, Outcome::Skipped);
    assert_eq!(world.stage("approval").phase, Phase::Running);
}

#[test]
fn what_a_stage_required_holds_the_whole_review() {
    let (mut world, v) = joined("{ after = [\"brand\", \"legal\"] }");
    world.decide(DI, v, "brand", ChangesRequired);
    let run = world.run(v);
    assert_eq!(run.outcome, Outcome::ChangesRequired);
    assert_eq!(run.stage("approval").map(|s| s.outcome), Some(Outcome::Skipped), "it can never start");
}

#[test]
fn two_routes_by_people_who_did_not_know_of_each_other_must_be_settled() {
    let (mut world, v) = World::new();
    world.moderators.push(BO);
    world.offline(BO);
    let one = route("[[stages]]\nname = \"look\"\n[[stages.reviewers]]\npeople = [\"Cy\"]\n");
    let two = route("[[stages]]\nname = \"look\"\n[[stages.reviewers]]\npeople = [\"Di\"]\n");
    world.submit(ADA, v, Some(one.clone()));
    world.submit(BO, v, Some(two));
    world.online(BO);
    assert_eq!(world.run(v).blocked_by, [Block::TwoRoutes]);
    world.submit(ADA, v, Some(one));
    assert_eq!(world.run(v).blocked_by, []);
    world.decide(CY, v, "look", Approved);
    assert_eq!(world.outcome(), Outcome::Approved);
}

#[test]
fn a_version_is_sent_by_its_author_or_a_moderator_and_nobody_else() {
    let (mut world, v) = World::new();
    let toml = "[[stages]]\nname = \"look\"\n[[stages.reviewers]]\npeople = [\"Cy\"]\n";
    let stray = world.submit(CY, v, Some(route(toml)));
    let why = proofroom_workflow::NoEffect::NotAuthor;
    assert_eq!(world.warnings(), [Warning::NoEffect { person: CY, entry: stray, why }]);
    assert_eq!(world.run(v).route_hash, None, "it is on the built-in route still");
    world.submit(ADA, v, Some(route(toml)));
    assert!(world.run(v).route_hash.is_some());
}

#[test]
fn the_rule_that_chose_a_route_and_what_it_measured_are_kept_and_explained() {
    let rules = r#"
        otherwise = "quick"
        [[rules]]
        name = "claims go to legal"
        when = { risk_class = ["elevated"], locale = ["de-*"] }
        route = "brand-legal"
        [[rules]]
        name = "films are heard by Di"
        when = { category = ["video"] }
        add = [{ stage = "brand", reviewer = { people = ["Di"] } }]
    "#;
    let templates = ready_templates().expect("ready templates");
    let rules = RoutingRules::from_toml(rules, &templates).expect("good rules");
    let mut input = RoutingInput {
        categories: vec![Category::Video],
        risk_class: RiskClass::Elevated,
        channels: vec![],
        locales: vec!["de-CH".into()],
        fields: BTreeMap::new(),
    };
    let routed = choose(&rules, &templates, &input).expect("a route");
    assert_eq!(routed.choice.rule.as_deref(), Some("claims go to legal"));
    let brand = routed.template.stage("brand").expect("a stage");
    assert!(brand.reviewers.iter().any(|slot| slot.people == ["Di"]), "added by the second rule");
    let told = explain(&routed.choice).join("\n");
    for part in [
        "route brand-legal was chosen by the rule \"claims go to legal\"",
        "measured: locale = de-CH",
        "rule \"claims go to legal\" matched: risk class (elevated) is among elevated",
    ] {
        assert!(told.contains(part), "{told}");
    }
    input.risk_class = RiskClass::Low;
    let routed = choose(&rules, &templates, &input).expect("a route");
    assert_eq!((routed.choice.route.as_str(), routed.choice.rule), ("quick", None));
    assert!(routed.choice.considered[0].because[0].contains("risk class (low) is not among elevated"));
}

#[test]
fn a_deadline_before_its_start_is_told() {
    let toml = "[[stages]]\nname = \"look\"\ndue_at = \"2026-03-01T09:00\"\n[[stages.reviewers]]\npeople = [\"Bo\"]\n";
    let (world, _) = World::on(toml);
    assert_eq!(world.warnings(), [Warning::DueBeforeStart { stage: stage_name("look") }]);
}

#[test]
fn a_withdrawn_version_comes_back_when_it_is_sent_again() {
    let (mut world, v) = joined("\"on_submit\"");
    world.act(BO, v, Act::Withdraw);
    assert_eq!(world.outcome(), Outcome::Pending, "Bo is neither its author nor a moderator");
    assert!(matches!(world.warnings()[..], [Warning::NoEffect { person: BO, .. }]));
    world.act(ADA, v, Act::Withdraw);
    assert_eq!(world.outcome(), Outcome::Withdrawn);
    world.submit(
        ADA,
        v,
        Some(route("[[stages]]\nname = \"look\"\n[[stages.reviewers]]\npeople = [\"Bo\"]\n")),
    );
    assert_eq!(world.outcome(), Outcome::Pending);
}
