//! The story of first light: ada and bo work offline on real media, meet through
//! a relay that is killed in the middle, and cy joins late by a link.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use proofroom_tests::peer::{Peer, list, string};
use proofroom_tests::relay::{Relay, Running};
use proofroom_tests::sift;
use proofroom_tests::world::{World, agree, invite, meet, open_with_npm, until};
use serde_json::Value;

const BRIEF: &str = r#"
title = "Bright mornings"
category = "visual"
objective = "Sell the new commuter bike before the season"
audience = "Commuters between 25 and 45"
message = "Faster than the tram"
mandatories = ["Logo bottom right"]
due = 2026-03-01
approvers = ["Bo Ek"]

[[deliverables]]
name = "Hero"
channel = "print"

[answers]
dimensions = "A2"
colour_space = "sRGB"
"#;

/// What is written in the story: none of it may be readable on the relay.
const WORDS: &[&str] = &[
    "Bright mornings",
    "commuter bike",
    "Horizon is crooked",
    "Logo too small",
    "Cut on the beat",
    "Super is cropped",
    "Claim needs a source",
    "Headline off the grid",
    "Written while the relay was down",
    "internal margin",
    "Hero shot",
    "Tram spot",
    "Copy deck",
    "Layout master",
    "hero.jpg",
    "tram.mp4",
    "Ackermann",
    "Studio Nord",
    "Faster than the tram",
];

