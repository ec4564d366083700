//! Snapshots in place of entries.

use proofroom_entry::{SNAPSHOT_BYTES_MAX, Snapshot};
use proofroom_ident::{DocId, Millis, SnapshotId};
use proofroom_store::{Batch, Store as _};
use proofroom_sync::bundle::{Export, Import, Item};
use proofroom_sync::limits::WINDOW_BYTES;
use proofroom_sync::{Audiences, Code, Coverage, Event, Input, Limits, Message};

use crate::pair::{Pair, Peer, WORKSPACE, doc, everyone, team_doc};

/// What is held of a document: where its logs end, and how many entries.
fn tips(pair: &Pair, doc: DocId) -> [Vec<(u64, proofroom_ident::EntryHash)>; 2] {
    [&pair.ada, &pair.bo].map(|peer| {
        let tips = peer.store.tips(WORKSPACE, doc).expect("the store reads");
        tips.iter().map(|tip| (tip.seq, tip.hash)).collect()
    })
}

#[track_caller]
fn check_agree(pair: &Pair, doc: DocId) {
    let [ada, bo] = tips(pair, doc);
    assert_eq!(ada, bo);
    assert!(pair.ada.is_in_sync() && pair.bo.is_in_sync(), "{:?} {:?}", pair.ada.events, pair.bo.events);
}

/// Bo holds a document of some entries; his snapshot stands for all but the last three.
fn scene(bytes: usize) -> (Pair, Snapshot) {
    let mut pair = Pair::new();
    pair.bo.write_quietly(DocId::AUTHORITY, 2, 100);
    pair.bo.write_quietly(doc(3), 40, 1_000);
    let snapshot = pair.bo.snapshot(doc(3), bytes);
    pair.bo.write_quietly(doc(3), 3, 1_000);
    pair.bo.write_quietly(doc(4), 5, 100);
    (pair, snapshot)
}

#[test]
fn a_newcomer_takes_a_snapshot_and_the_entries_after_it() {
    let (mut pair, _) = scene(10_000);
    pair.connect();
    pair.settle();
    check_agree(&pair, doc(3));
    check_agree(&pair, doc(4));
    assert_eq!(pair.ada.ingested.len(), 2 + 3 + 5);
    pair.ada.write(doc(3), 1, 100);
    pair.bo.write(doc(3), 1, 100);
    pair.settle();
    check_agree(&pair, doc(3));
    assert_eq!(pair.ada.ingested.len(), 2 + 4 + 5);
    pair.cut();
    pair.connect();
    pair.settle();
    check_agree(&pair, doc(3));
    assert_eq!(pair.ada.ingested.len(), 2 + 4 + 5, "a base needs nothing again");
}

#[test]
fn whoever_lacks_only_this_document_is_offered_its_snapshot_too() {
    let (mut pair, _) = scene(10_000);
    pair.ada.write_quietly(doc(9), 1, 10);
    pair.ada.write_quietly(doc(3), 1, 10);
    pair.ada.wants_snapshots = false;
    pair.connect();
    pair.settle();
    check_agree(&pair, doc(3));
    assert_eq!(pair.ada.ingested.len(), 2 + 43 + 5, "it held something, and was sent the entries");
    assert_eq!(pair.bo.ingested.len(), 2);
}

#[test]
fn a_snapshot_that_is_declined_or_does_not_hold_is_followed_by_another_or_by_entries() {
    for (believes, other, wants, entries) in
        [(false, false, true, 43), (false, true, true, 3), (true, false, false, 43), (true, true, false, 43)]
    {
        let (mut pair, first) = scene(10_000);
        if other {
            // Ada's own, made elsewhere once and kept by bo; it is believed. It stands for as much.
            let mut maker = Pair::new().ada;
            maker.store = pair.bo.store.clone();
            let mut batch = Batch::new();
            batch.snapshot(maker.snapshot(doc(3), 500));
            pair.bo.store.commit(batch).expect("two makers' snapshots are kept");
        }
        pair.ada.wants_snapshots = wants;
        if !believes {
            pair.ada.believes.remove(&first.header().maker);
        }
        let covered = if other && wants { 43 } else { 40 };
        pair.connect();
        pair.settle();
        check_agree(&pair, doc(3));
        let expected = if wants && (believes || other) { 43 - covered } else { entries };
        assert_eq!(pair.ada.ingested.len() as u64, 2 + expected + 5, "{believes} {other} {wants}");
    }
}

