//! Deadlines and the ladder of reminders up to them.

use proofroom_ident::{AssetId, PersonId};
use proofroom_review::Decision::{Approved, ChangesRequired};
use proofroom_review::{Act, CalendarSpec, Outcome, Peace, ReminderKey, SlaState, Threshold};
use proofroom_workflow::Evaluation;
use proofroom_workflow::Warning;
use proofroom_workflow::view::{PendingReminder, ReminderDue};

use crate::world::{ADA, ASSET, BO, CY, DAY, DI, HOUR, MINUTE, World, moment, route, stage_name, utc};

/// Bo has four hours of the plain calendar, from Monday at nine; Di is his backup, an hour later.
const LOOK: &str = r#"
    [[stages]]
    name = "look"
    due = "4h"
    escalate_after = "1h"
    [[stages.reviewers]]
    people = ["Bo"]
    backup = "Di"
"#;

fn key(person: PersonId, threshold: Threshold) -> ReminderKey {
    ReminderKey { stage: stage_name("look"), person, threshold }
}

/// Whom the reminders that are due now are to reach, and about which step.
fn due(world: &World) -> Vec<(PersonId, Threshold)> {
    world.view().reminders.iter().map(|r| (r.reminder.to, r.reminder.key.threshold)).collect()
}

/// Sends what is due and writes it down.
fn send(world: &mut World, by: PersonId) -> Vec<(PersonId, Threshold)> {
    let reminders = world.view().reminders;
    for ReminderDue { reminder, .. } in &reminders {
        world.act(by, reminder.version, Act::Remind(reminder.key.clone()));
    }
    reminders.iter().map(|r| (r.reminder.to, r.reminder.key.threshold)).collect()
}

#[test]
fn the_ladder_reminds_at_half_at_three_quarters_at_the_deadline_and_then_asks_the_backup() {
    let (mut world, _) = World::on(LOOK);
    assert_eq!(world.assignment("look", BO).due, Some(utc("2026-03-02T13:00")));
    for (time, sla, sent) in [
        ("2026-03-02T10:59", None, vec![]),
        ("2026-03-02T11:00", None, vec![(BO, Threshold::HalfUnopened)]),
        ("2026-03-02T11:59", None, vec![]),
        ("2026-03-02T12:00", Some(SlaState::AtRisk), vec![(BO, Threshold::AtRisk)]),
        ("2026-03-02T13:00", Some(SlaState::Missed), vec![(BO, Threshold::Overdue)]),
        ("2026-03-02T14:00", Some(SlaState::Missed), vec![(DI, Threshold::Escalated)]),
        ("2026-03-09T14:00", Some(SlaState::Missed), vec![]),
    ] {
        world.at(time);
        assert_eq!(world.assignment("look", BO).sla, sla, "{time}");
        assert_eq!(send(&mut world, CY), sent, "{time}");
        assert_eq!(due(&world), [], "told once");
    }
}

#[test]
fn somebody_who_opened_it_is_not_reminded_at_half() {
    let (mut world, v) = World::on(LOOK);
    world.act(BO, v, Act::Open);
    assert_eq!(due(world.at("2026-03-02T11:30")), []);
    assert_eq!(due(world.at("2026-03-02T12:00")), [(BO, Threshold::AtRisk)]);
}

#[test]
fn a_peer_that_was_away_for_days_says_the_last_step_only() {
    let (mut world, _) = World::on(LOOK);
    assert_eq!(due(world.at("2026-03-05T12:00")), [(BO, Threshold::Overdue), (DI, Threshold::Escalated)]);
}

#[test]
fn two_peers_that_send_the_same_reminder_have_written_it_once() {
    let (mut world, v) = World::on(LOOK);
    world.at("2026-03-02T11:00").offline(CY);
    assert_eq!(send(&mut world, ADA), [(BO, Threshold::HalfUnopened)]);
    let alone = world.asset();
    world.act(CY, v, Act::Remind(key(BO, Threshold::HalfUnopened)));
    assert_eq!(world.asset(), alone, "the second fact says nothing new");
    assert_eq!(due(&world), []);
}

