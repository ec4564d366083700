//! When it was decided: receipts of others, and time stamps of an authority.

use std::path::Path;
use std::process::Command;

use proofroom_tests::authority::TimeAuthority;
use proofroom_tests::peer::{Peer, list, proofroom, string};
use proofroom_tests::relay::Relay;
use proofroom_tests::up::Up;
use proofroom_tests::world::{World, copy_for_bo, meet, path, until};
use serde_json::Value;

/// Ada's copy, which Bo approved.
fn approved(world: &World) -> (Relay, Peer, Peer) {
    let (relay, ada, bo) = copy_for_bo(world);
    bo.run(&["decide", "Copy", "approved", "--reason", "reads well"]);
    meet(&[&bo, &ada]);
    (relay, ada, bo)
}

/// What a stranger is told of a certificate: the decision, and the details of its time.
fn told(file: &Path, more: &[&str]) -> (Value, String) {
    let mut command = Command::new(proofroom());
    command.env_clear().env("HOME", "nowhere").args(["--json", "verify", path(file)]).args(more);
    let output = command.output().expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).expect("it prints JSON");
    let row = list(&found, "rows").iter().find(|row| row["check"] == "time").expect("it is a row");
    let details = list(row, "details").iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n");
    (found["record"]["assets"][0]["decisions"][0].clone(), details)
}

#[test]
fn a_machine_that_stays_up_signs_receipts_by_itself_and_no_more_than_help() {
    let world = World::new();
    let (_relay, ada, bo) = approved(&world);
    let up =
        Up::with(&ada, &["up", "--listen", "127.0.0.31:0", "--no-nearby", "--no-web", "--receipts", "1s"]);
    let witnessed = up.wait_for("a receipt", |line| line["event"] == "witnessed");
    assert_eq!(witnessed["name"], "Copy");
    until("bo has it", || {
        bo.run(&["sync"]);
        let trail = bo.run(&["audit", "--asset", "Copy"]);
        list(&trail, "lines").iter().any(|line| line["act"] == "witnessed the review")
    });
    // What is witnessed is not witnessed again; a new decision is.
    ada.run(&["version", "add", "Copy", path(&world.place("two.txt"))]);
    until("bo has the second version", || {
        bo.run(&["sync"]);
        bo.output(&["decide", "Copy", "approved", "--reason", "better"]).status.success()
    });
    bo.run(&["sync"]);
    up.wait_for("another receipt", |line| line["event"] == "witnessed");
    up.stop();
    let trail = ada.run(&["audit", "--asset", "Copy"]);
    let receipts = list(&trail, "lines").iter().filter(|line| line["act"] == "witnessed the review");
    assert_eq!(receipts.count(), 2);
}

#[test]
fn a_relay_gives_its_word_for_what_it_holds_to_whoever_believes_its_clock() {
    let world = World::new();
    let (relay, ada, bo) = approved(&world);
    // Bo's own decision is worth it, too: the relay is no party.
    let up =
        Up::with(&bo, &["up", "--listen", "127.0.0.33:0", "--no-nearby", "--no-web", "--receipts", "1s"]);
    let witnessed = up.wait_for("a receipt", |line| line["event"] == "witnessed");
    assert_eq!((&witnessed["name"], string(&witnessed, "relay")), (&Value::from("Copy"), relay.device()));
    until("ada has it", || {
        ada.run(&["sync"]);
        let trail = ada.run(&["audit", "--asset", "Copy"]);
        list(&trail, "lines").iter().any(|line| line["about"] == format!("relay {}", relay.device()))
    });
    up.stop();
    let file = world.place("copy.zip");
    ada.run(&["certify", "Copy", "--out", path(&file)]);
    let (decision, details) = told(&file, &[]);
    let word = &decision["words"][0];
    assert_eq!(
        (string(word, "relay"), &word["believed"]),
        (relay.device(), &Value::Bool(false)),
        "{decision}"
    );
    assert_eq!(decision["within"]["not_after"], Value::Null, "a relay that nobody believes bounds nothing");
    assert!(details.contains("whose clock nobody here vouches for"), "{details}");
    let (decision, details) = told(&file, &["--relay", &relay.device()]);
    assert_eq!(decision["words"][0]["believed"], true, "{decision}");
    assert_eq!(decision["within"]["not_after"], word["at"], "one that is believed does");
    assert!(details.contains("which you believe"), "{details}");

    // Once is enough.
    let trail = ada.run(&["audit", "--asset", "Copy"]);
    let receipts = list(&trail, "lines").iter().filter(|line| line["act"] == "witnessed the review");
    assert_eq!(receipts.count(), 1, "{trail}");
}

