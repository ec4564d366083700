//! `cargo xtask test`.

use std::io::{BufRead as _, BufReader, IsTerminal as _};
use std::process::{Command, Stdio};

use clap::Args;

use crate::run::{Done, build_proofroom, program, words};
use crate::tools;

/// Every test but the benches.
#[derive(Args)]
pub struct Test {
    /// Handed to nextest instead of the whole workspace, e.g. `-p proofroom-tests story`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    only: Vec<String>,
}

impl Test {
    /// Installs, builds, runs, counts.
    pub fn run(self) -> Done {
        tools::system_programs()?;
        tools::node_modules()?;
        tools::python()?;
        let nextest = tools::nextest()?;
        build_proofroom()?;
        let mut run = program(nextest);
        run.args(["nextest", "run", "--no-fail-fast", "--config-file", "tests/nextest.toml"]);
        if self.only.is_empty() {
            run.args(["--workspace", "--exclude", "proofroom-benches"]);
        } else {
            run.args(&self.only);
        }
        let (count, success) = run_and_count(&mut run)?;
        println!("{} passed, {} failed", count.passed, count.failed);
        if success && count.failed == 0 { Ok(()) } else { Err("the tests did not pass".into()) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Count {
    passed: u64,
    failed: u64,
}

/// Runs nextest, passes its output through, and reads the count from its summary.
fn run_and_count(run: &mut Command) -> Done<(Count, bool)> {
    eprintln!("$ {}", words(run));
    run.args(["--color", if std::io::stderr().is_terminal() { "always" } else { "never" }]);
    let mut child =
        run.stderr(Stdio::piped()).spawn().map_err(|e| format!("nextest could not be started: {e}"))?;
    let output = child.stderr.take().expect("stderr was asked to be piped");
    let mut count = None;
    for line in BufReader::new(output).split(b'\n') {
        let line = line.map_err(|e| format!("nextest's output could not be read: {e}"))?;
        let line = String::from_utf8_lossy(&line);
        eprintln!("{line}");
        count = summary(&line).or(count);
    }
    let status = child.wait().map_err(|e| format!("nextest was lost: {e}"))?;
    let count = count.ok_or_else(|| format!("nextest ended without a summary: {status}"))?;
    Ok((count, status.success()))
}

/// Reads `Summary [ 1.234s] 12 tests run: 11 passed (1 slow), 1 failed, 3 skipped`.
fn summary(line: &str) -> Option<Count> {
    let plain = without_colours(line);
    let (_, counts) = plain.trim_start().strip_prefix("Summary [")?.split_once(" run: ")?;
    let mut count = Count { passed: 0, failed: 0 };
    for part in counts.split(", ") {
        let mut words = part.split_whitespace();
        let Some(number) = words.next().and_then(|n| n.parse::<u64>().ok()) else { continue };
        match words.next() {
            Some("passed") => count.passed += number,
            Some("skipped") | None => {}
            // failed, timed out, exec failed: none of them passed.
            Some(_) => count.failed += number,
        }
    }
    Some(count)
}

fn without_colours(line: &str) -> String {
    let mut plain = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = after.split_once('m').map_or("", |(_, after)| after);
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::{Count, summary};

    #[test]
    fn a_summary_is_counted_honestly() {
        let cases = [
            ("     Summary [   0.010s] 12 tests run: 12 passed, 0 skipped", Some((12, 0))),
            (
                "     Summary [   9.1s] 5 tests run: 3 passed (1 slow), 1 failed, 1 timed out, 2 skipped",
                Some((3, 2)),
            ),
            ("     Summary [   9.1s] 3/5 tests run: 2 passed, 1 exec failed, 0 skipped", Some((2, 1))),
            (
                "\u{1b}[32;1m     Summary\u{1b}[0m [   0.1s] \u{1b}[1m1\u{1b}[0m test run: \u{1b}[1m1\u{1b}[0m \u{1b}[32;1mpassed\u{1b}[0m, 0 skipped",
                Some((1, 0)),
            ),
            ("        PASS [   0.004s] xtask::bin/xtask a_summary", None),
        ];
        for (line, want) in cases {
            let want = want.map(|(passed, failed)| Count { passed, failed });
            assert_eq!(summary(line), want, "{line}");
        }
    }
}
