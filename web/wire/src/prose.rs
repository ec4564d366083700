//! Written work, as it is shown: blocks of text, and nothing that a browser would run.

use serde::{Deserialize, Serialize};

/// A block of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// What it says.
    pub runs: Vec<Run>,
}

/// What a block of a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    /// A heading, from 1 to 6.
    Heading(u8),
    /// A paragraph.
    Paragraph,
    /// An item of a list, this deep; numbered where it has a number.
    Item(u8, Option<u64>),
    /// Quoted.
    Quote,
    /// As it is, spaces and all.
    Verbatim,
    /// A row of a table; its cells are parted by tabs.
    Row,
    /// A line across.
    Rule,
}

/// A run of text in one style.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The text.
    pub text: String,
    /// Strong.
    pub strong: bool,
    /// Stressed.
    pub stressed: bool,
    /// Code.
    pub code: bool,
    /// Struck out.
    pub struck: bool,
    /// Where it leads; shown, never followed.
    pub link: Option<String>,
}
