//! Deadlines: who is reminded, by whom, and what is written down about it.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use proofroom_tests::peer::{Peer, list, string};
use proofroom_tests::relay::Relay;
use proofroom_tests::up::Up;
use proofroom_tests::world::{World, meet};
use serde_json::Value;

/// Monday, 4 January 2027, 09:00 UTC.
const MONDAY: u64 = 1_799_053_200_000;
const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;

const ROUTE: &str = r#"
name = "one-look"

[[stages]]
name = "look"
due = "4h"
escalate_after = "1h"
reviewers = [{ people = ["Bo Ek"], as = "mandatory_reviewer", backup = "Cy Castell" }]
"#;

const CALENDAR: &str = r#"
name = "zurich"
zone = "Europe/Zurich"

[week]
mon = ["10:00-18:00"]
tue = ["10:00-18:00"]
"#;

/// A command of somebody's at a time.
fn command(time: u64, peer: &Peer, args: &[&str]) -> Command {
    let mut command = peer.command(args);
    command.env("PROOFROOM_CLOCK_MS", time.to_string());
    command
}

fn at(time: u64, peer: &Peer, args: &[&str]) -> Value {
    let output = command(time, peer, args).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "proofroom {args:?}: {said}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

struct Team {
    world: World,
    _relay: Relay,
    ada: Peer,
    bo: Peer,
    cy: Peer,
}

/// Ada sent a visual on Monday at nine to bo, who has four hours; cy is his backup.
fn team() -> Team {
    let world = World::new();
    let relay = world.relay();
    let ada = world.owner("ada", &relay);
    let bo = world.joined("bo", &ada, "reviewer");
    let cy = world.joined("cy", &ada, "reviewer");
    meet(&[&ada, &bo, &cy]);
    let route = world.studio.write("route.toml", ROUTE.as_bytes());
    ada.run(&["route", "import", &route.to_string_lossy()]);
    let photo = world.studio.photo_jpeg("hero.jpg", 1);
    ada.run(&["asset", "add", &photo.to_string_lossy(), "--name", "Hero", "--category", "visual"]);
    at(MONDAY, &ada, &["submit", "Hero", "--route", "one-look"]);
    meet(&[&ada, &bo, &cy]);
    Team { world, _relay: relay, ada, bo, cy }
}

/// Lets a program on somebody's machine note down what they are told about these people.
fn program(world: &World, peer: &Peer, people: &str) -> std::path::PathBuf {
    let (script, noted) = (peer.home().join("note"), world.place("noted"));
    std::fs::write(&script, format!("#!/bin/sh\nprintf '%s\\n' \"$1\" >> {}\n", noted.display()))
        .expect("a file");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o700)).expect("ours");
    let settings = peer.home().join("notify.toml");
    let text = format!(
        "wait_s = 0\n[[program]]\nname = \"note\"\nrun = [\"{}\"]\npeople = [{people}]\n",
        script.display()
    );
    std::fs::write(&settings, text).expect("a file");
    std::fs::set_permissions(&settings, std::fs::Permissions::from_mode(0o600)).expect("ours");
    noted
}

/// Whom the reminders are to reach, at which step, and what became of them.
fn steps(report: &Value) -> Vec<(String, String, String)> {
    let step = |r: &Value| (string(r, "name"), string(&r["reminder"], "step"), string(r, "outcome"));
    list(report, "reminders").iter().map(step).collect()
}

fn step(name: &str, step: &str, outcome: &str) -> Vec<(String, String, String)> {
    vec![(name.into(), step.into(), outcome.into())]
}