#[test]
fn a_receipt_of_somebody_else_bounds_when_a_decision_was_made() {
    let world = World::new();
    let (_relay, ada, bo) = approved(&world);
    let before = world.place("before.zip");
    ada.run(&["certify", "Copy", "--out", path(&before)]);
    assert_eq!(told(&before, &[]).0["within"]["not_after"], Value::Null);

    assert!(list(&bo.run(&["witness"]), "receipts").is_empty(), "nobody witnesses their own");
    let written = ada.run(&["witness"]);
    assert_eq!((list(&written, "receipts").len(), &written["receipts"][0]["stamp"]), (1, &Value::Null));
    assert!(list(&ada.run(&["witness"]), "receipts").is_empty(), "once is enough");
    meet(&[&ada, &bo]);
    let after = world.place("after.zip");
    bo.run(&["certify", "Copy", "--out", path(&after)]);
    let (decision, details) = told(&after, &[]);
    let (claimed, end) = (&decision["statement"]["claimed_at"], &decision["within"]["not_after"]);
    assert!(claimed.as_u64().expect("a claim") <= end.as_u64().expect("a bound"), "{decision}");
    assert!(details.contains("others witnessed it by"), "{details}");

    // The trail tells it as well, on both machines.
    let trail = ada.run(&["audit", "--asset", "Copy"]);
    assert_eq!(trail, bo.run(&["audit", "--asset", "Copy"]));
    let line =
        |act: &str| list(&trail, "lines").iter().find(|l| l["act"] == act).expect("it was done").clone();
    assert_eq!(line("decided in stage review")["not_after"], *end);
    assert_eq!(line("witnessed the review")["marks"], Value::Array(Vec::new()));
}

#[test]
fn a_time_stamp_is_fetched_carried_and_verified_offline_by_whoever_believes_the_authority() {
    let world = World::new();
    let (_relay, ada, bo) = approved(&world);
    let authority = TimeAuthority::start(&world.place("tsa"));
    // A stamp is worth it for one's own decision too.
    let written = bo.run(&["witness", "Copy", "--authority", &authority.url]);
    let stamp = &written["receipts"][0]["stamp"];
    assert!(string(stamp, "authority").contains("Time of the tests"), "{written}");
    assert!(list(&bo.run(&["witness", "--authority", &authority.url]), "receipts").is_empty());
    meet(&[&bo, &ada]);
    let file = world.place("copy.zip");
    ada.run(&["certify", "Copy", "--out", path(&file)]);

    let (decision, details) = told(&file, &[]);
    let stamped = &decision["stamps"][0];
    assert_eq!((&stamped["vouched"], &stamped["at"]), (&Value::Bool(false), &stamp["at"]), "{decision}");
    assert!(details.contains("nobody vouches for here"), "{details}");
    assert_eq!(
        decision["within"]["not_after"],
        Value::Null,
        "an authority that nobody believes bounds nothing"
    );
    let (decision, details) = told(&file, &["--authority", path(&authority.roots)]);
    assert_eq!(decision["stamps"][0]["vouched"], true, "{decision}");
    assert_eq!(decision["within"]["not_after"], stamp["at"], "one that is believed does");
    assert!(details.contains("for whom an authority that you believe vouches"), "{details}");

    let trail = ada.run(&["audit", "--asset", "Copy"]);
    let acts: Vec<String> = list(&trail, "lines").iter().map(|line| string(line, "act")).collect();
    assert!(acts.iter().any(|act| act.contains("Time of the tests")), "{acts:?}");
    ada.refused(&["witness", "Copy", "--authority", "http://127.0.0.1:9/"]).names(&["authority for time"]);

    // The process that stays connected asks as well, and goes on whatever it is told.
    let up = Up::on(&ada, "127.0.0.1");
    assert_eq!(ada.refused(&["witness", "Copy", "--authority", "http://127.0.0.1:9/"]).code, 4);
    let written = ada.run(&["witness", "Copy", "--authority", &authority.url]);
    assert_eq!(list(&written, "receipts").len(), 1, "{written}");
    assert!(list(&ada.run(&["witness", "Copy", "--authority", &authority.url]), "receipts").is_empty());
    up.stop();
}
