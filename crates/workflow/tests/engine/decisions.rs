//! How decisions become a stage's outcome: folding, closing, minds that change, standing in.

use proofroom_ident::Millis;
use proofroom_review::Decision::{Abstained, Approved, ApprovedWithChanges, ChangesRequired, Rejected};
use proofroom_review::{
    Act, AssignmentEnd, CommentLabel, Decision, Delegation, Outcome, ReminderKey, Scope, SignMeaning,
    SlaState, Threshold,
};
use proofroom_workflow::Phase;
use proofroom_workflow::{Block, NotCounted, Warning};

use crate::world::{ADA, BO, CY, DAY, DI, HOUR, MINUTE, World, answer, phone, stage_name, utc};

/// One stage that asks Bo, Cy and Di with this close rule.
fn three(close: &str) -> (World, proofroom_ident::VersionHash) {
    World::on(&format!(
        "[[stages]]\nname = \"look\"\nclose = {close}\n[[stages.reviewers]]\npeople = [\"Bo\", \"Cy\", \"Di\"]\n"
    ))
}

/// After each decision of Bo, Cy and Di in turn, what the stage has come to.
fn steps(close: &str, decisions: &[Decision]) -> Vec<Outcome> {
    let (mut world, v) = three(close);
    let people = [BO, CY, DI].into_iter().zip(decisions);
    let step = |(person, decision): (_, &Decision)| {
        world.pass(MINUTE).decide(person, v, "look", *decision);
        world.outcome()
    };
    people.map(step).collect()
}

#[test]
fn the_most_restrictive_decision_wins() {
    for (decisions, wanted) in [
        ([Approved, Rejected, ChangesRequired], Outcome::Rejected),
        ([Approved, ChangesRequired, ApprovedWithChanges], Outcome::ChangesRequired),
        ([Approved, ApprovedWithChanges, Approved], Outcome::ApprovedWithChanges),
        ([Approved, Abstained, Abstained], Outcome::Approved),
        ([Abstained, Abstained, Abstained], Outcome::NotApplicable),
    ] {
        assert_eq!(steps("\"all_mandatory\"", &decisions)[2], wanted, "{decisions:?}");
    }
}

#[test]
fn each_close_rule_closes_with_the_decision_that_suffices() {
    use Outcome::{Approved as Yes, InProgress as Open, Rejected as No};
    for (close, decisions, wanted) in [
        ("\"all_mandatory\"", [Approved, Rejected, Approved], [Open, Open, No]),
        ("\"any_one\"", [Abstained, Approved, Rejected], [Open, Yes, Yes]),
        ("{ quorum = 2 }", [Approved, Approved, Rejected], [Open, Yes, Yes]),
        ("{ quorum = 2 }", [Abstained, Approved, Approved], [Open, Open, Yes]),
        ("\"majority\"", [Approved, Approved, Rejected], [Open, Yes, Yes]),
        ("\"manual\"", [Approved, Approved, Approved], [Open, Open, Open]),
    ] {
        assert_eq!(steps(close, &decisions), wanted, "{close} {decisions:?}");
    }
}

#[test]
fn a_decision_after_the_stage_closed_does_not_count_and_says_so() {
    let (mut world, v) = three("\"any_one\"");
    world.decide(BO, v, "look", Approved);
    let late = world.pass(MINUTE).decide(CY, v, "look", Rejected);
    assert_eq!(world.outcome(), Outcome::Approved);
    let why = NotCounted::Late;
    assert_eq!(world.warnings(), [Warning::NotCounted { person: CY, entry: late, why }]);
}

#[test]
fn a_decision_written_offline_before_the_closing_was_seen_counts() {
    let (mut world, v) = three("\"any_one\"");
    world.offline(CY);
    world.decide(BO, v, "look", Approved);
    world.pass(DAY).decide(CY, v, "look", Rejected);
    assert_eq!(world.outcome(), Outcome::Rejected, "the order of arrival decides nothing");
}

