//! People to test with, the same in every run.

use proofroom_ident::{DeviceSecrets, PersonSecret, RecoveryPhrase};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

/// Seeded randomness.
pub fn rng(seed: u8) -> ChaCha20Rng {
    ChaCha20Rng::from_seed([seed; 32])
}

pub fn ada() -> PersonSecret {
    RecoveryPhrase::generate(&mut rng(1)).person()
}

pub fn mallory() -> PersonSecret {
    RecoveryPhrase::generate(&mut rng(66)).person()
}

pub fn laptop() -> DeviceSecrets {
    DeviceSecrets::generate(&mut rng(10))
}

pub fn phone() -> DeviceSecrets {
    DeviceSecrets::generate(&mut rng(11))
}
