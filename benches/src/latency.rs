//! From an edit to its being visible on another peer, through a relay in a process of
//! its own; against a bare WebSocket relay's one-way time plus one durable commit.

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use proofroom_ident::Audience;
use proofroom_transport::{Address, Connection, Options, connect};
use redb::{Database, Durability, TableDefinition};
use serde_json::json;
use tempfile::tempdir;
use tokio::time::{sleep, timeout};

use crate::RUNS;
use crate::clock::{median, ms, quantile, report, short, timed};
use crate::relay::Relay;
use crate::world::{ASSET, Peer, store};

/// About what one comment is on the wire.
const FRAME_BYTES: usize = 700;

/// All samples of one kind, in milliseconds: p50 and p99 per run.
#[derive(Default)]
struct Runs {
    p50: Vec<f64>,
    p99: Vec<f64>,
}

impl Runs {
    fn push(&mut self, samples: &[f64]) {
        self.p50.push(median(samples));
        self.p99.push(quantile(samples, 0.99));
    }
}

pub async fn run(edits: usize, base: usize, gap_ms: u64) {
    let gap = Duration::from_millis(gap_ms);
    let (mut bare, mut commit) = (Runs::default(), Runs::default());
    let mut ours: [[Runs; 2]; 2] = Default::default();
    let mut view = Vec::new();
    for _ in 0..RUNS {
        let place = tempdir().expect("a temporary folder");
        bare.push(&bare_one_way(edits, gap).await);
        commit.push(&commits(place.path(), edits, gap).await);
        for (durable, figures) in ours.iter_mut().enumerate() {
            let place = tempdir().expect("a temporary folder");
            let (arrived, visible, viewing) = edited(place.path(), durable == 1, edits, base, gap).await;
            figures[0].push(&arrived);
            figures[1].push(&visible);
            view.push(viewing);
        }
    }
    let yardstick = median(&bare.p50) + median(&commit.p50);
    for (figures, kind) in ours.iter().zip(["memory", "redb"]) {
        let [arrived, visible] = figures;
        report(&json!({
            "bench": "latency", "peers_store": kind, "edits": edits, "base": base, "gap_ms": gap_ms, "runs": RUNS,
            "bare_p50_ms": short(median(&bare.p50)), "bare_p99_ms": short(median(&bare.p99)),
            "commit_p50_ms": short(median(&commit.p50)), "commit_p99_ms": short(median(&commit.p99)),
            "durable_there_p50_ms": short(median(&arrived.p50)), "durable_there_p99_ms": short(median(&arrived.p99)),
            "visible_p50_ms": short(median(&visible.p50)), "visible_p99_ms": short(median(&visible.p99)),
            "view_alone_ms": short(median(&view)),
            "durable_there_per_yardstick": short(median(&arrived.p50) / yardstick),
            "visible_per_yardstick": short(median(&visible.p50) / yardstick),
        }));
    }
}

/// Ada comments, Bo sees it: until it is durable at Bo, and until his view shows it.
async fn edited(
    place: &Path,
    durable: bool,
    edits: usize,
    base: usize,
    gap: Duration,
) -> (Vec<f64>, Vec<f64>, f64) {
    let relay = Relay::ours(&place.join("relay"));
    let file = |name: &str| durable.then(|| place.join(name));
    let mut ada = Peer::founder(1, store(file("ada.redb").as_deref()));
    let mut bo = Peer::joined(2, &mut ada, store(file("bo.redb").as_deref()));
    (ada.audience, bo.audience) = (Audience::Everyone, Audience::Everyone);
    ada.comments(base);
    ada.sync(&relay.url).await;
    bo.sync(&relay.url).await;
    assert_eq!(bo.shown(ASSET), base);
    let doc = ada.doc();
    bo.received.clear();
    let (mut arrived, mut visible) = (Vec::new(), Vec::new());
    for edit in 1..=edits {
        _ = timeout(gap, both_turn_forever(&mut ada, &mut bo)).await;
        let start = Instant::now();
        ada.comment(ASSET, "Move the logo a little to the left");
        ada.push();
        while bo.received.get(&doc).copied().unwrap_or(0) < edit {
            turn_either(&mut ada, &mut bo).await;
        }
        let shown = bo.shown(ASSET);
        visible.push(ms(start.elapsed()));
        bo.confirm();
        arrived.push(ms(start.elapsed()));
        assert_eq!(shown, base + edit);
    }
    let views: Vec<f64> = (0..20).map(|_| timed(|| bo.shown(ASSET)).0).collect();
    ada.leave().await;
    bo.leave().await;
    (arrived, visible, median(&views))
}

async fn turn_either(ada: &mut Peer, bo: &mut Peer) {
    tokio::select! {
        () = ada.turn() => {}
        () = bo.turn() => {}
    }
}

async fn both_turn_forever(ada: &mut Peer, bo: &mut Peer) {
    loop {
        turn_either(ada, bo).await;
    }
}

async fn dial(url: &str) -> Connection {
    let address: Address = url.parse().expect("an address");
    connect(&address, Options::default()).await.expect("the relay answers")
}

async fn bare_one_way(frames: usize, gap: Duration) -> Vec<f64> {
    let relay = Relay::bare();
    let (here, mut there) = (dial(&relay.url).await, dial(&relay.url).await);
    sleep(Duration::from_millis(50)).await;
    let mut out = Vec::new();
    for _ in 0..frames {
        sleep(gap).await;
        let start = Instant::now();
        here.send(Bytes::from(vec![0; FRAME_BYTES])).expect("the queue has room");
        there.recv().await.expect("the connection holds").expect("the relay stays");
        out.push(ms(start.elapsed()));
    }
    out
}

/// One small row, durable when the commit returns.
async fn commits(place: &Path, n: usize, gap: Duration) -> Vec<f64> {
    const ROWS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("rows");
    let database = Database::create(place.join("yardstick.redb")).expect("a database is made");
    let mut out = Vec::new();
    for key in 0..n as u64 {
        sleep(gap).await;
        let start = Instant::now();
        let mut write = database.begin_write().expect("a transaction");
        write.set_durability(Durability::Immediate).expect("no savepoints are in the way");
        write.open_table(ROWS).expect("the table").insert(key, [0; FRAME_BYTES].as_slice()).expect("a row");
        write.commit().expect("the disk takes it");
        out.push(ms(start.elapsed()));
    }
    out
}
