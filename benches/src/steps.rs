//! Where the time of one edit goes: every station on its way, in one process and
//! without a network, so that a profile shows them too.

use proofroom_entry::Signed;
use proofroom_ident::Audience;
use proofroom_store::Batch;
use serde_json::json;
use tempfile::tempdir;

use crate::clock::{median, report, short, timed};
use crate::world::{ASSET, Peer, store};

const STATIONS: [&str; 7] = [
    "record_ms",     // edit -> sealed and signed entry, stored in memory
    "decode_ms",     // bytes -> `Signed`
    "verify_ms",     // `Signed` -> `Verified`: the signature, as a relay does it
    "store_redb_ms", // one entry into our store in a file
    "ingest_ms",     // a reader verifies and stores it, in memory
    "merge_ms",      // open the seal, vet, apply
    "view_ms",       // patch the view
];

pub fn run(edits: usize, base: usize) {
    let mut ada = Peer::founder(1, store(None));
    let mut bo = Peer::joined(2, &mut ada, store(None));
    (ada.audience, bo.audience) = (Audience::Everyone, Audience::Everyone);
    ada.comments(base);
    bo.ingest(&ada.entries(|_| true));
    assert_eq!(bo.shown(ASSET), base);
    let (doc, workspace) = (ada.doc(), ada.workspace());
    ada.replica.take_fresh();
    let place = tempdir().expect("a temporary folder");
    let mut file = store(Some(&place.path().join("reader.redb")));
    let mut all = Batch::new();
    ada.entries(|_| true).into_iter().for_each(|entry| {
        all.append(entry);
    });
    file.commit(all).expect("the entries follow their logs");
    let mut figures: [Vec<f64>; STATIONS.len()] = Default::default();
    for _ in 0..edits {
        let (record, ()) = timed(|| ada.comment(ASSET, "Move the logo a little to the left"));
        let entry = ada.replica.take_fresh().pop().expect("an entry was written");
        let bytes = entry.bytes().clone();
        let (decode, signed) = timed(|| Signed::decode(bytes.clone()).expect("an entry"));
        let again = Signed::decode(bytes).expect("an entry");
        let (verify, verified) = timed(|| again.verify(workspace).expect("it is signed"));
        let mut batch = Batch::new();
        batch.append(verified);
        let (durable, ()) = timed(|| file.commit(batch).expect("the disk takes it"));
        let (ingest, _) = timed(|| bo.with(|r, step| r.ingest(step, vec![signed])).expect("it is stored"));
        let (merge, _) = timed(|| bo.replica.take_changed(bo.store.as_ref(), doc).expect("it loads"));
        let (view, _) = timed(|| bo.shown(ASSET));
        let taken = [record, decode, verify, durable, ingest, merge, view];
        figures.iter_mut().zip(taken).for_each(|(all, one)| all.push(one));
    }
    assert_eq!(bo.shown(ASSET), base + edits);
    // What a kill leaves is the file as it is now: it was never closed.
    let left = place.path().join("left.redb");
    let bytes = std::fs::copy(place.path().join("reader.redb"), &left).expect("a copy is made");
    let (reopen, _) = timed(|| store(Some(&left)));
    let mut line = json!({
        "bench": "steps", "edits": edits, "base": base,
        "reopen_after_kill_ms": short(reopen), "store_bytes": bytes,
    });
    for (name, all) in STATIONS.iter().zip(&figures) {
        line[*name] = json!(short(median(all)));
    }
    report(&line);
}
