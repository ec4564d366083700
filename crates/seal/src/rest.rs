//! What a device keeps for itself alone: sealed under a key that only it can make.

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use proofroom_ident::{KexSecret, Nonce};
use zeroize::Zeroizing;

use crate::OpenError;
use crate::pack::{pack, unpack};

/// A device's key for what it keeps at rest.
pub struct RestKey(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for RestKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RestKey(secret)")
    }
}

impl RestKey {
    /// The key of a device. It follows from the secret that opens the epoch keys: who has that one
    /// can read the documents anyway.
    pub fn of(device: &KexSecret) -> Self {
        Self(Zeroizing::new(blake3::derive_key("proofroom 1 what a device keeps at rest", &*device.seed())))
    }

    /// Seals `plain`, bound to `place`: it opens nowhere else. The nonce must be fresh.
    pub fn seal(&self, place: &[u8], nonce: &Nonce, plain: &[u8]) -> Vec<u8> {
        let packed = pack(plain);
        let sealed = self
            .cipher()
            .encrypt(&XNonce::from(*nonce.as_bytes()), Payload { msg: &packed, aad: place })
            .expect("the cipher takes 256 GiB, more than there is memory for");
        [nonce.as_bytes().as_slice(), &sealed].concat()
    }

    /// Opens what this device sealed for `place`; the plaintext may have at most `plain_bytes_max` bytes.
    ///
    /// # Errors
    /// When it was sealed for another place or by another device, or was altered.
    pub fn open(
        &self,
        place: &[u8],
        sealed: &[u8],
        plain_bytes_max: usize,
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (nonce, sealed) =
            sealed.split_first_chunk::<{ Nonce::LEN }>().ok_or(OpenError::Short(sealed.len()))?;
        let packed = self
            .cipher()
            .decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: place })
            .map(Zeroizing::new)
            .map_err(|_| OpenError::Altered("value at rest"))?;
        unpack(&packed, plain_bytes_max)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.0).into())
    }
}
