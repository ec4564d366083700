use proofroom_compare::{
    Content, Detail, NoPictures, Tolerance, WordChanges, compare, compare_words, text_of_docx,
};
use proofroom_review::MediaType;
use proptest::prelude::*;

fn wide(n: u64) -> usize {
    usize::try_from(n).expect("a short text")
}

fn told(changes: &WordChanges) -> Vec<(&str, &str)> {
    changes.hunks.iter().map(|h| (h.removed.as_str(), h.inserted.as_str())).collect()
}

#[test]
fn changed_words_are_told_with_what_stands_around_them() {
    let before = "Faster than the tram.\nOnly 49 euros a month.\n";
    let after = "Faster than the train.\nOnly 39 euros a month.\n";
    let changes = compare_words(before, after);
    assert_eq!(told(&changes), [("tram", "train"), ("49", "39")]);
    let price = &changes.hunks[1];
    assert_eq!(
        (price.prefix.as_str(), price.suffix.as_str()),
        ("Faster than the train.\nOnly ", " euros a month.\n")
    );
    let cut = |(from, to): (u64, u64), text: &str| -> String {
        text.chars().skip(wide(from)).take(wide(to - from)).collect()
    };
    assert_eq!((cut(price.before, before), cut(price.after, after)), ("49".to_owned(), "39".to_owned()));
}

#[test]
fn neighbouring_changes_are_one_and_paragraphs_come_and_go_whole() {
    assert_eq!(told(&compare_words("a red fox ran", "a blue cat ran")), [("red fox", "blue cat")]);
    assert_eq!(told(&compare_words("one\ntwo\nthree\n", "one\nthree\n")), [("two\n", "")]);
    assert_eq!(told(&compare_words("", "Grüße")), [("", "Grüße")]);
    assert_eq!(told(&compare_words("same", "same")), []);
    assert_eq!(told(&compare_words("don't stop", "do not stop")), [("don't", "do not")]);
}

#[test]
fn a_text_of_a_hundred_thousand_other_words_is_told_in_time() {
    let text = |seed: u64| -> String {
        (0..100_000_u64)
            .map(|i| format!("w{} ", (i ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40))
            .collect()
    };
    let changes = compare_words(&text(1), &text(2));
    assert!(changes.is_changed() && changes.hunks.len() <= 2_000);
    assert!(changes.hunks[0].removed.chars().count() <= 2_001, "a passage is cut");
}

#[test]
fn line_ends_of_another_system_are_no_change() {
    let of = |bytes: &'static [u8]| Content::read(bytes, MediaType::Text);
    let (detail, _) = compare(&of(b"a\r\nb\r\n"), &of(b"a\nb\n"), Tolerance::default(), &mut NoPictures);
    let Detail::Words(words) = detail else { panic!("{detail:?}") };
    assert!(!words.is_changed());
}

#[test]
fn what_cannot_be_read_says_so_and_never_looks_unchanged() {
    let of = |bytes: &'static [u8], media| Content::read(bytes, media);
    for (before, after, says) in [
        (of(b"\xff\xfe", MediaType::Text), of(b"a", MediaType::Text), "before: it is not in UTF-8"),
        (of(b"a", MediaType::Text), of(b"PK", MediaType::Docx), "after: it is no sound archive"),
        (of(b"", MediaType::Png), of(b"", MediaType::Png), "before: "),
        (of(b"x", MediaType::Mkv), of(b"y", MediaType::Mkv), "files of type video/x-matroska are not read"),
        (of(b"x", MediaType::Mp4), of(b"y", MediaType::Mp4), "its headers are damaged"),
    ] {
        let (detail, _) = compare(&before, &after, Tolerance::default(), &mut NoPictures);
        let Detail::NotApplicable { reason } = detail else { panic!("{detail:?}") };
        assert!(reason.contains(says), "{reason}");
    }
    let png = proofroom_pictures::whole(&crate::pictures::with_logo(1, 1)).expect("PNG").bytes;
    let (picture, text) = (Content::read(&png, MediaType::Png), Content::read(b"words", MediaType::Text));
    let (detail, _) = compare(&picture, &text, Tolerance::default(), &mut NoPictures);
    assert_eq!(detail, Detail::not_applicable("a picture became a text"));
}

/// A zip of stored parts, without checksums that anybody needs.
fn zip(parts: &[(&str, &[u8])]) -> Vec<u8> {
    use std::io::Write as _;
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        let options =
            zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        writer.start_file(*name, options).expect("a name");
        writer.write_all(bytes).expect("memory");
    }
    writer.finish().expect("memory").into_inner()
}

