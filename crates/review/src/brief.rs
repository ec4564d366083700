//! Requests: the intake form, and what it still lacks before its brief can be accepted.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::record::ERASED_TEXT;
use crate::text::{self, TextError};
use crate::words::{Category, RiskClass};

mod file;

const LIST_MAX: usize = 500;

/// A text is not a date.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a date: YYYY-MM-DD is wanted, and the day must exist")]
pub struct DayError(String);

/// A civil date. A due date is a promise between people, so it has no time zone here.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    year: u16,
    month: u8,
    day: u8,
}

impl Day {
    /// A day that exists, from year 1 to 9999.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            2 => 28 + u8::from(leap),
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        ((1..=9_999).contains(&year) && (1..=days).contains(&day)).then_some(Self { year, month, day })
    }

    /// The year, 1 to 9999.
    pub const fn year(self) -> u16 {
        self.year
    }

    /// The month, 1 to 12.
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, from 1.
    pub const fn day(self) -> u8 {
        self.day
    }

    /// So many days later; `None` beyond the year 9999.
    pub fn plus(self, days: u32) -> Option<Self> {
        Self::from_number(self.number().checked_add(days)?)
    }

    /// How many days there are from here to `later`; `None` where that lies before.
    pub fn days_until(self, later: Self) -> Option<u32> {
        later.number().checked_sub(self.number())
    }

    /// Days since 1 March of the year 0, in the proleptic Gregorian calendar.
    fn number(self) -> u32 {
        let (year, month) = if self.month > 2 {
            (u32::from(self.year), u32::from(self.month) - 3)
        } else {
            (u32::from(self.year) - 1, u32::from(self.month) + 9)
        };
        year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + u32::from(self.day) - 1
    }

    /// The day of a [`Day::number`].
    fn from_number(number: u32) -> Option<Self> {
        let (era, day_of_era) = (number / 146_097, number % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = u8::try_from(day_of_year - (153 * month + 2) / 5 + 1).ok()?;
        let month_of_year = u8::try_from(if month < 10 { month + 3 } else { month - 9 }).ok()?;
        let year = year_of_era + era * 400 + u32::from(month_of_year <= 2);
        Self::new(u16::try_from(year).ok()?, month_of_year, day)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Day({self})")
    }
}

impl FromStr for Day {
    type Err = DayError;
    fn from_str(text: &str) -> Result<Self, DayError> {
        let digits = |from, to| {
            let part: &str = text.get(from..to)?;
            part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse::<u16>().ok())?
        };
        let read = || {
            let dashes = text.len() == 10 && text.get(4..5)? == "-" && text.get(7..8)? == "-";
            let (month, day) = (u8::try_from(digits(5, 7)?).ok()?, u8::try_from(digits(8, 10)?).ok()?);
            dashes.then_some(Self::new(digits(0, 4)?, month, day)?)
        };
        read().ok_or_else(|| DayError(text.chars().take(80).collect()))
    }
}

impl Serialize for Day {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// One expected output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deliverable {
    /// Its name.
    pub name: String,
    /// Where it will run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// What it must be: size, length, format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<String>,
    /// Its language and region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Its size: pixels, millimetres, seconds, words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    /// When it is due, if not with the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Day>,
}

/// A day on the way to the due date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Milestone {
    /// What is reached.
    pub name: String,
    /// By when.
    pub due: Day,
}

/// An answer to a field of a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    /// To a `yes_no` field.
    YesNo(bool),
    /// To a `number` field.
    Number(i64),
    /// To a `line`, `text`, `date` or `choice` field.
    Text(String),
    /// To a `choices` or `list` field.
    List(Vec<String>),
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::YesNo(yes) => f.write_str(if *yes { "yes" } else { "no" }),
            Self::Number(n) => n.fmt(f),
            Self::Text(text) => f.write_str(text.trim()),
            Self::List(items) => f.write_str(&items.join(", ")),
        }
    }
}

/// The intake form of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestForm {
    /// What it is called.
    pub title: String,
    /// What is wanted.
    pub categories: Vec<Category>,
    /// What it is to bring about.
    pub objective: String,
    /// Whom it is to reach.
    pub audience: String,
    /// What it is to say.
    pub message: String,
    /// What must be in it.
    pub mandatories: Vec<String>,
    /// The expected outputs.
    pub deliverables: Vec<Deliverable>,
    /// When all of it is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Day>,
    /// Who is to approve it, by name.
    pub approvers: Vec<String>,
    /// How much care it needs.
    pub risk_class: RiskClass,
    /// When the work may begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Day>,
    /// Days on the way to the due date.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub timeline: Vec<Milestone>,
    /// Answers to what the categories' forms ask for, by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub answers: BTreeMap<String, Answer>,
}

/// Something that a request lacks: it can be filed, but hardly accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The form's field.
    pub field: String,
    /// What to do about it.
    pub hint: String,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.hint)
    }
}

impl RequestForm {
    /// Whether it keeps every limit; without this it cannot be filed.
    pub fn check(&self) -> Result<(), TextError> {
        self.checks().map_or(Ok(()), |(_, error)| Err(error))
    }

