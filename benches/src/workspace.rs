//! A workspace of many assets, read by processes of their own: when the first asset is
//! readable, what that costs in memory, when everything is there.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use proofroom_ident::{AssetId, Audience, DocId};
use proofroom_review::{Category, PlanEdit};
use proofroom_store::Store as _;
use proofroom_store_redb::RedbStore;
use serde_json::{Value, json};
use tempfile::tempdir;

use crate::RUNS;
use crate::clock::{median, memory_kib, ms, report, short, timed};
use crate::relay::Relay;
use crate::world::{Peer, store};

const READER: u8 = 99;

fn asset(i: usize) -> AssetId {
    let mut id = [9; 16];
    id[..8].copy_from_slice(&(i as u64).to_le_bytes());
    AssetId::from_bytes(id)
}

pub fn run(changes: usize, assets: usize) {
    let place = tempdir().expect("a temporary folder");
    let (generated, (mut ada, reader)) = timed(|| generate(changes, assets));
    let all = ada.entries(|_| true);
    drop(Peer::again(READER, &all, store(Some(&place.path().join("all.redb")))));
    let relay = Relay::ours(&place.path().join("relay"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime starts").block_on(async {
        ada.sync(&relay.url).await;
        ada.leave().await;
    });
    let members = reader.entries(|_| true);
    let (mut opened, mut joined) = (Vec::new(), Vec::new());
    for run in 0..RUNS {
        opened.push(child(&["workspace-open".as_ref(), place.path().join("all.redb").as_os_str()]));
        let fresh = place.path().join(format!("fresh-{run}.redb"));
        drop(Peer::again(READER, &members, store(Some(&fresh))));
        joined.push(child(&["workspace-join".as_ref(), fresh.as_os_str(), relay.url.as_ref()]));
    }
    for (way, figures) in [("open", opened), ("join", joined)] {
        let mid = |field: &str| {
            short(median(&figures.iter().filter_map(|f| f[field].as_f64()).collect::<Vec<_>>()))
        };
        report(&json!({
            "bench": "workspace", "way": way, "changes": changes, "assets": assets, "runs": RUNS,
            "entry_bytes": all.iter().map(|e| e.bytes().len()).sum::<usize>(),
            "generated_s": short(generated / 1e3),
            "first_ms": mid("first_ms"), "first_peak_mib": mid("first_peak_mib"),
            "all_ms": mid("all_ms"), "all_peak_mib": mid("all_peak_mib"),
        }));
    }
}

/// One author; a reader who joined before anything was written.
fn generate(changes: usize, assets: usize) -> (Peer, Peer) {
    let mut ada = Peer::founder(1, store(None));
    let reader = Peer::joined(READER, &mut ada, store(None));
    for i in 0..assets {
        let add = PlanEdit::AddAsset {
            id: asset(i),
            name: format!("Asset {i}"),
            category: Category::Visual,
            request: None,
        };
        ada.with(|r, step| r.edit_plan(step, &[add])).expect("an asset");
        for n in i * changes / assets..(i + 1) * changes / assets {
            ada.comment(asset(i), &format!("Comment {n}: the headline sits too close to the edge"));
        }
    }
    ada.replica.take_fresh();
    (ada, reader)
}

fn child(args: &[&std::ffi::OsStr]) -> Value {
    let exe = std::env::current_exe().expect("a program knows its own file");
    let output = Command::new(exe).args(args).stderr(Stdio::inherit()).output().expect("the process starts");
    serde_json::from_slice(&output.stdout).expect("the child prints its figures")
}

fn peak_mib() -> f64 {
    memory_kib("self", "VmHWM") / 1024.0
}

fn opened(path: &Path) -> Peer {
    let store = RedbStore::open(path).expect("the store opens");
    let workspace = *store.workspaces().expect("the store reads").first().expect("it holds one");
    Peer::open(READER, workspace, Box::new(store))
}

/// A child's side: a store that holds all; documents load when they are asked for.
pub fn open(path: &Path) {
    let start = Instant::now();
    let mut peer = opened(path);
    let plan = peer.replica.plan(peer.store.as_ref()).expect("the plan reads");
    let assets: Vec<AssetId> = plan.assets.iter().map(|a| a.id).collect();
    let first = assets.first().copied().expect("it has assets");
    let mut shown = peer.shown(first);
    let (first_ms, first_peak) = (ms(start.elapsed()), peak_mib());
    for other in assets.iter().filter(|a| **a != first) {
        shown += peer.shown(*other);
    }
    let all_ms = ms(start.elapsed());
    println!(
        "{}",
        json!({"first_ms": first_ms, "first_peak_mib": first_peak, "all_ms": all_ms, "all_peak_mib": peak_mib(), "shown": shown})
    );
}

/// A child's side: a member who has nothing but the membership log; asks for one asset first.
pub async fn join(path: &Path, url: &str) {
    let start = Instant::now();
    let mut peer = opened(path);
    let workspace = peer.workspace();
    let doc = workspace.review_doc(asset(0), Audience::Team);
    peer.connect(url, vec![workspace.plan_doc(), doc]).await;
    let plan = workspace.plan_doc();
    // What was asked for first is complete when something else begins to come.
    while !peer.settled() && !peer.received.keys().any(|d| *d != doc && *d != plan && *d != DocId::AUTHORITY)
    {
        peer.turn().await;
    }
    let shown = peer.shown(asset(0));
    let (first_ms, first_peak) = (ms(start.elapsed()), peak_mib());
    while !peer.settled() {
        peer.turn().await;
    }
    println!(
        "{}",
        json!({"first_ms": first_ms, "first_peak_mib": first_peak, "all_ms": ms(start.elapsed()), "all_peak_mib": peak_mib(), "shown": shown})
    );
    peer.leave().await;
}
