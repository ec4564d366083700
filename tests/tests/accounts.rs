//! Accounting for the work: the audit trail, past states, and the ceremony of signing.

use std::fs;

use proofroom_tests::peer::{Peer, list, string};
use proofroom_tests::relay::Relay;
use proofroom_tests::world::{World, copy_for_bo, meet, path};
use serde_json::Value;

/// Ada's copy, which Bo sends back and then approves. The relay lives as long as its handle.
fn reviewed(world: &World) -> (Relay, Peer, Peer) {
    let (relay, ada, bo) = copy_for_bo(world);
    let comment = string(&bo.run(&["comment", "add", "Copy", "=Too long", "--label", "change"]), "comment");
    bo.run(&["decide", "Copy", "changes_required", "--reason", "too long, \"really\""]);
    meet(&[&bo, &ada]);
    ada.run(&["version", "add", "Copy", path(&world.place("two.txt")), "--note", "shorter"]);
    ada.run(&["comment", "resolve", &comment]);
    meet(&[&ada, &bo]);
    bo.run(&["decide", "Copy", "approved", "--reason", "reads well"]);
    meet(&[&bo, &ada]);
    (relay, ada, bo)
}

/// The lines of a trail that say what was done.
fn lines<'a>(trail: &'a Value, act: &str) -> Vec<&'a Value> {
    list(trail, "lines").iter().filter(|line| string(line, "act") == act).collect()
}

#[test]
fn the_trail_tells_who_did_what_when_and_why_with_the_old_and_the_new() {
    let world = World::new();
    let (_relay, ada, bo) = reviewed(&world);
    ada.run(&["release", "Copy", "--to", path(&world.place("out"))]);
    meet(&[&ada, &bo]);
    let trail = ada.run(&["audit"]);
    let decisions = lines(&trail, "decided in stage review");
    let told = decisions.iter().map(|d| (string(d, "new"), string(d, "why"))).collect::<Vec<_>>();
    let wanted = [("changes_required", "too long, \"really\""), ("approved", "reads well")];
    assert_eq!(told, wanted.map(|(new, why)| (new.to_owned(), why.to_owned())));
    // Each version witnesses that Bo's decision came later, and Ada's release that both came before.
    let witnessed = |d: &Value| d["not_before"].is_u64() && d["not_after"].is_u64();
    assert!(decisions.iter().all(|d| witnessed(d)), "{decisions:?}");
    let moved = lines(&trail, "comment: state");
    assert_eq!((string(moved[0], "old"), string(moved[0], "new")), ("open".into(), "addressed".into()));
    assert_eq!(string(lines(&trail, "comment added")[0], "new"), "=Too long");
    assert_eq!(string(lines(&trail, "version added")[1], "why"), "shorter");
    assert_eq!(lines(&trail, "joined").len(), 1);
    assert_eq!(lines(&trail, "founded the workspace").len(), 1);
    let bo_id = string(decisions[0], "person");
    let assigned = lines(&trail, &format!("asset: assignments.{bo_id}"));
    assert_eq!((string(assigned[0], "new"), assigned[0]["old"].clone()), ("approver".into(), Value::Null));
    assert_eq!(lines(&trail, "handed off, 3 files").len(), 1);

    let bos = ada.run(&["audit", "--person", "Bo Ek", "--asset", "Copy"]);
    assert!(list(&bos, "lines").iter().all(|line| line["person"] == decisions[0]["person"]));
    assert_eq!(list(&ada.run(&["audit", "--since", "2999-01-01"]), "lines").len(), 0);
    // Both machines hold the same entries, and tell the same.
    assert_eq!(trail, bo.run(&["audit"]));

    let csv = printed(&ada, &["audit", "--csv"]);
    assert!(csv.starts_with("claimed_at,not_before,not_after,by,act,"), "{csv}");
    assert!(csv.contains("\"too long, \"\"really\"\"\"") && csv.contains(",'=Too long,"), "{csv}");
    let html = printed(&ada, &["audit", "--html"]);
    assert!(csv.contains("\"asset: assignments, Bo Ek\""), "{csv}");
    assert!(html.starts_with("<!doctype html>") && html.contains("too long, &quot;really&quot;"), "{html}");
}

/// What a command prints without `--json`.
fn printed(peer: &Peer, args: &[&str]) -> String {
    let mut command = std::process::Command::new(proofroom_tests::peer::proofroom());
    let output = command.arg("--home").arg(peer.home()).args(args).env_remove("PROOFROOM_HOME").output();
    let output = output.expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it prints UTF-8")
}

