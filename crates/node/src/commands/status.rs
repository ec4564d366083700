//! `status`: where the work stands.

use clap::Args;
use proofroom_review::Outcome;
use serde_json::json;

use super::Call;
use crate::failure::Failure;
use crate::peer::Peer;
use crate::report::{Report, Tone};

/// `proofroom status`
#[derive(Debug, Args)]
pub struct Status {}

/// Runs it.
pub fn run(_args: &Status, _peer: &mut Peer, _call: &Call) -> Result<Report, Failure> {
    Ok(Report::new(json!({})))
}

/// How an outcome stands out.
pub(super) fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Approved => Tone::Good,
        Outcome::ApprovedWithChanges | Outcome::ChangesRequired | Outcome::Expired => Tone::Warn,
        Outcome::Rejected => Tone::Bad,
        Outcome::Superseded | Outcome::Withdrawn | Outcome::Skipped | Outcome::NotApplicable => Tone::Faint,
        Outcome::Pending | Outcome::InProgress => Tone::Plain,
    }
}
