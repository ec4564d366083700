use std::collections::BTreeMap;

use proofroom_ident::PersonId;
use proofroom_review::route::{CloseRule, RouteFileError, StartRule, ready_files, ready_templates};
use proofroom_review::{
    BusinessDuration, NewVersionPolicy, Outcome, ReviewerRole, Route, RouteTemplate, RoutingRules,
    canonical_json, from_canonical_json, route::Cast,
};

use crate::{ADA, BO};

const CY: PersonId = PersonId::from_bytes([0xc1; 32]);

fn cast() -> Cast {
    let members = BTreeMap::from([(ADA, "Ada".to_owned()), (BO, "Bo".to_owned())]);
    let left = BTreeMap::from([(CY, "Cy".to_owned())]);
    let roles =
        ["approvers", "creative", "client", "brand", "legal", "medical", "regulatory", "key-approver"];
    let roles = roles.into_iter().map(|role| (role.parse().expect("a name"), vec![BO, CY])).collect();
    Cast { members, left, roles, ..Cast::default() }
}

/// A route file of one stage with these lines, beginning with line 4.
fn one_stage(lines: &str) -> String {
    format!("name = \"test\"\n[[stages]]\nname = \"a\"\n{lines}\n")
}

const ADA_DECIDES: &str = "[[stages.reviewers]]\npeople = [\"Ada\"]";

fn refused(text: &str) -> RouteFileError {
    RouteTemplate::from_toml(text).expect_err(text)
}

#[test]
fn the_five_ready_templates_hold_and_read_back_what_they_write() {
    let templates = ready_templates().expect("ready templates");
    let files = ready_files().map(|text| RouteTemplate::from_toml(text).expect("a route file"));
    assert_eq!(canonical_json(&templates), canonical_json(&files), "ready.json is what the files say");
    for template in templates {
        let text = template.to_toml().expect("writes");
        assert_eq!(RouteTemplate::from_toml(&text).as_ref(), Ok(&template), "{text}");
        let json = canonical_json(&template).expect("canonical");
        assert_eq!(from_canonical_json::<RouteTemplate>(&json, 1 << 20).as_ref(), Ok(&template));
        let route = template.bind(&cast()).expect("everybody is cast");
        assert!(route.stages.iter().all(|s| s.reviewers.iter().all(|r| r.person == BO)), "Cy has left");
        let json = canonical_json(&route).expect("canonical");
        assert_eq!(from_canonical_json::<Route>(&json, 1 << 20).as_ref(), Ok(&route));
    }
}

#[test]
fn a_route_file_says_everything_a_stage_can_say() {
    let text = r#"
name = "all"
regulated = true
calendar = "zurich"
[[stages]]
name = "a"
title = "First"
start = { any = [{ at = "2026-03-01T09:00" }, "manual"] }
close = { quorum_by_role = { legal = 1 } }
close_on_first_block = true
on_new_version = "always"
watches = ["words"]
meaning = "review"
due = "1d 4h"
escalate_after = "30m"
checklist = [{ item = "claims", text = "Proved?", required = true }]
[[stages.reviewers]]
role = "legal"
as = "approver"
people = ["Ada"]
backup = "Bo"
[[stages]]
name = "b"
start = { all = [{ after = ["a"], outcome = ["approved", "rejected"] }] }
close = { quorum = 1 }
due_at = "2026-04-01T12:00"
[[stages.reviewers]]
people = ["Bo"]
"#;
    let template = RouteTemplate::from_toml(text).expect("a good file");
    let (a, b) = (&template.stages[0], &template.stages[1]);
    assert_eq!(a.due, BusinessDuration::new(1, 240));
    assert_eq!((a.on_new_version, b.on_new_version), (NewVersionPolicy::Always, NewVersionPolicy::Restart));
    assert!(matches!(&a.close, CloseRule::QuorumByRole(by) if by.values().eq([&1])));
    assert!(matches!(&a.start, StartRule::Any(rules) if rules[1] == StartRule::Manual));
    assert!(
        matches!(&b.start, StartRule::All(rules) if matches!(&rules[0], StartRule::After { outcomes, .. }
        if *outcomes == [Outcome::Approved, Outcome::Rejected]))
    );
    assert_eq!(RouteTemplate::from_toml(&template.to_toml().expect("writes")), Ok(template));
}

/// Each of these texts is refused at a line, for a reason.
#[track_caller]
fn check_refused(cases: &[(String, usize, &str)]) {
    for (text, line, says) in cases {
        let error = refused(text);
        assert_eq!(error.problems[0].0, *line, "{text}\n{error}");
        assert!(error.to_string().contains(says), "{text}\n{error}");
    }
}

