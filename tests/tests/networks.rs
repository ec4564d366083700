//! Networks as they are: machines that cannot reach each other, and lines that are slow.

use std::fs::File;
use std::io::{Read as _, copy};
use std::path::Path;
use std::time::{Duration, Instant};

use proofroom_tests::line::Line;
use proofroom_tests::net::Machines;
use proofroom_tests::peer::{Peer, list};
use proofroom_tests::relay::{Relay, Running};
use proofroom_tests::up::{Up, in_sync_with, with};
use proofroom_tests::world::{World, until};

const ADA: &str = "Ada Ackermann";
const BO: &str = "Bo Ek";

fn soak() -> bool {
    std::env::var_os("PROOFROOM_SOAK").is_some()
}

fn noise(path: &Path, bytes: u64) {
    let source = File::open("/dev/urandom").expect("the system has randomness");
    let mut file = File::create(path).expect("there is room");
    copy(&mut source.take(bytes), &mut file).expect("there is room");
}

fn add(ada: &Peer, file: &Path, name: &str) {
    ada.run(&["asset", "add", &file.to_string_lossy(), "--name", name, "--category", "video"]);
}

fn comments(peer: &Peer, asset: &str) -> usize {
    list(&peer.run(&["comment", "list", asset]), "comments").len()
}

fn files_here(peer: &Peer) -> usize {
    list(&peer.run(&["blobs", "status"]), "files").iter().filter(|f| f["state"] == "here").count()
}

#[test]
fn peers_that_cannot_reach_each_other_meet_through_the_relay() {
    // Ada and bo each have a wire to the relay's machine, which forwards nothing.
    let machines = Machines::new(&["ada", "bo", "relay"]);
    machines.wire((0, "10.77.1.2/30"), (2, "10.77.1.1/30"));
    machines.wire((1, "10.77.2.2/30"), (2, "10.77.2.1/30"));
    machines.address(2, "10.77.0.1/32");
    machines.way(0, "10.77.0.1", "10.77.1.1");
    machines.way(1, "10.77.0.1", "10.77.2.1");
    assert!(machines.reaches(0, "10.77.0.1") && !machines.reaches(0, "10.77.2.2"));
    assert!(machines.reaches(1, "10.77.0.1") && !machines.reaches(1, "10.77.1.2"));

    let world = World::new();
    let relay = Relay::with(
        &world.place("relay"),
        Some(machines.name(2)),
        &["--listen", "10.77.0.1:4747", "--iroh-relay"],
    );
    ["ada", "bo", "cy"].iter().zip([0, 1, 1]).for_each(|(who, at)| world.seat(who, machines.name(at)));
    let ada = world.owner("ada", &relay);
    let bo = world.joined("bo", &ada, "reviewer");
    let film = world.place("film.mov");
    noise(&film, 3 << 20);
    add(&ada, &film, "Film");
    // From here on, the relay carries packets for them and nothing else.
    for peer in [&ada, &bo] {
        peer.run(&["workspace", "relay", "--none"]);
    }
    let packets = ["--no-nearby", "--iroh-relay", "http://10.77.0.1:4747"];
    let at = |ip: &'static str| [&["up", "--listen", ip], &packets[..]].concat();
    let (up, there) = (Up::with(&ada, &at("10.77.1.2:0")), Up::with(&bo, &at("10.77.2.2:0")));
    bo.run(&["peers", "add", &up.ticket()]);
    until("they meet", || in_sync_with(&up.peers(), BO) && in_sync_with(&there.peers(), ADA));
    for (seen, other) in [(up.peers(), BO), (there.peers(), ADA)] {
        assert_eq!(with(&seen, other)["path"], "relay", "{seen}");
    }
    until("the film is at bo's", || files_here(&bo) == 1);
    bo.run(&["comment", "add", "Film", "Seen from far away"]);
    until("bo's comment is at ada's", || comments(&ada, "Film") == 1);

    // Who is no member of anything that the relay holds has no use of it.
    let cy = world.person("cy");
    let nobody = Up::with(&cy, &["up", "--no-nearby", "--iroh-relay", "http://10.77.0.1:4747"]);
    ada.run(&["comment", "add", "Film", "And back"]);
    until("ada's comment is at bo's", || comments(&bo, "Film") == 2);
    nobody.stop();
    up.stop();
    there.stop();
}

