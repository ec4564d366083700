use super::{ENTRY_BYTES_MAX, WINDOW_BYTES, entry, find};
use proofroom_entry::Verified;
use proofroom_store::conformance::World;
use std::fs::File;

/// Bytes that could begin an entry at any place, and begin none.
fn noise(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|i| u8::from(i % 3 != 0)).collect()
}

/// What is found in a file of these bytes, read back: document, log and place of each.
#[track_caller]
fn check(bytes: &[u8], want: &[&Verified]) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("damaged");
    std::fs::write(&path, bytes).expect("writable");
    let mut told = 0;
    let found = find(&path, |n| told += n).expect("readable");
    assert!(told >= bytes.len() as u64, "all of it was looked at");
    let file = File::open(&path).expect("readable");
    let read = |piece| entry(&file, &path, piece).expect("readable").hash();
    let whole = found.pieces.values().flatten().filter(|piece| !piece.bare);
    let mut got: Vec<_> = whole.map(read).collect();
    let mut want: Vec<_> = want.iter().map(|entry| entry.hash()).collect();
    got.sort_unstable();
    want.sort_unstable();
    assert_eq!(got, want);
}

#[test]
fn entries_are_found_wherever_they_lie_and_each_once() {
    let w = World::new(1);
    let run = w.run(&w.bo, w.plan(), 1, 3);
    let mut bytes = noise(777);
    for entry in [&run[2], &w.genesis, &run[0], &run[2], &run[1]] {
        bytes.extend_from_slice(entry.bytes());
        bytes.extend(noise(5));
    }
    check(&bytes, &[&w.genesis, &run[0], &run[1], &run[2]]);
}

#[test]
fn what_was_cut_changed_or_half_overwritten_is_no_entry_and_hides_none() {
    let w = World::new(1);
    let run = w.run(&w.bo, w.plan(), 1, 3);
    let mut changed = run[0].bytes().to_vec();
    *changed.last_mut().expect("it has a payload") ^= 1;
    // A page that ends in the middle of an entry, with another page behind it.
    let half = &run[1].bytes()[..400];
    let bytes = [&changed[..], half, run[2].bytes(), half, &run[0].bytes()[..380]].concat();
    check(&bytes, &[&run[2]]);
    // The same, where the half one is a copy of one that was found.
    let bytes = [run[1].bytes(), half, run[2].bytes()].concat();
    check(&bytes, &[&run[1], &run[2]]);
}

#[test]
fn of_an_entry_that_is_there_with_and_without_its_payload_the_whole_one_is_found() {
    let w = World::new(1);
    let run = w.run(&w.bo, w.plan(), 1, 2);
    let bare = |n: usize| run[n].without_payload().bytes().to_vec();
    let whole = run[0].bytes().to_vec();
    let before = [bare(0), whole.clone(), bare(1)].concat();
    let behind = [whole, bare(1), bare(0)].concat();
    for bytes in [before, behind] {
        check(&bytes, &[&run[0]]);
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("damaged");
        std::fs::write(&path, bytes).expect("writable");
        let found = find(&path, |_| ()).expect("readable");
        let all: Vec<_> = found.pieces.values().flatten().map(|piece| (piece.seq, piece.bare)).collect();
        assert_eq!(all, [(1, false), (2, true)]);
        assert_eq!(found.count(w.workspace, w.bo.public()), (1, 1));
    }
}

#[test]
fn an_entry_across_two_windows_is_found() {
    let w = World::new(1);
    let run = w.run(&w.bo, w.plan(), 1, 2);
    for edge in [WINDOW_BYTES - ENTRY_BYTES_MAX, WINDOW_BYTES] {
        let mut bytes = vec![0; edge - 300];
        bytes.extend_from_slice(run[0].bytes());
        bytes.extend_from_slice(run[1].bytes());
        check(&bytes, &[&run[0], &run[1]]);
    }
}
