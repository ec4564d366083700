//! Blobs: a keystream that starts anywhere.

use proofroom_seal::{BLOB_BYTES_MAX, BlobKey, BlobTooLong};
use proptest::prelude::{any, prop_assert_eq, proptest};

use crate::world::rng;

fn key() -> BlobKey {
    BlobKey::from_bytes([0xb1; 32])
}

#[test]
fn the_keystream_is_rfc_8439s() {
    // RFC 8439, appendix A.1, test vectors 1 and 2: an all-zero key, blocks 0 and 1.
    let zero = BlobKey::from_bytes([0; 32]);
    let mut stream = [0; 80];
    zero.apply(0, &mut stream).expect("within the limit");
    assert_eq!(stream[..8], [0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90]);
    assert_eq!(stream[64..72], [0x9f, 0x07, 0xe7, 0xbe, 0x55, 0x51, 0x38, 0x7a]);
}

#[test]
fn applying_twice_gives_the_plaintext_back() {
    let film = b"a film, or the first frame of one".repeat(100);
    let mut bytes = film.clone();
    key().apply(0, &mut bytes).expect("within the limit");
    assert_ne!(bytes, film);
    key().apply(0, &mut bytes).expect("within the limit");
    assert_eq!(bytes, film);
}

#[test]
fn the_last_byte_is_reached_and_none_beyond() {
    let mut byte = [0];
    assert_eq!(key().apply(BLOB_BYTES_MAX - 1, &mut byte), Ok(()));
    assert_ne!(byte, [0]);
    for (offset, len) in [(BLOB_BYTES_MAX, 1), (BLOB_BYTES_MAX - 1, 2), (u64::MAX, 1)] {
        let want = BlobTooLong { offset, bytes: len };
        assert_eq!(key().apply(offset, &mut vec![0; len]), Err(want));
    }
    assert_eq!(key().apply(BLOB_BYTES_MAX, &mut []), Ok(()));
}

#[test]
fn new_keys_differ_and_keep_to_themselves() {
    let mut rng = rng();
    assert_ne!(BlobKey::generate(&mut rng), BlobKey::generate(&mut rng));
    assert_eq!(BlobKey::from_bytes(*key().as_bytes()), key());
    assert_eq!(format!("{:?}", key()), "BlobKey(secret)");
}

proptest! {
    /// A player that seeks decrypts a slice without the bytes before it.
    #[test]
    fn any_slice_decrypts_on_its_own(
        film in proptest::collection::vec(any::<u8>(), 1..2_000),
        cut in any::<(usize, usize)>(),
        base in 0..BLOB_BYTES_MAX - 4_000,
    ) {
        let (a, b) = (cut.0 % film.len(), cut.1 % film.len());
        let (from, to) = (a.min(b), a.max(b));
        let mut whole = film.clone();
        key().apply(base, &mut whole).expect("within the limit");
        let slice = &mut whole[from..to];
        key().apply(base + from as u64, slice).expect("within the limit");
        prop_assert_eq!(&*slice, &film[from..to]);
    }
}
