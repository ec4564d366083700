use proofroom_ident::{ContentHash, HashWords as _, VersionHash};
use proofroom_review::anchor::{Frames, PageBox, Region};
use proofroom_review::{Anchor, AnchorError, Rate, Selector};
use proptest::prelude::*;

fn region(x: u32, y: u32, w: u32, h: u32) -> Region {
    Region { x, y, w, h, native_px: None }
}

fn frames(start: u64, duration: u64) -> Selector {
    let rate = Rate::FPS_29_97;
    Selector::Frames(Frames { start, duration, rate, start_timecode: None, display_offset: 0, pts: None })
}

fn page(rotate: u16) -> Selector {
    Selector::Page { index: 2, label: Some("iii".into()), r#box: PageBox::Trim, rotate }
}

fn quote(exact: &str, prefix: &str) -> Selector {
    Selector::Quote { exact: exact.into(), prefix: prefix.into(), suffix: String::new() }
}

fn good() -> Vec<Selector> {
    let hash = ContentHash::of(b"text");
    vec![
        Selector::Whole,
        Selector::Region(region(0, 0, 1_000_000, 1_000_000)),
        Selector::Shape { svg_path: "M 10,10 L 500000 1000 z".into() },
        frames(120, 28),
        Selector::TimeMs { start: 0, end: 1 },
        Selector::Cue { track: "en".into(), cue_index: 4, cue_hash: hash },
        page(270),
        quote("faster", "much "),
        Selector::TextPos { start: 3, end: 9, text_hash: hash },
        Selector::Block { path: vec!["Objective".into()] },
        Selector::Layer {
            tool: "psd".into(),
            id: "17".into(),
            path: vec!["Hero".into()],
            rel: Some(region(0, 0, 1, 1)),
        },
        Selector::Slot { deliverable: "Poster".into() },
    ]
}

#[test]
fn every_selector_has_one_spelling_and_reads_back() {
    for selector in good() {
        let mut anchor = Anchor::at(VersionHash::of(b"v"), selector);
        anchor.rendition = Some(ContentHash::of(b"proxy"));
        anchor.refined_by = Some(Selector::Region(region(1, 2, 3, 4)));
        let json = anchor.to_json().expect("a good anchor");
        assert_eq!(Anchor::from_json(&json), Ok(anchor));
        assert!(Anchor::from_json(&json.replacen(':', ": ", 1)).is_err());
    }
}

#[test]
fn an_anchor_is_stored_in_the_words_of_the_domain() {
    let anchor = Anchor::at(VersionHash::ZERO, frames(120, 28));
    let zero = "0".repeat(64);
    let wanted = format!(
        r#"{{"selectors":[{{"frames":{{"display_offset":0,"duration":28,"rate":[30000,1001],"start":120}}}}],"version":"{zero}"}}"#
    );
    assert_eq!(anchor.to_json(), Ok(wanted));
}

#[test]
fn selectors_that_point_nowhere_are_refused() {
    let layer = |id: &str, rel| Selector::Layer { tool: "psd".into(), id: id.into(), path: vec![], rel };
    for bad in [
        Selector::Region(region(0, 0, 0, 1)),
        Selector::Region(region(999_999, 0, 2, 1)),
        Selector::Region(region(u32::MAX, 0, 2, 1)),
        Selector::Region(Region { native_px: Some((0, 1)), ..region(0, 0, 1, 1) }),
        Selector::Shape { svg_path: "M 0 0\" onload=\"x".into() },
        Selector::Shape { svg_path: String::new() },
        Selector::Shape { svg_path: "M".repeat(70_000) },
        frames(5, 0),
        frames(u64::MAX, 2),
        Selector::TimeMs { start: 5, end: 5 },
        page(45),
        quote(" ", ""),
        quote("x", &"y".repeat(65)),
        quote(&"x".repeat(20_000), ""),
        Selector::Block { path: vec![] },
        Selector::Block { path: vec!["a".into(); 65] },
        layer("", None),
        layer("1", Some(region(0, 0, 0, 0))),
        Selector::Slot { deliverable: "  ".into() },
    ] {
        assert!(Anchor::at(VersionHash::ZERO, bad.clone()).check().is_err(), "{bad:?}");
    }
    let mut anchor = Anchor::whole(VersionHash::ZERO);
    anchor.selectors.clear();
    assert_eq!(anchor.check(), Err(AnchorError::Selectors(0)));
    anchor.selectors = vec![Selector::Whole; 9];
    assert_eq!(anchor.check(), Err(AnchorError::Selectors(9)));
}

#[test]
fn regions_are_read_as_media_fragments() {
    let size = Some((200, 100));
    let half = Region { native_px: size, ..region(500_000, 500_000, 500_000, 250_000) };
    for text in [
        "100,50,100,25",
        "pixel:100,50,100,25",
        "xywh=100, 50, 100, 25",
        "xywh=percent:50,50,50,25",
        "percent:50.0,50.,50,25.0000",
    ] {
        assert_eq!(Region::parse(text, size), Ok(half), "{text}");
    }
    assert_eq!(half.to_string(), "xywh=percent:50,50,50,25");
    assert_eq!(region(1, 12_300, 10_000, 5).to_string(), "xywh=percent:0.0001,1.23,1,0.0005");
    assert_eq!(half.to_px(), Some((100, 50, 100, 25)));
}

#[test]
fn regions_outside_the_picture_or_misspelt_are_refused() {
    let size = Some((200, 100));
    for text in [
        "",
        "1,2,3",
        "1,2,3,4,5",
        "a,b,c,d",
        "-1,0,1,1",
        "0,0,201,1",
        "200,0,1,1",
        "0,0,0,0",
        "4294967295,0,1,1",
        "percent:0,0,101,1",
        "percent:60,0,60,1",
        "percent:0,0,1.00001,1",
        "percent:.5,0,1,1",
        "percent:+1,0,1,1",
    ] {
        let error = Region::parse(text, size).expect_err(text).to_string();
        assert!(error.starts_with("region "), "{error}");
    }
    let error = Region::parse("1,1,1,1", None).expect_err("no size").to_string();
    assert!(error.contains("percent:"), "{error}");
}

#[test]
fn a_quote_is_found_with_its_context_and_position() {
    let text = "Größer, schneller, weiter.";
    let [quote, position] = Selector::quote(text, "schneller").expect("one passage");
    let wanted =
        Selector::Quote {
            exact: "schneller".into(), prefix: "Größer, ".into(), suffix: ", weiter.".into()
        };
    assert_eq!(quote, wanted);
    let text_hash = ContentHash::of(text.as_bytes());
    assert_eq!(position, Selector::TextPos { start: 8, end: 17, text_hash }, "code points, not bytes");
    assert_eq!(Selector::quote(text, "langsamer"), Err(AnchorError::QuoteMissing("langsamer".into())));
    let ambiguous = AnchorError::QuoteAmbiguous { quote: "er,".into(), count: 2 };
    assert_eq!(Selector::quote(text, "er,"), Err(ambiguous));
    assert_eq!(Selector::quote(text, " "), Err(AnchorError::Empty("the quote")));
}

proptest! {
    #[test]
    fn pixels_survive_the_way_through_millionths(
        (w, h) in (1u32..20_000, 1u32..20_000),
        (x, y, dx, dy) in (any::<u32>(), any::<u32>(), any::<u32>(), any::<u32>()),
    ) {
        let (x, y) = (x % w, y % h);
        let (dx, dy) = (1 + dx % (w - x), 1 + dy % (h - y));
        let region = Region::of_px(x, y, dx, dy, (w, h)).expect("inside");
        prop_assert_eq!(region.to_px(), Some((x, y, dx, dy)));
        let text = region.to_string();
        prop_assert_eq!(Region::parse(&text, Some((w, h))).expect("its own spelling"), region);
    }

    #[test]
    fn no_region_text_panics(text in "(xywh=)?(percent:|pixel:)?[0-9.,+ -]{0,40}", size: Option<(u32, u32)>) {
        if let Ok(region) = Region::parse(&text, size) {
            prop_assert_eq!(region.check(), Ok(()));
            let _ = region.to_px();
        }
    }

    #[test]
    fn every_passage_of_a_text_gives_valid_selectors(text in "\\PC{1,200}", from: prop::sample::Index, len in 1usize..40) {
        let chars: Vec<char> = text.chars().collect();
        let from = from.index(chars.len());
        let exact: String = chars[from..].iter().take(len).collect();
        if let Ok(selectors) = Selector::quote(&text, &exact) {
            for selector in selectors { prop_assert_eq!(selector.check(), Ok(())); }
        }
    }
}
