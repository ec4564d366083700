//! Checks of logs that begin at a base, and of snapshots.

use proofroom_entry::{LogTip, Snapshot, SnapshotDraft, Verified};
use proofroom_ident::{KeyId, Millis, Nonce, SigningSecret};

use super::{Backend, World, contents};
use crate::{Batch, SnapshotSummary, Store, StoreError, doc_digest, is_worth_keeping};

const WORKS: &str = "a healthy store answers";

fn snapshot(w: &World, maker: &SigningSecret, rows: &[&Verified]) -> Snapshot {
    let mut rows: Vec<_> = rows.iter().map(|entry| entry.head().clone()).collect();
    rows.sort_by_key(|row| row.header().log);
    let draft = SnapshotDraft {
        workspace: w.workspace,
        doc: rows[0].header().doc,
        auth_head: w.genesis.hash(),
        claimed_at: Millis(0),
        key: KeyId::from_bytes([1; 16]),
        nonce: Nonce::from_bytes([2; 24]),
        rows,
    };
    draft.sign(b"a sealed chunk", maker).expect("its rows are of one document and in order")
}

/// Begins `run`'s log at its `n`th entry and appends the rest.
fn begin_at(store: &mut impl Store, w: &World, run: &[Verified], n: usize) {
    let mut batch = Batch::new();
    batch.base(run[n - 1].head().clone()).snapshot(snapshot(w, &w.ada, &[&run[n - 1]]));
    run[n..].iter().for_each(|entry| _ = batch.append(entry.clone()));
    store.commit(batch).expect(WORKS);
}

/// Tip, chain and digest are as if all entries were held; those below are not.
pub fn a_log_may_begin_at_a_base<B: Backend>(backend: &mut B) {
    let (mut based, mut whole, w) = (backend.create(), backend.create(), World::new(1));
    let run = w.run(&w.bo, w.plan(), 1, 5);
    begin_at(&mut based, &w, &run, 3);
    let mut batch = Batch::new();
    run.iter().for_each(|entry| _ = batch.append(entry.clone()));
    whole.commit(batch).expect(WORKS);
    let (log, plan) = (run[0].header().log, w.plan());
    assert_eq!(based.tips(w.workspace, plan), whole.tips(w.workspace, plan));
    let (here, there) = (based.docs(w.workspace).expect(WORKS), whole.docs(w.workspace).expect(WORKS));
    assert_eq!((here[0].digest, here[0].entries, there[0].entries), (there[0].digest, 2, 5));
    assert_eq!(based.bases(w.workspace, plan), Ok(vec![run[2].head().clone()]));
    assert_eq!(based.base(w.workspace, plan, log), Ok(Some(run[2].head().clone())));
    assert_eq!(whole.base(w.workspace, plan, log), Ok(None));
    assert_eq!(based.entries(w.workspace, plan, log, 1, usize::MAX), Ok(run[3..].to_vec()));
    assert_eq!(based.entry(w.workspace, plan, log, 3), Ok(None));
}

/// A base without any entry after it makes a document all the same, and survives a restart.
pub fn a_base_alone_is_held_and_survives_reopening<B: Backend>(backend: &mut B) {
    let (mut store, w) = (backend.create(), World::new(1));
    let run = w.run(&w.bo, w.plan(), 1, 2);
    begin_at(&mut store, &w, &run, 2);
    let tip = LogTip::after(run[1].head());
    let before = contents(&store).expect(WORKS);
    assert_eq!((before.tips.clone(), before.entries.len()), (vec![(w.workspace, tip)], 0));
    assert_eq!(before.docs[0].1.digest, doc_digest([&tip]));
    assert_eq!((before.bases.len(), before.snapshots.len()), (1, 1));
    let store = backend.reopen(store);
    assert_eq!(contents(&store), Ok(before));
}

/// A base never replaces what is held, and no statement stands for another.
pub fn a_base_of_a_held_log_or_of_statements_is_refused<B: Backend>(backend: &mut B) {
    let (mut store, w) = (backend.create(), World::new(1));
    let run = w.run(&w.bo, w.plan(), 1, 3);
    let mut batch = Batch::new();
    batch.append(run[0].clone());
    store.commit(batch).expect(WORKS);
    let before = contents(&store).expect(WORKS);
    let based_twice = w.run(&w.bo, w.plan(), 2, 2);
    for bases in [vec![&run[2]], vec![&based_twice[0], &based_twice[1]], vec![&w.genesis]] {
        let mut batch = Batch::new();
        batch.put(*b"beside", *b"it");
        bases.iter().for_each(|entry| _ = batch.base(entry.head().clone()));
        let error = store.commit(batch).expect_err("it is no base");
        assert!(error.is_refusal() && matches!(error, StoreError::NotABase(_)), "{error}");
        assert_eq!(contents(&store).as_ref(), Ok(&before));
    }
}

/// What follows a base must follow it.
pub fn a_gap_after_a_base_refuses_the_whole_batch<B: Backend>(backend: &mut B) {
    let (mut store, w) = (backend.create(), World::new(1));
    let run = w.run(&w.bo, w.plan(), 1, 4);
    begin_at(&mut store, &w, &run[..2], 2);
    let mut batch = Batch::new();
    batch.append(run[3].clone());
    assert!(matches!(store.commit(batch), Err(StoreError::Chain(_))));
    let mut batch = Batch::new();
    batch.append(run[2].clone()).append(run[3].clone());
    store.commit(batch).expect("they follow the base");
}

