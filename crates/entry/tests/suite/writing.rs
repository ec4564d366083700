//! What a log's writer refuses to write.

use proofroom_entry::{
    DecodeError, Draft, EntryKind, LogTip, LogWriter, PAYLOAD_BYTES_MAX, Signed, WriteError,
};
use proofroom_ident::{EntryHash, KeyId};

use crate::world::{ada, bo, bo_log, genesis, mallory, sealed};

#[test]
fn only_the_author_appends() {
    let first = genesis();
    let mut log = bo_log(first.workspace());
    let error = log.append(&sealed(first.hash()), b"in bo's name", &mallory()).expect_err("not her log");
    assert_eq!(error, WriteError::NotTheAuthor { author: bo().public(), secret: mallory().public() });
    assert_eq!((log.seq(), log.head()), (0, EntryHash::ZERO), "the log is where it was");
    log.append(&sealed(first.hash()), b"in his own", &bo()).expect("his log");
}

#[test]
fn what_would_not_be_read_is_not_written() {
    let first = genesis();
    let mut log = bo_log(first.workspace());
    let good = sealed(first.hash());
    let before = log.append(&good, b"first", &bo()).expect("canonical").hash();
    let unsealed = Draft { key: KeyId::ZERO, ..good };
    let misplaced = Draft { kind: EntryKind::Authority, ..good };
    let of_another_class = Draft { kind: EntryKind::Approval, ..good };
    let rootless = Draft { auth_head: EntryHash::ZERO, ..good };
    for draft in [unsealed, misplaced, of_another_class, rootless] {
        let error = log.append(&draft, b"second", &bo()).expect_err("not canonical");
        assert!(matches!(error, WriteError::Form(DecodeError::NotCanonical(_))), "{error}");
    }
    let error = log.append(&good, &vec![0; PAYLOAD_BYTES_MAX + 1], &bo()).expect_err("too large");
    assert_eq!(error, WriteError::TooLarge(PAYLOAD_BYTES_MAX + 1));
    assert_eq!((log.seq(), log.head()), (1, before), "the log is where it was");
}

#[test]
fn the_largest_payload_is_written_and_read() {
    let first = genesis();
    let payload = vec![7; PAYLOAD_BYTES_MAX];
    let entry =
        bo_log(first.workspace()).append(&sealed(first.hash()), &payload, &bo()).expect("it just fits");
    assert_eq!(entry.bytes().len(), proofroom_entry::ENTRY_BYTES_MAX);
    let read = Signed::decode(entry.bytes().clone()).expect("it was written here");
    assert_eq!(read.verify(first.workspace()), Ok(entry));
}

#[test]
fn a_resumed_log_goes_on_where_it_stopped() {
    let first = genesis();
    let mut log = bo_log(first.workspace());
    let entry = log.append(&sealed(first.hash()), b"before", &bo()).expect("canonical");
    let mut resumed = LogWriter::resume(first.workspace(), &LogTip::after(entry.head()));
    let draft = sealed(first.hash());
    let next = |log: &mut LogWriter| log.append(&draft, b"after", &bo()).expect("canonical");
    assert_eq!(next(&mut resumed), next(&mut log));
}

/// Sealing authenticates the header before the payload exists; the payload's own
/// fields and nothing else are added later.
#[test]
fn the_header_that_was_sealed_for_is_the_one_that_is_signed() {
    let first = genesis();
    let mut log = bo_log(first.workspace());
    let draft = sealed(first.hash());
    let promised = log.header(&draft);
    let entry = log.append(&draft, b"payload", &bo()).expect("canonical");
    assert_eq!(proofroom_entry::seal_aad(&promised), proofroom_entry::seal_aad(entry.header()));
}

#[test]
fn stored_bytes_are_trusted_for_their_signature_only() {
    let mut bytes = genesis().bytes().to_vec();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let read = Signed::decode(bytes).expect("the form is right");
    assert!(read.trust_stored_bytes().is_err(), "the payload is not the one that was signed");
    let read = Signed::decode(genesis().bytes().clone()).expect("it was written here");
    assert_eq!(read.trust_stored_bytes(), Ok(genesis()));
    assert_eq!(genesis().header().author, ada().public());
}
