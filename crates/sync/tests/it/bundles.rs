//! Bundle files: whole, or named as what they are.

use bytes::Bytes;
use proofroom_blobs::{SLICE_BYTES, Span};
use proofroom_ident::{BlobHash, HashWords as _};
use proofroom_sync::bundle::{BundleError, Export, Import, Item};
use proofroom_sync::limits::{ENTRIES_BYTES_MAX, FRAME_BYTES_MAX};
use proofroom_sync::{Audiences, Limits, Message};
use proptest::prelude::*;

use crate::pair::{Peer, WORKSPACE, doc, encoded, everyone, team_doc};

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

/// The bytes of a slice, and of which blob; nothing of any other item.
fn slice_of(item: &Item) -> (Option<BlobHash>, &[u8]) {
    match item {
        Item::Blob { blob, slice, .. } => (Some(*blob), &slice.bytes),
        _ => (None, &[]),
    }
}

#[test]
fn what_is_exported_is_imported() {
    let file = bundle(Audiences::ALL);
    for step in [1_000, 65_536, file.len()] {
        let items = read(&file, step).expect("a whole bundle");
        assert!(matches!(items[0], Item::Workspace(WORKSPACE)));
        assert_eq!(entries(&items), 161);
        let slices: Vec<u8> = items.iter().flat_map(|i| slice_of(i).1.to_vec()).collect();
        assert_eq!(slices, blob());
        let names: Vec<BlobHash> = items.iter().filter_map(|i| slice_of(i).0).collect();
        assert_eq!(names, [BlobHash::of(&blob()); 2]);
        assert!(matches!(items.last(), Some(Item::End { entries: 161 })));
    }
}

#[test]
fn a_guests_bundle_has_no_team_documents() {
    assert_eq!(entries(&read(&bundle(everyone()), 65_536).expect("a whole bundle")), 81);
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

/// The beginning of every file: what it is, version, workspace.
fn header() -> Vec<u8> {
    [&b"proofroom bundle\x01"[..], WORKSPACE.as_bytes()].concat()
}

/// A file of these frames that claims to hold so many of them, and so many entries.
fn file(frames: &[Bytes], (claimed, entries): (usize, u64)) -> Vec<u8> {
    let mut out = header();
    for frame in frames {
        out.extend_from_slice(&u32::try_from(frame.len()).expect("small").to_le_bytes());
        out.extend_from_slice(frame);
    }
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&(claimed as u64).to_le_bytes());
    out.extend_from_slice(&entries.to_le_bytes());
    let digest = blake3::hash(&out);
    out.extend_from_slice(digest.as_bytes());
    out
}

/// One frame of `n` small entries.
fn batch(n: usize) -> Bytes {
    let entries = Peer::new(1).write_quietly(doc(1), n, 50);
    Message::Entries(entries.iter().map(|e| Bytes::copy_from_slice(e.bytes())).collect()).encode()
}

/// An entry that no frame holds, in its parts.
fn parts() -> Vec<Bytes> {
    let entry = Peer::new(1).write_quietly(doc(1), 1, ENTRIES_BYTES_MAX + 9).remove(0);
    let total = u32::try_from(entry.bytes().len()).expect("small");
    let cut = entry.bytes().chunks(ENTRIES_BYTES_MAX).zip((0..).step_by(ENTRIES_BYTES_MAX));
    cut.map(|(piece, offset)| Message::Part { total, offset, bytes: Bytes::copy_from_slice(piece) }.encode())
        .collect()
}

#[test]
fn a_file_may_come_in_any_runs() {
    let whole = file(&[batch(2), batch(3)], (2, 5));
    for step in [1, 2, 3, 7, 53, whole.len()] {
        let items = read(&whole, step).expect("a whole bundle");
        assert_eq!((items.len(), entries(&items)), (4, 5), "{step} bytes at a time");
    }
    // Each is there with its last byte.
    let mut import = Import::new(Limits::default());
    let ends = [header().len(), 4 + batch(2).len(), 4 + batch(3).len(), 4 + 16 + 32];
    let mut rest = &whole[..];
    for end in ends {
        let of;
        (of, rest) = rest.split_at(end);
        import.push(&of[..end - 1]);
        assert!(import.next().expect("so far a bundle").is_none());
        import.push(&of[end - 1..]);
        assert!(import.next().expect("so far a bundle").is_some());
    }
    assert!(rest.is_empty());
    let mut parted = parts();
    parted.push(batch(1));
    let items = read(&file(&parted, (3, 2)), 999).expect("a whole bundle");
    assert_eq!((items.len(), entries(&items)), (4, 2));
}

#[test]
fn what_is_cut_short_is_told_apart_from_what_is_no_bundle() {
    let whole = file(&[batch(2), batch(3)], (2, 5));
    for len in 0..whole.len() {
        let first = header().len() + 4 + batch(2).len();
        let second = first + 4 + batch(3).len();
        let frames = [first, second].into_iter().filter(|end| len >= *end).count() as u64;
        let cut = BundleError::Truncated { bytes: len as u64, frames };
        assert_eq!(read(&whole[..len], 7).map(|_| ()), Err(cut), "{len} bytes");
    }
    for other in [&b"x"[..], b"proofroom bundlE", b"proofroom bund!", b"proofroom  bundle and so on"] {
        assert_eq!(read(other, 1).map(|_| ()), Err(BundleError::NotABundle));
        let mut unread = Import::new(Limits::default());
        unread.push(other);
        assert_eq!(unread.finish(), Err(BundleError::NotABundle), "nobody asked for its first item");
    }
    let mut unread = Import::new(Limits::default());
    unread.push(&whole);
    let cut = BundleError::Truncated { bytes: whole.len() as u64, frames: 0 };
    assert_eq!(unread.finish(), Err(cut), "nobody read it to its end");
}

