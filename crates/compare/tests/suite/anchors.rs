use proofroom_compare::{
    Changes, Content, Detail, FilmChanges, FrameRange, NoPictures, PagePictures, Tolerance, Under,
    changed_under, compare, compare_pages, compare_pictures, compare_words,
};
use proofroom_ident::VersionHash;
use proofroom_review::anchor::{Frames, PageBox, Region};
use proofroom_review::{Anchor, MediaType, Rate, Selector};

use crate::designs;
use crate::pages::{Drawn, page as page_of};
use crate::pairs::file;
use crate::pictures::{of, photo, with_logo};

fn changes(details: &[Detail]) -> Changes {
    let file = file("a", "image/png", "1");
    let change = |detail: &Detail| proofroom_compare::FileChange {
        before: Some(file.clone()),
        after: Some(file.clone()),
        facts: Vec::new(),
        detail: detail.clone(),
    };
    Changes { files: details.iter().map(change).collect() }
}

fn check(selectors: &[Selector], within: Option<Selector>, details: &[Detail], wanted: Under) {
    let anchor = Anchor {
        selectors: selectors.to_vec(),
        refined_by: within,
        ..Anchor::whole(VersionHash::from_bytes([1; 32]))
    };
    assert_eq!(changed_under(&anchor, &changes(details)), wanted, "{selectors:?} {details:?}");
}

fn region(x: u32, y: u32, w: u32, h: u32) -> Selector {
    Selector::Region(Region::of_px(x, y, w, h, (320, 240)).expect("in the picture"))
}

#[test]
fn a_region_changed_where_pixels_changed() {
    let moved =
        Detail::Picture(compare_pictures(&with_logo(20, 20), &with_logo(200, 150), Tolerance::default()));
    check(&[region(10, 10, 15, 15)], None, std::slice::from_ref(&moved), Under::Yes);
    check(&[region(100, 20, 40, 40)], None, std::slice::from_ref(&moved), Under::No);
    check(&[Selector::Whole], None, std::slice::from_ref(&moved), Under::Yes);
    let triangle = |path: &str| Selector::Shape { svg_path: path.into() };
    check(&[triangle("M 0 0 L 200000 0 L 100000 200000 Z")], None, std::slice::from_ref(&moved), Under::Yes);
    check(&[triangle("M300000,900000L400000,990000")], None, std::slice::from_ref(&moved), Under::No);
    check(&[triangle("m 1 1 l 2 2")], None, std::slice::from_ref(&moved), Under::Unknown);
    let same = Detail::Picture(compare_pictures(
        &of(photo((320, 240), 1)),
        &of(photo((320, 240), 1)),
        Tolerance::EXACT,
    ));
    check(&[Selector::Whole], None, &[same], Under::No);
    check(&[region(1, 1, 2, 2)], None, &[Detail::Same], Under::No);
    check(&[region(1, 1, 2, 2)], None, &[Detail::not_applicable("it is damaged")], Under::Unknown);
    check(&[region(1, 1, 2, 2)], None, &[], Under::Unknown);
    check(&[region(1, 1, 2, 2)], None, &[Detail::Same, Detail::not_applicable("x")], Under::Unknown);
}

#[test]
fn a_passage_changed_where_words_changed() {
    let (before, after) = ("Faster than the tram. Only 49 euros.", "Faster than the tram. Only 39 euros.");
    let words = Detail::Words(compare_words(before, after));
    let quote = |exact: &str| Selector::quote(before, exact).expect("it stands there once");
    check(&quote("49 euros"), None, std::slice::from_ref(&words), Under::Yes);
    check(&quote("the tram"), None, std::slice::from_ref(&words), Under::No);
    check(&quote("49")[..1], None, std::slice::from_ref(&words), Under::Yes);
    // Written down and read again, the texts are gone; positions still tell.
    let json = serde_json::to_string(&words).expect("plain data");
    let read: Detail = serde_json::from_str(&json).expect("plain data");
    check(&quote("49"), None, std::slice::from_ref(&read), Under::Yes);
    check(&quote("49")[..1], None, &[read], Under::Unknown);
}

#[test]
fn frames_pages_and_layers_have_their_own_places() {
    let frames = |start, duration| {
        let (rate, display_offset) = (Rate::FPS_25, 0);
        Selector::Frames(Frames { start, duration, rate, start_timecode: None, display_offset, pts: None })
    };
    let cut = FrameRange { before: (50, 90), after: (50, 50) };
    let put_in = FrameRange { before: (120, 120), after: (80, 95) };
    let film = Detail::Film(FilmChanges { frames: Some(vec![cut, put_in]), ..FilmChanges::default() });
    for (start, duration, wanted) in [
        (49, 1, Under::No),
        (49, 2, Under::Yes),
        (89, 5, Under::Yes),
        (90, 30, Under::No),
        (119, 3, Under::Yes),
    ] {
        check(&[frames(start, duration)], None, std::slice::from_ref(&film), wanted);
    }
    check(&[frames(1, 1)], None, &[Detail::Film(FilmChanges::default())], Under::Unknown);

    let page = |index| Selector::Page { index, label: None, r#box: PageBox::Crop, rotate: 0 };
    let three = [page_of("Cover"), page_of("Photo"), page_of("Imprint")];
    let pages = |pictured: bool| {
        let mut drawn = Drawn { changed: 1 };
        let pictures: &mut dyn PagePictures = if pictured { &mut drawn } else { &mut NoPictures };
        Detail::Pages(compare_pages(&three, &three, Tolerance::default(), pictures))
    };
    check(&[page(1)], None, &[pages(true)], Under::Yes);
    check(&[page(1)], Some(region(200, 200, 9, 9)), &[pages(true)], Under::No);
    check(&[page(1)], Some(region(12, 12, 9, 9)), &[pages(true)], Under::Yes);
    check(&[page(2)], None, &[pages(true)], Under::No);
    check(&[page(2)], None, &[pages(false)], Under::Unknown);
    check(&[page(7)], None, &[pages(true)], Under::Unknown);

    let mut after = designs::poster();
    after[0].name = "Logo final";
    let layers = Detail::Layers(designs::changes(&designs::poster(), &after));
    let layer = |id: &str, path: &[&str]| Selector::Layer {
        tool: "psd".into(),
        id: id.into(),
        path: path.iter().map(|p| (*p).to_owned()).collect(),
        rel: None,
    };
    check(&[layer("Logo", &["Logo"])], None, std::slice::from_ref(&layers), Under::Yes);
    check(&[layer("5", &["Whatever"])], None, std::slice::from_ref(&layers), Under::Yes);
    check(&[layer("Headline", &["Headline"])], None, &[layers], Under::No);
}

#[test]
fn a_selector_of_another_kind_of_file_asks_nobody() {
    let (a, b) = (Content::read(b"one", MediaType::Text), Content::read(b"two", MediaType::Text));
    let (words, _) = compare(&a, &b, Tolerance::default(), &mut NoPictures);
    check(&[region(1, 1, 2, 2)], None, &[words.clone(), Detail::Same], Under::No);
    check(&[region(1, 1, 2, 2)], None, &[words], Under::Unknown);
}
