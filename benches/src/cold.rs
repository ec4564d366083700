//! A fresh peer gets one large document: verify, ingest, merge, view; against what
//! automerge alone takes to load the same document and to replay its changes.

use automerge::Automerge;
use proofroom_entry::{SignedSnapshot, Verified};
use serde_json::json;
use tempfile::tempdir;

use crate::RUNS;
use crate::clock::{median, report, short, timed};
use crate::relay::Relay;
use crate::world::{ASSET, Peer, store};

const AUTHORS: usize = 5;
const ROUNDS: usize = 10;
const READER: u8 = 99;

/// A document of `n` comments by five authors who took turns, and somebody who has not seen it.
struct Scene {
    author: Peer,
    /// What the reader holds already: membership, keys, the plan.
    before: Vec<Verified>,
    /// The document.
    entries: Vec<Verified>,
    exported: Vec<u8>,
}

fn scene(n: usize) -> Scene {
    let mut ada = Peer::founder(1, store(None));
    let reader = Peer::joined(READER, &mut ada, store(None));
    let mut authors = vec![];
    for seed in 2..=5 {
        authors.push(Peer::joined(seed, &mut ada, store(None)));
    }
    ada.version(ASSET);
    authors.push(ada);
    let members = authors[AUTHORS - 1].entries(|_| true);
    for author in &mut authors {
        author.ingest(&members);
        author.replica.take_fresh();
    }
    for round in 0..ROUNDS {
        for writing in 0..AUTHORS {
            let turn = round * AUTHORS + writing;
            let turns = ROUNDS * AUTHORS;
            authors[writing].comments((turn + 1) * n / turns - turn * n / turns);
            let fresh = authors[writing].replica.take_fresh();
            let others = authors.iter_mut().enumerate().filter(|(i, _)| *i != writing);
            others.for_each(|(_, other)| other.ingest(&fresh));
        }
    }
    let mut author = authors.pop().expect("ada is the last");
    let doc = author.doc();
    let mut before = author.entries(|d| d != doc);
    let known: Vec<_> = before.iter().map(Verified::hash).collect();
    before.extend(reader.entries(|d| d != doc).into_iter().filter(|e| !known.contains(&e.hash())));
    let entries = author.entries(|d| d == doc);
    let exported = author.with(|r, step| r.export_automerge(step.store, doc)).expect("it exports");
    Scene { author, before, entries, exported }
}

/// How a reader gets the document.
const WAYS: [&str; 6] =
    ["entries", "entries_redb", "entries_relay", "snapshot", "snapshot_redb", "snapshot_relay"];

pub async fn run(n: usize) {
    let mut scene = scene(n);
    let place = tempdir().expect("a temporary folder");
    let [plain, keeping] = ["plain", "keeping"].map(|name| Relay::ours(&place.path().join(name)));
    scene.author.sync(&plain.url).await;
    scene.author.leave().await;
    scene.author.sync(&keeping.url).await;
    scene.author.leave().await;
    let doc = scene.author.doc();
    let snapshot_bytes = scene.author.keep_snapshot(&keeping.url, doc).await;
    let (mut load, mut replay) = (Vec::new(), Vec::new());
    let mut ways: [Vec<f64>; WAYS.len()] = Default::default();
    let (mut split, mut wire) = ([Vec::new(), Vec::new()], [0; 2]);
    for _ in 0..RUNS {
        let (loaded, replayed) = automerge(&scene.exported);
        load.push(loaded);
        replay.push(replayed);
        let place = tempdir().expect("a temporary folder");
        let file = |name: &str| place.path().join(name);
        let (ingest, view) = join(&scene, n, None);
        split[0].push(ingest);
        split[1].push(view);
        let (durable, view_too) = join(&scene, n, Some(&file("entries")));
        let (relayed, bytes) = through_relay(&scene, n, &plain, &file("entries-relay")).await;
        let (taken, shown) = take(&mut scene, n, None);
        let (taken_durable, shown_too) = take(&mut scene, n, Some(&file("snapshot")));
        let (relayed_snapshot, snapshot_wire) =
            through_relay(&scene, n, &keeping, &file("snapshot-relay")).await;
        wire = [bytes, snapshot_wire];
        let figures = [
            ingest + view,
            durable + view_too,
            relayed,
            taken + shown,
            taken_durable + shown_too,
            relayed_snapshot,
        ];
        ways.iter_mut().zip(figures).for_each(|(all, one)| all.push(one));
    }
    let (load, replay) = (median(&load), median(&replay));
    let mut line = json!({
        "bench": "cold", "changes": n, "authors": AUTHORS, "runs": RUNS,
        "automerge_load_ms": short(load), "automerge_replay_ms": short(replay),
        "ingest_ms": short(median(&split[0])), "merge_view_ms": short(median(&split[1])),
        "entries_wire_bytes": wire[0], "snapshot_wire_bytes": wire[1], "snapshot_bytes": snapshot_bytes,
        "automerge_file_bytes": scene.exported.len(),
    });
    for (way, all) in WAYS.iter().zip(&ways) {
        line[format!("{way}_ms")] = json!(short(median(all)));
        line[format!("{way}_per_yardstick")] = json!(short(median(all) / (load + replay)));
    }
    report(&line);
}

/// Takes the document as a snapshot: verify, replay, rest on it, view.
fn take(scene: &mut Scene, n: usize, place: Option<&std::path::Path>) -> (f64, f64) {
    let doc = scene.author.doc();
    let kept = scene.author.store.snapshots(scene.author.workspace(), doc).expect("the store reads");
    let bytes = kept.first().expect("one was made").bytes().clone();
    let mut reader = Peer::again(READER, &scene.before, store(place));
    let (taken, ()) = timed(|| {
        let offered = SignedSnapshot::decode(bytes).expect("a snapshot");
        let taken = reader.with(|r, step| r.take_snapshot(step, offered)).expect("the store takes it");
        taken.expect("it holds");
    });
    let (view, shown) = timed(|| reader.shown(ASSET));
    assert_eq!(shown, n);
    (taken, view)
}

/// Load, and apply all changes one by one to an empty document.
fn automerge(file: &[u8]) -> (f64, f64) {
    let (load, doc) = timed(|| Automerge::load(file).expect("it is an automerge file"));
    let changes = doc.get_changes(&[]);
    let (replay, fresh) = timed(|| {
        let mut fresh = Automerge::new();
        fresh.apply_changes(changes).expect("they follow each other");
        fresh
    });
    assert_eq!(fresh.get_heads(), doc.get_heads());
    (load, replay)
}

fn join(scene: &Scene, n: usize, place: Option<&std::path::Path>) -> (f64, f64) {
    let mut reader = Peer::again(READER, &scene.before, store(place));
    let (ingest, ()) = timed(|| reader.ingest(&scene.entries));
    let (view, shown) = timed(|| reader.shown(ASSET));
    assert_eq!(shown, n);
    (ingest, view)
}

/// Milliseconds until the view is complete, and bytes of all frames that came.
async fn through_relay(scene: &Scene, n: usize, relay: &Relay, place: &std::path::Path) -> (f64, usize) {
    let mut reader = Peer::again(READER, &scene.before, store(Some(place)));
    let start = std::time::Instant::now();
    reader.sync(&relay.url).await;
    assert_eq!(reader.shown(ASSET), n);
    let taken = crate::clock::ms(start.elapsed());
    reader.leave().await;
    (taken, reader.wire)
}
