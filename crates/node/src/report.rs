//! What a command has to say, once for people and once for programs.
//!
//! A [`Report`] holds the JSON object that `--json` prints and the lines and
//! tables that a person reads; both are made from the same values, so that
//! neither can fall behind.

use serde::Serialize;
use serde_json::Value;

use crate::failure::Failure;

/// How a piece of text stands out on a terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Ordinary text.
    #[default]
    Plain,
    /// A name or a heading.
    Strong,
    /// Less important.
    Faint,
    /// Went well.
    Good,
    /// Needs attention.
    Warn,
    /// Went wrong, or blocks.
    Bad,
}

impl Tone {
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Strong => "\x1b[1m",
            Self::Faint => "\x1b[2m",
            Self::Good => "\x1b[32m",
            Self::Warn => "\x1b[33m",
            Self::Bad => "\x1b[31m",
        }
    }
}

/// A cell of a table: text and its tone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// Text with a tone. Control characters become spaces: names and comments
    /// come from other people, and a terminal obeys escape sequences.
    pub fn new(text: impl std::fmt::Display, tone: Tone) -> Self {
        Self { text: printable(&text.to_string()), tone }
    }
}

impl<T: std::fmt::Display> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text, Tone::Plain)
    }
}

/// Replaces everything that could steer a terminal or reorder its text.
fn printable(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steers(c) { ' ' } else { c }).collect()
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Block {
    Line(Cell),
    Fields(Vec<(String, Cell)>),
    Table {
        head: Vec<String>,
        rows: Vec<Vec<Cell>>,
    },
    /// A file's text for standard output, line breaks and all.
    Raw(String),
}

/// The outcome of a command.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    json: Value,
    blocks: Vec<Block>,
    warnings: Vec<String>,
    essential: bool,
    verdict: Option<Failure>,
}

impl Report {
    /// A report whose JSON form is `json`, which must serialise to an object.
    ///
    /// # Panics
    /// When it does not: the shapes of reports are fixed in this crate.
    pub fn new(json: impl Serialize) -> Self {
        let json = serde_json::to_value(json).expect("reports are plain data with string keys");
        assert!(json.is_object(), "a report is a JSON object");
        Self { json, blocks: Vec::new(), warnings: Vec::new(), essential: false, verdict: None }
    }

    /// Puts another JSON object in the place of the first.
    ///
    /// # Panics
    /// When it is no object.
    pub fn with_json(mut self, json: impl Serialize) -> Self {
        self.json = Self::new(json).json;
        self
    }

    /// Adds fields to the JSON object.
    ///
    /// # Panics
    /// When `fields` is no object.
    pub fn merged(mut self, fields: Value) -> Self {
        let (Value::Object(own), Value::Object(fields)) = (&mut self.json, fields) else {
            unreachable!("a report is a JSON object, and so are its fields")
        };
        own.extend(fields);
        self
    }

    /// Adds lines of text; line breaks inside are kept.
    pub fn line(self, text: impl std::fmt::Display) -> Self {
        self.toned(text, Tone::Plain)
    }

    /// Adds lines of text in a tone.
    pub fn toned(mut self, text: impl std::fmt::Display, tone: Tone) -> Self {
        let text = text.to_string();
        self.blocks.extend(text.split('\n').map(|line| Block::Line(Cell::new(line, tone))));
        self
    }

