//! A folder with everything that a story needs: people, a relay's data, a studio.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::house::root;
use crate::media::Studio;
use crate::peer::{Peer, string};
use crate::relay::Relay;

/// Gone with all that is in it when dropped.
pub struct World {
    folder: TempDir,
    /// Makes media in the world's folder.
    pub studio: Studio,
    machines: RefCell<BTreeMap<String, String>>,
}

impl World {
    /// An empty world.
    ///
    /// # Panics
    /// When there is no room for a temporary folder.
    #[expect(clippy::new_without_default, reason = "a world takes room on the disk")]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("there is room for a temporary folder");
        let studio = Studio::open(folder.path());
        Self { folder, studio, machines: RefCell::default() }
    }

    /// From now on, whoever has this name sits at a machine in this network namespace.
    pub fn seat(&self, name: &str, namespace: &str) {
        self.machines.borrow_mut().insert(name.to_owned(), namespace.to_owned());
    }

    /// A place in the world's folder.
    pub fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A relay with nothing in it.
    pub fn relay(&self) -> Relay {
        Relay::start(&self.place("relay"))
    }

    /// A person with an identity, and no workspace yet.
    pub fn person(&self, name: &str) -> Peer {
        let mut peer = Peer::at(self.folder.path(), name);
        if let Some(namespace) = self.machines.borrow().get(name) {
            peer = peer.in_namespace(namespace);
        }
        let (printed, org) = match name {
            "ada" => ("Ada Ackermann", "Studio Nord"),
            "bo" => ("Bo Ek", "Studio Nord"),
            "cy" => ("Cy Castell", "Velo AG"),
            other => (other, "Elsewhere"),
        };
        peer.run(&["init", "--name", printed, "--org", org]);
        peer
    }

    /// A person who owns the workspace `Spring campaign`, known to the relay.
    pub fn owner(&self, name: &str, relay: &Relay) -> Peer {
        let peer = self.person(name);
        peer.run(&["workspace", "create", "Spring campaign", "--relay", &relay.url]);
        peer.run(&["sync"]);
        peer
    }

    /// A person who joined by a link from `host`, and whom `host` knows.
    pub fn joined(&self, name: &str, host: &Peer, role: &str) -> Peer {
        let link = invite(host, role);
        let peer = self.person(name);
        peer.run(&["join", &link]);
        host.run(&["sync"]);
        peer
    }
}

/// A path as an argument.
///
/// # Panics
/// When it is not UTF-8, which places of a [`World`] are.
pub fn path(path: &std::path::Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

/// Ada's copy, `one.txt`, which Bo is asked to approve; `two.txt` is there for a second version. The relay lives as
/// long as its handle.
///
/// # Panics
/// When something of it fails.
pub fn copy_for_bo(world: &World) -> (Relay, Peer, Peer) {
    let relay = world.relay();
    let ada = world.owner("ada", &relay);
    let bo = world.joined("bo", &ada, "reviewer");
    for (name, text) in [("one.txt", "first words"), ("two.txt", "better words")] {
        std::fs::write(world.place(name), text).expect("there is room");
    }
    ada.run(&["asset", "add", path(&world.place("one.txt")), "--name", "Copy", "--category", "written"]);
    ada.run(&["asset", "assign", "Copy", "Bo Ek", "approver"]);
    meet(&[&ada, &bo]);
    (relay, ada, bo)
}

/// A link for one, known to the relay.
pub fn invite(host: &Peer, role: &str) -> String {
    let link = string(&host.run(&["invite", "--role", role]), "link");
    host.run(&["sync"]);
    link
}

/// Everybody exchanges what is new, until nobody has anything to give: what the
/// last one brought, the first ones have not.
pub fn meet(peers: &[&Peer]) {
    for peer in peers.iter().chain(peers) {
        peer.run(&["sync"]);
    }
}

/// Fields in which two machines may differ: who is asking, and what has been fetched.
const ASKERS_OWN: &[&str] = &["me", "this", "here"];

fn answer(peer: &Peer, args: &[&str]) -> Value {
    let mut answer = peer.run(args);
    // At the top, a role is the asker's.
    answer.as_object_mut().map(|fields| fields.remove("role"));
    without_askers_own(answer)
}

fn without_askers_own(mut value: Value) -> Value {
    match &mut value {
        Value::Object(fields) => {
            fields.retain(|name, _| !ASKERS_OWN.contains(&name.as_str()));
            fields.values_mut().for_each(|field| *field = without_askers_own(field.take()));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = without_askers_own(item.take())),
        _ => {}
    }
    value
}

/// All peers answer a command alike.
///
/// # Panics
/// When two answers differ, with both.
#[track_caller]
pub fn agree(peers: &[&Peer], args: &[&str]) -> Value {
    let mut answers = peers.iter().map(|peer| answer(peer, args));
    let first = answers.next().expect("somebody is asked");
    for (i, answer) in answers.enumerate() {
        assert_eq!(first, answer, "{args:?}: the first peer and peer {} differ", i + 2);
    }
    first
}

/// Asks until `holds`; each question is a process of its own, so nothing spins.
///
/// # Panics
/// When a minute passes.
#[track_caller]
pub fn until(what: &str, holds: impl Fn() -> bool) {
    until_within(Duration::from_secs(60), what, holds);
}

/// Asks until `holds`, for what takes longer than a minute.
///
/// # Panics
/// When the time has passed.
#[track_caller]
pub fn until_within(time: Duration, what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + time;
    while !holds() {
        assert!(Instant::now() < deadline, "in {time:?} it did not come true that {what}");
    }
}

/// Opens an exported document with the npm package of automerge: `heads` and `document`.
///
/// # Panics
/// When it does not open, or the package is not installed.
pub fn open_with_npm(file: &std::path::Path) -> Value {
    let script = root().join("tests/automerge-open.mjs");
    let output = Command::new("node").arg(script).arg(file).output().expect("node runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "automerge-open.mjs (`npm ci` in tests/ installs its package): {said}");
    serde_json::from_slice(&output.stdout).expect("the script prints JSON")
}
