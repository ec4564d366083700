//! The verifier's page in a real Chromium: from a disk, and from a real relay.
//!
//! The journey is in `tests/web/verifier.mjs`; a screenshot goes to `target/screens`.

use std::process::Command;

use proofroom_tests::house::root;
use proofroom_tests::peer::proofroom;

#[test]
fn a_stranger_verifies_in_a_browser_from_a_disk_and_from_a_relay() {
    let screens = root().join("target/screens");
    let output = Command::new("node")
        .arg(root().join("tests/web/verifier.mjs"))
        .env("PROOFROOM", proofroom())
        .env("SHOTS", &screens)
        .output()
        .expect("node runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "screenshots in {}:\n{said}", screens.display());
}
