//! Renditions: derived views of a file, each a blob of its own with the recipe that made it.
//!
//! Versions are immutable, so a rendition stands beside them in the document: it names the
//! file that it was made of by content, and is written once by whoever made it. Nobody has to
//! believe it: a comment and a decision name the rendition that was looked at by its hash, and
//! whoever holds the file can make it again.

use proofroom_ident::{ContentHash, Digest, Millis, PersonId};
use serde::{Deserialize, Serialize};

use crate::canonical::{CanonicalError, canonical_json, from_canonical_json};
use crate::media::MediaType;
use crate::text::{self, TextError};
use crate::words::RenditionKind;

/// Pictures above so many pixels, or with a longer side, are shown as tiles.
pub const TILED_ABOVE_PIXELS: u64 = 50_000_000;
/// See [`TILED_ABOVE_PIXELS`].
pub const TILED_ABOVE_SIDE: u32 = 8_192;

const RENDITION_BYTES_MAX: usize = 4_096;
const RENDITION_FILE_BYTES_MAX: u64 = 1 << 40;

/// A rendition cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenditionError {
    /// It is not in canonical form.
    #[error("rendition: {0}")]
    Canonical(#[from] CanonicalError),
    /// A text breaks its limit.
    #[error("rendition: {0}")]
    Text(#[from] TextError),
    /// A rule of its own.
    #[error("rendition: {0}")]
    Rule(&'static str),
}

/// How a rendition was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The program and its version.
    pub tool: String,
    /// What it was told, for people.
    pub settings: String,
}

/// One rendition of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rendition {
    /// The file that it was made of.
    pub of: ContentHash,
    /// What it is for.
    pub kind: RenditionKind,
    /// How it was made.
    pub recipe: Recipe,
    /// What it is, as `type/subtype`.
    pub media_type: String,
    /// The hash of its own plaintext: what anchors and decisions name, and the key of its blob.
    pub content: ContentHash,
    /// Its length.
    pub bytes: u64,
    /// Width and height in pixels, where it is a picture or a film.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<(u32, u32)>,
    /// Who made it.
    pub by: PersonId,
    /// When they say they did.
    pub claimed_at: Millis,
}

impl Rendition {
    /// The canonical form.
    ///
    /// # Errors
    /// When a number is beyond 53 bits; never for a rendition that passed [`Rendition::check`].
    pub fn to_json(&self) -> Result<String, RenditionError> {
        Ok(canonical_json(self)?)
    }

    /// Reads the canonical form, and nothing else.
    ///
    /// # Errors
    /// When it is in another form, or breaks a limit.
    pub fn from_json(json: &str) -> Result<Self, RenditionError> {
        let rendition: Self = from_canonical_json(json, RENDITION_BYTES_MAX)?;
        rendition.check()?;
        Ok(rendition)
    }

    /// The hash of the canonical form: its key in documents.
    ///
    /// # Errors
    /// As [`Rendition::to_json`].
    pub fn hash(&self) -> Result<Digest<Self>, RenditionError> {
        Ok(Digest::from_bytes(*blake3::hash(self.to_json()?.as_bytes()).as_bytes()))
    }

    /// Whether it keeps every limit and rule.
    ///
    /// # Errors
    /// Names the first rule that it breaks.
    pub fn check(&self) -> Result<(), RenditionError> {
        text::line("the rendition's tool", &self.recipe.tool)?;
        text::line("the rendition's settings", &self.recipe.settings)?;
        text::line("the rendition's media type", &self.media_type)?;
        if !crate::manifest::is_media_type(&self.media_type) {
            return Err(RenditionError::Rule("a media type is type/subtype"));
        }
        if self.bytes > RENDITION_FILE_BYTES_MAX {
            return Err(RenditionError::Rule("a rendition is at most 1 TiB long"));
        }
        if self.of == self.content {
            return Err(RenditionError::Rule("a file is no rendition of itself"));
        }
        if self.size.is_some_and(|(width, height)| width == 0 || height == 0) {
            return Err(RenditionError::Rule("a picture has a width and a height"));
        }
        Ok(())
    }
}

impl MediaType {
    /// The renditions that help to review a file of this type; `size` is its width and height,
    /// where it is known. What else it has, such as sound, only its maker learns.
    pub fn renditions(self, size: Option<(u32, u32)>) -> Vec<RenditionKind> {
        let large = size.is_some_and(|(width, height)| {
            u64::from(width) * u64::from(height) > TILED_ABOVE_PIXELS || width.max(height) > TILED_ABOVE_SIDE
        });
        let mut kinds = match self {
            Self::Png | Self::Jpeg | Self::Gif | Self::WebP => vec![RenditionKind::Thumbnail],
            // No browser shows these.
            Self::Tiff | Self::Psd => vec![RenditionKind::Thumbnail, RenditionKind::Picture],
            Self::Pdf => vec![RenditionKind::Thumbnail, RenditionKind::Pages],
            Self::Mp4 | Self::Mov | Self::WebM | Self::Mkv => vec![
                RenditionKind::Thumbnail,
                RenditionKind::Proxy,
                RenditionKind::FrameMap,
                RenditionKind::Waveform,
            ],
            Self::Wav | Self::Mp3 => vec![RenditionKind::Waveform],
            Self::Svg | Self::Docx | Self::Zip | Self::Markdown | Self::Text | Self::Unknown => Vec::new(),
        };
        if large && kinds.contains(&RenditionKind::Thumbnail) {
            kinds.retain(|kind| *kind != RenditionKind::Picture);
            kinds.push(RenditionKind::Tiles);
        }
        kinds
    }
}
