//! Pictures and films, built by hand from their layouts.

use proofroom_review::Rate;
use proofroom_review::media::{Film, film, picture_size};
use proptest::prelude::*;

fn jpeg(orientation: Option<u16>) -> Vec<u8> {
    let mut out = b"\xff\xd8\xff\xe0\0\x04ab".to_vec();
    if let Some(value) = orientation {
        let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01".to_vec();
        exif.extend_from_slice(&value.to_be_bytes());
        exif.extend_from_slice(&[0; 6]);
        let length = u16::try_from(exif.len() + 2).expect("short");
        out.extend_from_slice(&[0xff, 0xe1]);
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&exif);
    }
    out.extend_from_slice(b"\xff\xc4\0\x03x\xff\xff\xc2\0\x11\x08\x03\x20\x04\xb0\x03");
    out
}

#[test]
fn pictures_say_their_size() {
    let tiff = b"II*\0\x08\0\0\0\x02\0\0\x01\x03\0\x01\0\0\0\xb0\x04\0\0\x01\x01\x04\0\x01\0\0\0\x20\x03\0\0";
    let small = Some((1_200, 800));
    for (bytes, wanted) in [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x04\xb0\0\0\x03\x20\x08".to_vec(), small),
        (b"GIF89a\xb0\x04\x20\x03".to_vec(), small),
        (b"8BPS\0\x01\0\0\0\0\0\0\0\x03\0\0\x03\x20\0\0\x04\xb0".to_vec(), small),
        (b"RIFF....WEBPVP8X\x0a\0\0\0\0\0\0\0\xaf\x04\0\x1f\x03\0".to_vec(), small),
        (b"RIFF....WEBPVP8L\x00\0\0\0\x2f\xaf\xc4\xc7\x00".to_vec(), small),
        (b"RIFF....WEBPVP8 ....\0\0\0\x9d\x01\x2a\xb0\x04\x20\x03".to_vec(), small),
        (tiff.to_vec(), small),
        (jpeg(None), small),
        (jpeg(Some(1)), small),
        (jpeg(Some(6)), Some((800, 1_200))),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\0\0\0\x03\x20\x08".to_vec(), None),
        (b"%PDF-1.7".to_vec(), None),
    ] {
        assert_eq!(picture_size(&bytes), wanted, "{}", bytes.escape_ascii());
        if wanted.is_some() {
            (0..bytes.len()).for_each(|n| _ = picture_size(&bytes[..n]));
        }
    }
}

fn boxed(kind: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let inside = parts.concat();
    let size = u32::try_from(inside.len() + 8).expect("short");
    [&size.to_be_bytes(), &kind[..], &inside].concat()
}

fn words(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_be_bytes()).collect()
}

/// A track of 1920 by 1080 at 30000 ticks per second.
fn track(handler: &[u8; 4], upright: bool, runs: &[(u32, u32)]) -> Vec<u8> {
    let matrix = if upright { [1 << 16, 0, 0, 0, 1 << 16] } else { [0, 1 << 16, 0, u32::MAX << 16, 0] };
    let mut tkhd = vec![0; 10];
    tkhd.extend_from_slice(&matrix);
    tkhd.extend_from_slice(&[0, 0, 0, 1 << 30, 1_920 << 16, 1_080 << 16]);
    let mut stts = vec![0, u32::try_from(runs.len()).expect("short")];
    runs.iter().for_each(|(count, ticks)| stts.extend_from_slice(&[*count, *ticks]));
    let stts = boxed(b"stts", &[&words(&stts)]);
    let hdlr = boxed(b"hdlr", &[&[0; 8], handler]);
    let mdhd = boxed(b"mdhd", &[&words(&[0, 0, 0, 30_000, 0])]);
    let minf = boxed(b"minf", &[&boxed(b"stbl", &[&stts])]);
    boxed(b"trak", &[&boxed(b"tkhd", &[&words(&tkhd)]), &boxed(b"mdia", &[&mdhd, &hdlr, &minf])])
}

fn file(tracks: &[&[u8]]) -> Vec<u8> {
    // A box with a long length: 1, the kind, then 64 bits.
    let mdat = [&words(&[1])[..], b"mdat", &20_u64.to_be_bytes(), &[1, 2, 3, 4]].concat();
    [boxed(b"ftyp", &[b"isom"]), mdat, boxed(b"moov", tracks)].concat()
}

fn read(bytes: &[u8]) -> Option<Film> {
    film(bytes.len() as u64, |at, length| {
        let at = usize::try_from(at).ok()?;
        bytes.get(at..at.checked_add(length)?).map(<[u8]>::to_vec)
    })
}

#[test]
fn films_say_size_rate_and_length() {
    let sound = track(b"soun", true, &[(9, 1_024)]);
    let check = |picture: Vec<u8>, size, rate, frames| {
        assert_eq!(read(&file(&[&sound, &picture])), Some(Film { size, rate, frames }));
    };
    let ntsc = Some(Rate::FPS_29_97);
    check(track(b"vide", true, &[(150, 1_001)]), (1_920, 1_080), ntsc, 150);
    check(track(b"vide", false, &[(149, 1_001), (1, 7)]), (1_080, 1_920), ntsc, 150);
    check(track(b"vide", true, &[(2, 1_001), (2, 1_200)]), (1_920, 1_080), None, 4);
    check(track(b"vide", true, &[(2, 0)]), (1_920, 1_080), None, 2);
    check(track(b"vide", true, &[]), (1_920, 1_080), None, 0);
    assert_eq!(read(&file(&[&sound])), None);
    assert_eq!(read(b""), None);
}

#[test]
fn a_film_cut_short_or_with_a_lying_box_is_refused() {
    let whole = file(&[&track(b"vide", true, &[(150, 1_001)])]);
    assert!((0..whole.len()).all(|n| read(&whole[..n]).is_none()));
    let endless = [words(&[1]), b"mdat".to_vec(), vec![0xff; 8]].concat();
    assert_eq!(read(&endless), None);
    assert_eq!(read(&words(&[4, 0, 0, 0])), None, "a box shorter than its header");
}

proptest! {
    #[test]
    fn no_altered_film_or_picture_panics(at: prop::sample::Index, byte: u8, cut: prop::sample::Index) {
        for mut bytes in [file(&[&track(b"vide", true, &[(150, 1_001)])]), jpeg(Some(8))] {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            bytes.truncate(cut.index(bytes.len()) + 1);
            let _ = (read(&bytes), picture_size(&bytes));
        }
    }
}