#[test]
fn each_step_is_told_once_by_whoever_is_first_and_the_backup_decides() {
    let Team { _relay, world, ada, bo, cy, .. } = team();
    let noted = program(&world, &ada, "\"Bo Ek\"");
    assert_eq!(steps(&at(MONDAY + HOUR, &ada, &["remind"])), [], "nothing is due yet");

    let dry = at(MONDAY + 3 * HOUR, &ada, &["remind", "--dry-run"]);
    assert_eq!(steps(&dry), step("Bo Ek", "at_risk", "due"), "three quarters have passed: {dry}");
    assert!(!noted.exists(), "nothing was sent");
    let told = at(MONDAY + 3 * HOUR, &ada, &["remind"]);
    assert_eq!(steps(&told), step("Bo Ek", "at_risk", "told"));
    assert_eq!(told["sent"][0]["outcome"], "delivered", "{told}");
    let noted = || std::fs::read_to_string(&noted).expect("the program ran");
    assert_eq!(noted(), "Spring campaign: Hero v1: your decision in look is due 2027-01-04 13:00 UTC\n");
    assert_eq!(steps(&at(MONDAY + 3 * HOUR, &ada, &["remind"])), [], "once");

    meet(&[&ada, &bo, &cy]);
    assert_eq!(steps(&at(MONDAY + 3 * HOUR, &bo, &["remind"])), [], "Bo's machine has heard of it");

    // An hour after the deadline it goes to the backup; Ada's machine does not reach Cy, his own does.
    let late = MONDAY + 5 * HOUR;
    let both = [step("Bo Ek", "overdue", "told"), step("Cy Castell", "escalated", "unreached")].concat();
    assert_eq!(steps(&at(late, &ada, &["remind"])), both);
    let early = ["decide", "Hero", "approved", "--stage", "look", "--on-behalf-of", "Bo Ek"];
    cy.refused(&early);
    let both = [step("Cy Castell", "escalated", "told"), step("Bo Ek", "overdue", "unreached")].concat();
    assert_eq!(steps(&at(late, &cy, &["remind"])), both);
    at(late + MINUTE, &cy, &early);
    meet(&[&cy, &ada, &bo]);
    let status = at(late + HOUR, &bo, &["status", "Hero"]);
    assert_eq!(status["outcome"], "approved", "{status}");
    assert_eq!(steps(&at(late + HOUR, &ada, &["remind"])), [], "a decision ends the ladder");
}

#[test]
fn two_machines_that_remind_apart_have_written_one_fact() {
    let Team { _relay, world, ada, bo, cy, .. } = team();
    program(&world, &ada, "\"Bo Ek\"");
    let late = MONDAY + 4 * HOUR;
    for peer in [&ada, &bo] {
        assert_eq!(steps(&at(late, peer, &["remind"])), step("Bo Ek", "overdue", "told"));
    }
    meet(&[&ada, &bo, &cy]);
    let all = [&ada, &bo, &cy].map(|peer| at(late, peer, &["status", "Hero"])["versions"].clone());
    assert!(all.iter().all(|other| *other == all[0]), "{all:?}");
    for peer in [&ada, &bo, &cy] {
        assert_eq!(steps(&at(late, peer, &["remind"])), [], "nobody has anything to say any more");
    }
}

#[test]
fn up_reminds_by_itself_and_keeps_to_quiet_hours() {
    let Team { _relay, world, ada, bo, .. } = team();
    program(&world, &ada, "\"Bo Ek\"");
    bo.run(&["quiet", "--hours", "11:00-20:00", "--zone", "UTC"]);
    meet(&[&bo, &ada]);
    let quiet = at(MONDAY + 3 * HOUR, &ada, &["remind", "--dry-run"]);
    assert_eq!(steps(&quiet), [], "it is quiet for Bo");
    bo.run(&["quiet", "--clear"]);
    meet(&[&bo, &ada]);
    let args = ["up", "--listen", "127.0.0.1:0", "--no-nearby"];
    let up = Up::at(&ada, MONDAY + 3 * HOUR, &args);
    let told = up.wait_for("a reminder", |line| line["event"] == "reminded");
    assert_eq!((&told["name"], &told["reminder"]["step"]), (&"Bo Ek".into(), &"at_risk".into()));
    let sent = up.wait_for("a delivery", |line| line["event"] == "sent");
    assert_eq!(sent["outcome"], "delivered", "{sent}");
    let list = ada.run(&["notify", "list"]);
    assert_eq!((list["waiting"].as_array().map(Vec::len), &list["given_up"]), (Some(0), &0.into()), "{list}");
    up.stop();
}

