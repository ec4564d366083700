//! Form files: a form as TOML.
//!
//! ```toml
//! category = "visual"
//! title = "Pictures for the shop"
//! optional = ["message"]
//!
//! [[fields]]
//! key = "colour_space"
//! label = "Colour space"
//! type = "choice"                # line, text, number, date, yes_no, choice, choices, list
//! of = ["sRGB", "CMYK"]
//! required = true
//! help = "What the printer asks for"
//! when = { field = "channel", is = ["print"] }
//! ```

use super::{IntakeError, IntakeForm};
use crate::fault::{FileFault, Source};

impl IntakeForm {
    /// Reads a form file.
    ///
    /// # Errors
    /// Names the line, what is wrong there, and what to write instead.
    pub fn from_toml(text: &str) -> Result<Self, FileFault> {
        let source = Source::new(text)?;
        let form: Self = source.read()?;
        form.check().map_err(|e| match &e {
            IntakeError::Rule { path, fix, .. } => source.fault(path, &e, fix),
            IntakeError::Text(_) => source.fault("title", &e, "shorten or fill in the text"),
        })?;
        Ok(form)
    }

    /// The form as a file.
    ///
    /// # Errors
    /// Never for a form that passed [`IntakeForm::check`].
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string_pretty(self)
    }
}
