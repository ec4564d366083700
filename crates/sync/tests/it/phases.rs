//! Inputs before the welcome and after it, and when both sides count as in sync.

use proofroom_ident::{BlobHash, Millis};
use proofroom_store::{Batch, Store as _};
use proofroom_sync::limits::ELSEWHERE_MS;
use proofroom_sync::{Audiences, Code, Event, Input, Message};

use crate::pair::{Pair, Peer, doc, everyone, team_doc};

/// Both hold the same; ada has asked to be let in, bo has welcomed her, and she has not heard it yet.
fn welcomed() -> Pair {
    let mut pair = Pair::new();
    pair.ada.write_quietly(doc(1), 1, 100);
    pair.connect();
    pair.settle();
    pair.cut();
    pair.connect();
    // The greeting, then the opening.
    (0..2).for_each(|_| _ = pair.step());
    pair
}

#[test]
fn a_session_is_in_sync_from_when_both_hold_all() {
    let mut pair = Pair::new();
    pair.ada.write_quietly(doc(1), 3, 100_000);
    pair.ada.write_quietly(doc(2), 3, 100);
    pair.bo.write_quietly(doc(2), 9, 100_000);
    pair.bo.write_quietly(doc(3), 2, 100);
    pair.connect();
    let mut steps = 0;
    loop {
        for peer in [&pair.ada, &pair.bo] {
            assert_eq!(peer.stands_in_sync(), peer.is_in_sync(), "the event tells when it becomes true");
            if peer.stands_in_sync() {
                assert_eq!(pair.ada.docs(), pair.bo.docs());
            }
        }
        steps += usize::from(!pair.ada.stands_in_sync());
        if !pair.step() {
            break;
        }
    }
    assert!(steps > 5 && pair.ada.stands_in_sync() && pair.bo.stands_in_sync());
}

#[test]
fn a_session_is_out_of_sync_while_something_is_not_confirmed() {
    let mut pair = Pair::new();
    pair.connect();
    pair.settle();
    pair.bo.write(doc(1), 1, 100);
    assert!(!pair.bo.stands_in_sync() && pair.ada.stands_in_sync());
    pair.settle();
    assert!(!pair.bo.stands_in_sync(), "it is there, and bo does not know");
    pair.ada.tell(Millis(0), Input::Tick);
    pair.settle();
    assert!(pair.bo.stands_in_sync() && pair.ada.stands_in_sync());
    // What a third party brought, and waits for the peer to get it there.
    let heard = pair.bo.write_quietly(doc(2), 1, 100);
    pair.bo.tell_batches(&heard, Input::Heard);
    pair.settle();
    assert!(!pair.bo.stands_in_sync());
    pair.bo.tell(Millis(ELSEWHERE_MS), Input::Tick);
    pair.settle();
    pair.ada.tell(Millis(ELSEWHERE_MS), Input::Tick);
    pair.settle();
    assert!(pair.bo.stands_in_sync());
}

#[test]
fn what_is_written_or_heard_before_the_welcome_arrives() {
    for input in [Input::Stored, Input::Heard] {
        let mut pair = welcomed();
        let entries = pair.ada.write_quietly(doc(1), 2, 100);
        pair.ada.tell_batches(&entries, input);
        pair.settle();
        pair.check_converged();
        assert_eq!(pair.bo.ingested.len(), 3);
    }
}

#[test]
fn letting_somebody_in_before_they_ask_means_nothing() {
    let mut pair = Pair::new();
    pair.ada.write_quietly(doc(1), 2, 100);
    pair.connect();
    pair.bo.tell(Millis(0), Input::Admit { reads: Audiences::ALL, may_write: false });
    pair.settle();
    pair.check_converged();
    assert_eq!(pair.ada.delivered(), 2);
}

#[test]
fn who_may_write_no_longer_is_told_so_with_the_next_entry() {
    let mut pair = Pair::new();
    pair.connect();
    pair.settle();
    pair.bo.tell(Millis(0), Input::Admit { reads: Audiences::ALL, may_write: false });
    pair.bo.write(doc(2), 1, 100);
    pair.settle();
    assert_eq!((pair.ada.ingested.len(), pair.bo.closed), (1, None), "she goes on reading");
    // Nobody gets it back in a running session.
    pair.bo.tell(Millis(0), Input::Admit { reads: Audiences::ALL, may_write: true });
    pair.ada.write(doc(1), 1, 100);
    pair.settle();
    assert_eq!(pair.bo.closed, Some(Code::MayNotWrite));
    assert!(pair.bo.ingested.is_empty());
}

