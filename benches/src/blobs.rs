//! Files between two machines' worth of processes, against bare bytes over the same roads.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};

use crate::RUNS;
use crate::clock::{median, memory_kib, report, short};
use crate::program::{Staying, call};
use crate::raw;

const SMALL_BYTES: u64 = 10_000;

/// Ada, bo, a relay that knows both, and a file of noise.
struct Stage {
    folder: TempDir,
    relay: Option<Staying>,
    ada: PathBuf,
    bo: PathBuf,
}

fn noise(path: &Path, bytes: u64) {
    let source = File::open("/dev/urandom").expect("the system has randomness");
    std::io::copy(&mut source.take(bytes), &mut File::create(path).expect("room")).expect("room");
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_default().to_owned()
}

impl Stage {
    fn new() -> Self {
        let folder = tempdir().expect("a temporary folder");
        let (relay, said) = Staying::relay(&folder.path().join("relay"));
        let url = text(&said, "url");
        let (ada, bo) = (folder.path().join("ada"), folder.path().join("bo"));
        call(&ada, &["init", "--name", "Ada Ackermann", "--org", "Studio Nord"]);
        call(&bo, &["init", "--name", "Bo Ek", "--org", "Studio Nord"]);
        call(&ada, &["workspace", "create", "Spring campaign", "--relay", &url]);
        call(&ada, &["sync"]);
        let link = text(&call(&ada, &["invite", "--role", "reviewer"]), "link");
        call(&ada, &["sync"]);
        call(&bo, &["join", &link]);
        call(&ada, &["sync"]);
        Self { folder, relay: Some(relay), ada, bo }
    }

    fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn add(&self, name: &str, files: &[PathBuf]) {
        let mut args = vec!["asset".to_owned(), "add".to_owned()];
        args.extend(files.iter().map(|file| file.to_string_lossy().into_owned()));
        args.extend(["--name", name, "--category", "campaign"].map(str::to_owned));
        call(&self.ada, &args.iter().map(String::as_str).collect::<Vec<_>>());
    }

    fn film(&self, bytes: u64) {
        let film = self.place("film.mov");
        noise(&film, bytes);
        self.add("Film", &[film]);
    }

    /// Seconds to decrypt and check it into a file of bo's.
    fn export(&self) -> f64 {
        let out = self.place("out");
        let began = Instant::now();
        call(&self.bo, &["export", "Film", "--to", &out.to_string_lossy()]);
        let file = File::open(out.join("film.mov")).expect("it was exported");
        file.sync_all().expect("the disk takes it");
        let took = began.elapsed().as_secs_f64();
        std::fs::remove_dir_all(&out).expect("it is there");
        took
    }
}

/// A large file: between peers, to a relay, from a relay; and what the parts of the work cost alone.
pub async fn run(bytes: u64) {
    parts(bytes.min(1 << 30));
    between_peers(bytes).await;
    through_a_relay(bytes);
}

fn mb(rate: f64) -> f64 {
    short(rate / 1e6)
}

async fn between_peers(bytes: u64) {
    let (mut bare, mut ours, mut whole, mut peaks) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        bare.push(raw::iroh(bytes).await);
        let mut stage = Stage::new();
        stage.relay = None;
        for home in [&stage.ada, &stage.bo] {
            call(home, &["workspace", "relay", "--none"]);
        }
        stage.film(bytes);
        let mut up = Staying::start(&stage.ada, &["up", "--listen", "127.0.0.1:0", "--no-nearby"]);
        up.wait_for(|line| line["event"] == "up");
        let mut there = Staying::start(&stage.bo, &["up", "--listen", "127.0.0.2:0", "--no-nearby"]);
        there.wait_for(|line| line["event"] == "up");
        let ticket = text(&call(&stage.ada, &["peers", "ticket"]), "ticket");
        call(&stage.bo, &["peers", "add", &ticket]);
        there.wait_for(|line| line["event"] == "received");
        // The version is here: from now on, the file is fetched.
        let began = Instant::now();
        there.wait_for(|line| line["event"] == "file");
        let took = began.elapsed().as_secs_f64();
        peaks.push(
            [&up, &there].map(|p| memory_kib(&p.pid().to_string(), "VmHWM")).into_iter().fold(0.0, f64::max),
        );
        let export = stage.export();
        ours.push(bytes as f64 / took);
        whole.push(bytes as f64 / (took + export));
    }
    let (bare, ours, whole) = (median(&bare), median(&ours), median(&whole));
    report(&json!({
        "bench": "blobs", "way": "iroh", "bytes": bytes, "runs": RUNS,
        "raw_stream_mb_s": mb(bare), "verified_on_disk_mb_s": mb(ours), "ratio": short(ours / bare),
        "and_decrypted_mb_s": mb(whole), "ratio_decrypted": short(whole / bare),
        "peak_mib": short(median(&peaks) / 1024.0),
    }));
}

