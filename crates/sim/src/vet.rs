//! `proofroom-sim vet` and `proofroom-sim targets`: the vetting, and every way in, under mutation.

use std::io::Write as _;
use std::time::{Duration, Instant};

use clap::Args;
use proofroom_sim::targets::{TARGETS, samples};
use proofroom_sim::vetting::{Outcome, Vetting};
use proofroom_sim::{Dice, mutate_bytes};

/// Mutated changes and snapshots.
#[derive(Args)]
pub struct Vet {
    /// How many changes
    #[arg(long, default_value_t = 10_000)]
    changes: u64,
    /// How many snapshots
    #[arg(long, default_value_t = 1_000)]
    snapshots: u64,
    /// Decides the mutations
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Default)]
struct Tally {
    runs: u64,
    refused: u64,
    taken: u64,
    waits: u64,
    wrong: u64,
    slow: u64,
    longest: Duration,
}

impl Tally {
    fn add(&mut self, what: &str, round: impl FnOnce() -> Result<Outcome, String>) {
        let (began, busy) = (Instant::now(), computed());
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(round));
        let took = busy.zip(computed()).map_or_else(|| began.elapsed(), |(from, to)| to.saturating_sub(from));
        self.runs += 1;
        self.longest = self.longest.max(took);
        self.slow += u64::from(took > Duration::from_secs(1));
        match done {
            Ok(Ok(Outcome::Refused)) => self.refused += 1,
            Ok(Ok(Outcome::Taken)) => self.taken += 1,
            Ok(Ok(Outcome::Waits)) => self.waits += 1,
            Ok(Err(text)) => self.fail(what, &text),
            Err(_) => self.fail(what, "a panic"),
        }
    }

    fn join(&mut self, other: &Self) {
        self.runs += other.runs;
        self.refused += other.refused;
        self.taken += other.taken;
        self.waits += other.waits;
        self.wrong += other.wrong;
        self.slow += other.slow;
        self.longest = self.longest.max(other.longest);
    }

    fn fail(&mut self, what: &str, text: &str) {
        self.wrong += 1;
        println!("{what} {}: {text}", self.runs);
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "runs": self.runs, "refused": self.refused, "taken": self.taken, "waiting": self.waits,
            "wrong": self.wrong, "over_1_s": self.slow,
            "longest_ms": u64::try_from(self.longest.as_millis()).unwrap_or(u64::MAX),
        })
    }

    fn print(&self, what: &str) {
        println!(
            "{} {what}: {} refused, {} taken, {} waiting, {} wrong, {} over 1 s, the longest {} ms",
            self.runs,
            self.refused,
            self.taken,
            self.waits,
            self.wrong,
            self.slow,
            self.longest.as_millis()
        );
    }
}

impl Vet {
    /// Runs them, a share on every core; whether nothing was wrong.
    pub fn run(&self, json: bool) -> bool {
        let began = Instant::now();
        let cores = std::thread::available_parallelism().map_or(1, |n| u64::try_from(n.get()).unwrap_or(1));
        let (mut changes, mut snapshots) = (Tally::default(), Tally::default());
        std::thread::scope(|scope| {
            let shares: Vec<_> = (0..cores).map(|n| scope.spawn(move || self.share(n, cores))).collect();
            for share in shares {
                let (c, s) = share.join().expect("what panics is counted, and caught");
                changes.join(&c);
                snapshots.join(&s);
            }
        });
        let (seconds, memory) = (began.elapsed().as_secs_f64(), memory_kib_max());
        if json {
            let line = serde_json::json!({
                "changes": changes.json(), "snapshots": snapshots.json(), "seconds": seconds,
                "memory_kib_max": memory,
            });
            println!("{line}");
        } else {
            changes.print("changes");
            snapshots.print("snapshots");
            println!("{seconds:.0} s, at most {memory} KiB of memory");
        }
        [&changes, &snapshots].iter().all(|t| t.wrong == 0 && t.slow == 0)
    }

    /// One core's part, from a seed of its own.
    fn share(&self, share: u64, shares: u64) -> (Tally, Tally) {
        let began = Instant::now();
        let of = |all: u64| all / shares + u64::from(share < all % shares);
        let mut vetting = Vetting::new(self.seed.wrapping_add(share));
        let (mut changes, mut snapshots) = (Tally::default(), Tally::default());
        for n in 1..=of(self.changes).max(of(self.snapshots)) {
            if n <= of(self.changes) {
                changes.add("change", || vetting.change());
            }
            if n <= of(self.snapshots) {
                snapshots.add("snapshot", || vetting.snapshot());
            }
            if n.is_multiple_of(100_000) {
                let (seconds, memory) = (began.elapsed().as_secs(), memory_kib_max());
                let _gone =
                    writeln!(std::io::stderr(), "core {share}: {n} in {seconds} s, at most {memory} KiB");
            }
        }
        (changes, snapshots)
    }
}

/// How long this thread has computed, where the system says so: on a busy machine the clock says less about a hang.
fn computed() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(text.split_whitespace().next()?.parse().ok()?))
}

/// The most memory that this process ever held, where the system says so; else 0.
fn memory_kib_max() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|l| l.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}

/// Every way in, with honest input, its corpus, and mutations of both.
#[derive(Args)]
pub struct Targets {
    /// Mutations of each honest input, and of each file of the corpus
    #[arg(long, default_value_t = 100)]
    mutations: u64,
    /// Where the corpora lie
    #[arg(long, default_value = "fuzz/corpus")]
    corpus: std::path::PathBuf,
    /// Decides the mutations
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Targets {
    /// Runs them; whether nothing was wrong.
    pub fn run(&self) -> Result<bool, String> {
        let mut wrong = 0u64;
        let honest = samples();
        for target in TARGETS {
            let of_target = honest.iter().filter(|(name, _)| *name == target.name);
            let of_target =
                of_target.enumerate().map(|(n, (_, bytes))| (format!("sample {n}"), bytes.clone()));
            let inputs: Vec<_> = of_target.chain(kept(&self.corpus.join(target.name))?).collect();
            let mut dice = Dice::new(self.seed, target.name);
            let mut runs = 0u64;
            for (name, bytes) in inputs {
                for n in 0..=self.mutations {
                    let input = if n == 0 { bytes.clone() } else { mutate_bytes(&mut dice, &bytes) };
                    runs += 1;
                    if std::panic::catch_unwind(|| (target.run)(&input)).is_err() {
                        wrong += 1;
                        println!("{}: {name} mutation {n} of seed {}", target.name, self.seed);
                    }
                }
            }
            println!("{}: {runs} inputs", target.name);
        }
        Ok(wrong == 0)
    }
}

/// What a fuzzer found once, by its file's name; a target of which nothing was found has no folder.
fn kept(folder: &std::path::Path) -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|file| file.ok().map(|f| f.path()))
        .collect();
    files.sort();
    let read = |path: std::path::PathBuf| {
        let bytes = std::fs::read(&path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
        Ok((path.display().to_string(), bytes))
    };
    files.into_iter().map(read).collect()
}
