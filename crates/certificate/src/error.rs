//! Why bytes are no certificate, or no archive.

use proofroom_entry::DecodeError;
use proofroom_ident::ShortInput;
use proofroom_review::CanonicalError;

/// Bytes are not a certificate, or something cannot be written as one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// The bytes end too early.
    #[error("certificate: {0}")]
    Short(#[from] ShortInput),
    /// It begins like something else.
    #[error("certificate: this is none, or one of a later version")]
    Magic,
    /// It is larger than the limit.
    #[error("certificate: {what} has {found}, the limit is {max}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// How large it is.
        found: usize,
        /// The limit.
        max: usize,
    },
    /// A part in JSON is not in its one spelling.
    #[error("certificate: {part}: {error}")]
    Json {
        /// Which part.
        part: &'static str,
        /// What is wrong with it.
        error: CanonicalError,
    },
    /// A piece is not an entry.
    #[error("certificate: piece {at}: {error}")]
    Entry {
        /// The piece's place.
        at: usize,
        /// What is wrong with it.
        error: DecodeError,
    },
    /// A piece breaks a rule of the format.
    #[error("certificate: piece {at}: {rule}")]
    Piece {
        /// The piece's place.
        at: usize,
        /// The rule.
        rule: &'static str,
    },
    /// A part breaks a rule of the format.
    #[error("certificate: {0}")]
    Rule(&'static str),
}

/// Bytes are not an archive of this format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// The bytes end too early.
    #[error("archive: {0}")]
    Short(#[from] ShortInput),
    /// It is larger than the limit.
    #[error("archive: {what} has {found}, the limit is {max}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// How large it is.
        found: usize,
        /// The limit.
        max: usize,
    },
    /// A name would leave the folder that it is written to, or is not in order.
    #[error("archive: `{0}` is not a name of a member here: names ascend, and stay in their folder")]
    Name(String),
    /// The bytes are not those that this format writes for its members.
    #[error("archive: byte {0} is not the one that this format writes")]
    Form(usize),
}
