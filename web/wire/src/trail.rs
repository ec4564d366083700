//! The audit trail of an asset.

use serde::{Deserialize, Serialize};

/// Who did what, when, and whether it counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrailScreen {
    /// The asset's name.
    pub name: String,
    /// The entries, newest first.
    pub lines: Vec<TrailLine>,
    /// How many entries were checked again from their bytes.
    pub checked: u64,
    /// What does not hold.
    pub problems: Vec<String>,
    /// Histories of which only a summary is held: who, and how many entries it stands for.
    pub gaps: Vec<(String, u64)>,
}

/// One entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrailLine {
    /// Its hash.
    pub entry: String,
    /// The hash's short form.
    pub short: String,
    /// What it is, in words.
    pub what: String,
    /// What it says, where it says something short.
    pub detail: String,
    /// Who signed it.
    pub who: String,
    /// With which device: the short form of its id.
    pub device: String,
    /// Its place in its log.
    pub seq: u64,
    /// When its author says it was written, in milliseconds since 1970.
    pub claimed_at: u64,
    /// `counted`, `held_back`, `refused`, `unreadable` or `equivocation`.
    pub state: String,
    /// Why it does not count.
    pub why: String,
    /// Whether only the team reads it.
    pub team: bool,
}
