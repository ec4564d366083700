//! Sealed payloads: what opens, and what must not.

use proofroom_entry::{EntryKind, Header, PAYLOAD_BYTES_MAX, SnapshotHeader};
use proofroom_ident::{Audience, DocId, EntryHash, KeyId, LogId, Millis, Nonce, SignerKey, WorkspaceId};
use proofroom_seal::{
    EntryKey, Keyring, OVERHEAD_BYTES, OpenError, SealError, SealKey, open, open_snapshot, seal,
    seal_snapshot, tip_commit,
};
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use crate::world::{epoch, header};

const BYTES_MAX: usize = 1 << 20;
const PLAIN: &[u8] = b"Move the logo down, it covers the horizon.";

#[test]
fn who_holds_the_key_opens_what_was_sealed() {
    let (key, h) = (epoch(1), header(&epoch(1)));
    let text = PLAIN.repeat(200);
    let sealed = seal(&key, &h, &text).expect("small");
    assert_eq!(*open(&key, &h, &sealed, BYTES_MAX).expect("the key is right"), text);
    assert!(sealed.len() < text.len() / 2, "text is compressed: {} of {}", sealed.len(), text.len());
}

#[test]
fn every_flipped_bit_is_noticed() {
    let (key, h) = (epoch(1), header(&epoch(1)));
    let sealed = seal(&key, &h, PLAIN).expect("small");
    for at in 0..sealed.len() {
        for bit in 0..8 {
            let mut altered = sealed.clone();
            altered[at] ^= 1 << bit;
            let error = open(&key, &h, &altered, BYTES_MAX).expect_err("altered");
            let want = if at < 32 { OpenError::Commitment } else { OpenError::Altered("payload") };
            assert_eq!(error, want, "bit {bit} of byte {at}");
        }
    }
    for len in 0..sealed.len() {
        assert!(open(&key, &h, &sealed[..len], BYTES_MAX).is_err(), "{len} bytes");
    }
}

#[test]
fn a_payload_opens_under_its_own_header_only() {
    let (key, h) = (epoch(1), header(&epoch(1)));
    let sealed = seal(&key, &h, PLAIN).expect("small");
    let other = EntryHash::from_bytes([0xaa; 32]);
    let moved = [
        Header { kind: EntryKind::Approval, ..h },
        Header { audience: Audience::Everyone, ..h },
        Header { workspace: WorkspaceId::from_bytes([0xaa; 32]), ..h },
        Header { doc: DocId::from_bytes([0xaa; 16]), ..h },
        Header { author: SignerKey::from_bytes([0xaa; 32]), ..h },
        Header { log: LogId::from_bytes([0xaa; 16]), ..h },
        Header { seq: 2, ..h },
        Header { prev: other, ..h },
        Header { prev_log_head: other, ..h },
        Header { auth_head: other, ..h },
        Header { claimed_at: Millis(0), ..h },
        Header { nonce: Nonce::from_bytes([0xaa; 24]), ..h },
    ];
    for elsewhere in moved {
        assert!(open(&key, &elsewhere, &sealed, BYTES_MAX).is_err(), "{elsewhere:?}");
    }
    // What is not known before sealing is bound by the signature instead.
    let signed = Header { tip_commit: [1; 32], payload_len: 9, payload_hash: [2; 32], ..h };
    assert!(open(&key, &signed, &sealed, BYTES_MAX).is_ok());
}

#[test]
fn a_key_that_the_header_does_not_name_is_refused_by_both_names() {
    let (right, wrong) = (epoch(1), epoch(2));
    let h = header(&right);
    let (wanted, given) = (right.id(), wrong.id());
    assert_eq!(seal(&wrong, &h, PLAIN), Err(SealError::WrongKey { wanted, given }));
    let sealed = seal(&right, &h, PLAIN).expect("small");
    let error = open(&wrong, &h, &sealed, BYTES_MAX).expect_err("the wrong key");
    assert_eq!(error, OpenError::WrongKey { wanted, given });
    let plain = Header { key: KeyId::ZERO, ..h };
    assert!(matches!(seal(&right, &plain, PLAIN), Err(SealError::WrongKey { .. })));
}

/// Mallory seals under a key of her own, behind a header that names the epoch's:
/// without the commitment, those who hold her key might read something else.
#[test]
fn a_payload_of_another_key_is_told_by_its_commitment() {
    let (epoch_key, hers) = (epoch(1), epoch(66));
    let h = header(&epoch_key);
    let sealed = seal(&hers, &Header { key: hers.id(), ..h }, PLAIN).expect("small");
    assert_eq!(open(&epoch_key, &h, &sealed, BYTES_MAX).expect_err("not the epoch's"), OpenError::Commitment);
}

#[test]
fn a_disclosed_entry_key_opens_that_entry_and_no_other() {
    let (key, first) = (epoch(1), header(&epoch(1)));
    let second = Header { seq: 2, nonce: Nonce::from_bytes([0x0b; 24]), ..first };
    let (one, two) =
        (seal(&key, &first, b"one").expect("small"), seal(&key, &second, b"two").expect("small"));
    let disclosed = *SealKey::for_doc(&key, first.doc).entry_key(&first.nonce).as_bytes();
    let stranger = EntryKey::from_bytes(disclosed);
    assert_eq!(stranger.open(&first, &one, BYTES_MAX).expect("disclosed").as_slice(), b"one");
    assert_eq!(stranger.open(&second, &two, BYTES_MAX).expect_err("not disclosed"), OpenError::Commitment);
}

