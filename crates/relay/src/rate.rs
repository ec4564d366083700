//! A bucket that empties with use and fills with time.

use proofroom_ident::Millis;

/// Tokens for one device.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    level: u64,
    full: u64,
    per_s: u64,
    at: Millis,
}

impl Bucket {
    pub fn new(full: u64, per_s: u64, now: Millis) -> Self {
        Self { level: full, full, per_s, at: now }
    }

    fn fill(&mut self, now: Millis) {
        let ms = now.0.saturating_sub(self.at.0);
        let gained = ms.saturating_mul(self.per_s) / 1_000;
        // Where less than one token was gained, time keeps adding up.
        if gained > 0 {
            self.level = self.full.min(self.level.saturating_add(gained));
            self.at = now;
        }
    }

    /// Takes `n` tokens, or says in how many seconds there will be enough.
    pub fn take(&mut self, n: u64, now: Millis) -> Result<(), u64> {
        self.fill(now);
        match self.level.checked_sub(n) {
            Some(left) => {
                self.level = left;
                Ok(())
            }
            None => Err((n - self.level).div_ceil(self.per_s.max(1))),
        }
    }

    /// Whether it is as good as new.
    pub fn is_full(&mut self, now: Millis) -> bool {
        self.fill(now);
        self.level == self.full
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_fills() {
        let mut bucket = Bucket::new(100, 10, Millis(0));
        assert_eq!(bucket.take(100, Millis(0)), Ok(()));
        assert_eq!(bucket.take(25, Millis(0)), Err(3));
        assert_eq!(bucket.take(25, Millis(2_500)), Ok(()));
        assert_eq!(bucket.take(1, Millis(2_550)), Err(1));
        assert_eq!(bucket.take(1, Millis(2_600)), Ok(()));
        assert!(bucket.is_full(Millis(60_000)));
    }

    #[test]
    fn a_clock_that_goes_back_grants_nothing() {
        let mut bucket = Bucket::new(10, 10, Millis(5_000));
        assert_eq!(bucket.take(10, Millis(5_000)), Ok(()));
        assert_eq!(bucket.take(1, Millis(0)), Err(1));
    }
}
