//! What can go wrong with a blob.

use std::io;
use std::path::PathBuf;

use proofroom_seal::BlobTooLong;

use crate::failure::{Failure, io_hint};
use crate::home::HomeError;

/// A blob cannot be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The file that was to be added cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Source {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The path names something else than a file.
    #[error("{} is not a file", .0.display())]
    NotAFile(PathBuf),
    /// The file changed while it was read.
    #[error("{} changed while it was read: {was} bytes were announced, {found} were there", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// Its length at first.
        was: u64,
        /// What was read.
        found: u64,
    },
    /// The home directory fails.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The bytes have not arrived.
    #[error("the bytes of `{0}` have not reached this machine yet")]
    Absent(String),
    /// The bytes were erased.
    #[error("`{0}` was erased: nobody has its bytes any more")]
    Erased(String),
    /// The bytes are not the ones that were signed.
    #[error("the bytes of {what} do not have the hash that was signed: {}", path.display())]
    Wrong {
        /// Whose bytes.
        what: String,
        /// Where they are.
        path: PathBuf,
    },
    /// Longer than any blob may be.
    #[error(transparent)]
    TooLong(#[from] BlobTooLong),
    /// The target exists.
    #[error("{} exists already", .0.display())]
    TargetExists(PathBuf),
}

impl From<BlobError> for Failure {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::Home(error) => error.into(),
            e @ BlobError::Source { .. } => {
                let hint = match &e {
                    BlobError::Source { error, .. } => io_hint(error).unwrap_or("check the path"),
                    _ => "",
                };
                Failure::user(&e).hint(hint)
            }
            e @ BlobError::Changed { .. } => {
                Failure::user(e).hint("wait until it is written, then add it again")
            }
            e @ BlobError::Erased(_) => {
                Failure::user(e).hint("`proofroom audit` says by whom, when, and on what ground")
            }
            e @ BlobError::Absent(_) => Failure::user(e).hint("run `proofroom sync`"),
            e @ BlobError::Wrong { .. } => Failure::verify(e)
                .hint("remove that file, then run `proofroom sync` to fetch the bytes again"),
            e @ BlobError::TargetExists(_) => Failure::user(e).hint("move it away, or give --force"),
            e @ (BlobError::NotAFile(_) | BlobError::TooLong(_)) => Failure::user(e),
        }
    }
}