#[test]
fn a_quorum_by_role_wants_each_role() {
    let toml = r#"
        [[stages]]
        name = "look"
        close = { quorum_by_role = { legal = 1, brand = 1 } }
        [[stages.reviewers]]
        role = "legal"
        [[stages.reviewers]]
        role = "brand"
    "#;
    let (mut world, v) = World::on(toml);
    world.decide(BO, v, "look", Approved);
    assert_eq!(
        (world.outcome(), world.stage("look").blocked_by),
        (Outcome::InProgress, vec![Block::Wanted(1)])
    );
    world.decide(CY, v, "look", Approved);
    assert_eq!(world.outcome(), Outcome::InProgress, "two of legal are none of brand");
    world.decide(DI, v, "look", Approved);
    assert_eq!(world.outcome(), Outcome::Approved);
}

#[test]
fn a_key_approver_alone_is_folded_and_overruling_is_told() {
    let toml = r#"
        [[stages]]
        name = "look"
        close = "key_approver"
        [[stages.reviewers]]
        people = ["Bo"]
        as = "key_approver"
        [[stages.reviewers]]
        people = ["Cy"]
    "#;
    let (mut world, v) = World::on(toml);
    world.decide(CY, v, "look", Rejected);
    assert_eq!(world.stage("look").blocked_by, [Block::Missing(BO)]);
    world.decide(BO, v, "look", Approved);
    assert_eq!(world.outcome(), Outcome::Approved);
    assert_eq!(world.warnings(), [Warning::Overruled { stage: stage_name("look"), people: vec![CY] }]);
}

#[test]
fn a_manual_stage_is_closed_by_a_moderator_once_somebody_decided() {
    let (mut world, v) = three("\"manual\"");
    let close = Act::CloseStage { stage: stage_name("look") };
    world.act(ADA, v, close.clone());
    assert_eq!(world.outcome(), Outcome::Pending, "nothing was decided");
    let (mut world, v) = three("\"manual\"");
    world.decide(BO, v, "look", Approved);
    world.act(CY, v, close.clone());
    assert_eq!(world.outcome(), Outcome::InProgress, "Cy is no moderator");
    assert!(matches!(world.warnings()[..], [Warning::NoEffect { person: CY, .. }]));
    world.act(ADA, v, close);
    assert_eq!(world.outcome(), Outcome::Approved);
}

#[test]
fn a_deadline_closes_with_what_was_said_and_silence_expires() {
    let toml = |duty: &str| {
        format!(
            "[[stages]]\nname = \"look\"\nclose = \"deadline\"\ndue = \"2h\"\n\
             [[stages.reviewers]]\npeople = [\"Bo\", \"Cy\"]\nas = \"{duty}\"\n"
        )
    };
    for (duty, decision, wanted) in [
        ("mandatory_reviewer", Approved, Outcome::Expired),
        ("mandatory_reviewer", ChangesRequired, Outcome::ChangesRequired),
        ("reviewer", Approved, Outcome::Approved),
    ] {
        let (mut world, v) = World::on(&toml(duty));
        world.pass(HOUR).decide(BO, v, "look", decision);
        world.pass(HOUR - 1);
        assert_eq!(world.outcome(), Outcome::InProgress);
        world.pass(1);
        assert_eq!(world.outcome(), wanted, "{duty} {decision}");
    }
    let (mut world, _) = World::on(&toml("reviewer"));
    world.pass(2 * HOUR);
    assert_eq!(world.outcome(), Outcome::Expired, "nobody said anything, which approves nothing");
}

#[test]
fn close_on_first_block_closes_at_the_first_block_only() {
    let (mut world, v) = World::on(
        "[[stages]]\nname = \"look\"\nclose_on_first_block = true\n[[stages.reviewers]]\npeople = [\"Bo\", \"Cy\"]\n",
    );
    world.decide(BO, v, "look", Approved);
    assert_eq!(world.outcome(), Outcome::InProgress);
    world.decide(CY, v, "look", ChangesRequired);
    assert_eq!(world.outcome(), Outcome::ChangesRequired);
    let (mut world, v) = three("\"all_mandatory\"");
    world.decide(BO, v, "look", Rejected);
    assert_eq!(world.outcome(), Outcome::InProgress, "without the option it waits for all");
}