/// A line of 1 Mbit/s with 200 ms there and back, on which one packet of fifty is lost.
const SLOW: Line = Line {
    bits_per_s: 1_000_000,
    delay: Duration::from_millis(100),
    lost_per_mille: 20,
    queue_bytes: 64 << 10,
    seed: 7,
};

/// Ada comments while a film travels; says how many round trips each took.
fn remarks_on_the_way(ada: &Peer, there: &dyn Fn(), round_trip: Duration) -> Vec<f64> {
    let count = if soak() { 20 } else { 4 };
    let mut took = Vec::new();
    for i in 0..count {
        let began = Instant::now();
        ada.run(&["comment", "add", "Film", &format!("Remark {i}")]);
        there();
        took.push(began.elapsed().as_secs_f64() / round_trip.as_secs_f64());
    }
    took.sort_by(f64::total_cmp);
    took
}

fn tell(what: &str, took: &[f64], counts: [u64; 3]) {
    let [passed, lost, dropped] = counts;
    eprintln!(
        "{what}, 1 Mbit/s, 200 ms, 2 %: {} remarks during a transfer took {:.1} round trips (median), {:.1} (worst); \
         {passed} packets passed, {lost} were lost, {dropped} found no room",
        took.len(),
        took[took.len() / 2],
        took[took.len() - 1],
    );
    // How long something takes is judged where nobody else uses the machine.
    assert!(!soak() || took[took.len() / 2] <= 3.0, "{took:?} round trips");
}

#[test]
fn a_comment_passes_a_large_file_on_a_slow_line_between_peers() {
    let machines = Machines::new(&["ada", "bo"]);
    let world = World::new();
    let relay = world.relay();
    let ada = world.owner("ada", &relay);
    let bo = world.joined("bo", &ada, "reviewer");
    drop(relay);
    let film = world.place("film.mov");
    noise(&film, 64 << 20);
    add(&ada, &film, "Film");
    let line = SLOW.draw(&machines, (0, "10.78.0.1/30"), (1, "10.78.0.2/30"));
    let (ada, bo) = (ada.in_namespace(machines.name(0)), bo.in_namespace(machines.name(1)));
    let up = Up::on(&ada, "10.78.0.1");
    let there = Up::on(&bo, "10.78.0.2");
    bo.run(&["peers", "add", &up.ticket()]);
    there.wait_for("the film's version", |line| line["event"] == "received");
    let place = bo.home().join("blobs");
    until("the film travels", || bytes_below(&place) > 0);
    drop(there.lines_so_far());
    let arrived = || drop(there.wait_for("the comment", |line| line["event"] == "received"));
    let took = remarks_on_the_way(&ada, &arrived, SLOW.delay * 2);
    assert_eq!(files_here(&bo), 0, "the film is still under way");
    tell("between peers", &took, line.counts());
    up.kill();
    there.kill();
}

#[test]
fn a_comment_passes_a_large_file_on_a_slow_line_to_a_relay() {
    let machines = Machines::new(&["ada", "relay"]);
    let line = SLOW.draw(&machines, (0, "10.79.0.1/30"), (1, "10.79.0.2/30"));
    let world = World::new();
    world.seat("ada", machines.name(0));
    world.seat("bo", machines.name(1));
    let relay = Relay::with(&world.place("relay"), Some(machines.name(1)), &["--listen", "10.79.0.2:4747"]);
    let ada = world.owner("ada", &relay);
    let bo = world.joined("bo", &ada, "reviewer");
    let film = world.place("film.mov");
    noise(&film, 64 << 20);
    add(&ada, &film, "Film");
    let watching = Running::watching(&ada);
    let there = Running::watching(&bo);
    there.wait_for("the film's version", |line| line["event"] == "received");
    let place = relay.data().join("blobs");
    until("the film travels", || bytes_below(&place) > 0);
    drop(there.lines_so_far());
    let arrived = || drop(there.wait_for("the comment", |line| line["event"] == "received"));
    let took = remarks_on_the_way(&ada, &arrived, SLOW.delay * 2);
    assert_eq!(files_here(&bo), 0, "the film is still under way");
    tell("to a relay", &took, line.counts());
    watching.kill();
    there.kill();
}

fn bytes_below(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|f| f.path());
    files
        .map(|path| if path.is_dir() { bytes_below(&path) } else { path.metadata().map_or(0, |m| m.len()) })
        .sum()
}
