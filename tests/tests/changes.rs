//! What changed between two versions, told by the program about real media.

use std::path::Path;

use proofroom_tests::peer::{Peer, list, string};
use proofroom_tests::world::World;
use serde_json::{Value, json};

struct Stage {
    world: World,
    ada: Peer,
}

fn stage() -> Stage {
    let world = World::new();
    let ada = world.person("ada");
    ada.run(&["workspace", "create", "Spring campaign"]);
    Stage { world, ada }
}

impl Stage {
    /// An asset of two versions, and what changed from the one to the other.
    fn diff(&self, name: &str, category: &str, before: &Path, after: &Path, more: &[&str]) -> Value {
        let (before, after) = (before.to_string_lossy(), after.to_string_lossy());
        self.ada.run(&["asset", "add", &before, "--name", name, "--category", category, "--no-renditions"]);
        self.ada.run(&["version", "add", name, &after, "--no-renditions"]);
        let diff = self.ada.run(&[&["version", "diff", name], more].concat());
        assert_eq!(
            (diff["before"]["label"].as_str(), diff["after"]["label"].as_str()),
            (Some("v1"), Some("v2"))
        );
        let [file] = list(&diff, "files").as_slice() else { panic!("one file: {diff}") };
        file.clone()
    }

    /// Whether it changed under each open comment on an asset, in their order.
    fn changed_under(&self, name: &str) -> Vec<Value> {
        list(&self.ada.run(&["comment", "list", name]), "comments")
            .iter()
            .map(|c| c["changed_under_anchor"].clone())
            .collect()
    }
}

fn regions(picture: &Value) -> Vec<Value> {
    list(picture, "regions").iter().map(|region| region["px"].clone()).collect()
}

#[test]
fn a_logo_that_moved_is_exactly_two_regions_and_comments_know_it() {
    let stage = stage();
    let studio = &stage.world.studio;
    let before = studio.photo_with_logo("hero.png", 7, (100, 60));
    let after = studio.photo_with_logo("hero-v2.png", 7, (600, 400));
    stage.ada.run(&["asset", "add", &before.to_string_lossy(), "--name", "Hero", "--category", "visual"]);
    for region in ["90,50,60,60", "800,100,50,50"] {
        stage.ada.run(&["comment", "add", "Hero", "Look here", "--region", region]);
    }
    stage.ada.run(&["comment", "add", "Hero", "The copy", "--quote", "words"]);
    assert_eq!(
        stage.changed_under("Hero"),
        [Value::Null, Value::Null, Value::Null],
        "on the current version"
    );
    stage.ada.run(&["version", "add", "Hero", &after.to_string_lossy()]);
    let diff = stage.ada.run(&["version", "diff", "Hero"]);
    let picture = &list(&diff, "files")[0];
    assert_eq!(
        (&picture["kind"], regions(picture)),
        (&json!("picture"), vec![json!([100, 60, 40, 30]), json!([600, 400, 40, 30])])
    );
    assert_eq!(stage.changed_under("Hero"), [json!("yes"), json!("no"), json!("unknown")]);
}

#[test]
fn the_same_picture_in_another_encoding_shows_no_change_unless_every_pixel_counts() {
    let stage = stage();
    let png = stage.world.studio.photo_png("hero.png", 3);
    let jpeg = stage.world.studio.encoded_again(&png, "hero.jpg", 95);
    let same = stage.diff("Hero", "visual", &png, &jpeg, &[]);
    assert_eq!((regions(&same), &same["changed_pixels"]), (Vec::new(), &json!(0)));
    assert!(list(&same, "facts").iter().any(|fact| fact["what"] == "type"), "{same}");
    let exact = stage.ada.run(&["version", "diff", "Hero", "v1", "v2", "--exact"]);
    assert!(!regions(&list(&exact, "files")[0]).is_empty());
}

#[test]
fn two_cuts_of_a_film_differ_in_tracks_length_and_the_very_frames() {
    let stage = stage();
    let before = stage.world.studio.cut_mp4("spot.mp4", &[(1, 30), (2, 20), (3, 40)]);
    let after = stage.world.studio.cut_mp4("spot-v2.mp4", &[(1, 30), (3, 40), (4, 10)]);
    let film = stage.diff("Spot", "video", &before, &after, &[]);
    assert_eq!((&film["kind"], film["tracks"].as_array().map(Vec::len)), (&json!("film"), Some(1)));
    let said = |track: &Value| -> Vec<String> {
        list(track, "facts").iter().map(|fact| string(fact, "what")).collect()
    };
    assert_eq!(said(&film["tracks"][0]), ["duration", "frames"]);
    let frames: Vec<_> =
        list(&film, "frames").iter().map(|r| (r["before"].clone(), r["after"].clone())).collect();
    assert_eq!(frames, [(json!([30, 50]), json!([30, 30])), (json!([90, 90]), json!([70, 80]))]);
}

