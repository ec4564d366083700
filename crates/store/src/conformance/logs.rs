//! Checks of entries, tips, summaries and proofs.

use proofroom_entry::{ChainError, LogTip, Verified};
use proofroom_ident::{DocId, LogId, WorkspaceId};

use super::{Backend, World, contents};
use crate::{Batch, Store, StoreError, doc_digest};

const WORKS: &str = "a healthy store answers";

fn commit(store: &mut impl Store, entries: &[Verified]) -> Result<(), StoreError> {
    let mut batch = Batch::new();
    for entry in entries {
        batch.append(entry.clone());
    }
    store.commit(batch)
}

/// Commits entries behind a value, expects a refusal, and that nothing at all changed.
fn refused(store: &mut impl Store, entries: &[Verified]) -> StoreError {
    let before = contents(store).expect(WORKS);
    let mut batch = Batch::new();
    batch.put(*b"beside", *b"the refused entry");
    for entry in entries {
        batch.append(entry.clone());
    }
    let error = store.commit(batch).expect_err("the batch is to be refused");
    assert!(error.is_refusal(), "{error}");
    assert_eq!(contents(store).expect("a refusal does not poison"), before);
    error
}

fn log_of(entry: &Verified) -> (WorkspaceId, DocId, LogId) {
    let h = entry.header();
    (entry.workspace(), h.doc, h.log)
}

fn read(store: &impl Store, log: (WorkspaceId, DocId, LogId), from: u64, bytes_max: usize) -> Vec<Verified> {
    store.entries(log.0, log.1, log.2, from, bytes_max).expect(WORKS)
}

/// Nothing was written, so nothing is told, and nothing fails.
pub fn a_new_store_holds_nothing<B: Backend>(backend: &mut B) {
    let (store, w) = (backend.create(), World::new(1));
    assert_eq!(contents(&store).expect(WORKS), super::Contents::default());
    assert_eq!(store.docs(w.workspace), Ok(vec![]));
    assert_eq!(store.tips(w.workspace, w.plan()), Ok(vec![]));
    assert_eq!(store.proofs(w.workspace), Ok(vec![]));
    let log = LogId::from_bytes([1; 16]);
    assert_eq!(store.tip(w.workspace, w.plan(), log), Ok(None));
    assert_eq!(store.entry(w.workspace, w.plan(), log, 1), Ok(None));
    assert_eq!(store.entries(w.workspace, w.plan(), log, 1, 1 << 20), Ok(vec![]));
}

/// Entries come back byte for byte, with their tip, by range and by position.
pub fn what_is_committed_is_read_back<B: Backend>(backend: &mut B) {
    let (mut store, w) = (backend.create(), World::new(1));
    let run = w.run(&w.bo, w.plan(), 1, 3);
    commit(&mut store, std::slice::from_ref(&w.genesis)).expect(WORKS);
    for entry in &run {
        commit(&mut store, std::slice::from_ref(entry)).expect(WORKS);
    }
    let log = log_of(&run[0]);
    assert_eq!(read(&store, log, 1, usize::MAX), run);
    assert_eq!(store.tip(log.0, log.1, log.2), Ok(Some(LogTip::after(run[2].head()))));
    assert_eq!(store.entry(log.0, log.1, log.2, 2), Ok(Some(run[1].clone())));
    assert_eq!(store.entry(log.0, log.1, log.2, 4), Ok(None));
    assert_eq!(store.workspaces(), Ok(vec![w.workspace]));
    let genesis = w.genesis.header();
    assert_eq!(store.entry(w.workspace, genesis.doc, genesis.log, 1), Ok(Some(w.genesis.clone())));
}

