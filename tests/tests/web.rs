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
    a_request_becomes_a_brief_and_its_deliverable_is_uploaded
    two_browsers_and_a_terminal_agree_on_one_brief
    an_upload_goes_on_after_the_browser_was_killed
    a_second_browser_is_linked_and_the_phrase_restores_a_third
    people_are_invited_promoted_and_removed
    what_goes_wrong_says_what_is_safe_and_what_to_do
    a_regulated_signature_takes_all_that_its_route_asks_for
    a_new_version_of_the_app_waits_until_it_is_taken
    the_other_screens_can_be_read_by_everybody
    the_frame_that_is_named_is_the_frame_that_is_seen
    a_large_film_seeks_without_being_fetched_whole
    a_large_picture_comes_in_the_tiles_that_are_looked_at
    a_film_that_was_kept_plays_with_the_network_unplugged
    a_quote_on_a_page_reaches_the_terminal
    two_versions_are_compared
    two_texts_are_compared_word_by_word
    a_design_shows_its_layers
    nothing_in_a_file_is_run
    damaged_media_says_so_and_can_be_saved
    a_phone_reviews_by_touch
    keys_are_listed_and_can_be_changed
}
