//! Routes, acts and delegations: signed, carried, vetted, and evaluated alike by everybody.

use proofroom_authority::Role;
use proofroom_ident::{Audience, Millis, PersonId, VersionHash};
use proofroom_replica::{ActChoice, Continuation, DecisionChoice, ReplicaError};
use proofroom_review::route::{Assignment, StartRule};
use proofroom_review::{
    Act, Casting, Decision, Delegation, LibraryItem, Outcome, PlanEdit, ReminderKey, ReviewerRole, Route,
    RouteName, RoutingRules, Scope, SignMeaning, Stage, StageName, Threshold,
};
use proofroom_workflow::{Phase, Progress};

use crate::world::{ASSET, LATER, Peer, all_see_the_same, meet};

fn named<T: std::str::FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().unwrap()
}

fn stage(name: &str, start: StartRule, people: &[PersonId]) -> Stage {
    let reviewers = people.iter().map(|p| Assignment::plain(*p, ReviewerRole::Approver)).collect();
    Stage { start, reviewers, meaning: SignMeaning::Review, ..Stage::named(named::<StageName>(name)) }
}

/// Brand first, legal after it.
fn route(brand: &[PersonId], legal: &[PersonId]) -> Route {
    let after = StartRule::After { stages: vec![named("brand")], outcomes: vec![] };
    Route {
        stages: vec![stage("brand", StartRule::OnSubmit, brand), stage("legal", after, legal)],
        name: named("brand-then-legal"),
        ..Route::built_in(&Default::default())
    }
}

/// Ada owns and sends; bo is brand, cy is legal.
fn sent() -> (Peer, Peer, Peer, VersionHash) {
    let mut ada = Peer::found("ada");
    let mut bo = ada.admit("bo", Role::Reviewer);
    let mut cy = ada.admit("cy", Role::Reviewer);
    let v1 = ada.version("first", &[]);
    let route = route(&[bo.person()], &[cy.person()]);
    ada.act(|r, s| r.submit(s, ASSET, None, Some(route), None)).unwrap();
    meet(&mut [&mut ada, &mut bo, &mut cy]);
    (ada, bo, cy, v1)
}

fn phases(peer: &mut Peer) -> Vec<(String, Phase, Outcome)> {
    let state = peer.replica.status(&peer.store, ASSET, LATER).unwrap();
    let run = state.heads().next().unwrap();
    run.stages.iter().map(|s| (s.stage.to_string(), s.phase, s.outcome)).collect()
}

fn progress(peer: &mut Peer, of: PersonId) -> Progress {
    let state = peer.replica.status(&peer.store, ASSET, LATER).unwrap();
    let run = state.heads().next().unwrap();
    run.assignments().find(|(_, a)| a.person == of).unwrap().1.progress
}

#[test]
fn a_version_on_a_route_goes_from_stage_to_stage_and_everybody_sees_the_same() {
    let (mut ada, mut bo, mut cy, _) = sent();
    assert_eq!(phases(&mut cy)[0].1, Phase::Running);
    assert_eq!(phases(&mut cy)[1].1, Phase::Waiting);
    let (_, statement) = bo.act(|r, s| r.decide(s, ASSET, DecisionChoice::of(Decision::Approved))).unwrap();
    assert_eq!(statement.stage, "brand", "the stage that waits for bo");
    assert_eq!(statement.meaning, SignMeaning::Review, "what an approval means in it");
    meet(&mut [&mut ada, &mut bo, &mut cy]);
    cy.act(|r, s| r.decide(s, ASSET, DecisionChoice::of(Decision::Approved))).unwrap();
    meet(&mut [&mut ada, &mut bo, &mut cy]);
    let state = ada.replica.status(&ada.store, ASSET, LATER).unwrap();
    assert_eq!(state.outcome, Outcome::Approved);
    assert!(state.release.ready, "{:?}", state.release);
    all_see_the_same(&mut [&mut ada, &mut bo, &mut cy]);
}

