//! Errors of recording, loading and viewing; those of vetting are in `vet`.

use proofroom_review::{CommentKey, EditError, RequestKey};

use crate::{DocKind, VetError};

/// An edit cannot be recorded. The document is unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The edit breaks a limit or rule of its own.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The edits belong to the other kind of document.
    #[error("this is a {0} document, it takes no such edits")]
    Kind(DocKind),
    /// The edits change nothing.
    #[error("there is nothing to record")]
    Nothing,
    /// The writer's role does not allow it.
    #[error("not allowed: {0}")]
    NotAllowed(&'static str),
    /// The request is not in the document.
    #[error("there is no request {0}")]
    NoRequest(RequestKey),
    /// The asset is not in the document.
    #[error("there is no asset {0}")]
    NoAsset(proofroom_ident::AssetId),
    /// The comment is not in the document.
    #[error("there is no comment {0}")]
    NoComment(CommentKey),
    /// The version is not in the document.
    #[error("there is no version {0}")]
    NoVersion(proofroom_ident::VersionHash),
    /// Something of that key is already there.
    #[error("{0} exists already")]
    Exists(String),
    /// A position lies beyond the end of a text, or within a character.
    #[error("the text has no {delete} units at {at}; it is {length} units long")]
    Position {
        /// Start, in UTF-16 code units.
        at: usize,
        /// Length to delete, in UTF-16 code units.
        delete: usize,
        /// The text's length, in UTF-16 code units.
        length: usize,
    },
    /// The log was frozen by a change that others refuse: write under a new one.
    #[error("this log is frozen: nothing written to it counts")]
    Frozen,
    /// The change would be refused by every replica: a bug, or edits beyond a batch's limits.
    #[error("the change would be refused: {0}")]
    Refused(#[from] Box<VetError>),
    /// The document engine failed.
    #[error("the document engine failed: {0}")]
    Engine(String),
}

/// Bytes are not a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The cache is of another version, cut short, or of another document.
    #[error("document cache: {0}")]
    Cache(String),
    /// The document engine does not load it.
    #[error("the document does not load: {0}")]
    Engine(String),
    /// It is over a limit.
    #[error("the document has {found} {what}, the limit is {limit}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// A change is by a writer who is not named.
    #[error("a change is by an actor that no given log makes")]
    UnknownActor,
    /// Changes depend on others that are not there.
    #[error("{0} changes depend on others that are not there")]
    Gap(usize),
    /// A log's last change is not the one that its author committed to.
    #[error("log {0:?} ends in another change than its author committed to")]
    Tip(proofroom_ident::LogId),
    /// A change does not hold.
    #[error("a change does not hold: {0}")]
    Vet(#[from] Box<VetError>),
}