#[test]
fn what_cannot_be_delivered_is_given_up_in_the_open_and_retried() {
    let Team { _relay, world, ada, .. } = team();
    let noted = program(&world, &ada, "\"Bo Ek\"");
    let script = ada.home().join("note");
    let kept = ada.home().join("kept");
    std::fs::rename(&script, &kept).expect("ours");
    let told = at(MONDAY + 3 * HOUR, &ada, &["remind"]);
    assert_eq!(told["sent"][0]["outcome"], "given up", "{told}");
    let dead = ada.run(&["notify", "dead-letters"]);
    let [letter] = &list(&dead, "given_up")[..] else { panic!("{dead}") };
    assert!(string(letter, "last").contains("is not there"), "{letter}");
    std::fs::rename(&kept, &script).expect("ours");
    let again = ada.run(&["notify", "retry", &string(letter, "id")]);
    assert_eq!(again["sent"][0]["outcome"], "delivered", "{again}");
    assert!(noted.exists());
    ada.refused(&["notify", "retry", "nothing"]).names(&["no message that was given up", "dead-letters"]);
}

#[test]
fn calendars_come_from_files_and_say_when_something_is_due() {
    let Team { _relay, world, ada, bo, .. } = team();
    let write =
        |name: &str, text: &str| world.studio.write(name, text.as_bytes()).to_string_lossy().into_owned();
    let file = write("zurich.toml", CALENDAR);
    let ics =
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20270105\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let holidays = write("ch.ics", ics);
    ada.run(&["calendar", "import", &file, "--holidays", &holidays]);
    meet(&[&ada, &bo]);
    let due = bo.run(&["calendar", "due", "zurich", "1d", "--from", "2027-01-04T17:00"]);
    assert_eq!(due["due_local"], "2027-01-11T17:00", "Tuesday is off, and there is no Wednesday: {due}");
    assert_eq!(bo.run(&["calendar", "list"])["calendars"][0]["usual"], true);
    let wrong = write("wrong.toml", &CALENDAR.replace("Zurich\"", "Zurig\""));
    let names = ["wrong.toml:3:", "there is no time zone `Europe/Zurig`", "Europe/Zurich"];
    ada.refused(&["calendar", "check", &wrong]).names(&names);
    let wrong = write("wrong.ics", &ics.replace("DTSTART", "SUMMARY"));
    ada.refused(&["calendar", "check", &file, "--holidays", &wrong]).names(&["wrong.ics:2:", "no DTSTART"]);
    ada.run(&["calendar", "remove", "zurich"]);
    ada.refused(&["calendar", "show", "zurich"]).names(&["no calendar `zurich`", "calendar import"]);
}

#[test]
fn settings_that_others_may_read_or_that_are_wrong_are_refused_by_name() {
    let Team { _relay, world, ada, .. } = team();
    program(&world, &ada, "\"Mallory\"");
    let listed = ada.run(&["notify", "list"]);
    assert!(listed["warnings"].to_string().contains("Mallory"), "{listed}");
    let settings = ada.home().join("notify.toml");
    std::fs::set_permissions(&settings, std::fs::Permissions::from_mode(0o644)).expect("ours");
    ada.refused(&["remind"]).names(&["notify.toml", "chmod 600"]);
    std::fs::set_permissions(&settings, std::fs::Permissions::from_mode(0o600)).expect("ours");
    std::fs::write(&settings, "wait_s = 0\n\n[mial]\n").expect("ours");
    ada.refused(&["notify", "list"]).names(&[
        "notify.toml: line 3",
        "unknown field `mial`",
        "notify example",
    ]);
    assert!(string(&ada.run(&["notify", "secret"]), "secret").starts_with("whsec_"));
}
