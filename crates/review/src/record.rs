//! Records about records: what is erased, what is held, how long it is kept, and why.

use data_encoding::BASE64;
use proofroom_ident::{AssetId, ContentHash, DocId, EntryHash, Millis, VersionHash};
use serde::{Deserialize, Serialize};

use crate::canonical::canonical_form;
use crate::owned::{CommentKey, RequestKey};
use crate::statement::{STATEMENT_BYTES_MAX, StatementError};
use crate::text::{self, TextError};
use crate::words::LegalBasis;

const PARTS_MAX: usize = 20_000;

/// What stands where an erased text was.
pub const ERASED_TEXT: &str = "[erased]";

/// Something that is erased, as people call it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Erased {
    /// A file of a version, with everything that was made of it.
    File {
        /// The version.
        version: VersionHash,
        /// The file, by the hash of what it was.
        content: ContentHash,
    },
    /// The words of a comment.
    Comment {
        /// The comment.
        comment: CommentKey,
    },
    /// The words of a request: its form, its brief, and what was asked or said about it.
    Request {
        /// The request.
        request: RequestKey,
    },
}

impl std::fmt::Display for Erased {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File { version, content } => {
                write!(f, "file {} of version {}", content.short(), version.short())
            }
            Self::Comment { comment } => write!(f, "the words of comment {}", comment.id.short()),
            Self::Request { request } => write!(f, "the words of request {}", request.id.short()),
        }
    }
}

/// What is left of an entry's changes once the words and keys in them are erased: their structure, so that what
/// others wrote on top still has a ground.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Residue {
    /// The entry.
    pub entry: EntryHash,
    /// The changes without words and keys, in base64.
    pub left: String,
}

impl Residue {
    /// The residue of an entry.
    pub fn new(entry: EntryHash, left: &[u8]) -> Self {
        Self { entry, left: BASE64.encode(left) }
    }

    /// Its bytes; empty where it is spelled in no way that gives bytes.
    pub fn bytes(&self) -> Vec<u8> {
        BASE64.decode(self.left.as_bytes()).unwrap_or_default()
    }
}

/// What is erased of one document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Erasure {
    /// On what ground.
    pub basis: LegalBasis,
    /// What.
    pub what: Vec<Erased>,
    /// What is left of the entries that held it, in order of their hashes.
    pub residues: Vec<Residue>,
}

/// What becomes of records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case", deny_unknown_fields)]
pub enum RecordAct {
    /// Words and files are erased. The membership operation that names this statement does it.
    Erase(Box<Erasure>),
    /// Nothing of these assets is erased until it is released: a legal hold.
    Hold {
        /// The assets, in order; none named: all.
        assets: Vec<AssetId>,
        /// Until when, unless it is released before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Millis>,
    },
    /// The records of these assets are kept for a period.
    Retain {
        /// The class of records, as the organisation's schedule calls it.
        class: String,
        /// The assets, in order; none named: all.
        assets: Vec<AssetId>,
        /// Until when.
        until: Millis,
    },
    /// Ends a hold, or a period of retention, before its time.
    Release {
        /// The entry of the hold or retention.
        ends: EntryHash,
    },
}

/// A record about records, and all that its signature covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordStatement {
    /// The document that it is about, and lies in.
    pub doc: DocId,
    /// What becomes of it.
    pub act: RecordAct,
    /// Why.
    pub reason: String,
    /// When they say they signed.
    pub claimed_at: Millis,
}

canonical_form!(RecordStatement, StatementError, STATEMENT_BYTES_MAX);

impl RecordStatement {
    /// Whether it may be signed.
    pub fn check(&self) -> Result<(), StatementError> {
        if self.reason.trim().is_empty() {
            return Err(TextError::Empty { field: "the reason" }.into());
        }
        text::body("the reason", &self.reason)?;
        let (list, sorted) = match &self.act {
            RecordAct::Erase(erasure) => {
                erasure.check()?;
                ("residues", erasure.residues.is_sorted_by(|a, b| a.entry < b.entry))
            }
            RecordAct::Hold { assets, .. } => ("assets", is_list(assets)?),
            RecordAct::Retain { class, assets, .. } => {
                text::line("the class", class)?;
                ("assets", is_list(assets)?)
            }
            RecordAct::Release { .. } => return Ok(()),
        };
        if sorted { Ok(()) } else { Err(StatementError::NotSorted(list)) }
    }
}

fn is_list(assets: &[AssetId]) -> Result<bool, TextError> {
    text::count("assets", assets.len(), PARTS_MAX)?;
    Ok(assets.is_sorted_by(|a, b| a < b))
}

impl Erasure {
    fn check(&self) -> Result<(), TextError> {
        text::count("erased things", self.what.len(), PARTS_MAX)?;
        text::count("residues", self.residues.len(), PARTS_MAX)?;
        if self.what.is_empty() { Err(TextError::Empty { field: "what is erased" }) } else { Ok(()) }
    }
}
