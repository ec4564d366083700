//! Brief files: the form as TOML, forgiving about what people leave out, exact
//! about what they misspell.
//!
//! ```toml
//! title = "Spring campaign"
//! category = "visual"            # or: categories = ["visual", "video"]
//! objective = "Sell the new bike to commuters"
//! audience = "Commuters, 25 to 45"
//! message = "Faster than the tram"
//! mandatories = ["Logo bottom right"]
//! start = 2026-01-12
//! due = 2026-03-01
//! approvers = ["Bo Ek"]
//! risk_class = "standard"
//!
//! [[deliverables]]
//! name = "Hero"
//! channel = "print"
//! spec = "A2, 300 dpi"
//! locale = "de-CH"
//! size = "420x594 mm"
//!
//! [[timeline]]
//! name = "First layouts"
//! due = 2026-02-01
//!
//! [answers]                      # what the forms of the categories ask for
//! colour_space = "CMYK"
//! ```

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Answer, Day, Deliverable, Milestone, RequestForm};
use crate::fault::{FileFault, Source};
use crate::words::{Category, RiskClass};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BriefFile {
    title: String,
    category: Option<Category>,
    categories: Option<Vec<Category>>,
    #[serde(default)]
    objective: String,
    #[serde(default)]
    audience: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    mandatories: Vec<String>,
    #[serde(default)]
    deliverables: Vec<DeliverableFile>,
    start: Option<toml::Value>,
    due: Option<toml::Value>,
    #[serde(default)]
    timeline: Vec<MilestoneFile>,
    #[serde(default)]
    approvers: Vec<String>,
    risk_class: Option<RiskClass>,
    #[serde(default)]
    answers: BTreeMap<String, toml::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeliverableFile {
    name: String,
    channel: Option<String>,
    spec: Option<String>,
    locale: Option<String>,
    size: Option<String>,
    due: Option<toml::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MilestoneFile {
    name: String,
    due: toml::Value,
}

impl RequestForm {
    /// Reads a brief file.
    ///
    /// # Errors
    /// Names the line, what is wrong there, and what to write instead.
    pub fn from_toml(text: &str) -> Result<Self, FileFault> {
        let source = Source::new(text)?;
        let file: BriefFile = source.read()?;
        let form = file.into_form(&source)?;
        match form.checks() {
            Some((path, error)) => Err(source.fault(&path, error, "shorten or fill in the text")),
            None => Ok(form),
        }
    }
}

impl BriefFile {
    fn into_form(self, source: &Source<'_>) -> Result<RequestForm, FileFault> {
        let mut categories = match (self.category, self.categories) {
            (Some(_), Some(_)) => {
                let what = "both `category` and `categories` are there";
                return Err(source.fault("categories", what, "keep one of them"));
            }
            (one, many) => one.into_iter().chain(many.unwrap_or_default()).collect::<Vec<_>>(),
        };
        categories.sort_unstable();
        categories.dedup();
        let mut deliverables = Vec::new();
        for (i, d) in self.deliverables.into_iter().enumerate() {
            let due = d
                .due
                .map(|value| day(source, &format!("deliverables.{i}.due"), &d.name, value))
                .transpose()?;
            let DeliverableFile { name, channel, spec, locale, size, .. } = d;
            deliverables.push(Deliverable { name, channel, spec, locale, size, due });
        }
        let mut timeline = Vec::new();
        for (i, m) in self.timeline.into_iter().enumerate() {
            let due = day(source, &format!("timeline.{i}.due"), &m.name, m.due)?;
            timeline.push(Milestone { name: m.name, due });
        }
        let answers: Result<_, _> =
            self.answers.into_iter().map(|(key, value)| answer(source, key, value)).collect();
        Ok(RequestForm {
            title: self.title,
            categories,
            objective: self.objective,
            audience: self.audience,
            message: self.message,
            mandatories: self.mandatories,
            deliverables,
            due: self.due.map(|value| day(source, "due", "the brief", value)).transpose()?,
            approvers: self.approvers,
            risk_class: self.risk_class.unwrap_or(RiskClass::Standard),
            start: self.start.map(|value| day(source, "start", "the brief", value)).transpose()?,
            timeline,
            answers: answers?,
        })
    }
}

/// A TOML date and a quoted one mean the same.
fn day(source: &Source<'_>, path: &str, of: &str, value: toml::Value) -> Result<Day, FileFault> {
    let text = match value {
        toml::Value::String(text) => text,
        toml::Value::Datetime(datetime) => datetime.to_string(),
        other => other.to_string(),
    };
    let field = path.rsplit('.').next().unwrap_or(path);
    text.parse().map_err(|e| source.fault(path, format!("{field} of {of}: {e}"), "write it as 2026-03-01"))
}

fn answer(source: &Source<'_>, key: String, value: toml::Value) -> Result<(String, Answer), FileFault> {
    let path = format!("answers.{key}");
    let wrong = |what: String| {
        source.fault(&path, what, "give a text, a whole number, true or false, or a list of texts")
    };
    let answer = match value {
        toml::Value::Boolean(yes) => Answer::YesNo(yes),
        toml::Value::Integer(n) => Answer::Number(n),
        toml::Value::String(text) => Answer::Text(text),
        toml::Value::Datetime(datetime) => Answer::Text(datetime.to_string()),
        toml::Value::Array(items) => {
            let texts = items.into_iter().map(|item| match item {
                toml::Value::String(text) => Ok(text),
                other => Err(wrong(format!("`{key}` lists {other}, which is no text"))),
            });
            Answer::List(texts.collect::<Result<_, _>>()?)
        }
        other => return Err(wrong(format!("`{key}` is {other}, which no form asks for"))),
    };
    Ok((key, answer))
}

impl RequestForm {
    /// The form as a brief file.
    ///
    /// # Errors
    /// Never for a form that passed [`RequestForm::check`].
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string_pretty(self)
    }
}
