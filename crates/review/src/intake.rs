//! Request forms as data: which fields a request has, by category.
//!
//! Every form has the standard fields (objective, audience, message, mandatories,
//! deliverables, due, approvers) and asks for more: each field has a key, a type,
//! help for who fills it in, and perhaps a condition under which it is asked.
//! The completeness gate measures a request by the forms of its categories.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::brief::{Answer, Day, Gap};
use crate::text::{self, TextError};
use crate::words::Category;

mod defaults;
mod file;
mod gate;

const FIELDS_MAX: usize = 200;
const OPTIONS_MAX: usize = 200;
const KEY_BYTES_MAX: usize = 64;

/// The fields that every request has, whatever its form.
pub const STANDARD_FIELDS: &[&str] =
    &["categories", "objective", "audience", "message", "deliverables", "due", "approvers"];

/// What a condition may ask about, besides answers: facts of the request itself.
pub const FACTS: &[&str] = &["category", "risk_class", "channel", "locale"];

/// A request form for one category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntakeForm {
    /// The category whose requests it is for.
    pub category: Category,
    /// What people call it.
    pub title: String,
    /// Standard fields that this form does not insist on.
    #[serde(default)]
    pub optional: BTreeSet<String>,
    /// The fields it asks for beyond the standard ones, in order.
    #[serde(default)]
    pub fields: Vec<IntakeField>,
}

/// One field of a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntakeField {
    /// Its key in brief files: lower-case letters, digits and `_`.
    pub key: String,
    /// What people read.
    pub label: String,
    /// What kind of answer it takes.
    #[serde(rename = "type")]
    pub kind: FieldKind,
    /// The words to choose from; with `choice` and `choices` only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub of: Vec<String>,
    /// Whether a brief is complete without it.
    #[serde(default)]
    pub required: bool,
    /// Help for who fills it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// It is asked only when this holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
}

/// What kind of answer a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// One line.
    Line,
    /// Several lines.
    Text,
    /// A whole number.
    Number,
    /// A date.
    Date,
    /// True or false.
    YesNo,
    /// One of several words.
    Choice,
    /// Some of several words.
    Choices,
    /// Any number of lines.
    List,
}

/// A condition: something about the request is one of these words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// The key of an earlier field, or one of [`FACTS`].
    pub field: String,
    /// The words, any of which will do; `yes` and `no` for a `yes_no` field.
    pub is: Vec<String>,
}

/// A form does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntakeError {
    /// A text breaks its limit.
    #[error("{0}")]
    Text(#[from] TextError),
    /// A rule of forms.
    #[error("{what}")]
    Rule {
        /// Where: `fields.2.when`.
        path: String,
        /// What is wrong.
        what: String,
        /// What to write instead.
        fix: &'static str,
    },
}

fn rule(path: String, what: String, fix: &'static str) -> IntakeError {
    IntakeError::Rule { path, what, fix }
}

impl IntakeForm {
    /// Whether it can be filled in: keys are unique, conditions ask about earlier fields or facts.
    ///
    /// # Errors
    /// The first rule that it breaks, and where.
    pub fn check(&self) -> Result<(), IntakeError> {
        text::line("the form's title", &self.title)?;
        text::count("fields of one form", self.fields.len(), FIELDS_MAX)?;
        if let Some(unknown) = self.optional.iter().find(|o| !STANDARD_FIELDS.contains(&o.as_str())) {
            let what = format!("`{unknown}` is no standard field: {}", STANDARD_FIELDS.join(", "));
            return Err(rule("optional".into(), what, "name standard fields only"));
        }
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        for (i, field) in self.fields.iter().enumerate() {
            field.check(i, &seen)?;
            if !seen.insert(&field.key) {
                let what = format!("the key `{}` is there twice", field.key);
                return Err(rule(format!("fields.{i}.key"), what, "give each field a key of its own"));
            }
        }
        Ok(())
    }
}

