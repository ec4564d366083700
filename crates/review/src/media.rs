//! What a file is, by its first bytes: names lie, magic numbers seldom do.

mod boxes;
mod film;
mod frame_map;
mod movie;
mod page;
mod picture;
pub mod sheaf;

use crate::words::Category;

pub use film::{Film, film};
pub use frame_map::{FRAME_MAP_BYTES_MAX, FRAME_MAP_MEDIA_TYPE, FrameMap, FrameRun};
pub use movie::{Movie, Track, TrackKind, movie};
pub use page::{PageEdges, PageFacts};
pub use picture::picture_size;

/// How much of a file's beginning [`sniff`] looks at, in bytes.
pub const SNIFF_BYTES: usize = 65_536;

macro_rules! media_types {
    ($($(#[$doc:meta])* $variant:ident $mime:literal $kind:ident,)+) => {
        /// What a file is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum MediaType { $($(#[$doc])* $variant,)+ }

        impl MediaType {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// As `type/subtype`.
            pub const fn mime(self) -> &'static str {
                match self { $(Self::$variant => $mime,)+ }
            }

            const fn kind(self) -> Kind {
                match self { $(Self::$variant => Kind::$kind,)+ }
            }
        }
    };
}

/// What a file is good for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Picture,
    Vector,
    Moving,
    Sound,
    Prose,
    Page,
    Source,
    Any,
}

media_types! {
    /// PNG.
    Png "image/png" Picture,
    /// JPEG.
    Jpeg "image/jpeg" Picture,
    /// GIF.
    Gif "image/gif" Picture,
    /// WebP.
    WebP "image/webp" Picture,
    /// TIFF.
    Tiff "image/tiff" Picture,
    /// SVG.
    Svg "image/svg+xml" Vector,
    /// Photoshop document, also in its large form (PSB).
    Psd "image/vnd.adobe.photoshop" Source,
    /// PDF.
    Pdf "application/pdf" Page,
    /// MP4.
    Mp4 "video/mp4" Moving,
    /// QuickTime.
    Mov "video/quicktime" Moving,
    /// WebM.
    WebM "video/webm" Moving,
    /// Matroska.
    Mkv "video/x-matroska" Moving,
    /// WAV.
    Wav "audio/wav" Sound,
    /// MP3.
    Mp3 "audio/mpeg" Sound,
    /// Word document.
    Docx "application/vnd.openxmlformats-officedocument.wordprocessingml.document" Prose,
    /// Any other ZIP archive; many design tools save one.
    Zip "application/zip" Source,
    /// Markdown.
    Markdown "text/markdown" Prose,
    /// Plain text.
    Text "text/plain" Prose,
    /// None of these.
    Unknown "application/octet-stream" Any,
}

impl MediaType {
    /// The media type of a manifest's file.
    pub fn of_mime(mime: &str) -> Self {
        Self::ALL.iter().copied().find(|m| m.mime() == mime).unwrap_or(Self::Unknown)
    }
}

impl std::fmt::Display for MediaType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.mime())
    }
}

impl Category {
    /// Whether a file of this type is what one expects of the category. A misfit is worth a
    /// warning, never a refusal.
    pub const fn fits(self, media: MediaType) -> bool {
        match (self, media.kind()) {
            (Self::Campaign, _) => true,
            (Self::Visual, Kind::Picture | Kind::Vector | Kind::Page) => true,
            (Self::Video, Kind::Moving | Kind::Sound) => true,
            (Self::Video, Kind::Picture) => matches!(media, MediaType::Gif),
            (Self::Written, Kind::Prose | Kind::Page) => true,
            (Self::DesignSource, Kind::Source | Kind::Vector | Kind::Page | Kind::Any) => true,
            (Self::DesignSource, Kind::Picture) => matches!(media, MediaType::Tiff),
            _ => false,
        }
    }
}

/// What a file is, by its first [`SNIFF_BYTES`] bytes. The name decides only where bytes cannot:
/// Markdown is text.
pub fn sniff(bytes: &[u8], file_name: &str) -> MediaType {
    let bytes = &bytes[..bytes.len().min(SNIFF_BYTES)];
    by_magic(bytes).or_else(|| by_text(bytes, file_name)).unwrap_or(MediaType::Unknown)
}