fn through_a_relay(bytes: u64) {
    let (mut bare, mut sent, mut fetched, mut whole) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let stage = Stage::new();
        bare.push(raw::tcp(bytes, &stage.place("raw")));
        stage.film(bytes);
        let timed = |home: &Path| {
            let began = Instant::now();
            call(home, &["sync"]);
            began.elapsed().as_secs_f64()
        };
        sent.push(bytes as f64 / timed(&stage.ada));
        let took = timed(&stage.bo);
        fetched.push(bytes as f64 / took);
        whole.push(bytes as f64 / (took + stage.export()));
    }
    let (bare, sent) = (median(&bare), median(&sent));
    let (fetched, whole) = (median(&fetched), median(&whole));
    report(&json!({
        "bench": "blobs", "way": "websocket", "bytes": bytes, "runs": RUNS,
        "raw_tcp_into_a_file_mb_s": mb(bare), "to_the_relay_mb_s": mb(sent), "from_the_relay_mb_s": mb(fetched),
        "ratio": short(fetched / bare), "and_decrypted_mb_s": mb(whole), "ratio_decrypted": short(whole / bare),
    }));
}

/// What cipher, hash, copy and disk take alone, on one core.
fn parts(bytes: u64) {
    let piece = vec![7u8; 256 << 10];
    let pieces = bytes / piece.len() as u64;
    let rate = |began: Instant| mb(bytes as f64 / began.elapsed().as_secs_f64());
    let mut buffer = piece.clone();
    let began = Instant::now();
    for at in 0..pieces {
        let key = proofroom_seal::BlobKey::from_bytes([7; 32]);
        key.apply(at * piece.len() as u64, &mut buffer).expect("a short blob");
    }
    let cipher = rate(began);
    let began = Instant::now();
    let mut hasher = blake3::Hasher::new();
    (0..pieces).for_each(|_| _ = hasher.update(&piece));
    std::hint::black_box(hasher.finalize());
    let hash = rate(began);
    let began = Instant::now();
    for _ in 0..pieces {
        buffer.copy_from_slice(std::hint::black_box(&piece));
        std::hint::black_box(&mut buffer);
    }
    let copy = rate(began);
    let folder = tempdir().expect("a temporary folder");
    let began = Instant::now();
    let mut file = File::create(folder.path().join("disk")).expect("room");
    (0..pieces).for_each(|_| file.write_all(&piece).expect("room"));
    file.sync_all().expect("the disk takes it");
    let disk = rate(began);
    report(&json!({
        "bench": "blobs", "way": "parts alone", "bytes": bytes,
        "cipher_mb_s": cipher, "hash_mb_s": hash, "copy_mb_s": copy, "disk_mb_s": disk,
    }));
}

/// Many small files against a large one, per byte, from a relay.
pub fn small(counts: &[u64], large: u64) {
    let stage = Stage::new();
    stage.film(large);
    let took = || {
        call(&stage.ada, &["sync"]);
        let began = Instant::now();
        call(&stage.bo, &["sync"]);
        began.elapsed().as_secs_f64()
    };
    let yardstick = took() / large as f64;
    for count in counts {
        let folder = stage.place(&format!("small-{count}"));
        std::fs::create_dir(&folder).expect("room");
        let files: Vec<PathBuf> = (0..*count).map(|i| folder.join(format!("{i:05}.bin"))).collect();
        files.iter().for_each(|file| noise(file, SMALL_BYTES));
        for (i, some) in files.chunks(1_000).enumerate() {
            stage.add(&format!("Set {count} {i}"), some);
        }
        let bytes = count * SMALL_BYTES;
        let per_byte = took() / bytes as f64;
        report(&json!({
            "bench": "blobs", "way": "small files", "files": count, "bytes": bytes,
            "large_mb_s": mb(1.0 / yardstick), "small_mb_s": mb(1.0 / per_byte),
            "times_the_large_one_per_byte": short(per_byte / yardstick),
        }));
    }
}
