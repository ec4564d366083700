//! What can go wrong, by operation.

/// A text is no ticket.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// It begins otherwise.
    #[error("this is no peer's ticket: it should begin with `{}`", crate::address::PREFIX)]
    Prefix,
    /// It is too long.
    #[error("this is no peer's ticket: {0} characters")]
    TooLong(usize),
    /// Characters were lost or changed.
    #[error("the ticket is mangled ({0}): copy it again, whole")]
    Mangled(String),
    /// A newer version made it.
    #[error("the ticket has version {0}, this program knows version 1: update it")]
    Version(u8),
}

impl From<proofroom_ident::ShortInput> for TicketError {
    fn from(e: proofroom_ident::ShortInput) -> Self {
        Self::Mangled(e.to_string())
    }
}

/// An endpoint cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// An address cannot be listened on.
    #[error("cannot listen on {at} (UDP): {cause}")]
    Listen {
        /// The address.
        at: String,
        /// What the system said.
        cause: String,
    },
    /// A relay's address is not one.
    #[error("`{url}` is not the address of a packet relay: {cause}")]
    Relay {
        /// As given.
        url: String,
        /// What is wrong.
        cause: String,
    },
}

/// A peer cannot be reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Nothing answers at any of its addresses.
    #[error("the peer does not answer at {at}: {cause}")]
    Unreachable {
        /// The addresses that were tried.
        at: String,
        /// What was seen.
        cause: String,
    },
    /// It took too long.
    #[error("the peer did not answer at {at} within {ms} ms")]
    Timeout {
        /// The addresses that were tried.
        at: String,
        /// The limit.
        ms: u64,
    },
    /// No address is known.
    #[error("no address of the peer is known")]
    NoAddress,
    /// The key is no key.
    #[error("{0} is no endpoint's key")]
    BadKey(String),
}

/// A channel broke.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChannelError {
    /// The connection below it ended.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// The peer sent a frame that is too large, or half of one.
    #[error("the peer broke the protocol: {0}")]
    Protocol(String),
    /// More was queued than the peer reads.
    #[error("the peer does not read: {bytes} bytes are queued")]
    Stuck {
        /// Bytes queued.
        bytes: usize,
    },
}
