//! `proofroom-sim`: seeds, scenario files and mutations from the command line.

mod vet;

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Args, Parser, Subcommand};
use proofroom_sim::{Report, Scenario, generate, run, shrink};

#[derive(Parser)]
#[command(
    name = "proofroom-sim",
    about = "Runs worlds of peers, relays, links and disks, and checks what must hold"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// One JSON object per line instead of text
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the scenarios of seeds, e.g. `seeds 1..10000`
    Seeds(Seeds),
    /// Runs scenario files
    Files {
        /// The files
        files: Vec<PathBuf>,
        /// Print acts that were declined, and why
        #[arg(long)]
        notes: bool,
    },
    /// Mutated changes and snapshots, sealed and signed again, against the vetting
    Vet(vet::Vet),
    /// Every way in, with mutations of its corpus
    Targets(vet::Targets),
    /// Writes honest input for every way in
    Corpus {
        /// Where to
        #[arg(default_value = "fuzz/corpus")]
        folder: PathBuf,
    },
    /// Prints the scenario of a seed
    Show {
        /// The seed
        seed: u64,
    },
}

#[derive(Args)]
struct Seeds {
    /// `FROM..TO`, the last one included
    range: String,
    /// Stop at the first rule that breaks
    #[arg(long)]
    stop: bool,
    /// Where shortened scenarios go that break a rule
    #[arg(long, default_value = "target/sim")]
    out: PathBuf,
    /// Scenarios that shortening may try; 0 does not shorten
    #[arg(long, default_value_t = 250)]
    shrink: usize,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    std::panic::set_hook(Box::new(|_| {}));
    let done = match cli.command {
        Command::Seeds(seeds) => run_seeds(&seeds, cli.json),
        Command::Files { files, notes } => run_files(&files, notes, cli.json),
        Command::Vet(vet) => Ok(vet.run(cli.json)),
        Command::Targets(targets) => targets.run(),
        Command::Corpus { folder } => write_corpus(&folder),
        Command::Show { seed } => {
            print!("{}", generate(seed));
            Ok(true)
        }
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(text) => {
            eprintln!("proofroom-sim: {text}");
            ExitCode::from(2)
        }
    }
}

#[derive(Default)]
struct Sum {
    runs: u64,
    broken: u64,
    done: u64,
    declined: u64,
    frames: u64,
    stored: u64,
    crashes: u64,
    forged: u64,
    snapshots: [u64; 3],
    days: f64,
}

impl Sum {
    fn add(&mut self, report: &Report) {
        self.runs += 1;
        self.broken += u64::from(report.broken.is_some());
        self.done += report.done;
        self.declined += report.declined;
        self.frames += report.frames;
        self.stored += report.stored;
        self.crashes += report.crashes;
        self.forged += report.forged;
        let snapshots = [report.snapshots_made, report.snapshots_kept, report.snapshots_taken];
        self.snapshots.iter_mut().zip(snapshots).for_each(|(sum, one)| *sum += one);
        self.days += u32::try_from(report.clock_ms / 1_000).map_or(0.0, f64::from) / 86_400.0;
    }

    fn print(&self, seconds: f64, json: bool) {
        if json {
            let line = serde_json::json!({
                "runs": self.runs, "broken": self.broken, "acts": self.done, "declined": self.declined,
                "frames": self.frames, "stored": self.stored, "crashes": self.crashes, "forged": self.forged,
                "snapshots_made": self.snapshots[0], "snapshots_kept": self.snapshots[1],
                "snapshots_taken": self.snapshots[2],
                "virtual_days": self.days, "seconds": seconds,
            });
            println!("{line}");
        } else {
            println!(
                "{} runs, {} broke a rule; {} acts done, {} declined, {} frames, {} entries stored, \
                 {} crashes, {} forgeries, {} snapshots made, {} kept by relays, {} taken, {:.0} days of the world in {seconds:.0} s",
                self.runs,
                self.broken,
                self.done,
                self.declined,
                self.frames,
                self.stored,
                self.crashes,
                self.forged,
                self.snapshots[0],
                self.snapshots[1],
                self.snapshots[2],
                self.days
            );
        }
    }
}

