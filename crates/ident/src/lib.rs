//! Who is who: identifiers, keys, device records, recovery phrases.
//!
//! Ground storey: plain values, no IO, no clock, no ambient randomness. Every
//! identifier is a fixed run of bytes with a type of its own; every key knows
//! what it may sign.
//!
//! A *person* is an Ed25519 key made from a recovery phrase. A person has
//! *devices*; each has a signing key, a key-exchange key and an endpoint key,
//! bound together by a [`DeviceRecord`] that the person's key (or another
//! device of the same person) vouches for.

mod bytes;
mod device;
mod ids;
mod keys;
mod phrase;
mod vault;

pub use bytes::{ByteReader, ByteWriter, ShortInput};
pub use device::{DeviceRecord, DeviceRecordError, DeviceSecrets, Voucher};
pub use ids::{
    AssetId, Audience, BlobHash, CommentId, ContentHash, Digest, DocId, EndpointKey, EntryHash, HashWords,
    IdParseError, InviteId, KexPublic, KeyId, LogClass, LogId, Millis, Nonce, PersonId, RequestId, Signature,
    SignerKey, SnapshotId, VersionHash, WorkspaceId,
};
pub use keys::{KexSecret, PersonSecret, SignError, SigningSecret};
pub use phrase::{PhraseError, RecoveryPhrase};
pub use vault::{Vault, VaultError};
