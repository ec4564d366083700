use proofroom_review::{Category, Day, RequestForm, RiskClass, canonical_json, from_canonical_json};
use proptest::prelude::*;

const FULL: &str = r#"
title = "Spring campaign"
categories = ["video", "visual"]
objective = "Sell the new bike"
audience = "Commuters"
message = "Faster than the tram"
mandatories = ["Logo bottom right"]
due = 2026-03-01
approvers = ["Bo Ek"]
risk_class = "regulated"

[[deliverables]]
name = "Poster"
channel = "print"
spec = "A2, 300 dpi"
locale = "de-CH"
due = "2026-02-20"

[[deliverables]]
name = "Spot"
"#;

#[test]
fn a_full_brief_is_read_and_lacks_nothing() {
    let form = RequestForm::from_toml(FULL).expect("a good brief");
    assert_eq!(form.categories, [Category::Visual, Category::Video]);
    assert_eq!((form.due, form.deliverables[0].due), (Day::new(2026, 3, 1), Day::new(2026, 2, 20)));
    assert_eq!(form.risk_class, RiskClass::Regulated);
    assert_eq!(form.problems(), []);
    let json = canonical_json(&form).expect("no numbers");
    assert_eq!(from_canonical_json(&json, 10_000), Ok(form));
}

#[test]
fn the_brief_becomes_a_text_that_people_edit() {
    let text = RequestForm::from_toml(FULL).expect("a good brief").brief_text();
    assert_eq!(
        text,
        "# Spring campaign\n\n## Objective\n\nSell the new bike\n\n## Audience\n\nCommuters\n\n## Message\n\n\
         Faster than the tram\n\n## Mandatories\n\n- Logo bottom right\n\n## Deliverables\n\n\
         - Poster (print, A2, 300 dpi, de-CH, due 2026-02-20)\n- Spot\n"
    );
}

#[test]
fn a_bare_title_can_be_filed_and_says_what_is_missing() {
    let form = RequestForm::from_toml("title = \"Idea\"\ncategory = \"written\"").expect("a title is enough");
    assert_eq!(form.categories, [Category::Written]);
    assert_eq!(form.risk_class, RiskClass::Standard);
    let fields: Vec<String> = form.problems().into_iter().map(|gap| gap.field).collect();
    assert_eq!(fields.join(" "), "objective audience message deliverables due approvers");
}

#[test]
fn mistakes_are_named_with_their_place() {
    let error = |text: &str| RequestForm::from_toml(text).expect_err(text).to_string();
    let message = error("title = \"x\"\nobjectiv = \"y\"");
    assert!(message.contains("line 2") && message.contains("objectiv"), "{message}");
    let message = error("title = \"x\"\ncategory = \"vidio\"");
    assert!(message.contains("line 2") && message.contains("design_source"), "{message}");
    assert!(error("title = ").contains("line 1"));
    assert!(error("objective = \"x\"").contains("title"));
    let message = error("title = \"x\"\ndue = \"2026-02-30\"");
    assert!(message.contains("line 2") && message.contains("2026-02-30"), "{message}");
    assert!(error("title = \"x\"\ndue = 2026-03-01T10:00:00Z").contains("not a date"));
    assert!(error("title = \"x\"\ndue = 7").contains("`7`"));
    let message = error("title = \"x\"\n[[deliverables]]\nname = \"Spot\"\ndue = \"soon\"");
    assert!(message.contains("line 4") && message.contains("Spot") && message.contains("soon"), "{message}");
    let message = error("\ntitle = \"  \"");
    assert!(message.contains("line 2") && message.contains("title is empty"), "{message}");
    let message = error("title = \"x\"\ncategory = \"visual\"\ncategories = []");
    assert!(message.contains("line 3") && message.contains("keep one"), "{message}");
    let message = error("title = \"x\"\n[[deliverables]]\nname = \"a\"\n[[deliverables]]\nname = \" \"");
    assert!(message.contains("line 4") && message.contains("name is empty"), "{message}");
    let message = error("title = \"x\"\n[answers]\na = 1\nb = 1.5");
    assert!(message.contains("line 4") && message.contains("1.5"), "{message}");
    let long = format!("title = \"{}\"", "x".repeat(2 << 20));
    assert!(error(&long).contains("the limit is"));
}

#[test]
fn days_exist_or_are_refused() {
    for text in ["2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31", "2026-04-30"] {
        assert_eq!(text.parse::<Day>().expect(text).to_string(), text);
    }
    for text in [
        "2026-02-29",
        "1900-02-29",
        "2026-13-01",
        "2026-00-01",
        "2026-01-00",
        "2026-04-31",
        "26-01-01",
        "2026-1-1",
        "2026/01/01",
        "+026-01-01",
        "2026-01-01 ",
        "0000-01-01",
        "é026-01-0",
    ] {
        assert!(text.parse::<Day>().is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn no_brief_panics(text in "(title = \"\\PC{0,8}\"\n)?\\PC{0,60}") {
        let _ = RequestForm::from_toml(&text);
        let _ = text.parse::<Day>();
    }
}