    /// The first limit that it breaks, and where: `deliverables.1`.
    fn checks(&self) -> Option<(String, TextError)> {
        let counts = [
            ("categories", self.categories.len(), Category::ALL.len()),
            ("mandatories", self.mandatories.len(), LIST_MAX),
            ("deliverables", self.deliverables.len(), LIST_MAX),
            ("approvers", self.approvers.len(), LIST_MAX),
            ("timeline", self.timeline.len(), LIST_MAX),
            ("answers", self.answers.len(), LIST_MAX),
        ];
        let texts = [
            ("title", text::line("the title", &self.title)),
            ("objective", text::body("the objective", &self.objective)),
            ("audience", text::body("the audience", &self.audience)),
            ("message", text::body("the message", &self.message)),
        ];
        let counts = counts.into_iter().map(|(field, n, max)| (field, text::count(field, n, max)));
        let whole = texts.into_iter().chain(counts).map(|(field, checked)| (field.to_owned(), checked));
        let mandatories = self.mandatories.iter().map(|m| text::body("a mandatory", m));
        let approvers = self.approvers.iter().map(|a| text::line("an approver", a));
        let deliverables = self.deliverables.iter().map(Deliverable::check);
        let timeline = self.timeline.iter().map(|m| text::line("a milestone", &m.name));
        let answers = self.answers.iter().map(|(key, answer)| {
            let checked = text::line("an answer's key", key);
            (format!("answers.{key}"), checked.and_then(|()| text::body("an answer", &answer.to_string())))
        });
        let at = |field: &'static str| move |(i, checked)| (format!("{field}.{i}"), checked);
        whole
            .chain(mandatories.enumerate().map(at("mandatories")))
            .chain(approvers.enumerate().map(at("approvers")))
            .chain(deliverables.enumerate().map(at("deliverables")))
            .chain(timeline.enumerate().map(at("timeline")))
            .chain(answers)
            .find_map(|(path, checked)| Some((path, checked.err()?)))
    }

    /// What is left of it once its words are erased: what kind of work it was, and when.
    #[must_use]
    pub fn erased(&self) -> Self {
        Self {
            title: ERASED_TEXT.to_owned(),
            categories: self.categories.clone(),
            objective: String::new(),
            audience: String::new(),
            message: String::new(),
            mandatories: Vec::new(),
            deliverables: Vec::new(),
            due: self.due,
            approvers: Vec::new(),
            risk_class: self.risk_class,
            start: self.start,
            timeline: Vec::new(),
            answers: BTreeMap::new(),
        }
    }

    /// What is missing before the brief can be accepted.
    pub fn problems(&self) -> Vec<Gap> {
        let blank = |s: &str| s.trim().is_empty();
        let gaps = [
            (self.categories.is_empty(), "categories", "name at least one category"),
            (blank(&self.objective), "objective", "say what it is to bring about"),
            (blank(&self.audience), "audience", "say whom it is to reach"),
            (blank(&self.message), "message", "say what it is to say"),
            (self.deliverables.is_empty(), "deliverables", "list at least one expected output"),
            (self.due.is_none(), "due", "give a due date"),
            (self.approvers.is_empty(), "approvers", "name at least one approver"),
        ];
        let missing = gaps.into_iter().filter(|(missing, ..)| *missing);
        missing.map(|(_, field, hint)| Gap { field: field.into(), hint: hint.into() }).collect()
    }

    /// The brief's first text, in Markdown: what people then edit together.
    pub fn brief_text(&self) -> String {
        let mut out = format!("# {}\n", self.title);
        let sections =
            [("Objective", &self.objective), ("Audience", &self.audience), ("Message", &self.message)];
        for (heading, text) in sections {
            if !text.trim().is_empty() {
                out.push_str(&format!("\n## {heading}\n\n{}\n", text.trim()));
            }
        }
        let deliverables: Vec<String> = self.deliverables.iter().map(Deliverable::to_string).collect();
        let days: Vec<String> = self.timeline.iter().map(|m| format!("{}: {}", m.due, m.name)).collect();
        let answers: Vec<String> =
            self.answers.iter().map(|(key, answer)| format!("{key}: {answer}")).collect();
        let lists = [
            ("Mandatories", &self.mandatories),
            ("Deliverables", &deliverables),
            ("Timeline", &days),
            ("Details", &answers),
        ];
        for (heading, items) in lists {
            if !items.is_empty() {
                out.push_str(&format!("\n## {heading}\n\n"));
                items.iter().for_each(|item| out.push_str(&format!("- {}\n", item.trim())));
            }
        }
        out
    }
}

impl Deliverable {
    fn check(&self) -> Result<(), TextError> {
        text::line("a deliverable's name", &self.name)?;
        text::line_or_blank("a deliverable's channel", self.channel.as_deref().unwrap_or_default())?;
        text::body("a deliverable's spec", self.spec.as_deref().unwrap_or_default())?;
        text::line_or_blank("a deliverable's locale", self.locale.as_deref().unwrap_or_default())?;
        text::line_or_blank("a deliverable's size", self.size.as_deref().unwrap_or_default())
    }
}

/// One line: `Poster (print, A2 300 dpi, de-CH, due 2026-03-01)`.
impl fmt::Display for Deliverable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let due = self.due.map(|day| format!("due {day}"));
        let parts = [&self.channel, &self.spec, &self.size, &self.locale, &due];
        let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
        f.write_str(&self.name)?;
        if parts.is_empty() { Ok(()) } else { write!(f, " ({})", parts.join(", ")) }
    }
}
