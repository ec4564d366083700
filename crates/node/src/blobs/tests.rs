use super::{BlobError, Blobs};
use crate::home::Home;
use proofroom_ident::WorkspaceId;
use proofroom_review::{BlobKeyBytes, BlobRef};
use proofroom_seal::BlobKey;
use std::path::PathBuf;

const WS: WorkspaceId = WorkspaceId::from_bytes([4; 32]);

struct World {
    dir: tempfile::TempDir,
    blobs: Blobs,
}

fn world() -> World {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let home = Home::locate(Some(&dir.path().join("home"))).expect("a path was given");
    World { blobs: Blobs::new(&home), dir }
}

impl World {
    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, bytes).expect("writable");
        path
    }

    fn add(&self, bytes: &[u8]) -> BlobRef {
        let key = BlobKey::from_bytes([9; 32]);
        let added = self.blobs.add(WS, &self.file("in", bytes), &key, |_| ()).expect("readable");
        let key = BlobKeyBytes::from_bytes([9; 32]);
        BlobRef { blob: added.blob, key, bytes: added.bytes, content: added.content }
    }

    fn held_files(&self) -> usize {
        std::fs::read_dir(self.blobs.dir.join(WS.to_hex())).map_or(0, Iterator::count)
    }
}

fn photo(n: usize) -> Vec<u8> {
    (0..n).map(|i| u8::try_from(i * 7 % 251).expect("below 251")).collect()
}

#[test]
fn a_file_comes_back_byte_for_byte_and_is_unreadable_in_between() {
    let w = world();
    let bytes = photo(600_001);
    let blob = w.add(&bytes);
    let stored = std::fs::read(w.blobs.path(WS, blob.blob)).expect("held");
    assert!(!stored.windows(64).any(|window| window == &bytes[..64]));
    let target = w.dir.path().join("out");
    w.blobs.export(WS, "photo.jpg", &blob, &target, |_| ()).expect("held");
    assert_eq!(std::fs::read(target).expect("written"), bytes);
}

#[test]
fn a_blob_that_rotted_is_not_exported() {
    let w = world();
    let blob = w.add(&photo(1000));
    let path = w.blobs.path(WS, blob.blob);
    let mut stored = std::fs::read(&path).expect("held");
    stored[500] ^= 1;
    std::fs::write(&path, stored).expect("writable");
    let target = w.dir.path().join("out");
    let refused = w.blobs.export(WS, "photo.jpg", &blob, &target, |_| ());
    assert!(matches!(refused, Err(BlobError::Wrong { .. })));
    assert!(!target.exists());
}

#[test]
fn a_received_blob_counts_only_whole_and_right() {
    let (ada, bo) = (world(), world());
    let blob = ada.add(&photo(400_000));
    let (first, total) = ada.blobs.piece(WS, blob.blob, 0, 300_000).expect("held");
    let (second, _) = ada.blobs.piece(WS, blob.blob, 300_000, 300_000).expect("held");
    let mut receiving = bo.blobs.receive(WS, blob.blob, total).expect("room");
    assert!(!receiving.write(0, &first).expect("in turn"));
    assert!(matches!(receiving.write(0, &first), Err(BlobError::OutOfTurn(_))));
    assert_eq!(bo.blobs.held(WS, blob.blob), None);
    assert!(receiving.write(300_000, &second).expect("in turn"));
    receiving.finish(&bo.blobs).expect("the right bytes");
    assert_eq!(bo.blobs.held(WS, blob.blob), Some(400_000));
}

#[test]
fn wrong_bytes_are_refused_and_leave_nothing() {
    let (ada, bo) = (world(), world());
    let blob = ada.add(&photo(1000));
    let mut receiving = bo.blobs.receive(WS, blob.blob, 1000).expect("room");
    assert!(receiving.write(0, &photo(1000)).expect("in turn"));
    assert!(matches!(receiving.finish(&bo.blobs), Err(BlobError::Wrong { .. })));
    assert_eq!(bo.held_files(), 0);
}

#[test]
fn a_transfer_that_broke_off_is_swept() {
    let w = world();
    let blob = w.add(&photo(10));
    let mut receiving = w.blobs.receive(WS, blob.blob, 1000).expect("room");
    receiving.write(0, &photo(10)).expect("in turn");
    std::mem::forget(receiving);
    assert_eq!(w.held_files(), 2);
    w.blobs.sweep().expect("listable");
    assert_eq!(w.held_files(), 1);
}

#[test]
fn a_source_that_cannot_be_read_is_named() {
    let w = world();
    let key = BlobKey::from_bytes([9; 32]);
    let gone = w.blobs.add(WS, &w.dir.path().join("gone.psd"), &key, |_| ()).expect_err("gone");
    assert!(gone.to_string().contains("gone.psd"), "{gone}");
    let folder = w.blobs.add(WS, w.dir.path(), &key, |_| ());
    assert!(matches!(folder, Err(BlobError::NotAFile(_))));
    assert_eq!(w.held_files(), 0);
}
