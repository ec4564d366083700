//! Time, medians, memory: what is measured, and how it is printed.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use proofroom_ident::Millis;
use serde_json::Value;

/// The machine's clock, as entries claim it.
pub fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Milliseconds of a duration.
pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Runs `act` and says how many milliseconds it took.
pub fn timed<T>(act: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let out = act();
    (ms(start.elapsed()), out)
}

/// The value below which `share` of the samples lie.
pub fn quantile(samples: &[f64], share: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    let at = (0..=last).find(|i| (*i as f64) >= share * last as f64).unwrap_or(last);
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

/// The middle one.
pub fn median(samples: &[f64]) -> f64 {
    quantile(samples, 0.5)
}

/// Three figures, so that lines stay readable.
pub fn short(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let digits = (2.0 - value.abs().log10().floor()).clamp(0.0, 6.0);
    let scale = 10f64.powf(digits);
    (value * scale).round() / scale
}

/// A line of `/proc/PID/status` in KiB; `self` is a PID. Linux only.
pub fn memory_kib(pid: &str, field: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix(field)?.strip_prefix(':'));
    line.and_then(|l| l.split_whitespace().next()?.parse().ok()).unwrap_or(f64::NAN)
}

/// Processor time of a process's threads, in milliseconds. Linux only; by the scheduler's
/// clock, since ticks of 10 ms miss who works in short turns, or count them double.
pub fn cpu_ms(pid: u32) -> f64 {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let ns = tasks.filter_map(|task| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<f64>().ok()
    });
    ns.sum::<f64>() / 1e6
}

/// One JSON line for programs, one line for people.
pub fn report(line: &Value) {
    println!("{line}");
    let fields = line.as_object().into_iter().flatten();
    let words: Vec<String> =
        fields.map(|(k, v)| format!("{k} {}", v.to_string().trim_matches('"'))).collect();
    eprintln!("  {}", words.join("   "));
}
