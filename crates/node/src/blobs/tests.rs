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
        std::fs::read_dir(self.blobs.folder().workspace(WS)).map_or(0, Iterator::count)
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
fn a_range_in_the_middle_of_a_film_is_verified_and_decrypted_alone() {
    let w = world();
    let bytes = photo(3_000_000);
    let blob = w.add(&bytes);
    for (offset, length) in [(0, 10), (1_234_567, 500_000), (262_143, 2), (2_999_990, 100), (16_384, 16_384)]
    {
        let at = usize::try_from(offset).expect("small");
        let end = bytes.len().min(at + usize::try_from(length).expect("small"));
        let range = w.blobs.range(WS, "spot.mp4", &blob, offset, length).expect("held and sound");
        assert_eq!(range, bytes[at..end], "{length} bytes at {offset}");
    }
    // A group that rotted is refused; the others are read as before.
    let path = w.blobs.path(WS, blob.blob);
    let mut stored = std::fs::read(&path).expect("held");
    stored[1_000_000] ^= 1;
    std::fs::write(&path, stored).expect("writable");
    let rotten = w.blobs.range(WS, "spot.mp4", &blob, 999_000, 2_000);
    assert!(matches!(rotten, Err(BlobError::Wrong { .. })));
    let sound = w.blobs.range(WS, "spot.mp4", &blob, 1_500_000, 20).expect("another group");
    assert_eq!(sound, bytes[1_500_000..1_500_020]);
}

#[test]
fn a_tree_is_stored_beside_a_long_file_and_made_again_when_it_is_gone() {
    let w = world();
    let blob = w.add(&photo(600_000));
    let tree = w.blobs.folder().tree_path(WS, blob.blob);
    std::fs::remove_file(&tree).expect("it was there");
    w.blobs.range(WS, "photo.jpg", &blob, 300_000, 10).expect("held and sound");
    assert!(tree.exists());
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