#[test]
fn of_two_devices_that_decided_apart_the_more_restrictive_counts_and_the_person_is_asked() {
    let (mut world, v) = three("\"any_one\"");
    world.offline(phone(BO));
    let laptop = world.decide(BO, v, "look", Approved);
    let phoned = world.decide(phone(BO), v, "look", Rejected);
    world.online(phone(BO));
    assert_eq!(world.outcome(), Outcome::Rejected);
    let stage = stage_name("look");
    let flagged = Warning::Concurrent { person: BO, stage, counts: phoned, instead_of: vec![laptop] };
    assert_eq!(world.warnings(), [flagged]);
    world.act(ADA, v, Act::ReopenStage { stage: stage_name("look") });
    world.pass(MINUTE).decide(BO, v, "look", Approved);
    assert_eq!((world.outcome(), world.warnings()), (Outcome::Approved, vec![]), "asked, and answered");
}

#[test]
fn a_change_of_mind_counts_while_open_and_after_a_reopening() {
    let (mut world, v) = three("\"all_mandatory\"");
    world.decide(BO, v, "look", Rejected);
    world.decide(BO, v, "look", Approved);
    world.decide(CY, v, "look", Approved);
    world.decide(DI, v, "look", Approved);
    assert_eq!(world.outcome(), Outcome::Approved);
    world.pass(MINUTE).decide(BO, v, "look", Rejected);
    assert_eq!(world.outcome(), Outcome::Approved, "the stage had closed in front of Bo");
    world.act(ADA, v, Act::ReopenStage { stage: stage_name("look") });
    assert_eq!(world.stage("look").blocked_by, [Block::Reopened(ADA)]);
    world.pass(MINUTE).decide(BO, v, "look", Rejected);
    assert_eq!(world.outcome(), Outcome::Rejected);
}

#[test]
fn stepping_back_and_being_skipped_end_an_assignment() {
    let (mut world, v) = three("\"all_mandatory\"");
    world.decide(BO, v, "look", Approved);
    world.act(CY, v, Act::Recuse { stage: stage_name("look") });
    world.act(ADA, v, Act::SkipAssignment { stage: stage_name("look"), person: DI });
    assert_eq!(world.outcome(), Outcome::Approved);
    let ends = [BO, CY, DI].map(|p| world.assignment("look", p).end.expect("ended"));
    assert_eq!(ends, [AssignmentEnd::Decided, AssignmentEnd::Recused, AssignmentEnd::Skipped]);
}

#[test]
fn a_quorum_that_can_no_longer_be_met_says_so() {
    let (mut world, v) = three("{ quorum = 3 }");
    world.decide(BO, v, "look", Abstained);
    assert_eq!(world.stage("look").blocked_by, [Block::OutOfReach]);
    let (mut world, _) = three("{ quorum = 3 }");
    world.plan.people.entry(DI).or_default().left = true;
    assert_eq!(world.stage("look").blocked_by, [Block::OutOfReach], "Di left, and says nothing any more");
    let (mut world, v) = three("\"all_mandatory\"");
    for person in [BO, CY, DI] {
        world.act(person, v, Act::Recuse { stage: stage_name("look") });
    }
    assert_eq!(world.stage("look").blocked_by, [Block::NobodyLeft]);
}

#[test]
fn somebody_who_left_is_named_as_what_holds_it_up() {
    let (mut world, _) = three("\"all_mandatory\"");
    world.plan.people.entry(CY).or_default().left = true;
    assert!(world.stage("look").blocked_by.contains(&Block::Left(CY)));
}

#[test]
fn a_checklist_a_meaning_and_a_route_are_what_was_shown() {
    let toml = r#"
        [[stages]]
        name = "look"
        meaning = "review"
        checklist = [{ item = "claims", text = "Every claim can be proved", required = true }]
        [[stages.reviewers]]
        people = ["Bo"]
    "#;
    let counts = |change: &dyn Fn(&mut proofroom_review::DecisionStatement)| {
        let (mut world, v) = World::on(toml);
        world.decide_with(BO, v, "look", Approved, |d| {
            d.meaning = SignMeaning::Review;
            d.checklist = vec![answer("claims", "Every claim can be proved")];
            change(d);
        });
        match world.warnings()[..] {
            [] => None,
            [Warning::NotCounted { why, .. }] => Some(why),
            _ => panic!("{:?}", world.warnings()),
        }
    };
    assert_eq!(counts(&|_| {}), None);
    assert_eq!(counts(&|d| d.checklist.clear()), Some(NotCounted::Checklist));
    let other = |d: &mut proofroom_review::DecisionStatement| d.checklist = vec![answer("claims", "Others")];
    assert_eq!(counts(&other), Some(NotCounted::Checklist), "another text was answered");
    assert_eq!(
        counts(&|d| d.meaning = SignMeaning::Approval),
        Some(NotCounted::Meaning(SignMeaning::Review))
    );
    assert_eq!(counts(&|d| d.route_hash = None), Some(NotCounted::OtherRoute));
    assert_eq!(counts(&|d| d.stage = "other".into()), Some(NotCounted::NoSuchStage));
    assert_eq!(counts(&|d| d.on_behalf_of = Some(CY)), Some(NotCounted::NoDelegation(CY)));
}

