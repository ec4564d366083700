//! The audit trail of one asset: each entry's own difference, against taking all entries at once.

use serde_json::json;

use crate::RUNS;
use crate::clock::{median, report, short, timed};
use crate::world::{ASSET, Peer, store};

const ADA: u8 = 1;
const BO: u8 = 2;

/// Ada and bo comment in turns, ten at a time.
fn written(comments: usize) -> Vec<proofroom_entry::Verified> {
    let mut ada = Peer::founder(ADA, store(None));
    let mut bo = Peer::joined(BO, &mut ada, store(None));
    ada.replica.take_fresh();
    for _ in 0..comments.div_ceil(20) {
        ada.comments(10);
        bo.ingest(&ada.replica.take_fresh());
        bo.comments(10);
        ada.ingest(&bo.replica.take_fresh());
    }
    ada.entries(|_| true)
}

pub fn run(comments: usize) {
    let entries = written(comments);
    let (mut loading, mut telling) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let (loaded, mut peer) = timed(|| {
            let mut peer = Peer::again(ADA, &entries, store(None));
            assert_eq!(peer.shown(ASSET), comments.div_ceil(20) * 20);
            peer
        });
        loading.push(loaded);
        let (told, lines) = timed(|| peer.with(|r, step| r.audit(step.store, None, step.now)));
        assert!(lines.expect("the store reads").len() >= comments);
        telling.push(told);
    }
    let (load, tell) = (median(&loading), median(&telling));
    report(&json!({
        "bench": "trail", "comments": comments, "entries": entries.len(), "load_ms": short(load),
        "trail_ms": short(tell), "trail_us_per_entry": short(tell * 1e3 / entries.len() as f64),
        "ratio": short(tell / load),
    }));
}
