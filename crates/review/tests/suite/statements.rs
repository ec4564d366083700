use std::collections::BTreeMap;

use proofroom_ident::{CommentId, ContentHash, DocId, EntryHash, HashWords as _, LogId, Millis, VersionHash};
use proofroom_review::statement::{ChecklistAnswer, Condition, SeenHead, Signer};
use proofroom_review::{
    CommentKey, Decision, DecisionStatement, ProfileStatement, ReviewerRole, SignMeaning, StatementError,
};

use crate::{ADA, BO};

fn statement(decision: Decision) -> DecisionStatement {
    let comment = CommentKey::new(BO, CommentId::from_bytes([2; 16]));
    let condition = Condition { text: "Move the logo".into(), comment: Some(comment) };
    DecisionStatement {
        review: DocId::from_bytes([1; 16]),
        stage: "review".into(),
        assignment: Some(ReviewerRole::Approver),
        on_behalf_of: None,
        version_hash: VersionHash::of(b"v1"),
        renditions_viewed: vec![],
        route_hash: None,
        brief_hash: Some(ContentHash::of(b"brief")),
        decision,
        meaning: SignMeaning::usual(decision),
        statement_text: "I approve this version for release.".into(),
        reason: None,
        conditions: if decision == Decision::ApprovedWithChanges { vec![condition] } else { vec![] },
        checklist: vec![ChecklistAnswer {
            item: "Logo".into(),
            text_hash: ContentHash::of(b"Is the logo right?"),
            answer: "yes".into(),
        }],
        checks_seen: vec![],
        seen_heads: BTreeMap::from([(
            LogId::from_bytes([9; 16]),
            SeenHead { seq: 4, hash: EntryHash::ZERO },
        )]),
        open_comments: vec![comment],
        user_verified: None,
        signer: Signer { printed_name: "Ada Ek".into(), role_title: None, organisation: "Ek & Co".into() },
        claimed_at: Millis(1_700_000_000_000),
        utc_offset_min: -330,
    }
}

#[test]
fn every_decision_reads_back_from_its_one_spelling() {
    for decision in Decision::ALL {
        let statement = statement(*decision);
        let json = statement.to_json().expect("a good statement");
        assert_eq!(DecisionStatement::from_json(&json), Ok(statement));
        assert!(DecisionStatement::from_json(&json.replacen(',', ", ", 1)).is_err());
        assert!(DecisionStatement::from_json(&json.replacen('{', "{\"a\":0,", 1)).is_err());
    }
}

#[test]
fn what_is_signed_has_the_fields_of_the_domain() {
    let json = statement(Decision::Approved).to_json().expect("a good statement");
    let fields: BTreeMap<String, serde_json::Value> = serde_json::from_str(&json).expect("an object");
    let names: Vec<&str> = fields.keys().map(String::as_str).collect();
    assert_eq!(
        names.join(" "),
        "assignment brief_hash checklist checks_seen claimed_at conditions decision meaning open_comments \
         renditions_viewed review seen_heads signer stage statement_text utc_offset_min version_hash"
    );
}

#[test]
fn statements_that_contradict_themselves_are_refused() {
    let broken = |decision, change: &dyn Fn(&mut DecisionStatement)| {
        let mut statement = statement(decision);
        change(&mut statement);
        statement.to_json().expect_err("a broken rule")
    };
    let with_changes = Decision::ApprovedWithChanges;
    assert_eq!(broken(with_changes, &|s| s.conditions.clear()), StatementError::NoConditions);
    assert!(matches!(broken(with_changes, &|s| s.conditions[0].text = " ".into()), StatementError::Text(_)));
    let stray = |s: &mut DecisionStatement| s.conditions.push(Condition { text: "x".into(), comment: None });
    assert_eq!(broken(Decision::Approved, &stray), StatementError::StrayConditions(Decision::Approved));
    let meaning = StatementError::Meaning { meaning: SignMeaning::Approval, decision: Decision::Rejected };
    assert_eq!(broken(Decision::Rejected, &|s| s.meaning = SignMeaning::Approval), meaning);
    assert_eq!(broken(Decision::Approved, &|s| s.utc_offset_min = 900), StatementError::UtcOffset(900));
    assert_eq!(
        broken(Decision::Approved, &|s| s.utc_offset_min = i16::MIN),
        StatementError::UtcOffset(i16::MIN)
    );
    let twice = |s: &mut DecisionStatement| s.open_comments.push(s.open_comments[0]);
    assert_eq!(broken(Decision::Approved, &twice), StatementError::NotSorted("open comments"));
    assert!(matches!(broken(Decision::Approved, &|s| s.stage = String::new()), StatementError::Text(_)));
    assert!(matches!(
        broken(Decision::Approved, &|s| s.claimed_at = Millis(u64::MAX)),
        StatementError::Canonical(_)
    ));
}

#[test]
fn a_printed_name_reads_as_it_is_signed() {
    let profile =
        ProfileStatement { printed_name: "Ada Ek".into(), organisation: String::new(), role_title: None };
    let json = profile.to_json().expect("a good profile");
    assert_eq!(json, r#"{"organisation":"","printed_name":"Ada Ek"}"#);
    assert_eq!(ProfileStatement::from_json(&json), Ok(profile.clone()));
    assert_eq!(profile.signer().printed_name, "Ada Ek");
    for name in ["", "  ", "Ada\nEk", "Ada \u{202e}kE", "Ada\u{0}", &"x".repeat(401)] {
        let bad = ProfileStatement { printed_name: name.into(), ..profile.clone() };
        assert!(matches!(bad.to_json(), Err(StatementError::Text(_))), "{name:?}");
    }
}

#[test]
fn owned_keys_name_their_owner() {
    let key = CommentKey::new(ADA, CommentId::from_bytes([2; 16]));
    let text = key.to_string();
    assert_eq!(text, format!("{}.{}", "ad".repeat(32), "02".repeat(16)));
    assert_eq!(text.parse(), Ok(key));
    for bad in ["", ".", "ad.02", &text[1..], &text.replace('.', "/"), &format!("{text}.")] {
        assert!(bad.parse::<CommentKey>().is_err(), "{bad}");
    }
}
