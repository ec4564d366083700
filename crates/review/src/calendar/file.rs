//! Calendar files.
//!
//! ```toml
//! name = "zurich"
//! zone = "Europe/Zurich"
//! holidays = ["2026-08-01", "2026-12-25"]
//!
//! [week]
//! mon = ["09:00-12:30", "13:30-18:00"]
//! tue = ["09:00-12:30", "13:30-18:00"]
//! ```

use super::CalendarSpec;
use crate::route::{Problem, RouteFileError};

/// A calendar file cannot be used: every problem with its line.
pub type CalendarFileError = RouteFileError;

impl CalendarSpec {
    /// Reads a calendar file. Whether its zone exists is for `workflow` to say.
    pub fn from_toml(text: &str) -> Result<Self, CalendarFileError> {
        let spec: Self = crate::route::read_file(text)?;
        let problem = |text: String| match text.split_once(": ") {
            Some((path, rest)) => Problem { path: path.into(), text: rest.into() },
            None => Problem { path: String::new(), text },
        };
        crate::route::locate_problems(text, spec.problems().into_iter().map(problem).collect())?;
        Ok(spec)
    }

    /// The calendar file of this calendar.
    ///
    /// # Errors
    /// Never for a calendar that has no problems.
    pub fn to_toml(&self) -> Result<String, Problem> {
        toml::to_string(self).map_err(|e| Problem { path: String::new(), text: e.to_string() })
    }
}
