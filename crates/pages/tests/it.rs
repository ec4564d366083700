//! The public face of the crate, under test.

use proofroom_pages::{Pages, PagesError};
use proptest::prelude::*;

/// A PDF of small pages, each drawn by its own instructions.
fn pdf(pages: &[&str], more: &str) -> Vec<u8> {
    let kids: Vec<String> = (0..pages.len()).map(|i| format!("{} 0 R", 4 + 2 * i)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), pages.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    for (i, drawing) in pages.iter().enumerate() {
        let contents = format!("/Contents {} 0 R /Resources << /Font << /F1 3 0 R >> >>", 5 + 2 * i);
        objects.push(format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] {more} {contents} >>"));
        objects.push(format!("<< /Length {} >>\nstream\n{drawing}\nendstream", drawing.len()));
    }
    let (mut text, mut table) = ("%PDF-1.4\n".to_owned(), String::new());
    for (i, object) in objects.iter().enumerate() {
        table += &format!("{:010} 00000 n \n", text.len());
        text += &format!("{} 0 obj\n{object}\nendobj\n", i + 1);
    }
    let (count, start) = (objects.len() + 1, text.len());
    text +=
        &format!("xref\n0 {count}\n0000000000 65535 f \n{table}trailer\n<< /Size {count} /Root 1 0 R >>\n");
    text += &format!("startxref\n{start}\n%%EOF\n");
    text.into_bytes()
}

fn text(drawing: &str) -> String {
    Pages::open(pdf(&[drawing], "")).expect("a PDF").facts()[0].text.clone()
}

#[test]
fn words_are_read_from_where_glyphs_are_drawn() {
    assert_eq!(text("BT /F1 12 Tf 20 70 Td (Bright mornings) Tj ET"), "Bright mornings");
    assert_eq!(text("BT /F1 12 Tf 20 70 Td (one) Tj 0 -14 Td (two) Tj ET"), "one\ntwo");
    // A gap is a space, kerning is none.
    assert_eq!(text("BT /F1 12 Tf 20 70 Td [(Bri) 20 (ght) -400 (day)] TJ ET"), "Bright day");
    assert_eq!(text("0 0 1 rg 20 20 40 30 re f"), "");
}

#[test]
fn a_page_says_its_boxes_and_its_turn() {
    let more = "/CropBox [10 10 190 90] /TrimBox [20.5 20 180 80] /Rotate 90";
    let facts = Pages::open(pdf(&["", ""], more)).expect("a PDF").facts();
    assert_eq!(facts.len(), 2);
    assert_eq!(
        (facts[0].media_box, facts[0].crop_box),
        ([0, 0, 200_000, 100_000], [10_000, 10_000, 190_000, 90_000])
    );
    assert_eq!((facts[0].trim_box, facts[0].bleed_box), (Some([20_500, 20_000, 180_000, 80_000]), None));
    assert_eq!(facts[0].rotate, 90);
}

#[test]
fn a_page_is_drawn_upright_and_within_its_side() {
    let pages = Pages::open(pdf(&["0 0 1 rg 0 0 100 50 re f"], "")).expect("a PDF");
    let picture = pages.picture(0, 100).expect("a page");
    assert_eq!((picture.width(), picture.height()), (100, 50));
    let at = |x: usize, y: usize| &picture.rgba()[(y * 100 + x) * 4..][..4];
    assert_eq!((at(10, 45), at(10, 5), at(80, 45)), (&[0, 0, 255, 255][..], &[255; 4][..], &[255; 4][..]));
    assert!(pages.picture(1, 100).is_none());
    let turned = Pages::open(pdf(&[""], "/Rotate 90")).expect("a PDF").picture(0, 100).expect("a page");
    assert_eq!((turned.width(), turned.height()), (50, 100));
}

#[test]
fn what_is_no_pdf_is_refused() {
    for bytes in [&b""[..], b"%PDF-1.7", b"words"] {
        assert!(matches!(Pages::open(bytes.to_vec()), Err(PagesError::Damaged)), "{bytes:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_bytes_panic(flips in proptest::collection::vec((0..900_usize, any::<u8>()), 0..10), cut in 0..900_usize) {
        let mut bytes = pdf(&["BT /F1 12 Tf 20 70 Td (words) Tj ET", "0 0 1 rg 0 0 9 9 re f"], "");
        for (at, value) in flips {
            let at = at % bytes.len();
            bytes[at] = value;
        }
        bytes.truncate(bytes.len() - cut % bytes.len() / 4);
        if let Ok(pages) = Pages::open(bytes) {
            prop_assert_eq!(pages.facts().len(), pages.count());
            let _ = pages.picture(0, 50);
        }
    }
}
