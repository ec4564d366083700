//! Peers end with the same entries, whatever the link does.

use proofroom_ident::{DocId, InviteId, Millis, SigningSecret};
use proofroom_store::Store as _;
use proofroom_sync::{Code, Event, Input};

use crate::pair::{Pair, WORKSPACE, doc, everyone, team_doc};

#[test]
fn a_newcomer_receives_everything() {
    let mut pair = Pair::new();
    for n in 1..20 {
        pair.bo.write_quietly(doc(n), 30, 200);
    }
    pair.connect();
    pair.settle();
    pair.check_converged();
    assert!(pair.ada.events.contains(&Event::Incoming { entries: 19 * 30 }));
    assert_eq!(pair.bo.delivered(), 19 * 30);
}

#[test]
fn equal_replicas_are_in_sync_after_one_round_trip() {
    let mut pair = Pair::new();
    pair.bo.write_quietly(doc(1), 5, 100);
    pair.connect();
    pair.settle();
    pair.cut();
    pair.connect();
    // Greeting one way, Open the other, Welcome back.
    assert_eq!(pair.settle(), 3);
    pair.check_converged();
}

#[test]
fn partitioned_peers_converge_after_heal() {
    let mut pair = Pair::new();
    for n in 1..5 {
        pair.ada.write_quietly(doc(n), 40, 300);
        pair.bo.write_quietly(doc(n + 2), 60, 300);
        pair.bo.write_quietly(team_doc(n), 3, 10);
    }
    pair.connect();
    pair.settle();
    pair.check_converged();
    assert_eq!(pair.ada.delivered(), 160);
    assert_eq!(pair.bo.delivered(), 252);
}

#[test]
fn a_link_that_is_cut_at_any_step_converges_at_the_next_try() {
    for steps in 0..60 {
        let mut pair = Pair::new();
        for n in 1..7 {
            pair.ada.write_quietly(doc(n), 10, 40_000);
            pair.bo.write_quietly(doc(n + 3), 10, 40_000);
        }
        pair.connect();
        (0..steps).for_each(|_| _ = pair.step());
        pair.ada.write(doc(1), 2, 100);
        pair.cut();
        pair.bo.write(doc(1), 2, 100);
        pair.connect();
        pair.settle();
        pair.check_converged();
    }
}

#[test]
fn entries_written_at_any_step_of_the_comparison_arrive() {
    for steps in 0..30 {
        let mut pair = Pair::new();
        pair.ada.write_quietly(doc(1), 3, 100);
        pair.bo.write_quietly(doc(2), 3, 100);
        pair.bo.write_quietly(doc(1), 3, 100);
        pair.connect();
        (0..steps).for_each(|_| _ = pair.step());
        for n in 1..4 {
            pair.ada.write(doc(n), 2, 100);
            pair.bo.write(doc(n), 2, 100);
        }
        pair.settle();
        pair.check_converged();
    }
}

#[test]
fn live_entries_are_pushed_and_confirmed() {
    let mut pair = Pair::new();
    pair.connect();
    pair.settle();
    pair.ada.write(doc(1), 3, 100);
    pair.settle();
    pair.check_converged();
    let last = pair.ada.events.last();
    assert_eq!(last, Some(&Event::Delivered { entries: 3, bytes: 3 * 483, outstanding: 0 }));
}

#[test]
fn a_reader_confirms_live_entries_with_the_next_tick() {
    let mut pair = Pair::new();
    pair.connect();
    pair.settle();
    for _ in 0..5 {
        pair.bo.write(doc(1), 1, 100);
        pair.settle();
    }
    assert_eq!(pair.bo.delivered(), 0);
    pair.ada.tell(Millis(1_000), Input::Tick);
    pair.settle();
    assert_eq!(pair.bo.delivered(), 5);
}

#[test]
fn a_slow_reader_costs_a_window_and_no_more() {
    let mut pair = Pair::new();
    pair.connect();
    pair.settle();
    for _ in 0..100 {
        pair.bo.write(doc(1), 1, 100_000);
    }
    let queued: usize = pair.bo.outgoing.iter().map(bytes::Bytes::len).sum();
    assert!(queued < 1_300_000, "{queued} bytes are queued");
    pair.settle();
    pair.check_converged();
}

#[test]
fn a_reader_who_confirms_nothing_is_cut_off() {
    let mut pair = Pair::new();
    pair.connect();
    pair.settle();
    pair.bo.write(doc(1), 1, 100);
    pair.bo.tell(Millis(60_000), Input::Tick);
    assert_eq!(pair.bo.closed, None);
    pair.bo.tell(Millis(60_001), Input::Tick);
    assert_eq!(pair.bo.closed, Some(Code::Lagging));
}

#[test]
fn a_large_entry_travels_in_parts() {
    let mut pair = Pair::new();
    pair.bo.write_quietly(doc(1), 1, 3_000_000);
    pair.bo.write_quietly(doc(1), 2, 100);
    pair.connect();
    pair.settle();
    pair.ada.write(doc(2), 1, 700_000);
    pair.settle();
    pair.check_converged();
}

