//! One writer, many readers of one workspace: what a delivery costs the relay, and when
//! the last reader has an edit; against a bare WebSocket relay with frames of that size.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use proofroom_ident::Audience;
use proofroom_transport::{Address, Options, connect};
use serde_json::json;
use tempfile::tempdir;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::RUNS;
use crate::clock::{median, ms, report, short};
use crate::relay::Relay;
use crate::watcher::{Arrivals, Watcher};
use crate::world::{ASSET, Peer, store};

/// About what one comment is on the wire.
const FRAME_BYTES: usize = 900;

/// Microseconds of the relay's CPU per delivery, and milliseconds until all have an edit.
#[derive(Default)]
struct Figures {
    cpu_us: Vec<f64>,
    all_ms: Vec<f64>,
}

pub async fn run(readers: usize, edits: usize, gap_ms: u64) {
    let gap = Duration::from_millis(gap_ms);
    let (mut ours, mut bare) = (Figures::default(), Figures::default());
    for _ in 0..RUNS {
        through_ours(readers, edits, gap, &mut ours).await;
        through_bare(readers, edits, gap, &mut bare).await;
    }
    let (cpu, yardstick) = (median(&ours.cpu_us), median(&bare.cpu_us));
    report(&json!({
        "bench": "fanout", "readers": readers, "edits": edits, "gap_ms": gap_ms, "runs": RUNS,
        "relay_cpu_us_per_delivery": short(cpu), "to_all_p50_ms": short(median(&ours.all_ms)),
        "bare_cpu_us_per_delivery": short(yardstick), "bare_to_all_p50_ms": short(median(&bare.all_ms)),
        "cpu_per_bare": short(cpu / yardstick),
    }));
}

async fn through_ours(readers: usize, edits: usize, gap: Duration, figures: &mut Figures) {
    let place = tempdir().expect("a temporary folder");
    let relay = Relay::ours(place.path());
    let mut ada = Peer::founder(1, store(None));
    let bo = Peer::joined(2, &mut ada, store(None));
    ada.audience = Audience::Everyone;
    ada.comments(10);
    ada.sync(&relay.url).await;
    let arrivals = Arc::new(Arrivals::default());
    let mut watching = JoinSet::new();
    let device = &bo.replica.me().secrets.signing;
    for serial in 0..readers as u64 {
        let url = &relay.url;
        let watcher = Watcher::connect(url, ada.workspace(), device.clone(), serial, &arrivals).await;
        watching.spawn(watcher.watch());
    }
    sleep(Duration::from_secs(1)).await;
    let before = relay.cpu_ms();
    for edit in 1..=edits {
        sleep(gap).await;
        let start = Instant::now();
        ada.comment(ASSET, "Move the logo a little to the left");
        ada.push();
        arrivals.reach(edit * readers).await;
        figures.all_ms.push(ms(start.elapsed()));
        ada.catch_up().await;
    }
    figures.cpu_us.push((relay.cpu_ms() - before) * 1e3 / (edits * readers) as f64);
    ada.leave().await;
}

async fn through_bare(readers: usize, edits: usize, gap: Duration, figures: &mut Figures) {
    let relay = Relay::bare();
    let address: Address = relay.url.parse().expect("an address");
    let dial = || connect(&address, Options::default());
    let here = dial().await.expect("the relay answers");
    let mut watching = Vec::new();
    for _ in 0..readers {
        watching.push(dial().await.expect("the relay answers"));
    }
    sleep(Duration::from_secs(1)).await;
    let before = relay.cpu_ms();
    for _ in 0..edits {
        sleep(gap).await;
        let start = Instant::now();
        here.send(Bytes::from(vec![0; FRAME_BYTES])).expect("the queue has room");
        for reader in &mut watching {
            reader.recv().await.expect("the connection holds").expect("the relay stays");
        }
        figures.all_ms.push(ms(start.elapsed()));
    }
    figures.cpu_us.push((relay.cpu_ms() - before) * 1e3 / (edits * readers) as f64);
}
