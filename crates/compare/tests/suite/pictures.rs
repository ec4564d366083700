use proofroom_compare::{Alignment, PictureChanges, Tolerance, compare_pictures};
use proofroom_pictures::{Picture, encode};
use proofroom_review::MediaType;
use proptest::prelude::*;

const SIZE: (u32, u32) = (320, 240);

/// A smooth picture with some grain, the same for a seed.
pub fn photo((width, height): (u32, u32), seed: u32) -> Vec<u8> {
    let byte = |n: u32| u8::try_from(n.min(255)).unwrap();
    let grain = |i: u32| (i ^ seed).wrapping_mul(2_654_435_761).rotate_left(11).wrapping_mul(40_503) >> 29;
    let pixel = |i: u32| {
        let (x, y) = (i % width, i / width);
        let (r, g, b) = (x * 180 / width, y * 180 / height, (x + y) * 90 / (width + height));
        [byte(20 + r + grain(i)), byte(30 + g + grain(i + 7)), byte(60 + b + grain(i + 13)), 255]
    };
    (0..width * height).flat_map(pixel).collect()
}

pub fn of(rgba: Vec<u8>) -> Picture {
    Picture::of_rgba(SIZE.0, SIZE.1, rgba).expect("a picture of this size")
}

/// Paints a rectangle.
pub fn fill(rgba: &mut [u8], [x, y, w, h]: [u32; 4], colour: [u8; 3]) {
    for row in y..y + h {
        for column in x..x + w {
            let at = usize::try_from((row * SIZE.0 + column) * 4).unwrap();
            rgba[at..at + 3].copy_from_slice(&colour);
        }
    }
}

/// A photo with a logo of 40 by 30 at a place.
pub fn with_logo(x: u32, y: u32) -> Picture {
    let mut rgba = photo(SIZE, 1);
    fill(&mut rgba, [x, y, 40, 30], [250, 120, 0]);
    of(rgba)
}

fn places(changes: &PictureChanges) -> Vec<[u32; 4]> {
    changes.regions.iter().map(|region| region.px).collect()
}

fn changed(before: &Picture, after: &Picture) -> PictureChanges {
    compare_pictures(before, after, Tolerance::default())
}

#[test]
fn a_logo_that_came_is_exactly_its_region() {
    let changes = changed(&of(photo(SIZE, 1)), &with_logo(100, 60));
    assert_eq!((changes.alignment, places(&changes)), (Alignment::Same, vec![[100, 60, 40, 30]]));
    assert_eq!((changes.changed_pixels, changes.share_ppm), (1_200, 15_625));
    assert_eq!(changes.regions[0].place.to_px(), Some((100, 60, 40, 30)));
}

#[test]
fn a_logo_that_moved_is_where_it_was_and_where_it_is() {
    let far = changed(&with_logo(20, 20), &with_logo(200, 150));
    assert_eq!(places(&far), [[20, 20, 40, 30], [200, 150, 40, 30]]);
    let near = changed(&with_logo(100, 60), &with_logo(105, 60));
    assert_eq!(places(&near), [[100, 60, 5, 30], [140, 60, 5, 30]], "it is the same in between");
    let thin = changed(&with_logo(100, 60), &with_logo(100, 90));
    assert_eq!(places(&thin), [[100, 60, 40, 60]], "what touches is one region");
    let a_hair = changed(&with_logo(100, 60), &with_logo(101, 60));
    assert_eq!(places(&a_hair), [[100, 60, 1, 30], [140, 60, 1, 30]], "one pixel to the right is seen");
}

#[test]
fn another_encoding_of_the_same_picture_is_no_change() {
    let source = with_logo(100, 60);
    for quality in [95, 90] {
        let jpeg = encode(&source, Some(quality)).expect("JPEG").bytes;
        let (again, _) = Picture::read(&jpeg, MediaType::Jpeg).expect("JPEG");
        let changes = changed(&source, &again);
        assert_eq!(places(&changes), Vec::<[u32; 4]>::new(), "quality {quality}: {}", changes.changed_pixels);
        assert!(compare_pictures(&source, &again, Tolerance::EXACT).is_changed(), "but pixels differ");
    }
}

#[test]
fn what_an_encoder_blurs_does_not_hide_what_changed() {
    let jpeg = |picture: &Picture| {
        let bytes = encode(picture, Some(90)).expect("JPEG").bytes;
        Picture::read(&bytes, MediaType::Jpeg).expect("JPEG").0
    };
    let changes = changed(&jpeg(&with_logo(20, 20)), &jpeg(&with_logo(200, 150)));
    let found = places(&changes);
    assert_eq!(found.len(), 2, "{found:?}");
    for ([x, y, w, h], (left, top)) in found.into_iter().zip([(20, 20), (200, 150)]) {
        let near = |a: u32, b: u32| a.abs_diff(b) <= 4;
        assert!(near(x, left) && near(y, top) && near(w, 40) && near(h, 30), "{x},{y} {w}x{h}");
    }
}

