//! The audit trail of an asset.

use serde::{Deserialize, Serialize};

/// Who did what, when, and whether it counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrailScreen {
    /// The asset's name.
    pub name: String,
    /// What was done, newest first.
    pub lines: Vec<TrailLine>,
    /// Whether it is too long to be told with values here.
    pub short: bool,
    /// How many older ones there are.
    pub older: u64,
    /// How many entries were checked again from their bytes.
    pub checked: u64,
    /// What does not hold.
    pub problems: Vec<String>,
    /// Histories of which only a summary is held: who, and how many entries it stands for.
    pub gaps: Vec<(String, u64)>,
}

/// Something that somebody did, or a value that they changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrailLine {
    /// The entry that says so: the short form of its hash.
    pub short: String,
    /// What they did.
    pub what: String,
    /// What it was done to, where that is not the asset itself.
    pub about: String,
    /// The value before.
    pub old: String,
    /// The value after.
    pub new: String,
    /// Why, in their words.
    pub why: String,
    /// Who signed it.
    pub who: String,
    /// With which device: the short form of its id.
    pub device: String,
    /// Its place in its log.
    pub seq: u64,
    /// When its author says it was written, in milliseconds since 1970.
    pub claimed_at: u64,
    /// What stands out: held back, replaced later, another clock.
    pub marks: Vec<String>,
    /// Whether only the team reads it.
    pub team: bool,
}