#[test]
fn a_decision_that_would_not_count_is_not_signed() {
    let (mut ada, mut bo, mut cy, _) = sent();
    let refused = ada.act(|r, s| r.decide(s, ASSET, DecisionChoice::of(Decision::Approved))).unwrap_err();
    assert!(matches!(refused, ReplicaError::NotAsked), "{refused}");
    bo.act(|r, s| r.decide(s, ASSET, DecisionChoice::of(Decision::Approved))).unwrap();
    let again = bo.act(|r, s| r.decide(s, ASSET, DecisionChoice::of(Decision::Rejected))).unwrap_err();
    assert!(again.to_string().contains("the stage was closed"), "{again}");
    let choice = DecisionChoice { on_behalf_of: Some(bo.person()), ..DecisionChoice::of(Decision::Approved) };
    let refused = cy.act(|r, s| r.decide(s, ASSET, choice)).unwrap_err();
    assert!(refused.to_string().contains("nothing lets them decide"), "{refused}");
}

#[test]
fn only_the_author_and_moderators_send_a_version_and_guests_send_none() {
    let (mut ada, mut bo, _, v1) = sent();
    let alone = route(&[bo.person()], &[bo.person()]);
    let refused = bo.act(|r, s| r.submit(s, ASSET, Some(v1), Some(alone.clone()), None)).unwrap_err();
    assert!(refused.to_string().contains("only the version's author or a moderator"), "{refused}");
    let mut di = ada.admit("di", Role::Guest);
    di.hear(&ada.store);
    let refused = di.act(|r, s| r.submit(s, ASSET, Some(v1), Some(alone.clone()), None)).unwrap_err();
    assert!(matches!(refused, ReplicaError::NotAllowed { role: Role::Guest, .. }), "{refused}");
}

#[test]
fn moderating_is_for_moderators_and_skipping_takes_a_reason() {
    let (mut ada, mut bo, mut cy, _) = sent();
    let skip = |reason: Option<&str>| ActChoice {
        reason: reason.map(str::to_owned),
        ..ActChoice::of(Act::SkipStage { stage: named("brand") })
    };
    let refused = bo.act(|r, s| r.act(s, ASSET, skip(Some("in a hurry")))).unwrap_err();
    assert!(matches!(refused, ReplicaError::NotAllowed { .. }), "{refused}");
    let refused = ada.act(|r, s| r.act(s, ASSET, skip(None))).unwrap_err();
    assert!(refused.to_string().contains("the reason"), "{refused}");
    ada.act(|r, s| r.act(s, ASSET, skip(Some("brand saw it yesterday")))).unwrap();
    meet(&mut [&mut ada, &mut bo, &mut cy]);
    assert_eq!(phases(&mut cy)[0].2, Outcome::Skipped);
}

#[test]
fn who_holds_and_who_opened_a_version_is_said_once() {
    let (mut ada, mut bo, mut cy, v1) = sent();
    assert_eq!(progress(&mut ada, bo.person()), Progress::Asked);
    assert_eq!(bo.act(|r, s| r.note_synced(s)).unwrap().len(), 1);
    assert!(bo.act(|r, s| r.note_synced(s)).unwrap().is_empty(), "said already");
    assert!(ada.act(|r, s| r.note_synced(s)).unwrap().is_empty(), "nobody asked ada");
    meet(&mut [&mut ada, &mut bo, &mut cy]);
    assert_eq!(progress(&mut ada, bo.person()), Progress::Synced);
    assert!(bo.act(|r, s| r.note(s, ASSET, v1, Act::Open)).unwrap().is_some());
    assert!(bo.act(|r, s| r.note(s, ASSET, v1, Act::Open)).unwrap().is_none());
    meet(&mut [&mut ada, &mut bo, &mut cy]);
    assert_eq!(progress(&mut cy, bo.person()), Progress::Opened);
    all_see_the_same(&mut [&mut ada, &mut bo, &mut cy]);
}

#[test]
fn a_reminder_that_somebody_sent_is_not_written_again() {
    let (mut ada, mut bo, _, v1) = sent();
    let key = ReminderKey { stage: named("brand"), person: bo.person(), threshold: Threshold::Overdue };
    assert!(ada.act(|r, s| r.note(s, ASSET, v1, Act::Remind(key.clone()))).unwrap().is_some());
    bo.hear(&ada.store);
    assert!(bo.act(|r, s| r.note(s, ASSET, v1, Act::Remind(key))).unwrap().is_none());
}

