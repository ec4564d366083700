//! Seeded chance.

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};

/// A stream of chances that its seed and its purpose decide.
#[derive(Clone, Debug)]
pub struct Dice(ChaCha20Rng);

/// Randomness for machines.
pub(crate) fn randomness(seed: u64, purpose: &str) -> ChaCha20Rng {
    let mut hasher = blake3::Hasher::new_derive_key("proofroom simulation");
    hasher.update(&seed.to_le_bytes()).update(purpose.as_bytes());
    ChaCha20Rng::from_seed(*hasher.finalize().as_bytes())
}

impl Dice {
    /// The stream of one purpose.
    pub fn new(seed: u64, purpose: &str) -> Self {
        Self(randomness(seed, purpose))
    }

    /// Any number.
    pub fn any(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `n`; 0 where `n` is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        self.0.next_u64() % n.max(1)
    }

    /// An index below `len`; 0 where `len` is 0.
    pub fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).expect("an index fits")
    }

    /// Whether something happens that does so in `per_mille` of 1,000 cases.
    pub fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1_000) < per_mille
    }

    /// A byte, often one of the awkward ones.
    pub fn byte(&mut self) -> u8 {
        let any = self.any().to_le_bytes()[0];
        [any, [0, 1, 2, 0x7f, 0x80, 0xff][self.index(6)], any & 0x0f][self.index(3)]
    }

    /// One of these.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.index(of.len())]
    }
}