/// The assets: name, file, category, who uploads it.
struct Works {
    files: Vec<(&'static str, PathBuf)>,
}

impl Works {
    fn uploaded(world: &World, ada: &Peer, bo: &Peer, request: &str) -> Self {
        let copy = "Faster than the tram, and it never waits for you.";
        let media = [
            (ada, "Hero shot", "visual", world.studio.photo_jpeg("hero.jpg", 11)),
            (ada, "Tram spot", "video", world.studio.film_mp4("tram.mp4", 30)),
            (bo, "Copy deck", "written", world.studio.copy_docx("copy.docx", &[copy])),
            (
                bo,
                "Claims",
                "written",
                world.studio.write("claims.md", format!("# Claims\n\n{copy}\n").as_bytes()),
            ),
            (bo, "Layout master", "design_source", world.studio.layered_psd("layout.psd", 5)),
        ];
        let add = |(who, name, category, file): (&Peer, &'static str, &str, PathBuf)| {
            let path = file.to_string_lossy().into_owned();
            let mut args = vec!["asset", "add", &path, "--name", name, "--category", category];
            if std::ptr::eq(who, ada) {
                args.extend(["--request", request]);
            }
            let added = who.run(&args);
            assert!(added.get("warnings").is_none(), "the category fits: {added}");
            (name, file)
        };
        Self { files: media.into_iter().map(add).collect() }
    }
}

fn comment(who: &Peer, asset: &str, text: &str, place: &[&str]) -> String {
    string(&who.run(&[&["comment", "add", asset, text], place].concat()), "comment")
}

/// Both comment on everything, neither knowing of the other's words.
fn comment_offline(ada: &Peer, bo: &Peer) {
    let crooked =
        comment(bo, "Hero shot", "Horizon is crooked", &["--region", "40,60,200,80", "--label", "blocker"]);
    comment(ada, "Hero shot", "Logo too small", &["--region", "percent:80,80,15,15"]);
    comment(ada, "Hero shot", "Think of the internal margin", &["--team"]);
    comment(bo, "Tram spot", "Cut on the beat", &["--frames", "120..148"]);
    comment(ada, "Tram spot", "Super is cropped", &["--timecode", "00:00:02;10", "--label", "question"]);
    comment(ada, "Claims", "Claim needs a source", &["--quote", "Faster than the tram"]);
    comment(ada, "Copy deck", "Page one reads well", &["--page", "1", "--label", "praise"]);
    comment(ada, "Layout master", "Headline off the grid", &["--layer", "Headline"]);
    bo.run(&["comment", "reply", &crooked, "By two degrees, to the left"]);
}

#[test]
fn two_people_work_offline_meet_through_a_blind_relay_and_a_third_joins_late() {
    let world = World::new();
    let relay = world.relay();
    let ada = world.owner("ada", &relay);
    let bo = world.joined("bo", &ada, "producer");
    let late_link = invite(&ada, "reviewer");
    let relay_data = relay.data().to_path_buf();

    // Offline: the relay is not even running.
    let relay = without(relay, || {
        let brief = world.studio.write("brief.toml", BRIEF.as_bytes());
        let request = ada.run(&["request", "new", "--from", &brief.to_string_lossy()]);
        let request = string(&request, "request");
        ada.run(&["request", "accept", &request]);
        Works::uploaded(&world, &ada, &bo, &request)
    });
    let (relay, works) = relay;
    meet(&[&ada, &bo]);
    for asset in works.files.iter().map(|(name, _)| name) {
        ada.run(&["asset", "assign", asset, "Bo Ek", "approver"]);
    }
    meet(&[&ada, &bo]);

    let (relay, ()) = without(relay, || {
        comment_offline(&ada, &bo);
        decide_offline(&ada, &bo);
    });
    let relay = watch_through_a_crash(relay, &ada, &bo);
    meet(&[&ada, &bo]);

    let cy = world.person("cy");
    cy.run(&["join", &late_link]);
    meet(&[&cy, &ada, &bo]);

    all_agree(&world, &[&ada, &bo, &cy], &works);
    the_documents_open_elsewhere(&world, &[&ada, &bo, &cy]);
    relay.kill();
    the_relay_holds_no_word(&relay_data, &works);
}

/// What happens while the relay is gone: killed before, started again after.
fn without<T>(relay: Relay, happens: impl FnOnce() -> T) -> (Relay, T) {
    let stopped = relay.kill();
    let happened = happens();
    (stopped.restart(), happened)
}

/// Bo approves some works, sends one back, and ada makes a second version of one.
fn decide_offline(ada: &Peer, bo: &Peer) {
    bo.run(&["decide", "Tram spot", "approved"]);
    bo.run(&["decide", "Hero shot", "changes_required", "--reason", "The horizon"]);
    bo.run(&["decide", "Layout master", "rejected", "--reason", "Not our grid"]);
    comment(ada, "Tram spot", "The end card is missing", &["--label", "blocker"]);
}

/// Both watch; the relay dies under them, both write on, it comes back, both arrive.
fn watch_through_a_crash(relay: Relay, ada: &Peer, bo: &Peer) -> Relay {
    let watchers = [Running::watching(ada), Running::watching(bo)];
    comment(ada, "Hero shot", "Both of us are watching", &[]);
    until("bo sees what ada wrote", || says(bo, "Hero shot", "Both of us are watching"));
    let (relay, ()) = without(relay, || {
        comment(ada, "Hero shot", "Written while the relay was down, by ada", &[]);
        comment(bo, "Tram spot", "Written while the relay was down, by bo", &[]);
    });
    until("bo sees what ada wrote meanwhile", || {
        says(bo, "Hero shot", "Written while the relay was down, by ada")
    });
    until("ada sees what bo wrote meanwhile", || {
        says(ada, "Tram spot", "Written while the relay was down, by bo")
    });
    drop(watchers);
    relay
}

fn says(peer: &Peer, asset: &str, text: &str) -> bool {
    let comments = peer.run(&["comment", "list", asset]);
    list(&comments, "comments").iter().any(|c| c["body"] == text)
}

/// Equal heads, equal views, equal outcomes, equal bytes.
fn all_agree(world: &World, peers: &[&Peer], works: &Works) {
    let log = agree(peers, &["log", "--verify"]);
    assert!(!log.to_string().is_empty());
    agree(peers, &["request", "list"]);
    agree(peers, &["members", "list"]);
    let status = agree(peers, &["status"]);
    for (name, outcome) in [
        ("Hero shot", "changes_required"),
        ("Tram spot", "approved"),
        ("Layout master", "rejected"),
        ("Claims", "pending"),
    ] {
        let asset = agree(peers, &["status", name]);
        assert_eq!(outcome_of(&asset), outcome, "{name}: {asset}\nof {status}");
    }
    let seen = agree(peers, &["status", "Tram spot"]).to_string();
    assert!(seen.contains("blocker"), "bo approved before seeing ada's blocker: {seen}");
    for (i, peer) in peers.iter().enumerate() {
        for (asset, file) in &works.files {
            let to = world.place(&format!("export-{i}-{asset}"));
            peer.run(&["export", asset, "--to", &to.to_string_lossy()]);
            let name = file.file_name().expect("media have names");
            let (made, exported) = (fs::read(file), fs::read(to.join(name)));
            assert!(made.expect("it was made") == exported.expect("it was exported"), "{asset} of peer {i}");
        }
    }
    for (asset, _) in &works.files {
        agree(peers, &["comment", "list", asset]);
        agree(peers, &["version", "list", asset]);
    }
}

fn outcome_of(status: &Value) -> &str {
    status["outcome"].as_str().unwrap_or("none")
}

/// The npm package opens each peer's export, and finds the same heads and the same comments.
fn the_documents_open_elsewhere(world: &World, peers: &[&Peer]) {
    let mut first: Option<Value> = None;
    for (i, peer) in peers.iter().enumerate() {
        let file = world.place(&format!("hero-{i}.automerge"));
        peer.run(&["export", "--automerge", "Hero shot", &file.to_string_lossy()]);
        let opened = open_with_npm(&file);
        let comments = opened["document"]["comments"].as_object().expect("a review has comments");
        let bodies: Vec<&str> = comments.values().filter_map(|c| c["body"].as_str()).collect();
        let listed = peer.run(&["comment", "list", "Hero shot"]);
        for comment in list(&listed, "comments").iter().filter(|c| c["audience"] == "everyone") {
            assert!(bodies.contains(&string(comment, "body").as_str()), "{comment} is not in {bodies:?}");
        }
        assert!(bodies.contains(&"Horizon is crooked"), "{bodies:?}");
        assert!(!bodies.iter().any(|body| body.contains("internal margin")), "team comments are elsewhere");
        assert_eq!(first.get_or_insert_with(|| opened.clone()), &opened, "peer {i}");
    }
}

fn the_relay_holds_no_word(data: &std::path::Path, works: &Works) {
    let strings = sift::strings(data);
    assert!(strings.len() > 1000, "the relay's files were read");
    for word in WORDS {
        assert!(!strings.contains(word), "the relay's files contain `{word}`");
    }
    for (asset, file) in &works.files {
        let bytes = fs::read(file).expect("it was made");
        let parts = [0, bytes.len() / 3, bytes.len() / 2];
        let runs: Vec<&[u8]> = parts.iter().filter_map(|from| telling(&bytes[*from..])).collect();
        assert!(!runs.is_empty(), "{asset} has a run of bytes that tells");
        for run in runs {
            assert!(!sift::contains(data, run), "the relay holds bytes of {asset}");
        }
    }
}

/// The first run of bytes that could not stand in any file by chance: padding could.
fn telling(bytes: &[u8]) -> Option<&[u8]> {
    let varied = |run: &&[u8]| run.iter().collect::<BTreeSet<_>>().len() >= 12;
    bytes.windows(40).find(varied)
}
