//! Epoch keys, key wraps, and sealed payloads.
//!
//! Ground storey: bytes in, bytes out; randomness is handed in. A relay never
//! depends on this crate.
//!
//! ```text
//! epoch key            32 random bytes per audience, its KeyId derived from it
//!   |- wrap            to a member's device, recovery key or invite (HPKE)
//!   |- link            of the epoch before, sealed under this one
//!   '- document key    one per document
//!        |- tip commit a keyed hash of a change's hash
//!        |- entry key  one per entry, by its nonce; enough to open that entry alone
//!        '- snapshot key, one per snapshot, by its nonce
//!
//! payload     commitment:32  ciphertext  tag:16
//!             commitment = derive(entry key), checked before anything else
//!             ciphertext = XChaCha20-Poly1305 over the packed plaintext, with
//!                          the header's nonce, and every header field before
//!                          tip_commit as associated data
//! packed      form:u8 (0 stored, 1 deflated)  body  0x80  zeros to the Padme length
//! wrap        enc:32  sealed:48     HPKE base mode (RFC 9180), DHKEM(X25519,
//!             HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305
//! link        nonce:24  sealed:48   XChaCha20-Poly1305 under a key derived from
//!             the newer epoch key
//! bound to both: workspace:32  audience:1  key_id:16 of the key inside
//! at rest     nonce:24  ciphertext  tag:16    what a device keeps for itself: XChaCha20-Poly1305
//!             under a key derived from the device's key-exchange secret
//! blob        ChaCha20 (RFC 8439) keystream, nonce zero, counter 0, a key per blob
//! ```
//!
//! The commitment makes the sealing key-committing: nobody can make one payload
//! that opens to two plaintexts under two keys, so all readers see the same, and
//! an entry key that is shown to a stranger proves what was written. Padding to
//! the Padme length leaks `O(log log n)` bits of the size, and costs at most 12 %.

mod blob;
mod error;
mod invite;
mod keys;
mod pack;
mod payload;
mod rest;
mod wrap;

pub use blob::{BLOB_BYTES_MAX, BlobKey, BlobTooLong};
pub use error::{OpenError, SealError};
pub use invite::InviteSecret;
pub use keys::{EntryKey, EpochKey, Keyring, SealKey, tip_commit};
pub use payload::{OVERHEAD_BYTES, open, open_snapshot, seal, seal_snapshot};
pub use rest::RestKey;
pub use wrap::{Link, Wrap, WrapInfo, link, unlink, unwrap, wrap};
