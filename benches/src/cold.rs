//! A fresh peer gets one large document: verify, ingest, merge, view; against what
//! automerge alone takes to load the same document and to replay its changes.

use automerge::Automerge;
use proofroom_entry::Verified;
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

pub async fn run(n: usize) {
    let mut scene = scene(n);
    let relay_data = tempdir().expect("a temporary folder");
    let relay = Relay::ours(relay_data.path());
    scene.author.sync(&relay.url).await;
    scene.author.leave().await;
    let mut figures: [Vec<f64>; 6] = Default::default();
    for _ in 0..RUNS {
        let (load, replay) = automerge(&scene.exported);
        let (ingest, view) = join(&scene, n, None);
        let place = tempdir().expect("a temporary folder");
        let (durable, view_too) = join(&scene, n, Some(&place.path().join("reader.redb")));
        let wire = through_relay(&scene, n, &relay).await;
        let taken = [load, replay, ingest, view, durable + view_too, wire];
        figures.iter_mut().zip(taken).for_each(|(all, one)| all.push(one));
    }
    let [load, replay, ingest, view, redb, wire] = figures.map(|all| median(&all));
    report(&json!({
        "bench": "cold", "changes": n, "authors": AUTHORS, "runs": RUNS,
        "automerge_load_ms": short(load), "automerge_replay_ms": short(replay),
        "ingest_ms": short(ingest), "merge_view_ms": short(view),
        "memory_ms": short(ingest + view), "redb_ms": short(redb), "relay_redb_ms": short(wire),
        "memory_per_yardstick": short((ingest + view) / (load + replay)),
        "redb_per_yardstick": short(redb / (load + replay)),
        "wire_bytes": scene.entries.iter().map(|e| e.bytes().len()).sum::<usize>(),
        "automerge_file_bytes": scene.exported.len(),
    }));
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

async fn through_relay(scene: &Scene, n: usize, relay: &Relay) -> f64 {
    let place = tempdir().expect("a temporary folder");
    let mut reader = Peer::again(READER, &scene.before, store(Some(&place.path().join("reader.redb"))));
    let start = std::time::Instant::now();
    reader.sync(&relay.url).await;
    assert_eq!(reader.shown(ASSET), n);
    let taken = crate::clock::ms(start.elapsed());
    reader.leave().await;
    taken
}
