use proofroom_ident::{KexSecret, Nonce};
use proofroom_seal::{OpenError, RestKey};

const NONCE: Nonce = Nonce::from_bytes([3; 24]);

fn ada() -> RestKey {
    RestKey::of(&KexSecret::from_seed(&[1; 32]))
}

#[test]
fn what_a_device_seals_for_itself_it_opens_again() {
    for plain in [b"".as_slice(), b"crop tighter", &[7; 10_000]] {
        let sealed = ada().seal(b"here", &NONCE, plain);
        assert_eq!(*ada().open(b"here", &sealed, 10_000).expect("its own"), plain);
        let hidden = plain.is_empty() || !sealed.windows(plain.len()).any(|w| w == plain);
        assert!(hidden, "in plain");
    }
}

#[test]
fn another_device_another_place_and_any_altered_byte_open_nothing() {
    let sealed = ada().seal(b"here", &NONCE, b"crop tighter");
    let mallory = RestKey::of(&KexSecret::from_seed(&[2; 32]));
    let altered = OpenError::Altered("value at rest");
    assert_eq!(mallory.open(b"here", &sealed, 100).expect_err("another device"), altered);
    assert_eq!(ada().open(b"there", &sealed, 100).expect_err("another place"), altered);
    for at in 0..sealed.len() {
        let mut bent = sealed.clone();
        bent[at] ^= 1;
        assert_eq!(ada().open(b"here", &bent, 100).expect_err("a bent byte"), altered, "byte {at}");
        assert!(ada().open(b"here", &sealed[..at], 100).is_err(), "{at} bytes");
    }
    assert_eq!(ada().open(b"here", &sealed, 5).expect_err("too large"), OpenError::TooLarge(5));
}
