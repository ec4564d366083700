use proofroom_ident::{PersonId, VersionHash};
use proofroom_review::statement::SeenHead;
use proofroom_review::{
    AssignmentEnd, CommentLabel, CommentState, Current, Decision, Outcome, Pick, ReviewerRole,
};
use proofroom_workflow::single_stage::{Block, VersionStatus, Warning};

use crate::world::{ADA, BO, CY, World};

fn only(world: &World) -> VersionStatus {
    let mut versions = world.status().versions;
    assert_eq!(versions.len(), 1);
    versions.remove(0)
}

#[test]
fn before_the_first_version_nothing_is_decided() {
    let status = World::default().status();
    assert_eq!((status.outcome, status.current, status.versions.len()), (Outcome::Pending, Current::None, 0));
}

#[test]
fn a_stage_closes_when_everybody_mandatory_has_decided() {
    let (mut world, v) = World::with(&[ADA, BO]);
    assert_eq!(only(&world).outcome, Outcome::Pending);
    world.decide(ADA, v, Decision::Approved, &[]);
    let status = only(&world);
    assert_eq!((status.outcome, status.so_far), (Outcome::InProgress, Some(Outcome::Approved)));
    assert_eq!(status.blocked_by, [Block::Missing(BO)]);
    world.decide(BO, v, Decision::Abstained, &[]);
    let status = only(&world);
    assert_eq!((status.outcome, status.blocked_by), (Outcome::Approved, vec![]));
    assert_eq!(world.status().outcome, Outcome::Approved);
}

#[test]
fn the_most_restrictive_decision_decides() {
    use Decision::{Abstained, Approved, ApprovedWithChanges, ChangesRequired, Rejected};
    for (decisions, wanted) in [
        ([Approved, Approved, Approved], Outcome::Approved),
        ([Approved, ApprovedWithChanges, Abstained], Outcome::ApprovedWithChanges),
        ([ChangesRequired, ApprovedWithChanges, Approved], Outcome::ChangesRequired),
        ([ChangesRequired, Rejected, Approved], Outcome::Rejected),
        ([Abstained, Abstained, Approved], Outcome::Approved),
        ([Abstained, Abstained, Abstained], Outcome::NotApplicable),
    ] {
        let (mut world, v) = World::with(&[ADA, BO, CY]);
        for (person, decision) in [ADA, BO, CY].into_iter().zip(decisions) {
            world.decide(person, v, decision, &[]);
        }
        assert_eq!(only(&world).outcome, wanted, "{decisions:?}");
    }
}

#[test]
fn a_rejection_does_not_close_a_stage_that_waits_for_others() {
    let (mut world, v) = World::with(&[ADA, BO]);
    world.decide(ADA, v, Decision::Rejected, &[]);
    let status = only(&world);
    assert_eq!((status.outcome, status.so_far), (Outcome::InProgress, Some(Outcome::Rejected)));
}

#[test]
fn silence_never_becomes_approval() {
    let (world, _) = World::with(&[]);
    assert_eq!(only(&world).blocked_by, [Block::NobodyAsked]);
    let (mut world, v) = World::with(&[]);
    world.ask(ADA, ReviewerRole::Viewer);
    world.decide(ADA, v, Decision::Approved, &[]);
    let status = only(&world);
    assert_eq!((status.outcome, status.so_far), (Outcome::Pending, None));
    assert_eq!(status.blocked_by, [Block::NobodyAsked]);
    assert_eq!(status.warnings, [Warning::NotAsked { person: ADA, entry: world.entry(0) }]);
}

#[test]
fn a_reviewer_counts_but_holds_nothing_up() {
    let (mut world, v) = World::with(&[ADA]);
    world.ask(BO, ReviewerRole::Reviewer);
    world.decide(ADA, v, Decision::Approved, &[]);
    assert_eq!(only(&world).outcome, Outcome::Approved);
    world.decide(BO, v, Decision::ChangesRequired, &[]);
    assert_eq!(only(&world).outcome, Outcome::ChangesRequired);
}

#[test]
fn where_nobody_is_mandatory_every_reviewer_is_waited_for() {
    let (mut world, v) = World::with(&[]);
    world.ask(ADA, ReviewerRole::Reviewer);
    world.ask(BO, ReviewerRole::Reviewer);
    world.decide(ADA, v, Decision::Approved, &[]);
    assert_eq!(only(&world).blocked_by, [Block::Missing(BO)]);
}

