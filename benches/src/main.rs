//! Benchmarks of the whole: each subcommand measures one promise, against a
//! yardstick in the same run, and prints a line of JSON (stdout) and one for people (stderr).

mod abuse;
mod all;
mod blobs;
mod certificate;
mod clock;
mod cold;
mod compare;
mod crowd;
mod fanout;
mod idle;
mod latency;
mod load;
mod merge;
mod program;
mod range;
mod raw;
mod relay;
mod start;
mod steps;
mod trail;
mod watcher;
mod workflow;
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
    /// The audit trail of an asset: what each entry changed
    Trail {
        /// Comments of two people in turns; several make a curve
        #[arg(default_values_t = [500, 1_000, 2_000, 4_000])]
        comments: Vec<usize>,
    },
    /// One writer, many readers: the relay's processor time per delivery
    Fanout {
        /// Readers of one workspace
        #[arg(long, default_value_t = 100)]
        readers: usize,
        /// Edits per run
        #[arg(long, default_value_t = 200)]
        edits: usize,
        /// Pause between edits
        #[arg(long, default_value_t = 50)]
        gap_ms: u64,
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
    /// Everything with its defaults, one after another, and one table at the end
    All {
        /// Smaller figures, to see that all of it runs
        #[arg(long)]
        brief: bool,
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
    /// What changed between two pictures, against decoding both
    Compare {
        /// Megapixels; several make a curve
        #[arg(default_values_t = [1, 4, 12, 24, 50])]
        megapixels: Vec<u32>,
    },
    /// Where everything stands: from scratch, and after one entry
    Workflow {
        /// Assets at the end of the curve
        #[arg(long, default_value_t = 1_000)]
        assets: u64,
        /// Decisions of each
        #[arg(long, default_value_t = 20)]
        decisions: usize,
        /// Comments of each
        #[arg(long, default_value_t = 100)]
        comments: usize,
    },
    /// Certificates: to verify one against its bare signature checks, and to make one
    Certificate {
        /// Entries of the one that is verified
        #[arg(long, default_value_t = 10_000)]
        entries: usize,
        /// Comments of the one that is made
        #[arg(long, default_value_t = 1_000)]
        comments: usize,
    },
    /// A large file between peers and through a relay, against bare bytes over the same roads
    Blobs {
        /// Size of the file
        #[arg(long, default_value_t = 1 << 30)]
        bytes: u64,
    },
    /// Many small files against a large one
    SmallBlobs {
        /// How many, 10,000 bytes each; several make a curve
        #[arg(default_values_t = [100, 1_000, 10_000])]
        files: Vec<u64>,
        /// Size of the large one
        #[arg(long, default_value_t = 1 << 30)]
        large: u64,
    },
    /// The first byte of a part of a film, in round trips
    Range {
        /// The round trip
        #[arg(long, default_value_t = 100)]
        round_trip_ms: u64,
    },
    /// A relay under load and among abusers; needs two file descriptors per connection
    Load(load::Plan),
    /// Be a nuisance to a relay of your own
    Abuse {
        /// In which way
        kind: abuse::Kind,
        /// Whose
        url: String,
        /// Workspaces that `load` made there
        #[arg(long, default_value_t = 50)]
        workspaces: u32,
    },
    #[command(hide = true)]
    Relay { data: PathBuf },
    #[command(hide = true)]
    RawTcp { file: PathBuf },
    #[command(hide = true)]
    RawIroh,
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
        What::Merge { base, edits } => merge::run(base, edits),
        What::Trail { comments } => comments.into_iter().for_each(trail::run),
        What::Idle { connections, entries } => runtime.block_on(Box::pin(idle::run(connections, entries))),
        What::Fanout { readers, edits, gap_ms } => {
            runtime.block_on(Box::pin(fanout::run(readers, edits, gap_ms)));
        }
        What::All { brief } => all::run(brief),
        What::Start { assets } => start::run(assets),
        What::Steps { edits, base } => steps::run(edits, base),
        What::Compare { megapixels } => compare::run(&megapixels),
        What::Workflow { assets, decisions, comments } => workflow::run(assets, decisions, comments),
        What::Certificate { entries, comments } => certificate::run(entries, comments),
        What::Blobs { bytes } => runtime.block_on(Box::pin(blobs::run(bytes))),
        What::SmallBlobs { files, large } => blobs::small(&files, large),
        What::Range { round_trip_ms } => runtime.block_on(Box::pin(range::run(round_trip_ms))),
        What::Load(plan) => runtime.block_on(Box::pin(load::run(plan))),
        What::Abuse { kind, url, workspaces } => {
            runtime.block_on(Box::pin(abuse::run(kind, &url, workspaces)))
        }
        What::RawTcp { file } => raw::serve_tcp(&file),
        What::RawIroh => runtime.block_on(Box::pin(raw::serve_iroh())),
        What::Relay { data } => runtime.block_on(relay::serve(&data)),
        What::BareRelay => runtime.block_on(relay::serve_bare()),
        What::WorkspaceOpen { store } => workspace::open(&store),
        What::WorkspaceJoin { store, url } => runtime.block_on(Box::pin(workspace::join(&store, &url))),
    }
}
