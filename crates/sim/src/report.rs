//! What a run says.

/// A rule that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which rule, in a few words that stay the same from run to run.
    pub rule: &'static str,
    /// What was seen.
    pub text: String,
    /// When, in milliseconds of the world's clock since its beginning.
    pub at_ms: u64,
}

/// What a run says.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The first rule that broke, if one did.
    pub broken: Option<Broken>,
    /// A digest of everything that happened: equal for equal scenarios.
    pub trace: [u8; 32],
    /// Acts that were done, and acts that the product refused to do.
    pub done: u64,
    /// Acts that were refused: not allowed, nothing to act on, nobody there.
    pub declined: u64,
    /// Frames that were sent.
    pub frames: u64,
    /// Entries that became durable, everywhere.
    pub stored: u64,
    /// Crashes, power cuts and full disks.
    pub crashes: u64,
    /// Entries or frames that the forger put into the world.
    pub forged: u64,
    /// Snapshots that members made.
    pub snapshots_made: u64,
    /// Snapshots that relays kept.
    pub snapshots_kept: u64,
    /// Snapshots that newcomers took in place of entries.
    pub snapshots_taken: u64,
    /// The world's clock at the end, in milliseconds since its beginning.
    pub clock_ms: u64,
    /// Acts that were declined, and why: for whoever writes a scenario.
    pub notes: Vec<String>,
}

impl Report {
    pub(crate) fn panicked(text: String) -> Self {
        Self { broken: Some(Broken { rule: "no panic", text, at_ms: 0 }), ..Self::default() }
    }

    /// The trace's digest as text.
    pub fn trace_hex(&self) -> String {
        self.trace.iter().map(|b| format!("{b:02x}")).collect()
    }
}