#[test]
fn what_is_wrong_with_a_stage_is_told_with_its_line() {
    check_refused(&[
        ("not toml".to_owned(), 1, ""),
        (one_stage("coffee = true"), 4, "unknown field `coffee`"),
        (one_stage("close = \"whenever\""), 4, "`whenever` closes no stage"),
        (one_stage("start = \"soon\""), 4, "`soon` starts no stage"),
        (one_stage("due = \"2 weeks\""), 4, "`2 weeks` is not a business duration"),
        (one_stage("due = \"0d\""), 4, "is not a business duration"),
        (one_stage(""), 2, "nobody is asked to decide"),
        (
            one_stage(&format!("close = {{ quorum = 2 }}\n{ADA_DECIDES}")),
            4,
            "a quorum of 2 can never be met: the stage asks 1",
        ),
        (one_stage(&format!("close = {{ quorum = 0 }}\n{ADA_DECIDES}")), 4, "at least 1"),
        (
            one_stage(&format!("close = {{ quorum_by_role = {{ legal = 1 }} }}\n{ADA_DECIDES}")),
            4,
            "no reviewer of the stage is asked as `legal`",
        ),
        (one_stage(&format!("close = \"key_approver\"\n{ADA_DECIDES}")), 4, "would never close"),
        (one_stage(&format!("close = \"deadline\"\n{ADA_DECIDES}")), 4, "nobody has a deadline"),
        (one_stage(&format!("escalate_after = \"1h\"\n{ADA_DECIDES}")), 4, "nobody to escalate to"),
        (one_stage(&format!("{ADA_DECIDES}\nbackup = \"Bo\"")), 6, "the backup would never be asked"),
        (one_stage("[[stages.reviewers]]\nas = \"approver\""), 4, "it asks nobody"),
        (one_stage(&format!("meaning = \"rejection\"\n{ADA_DECIDES}")), 4, "approves nothing"),
        (
            one_stage(&format!(
                "start = {{ at = \"2026-03-02T09:00\" }}\ndue_at = \"2026-03-01T09:00\"\n{ADA_DECIDES}"
            )),
            5,
            "lies before the start",
        ),
        (
            one_stage(&format!("due = \"1d\"\ndue_at = \"2026-03-01T09:00\"\n{ADA_DECIDES}")),
            5,
            "two deadlines",
        ),
        (one_stage(&format!("start = {{ after = [] }}\n{ADA_DECIDES}")), 4, "waits for nothing"),
        (one_stage(&format!("start = {{ all = [] }}\n{ADA_DECIDES}")), 4, "waits for nothing"),
        (
            one_stage(&format!("start = {{ at = \"2026-02-30T09:00\" }}\n{ADA_DECIDES}")),
            4,
            "the day must exist",
        ),
        (
            one_stage(&format!("start = {{ outcome = [\"approved\"], any = [\"manual\"] }}\n{ADA_DECIDES}")),
            4,
            "`outcome` belongs beside `after`",
        ),
    ]);
}

#[test]
fn what_is_wrong_between_stages_is_told_with_its_line() {
    let stage =
        |n: &str, start: &str| format!("[[stages]]\nname = \"{n}\"\nstart = {start}\n{ADA_DECIDES}\n");
    let two = |a: &str, b: &str| format!("name = \"test\"\n{}{}", stage("a", a), stage("b", b));
    check_refused(&[
        (two("\"on_submit\"", "{ after = [\"c\"] }"), 9, "there is no stage `c`: one of a, b"),
        (two("{ after = [\"b\"] }", "{ after = [\"a\"] }"), 4, "the stages wait for each other (a after b)"),
        (two("{ after = [\"a\"] }", "\"manual\""), 4, "wait for each other (a)"),
        (two("\"on_submit\"", "{ after = [\"a\"], outcome = [\"expired\"] }"), 9, "`b` can never start"),
        (
            two("\"on_submit\"", "{ after = [\"a\"], outcome = [\"pending\"] }"),
            9,
            "no stage closes as pending",
        ),
        (two("\"on_submit\"", "\"manual\"").replace("\"b\"", "\"a\""), 8, "two stages `a`"),
        (
            format!(
                "regulated = true\n{}",
                one_stage(&format!("on_new_version = \"skip_if_approved\"\n{ADA_DECIDES}"))
            ),
            5,
            "carries nothing forward by itself",
        ),
    ]);
}

