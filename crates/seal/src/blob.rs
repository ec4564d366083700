//! Blobs: a keystream that starts anywhere, so that a video seeks without the
//! bytes before.
//!
//! The keystream hides a blob, it does not authenticate it: a blob is named by
//! the BLAKE3 of its ciphertext, and whoever fetches it checks that.

use std::fmt;

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit as _, StreamCipher as _, StreamCipherSeek as _};
use rand_core::CryptoRng;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// Longest blob, in bytes: the keystream has 2^32 blocks of 64 bytes, and its
/// implementation keeps the last one back.
pub const BLOB_BYTES_MAX: u64 = (1 << 38) - 64;

/// A blob is longer than its keystream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("blob: {bytes} bytes at offset {offset} go beyond the limit of {BLOB_BYTES_MAX} bytes")]
pub struct BlobTooLong {
    /// Where the bytes begin.
    pub offset: u64,
    /// How many there are.
    pub bytes: usize,
}

/// One blob's key. Never used for a second blob.
#[derive(Clone)]
pub struct BlobKey(Zeroizing<[u8; 32]>);

impl BlobKey {
    /// A new key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        rng.fill_bytes(bytes.as_mut());
        Self(bytes)
    }

    /// The key of 32 secret bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The secret bytes, for the document that holds them.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Encrypts or decrypts the bytes that stand at `offset` of the blob.
    pub fn apply(&self, offset: u64, bytes: &mut [u8]) -> Result<(), BlobTooLong> {
        let too_long = BlobTooLong { offset, bytes: bytes.len() };
        let end = offset.checked_add(bytes.len() as u64).ok_or(too_long)?;
        if end > BLOB_BYTES_MAX {
            return Err(too_long);
        }
        if bytes.is_empty() {
            return Ok(());
        }
        let mut stream = ChaCha20::new((&*self.0).into(), &[0; 12].into());
        stream.try_seek(offset).map_err(|_| too_long)?;
        stream.try_apply_keystream(bytes).map_err(|_| too_long)
    }
}

impl PartialEq for BlobKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&*other.0).into()
    }
}
impl Eq for BlobKey {}

impl fmt::Debug for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlobKey(secret)")
    }
}
