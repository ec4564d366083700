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
//! due = 2026-03-01
//! approvers = ["Bo Ek"]
//! risk_class = "standard"
//!
//! [[deliverables]]
//! name = "Hero"
//! channel = "print"
//! spec = "A2, 300 dpi"
//! ```

use serde::Deserialize;

use super::{BRIEF_FILE_BYTES_MAX, Day, DayError, Deliverable, RequestForm};
use crate::text::TextError;
use crate::words::{Category, RiskClass};

/// A brief file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BriefFileError {
    /// Longer than the limit.
    #[error("the brief has {0} bytes, the limit is {BRIEF_FILE_BYTES_MAX}")]
    TooLarge(usize),
    /// Not TOML, a misspelt field or word; says the line.
    #[error("the brief does not parse: {0}")]
    Toml(String),
    /// A due date is none.
    #[error("the brief's {field}: {error}")]
    Due {
        /// Which due date.
        field: String,
        /// What is wrong.
        error: DayError,
    },
    /// A text breaks its limit.
    #[error("the brief: {0}")]
    Text(#[from] TextError),
    /// Both spellings of the categories.
    #[error("the brief has both `category` and `categories`: keep one")]
    TwoCategories,
}

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
    due: Option<toml::Value>,
    #[serde(default)]
    approvers: Vec<String>,
    risk_class: Option<RiskClass>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeliverableFile {
    name: String,
    channel: Option<String>,
    spec: Option<String>,
    locale: Option<String>,
    due: Option<toml::Value>,
}

impl RequestForm {
    /// Reads a brief file.
    pub fn from_toml(text: &str) -> Result<Self, BriefFileError> {
        if text.len() > BRIEF_FILE_BYTES_MAX {
            return Err(BriefFileError::TooLarge(text.len()));
        }
        let file: BriefFile = toml::from_str(text).map_err(|e| BriefFileError::Toml(e.to_string()))?;
        let form = file.into_form()?;
        form.check()?;
        Ok(form)
    }
}

impl BriefFile {
    fn into_form(self) -> Result<RequestForm, BriefFileError> {
        let mut categories = match (self.category, self.categories) {
            (Some(_), Some(_)) => return Err(BriefFileError::TwoCategories),
            (one, many) => one.into_iter().chain(many.unwrap_or_default()).collect::<Vec<_>>(),
        };
        categories.sort_unstable();
        categories.dedup();
        let deliverables: Result<_, _> =
            self.deliverables.into_iter().map(DeliverableFile::into_form).collect();
        Ok(RequestForm {
            title: self.title,
            categories,
            objective: self.objective,
            audience: self.audience,
            message: self.message,
            mandatories: self.mandatories,
            deliverables: deliverables?,
            due: day("due", self.due)?,
            approvers: self.approvers,
            risk_class: self.risk_class.unwrap_or(RiskClass::Standard),
        })
    }
}

impl DeliverableFile {
    fn into_form(self) -> Result<Deliverable, BriefFileError> {
        let due = day(&format!("deliverable `{}`, due", self.name), self.due)?;
        Ok(Deliverable { name: self.name, channel: self.channel, spec: self.spec, locale: self.locale, due })
    }
}

/// A TOML date and a quoted one mean the same.
fn day(field: &str, value: Option<toml::Value>) -> Result<Option<Day>, BriefFileError> {
    let text = match value {
        None => return Ok(None),
        Some(toml::Value::String(text)) => text,
        Some(toml::Value::Datetime(datetime)) => datetime.to_string(),
        Some(other) => other.to_string(),
    };
    let error = |error| BriefFileError::Due { field: field.into(), error };
    text.parse().map(Some).map_err(error)
}
