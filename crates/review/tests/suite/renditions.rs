use proofroom_ident::{ContentHash, HashWords as _, Millis};
use proofroom_review::media::FrameMap;
use proofroom_review::media::sheaf::{SheafError, SheafIndex, SheafOf, grid, tile_levels};
use proofroom_review::{MediaType, Recipe, Rendition, RenditionError, RenditionKind};
use proptest::prelude::*;

use crate::ADA;

fn rendition() -> Rendition {
    Rendition {
        of: ContentHash::of(b"hero.tif"),
        kind: RenditionKind::Thumbnail,
        recipe: Recipe { tool: "proofroom 0.1.0".into(), settings: "512 pixels".into() },
        media_type: "image/jpeg".into(),
        content: ContentHash::of(b"small"),
        bytes: 5,
        size: Some((512, 340)),
        by: ADA,
        claimed_at: Millis(7),
    }
}

#[test]
fn a_rendition_has_one_form_and_is_named_by_its_hash() {
    let json = rendition().to_json().expect("small numbers");
    assert_eq!(Rendition::from_json(&json), Ok(rendition()));
    assert!(Rendition::from_json(&json.replace("\"bytes\":5", "\"bytes\": 5")).is_err());
    let other = Rendition { claimed_at: Millis(8), ..rendition() };
    assert_ne!(other.hash(), rendition().hash());
}

#[test]
fn renditions_that_break_a_rule_are_refused() {
    let broken = |change: &dyn Fn(&mut Rendition)| {
        let mut rendition = rendition();
        change(&mut rendition);
        rendition.check().expect_err("a broken rule")
    };
    assert!(matches!(broken(&|r| r.content = r.of), RenditionError::Rule(_)));
    assert!(matches!(broken(&|r| r.size = Some((0, 3))), RenditionError::Rule(_)));
    assert!(matches!(broken(&|r| r.bytes = u64::MAX), RenditionError::Rule(_)));
    assert!(matches!(broken(&|r| r.media_type = "jpeg".into()), RenditionError::Rule(_)));
    assert!(matches!(broken(&|r| r.recipe.tool.clear()), RenditionError::Text(_)));
    assert!(matches!(broken(&|r| r.recipe.settings = "x".repeat(500)), RenditionError::Text(_)));
}

#[test]
fn what_a_file_needs_follows_from_its_type_and_size() {
    use RenditionKind::{Pages, Picture, Proxy, Thumbnail, Tiles, Waveform};
    let small = Some((4_000, 3_000));
    assert_eq!(MediaType::Jpeg.renditions(small), [Thumbnail]);
    assert_eq!(MediaType::Jpeg.renditions(None), [Thumbnail]);
    assert_eq!(MediaType::Jpeg.renditions(Some((10_000, 6_000))), [Thumbnail, Tiles]);
    assert_eq!(MediaType::Png.renditions(Some((8_193, 10))), [Thumbnail, Tiles]);
    assert_eq!(MediaType::Psd.renditions(small), [Thumbnail, Picture]);
    assert_eq!(MediaType::Tiff.renditions(Some((9_000, 9_000))), [Thumbnail, Tiles]);
    assert_eq!(MediaType::Pdf.renditions(None), [Thumbnail, Pages]);
    assert!(MediaType::Mp4.renditions(None).contains(&Proxy));
    assert_eq!(MediaType::Wav.renditions(None), [Waveform]);
    assert_eq!(MediaType::Docx.renditions(None), []);
}

