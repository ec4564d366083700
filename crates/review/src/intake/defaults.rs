//! The forms that every workspace begins with, one for each category.

use super::IntakeForm;
use crate::words::Category;

/// What the files say, as JSON: who only wants the forms, such as a browser, does without a reader of
/// TOML. A test compares the two.
const READ: &str = include_str!("defaults/defaults.json");

impl IntakeForm {
    /// The form's file, as it comes with the program: a start for one's own.
    pub const fn default_file(category: Category) -> &'static str {
        match category {
            Category::Visual => include_str!("defaults/visual.toml"),
            Category::Video => include_str!("defaults/video.toml"),
            Category::Written => include_str!("defaults/written.toml"),
            Category::DesignSource => include_str!("defaults/design_source.toml"),
            Category::Campaign => include_str!("defaults/campaign.toml"),
        }
    }

    /// The form for a category where the workspace has none of its own.
    ///
    /// # Panics
    /// Never: they are part of the program, and a test reads them all.
    pub fn default_for(category: Category) -> Self {
        let forms: Vec<Self> = serde_json::from_str(READ).expect("forms that come with the program");
        forms.into_iter().find(|form| form.category == category).expect("there is one for each category")
    }
}
