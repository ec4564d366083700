//! A review from intake to release, between three people who are seldom online together.

use proofroom_tests::peer::{Peer, list, string};
use proofroom_tests::relay::Relay;
use proofroom_tests::world::{World, agree, meet};
use serde_json::Value;

/// Monday, 4 January 2027, 09:00 UTC.
const MONDAY: u64 = 1_799_053_200_000;
const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;

const ROUTE: &str = r#"
name = "with-legal"
about = "Brand and legal side by side, then the approver."

[[stages]]
name = "brand"
due = "4h"
escalate_after = "1h"
reviewers = [{ role = "brand", as = "mandatory_reviewer", backup = "Cy Castell" }]

[[stages]]
name = "legal"
checklist = [{ item = "claims", text = "Every claim can be proved", required = true }]
reviewers = [{ role = "legal", as = "mandatory_reviewer" }]

[[stages]]
name = "approval"
start = { after = ["brand", "legal"] }
reviewers = [{ role = "approvers", as = "approver" }]
"#;

const RULES: &str = r#"
otherwise = "quick"

[[rules]]
name = "claims go through legal"
when = { risk_class = ["elevated", "regulated"] }
route = "with-legal"
"#;

const BRIEF: &str = "title = \"Spring\"\ncategory = \"visual\"\nrisk_class = \"elevated\"\n";

/// Runs a command at a time.
fn at(time: u64, peer: &Peer, args: &[&str]) -> Value {
    let output = peer.command(args).env("PROOFROOM_CLOCK_MS", time.to_string()).output();
    let output = output.expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "proofroom {args:?}: {said}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Everybody exchanges with the relay, at a time, until all have heard of all.
fn meet_at(time: u64, peers: &[&Peer]) {
    for _ in 0..2 {
        for peer in peers {
            at(time, peer, &["sync"]);
        }
    }
}

fn stage<'v>(status: &'v Value, version: &str, name: &str) -> &'v Value {
    let version = list(status, "versions").iter().find(|v| v["label"] == version).expect("the version");
    list(version, "stages").iter().find(|s| s["stage"] == name).expect("the stage")
}

struct Team {
    world: World,
    _relay: Relay,
    ada: Peer,
    bo: Peer,
    cy: Peer,
}

/// Ada owns and approves, bo is brand, cy is legal and bo's backup; a visual that claims something.
fn team() -> Team {
    let world = World::new();
    let relay = world.relay();
    let ada = world.owner("ada", &relay);
    let bo = world.joined("bo", &ada, "reviewer");
    let cy = world.joined("cy", &ada, "reviewer");
    let write =
        |name: &str, text: &str| world.studio.write(name, text.as_bytes()).to_string_lossy().into_owned();
    ada.run(&["sync"]);
    ada.run(&["route", "import", &write("route.toml", ROUTE)]);
    ada.run(&["rule", "import", &write("rules.toml", RULES)]);
    for (role, who) in [("brand", "Bo Ek"), ("legal", "Cy Castell"), ("approvers", "Ada Ackermann")] {
        ada.run(&["cast", "set", role, who]);
    }
    let request = string(&ada.run(&["request", "new", "--from", &write("brief.toml", BRIEF)]), "request");
    ada.run(&["request", "accept", &request, "--anyway", "the brief is to come"]);
    let photo = world.studio.photo_jpeg("hero.jpg", 1);
    let add = ["asset", "add", &photo.to_string_lossy(), "--name", "Hero", "--category", "visual"];
    ada.run(&[&add[..], &["--request", &request]].concat());
    Team { world, _relay: relay, ada, bo, cy }
}

#[test]
fn a_review_goes_from_intake_to_release_through_a_new_version_silence_and_offline_decisions() {
    let Team { world, _relay, ada, bo, cy } = team();
    let all = [&ada, &bo, &cy];

    let sent = at(MONDAY, &ada, &["submit", "Hero"]);
    assert_eq!(sent["route"], "with-legal");
    let why = ada.run(&["review", "why", "Hero"]);
    assert_eq!(why["chosen"]["rule"], "claims go through legal", "{why}");
    assert_eq!(why["chosen"]["inputs"]["risk class"], serde_json::json!(["elevated"]));
    meet_at(MONDAY + HOUR, &all);

    // Both stages run at once; who synced said so, and nobody else.
    let status = at(MONDAY + HOUR, &ada, &["status", "Hero"]);
    assert_eq!(stage(&status, "v1", "brand")["people"][0]["progress"], "synced", "{status}");
    assert_eq!(stage(&status, "v1", "legal")["phase"], "running");
    assert_eq!(stage(&status, "v1", "approval")["phase"], "waiting");
    let inbox = at(MONDAY + HOUR, &cy, &["inbox"]);
    assert_eq!(
        (&inbox["items"][0]["what"], &inbox["items"][0]["stage"]),
        (&"decide".into(), &"legal".into())
    );

    // An approval without the checklist's answer would not count, so it is not signed.
    cy.refused(&["decide", "Hero", "approved"]).names(&["checklist", "claims", "--answer"]);
    at(MONDAY + HOUR, &cy, &["decide", "Hero", "approved", "--answer", "claims=all three"]);

    // A new version in the middle of the review: the first one is read-only from now on.
    let photo = world.studio.photo_jpeg("hero-2.jpg", 2);
    at(MONDAY + HOUR, &ada, &["version", "add", "Hero", &photo.to_string_lossy()]);
    at(MONDAY + HOUR, &ada, &["submit", "Hero"]);
    meet_at(MONDAY + 2 * HOUR, &all);
    let status = at(MONDAY + 2 * HOUR, &bo, &["status", "Hero"]);
    assert_eq!(list(&status, "versions")[0]["outcome"], "superseded");
    assert_eq!(stage(&status, "v1", "legal")["people"][0]["decision"], "approved", "kept, but past");
    assert_eq!(stage(&status, "v2", "legal")["people"][0]["decision"], Value::Null, "asked again");

    bo_is_silent_until_both_decide_apart(&ada, &bo, &cy);
    bo_settles_and_the_work_is_approved(&ada, &bo, &cy);
    it_is_released(&world, &ada, &all);
}

