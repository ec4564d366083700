//! The size of a picture, as it stands after its orientation is applied.

use super::{MediaType, sniff};

/// Width and height in pixels, from a file's first bytes; `None` where they do not say.
///
/// PNG, GIF, WebP and PSD say it within 32 bytes, JPEG after its metadata; give a megabyte to be sure.
pub fn picture_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let (width, height) = match sniff(bytes, "") {
        MediaType::Png => (be32(bytes, 16)?, be32(bytes, 20)?),
        MediaType::Gif => (le16(bytes, 6)?, le16(bytes, 8)?),
        MediaType::Psd => (be32(bytes, 18)?, be32(bytes, 14)?),
        MediaType::WebP => webp(bytes)?,
        MediaType::Jpeg => jpeg(bytes)?,
        MediaType::Tiff => {
            let tags = Tags::read(bytes)?;
            tags.orient((tags.get(WIDTH)?, tags.get(HEIGHT)?))
        }
        _ => return None,
    };
    (width > 0 && height > 0).then_some((width, height))
}

fn webp(bytes: &[u8]) -> Option<(u32, u32)> {
    match bytes.get(12..16)? {
        b"VP8X" => Some((le24(bytes, 24)? + 1, le24(bytes, 27)? + 1)),
        b"VP8L" => {
            let bits = le16(bytes, 21)? | le16(bytes, 23)? << 16;
            Some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1))
        }
        b"VP8 " => Some((le16(bytes, 26)? & 0x3fff, le16(bytes, 28)? & 0x3fff)),
        _ => None,
    }
}

/// Walks the segments up to the frame header; an Exif segment before it may turn the picture.
fn jpeg(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    let mut exif = None;
    loop {
        let marker = *bytes.get(at + 1)?;
        if bytes[at] != 0xff {
            return None;
        }
        match marker {
            0xff => at += 1,
            0x01 | 0xd0..=0xd8 => at += 2,
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                let size = (be16(bytes, at + 7)?, be16(bytes, at + 5)?);
                return Some(exif.map_or(size, |tags: Tags<'_>| tags.orient(size)));
            }
            0xd9 | 0xda => return None,
            _ => {
                let length = usize::try_from(be16(bytes, at + 2)?).ok().filter(|n| *n >= 2)?;
                let segment = bytes.get(at + 4..)?;
                let segment = segment.get(..length - 2).unwrap_or(segment);
                if let (0xe1, Some(tiff)) = (marker, segment.strip_prefix(b"Exif\0\0")) {
                    exif = Tags::read(tiff);
                }
                at += 2 + length;
            }
        }
    }
}

const WIDTH: u32 = 256;
const HEIGHT: u32 = 257;
const ORIENTATION: u32 = 274;

/// The first directory of a TIFF file, which is also how Exif is written.
struct Tags<'a> {
    bytes: &'a [u8],
    directory: usize,
    big_endian: bool,
}

impl<'a> Tags<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let big_endian = match bytes.get(..4)? {
            b"II*\0" => false,
            b"MM\0*" => true,
            _ => return None,
        };
        let mut tags = Self { bytes, directory: 0, big_endian };
        tags.directory = usize::try_from(tags.u32(4)?).ok()?;
        Some(tags)
    }

    /// A single number of the directory.
    fn get(&self, wanted: u32) -> Option<u32> {
        let count = usize::try_from(self.u16(self.directory)?).ok()?;
        let entry = |i: usize| self.directory.checked_add(2 + 12 * i);
        let at = (0..count).map_while(entry).find(|at| self.u16(*at) == Some(wanted))?;
        match self.u16(at + 2)? {
            3 => self.u16(at + 8),
            4 => self.u32(at + 8),
            _ => None,
        }
    }

    /// Orientations 5 to 8 lie on their side.
    fn orient(&self, (width, height): (u32, u32)) -> (u32, u32) {
        match self.get(ORIENTATION) {
            Some(5..=8) => (height, width),
            _ => (width, height),
        }
    }

    fn u16(&self, at: usize) -> Option<u32> {
        if self.big_endian { be16(self.bytes, at) } else { le16(self.bytes, at) }
    }

    fn u32(&self, at: usize) -> Option<u32> {
        let bytes = array(self.bytes, at)?;
        Some(if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_be_bytes)
}

fn be16(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u16::from_be_bytes).map(u32::from)
}

fn le16(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u16::from_le_bytes).map(u32::from)
}

fn le24(bytes: &[u8], at: usize) -> Option<u32> {
    let [a, b, c] = array(bytes, at)?;
    Some(u32::from_le_bytes([a, b, c, 0]))
}