impl IntakeField {
    fn check(&self, i: usize, earlier: &BTreeSet<&str>) -> Result<(), IntakeError> {
        let at = |part: &str| format!("fields.{i}.{part}");
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if self.key.is_empty() || self.key.len() > KEY_BYTES_MAX || !self.key.bytes().all(plain) {
            let what = format!("`{}` is no key", self.key.chars().take(80).collect::<String>());
            return Err(rule(at("key"), what, "use up to 64 lower-case letters, digits and _"));
        }
        if STANDARD_FIELDS.contains(&self.key.as_str()) || FACTS.contains(&self.key.as_str()) {
            let what = format!("`{}` is a standard field already", self.key);
            return Err(rule(at("key"), what, "choose another key"));
        }
        text::line("a field's label", &self.label)?;
        text::body("a field's help", self.help.as_deref().unwrap_or_default())?;
        text::count("words to choose from", self.of.len(), OPTIONS_MAX)?;
        self.of.iter().try_for_each(|word| text::line("a word to choose", word))?;
        match (self.kind, self.of.is_empty()) {
            (FieldKind::Choice | FieldKind::Choices, true) => {
                return Err(rule(
                    at("type"),
                    "nothing to choose from".into(),
                    "add of = [\"one\", \"other\"]",
                ));
            }
            (FieldKind::Choice | FieldKind::Choices, false) | (_, true) => {}
            (_, false) => {
                let what = format!("`{}` lists words, but is no choice", self.key);
                return Err(rule(at("of"), what, "make the type choice, or remove `of`"));
            }
        }
        let Some(when) = &self.when else { return Ok(()) };
        if !FACTS.contains(&when.field.as_str()) && !earlier.contains(when.field.as_str()) {
            let what = format!("the condition asks about `{}`, which comes to no earlier field", when.field);
            return Err(rule(
                at("when"),
                what,
                "ask about a field above, category, risk_class, channel or locale",
            ));
        }
        if when.is.is_empty() {
            let fix = "add is = [\"word\"]";
            return Err(rule(at("when"), "the condition can never hold: it names no word".into(), fix));
        }
        when.is.iter().try_for_each(|word| text::line("a condition's word", word)).map_err(Into::into)
    }

    /// Reads an answer as a person types it. An empty text is no answer.
    ///
    /// # Errors
    /// Says what is wanted instead.
    pub fn read(&self, typed: &str) -> Result<Option<Answer>, String> {
        let typed = typed.trim();
        if typed.is_empty() {
            return Ok(None);
        }
        let several =
            || typed.split(',').map(str::trim).filter(|s| !s.is_empty()).map(str::to_owned).collect();
        let answer = match self.kind {
            FieldKind::Line | FieldKind::Text | FieldKind::Date | FieldKind::Choice => {
                Answer::Text(typed.into())
            }
            FieldKind::Number => {
                Answer::Number(typed.parse().map_err(|_| format!("`{typed}` is not a whole number"))?)
            }
            FieldKind::YesNo => match typed.to_lowercase().as_str() {
                "yes" | "y" | "true" => Answer::YesNo(true),
                "no" | "n" | "false" => Answer::YesNo(false),
                _ => return Err(format!("`{typed}` is neither yes nor no")),
            },
            FieldKind::Choices | FieldKind::List => Answer::List(several()),
        };
        self.fits(&answer).map(|()| Some(answer))
    }

    /// Whether an answer is of this field's kind.
    ///
    /// # Errors
    /// Says what is wanted instead.
    pub fn fits(&self, answer: &Answer) -> Result<(), String> {
        let known = |word: &String| {
            let known = self.of.contains(word);
            if known { Ok(()) } else { Err(format!("`{word}` is none of: {}", self.of.join(", "))) }
        };
        match (self.kind, answer) {
            (FieldKind::Line, Answer::Text(t)) => text::line("the answer", t).map_err(|e| e.to_string()),
            (FieldKind::Text, Answer::Text(t)) => text::body("the answer", t).map_err(|e| e.to_string()),
            (FieldKind::Date, Answer::Text(t)) => t.parse::<Day>().map(drop).map_err(|e| e.to_string()),
            (FieldKind::Choice, Answer::Text(t)) => known(t),
            (FieldKind::Choices, Answer::List(items)) => items.iter().try_for_each(known),
            (FieldKind::Number, Answer::Number(_))
            | (FieldKind::YesNo, Answer::YesNo(_))
            | (FieldKind::List, Answer::List(_)) => Ok(()),
            (kind, _) => Err(format!("an answer of another type is wanted: {}", kind.wanted())),
        }
    }
}

impl FieldKind {
    /// What to type, for help texts.
    pub const fn wanted(self) -> &'static str {
        match self {
            Self::Line => "one line",
            Self::Text => "a text",
            Self::Number => "a whole number",
            Self::Date => "a date, YYYY-MM-DD",
            Self::YesNo => "yes or no",
            Self::Choice => "one of the words",
            Self::Choices => "some of the words, as a list",
            Self::List => "a list",
        }
    }
}

/// The verdict of the completeness gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Nothing is missing.
    pub complete: bool,
    /// What is missing, and what to do about it.
    pub missing: Vec<Gap>,
}
