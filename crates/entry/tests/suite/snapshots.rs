//! Snapshots: what is signed, and what is no snapshot.

use proofroom_entry::{
    DecodeError, Draft, EntryKind, LogWriter, SIGNED_BYTES, SNAPSHOT_BYTES_MAX, SNAPSHOT_PAYLOAD_BYTES_MAX,
    SNAPSHOT_ROWS_MAX, SignedSnapshot, Snapshot, SnapshotDraft, SnapshotHeader, Verified, VerifiedHeader,
};
use proofroom_ident::{DocId, EntryHash, KeyId, LogId, Millis, Nonce, WorkspaceId};

use crate::world::{ada, bo, genesis, mallory, sealed, team_doc};

fn change(n: u8, seq: u64) -> Verified {
    let workspace = genesis().workspace();
    entry(workspace, team_doc(workspace), EntryKind::Change, n, seq)
}

/// Entry `seq` of Bo's log `n`.
fn entry(workspace: WorkspaceId, doc: DocId, kind: EntryKind, n: u8, seq: u64) -> Verified {
    let seed = LogId::from_bytes([n; 16]);
    let mut log = LogWriter::begin(workspace, doc, kind.class(), bo().public(), seed, EntryHash::ZERO);
    let draft = Draft { kind, ..sealed(genesis().hash()) };
    let mut next = || log.append(&draft, &[n], &bo()).expect("canonical");
    (1..seq).for_each(|_| _ = next());
    next()
}

fn draft(rows: &[&Verified]) -> SnapshotDraft {
    let first = genesis();
    let mut rows: Vec<VerifiedHeader> = rows.iter().map(|entry| entry.head().clone()).collect();
    rows.sort_by_key(|row| row.header().log);
    SnapshotDraft {
        workspace: first.workspace(),
        doc: team_doc(first.workspace()),
        auth_head: first.hash(),
        claimed_at: Millis(1_750_000_000_002),
        key: KeyId::from_bytes([0x0b; 16]),
        nonce: Nonce::from_bytes([0x0c; 24]),
        rows,
    }
}

fn snapshot() -> Snapshot {
    draft(&[&change(1, 3), &change(2, 2)]).sign(b"a sealed chunk", &ada()).expect("canonical")
}

fn decoded(bytes: &[u8]) -> Result<SignedSnapshot, DecodeError> {
    SignedSnapshot::decode(bytes)
}

#[test]
fn a_snapshot_reads_back_and_verifies() {
    let (made, first) = (snapshot(), genesis());
    let read = decoded(made.bytes()).expect("it was made here").verify(first.workspace());
    assert_eq!(read.as_ref(), Ok(&made));
    assert_eq!((made.entries(), made.payload()), (5, b"a sealed chunk".as_slice()));
    let row = change(2, 2);
    assert_eq!(made.row(row.header().log), Some(row.head()));
    assert_eq!(made.row(LogId::ZERO), None);
    let logs: Vec<_> = made.rows().iter().map(|row| row.header().log).collect();
    assert!(logs.len() == 2 && logs.contains(&row.header().log) && logs.is_sorted());
    assert_eq!(made.header().maker, ada().public());
}

#[test]
fn every_flipped_bit_of_a_snapshot_is_noticed() {
    let (made, workspace) = (snapshot(), genesis().workspace());
    for at in 0..made.bytes().len() {
        let mut altered = made.bytes().to_vec();
        altered[at] ^= 1;
        let accepted = decoded(&altered).is_ok_and(|s| s.verify(workspace).is_ok());
        assert!(!accepted, "byte {at}");
    }
    for len in 0..made.bytes().len() {
        assert!(decoded(&made.bytes()[..len]).is_err(), "{len} bytes");
    }
    let other = WorkspaceId::from_bytes([9; 32]);
    assert!(decoded(made.bytes()).expect("it was made here").verify(other).is_err());
}

#[test]
fn a_device_knows_its_own_snapshot_from_every_other() {
    let (made, workspace) = (snapshot(), genesis().workspace());
    let own = |bytes: &[u8]| decoded(bytes).is_ok_and(|s| s.verify_own(workspace, ada().public()).is_ok());
    assert!(own(made.bytes()));
    let mallorys = draft(&[&change(1, 3)]).sign(b"a sealed chunk", &mallory()).expect("canonical");
    assert!(!own(mallorys.bytes()));
    for at in 0..made.bytes().len() {
        let mut altered = made.bytes().to_vec();
        altered[at] ^= 1;
        assert!(!own(&altered), "byte {at}");
    }
}

/// Mallory may sign a snapshot of her own; she cannot make others' entries for it.
#[test]
fn a_row_that_its_author_did_not_sign_is_refused() {
    let (honest, workspace) = (change(1, 3), genesis().workspace());
    let mut row = honest.head().to_bytes();
    row[203] ^= 1; // its claimed time
    let forged = VerifiedHeader::trust_stored_bytes(&row).expect("the form is right");
    let snapshot = SnapshotDraft { rows: vec![forged], ..draft(&[&honest]) }.sign(b"", &mallory());
    let offered = decoded(snapshot.expect("the form is right").bytes()).expect("the form is right");
    assert!(offered.verify(workspace).is_err());
}