#[test]
fn a_large_snapshot_comes_in_parts_within_the_window() {
    let (mut pair, snapshot) = scene(3 << 20);
    pair.connect();
    let (mut most, mut parts) = (0, 0);
    while pair.step() {
        let under_way: usize = pair.bo.outgoing.iter().map(bytes::Bytes::len).sum();
        most = most.max(under_way as u64);
        parts += pair.bo.outgoing.iter().filter(|f| f.get(1) == Some(&51)).count().min(1);
    }
    check_agree(&pair, doc(3));
    assert!(most < WINDOW_BYTES + (300 << 10), "{most}");
    assert!(parts > 3, "{parts}");
    let kept = pair.ada.store.snapshots(WORKSPACE, doc(3)).expect("the store reads");
    assert_eq!(kept, [snapshot], "whoever rests on it passes it on");
}

#[test]
fn what_is_written_meanwhile_waits_for_the_answer() {
    let (mut pair, _) = scene(600 << 10);
    pair.connect();
    while !pair.bo.outgoing.iter().any(|frame| frame.get(1) == Some(&51)) {
        assert!(pair.step(), "the snapshot is sent");
    }
    pair.bo.write(doc(3), 2, 100);
    pair.bo.write(doc(4), 2, 100);
    pair.settle();
    check_agree(&pair, doc(3));
    check_agree(&pair, doc(4));
    assert_eq!(pair.ada.ingested.len(), 2 + 5 + 7);
}

/// Cy rests on a snapshot and has no entries below it; dan holds some of those.
#[test]
fn whoever_rests_on_a_snapshot_sends_nothing_that_another_cannot_follow() {
    let (mut pair, _) = scene(10_000);
    let early = pair.bo.store.clone();
    pair.connect();
    pair.settle();
    pair.cut();
    let tip = early.tips(WORKSPACE, doc(3)).expect("the store reads")[0];
    let mut dan = Pair::new();
    dan.ada.store = pair.ada.store.clone();
    let mut batch = Batch::new();
    for seq in 1..=10 {
        let entry = early.entry(WORKSPACE, doc(3), tip.log, seq).expect("the store reads");
        batch.append(entry.expect("it is held"));
    }
    dan.bo.store.commit(batch).expect("they follow each other");
    dan.connect();
    dan.settle();
    assert!(dan.ada.is_in_sync() && dan.bo.is_in_sync());
    assert_eq!(tips(&dan, doc(3)).map(|t| t[0].0), [43, 10]);
    assert!(dan.bo.closed.is_none() && dan.ada.events.iter().all(|e| !matches!(e, Event::EntriesRefused(_))));
    dan.cut();
    dan.ada.store = early;
    dan.connect();
    dan.settle();
    check_agree(&dan, doc(3));
}

#[test]
fn a_keeper_is_offered_what_it_lacks_and_tells_what_it_keeps() {
    let mut pair = Pair::new();
    pair.ada.write_quietly(doc(3), 40, 1_000);
    pair.connect();
    pair.settle();
    let snapshot = pair.ada.snapshot(doc(3), 400 << 10);
    let before = pair.ada.events.len();
    pair.bo.answers = false;
    pair.ada.tell(Millis(0), Input::OfferSnapshot(doc(3)));
    pair.settle();
    assert!(!pair.ada.session.as_ref().expect("connected").is_in_sync(), "an offer is open");
    pair.bo.tell(Millis(0), Input::AnswerSnapshot { doc: doc(3), id: snapshot.id(), wanted: true });
    pair.bo.answers = true;
    pair.bo.store = proofroom_store::MemoryStore::new();
    pair.settle();
    let delivered = Event::SnapshotDelivered { doc: doc(3), id: snapshot.id() };
    assert!(pair.ada.events[before..].contains(&delivered), "{:?}", pair.ada.events);
    pair.cut();
    pair.connect();
    pair.settle();
    let row = Coverage { doc: doc(3), entries: 40, bytes: snapshot.bytes().len() as u64 };
    assert!(pair.ada.events.contains(&Event::Covered(vec![row])), "{:?}", pair.ada.events);
}

