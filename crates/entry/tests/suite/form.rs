//! The canonical form: one way to write each header.

use proofroom_entry::{
    DecodeError, EntryKind, Header, PAYLOAD_BYTES_MAX, SEQ_MAX, SIGNED_BYTES, SignedHeader, seal_aad,
};
use proofroom_ident::{Audience, DocId, EntryHash, KeyId, LogClass, LogId, Nonce, WorkspaceId};

use crate::world::{all, genesis};

fn decode(header: &Header) -> Result<SignedHeader, DecodeError> {
    SignedHeader::decode(&[header.encode().as_slice(), &[0; 64]].concat())
}

fn change() -> Header {
    *all()[2].2.header()
}

fn check(alter: impl FnOnce(&mut Header), start: Header, rule: &'static str) {
    let mut header = start;
    assert!(decode(&header).is_ok(), "the start is canonical");
    alter(&mut header);
    assert_eq!(decode(&header).expect_err(rule), DecodeError::NotCanonical(rule));
}

#[test]
fn a_log_counts_from_one_and_links_backwards() {
    let rule = "prev is zero exactly when seq is 1";
    check(|h| h.seq = 0, change(), "seq counts from 1");
    check(|h| h.prev = EntryHash::from_bytes([1; 32]), change(), rule);
    check(|h| h.seq = 2, change(), rule);
    let rule = "prev_log_head belongs to the first entry of a log";
    check(|h| h.prev_log_head = EntryHash::from_bytes([1; 32]), *all()[3].2.header(), rule);
}

/// A snapshot's row may claim any position without the entries before it.
#[test]
fn a_log_ends_before_counting_does() {
    let rule = "seq counts to 2^40";
    let later = || {
        let (prev, prev_log_head) = (EntryHash::from_bytes([1; 32]), EntryHash::ZERO);
        Header { seq: 2, prev, prev_log_head, ..change() }
    };
    check(|h| h.seq = SEQ_MAX + 1, later(), rule);
    check(|h| h.seq = u64::MAX, later(), rule);
    let last = Header { seq: SEQ_MAX, ..later() };
    assert!(decode(&last).is_ok(), "the last one");
}

#[test]
fn keys_are_named_exactly_where_payloads_are_sealed() {
    let rule = "key_id and nonce are zero exactly where the payload is plain";
    check(|h| h.key = KeyId::from_bytes([1; 16]), *genesis().header(), rule);
    check(|h| h.nonce = Nonce::from_bytes([1; 24]), *genesis().header(), rule);
    check(|h| h.key = KeyId::ZERO, change(), rule);
    check(|h| h.nonce = Nonce::ZERO, change(), rule);
}

#[test]
fn documents_kinds_and_audiences_fit_together() {
    let rule = "authority entries, and only they, use the authority log";
    check(|h| (h.doc, h.audience) = (DocId::AUTHORITY, Audience::Everyone), change(), rule);
    check(|h| h.doc = h.workspace.plan_doc(), *all()[1].2.header(), rule);
    let rule = "the audience is the one that the document's id names";
    check(|h| h.audience = Audience::Everyone, change(), rule);
    check(|h| h.audience = Audience::Team, *genesis().header(), rule);
}

/// What stands for a run of changes must never be able to hide a decision.
#[test]
fn a_log_carries_entries_of_one_class() {
    let rule = "the log's id names the class of its entries";
    let statements = [
        EntryKind::Approval,
        EntryKind::Profile,
        EntryKind::Receipt,
        EntryKind::Act,
        EntryKind::Delegation,
        EntryKind::Record,
    ];
    for kind in statements {
        check(|h| h.kind = kind, change(), rule);
    }
    check(|h| h.kind = EntryKind::Change, *all()[4].2.header(), rule);
    for class in [LogClass::Changes, LogClass::Statements] {
        let log = |h: &Header| LogId::of_author(h.author, h.doc, class, h.log);
        check(|h| h.log = log(h), *all()[1].2.header(), rule);
    }
    let none = "the log's id follows from its author and document";
    let unknown = |h: &mut Header| {
        let mut bytes = *h.log.as_bytes();
        bytes[0] |= 0xc0;
        h.log = LogId::from_bytes(bytes);
    };
    check(unknown, change(), none);
}

#[test]
fn only_the_genesis_entry_stands_on_nothing() {
    let rule = "only the first authority entry has no workspace";
    check(|h| (h.workspace, h.auth_head) = (WorkspaceId::ZERO, EntryHash::ZERO), change(), rule);
    let rule = "auth_head is zero exactly in the genesis entry";
    check(|h| h.auth_head = EntryHash::ZERO, change(), rule);
    check(
        |h| h.workspace = WorkspaceId::ZERO,
        *all()[1].2.header(),
        "only the first authority entry has no workspace",
    );
    check(|h| h.auth_head = EntryHash::from_bytes([1; 32]), *genesis().header(), rule);
}

#[test]
fn unknown_values_are_named() {
    let bytes = genesis().bytes().to_vec();
    for (at, field, value) in [
        (0, "version", 0),
        (0, "version", 2),
        (1, "kind", 0),
        (1, "kind", 3),
        (1, "kind", 10),
        (2, "audience", 2),
        (2, "audience", 255),
    ] {
        let mut altered = bytes.clone();
        altered[at] = value;
        let error = SignedHeader::decode(&altered).expect_err(field);
        assert_eq!(error, DecodeError::Unknown { field, value });
        assert_eq!(error.to_string(), format!("entry: unknown {field} {value}"));
    }
}

#[test]
fn a_header_that_claims_a_huge_payload_is_refused_before_it_is_read() {
    let mut header = change();
    header.payload_len = u32::try_from(PAYLOAD_BYTES_MAX).expect("8 MiB");
    assert!(decode(&header).is_ok());
    header.payload_len += 1;
    assert_eq!(
        decode(&header).expect_err("too large"),
        DecodeError::TooLarge { bytes: PAYLOAD_BYTES_MAX + 1 }
    );
    header.payload_len = u32::MAX;
    assert!(matches!(decode(&header), Err(DecodeError::TooLarge { .. })));
}

#[test]
fn short_bytes_say_what_is_missing() {
    let bytes = genesis().bytes().to_vec();
    let error = SignedHeader::decode(&bytes[..100]).expect_err("short").to_string();
    assert!(error.contains("at byte 0 of 100") && error.contains(&SIGNED_BYTES.to_string()), "{error}");
}

#[test]
fn sealing_authenticates_all_that_comes_before_the_tip_commitment() {
    let header = change();
    let aad = seal_aad(&header);
    assert_eq!(aad, header.encode()[..251]);
    let mut other = header;
    (other.tip_commit, other.payload_len, other.payload_hash) = ([0; 32], 0, [0; 32]);
    assert_eq!(seal_aad(&other), aad, "they are not known before sealing");
}

#[test]
fn every_kind_but_authority_is_sealed() {
    let (change, statement) = (change(), *all()[4].2.header());
    for (kind, start) in [
        (EntryKind::Change, change),
        (EntryKind::Approval, statement),
        (EntryKind::Profile, statement),
        (EntryKind::Receipt, statement),
        (EntryKind::Act, statement),
        (EntryKind::Delegation, statement),
        (EntryKind::Record, statement),
    ] {
        assert!(!kind.is_plain());
        assert_eq!(decode(&Header { kind, ..start }).map(|h| h.claims().kind), Ok(kind));
    }
    assert!(EntryKind::Authority.is_plain());
}
