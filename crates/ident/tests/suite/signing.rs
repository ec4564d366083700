//! Signatures, and what they are for.

use proofroom_ident::{KexSecret, SignError, Signature, SignerKey, SigningSecret};

use crate::world::{ada, laptop, rng};

const DOMAIN: &str = "proofroom 1 test";

#[test]
fn a_signature_holds_for_its_key_domain_and_message_only() {
    let secret = laptop().signing;
    let (key, signature) = (secret.public(), secret.sign(DOMAIN, b"message"));
    assert_eq!(key.verify(DOMAIN, b"message", &signature), Ok(()));
    let bad = Err(SignError::BadSignature(key));
    assert_eq!(key.verify(DOMAIN, b"Message", &signature), bad);
    assert_eq!(key.verify("proofroom 1 other", b"message", &signature), bad);
    let other = SigningSecret::generate(&mut rng(3)).public();
    assert_eq!(other.verify(DOMAIN, b"message", &signature), Err(SignError::BadSignature(other)));
}

/// A domain and a message cannot be cut at another place.
#[test]
fn domain_and_message_do_not_run_into_each_other() {
    let secret = laptop().signing;
    let signature = secret.sign("proofroom 1", b" test");
    assert!(secret.public().verify("proofroom 1 test", b"", &signature).is_err());
    assert!(secret.public().verify("", b"proofroom 1\0 test", &signature).is_err());
}

#[test]
fn every_flipped_bit_of_a_signature_is_noticed() {
    let secret = laptop().signing;
    let signature = *secret.sign(DOMAIN, b"message").as_bytes();
    for at in 0..64 {
        for bit in 0..8 {
            let mut altered = signature;
            altered[at] ^= 1 << bit;
            let altered = Signature::from_bytes(altered);
            assert!(secret.public().verify(DOMAIN, b"message", &altered).is_err(), "bit {bit} of byte {at}");
        }
    }
}

/// Adding the group's order to S gives a second encoding that lax verifiers take.
#[test]
fn a_signature_has_one_encoding() {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let secret = laptop().signing;
    let mut malleated = *secret.sign(DOMAIN, b"message").as_bytes();
    let mut carry = 0;
    for (byte, order) in malleated[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        [*byte, _] = sum.to_le_bytes();
        carry = sum >> 8;
    }
    assert_eq!(carry, 0);
    assert!(secret.public().verify(DOMAIN, b"message", &Signature::from_bytes(malleated)).is_err());
}

#[test]
fn small_order_and_impossible_keys_sign_nothing() {
    let mut identity = [0; 32];
    identity[0] = 1;
    let mut forged = [0; 64];
    forged[0] = 1;
    let key = SignerKey::from_bytes(identity);
    let error = key.verify(DOMAIN, b"anything", &Signature::from_bytes(forged));
    assert_eq!(error, Err(SignError::BadSignature(key)));
    let off_curve = (0..=255).map(|y| SignerKey::from_bytes([y; 32]));
    let bad = off_curve.filter(|k| k.verify(DOMAIN, b"", &Signature::ZERO) == Err(SignError::BadKey(*k)));
    assert!(bad.count() > 50, "about half of all byte strings are no points");
}

#[test]
fn a_seed_gives_the_same_key_again() {
    let (signing, kex) = (laptop().signing, laptop().kex);
    assert_eq!(SigningSecret::from_seed(&signing.seed()).public(), signing.public());
    assert_eq!(KexSecret::from_seed(&kex.seed()).public(), kex.public());
    assert_eq!(ada().id(), ada().id());
}
