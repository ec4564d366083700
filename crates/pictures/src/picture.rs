//! Pixels, and how they are read.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits, RgbaImage};
use proofroom_review::MediaType;
use serde::{Deserialize, Serialize};

use crate::design::Design;

/// Most pixels of a picture that is read: 600 MB of them.
pub const PIXELS_MAX: u64 = 150_000_000;
/// Largest colour profile that is kept.
const PROFILE_BYTES_MAX: usize = 64 << 10;

/// A picture cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// It is of a kind that is not read here.
    #[error("{0} is not read as a picture")]
    Kind(MediaType),
    /// It has more pixels than the limit.
    #[error("it has {width}x{height} pixels, the limit is {} megapixels", PIXELS_MAX / 1_000_000)]
    TooLarge {
        /// Its width.
        width: u32,
        /// Its height.
        height: u32,
    },
    /// It is damaged, or uses something that the decoder does not know.
    #[error("{0}")]
    Damaged(String),
}

/// A picture as it is seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pixels: RgbaImage,
    profile: Option<Vec<u8>>,
}

/// What a picture's file says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PictureFacts {
    /// Width in pixels, upright.
    pub width: u32,
    /// Height in pixels, upright.
    pub height: u32,
    /// The kind of its pixels: `Rgb8`, `L16`, `Cmyk8`.
    pub colour: String,
    /// The length of its colour profile, in bytes; 0 without one.
    pub profile_bytes: usize,
    /// Whether it carries Exif data.
    pub exif: bool,
}

impl Picture {
    /// Reads a picture, turned upright.
    ///
    /// # Errors
    /// When it is no picture, too large, or damaged.
    pub fn read(bytes: &[u8], media: MediaType) -> Result<(Self, PictureFacts), ReadError> {
        let format = match media {
            MediaType::Png => ImageFormat::Png,
            MediaType::Jpeg => ImageFormat::Jpeg,
            MediaType::Gif => ImageFormat::Gif,
            MediaType::WebP => ImageFormat::WebP,
            MediaType::Tiff => ImageFormat::Tiff,
            MediaType::Psd => return Self::of_design(bytes),
            other => return Err(ReadError::Kind(other)),
        };
        let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
        let mut limits = Limits::default();
        limits.max_alloc = Some(PIXELS_MAX * 8);
        reader.limits(limits);
        let mut decoder = reader.into_decoder().map_err(damaged)?;
        let (width, height) = decoder.dimensions();
        check_size(width, height)?;
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        let profile = decoder.icc_profile().ok().flatten();
        let exif = decoder.exif_metadata().ok().flatten().is_some();
        let colour = format!("{:?}", decoder.original_color_type());
        let mut image = DynamicImage::from_decoder(decoder).map_err(damaged)?;
        image.apply_orientation(orientation);
        let facts = PictureFacts {
            width: image.width(),
            height: image.height(),
            colour,
            profile_bytes: profile.as_ref().map_or(0, Vec::len),
            exif,
        };
        Ok((Self { pixels: image.into_rgba8(), profile: profile.filter(|p| is_rgb_profile(p)) }, facts))
    }

    fn of_design(bytes: &[u8]) -> Result<(Self, PictureFacts), ReadError> {
        let design = Design::read(bytes)?;
        let (width, height) = design.size();
        let colour = format!("{}{}", design.mode(), design.depth());
        let facts = PictureFacts { width, height, colour, ..PictureFacts::default() };
        Ok((design.flat(bytes)?, facts))
    }

    /// A picture of pixels that are at hand: red, green, blue, alpha; rows from the top.
    pub fn of_rgba(width: u32, height: u32, rgba: Vec<u8>) -> Option<Self> {
        let whole = width > 0 && height > 0 && u64::from(width) * u64::from(height) <= PIXELS_MAX;
        let pixels = if whole { RgbaImage::from_raw(width, height, rgba) } else { None };
        let fits = |p: &RgbaImage| p.as_raw().len() as u64 == u64::from(width) * u64::from(height) * 4;
        pixels.filter(fits).map(|pixels| Self { pixels, profile: None })
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.pixels.width()
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.pixels.height()
    }

    /// Its pixels: red, green, blue, alpha; rows from the top.
    pub fn rgba(&self) -> &[u8] {
        self.pixels.as_raw()
    }

    /// The same, made smaller or larger.
    pub fn resized(&self, width: u32, height: u32) -> Self {
        let (width, height) = (width.max(1), height.max(1));
        let smaller = width <= self.width() && height <= self.height();
        let pixels = match smaller {
            true => image::imageops::thumbnail(&self.pixels, width, height),
            false => image::imageops::resize(&self.pixels, width, height, image::imageops::Triangle),
        };
        Self { pixels, profile: self.profile.clone() }
    }

    /// A part of it, as far as it goes.
    pub(crate) fn cut(&self, x: u32, y: u32, side: u32) -> Self {
        let pixels = image::imageops::crop_imm(&self.pixels, x, y, side, side).to_image();
        Self { pixels, profile: self.profile.clone() }
    }

    pub(crate) fn pixels(&self) -> &RgbaImage {
        &self.pixels
    }

    pub(crate) fn profile(&self) -> Option<&[u8]> {
        self.profile.as_deref()
    }

    pub(crate) fn is_opaque(&self) -> bool {
        self.rgba().chunks_exact(4).all(|pixel| pixel[3] == u8::MAX)
    }
}

/// Whether so many pixels are read.
pub(crate) fn check_size(width: u32, height: u32) -> Result<(), ReadError> {
    match u64::from(width) * u64::from(height) {
        0 => Err(ReadError::Damaged("it has no pixels".into())),
        pixels if pixels > PIXELS_MAX => Err(ReadError::TooLarge { width, height }),
        _ => Ok(()),
    }
}

/// Pixels of other colour spaces were turned into RGB, so their profile is of no use any more.
fn is_rgb_profile(profile: &[u8]) -> bool {
    profile.get(16..20) == Some(b"RGB ") && profile.len() <= PROFILE_BYTES_MAX
}

fn damaged(error: image::ImageError) -> ReadError {
    ReadError::Damaged(error.to_string())
}
