//! A peer's word that it holds what it was asked for.

use proofroom_ident::{DocId, EntryHash, LogId, Millis, Signature};
use proofroom_sync::limits::WITNESS_ROWS_MAX;
use proofroom_sync::{ClockRow, Code, Event, Input, Message};

use crate::pair::{Pair, doc, everyone, team_doc};

const WORD: (Millis, Signature) = (Millis(77), Signature::from_bytes([5; 64]));

fn rows(n: usize) -> Vec<ClockRow> {
    let log = |i: usize| {
        let mut log = [0; 16];
        log[..8].copy_from_slice(&(i as u64).to_be_bytes());
        LogId::from_bytes(log)
    };
    (0..n).map(|i| ClockRow { log: log(i), seq: 1, head: EntryHash::ZERO }).collect()
}

/// Bo gives his word over whatever he is asked for, and reads what all read.
fn connected() -> Pair {
    let mut pair = Pair::new();
    pair.bo.word = Some(WORD);
    pair.bo.admits = everyone();
    pair.connect();
    pair.settle();
    pair
}

fn answers(pair: &Pair) -> Vec<(DocId, Option<(Millis, Signature)>)> {
    let of = |e: &Event| match e {
        Event::Witnessed { doc, word } => Some((*doc, *word)),
        _ => None,
    };
    pair.ada.events.iter().filter_map(of).collect()
}

#[test]
fn who_is_asked_gives_a_word() {
    let mut pair = connected();
    for n in [1, WITNESS_ROWS_MAX] {
        pair.ada.tell(Millis(0), Input::AskWitness { doc: doc(1), rows: rows(n) });
        pair.settle();
    }
    assert_eq!(pair.bo.asked, [doc(1), doc(1)]);
    assert_eq!(answers(&pair), [(doc(1), Some(WORD)); 2]);
}

#[test]
fn more_rows_than_one_message_holds_are_not_asked_for() {
    let mut pair = connected();
    pair.ada.tell(Millis(0), Input::AskWitness { doc: doc(1), rows: rows(WITNESS_ROWS_MAX + 1) });
    pair.settle();
    assert_eq!((pair.bo.asked.len(), pair.ada.closed), (0, None));
    assert_eq!(answers(&pair), [(doc(1), None)]);
}

#[test]
fn who_may_not_read_a_document_gets_no_word_about_it() {
    let mut pair = connected();
    let ask = Message::WitnessAsk { doc: team_doc(1), rows: rows(1) };
    pair.bo.tell(Millis(0), Input::Frame(ask.encode()));
    assert!(pair.bo.asked.is_empty(), "nobody is asked to sign");
    let none = Message::WitnessWord { doc: team_doc(1), word: None };
    assert_eq!(pair.bo.outgoing, [none.encode()]);
}

#[test]
fn a_word_that_nobody_asked_for_ends_the_session() {
    let mut pair = connected();
    pair.ada.tell(Millis(0), Input::AskWitness { doc: doc(1), rows: rows(1) });
    pair.settle();
    let again = Message::WitnessWord { doc: doc(1), word: Some(WORD) };
    pair.ada.tell(Millis(0), Input::Frame(again.encode()));
    assert_eq!((answers(&pair).len(), pair.ada.closed), (1, Some(Code::BadMessage)));
}
