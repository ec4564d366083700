//! The recovery phrase: 24 words (BIP 39, English) that hold a person's seed.

use bip39::Mnemonic;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{KexSecret, PersonSecret};

/// A recovery phrase is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhraseError {
    /// Not 24 words.
    #[error("a recovery phrase has 24 words, this one has {0}")]
    WordCount(usize),
    /// A word is not in the list, or the checksum fails.
    #[error("the recovery phrase does not hold: {0}; check each word and their order")]
    Words(String),
}

/// 32 secret bytes, written as 24 words.
pub struct RecoveryPhrase {
    seed: Zeroizing<[u8; 32]>,
}

impl RecoveryPhrase {
    /// A new phrase.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(seed.as_mut());
        Self { seed }
    }

    /// Reads 24 words in any case and spacing.
    pub fn parse(words: &str) -> Result<Self, PhraseError> {
        let list: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
        if list.len() != 24 {
            return Err(PhraseError::WordCount(list.len()));
        }
        let text = Zeroizing::new(list.join(" "));
        let mnemonic = Mnemonic::parse_normalized(&text).map_err(|e| PhraseError::Words(e.to_string()))?;
        let (entropy, n) = mnemonic.to_entropy_array();
        let mut seed = Zeroizing::new([0; 32]);
        seed.copy_from_slice(&entropy[..n.min(32)]);
        Ok(Self { seed })
    }

    /// The 24 words, separated by single spaces.
    pub fn words(&self) -> Zeroizing<String> {
        let mnemonic =
            Mnemonic::from_entropy(self.seed.as_ref()).expect("32 bytes are a valid entropy length");
        Zeroizing::new(mnemonic.to_string())
    }

    /// The person's signing key.
    pub fn person(&self) -> PersonSecret {
        PersonSecret::from_seed(&self.derive("proofroom 1 person signing"))
    }

    /// The person's key-exchange key, so that epoch keys reach a restored person with nobody else online.
    pub fn kex(&self) -> KexSecret {
        KexSecret::from_seed(&self.derive("proofroom 1 person key exchange"))
    }

    fn derive(&self, context: &'static str) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(blake3::derive_key(context, self.seed.as_ref()))
    }
}