#[test]
fn a_regulated_route_wants_reasons_and_takes_no_approval_with_changes() {
    let toml = "regulated = true\n[[stages]]\nname = \"look\"\n[[stages.reviewers]]\npeople = [\"Bo\"]\n";
    for (decision, reason, wanted) in [
        (Approved, None, Some(NotCounted::NoReason)),
        (Approved, Some("It is right".to_owned()), None),
        (ApprovedWithChanges, Some("Nearly".to_owned()), Some(NotCounted::NotOffered)),
    ] {
        let (mut world, v) = World::on(toml);
        let entry = world.decide_with(BO, v, "look", decision, |d| d.reason = reason);
        let wanted = wanted.map(|why| Warning::NotCounted { person: BO, entry, why });
        assert_eq!(world.warnings(), Vec::from_iter(wanted));
        let skip = world.act(ADA, v, Act::SkipStage { stage: stage_name("look") });
        assert!(
            world.warnings().iter().any(|w| matches!(w, Warning::NoEffect { entry, .. } if *entry == skip)),
            "no stage of it is skipped"
        );
    }
}

#[test]
fn discussion_is_never_locked_and_late_comments_carry_a_mark() {
    let (mut world, v) = three("\"any_one\"");
    let before = world.comment(CY, v, CommentLabel::Change);
    world.pass(MINUTE).decide(BO, v, "look", Approved);
    let late = world.pass(MINUTE).comment(CY, v, CommentLabel::Question);
    let run = world.run(v);
    assert_eq!(run.late_comments, [late]);
    assert_eq!(run.open_comments, [before, late]);
    assert_eq!(run.outcome, Outcome::Approved);
}

#[test]
fn an_approval_before_seeing_blockers_is_told_until_it_is_acknowledged() {
    let (mut world, v) = three("\"any_one\"");
    world.offline(CY);
    world.decide(BO, v, "look", Approved);
    let blocker = world.comment(CY, v, CommentLabel::Blocker);
    world.online(CY);
    assert!(
        matches!(&world.warnings()[..], [Warning::UnseenBlockers { person: BO, comments, .. }] if *comments == [blocker])
    );
    assert!(world.asset().release.open.contains(&Block::NotAcknowledged(BO)));
    world.act(BO, v, Act::Acknowledge { comments: vec![blocker] });
    assert_eq!(world.warnings(), []);
}

#[test]
fn a_delegate_decides_for_the_one_who_is_away_and_it_shows() {
    let (mut world, v) = three("\"all_mandatory\"");
    let grant = world.grant(BO, ADA, DAY);
    assert_eq!(world.assignment("look", BO).stand_ins, [ADA]);
    let for_bo = |d: &mut proofroom_review::DecisionStatement| d.on_behalf_of = Some(BO);
    world.decide_with(ADA, v, "look", Approved, for_bo);
    let counted = world.assignment("look", BO).decision.expect("decided for");
    assert_eq!((counted.by, counted.decision), (ADA, Approved));
    world.pass(DAY).decide_with(ADA, v, "look", Rejected, for_bo);
    assert_eq!(world.assignment("look", BO).decision.expect("still").decision, Approved, "the grant ended");
    let (mut world, v) = three("\"all_mandatory\"");
    let again = world.grant(BO, ADA, DAY);
    assert_eq!(grant, again, "the same world again");
    world.pass(MINUTE).delegate(BO, Delegation::Revoke { grant: again });
    world.pass(MINUTE).decide_with(ADA, v, "look", Approved, for_bo);
    assert_eq!(world.assignment("look", BO).decision, None, "revoked");
}