#[test]
fn who_reads_less_from_now_on_is_sent_less() {
    let mut pair = Pair::new();
    pair.connect();
    pair.settle();
    pair.bo.write(team_doc(1), 1, 100);
    pair.bo.write(doc(1), 1, 100);
    pair.settle();
    assert_eq!(pair.ada.ingested.len(), 2);
    pair.bo.tell(Millis(0), Input::Admit { reads: everyone(), may_write: true });
    pair.bo.write(team_doc(1), 1, 100);
    assert!(pair.bo.outgoing.is_empty());
    pair.bo.write(doc(1), 1, 100);
    pair.settle();
    assert_eq!(pair.ada.ingested.len(), 3);
}

#[test]
fn who_may_not_write_sends_nothing_and_reads_everything() {
    let mut pair = Pair::new();
    pair.ada.write_quietly(doc(1), 3, 100);
    pair.bo.write_quietly(doc(2), 3, 100);
    pair.bo.lets_write = false;
    pair.connect();
    pair.settle();
    pair.ada.write(doc(1), 1, 100);
    let heard = pair.ada.write_quietly(doc(3), 1, 100);
    pair.ada.tell_batches(&heard, Input::Heard);
    assert!(pair.ada.outgoing.is_empty(), "neither entries nor that she holds them");
    pair.settle();
    assert!(pair.ada.is_in_sync() && pair.bo.is_in_sync());
    assert_eq!((pair.ada.ingested.len(), pair.bo.ingested.len()), (3, 0));
    assert!(!pair.ada.events.iter().any(|e| matches!(e, Event::Outgoing { .. })));
}

#[test]
fn what_somebody_may_not_read_they_do_not_hear_of() {
    let mut pair = Pair::new();
    pair.bo.admits = everyone();
    pair.connect();
    pair.settle();
    pair.bo.write(team_doc(1), 1, 100);
    let heard = pair.bo.write_quietly(team_doc(2), 1, 100);
    pair.bo.tell_batches(&heard, Input::Heard);
    pair.bo.tell(Millis(10 * ELSEWHERE_MS), Input::Tick);
    assert!(pair.bo.outgoing.is_empty());
}

#[test]
fn what_is_delivered_and_what_is_outstanding_are_all_there_was() {
    let mut pair = Pair::new();
    for n in 1..5 {
        pair.bo.write_quietly(doc(n), 20, 90_000);
    }
    pair.connect();
    pair.settle();
    let mut delivered = 0;
    let mut confirmations = 0;
    for event in &pair.bo.events {
        if let Event::Delivered { entries, outstanding, .. } = event {
            delivered += entries;
            assert_eq!(delivered + outstanding, 80);
            confirmations += 1;
        }
    }
    assert!(confirmations > 3, "{confirmations}");
    assert_eq!(pair.bo.events.iter().filter(|e| **e == Event::Outgoing { entries: 80 }).count(), 1);
}

#[test]
fn frames_of_another_phase_end_the_session() {
    for frame in
        [Message::CaughtUp, Message::Coming { entries: 1 }, Message::BlobHeld(BlobHash::from_bytes([1; 32]))]
    {
        let mut pair = Pair::new();
        pair.connect();
        pair.bo.tell(Millis(0), Input::Frame(frame.encode()));
        pair.ada.tell(Millis(0), Input::Frame(frame.encode()));
        assert_eq!([pair.ada.closed, pair.bo.closed], [Some(Code::BadMessage); 2]);
    }
}

#[test]
fn what_shows_two_histories_is_sent_once_in_a_session_by_who_may_send() {
    for lets_write in [true, false] {
        let mut pair = Pair::new();
        pair.bo.lets_write = lets_write;
        // Cy's key wrote two first entries; both ada and bo can show it.
        let [one, other] = [10, 20].map(|bytes| Peer::new(3).write_quietly(doc(1), 1, bytes).remove(0));
        for peer in [&mut pair.ada, &mut pair.bo] {
            let mut batch = Batch::new();
            batch.append(one.clone());
            batch.proof(one.clone(), other.clone());
            peer.store.commit(batch).expect("two histories of one log");
        }
        let seen = |peer: &Peer| peer.ingested.iter().filter(|hash| **hash == other.hash()).count();
        for session in 1..3 {
            pair.connect();
            pair.settle();
            pair.bo.write(doc(2), 1, 10);
            pair.settle();
            let by_ada = if lets_write { session } else { 0 };
            assert_eq!((seen(&pair.ada), seen(&pair.bo)), (session, by_ada));
            pair.cut();
        }
    }
}
