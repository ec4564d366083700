//! Messages as bytes.

use bytes::Bytes;
use proofroom_blobs::Span;
use proofroom_ident::{
    BlobHash, DocId, EntryHash, InviteId, LogId, Millis, Signature, SignerKey, SnapshotId, WorkspaceId,
};
use proofroom_sync::{
    Audiences, ClockRow, Code, Coverage, Greeting, Message, Open, Refusal, SnapshotAnswer, Summary, Welcome,
    is_bulk,
};

use crate::pair::doc;

const SUMMARY: Summary = Summary([[15; 32], [16; 32]]);

fn device() -> SignerKey {
    SignerKey::from_bytes([14; 32])
}

fn signature(n: u8) -> Signature {
    Signature::from_bytes([n; 64])
}

fn open(invite: Option<(InviteId, Signature)>) -> Message {
    Message::Open(Box::new(Open {
        proto: 3,
        nonce: [18; 32],
        device: device(),
        workspace: WorkspaceId::from_bytes([17; 32]),
        offers: Audiences::from_bits(2).expect("the team"),
        invite,
        summary: SUMMARY,
        prefer: vec![doc(5), doc(6)],
        proof: signature(19),
    }))
}

fn welcome(reads: Audiences, may_write: bool, proof: u8) -> Message {
    Message::Welcome(Welcome { reads, may_write, summary: SUMMARY, proof: signature(proof) })
}

/// One of each kind, no two fields of a message alike, in the order of their tags.
fn every_message() -> Vec<(u8, Message)> {
    let (blob, id) = (BlobHash::from_bytes([11; 32]), SnapshotId::from_bytes([12; 32]));
    let (log, device) = (LogId::from_bytes([13; 16]), device());
    let bytes = || Bytes::from_static(b"some bytes");
    let row =
        |n, seq| ClockRow { log: LogId::from_bytes([n; 16]), seq, head: EntryHash::from_bytes([n; 32]) };
    let rows = || vec![row(3, 7), row(4, 8)];
    let span = Span { offset: 21, bytes: 22 };
    let refusal = Refusal { doc: doc(1), log, seq: 23, count: 24, code: Code::Gap, text: "a gap".into() };
    let answer = |answer| Message::SnapshotAnswer { doc: doc(1), id, answer };
    vec![
        (1, Message::Greeting(Greeting { proto: 2, nonce: [25; 32], device })),
        (2, open(None)),
        (2, open(Some((InviteId::from_bytes([26; 32]), signature(27))))),
        (3, welcome(Audiences::ALL, true, 28)),
        (3, welcome(Audiences::NONE, false, 29)),
        (4, Message::Refuse { code: Code::NotMember, text: "no".into() }),
        (4, Message::Refuse { code: Code::Other(999), text: String::new() }),
        (5, Message::Digests { last: true, docs: vec![(doc(1), [1; 32]), (doc(2), [2; 32])] }),
        (5, Message::Digests { last: false, docs: Vec::new() }),
        (6, Message::Clock { doc: doc(1), last: false, rows: rows() }),
        (6, Message::Clock { doc: doc(1), last: true, rows: Vec::new() }),
        (7, Message::Coming { entries: 30 }),
        (8, Message::Entries(vec![bytes(), Bytes::new()])),
        (9, Message::Part { total: 31, offset: 32, bytes: bytes() }),
        (10, Message::Ack { batches: 33, refused: vec![refusal] }),
        (11, Message::CaughtUp),
        (12, Message::Prefer(vec![doc(3), doc(2)])),
        (13, Message::BlobOffer(vec![(blob, 34), (BlobHash::ZERO, 0)])),
        (14, Message::BlobAsk { blob, span }),
        (15, Message::BlobSlice { blob, total: 35, span, encoded: bytes() }),
        (16, Message::BlobHeld(blob)),
        (17, Message::BlobMissing(blob)),
        (18, Message::BlobRefuse { blob, code: Code::TooLarge, text: "much too large".into() }),
        (32, Message::Have(vec![(doc(1), log, 36), (DocId::ZERO, LogId::ZERO, 37)])),
        (33, Message::Direct(vec![device, SignerKey::from_bytes([38; 32])])),
        (34, Message::WitnessAsk { doc: doc(1), rows: rows() }),
        (35, Message::WitnessWord { doc: doc(1), word: None }),
        (35, Message::WitnessWord { doc: doc(1), word: Some((Millis(39), signature(40))) }),
        (48, Message::Covered(vec![Coverage { doc: doc(1), entries: 41, bytes: 42 }])),
        (49, Message::SnapshotOffer { doc: doc(1), id, entries: 43, bytes: 44 }),
        (50, answer(SnapshotAnswer::Declined)),
        (50, answer(SnapshotAnswer::Wanted)),
        (50, answer(SnapshotAnswer::Taken)),
        (51, Message::SnapshotPart { doc: doc(1), id, offset: 45, bytes: bytes() }),
    ]
}

#[test]
fn every_message_survives_the_round_trip_under_its_own_tag() {
    let all = every_message();
    assert_eq!(all.iter().map(|(tag, _)| *tag).collect::<std::collections::BTreeSet<_>>().len(), 26);
    for (tag, message) in all {
        let frame = message.encode();
        assert_eq!(frame[..2], [1, tag], "{message:?}");
        assert_eq!(is_bulk(&frame), matches!(tag, 15 | 17), "{message:?}");
        for rest in [0, 1, frame.len() - 1] {
            assert!(Message::decode(&frame.slice(..rest)).is_err(), "{message:?}, {rest} bytes");
        }
        assert_eq!(Message::decode(&frame), Ok(message));
    }
}

#[test]
fn a_long_reason_is_cut_between_two_characters() {
    // The 400th byte is in the middle of a character.
    let long = format!("{}{}", "x".repeat(399), "\u{e9}".repeat(9));
    let frame = Message::Refuse { code: Code::Internal, text: long }.encode();
    let Ok(Message::Refuse { text, .. }) = Message::decode(&frame) else { panic!("it is short enough") };
    assert_eq!(text, "x".repeat(399));
    let whole = "x".repeat(400);
    let frame = Message::Refuse { code: Code::Internal, text: whole.clone() }.encode();
    assert_eq!(Message::decode(&frame), Ok(Message::Refuse { code: Code::Internal, text: whole }));
}
