//! A peer that stays: `proofroom up`, on a loopback address of its own.

use serde_json::Value;

use crate::peer::{Peer, string};
use crate::relay::Running;

/// A running `proofroom up`. Killed when dropped.
pub struct Up<'a> {
    peer: &'a Peer,
    running: Running,
    first: Value,
}

impl<'a> Up<'a> {
    /// Starts it on an address of its own, with no eyes for the local network.
    ///
    /// # Panics
    /// When it ends instead.
    #[track_caller]
    pub fn on(peer: &'a Peer, ip: &str) -> Self {
        Self::with(peer, &["up", "--listen", &format!("{ip}:0"), "--no-nearby", "--no-web"])
    }

    /// Starts it with these arguments.
    ///
    /// # Panics
    /// When it ends instead.
    #[track_caller]
    pub fn with(peer: &'a Peer, args: &[&str]) -> Self {
        Self::started(peer, args, peer.command(args))
    }

    /// Starts it with these arguments, on a machine whose clock stands at a time.
    ///
    /// # Panics
    /// When it ends instead.
    #[track_caller]
    pub fn at(peer: &'a Peer, time_ms: u64, args: &[&str]) -> Self {
        let mut command = peer.command(args);
        command.env("PROOFROOM_CLOCK_MS", time_ms.to_string());
        Self::started(peer, args, command)
    }

    #[track_caller]
    fn started(peer: &'a Peer, args: &[&str], mut command: std::process::Command) -> Self {
        let running = Running::command(&format!("{} {args:?}", peer.home().display()), &mut command);
        let first = running.wait_for("first line", |line| line["event"] == "up");
        Self { peer, running, first }
    }

    /// Where it serves the review app, if it does.
    pub fn web(&self) -> Option<&str> {
        self.first["web"].as_str()
    }

    /// Where it is reached.
    pub fn ticket(&self) -> String {
        string(&self.peer.run(&["peers", "ticket"]), "ticket")
    }

    /// The next event for which `is` holds.
    ///
    /// # Panics
    /// When a minute passes without one.
    #[track_caller]
    pub fn wait_for(&self, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        self.running.wait_for(what, is)
    }

    /// Every line that came since the last one that was waited for.
    pub fn lines_so_far(&self) -> Vec<Value> {
        self.running.lines_so_far()
    }

    /// What it says of everybody it knows.
    pub fn peers(&self) -> Value {
        self.peer.run(&["peers"])
    }

    /// Ends it as a service manager does.
    ///
    /// # Panics
    /// When it does not end well.
    pub fn stop(self) {
        self.running.stop();
    }

    /// `kill -9`.
    pub fn kill(self) {
        self.running.kill();
    }

    /// The most memory that it ever held, in KiB; nothing where the system does not tell.
    pub fn memory_peak_kib(&self) -> Option<u64> {
        self.running.memory_peak_kib()
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.running.pid()
    }
}

/// What `peers` says of another device, by the printed name of whose it is.
///
/// # Panics
/// When nobody has that name.
#[track_caller]
pub fn with<'v>(peers: &'v Value, name: &str) -> &'v Value {
    let all = peers["peers"].as_array().expect("peers are listed");
    all.iter().find(|p| p["name"] == name).unwrap_or_else(|| panic!("no {name} in {peers}"))
}

/// Whether a path to somebody is up and their one workspace in sync.
pub fn in_sync_with(peers: &Value, name: &str) -> bool {
    let other = with(peers, name);
    other["linked"] == true && other["workspaces"][0]["state"] == "in_sync"
}