#[test]
fn a_decision_ends_the_ladder() {
    let (mut world, v) = World::on(LOOK);
    world.at("2026-03-02T11:00").decide(BO, v, "look", Approved);
    assert_eq!(due(world.at("2026-03-05T11:00")), []);
    assert_eq!(world.asset().pending, []);
}

#[test]
fn a_backup_that_was_asked_before_the_time_is_told_of() {
    let (mut world, v) = World::on(LOOK);
    world.act(CY, v, Act::Remind(key(BO, Threshold::Escalated)));
    let early = Warning::EarlyEscalation { stage: stage_name("look"), person: BO };
    assert_eq!(world.warnings(), [early]);
}

#[test]
fn the_clock_stands_still_while_the_author_holds_the_work() {
    let (mut world, v) = World::on(LOOK);
    world.at("2026-03-02T10:00").act(ADA, v, Act::Pause);
    world.at("2026-03-03T10:00");
    assert_eq!((world.assignment("look", BO).due, due(&world)), (None, vec![]));
    assert_eq!(world.assignment("look", BO).sla, Some(SlaState::Paused));
    world.act(ADA, v, Act::Resume);
    assert_eq!(world.assignment("look", BO).due, Some(utc("2026-03-03T13:00")), "three hours were left");
    let (mut world, v) = World::on(LOOK);
    world.act(CY, v, Act::Pause);
    assert_eq!(world.assignment("look", BO).due, Some(utc("2026-03-02T13:00")), "Cy is not its author");
}

#[test]
fn asking_for_changes_gives_the_work_to_its_author_and_stops_the_other_clocks() {
    let toml = format!(
        "{LOOK}\n[[stages]]\nname = \"legal\"\ndue = \"4h\"\nclose_on_first_block = true\n[[stages.reviewers]]\npeople = [\"Cy\"]\n"
    );
    let (mut world, v) = World::on(&toml);
    world.at("2026-03-02T10:00").decide(CY, v, "legal", ChangesRequired);
    world.at("2026-03-02T15:00");
    assert_eq!((world.assignment("look", BO).due, due(&world)), (None, vec![]));
}

#[test]
fn each_assignment_has_its_own_time_in_the_routes_calendar() {
    let toml = r#"
        calendar = "zurich"
        [[stages]]
        name = "look"
        due = "1d"
        [[stages.reviewers]]
        people = ["Bo"]
        [[stages.reviewers]]
        people = ["Cy"]
        due = "2h"
    "#;
    let zurich = "name = \"zurich\"\nzone = \"Europe/Zurich\"\nholidays = [\"2026-03-03\"]\n[week]\nmon = [\"08:00-12:00\", \"13:00-17:00\"]\ntue = [\"08:00-17:00\"]\nwed = [\"08:00-12:00\"]\n";
    let (mut world, v) = World::new();
    world.plan.calendars = vec![CalendarSpec::from_toml(zurich).expect("a calendar")];
    world.now = moment("Europe/Zurich", "2026-03-02T11:00");
    world.submit(ADA, v, Some(route(toml)));
    let zurich = |time| Some(moment("Europe/Zurich", time));
    assert_eq!(world.assignment("look", CY).due, zurich("2026-03-02T14:00"), "over lunch");
    // A day is seven hours on average; five are left on Monday, Tuesday is a holiday.
    assert_eq!(world.assignment("look", BO).due, zurich("2026-03-04T10:00"));
}

#[test]
fn a_route_whose_calendar_is_gone_says_that_it_has_no_deadline() {
    let (mut world, v) = World::new();
    world.submit(ADA, v, Some(route(&format!("calendar = \"zurich\"\n{LOOK}"))));
    assert_eq!(world.warnings(), [Warning::NoDeadline { stage: stage_name("look") }]);
    assert_eq!(world.assignment("look", BO).due, None);
}

#[test]
fn a_calendar_that_cannot_be_used_is_told_by_name() {
    let (mut world, _) = World::on(LOOK);
    let mut odd = CalendarSpec::plain("odd".parse().expect("a name"));
    odd.zone = "Europe/Atlantis".into();
    world.plan.calendars = vec![odd];
    let warnings = world.view().warnings;
    assert!(matches!(&warnings[..], [Warning::Calendar { calendar, problem }]
        if calendar == "odd" && problem.contains("there is no time zone `Europe/Atlantis`")));
}

