//! Blobs on a real disk, killed in the middle.

use std::time::Duration;

use proofroom_blob_files::{Finished, Folder, Partial, Progress};
use proofroom_blobs::{Held, Slice, Span, prove_whole, verify};
use proofroom_ident::{BlobHash, HashWords as _, WorkspaceId};

const WS: WorkspaceId = WorkspaceId::from_bytes([4; 32]);

fn film(n: usize) -> Vec<u8> {
    (0..n).map(|i| u8::try_from(i * 7 % 251).expect("below 251")).collect()
}

fn world() -> (tempfile::TempDir, Folder) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let folder = Folder::new(dir.path().join("blobs"));
    (dir, folder)
}

fn slice(whole: &[u8], span: Span) -> Slice {
    let (blob, encoded) = prove_whole(whole, span).expect("a slice of it");
    verify(blob, whole.len() as u64, span, &encoded).expect("it is right")
}

/// Writes these spans, then forgets the partial as a killed process would.
fn write(folder: &Folder, whole: &[u8], spans: &[Span]) -> Option<Finished> {
    let blob = BlobHash::of(whole);
    let mut partial = Partial::open(folder, WS, blob, whole.len() as u64).expect("room");
    for span in spans {
        match partial.write(&slice(whole, *span)).expect("room") {
            Progress::More(more) => partial = more,
            Progress::Finished(finished) => return Some(finished),
        }
    }
    None
}

#[test]
fn a_blob_goes_on_where_a_killed_process_left_it() {
    let (_dir, folder) = world();
    let whole = film(2_000_000);
    let (blob, total) = (BlobHash::of(&whole), whole.len() as u64);
    let spans = Held::all(total).spans();
    assert!(write(&folder, &whole, &spans[2..5]).is_none());
    let resumed = Partial::open(&folder, WS, blob, total).expect("it is there");
    assert_eq!(resumed.held().spans(), spans[2..5]);
    assert_eq!(folder.held(WS, blob), None, "it has no name yet");
    assert!(write(&folder, &whole, &spans[..2]).is_none());
    let finished = write(&folder, &whole, &spans[5..]).expect("nothing is missing");
    Finished::keep_all(&[finished]).expect("a disk");
    assert_eq!(std::fs::read(folder.path(WS, blob)).expect("kept"), whole);
    assert_eq!(folder.entries(WS).expect("listable").len(), 1);
    // Its tree came along: it can be proved to others at once.
    let span = spans[3];
    let (_, encoded) = folder.read(WS, blob, span).expect("held");
    assert_eq!(verify(blob, total, span, &encoded).expect("right"), slice(&whole, span));
}

#[test]
fn bits_without_their_bytes_are_cleared() {
    let (_dir, folder) = world();
    let whole = film(2_000_000);
    let (blob, total) = (BlobHash::of(&whole), whole.len() as u64);
    let spans = Held::all(total).spans();
    write(&folder, &whole, &spans[..4]);
    // Power went away: the bits reached the disk, a slice did not.
    let part = folder.path(WS, blob).with_extension("part");
    let mut bytes = std::fs::read(&part).expect("there");
    bytes[300_000..300_100].fill(0);
    std::fs::write(&part, bytes).expect("writable");
    let resumed = Partial::open(&folder, WS, blob, total).expect("there");
    assert_eq!(resumed.held().spans(), [spans[0], spans[2], spans[3]]);
    std::fs::write(folder.path(WS, blob).with_extension("part-held"), b"nonsense").expect("writable");
    assert!(Partial::open(&folder, WS, blob, total).expect("there").held().is_none());
}

#[test]
fn many_small_blobs_are_kept_together() {
    let (_dir, folder) = world();
    let all: Vec<Vec<u8>> = (0..50).map(|i| film(9_000 + i)).collect();
    let whole = |w: &Vec<u8>| Span { offset: 0, bytes: w.len() as u64 };
    let finished: Vec<_> = all.iter().filter_map(|w| write(&folder, w, &[whole(w)])).collect();
    Finished::keep_all(&finished).expect("a disk");
    for one in &all {
        let (_, encoded) = folder.read(WS, BlobHash::of(one), whole(one)).expect("held");
        assert_eq!(
            verify(BlobHash::of(one), one.len() as u64, whole(one), &encoded).expect("right").bytes,
            one[..]
        );
    }
}

#[test]
fn rot_is_found_before_it_is_sent() {
    let (_dir, folder) = world();
    for size in [100_000, 1_000_000] {
        let whole = film(size);
        let blob = folder.write_new(WS, "new", size as u64, whole.as_slice()).expect("room");
        assert_eq!(blob, BlobHash::of(&whole));
        let mut rotten = whole.clone();
        rotten[50_000] ^= 1;
        std::fs::write(folder.path(WS, blob), rotten).expect("writable");
        let span = Held::all(size as u64).spans()[0];
        assert!(folder.read(WS, blob, span).is_err(), "{size} bytes");
    }
}

#[test]
fn a_file_that_ends_early_leaves_nothing() {
    let (_dir, folder) = world();
    assert!(folder.write_new(WS, "new", 1_000, film(999).as_slice()).is_err());
    assert_eq!(std::fs::read_dir(folder.workspace(WS)).expect("a folder").count(), 0);
}

#[test]
fn leftovers_are_swept_and_half_fetched_blobs_stay() {
    let (_dir, folder) = world();
    let whole = film(1_000_000);
    write(&folder, &whole, &Held::all(1_000_000).spans()[..1]);
    let dir = folder.workspace(WS);
    std::fs::write(dir.join("new-1.77.tmp"), b"half").expect("writable");
    std::fs::write(dir.join("aa.tree"), b"of nothing").expect("writable");
    folder.sweep(Duration::from_secs(3_600)).expect("listable");
    assert_eq!(std::fs::read_dir(&dir).expect("a folder").count(), 3);
    folder.sweep(Duration::ZERO).expect("listable");
    assert_eq!(std::fs::read_dir(&dir).expect("a folder").count(), 0);
}
