//! The list of changes: what screens and documents show.

use proofroom_review::FileRef;
use serde::{Deserialize, Serialize};

use crate::archive::ArchiveChanges;
use crate::films::FilmChanges;
use crate::layers::LayerChanges;
use crate::pages::PageChanges;
use crate::pixels::PictureChanges;
use crate::words::WordChanges;

/// What changed between two versions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Changes {
    /// File by file: those of the later version in its order, then those that are gone.
    pub files: Vec<FileChange>,
}

/// What became of one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileChange {
    /// The file of the earlier version.
    pub before: Option<FileRef>,
    /// The file of the later version.
    pub after: Option<FileRef>,
    /// What its headers say differently.
    pub facts: Vec<FactChange>,
    /// What changed in it.
    #[serde(flatten)]
    pub detail: Detail,
}

/// Something that a file says of itself, before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactChange {
    /// What it is about.
    pub what: String,
    /// What it said.
    pub before: String,
    /// What it says.
    pub after: String,
}

/// What changed in a file, in the terms of its kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Detail {
    /// Nothing: byte for byte the same.
    Same,
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// A picture.
    Picture(PictureChanges),
    /// A text.
    Words(WordChanges),
    /// A design in layers.
    Layers(LayerChanges),
    /// A film or sound.
    Film(FilmChanges),
    /// A document in pages.
    Pages(PageChanges),
    /// An archive.
    Archive(ArchiveChanges),
    /// Nobody can say, and why.
    NotApplicable {
        /// Why.
        reason: String,
    },
}

impl Detail {
    /// Nobody can say.
    pub fn not_applicable(reason: impl ToString) -> Self {
        Self::NotApplicable { reason: reason.to_string() }
    }

    /// The word for its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Picture(_) => "picture",
            Self::Words(_) => "words",
            Self::Layers(_) => "layers",
            Self::Film(_) => "film",
            Self::Pages(_) => "pages",
            Self::Archive(_) => "archive",
            Self::NotApplicable { .. } => "not_applicable",
        }
    }
}

impl FactChange {
    /// What differs, if it does.
    pub(crate) fn between(what: &str, before: impl ToString, after: impl ToString) -> Option<Self> {
        let (before, after) = (before.to_string(), after.to_string());
        (before != after).then(|| Self { what: what.to_owned(), before, after })
    }
}

/// The name, type and length of two files, as far as they differ.
pub(crate) fn file_facts(before: &FileRef, after: &FileRef) -> Vec<FactChange> {
    let facts = [
        FactChange::between("name", &before.name, &after.name),
        FactChange::between("type", &before.media_type, &after.media_type),
        FactChange::between("bytes", before.bytes, after.bytes),
    ];
    facts.into_iter().flatten().collect()
}