#[test]
fn an_anti_aliased_edge_is_no_change_and_a_line_is_one() {
    // A slanted edge, drawn by two renderers that mix the pixels on it differently.
    let edge = |share: u32| {
        let mut rgba = vec![255; (SIZE.0 * SIZE.1 * 4) as usize];
        for y in 0..SIZE.1 {
            let x = 100 + y / 3;
            fill(&mut rgba, [0, y, x, 1], [0, 0, 0]);
            let gray = u8::try_from(share + y % 3 * 40).unwrap();
            fill(&mut rgba, [x, y, 1, 1], [gray; 3]);
        }
        of(rgba)
    };
    let (one, other) = (edge(60), edge(120));
    assert!(!changed(&one, &other).is_changed(), "{:?}", changed(&one, &other).regions);
    let counted = Tolerance { edges: false, ..Tolerance::default() };
    assert!(compare_pictures(&one, &other, counted).is_changed());
    let mut lined = one.rgba().to_vec();
    fill(&mut lined, [200, 10, 1, 200], [255, 0, 0]);
    assert_eq!(places(&changed(&one, &of(lined))), [[200, 10, 1, 200]]);
}

#[test]
fn a_single_bright_pixel_is_seen_and_a_slight_one_is_noise() {
    let source = of(photo(SIZE, 1));
    let with = |colour: [u8; 3]| {
        let mut rgba = source.rgba().to_vec();
        fill(&mut rgba, [50, 50, 1, 1], colour);
        of(rgba)
    };
    assert_eq!(places(&changed(&source, &with([255; 3]))), [[50, 50, 1, 1]]);
    let [r, g, b] = [0, 1, 2].map(|i| source.rgba()[((50 * SIZE.0 + 50) * 4) as usize + i]);
    assert!(!changed(&source, &with([r + 30, g + 30, b + 30])).is_changed());
}

#[test]
fn transparency_counts_where_it_shows() {
    let clear = of([0, 0, 0, 0].repeat((SIZE.0 * SIZE.1) as usize));
    let other = of([255, 255, 255, 0].repeat((SIZE.0 * SIZE.1) as usize));
    assert!(!changed(&clear, &other).is_changed(), "nobody sees the colour of nothing");
    let black = of([0, 0, 0, 255].repeat((SIZE.0 * SIZE.1) as usize));
    assert_eq!(changed(&clear, &black).share_ppm, 1_000_000);
}

#[test]
fn sizes_may_differ_where_proportions_do_not() {
    let source = with_logo(100, 60);
    let twice = changed(&source, &source.resized(640, 480));
    assert_eq!((twice.alignment, twice.is_changed(), twice.size), (Alignment::Scaled, false, SIZE));
    let moved = changed(&source, &with_logo(200, 150).resized(640, 480));
    assert_eq!(moved.regions.len(), 2, "{:?}", moved.regions);
    let banner = Picture::of_rgba(320, 100, photo((320, 100), 1)).expect("a banner");
    let other = changed(&source, &banner);
    assert_eq!((other.alignment, other.is_changed(), other.regions.len()), (Alignment::None, true, 0));
}

#[test]
fn ten_thousand_specks_are_told_as_few_regions() {
    let mut specks = photo(SIZE, 1);
    for y in (0..SIZE.1).step_by(2) {
        (0..SIZE.0).step_by(32).for_each(|x| fill(&mut specks, [x + y % 32, y, 1, 1], [255, 0, 255]));
    }
    let changes = changed(&of(photo(SIZE, 1)), &of(specks));
    assert!(!changes.regions.is_empty() && changes.regions.len() <= 200, "{}", changes.regions.len());
    assert_eq!(changes.regions.iter().map(|r| r.pixels).sum::<u64>(), changes.changed_pixels);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn what_was_painted_is_found_and_nothing_else(x in 0..300_u32, y in 0..220_u32, w in 2..20_u32, h in 2..20_u32) {
        let source = of(photo(SIZE, 3));
        let mut painted = source.rgba().to_vec();
        fill(&mut painted, [x, y, w, h], [255, 0, 255]);
        let changes = changed(&source, &of(painted));
        prop_assert_eq!(places(&changes), [[x, y, w, h]]);
    }

    #[test]
    fn a_picture_is_the_same_as_itself_and_differences_go_both_ways(a in 0..50_u32, b in 0..50_u32) {
        let (one, other) = (of(photo(SIZE, a)), with_logo(b * 3, b * 2));
        prop_assert!(!compare_pictures(&one, &one, Tolerance::EXACT).is_changed());
        let (there, back) = (changed(&one, &other), changed(&other, &one));
        prop_assert_eq!(there.changed_pixels, back.changed_pixels);
    }
}
