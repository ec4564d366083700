//! The relay's memory: per idle connection, and per stored entry.

use std::sync::Arc;

use proofroom_ident::{DeviceRecord, DeviceSecrets, PersonSecret};
use proofroom_replica::Me;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};
use serde_json::json;
use tempfile::tempdir;

use crate::RUNS;
use crate::clock::{median, now, report, short};
use crate::relay::Relay;
use crate::watcher::{Arrivals, Watcher};
use crate::world::{Peer, me, store};

pub async fn run(connections: usize, entries: usize) {
    connect(connections).await;
    gather(connections).await;
    fill(entries).await;
}

/// Connections of their own device and workspace each, in sync, then silent.
async fn connect(n: usize) {
    let (mut idle, mut each, mut after) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let place = tempdir().expect("a temporary folder");
        let relay = Relay::ours(place.path());
        let mut rng = ChaCha20Rng::from_seed([3; 32]);
        let before = relay.memory_kib();
        let mut peers = Vec::new();
        for _ in 0..n {
            let mut peer = Peer::found(somebody(&mut rng), 1, store(None));
            peer.sync(&relay.url).await;
            peers.push(peer);
        }
        let with = relay.memory_kib();
        for peer in &mut peers {
            peer.leave().await;
        }
        tokio::time::sleep(std::time::Duration::from_secs(5)).await;
        let without = relay.memory_kib();
        idle.push(before);
        each.push((with - before) / n as f64);
        after.push(without - before);
    }
    report(&json!({
        "bench": "idle", "connections": n, "runs": RUNS,
        "relay_at_start_kib": short(median(&idle)),
        "kib_per_connection_and_workspace": short(median(&each)),
        "kib_above_start_after_all_left": short(median(&after)),
    }));
}

/// Connections to one workspace, of a few devices.
async fn gather(n: usize) {
    const PER_DEVICE: usize = 200;
    let (mut each, mut after) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let place = tempdir().expect("a temporary folder");
        let relay = Relay::ours(place.path());
        let mut ada = Peer::founder(1, store(None));
        let mut members = Vec::new();
        for seed in 0..n.div_ceil(PER_DEVICE) {
            members.push(Peer::joined(
                10 + u8::try_from(seed).expect("a few devices"),
                &mut ada,
                store(None),
            ));
        }
        ada.sync(&relay.url).await;
        ada.leave().await;
        let arrivals = Arc::new(Arrivals::default());
        let before = relay.memory_kib();
        let mut watchers = Vec::new();
        for i in 0..n {
            let device = members[i / PER_DEVICE].replica.me().secrets.signing.clone();
            let serial = i as u64;
            watchers.push(Watcher::connect(&relay.url, ada.workspace(), device, serial, &arrivals).await);
        }
        each.push((relay.memory_kib() - before) / n as f64);
        drop(watchers);
        // Long enough for the relay to notice, and to give back what it held.
        tokio::time::sleep(std::time::Duration::from_secs(5)).await;
        after.push(relay.memory_kib() - before);
    }
    report(&json!({
        "bench": "gather", "connections": n, "runs": RUNS,
        "kib_per_connection": short(median(&each)),
        "kib_above_before_after_all_left": short(median(&after)),
    }));
}

fn somebody(rng: &mut ChaCha20Rng) -> Me {
    let mut seed = [0; 32];
    rng.fill_bytes(&mut seed);
    let secrets = DeviceSecrets::generate(rng);
    let record = DeviceRecord::by_person(&PersonSecret::from_seed(&seed), &secrets, now());
    Me { secrets, record, ..me(1) }
}

/// One peer brings a document; the relay keeps it on disk.
async fn fill(n: usize) {
    let mut ada = Peer::founder(1, store(None));
    ada.comments(n);
    let entries = ada.entries(|_| true);
    let (mut grown, mut idle) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let place = tempdir().expect("a temporary folder");
        let relay = Relay::ours(place.path());
        let before = relay.memory_kib();
        let mut peer = Peer::again(1, &entries, store(None));
        peer.sync(&relay.url).await;
        peer.leave().await;
        idle.push(before);
        grown.push(relay.memory_kib() - before);
    }
    report(&json!({
        "bench": "fill", "entries": entries.len(), "runs": RUNS,
        "entry_bytes": entries.iter().map(|e| e.bytes().len()).sum::<usize>(),
        "relay_at_start_mib": short(median(&idle) / 1024.0),
        "growth_mib": short(median(&grown) / 1024.0),
    }));
}
