//! What ends a session from this side.

use proofroom_store::StoreError;

use crate::{Code, DecodeError};

/// The session cannot go on: the peer is told, then the connection closes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub code: Code,
    pub text: String,
}

impl Fault {
    pub fn new(code: Code, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }

    /// The peer breaks the protocol.
    pub fn message(text: impl Into<String>) -> Self {
        Self::new(Code::BadMessage, text)
    }
}

impl From<DecodeError> for Fault {
    fn from(error: DecodeError) -> Self {
        let code = match error {
            DecodeError::TooLarge { .. } => Code::TooLarge,
            _ => Code::BadMessage,
        };
        Self::new(code, error.to_string())
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::new(Code::Internal, error.to_string())
    }
}
