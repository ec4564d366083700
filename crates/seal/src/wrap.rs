//! Handing an epoch key on: to a member's key by HPKE, to a later epoch by a link.

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, Kem, OpModeR, OpModeS, Serializable as _};
use proofroom_ident::{Audience, KexPublic, KexSecret, KeyId, Nonce, WorkspaceId};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{EpochKey, OpenError, SealError};

/// An epoch key with its tag.
const SEALED_BYTES: usize = 48;

type PublicKey = <X25519HkdfSha256 as Kem>::PublicKey;
type PrivateKey = <X25519HkdfSha256 as Kem>::PrivateKey;
type EncappedKey = <X25519HkdfSha256 as Kem>::EncappedKey;

/// What a wrapped or linked key is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrapInfo {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Whose key it is.
    pub audience: Audience,
    /// The key inside.
    pub key: KeyId,
}

impl WrapInfo {
    fn bytes(&self, label: &str) -> Vec<u8> {
        let audience = [self.audience as u8];
        [label.as_bytes(), &[0], self.workspace.as_bytes(), &audience, self.key.as_bytes()].concat()
    }

    fn names(&self, key: &EpochKey) -> Result<(), SealError> {
        let given = key.id();
        if self.key == given { Ok(()) } else { Err(SealError::WrongKey { wanted: self.key, given }) }
    }

    /// The key that came out, if it is the one that was promised.
    fn found(&self, bytes: &[u8], what: &'static str) -> Result<EpochKey, OpenError> {
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| OpenError::Altered(what))?;
        let key = EpochKey::from_bytes(bytes);
        let given = key.id();
        if self.key == given { Ok(key) } else { Err(OpenError::WrongKey { wanted: self.key, given }) }
    }
}

/// An epoch key, sealed to one key-exchange key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrap {
    /// HPKE's encapsulated key.
    pub enc: [u8; 32],
    /// The key and its tag.
    pub sealed: [u8; SEALED_BYTES],
}

/// An older epoch's key, sealed under a newer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// A fresh random nonce.
    pub nonce: Nonce,
    /// The key and its tag.
    pub sealed: [u8; SEALED_BYTES],
}

/// Seals `key` to `to`.
pub fn wrap(
    key: &EpochKey,
    to: &KexPublic,
    info: &WrapInfo,
    rng: &mut impl CryptoRng,
) -> Result<Wrap, SealError> {
    info.names(key)?;
    let bad = |_| SealError::BadRecipient(*to);
    let public = PublicKey::from_bytes(to.as_bytes()).map_err(bad)?;
    let (encapped, sealed) =
        hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeS::Base,
            &public,
            &info.bytes("proofroom 1 key wrap"),
            key.as_bytes(),
            &[],
            rng,
        )
        .map_err(bad)?;
    let enc = encapped.to_bytes().into();
    let sealed = sealed.try_into().expect("a 32-byte key and a 16-byte tag are 48 bytes");
    Ok(Wrap { enc, sealed })
}

/// Opens a wrap; the key inside must be the one that `info` names.
pub fn unwrap(
    secret: &KexSecret,
    enc: &[u8; 32],
    sealed: &[u8; SEALED_BYTES],
    info: &WrapInfo,
) -> Result<EpochKey, OpenError> {
    let altered = |_| OpenError::Altered("key wrap");
    let seed = secret.seed();
    let private = PrivateKey::from_bytes(seed.as_ref()).map_err(altered)?;
    let encapped = EncappedKey::from_bytes(enc).map_err(altered)?;
    let opened = hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeR::Base,
        &private,
        &encapped,
        &info.bytes("proofroom 1 key wrap"),
        sealed,
        &[],
    )
    .map(Zeroizing::new)
    .map_err(altered)?;
    info.found(&opened, "key wrap")
}

/// Seals the `older` epoch's key under the `newer` one, so that whoever is given
/// the newer key reads the history before it. `info` names the older key.
pub fn link(
    newer: &EpochKey,
    older: &EpochKey,
    info: &WrapInfo,
    rng: &mut impl CryptoRng,
) -> Result<Link, SealError> {
    info.names(older)?;
    let mut nonce = [0; Nonce::LEN];
    rng.fill_bytes(&mut nonce);
    let sealed = XChaCha20Poly1305::new((&*newer.link_key()).into())
        .encrypt(
            &XNonce::from(nonce),
            Payload { msg: older.as_bytes(), aad: &info.bytes("proofroom 1 key link") },
        )
        .expect("32 bytes are far below the cipher's limit");
    let sealed = sealed.try_into().expect("a 32-byte key and a 16-byte tag are 48 bytes");
    Ok(Link { nonce: Nonce::from_bytes(nonce), sealed })
}

/// Opens a link; the key inside must be the one that `info` names.
pub fn unlink(
    newer: &EpochKey,
    nonce: &Nonce,
    sealed: &[u8; SEALED_BYTES],
    info: &WrapInfo,
) -> Result<EpochKey, OpenError> {
    let opened = XChaCha20Poly1305::new((&*newer.link_key()).into())
        .decrypt(
            &XNonce::from(*nonce.as_bytes()),
            Payload { msg: sealed, aad: &info.bytes("proofroom 1 key link") },
        )
        .map(Zeroizing::new)
        .map_err(|_| OpenError::Altered("key link"))?;
    info.found(&opened, "key link")
}