#[test]
fn equal_plaintexts_look_unrelated() {
    let key = epoch(1);
    let first = header(&key);
    let second = Header { nonce: Nonce::from_bytes([0x0b; 24]), ..first };
    let (one, two) = (seal(&key, &first, PLAIN).expect("small"), seal(&key, &second, PLAIN).expect("small"));
    assert_eq!(one.len(), two.len());
    let equal = one.iter().zip(&two).filter(|(a, b)| a == b).count();
    assert!(equal < one.len() / 8, "{equal} of {} bytes agree", one.len());
}

#[test]
fn what_would_not_fit_an_entry_is_not_sealed() {
    let (key, h) = (epoch(1), header(&epoch(1)));
    let mut noise = vec![0; PAYLOAD_BYTES_MAX];
    blake3::Hasher::new().finalize_xof().fill(&mut noise);
    assert!(matches!(seal(&key, &h, &noise), Err(SealError::TooLarge(_))));
    let sealed = seal(&key, &h, &noise[..PAYLOAD_BYTES_MAX * 15 / 16]).expect("it fits with its padding");
    assert!(sealed.len() <= PAYLOAD_BYTES_MAX);
}

#[test]
fn a_bomb_is_refused_at_the_callers_limit() {
    let (key, h) = (epoch(1), header(&epoch(1)));
    let bomb = seal(&key, &h, &vec![0; 50 << 20]).expect("it deflates well");
    assert!(bomb.len() < 100_000);
    assert_eq!(open(&key, &h, &bomb, BYTES_MAX).expect_err("50 MiB"), OpenError::TooLarge(BYTES_MAX));
}

#[test]
fn tip_commitments_are_bound_to_key_document_and_change() {
    let (doc, other) = (header(&epoch(1)).doc, WorkspaceId::ZERO.plan_doc());
    let all = [
        tip_commit(&epoch(1), doc, &[1; 32]),
        tip_commit(&epoch(2), doc, &[1; 32]),
        tip_commit(&epoch(1), other, &[1; 32]),
        tip_commit(&epoch(1), doc, &[2; 32]),
    ];
    for (i, one) in all.iter().enumerate() {
        assert!(all[i + 1..].iter().all(|other| other != one));
    }
    assert_eq!(all[0], tip_commit(&epoch(1), doc, &[1; 32]));
}

#[test]
fn a_keyring_finds_keys_by_their_id() {
    let mut ring = Keyring::default();
    let ids = [ring.insert(epoch(1)), ring.insert(epoch(2)), ring.insert(epoch(1))];
    assert_eq!(ring.ids().count(), 2);
    assert_eq!(ring.get(&ids[1]), Some(&epoch(2)));
    assert_eq!(ring.get(&epoch(3).id()), None);
}

#[test]
fn secrets_are_not_printed() {
    let (key, doc) = (epoch(0xab), header(&epoch(1)).doc);
    let doc_key = SealKey::for_doc(&key, doc);
    let entry_key = doc_key.entry_key(&Nonce::ZERO);
    for printed in [format!("{key:?}"), format!("{doc_key:?}"), format!("{entry_key:?}")] {
        assert!(!printed.contains("abab") && !printed.contains("171"), "{printed}");
    }
}

proptest! {
    #[test]
    fn any_plaintext_survives_sealing(plain in proptest::collection::vec(any::<u8>(), 0..3_000)) {
        let (key, h) = (epoch(1), header(&epoch(1)));
        let sealed = seal(&key, &h, &plain).expect("small");
        prop_assert!(sealed.len() <= (plain.len() + 2) * 112 / 100 + OVERHEAD_BYTES + 1);
        prop_assert_eq!(open(&key, &h, &sealed, plain.len()).expect("the key is right").to_vec(), plain);
    }

    #[test]
    fn arbitrary_payloads_are_refused_without_a_panic(payload in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(open(&epoch(1), &header(&epoch(1)), &payload, BYTES_MAX).is_err());
    }
}

/// A snapshot's key is its own: neither its maker's entries nor another snapshot open with it.
#[test]
fn a_snapshots_chunk_opens_under_its_own_header_only() {
    let (key, h) = (epoch(1), header(&epoch(1)));
    let header = SnapshotHeader {
        workspace: h.workspace,
        doc: h.doc,
        maker: h.author,
        auth_head: h.auth_head,
        claimed_at: h.claimed_at,
        key: h.key,
        nonce: h.nonce,
        rows: 1,
        rows_hash: [7; 32],
        payload_len: 0,
        payload_hash: [0; 32],
    };
    let sealed = seal_snapshot(&key, &header, PLAIN).expect("small");
    assert_eq!(*open_snapshot(&key, &header, &sealed, BYTES_MAX).expect("its own header"), PLAIN);
    assert!(open(&key, &h, &sealed, BYTES_MAX).is_err(), "an entry of the same nonce");
    for elsewhere in [
        SnapshotHeader { maker: SignerKey::from_bytes([0xaa; 32]), ..header },
        SnapshotHeader { rows_hash: [8; 32], ..header },
        SnapshotHeader { auth_head: EntryHash::from_bytes([0xaa; 32]), ..header },
        SnapshotHeader { doc: DocId::from_bytes([0xaa; 16]), ..header },
    ] {
        assert!(open_snapshot(&key, &elsewhere, &sealed, BYTES_MAX).is_err(), "{elsewhere:?}");
    }
    assert!(open_snapshot(&epoch(2), &header, &sealed, BYTES_MAX).is_err(), "another key");
    let limit = open_snapshot(&key, &header, &sealed, PLAIN.len() - 1).expect_err("too large");
    assert_eq!(limit, OpenError::TooLarge(PLAIN.len() - 1));
}