#[test]
fn a_peer_without_an_audience_never_receives_it() {
    let mut pair = Pair::new();
    pair.bo.admits = everyone();
    pair.bo.write_quietly(doc(1), 3, 100);
    pair.bo.write_quietly(team_doc(1), 3, 100);
    pair.connect();
    pair.settle();
    pair.bo.write(team_doc(1), 1, 100);
    pair.bo.write(doc(1), 1, 100);
    pair.settle();
    let held: Vec<_> = pair.ada.docs().iter().map(|d| (d.doc, d.entries)).collect();
    assert_eq!(held, [(doc(1), 4)]);
    assert!(pair.ada.is_in_sync() && pair.bo.is_in_sync());
}

#[test]
fn narrowing_stops_an_audience_at_once() {
    let mut pair = Pair::new();
    pair.connect();
    pair.settle();
    pair.bo.tell(Millis(0), Input::Admit { reads: everyone(), may_write: true });
    pair.bo.write(team_doc(1), 1, 100);
    pair.settle();
    assert!(pair.ada.docs().is_empty());
}

#[test]
fn authority_comes_first_then_the_plan_then_what_is_preferred() {
    let mut pair = Pair::new();
    for n in 1..9 {
        pair.bo.write_quietly(doc(n), 1, 250_000);
    }
    pair.bo.write_quietly(WORKSPACE.plan_doc(), 1, 250_000);
    pair.bo.write_quietly(DocId::AUTHORITY, 1, 250_000);
    let mut config = pair.ada.client_config();
    config.prefer = vec![doc(6)];
    pair.connect_with(config);
    let mut order = Vec::new();
    while pair.step() {
        let held: Vec<_> = pair.ada.docs().iter().map(|d| d.doc).filter(|d| !order.contains(d)).collect();
        order.extend(held);
    }
    assert_eq!(order[..3], [DocId::AUTHORITY, WORKSPACE.plan_doc(), doc(6)]);
}

#[test]
fn two_histories_of_one_log_reach_both_sides_as_a_proof() {
    let mut pair = Pair::new();
    let shared = pair.ada.write_quietly(doc(1), 2, 10);
    pair.connect();
    pair.settle();
    pair.cut();
    // Mallory has ada's key and continues the same log elsewhere.
    let log = shared[0].header().log;
    let mut mallory = crate::pair::Peer::new(1);
    mallory.write_quietly(doc(1), 2, 10);
    let forged = mallory.write_quietly(doc(1), 3, 99);
    let honest = pair.ada.write_quietly(doc(1), 1, 10);
    let mut batch = proofroom_store::Batch::new();
    forged.iter().for_each(|e| _ = batch.append(e.clone()));
    pair.bo.store.commit(batch).expect("it follows what bo holds");
    pair.connect();
    pair.settle();
    assert!(pair.ada.ingested.contains(&forged[0].hash()), "ada sees the other entry 3");
    assert!(!pair.ada.ingested.contains(&forged[1].hash()), "and nothing that stands on it");
    let tip = pair.ada.store.tip(WORKSPACE, doc(1), log).expect("the store reads").expect("a tip");
    assert_eq!(tip.hash, honest[0].hash());
}

#[test]
fn a_refused_log_is_told_once_and_not_sent_again() {
    let mut pair = Pair::new();
    pair.bo.refuses = Some(doc(2));
    pair.ada.write_quietly(doc(1), 3, 100);
    pair.ada.write_quietly(doc(2), 3, 100);
    pair.connect();
    pair.settle();
    let seen = pair.bo.ingested.len();
    pair.ada.write(doc(2), 5, 100);
    pair.ada.write(doc(1), 1, 100);
    pair.settle();
    let refusals: Vec<_> = pair
        .ada
        .events
        .iter()
        .filter_map(|e| match e {
            Event::EntriesRefused(r) => Some((r.doc, r.seq, r.count, r.code)),
            _ => None,
        })
        .collect();
    assert_eq!(refusals, [(doc(2), 1, 3, Code::MayNotWrite)]);
    assert_eq!(pair.bo.ingested.len(), seen + 1);
    assert_eq!(pair.ada.delivered(), 4);
    assert!(pair.ada.is_in_sync());
}

#[test]
fn what_the_peer_sent_is_not_sent_back() {
    let mut pair = Pair::new();
    pair.ada.write_quietly(doc(1), 50, 1_000);
    pair.connect();
    pair.settle();
    assert!(pair.ada.ingested.is_empty());
}

#[test]
fn an_invite_is_proved_in_the_handshake() {
    let mut pair = Pair::new();
    let capability = SigningSecret::from_seed(&[9; 32]);
    let id = InviteId::from_bytes(*capability.public().as_bytes());
    let mut config = pair.ada.client_config();
    config.invite = Some((id, Box::new(move |domain, said| capability.sign(domain, said))));
    pair.connect_with(config);
    pair.settle();
    assert_eq!(pair.bo.proved, Some((pair.ada.secret.public(), Some(id))));
    assert!(pair.ada.is_in_sync());
}
