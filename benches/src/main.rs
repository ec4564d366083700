//! Benchmarks of the whole: each subcommand measures one promise, against a
//! yardstick in the same run, and prints a line of JSON (stdout) and one for people (stderr).

mod clock;
mod cold;
mod idle;
mod latency;
mod merge;
mod relay;
mod start;
mod steps;
mod workspace;
mod world;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Measures proofroom. Run on a quiet machine, compare ratios of one run only.
#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// From an edit to its being visible on another peer, through a relay
    Latency {
        /// Edits per run
        #[arg(long, default_value_t = 200)]
        edits: usize,
        /// Comments in the document beforehand
        #[arg(long, default_value_t = 1_000)]
        base: usize,
        /// Pause between edits
        #[arg(long, default_value_t = 10)]
        gap_ms: u64,
    },
    /// A fresh peer gets one large document
    Cold {
        /// Changes of the document; several make a curve
        #[arg(default_values_t = [1_000, 3_000, 10_000])]
        changes: Vec<usize>,
    },
    /// A workspace of many assets: the first one readable, the rest later
    Workspace {
        /// Changes of all assets together
        #[arg(long, default_value_t = 100_000)]
        changes: usize,
        /// Assets
        #[arg(long, default_value_t = 200)]
        assets: usize,
    },
    /// Two peers with offline edits meet
    Merge {
        /// Comments that both have
        #[arg(long, default_value_t = 10_000)]
        base: usize,
        /// Comments that each wrote alone
        #[arg(long, default_value_t = 5_000)]
        edits: usize,
    },
    /// The relay's memory: per idle connection, per stored entry
    Idle {
        /// Connections, a workspace each
        #[arg(long, default_value_t = 1_000)]
        connections: usize,
        /// Entries stored
        #[arg(long, default_value_t = 10_000)]
        entries: usize,
    },
    /// How long the command line takes to start
    Start {
        /// Assets of the large workspace
        #[arg(long, default_value_t = 200)]
        assets: usize,
    },
    /// Where the time of one edit goes
    Steps {
        /// Edits
        #[arg(long, default_value_t = 300)]
        edits: usize,
        /// Comments in the document beforehand
        #[arg(long, default_value_t = 1_000)]
        base: usize,
    },
    #[command(hide = true)]
    Relay { data: PathBuf },
    #[command(hide = true)]
    BareRelay,
    #[command(hide = true)]
    WorkspaceOpen { store: PathBuf },
    #[command(hide = true)]
    WorkspaceJoin { store: PathBuf, url: String },
}

/// How often each figure is taken; the median counts.
const RUNS: usize = 3;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime starts");
    match Args::parse().what {
        What::Latency { edits, base, gap_ms } => {
            runtime.block_on(Box::pin(latency::run(edits, base, gap_ms)))
        }
        What::Cold { changes } => changes.into_iter().for_each(|n| runtime.block_on(Box::pin(cold::run(n)))),
        What::Workspace { changes, assets } => workspace::run(changes, assets),
        What::Merge { base, edits } => runtime.block_on(Box::pin(merge::run(base, edits))),
        What::Idle { connections, entries } => runtime.block_on(Box::pin(idle::run(connections, entries))),
        What::Start { assets } => start::run(assets),
        What::Steps { edits, base } => steps::run(edits, base),
        What::Relay { data } => runtime.block_on(relay::serve(&data)),
        What::BareRelay => runtime.block_on(relay::serve_bare()),
        What::WorkspaceOpen { store } => workspace::open(&store),
        What::WorkspaceJoin { store, url } => runtime.block_on(Box::pin(workspace::join(&store, &url))),
    }
}