#[test]
fn of_several_roles_the_one_that_asks_most_counts() {
    let (mut world, _) = World::with(&[ADA]);
    world.ask(ADA, ReviewerRole::Viewer);
    let people = only(&world).people;
    assert_eq!((people.len(), people[0].role, people[0].must_decide), (1, ReviewerRole::Approver, true));
}

#[test]
fn a_change_of_mind_replaces_what_its_author_had_seen() {
    let (mut world, v) = World::with(&[ADA]);
    let first = world.decide(ADA, v, Decision::Rejected, &[]);
    world.decide(ADA, v, Decision::Approved, &[first]);
    let status = only(&world);
    assert_eq!((status.outcome, status.warnings), (Outcome::Approved, vec![]));
}

#[test]
fn the_later_entry_of_one_log_replaces_the_earlier_one() {
    let (mut world, v) = World::with(&[ADA]);
    world.decide(ADA, v, Decision::Rejected, &[]);
    world.decide(ADA, v, Decision::Approved, &[]);
    let log = world.decisions[0].log;
    world.decisions[1].log = log;
    world.decisions[1].seq = 2;
    assert_eq!(only(&world).outcome, Outcome::Approved);
}

#[test]
fn of_decisions_that_two_devices_made_apart_the_more_restrictive_counts() {
    let (mut world, v) = World::with(&[ADA]);
    let laptop = world.decide(ADA, v, Decision::Approved, &[]);
    let phone = world.decide(ADA, v, Decision::ChangesRequired, &[]);
    let status = only(&world);
    assert_eq!(status.outcome, Outcome::ChangesRequired);
    let (counts, instead_of) = (world.entry(phone), vec![world.entry(laptop)]);
    assert_eq!(status.warnings, [Warning::Concurrent { person: ADA, counts, instead_of }]);
    assert_eq!(status.people[0].entry, Some(counts));
    world.decide(ADA, v, Decision::Approved, &[laptop, phone]);
    let status = only(&world);
    assert_eq!((status.outcome, status.warnings), (Outcome::Approved, vec![]), "asked, and answered");
}

#[test]
fn decisions_that_claim_to_have_seen_each_other_count_as_concurrent() {
    let (mut world, v) = World::with(&[ADA]);
    let a = world.decide(ADA, v, Decision::Rejected, &[]);
    let b = world.decide(ADA, v, Decision::Approved, &[a]);
    let c = world.decide(ADA, v, Decision::Approved, &[b]);
    let ring = SeenHead { seq: 1, hash: world.entry(c) };
    let log = world.decisions[c].log;
    world.decisions[a].statement.seen_heads.insert(log, ring);
    assert_eq!(only(&world).outcome, Outcome::Rejected, "a ring of three leaves nobody last");
}

#[test]
fn a_pair_that_claims_to_have_seen_each_other_does_not_vanish_behind_a_third() {
    let (mut world, v) = World::with(&[ADA]);
    let a = world.decide(ADA, v, Decision::Rejected, &[]);
    let b = world.decide(ADA, v, Decision::Approved, &[a]);
    world.decide(ADA, v, Decision::Approved, &[]);
    let (log, head) = (world.decisions[b].log, SeenHead { seq: 1, hash: world.entry(b) });
    world.decisions[a].statement.seen_heads.insert(log, head);
    assert_eq!(only(&world).outcome, Outcome::Rejected);
}

#[test]
fn an_approval_that_had_not_seen_a_blocker_says_so() {
    let (mut world, v) = World::with(&[ADA, BO]);
    let seen = world.comment(BO, v, CommentLabel::Blocker);
    let unseen = world.comment(CY, v, CommentLabel::Blocker);
    world.comment(CY, v, CommentLabel::Change);
    world.comment(ADA, v, CommentLabel::Blocker);
    let done = world.comment(CY, v, CommentLabel::Blocker);
    world.comments.iter_mut().filter(|c| c.key == done).for_each(|c| c.state = CommentState::Verified);
    let ada = world.decide(ADA, v, Decision::Approved, &[]);
    world.decisions[ada].statement.open_comments.push(seen);
    world.decide(BO, v, Decision::ChangesRequired, &[]);
    let status = only(&world);
    let warning = Warning::UnseenBlockers { person: ADA, entry: world.entry(ada), comments: vec![unseen] };
    assert_eq!(status.warnings, [warning], "her own, a seen one and a settled one need no acknowledging");
    assert_eq!(status.warnings[0].to_string(), format!("{} approved before seeing 1 blocker", ADA.short()));
    assert_eq!(status.open_comments.len(), 4);
}

