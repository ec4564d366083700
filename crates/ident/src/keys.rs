//! Secret keys: they sign, they agree on secrets, they are wiped when dropped.

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{InviteId, KexPublic, PersonId, Signature, SignerKey};

/// A signature does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The key is not a point of the curve.
    #[error("the signing key {0:?} is not a valid Ed25519 key")]
    BadKey(SignerKey),
    /// Strict verification (RFC 8032, cofactorless, small-order points refused) failed.
    #[error("the signature of {0:?} does not hold")]
    BadSignature(SignerKey),
}

/// Puts the domain in front, so that a signature made for one purpose never serves another.
fn separated(domain: &str, message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(domain.len() + 1 + message.len());
    out.extend_from_slice(domain.as_bytes());
    out.push(0);
    out.extend_from_slice(message);
    out
}

impl SignerKey {
    /// Verifies strictly; `domain` must be the one that was signed for.
    pub fn verify(&self, domain: &str, message: &[u8], signature: &Signature) -> Result<(), SignError> {
        let key = VerifyingKey::from_bytes(self.as_bytes()).map_err(|_| SignError::BadKey(*self))?;
        let signature = ed25519_dalek::Signature::from_bytes(signature.as_bytes());
        key.verify_strict(&separated(domain, message), &signature).map_err(|_| SignError::BadSignature(*self))
    }
}

impl PersonId {
    /// Verifies a signature by the person's own key.
    pub fn verify(&self, domain: &str, message: &[u8], signature: &Signature) -> Result<(), SignError> {
        SignerKey::from_bytes(*self.as_bytes()).verify(domain, message, signature)
    }
}

impl InviteId {
    /// Verifies a signature by the invite's capability key.
    pub fn verify(&self, domain: &str, message: &[u8], signature: &Signature) -> Result<(), SignError> {
        SignerKey::from_bytes(*self.as_bytes()).verify(domain, message, signature)
    }
}

/// An Ed25519 signing key.
#[derive(Clone)]
pub struct SigningSecret(SigningKey);

impl SigningSecret {
    /// A new key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(seed.as_mut());
        Self::from_seed(&seed)
    }
    /// The key of a 32-byte seed (RFC 8032, section 5.1.5).
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }
    /// The seed, for storage at rest.
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }
    /// The public half.
    pub fn public(&self) -> SignerKey {
        SignerKey::from_bytes(self.0.verifying_key().to_bytes())
    }
    /// Signs `message` for `domain`.
    pub fn sign(&self, domain: &str, message: &[u8]) -> Signature {
        Signature::from_bytes(self.0.sign(&separated(domain, message)).to_bytes())
    }
}

/// A person's key: vouches for devices, lives in the recovery phrase.
#[derive(Clone)]
pub struct PersonSecret(SigningSecret);

impl PersonSecret {
    /// The key of a seed.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningSecret::from_seed(seed))
    }
    /// The person.
    pub fn id(&self) -> PersonId {
        PersonId::from_bytes(*self.0.public().as_bytes())
    }
    /// Signs `message` for `domain`.
    pub fn sign(&self, domain: &str, message: &[u8]) -> Signature {
        self.0.sign(domain, message)
    }
}

/// An X25519 key, to which epoch keys are wrapped.
#[derive(Clone)]
pub struct KexSecret(x25519_dalek::StaticSecret);

impl KexSecret {
    /// A new key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(seed.as_mut());
        Self::from_seed(&seed)
    }
    /// The key of 32 secret bytes (RFC 7748).
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(x25519_dalek::StaticSecret::from(*seed))
    }
    /// The secret bytes, for storage at rest and for HPKE.
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }
    /// The public half.
    pub fn public(&self) -> KexPublic {
        KexPublic::from_bytes(x25519_dalek::PublicKey::from(&self.0).to_bytes())
    }
}

macro_rules! hidden_debug {
    ($($name:ident)*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(secret)"))
            }
        }
    )*};
}
hidden_debug!(SigningSecret PersonSecret KexSecret);
