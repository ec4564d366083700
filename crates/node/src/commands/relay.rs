//! `relay`: runs a relay in this process.

use clap::Args;

use crate::console::Console;
use crate::failure::Failure;

/// `proofroom relay`
#[derive(Debug, Args)]
pub struct Relay {}

/// Runs it.
pub fn run(_args: &Relay, _console: &mut Console) -> Result<(), Failure> {
    Ok(())
}
