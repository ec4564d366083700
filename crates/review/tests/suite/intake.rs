use proofroom_review::intake::Verdict;
use proofroom_review::{Answer, Category, IntakeForm, RequestForm, canonical_json, from_canonical_json};
use proptest::prelude::*;

const COMPLETE: &str = r#"
title = "Spring"
category = "visual"
objective = "Sell the new bike"
audience = "Commuters"
message = "Faster than the tram"
due = 2026-03-01
approvers = ["Bo Ek"]

[[deliverables]]
name = "Poster"
channel = "print"
size = "420x594 mm"

[[timeline]]
name = "Layouts"
due = 2026-02-01

[answers]
dimensions = "A2"
colour_space = "sRGB"
"#;

fn form(text: &str) -> RequestForm {
    RequestForm::from_toml(text).expect("a good brief")
}

fn verdict(form: &RequestForm) -> Verdict {
    form.verdict(&IntakeForm::for_request(form, []))
}

fn missing(form: &RequestForm) -> String {
    verdict(form).missing.iter().map(|gap| gap.field.as_str()).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_category_has_a_form_that_reads_and_writes_itself() {
    for category in Category::ALL {
        let form = IntakeForm::default_for(*category);
        let file = IntakeForm::from_toml(IntakeForm::default_file(*category));
        assert_eq!(file.as_ref(), Ok(&form), "defaults.json is what the files say");
        assert!(form.fields.iter().any(|f| f.required), "{category} asks for nothing");
        assert!(form.fields.iter().all(|f| f.help.is_some()), "{category} leaves people alone");
        let again = IntakeForm::from_toml(&form.to_toml().expect("plain data")).expect("its own file");
        assert_eq!(again, form);
        let json = canonical_json(&form).expect("no numbers");
        assert_eq!(from_canonical_json(&json, 100_000), Ok(form));
    }
}

#[test]
fn the_gate_lets_a_complete_brief_through_and_says_what_another_lacks() {
    assert_eq!(verdict(&form(COMPLETE)), Verdict { complete: true, missing: Vec::new() });
    let bare = form("title = \"Idea\"\ncategory = \"visual\"");
    assert_eq!(
        missing(&bare),
        "objective audience message deliverables due approvers dimensions colour_space"
    );
    assert!(!verdict(&bare).complete);
    let hint = &verdict(&bare).missing[6].hint;
    assert!(hint.contains("Dimensions") && hint.contains("1080x1350"), "{hint}");
}

#[test]
fn a_field_is_asked_for_only_while_its_condition_holds() {
    let mut brief = form(COMPLETE);
    brief.answers.insert("colour_space".into(), Answer::Text("CMYK".into()));
    assert_eq!(missing(&brief), "print_profile");
    let careful = form(&COMPLETE.replace("category", "risk_class = \"regulated\"\ncategory"));
    assert_eq!(missing(&careful), "usage_rights");
    let channel = "category = \"visual\"\ntitle = \"t\"\n[[fields]]\nkey = \"proof\"\nlabel = \"Proof\"\n\
                   type = \"line\"\nrequired = true\nwhen = { field = \"channel\", is = [\"Print\"] }";
    let own = IntakeForm::from_toml(channel).expect("a good form");
    let print = form(COMPLETE);
    let forms = IntakeForm::for_request(&print, [&own]);
    assert_eq!(print.verdict(&forms).missing[0].field, "proof");
}

#[test]
fn answers_of_the_wrong_kind_and_impossible_dates_are_gaps() {
    let mut brief = form(COMPLETE);
    brief.answers.insert("colour_space".into(), Answer::Text("sepia".into()));
    assert!(verdict(&brief).missing[0].hint.contains("none of: sRGB"));
    brief.answers.insert("colour_space".into(), Answer::Number(4));
    assert!(verdict(&brief).missing[0].hint.contains("another type"));
    let late = form(&COMPLETE.replace("due = 2026-03-01", "start = 2026-03-02\ndue = 2026-03-01"));
    assert!(missing(&late).starts_with("due timeline"), "{:?}", verdict(&late));
}

#[test]
fn a_form_may_waive_a_standard_field_that_no_other_category_wants() {
    let own = "category = \"visual\"\ntitle = \"t\"\noptional = [\"message\", \"audience\"]";
    let own = IntakeForm::from_toml(own).expect("a good form");
    let brief = form("title = \"Idea\"\ncategories = [\"visual\"]");
    let forms = IntakeForm::for_request(&brief, [&own]);
    let fields: Vec<String> = brief.verdict(&forms).missing.into_iter().map(|gap| gap.field).collect();
    assert_eq!(fields.join(" "), "objective deliverables due approvers");
    let both = form("title = \"Idea\"\ncategories = [\"visual\", \"written\"]");
    let forms = IntakeForm::for_request(&both, [&own]);
    assert!(both.verdict(&forms).missing.iter().any(|gap| gap.field == "message"));
}

#[test]
fn mistakes_in_a_form_are_named_with_line_and_fix() {
    let head = "category = \"visual\"\ntitle = \"t\"\n[[fields]]\n";
    let cases: &[(&str, &[&str])] = &[
        ("key = \"Bad Key\"\nlabel = \"x\"\ntype = \"line\"", &["line 4", "lower-case"]),
        ("key = \"due\"\nlabel = \"x\"\ntype = \"line\"", &["line 4", "standard field"]),
        ("key = \"a\"\nlabel = \"x\"\ntype = \"sort\"", &["line 6", "yes_no"]),
        ("key = \"a\"\nlabel = \"x\"\ntype = \"choice\"", &["line 6", "add of"]),
        ("key = \"a\"\nlabel = \"x\"\ntype = \"line\"\nof = [\"b\"]", &["line 7", "no choice"]),
        ("key = \"a\"\nlabel = \"x\"\ntype = \"line\"\nkind = 1", &["line 7", "unknown field `kind`"]),
        (
            "key = \"a\"\nlabel = \"x\"\ntype = \"line\"\nwhen = { field = \"b\", is = [\"c\"] }",
            &["line 7", "`b`"],
        ),
        (
            "key = \"a\"\nlabel = \"x\"\ntype = \"line\"\nwhen = { field = \"channel\", is = [] }",
            &["line 7", "never hold"],
        ),
        (
            "key = \"a\"\nlabel = \"x\"\ntype = \"line\"\n[[fields]]\nkey = \"a\"\nlabel = \"y\"\ntype = \"line\"",
            &["line 8", "twice"],
        ),
    ];
    for (body, words) in cases {
        let fault = IntakeForm::from_toml(&format!("{head}{body}")).expect_err(body).to_string();
        for word in *words {
            assert!(fault.contains(word), "`{word}` is not in: {fault}");
        }
    }
    let fault =
        IntakeForm::from_toml("category = \"visual\"\ntitle = \"t\"\noptional = [\"x\"]").expect_err("x");
    assert_eq!(fault.line, 3);
}

#[test]
fn typed_answers_are_read_by_the_field_s_kind() {
    let video = IntakeForm::default_for(Category::Video);
    let field = |key: &str| video.fields.iter().find(|f| f.key == key).expect(key);
    assert_eq!(field("duration_s").read(" 30 "), Ok(Some(Answer::Number(30))));
    assert!(field("duration_s").read("half a minute").is_err());
    let ratios = Answer::List(vec!["16:9".into(), "1:1".into()]);
    assert_eq!(field("aspect_ratios").read("16:9, 1:1"), Ok(Some(ratios)));
    assert!(field("aspect_ratios").read("17:9").is_err());
    assert_eq!(field("captions").read(""), Ok(None));
}

proptest! {
    #[test]
    fn no_form_panics(text in "(category = \"video\"\n)?(title = \"\\PC{0,8}\"\n)?(\\[\\[fields\\]\\]\n)?\\PC{0,60}") {
        let _ = IntakeForm::from_toml(&text);
    }
}
