use proofroom_compare::{Content, Detail, LayerChanges, LayerDifference, NoPictures, Tolerance, compare};
use proofroom_review::MediaType;
use proofroom_review::anchor::Region;

use crate::psd::{Paint, psd};

const SIZE: (u32, u32) = (100, 80);

pub fn poster() -> Vec<Paint> {
    vec![
        Paint::new(5, "Logo", [60, 40, 90, 60], [250, 120, 0]),
        Paint::new(3, "Headline", [10, 5, 50, 15], [0, 0, 0]),
        Paint::new(2, "Photo", [5, 20, 55, 70], [90, 90, 90]),
        Paint::new(1, "Background", [0, 0, 100, 80], [20, 60, 200]),
    ]
}

pub fn changes(before: &[Paint], after: &[Paint]) -> LayerChanges {
    let (a, b) = (psd(SIZE, before), psd(SIZE, after));
    let read = |bytes| Content::read(bytes, MediaType::Psd);
    match compare(&read(&a), &read(&b), Tolerance::default(), &mut NoPictures).0 {
        Detail::Layers(layers) => layers,
        other => panic!("{other:?}"),
    }
}

fn told(before: &[Paint], after: &[Paint]) -> Vec<(String, Vec<LayerDifference>)> {
    changes(before, after).layers.into_iter().map(|l| (l.path.join("/"), l.what)).collect()
}

#[test]
fn a_renamed_layer_is_renamed_and_nothing_else() {
    let mut after = poster();
    after[0].name = "Logo final";
    let changes = changes(&poster(), &after);
    let renamed = LayerDifference::Renamed { from: "Logo".into() };
    assert_eq!((changes.layers.len(), &changes.layers[0].what), (1, &vec![renamed.clone()]));
    assert_eq!((changes.layers[0].id, changes.layers[0].path.join("/").as_str()), (Some(5), "Logo final"));
    assert!(!changes.flat.expect("both have a flat picture").is_changed());
    // Without ids it is known by its pixels.
    let without =
        |layers: Vec<Paint>| -> Vec<Paint> { layers.into_iter().map(|l| Paint { id: 7, ..l }).collect() };
    assert_eq!(told(&without(poster()), &without(after)), [("Logo final".to_owned(), vec![renamed])]);
}

#[test]
fn layers_come_go_hide_and_move() {
    let mut after = poster();
    after[1].hidden = true;
    after[2].edges = [6, 20, 56, 70];
    after.remove(0);
    after.insert(0, Paint::new(8, "Badge", [0, 0, 9, 9], [1, 2, 3]));
    let placed = LayerDifference::Placed { from: [5, 20, 55, 70], to: [6, 20, 56, 70] };
    assert_eq!(
        told(&poster(), &after),
        [
            ("Badge".to_owned(), vec![LayerDifference::Added]),
            ("Headline".to_owned(), vec![LayerDifference::Visibility { hidden: true }]),
            ("Photo".to_owned(), vec![placed]),
            ("Logo".to_owned(), vec![LayerDifference::Removed]),
        ]
    );
    let mut stacked = poster();
    stacked.swap(0, 1);
    let moved = told(&poster(), &stacked);
    assert_eq!(moved.len(), 1, "one of two that changed places moved: {moved:?}");
    assert_eq!(moved[0].1, [LayerDifference::Moved { from: Vec::new() }]);
    let mut grouped = poster();
    grouped.insert(1, Paint::group(11, "</Layer group>", 3));
    grouped.insert(0, Paint::group(10, "Brand", 1));
    assert_eq!(
        told(&poster(), &grouped),
        [
            ("Brand".to_owned(), vec![LayerDifference::Added]),
            ("Brand/Logo".to_owned(), vec![LayerDifference::Moved { from: Vec::new() }]),
        ]
    );
}

#[test]
fn painted_pixels_are_placed_in_the_whole_picture() {
    let mut after = poster();
    after[0].colour = [0, 200, 0];
    let changes = changes(&poster(), &after);
    let place = Region::of_px(60, 40, 30, 20, SIZE).ok();
    assert_eq!(changes.layers[0].what, [LayerDifference::Pixels { place }]);
    let flat = changes.flat.expect("both have a flat picture");
    assert_eq!(flat.regions.iter().map(|r| r.px).collect::<Vec<_>>(), [[60, 40, 30, 20]]);
}

#[test]
fn another_packing_of_the_same_pixels_is_no_change() {
    let packed = |packing| poster().into_iter().map(|l| Paint { packing, ..l }).collect::<Vec<_>>();
    assert_eq!(told(&packed(0), &packed(3)), []);
}