#[test]
fn a_word_document_with_two_changed_words_has_two_hunks() {
    let stage = stage();
    let copy = |name: &str, price: &str, day: &str| {
        let words = [format!("Only {price} euros a month."), format!("Until {day}, in every shop.")];
        stage.world.studio.copy_docx(name, &words.each_ref().map(String::as_str))
    };
    let words =
        stage.diff("Copy", "written", &copy("a.docx", "49", "Friday"), &copy("b.docx", "39", "Sunday"), &[]);
    let hunks: Vec<_> =
        list(&words, "hunks").iter().map(|h| (string(h, "removed"), string(h, "inserted"))).collect();
    assert_eq!(hunks, [("49".to_owned(), "39".to_owned()), ("Friday".to_owned(), "Sunday".to_owned())]);
}

#[test]
fn a_layer_that_was_renamed_or_moved_is_told_by_its_new_name() {
    let stage = stage();
    let before = stage.world.studio.poster_psd("a.psd", "Headline", "+40+30");
    let renamed = stage.world.studio.poster_psd("b.psd", "Claim", "+40+30");
    let layers = stage.diff("Poster", "design_source", &before, &renamed, &[]);
    let [layer] = list(&layers, "layers").as_slice() else { panic!("one layer: {layers}") };
    assert_eq!(layer["path"], json!(["Claim"]));
    assert_eq!(layer["what"], json!([{"renamed": {"from": "Headline"}}]));
    let moved = stage.world.studio.poster_psd("c.psd", "Claim", "+60+30");
    stage.ada.run(&["version", "add", "Poster", &moved.to_string_lossy()]);
    let layers = stage.ada.run(&["version", "diff", "Poster"]);
    let layer = &list(&layers, "files")[0]["layers"][0];
    assert_eq!(layer["what"], json!([{"placed": {"from": [40, 30, 130, 70], "to": [60, 30, 150, 70]}}]));
}

#[test]
fn pages_are_compared_by_words_boxes_and_looks() {
    let stage = stage();
    let before = stage.world.studio.pages_pdf("a.pdf", &["Cover", "Terms are 14 days", "Imprint"]);
    let after = stage.world.studio.pages_pdf("b.pdf", &["Cover", "Terms are 30 days", "Imprint", "Appendix"]);
    let pages = stage.diff("Terms", "written", &before, &after, &[]);
    assert_eq!(
        (&pages["kind"], &pages["count"], &pages["pictured"]),
        (&json!("pages"), &json!([3, 4]), &json!(true))
    );
    let [terms, appendix] = list(&pages, "pages").as_slice() else { panic!("two pages: {pages}") };
    let hunks = list(&terms["words"], "hunks");
    assert_eq!(
        (&terms["before"], &hunks[0]["removed"], &hunks[0]["inserted"]),
        (&json!(1), &json!("14"), &json!("30"))
    );
    assert!(!list(&terms["picture"], "regions").is_empty(), "it looks different, too");
    assert_eq!((&appendix["before"], &appendix["after"]), (&Value::Null, &json!(3)));
}

#[test]
fn what_cannot_be_compared_says_why() {
    let stage = stage();
    let before = stage.world.studio.write("a.bin", b"\x00\x01\x02 anything");
    let after = stage.world.studio.write("b.bin", b"\x00\x01\x02 something else");
    let other = stage.diff("Source", "design_source", &before, &after, &[]);
    assert_eq!(other["kind"], "not_applicable");
    assert!(string(&other, "reason").contains("application/octet-stream"), "{other}");
    let broken = stage.world.studio.write("broken.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR nothing more");
    stage.ada.run(&["version", "add", "Source", &broken.to_string_lossy()]);
    let diff = stage.ada.run(&["version", "diff", "Source"]);
    assert_eq!(list(&diff, "files")[0]["kind"], "not_applicable", "{diff}");
    stage.ada.refused(&["version", "diff", "Source", "v1", "v9"]).names(&["v9"]);
    let first = stage.world.studio.write("one.txt", b"one");
    stage.ada.run(&["asset", "add", &first.to_string_lossy(), "--name", "One", "--category", "written"]);
    stage.ada.refused(&["version", "diff", "One"]).names(&["v1", "first version"]);
}
