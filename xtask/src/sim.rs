//! `cargo xtask sim` and `cargo xtask soak vetting`: what takes longer than a test may.

use std::path::PathBuf;

use clap::Args;

use crate::run::{Done, cargo, must, output_of, program, root};
use crate::tools;

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

/// Coverage-guided fuzzing of every way in, for so many seconds each. What is found lies in
/// `fuzz/artifacts`; what covers more than the corpus did, in `target/fuzz`.
pub fn fuzz(seconds: Option<&str>) -> Done {
    let seconds = seconds.unwrap_or("60");
    seconds.parse::<u32>().map_err(|_| format!("`{seconds}` is not a number of seconds"))?;
    let fuzzer = tools::fuzzer()?;
    let fuzz = |args: &[&str]| {
        let mut command = program(&fuzzer);
        command.env("RUSTUP_TOOLCHAIN", "nightly").arg("fuzz").args(args);
        command
    };
    must(sim().args(["corpus", "target/fuzz"]))?;
    let targets =
        output_of(&mut fuzz(&["list"])).ok_or("`cargo fuzz list` failed: is a nightly compiler here?")?;
    let time = format!("-max_total_time={seconds}");
    let mut found = Vec::new();
    for target in targets.lines() {
        let (begun, kept) = (format!("target/fuzz/{target}"), format!("fuzz/corpus/{target}"));
        let made = [&begun, &kept].map(|folder| std::fs::create_dir_all(root().join(folder)));
        made.into_iter().collect::<Result<Vec<()>, _>>().map_err(|e| format!("cannot make {begun}: {e}"))?;
        let args = ["run", target, &begun, &kept, "--", &time, "-timeout=10", "-rss_limit_mb=2048"];
        if let Err(what) = must(&mut fuzz(&args)) {
            found.push(what);
        }
    }
    if found.is_empty() { Ok(()) } else { Err(found.join("\n")) }
}