#[test]
fn what_is_no_snapshot_is_refused_by_its_rule() {
    let (one, other) = (change(1, 3), change(2, 2));
    let check = |rows: Vec<&Verified>, rule: &'static str| {
        let rows = rows.into_iter().map(|entry| entry.head().clone()).collect();
        let error = SnapshotDraft { rows, ..draft(&[&one]) }.sign(b"", &ada()).expect_err(rule);
        assert_eq!(error, DecodeError::NotCanonical(rule));
    };
    let mut in_order = [&one, &other];
    in_order.sort_by_key(|entry| entry.header().log);
    check(vec![in_order[1], in_order[0]], "rows are in ascending order, one or two a log");
    check(vec![], "a snapshot has 1 to 4096 rows");
    let here = genesis().workspace();
    let (elsewhere, another) = (WorkspaceId::from_bytes([9; 32]), DocId::from_bytes([0xf9; 16]));
    for stranger in [
        genesis(),
        entry(elsewhere, team_doc(here), EntryKind::Change, 1, 1),
        entry(here, another, EntryKind::Change, 1, 1),
        entry(here, team_doc(here), EntryKind::Approval, 1, 1),
    ] {
        check(vec![&stranger], "a snapshot's rows are changes of its document");
    }
    assert_eq!(genesis().header().kind, EntryKind::Authority);
    let unsealed = SnapshotDraft { key: KeyId::ZERO, ..draft(&[&one]) }.sign(b"", &ada());
    assert_eq!(unsealed, Err(DecodeError::NotCanonical("a snapshot is sealed")));
}

/// Where a log's author changed roles before it began, its first entry shows that too.
#[test]
fn a_log_may_show_its_first_entry_beside_its_last() {
    let (first, last) = (change(1, 1), change(1, 3));
    let mut draft = draft(&[&last]);
    draft.rows.insert(0, first.head().clone());
    let made = draft.sign(b"", &ada()).expect("canonical");
    assert_eq!(made.entries(), 3);
    let rows: Vec<_> = made.logs().collect();
    assert_eq!(rows, [(Some(first.head()), last.head())]);
    assert_eq!(made.row(last.header().log), Some(last.head()));
    let rule = Err(DecodeError::NotCanonical("rows are in ascending order, one or two a log"));
    let middle = change(1, 2);
    draft.rows.insert(1, middle.head().clone());
    assert_eq!(draft.sign(b"", &ada()), rule);
    draft.rows.remove(0);
    assert_eq!(draft.sign(b"", &ada()), rule, "the one beside the last is the first");
    draft.rows = vec![first.head().clone(), first.head().clone()];
    assert_eq!(draft.sign(b"", &ada()), rule, "the first is not the last as well");
}

#[test]
fn the_largest_snapshot_is_as_large_as_its_parts() {
    let made = snapshot();
    let fixed = made.bytes().len() - 2 * SIGNED_BYTES - made.payload().len();
    assert_eq!(SNAPSHOT_BYTES_MAX, fixed + SNAPSHOT_ROWS_MAX * SIGNED_BYTES + SNAPSHOT_PAYLOAD_BYTES_MAX);
}

#[test]
fn a_chunk_is_sealed_under_all_that_is_said_of_it_but_its_own_bytes() {
    let made = *snapshot().header();
    let aad = made.seal_aad();
    let others = [
        SnapshotHeader { workspace: WorkspaceId::from_bytes([9; 32]), ..made },
        SnapshotHeader { doc: DocId::from_bytes([9; 16]), ..made },
        SnapshotHeader { maker: mallory().public(), ..made },
        SnapshotHeader { auth_head: EntryHash::from_bytes([9; 32]), ..made },
        SnapshotHeader { claimed_at: Millis(9), ..made },
        SnapshotHeader { key: KeyId::from_bytes([9; 16]), ..made },
        SnapshotHeader { nonce: Nonce::from_bytes([9; 24]), ..made },
        SnapshotHeader { rows: 9, ..made },
        SnapshotHeader { rows_hash: [9; 32], ..made },
    ];
    for other in others {
        assert_ne!(other.seal_aad(), aad, "{other:?}");
    }
    let payload = SnapshotHeader { payload_len: 9, payload_hash: [9; 32], ..made };
    assert_eq!(payload.seal_aad(), aad, "they are known once it is sealed");
    assert_eq!(aad, snapshot().bytes()[..aad.len()], "as it is signed");
}

#[test]
fn a_snapshot_that_claims_too_much_is_refused_before_it_is_read() {
    let made = snapshot();
    let claiming = |at: usize, n: usize| {
        let mut bytes = made.bytes().to_vec();
        bytes[at..at + 4].copy_from_slice(&u32::try_from(n).expect("a small number").to_le_bytes());
        decoded(&bytes).expect_err("it is not what it claims")
    };
    let (rows, payload) = (161, 197);
    let many = DecodeError::NotCanonical("a snapshot has 1 to 4096 rows");
    assert_eq!((claiming(rows, 0), claiming(rows, SNAPSHOT_ROWS_MAX + 1)), (many.clone(), many.clone()));
    assert_ne!(claiming(rows, SNAPSHOT_ROWS_MAX), many, "so many there may be; they are not there");
    let large = DecodeError::TooLarge { bytes: SNAPSHOT_PAYLOAD_BYTES_MAX + 1 };
    assert_eq!(claiming(payload, SNAPSHOT_PAYLOAD_BYTES_MAX + 1), large);
    let short = DecodeError::NotCanonical("the chunk is not as long as the header says");
    assert_eq!(claiming(payload, SNAPSHOT_PAYLOAD_BYTES_MAX), short);
    assert_eq!(claiming(payload, made.payload().len() - 1), short);
}
