//! Route and rule files: TOML in and out, with errors that name the line.

use std::fmt;

use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};

use super::{Problem, RouteTemplate, RoutingRules};

/// Largest route, rule or calendar file, in bytes.
pub const ROUTE_FILE_BYTES_MAX: usize = 1 << 20;

/// A file cannot be used: every problem with its line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct RouteFileError {
    /// The problems in the order of their lines, counted from 1; 0 for the file as a whole.
    pub problems: Vec<(usize, Problem)>,
}

impl fmt::Display for RouteFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (line, problem)) in self.problems.iter().enumerate() {
            let end = if i + 1 < self.problems.len() { "\n" } else { "" };
            write!(f, "line {line}: {problem}{end}")?;
        }
        Ok(())
    }
}

impl RouteTemplate {
    /// Reads a route file.
    pub fn from_toml(text: &str) -> Result<Self, RouteFileError> {
        let template: Self = read(text)?;
        locate(text, template.problems())?;
        Ok(template)
    }

    /// The route file of this template; reading it gives the template back.
    ///
    /// # Errors
    /// Never for a template that [`RouteTemplate::check`] takes.
    pub fn to_toml(&self) -> Result<String, Problem> {
        toml::to_string(self).map_err(|e| Problem::new("", e.to_string()))
    }
}

impl RoutingRules {
    /// Reads a rule file about these templates.
    pub fn from_toml(text: &str, templates: &[RouteTemplate]) -> Result<Self, RouteFileError> {
        let rules: Self = read(text)?;
        locate(text, rules.problems(templates))?;
        Ok(rules)
    }

    /// The rule file of these rules.
    ///
    /// # Errors
    /// Never for rules that were read from a file.
    pub fn to_toml(&self) -> Result<String, Problem> {
        toml::to_string(self).map_err(|e| Problem::new("", e.to_string()))
    }
}

/// Reads a value; says the line of what is misspelt.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, RouteFileError> {
    if text.len() > ROUTE_FILE_BYTES_MAX {
        let too_large = format!("the file has {} bytes, the limit is {ROUTE_FILE_BYTES_MAX}", text.len());
        return Err(RouteFileError { problems: vec![(0, Problem::new("", too_large))] });
    }
    toml::from_str(text).map_err(|e| {
        let line = e.span().map_or(0, |span| line_of(text, span.start));
        RouteFileError { problems: vec![(line, Problem::new("", e.message().to_owned()))] }
    })
}

/// Gives each problem the line of its path.
pub(crate) fn locate(text: &str, problems: Vec<Problem>) -> Result<(), RouteFileError> {
    if problems.is_empty() {
        return Ok(());
    }
    let table = DeTable::parse(text).ok();
    let line = |problem: &Problem| {
        let table = table.as_ref()?;
        Some(line_of(text, offset(table.get_ref(), &problem.path)))
    };
    let mut located: Vec<(usize, Problem)> =
        problems.into_iter().map(|p| (line(&p).unwrap_or(0), p)).collect();
    located.sort_by_key(|(line, _)| *line);
    Err(RouteFileError { problems: located })
}

fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes().iter().take(offset).filter(|b| **b == b'\n').count() + 1
}

/// Where the value of a path begins, or the nearest one around it that the file spells out.
fn offset(table: &DeTable<'_>, path: &str) -> usize {
    let mut at = 0;
    let mut here: Option<&DeValue<'_>> = None;
    for part in path.split(['.', '[']).filter(|part| !part.is_empty()) {
        let found = match (part.strip_suffix(']').map(str::parse::<usize>), here) {
            (Some(Ok(index)), Some(DeValue::Array(items))) => {
                items.get(index).map(|item| (item.span().start, item))
            }
            (None, None) => table.get_key_value(part).map(|(key, value)| (key.span().start, value)),
            (None, Some(DeValue::Table(table))) => {
                table.get_key_value(part).map(|(key, value)| (key.span().start, value))
            }
            _ => None,
        };
        let Some((start, value)) = found else { break };
        at = start;
        here = Some(value.get_ref());
    }
    at
}