fn run_seeds(seeds: &Seeds, json: bool) -> Result<bool, String> {
    let wrong = || format!("`{}` is not a range of seeds: FROM..TO is wanted", seeds.range);
    let (from, to) = seeds.range.split_once("..").ok_or_else(wrong)?;
    let number = |text: &str| text.trim_start_matches('=').parse::<u64>().map_err(|_| wrong());
    let (from, to) = (number(from)?, number(to)?);
    let (began, mut sum) = (Instant::now(), Sum::default());
    let progress = std::io::stderr().is_terminal() || !json;
    for seed in from..=to {
        let scenario = generate(seed);
        let report = run(&scenario);
        sum.add(&report);
        if report.broken.is_some() {
            tell(&format!("seed {seed}"), &report, json);
            if seeds.shrink > 0 {
                keep_short(seeds, seed, &shrink(&scenario, &report, seeds.shrink))?;
            }
            if seeds.stop {
                break;
            }
        }
        if progress && sum.runs.is_multiple_of(100) {
            let per_s =
                f64::from(u32::try_from(sum.runs).unwrap_or(u32::MAX)) / began.elapsed().as_secs_f64();
            let _gone = writeln!(
                std::io::stderr(),
                "seed {seed} of {to}, {} broken, {per_s:.1} per second",
                sum.broken
            );
        }
    }
    sum.print(began.elapsed().as_secs_f64(), json);
    Ok(sum.broken == 0)
}

fn keep_short(seeds: &Seeds, seed: u64, short: &Scenario) -> Result<(), String> {
    std::fs::create_dir_all(&seeds.out).map_err(|e| format!("cannot make {}: {e}", seeds.out.display()))?;
    let path = seeds.out.join(format!("seed-{seed}.scenario"));
    std::fs::write(&path, short.to_string()).map_err(|e| format!("cannot write {}: {e}", path.display()))?;
    eprintln!("shortened to {} acts: {}", short.acts.len(), path.display());
    Ok(())
}

fn run_files(files: &[PathBuf], notes: bool, json: bool) -> Result<bool, String> {
    let (began, mut sum) = (Instant::now(), Sum::default());
    for path in files {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|e| format!("cannot read {name}: {e}"))?;
        let scenario = Scenario::parse(&text).map_err(|e| format!("{name}: {e}"))?;
        let report = run(&scenario);
        sum.add(&report);
        tell(&name, &report, json);
        if notes {
            report.notes.iter().for_each(|note| println!("  {note}"));
        }
    }
    sum.print(began.elapsed().as_secs_f64(), json);
    Ok(sum.broken == 0)
}

fn tell(what: &str, report: &Report, json: bool) {
    let broken = report.broken.as_ref();
    if json {
        let broken = broken.map(|b| serde_json::json!({"rule": b.rule, "text": b.text, "at_ms": b.at_ms}));
        println!("{}", serde_json::json!({"run": what, "trace": report.trace_hex(), "broken": broken}));
    } else {
        match broken {
            None => println!("{what}: holds, trace {}", &report.trace_hex()[..16]),
            Some(b) => println!("{what}: BROKEN at {} ms: {}\n{}", b.at_ms, b.rule, b.text),
        }
    }
}

fn write_corpus(folder: &std::path::Path) -> Result<bool, String> {
    for (target, bytes) in proofroom_sim::targets::samples() {
        let folder = folder.join(target);
        std::fs::create_dir_all(&folder).map_err(|e| format!("cannot make {}: {e}", folder.display()))?;
        let path = folder.join(&proofroom_sim::hash_hex(&bytes)[..16]);
        std::fs::write(&path, &bytes).map_err(|e| format!("cannot write {}: {e}", path.display()))?;
    }
    Ok(true)
}
