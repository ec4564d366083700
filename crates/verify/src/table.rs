//! The table: what was checked, whether it holds, and what was found.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::record::Record;

/// Most details that one row tells.
const DETAILS_MAX: usize = 100;

/// What is checked, in the order of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The bytes are those that the maker signed, in their one spelling.
    Bytes,
    /// Every entry is signed by the device that it names, and opens to what was signed.
    Signatures,
    /// The membership log is whole, and is this workspace's.
    Membership,
    /// Every log is whole from its first entry on, and everything that signers saw is here.
    Gaps,
    /// Nobody signed two histories.
    Equivocations,
    /// What was withheld leaves the outcome computable.
    Redactions,
    /// The certified version is what the decisions name; files that came along are its files.
    Version,
    /// Whoever decided might, at that point.
    Signers,
    /// The route, folded again from the signed decisions and acts, approves.
    Route,
    /// What was open in front of the signers is what they signed.
    OpenComments,
    /// When the decisions were made, as far as others witnessed it.
    Time,
}

impl Check {
    /// All of them.
    pub const ALL: [Check; 11] = [
        Check::Bytes,
        Check::Signatures,
        Check::Membership,
        Check::Gaps,
        Check::Equivocations,
        Check::Redactions,
        Check::Version,
        Check::Signers,
        Check::Route,
        Check::OpenComments,
        Check::Time,
    ];

    /// What people call it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Bytes => "bytes match",
            Self::Signatures => "signatures valid",
            Self::Membership => "membership chain whole",
            Self::Gaps => "no gap in any author's log",
            Self::Equivocations => "no second histories",
            Self::Redactions => "redactions",
            Self::Version => "version and files",
            Self::Signers => "signers authorised at that point",
            Self::Route => "route satisfied, recomputed",
            Self::OpenComments => "open comments at signing",
            Self::Time => "time of signing",
        }
    }
}

/// Whether a check holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It holds.
    Holds,
    /// It does not.
    Fails,
    /// It could not be looked at, because an earlier one does not hold.
    NotReached,
}

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// What was checked.
    pub check: Check,
    /// What people call it.
    pub title: &'static str,
    /// Whether it holds.
    pub state: State,
    /// In one sentence, what was found.
    pub found: String,
    /// What does not hold, and what a reader should know.
    pub details: Vec<String>,
}

/// What a verifier says of a certificate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// Whether everything holds.
    pub holds: bool,
    /// The table.
    pub rows: Vec<Row>,
    /// What was recomputed; absent where the bytes could not be read.
    pub record: Option<Record>,
}

impl Verdict {
    pub(crate) fn unreadable(why: String) -> Self {
        let mut table = Table::default();
        table.fail(Check::Bytes, why);
        table.verdict(None)
    }

    /// The row of a check.
    pub fn row(&self, check: Check) -> Option<&Row> {
        self.rows.iter().find(|row| row.check == check)
    }
}

/// The table on its way.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: BTreeMap<Check, Row>,
}

impl Table {
    fn row(&mut self, check: Check) -> &mut Row {
        self.rows.entry(check).or_insert_with(|| Row {
            check,
            title: check.title(),
            state: State::Holds,
            found: String::new(),
            details: Vec::new(),
        })
    }

    /// Something does not hold.
    pub fn fail(&mut self, check: Check, why: String) {
        self.row(check).state = State::Fails;
        self.note(check, why);
    }

    /// Something that a reader should know.
    pub fn note(&mut self, check: Check, what: String) {
        let details = &mut self.row(check).details;
        match details.len() {
            n if n < DETAILS_MAX => details.push(what),
            DETAILS_MAX => details.push("and more".into()),
            _ => {}
        }
    }

    /// Sums a check up.
    pub fn tell(&mut self, check: Check, found: String) {
        self.row(check).found = found;
    }

    pub fn verdict(mut self, record: Option<Record>) -> Verdict {
        for check in Check::ALL {
            if !self.rows.contains_key(&check) {
                self.row(check).state = State::NotReached;
            }
        }
        let rows: Vec<Row> = self.rows.into_values().collect();
        Verdict { holds: rows.iter().all(|row| row.state == State::Holds), rows, record }
    }
}

/// The ending of a plural.
pub(crate) const fn s(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}
