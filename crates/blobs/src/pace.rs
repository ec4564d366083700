//! A cap on bytes per second.

use proofroom_ident::Millis;

/// How far a burst may run ahead.
const BURST_MS: u64 = 250;

/// Hands out bytes no faster than its rate; without one, at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    per_s: Option<u64>,
    /// Until when what was handed out keeps the line busy, in thousandths of a millisecond.
    busy_until_us: u64,
}

impl Pace {
    /// So many bytes per second at most.
    pub fn new(bytes_per_s: Option<u64>) -> Self {
        Self { per_s: bytes_per_s.map(|n| n.max(1)), busy_until_us: 0 }
    }

    /// Takes `bytes`, if they may go now.
    pub fn take(&mut self, now: Millis, bytes: u64) -> bool {
        let Some(per_s) = self.per_s else { return true };
        let now_us = now.0.saturating_mul(1_000);
        if self.busy_until_us > now_us.saturating_add(BURST_MS * 1_000) {
            return false;
        }
        let takes = bytes.saturating_mul(1_000_000) / per_s;
        self.busy_until_us = self.busy_until_us.max(now_us).saturating_add(takes);
        true
    }

    /// When to ask again.
    pub fn free_at(&self) -> Millis {
        Millis((self.busy_until_us / 1_000).saturating_sub(BURST_MS))
    }

    /// Whether there is a cap.
    pub fn is_capped(&self) -> bool {
        self.per_s.is_some()
    }
}
