//! Blobs arrive whole and right, or not at all.

use proofroom_blobs::{SLICE_BYTES, Span};
use proofroom_ident::{BlobHash, HashWords as _, Millis};
use proofroom_sync::limits::SLICES_ASKED_MAX;
use proofroom_sync::{Code, Direction, Event, Input, Message};

use crate::pair::{Pair, doc, encoded};

/// One slice.
const CHUNK: usize = 256 << 10;

fn connected() -> Pair {
    let mut pair = Pair::new();
    pair.connect();
    pair.settle();
    pair
}

fn bytes(n: usize) -> Vec<u8> {
    (0..n).map(|i| u8::try_from(i % 251).expect("below 251")).collect()
}

#[test]
fn offered_blobs_of_any_size_arrive() {
    let mut pair = connected();
    let sizes = [0, 1, 1_000, CHUNK, CHUNK + 1, 7 * CHUNK + 5];
    let offers: Vec<_> = sizes.iter().map(|n| pair.ada.keep_blob(bytes(*n))).collect();
    pair.ada.tell(Millis(0), Input::OfferBlobs(offers.clone()));
    pair.settle();
    assert_eq!(pair.bo.blobs, pair.ada.blobs);
    for (blob, bytes) in offers {
        assert!(pair.ada.events.contains(&Event::BlobDelivered { blob, bytes }));
    }
}

#[test]
fn a_blob_that_is_held_already_is_not_sent_again() {
    let mut pair = connected();
    let offer = pair.ada.keep_blob(bytes(1_000_000));
    pair.bo.keep_blob(bytes(1_000_000));
    pair.ada.tell(Millis(0), Input::OfferBlobs(vec![offer]));
    pair.settle();
    let sent = pair.ada.events.iter().any(|e| matches!(e, Event::BlobProgress { .. }));
    assert!(!sent, "no piece was sent");
    assert!(pair.ada.events.contains(&Event::BlobDelivered { blob: offer.0, bytes: offer.1 }));
}

#[test]
fn a_wanted_blob_is_fetched_with_progress() {
    let mut pair = connected();
    let (blob, total) = pair.bo.keep_blob(bytes(3 * CHUNK));
    pair.ada.want(blob, total);
    pair.settle();
    assert_eq!(pair.ada.blobs, pair.bo.blobs);
    let came: u64 = pair
        .ada
        .events
        .iter()
        .filter_map(|e| match e {
            Event::BlobProgress { direction: Direction::In, bytes, .. } => Some(*bytes),
            _ => None,
        })
        .sum();
    assert_eq!(came, total);
}

#[test]
fn entries_pass_while_a_blob_travels() {
    let mut pair = connected();
    let offer = pair.ada.keep_blob(bytes(40 * CHUNK));
    pair.ada.tell(Millis(0), Input::OfferBlobs(vec![offer]));
    (0..6).for_each(|_| _ = pair.step());
    pair.ada.write(doc(1), 1, 100);
    (0..6).for_each(|_| _ = pair.step());
    assert!(pair.bo.blobs.is_empty(), "the blob is still under way");
    assert_eq!(pair.bo.docs().len(), 1);
}

#[test]
fn a_missing_blob_is_named() {
    let mut pair = connected();
    let blob = BlobHash::of(b"nobody has this");
    pair.ada.want(blob, 5 * CHUNK as u64);
    pair.settle();
    assert!(pair.ada.events.contains(&Event::BlobMissing(blob)));
    let (other, total) = pair.bo.keep_blob(bytes(9));
    pair.ada.want(other, total);
    pair.settle();
    assert!(pair.ada.blobs.contains_key(&other), "the session goes on");
}

#[test]
fn bytes_with_another_hash_are_dropped_and_end_the_session() {
    let mut pair = connected();
    let blob = BlobHash::of(b"what ada wants");
    pair.bo.blobs.insert(blob, b"what bo sends".to_vec());
    pair.ada.want(blob, 13);
    pair.settle();
    assert!(pair.ada.blobs.is_empty() && pair.ada.partial.is_empty());
    assert!(pair.ada.events.contains(&Event::BlobWrong(blob)));
    assert_eq!(pair.ada.closed, Some(Code::WrongBlob));
}

