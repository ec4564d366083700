//! What a document is made of, whatever it is written as.

/// A part of a document, in reading order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// The cover: what this is, in one glance.
    Cover {
        /// What kind of document.
        kind: String,
        /// What it is about.
        title: String,
        /// The outcome, in words.
        outcome: String,
        /// Whether it approves.
        good: bool,
    },
    /// A heading of a section.
    Heading(String),
    /// A heading within a section.
    Subheading(String),
    /// Running text.
    Text(String),
    /// What somebody wrote.
    Quote(String),
    /// Names and values.
    Fields(Vec<(String, Cell)>),
    /// A table with a head.
    Table {
        /// What it shows, for those who cannot see it.
        caption: String,
        /// The columns' names, and their widths as parts of the whole.
        head: Vec<(String, u32)>,
        /// The rows.
        rows: Vec<Vec<Cell>>,
    },
    /// Points.
    List(Vec<String>),
    /// A route: its stages, each after those that it waits for.
    Stages(Vec<StageBox>),
}

/// A value: words, or something to compare digit by digit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The text.
    pub text: String,
    /// Whether it is to be compared digit by digit.
    pub mono: bool,
}

/// A stage of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageBox {
    /// How many stages lie before it.
    pub depth: usize,
    /// Its name.
    pub title: String,
    /// Its outcome, in words.
    pub outcome: String,
    /// Whether it approves.
    pub good: bool,
    /// Started, closed, who decided what.
    pub lines: Vec<String>,
}

impl Cell {
    /// Words.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), mono: false }
    }

    /// Digits.
    pub fn mono(text: impl std::fmt::Display) -> Self {
        Self { text: text.to_string(), mono: true }
    }
}
