//! Anchors: where a comment points, as a list of selectors, best first.
//!
//! An anchor always names the version, and the rendition if one was looked at.
//! Time is in integers and rationals, geometry in parts per million of the
//! oriented width and height with the origin at the top left; never a float.

mod check;
mod quote;
mod region;

use proofroom_ident::{ContentHash, VersionHash};
use serde::{Deserialize, Serialize};

use crate::canonical::{CanonicalError, canonical_form};
use crate::record::ERASED_TEXT;
use crate::text::TextError;
use crate::timecode::{Rate, Timecode, TimecodeError};

pub use region::{PPM, Region};

const ANCHOR_BYTES_MAX: usize = 262_144;
const SELECTORS_MAX: usize = 8;
const PATH_BYTES_MAX: usize = 65_536;
const QUOTE_BYTES_MAX: usize = 16_384;
const CONTEXT_CHARS_MAX: usize = 64;
const DEPTH_MAX: usize = 64;

/// An anchor points nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnchorError {
    /// It is not in canonical form.
    #[error("anchor: {0}")]
    Canonical(#[from] CanonicalError),
    /// A text breaks its limit.
    #[error("anchor: {0}")]
    Text(#[from] TextError),
    /// A timecode or rate is impossible.
    #[error("anchor: {0}")]
    Timecode(#[from] TimecodeError),
    /// No selector, or too many.
    #[error("anchor: {0} selectors, 1 to {SELECTORS_MAX} are wanted")]
    Selectors(usize),
    /// A region is empty or leaves the picture.
    #[error("region {region}: {why}")]
    Region {
        /// The region as written.
        region: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A range is empty or runs over the end of its number type.
    #[error("{what} {start}..{end}: the end must lie after the start")]
    Range {
        /// Which range.
        what: &'static str,
        /// Its start.
        start: u64,
        /// Its end.
        end: u64,
    },
    /// A shape's path holds something that is not path data.
    #[error("shape: the path holds {0:?}, which is not SVG path data")]
    Path(char),
    /// A page's rotation is not a quarter turn.
    #[error("page: a rotation of {0} degrees; 0, 90, 180 or 270 is wanted")]
    Rotation(u16),
    /// A part that must say something is empty.
    #[error("anchor: {0} is empty")]
    Empty(&'static str),
    /// A quote's context is longer than the limit.
    #[error("quote: {what} has {chars} characters, the limit is {CONTEXT_CHARS_MAX}")]
    Context {
        /// Prefix or suffix.
        what: &'static str,
        /// Its length.
        chars: usize,
    },
    /// The quoted text is not there.
    #[error("the text does not hold the quote `{0}`")]
    QuoteMissing(String),
    /// The quoted text is there more than once.
    #[error("the text holds the quote `{quote}` {count} times: quote more of it")]
    QuoteAmbiguous {
        /// The quote, at most 80 characters of it.
        quote: String,
        /// How often it is there.
        count: usize,
    },
}

/// Where a comment points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// The version that its author looked at.
    pub version: VersionHash,
    /// The rendition that its author looked at; absent where it was the file itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rendition: Option<ContentHash>,
    /// Ways to find the place, best first.
    pub selectors: Vec<Selector>,
    /// A place within that place: a region of a frame, a quote on a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refined_by: Option<Selector>,
}

/// Which box of a PDF page the geometry is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageBox {
    /// What a screen shows.
    Crop,
    /// The finished size.
    Trim,
    /// The finished size and what is cut off.
    Bleed,
}

/// One way to find a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Selector {
    /// All of it.
    Whole,
    /// A rectangle; W3C FragmentSelector `xywh=percent:`.
    Region(Region),
    /// A shape in a view box of a million by a million; W3C SvgSelector.
    Shape {
        /// SVG path data.
        svg_path: String,
    },
    /// A range of frames.
    Frames(Frames),
    /// A range of milliseconds, for audio; the end is exclusive.
    TimeMs {
        /// First millisecond.
        start: u64,
        /// One past the last.
        end: u64,
    },
    /// A caption.
    Cue {
        /// The caption track.
        track: String,
        /// Its place in the track.
        cue_index: u32,
        /// The hash of its text.
        cue_hash: ContentHash,
    },
    /// A page (RFC 8118).
    Page {
        /// From 0.
        index: u32,
        /// What is printed on it: `iv`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        label: Option<String>,
        /// Which box the geometry is in.
        r#box: PageBox,
        /// Clockwise quarter turns, in degrees.
        rotate: u16,
    },
    /// A text; W3C TextQuoteSelector.
    Quote {
        /// The text itself.
        exact: String,
        /// Up to 64 characters before it.
        prefix: String,
        /// Up to 64 characters after it.
        suffix: String,
    },
    /// A range of code points; W3C TextPositionSelector; the end is exclusive.
    TextPos {
        /// First code point.
        start: u64,
        /// One past the last.
        end: u64,
        /// The hash of the text that is counted.
        text_hash: ContentHash,
    },
    /// A place in an outline.
    Block {
        /// The headings that lead to it, outermost first.
        path: Vec<String>,
    },
    /// A layer of a design file.
    Layer {
        /// The tool whose ids these are: `psd`, `svg`, `penpot`.
        tool: String,
        /// The layer's id.
        id: String,
        /// The names that lead to it, outermost first.
        path: Vec<String>,
        /// A region of the layer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rel: Option<Region>,
    },
    /// A deliverable of the brief.
    Slot {
        /// Its name.
        deliverable: String,
    },
}

/// A range of frames; the end is exclusive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frames {
    /// First frame, from 0.
    pub start: u64,
    /// How many.
    pub duration: u64,
    /// Frames per second.
    pub rate: Rate,
    /// The label of frame 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_timecode: Option<Timecode>,
    /// The number that screens show for frame 0, e.g. 1001.
    pub display_offset: u32,
    /// The container's presentation time stamp of the first frame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pts: Option<i64>,
}

impl Selector {
    fn erased(&self) -> Self {
        match self {
            Self::Quote { .. } => {
                Self::Quote { exact: ERASED_TEXT.to_owned(), prefix: String::new(), suffix: String::new() }
            }
            Self::Block { path } => Self::Block { path: vec![ERASED_TEXT.to_owned(); path.len()] },
            other => other.clone(),
        }
    }
}

canonical_form!(Anchor, AnchorError, ANCHOR_BYTES_MAX);

impl Anchor {
    /// All of a version.
    pub fn whole(version: VersionHash) -> Self {
        Self { version, rendition: None, selectors: vec![Selector::Whole], refined_by: None }
    }

    /// A place in a version.
    pub fn at(version: VersionHash, selector: Selector) -> Self {
        Self { version, rendition: None, selectors: vec![selector], refined_by: None }
    }

    /// What is left of it once its words are erased: it points to the same version, and quotes nothing.
    #[must_use]
    pub fn erased(&self) -> Self {
        Self {
            selectors: self.selectors.iter().map(Selector::erased).collect(),
            refined_by: self.refined_by.as_ref().map(Selector::erased),
            ..self.clone()
        }
    }

    /// Whether it points somewhere.
    pub fn check(&self) -> Result<(), AnchorError> {
        if self.selectors.is_empty() || self.selectors.len() > SELECTORS_MAX {
            return Err(AnchorError::Selectors(self.selectors.len()));
        }
        self.selectors.iter().chain(&self.refined_by).try_for_each(Selector::check)
    }
}
