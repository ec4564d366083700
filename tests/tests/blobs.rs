//! Files between processes that are killed, lied to, and run out of disk.
//!
//! `PROOFROOM_SOAK=1` (`cargo xtask soak blobs`) runs them at full size.

use std::fs::{self, File};
use std::io::{Read as _, copy};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use proofroom_tests::liar::Liar;
use proofroom_tests::peer::{Peer, list, string};
use proofroom_tests::relay::{Relay, Running};
use proofroom_tests::world::{World, until};
use serde_json::Value;

/// What may be asked for and unanswered at a time: the most that a kill sends twice.
const WINDOW_BYTES: u64 = 4 << 20;
const KILLS: u64 = 5;

fn soak() -> bool {
    std::env::var_os("PROOFROOM_SOAK").is_some()
}

fn size(full: u64, short: u64) -> u64 {
    if soak() { full } else { short }
}

/// A file of bytes that nothing compresses.
fn noise(path: &Path, bytes: u64) {
    let source = File::open("/dev/urandom").expect("the system has randomness");
    let mut file = File::create(path).expect("there is room");
    copy(&mut source.take(bytes), &mut file).expect("there is room");
}

fn same(a: &Path, b: &Path) -> bool {
    let (mut a, mut b) = (File::open(a).expect("there"), File::open(b).expect("there"));
    let (mut x, mut y) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    loop {
        let n = a.read(&mut x).expect("readable");
        if n == 0 {
            return b.read(&mut y).expect("readable") == 0;
        }
        if b.read_exact(&mut y[..n]).is_err() || x[..n] != y[..n] {
            return false;
        }
    }
}

/// How much of half-fetched blobs is below a folder: one bit per 16 KiB, behind eight bytes.
fn half_held(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|f| f.path());
    let bits = |path: PathBuf| -> u64 {
        match path.is_dir() {
            true => half_held(&path),
            false if path.extension().is_some_and(|e| e == "part-held") => {
                let bytes = fs::read(path).unwrap_or_default();
                bytes.iter().skip(8).map(|b| u64::from(b.count_ones())).sum::<u64>() << 14
            }
            false => 0,
        }
    };
    files.map(bits).sum()
}

fn whole_held(peer: &Peer) -> u64 {
    list(&peer.run(&["blobs", "status"]), "files").iter().filter(|f| f["state"] == "here").count() as u64
}

fn add(ada: &Peer, file: &Path, name: &str) -> Value {
    ada.run(&["asset", "add", &file.to_string_lossy(), "--name", name, "--category", "video"])
}

struct Stage {
    world: World,
    relay: Relay,
    ada: Peer,
    bo: Peer,
}

fn stage() -> Stage {
    let world = World::new();
    let relay = world.relay();
    let ada = world.owner("ada", &relay);
    let bo = world.joined("bo", &ada, "reviewer");
    Stage { world, relay, ada, bo }
}

