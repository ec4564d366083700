//! From a file's bytes to what can be compared.

use proofroom_pictures::{Design, Picture, PictureFacts};
use proofroom_review::MediaType;
use proofroom_review::media::{Movie, PageFacts, movie};

use crate::archive::{Entry, compare_archives, entries};
use crate::changes::{Detail, FactChange};
use crate::docx::text_of_docx;
use crate::films::compare_films;
use crate::frames::FrameMarks;
use crate::layers::compare_designs;
use crate::pages::compare_pages;
use crate::pixels::{Tolerance, compare_pictures};
use crate::words::compare_words;

/// Longest file that is read whole; films of any length are read in part.
pub const BYTES_MAX: u64 = 1 << 30;
/// Longest text that is compared.
const TEXT_BYTES_MAX: usize = 8 << 20;

/// What a file holds.
#[derive(Debug)]
pub enum Content<'a> {
    /// A picture.
    Picture(Picture, PictureFacts),
    /// A text.
    Words(String),
    /// A design in layers, and the bytes that it was read from.
    Design(Design, &'a [u8]),
    /// A film, as its headers say, and how its frames look where somebody could decode them.
    Film(Movie, Option<FrameMarks>),
    /// A document in pages.
    Pages(Vec<PageFacts>),
    /// An archive.
    Archive(Vec<Entry>),
    /// It cannot be read, and why.
    Unread(String),
}

/// The earlier version, or the later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The earlier one.
    Before,
    /// The later one.
    After,
}

/// Draws pages where words do not tell everything.
pub trait PagePictures {
    /// The picture of a page, of the same scale on both sides; `None` where it cannot be drawn.
    fn picture(&mut self, side: Side, page: usize) -> Option<Picture>;
}

/// Nobody draws pages.
#[derive(Clone, Copy, Debug)]
pub struct NoPictures;

impl PagePictures for NoPictures {
    fn picture(&mut self, _: Side, _: usize) -> Option<Picture> {
        None
    }
}

impl<'a> Content<'a> {
    /// Reads a file's bytes. PDFs, and films that are not read whole, have readers of their own.
    pub fn read(bytes: &'a [u8], media: MediaType) -> Self {
        match media {
            MediaType::Png | MediaType::Jpeg | MediaType::Gif | MediaType::WebP | MediaType::Tiff => {
                match Picture::read(bytes, media) {
                    Ok((picture, facts)) => Self::Picture(picture, facts),
                    Err(error) => Self::Unread(error.to_string()),
                }
            }
            MediaType::Psd => match Design::read(bytes) {
                Ok(design) => Self::Design(design, bytes),
                Err(error) => Self::Unread(error.to_string()),
            },
            MediaType::Text | MediaType::Markdown | MediaType::Svg => Self::of_text(bytes),
            MediaType::Docx => match text_of_docx(bytes) {
                Ok(text) => Self::Words(text),
                Err(reason) => Self::Unread(reason),
            },
            MediaType::Zip => match entries(bytes) {
                Ok(entries) => Self::Archive(entries),
                Err(reason) => Self::Unread(reason),
            },
            MediaType::Mp4 | MediaType::Mov => Self::of_film(bytes.len() as u64, |offset, length| {
                let from = usize::try_from(offset).ok()?;
                bytes.get(from..from.checked_add(length)?).map(<[u8]>::to_vec)
            }),
            MediaType::Pdf
            | MediaType::WebM
            | MediaType::Mkv
            | MediaType::Wav
            | MediaType::Mp3
            | MediaType::Unknown => Self::Unread(format!("files of type {media} are not read")),
        }
    }

    /// Reads the headers of a film through `read(offset, length)`.
    pub fn of_film(file_bytes: u64, read: impl FnMut(u64, usize) -> Option<Vec<u8>>) -> Self {
        match movie(file_bytes, read) {
            Some(movie) => Self::Film(movie, None),
            None => Self::Unread("its headers are damaged".into()),
        }
    }

    fn of_text(bytes: &[u8]) -> Self {
        if bytes.len() > TEXT_BYTES_MAX {
            return Self::Unread(format!("it has more than {} MB of text", TEXT_BYTES_MAX >> 20));
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Words(text.trim_start_matches('\u{feff}').replace("\r\n", "\n")),
            Err(_) => Self::Unread("it is not in UTF-8".into()),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Picture(..) => "a picture",
            Self::Words(_) => "a text",
            Self::Design(..) => "a design in layers",
            Self::Film(..) => "a film",
            Self::Pages(_) => "a document in pages",
            Self::Archive(_) => "an archive",
            Self::Unread(_) => "a file that is not read",
        }
    }
}

/// What changed from one content to the other, and what their headers say differently.
pub fn compare(
    before: &Content<'_>,
    after: &Content<'_>,
    tolerance: Tolerance,
    pictures: &mut dyn PagePictures,
) -> (Detail, Vec<FactChange>) {
    match (before, after) {
        (Content::Unread(reason), _) => (Detail::not_applicable(format!("before: {reason}")), Vec::new()),
        (_, Content::Unread(reason)) => (Detail::not_applicable(format!("after: {reason}")), Vec::new()),
        (Content::Picture(a, facts), Content::Picture(b, others)) => {
            (Detail::Picture(compare_pictures(a, b, tolerance)), picture_facts(facts, others))
        }
        (Content::Design(a, a_bytes), Content::Design(b, b_bytes)) => {
            let (changes, facts) = compare_designs((a, a_bytes), (b, b_bytes), tolerance);
            (Detail::Layers(changes), facts)
        }
        (Content::Words(a), Content::Words(b)) => (Detail::Words(compare_words(a, b)), Vec::new()),
        (Content::Film(a, a_marks), Content::Film(b, b_marks)) => {
            (Detail::Film(compare_films((a, a_marks.as_ref()), (b, b_marks.as_ref()))), Vec::new())
        }
        (Content::Pages(a), Content::Pages(b)) => {
            (Detail::Pages(compare_pages(a, b, tolerance, pictures)), Vec::new())
        }
        (Content::Archive(a), Content::Archive(b)) => (Detail::Archive(compare_archives(a, b)), Vec::new()),
        _ => (Detail::not_applicable(format!("{} became {}", before.kind(), after.kind())), Vec::new()),
    }
}

fn picture_facts(before: &PictureFacts, after: &PictureFacts) -> Vec<FactChange> {
    let size = |f: &PictureFacts| format!("{}x{}", f.width, f.height);
    let yes_no = |has: bool| if has { "yes" } else { "no" };
    let facts = [
        FactChange::between("size", size(before), size(after)),
        FactChange::between("pixels", &before.colour, &after.colour),
        FactChange::between("colour profile bytes", before.profile_bytes, after.profile_bytes),
        FactChange::between("exif", yes_no(before.exif), yes_no(after.exif)),
    ];
    facts.into_iter().flatten().collect()
}