#[test]
fn an_offer_that_nobody_answers_ends_the_session() {
    let (mut pair, _) = scene(10_000);
    pair.ada.answers = false;
    pair.connect();
    pair.settle();
    assert!(!pair.bo.is_in_sync());
    pair.bo.tell(Millis(60_000), Input::Tick);
    assert_eq!(pair.bo.closed, None);
    pair.bo.tell(Millis(60_001), Input::Tick);
    assert_eq!(pair.bo.closed, Some(Code::Lagging));
}

/// What a hostile peer may send about snapshots.
#[test]
fn snapshots_that_do_not_fit_end_the_session() {
    let id = SnapshotId::from_bytes([1; 32]);
    let offer = |doc, bytes| Message::SnapshotOffer { doc, id, entries: 5, bytes };
    let part = |offset, bytes: usize| Message::SnapshotPart {
        doc: doc(3),
        id,
        offset,
        bytes: vec![0; bytes].into(),
    };
    let cases = [
        (vec![part(0, 10)], Code::BadMessage),
        (vec![offer(doc(3), 100), part(5, 10)], Code::BadMessage),
        (vec![offer(doc(3), 100), part(0, 10), part(20, 10)], Code::BadMessage),
        (vec![offer(doc(3), 100), part(0, 0)], Code::BadMessage),
        (vec![offer(doc(3), 100), part(0, 100)], Code::BadEntry),
        (vec![offer(doc(3), SNAPSHOT_BYTES_MAX as u64 + 1)], Code::TooLarge),
        (vec![offer(doc(3), 0)], Code::TooLarge),
        (vec![offer(team_doc(3), 100)], Code::MayNotWrite),
    ];
    for (messages, code) in cases {
        let mut pair = Pair::new();
        pair.bo.admits = everyone();
        pair.connect();
        pair.settle();
        messages.iter().for_each(|m| pair.bo.tell(Millis(0), Input::Frame(m.encode())));
        assert_eq!(pair.bo.closed, Some(code), "{messages:?}");
    }
}

#[test]
fn a_bundle_of_who_rests_on_a_snapshot_carries_it() {
    let (mut pair, snapshot) = scene(600 << 10);
    pair.connect();
    pair.settle();
    let store = &pair.ada.store;
    let (mut export, header) = Export::begin(store, WORKSPACE, Audiences::ALL, &[]).expect("the store reads");
    let mut file = header.to_vec();
    while let Some(run) = export.next_entries(store).expect("the store reads") {
        file.extend_from_slice(&run);
    }
    file.extend_from_slice(&export.finish());
    let mut import = Import::new(Limits::default());
    import.push(&file);
    let (mut snapshots, mut entries) = (Vec::new(), Vec::new());
    while let Some(item) = import.next().expect("it is a bundle") {
        match item {
            Item::Snapshot(one) => snapshots.push((one.id(), entries.len())),
            Item::Entries(more) => entries.extend(more.into_iter().map(|e| (e.claims().doc, e.claims().seq))),
            _ => {}
        }
    }
    import.finish().expect("it is whole");
    let of_doc: Vec<u64> = entries.iter().filter(|(d, _)| *d == doc(3)).map(|(_, seq)| *seq).collect();
    assert_eq!(of_doc, [41, 42, 43]);
    assert_eq!(snapshots.len(), 1);
    assert!(snapshots[0].0 == snapshot.id() && snapshots[0].1 >= 2, "after the membership: {snapshots:?}");
}