/// Nobody hears of bo until his backup is asked, an hour after the deadline. Cy decides for him; so does
/// he, offline.
fn bo_is_silent_until_both_decide_apart(ada: &Peer, bo: &Peer, cy: &Peer) {
    let tuesday = MONDAY + DAY + 6 * HOUR;
    let for_bo = ["decide", "Hero", "approved", "--stage", "brand", "--on-behalf-of", "Bo Ek"];
    cy.refused(&for_bo).names(&["nothing lets them decide for Bo Ek"]);
    let late = at(tuesday, ada, &["status", "Hero"]);
    assert_eq!(stage(&late, "v2", "brand")["people"][0]["sla"], "missed", "{late}");
    let told = at(tuesday, cy, &["remind"]);
    let asked = |r: &Value| r["name"] == "Cy Castell" && r["reminder"]["step"] == "escalated";
    assert!(list(&told, "reminders").iter().any(asked), "{told}");
    let inbox = at(tuesday, cy, &["inbox"]);
    let stands_in = list(&inbox, "items").iter().find(|item| item["stage"] == "brand").expect("bo's work");
    assert!(string(stands_in, "command").contains("--on-behalf-of \"Bo Ek\""), "{stands_in}");
    at(tuesday, cy, &for_bo);
    at(tuesday, bo, &["decide", "Hero", "changes_required", "--reason", "The logo is the old one"]);
    meet_at(tuesday, &[ada, bo, cy]);
    let status = at(tuesday, ada, &["status", "Hero"]);
    let brand = &stage(&status, "v2", "brand")["people"][0];
    assert_eq!(brand["decision"], "changes_required", "the more restrictive counts: {status}");
    let v2 = &list(&status, "versions")[1];
    let notices: Vec<&str> = list(v2, "notices").iter().filter_map(Value::as_str).collect();
    assert!(notices.iter().any(|n| n.contains("made apart")), "{notices:?}");
}

fn bo_settles_and_the_work_is_approved(ada: &Peer, bo: &Peer, cy: &Peer) {
    let wednesday = MONDAY + 2 * DAY;
    let inbox = at(wednesday, bo, &["inbox"]);
    let asked = list(&inbox, "items").iter().any(|item| item["what"] == "settle_concurrent");
    assert!(asked, "bo is asked: {inbox}");
    at(wednesday, bo, &["settle", "Hero", "approved", "--reason", "It is the new one after all"]);
    // Cy is away and says so beforehand: ada may decide for legal.
    let grant =
        ["delegate", "to", "Ada Ackermann", "--for", "3d", "--stage", "legal", "--reason", "on a train"];
    at(wednesday, cy, &grant);
    meet_at(wednesday, &[ada, bo, cy]);
    let legal = ["decide", "Hero", "approved", "--stage", "legal", "--answer", "claims=all three"];
    at(wednesday + HOUR, ada, &[&legal[..], &["--on-behalf-of", "Cy Castell"]].concat());
    ada.refused(&["release", "Hero", "--to", "nowhere"]).names(&["cannot be released", "in_progress"]);
    at(wednesday + HOUR, ada, &["decide", "Hero", "approved", "--stage", "approval"]);
}

fn it_is_released(world: &World, ada: &Peer, all: &[&Peer]) {
    let thursday = MONDAY + 3 * DAY;
    let folder = world.place("launch");
    let released = at(thursday, ada, &["release", "Hero", "--to", &folder.to_string_lossy()]);
    let kinds: Vec<&str> =
        list(&released["assets"][0], "files").iter().filter_map(|f| f["kind"].as_str()).collect();
    assert!(kinds.contains(&"original") && kinds.contains(&"sidecar"), "{kinds:?}");
    let sent = std::fs::read(folder.join("hero-2.jpg")).expect("the file");
    let made = std::fs::read(world.studio.photo_jpeg("again.jpg", 2)).expect("the same photo");
    assert_eq!(sent, made, "byte for byte");
    let sidecar = std::fs::read_to_string(folder.join("hero-2.jpg.xmp")).expect("its sidecar");
    assert!(sidecar.contains("<proofroom:name>Bo Ek</proofroom:name>"), "{sidecar}");
    assert!(folder.join("release.json").is_file());
    meet(all);
    let status = agree(all, &["status", "Hero"]);
    assert_eq!(status["outcome"], "approved");
    assert_eq!(list(&list(&status, "versions")[1], "released").len(), 1);
    for view in
        [&["status"][..], &["board"], &["package", "list"], &["todo", "--all"], &["comment", "list", "Hero"]]
    {
        agree(all, view);
    }
}