#[test]
fn bytes_after_the_end_are_named_by_their_place() {
    let whole = file(&[batch(1)], (1, 1));
    for more in [1, 99] {
        let file = [whole.clone(), vec![0; more]].concat();
        for step in [1, 5, file.len()] {
            let trailing = BundleError::Trailing(whole.len() as u64);
            assert_eq!(read(&file, step).map(|_| ()), Err(trailing), "{more} bytes, {step} at a time");
        }
    }
}

#[test]
fn counts_are_those_of_the_contents_and_entries_are_whole() {
    let frames = [batch(2), batch(3)];
    let outcome = |file: Vec<u8>| match read(&file, 999).map(|items| entries(&items)) {
        Ok(entries) => format!("{entries} entries"),
        Err(BundleError::Altered(why)) => why.to_owned(),
        Err(other) => panic!("{other:?}"),
    };
    assert_eq!(outcome(file(&frames, (2, 5))), "5 entries");
    assert_eq!(outcome(file(&[], (0, 0))), "0 entries");
    let counts = "its counts are not those of its contents";
    for claimed in [(1, 5), (3, 5), (2, 4), (2, 6), (0, 0)] {
        assert_eq!(outcome(file(&frames, claimed)), counts, "{claimed:?}");
    }
    let parts = parts();
    assert_eq!(outcome(file(&parts[..1], (1, 0))), "an entry is not whole");
    assert_eq!(outcome(file(&parts, (2, 1))), "1 entries");
    let mut wrong = file(&frames, (2, 5));
    *wrong.last_mut().expect("a digest") ^= 1;
    assert_eq!(outcome(wrong), "its digest is not the one of its bytes");
}

#[test]
fn a_frame_that_does_not_belong_in_a_file_is_named_by_its_number() {
    let long = [&[1, 9][..], &vec![0; FRAME_BYTES_MAX - 1]].concat();
    for (frame, why) in [
        (Message::CaughtUp.encode(), "bad_message"),
        (Bytes::from_static(&[1, 99]), "tag"),
        (parts().remove(1), "part"),
        (Bytes::from(long), "bytes, the limit is 1048576"),
    ] {
        let wrong = read(&file(&[batch(1), batch(1), frame], (3, 2)), 65_536).map(|_| ());
        match &wrong {
            Err(BundleError::Frame { frame: 2, why: told }) => assert!(told.contains(why), "{told}"),
            other => panic!("{why}: {other:?}"),
        }
    }
    // A frame of the greatest length is read, and found to be none.
    let full = Bytes::from([&[1, 99][..], &vec![0; FRAME_BYTES_MAX - 2]].concat());
    let told = read(&file(&[full], (1, 0)), 65_536).map(|_| ());
    assert!(matches!(&told, Err(BundleError::Frame { why, .. }) if !why.contains("limit")), "{told:?}");
    // One that is longer is refused at its length, before it is there.
    let mut import = Import::new(Limits::default());
    import.push(&header());
    import.next().expect("a header").expect("the workspace");
    import.push(&u32::try_from(FRAME_BYTES_MAX).expect("small").to_le_bytes());
    assert!(import.next().expect("it may come").is_none());
    let mut import = Import::new(Limits::default());
    import.push(&header());
    import.next().expect("a header").expect("the workspace");
    import.push(&u32::try_from(FRAME_BYTES_MAX + 1).expect("small").to_le_bytes());
    import.next().expect_err("too long");
}

#[test]
fn slices_are_of_blobs_of_an_allowed_size_and_prove_themselves() {
    let bytes = vec![6; 500];
    let span = Span { offset: 0, bytes: 500 };
    let (blob, proved) = encoded(&bytes, span);
    let limits = Limits { blob_bytes_max: 500, ..Limits::default() };
    let smaller = Limits { blob_bytes_max: 499, ..Limits::default() };
    let slice = |total, span, encoded| Message::BlobSlice { blob, total, span, encoded }.encode();
    let read = |frame: Bytes, limits| {
        let mut import = Import::new(limits);
        import.push(&file(&[batch(1), frame], (2, 1)));
        let next = |import: &mut Import| import.next().map(|item| item.expect("there is more"));
        assert!(matches!(next(&mut import), Ok(Item::Workspace(_))));
        assert!(matches!(next(&mut import), Ok(Item::Entries(_))));
        next(&mut import).map(|item| slice_of(&item).1.to_vec())
    };
    let wrong = Err(BundleError::WrongBlob { frame: 1, blob });
    assert_eq!(read(slice(500, span, proved.clone()), limits), Ok(bytes));
    assert_eq!(read(slice(500, span, proved.clone()), smaller), wrong);
    assert_eq!(read(slice(499, span, proved.clone()), limits), wrong, "another size");
    assert_eq!(
        read(slice(500, Span { offset: 0, bytes: 501 }, proved.clone()), limits),
        wrong,
        "beyond its end"
    );
    let mut altered = proved.to_vec();
    *altered.last_mut().expect("bytes") ^= 1;
    assert_eq!(read(slice(500, span, altered.into()), limits), wrong);
}

#[test]
fn an_export_tells_how_many_entries_it_will_have() {
    let mut ada = Peer::new(1);
    ada.write_quietly(doc(1), 4, 50);
    ada.write_quietly(team_doc(1), 3, 50);
    for (reads, n) in [(Audiences::ALL, 7), (everyone(), 4)] {
        let (export, _) = Export::begin(&ada.store, WORKSPACE, reads, &[]).expect("the store reads");
        assert_eq!(export.entries(), n);
    }
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