fn peace(world: &mut World, person: PersonId, quiet: Option<&str>, digest: Option<&str>, max: Option<u32>) {
    world.plan.people.entry(person).or_default().peace = Peace {
        zone: Some("UTC".into()),
        quiet: quiet.map(|hours| hours.parse().expect("hours")),
        digest: digest.map(|time| time.parse().expect("a time")),
        daily_max: max,
    };
}

#[test]
fn nothing_is_sent_in_quiet_hours_and_the_digest_waits_for_its_time() {
    let (mut world, _) = World::on(LOOK);
    peace(&mut world, BO, Some("10:00-15:00"), None, None);
    assert_eq!(due(world.at("2026-03-02T14:59")), [(DI, Threshold::Escalated)], "Di is not quiet");
    assert_eq!(due(world.at("2026-03-02T15:00")), [(BO, Threshold::Overdue), (DI, Threshold::Escalated)]);
    let (mut world, _) = World::on(LOOK);
    peace(&mut world, BO, None, Some("16:00"), None);
    assert_eq!(due(world.at("2026-03-02T13:30")), []);
    assert_eq!(due(world.at("2026-03-02T16:00"))[0], (BO, Threshold::Overdue));
}

#[test]
fn no_more_than_so_many_reach_somebody_in_a_day_and_the_others_wait_for_the_next() {
    let (mut world, v) = World::new();
    peace(&mut world, BO, None, None, Some(1));
    world.submit(ADA, v, Some(route(LOOK)));
    let other = AssetId::from_bytes([2; 16]);
    let step = |world: &mut World, facts: &mut proofroom_workflow::AssetFacts| {
        let mut evaluation = Evaluation::new(&world.plan, world.now);
        evaluation.insert(ASSET, &world.facts);
        evaluation.insert(other, facts);
        let reminders: Vec<_> = evaluation.reminders().into_iter().filter(|r| r.reminder.to == BO).collect();
        for r in &reminders {
            let sent = world.act(CY, r.reminder.version, Act::Remind(r.reminder.key.clone()));
            if r.asset == other {
                let at = world.facts.acts.iter().position(|a| a.entry == sent).expect("just written");
                facts.acts.push(world.facts.acts.remove(at));
            }
        }
        reminders.iter().map(|r| r.asset).collect::<Vec<_>>()
    };
    let mut facts = world.facts.clone();
    world.at("2026-03-02T11:00");
    assert_eq!(step(&mut world, &mut facts), [ASSET], "one of two");
    world.pass(MINUTE);
    assert_eq!(step(&mut world, &mut facts), [], "the day's one was sent");
    world.at("2026-03-03T09:00");
    assert_eq!(step(&mut world, &mut facts).len(), 1);
}

#[test]
fn a_reminder_reaches_the_delegate_of_somebody_who_is_away() {
    let (mut world, _) = World::on(LOOK);
    world.grant(BO, CY, 10 * DAY);
    assert_eq!(due(world.at("2026-03-02T12:00")), [(CY, Threshold::AtRisk)]);
}

#[test]
fn nobody_who_left_is_reminded() {
    let (mut world, _) = World::on(LOOK);
    world.plan.people.entry(BO).or_default().left = true;
    assert_eq!(due(world.at("2026-03-02T14:00")), [(DI, Threshold::Escalated)]);
}

#[test]
fn a_superseded_version_reminds_nobody() {
    let (mut world, one) = World::on(LOOK);
    let two = world.version(&[one]);
    world.at("2026-03-02T12:00").submit(ADA, two, Some(route(LOOK)));
    assert_eq!(due(&world), [], "its own clock has just begun");
    world.pass(HOUR * 3);
    let reminders: Vec<PendingReminder> = world.asset().pending;
    assert!(reminders.iter().all(|r| r.version == two) && !reminders.is_empty());
    assert_eq!(world.run(one).outcome, Outcome::Superseded);
}
