//! Which groups of a blob are held.

use crate::slice::{GROUP_BYTES, SLICE_BYTES};

/// A part of a blob: it begins at a group, and ends at one or at the blob's end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// Where it begins.
    pub offset: u64,
    /// How long it is.
    pub bytes: u64,
}

impl Span {
    /// Where it ends.
    pub fn end(self) -> u64 {
        self.offset.saturating_add(self.bytes)
    }

    /// Whether a blob of `total` bytes has such a span, and one message holds it.
    pub fn fits(self, total: u64) -> bool {
        let ends = self.end() == total || self.end().is_multiple_of(GROUP_BYTES);
        let some = self.bytes > 0 || total == 0;
        some && ends
            && self.offset.is_multiple_of(GROUP_BYTES)
            && self.end() <= total
            && self.bytes <= SLICE_BYTES
    }
}

/// One bit per group of a blob.
///
/// An empty blob has one group, of no bytes, so that "all is held" is never true of nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    total: u64,
    words: Vec<u64>,
    count: u64,
}

impl Held {
    /// Nothing of a blob of `total` bytes.
    pub fn none(total: u64) -> Self {
        Self { total, words: vec![0; word_index(groups(total).div_ceil(64))], count: 0 }
    }

    /// All of a blob of `total` bytes.
    pub fn all(total: u64) -> Self {
        let mut held = Self::none(total);
        (0..groups(total)).for_each(|group| held.set(group));
        held
    }

    /// How many bytes [`Held::to_bytes`] has for a blob of `total` bytes.
    pub fn bits_bytes(total: u64) -> u64 {
        groups(total).div_ceil(64) * 8
    }

    /// From its bytes; `None` where they are not those of a blob of `total` bytes.
    pub fn from_bytes(total: u64, bytes: &[u8]) -> Option<Self> {
        let mut held = Self::none(total);
        if bytes.len() != held.words.len() * 8 {
            return None;
        }
        for group in 0..groups(total) {
            let byte = bytes.get(word_index(group / 8)).copied().unwrap_or_default();
            if byte >> (group % 8) & 1 == 1 {
                held.set(group);
            }
        }
        Some(held)
    }

    /// The bytes, eight groups each, the first in the lowest bit.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// Where the bits of a span stand within [`Held::to_bytes`], and those bytes.
    pub fn bytes_of(&self, span: Span) -> (u64, Vec<u8>) {
        let first = word_index(span.offset / GROUP_BYTES / 64);
        let last = word_index(self.last_group(span) / 64).min(self.words.len().saturating_sub(1));
        let bytes = self.words[first.min(last)..=last].iter().flat_map(|w| w.to_le_bytes()).collect();
        (first as u64 * 8, bytes)
    }

    /// Length of the blob.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// How many bytes are held.
    pub fn bytes(&self) -> u64 {
        let last = groups(self.total) - 1;
        let short = if self.has(last) { groups(self.total) * GROUP_BYTES - self.total } else { 0 };
        (self.count * GROUP_BYTES).saturating_sub(short)
    }

    /// Whether all is held.
    pub fn is_all(&self) -> bool {
        self.count == groups(self.total)
    }

    /// Whether nothing is held.
    pub fn is_none(&self) -> bool {
        self.count == 0
    }

    /// Adds a span.
    pub fn add(&mut self, span: Span) {
        (span.offset / GROUP_BYTES..=self.last_group(span)).for_each(|group| self.set(group));
    }

    /// Takes a span away.
    pub fn remove(&mut self, span: Span) {
        for group in span.offset / GROUP_BYTES..=self.last_group(span) {
            if self.has(group) {
                self.words[word_index(group / 64)] &= !(1 << (group % 64));
                self.count -= 1;
            }
        }
    }

    /// Whether all of a span is held.
    pub fn contains(&self, span: Span) -> bool {
        (span.offset / GROUP_BYTES..=self.last_group(span)).all(|group| self.has(group))
    }

    /// The first span that neither this nor `other` holds, `bytes_max` long at most, and within one
    /// stretch of 256 KiB, so that few hash pairs tie it to the root.
    pub fn missing(&self, other: &Self, bytes_max: u64) -> Option<Span> {
        self.missing_from(other, 0, bytes_max)
    }

    /// As [`Held::missing`], from an offset on.
    pub fn missing_from(&self, other: &Self, offset: u64, bytes_max: u64) -> Option<Span> {
        let all = groups(self.total);
        let mut at = offset / GROUP_BYTES;
        let first = loop {
            if at >= all {
                return None;
            }
            let taken = self.word(at / 64) | other.word(at / 64);
            let free = !taken >> (at % 64);
            if free != 0 {
                at += u64::from(free.trailing_zeros());
                break (at < all).then_some(at)?;
            }
            at = (at / 64 + 1) * 64;
        };
        let stretch = SLICE_BYTES / GROUP_BYTES;
        let most = (bytes_max / GROUP_BYTES).clamp(1, stretch);
        let end = all.min((first / stretch + 1) * stretch).min(first + most);
        let end = (first..end).find(|g| self.has(*g) || other.has(*g)).unwrap_or(end);
        let offset = first * GROUP_BYTES;
        Some(Span { offset, bytes: (end * GROUP_BYTES).min(self.total).saturating_sub(offset) })
    }

    /// What is held, in spans of one slice at most.
    pub fn spans(&self) -> Vec<Span> {
        let mut inverse = Self::none(self.total);
        for group in (0..groups(self.total)).filter(|g| !self.has(*g)) {
            inverse.set(group);
        }
        let nothing = Self::none(self.total);
        let mut out = Vec::new();
        let mut from = 0;
        while let Some(span) = inverse.missing_from(&nothing, from, SLICE_BYTES) {
            out.push(span);
            from = span.offset + span.bytes.max(GROUP_BYTES).next_multiple_of(GROUP_BYTES);
        }
        out
    }

    fn last_group(&self, span: Span) -> u64 {
        let end = span.end().min(self.total).max(span.offset + 1);
        (end.div_ceil(GROUP_BYTES) - 1).min(groups(self.total) - 1)
    }

    fn word(&self, index: u64) -> u64 {
        self.words.get(word_index(index)).copied().unwrap_or_default()
    }

    fn has(&self, group: u64) -> bool {
        self.word(group / 64) >> (group % 64) & 1 == 1
    }

    fn set(&mut self, group: u64) {
        if group < groups(self.total) && !self.has(group) {
            self.words[word_index(group / 64)] |= 1 << (group % 64);
            self.count += 1;
        }
    }
}

fn groups(total: u64) -> u64 {
    total.div_ceil(GROUP_BYTES).max(1)
}

fn word_index(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}