fn by_magic(bytes: &[u8]) -> Option<MediaType> {
    const MAGIC: &[(&[u8], MediaType)] = &[
        (b"\x89PNG\r\n\x1a\n", MediaType::Png),
        (b"\xff\xd8\xff", MediaType::Jpeg),
        (b"GIF87a", MediaType::Gif),
        (b"GIF89a", MediaType::Gif),
        (b"II*\0", MediaType::Tiff),
        (b"MM\0*", MediaType::Tiff),
        (b"II+\0", MediaType::Tiff),
        (b"MM\0+", MediaType::Tiff),
        (b"8BPS\0\x01", MediaType::Psd),
        (b"8BPS\0\x02", MediaType::Psd),
        (b"%PDF-", MediaType::Pdf),
        (b"ID3", MediaType::Mp3),
    ];
    let plain = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, media)| *media);
    plain.or_else(|| riff(bytes)).or_else(|| iso_base_media(bytes)).or_else(|| matroska(bytes)).or_else(
        || {
            let zip = bytes.starts_with(b"PK\x03\x04").then(|| zip_content(bytes));
            zip.or_else(|| mpeg_audio(bytes).then_some(MediaType::Mp3))
        },
    )
}

fn riff(bytes: &[u8]) -> Option<MediaType> {
    match (bytes.get(..4)?, bytes.get(8..12)?) {
        (b"RIFF", b"WEBP") => Some(MediaType::WebP),
        (b"RIFF" | b"RF64", b"WAVE") => Some(MediaType::Wav),
        _ => None,
    }
}

/// MP4 and QuickTime: a box `ftyp` with a brand, or QuickTime's older bare boxes.
fn iso_base_media(bytes: &[u8]) -> Option<MediaType> {
    match bytes.get(4..8)? {
        b"ftyp" if bytes.get(8..12)? == b"qt  " => Some(MediaType::Mov),
        b"ftyp" => {
            let still: [&[u8]; 5] = [b"heic", b"heix", b"mif1", b"avif", b"avis"];
            (!still.contains(&bytes.get(8..12)?)).then_some(MediaType::Mp4)
        }
        b"moov" | b"mdat" | b"wide" => Some(MediaType::Mov),
        _ => None,
    }
}

/// EBML; its DocType, near the beginning, tells WebM from Matroska.
fn matroska(bytes: &[u8]) -> Option<MediaType> {
    if !bytes.starts_with(b"\x1a\x45\xdf\xa3") {
        return None;
    }
    let head = &bytes[..bytes.len().min(64)];
    Some(if holds(head, b"webm") { MediaType::WebM } else { MediaType::Mkv })
}

/// A Word document is a ZIP archive with a folder `word`.
fn zip_content(bytes: &[u8]) -> MediaType {
    if holds(bytes, b"word/") && holds(bytes, b"[Content_Types].xml") {
        MediaType::Docx
    } else {
        MediaType::Zip
    }
}

/// An MPEG audio frame without tags: sync bits, layer III, a bit rate and a sample rate that exist.
fn mpeg_audio(bytes: &[u8]) -> bool {
    let [first, second, third, ..] = bytes else { return false };
    *first == 0xff
        && second & 0xe6 == 0xe2
        && second & 0x18 != 0x08
        && !matches!(third >> 4, 0 | 15)
        && third & 0x0c != 0x0c
}

fn by_text(bytes: &[u8], file_name: &str) -> Option<MediaType> {
    let text = text_start(bytes)?;
    let name = file_name.to_lowercase();
    let start = text.trim_start_matches('\u{feff}').trim_start();
    let markup =
        start.starts_with("<?xml") || start.starts_with("<!--") || start.starts_with("<!DOCTYPE svg");
    if start.starts_with("<svg") || (markup && start.contains("<svg")) {
        return Some(MediaType::Svg);
    }
    let markdown = name.ends_with(".md") || name.ends_with(".markdown");
    Some(if markdown { MediaType::Markdown } else { MediaType::Text })
}

/// The bytes as text, if they are UTF-8 without control characters; the last character may be cut.
fn text_start(bytes: &[u8]) -> Option<&str> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(e) if e.error_len().is_none() => std::str::from_utf8(&bytes[..e.valid_up_to()]).ok()?,
        Err(_) => return None,
    };
    let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}');
    (!bytes.is_empty() && !text.contains(odd)).then_some(text)
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}
