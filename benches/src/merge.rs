//! Two peers with offline edits meet: directly, and through a relay.

use std::time::Instant;

use proofroom_entry::Verified;
use serde_json::json;
use tempfile::tempdir;

use crate::RUNS;
use crate::clock::{median, ms, report, short, timed};
use crate::relay::Relay;
use crate::world::{ASSET, Peer, store};

const ADA: u8 = 1;
const BO: u8 = 2;

/// What both have, and what each wrote alone.
struct Scene {
    both: Vec<Verified>,
    adas: Vec<Verified>,
    bos: Vec<Verified>,
    total: usize,
}

fn scene(base: usize, edits: usize) -> Scene {
    let mut ada = Peer::founder(ADA, store(None));
    let mut bo = Peer::joined(BO, &mut ada, store(None));
    ada.comments(base);
    bo.ingest(&ada.entries(|_| true));
    let both = ada.entries(|_| true);
    ada.replica.take_fresh();
    bo.replica.take_fresh();
    ada.comments(edits);
    bo.comments(edits);
    let total = base + 2 * edits;
    Scene { both, adas: ada.replica.take_fresh(), bos: bo.replica.take_fresh(), total }
}

impl Scene {
    fn peer(&self, seed: u8, own: &[Verified]) -> Peer {
        let mut peer = Peer::again(seed, &[self.both.as_slice(), own].concat(), store(None));
        assert_eq!(peer.shown(ASSET) + own.len(), self.total);
        peer
    }
}

pub async fn run(base: usize, edits: usize) {
    let scene = scene(base, edits);
    let (mut direct, mut relayed, mut loading) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let (load, mut ada) = timed(|| scene.peer(ADA, &scene.adas));
        let mut bo = scene.peer(BO, &scene.bos);
        loading.push(load);
        let (taken, ()) = timed(|| {
            bo.ingest(&scene.adas);
            ada.ingest(&scene.bos);
            assert_eq!((ada.shown(ASSET), bo.shown(ASSET)), (scene.total, scene.total));
        });
        direct.push(taken);
        relayed.push(through_relay(&scene).await);
    }
    report(&json!({
        "bench": "merge", "base": base, "edits_each": edits, "runs": RUNS,
        "direct_ms": short(median(&direct)), "relay_ms": short(median(&relayed)),
        "open_one_peer_ms": short(median(&loading)),
    }));
}

/// Both come back to a relay that has the base; until both views show all.
async fn through_relay(scene: &Scene) -> f64 {
    let place = tempdir().expect("a temporary folder");
    let relay = Relay::ours(place.path());
    let mut base = Peer::again(ADA, &scene.both, store(None));
    base.sync(&relay.url).await;
    base.leave().await;
    let mut ada = scene.peer(ADA, &scene.adas);
    let mut bo = scene.peer(BO, &scene.bos);
    let doc = ada.doc();
    let start = Instant::now();
    ada.connect(&relay.url, Vec::new()).await;
    bo.connect(&relay.url, Vec::new()).await;
    let missing = |peer: &Peer, n: usize| peer.received.get(&doc).copied().unwrap_or(0) < n;
    while missing(&ada, scene.bos.len()) || missing(&bo, scene.adas.len()) {
        tokio::select! {
            () = ada.turn() => {}
            () = bo.turn() => {}
        }
    }
    assert_eq!((ada.shown(ASSET), bo.shown(ASSET)), (scene.total, scene.total));
    let taken = ms(start.elapsed());
    ada.leave().await;
    bo.leave().await;
    taken
}
