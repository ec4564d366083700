//! The forms that every workspace begins with, one for each category.

use super::IntakeForm;
use crate::words::Category;

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
    /// Never: the files are part of the program, and a test reads them all.
    pub fn default_for(category: Category) -> Self {
        Self::from_toml(Self::default_file(category)).expect("a file that comes with the program")
    }
}