/// Dropping takes based logs with all that follows them, and nothing else; the logs can then be fetched from the start.
pub fn dropping_bases_leaves_what_is_held_from_the_start<B: Backend>(backend: &mut B) {
    let (mut store, w) = (backend.create(), World::new(1));
    let (kept, run) = (w.run(&w.ada, w.plan(), 1, 2), w.run(&w.bo, w.plan(), 2, 4));
    let elsewhere = w.run(&w.bo, w.team_review(), 3, 2);
    let mut batch = Batch::new();
    kept.iter().for_each(|entry| _ = batch.append(entry.clone()));
    store.commit(batch).expect(WORKS);
    let before = contents(&store).expect(WORKS);
    begin_at(&mut store, &w, &run, 2);
    begin_at(&mut store, &w, &elsewhere, 1);
    let mut batch = Batch::new();
    // The drop comes first, wherever it stands: the run fits again from its first entry.
    batch.append(run[0].clone());
    batch.drop_based(w.workspace, w.plan()).drop_based(w.workspace, w.team_review());
    store.commit(batch).expect(WORKS);
    let mut after = contents(&store).expect(WORKS);
    assert_eq!(after.entries.pop(), Some(run[0].clone()));
    assert_eq!(after.entries, before.entries);
    assert_eq!((after.bases.len(), after.snapshots.len(), after.docs.len()), (0, 0, 1));
    assert_eq!(after.docs[0].1.entries, 3);
    let mut batch = Batch::new();
    batch.drop_based(w.workspace, w.plan());
    store.commit(batch).expect("there is nothing to drop, which is no error");
    assert_eq!(store.docs(w.workspace).expect(WORKS)[0], after.docs[0].1);
}

/// Two makers' snapshots are kept, those that stand for most entries.
pub fn two_snapshots_of_different_makers_are_kept<B: Backend>(backend: &mut B) {
    let (mut store, w) = (backend.create(), World::new(1));
    let run = w.run(&w.bo, w.plan(), 1, 4);
    let third = SigningSecret::from_seed(&[9; 32]);
    let kept = |store: &B::Store| -> Vec<_> {
        let held = store.snapshots(w.workspace, w.plan()).expect(WORKS);
        held.iter().map(|s| (s.header().maker, s.entries())).collect()
    };
    let (ada, bo) = (w.ada.public(), w.bo.public());
    let offered: [(&SigningSecret, usize, Vec<_>); 5] = [
        (&w.ada, 1, vec![(ada, 1)]),
        (&w.bo, 2, vec![(bo, 2), (ada, 1)]),
        (&w.ada, 3, vec![(ada, 3), (bo, 2)]),
        (&w.ada, 1, vec![(ada, 3), (bo, 2)]),
        (&third, 4, vec![(third.public(), 4), (ada, 3)]),
    ];
    for (maker, n, want) in offered {
        let mut batch = Batch::new();
        let snapshot = snapshot(&w, maker, &[&run[n - 1]]);
        let (held, new) = (store.snapshot_index(w.workspace).expect(WORKS), SnapshotSummary::of(&snapshot));
        assert_eq!(
            is_worth_keeping(&held, &new),
            want.contains(&(new.maker, new.entries)) && !held.contains(&new)
        );
        batch.snapshot(snapshot);
        store.commit(batch).expect(WORKS);
        assert_eq!(kept(&store), want);
    }
    assert_eq!(store.docs(w.workspace), Ok(vec![]), "a snapshot alone makes no document");
}

/// The index tells of every snapshot without reading it; a part is of the snapshot that it names, or of none.
pub fn snapshots_are_listed_read_in_parts_and_dropped<B: Backend>(backend: &mut B) {
    let (mut store, w) = (backend.create(), World::new(1));
    let run = w.run(&w.bo, w.plan(), 1, 3);
    let elsewhere = w.run(&w.bo, w.team_review(), 2, 1);
    let (first, second) = (snapshot(&w, &w.ada, &[&run[0]]), snapshot(&w, &w.ada, &[&run[2]]));
    let other = snapshot(&w, &w.bo, &[&elsewhere[0]]);
    let mut batch = Batch::new();
    batch.snapshot(first.clone()).snapshot(other.clone());
    store.commit(batch).expect(WORKS);
    let store_now = backend.reopen(store);
    let mut want = vec![SnapshotSummary::of(&first), SnapshotSummary::of(&other)];
    want.sort_by_key(|row| row.doc);
    assert_eq!(store_now.snapshot_index(w.workspace), Ok(want));
    store = store_now;
    let part = |store: &B::Store, of: &Snapshot, offset: usize, bytes_max: usize| {
        store.snapshot_part(w.workspace, &SnapshotSummary::of(of), offset, bytes_max).expect(WORKS)
    };
    let bytes = first.bytes().to_vec();
    assert_eq!(part(&store, &first, 0, 100), Some(bytes[..100].to_vec()));
    assert_eq!(part(&store, &first, bytes.len() - 5, 100), Some(bytes[bytes.len() - 5..].to_vec()));
    assert_eq!(part(&store, &first, bytes.len() + 1, 100), None);
    let mut batch = Batch::new();
    batch.snapshot(second.clone());
    store.commit(batch).expect(WORKS);
    assert_eq!(part(&store, &first, 0, 100), None, "it was replaced");
    assert!(part(&store, &second, 0, 100).is_some());
    let mut batch = Batch::new();
    batch.drop_snapshot(w.workspace, w.plan(), w.ada.public());
    batch.drop_snapshot(w.workspace, w.plan(), w.bo.public());
    store.commit(batch).expect(WORKS);
    assert_eq!(store.snapshot_index(w.workspace), Ok(vec![SnapshotSummary::of(&other)]));
    assert_eq!(store.snapshots(w.workspace, w.plan()), Ok(vec![]));
}
