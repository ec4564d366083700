//! The clock and the randomness of the real world: the one place that reads them.

use std::time::{SystemTime, UNIX_EPOCH};

use proofroom_ident::Millis;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

/// Sets the time that this process claims, in milliseconds since 1970: for rehearsals and tests.
/// It moves claims only; no decision about validity depends on a clock.
const CLOCK: &str = "PROOFROOM_CLOCK_MS";

/// The machine's clock. A claim, like every time in an entry.
pub fn now() -> Millis {
    if let Some(ms) = std::env::var(CLOCK).ok().and_then(|ms| ms.parse().ok()) {
        return Millis(ms);
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// A generator seeded by the operating system.
///
/// # Panics
/// When the system has no randomness: nothing can be done safely then.
pub fn rng() -> ChaCha20Rng {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).expect("the operating system provides randomness");
    ChaCha20Rng::from_seed(seed)
}