/// What a peer was told about snapshots that the other keeps.
fn covered(events: &[Event]) -> Vec<Vec<(DocId, u64)>> {
    let of = |e: &Event| match e {
        Event::Covered(rows) => Some(rows.iter().map(|row| (row.doc, row.entries)).collect()),
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

#[test]
fn each_document_is_covered_by_the_best_of_its_snapshots() {
    for seeds in [[2, 1], [1, 2]] {
        let mut pair = Pair::new();
        pair.bo.write_quietly(doc(3), 10, 100);
        pair.bo.write_quietly(doc(4), 7, 100);
        pair.bo.write_quietly(team_doc(5), 7, 100);
        for (seed, more) in seeds.into_iter().zip([0, 5]) {
            pair.bo.write_quietly(doc(3), more, 100);
            let mut maker = Peer::new(seed);
            maker.store = pair.bo.store.clone();
            let mut batch = Batch::new();
            batch.snapshot(maker.snapshot(doc(3), 100));
            pair.bo.store.commit(batch).expect("two makers' snapshots are kept");
        }
        pair.bo.snapshot(doc(4), 100);
        pair.bo.snapshot(team_doc(5), 100);
        pair.bo.admits = everyone();
        pair.connect();
        pair.settle();
        assert_eq!(covered(&pair.ada.events), [[(doc(3), 15), (doc(4), 7)]], "{seeds:?}");
    }
}

#[test]
fn snapshots_of_what_somebody_may_not_read_are_neither_offered_nor_told_of() {
    let mut pair = Pair::new();
    for d in [doc(3), team_doc(3)] {
        pair.bo.write_quietly(d, 3, 100);
    }
    pair.bo.admits = everyone();
    pair.connect();
    pair.settle();
    for d in [doc(3), team_doc(3)] {
        pair.bo.snapshot(d, 100);
    }
    pair.bo.tell(Millis(0), Input::OfferSnapshot(team_doc(3)));
    assert!(pair.bo.outgoing.is_empty());
    let row = |doc| Coverage { doc, entries: 3, bytes: 9 };
    pair.bo.tell(Millis(0), Input::Covered(vec![row(team_doc(3))]));
    assert!(pair.bo.outgoing.is_empty());
    pair.bo.tell(Millis(0), Input::Covered(vec![row(doc(3)), row(team_doc(3))]));
    pair.bo.tell(Millis(0), Input::OfferSnapshot(doc(3)));
    assert_eq!(pair.bo.outgoing.len(), 2);
    pair.settle();
    assert_eq!(covered(&pair.ada.events), [[(doc(3), 3)]]);
}

#[test]
fn who_may_not_write_gives_no_snapshot_and_is_not_let_give_one() {
    let mut pair = Pair::new();
    pair.ada.write_quietly(doc(3), 3, 100);
    pair.bo.lets_write = false;
    pair.connect();
    pair.settle();
    let snapshot = pair.ada.snapshot(doc(3), 100);
    pair.ada.tell(Millis(0), Input::OfferSnapshot(doc(3)));
    assert!(pair.ada.outgoing.is_empty());
    let offer = Message::SnapshotOffer { doc: doc(3), id: snapshot.id(), entries: 3, bytes: 100 };
    pair.bo.tell(Millis(0), Input::Frame(offer.encode()));
    assert_eq!(pair.bo.closed, Some(Code::MayNotWrite));
}

#[test]
fn whoever_declines_a_snapshot_says_what_they_hold_of_it() {
    let (mut pair, _) = scene(10_000);
    pair.connect();
    // Ada gets all of it elsewhere, before she answers.
    pair.ada.answers = false;
    pair.settle();
    let offered = pair.bo.store.snapshots(WORKSPACE, doc(3)).expect("the store reads").remove(0);
    pair.ada.store = pair.bo.store.clone();
    pair.ada.tell(Millis(0), Input::AnswerSnapshot { doc: doc(3), id: offered.id(), wanted: false });
    let before = pair.ada.ingested.len();
    pair.settle();
    assert_eq!(pair.ada.ingested[before..].len(), 0, "none of it is sent");
    assert!(pair.bo.is_in_sync());
}
