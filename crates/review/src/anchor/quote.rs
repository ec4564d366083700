//! Quotes: from a text to the selectors that find it again.

use std::ops::Range;

use proofroom_ident::{ContentHash, HashWords as _};

use super::{AnchorError, CONTEXT_CHARS_MAX, Selector};

impl Selector {
    /// The selectors of a passage that stands exactly once in `text`: the quote with its context,
    /// then its position.
    pub fn quote(text: &str, exact: &str) -> Result<[Self; 2], AnchorError> {
        if exact.trim().is_empty() {
            return Err(AnchorError::Empty("the quote"));
        }
        let mut found = text.match_indices(exact);
        let quote = || exact.chars().take(80).collect();
        let (at, _) = found.next().ok_or_else(|| AnchorError::QuoteMissing(quote()))?;
        match found.count() {
            0 => Ok(Self::quote_at(text, at..at + exact.len())),
            more => Err(AnchorError::QuoteAmbiguous { quote: quote(), count: more + 1 }),
        }
    }

    /// The selectors of the passage at a range of bytes, which must lie on character boundaries.
    fn quote_at(text: &str, range: Range<usize>) -> [Self; 2] {
        let (before, exact, after) = (&text[..range.start], &text[range.clone()], &text[range.end..]);
        let skipped = before.chars().count().saturating_sub(CONTEXT_CHARS_MAX);
        let quote = Self::Quote {
            exact: exact.into(),
            prefix: before.chars().skip(skipped).collect(),
            suffix: after.chars().take(CONTEXT_CHARS_MAX).collect(),
        };
        let start = code_points(before);
        let text_hash = ContentHash::of(text.as_bytes());
        [quote, Self::TextPos { start, end: start + code_points(exact), text_hash }]
    }
}

fn code_points(text: &str) -> u64 {
    text.chars().fold(0, |n, _| n + 1)
}
