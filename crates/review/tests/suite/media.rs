use proofroom_review::media::sniff;
use proofroom_review::{Category, MediaType};
use proptest::prelude::*;

fn check(bytes: &[u8], name: &str, wanted: MediaType) {
    assert_eq!(sniff(bytes, name), wanted, "{name}");
}

#[test]
fn files_are_known_by_their_first_bytes() {
    check(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a.png", MediaType::Png);
    check(b"\xff\xd8\xff\xe0\0\x10JFIF", "a.jpg", MediaType::Jpeg);
    check(b"GIF89a\x01\0", "a.gif", MediaType::Gif);
    check(b"RIFF\x10\0\0\0WEBPVP8 ", "a.webp", MediaType::WebP);
    check(b"II*\0\x08\0\0\0", "a.tif", MediaType::Tiff);
    check(b"MM\0*\0\0\0\x08", "a.tif", MediaType::Tiff);
    check(b"8BPS\0\x01\0\0\0\0\0\0", "a.psd", MediaType::Psd);
    check(b"%PDF-1.7\n", "a.pdf", MediaType::Pdf);
    check(b"\0\0\0\x20ftypisom\0\0\x02\0", "a.mp4", MediaType::Mp4);
    check(b"\0\0\0\x14ftypqt  \0\0\0\0", "a.mov", MediaType::Mov);
    check(b"\0\0\0\x08wide\0\0\0\0mdat", "a.mov", MediaType::Mov);
    check(b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm", "a.webm", MediaType::WebM);
    check(b"\x1a\x45\xdf\xa3\xa3B\x86\x81\x01B\x82\x88matroska", "a.mkv", MediaType::Mkv);
    check(b"RIFF\x10\0\0\0WAVEfmt ", "a.wav", MediaType::Wav);
    check(b"ID3\x04\0\0", "a.mp3", MediaType::Mp3);
    check(b"\xff\xfb\x90\x44\0\0", "a.mp3", MediaType::Mp3);
    check(b"PK\x03\x04\x14\0[Content_Types].xmlPK\x03\x04word/document.xml", "a.docx", MediaType::Docx);
    check(b"PK\x03\x04\x14\0document.json", "a.sketch", MediaType::Zip);
    check(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.svg", MediaType::Svg);
    check(b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- x -->\n<svg/>", "a.svg", MediaType::Svg);
    check(b"# Title\n", "a.MD", MediaType::Markdown);
    check("Grüße\n".as_bytes(), "a.txt", MediaType::Text);
    check(&"Grüße".as_bytes()[..4], "cut.txt", MediaType::Text);
}

#[test]
fn a_lying_name_convinces_nobody() {
    check(b"\x89PNG\r\n\x1a\n", "film.mp4", MediaType::Png);
    check(b"MZ\x90\0\x03\0", "photo.jpg", MediaType::Unknown);
    check(b"", "empty.txt", MediaType::Unknown);
    check(b"\0\0\0\x18ftypheic", "a.mp4", MediaType::Unknown);
    check(b"\xff\xfe\0\0", "a.txt", MediaType::Unknown);
    check(b"<?xml version='1.0'?><html/>", "a.svg", MediaType::Text);
}

#[test]
fn categories_expect_their_own_kind_of_file() {
    for (category, fits, misfits) in [
        (Category::Visual, MediaType::Jpeg, MediaType::Mp4),
        (Category::Video, MediaType::Mp4, MediaType::Png),
        (Category::Written, MediaType::Docx, MediaType::Psd),
        (Category::DesignSource, MediaType::Psd, MediaType::Jpeg),
    ] {
        assert!(category.fits(fits) && !category.fits(misfits), "{category}");
    }
    assert!(MediaType::ALL.iter().all(|media| Category::Campaign.fits(*media)));
    assert!(Category::DesignSource.fits(MediaType::Unknown) && !Category::Visual.fits(MediaType::Unknown));
}

#[test]
fn mime_types_read_back() {
    for media in MediaType::ALL {
        assert_eq!(MediaType::of_mime(media.mime()), *media);
    }
    assert_eq!(MediaType::of_mime("text/x-new"), MediaType::Unknown);
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, name in ".{0,12}") {
        let _ = sniff(&bytes, &name);
    }
}
