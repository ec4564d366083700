//! What is wrong in a file that a person wrote: where it is, and what to write instead.

use std::fmt;
use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};

/// Largest file that a person writes for this program, in bytes.
pub const FILE_BYTES_MAX: usize = 1 << 20;

/// A mistake in a file: the line, what is wrong there, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct FileFault {
    /// From 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What to write instead.
    pub fix: String,
}

impl fmt::Display for FileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)?;
        if self.fix.is_empty() { Ok(()) } else { write!(f, "; {}", self.fix) }
    }
}

impl std::error::Error for FileFault {}

/// A file's text, to find lines in.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a>(&'a str);

impl<'a> Source<'a> {
    /// The text of a file, unless it is too long.
    ///
    /// # Errors
    /// When it is longer than [`FILE_BYTES_MAX`].
    pub fn new(text: &'a str) -> Result<Self, FileFault> {
        if text.len() <= FILE_BYTES_MAX {
            return Ok(Self(text));
        }
        let what = format!("the file has {} bytes, the limit is {FILE_BYTES_MAX}", text.len());
        Err(FileFault { line: 1, what, fix: "write less, or split it".into() })
    }

    /// Reads TOML.
    ///
    /// # Errors
    /// When it is none, or a key or word is misspelt; names the line.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, FileFault> {
        toml::from_str(self.0).map_err(|e| {
            let line = e.span().map_or(1, |span| self.line(&span));
            let fix = match e.message() {
                text if text.starts_with("unknown field") => "correct the key, or remove the line",
                text if text.starts_with("missing field") => "add the key",
                _ => "",
            };
            FileFault { line, what: e.message().trim().to_owned(), fix: fix.into() }
        })
    }

    /// A fault at a key, such as `deliverables.1.due`: list places count from 0. Where the key is
    /// not there, the nearest of its tables is named.
    pub fn fault(&self, path: &str, what: impl fmt::Display, fix: impl fmt::Display) -> FileFault {
        FileFault { line: self.line_of(path), what: what.to_string(), fix: fix.to_string() }
    }

    fn line(&self, span: &Range<usize>) -> usize {
        let before = self.0.as_bytes().get(..span.start).unwrap_or(self.0.as_bytes());
        before.iter().filter(|b| **b == b'\n').count() + 1
    }

    fn line_of(&self, path: &str) -> usize {
        let Ok(root) = DeTable::parse(self.0) else { return 1 };
        let mut found = None;
        let mut steps = path.split('.').filter(|step| !step.is_empty());
        let first = steps.next().and_then(|step| root.get_ref().get_key_value(step));
        let Some((key, mut value)) = first else { return 1 };
        found.replace(key.span());
        for step in steps {
            match value.get_ref() {
                DeValue::Table(table) => {
                    let Some((key, next)) = table.get_key_value(step) else { break };
                    found = Some(key.span());
                    value = next;
                }
                DeValue::Array(items) => {
                    let Some(next) = step.parse().ok().and_then(|i: usize| items.get(i)) else { break };
                    found = Some(next.span());
                    value = next;
                }
                _ => break,
            }
        }
        found.map_or(1, |span| self.line(&span))
    }
}
