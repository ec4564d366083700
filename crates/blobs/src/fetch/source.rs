//! What one source owes, and how much it may.

use std::collections::{BTreeMap, BTreeSet};

use proofroom_ident::{BlobHash, Millis};

use super::STALL_MS_MAX;
use crate::{GROUP_BYTES, Span};

/// What a source may owe at first; doubles with every round trip while answers stay quick.
const WINDOW_BYTES_MIN: u64 = GROUP_BYTES;
const WINDOW_BYTES_MAX: u64 = 4 << 20;
/// Parts that a source may owe: small blobs are many.
const OWED_MAX: usize = 128;
/// How much later than the quickest an answer may come before the source is asked for less:
/// the time that something more urgent may have to wait.
const QUEUE_MS_MAX: u64 = 120;
/// How long the quickest answer counts: routes change.
const QUICKEST_MS_MAX: u64 = 30_000;

#[derive(Debug)]
pub(super) struct Source {
    /// Blobs that it does not hold.
    pub lacks: BTreeSet<BlobHash>,
    /// Blobs that it offered.
    pub offers: BTreeSet<BlobHash>,
    /// When it last said anything about blobs.
    pub heard: Millis,
    owes: BTreeMap<(BlobHash, u64), (u64, Millis)>,
    owed_bytes: u64,
    window: u64,
    quickest_ms: Option<(u64, Millis)>,
    narrowed: Millis,
    stalled: bool,
}

impl Source {
    pub fn new(now: Millis) -> Self {
        Self {
            lacks: BTreeSet::new(),
            offers: BTreeSet::new(),
            heard: now,
            owes: BTreeMap::new(),
            owed_bytes: 0,
            window: WINDOW_BYTES_MIN,
            quickest_ms: None,
            narrowed: now,
            stalled: false,
        }
    }

    /// It says that it holds a blob: so it is alive, too.
    pub fn offer(&mut self, blob: BlobHash) {
        self.lacks.remove(&blob);
        self.offers.insert(blob);
        self.stalled = false;
    }

    /// Whether it may be asked for a blob.
    pub fn may_hold(&self, blob: BlobHash, offers_only: bool) -> bool {
        if offers_only { self.offers.contains(&blob) } else { !self.lacks.contains(&blob) }
    }

    /// How much more it may be asked for now.
    pub fn room(&self) -> Option<u64> {
        let room = self.window.saturating_sub(self.owed_bytes);
        let some = !self.stalled && self.owes.len() < OWED_MAX;
        // A window that is nearly full is left to fill up: short slices cost more hash pairs.
        let enough = room >= (self.window / 4).min(crate::SLICE_BYTES) && room > 0;
        (some && (enough || self.owes.is_empty())).then_some(room)
    }

    pub fn owe(&mut self, now: Millis, blob: BlobHash, span: Span) {
        if self.owes.is_empty() {
            self.heard = now;
        }
        self.owes.insert((blob, span.offset), (span.bytes, now));
        self.owed_bytes += span.bytes;
    }

    pub fn owed(&self) -> impl Iterator<Item = (BlobHash, Span)> {
        self.owes.iter().map(|((blob, offset), (bytes, _))| (*blob, Span { offset: *offset, bytes: *bytes }))
    }

    pub fn release_blob(&mut self, blob: BlobHash) {
        let owed: Vec<_> = self.owes.range((blob, 0)..=(blob, u64::MAX)).map(|(key, _)| *key).collect();
        for key in owed {
            if let Some((bytes, _)) = self.owes.remove(&key) {
                self.owed_bytes -= bytes;
            }
        }
    }

    /// A part came: it tells how quick the way is.
    pub fn deliver(&mut self, now: Millis, blob: BlobHash, span: Span) {
        self.heard = now;
        self.stalled = false;
        let Some((bytes, asked)) = self.owes.remove(&(blob, span.offset)) else { return };
        let was_full = self.owed_bytes.saturating_mul(2) >= self.window;
        self.owed_bytes -= bytes;
        let took = now.0.saturating_sub(asked.0);
        let quickest = match self.quickest_ms {
            Some((ms, since)) if ms <= took && now.0.saturating_sub(since.0) < QUICKEST_MS_MAX => ms,
            _ => {
                self.quickest_ms = Some((took, now));
                took
            }
        };
        if took > quickest + QUEUE_MS_MAX {
            if asked >= self.narrowed {
                self.window = (self.window / 2).max(WINDOW_BYTES_MIN);
                self.narrowed = now;
            }
        } else if was_full {
            self.window = (self.window + bytes).min(WINDOW_BYTES_MAX);
        }
    }

    pub fn is_silent(&self, now: Millis) -> bool {
        !self.stalled && !self.owes.is_empty() && now.0.saturating_sub(self.heard.0) > STALL_MS_MAX
    }

    /// Takes from it what it owes. It is asked again once it delivers something after all.
    pub fn stall(&mut self) -> Vec<(BlobHash, Span)> {
        self.stalled = true;
        self.window = WINDOW_BYTES_MIN;
        let owed = self.owed().collect();
        self.owes.clear();
        self.owed_bytes = 0;
        owed
    }
}
