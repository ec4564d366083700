//! Secrets at rest under a passphrase: Argon2id (RFC 9106) and XChaCha20-Poly1305.
//!
//! ```text
//! version:u8=1  memory_kib:u32  passes:u32  lanes:u32  salt:16  nonce:24  ciphertext
//! ```

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{ByteReader, ByteWriter, ShortInput};

const MEMORY_KIB_MAX: u32 = 1 << 20;
const PASSES_MAX: u32 = 16;

/// A vault does not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The bytes end too early.
    #[error("the key file is cut short: {0}")]
    Short(#[from] ShortInput),
    /// Unknown version, or parameters beyond the limits.
    #[error("the key file asks for {0}, which this version does not accept")]
    Unsupported(String),
    /// The passphrase is wrong, or the file was altered.
    #[error("the passphrase is wrong, or the key file was altered")]
    WrongPassphrase,
}

/// Argon2id costs. The default asks for 64 MiB and three passes (RFC 9106, section 4, second choice).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vault {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
}

impl Default for Vault {
    fn default() -> Self {
        Self { memory_kib: 65_536, passes: 3 }
    }
}

impl Vault {
    /// Seals `secret` under `passphrase`.
    pub fn seal(
        &self,
        passphrase: &str,
        secret: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, VaultError> {
        let (mut salt, mut nonce) = ([0; 16], [0; 24]);
        rng.fill_bytes(&mut salt);
        rng.fill_bytes(&mut nonce);
        let key = self.key(passphrase, &salt)?;
        let mut w = ByteWriter::default();
        w.u8(1).u32(self.memory_kib).u32(self.passes).u32(1).put(&salt).put(&nonce);
        let head = w.finish();
        let sealed = XChaCha20Poly1305::new((&*key).into())
            .encrypt(&XNonce::from(nonce), Payload { msg: secret, aad: &head })
            .map_err(|_| VaultError::Unsupported("a secret this large".into()))?;
        Ok([head, sealed].concat())
    }

    /// Opens what [`Vault::seal`] made; the costs are read from the bytes, within limits.
    pub fn open(passphrase: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let mut r = ByteReader::new(sealed);
        let version = r.u8("version")?;
        if version != 1 {
            return Err(VaultError::Unsupported(format!("version {version}")));
        }
        let vault = Self { memory_kib: r.u32("memory")?, passes: r.u32("passes")? };
        let lanes = r.u32("lanes")?;
        if lanes != 1 {
            return Err(VaultError::Unsupported(format!("{lanes} lanes")));
        }
        let salt: [u8; 16] = r.array("salt")?;
        let nonce: [u8; 24] = r.array("nonce")?;
        let (head, body) = sealed.split_at(r.position());
        let key = vault.key(passphrase, &salt)?;
        XChaCha20Poly1305::new((&*key).into())
            .decrypt(&XNonce::from(nonce), Payload { msg: body, aad: head })
            .map(Zeroizing::new)
            .map_err(|_| VaultError::WrongPassphrase)
    }

    fn key(&self, passphrase: &str, salt: &[u8; 16]) -> Result<Zeroizing<[u8; 32]>, VaultError> {
        if self.memory_kib > MEMORY_KIB_MAX || self.passes > PASSES_MAX {
            let costs = format!("{} KiB and {} passes", self.memory_kib, self.passes);
            return Err(VaultError::Unsupported(costs));
        }
        let params = Params::new(self.memory_kib, self.passes, 1, Some(32))
            .map_err(|e| VaultError::Unsupported(e.to_string()))?;
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.as_bytes(), salt, key.as_mut())
            .map_err(|e| VaultError::Unsupported(e.to_string()))?;
        Ok(key)
    }
}
