//! The words of a Word document, paragraph by paragraph, as they read with all revisions accepted.

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::archive::part;

const DOCUMENT: &str = "word/document.xml";
const XML_BYTES_MAX: u64 = 64 << 20;
const TEXT_BYTES_MAX: usize = 8 << 20;

/// The text of a DOCX: a line for each paragraph.
///
/// # Errors
/// When it is no DOCX, damaged, or too long.
pub fn text_of_docx(bytes: &[u8]) -> Result<String, String> {
    let xml = part(bytes, DOCUMENT, XML_BYTES_MAX)?;
    let xml = String::from_utf8(xml).map_err(|_| format!("{DOCUMENT} is not in UTF-8"))?;
    let mut reader = Reader::from_str(&xml);
    let (mut text, mut in_text) = (String::new(), false);
    loop {
        let event = reader.read_event().map_err(|e| format!("{DOCUMENT}: {e}"))?;
        match event {
            Event::Eof => return Ok(text),
            // Deleted text is in `delText`, which is left out.
            Event::Start(tag) => match tag.local_name().as_ref() {
                "t" => in_text = true,
                other => text.push_str(spoken(other)),
            },
            Event::Empty(tag) => text.push_str(match tag.local_name().as_ref() {
                "p" => "\n",
                other => spoken(other),
            }),
            Event::End(tag) => match tag.local_name().as_ref() {
                "t" => in_text = false,
                "p" => text.push('\n'),
                _ => {}
            },
            Event::Text(words) if in_text => {
                text.push_str(&words.xml10_content());
            }
            Event::CData(words) if in_text => text.push_str(&words.xml10_content()),
            Event::GeneralRef(entity) if in_text => text.extend(character(&entity)),
            _ => {}
        }
        if text.len() > TEXT_BYTES_MAX {
            return Err(format!("it has more than {} MB of text", TEXT_BYTES_MAX >> 20));
        }
    }
}

/// Elements that stand for a character.
fn spoken(element: &str) -> &'static str {
    match element {
        "tab" => "\t",
        "br" | "cr" => "\n",
        "noBreakHyphen" => "\u{2011}",
        _ => "",
    }
}

/// The character that `&lt;` or `&#169;` stands for.
fn character(entity: &quick_xml::events::BytesRef<'_>) -> Option<char> {
    if let Ok(Some(numbered)) = entity.resolve_char_ref() {
        return Some(numbered);
    }
    match entity.as_ref() {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}
