//! Texts: which words changed, and what stands around them.
//!
//! Lines are compared first, then the words of lines that differ, so that a moved paragraph does
//! not become a thousand moved words. Where that would take too long, lines stand for their words.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Most lines, beside those that both begin or end with, that are compared as lines.
const LINES_MAX: usize = 20_000;
/// Most words of a changed passage that are compared as words.
const WORDS_MAX: usize = 20_000;
const HUNKS_MAX: usize = 2_000;
/// Longest passage that is told of a hunk, in characters.
const PASSAGE_CHARS_MAX: usize = 2_000;
const CONTEXT_CHARS: usize = 40;

/// What changed in a text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordChanges {
    /// Passages that changed, in their order.
    pub hunks: Vec<Hunk>,
    /// So many more are not listed.
    pub hunks_left_out: u64,
    /// The two texts, as long as nobody wrote the changes down.
    #[serde(skip)]
    pub(crate) texts: Option<(String, String)>,
}

/// One passage that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hunk {
    /// Its code points in the earlier text; the end is exclusive.
    pub before: (u64, u64),
    /// Its code points in the later text; the end is exclusive.
    pub after: (u64, u64),
    /// What went.
    pub removed: String,
    /// What came.
    pub inserted: String,
    /// What stands before it, in the later text.
    pub prefix: String,
    /// What stands after it, in the later text.
    pub suffix: String,
}

impl WordChanges {
    /// Whether anything changed.
    pub fn is_changed(&self) -> bool {
        !self.hunks.is_empty()
    }
}

/// What changed from one text to the other.
pub fn compare_words(before: &str, after: &str) -> WordChanges {
    let spans = joined(spans(before, after), before);
    let left_out = spans.len().saturating_sub(HUNKS_MAX);
    let (mut old, mut new) = (Counter::new(before), Counter::new(after));
    let hunk = |span: &Span| Hunk {
        before: (old.points(span.before.start), old.points(span.before.end)),
        after: (new.points(span.after.start), new.points(span.after.end)),
        removed: cut(&before[span.before.clone()]),
        inserted: cut(&after[span.after.clone()]),
        prefix: tail(&after[..span.after.start]),
        suffix: after[span.after.end..].chars().take(CONTEXT_CHARS).collect(),
    };
    WordChanges {
        hunks: spans.iter().take(HUNKS_MAX).map(hunk).collect(),
        hunks_left_out: left_out as u64,
        texts: Some((before.to_owned(), after.to_owned())),
    }
}

/// A changed passage, in bytes of both texts.
#[derive(Clone)]
struct Span {
    before: Range<usize>,
    after: Range<usize>,
}

fn spans(before: &str, after: &str) -> Vec<Span> {
    let (old, new) = (lines(before), lines(after));
    let (old_at, new_at) = (offsets(&old, 0), offsets(&new, 0));
    let mut spans = Vec::new();
    for (o, n) in differing(&old, &new, LINES_MAX) {
        let (o, n) = (old_at[o.start]..old_at[o.end], new_at[n.start]..new_at[n.end]);
        let (old, new) = (words(&before[o.clone()]), words(&after[n.clone()]));
        let (old_at, new_at) = (offsets(&old, o.start), offsets(&new, n.start));
        spans.extend(differing(&old, &new, WORDS_MAX).into_iter().map(|(o, n)| Span {
            before: old_at[o.start]..old_at[o.end],
            after: new_at[n.start]..new_at[n.end],
        }));
    }
    spans
}

/// Changes with nothing but white space between them are one.
fn joined(spans: Vec<Span>, before: &str) -> Vec<Span> {
    let mut out: Vec<Span> = Vec::new();
    for span in spans {
        match out.last_mut() {
            Some(last) if before[last.before.end..span.before.start].trim().is_empty() => {
                (last.before.end, last.after.end) = (span.before.end, span.after.end);
            }
            _ => out.push(span),
        }
    }
    out
}

/// The parts in which two sequences differ. What is too long to compare is one part.
fn differing(a: &[&str], b: &[&str], max: usize) -> Vec<(Range<usize>, Range<usize>)> {
    let start = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a_rest, b_rest) = (&a[start..], &b[start..]);
    let end = a_rest.iter().rev().zip(b_rest.iter().rev()).take_while(|(x, y)| x == y).count();
    let (a_rest, b_rest) = (&a_rest[..a_rest.len() - end], &b_rest[..b_rest.len() - end]);
    let part = |old: Range<usize>, new: Range<usize>| {
        (start + old.start..start + old.end, start + new.start..start + new.end)
    };
    if a_rest.is_empty() && b_rest.is_empty() {
        return Vec::new();
    }
    if a_rest.len().max(b_rest.len()) > max {
        return vec![part(0..a_rest.len(), 0..b_rest.len())];
    }
    let ops = capture_diff_slices(Algorithm::Patience, a_rest, b_rest);
    let differs = |op: &DiffOp| !matches!(op, DiffOp::Equal { .. });
    ops.into_iter().filter(differs).map(|op| part(op.old_range(), op.new_range())).collect()
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// Words, runs of white space, and single other characters.
fn words(text: &str) -> Vec<&str> {
    let class = |c: char| (c.is_alphanumeric(), c.is_whitespace());
    let (mut rest, mut words) = (text, Vec::new());
    while let Some(first) = rest.chars().next() {
        let length = match class(first) {
            (false, false) => first.len_utf8(),
            own => rest.find(|c| class(c) != own).unwrap_or(rest.len()),
        };
        let (word, after) = rest.split_at(length);
        words.push(word);
        rest = after;
    }
    words
}

/// Where each part begins, in bytes from `start`, and where the last one ends.
fn offsets(parts: &[&str], start: usize) -> Vec<usize> {
    let ends = parts.iter().scan(start, |at, part| {
        *at += part.len();
        Some(*at)
    });
    [start].into_iter().chain(ends).collect()
}

/// Counts code points up to places that only go forward.
struct Counter<'a> {
    text: &'a str,
    at: usize,
    points: u64,
}

impl<'a> Counter<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0, points: 0 }
    }

    fn points(&mut self, byte: usize) -> u64 {
        self.points += self.text[self.at..byte].chars().count() as u64;
        self.at = byte;
        self.points
    }
}

fn cut(passage: &str) -> String {
    match passage.char_indices().nth(PASSAGE_CHARS_MAX) {
        Some((at, _)) => format!("{}…", &passage[..at]),
        None => passage.to_owned(),
    }
}

fn tail(text: &str) -> String {
    let start = text.char_indices().rev().take(CONTEXT_CHARS).last().map_or(text.len(), |(at, _)| at);
    text[start..].to_owned()
}