#[test]
fn what_is_at_rest_stands_where_the_opened_documents_stand() {
    let (mut ada, mut bo, _, _) = sent();
    bo.act(|r, s| r.note_synced(s)).unwrap();
    bo.act(|r, s| r.decide(s, ASSET, DecisionChoice::of(Decision::Approved))).unwrap();
    ada.hear(&bo.store);
    let before = ada.replica.workflow(&ada.store, LATER).unwrap().view();
    ada.act(|r, s| r.keep_shown(s)).unwrap();
    ada.restart(Continuation::NewLogs);
    assert_eq!(ada.replica.workflow(&ada.store, LATER).unwrap().view(), before);
    assert_eq!(ada.replica.open_documents(), 0);
    assert_eq!(ada.replica.acts(&ada.store, ASSET).unwrap().len(), 2);
}

#[test]
fn one_entry_at_a_time_comes_to_the_same_as_all_at_once() {
    let (mut ada, mut bo, mut cy, v1) = sent();
    let step = |ada: &mut Peer| {
        let kept = ada.replica.workflow(&ada.store, LATER).unwrap().view();
        let mut fresh = ada.twin();
        assert_eq!(fresh.replica.workflow(&fresh.store, LATER).unwrap().view(), kept);
    };
    step(&mut ada);
    bo.act(|r, s| r.note(s, ASSET, v1, Act::Open)).unwrap();
    ada.hear(&bo.store);
    step(&mut ada);
    bo.comment(Audience::Everyone, v1, "the logo").unwrap();
    bo.act(|r, s| r.decide(s, ASSET, DecisionChoice::of(Decision::Approved))).unwrap();
    ada.hear(&bo.store);
    step(&mut ada);
    let ask = PlanEdit::SetAssignment { asset: ASSET, person: cy.person(), role: Some(ReviewerRole::Viewer) };
    ada.act(|r, s| r.edit_plan(s, &[ask])).unwrap();
    step(&mut ada);
    let (to, from, until) = (bo.person(), Millis(0), Millis(u64::from(u32::MAX) << 16));
    let grant = Delegation::Grant { to, scope: Scope::default(), from, until };
    cy.hear(&ada.store);
    cy.act(|r, s| r.delegate(s, grant, None)).unwrap();
    ada.hear(&cy.store);
    step(&mut ada);
    let v2 = ada.version("second", &[v1]);
    let route = ada.replica.route(&ada.store, ASSET, v1).unwrap();
    step(&mut ada);
    ada.act(|r, s| r.submit(s, ASSET, Some(v2), Some(route), None)).unwrap();
    step(&mut ada);
}

#[test]
fn what_somebody_did_after_their_removal_is_held_back_and_counts_once_adopted() {
    let (mut ada, mut bo, mut cy, _) = sent();
    let gone = bo.person();
    ada.act(|r, s| r.remove(s, gone)).unwrap();
    bo.act(|r, s| r.note_synced(s)).unwrap();
    bo.act(|r, s| r.decide(s, ASSET, DecisionChoice::of(Decision::Approved))).unwrap();
    meet(&mut [&mut ada, &mut bo, &mut cy]);
    assert_eq!(phases(&mut cy)[0].1, Phase::Running);
    assert!(cy.replica.acts(&cy.store, ASSET).unwrap().iter().all(|a| a.person != gone));
    ada.act(|r, s| r.adopt(s, gone)).unwrap();
    meet(&mut [&mut ada, &mut cy]);
    assert_eq!(phases(&mut cy)[0].2, Outcome::Approved);
    all_see_the_same(&mut [&mut ada, &mut cy]);
}

