//! Processes that are killed (-9) at random moments, over and over: nothing that was acknowledged is lost,
//! nothing was sent before it was durable, and every store opens again.
//!
//! `PROOFROOM_SOAK=1` (`cargo xtask soak kills`) kills a thousand times.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use proofroom_tests::peer::{Peer, list, string};
use proofroom_tests::world::{World, agree, meet};

fn rounds() -> usize {
    if std::env::var_os("PROOFROOM_SOAK").is_some() { 1_000 } else { 30 }
}

/// A moment at random within a time.
fn moment(within: Duration) -> Duration {
    let mut random = [0; 2];
    File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut random)).expect("randomness");
    within.mul_f64(f64::from(u16::from_le_bytes(random)) / 65_536.0)
}

/// Starts a command; unless it ended by then, `strike` is called at a moment. How it ended.
fn struck(mut command: Command, at: Duration, strike: impl FnOnce(u32)) -> ExitStatus {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
    let pid = child.id();
    let (tell, told) = channel();
    let waiter = std::thread::spawn(move || {
        let ended = child.wait().expect("it ends");
        // Nobody listens any more if it was struck.
        _ = tell.send(());
        ended
    });
    if told.recv_timeout(at).is_err() {
        strike(pid);
    }
    waiter.join().expect("it was waited for")
}

fn kill(pid: u32) {
    Command::new("kill").args(["-9", &pid.to_string()]).status().expect("kill runs");
}

fn texts(peer: &Peer) -> BTreeSet<String> {
    let listed = peer.run(&["comment", "list", "Hero"]);
    list(&listed, "comments").iter().map(|c| string(c, "body")).collect()
}

fn timed(peer: &Peer, args: &[&str]) -> Duration {
    let began = Instant::now();
    peer.run(args);
    began.elapsed()
}

#[test]
fn nothing_acknowledged_is_lost_however_often_writers_exchanges_and_the_relay_are_killed() {
    let world = World::new();
    let mut relay = world.relay();
    let ada = world.owner("ada", &relay);
    let bo = world.joined("bo", &ada, "reviewer");
    let photo = world.studio.photo_jpeg("hero.jpg", 1);
    ada.run(&["asset", "add", &photo.to_string_lossy(), "--name", "Hero", "--category", "visual"]);
    let write = timed(&ada, &["comment", "add", "Hero", "the first one"]);
    let exchange = timed(&ada, &["sync"]);
    meet(&[&ada, &bo]);
    let mut acknowledged = BTreeSet::from(["the first one".to_owned()]);
    let (mut writers, mut exchanges, mut relays) = (0, 0, 0);
    for n in 0..rounds() {
        let text = format!("remark {n}");
        let say = ["comment", "add", "Hero", &text];
        if n % 3 == 0 {
            let ended = struck(ada.command(&say), moment(write), kill);
            writers += usize::from(ended.code().is_none());
            if ended.success() {
                acknowledged.insert(text);
            }
        } else {
            ada.run(&say);
            acknowledged.insert(text);
        }
        if n % 3 == 1 {
            let ended = struck(ada.command(&["sync"]), moment(exchange), kill);
            exchanges += usize::from(ended.code().is_none());
        }
        if n % 3 == 2 {
            let pid = relay.pid();
            struck(ada.command(&["sync"]), moment(exchange), |_| kill(pid));
            relays += 1;
            relay = relay.kill().restart();
        }
        let held = texts(&ada);
        let lost: Vec<&String> = acknowledged.difference(&held).collect();
        assert!(lost.is_empty(), "after kill {n}, {lost:?} are lost");
        if n % 5 == 4 {
            bo.run(&["sync"]);
            let heard = texts(&bo);
            let early: Vec<&String> = heard.difference(&held).collect();
            assert!(early.is_empty(), "after kill {n}, bo has {early:?}, and ada has not");
        }
    }
    meet(&[&ada, &bo]);
    agree(&[&ada, &bo], &["comment", "list", "Hero"]);
    assert!(texts(&bo).is_superset(&acknowledged));
    for peer in [&ada, &bo] {
        assert_eq!(peer.run(&["log", "--verify"])["problems"], serde_json::json!([]));
    }
    eprintln!(
        "killed in the middle: {writers} writers, {exchanges} exchanges, and {relays} times the relay; \
         {} remarks acknowledged, none lost",
        acknowledged.len()
    );
    assert!(writers > 0 && exchanges > 0, "some were killed before they ended");
}