/// A restart loses nothing that was acknowledged.
pub fn what_is_committed_survives_reopening<B: Backend>(backend: &mut B) {
    let (mut store, w) = (backend.create(), World::new(1));
    let mut batch = Batch::new();
    batch.append(w.genesis.clone()).put(*b"key", *b"value");
    let (one, other) = (w.run(&w.bo, w.plan(), 1, 1), w.log(&w.bo, w.plan(), 1));
    let other = w.next(&mut { other }, &w.bo, b"another history");
    batch.append(one[0].clone()).proof(one[0].clone(), other);
    store.commit(batch).expect(WORKS);
    let before = contents(&store).expect(WORKS);
    assert_eq!((before.entries.len(), before.proofs.len(), before.values.len()), (2, 1, 1));
    let store = backend.reopen(store);
    assert_eq!(contents(&store), Ok(before));
}

/// An entry with a hole before it takes its whole batch down.
pub fn a_gap_refuses_the_whole_batch<B: Backend>(backend: &mut B) {
    let (mut store, w) = (backend.create(), World::new(1));
    let run = w.run(&w.bo, w.plan(), 1, 4);
    commit(&mut store, &run[..1]).expect(WORKS);
    let error = refused(&mut store, &[run[1].clone(), run[3].clone()]);
    assert!(matches!(error, StoreError::Chain(ChainError::Gap { wanted: 3, found: 4, .. })), "{error}");
    let error = refused(&mut store, &run[2..3]);
    assert!(matches!(error, StoreError::Chain(ChainError::Gap { wanted: 2, found: 3, .. })), "{error}");
}

/// An entry that names another predecessor takes its whole batch down.
pub fn a_broken_chain_refuses_the_whole_batch<B: Backend>(backend: &mut B) {
    let (mut store, w) = (backend.create(), World::new(1));
    commit(&mut store, &w.run(&w.bo, w.plan(), 1, 1)).expect(WORKS);
    let mut forked = w.log(&w.bo, w.plan(), 1);
    w.next(&mut forked, &w.bo, b"another history");
    let second = w.next(&mut forked, &w.bo, b"and on");
    let error = refused(&mut store, &[second]);
    assert!(matches!(error, StoreError::Chain(ChainError::Broken { seq: 2, .. })), "{error}");
}

/// A repeat is not written twice; the caller tells a repeat from a second history.
pub fn a_known_entry_is_refused<B: Backend>(backend: &mut B) {
    let (mut store, w) = (backend.create(), World::new(1));
    let run = w.run(&w.bo, w.plan(), 1, 2);
    commit(&mut store, &run).expect(WORKS);
    for entry in &run {
        let error = refused(&mut store, std::slice::from_ref(entry));
        assert!(matches!(error, StoreError::Chain(ChainError::Known { .. })), "{error}");
    }
}

/// A log's name is no licence to write to it.
pub fn another_author_cannot_continue_a_log<B: Backend>(backend: &mut B) {
    let (mut store, w) = (backend.create(), World::new(1));
    commit(&mut store, &w.run(&w.bo, w.plan(), 1, 1)).expect(WORKS);
    let mallory = w.run(&w.ada, w.plan(), 1, 2);
    let error = refused(&mut store, &mallory[1..]);
    assert!(matches!(error, StoreError::Chain(ChainError::Gap { wanted: 1, .. })), "{error}");
}

/// Entries of one batch follow each other before any of them is durable.
pub fn one_batch_appends_many_entries_of_one_log<B: Backend>(backend: &mut B) {
    let (mut store, w) = (backend.create(), World::new(1));
    let run = w.run(&w.bo, w.plan(), 1, 50);
    commit(&mut store, &run).expect(WORKS);
    assert_eq!(read(&store, log_of(&run[0]), 1, usize::MAX), run);
}

