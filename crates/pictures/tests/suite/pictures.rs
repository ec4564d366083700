use image::{ImageEncoder as _, RgbaImage};
use proofroom_pictures::{PIXELS_MAX, Picture, ReadError, encode, thumbnail, tiles, whole};
use proofroom_review::MediaType;
use proofroom_review::media::sheaf::{SheafIndex, SheafOf};
use proptest::prelude::*;

/// A picture in which every pixel is another one.
pub fn picture(width: u32, height: u32) -> Picture {
    let byte = |n: u32| u8::try_from(n % 256).unwrap();
    let pixel = |i: u32| [byte(i % width), byte(i / width), byte(i / 7), 255];
    let rgba = (0..width * height).flat_map(pixel).collect();
    Picture::of_rgba(width, height, rgba).expect("a small picture")
}

#[test]
fn what_is_written_without_loss_reads_back_pixel_by_pixel() {
    let made = picture(70, 40);
    let png = whole(&made).expect("PNG");
    assert_eq!((png.media_type, png.size), ("image/png", (70, 40)));
    let (again, facts) = Picture::read(&png.bytes, MediaType::Png).expect("PNG");
    assert_eq!(again, made);
    assert_eq!((facts.width, facts.height, facts.colour.as_str(), facts.exif), (70, 40, "Rgb8", false));
}

#[test]
fn a_thumbnail_is_small_never_larger_and_keeps_transparency() {
    let large = thumbnail(&picture(2_000, 500)).expect("JPEG");
    assert_eq!((large.media_type, large.size), ("image/jpeg", (512, 128)));
    let (read, _) = Picture::read(&large.bytes, MediaType::Jpeg).expect("JPEG");
    assert_eq!((read.width(), read.height()), (512, 128));
    assert_eq!(thumbnail(&picture(30, 10)).expect("JPEG").size, (30, 10));
    assert_eq!(thumbnail(&picture(3_000, 1)).expect("JPEG").size, (512, 1));
    let glass = Picture::of_rgba(2, 1, vec![255, 0, 0, 255, 0, 0, 255, 0]).expect("two pixels");
    let made = thumbnail(&glass).expect("PNG");
    assert_eq!(made.media_type, "image/png");
    assert_eq!(Picture::read(&made.bytes, MediaType::Png).expect("PNG").0, glass);
}

#[test]
fn tiles_put_together_are_the_picture() {
    let made = picture(1_100, 600);
    let mut told = 0;
    let tiled = tiles(&made, |pixels| told += pixels).expect("JPEG");
    let sheaf = tiled.into_sheaf().expect("few tiles");
    let (index, parts) = SheafIndex::read(&sheaf).expect("a sheaf");
    let SheafOf::Tiles { tile: 512, levels } = &index.of else { panic!("{:?}", index.of) };
    assert_eq!(levels, &[(1_100, 600), (550, 300), (275, 150)]);
    assert_eq!((index.media_type.as_str(), index.lengths.len()), ("image/jpeg", 6 + 2 + 1));
    assert_eq!(told, 1_100 * 600 + 550 * 300 + 275 * 150);
    let at = |n: u64| usize::try_from(n).unwrap();
    let read = |level, column, row| {
        let range = index.range(index.tile(level, column, row).expect("a tile")).expect("a part");
        let bytes = &sheaf[at(parts + range.start)..at(parts + range.end)];
        Picture::read(bytes, MediaType::Jpeg).expect("JPEG").0
    };
    let corner = read(0, 2, 1);
    assert_eq!((corner.width(), corner.height()), (1_100 - 1_024, 600 - 512));
    // JPEG loses a little: red tells the column, green the row.
    let near = |a: u8, b: u8| a.abs_diff(b) < 40;
    let (first, source) = (&corner.rgba()[..4], &made.rgba()[(512 * 1_100 + 1_024) * 4..][..4]);
    assert!(near(first[0], source[0]) && near(first[1], source[1]), "{first:?} {source:?}");
    assert_eq!(at(parts) + index.lengths.iter().map(|n| *n as usize).sum::<usize>(), sheaf.len());
}

#[test]
fn a_picture_is_turned_upright() {
    // An orientation of 6: the camera was turned, the first row is the right edge.
    let mut jpeg = Vec::new();
    let pixels = RgbaImage::from_fn(40, 20, |x, _| {
        image::Rgba(if x < 20 { [255, 0, 0, 255] } else { [0, 0, 255, 255] })
    });
    let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 95);
    let exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    encoder.set_exif_metadata(exif.to_vec()).expect("JPEG carries Exif");
    let rgb = image::DynamicImage::from(pixels).into_rgb8();
    encoder.write_image(rgb.as_raw(), 40, 20, image::ExtendedColorType::Rgb8).expect("JPEG");
    let (read, facts) = Picture::read(&jpeg, MediaType::Jpeg).expect("JPEG");
    assert_eq!((read.width(), read.height(), facts.exif), (20, 40, true));
    let (top, bottom) = (&read.rgba()[..4], &read.rgba()[read.rgba().len() - 4..]);
    assert!(top[0] > 200 && bottom[2] > 200, "{top:?} {bottom:?}");
}

#[test]
fn too_many_pixels_are_refused_before_they_are_read() {
    let mut png = whole(&picture(3, 3)).expect("PNG").bytes;
    png[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
    // The header's checksum is mended, so that size alone is what is wrong.
    let crc = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&crc.to_be_bytes());
    let refused = Picture::read(&png, MediaType::Png).expect_err("4 gigapixels");
    assert!(
        matches!(refused, ReadError::TooLarge { width: 65_536, height: 65_536 } | ReadError::Damaged(_)),
        "{refused}"
    );
    assert!(Picture::of_rgba(1 << 20, 1 << 20, Vec::new()).is_none() && PIXELS_MAX < 1 << 40);
    assert!(Picture::of_rgba(2, 2, vec![0; 15]).is_none() && Picture::of_rgba(2, 2, vec![0; 17]).is_none());
    assert!(matches!(Picture::read(b"words", MediaType::Text), Err(ReadError::Kind(MediaType::Text))));
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 },
        )
    })
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, media in 0..MediaType::ALL.len(), cut in 0..400_usize, flip: u8) {
        let media = MediaType::ALL[media];
        let _ = Picture::read(&bytes, media);
        let sound = encode(&picture(9, 9), Some(80)).expect("JPEG").bytes;
        let mut broken = sound[..cut.min(sound.len())].to_vec();
        broken.extend(&bytes);
        if let Some(byte) = broken.get_mut(usize::from(flip)) {
            *byte ^= flip;
        }
        let _ = Picture::read(&broken, MediaType::Jpeg);
    }
}
