//! The ways in of media: pictures, designs, documents, films, and what is made of them.

use proofroom_compare::{Content, NoPictures, Tolerance, compare, text_of_docx};
use proofroom_pages::Pages;
use proofroom_pictures::{Design, Picture, thumbnail};
use proofroom_review::MediaType;
use proofroom_review::media::sheaf::SheafIndex;
use proofroom_review::media::{FrameMap, picture_size, sniff};

macro_rules! samples {
    ($($target:literal: $($file:literal)*;)*) => {
        [$($(($target, include_bytes!(concat!("../../samples/", $file)).as_slice()),)*)*]
    };
}

/// Honest media, made by ImageMagick and ffmpeg, each with the name of its target.
pub(super) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let files = samples! {
        "picture": "tiny.png" "tiny.jpg" "tiny.gif" "tiny.webp" "tiny.tif";
        "design": "poster.psd";
        "document": "copy.docx" "tiny.mp4";
        "pages": "pages.pdf";
        "media": "tiny.mp4";
    };
    let mut out: Vec<_> = files.iter().map(|(target, bytes)| (*target, bytes.to_vec())).collect();
    let stamps: Vec<i64> = (0..40).map(|i| i * 3 + i / 9).collect();
    let map = FrameMap::of((1, 90_000), &stamps).expect("time goes on");
    out.push(("rendition", map.to_json()));
    let of = proofroom_review::media::sheaf::SheafOf::Pages(vec![(3, 4), (5, 6)]);
    let index = SheafIndex { media_type: "image/png".into(), of, lengths: vec![9, 9] };
    out.push(("rendition", index.head().expect("two pages")));
    out
}

pub(super) fn media(data: &[u8]) {
    for name in ["a.png", "a.svg", "a.psd", "a.mp4", "a"] {
        let _kind = sniff(data, name);
    }
    let _size = picture_size(data);
    let _film = Content::read(data, MediaType::Mp4);
}

pub(super) fn picture(data: &[u8]) {
    let media = sniff(data, "");
    if let Ok((picture, facts)) = Picture::read(data, media) {
        assert_eq!((picture.width(), picture.height()), (facts.width, facts.height));
        if u64::from(facts.width) * u64::from(facts.height) < 1 << 16 {
            let small = thumbnail(&picture).expect("what was read is written");
            assert!(small.size.0 <= 512 && small.size.1 <= 512, "a thumbnail is small");
        }
    }
}

pub(super) fn design(data: &[u8]) {
    if let Ok(design) = Design::read(data) {
        for layer in design.layers().iter().take(20) {
            let _pixels = design.pixels(data, layer);
        }
        let (one, other) = (Content::read(data, MediaType::Psd), Content::read(data, MediaType::Psd));
        let (detail, facts) = compare(&one, &other, Tolerance::EXACT, &mut NoPictures);
        assert!(facts.is_empty(), "a file says the same as itself");
        if let proofroom_compare::Detail::Layers(layers) = detail {
            assert!(layers.layers.iter().all(|l| !l.path.is_empty()), "a layer has a name, if an empty one");
        }
    }
}

pub(super) fn document(data: &[u8]) {
    let _text = text_of_docx(data);
    for media in [MediaType::Zip, MediaType::Text, MediaType::Mp4] {
        let content = Content::read(data, media);
        let _detail = compare(&content, &content, Tolerance::default(), &mut NoPictures);
    }
}

pub(super) fn pages(data: &[u8]) {
    if let Ok(pages) = Pages::open(data.to_vec()) {
        let facts = pages.facts();
        assert_eq!(facts.len(), pages.count());
        let _picture = pages.picture(0, 64);
    }
}

pub(super) fn rendition(data: &[u8]) {
    if let Ok((index, offset)) = SheafIndex::read(data) {
        assert!(offset <= data.len() as u64);
        let _ranges = (index.range(0), index.range(usize::MAX), index.tile(0, 0, 0), index.tile(9, 9, 9));
        assert_eq!(
            SheafIndex::read(&index.head().expect("what was read is written")).map(|r| r.0),
            Ok(index)
        );
    }
    if let Some(map) = FrameMap::read(data) {
        assert_eq!(FrameMap::read(&map.to_json()), Some(map.clone()));
        let last = map.frames() - u64::from(map.frames() > 0);
        let _places = (map.pts(0), map.pts(last), map.frame(0), map.frame(i64::MAX), map.frame(i64::MIN));
    }
}