/// The limit bounds memory, and a large entry still gets through.
pub fn reading_stops_at_the_limit_but_gives_at_least_one_entry<B: Backend>(backend: &mut B) {
    let (mut store, w) = (backend.create(), World::new(1));
    let run = w.run(&w.bo, w.plan(), 1, 4);
    commit(&mut store, &run).expect(WORKS);
    let (log, size) = (log_of(&run[0]), run[0].bytes().len());
    for (bytes_max, want) in
        [(0, 1), (size - 1, 1), (size, 1), (size * 2 - 1, 1), (size * 2, 2), (size * 9, 4)]
    {
        assert_eq!(read(&store, log, 1, bytes_max), run[..want], "limit {bytes_max}");
    }
}

/// From any position, to the end and no further.
pub fn reading_starts_where_it_is_asked_to<B: Backend>(backend: &mut B) {
    let (mut store, w) = (backend.create(), World::new(1));
    let run = w.run(&w.bo, w.plan(), 1, 3);
    commit(&mut store, &run).expect(WORKS);
    commit(&mut store, &w.run(&w.bo, w.plan(), 2, 3)).expect(WORKS);
    let log = log_of(&run[0]);
    for (from, want) in
        [(0, &run[..]), (1, &run[..]), (2, &run[1..]), (3, &run[2..]), (4, &[]), (u64::MAX, &[])]
    {
        assert_eq!(read(&store, log, from, usize::MAX), want, "from {from}");
    }
}

/// A summary is what reading everything would give.
pub fn a_summary_counts_and_digests_its_document<B: Backend>(backend: &mut B) {
    let (mut store, w) = (backend.create(), World::new(1));
    commit(&mut store, &w.run(&w.ada, w.team_review(), 9, 2)).expect(WORKS);
    commit(&mut store, &w.run(&w.bo, w.team_review(), 3, 3)).expect(WORKS);
    let docs = store.docs(w.workspace).expect(WORKS);
    let [summary] = docs.as_slice() else { panic!("one document was written, {} are told", docs.len()) };
    let tips = store.tips(w.workspace, w.team_review()).expect(WORKS);
    assert!(tips.is_sorted_by_key(|tip| tip.log), "tips are in the order of their logs");
    assert_eq!(summary.doc, w.team_review());
    assert_eq!(summary.audience, w.team_review().audience());
    assert_eq!(summary.entries, 5);
    let all = contents(&store).expect(WORKS).entries;
    assert_eq!(summary.bytes, all.iter().map(|e| e.bytes().len() as u64).sum::<u64>());
    assert_eq!(summary.digest, doc_digest(&tips));
}

/// Two replicas that hold the same entries know it by one digest.
pub fn digests_do_not_depend_on_the_order_of_arrival<B: Backend>(backend: &mut B) {
    let w = World::new(1);
    let (one, other) = (w.run(&w.ada, w.plan(), 9, 3), w.run(&w.bo, w.plan(), 3, 3));
    let (mut first, mut second) = (backend.create(), backend.create());
    commit(&mut first, &[one.clone(), other.clone()].concat()).expect(WORKS);
    for i in 0..3 {
        assert_ne!(first.docs(w.workspace), second.docs(w.workspace));
        commit(&mut second, &other[i..=i]).expect(WORKS);
        commit(&mut second, &one[i..=i]).expect(WORKS);
    }
    assert_eq!(first.docs(w.workspace), second.docs(w.workspace));
}

/// Neither documents nor workspaces see each other's logs, even of one name.
pub fn documents_and_workspaces_are_kept_apart<B: Backend>(backend: &mut B) {
    let (mut store, w, other) = (backend.create(), World::new(1), World::new(2));
    let runs = [
        w.run(&w.bo, w.plan(), 1, 1),
        w.run(&w.bo, w.team_review(), 1, 2),
        other.run(&other.bo, other.plan(), 1, 3),
    ];
    for run in &runs {
        commit(&mut store, run).expect(WORKS);
    }
    for run in &runs {
        let log = log_of(&run[0]);
        assert_eq!(read(&store, log, 1, usize::MAX), *run);
        assert_eq!(store.tips(log.0, log.1), Ok(vec![LogTip::after(run[run.len() - 1].head())]));
    }
    let mut workspaces = [w.workspace, other.workspace];
    workspaces.sort();
    assert_eq!(store.workspaces(), Ok(workspaces.to_vec()));
    let docs = store.docs(w.workspace).expect(WORKS);
    assert!(docs.len() == 2 && docs.is_sorted_by_key(|d| d.doc));
}

