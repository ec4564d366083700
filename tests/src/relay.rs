//! Processes that keep running: a relay, and a peer that watches.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::peer::{Peer, in_namespace, string};

/// How long a condition may take to come true before the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process whose lines of JSON are waited for. Killed when dropped.
pub struct Running {
    what: String,
    child: Child,
    lines: Receiver<Value>,
}

impl Running {
    /// Any command that keeps running.
    pub fn command(what: &str, command: &mut Command) -> Self {
        Self::start(what, command)
    }

    fn start(what: &str, command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("{what} did not start: {e}"));
        let lines = read_lines(child.stdout.take().expect("stdout was asked to be piped"));
        Self { what: what.to_owned(), child, lines }
    }

    /// A peer's `sync --watch`.
    pub fn watching(peer: &Peer) -> Self {
        Self::start(&format!("{} watching", peer.home().display()), &mut peer.command(&["sync", "--watch"]))
    }

    /// The next line for which `is` holds; the lines before it are passed over.
    ///
    /// # Panics
    /// When the process ends or a minute passes without one.
    #[track_caller]
    pub fn wait_for(&self, condition: &str, is: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = Vec::new();
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) if is(&line) => return line,
                Ok(line) => seen.push(line),
                Err(RecvTimeoutError::Timeout) => {
                    panic!("{}: no {condition} in time, only {seen:?}", self.what)
                }
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("{}: ended before {condition}: {seen:?}", self.what)
                }
            }
        }
    }

    /// Every line that came since the last one that was waited for.
    pub fn lines_so_far(&self) -> Vec<Value> {
        self.lines.try_iter().collect()
    }

    /// The most memory that the process ever held, in KiB; nothing where the system does not tell.
    pub fn memory_peak_kib(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end, and waits until it did.
    ///
    /// # Panics
    /// When it does not end well.
    pub fn stop(mut self) {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(asked.is_ok_and(|s| s.success()), "{}: it is there to be asked", self.what);
        let ended = self.child.wait().expect("a child that was asked ends");
        assert!(ended.success(), "{}: {ended}", self.what);
    }

    /// `kill -9`, and waits until the process is gone.
    pub fn kill(mut self) {
        self.child.kill().expect("a child can be killed");
        self.child.wait().expect("a killed child ends");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_lines(from: ChildStdout) -> Receiver<Value> {
    let (send, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let value = serde_json::from_str(&line).unwrap_or(Value::String(line));
            if send.send(value).is_err() {
                break;
            }
        }
    });
    lines
}

/// A relay with its data directory, which outlives the process.
pub struct Relay {
    /// Where peers reach it.
    pub url: String,
    device: String,
    data: PathBuf,
    process: Running,
}

impl Relay {
    /// Starts a relay on a port of the system's choice.
    pub fn start(data: &Path) -> Self {
        Self::with(data, None, &["--listen", "127.0.0.1:0"])
    }

    /// Starts a relay with these arguments, in a network namespace or in the test's own.
    pub fn with(data: &Path, net: Option<&str>, args: &[&str]) -> Self {
        let mut command = in_namespace(net);
        command.args(["--json", "relay", "--data"]).arg(data).args(args);
        let process = Running::start("relay", &mut command);
        let first = process.wait_for("address", |line| line["url"].is_string());
        Self {
            url: string(&first, "url"),
            device: string(&first, "device"),
            data: data.to_path_buf(),
            process,
        }
    }

    /// Its key.
    pub fn device(&self) -> String {
        self.device.clone()
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// The most memory that it ever held, in KiB; nothing where the system does not tell.
    pub fn memory_peak_kib(&self) -> Option<u64> {
        self.process.memory_peak_kib()
    }

    /// A counter of its metrics.
    ///
    /// # Panics
    /// When it does not answer, or has no such counter.
    pub fn metric(&self, name: &str) -> u64 {
        let address = self.url.trim_start_matches("ws://");
        let mut stream = std::net::TcpStream::connect(address).expect("the relay listens");
        let request = format!("GET /metrics HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("it takes a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let line = answer.lines().find(|line| line.starts_with(&format!("{name} ")));
        let value = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
        value.unwrap_or_else(|| panic!("no metric {name} in {answer}"))
    }

    /// Everything that the relay keeps.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// `kill -9`.
    pub fn kill(self) -> Stopped {
        self.process.kill();
        let listen = self.url.trim_start_matches("ws://").split('/').next().unwrap_or_default().to_owned();
        Stopped { listen, data: self.data }
    }
}

/// A relay that was killed: its data and its place.
pub struct Stopped {
    listen: String,
    data: PathBuf,
}

impl Stopped {
    /// The same data at the same place again.
    pub fn restart(self) -> Relay {
        Relay::with(&self.data, None, &["--listen", &self.listen])
    }
}