#[test]
fn a_large_file_arrives_whole_although_both_ends_are_killed_five_times() {
    let Stage { world, mut relay, ada, bo } = stage();
    let bytes = size(4 << 30, 96 << 20);
    let film = world.place("film.mov");
    noise(&film, bytes);
    add(&ada, &film, "Film");
    // Upwards: the sender and the relay are killed at the same time.
    let began = Instant::now();
    let mut memory = [0, 0];
    let note = |memory: &mut [u64; 2], watching: &Running, relay: &Relay| {
        let now = [watching.memory_peak_kib(), relay.memory_peak_kib()].map(Option::unwrap_or_default);
        *memory = [memory[0].max(now[0]), memory[1].max(now[1])];
    };
    for kill in 1..=KILLS {
        let watching = Running::watching(&ada);
        let place = relay.data().join("blobs");
        until("the next part of it is there", || half_held(&place) >= bytes / (KILLS + 1) * kill);
        note(&mut memory, &watching, &relay);
        watching.kill();
        relay = relay.kill().restart();
    }
    let watching = Running::watching(&ada);
    watching.wait_for("the file at the relay", |line| line["event"] == "file");
    note(&mut memory, &watching, &relay);
    watching.kill();
    let (up, up_memory) = (began.elapsed(), memory);
    // Downwards: the relay and the receiver are killed; what was sent in vain is counted.
    let began = Instant::now();
    let mut sent = 0;
    for kill in 1..=KILLS {
        let watching = Running::watching(&bo);
        let place = bo.home().join("blobs");
        until("the next part of it is here", || half_held(&place) >= bytes / (KILLS + 1) * kill);
        note(&mut memory, &watching, &relay);
        watching.kill();
        sent += relay.metric("proofroom_relay_blob_bytes_out_total");
        relay = relay.kill().restart();
    }
    bo.run(&["sync"]);
    sent += relay.metric("proofroom_relay_blob_bytes_out_total");
    let down = began.elapsed();
    bo.run(&["export", "Film", "--to", &world.place("out").to_string_lossy()]);
    assert!(same(&film, &world.place("out").join("film.mov")), "every byte is equal");
    let twice = sent - bytes;
    eprintln!(
        "{bytes} bytes, {KILLS} kills of both each way: up {up:.1?}, down {down:.1?}; {twice} bytes sent twice; \
         peak memory {up_memory:?} KiB (sender, relay), {memory:?} KiB over all"
    );
    assert!(twice <= KILLS * WINDOW_BYTES, "{twice} bytes were sent twice");
    assert!(memory.iter().all(|kib| *kib < 100 << 10), "{memory:?} KiB");
}

#[test]
fn wrong_bytes_are_refused_and_named_and_what_was_right_is_not_fetched_again() {
    let Stage { world, relay, ada, bo } = stage();
    let bytes = 40 << 20;
    let film = world.place("film.mov");
    noise(&film, bytes);
    add(&ada, &film, "Film");
    ada.run(&["sync"]);
    let liar = Liar::flipping(&relay.url, 20 << 20);
    bo.run(&["workspace", "relay", &liar.url]);
    let refused = bo.refused(&["sync"]);
    assert_eq!(refused.code, 5, "{refused:?}");
    let listed: Value = serde_json::from_str(refused.said.lines().next().expect("a report")).expect("JSON");
    assert_eq!(list(&listed["workspaces"][0], "liars").len(), 1, "{}", refused.said);
    let right = half_held(&bo.home().join("blobs"));
    assert!(right > 10 << 20, "what came before is kept: {right}");
    let before = relay.metric("proofroom_relay_blob_bytes_out_total");
    bo.run(&["workspace", "relay", &relay.url]);
    bo.run(&["sync"]);
    let after = relay.metric("proofroom_relay_blob_bytes_out_total") - before;
    assert_eq!(after, bytes - right, "only what was missing came");
    bo.run(&["export", "Film", "--to", &world.place("out").to_string_lossy()]);
    assert!(same(&film, &world.place("out").join("film.mov")));
}

