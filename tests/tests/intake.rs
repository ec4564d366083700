//! Intake: a request is filed, measured, sent back, completed, accepted and filled.

use proofroom_tests::peer::{Peer, list, string};
use proofroom_tests::world::{World, agree, meet};

const THIN: &str = "title = \"Bright mornings\"\ncategory = \"visual\"\nrisk_class = \"elevated\"\n";

const FULL: &str = r#"
title = "Bright mornings"
category = "visual"
risk_class = "elevated"
objective = "Sell the new commuter bike before the season"
audience = "Commuters between 25 and 45"
message = "Faster than the tram"
start = 2026-01-12
due = 2026-03-01
approvers = ["Bo Ek"]

[[deliverables]]
name = "Poster"
channel = "print"
size = "420x594 mm"
locale = "de-CH"
due = 2026-02-01

[[deliverables]]
name = "Banner"
channel = "web"

[[timeline]]
name = "Layouts"
due = 2026-01-20

[answers]
dimensions = "A2, 1200x400 px"
colour_space = "sRGB"
usage_rights = "Faces cleared until 2028"
"#;

fn fields(verdict: &serde_json::Value) -> Vec<&str> {
    list(verdict, "missing").iter().filter_map(|gap| gap["field"].as_str()).collect()
}

#[test]
fn a_thin_request_is_returned_with_questions_completed_accepted_and_filled() {
    let world = World::new();
    let relay = world.relay();
    let ada = world.owner("ada", &relay);
    let bo = world.joined("bo", &ada, "reviewer");
    let thin = world.studio.write("thin.toml", THIN.as_bytes());
    let full = world.studio.write("full.toml", FULL.as_bytes());

    let filed = bo.run(&["request", "new", "--from", &thin.to_string_lossy()]);
    let missing = ["objective", "audience", "message", "deliverables", "due", "approvers"];
    let missing = [&missing[..], &["dimensions", "colour_space", "usage_rights"]].concat();
    assert_eq!(fields(&filed), missing);
    meet(&[&bo, &ada]);
    ada.refused(&["request", "accept", "Bright mornings"]).names(&[
        "not complete",
        "usage_rights",
        "--anyway",
    ]);
    let ask =
        ["request", "return", "Bright mornings", "--question", "Which sizes?", "--question", "Whose faces?"];
    ada.run(&ask);
    meet(&[&ada, &bo]);
    let shown = agree(&[&ada, &bo], &["request", "show", "Bright mornings"]);
    assert_eq!(shown["state"], "returned");
    assert_eq!(shown["questions"], serde_json::json!(["Which sizes?", "Whose faces?"]));

    bo.run(&["request", "edit", "Bright mornings", "--from", &full.to_string_lossy()]);
    bo.run(&["request", "submit", "Bright mornings"]);
    let twin = bo.run(&["request", "new", "--from", &full.to_string_lossy()]);
    assert_eq!(list(&twin, "twins").len(), 1, "the same request is found: {twin}");
    meet(&[&bo, &ada]);
    let id = string(&filed, "request");
    ada.run(&["request", "decline", &string(&twin, "request"), "--reason", "filed twice"]);
    let accepted = ada.run(&["request", "accept", &id]);
    assert_eq!((&accepted["state"], fields(&accepted).len()), (&serde_json::json!("accepted"), 0));
    the_matrix_fills(&world, &ada, &id);
    meet(&[&ada, &bo]);
    agree(&[&ada, &bo], &["request", "list"]);
    agree(&[&ada, &bo], &["request", "deliverables", &id]);
}

fn the_matrix_fills(world: &World, ada: &Peer, request: &str) {
    let photo = world.studio.photo_jpeg("poster.jpg", 3);
    let photo = photo.to_string_lossy();
    let add = ["asset", "add", &photo, "--name", "Night tram", "--category", "visual", "--request", request];
    let wrong = ada.refused(&[&add[..], &["--slot", "Billboard"]].concat());
    wrong.names(&["Billboard", "Poster, Banner"]);
    ada.run(&[&add[..], &["--slot", "Poster"]].concat());
    let matrix = ada.run(&["request", "deliverables", request]);
    let states: Vec<_> = list(&matrix, "deliverables").iter().map(|d| (&d["state"], &d["late"])).collect();
    // The clock of the test is long past both due days.
    let (yes, no) = (serde_json::json!(true), serde_json::json!(false));
    assert_eq!(states, [(&serde_json::json!("filled"), &no), (&serde_json::json!("expected"), &yes)]);
    let january = ada
        .command(&["request", "deliverables", request])
        .env("PROOFROOM_CLOCK_MS", "1768000000000")
        .output();
    let january: serde_json::Value =
        serde_json::from_slice(&january.expect("it starts").stdout).expect("JSON");
    assert_eq!(january["late"], 0, "nothing is late before it is due");

    let again = ada.run(&["asset", "add", &photo, "--name", "Copycat", "--category", "visual"]);
    let places = list(&again, "duplicates");
    assert_eq!(string(&places[0], "asset_name"), "Night tram");
    let found = ada.run(&["asset", "find", &photo]);
    assert_eq!(list(&found, "found").len(), 2, "{found}");
    let other = world.studio.photo_jpeg("other.jpg", 4);
    assert_eq!(list(&ada.run(&["asset", "find", &other.to_string_lossy()]), "found").len(), 0);
}

#[test]
fn a_workspace_asks_its_own_questions_and_everybody_hears_of_them() {
    let world = World::new();
    let relay = world.relay();
    let ada = world.owner("ada", &relay);
    let bo = world.joined("bo", &ada, "reviewer");
    let file = world.place("visual.toml");
    let file = file.to_string_lossy();
    ada.run(&["form", "export", "visual", &file]);
    let mut text = std::fs::read_to_string(&*file).expect("it was written");
    text.push_str("\n[[fields]]\nkey = \"mascot\"\nlabel = \"Mascot\"\ntype = \"yes_no\"\nrequired = true\n");
    std::fs::write(&*file, text).expect("it is changed");
    ada.run(&["form", "import", &file]);
    meet(&[&ada, &bo]);
    let brief = world.studio.write("full.toml", FULL.as_bytes());
    let filed = bo.run(&["request", "new", "--from", &brief.to_string_lossy()]);
    assert_eq!(fields(&filed), ["mascot"]);
    bo.refused(&["form", "import", &file]).names(&["reviewer"]);
    ada.run(&["form", "reset", "visual"]);
    assert_eq!(ada.run(&["form", "show", "visual"])["own"], false);
}

#[test]
fn mistakes_in_briefs_and_forms_name_file_line_and_fix() {
    let world = World::new();
    let ada = world.person("ada");
    ada.run(&["workspace", "create", "Spring campaign"]);
    let brief = world
        .studio
        .write("bad.toml", b"title = \"x\"\n\n[[deliverables]]\nname = \"Spot\"\ndue = \"soon\"\n");
    let brief = brief.to_string_lossy();
    ada.refused(&["request", "new", "--from", &brief]).names(&["bad.toml", "line 5", "2026-03-01"]);
    let form =
        b"category = \"visual\"\ntitle = \"t\"\n[[fields]]\nkey = \"a\"\nlabel = \"A\"\ntype = \"choice\"\n";
    let form = world.studio.write("form.toml", form);
    let form = form.to_string_lossy();
    for verb in ["check", "import"] {
        ada.refused(&["form", verb, &form]).names(&["form.toml", "line 6", "add of"]);
    }
    let refusal = ada.refused(&["request", "new"]);
    assert_eq!(refusal.code, 2, "{}", refusal.said);
    refusal.names(&["no terminal", "--from"]);
}