#[test]
fn acknowledging_the_blockers_settles_the_warning() {
    let (mut world, v) = World::with(&[ADA]);
    let blocker = world.comment(CY, v, CommentLabel::Blocker);
    let blind = world.decide(ADA, v, Decision::Approved, &[]);
    assert_eq!(only(&world).warnings.len(), 1);
    let again = world.decide(ADA, v, Decision::Approved, &[blind]);
    world.decisions[again].statement.open_comments.push(blocker);
    assert_eq!(only(&world).warnings, []);
}

#[test]
fn a_newer_version_supersedes_the_older_review_and_keeps_its_decisions() {
    let (mut world, one) = World::with(&[ADA, BO]);
    world.decide(ADA, one, Decision::Approved, &[]);
    let two = world.add_version(&[one]);
    let status = world.status();
    assert_eq!((status.outcome, &status.current), (Outcome::Pending, &Current::One(two)));
    let old = status.version(&one).expect("a known version");
    assert_eq!((old.outcome, old.so_far), (Outcome::Superseded, Some(Outcome::Approved)));
    assert_eq!(old.blocked_by, []);
    let ends: Vec<_> = old.people.iter().map(|p| (p.person, p.end)).collect();
    assert_eq!(ends, [(ADA, Some(AssignmentEnd::Decided)), (BO, Some(AssignmentEnd::NoResponse))]);
    assert_eq!(status.heads().count(), 1);
}

fn forked() -> (World, VersionHash, VersionHash) {
    let (mut world, one) = World::with(&[ADA]);
    let (a, b) = (world.add_version(&[one]), world.add_version(&[one]));
    world.decide(ADA, a, Decision::Approved, &[]);
    (world, a, b)
}

#[test]
fn a_fork_cannot_be_approved_until_somebody_picks() {
    let (mut world, a, b) = forked();
    let status = world.status();
    assert_eq!(status.outcome, Outcome::InProgress);
    let labels: Vec<_> = status.versions.iter().map(|v| v.label.as_str()).collect();
    assert_eq!(labels, ["v1", "v2a", "v2b"]);
    let approved = status.version(&a).expect("a known version");
    assert_eq!((approved.outcome, approved.so_far), (Outcome::InProgress, Some(Outcome::Approved)));
    assert!(matches!(&approved.blocked_by[..], [Block::Fork(heads)] if heads.len() == 2));
    let pick = Pick::among(&status.current, a, &world.picks, BO, Default::default()).expect("a fork");
    world.picks.push(pick);
    let status = world.status();
    assert_eq!(status.outcome, Outcome::Approved);
    assert_eq!(status.version(&b).expect("a known version").outcome, Outcome::Superseded);
}

#[test]
fn a_decision_by_somebody_else_or_for_somebody_else_does_not_count() {
    let (mut world, v) = World::with(&[ADA]);
    world.decide(BO, v, Decision::Rejected, &[]);
    world.decide(ADA, v, Decision::Approved, &[]);
    let delegate = world.decide(ADA, v, Decision::Rejected, &[1]);
    world.decisions[delegate].statement.on_behalf_of = Some(CY);
    let status = only(&world);
    assert_eq!(status.outcome, Outcome::Approved);
    let (bo, ada) = (world.entry(0), world.entry(delegate));
    assert!(status.warnings.contains(&Warning::NotAsked { person: BO, entry: bo }));
    assert!(status.warnings.contains(&Warning::NoDelegation { person: ADA, on_behalf_of: CY, entry: ada }));
}

#[test]
fn conditions_are_listed_with_those_who_made_them() {
    let (mut world, v) = World::with(&[ADA]);
    world.decide(ADA, v, Decision::ApprovedWithChanges, &[]);
    let status = only(&world);
    assert_eq!(status.outcome, Outcome::ApprovedWithChanges);
    let conditions: Vec<(PersonId, &str)> =
        status.conditions.iter().map(|(p, c)| (*p, c.text.as_str())).collect();
    assert_eq!(conditions, [(ADA, "Move the logo")]);
}

#[test]
fn a_decision_on_an_unknown_version_counts_nowhere() {
    let (mut world, _) = World::with(&[ADA]);
    world.decide(ADA, VersionHash::from_bytes([9; 32]), Decision::Approved, &[]);
    let status = only(&world);
    assert_eq!((status.outcome, status.warnings), (Outcome::Pending, vec![]));
}
