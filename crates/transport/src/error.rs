//! What can go wrong, by operation.

/// A text is not a relay's address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a relay's address: {why}")]
pub struct AddressError {
    /// The text as given, at most 80 characters of it.
    pub text: String,
    /// What is wrong.
    pub why: &'static str,
}

/// A file names no certificate authority.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} names no certificate authority: {why}", path.display())]
pub struct AuthorityError {
    /// Which file.
    pub path: std::path::PathBuf,
    /// What is wrong.
    pub why: String,
}

/// A relay cannot be reached.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nothing answers there.
    #[error("the relay at {host} does not answer: {cause}")]
    Unreachable {
        /// Host and port.
        host: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// It took too long.
    #[error("the relay at {host} did not answer within {ms} ms")]
    Timeout {
        /// Host and port.
        host: String,
        /// The limit.
        ms: u64,
    },
    /// Something answers, but not with a session.
    #[error("{host} answered with HTTP status {status}: is it a relay?")]
    NotARelay {
        /// Host and port.
        host: String,
        /// The status.
        status: u16,
    },
    /// The certificate is not one that is believed.
    #[error("{host} shows a certificate that is not believed: {cause}")]
    Untrusted {
        /// Host and port.
        host: String,
        /// What is wrong with it.
        cause: String,
    },
    /// The answer is not HTTP, not WebSocket, or not TLS.
    #[error("the connection to {host} failed: {cause}")]
    Protocol {
        /// Host and port.
        host: String,
        /// What was wrong.
        cause: String,
    },
}

/// A connection broke.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionError {
    /// Reading or writing failed.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// The peer sent a frame that is too large, or not binary.
    #[error("the peer broke the protocol: {0}")]
    Protocol(String),
    /// Nothing came for too long.
    #[error("nothing came from the peer for {ms} ms")]
    Silent {
        /// The limit.
        ms: u64,
    },
    /// More was queued than the peer reads.
    #[error("the peer does not read: {bytes} bytes are queued")]
    Stuck {
        /// Bytes queued.
        bytes: usize,
    },
}
