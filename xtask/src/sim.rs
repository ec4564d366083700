//! `cargo xtask sim` and `cargo xtask soak`: what takes longer than a test may.

use std::path::PathBuf;

use clap::{Args, Subcommand};

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

/// Long runs, optimised.
#[derive(Args)]
pub struct Soak {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Mutated changes and snapshots, sealed and signed again, against the vetting
    Vetting {
        /// How many changes
        #[arg(long, default_value_t = 10_000_000)]
        changes: u64,
        /// How many snapshots
        #[arg(long, default_value_t = 1_000_000)]
        snapshots: u64,
        /// Decides the mutations
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// One JSON object at the end
        #[arg(long)]
        json: bool,
    },
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

impl Soak {
    /// Runs it.
    pub fn run(self) -> Done {
        let What::Vetting { changes, snapshots, seed, json } = self.what;
        let mut command = sim();
        let numbers = [changes, snapshots, seed].map(|n| n.to_string());
        command.args(["vet", "--changes", &numbers[0], "--snapshots", &numbers[1], "--seed", &numbers[2]]);
        must(command.args(json.then_some("--json")))
    }
}
