//! What changed between two pictures, against decoding both of them.

use proofroom_compare::{Tolerance, compare_pictures};
use proofroom_pictures::{Picture, encode};
use proofroom_review::MediaType;
use serde_json::json;

use crate::RUNS;
use crate::clock::{median, report, short, timed};

pub fn run(megapixels: &[u32]) {
    for megapixels in megapixels {
        // Three to two, as cameras have it.
        let height = (*megapixels * 1_000_000 * 2 / 3).isqrt();
        let size = (height * 3 / 2, height);
        let source = photo(size, None);
        let jpeg = |picture: &Picture, quality| encode(picture, Some(quality)).expect("JPEG").bytes;
        let before = jpeg(&source, 92);
        // A logo came: elsewhere both are the same to the pixel.
        measure("logo", size, &before, &jpeg(&photo(size, Some((height / 3, height / 4))), 92));
        // Another encoder: nearly every pixel differs by a little.
        measure("re-encoded", size, &before, &jpeg(&source, 80));
    }
}

fn measure(case: &str, size: (u32, u32), before: &[u8], after: &[u8]) {
    let read = |bytes: &[u8]| Picture::read(bytes, MediaType::Jpeg).expect("it was just written").0;
    let (mut decodes, mut compares, mut regions) = (Vec::new(), Vec::new(), 0);
    for _ in 0..RUNS {
        let (decode, (a, b)) = timed(|| (read(before), read(after)));
        let (compare, changes) = timed(|| compare_pictures(&a, &b, Tolerance::default()));
        decodes.push(decode);
        compares.push(compare);
        regions = changes.regions.len();
    }
    let (decode, compare) = (median(&decodes), median(&compares));
    report(&json!({
        "bench": "compare",
        "case": case,
        "megapixels": short(f64::from(size.0) * f64::from(size.1) / 1e6),
        "decode_both_ms": short(decode),
        "compare_ms": short(compare),
        "ratio": short(compare / decode),
        "regions": regions,
    }));
}

/// Smooth, with the grain of a sensor; perhaps with a logo of 400 by 300 at a place.
fn photo((width, height): (u32, u32), logo: Option<(u32, u32)>) -> Picture {
    let byte = |n: u32| u8::try_from(n.min(255)).unwrap_or(u8::MAX);
    let grain = |i: u32| i.wrapping_mul(2_654_435_761).rotate_left(11).wrapping_mul(40_503) >> 28;
    let mut rgba = Vec::new();
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
        let i = y.wrapping_mul(width).wrapping_add(x);
        let inside =
            logo.is_some_and(|(left, top)| (left..left + 400).contains(&x) && (top..top + 300).contains(&y));
        let [r, g, b] = match inside {
            true => [250, 120, 0],
            false => [20 + x * 180 / width, 30 + y * 180 / height, 60 + (x + y) * 90 / (width + height)],
        };
        let noise = if inside { 0 } else { grain(i) };
        rgba.extend([byte(r + noise), byte(g + noise), byte(b + noise), 255]);
    }
    Picture::of_rgba(width, height, rgba).expect("a picture within the limits")
}
