//! The secret inside an invite link.

use std::fmt;

use proofroom_ident::{InviteId, KexSecret, Signature, SigningSecret};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// A capability: whoever holds the seed can prove the invite and open the key
/// wraps that were made for it.
#[derive(Clone)]
pub struct InviteSecret {
    seed: Zeroizing<[u8; 32]>,
}

impl InviteSecret {
    /// A new invite.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(seed.as_mut());
        Self { seed }
    }

    /// The invite of a link's seed.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self { seed: Zeroizing::new(seed) }
    }

    /// The seed, for the link.
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        self.seed.clone()
    }

    /// What the membership log calls the invite.
    pub fn id(&self) -> InviteId {
        InviteId::from_bytes(*self.signing().public().as_bytes())
    }

    /// Opens the key wraps that were made for the invite.
    pub fn kex(&self) -> KexSecret {
        KexSecret::from_seed(&self.derive("proofroom 1 invite key exchange"))
    }

    /// Signs `message` for `domain`; [`InviteId::verify`] checks it.
    pub fn sign(&self, domain: &str, message: &[u8]) -> Signature {
        self.signing().sign(domain, message)
    }

    fn signing(&self) -> SigningSecret {
        SigningSecret::from_seed(&self.derive("proofroom 1 invite signing"))
    }

    fn derive(&self, context: &'static str) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(blake3::derive_key(context, self.seed.as_ref()))
    }
}

impl fmt::Debug for InviteSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InviteSecret({}, secret)", self.id().short())
    }
}
