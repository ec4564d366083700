//! The templates that every workspace begins with.

use super::{RouteFileError, RouteTemplate};

const FILES: [&str; 5] = [
    include_str!("templates/quick.toml"),
    include_str!("templates/creative-client.toml"),
    include_str!("templates/brand-legal.toml"),
    include_str!("templates/video.toml"),
    include_str!("templates/medical-legal-regulatory.toml"),
];

/// The five ready templates, plainest first.
///
/// # Errors
/// Never: their files are part of the program, and a test reads them.
pub fn ready_templates() -> Result<Vec<RouteTemplate>, RouteFileError> {
    FILES.iter().map(|text| RouteTemplate::from_toml(text)).collect()
}

/// The same templates as files, to begin a new one from.
pub const fn ready_files() -> [&'static str; 5] {
    FILES
}