#[test]
fn many_small_files_cost_at_most_twenty_times_a_large_one_per_byte() {
    let Stage { world, relay: _relay, ada, bo } = stage();
    let counts: &[u64] = if soak() { &[100, 1_000, 10_000] } else { &[100, 400] };
    let large = size(1 << 30, 64 << 20);
    let film = world.place("film.mov");
    noise(&film, large);
    add(&ada, &film, "Film");
    let took = |ada: &Peer, bo: &Peer| {
        ada.run(&["sync"]);
        let began = Instant::now();
        bo.run(&["sync"]);
        began.elapsed()
    };
    let yardstick = took(&ada, &bo).as_secs_f64() / large as f64;
    eprintln!("{large} bytes in one file: {:.1} MB/s", 1e-6 / yardstick);
    let mut held = 1;
    for count in counts {
        let folder = world.place(&format!("small-{count}"));
        fs::create_dir(&folder).expect("room");
        let files: Vec<String> = (0..*count)
            .map(|i| {
                let file = folder.join(format!("{i:05}.bin"));
                noise(&file, 10_000);
                file.to_string_lossy().into_owned()
            })
            .collect();
        for (i, some) in files.chunks(1_000).enumerate() {
            let name = format!("Set {count} {i}");
            let mut args = vec!["asset", "add"];
            args.extend(some.iter().map(String::as_str));
            args.extend(["--name", &name, "--category", "campaign"]);
            ada.run(&args);
        }
        held += count;
        let per_byte = took(&ada, &bo).as_secs_f64() / (*count as f64 * 10_000.0);
        let ratio = per_byte / yardstick;
        eprintln!(
            "{count} files of 10,000 bytes: {:.1} MB/s, {ratio:.1} times the large one per byte",
            1e-6 / per_byte
        );
        assert_eq!(whole_held(&bo), held);
        // A run of few files is mostly the start of two processes.
        assert!(ratio < 20.0 || !soak() || *count < 10_000, "{ratio} times");
    }
}

#[test]
fn a_disk_that_fills_up_in_the_middle_is_said_and_the_rest_comes_once_there_is_room() {
    let Stage { world, relay: _relay, ada, bo } = stage();
    let film = world.place("film.mov");
    noise(&film, 12 << 20);
    add(&ada, &film, "Film");
    ada.run(&["sync"]);
    let place = bo.home().join("blobs");
    let Some(small) = SmallDisk::over(&place, 6) else {
        eprintln!("not_applicable: this system mounts no small disk for a test");
        return;
    };
    let said = bo.output(&["sync"]);
    let text = String::from_utf8_lossy(&said.stdout).into_owned() + &String::from_utf8_lossy(&said.stderr);
    assert!(text.contains("cannot be kept here"), "{text}");
    let half = half_held(&place);
    assert!(half > 0, "what fitted is kept");
    small.grow(64);
    bo.run(&["sync"]);
    bo.run(&["export", "Film", "--to", &world.place("out").to_string_lossy()]);
    assert!(same(&film, &world.place("out").join("film.mov")));
}

/// A file system in memory, of so many megabytes. Unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn over(place: &Path, megabytes: u32) -> Option<Self> {
        fs::create_dir_all(place).expect("room");
        let mounted = mount(&["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"], place);
        mounted.then(|| Self(place.to_owned()))
    }

    fn grow(&self, megabytes: u32) {
        assert!(mount(&["-o", &format!("remount,size={megabytes}m")], &self.0), "it grows");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _unmounted = std::process::Command::new("umount").arg(&self.0).status();
    }
}

fn mount(args: &[&str], place: &Path) -> bool {
    let done = std::process::Command::new("mount").args(args).arg(place).output();
    done.is_ok_and(|output| output.status.success())
}

#[test]
fn what_nobody_holds_any_more_names_who_last_had_it() {
    let Stage { world, relay, ada, bo } = stage();
    let film = world.place("film.mov");
    noise(&film, 3_000_000);
    add(&ada, &film, "Film");
    ada.run(&["sync"]);
    bo.run(&["sync"]);
    // The relay and bo lose it.
    let url = relay.url.clone();
    let lost = |folder: &Path| fs::remove_dir_all(folder).expect("it was there");
    lost(&bo.home().join("blobs"));
    lost(&relay.data().join("blobs"));
    let synced = bo.run(&["blobs", "fetch", "Film"]);
    assert_eq!(synced["workspaces"][0]["files_missing"], 1, "{synced} at {url}");
    let status = bo.run(&["blobs", "status", "Film"]);
    let file = &list(&status, "files")[0];
    assert_eq!(string(file, "state"), "missing");
    assert_eq!(file["last_holder"]["name"], "the relay", "{status}");
}