#[test]
fn levels_halve_until_one_tile_holds_the_picture() {
    assert_eq!(tile_levels((1_025, 400), 512), [(1_025, 400), (513, 200), (257, 100)]);
    assert_eq!(tile_levels((512, 512), 512), [(512, 512)]);
    assert_eq!(grid((1_025, 400), 512), (3, 1));
    let index = SheafIndex {
        media_type: "image/jpeg".into(),
        of: SheafOf::Tiles { tile: 512, levels: tile_levels((1_025, 600), 512) },
        lengths: (1..=9).collect(),
    };
    let head = index.head().expect("nine tiles: six, two, one");
    let (again, offset) = SheafIndex::read(&head).expect("what was written");
    assert_eq!((&again, offset), (&index, head.len() as u64));
    assert_eq!(
        [(0, 2, 1), (1, 0, 0), (1, 1, 0), (2, 0, 0)].map(|(l, c, r)| index.tile(l, c, r)),
        [Some(5), Some(6), Some(7), Some(8)]
    );
    assert_eq!([(0, 3, 0), (2, 1, 0), (3, 0, 0)].map(|(l, c, r)| index.tile(l, c, r)), [None; 3]);
    assert_eq!((index.range(0), index.range(3), index.range(9)), (Some(0..1), Some(6..10), None));
}

#[test]
fn a_sheaf_that_lies_about_itself_is_refused() {
    let pages = |n: usize, lengths: usize| SheafIndex {
        media_type: "image/png".into(),
        of: SheafOf::Pages(vec![(10, 20); n]),
        lengths: vec![7; lengths],
    };
    assert!(matches!(pages(2, 3).head(), Err(SheafError::Index(_))));
    let head = pages(2, 2).head().expect("two pages");
    assert!(matches!(SheafIndex::read(&head[..head.len() - 1]), Err(SheafError::Length(_))));
    assert_eq!(SheafIndex::read(b"proofsh2\x02\0\0\0{}"), Err(SheafError::Magic));
    assert_eq!(SheafIndex::read(b"proofsh1\xff\xff\xff\xff{}"), Err(SheafError::Length(0xffff_ffff)));
    let endless = br#"{"media_type":"a/b","of":{"tiles":{"tile":1,"levels":[[4294967295,4294967295],[4294967295,4294967295]]}},"lengths":[]}"#;
    let length = u32::try_from(endless.len()).expect("short").to_le_bytes();
    let bytes = [b"proofsh1".as_slice(), &length, endless].concat();
    assert!(matches!(SheafIndex::read(&bytes), Err(SheafError::Index(_))));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes();
        let _ = SheafIndex::read(&[b"proofsh1".as_slice(), &length, &bytes].concat());
        let _ = SheafIndex::read(&bytes);
    }
}

#[test]
fn a_frame_map_leads_from_frames_to_time_stamps_and_back() {
    // 29.97 frames, the last of which lasts twice as long, then fast ones.
    let stamps = [1001, 2002, 3003, 4004, 6006, 6506, 7006];
    let map = FrameMap::of((1, 30_000), &stamps).expect("time goes on");
    assert_eq!((map.frames(), map.runs.len()), (7, 2));
    for (frame, pts) in (0..).zip(stamps) {
        assert_eq!((map.pts(frame), map.frame(pts)), (Some(pts), Some(frame)), "frame {frame}");
    }
    assert_eq!(
        [1000, 1002, 5999, 6007, 99_999].map(|pts| map.frame(pts)),
        [None, Some(0), Some(3), Some(4), Some(6)]
    );
    assert_eq!(map.pts(7), None);
    assert_eq!(FrameMap::read(&map.to_json()), Some(map));
    assert_eq!(FrameMap::of((1, 25), &[5, 5]), None, "time stands still");
    assert_eq!(FrameMap::of((0, 25), &[5]), None);
    assert_eq!(FrameMap::read(br#"{"time_base":[1,25],"runs":[{"pts":0,"step":1,"count":0}]}"#), None);
}

proptest! {
    #[test]
    fn every_frame_of_any_film_is_found_again(steps in proptest::collection::vec(1..5_i64, 1..200), start in -50..50_i64) {
        let stamps: Vec<i64> = steps.iter().scan(start, |at, step| { *at += step; Some(*at) }).collect();
        let map = FrameMap::of((1, 1000), &stamps).expect("time goes on");
        prop_assert_eq!(map.frames(), stamps.len() as u64);
        for (frame, pts) in (0..).zip(&stamps) {
            prop_assert_eq!((map.pts(frame), map.frame(*pts)), (Some(*pts), Some(frame)));
        }
    }
}
