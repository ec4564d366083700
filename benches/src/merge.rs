//! Two peers with offline edits meet: directly, and through a relay. Each is a thread of its own.

use std::sync::Barrier;
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
    fn own(&self, seed: u8) -> &[Verified] {
        if seed == ADA { &self.adas } else { &self.bos }
    }

    fn others(&self, seed: u8) -> &[Verified] {
        if seed == ADA { &self.bos } else { &self.adas }
    }

    /// Somebody with the base and what they wrote alone, the document loaded.
    fn peer(&self, seed: u8) -> Peer {
        let own = self.own(seed);
        let mut peer = Peer::again(seed, &[self.both.as_slice(), own].concat(), store(None));
        assert_eq!(peer.shown(ASSET) + own.len(), self.total);
        peer
    }
}

pub fn run(base: usize, edits: usize) {
    let scene = scene(base, edits);
    let (mut direct, mut relayed, mut loading) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let [ada, bo] = both(|seed, start| directly(&scene, seed, start));
        direct.push(ada.taken.max(bo.taken));
        loading.push(ada.loaded);
        let place = tempdir().expect("a temporary folder");
        let relay = Relay::ours(place.path());
        runtime().block_on(async {
            let mut base = Peer::again(ADA, &scene.both, store(None));
            base.sync(&relay.url).await;
            base.leave().await;
        });
        let [ada, bo] =
            both(|seed, start| runtime().block_on(Box::pin(through_relay(&scene, seed, &relay.url, start))));
        relayed.push(ada.taken.max(bo.taken));
    }
    report(&json!({
        "bench": "merge", "base": base, "edits_each": edits, "runs": RUNS,
        "direct_ms": short(median(&direct)), "relay_ms": short(median(&relayed)),
        "open_one_peer_ms": short(median(&loading)),
    }));
}

/// Milliseconds of one peer.
struct Taken {
    loaded: f64,
    taken: f64,
}

/// Each peer on a thread of its own, as two machines would be; both start when both have loaded.
fn both(act: impl Fn(u8, &Barrier) -> Taken + Sync) -> [Taken; 2] {
    let start = Barrier::new(2);
    std::thread::scope(|scope| {
        let [ada, bo] = [ADA, BO].map(|seed| {
            scope.spawn({
                let (act, start) = (&act, &start);
                move || act(seed, start)
            })
        });
        [ada, bo].map(|peer| peer.join().expect("nobody panics"))
    })
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts")
}

fn directly(scene: &Scene, seed: u8, start: &Barrier) -> Taken {
    let (loaded, mut peer) = timed(|| scene.peer(seed));
    start.wait();
    let (taken, ()) = timed(|| {
        peer.ingest(scene.others(seed));
        assert_eq!(peer.shown(ASSET), scene.total);
    });
    Taken { loaded, taken }
}

/// Comes back to a relay that has the base; until its view shows all.
async fn through_relay(scene: &Scene, seed: u8, url: &str, start: &Barrier) -> Taken {
    let (loaded, mut peer) = timed(|| scene.peer(seed));
    let doc = peer.doc();
    start.wait();
    let began = Instant::now();
    peer.connect(url, Vec::new()).await;
    while peer.received.get(&doc).copied().unwrap_or(0) < scene.others(seed).len() {
        peer.turn().await;
    }
    assert_eq!(peer.shown(ASSET), scene.total);
    let taken = ms(began.elapsed());
    while !peer.settled() {
        peer.turn().await;
    }
    peer.leave().await;
    Taken { loaded, taken }
}
