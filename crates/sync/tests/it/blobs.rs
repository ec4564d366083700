//! Blobs arrive whole and right, or not at all.

use bytes::Bytes;
use proofroom_ident::{BlobHash, HashWords as _, Millis};
use proofroom_sync::limits::CHUNK_BYTES;
use proofroom_sync::{Code, Direction, Event, Input, Message};

use crate::pair::{Pair, doc};

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
    let sizes = [0, 1, 1_000, CHUNK_BYTES, CHUNK_BYTES + 1, 7 * CHUNK_BYTES + 5];
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
    let (blob, total) = pair.bo.keep_blob(bytes(3 * CHUNK_BYTES));
    pair.ada.tell(Millis(0), Input::WantBlob { blob, bytes: total });
    pair.settle();
    assert_eq!(pair.ada.blobs, pair.bo.blobs);
    let done: Vec<_> = pair
        .ada
        .events
        .iter()
        .filter_map(|e| match e {
            Event::BlobProgress { direction: Direction::In, done, .. } => Some(*done / CHUNK_BYTES as u64),
            _ => None,
        })
        .collect();
    assert_eq!(done, [1, 2, 3]);
}

#[test]
fn entries_pass_while_a_blob_travels() {
    let mut pair = connected();
    let offer = pair.ada.keep_blob(bytes(40 * CHUNK_BYTES));
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
    pair.ada.tell(Millis(0), Input::WantBlob { blob, bytes: 5 * CHUNK_BYTES as u64 });
    pair.settle();
    assert!(pair.ada.events.contains(&Event::BlobMissing(blob)));
    let (other, total) = pair.bo.keep_blob(bytes(9));
    pair.ada.tell(Millis(0), Input::WantBlob { blob: other, bytes: total });
    pair.settle();
    assert!(pair.ada.blobs.contains_key(&other), "the session goes on");
}

#[test]
fn bytes_with_another_hash_are_dropped_and_end_the_session() {
    let mut pair = connected();
    let blob = BlobHash::of(b"what ada wants");
    pair.bo.blobs.insert(blob, b"what bo sends".to_vec());
    pair.ada.tell(Millis(0), Input::WantBlob { blob, bytes: 13 });
    pair.settle();
    assert!(pair.ada.blobs.is_empty() && pair.ada.partial.is_empty());
    assert!(pair.ada.events.contains(&Event::BlobWrong(blob)));
    assert_eq!(pair.ada.closed, Some(Code::WrongBlob));
}

#[test]
fn a_blob_of_another_size_than_announced_ends_the_session() {
    let mut pair = connected();
    let (blob, _) = pair.bo.keep_blob(bytes(100));
    pair.ada.tell(Millis(0), Input::WantBlob { blob, bytes: 99 });
    pair.settle();
    assert_eq!(pair.ada.closed, Some(Code::WrongBlob));
}

#[test]
fn a_piece_that_nobody_asked_for_ends_the_session() {
    let mut pair = connected();
    let blob = BlobHash::of(b"x");
    let frame = Message::BlobChunk { blob, offset: 0, total: 1, bytes: Bytes::from_static(b"x") }.encode();
    pair.ada.tell(Millis(0), Input::Frame(frame));
    assert_eq!(pair.ada.closed, Some(Code::BadMessage));
}

#[test]
fn asking_for_too_many_pieces_ends_the_session() {
    let mut pair = connected();
    // A driver that reads slowly: bo's reads are answered at once here, so ask through the machine.
    let blob = BlobHash::of(b"x");
    let mut session = pair.bo.session.take().expect("connected");
    let ask = Message::BlobAsk { blob, offset: 0 }.encode();
    for _ in 0..9 {
        session.handle(Millis(0), Input::Frame(ask.clone()), &pair.bo.store);
    }
    assert!(session.is_closed());
}
