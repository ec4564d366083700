//! Secrets under a passphrase.

use proofroom_ident::{Vault, VaultError};

use crate::world::rng;

/// Costs for tests; the default takes 64 MiB.
const CHEAP: Vault = Vault { memory_kib: 8, passes: 1 };
const SECRET: &[u8] = b"a person's seed";

fn sealed() -> Vec<u8> {
    CHEAP.seal("correct horse", SECRET, &mut rng(1)).expect("allowed costs")
}

#[test]
fn the_right_passphrase_opens_it() {
    assert_eq!(Vault::open("correct horse", &sealed()).expect("the right one").as_slice(), SECRET);
}

#[test]
fn a_wrong_passphrase_is_told() {
    for wrong in ["correct hors", "Correct horse", "", "correct horse "] {
        assert_eq!(Vault::open(wrong, &sealed()), Err(VaultError::WrongPassphrase), "{wrong:?}");
    }
}

#[test]
fn every_altered_byte_is_noticed() {
    let sealed = sealed();
    for at in 0..sealed.len() {
        let mut altered = sealed.clone();
        altered[at] ^= 1;
        assert!(Vault::open("correct horse", &altered).is_err(), "byte {at}");
    }
    for len in 0..sealed.len() {
        assert!(Vault::open("correct horse", &sealed[..len]).is_err(), "{len} bytes");
    }
}

#[test]
fn the_secret_is_not_in_the_bytes_and_salts_differ() {
    let (one, other) = (sealed(), CHEAP.seal("correct horse", SECRET, &mut rng(2)).expect("allowed costs"));
    assert!(!one.windows(SECRET.len()).any(|window| window == SECRET));
    assert_ne!(one, other);
}

/// The costs come from the file: a hostile one must not eat the memory.
#[test]
fn hostile_costs_are_refused_before_they_are_paid() {
    let sealed = sealed();
    let with = |at: usize, value: u32| {
        let mut altered = sealed.clone();
        altered[at..at + 4].copy_from_slice(&value.to_le_bytes());
        altered
    };
    for (what, hostile) in [
        ("memory", with(1, u32::MAX)),
        ("passes", with(5, u32::MAX)),
        ("lanes", with(9, 64)),
        ("memory", with(1, 0)),
    ] {
        let error = Vault::open("correct horse", &hostile).expect_err(what);
        assert!(matches!(error, VaultError::Unsupported(_)), "{what}: {error}");
    }
    let mut newer = sealed;
    newer[0] = 2;
    let error = Vault::open("correct horse", &newer).expect_err("version 2");
    assert_eq!(error, VaultError::Unsupported("version 2".into()));
}

#[test]
fn costs_that_could_not_be_opened_are_not_sealed_with() {
    for (memory_kib, passes) in [((1 << 20) + 1, 1), (8, 17), (8, 0), (7, 1)] {
        let vault = Vault { memory_kib, passes };
        assert!(vault.seal("correct horse", SECRET, &mut rng(1)).is_err(), "{vault:?}");
    }
}
