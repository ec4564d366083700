//! What a slice proves.

use proofroom_blobs::{ENCODED_BYTES_MAX, GROUP_BYTES, Held, SLICE_BYTES, Span, prove_whole, verify};
use proofroom_ident::{BlobHash, HashWords as _};
use proptest::prelude::*;

fn bytes(n: u64) -> Vec<u8> {
    (0..n).map(|i| u8::try_from(i * 7 % 251).expect("below 251")).collect()
}

const SIZES: [u64; 10] = [
    0,
    1,
    1_023,
    GROUP_BYTES,
    GROUP_BYTES + 1,
    SLICE_BYTES - 1,
    SLICE_BYTES,
    SLICE_BYTES + 1,
    5 * SLICE_BYTES + 77,
    1_000_000,
];

#[test]
fn all_slices_together_are_the_blob_and_each_proves_itself() {
    for size in SIZES {
        let (whole, mut got, mut held) = (bytes(size), Vec::new(), Held::none(size));
        for span in Held::all(size).spans() {
            assert!(span.fits(size), "{size}: {span:?}");
            let (blob, encoded) = prove_whole(&whole, span).expect("a slice of it");
            assert_eq!(blob, BlobHash::of(&whole), "the name is the hash of all bytes");
            assert!(encoded.len() <= ENCODED_BYTES_MAX);
            let slice = verify(blob, size, span, &encoded).expect("it is right");
            got.extend_from_slice(&slice.bytes);
            held.add(span);
        }
        assert_eq!(got, whole);
        assert!(held.is_all() && held.bytes() == size, "{size}");
    }
}

#[test]
fn another_length_another_place_or_another_name_is_refused() {
    let whole = bytes(3 * SLICE_BYTES);
    let span = Span { offset: SLICE_BYTES, bytes: SLICE_BYTES };
    let (blob, encoded) = prove_whole(&whole, span).expect("a slice of it");
    let total = 3 * SLICE_BYTES;
    assert!(verify(blob, total, span, &encoded).is_ok());
    // The last slice is what proves the length: those before it hang on the same hash pairs.
    let last = Span { offset: 2 * SLICE_BYTES, bytes: SLICE_BYTES };
    let (_, encoded_last) = prove_whole(&whole, last).expect("a slice of it");
    assert!(verify(blob, total, last, &encoded_last).is_ok());
    assert!(verify(blob, total + 1, last, &encoded_last).is_err());
    assert!(verify(blob, total - 1, Span { bytes: SLICE_BYTES - 1, ..last }, &encoded_last).is_err());
    assert!(verify(blob, total, Span { offset: 0, ..span }, &encoded).is_err());
    assert!(verify(BlobHash::of(b"another"), total, span, &encoded).is_err());
    assert!(verify(blob, total, span, &encoded[..encoded.len() - 1]).is_err());
    assert!(verify(blob, total, span, &[&encoded[..], &[0]].concat()).is_err());
    assert!(verify(blob, total, span, &[]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_altered_byte_of_a_slice_is_found(at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let whole = bytes(600_000);
        let span = Span { offset: SLICE_BYTES, bytes: SLICE_BYTES };
        let (blob, mut encoded) = prove_whole(&whole, span).expect("a slice of it");
        let i = at.index(encoded.len());
        encoded[i] ^= 1 << bit;
        prop_assert!(verify(blob, 600_000, span, &encoded).is_err(), "byte {i}");
    }

    #[test]
    fn what_is_held_survives_its_bytes(total in 0u64..3_000_000, picks in prop::collection::vec(any::<prop::sample::Index>(), 0..40)) {
        let groups = total.div_ceil(GROUP_BYTES).max(1);
        let mut held = Held::none(total);
        for pick in picks {
            let offset = pick.index(usize::try_from(groups).expect("few")) as u64 * GROUP_BYTES;
            held.add(Span { offset, bytes: GROUP_BYTES.min(total - offset) });
        }
        prop_assert_eq!(Held::from_bytes(total, &held.to_bytes()), Some(held.clone()));
        let spans = held.spans();
        prop_assert_eq!(spans.iter().map(|s| s.bytes).sum::<u64>(), held.bytes());
        let mut rest = held.clone();
        spans.into_iter().for_each(|s| rest.remove(s));
        prop_assert!(rest.is_none());
        // Asking for what is missing until nothing is ends with all of it.
        let nothing = Held::none(total);
        while let Some(span) = held.missing(&nothing, SLICE_BYTES) {
            prop_assert!(span.fits(total));
            held.add(span);
        }
        prop_assert!(held.is_all());
    }
}