#[test]
fn a_delegation_keeps_to_its_scope_and_is_not_handed_on() {
    let (mut world, v) = three("\"all_mandatory\"");
    let scope = Scope { assets: vec![], stages: vec![stage_name("other")] };
    let until = Millis(world.now.0 + DAY);
    world.delegate(BO, Delegation::Grant { to: ADA, scope, from: world.now, until });
    world.decide_with(ADA, v, "look", Approved, |d| d.on_behalf_of = Some(BO));
    assert_eq!(world.assignment("look", BO).decision, None);
    let (mut world, v) = three("\"all_mandatory\"");
    world.grant(BO, CY, DAY);
    world.grant(CY, ADA, DAY);
    world.decide_with(ADA, v, "look", Approved, |d| d.on_behalf_of = Some(BO));
    assert_eq!(world.assignment("look", BO).decision, None, "what Cy may decide for Bo, Ada may not");
}

#[test]
fn delegations_that_go_round_in_a_ring_count_for_nobody() {
    let (mut world, v) = three("\"all_mandatory\"");
    world.offline(CY);
    world.grant(BO, CY, DAY);
    world.grant(CY, BO, DAY);
    world.online(CY);
    world.decide_with(CY, v, "look", Approved, |d| d.on_behalf_of = Some(BO));
    assert_eq!(world.assignment("look", BO).decision, None);
    let rings = world.view().warnings;
    assert!(
        matches!(rings[..], [Warning::DelegationRing { .. }, Warning::DelegationRing { .. }]),
        "{rings:?}"
    );
}

#[test]
fn the_backup_decides_once_the_escalation_was_written_and_not_before() {
    let toml = r#"
        [[stages]]
        name = "look"
        due = "2h"
        [[stages.reviewers]]
        people = ["Bo"]
        backup = "Di"
    "#;
    let for_bo = |d: &mut proofroom_review::DecisionStatement| d.on_behalf_of = Some(BO);
    let (mut world, v) = World::on(toml);
    world.pass(3 * HOUR).decide_with(DI, v, "look", Approved, for_bo);
    assert_eq!(world.outcome(), Outcome::Pending, "nobody asked Di");
    let key = ReminderKey { stage: stage_name("look"), person: BO, threshold: Threshold::Escalated };
    world.act(CY, v, Act::Remind(key));
    assert_eq!(world.assignment("look", BO).stand_ins, [DI]);
    world.pass(MINUTE).decide_with(DI, v, "look", Approved, for_bo);
    assert_eq!(world.outcome(), Outcome::Approved);
    assert_eq!(world.assignment("look", BO).decision.expect("decided").by, DI);
}

#[test]
fn the_time_of_a_decision_is_an_interval_between_what_others_witnessed() {
    let toml = "[[stages]]\nname = \"look\"\ndue = \"2h\"\n[[stages.reviewers]]\npeople = [\"Bo\", \"Cy\"]\n";
    // Cy acts within the deadline and has seen Bo's decision: it was kept.
    let (mut world, v) = World::on(toml);
    world.pass(HOUR).decide(BO, v, "look", Approved);
    assert_eq!(world.assignment("look", BO).sla, Some(SlaState::Indeterminate), "nobody else saw it yet");
    world.pass(MINUTE).decide(CY, v, "look", Approved);
    let within = world.assignment("look", BO).decision.expect("decided").within;
    assert_eq!((within.not_before, within.not_after), (Some(utc("2026-03-02T09:00")), Some(world.now)));
    assert_eq!(world.assignment("look", BO).sla, Some(SlaState::Met));
    // Bo says it was in time, but had seen what came after the deadline: it was not.
    let (mut world, v) = World::on(toml);
    world.pass(3 * HOUR).decide(CY, v, "look", Approved);
    let decision = world.decide_with(BO, v, "look", Approved, |d| d.claimed_at = utc("2026-03-02T09:30"));
    assert_eq!(world.assignment("look", BO).sla, Some(SlaState::Missed), "{decision:?}");
    assert_eq!(world.stage("look").phase, Phase::Closed);
}
