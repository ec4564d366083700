//! What mallory may try.

use proofroom_entry::{DecodeError, EntryKind, SIGNED_BYTES, Signed, SignedHeader, VerifyError};
use proofroom_ident::{DocId, LogClass, LogId, SignError, SignerKey, WorkspaceId};
use proptest::prelude::{any, prop_assert, proptest};

use crate::world::{all, genesis, mallory};

fn accepted(bytes: &[u8], workspace: WorkspaceId) -> bool {
    Signed::decode(bytes).is_ok_and(|entry| entry.verify(workspace).is_ok())
}

#[test]
fn every_flipped_bit_is_noticed() {
    for (name, _, entry) in all() {
        let (bytes, workspace) = (entry.bytes().to_vec(), entry.workspace());
        assert!(accepted(&bytes, workspace), "{name}");
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut altered = bytes.clone();
                altered[at] ^= 1 << bit;
                assert!(!accepted(&altered, workspace), "{name}: bit {bit} of byte {at}");
            }
        }
    }
}

#[test]
fn every_shortened_or_lengthened_entry_is_refused() {
    for (name, _, entry) in all() {
        let bytes = entry.bytes();
        for len in 0..bytes.len() {
            // Header and signature of a change by themselves are what an erasure leaves, see below.
            let left = len == SIGNED_BYTES && entry.header().kind == EntryKind::Change;
            assert_eq!(Signed::decode(&bytes[..len]).is_ok(), left, "{name}: {len} of {} bytes", bytes.len());
            assert!(!accepted(&bytes[..len], entry.workspace()), "{name}: {len} of {} bytes", bytes.len());
        }
        let longer = [&bytes[..], &[0]].concat();
        let error = Signed::decode(longer).expect_err("one byte too many");
        assert_eq!(error, DecodeError::NotCanonical("the payload is not as long as the header says"));
    }
}

#[test]
fn another_payload_of_the_same_length_is_named() {
    let (_, _, entry) = all().swap_remove(2);
    let mut bytes = entry.bytes().to_vec();
    bytes[SIGNED_BYTES..].fill(b'm');
    let altered = Signed::decode(bytes).expect("the form is right");
    assert_eq!(altered.verify(entry.workspace()).expect_err("altered"), VerifyError::Payload(entry.hash()));
}

#[test]
fn an_entry_of_another_workspace_is_named() {
    let other = WorkspaceId::from_bytes([9; 32]);
    for (_, _, entry) in all() {
        let offered = Signed::decode(entry.bytes().clone()).expect("it was written here");
        let error = offered.verify(other).expect_err("it belongs elsewhere");
        let (found, hash) = (entry.workspace(), entry.hash());
        assert_eq!(error, VerifyError::Workspace { entry: hash, found, wanted: other });
    }
}

/// Mallory signs in ada's name with her own key, and for another purpose with ada's.
#[test]
fn signatures_by_others_or_for_other_purposes_do_not_count() {
    for (name, secret, entry) in all().into_iter().skip(1) {
        let encoded = entry.header().encode();
        for forged in
            [mallory().sign("proofroom 1 entry", &encoded), secret.sign("proofroom 1 other", &encoded)]
        {
            let bytes = [&encoded, forged.as_bytes().as_slice(), entry.payload()].concat();
            let error = Signed::decode(bytes).expect("the form is right").verify(entry.workspace());
            let wanted = SignError::BadSignature(entry.header().author);
            let error = error.expect_err(name);
            assert!(matches!(error, VerifyError::Signature { error, .. } if error == wanted), "{error}");
        }
    }
}

/// A small-order key would accept one signature for every message.
#[test]
fn a_small_order_author_is_refused() {
    let mut bytes = genesis().bytes().to_vec();
    let mut identity = [0; 32];
    identity[0] = 1;
    bytes[51..83].copy_from_slice(&identity);
    let (author, seed) = (SignerKey::from_bytes(identity), LogId::from_bytes([0x0a; 16]));
    let log = LogId::of_author(author, DocId::AUTHORITY, LogClass::Authority, seed);
    bytes[83..99].copy_from_slice(log.as_bytes());
    bytes[319..351].copy_from_slice(&identity);
    bytes[351..383].fill(0);
    let entry = Signed::decode(bytes).expect("the form is right");
    let workspace = entry.workspace();
    assert!(matches!(entry.verify(workspace), Err(VerifyError::Signature { .. })));
}

#[test]
fn headers_alone_prove_their_chain() {
    let entries = all();
    let (_, _, entry) = &entries[2];
    let header = SignedHeader::decode(&entry.bytes()[..SIGNED_BYTES]).expect("header and signature");
    assert_eq!(header.to_bytes(), entry.bytes()[..SIGNED_BYTES]);
    let verified = header.verify(entry.workspace()).expect("it was signed");
    assert_eq!(&verified, entry.head());
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_refused_without_a_panic(
        start in (1..=6u8, 0..=1u8),
        rest in proptest::collection::vec(any::<u8>(), 0..600),
    ) {
        let bytes = [&[1, start.0, start.1], rest.as_slice()].concat();
        prop_assert!(!accepted(&bytes, WorkspaceId::ZERO));
        prop_assert!(!accepted(&rest, WorkspaceId::ZERO));
    }

    /// Many bytes at once, anywhere: whatever still decodes does not verify.
    #[test]
    fn overwritten_entries_are_refused(
        which in 0..6usize,
        patches in proptest::collection::vec((0..400usize, any::<u8>()), 1..8),
    ) {
        let (_, _, entry) = all().swap_remove(which);
        let mut bytes = entry.bytes().to_vec();
        for (at, byte) in patches {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        prop_assert!(bytes == entry.bytes()[..] || !accepted(&bytes, entry.workspace()));
    }
}

#[test]
fn what_never_had_a_payload_was_not_erased() {
    for (name, _, entry) in all().into_iter().filter(|(_, _, entry)| entry.payload().is_empty()) {
        let read = Signed::decode(entry.bytes().clone()).expect("it was made here");
        assert!(!entry.is_erased() && !read.is_erased(), "{name}");
    }
}

/// Only of changes, and only for who knows that it was erased.
#[test]
fn what_an_erasure_leaves_is_the_same_entry_without_its_payload() {
    for (name, _, entry) in all().into_iter().filter(|(_, _, entry)| !entry.payload().is_empty()) {
        let left = entry.without_payload();
        let same = (left.hash(), left.header(), left.workspace())
            == (entry.hash(), entry.header(), entry.workspace());
        assert!(same && left.is_erased() && left.payload().is_empty() && !entry.is_erased(), "{name}");
        let Ok(signed) = Signed::decode(left.bytes().clone()) else {
            assert_ne!(entry.header().kind, EntryKind::Change, "{name}");
            continue;
        };
        assert_eq!(
            signed.clone().verify(entry.workspace()),
            Err(VerifyError::Erased(entry.hash())),
            "{name}"
        );
        assert_eq!(signed.clone().verify_erased(entry.workspace()), Ok(left.clone()), "{name}");
        assert_eq!(signed.trust_stored_bytes(), Ok(left), "{name}");
        // A payload that is there must be the one that was signed, erased or not.
        let mut other = entry.bytes().to_vec();
        other[SIGNED_BYTES] ^= 1;
        let other = Signed::decode(other).expect("as long as the header says");
        assert!(other.verify_erased(entry.workspace()).is_err(), "{name}");
    }
}
