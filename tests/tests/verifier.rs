//! The verifier's page in a real Chromium: from a disk, and from a real relay.
//!
//! The journeys are in `tests/web/verifier.mjs`; a screenshot goes to `target/screens`.

use std::process::Command;

use proofroom_tests::authority::TimeAuthority;
use proofroom_tests::house::root;
use proofroom_tests::peer::proofroom;
use proofroom_tests::world::{World, copy_for_bo, meet, path};

/// Walks the journey with these files.
#[track_caller]
fn walk(files: &[&str]) {
    let screens = root().join("target/screens");
    let output = Command::new("node")
        .arg(root().join("tests/web/verifier.mjs"))
        .args(files)
        .env("PROOFROOM", proofroom())
        .env("SHOTS", &screens)
        .output()
        .expect("node runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "screenshots in {}:\n{said}", screens.display());
}

#[test]
fn a_stranger_verifies_in_a_browser_from_a_disk_and_from_a_relay() {
    walk(&[]);
}

#[test]
fn a_stranger_says_in_a_browser_whose_clocks_they_believe() {
    let world = World::new();
    let (_relay, ada, bo) = copy_for_bo(&world);
    bo.run(&["decide", "Copy", "approved", "--reason", "reads well"]);
    let authority = TimeAuthority::start(&world.place("tsa"));
    bo.run(&["witness", "Copy", "--authority", &authority.url]);
    meet(&[&bo, &ada]);
    let file = world.place("copy.zip");
    ada.run(&["certify", "Copy", "--out", path(&file)]);
    let held = root().join("crates/verify/tests/golden/held.zip");
    walk(&[path(&file), path(&authority.roots), path(&held)]);
}