#[test]
fn every_problem_is_told_at_once() {
    let text = one_stage(
        "close = { quorum = 0 }\nstart = { after = [\"x\"] }\n[[stages.reviewers]]\npeople = [\"Ada\"]",
    );
    assert_eq!(refused(&text).problems.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [4, 5]);
}

#[test]
fn binding_names_who_is_missing_gone_or_doubled() {
    let mut cast = cast();
    cast.members.insert(PersonId::from_bytes([9; 32]), "Ada".into());
    let people = |list: &str| {
        RouteTemplate::from_toml(&one_stage(&format!("[[stages.reviewers]]\n{list}"))).expect(list)
    };
    let error = |list: &str| people(list).bind(&cast).expect_err(list).to_string();
    assert!(error("people = [\"Cy\"]").contains("Cy has left the workspace"));
    assert!(error(&format!("people = [\"{CY}\"]")).contains("Cy has left the workspace"));
    assert!(error("people = [\"Dee\"]").contains("nobody in the workspace is called `Dee`"));
    assert!(error("people = [\"Ada\"]").contains("the name of several people"));
    assert!(error("role = \"cooks\"").contains("nobody in the workspace plays `cooks`"));
    assert!(error("people = [\"Bo\"]\ndue = \"1d\"\nbackup = \"Bo\"").contains("their own backup"));
    let text = "close = { quorum = 2 }\n[[stages.reviewers]]\nrole = \"legal\"";
    let template = RouteTemplate::from_toml(&one_stage(text)).expect("the cast decides how many there are");
    assert!(
        template
            .bind(&cast)
            .expect_err("one has left")
            .to_string()
            .contains("a quorum of 2 can never be met")
    );
}

#[test]
fn of_two_slots_of_one_person_the_one_that_asks_most_counts() {
    let text = one_stage(
        "[[stages.reviewers]]\npeople = [\"Bo\"]\nas = \"approver\"\n[[stages.reviewers]]\nrole = \"legal\"\nas = \"viewer\"",
    );
    let route = RouteTemplate::from_toml(&text).expect("good").bind(&cast()).expect("bound");
    assert_eq!(route.stages[0].reviewers.len(), 1);
    assert_eq!(route.stages[0].reviewers[0].duty, ReviewerRole::Approver);
}

#[test]
fn a_rule_file_is_read_and_its_mistakes_have_lines() {
    let templates = ready_templates().expect("ready templates");
    let good = r#"
otherwise = "quick"
[[rules]]
name = "medicines"
when = { risk_class = ["regulated"], category = ["written"], fields = { product = ["Tram *"] } }
route = "medical-legal-regulatory"
[[rules]]
name = "german"
when = { locale = ["de-*"] }
add = [{ stage = "legal", reviewer = { role = "legal", as = "mandatory_reviewer" } }]
"#;
    let rules = RoutingRules::from_toml(good, &templates).expect("good rules");
    assert_eq!(RoutingRules::from_toml(&rules.to_toml().expect("writes"), &templates), Ok(rules));
    for (from, to, line, says) in [
        ("\"quick\"", "\"slow\"", 2, "there is no route `slow`"),
        ("\"medical-legal-regulatory\"", "\"mlr\"", 6, "there is no route `mlr`"),
        ("\"german\"", "\"medicines\"", 8, "names of their own"),
        ("stage = \"legal\"", "stage = \"kitchen\"", 10, "no route has a stage `kitchen`"),
        ("risk_class = [\"regulated\"]", "risk_class = [\"huge\"]", 5, "unknown variant `huge`"),
    ] {
        let error = RoutingRules::from_toml(&good.replace(from, to), &templates).expect_err(says);
        assert_eq!(error.problems[0].0, line, "{error}");
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[test]
fn a_business_duration_is_written_as_it_is_read() {
    for (text, days, minutes) in
        [("2d", 2, 0), ("4h", 0, 240), ("1d 4h 30m", 1, 270), ("90m", 0, 90), ("1d4h", 1, 240)]
    {
        let duration: BusinessDuration = text.parse().expect(text);
        assert_eq!(Some(duration), BusinessDuration::new(days, minutes), "{text}");
        assert_eq!(duration.to_string().parse(), Ok(duration), "{text}");
    }
    for text in ["", "2", "d", "4h 2d", "1h 1h", "-1d", "401d", "2w", "99999999999d", "1d é"] {
        assert!(text.parse::<BusinessDuration>().is_err(), "{text}");
    }
}
