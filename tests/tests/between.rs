//! A large file between two peers that are killed, over and over.
//!
//! `PROOFROOM_SOAK=1` (`cargo xtask soak between`) runs it at full size.

use std::fs::{self, File};
use std::io::{Read as _, copy};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use proofroom_tests::liar::Liar;
use proofroom_tests::peer::{Peer, list};
use proofroom_tests::up::{Up, with};
use proofroom_tests::world::{World, until, until_within};
use serde_json::Value;

const BO: &str = "Bo Ek";
const KILLS: u8 = 5;
/// For a part of gigabytes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(900);
/// What may be asked for and unanswered at a time: the group of slices that a kill may send twice.
const WINDOW_BYTES: u64 = 4 << 20;
const MEMORY_KIB_MAX: u64 = 100 << 10;
/// One bit stands for so much, behind eight bytes.
const GROUP_BYTES: u64 = 16 << 10;

fn size() -> u64 {
    if std::env::var_os("PROOFROOM_SOAK").is_some() { 4 << 30 } else { 128 << 20 }
}

fn noise(path: &Path, bytes: u64) {
    let source = File::open("/dev/urandom").expect("the system has randomness");
    copy(&mut source.take(bytes), &mut File::create(path).expect("there is room")).expect("there is room");
}

fn digest(path: &Path) -> String {
    let done = std::process::Command::new("sha256sum").arg(path).output().expect("sha256sum runs");
    String::from_utf8_lossy(&done.stdout).split_whitespace().next().unwrap_or_default().to_owned()
}

/// How much of half-fetched blobs is below a folder.
fn half_held(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|f| f.path());
    let bits = |path: PathBuf| match path.is_dir() {
        true => half_held(&path),
        false if path.extension().is_some_and(|e| e == "part-held") => {
            let bytes = fs::read(path).unwrap_or_default();
            bytes.iter().skip(8).map(|b| u64::from(b.count_ones())).sum::<u64>() * GROUP_BYTES
        }
        false => 0,
    };
    files.map(bits).sum()
}

fn is_here(peer: &Peer) -> bool {
    list(&peer.run(&["blobs", "status"]), "files").iter().all(|f| f["state"] == "here")
}

/// What went out to bo, in this life of ada's process.
fn sent(seen: &Value) -> u64 {
    with(seen, BO)["workspaces"][0]["parts_sent_bytes"].as_u64().expect("a count")
}

/// Five moments at random, in order, as parts of the whole.
fn moments() -> Vec<f64> {
    let mut source = File::open("/dev/urandom").expect("the system has randomness");
    let mut random = [0; 2 * KILLS as usize];
    source.read_exact(&mut random).expect("randomness");
    let mut out: Vec<f64> =
        random.chunks(2).map(|two| f64::from(u16::from_le_bytes([two[0], two[1]])) / 65_536.0).collect();
    out.sort_by(f64::total_cmp);
    // The last kill must still find something to interrupt.
    out.into_iter().map(|part| 0.02 + part * 0.9).collect()
}

#[test]
fn a_large_file_passes_between_two_peers_that_are_both_killed_five_times_at_random() {
    let world = World::new();
    let relay = world.relay();
    let ada = world.owner("ada", &relay);
    let bo = world.joined("bo", &ada, "reviewer");
    // The relay never holds the file: between the peers, there is only the line between them.
    drop(relay);
    for peer in [&ada, &bo] {
        peer.run(&["workspace", "relay", "--none"]);
    }
    let (film, bytes) = (world.place("film.mov"), size());
    noise(&film, bytes);
    ada.run(&["asset", "add", &film.to_string_lossy(), "--name", "Film", "--category", "video"]);
    let place = bo.home().join("blobs");
    let moments = moments();
    let (mut total, mut peaks) = (0, [0, 0]);
    let began = Instant::now();
    for life in 0..=KILLS {
        let up = Up::on(&ada, "127.0.0.1");
        let there = Up::on(&bo, "127.0.0.2");
        bo.run(&["peers", "add", &up.ticket()]);
        match moments.get(usize::from(life)) {
            Some(part) => {
                let half = || half_held(&place) as f64 >= bytes as f64 * part;
                until_within(PATIENCE, "the next part of it is here", half)
            }
            None => until_within(PATIENCE, "all of it is here", || is_here(&bo)),
        }
        for (peak, running) in peaks.iter_mut().zip([&up, &there]) {
            *peak = (*peak).max(running.memory_peak_kib().unwrap_or_default());
        }
        there.kill();
        // Bo is gone: what ada sent by now either arrived or goes once more.
        total += sent(&up.peers());
        up.kill();
    }
    let took = began.elapsed();
    bo.run(&["export", "Film", "--to", &world.place("out").to_string_lossy()]);
    assert_eq!(digest(&film), digest(&world.place("out").join("film.mov")), "every byte is equal");
    let twice = total.saturating_sub(bytes);
    eprintln!(
        "{bytes} bytes between two peers, both killed {KILLS} times, after {moments:.2?} of it: {took:.1?}; \
         {twice} bytes sent twice; peak memory {peaks:?} KiB (sender, receiver)"
    );
    assert!(total >= bytes, "{total} of {bytes} were sent");
    assert!(twice <= u64::from(KILLS) * WINDOW_BYTES, "{twice} bytes were sent twice");
    assert!(peaks.iter().all(|kib| *kib < MEMORY_KIB_MAX), "{peaks:?} KiB");
}

#[test]
fn one_of_three_sources_lies_and_the_file_arrives_all_the_same() {
    let world = World::new();
    let relay = world.relay();
    let ada = world.owner("ada", &relay);
    let bo = world.joined("bo", &ada, "reviewer");
    let cy = world.joined("cy", &ada, "reviewer");
    let film = world.place("film.mov");
    noise(&film, 48 << 20);
    ada.run(&["asset", "add", &film.to_string_lossy(), "--name", "Film", "--category", "video"]);
    ada.run(&["sync"]);
    cy.run(&["sync"]);
    // Between bo and the relay, one byte is another one. Ada and cy are met directly, and send what they have.
    let liar = Liar::flipping(&relay.url, 1 << 20);
    bo.run(&["workspace", "relay", &liar.url]);
    let first = Up::on(&ada, "127.0.0.1");
    let second = Up::on(&cy, "127.0.0.3");
    for up in [&first, &second] {
        bo.run(&["peers", "add", &up.ticket()]);
    }
    // Slow enough for all three to have a part in it.
    bo.run(&["blobs", "policy", "all", "--receive", "6M"]);
    let there = Up::on(&bo, "127.0.0.2");
    let named = there.wait_for("the liar's name", |line| line["event"] == "lied");
    assert!(named["device"].as_str().is_some_and(|device| device.len() == 64), "{named}");
    until("the film is at bo's", || is_here(&bo));
    bo.run(&["export", "Film", "--to", &world.place("out").to_string_lossy()]);
    assert_eq!(digest(&film), digest(&world.place("out").join("film.mov")), "every byte is equal");
    let seen = there.peers();
    let from = |peer: &Up<'_>| sent(&peer.peers());
    eprintln!(
        "48 MiB of three sources, one of which lies: {} from ada, {} from cy",
        from(&first),
        from(&second)
    );
    assert!(from(&first) > 0 && from(&second) > 0, "both honest ones had a part in it: {seen}");
}