#[test]
fn what_does_not_count_stands_out() {
    let world = World::new();
    let (_relay, ada, bo) = reviewed(&world);
    ada.run(&["members", "remove", "Bo Ek"]);
    // Bo, offline, has not heard of it. No relay lets Bo in any more; a bundle brings it.
    bo.run(&["comment", "add", "Copy", "written after the line"]);
    let bundle = world.place("bo.bundle");
    bo.run(&["bundle", "export", path(&bundle)]);
    ada.run(&["bundle", "import", path(&bundle)]);
    let trail = ada.run(&["audit", "--standing-out"]);
    let marks: Vec<&Value> = list(&trail, "lines").iter().flat_map(|line| list(line, "marks")).collect();
    assert!(marks.contains(&&Value::from("held_back")), "{trail}");
    assert_eq!(trail["standing_out"], list(&trail, "lines").len());
}

#[test]
fn any_past_state_can_be_shown() {
    let world = World::new();
    let (_relay, ada, _bo) = reviewed(&world);
    let now = ada.run(&["show", "Copy", "--at", "2999-01-01"]);
    assert_eq!((list(&now, "versions").len(), list(&now, "decisions").len()), (2, 2));
    assert_eq!(list(&now, "comments")[0]["state"], "addressed");
    let first = string(&list(&now, "decisions")[0], "entry");
    let then = ada.run(&["show", "Copy", "--at", &first[..10]]);
    assert_eq!((list(&then, "versions").len(), list(&then, "decisions").len()), (1, 1));
    assert_eq!(list(&then, "comments")[0]["state"], "open");
    // The same by its heads.
    let heads: Vec<String> =
        then["heads"].as_object().expect("heads").iter().map(|(log, seq)| format!("{log}:{seq}")).collect();
    let again = ada.run(&["show", "Copy", "--at", &heads.join(",")]);
    assert_eq!(then, again);
    let before = ada.run(&["show", "Copy", "--at", "2001-01-01"]);
    assert_eq!(list(&before, "versions").len(), 0);
    ada.refused(&["show", "Copy", "--at", "soon"]).names(&["no time", "2026-03-01T12:00"]);
}

const REGULATED: &str = r#"
name = "strict"
about = "A regulator reads the record"
regulated = true

[[stages]]
name = "legal"
reviewers = [{ people = ["Ada Ackermann"], as = "approver" }]
"#;

#[test]
fn a_regulated_route_asks_for_the_passphrase_at_each_signing_and_counts_failures() {
    let world = World::new();
    let relay = world.relay();
    let ada = world.owner("ada", &relay);
    fs::write(world.place("one.txt"), "words").expect("there is room");
    fs::write(world.place("strict.toml"), REGULATED).expect("there is room");
    ada.run(&["asset", "add", path(&world.place("one.txt")), "--name", "Copy", "--category", "written"]);
    ada.run(&["route", "import", path(&world.place("strict.toml"))]);
    ada.run(&["submit", "Copy", "--route", "strict"]);
    let preview = ada.run(&["decide", "Copy", "approved", "--preview"]);
    assert_eq!(
        (&preview["needs_passphrase"], &preview["meaning"]),
        (&Value::Bool(true), &Value::from("approval"))
    );
    assert_eq!(string(&preview, "version_words").split(", ").count(), 3);
    let decide = ["decide", "Copy", "approved", "--reason", "cleared"];
    ada.refused(&decide).names(&["passphrase at each signing", "proofroom passphrase"]);

    let with = |passphrase: &str, args: &[&str]| {
        let output = ada.command(args).env("PROOFROOM_PASSPHRASE", passphrase).output().expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned(), said)
    };
    assert!(with("open sesame", &["passphrase"]).0);
    let (done, _, said) = with("wrong", &decide);
    assert!(!done && said.contains("passphrase"), "{said}");
    let (done, _, said) = with("open sesame", &["decide", "Copy", "approved"]);
    assert!(!done && said.contains("reason"), "{said}");
    let (done, _, said) = with("open sesame", &decide);
    assert!(done, "{said}");
    let file = world.place("copy.zip");
    let (done, out, said) = with("open sesame", &["certify", "Copy", "--out", path(&file)]);
    assert!(done, "{said}");
    assert!(out.contains("\"outcome\":\"approved\""), "{out}");
    let unpacked = world.place("copy");
    let unzip = std::process::Command::new("unzip").args(["-q", path(&file), "-d", path(&unpacked)]).status();
    assert!(unzip.expect("unzip runs").success());
    let record: Value =
        serde_json::from_slice(&fs::read(unpacked.join("record.json")).expect("there")).expect("JSON");
    let statement = &record["assets"][0]["decisions"][0]["statement"];
    assert_eq!(statement["user_verified"], serde_json::json!({"method": "passphrase", "failed_attempts": 1}));
}
