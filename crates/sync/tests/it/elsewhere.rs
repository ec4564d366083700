//! What a peer gets on another path is not sent to it here.

use proofroom_entry::Verified;
use proofroom_ident::{DocId, Millis};
use proofroom_store::{Batch, Store as _};
use proofroom_sync::limits::ELSEWHERE_MS;
use proofroom_sync::{Input, Live};

use crate::pair::{Pair, Peer, doc};

/// Cy writes; both have heard of nothing yet. In sync with each other.
fn with_cy() -> (Pair, Vec<Verified>) {
    let mut pair = Pair::new();
    let mut cy = Peer::new(3);
    pair.connect();
    pair.settle();
    let entries = cy.write_quietly(doc(1), 3, 100);
    (pair, entries)
}

fn bring(peer: &mut Peer, entries: &[Verified], input: impl Fn(Live) -> Input) {
    let mut batch = Batch::new();
    entries.iter().for_each(|e| _ = batch.append(e.clone()));
    peer.store.commit(batch).expect("they follow their log");
    peer.tell_batches(entries, input);
}

fn tick(pair: &mut Pair, at: u64) {
    pair.ada.tell(Millis(at), Input::Tick);
    pair.bo.tell(Millis(at), Input::Tick);
    pair.settle();
}

fn held(peer: &Peer, doc: DocId) -> u64 {
    peer.docs().iter().find(|d| d.doc == doc).map_or(0, |d| d.entries)
}

#[test]
fn what_both_heard_from_a_third_is_sent_by_neither() {
    let (mut pair, entries) = with_cy();
    bring(&mut pair.ada, &entries, Input::Heard);
    bring(&mut pair.bo, &entries, Input::Heard);
    pair.settle();
    tick(&mut pair, 10 * ELSEWHERE_MS);
    assert!(pair.ada.ingested.is_empty() && pair.bo.ingested.is_empty());
    assert_eq!(pair.ada.docs(), pair.bo.docs());
}

#[test]
fn what_only_one_heard_is_sent_after_a_moment() {
    let (mut pair, entries) = with_cy();
    bring(&mut pair.ada, &entries, Input::Heard);
    pair.settle();
    tick(&mut pair, ELSEWHERE_MS - 1);
    assert_eq!(held(&pair.bo, doc(1)), 0);
    tick(&mut pair, ELSEWHERE_MS);
    assert_eq!(held(&pair.bo, doc(1)), 3);
    assert_eq!(pair.bo.ingested.len(), 3);
}

#[test]
fn who_hears_an_author_is_sent_theirs_by_nobody_else_unless_it_says_nothing() {
    let (mut pair, entries) = with_cy();
    let author = entries[0].header().author;
    pair.bo.tell(Millis(0), Input::Direct(vec![author]));
    pair.settle();
    bring(&mut pair.ada, &entries[..2], Input::Stored);
    bring(&mut pair.bo, &entries[..2], Input::Heard);
    pair.settle();
    tick(&mut pair, 10 * ELSEWHERE_MS);
    assert!(pair.bo.ingested.is_empty() && pair.ada.ingested.is_empty());
    // The direct path is silent: it comes after all.
    bring(&mut pair.ada, &entries[2..], Input::Stored);
    pair.settle();
    assert!(pair.bo.ingested.is_empty());
    tick(&mut pair, 20 * ELSEWHERE_MS);
    assert_eq!(held(&pair.bo, doc(1)), 3);
    // What others write is sent at once.
    pair.ada.write(doc(2), 1, 100);
    pair.settle();
    assert_eq!(held(&pair.bo, doc(2)), 1);
}
