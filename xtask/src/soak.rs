//! `cargo xtask soak`: the long tests, at full size.

use clap::Args;

use crate::run::{Done, build_proofroom, cargo, must, program};
use crate::{sim, tools};

/// The tests that take minutes and gigabytes. `blobs` needs 25 GB of room, `between` 15, `fuzz` a nightly compiler.
#[derive(Args)]
pub struct Soak {
    /// A test file of `tests/tests`, e.g. `blobs`; or `vetting`, changes that a malicious member signs; or
    /// `relay`, thousands of connections, calm and among abusers; or `fuzz`, every way in from outside; or
    /// `mutants`, whether a test notices each small change to the code that decides what is let in
    what: String,
    /// Only tests whose names contain this; for `vetting`, how many changes; for `relay`, how many connections;
    /// for `fuzz`, seconds for each way in; for `mutants`, one of `entry`, `authority`, `sync`, `vetting`
    only: Option<String>,
}

impl Soak {
    /// Builds, runs one test after the other, and shows the figures that they print.
    pub fn run(self) -> Done {
        if self.what == "vetting" {
            return sim::vetting(self.only.as_deref());
        }
        if self.what == "relay" {
            return relay(self.only.as_deref());
        }
        if self.what == "fuzz" {
            return sim::fuzz(self.only.as_deref());
        }
        if self.what == "mutants" {
            return mutants(self.only.as_deref());
        }
        tools::system_programs()?;
        let nextest = tools::nextest()?;
        build_proofroom()?;
        let mut run = program(nextest);
        run.env("PROOFROOM_SOAK", "1")
            .args([
                "nextest",
                "run",
                "--no-fail-fast",
                "--config-file",
                "tests/nextest.toml",
                "--profile",
                "soak",
            ])
            .args(["-p", "proofroom-tests", "--test", &self.what])
            .args(["--test-threads", "1", "--success-output", "immediate"])
            .args(self.only);
        must(&mut run)
    }
}

/// What others may notice of abuse: so many times their 99th percentile of a calm hour.
const NOTICED_MAX: &str = "2";

fn relay(connections: Option<&str>) -> Done {
    let idle = connections.unwrap_or("5000");
    let args = ["load", "--idle", idle, "--noticed-max", NOTICED_MAX];
    must(cargo().args(["run", "--release", "--package", "proofroom-benches", "--"]).args(args))
}

/// What is mutated: its name, its package, and its files where they are not all.
const MUTATED: &[(&str, &str, &[&str])] = &[
    ("entry", "proofroom-entry", &[]),
    ("authority", "proofroom-authority", &[]),
    ("sync", "proofroom-sync", &[]),
    ("vetting", "proofroom-document", &["crates/document/src/vet.rs", "crates/document/src/vet/*.rs"]),
];

/// Mutation tests, each package against its own tests. What they make of each mutant lies in `target/mutants`;
/// docs/mutants.md explains those that no test can notice.
fn mutants(only: Option<&str>) -> Done {
    let wanted: Vec<_> = MUTATED.iter().filter(|(name, ..)| only.is_none_or(|only| only == *name)).collect();
    if wanted.is_empty() {
        let names: Vec<_> = MUTATED.iter().map(|(name, ..)| *name).collect();
        return Err(format!("`{}` is not mutated: one of {}", only.unwrap_or(""), names.join(", ")));
    }
    let mutants = tools::mutants()?;
    let mut survived = Vec::new();
    for (name, package, files) in wanted {
        let output = format!("target/mutants/{name}");
        let mut run = program(&mutants);
        // Fewer cases for each property: a mutant that only the hundredth notices is looked at by hand.
        run.env("PROPTEST_CASES", "24");
        run.args(["mutants", "--package", package, "--jobs", "2", "--timeout", "60", "--output", &output]);
        for file in *files {
            run.args(["--file", file]);
        }
        if must(&mut run).is_err() {
            survived.push(format!("{name}: see {output}/mutants.out/missed.txt"));
        }
    }
    if survived.is_empty() { Ok(()) } else { Err(survived.join("\n")) }
}