fn docx(body: &str) -> Vec<u8> {
    let xml = format!(
        r#"<?xml version="1.0"?><w:document xmlns:w="urn:w"><w:body>{body}<w:sectPr/></w:body></w:document>"#
    );
    zip(&[("[Content_Types].xml", b"<Types/>"), ("word/document.xml", xml.as_bytes())])
}

#[test]
fn a_word_document_reads_as_its_paragraphs_with_revisions_accepted() {
    let body = concat!(
        "<w:p><w:r><w:t>Bright </w:t></w:r><w:r><w:t>mornings &amp; more &#8211; 5 &lt; 6</w:t></w:r></w:p>",
        "<w:p><w:ins><w:r><w:t>new</w:t></w:r></w:ins><w:del><w:r><w:delText>old</w:delText></w:r></w:del></w:p>",
        "<w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t></w:r></w:p><w:p/>",
    );
    assert_eq!(text_of_docx(&docx(body)).as_deref(), Ok("Bright mornings & more – 5 < 6\nnew\na\tb\nc\n\n"));
}

#[test]
fn a_word_document_with_two_changed_words_has_two_changes() {
    let text = |price: &str, time: &str| {
        docx(&format!(
            "<w:p><w:r><w:t>Only {price} euros.</w:t></w:r></w:p><w:p><w:r><w:t>Until {time} at noon.</w:t></w:r></w:p>"
        ))
    };
    let (before, after) = (text("49", "Friday"), text("39", "Sunday"));
    let read = |bytes| Content::read(bytes, MediaType::Docx);
    let (detail, _) = compare(&read(&before), &read(&after), Tolerance::default(), &mut NoPictures);
    let Detail::Words(words) = detail else { panic!("{detail:?}") };
    assert_eq!(told(&words), [("49", "39"), ("Friday", "Sunday")]);
}

#[test]
fn a_bomb_of_a_document_is_refused() {
    let bomb = zip(&[("word/document.xml", &vec![b' '; 80 << 20])]);
    assert!(bomb.len() < 1 << 20);
    let refused = text_of_docx(&bomb).expect_err("80 MB of spaces");
    assert!(refused.contains("more than 64 MB"), "{refused}");
}

#[test]
fn parts_of_an_archive_come_go_and_change() {
    let before = zip(&[("page.json", b"1"), ("old.png", b"x"), ("same", b"s")]);
    let after = zip(&[("page.json", b"2"), ("new.png", b"y"), ("same", b"s")]);
    let read = |bytes| Content::read(bytes, MediaType::Zip);
    let (detail, _) = compare(&read(&before), &read(&after), Tolerance::default(), &mut NoPictures);
    let Detail::Archive(parts) = detail else { panic!("{detail:?}") };
    assert_eq!(
        (parts.added, parts.removed, parts.changed),
        (vec!["new.png".to_owned()], vec!["old.png".to_owned()], vec!["page.json".to_owned()])
    );
}

proptest! {
    #[test]
    fn hunks_lead_from_the_one_text_to_the_other(before in "[ab \n.]{0,60}", after in "[ab \n.é]{0,60}") {
        let changes = compare_words(&before, &after);
        let old: Vec<char> = before.chars().collect();
        let (mut made, mut at) = (String::new(), 0);
        for hunk in &changes.hunks {
            let (from, to) = (wide(hunk.before.0), wide(hunk.before.1));
            made.extend(&old[at..from]);
            prop_assert_eq!(&hunk.removed, &old[from..to].iter().collect::<String>());
            made.push_str(&hunk.inserted);
            at = to;
        }
        made.extend(&old[at..]);
        prop_assert_eq!(made, after);
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, flips in proptest::collection::vec((0..900_usize, any::<u8>()), 0..6)) {
        let mut broken = docx("<w:p><w:r><w:t>words</w:t></w:r></w:p>");
        for (at, value) in flips {
            if let Some(byte) = broken.get_mut(at) {
                *byte = value;
            }
        }
        for bytes in [bytes, broken] {
            for media in [MediaType::Docx, MediaType::Zip, MediaType::Text, MediaType::Mp4] {
                let content = Content::read(&bytes, media);
                let _ = compare(&content, &content, Tolerance::default(), &mut NoPictures);
            }
        }
    }
}
