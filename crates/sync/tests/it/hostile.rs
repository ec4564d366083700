//! Mallory: whatever comes, the session closes with a reason and never panics.

use bytes::Bytes;
use proofroom_ident::{DocId, Millis, SigningSecret};
use proofroom_sync::limits::{FRAME_BYTES_MAX, PARTING_BYTES_MAX};
use proofroom_sync::{Code, Input, Message, Session};
use proptest::prelude::*;

use crate::pair::{Pair, Peer, doc};

/// A pair after some steps of a conversation that uses most messages.
fn talking(steps: usize) -> Pair {
    let mut pair = Pair::new();
    for n in 1..4 {
        pair.ada.write_quietly(doc(n), 4, 100);
        pair.bo.write_quietly(doc(n + 1), 4, 100);
    }
    pair.bo.write_quietly(doc(9), 1, 600_000);
    pair.connect();
    let offer = pair.ada.keep_blob(vec![3; 300_000]);
    (0..steps).for_each(|_| _ = pair.step());
    pair.ada.tell(Millis(0), Input::OfferBlobs(vec![offer]));
    pair
}

#[track_caller]
fn check_closes(peer: &mut Peer, frame: impl Into<Bytes>, code: Code) {
    peer.tell(Millis(0), Input::Frame(frame.into()));
    assert_eq!(peer.closed, Some(code));
    let last = peer.outgoing.back().expect("the peer is told");
    let told = Message::decode(last).expect("a message");
    assert!(
        matches!(told, Message::Refuse { code: c, ref text } if c == code && !text.is_empty()),
        "{told:?}"
    );
}

#[test]
fn an_oversized_frame_is_refused() {
    check_closes(&mut talking(0).bo, vec![1; FRAME_BYTES_MAX + 1], Code::TooLarge);
}

#[test]
fn an_unknown_schema_or_tag_is_refused() {
    check_closes(&mut talking(9).ada, vec![9, 9], Code::BadMessage);
    check_closes(&mut talking(9).bo, vec![1, 99], Code::BadMessage);
    check_closes(&mut talking(9).bo, vec![], Code::BadMessage);
}

#[test]
fn a_list_that_claims_more_than_there_is_is_refused() {
    // Digests, last, 8,000 rows claimed, none there.
    check_closes(&mut talking(9).bo, vec![1, 5, 1, 64, 31, 0, 0], Code::BadMessage);
}

#[test]
fn every_truncation_of_every_frame_is_refused() {
    for steps in 0..8 {
        for at_bo in [false, true] {
            let mut pair = talking(steps);
            let from = if at_bo { &mut pair.ada } else { &mut pair.bo };
            let Some(frame) = from.outgoing.pop_front() else { continue };
            for len in [0, 1, 2, 3, 10, frame.len() / 2, frame.len() - 1] {
                let mut pair = talking(steps);
                let to = if at_bo { &mut pair.bo } else { &mut pair.ada };
                to.tell(Millis(0), Input::Frame(frame.slice(..len.min(frame.len() - 1))));
                assert_eq!(to.closed, Some(Code::BadMessage), "step {steps}, {len} bytes");
            }
        }
    }
}

fn opening(pair: &mut Pair) -> Message {
    pair.step();
    let frame = pair.ada.outgoing.pop_front().expect("ada says who she is");
    Message::decode(&frame).expect("a message")
}

#[test]
fn a_proof_by_another_key_is_refused() {
    let mut pair = Pair::new();
    pair.connect();
    let Message::Open(mut open) = opening(&mut pair) else { panic!("an Open was expected") };
    open.device = SigningSecret::from_seed(&[3; 32]).public();
    check_closes(&mut pair.bo, Message::Open(open).encode(), Code::BadProof);
}

#[test]
fn a_proof_from_another_handshake_is_refused() {
    let mut pair = Pair::new();
    pair.connect();
    let replayed = opening(&mut pair).encode();
    pair.cut();
    pair.connect();
    check_closes(&mut pair.bo, replayed, Code::BadProof);
}

#[test]
fn a_proof_for_another_channel_is_refused() {
    let mut pair = Pair::new();
    let mut config = pair.ada.client_config();
    config.channel = b"another".to_vec();
    pair.connect_with(config);
    pair.settle();
    assert_eq!(pair.bo.closed, Some(Code::BadProof));
    assert_eq!(pair.ada.closed, Some(Code::BadProof), "ada is told");
}

