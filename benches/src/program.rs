//! The built `proofroom`, run as people run it.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

/// The program beside this one.
pub fn proofroom() -> PathBuf {
    let this = std::env::current_exe().expect("a program knows its own file");
    let binary = this.with_file_name(format!("proofroom{}", std::env::consts::EXE_SUFFIX));
    assert!(binary.is_file(), "build it first: cargo build --release -p proofroom-node");
    binary
}

fn command(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(proofroom());
    command.arg("--home").arg(home).arg("--json").args(args).stdin(Stdio::null());
    for name in ["PROOFROOM_HOME", "PROOFROOM_PASSPHRASE", "PROOFROOM_WORKSPACE", "PROOFROOM_CA"] {
        command.env_remove(name);
    }
    command
}

/// Runs a command that must succeed; what it printed.
pub fn call(home: &Path, args: &[&str]) -> Value {
    let output = command(home, args).output().expect("it starts");
    let said = || String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "proofroom {args:?}: {}", said());
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

/// A command that keeps running. Killed when dropped.
pub struct Staying {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Staying {
    /// Starts it in a home.
    pub fn start(home: &Path, args: &[&str]) -> Self {
        Self::of(&mut command(home, args))
    }

    /// A relay with its data in a folder, and what it said of itself.
    pub fn relay(data: &Path) -> (Self, Value) {
        let mut command = Command::new(proofroom());
        command.args(["--json", "relay", "--listen", "127.0.0.1:0", "--data"]).arg(data).stdin(Stdio::null());
        let mut relay = Self::of(command.stderr(Stdio::null()));
        let first = relay.wait_for(|line| line["url"].is_string());
        (relay, first)
    }

    fn of(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("stdout was asked to be piped"));
        Self { child, lines }
    }

    /// The next line of JSON for which `is` holds.
    pub fn wait_for(&mut self, is: impl Fn(&Value) -> bool) -> Value {
        let mut line = String::new();
        loop {
            line.clear();
            let read = self.lines.read_line(&mut line).expect("its output can be read");
            assert!(read > 0, "it ended instead");
            match serde_json::from_str(&line) {
                Ok(value) if is(&value) => return value,
                _ => {}
            }
        }
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Staying {
    fn drop(&mut self) {
        // It may have ended by itself.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
