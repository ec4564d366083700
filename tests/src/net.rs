//! Networks of their own: namespaces of the kernel, and the wires between them.
//!
//! Needs root and the program `ip` (package iproute2; `cargo xtask test` installs it).

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// Machines without any wire at first. Gone when dropped.
pub struct Machines {
    names: Vec<String>,
}

impl Machines {
    /// One per name, each with nothing but its loopback.
    ///
    /// # Panics
    /// When the kernel makes no namespaces for this user.
    pub fn new(names: &[&str]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let mark = format!("pr{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut machines = Self { names: Vec::new() };
        for name in names {
            let full = format!("{mark}-{name}");
            ip(&["netns", "add", &full]);
            machines.names.push(full.clone());
            ip(&["-n", &full, "link", "set", "lo", "up"]);
        }
        machines
    }

    /// The namespace of a machine, by its place in the list.
    pub fn name(&self, index: usize) -> &str {
        &self.names[index]
    }

    /// A wire between two machines: each end with an address, `10.1.0.1/30` for example.
    pub fn wire(&self, (a, a_address): (usize, &str), (b, b_address): (usize, &str)) {
        let ends = [format!("w{b}"), format!("w{a}")];
        let (at, to) = (self.name(a), self.name(b));
        ip(&["link", "add", &ends[0], "netns", at, "type", "veth", "peer", "name", &ends[1], "netns", to]);
        for (machine, end, address) in [(at, &ends[0], a_address), (to, &ends[1], b_address)] {
            set_up(machine, end, address);
        }
    }

    /// One more address of a machine, which others reach by a way they are told.
    pub fn address(&self, machine: usize, address: &str) {
        ip(&["-n", self.name(machine), "addr", "add", address, "dev", "lo"]);
    }

    /// A machine learns which way another address lies.
    pub fn way(&self, machine: usize, to: &str, by: &str) {
        ip(&["-n", self.name(machine), "route", "add", to, "via", by]);
    }

    /// Whether a machine reaches an address at all.
    pub fn reaches(&self, machine: usize, address: &str) -> bool {
        let asked = Command::new("ip").args(["-n", self.name(machine), "route", "get", address]).output();
        asked.expect("`ip` runs").status.success()
    }
}

impl Drop for Machines {
    fn drop(&mut self) {
        for name in &self.names {
            let _gone = Command::new("ip").args(["netns", "del", name]).status();
        }
    }
}

/// Gives an interface in a namespace its address, and switches it on.
pub(crate) fn set_up(machine: &str, interface: &str, address: &str) {
    ip(&["-n", machine, "addr", "add", address, "dev", interface]);
    ip(&["-n", machine, "link", "set", interface, "up"]);
}

#[track_caller]
pub(crate) fn ip(args: &[&str]) {
    let done = Command::new("ip").args(args).output().expect("`ip` runs (package iproute2)");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "ip {args:?} (these tests need root): {said}");
}