    /// Adds names and values, aligned.
    pub fn fields(mut self, fields: impl IntoIterator<Item = (&'static str, Cell)>) -> Self {
        self.blocks.push(Block::Fields(fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()));
        self
    }

    /// Adds a table. Without rows, the `empty` line stands in its place.
    pub fn table(mut self, head: &[&str], rows: Vec<Vec<Cell>>, empty: &str) -> Self {
        if rows.is_empty() {
            return self.toned(empty, Tone::Faint);
        }
        self.blocks.push(Block::Table { head: head.iter().map(|h| (*h).to_owned()).collect(), rows });
        self
    }

    /// Adds a text that is a file of its own: written as it is, never coloured.
    pub fn raw(mut self, text: String) -> Self {
        self.blocks.push(Block::Raw(text));
        self.essential()
    }

    /// Adds a warning: standard error for people, `warnings` in JSON.
    pub fn warn(mut self, text: impl std::fmt::Display) -> Self {
        self.warnings.push(printable(&text.to_string()));
        self
    }

    /// Marks a report that must be read even when nothing but errors is wanted.
    pub fn essential(mut self) -> Self {
        self.essential = true;
        self
    }

    /// Makes the command fail after the report is printed: it tells what does not hold.
    pub fn failing(mut self, verdict: Failure) -> Self {
        self.verdict = Some(verdict);
        self
    }

    /// Why the command fails, if it does.
    pub fn verdict(&self) -> Option<&Failure> {
        self.verdict.as_ref()
    }

    /// Whether it must be read in any case.
    pub fn is_essential(&self) -> bool {
        self.essential
    }

    /// The warnings.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The JSON object, with `warnings` where there are any.
    pub fn to_json(&self) -> Value {
        let mut json = self.json.clone();
        if let (Some(object), false) = (json.as_object_mut(), self.warnings.is_empty()) {
            object.insert("warnings".into(), self.warnings.clone().into());
        }
        json
    }

    /// The text for people.
    pub fn to_text(&self, colour: bool) -> String {
        let mut out = String::new();
        for block in &self.blocks {
            match block {
                Block::Line(cell) => paint(&mut out, &cell.text, cell.tone, colour),
                Block::Fields(fields) => fields_text(&mut out, fields, colour),
                Block::Table { head, rows } => table_text(&mut out, head, rows, colour),
                Block::Raw(text) => out.push_str(text),
            }
            if !out.ends_with('\n') {
                out.push('\n');
            }
        }
        out
    }
}

fn paint(out: &mut String, text: &str, tone: Tone, colour: bool) {
    if colour && tone != Tone::Plain {
        out.push_str(tone.code());
        out.push_str(text);
        out.push_str("\x1b[0m");
    } else {
        out.push_str(text);
    }
    if text.is_empty() {
        out.push('\n');
    }
}

fn fields_text(out: &mut String, fields: &[(String, Cell)], colour: bool) {
    let width = fields.iter().map(|(k, _)| k.chars().count()).max().unwrap_or(0);
    for (name, cell) in fields {
        paint(out, &format!("{name:<width$}  "), Tone::Faint, colour);
        paint(out, &cell.text, cell.tone, colour);
        if !out.ends_with('\n') {
            out.push('\n');
        }
    }
}

fn table_text(out: &mut String, head: &[String], rows: &[Vec<Cell>], colour: bool) {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|r| r.get(column)).map(|c| c.text.chars().count());
        cells.chain(head.get(column).map(|h| h.chars().count())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let head_cells: Vec<Cell> = head.iter().map(|h| Cell::new(h, Tone::Faint)).collect();
    for row in std::iter::once(&head_cells).chain(rows) {
        for (i, cell) in row.iter().enumerate() {
            let last = i + 1 == row.len();
            let pad = if last { 0 } else { widths.get(i).copied().unwrap_or(0) };
            if !cell.text.is_empty() {
                paint(out, &cell.text, cell.tone, colour);
            }
            out.extend(std::iter::repeat_n(' ', pad.saturating_sub(cell.text.chars().count())));
            out.push_str(if last { "" } else { "  " });
        }
        out.truncate(out.trim_end_matches(' ').len());
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::{Cell, Report, Tone};

    #[test]
    fn a_table_aligns_its_columns_and_ends_no_line_in_spaces() {
        let rows = vec![vec![Cell::from("1"), Cell::from("Hero")], vec![Cell::from("12"), Cell::from("")]];
        let text = Report::new(serde_json::json!({})).table(&["ID", "NAME"], rows, "none").to_text(false);
        assert_eq!(text, "ID  NAME\n1   Hero\n12\n");
    }

    #[test]
    fn text_of_other_people_cannot_steer_the_terminal() {
        let report = Report::new(serde_json::json!({})).line("ok\x1b[2Jgone\u{202e}txt");
        assert_eq!(report.to_text(true), "ok [2Jgone txt\n");
    }

    #[test]
    fn warnings_join_the_json_object() {
        let report = Report::new(serde_json::json!({"id": 1})).warn("careful");
        assert_eq!(report.to_json(), serde_json::json!({"id": 1, "warnings": ["careful"]}));
    }

    #[test]
    fn colour_appears_only_where_it_is_wanted() {
        let report = Report::new(serde_json::json!({})).toned("done", Tone::Good);
        assert_eq!(report.to_text(false), "done\n");
        assert_eq!(report.to_text(true), "\x1b[32mdone\x1b[0m\n");
    }
}