#[test]
fn an_altered_opening_is_refused() {
    for field in 0..4 {
        let mut pair = Pair::new();
        pair.connect();
        let Message::Open(mut open) = opening(&mut pair) else { panic!("an Open was expected") };
        match field {
            0 => open.nonce[0] ^= 1,
            1 => open.summary.0[0][0] ^= 1,
            2 => open.offers = proofroom_sync::Audiences::NONE,
            _ => open.invite = Some((proofroom_ident::InviteId::ZERO, proofroom_ident::Signature::ZERO)),
        }
        check_closes(&mut pair.bo, Message::Open(open).encode(), Code::BadProof);
    }
}

#[test]
fn a_server_that_is_not_the_expected_one_is_refused() {
    let mut pair = Pair::new();
    let mut config = pair.ada.client_config();
    config.expect = Some(SigningSecret::from_seed(&[3; 32]).public());
    pair.connect_with(config);
    pair.settle();
    assert_eq!(pair.ada.closed, Some(Code::WrongPeer));
}

#[test]
fn a_server_without_its_key_is_refused() {
    let mut pair = Pair::new();
    pair.connect();
    let open = opening(&mut pair).encode();
    pair.bo.tell(Millis(0), Input::Frame(open));
    let frame = pair.bo.outgoing.pop_front().expect("bo answers");
    let Ok(Message::Welcome(mut welcome)) = Message::decode(&frame) else { panic!("a Welcome was expected") };
    welcome.may_write = false;
    check_closes(&mut pair.ada, Message::Welcome(welcome).encode(), Code::BadProof);
}

#[test]
fn another_version_is_refused() {
    let mut pair = Pair::new();
    pair.connect();
    let frame = pair.bo.outgoing.pop_front().expect("bo greets");
    let Ok(Message::Greeting(mut greeting)) = Message::decode(&frame) else {
        panic!("a Greeting was expected")
    };
    greeting.proto = 2;
    check_closes(&mut pair.ada, Message::Greeting(greeting).encode(), Code::UnsupportedVersion);
}

#[test]
fn a_silent_handshake_times_out() {
    let mut peer = Peer::new(1);
    let config = peer.server_config();
    peer.begin(|rng| Session::server(config, rng));
    peer.tell(Millis(0), Input::Tick);
    peer.tell(Millis(10_000), Input::Tick);
    assert_eq!(peer.closed, None);
    peer.tell(Millis(10_001), Input::Tick);
    assert_eq!(peer.closed, Some(Code::Timeout));
}

#[test]
fn entries_of_another_workspace_or_form_are_refused() {
    let mut pair = talking(30);
    check_closes(
        &mut pair.bo,
        Message::Entries(vec![Bytes::from_static(&[1; 400])]).encode(),
        Code::BadEntry,
    );
}

#[test]
fn confirming_what_was_never_sent_is_refused() {
    let mut pair = Pair::new();
    pair.connect();
    pair.settle();
    check_closes(&mut pair.bo, Message::Ack { batches: 1, refused: Vec::new() }.encode(), Code::BadMessage);
}

#[test]
fn catching_up_twice_is_refused() {
    let mut pair = Pair::new();
    pair.ada.write_quietly(doc(1), 1, 100);
    pair.connect();
    pair.settle();
    pair.check_converged();
    check_closes(&mut pair.bo, Message::CaughtUp.encode(), Code::BadMessage);
}

#[test]
fn unexpected_clocks_and_digests_are_refused() {
    let mut pair = Pair::new();
    pair.connect();
    pair.settle();
    let digests = Message::Digests { last: true, docs: Vec::new() };
    check_closes(&mut pair.bo, digests.encode(), Code::BadMessage);
    let clock = Message::Clock { doc: doc(1), last: true, rows: Vec::new() };
    check_closes(&mut pair.ada, clock.encode(), Code::BadMessage);
}

