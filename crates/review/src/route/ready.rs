//! The templates that every workspace begins with.

use super::RouteTemplate;
use crate::canonical::CanonicalError;

const FILES: [&str; 5] = [
    include_str!("templates/quick.toml"),
    include_str!("templates/creative-client.toml"),
    include_str!("templates/brand-legal.toml"),
    include_str!("templates/video.toml"),
    include_str!("templates/medical-legal-regulatory.toml"),
];

/// What the files say, as JSON: who only wants the templates, such as a browser, does without a reader of
/// TOML. A test compares the two.
const READ: &str = include_str!("templates/ready.json");

/// The five ready templates, plainest first.
///
/// # Errors
/// Never: they are part of the program, and a test reads them.
pub fn ready_templates() -> Result<Vec<RouteTemplate>, CanonicalError> {
    serde_json::from_str(READ).map_err(|e| CanonicalError::Json(e.to_string()))
}

/// The same templates as files, to begin a new one from.
pub const fn ready_files() -> [&'static str; 5] {
    FILES
}
