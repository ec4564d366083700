//! Everything, each in a process of its own so that memory figures stay apart; then one table.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::clock::short;

/// What is run: with the defaults, and small enough to see that all of it works.
const RUNS: &[(&[&str], &[&str])] = &[
    (&["latency"], &["latency", "--edits", "10", "--base", "50"]),
    (&["cold"], &["cold", "300"]),
    (&["workspace"], &["workspace", "--changes", "400", "--assets", "4"]),
    (&["merge"], &["merge", "--base", "200", "--edits", "100"]),
    (&["trail"], &["trail", "40"]),
    (&["fanout"], &["fanout", "--readers", "5", "--edits", "10"]),
    (&["idle"], &["idle", "--connections", "20", "--entries", "100"]),
    (&["start"], &["start", "--assets", "3"]),
    (&["steps"], &["steps", "--edits", "20", "--base", "50"]),
    (&["workflow"], &["workflow", "--assets", "16", "--decisions", "8", "--comments", "8"]),
];

/// A target: the bench and field that it is about, what a row is called, its bound.
struct Target {
    bench: &'static str,
    field: &'static str,
    what: &'static str,
    unit: &'static str,
    most: f64,
}

const TARGETS: &[Target] = &[
    target("latency", "visible_per_yardstick", "visible / (bare one-way + one commit)", "", 2.0),
    target("cold", "snapshot_per_yardstick", "cold join by snapshot, memory / automerge", "", 1.5),
    target("cold", "snapshot_relay_per_yardstick", "the same, through a relay to a file", "", 1.5),
    target("cold", "snapshot_wire_bytes", "its bytes on the wire", "B", 400_000.0),
    target("cold", "entries_per_yardstick", "cold join by entries, memory / automerge", "", 1.5),
    target("workspace", "first_ms", "first asset readable", "ms", 300.0),
    target("workspace", "first_peak_mib", "memory then", "MiB", 60.0),
    target("merge", "direct_ms", "two peers with offline edits", "ms", 1_550.0),
    target("fanout", "relay_cpu_us_per_delivery", "relay CPU per delivery", "us", 36.0),
    target("idle", "kib_per_connection_and_workspace", "idle connection with its workspace", "KiB", 20.0),
    target("gather", "kib_per_connection", "idle connection to one workspace", "KiB", 20.0),
    target("fill", "growth_mib", "relay's growth with entries", "MiB", 20.0),
    target("workflow", "scratch_ms", "where all assets stand, from scratch", "ms", 100.0),
    target("workflow", "one_entry_ms", "after one entry", "ms", 1.0),
    target("start", "more_ms", "start of the command line, large workspace", "ms", 50.0),
];

const fn target(
    bench: &'static str,
    field: &'static str,
    what: &'static str,
    unit: &'static str,
    most: f64,
) -> Target {
    Target { bench, field, what, unit, most }
}

pub fn run(brief: bool) {
    let mut lines = Vec::new();
    for (whole, small) in RUNS {
        let args = if brief { small } else { whole };
        eprintln!("{}", args.join(" "));
        lines.extend(child(args));
    }
    println!("\nLoad: {}\n", load());
    println!("| what | of | seen | target | met |\n|---|---|---|---|---|");
    for target in TARGETS {
        for line in lines.iter().filter(|line| line["bench"] == target.bench) {
            let Some(seen) = line[target.field].as_f64() else { continue };
            let met = if seen <= target.most { "yes" } else { "no" };
            let of =
                ["changes", "assets", "peers_store", "way", "command", "connections", "entries", "readers"];
            let of: Vec<String> = of.iter().filter_map(|f| line.get(f).map(|v| format!("{f} {v}"))).collect();
            let (what, unit) = (target.what, target.unit);
            let of = of.join(", ").replace('"', "");
            println!("| {what} | {of} | {} {unit} | {} {unit} | {met} |", short(seen), target.most);
        }
    }
}

fn child(args: &[&str]) -> Vec<Value> {
    let exe = std::env::current_exe().expect("a program knows its own file");
    let output = Command::new(exe).args(args).stderr(Stdio::inherit()).output().expect("the process starts");
    assert!(output.status.success(), "{args:?} ended with {}", output.status);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    print!("{text}");
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// The machine's load, now and before.
fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}
