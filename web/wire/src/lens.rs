//! What a page asks of the lens, and what is seen through it.

use serde::{Deserialize, Serialize};

use crate::prose::Block;
use crate::screens::FileCard;

/// What a page asks of the lens; the bytes of files come beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Look {
    /// Written work as blocks of text. Needs the file.
    Prose {
        /// What it is, as `type/subtype`.
        media_type: String,
    },
    /// A design's layers, or a picture that browsers do not show; the flat picture comes beside what is
    /// seen, as PNG. Needs the file.
    Design {
        /// What it is, as `type/subtype`.
        media_type: String,
    },
    /// What changed from one version to another, and whether it changed under anchors. Needs both files
    /// of each pair that has [`FilePair::differs`], the earlier one first.
    Changes {
        /// The files of both versions.
        pairs: Vec<FilePair>,
        /// Where the earlier version's comments point.
        anchors: Vec<AnchorCard>,
    },
}

/// A file before, after, or both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePair {
    /// In the earlier version.
    pub before: Option<FileCard>,
    /// In the later version.
    pub after: Option<FileCard>,
}

impl FilePair {
    /// The two files, where their bytes must be read to know what changed.
    pub fn differs(&self) -> Option<(&FileCard, &FileCard)> {
        self.before
            .as_ref()
            .zip(self.after.as_ref())
            .filter(|(before, after)| before.content != after.content)
    }
}

/// Where a comment points, as it was signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnchorCard {
    /// The comment's key.
    pub comment: String,
    /// The anchor, as JSON.
    pub anchor: String,
}

/// What is seen through the lens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Looked {
    /// Answers [`Look::Prose`].
    Prose(Vec<Block>),
    /// Answers [`Look::Design`].
    Design(DesignCard),
    /// Answers [`Look::Changes`].
    Changes(ChangesCard),
    /// It cannot be read, and why.
    Fault(String),
}

/// A design.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesignCard {
    /// Width and height in pixels.
    pub size: [u32; 2],
    /// Its layers, from the top down; groups before what is in them.
    pub layers: Vec<LayerCard>,
    /// Why there is no flat picture; empty where there is one.
    pub flat_fault: String,
}

/// A layer, or a group of layers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerCard {
    /// Its id, where the program that wrote it gave one.
    pub id: Option<u32>,
    /// The names that lead to it, outermost first, its own last.
    pub path: Vec<String>,
    /// Whether it is a group.
    pub group: bool,
    /// Whether it is hidden by itself.
    pub hidden: bool,
    /// Opacity in percent.
    pub opacity: u8,
    /// How it is blended; empty for plainly.
    pub blend: String,
    /// Where it lies within the whole: x, y, width, height in parts per million; absent where it covers nothing.
    pub region: Option<[u32; 4]>,
}

/// What changed between two versions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangesCard {
    /// By comment: `yes`, `no` or `unknown`.
    pub under: Vec<(String, String)>,
    /// File by file, in the order of the pairs.
    pub files: Vec<FileChangesCard>,
}

/// What changed in one file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileChangesCard {
    /// In a few words.
    pub said: String,
    /// All of a text, in passages that stayed, went and came; empty for anything but a text.
    pub passages: Vec<Passage>,
    /// What happened to layers, line by line.
    pub layers: Vec<String>,
}

/// A passage of two texts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// What became of it.
    pub fate: Fate,
    /// What it says.
    pub text: String,
}

/// What became of a passage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It is in both.
    Kept,
    /// It is in the earlier text only.
    Gone,
    /// It is in the later text only.
    Come,
}
