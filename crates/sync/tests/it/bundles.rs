//! Bundle files: whole, or named as what they are.

use proofroom_blobs::{SLICE_BYTES, Span};
use proofroom_ident::{BlobHash, HashWords as _};
use proofroom_sync::bundle::{BundleError, Export, Import, Item};
use proofroom_sync::{Audiences, Limits};
use proptest::prelude::*;

use crate::pair::{Peer, WORKSPACE, doc, encoded, team_doc};

fn blob() -> Vec<u8> {
    vec![6; (256 << 10) + 10]
}

fn bundle(reads: Audiences) -> Vec<u8> {
    let mut ada = Peer::new(1);
    for n in 1..5 {
        ada.write_quietly(doc(n), 20, 3_000);
        ada.write_quietly(team_doc(n), 20, 3_000);
    }
    ada.write_quietly(doc(9), 1, 700_000);
    let (mut export, header) =
        Export::begin(&ada.store, WORKSPACE, reads, &[doc(3)]).expect("the store reads");
    let mut out = header.to_vec();
    while let Some(run) = export.next_entries(&ada.store).expect("the store reads") {
        out.extend_from_slice(&run);
    }
    let total = blob().len() as u64;
    for span in [Span { offset: 0, bytes: SLICE_BYTES }, Span { offset: SLICE_BYTES, bytes: 10 }] {
        let (hash, encoded) = encoded(&blob(), span);
        out.extend_from_slice(&export.blob(hash, total, span, encoded));
    }
    out.extend_from_slice(&export.finish());
    out
}

fn read(bytes: &[u8], step: usize) -> Result<Vec<Item>, BundleError> {
    let mut import = Import::new(Limits::default());
    let mut items = Vec::new();
    for run in bytes.chunks(step) {
        import.push(run);
        while let Some(item) = import.next()? {
            items.push(item);
        }
    }
    import.finish().map(|()| items)
}

fn entries(items: &[Item]) -> usize {
    items.iter().map(|i| if let Item::Entries(e) = i { e.len() } else { 0 }).sum()
}

fn slice_of(item: &Item) -> &[u8] {
    match item {
        Item::Blob { blob: name, slice, .. } => {
            assert_eq!(*name, BlobHash::of(&blob()));
            &slice.bytes
        }
        _ => &[],
    }
}

#[test]
fn what_is_exported_is_imported() {
    let file = bundle(Audiences::ALL);
    for step in [1_000, 65_536, file.len()] {
        let items = read(&file, step).expect("a whole bundle");
        assert!(matches!(items[0], Item::Workspace(WORKSPACE)));
        assert_eq!(entries(&items), 161);
        let slices: Vec<u8> = items.iter().flat_map(|i| slice_of(i).to_vec()).collect();
        assert_eq!(slices, blob());
        assert!(matches!(items.last(), Some(Item::End { entries: 161 })));
    }
}

#[test]
fn a_guests_bundle_has_no_team_documents() {
    let everyone = Audiences::from_bits(1).expect("everyone's bit");
    assert_eq!(entries(&read(&bundle(everyone), 65_536).expect("a whole bundle")), 81);
}

#[test]
fn a_bundle_that_is_cut_anywhere_is_named_as_cut() {
    let file = bundle(Audiences::ALL);
    for len in (0..60).chain((60..file.len()).step_by(40_001)).chain(file.len() - 90..file.len()) {
        match read(&file[..len], 65_536) {
            Err(BundleError::Truncated { bytes, .. }) => assert_eq!(bytes, len as u64),
            other => panic!("{len} bytes: {other:?}"),
        }
    }
}

#[test]
fn other_files_and_versions_are_named() {
    let mut file = bundle(Audiences::ALL);
    assert_eq!(read(b"PK\x03\x04 a zip", 4).map(|_| ()), Err(BundleError::NotABundle));
    file.push(0);
    assert!(matches!(read(&file, 65_536), Err(BundleError::Trailing(_))));
    file[16] = 2;
    assert_eq!(read(&file, 65_536).map(|_| ()), Err(BundleError::Version(2)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_altered_byte_is_found(at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut file = bundle(Audiences::ALL);
        let i = at.index(file.len());
        file[i] ^= 1 << bit;
        prop_assert!(read(&file, 65_536).is_err(), "byte {i}");
    }
}
