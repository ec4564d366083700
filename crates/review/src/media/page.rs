//! What a page of a document says of itself.

use serde::{Deserialize, Serialize};

/// Left, bottom, right, top, in thousandths of a point.
pub type PageEdges = [i64; 4];

/// One page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageFacts {
    /// All of its sheet.
    pub media_box: PageEdges,
    /// What a screen shows.
    pub crop_box: PageEdges,
    /// The finished size, where it is said.
    pub trim_box: Option<PageEdges>,
    /// The finished size and what is cut off, where it is said.
    pub bleed_box: Option<PageEdges>,
    /// Clockwise quarter turns, in degrees.
    pub rotate: u16,
    /// Its words, in the order in which they are drawn; lines end with a newline.
    pub text: String,
}
