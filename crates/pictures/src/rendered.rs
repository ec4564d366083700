//! What is made of a picture: a thumbnail, the whole in a form that browsers show, tiles.
//!
//! Nothing transparent becomes a JPEG. Colours are not converted: the profile goes along.

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{DynamicImage, ExtendedColorType, ImageEncoder as _};
use proofroom_review::media::sheaf::{SheafError, SheafIndex, SheafOf, grid, tile_levels};

use crate::picture::Picture;

/// Longest side of a thumbnail.
pub(crate) const THUMBNAIL_SIDE: u32 = 512;
/// Side of a tile.
pub(crate) const TILE_SIDE: u32 = 512;
const THUMBNAIL_QUALITY: u8 = 82;
const TILE_QUALITY: u8 = 92;

/// A picture as a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What it is, as `type/subtype`.
    pub media_type: &'static str,
    /// Width and height.
    pub size: (u32, u32),
    /// How it was made, for people.
    pub settings: String,
}

/// A small picture for lists: 512 pixels at most on its longer side, never enlarged.
///
/// # Errors
/// When the encoder refuses, which no picture makes it do.
pub fn thumbnail(picture: &Picture) -> Result<Encoded, String> {
    let size = fitted((picture.width(), picture.height()), THUMBNAIL_SIDE);
    let small = picture.resized(size.0, size.1);
    let mut made = encode(&small, Some(THUMBNAIL_QUALITY))?;
    made.settings = format!("{THUMBNAIL_SIDE} pixels at most, {}", made.settings);
    Ok(made)
}

/// The whole picture, without loss.
///
/// # Errors
/// As [`thumbnail`].
pub fn whole(picture: &Picture) -> Result<Encoded, String> {
    encode(picture, None)
}

/// A picture as JPEG of a quality where that loses no transparency, else as PNG.
///
/// # Errors
/// As [`thumbnail`].
pub fn encode(picture: &Picture, quality: Option<u8>) -> Result<Encoded, String> {
    let (size, mut bytes) = ((picture.width(), picture.height()), Vec::new());
    let opaque = picture.is_opaque();
    let (media_type, settings) = match quality.filter(|_| opaque) {
        Some(quality) => {
            let rgb = DynamicImage::from(picture.pixels().clone()).into_rgb8();
            let mut encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
            if let Some(profile) = picture.profile() {
                encoder.set_icc_profile(profile.to_vec()).map_err(|e| e.to_string())?;
            }
            encoder
                .write_image(rgb.as_raw(), size.0, size.1, ExtendedColorType::Rgb8)
                .map_err(|e| e.to_string())?;
            ("image/jpeg", format!("JPEG of quality {quality}"))
        }
        None => {
            let mut encoder = PngEncoder::new(&mut bytes);
            if let Some(profile) = picture.profile() {
                encoder.set_icc_profile(profile.to_vec()).map_err(|e| e.to_string())?;
            }
            let written = match opaque {
                true => {
                    let rgb = DynamicImage::from(picture.pixels().clone()).into_rgb8();
                    encoder.write_image(rgb.as_raw(), size.0, size.1, ExtendedColorType::Rgb8)
                }
                false => encoder.write_image(picture.rgba(), size.0, size.1, ExtendedColorType::Rgba8),
            };
            written.map_err(|e| e.to_string())?;
            ("image/png", "PNG".to_owned())
        }
    };
    Ok(Encoded { bytes, media_type, size, settings })
}

/// A picture cut into tiles, level by level: the parts of a sheaf, one after the other.
#[derive(Debug)]
pub struct Tiled {
    index: SheafIndex,
    parts: Vec<u8>,
}

impl Tiled {
    /// What a sheaf of these tiles begins with, and the tiles.
    ///
    /// # Errors
    /// When there are more tiles than a sheaf holds.
    pub fn into_sheaf(self) -> Result<Vec<u8>, SheafError> {
        let mut sheaf = self.index.head()?;
        sheaf.extend_from_slice(&self.parts);
        Ok(sheaf)
    }

    /// How the tiles were made, for people.
    pub fn settings(&self) -> String {
        format!("tiles of {TILE_SIDE} pixels, {}", self.index.media_type)
    }
}

/// Cuts a picture into tiles. `tell` hears of every pixel that is done, of all levels.
///
/// # Errors
/// As [`thumbnail`].
pub fn tiles(picture: &Picture, mut tell: impl FnMut(u64)) -> Result<Tiled, String> {
    let levels = tile_levels((picture.width(), picture.height()), TILE_SIDE);
    // One kind of tile for all, so that the index says it once.
    let quality = picture.is_opaque().then_some(TILE_QUALITY);
    let (mut lengths, mut parts, mut media_type) = (Vec::new(), Vec::new(), "image/png");
    let mut shown = std::borrow::Cow::Borrowed(picture);
    for (width, height) in &levels {
        if (shown.width(), shown.height()) != (*width, *height) {
            shown = std::borrow::Cow::Owned(shown.resized(*width, *height));
        }
        let (columns, rows) = grid((*width, *height), TILE_SIDE);
        for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
            let made = encode(&shown.cut(column * TILE_SIDE, row * TILE_SIDE, TILE_SIDE), quality)?;
            lengths.push(u32::try_from(made.bytes.len()).map_err(|e| e.to_string())?);
            parts.extend_from_slice(&made.bytes);
            media_type = made.media_type;
            tell(u64::from(made.size.0) * u64::from(made.size.1));
        }
    }
    let of = SheafOf::Tiles { tile: TILE_SIDE, levels };
    Ok(Tiled { index: SheafIndex { media_type: media_type.to_owned(), of, lengths }, parts })
}

/// Width and height within a square of `side`, never enlarged.
fn fitted((width, height): (u32, u32), side: u32) -> (u32, u32) {
    let longer = width.max(height);
    if longer <= side {
        return (width, height);
    }
    let scaled = |n: u32| {
        let n = (u64::from(n) * u64::from(side) + u64::from(longer) / 2) / u64::from(longer);
        u32::try_from(n).unwrap_or(side).clamp(1, side)
    };
    (scaled(width), scaled(height))
}