#[test]
fn a_delegate_decides_until_the_grant_is_revoked_and_rings_are_refused() {
    let (mut ada, mut bo, mut cy, _) = sent();
    let period = (Millis(0), Millis(u64::from(u32::MAX) << 16));
    let grant = |to| Delegation::Grant { to, scope: Scope::default(), from: period.0, until: period.1 };
    let (receipt, _) = bo.act(|r, s| r.delegate(s, grant(cy.person()), None)).unwrap();
    meet(&mut [&mut ada, &mut bo, &mut cy]);
    let ring = cy.act(|r, s| r.delegate(s, grant(bo.person()), None)).unwrap_err();
    assert!(ring.to_string().contains("ring"), "{ring}");
    let mut twin = cy.twin();
    bo.act(|r, s| r.delegate(s, Delegation::Revoke { grant: receipt.entry }, None)).unwrap();
    twin.hear(&bo.store);
    let choice = || DecisionChoice {
        stage: Some(named("brand")),
        on_behalf_of: Some(bo.person()),
        ..DecisionChoice::of(Decision::Approved)
    };
    twin.act(|r, s| r.decide(s, ASSET, choice())).unwrap_err();
    cy.act(|r, s| r.decide(s, ASSET, choice())).unwrap();
    let state = cy.replica.status(&cy.store, ASSET, LATER).unwrap();
    let run = state.heads().next().unwrap();
    let decided = run.stage("brand").unwrap().assignment(&bo.person()).unwrap().decision.unwrap();
    assert_eq!(decided.by, cy.person(), "cy for bo");
    let theirs = cy.act(|r, s| r.delegate(s, Delegation::Revoke { grant: receipt.entry }, None)).unwrap_err();
    assert!(theirs.to_string().contains("no such delegation of yours"), "{theirs}");
}

#[test]
fn rules_choose_the_route_and_the_cast_fills_it() {
    let mut ada = Peer::found("ada");
    let bo = ada.admit("bo", Role::Reviewer);
    let rules = "otherwise = 'quick'\n[[rules]]\nname = 'pictures'\nwhen = { category = ['visual'] }\nroute = 'brand-legal'\n";
    let templates: Vec<_> =
        ada.replica.templates(&ada.store).unwrap().into_iter().map(|held| held.template).collect();
    let rules = RoutingRules::from_toml(rules, &templates).unwrap();
    let shelve = |item| PlanEdit::Shelve { item: Box::new(item) };
    ada.act(|r, s| r.edit_plan(s, &[shelve(LibraryItem::Rules(rules))])).unwrap();
    let unbound = ada.replica.choose_route(&ada.store, ASSET, None).unwrap_err();
    assert!(unbound.to_string().contains("nobody in the workspace plays `legal`"), "{unbound}");
    for role in ["brand", "legal", "approvers"] {
        let casting = Casting { role: named(role), people: vec![bo.person()] };
        ada.act(|r, s| r.edit_plan(s, &[shelve(LibraryItem::Cast(casting))])).unwrap();
    }
    let chosen = ada.replica.choose_route(&ada.store, ASSET, None).unwrap();
    assert_eq!(chosen.choice.unwrap().rule.as_deref(), Some("pictures"));
    assert_eq!(chosen.route.unwrap().stages.len(), 3);
    let named_one = ada.replica.choose_route(&ada.store, ASSET, Some(&RouteName::built_in())).unwrap();
    assert_eq!((named_one.route, named_one.choice), (None, None));
}

#[test]
fn decisions_made_apart_are_settled_by_the_assignee_though_they_closed_the_stage() {
    let (mut ada, mut bo, mut cy, _) = sent();
    let until = Millis(u64::from(u32::MAX) << 16);
    let grant = Delegation::Grant { to: cy.person(), scope: Scope::default(), from: Millis(0), until };
    bo.act(|r, s| r.delegate(s, grant, None)).unwrap();
    meet(&mut [&mut ada, &mut bo, &mut cy]);
    let for_bo = DecisionChoice {
        stage: Some(named("brand")),
        on_behalf_of: Some(bo.person()),
        ..DecisionChoice::of(Decision::Approved)
    };
    cy.act(|r, s| r.decide(s, ASSET, for_bo.clone())).unwrap();
    bo.act(|r, s| r.decide(s, ASSET, DecisionChoice::of(Decision::ChangesRequired))).unwrap();
    meet(&mut [&mut ada, &mut bo, &mut cy]);
    assert_eq!(phases(&mut ada)[0].2, Outcome::ChangesRequired, "the more restrictive counts");
    let by_other = cy.act(|r, s| r.decide(s, ASSET, for_bo)).unwrap_err();
    assert!(by_other.to_string().contains("the stage was closed"), "{by_other}");
    let settles = DecisionChoice { stage: Some(named("brand")), ..DecisionChoice::of(Decision::Approved) };
    bo.act(|r, s| r.decide(s, ASSET, settles)).unwrap();
    meet(&mut [&mut ada, &mut bo, &mut cy]);
    assert_eq!(phases(&mut ada)[0].2, Outcome::Approved);
    all_see_the_same(&mut [&mut ada, &mut bo, &mut cy]);
}
