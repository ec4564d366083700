//! What can go wrong in sealing and in opening.

use proofroom_entry::PAYLOAD_BYTES_MAX;
use proofroom_ident::{KexPublic, KeyId};

/// Something cannot be sealed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The key is not the one that the header or the wrap names.
    #[error("sealing: key {wanted:?} is named, the key at hand is {given:?}")]
    WrongKey {
        /// The key that is named.
        wanted: KeyId,
        /// The key that was given.
        given: KeyId,
    },
    /// The sealed payload would be larger than an entry may carry.
    #[error("sealing: the payload would have {0} bytes, the limit is {PAYLOAD_BYTES_MAX}")]
    TooLarge(usize),
    /// No secret can be agreed on with this key.
    #[error("sealing: {0:?} is not a usable key-exchange key")]
    BadRecipient(KexPublic),
}

/// Something does not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The key is not the one that the header or the wrap names.
    #[error("opening: key {wanted:?} is needed, the key at hand is {given:?}")]
    WrongKey {
        /// The key that is named.
        wanted: KeyId,
        /// The key that was given or found inside.
        given: KeyId,
    },
    /// Too short to be a sealed payload.
    #[error("opening: a payload of {0} bytes is too short")]
    Short(usize),
    /// The payload was sealed under another key than its header names.
    #[error("opening: the payload is not sealed under the key that its header names")]
    Commitment,
    /// The ciphertext or what it is bound to was altered, or it is for another key.
    #[error("opening: the {0} does not hold")]
    Altered(&'static str),
    /// The plaintext is not packed as this version packs it.
    #[error("opening: the plaintext {0}")]
    NotCanonical(&'static str),
    /// The plaintext would be larger than the caller accepts.
    #[error("opening: the plaintext has more than {0} bytes, the limit here")]
    TooLarge(usize),
}