/// One pair is proof enough; the earliest decides where the log is frozen.
pub fn one_proof_is_kept_per_log_the_earliest<B: Backend>(backend: &mut B) {
    let (mut store, w) = (backend.create(), World::new(1));
    let one = w.run(&w.bo, w.plan(), 1, 3);
    let mut log = w.log(&w.bo, w.plan(), 1);
    let other: Vec<Verified> = (0..3).map(|_| w.next(&mut log, &w.bo, b"another history")).collect();
    for (seq, want) in [(2, 2), (3, 2), (1, 1), (2, 1)] {
        let mut batch = Batch::new();
        batch.proof(one[seq - 1].clone(), other[seq - 1].clone());
        store.commit(batch).expect(WORKS);
        let held = store.proofs(w.workspace).expect(WORKS);
        assert_eq!(held, [(one[want - 1].clone(), other[want - 1].clone())], "after position {seq}");
    }
}

/// Two entries of different positions, or one entry twice, accuse nobody.
pub fn what_proves_nothing_is_refused<B: Backend>(backend: &mut B) {
    let (mut store, w) = (backend.create(), World::new(1));
    let (bo, ada) = (w.run(&w.bo, w.plan(), 1, 2), w.run(&w.ada, w.plan(), 1, 1));
    for (one, other) in [(&bo[0], &bo[0]), (&bo[0], &bo[1]), (&bo[0], &ada[0])] {
        let mut batch = Batch::new();
        batch.put(*b"beside", *b"it").proof(one.clone(), other.clone());
        let error = store.commit(batch).expect_err("it proves nothing");
        assert_eq!(error, StoreError::NotAProof(one.hash(), other.hash()));
    }
    assert_eq!(contents(&store), Ok(super::Contents::default()));
}

/// An erased entry keeps its place, its hash and its chain, here and in a proof; its bytes count no more.
pub fn an_erased_entry_keeps_its_place_and_loses_its_payload<B: Backend>(backend: &mut B) {
    let (mut store, w) = (backend.create(), World::new(1));
    let run = w.run(&w.bo, w.plan(), 1, 3);
    let mut fork = w.log(&w.bo, w.plan(), 1);
    w.next(&mut fork, &w.bo, &[1; 100]);
    let other = w.next(&mut fork, &w.bo, b"another history");
    commit(&mut store, &run).expect(WORKS);
    let mut batch = Batch::new();
    batch.proof(run[1].clone(), other.clone());
    store.commit(batch).expect(WORKS);
    let before = store.docs(w.workspace).expect(WORKS)[0];
    let mut batch = Batch::new();
    // One that is not held is no error, and changes nothing.
    batch.erase(&run[1]).erase(&other);
    store.commit(batch).expect(WORKS);
    let store = backend.reopen(store);
    let log = log_of(&run[0]);
    let held = read(&store, log, 1, usize::MAX);
    assert_eq!(
        held.iter().map(Verified::hash).collect::<Vec<_>>(),
        run.iter().map(Verified::hash).collect::<Vec<_>>()
    );
    assert_eq!(held.iter().map(Verified::is_erased).collect::<Vec<_>>(), [false, true, false]);
    let after = store.docs(w.workspace).expect(WORKS)[0];
    assert_eq!((after.digest, after.entries, before.bytes - after.bytes), (before.digest, 3, 100));
    let (one, two) = store.proofs(w.workspace).expect(WORKS).remove(0);
    assert_eq!((one.hash(), two.hash()), (run[1].hash(), other.hash()));
    assert!(one.is_erased() && two.is_erased());
}
