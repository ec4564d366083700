use proofroom_review::{
    Category, CommentState, Decision, Outcome, RequestState, ReviewerRole, RiskClass, SignMeaning,
};

#[test]
fn words_read_and_write_the_same_everywhere() {
    for decision in Decision::ALL {
        assert_eq!(decision.word().parse(), Ok(*decision));
        assert_eq!(serde_json::to_string(decision).ok(), Some(format!("\"{decision}\"")));
    }
    let words = |all: Vec<&str>| all.join(" ");
    assert_eq!(
        words(Outcome::ALL.iter().map(|w| w.word()).collect()),
        "pending in_progress approved approved_with_changes changes_required rejected not_applicable skipped \
         expired superseded withdrawn"
    );
    assert_eq!(
        words(Category::ALL.iter().map(|w| w.word()).collect()),
        "visual video written design_source campaign"
    );
}

#[test]
fn an_unknown_word_is_answered_with_the_known_ones() {
    let error = "aproved".parse::<Decision>().expect_err("a misspelt word").to_string();
    assert!(error.contains("`aproved`") && error.contains("approved_with_changes"), "{error}");
    assert!("x".repeat(10_000).parse::<RiskClass>().expect_err("no word").to_string().len() < 300);
}

#[test]
fn restrictions_order_all_decisions() {
    let mut all = Decision::ALL.to_vec();
    all.sort_by_key(|d| std::cmp::Reverse(d.restriction()));
    let wanted = "[Rejected, ChangesRequired, ApprovedWithChanges, Approved, Abstained]";
    assert_eq!(format!("{all:?}"), wanted);
}

#[test]
fn the_usual_meaning_never_contradicts_its_decision() {
    for decision in Decision::ALL {
        assert!(SignMeaning::usual(*decision).fits(*decision), "{decision}");
        assert!(!SignMeaning::Delegation.fits(*decision), "a delegation decides nothing");
    }
    assert!(!SignMeaning::Approval.fits(Decision::Rejected));
    assert!(!SignMeaning::Rejection.fits(Decision::Approved));
}

#[test]
fn silence_and_looking_on_ask_for_nothing() {
    let mandatory: Vec<_> = ReviewerRole::ALL.iter().filter(|r| r.is_mandatory()).collect();
    assert_eq!(mandatory.len(), 4);
    assert!(!ReviewerRole::Viewer.counts() && ReviewerRole::Reviewer.counts());
    assert!(CommentState::Task.is_open() && !CommentState::Addressed.is_open());
    assert!(RequestState::Declined.needs_reason() && !RequestState::Accepted.needs_reason());
}