#[test]
fn a_closed_session_stays_silent() {
    let mut pair = talking(3);
    pair.bo.tell(Millis(0), Input::Refuse { code: Code::ShuttingDown, text: "the server stops".into() });
    let said = pair.bo.outgoing.len();
    for frame in [vec![1, 99], vec![]] {
        pair.bo.tell(Millis(0), Input::Frame(frame.into()));
    }
    pair.bo.tell(Millis(99_999_999), Input::Tick);
    pair.bo.write(doc(1), 1, 1);
    pair.bo.tell(Millis(0), Input::Refuse { code: Code::Removed, text: "once more".into() });
    pair.bo.tell(Millis(0), Input::Part { entries: Vec::new(), text: "once more".into() });
    assert_eq!(pair.bo.outgoing.len(), said);
    assert_eq!(pair.bo.closed, Some(Code::ShuttingDown));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn random_bytes_never_panic(steps in 0usize..12, frame in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut pair = talking(steps);
        pair.ada.tell(Millis(0), Input::Frame(frame.clone().into()));
        pair.bo.tell(Millis(0), Input::Frame(frame.into()));
        prop_assert!(pair.ada.closed.is_some() && pair.bo.closed.is_some());
    }

    #[test]
    fn random_bodies_never_panic(
        steps in 0usize..12,
        tag in 1u8..19,
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut pair = talking(steps);
        let frame = Bytes::from([vec![1, tag], body].concat());
        pair.ada.tell(Millis(0), Input::Frame(frame.clone()));
        pair.bo.tell(Millis(0), Input::Frame(frame));
        pair.settle();
    }

    #[test]
    fn flipped_bits_in_honest_frames_never_panic(steps in 0usize..14, at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut pair = talking(steps);
        for at_bo in [true, false] {
            let Pair { ada, bo } = &mut pair;
            let (from, to) = if at_bo { (&mut *ada, bo) } else { (&mut *bo, ada) };
            let Some(frame) = from.outgoing.pop_front() else { continue };
            let mut frame = frame.to_vec();
            let i = at.index(frame.len());
            frame[i] ^= 1 << bit;
            // An entry whose signature breaks is the driver's to refuse: keep to the machine here.
            if frame.get(1).is_some_and(|tag| ![8, 9].contains(tag)) {
                to.tell(Millis(0), Input::Frame(frame.into()));
            }
        }
    }
}

#[test]
fn before_the_welcome_nothing_comes_but_what_shows_a_removal_and_not_without_end() {
    let shown = |pair: &mut Pair, doc, bytes| {
        let entries = pair.bo.write_quietly(doc, 1, bytes);
        Message::Entries(entries.iter().map(|e| Bytes::copy_from_slice(e.bytes())).collect()).encode()
    };
    let asking = || {
        let mut pair = Pair::new();
        pair.connect();
        opening(&mut pair);
        pair
    };
    let mut pair = asking();
    let frame = shown(&mut pair, doc(1), 10);
    check_closes(&mut pair.ada, frame, Code::MayNotWrite);
    let mut pair = asking();
    check_closes(&mut pair.ada, Message::Entries(Vec::new()).encode(), Code::BadMessage);
    let mut pair = asking();
    let mut taken = 0;
    while pair.ada.closed.is_none() {
        let frame = shown(&mut pair, DocId::AUTHORITY, 100_000);
        pair.ada.tell(Millis(0), Input::Frame(frame));
        taken += 1;
        assert!(taken * 100_000 <= PARTING_BYTES_MAX + 100_000, "{taken} of them were taken");
    }
    assert_eq!(pair.ada.closed, Some(Code::BadMessage));
    assert_eq!(pair.ada.ingested.len(), taken - 1, "what came before is kept");
}

#[test]
fn whoever_was_removed_is_shown_it_and_refused() {
    for entries in [1, 3, 6] {
        let mut pair = Pair::new();
        pair.connect();
        let open = opening(&mut pair).encode();
        pair.bo.answers = false;
        pair.bo.tell(Millis(0), Input::Frame(open));
        let shown: Vec<_> = pair.bo.write_quietly(DocId::AUTHORITY, entries, 100_000);
        let part = Input::Part {
            entries: shown.iter().map(|e| e.bytes().clone()).collect(),
            text: "removed from the workspace".into(),
        };
        pair.bo.tell(Millis(0), part);
        assert_eq!(pair.bo.closed, Some(Code::Removed));
        pair.settle();
        assert_eq!(pair.ada.closed, Some(Code::Removed));
        // Too much to be taken is not sent at all.
        let fits = entries * 100_000 < PARTING_BYTES_MAX;
        let seen: Vec<_> = shown.iter().filter(|_| fits).map(|e| e.hash()).collect();
        assert_eq!(pair.ada.ingested, seen);
    }
}