#[test]
fn a_blob_of_another_size_than_announced_is_not_taken_and_nobody_is_blamed() {
    let mut pair = connected();
    let (blob, told) = pair.bo.keep_blob(bytes(100));
    pair.ada.want(blob, 99);
    pair.settle();
    assert!(pair.ada.events.contains(&Event::BlobOtherSize { blob, wanted: 99, told }));
    assert!(pair.ada.blobs.is_empty());
    assert_eq!(pair.ada.closed, None, "whoever announced the size may be the one who lied");
}

#[test]
fn one_wrong_byte_is_refused_with_the_slice_that_holds_it() {
    let mut pair = connected();
    let (blob, total) = pair.bo.keep_blob(bytes(5 * CHUNK));
    pair.bo.lies_at = Some(3 * CHUNK as u64);
    pair.ada.want(blob, total);
    pair.settle();
    assert_eq!(pair.ada.closed, Some(Code::WrongBlob));
    let whole = bytes(5 * CHUNK);
    let partial = pair.ada.partial.get(&blob).expect("some of it came");
    assert_eq!(partial[..CHUNK], whole[..CHUNK], "what came before is kept");
    assert_ne!(partial[3 * CHUNK..4 * CHUNK], whole[3 * CHUNK..4 * CHUNK]);
    assert!(partial.iter().zip(&whole).all(|(p, w)| p == w || *p == 0), "nothing wrong was written");
}

#[test]
fn bytes_that_nobody_asked_for_end_the_session() {
    let mut pair = connected();
    let span = Span { offset: 0, bytes: 1 };
    let (blob, encoded) = encoded(b"x", span);
    let frame = Message::BlobSlice { blob, total: 1, span, encoded }.encode();
    pair.ada.tell(Millis(0), Input::Frame(frame));
    assert_eq!(pair.ada.closed, Some(Code::BadMessage));
}

#[test]
fn asking_for_too_much_at_a_time_ends_the_session() {
    let small = Span { offset: 0, bytes: 1 };
    let large = Span { offset: 0, bytes: SLICE_BYTES };
    let crooked = Span { offset: 5, bytes: 10 };
    for (span, times) in [(small, SLICES_ASKED_MAX + 1), (large, 25), (crooked, 1)] {
        let mut pair = connected();
        // A driver that reads slowly: bo's reads are answered at once here, so ask through the machine.
        let mut session = pair.bo.session.take().expect("connected");
        let ask = Message::BlobAsk { blob: BlobHash::of(b"x"), span }.encode();
        for _ in 0..times {
            assert!(!session.is_closed());
            session.handle(Millis(0), Input::Frame(ask.clone()), &pair.bo.store);
        }
        assert!(session.is_closed(), "{times} times {span:?}");
    }
}

#[test]
fn a_blob_that_is_not_taken_is_answered_with_the_reason() {
    let mut pair = connected();
    pair.bo.fetches = false;
    let (blob, total) = pair.ada.keep_blob(bytes(9));
    pair.ada.tell(Millis(0), Input::OfferBlobs(vec![(blob, total)]));
    pair.settle();
    let (code, text) = (Code::QuotaExceeded, "the workspace is full".to_owned());
    pair.bo.tell(Millis(0), Input::RefuseBlob { blob, code, text: text.clone() });
    pair.settle();
    assert!(pair.ada.events.contains(&Event::BlobRefused { blob, code, text: text.clone() }));
    // Once: a second answer is none.
    pair.bo.tell(Millis(0), Input::RefuseBlob { blob, code, text });
    pair.bo.tell(Millis(0), Input::BlobHeld(blob));
    assert!(pair.bo.outgoing.is_empty());
}
