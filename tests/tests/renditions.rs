//! What is made of files for screens: by this program, by ffmpeg, and when nobody can.

use std::path::Path;

use proofroom_tests::peer::{Peer, list, string};
use proofroom_tests::world::World;
use serde_json::{Value, json};

fn add(peer: &Peer, file: &Path, name: &str, category: &str) -> Value {
    peer.run(&["asset", "add", &file.to_string_lossy(), "--name", name, "--category", category])
}

/// Kind and state of each, in their order.
fn states(report: &Value) -> Vec<(String, String)> {
    list(report, "renditions").iter().map(|r| (string(r, "kind"), string(r, "state"))).collect()
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(kind, state)| ((*kind).to_owned(), (*state).to_owned())).collect()
}

#[test]
fn what_one_makes_everybody_sees() {
    let world = World::new();
    let relay = world.relay();
    let ada = world.owner("ada", &relay);
    let bo = world.joined("bo", &ada, "reviewer");
    let hero = world.studio.photo_jpeg("hero.jpg", 4);
    let added = add(&ada, &hero, "Hero", "visual");
    assert_eq!(states(&added), pairs(&[("thumbnail", "made")]));
    assert_eq!(added["renditions"][0]["size"], json!([512, 341]));
    ada.run(&["sync"]);
    bo.run(&["sync"]);
    let seen = bo.run(&["asset", "renditions", "Hero"]);
    let thumbnail = &list(&seen, "renditions")[0];
    assert_eq!((&thumbnail["state"], &thumbnail["here"]), (&json!("made"), &json!(true)));
    assert_eq!(thumbnail["content"], added["renditions"][0]["content"]);
    assert!(string(&thumbnail["recipe"], "tool").starts_with("proofroom "));
    bo.refused(&["asset", "renditions", "Hero", "v7"]).names(&["v7"]);
    ada.run(&["blobs", "gc"]);
    assert_eq!(ada.run(&["asset", "renditions", "Hero"])["renditions"][0]["here"], true, "it is referred to");
}

#[test]
fn large_pictures_have_tiles_designs_a_picture_and_documents_pages() {
    let world = World::new();
    let ada = world.person("ada");
    ada.run(&["workspace", "create", "Spring campaign"]);
    let wide = world.studio.gradient_png("banner.png", 8_300, 700);
    let added = add(&ada, &wide, "Banner", "visual");
    assert_eq!(states(&added), pairs(&[("thumbnail", "made"), ("tiles", "made")]));
    let poster = add(&ada, &world.studio.layered_psd("poster.psd", 3), "Poster", "design_source");
    assert_eq!(states(&poster), pairs(&[("thumbnail", "made"), ("picture", "made")]));
    assert_eq!(poster["renditions"][1]["size"], json!([600, 400]));
    let terms = add(&ada, &world.studio.pages_pdf("terms.pdf", &["one", "two"]), "Terms", "written");
    assert_eq!(states(&terms), pairs(&[("thumbnail", "made"), ("pages", "made")]));
    let copy = add(&ada, &world.studio.copy_markdown("copy.md", "Wake up."), "Copy", "written");
    assert_eq!(states(&copy), []);
    let broken = world.studio.write("broken.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR nothing more");
    let broken = add(&ada, &broken, "Broken", "visual");
    assert!(
        states(&broken).iter().all(|(_, state)| state == "not_applicable"),
        "the version stands: {broken}"
    );
    assert!(!ada.home().join("bench").exists(), "nothing is left in the clear");
}

#[test]
fn a_film_has_a_proxy_of_key_frames_with_a_map_and_peaks_of_its_sound() {
    let world = World::new();
    let ada = world.person("ada");
    ada.run(&["workspace", "create", "Spring campaign"]);
    let film = world.studio.film_mp4("spot.mp4", 9);
    let added = add(&ada, &film, "Spot", "video");
    let made = [("thumbnail", "made"), ("proxy", "made"), ("frame_map", "made"), ("waveform", "made")];
    assert_eq!(states(&added), pairs(&made));
    let map = &added["renditions"][2];
    assert!(string(&map["recipe"], "settings").starts_with("180 frames"), "{map}");
    assert!(string(&map["recipe"], "tool").starts_with("ffmpeg "), "{map}");
    let peaks = &added["renditions"][3];
    let seconds = (peaks["bytes"].as_u64().expect("a length") - 24) / 2 / 50;
    assert!((5..=6).contains(&seconds), "{peaks}");
    let tone = add(&ada, &world.studio.tone_wav("tone.wav"), "Tone", "video");
    assert_eq!(states(&tone), pairs(&[("waveform", "made")]));
    let silent = world.studio.cut_mp4("silent.mp4", &[(1, 10)]);
    let silent = add(&ada, &silent, "Silent", "video");
    assert_eq!(states(&silent)[3], ("waveform".to_owned(), "not_applicable".to_owned()));
    assert!(string(&silent["renditions"][3], "reason").contains("no sound"), "{silent}");
}

#[test]
fn without_a_decoder_the_version_stands_and_somebody_else_makes_what_is_missing() {
    let world = World::new();
    let relay = world.relay();
    let ada = world.owner("ada", &relay);
    let film = world.studio.film_mp4("spot.mp4", 2).to_string_lossy().into_owned();
    let args = ["asset", "add", &film, "--name", "Spot", "--category", "video"];
    let output = ada.command(&args).env("PATH", world.place("nothing")).output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let added: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(states(&added).iter().all(|(_, state)| state == "not_applicable"), "{added}");
    let reason = string(&added["renditions"][1], "reason");
    assert_eq!(reason, "not_applicable (decoder missing: ffmpeg is not installed)");
    let listed = ada.command(&["asset", "renditions", "Spot"]).env("PATH", world.place("nothing")).output();
    let listed: Value = serde_json::from_slice(&listed.expect("it starts").stdout).expect("JSON");
    assert_eq!(string(&listed["renditions"][1], "reason"), reason);

    ada.run(&["sync"]);
    let bo = world.joined("bo", &ada, "producer");
    let missing = states(&bo.run(&["asset", "renditions", "Spot"]));
    assert!(missing.iter().all(|(_, state)| state == "missing"), "{missing:?}");
    let made = states(&bo.run(&["asset", "renditions", "Spot", "--make"]));
    assert!(made.iter().all(|(_, state)| state == "made"), "{made:?}");
    assert_eq!(bo.run(&["asset", "renditions", "Spot", "--make"])["entry"], Value::Null, "once is enough");
    bo.run(&["sync"]);
    ada.run(&["sync"]);
    let seen = ada.run(&["asset", "renditions", "Spot"]);
    assert!(list(&seen, "renditions").iter().all(|r| r["here"] == true), "{seen}");
}

#[test]
fn a_playlist_that_calls_itself_a_film_reaches_nothing() {
    let world = World::new();
    let ada = world.person("ada");
    ada.run(&["workspace", "create", "Spring campaign"]);
    let secret = world.studio.write("secret.txt", b"nobody is to see this");
    // The beginning of a film, then a list of other files to open.
    let mut bytes = b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2mp41".to_vec();
    bytes.extend(format!("ffconcat version 1.0\nfile '{}'\n", secret.display()).bytes());
    let film = world.studio.write("film.mp4", &bytes);
    let added = add(&ada, &film, "Film", "video");
    assert!(states(&added).iter().all(|(_, state)| state == "failed"), "{added}");
    assert!(!added.to_string().contains("nobody is to see this"));
}