#[test]
fn policies_decide_what_comes_and_cleaning_up_takes_nothing_that_a_version_names() {
    let Stage { world, relay: _relay, ada, bo } = stage();
    bo.run(&["blobs", "policy", "on-demand"]);
    for name in ["One", "Two"] {
        let file = world.place(&format!("{name}.bin"));
        noise(&file, 500_000);
        add(&ada, &file, name);
    }
    ada.run(&["sync"]);
    bo.run(&["sync"]);
    assert_eq!(whole_held(&bo), 0, "nothing comes by itself");
    bo.run(&["blobs", "fetch", "Two"]);
    assert_eq!(whole_held(&bo), 1);
    bo.run(&["blobs", "pin", "One"]);
    bo.run(&["sync"]);
    assert_eq!(whole_held(&bo), 2);
    // A stray blob goes; what versions name stays, under every policy.
    let workspace =
        fs::read_dir(bo.home().join("blobs")).expect("there").flatten().next().expect("one").path();
    fs::write(workspace.join("ab".repeat(32)), b"stray").expect("room");
    assert_eq!(bo.run(&["blobs", "gc", "--dry-run"])["freed_bytes"], 5);
    assert_eq!(bo.run(&["blobs", "gc"])["removed"], 1);
    assert_eq!(bo.run(&["blobs", "gc"])["removed"], 0);
    assert_eq!(whole_held(&bo), 2);
    bo.run(&["blobs", "pause"]);
    let three = world.place("Three.bin");
    noise(&three, 500_000);
    add(&ada, &three, "Three");
    ada.run(&["sync"]);
    bo.run(&["blobs", "policy", "all", "--receive", "1M"]);
    bo.run(&["sync"]);
    assert_eq!(whole_held(&bo), 2, "paused");
    bo.run(&["blobs", "pause", "--off"]);
    bo.run(&["sync"]);
    assert_eq!(whole_held(&bo), 3);
}

#[test]
fn an_import_that_is_killed_goes_on_where_it_was() {
    let Stage { world, relay: _relay, ada, bo } = stage();
    let bytes = size(2 << 30, 150 << 20);
    let film = world.place("film.mov");
    noise(&film, bytes);
    add(&ada, &film, "Film");
    let bundle = world.place("all.bundle");
    let bundle = bundle.to_string_lossy();
    assert_eq!(ada.run(&["bundle", "export", "--blobs", &bundle])["files"], 1);
    let place = bo.home().join("blobs");
    let mut import = bo.command(&["bundle", "import", &bundle]).spawn().expect("it starts");
    until("some of it is here", || half_held(&place) > bytes / 3);
    import.kill().expect("a child can be killed");
    import.wait().expect("a killed child ends");
    let before = half_held(&place);
    assert!((bytes / 3..bytes).contains(&before), "{before} of {bytes} bytes were here");
    assert_eq!(bo.run(&["bundle", "import", &bundle])["files_received"], 1);
    bo.run(&["export", "Film", "--to", &world.place("out").to_string_lossy()]);
    assert!(same(&film, &world.place("out").join("film.mov")));
}

#[test]
fn a_comment_passes_a_large_file_on_its_way() {
    let Stage { world, relay: _relay, ada, bo } = stage();
    let film = world.place("film.mov");
    noise(&film, 24 << 20);
    add(&ada, &film, "Film");
    // Slow enough to talk meanwhile.
    ada.run(&["blobs", "policy", "--send", "4M"]);
    let watching = Running::watching(&ada);
    let there = Running::watching(&bo);
    there.wait_for("the film's version", |line| line["event"] == "received");
    let began = Instant::now();
    ada.run(&["comment", "add", "Film", "Seen while it travels"]);
    there.wait_for("the comment", |line| line["event"] == "received");
    let took = began.elapsed();
    assert_eq!(whole_held(&bo), 0, "the file is still under way");
    assert!(took < Duration::from_secs(3), "{took:?}");
    eprintln!("a comment during a transfer: {took:.0?} until the other side had it");
    there.kill();
    watching.kill();
}
