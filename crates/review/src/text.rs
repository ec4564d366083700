//! Limits on texts from people.

/// A text cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing but white space.
    #[error("{field} is empty")]
    Empty {
        /// Which text.
        field: &'static str,
    },
    /// Over its limit.
    #[error("{field} has {bytes} bytes, the limit is {bytes_max}")]
    TooLong {
        /// Which text.
        field: &'static str,
        /// Its length in UTF-8.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// A character that could hide or reorder what people read.
    #[error("{field} holds the control character U+{code:04X}")]
    Control {
        /// Which text.
        field: &'static str,
        /// The character.
        code: u32,
    },
    /// More parts than the limit.
    #[error("{count} {field}, the limit is {count_max}")]
    TooMany {
        /// Which parts.
        field: &'static str,
        /// How many.
        count: usize,
        /// The limit.
        count_max: usize,
    },
}

/// Names and titles, in bytes.
pub(crate) const LINE_BYTES_MAX: usize = 400;
/// Bodies: comments, briefs, reasons, in bytes.
pub(crate) const BODY_BYTES_MAX: usize = 200_000;

/// Characters that reorder their neighbours: a printed name must read as it is signed.
fn reorders(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

fn check(
    field: &'static str,
    text: &str,
    bytes_max: usize,
    bad: impl Fn(char) -> bool,
) -> Result<(), TextError> {
    if text.len() > bytes_max {
        return Err(TextError::TooLong { field, bytes: text.len(), bytes_max });
    }
    match text.chars().find(|c| bad(*c)) {
        Some(c) => Err(TextError::Control { field, code: c.into() }),
        None => Ok(()),
    }
}

/// One line that must not be blank: a name, a title.
pub(crate) fn line(field: &'static str, text: &str) -> Result<(), TextError> {
    if text.trim().is_empty() {
        return Err(TextError::Empty { field });
    }
    line_or_blank(field, text)
}

/// One line.
pub(crate) fn line_or_blank(field: &'static str, text: &str) -> Result<(), TextError> {
    check(field, text, LINE_BYTES_MAX, |c| c.is_control() || reorders(c))
}

/// Several lines.
pub(crate) fn body(field: &'static str, text: &str) -> Result<(), TextError> {
    check(field, text, BODY_BYTES_MAX, |c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

/// A list's length.
pub(crate) fn count(field: &'static str, count: usize, count_max: usize) -> Result<(), TextError> {
    if count > count_max { Err(TextError::TooMany { field, count, count_max }) } else { Ok(()) }
}
