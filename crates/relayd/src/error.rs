//! What stops a relay.

use std::path::PathBuf;

use proofroom_store::StoreError;

/// A relay does not start, or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// The address.
        address: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// A file or folder of the data directory cannot be used.
    #[error("cannot {doing} {}: {cause}", path.display())]
    Data {
        /// What was tried.
        doing: &'static str,
        /// Which file or folder.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The key file is not one.
    #[error("{} is not a relay's key: {bytes} bytes, 32 are wanted", path.display())]
    Key {
        /// Which file.
        path: PathBuf,
        /// Its length.
        bytes: usize,
    },
    /// A certificate or its key cannot be served by.
    #[error("cannot serve by {}: {why}", path.display())]
    Tls {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The store does not open.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store failed while the relay ran.
    #[error("the relay stopped because its store failed: {0}")]
    StoreFailed(String),
    /// The system gives no randomness, no thread, or no signals.
    #[error("the system refuses {0}")]
    System(String),
}
