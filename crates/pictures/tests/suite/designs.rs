use proofroom_pictures::{Design, Picture};
use proofroom_review::MediaType;
use proptest::prelude::*;

use crate::psd::{Paint, psd};

fn poster() -> Vec<Paint> {
    vec![
        Paint::new(5, "Logo", [60, 40, 90, 60], [250, 120, 0]),
        Paint::group(4, "Copy", 1),
        Paint { hidden: true, ..Paint::new(3, "Überschrift", [10, -5, 50, 12], [0, 0, 0]) },
        Paint::group(9, "</Layer group>", 3),
        Paint::new(1, "Background", [0, 0, 100, 80], [20, 60, 200]),
    ]
}

#[test]
fn layers_are_listed_from_the_top_in_their_groups() {
    let bytes = psd((100, 80), &poster());
    let design = Design::read(&bytes).expect("a PSD");
    let shown: Vec<_> =
        design.layers().iter().map(|l| (l.path().join("/"), l.id, l.hidden, l.group)).collect();
    assert_eq!(
        shown,
        [
            ("Logo".to_owned(), Some(5), false, false),
            ("Copy".to_owned(), Some(4), false, true),
            ("Copy/Überschrift".to_owned(), Some(3), true, false),
            ("Background".to_owned(), Some(1), false, false),
        ]
    );
    assert_eq!((design.size(), design.mode(), design.depth()), ((100, 80), "Rgb", 8));
    assert_eq!(design.layers()[2].edges, [10, -5, 50, 12], "a layer may lie outside");
}

#[test]
fn the_pixels_of_a_layer_are_the_same_however_they_are_packed() {
    for packing in 0..=3 {
        let layers: Vec<_> = poster().into_iter().map(|l| Paint { packing, ..l }).collect();
        let bytes = psd((100, 80), &layers);
        let design = Design::read(&bytes).expect("a PSD");
        let pixels = design.pixels(&bytes, &design.layers()[0]).expect("a layer that covers something");
        assert_eq!((pixels.size, pixels.planes.len()), ((30, 20), 3));
        let values: Vec<u8> = pixels.planes.iter().map(|(_, plane)| plane[599]).collect();
        assert_eq!(values, [250, 120, 0], "packing {packing}");
        assert_eq!(design.pixels(&bytes, &design.layers()[1]), None, "a group covers nothing");
    }
}

#[test]
fn the_flat_picture_is_what_all_layers_make() {
    let bytes = psd((100, 80), &poster());
    let (flat, facts) = Picture::read(&bytes, MediaType::Psd).expect("a PSD");
    let at = |x: usize, y: usize| &flat.rgba()[(y * 100 + x) * 4..][..4];
    assert_eq!((at(70, 50), at(20, 5)), (&[250, 120, 0, 255][..], &[20, 60, 200, 255][..]));
    assert_eq!(facts.colour, "Rgb8");
}

#[test]
fn a_small_file_makes_no_large_memory() {
    // A layer that claims 60,000 by 60,000 pixels, in a file of some hundred bytes.
    let huge = Paint { packing: 0, ..Paint::new(1, "Huge", [0, 0, 1, 1], [1, 2, 3]) };
    let mut bytes = psd((4, 4), &[huge]);
    let record = bytes.windows(16).position(|w| w == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
    let at = record.expect("the edges of the layer");
    bytes[at + 8..at + 16].copy_from_slice(&[0, 0, 234, 96, 0, 0, 234, 96]);
    let design = Design::read(&bytes).expect("its records are sound");
    assert_eq!(design.pixels(&bytes, &design.layers()[0]), None);
    let mut endless = psd((4, 4), &poster());
    endless[14..22].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
    assert!(Design::read(&endless).is_err(), "four gigapixels");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_bytes_panic(changes in proptest::collection::vec((0..2_000_usize, any::<u8>()), 0..12), cut in 0..40_000_usize) {
        let mut bytes = psd((100, 80), &poster());
        for (at, value) in changes {
            let at = at % bytes.len();
            bytes[at] = value;
        }
        bytes.truncate(bytes.len().saturating_sub(cut % 30_000));
        if let Ok(design) = Design::read(&bytes) {
            design.layers().iter().for_each(|layer| _ = design.pixels(&bytes, layer));
            let _ = design.flat(&bytes);
        }
    }
}
