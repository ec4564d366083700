//! `cargo xtask sim` and `cargo xtask soak vetting`: what takes longer than a test may.

use std::path::PathBuf;

use clap::Args;

use crate::run::{Done, cargo, must};

/// Worlds of seeds or of scenario files.
#[derive(Args)]
pub struct Sim {
    /// Seeds, `FROM..TO`, the last one included
    #[arg(long, default_value = "1..200", conflicts_with = "files")]
    seeds: String,
    /// Scenario files instead of seeds
    #[arg(long, num_args = 1..)]
    files: Vec<PathBuf>,
    /// Stop at the first rule that breaks
    #[arg(long)]
    stop: bool,
    /// One JSON object per line
    #[arg(long)]
    json: bool,
}

fn sim() -> std::process::Command {
    let mut command = cargo();
    command.args(["run", "--quiet", "--release", "--package", "proofroom-sim", "--"]);
    command
}

impl Sim {
    /// Runs them.
    pub fn run(self) -> Done {
        let mut command = sim();
        if self.json {
            command.arg("--json");
        }
        if self.files.is_empty() {
            command.args(["seeds", &self.seeds]).args(self.stop.then_some("--stop"));
        } else {
            command.arg("files").args(&self.files);
        }
        must(&mut command)
    }
}

/// The vetting at full size: so many changes, a tenth as many snapshots.
pub fn vetting(changes: Option<&str>) -> Done {
    let changes: u64 = match changes {
        Some(text) => text.parse().map_err(|_| format!("`{text}` is not a number of changes"))?,
        None => 10_000_000,
    };
    let numbers = [changes, changes / 10].map(|n| n.to_string());
    must(sim().args(["vet", "--changes", &numbers[0], "--snapshots", &numbers[1]]))
}
