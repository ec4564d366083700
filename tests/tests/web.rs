//! The review app in a real Chromium, against a real relay and a real command-line peer.
//!
//! The journeys are in `tests/web/journeys.mjs`; screenshots go to `target/screens`.

use std::process::Command;

use proofroom_tests::house::root;
use proofroom_tests::peer::proofroom;

/// Walks one journey to its end.
#[track_caller]
fn walk(journey: &str) {
    let screens = root().join("target/screens");
    let output = Command::new("node")
        .arg(root().join("tests/web/journeys.mjs"))
        .arg(journey)
        .env("PROOFROOM", proofroom())
        .env("SHOTS", &screens)
        .output()
        .expect("node runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{journey} (screenshots in {}):\n{said}", screens.display());
}

macro_rules! journeys {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            walk(stringify!($name));
        }
    )*};
}

journeys! {
    a_browser_and_a_terminal_agree
    work_done_offline_survives_and_gets_through
    two_tabs_share_one_store
    a_guest_never_receives_what_is_for_the_team
    nothing_that_people_write_is_run
    the_relay_serves_the_app_under_a_strict_policy
    screens_can_be_read_by_everybody
    everything_can_be_done_by_keyboard
}
