use std::collections::BTreeMap;

use proofroom_ident::{CommentId, DocId, EntryHash, LogId, Millis, VersionHash};
use proofroom_review::act::{
    Act, ActStatement, Comparison, ReminderKey, RouteChoice, RuleVerdict, Submission,
};
use proofroom_review::statement::SeenHead;
use proofroom_review::{
    Aspect, CommentKey, Delegation, DelegationStatement, Package, PackageItem, ReviewerRole, Route, Scope,
    StageName, StatementError, Threshold, route::Assignment,
};

use crate::{ADA, BO};

fn statement(act: Act, reason: Option<&str>) -> ActStatement {
    let head = SeenHead { seq: 3, hash: EntryHash::from_bytes([3; 32]) };
    ActStatement {
        review: DocId::from_bytes([1; 16]),
        version_hash: VersionHash::from_bytes([2; 32]),
        act,
        reason: reason.map(Into::into),
        seen_heads: BTreeMap::from([(LogId::from_bytes([4; 16]), head)]),
        claimed_at: Millis(5),
    }
}

fn acts() -> Vec<Act> {
    let stage = StageName::review();
    let route = Route::built_in(&BTreeMap::from([(ADA, ReviewerRole::Approver)]));
    let considered =
        vec![RuleVerdict { rule: "r".into(), matched: true, because: vec!["risk class".into()] }];
    let chosen = RouteChoice {
        route: route.name.clone(),
        rule: Some("r".into()),
        inputs: BTreeMap::new(),
        considered,
    };
    let comment = CommentKey::new(BO, CommentId::from_bytes([1; 16]));
    let comparison = Comparison {
        from: VersionHash::from_bytes([1; 32]),
        changed: vec![Aspect::Pixels, Aspect::Words],
        touched: vec![comment],
        elsewhere: false,
    };
    let decision = EntryHash::from_bytes([6; 32]);
    vec![
        Act::Submit(Box::new(Submission { round: 1, route: Some(route), chosen: Some(chosen) })),
        Act::Submit(Box::new(Submission { round: 2, route: None, chosen: None })),
        Act::Withdraw,
        Act::StartStage { stage: stage.clone() },
        Act::CloseStage { stage: stage.clone() },
        Act::ReopenStage { stage: stage.clone() },
        Act::SkipStage { stage: stage.clone() },
        Act::SkipAssignment { stage: stage.clone(), person: BO },
        Act::Recuse { stage: stage.clone() },
        Act::Complete { stage: stage.clone() },
        Act::CarryForward { stage: stage.clone(), decision },
        Act::Acknowledge { comments: vec![comment] },
        Act::MeetCondition { decision, condition: 0 },
        Act::Pause,
        Act::Resume,
        Act::Compare(comparison),
        Act::Sync,
        Act::Open,
        Act::Remind(ReminderKey { stage, person: BO, threshold: Threshold::Overdue }),
    ]
}

#[test]
fn every_act_is_signed_in_one_spelling_and_read_from_no_other() {
    for act in acts() {
        let statement = statement(act, Some("because"));
        let json = statement.to_json().expect("signs");
        assert_eq!(ActStatement::from_json(&json), Ok(statement), "{json}");
        assert!(ActStatement::from_json(&format!(" {json}")).is_err());
        assert!(ActStatement::from_json(&json.replace("\"act\":{", "\"act\":{\"aa\":1,")).is_err(), "{json}");
    }
}

#[test]
fn acts_that_overrule_people_need_a_reason() {
    let (with, without): (Vec<Act>, Vec<Act>) = acts().into_iter().partition(Act::needs_reason);
    assert_eq!(with.len(), 5);
    for act in with {
        assert!(statement(act.clone(), None).to_json().is_err(), "{act:?}");
        assert!(statement(act.clone(), Some(" \n")).to_json().is_err(), "{act:?}");
    }
    assert!(without.into_iter().all(|act| statement(act, None).to_json().is_ok()));
}

#[test]
fn a_submission_carries_a_route_that_can_close() {
    let mut route = Route::built_in(&BTreeMap::new());
    let submit = |route: &Route| {
        let submission = Submission { round: 1, route: Some(route.clone()), chosen: None };
        statement(Act::Submit(Box::new(submission)), None).check()
    };
    assert!(matches!(submit(&route), Err(StatementError::Route(text)) if text.contains("nobody is asked")));
    route.stages[0].reviewers.push(Assignment::plain(ADA, ReviewerRole::Approver));
    assert_eq!(submit(&route), Ok(()));
}

#[test]
fn a_delegation_ends_after_it_begins_and_is_read_back() {
    let grant = |from, until| DelegationStatement {
        delegation: Delegation::Grant {
            to: BO,
            scope: Scope::default(),
            from: Millis(from),
            until: Millis(until),
        },
        reason: Some("On holiday".into()),
        seen_heads: BTreeMap::new(),
        claimed_at: Millis(0),
    };
    assert_eq!(grant(5, 5).to_json(), Err(StatementError::Period));
    let json = grant(5, 6).to_json().expect("signs");
    assert_eq!(DelegationStatement::from_json(&json), Ok(grant(5, 6)));
}

#[test]
fn a_package_holds_one_version_of_each_asset() {
    let item = |n| PackageItem {
        asset: proofroom_ident::AssetId::from_bytes([n; 16]),
        version: VersionHash::from_bytes([n; 32]),
    };
    let package = |items: Vec<PackageItem>| Package { name: "Spring".into(), items, whole: None };
    assert!(package(vec![item(1), item(2)]).check().is_ok());
    assert!(package(vec![item(1), item(1)]).check().is_err());
    assert!(package(vec![]).check().is_err());
}
