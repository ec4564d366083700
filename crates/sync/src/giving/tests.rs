use proofroom_store::{Batch, MemoryStore};

use super::*;
use crate::Code;
use crate::samples::{WORKSPACE, change, device, doc, snapshot, team_doc};

const NOW: Millis = Millis(5);

/// A document with one snapshot of about so many bytes.
fn kept(bytes: usize) -> (MemoryStore, Snapshot) {
    let mut store = MemoryStore::new();
    change(&mut store, 1, doc(1), 3);
    let one = snapshot(&mut store, 1, doc(1), bytes);
    (store, one)
}

fn offer(giving: &mut Giving, now: Millis, store: &MemoryStore) -> Option<SnapshotId> {
    match giving.offer(now, store, WORKSPACE, doc(1)).expect("the store reads")? {
        Message::SnapshotOffer { doc: of, id, .. } => {
            assert_eq!(of, doc(1));
            Some(id)
        }
        other => panic!("{other:?}"),
    }
}

fn answer(giving: &mut Giving, now: Millis, id: SnapshotId, answer: SnapshotAnswer) -> Result<Outcome, Code> {
    giving.on_answer(now, doc(1), id, answer).map_err(|fault| fault.code)
}

/// The next part: where it begins, its length, and what becomes of the offer.
fn part(giving: &mut Giving, now: Millis, store: &MemoryStore) -> (Option<(u64, usize)>, Outcome) {
    let (part, outcome) = giving.next_part(now, store, WORKSPACE, doc(1)).expect("the store reads");
    let of = part.map(|(frame, bytes)| match Message::decode(&frame).expect("an honest frame") {
        Message::SnapshotPart { offset, bytes: piece, .. } => {
            assert_eq!(bytes, piece.len() as u64);
            (offset, piece.len())
        }
        other => panic!("{other:?}"),
    });
    (of, outcome)
}

/// Whether the document's entries wait, whether parts are to be sent, and since when an answer is awaited.
fn state(giving: &Giving) -> (bool, bool, Option<u64>) {
    (giving.holds(&doc(1)), giving.is_sending(&doc(1)), giving.waits_since().map(|m| m.0))
}

const IDLE: (bool, bool, Option<u64>) = (false, false, None);

#[test]
fn a_snapshot_is_offered_sent_in_parts_and_taken() {
    let (store, one) = kept(2 * ENTRIES_BYTES_MAX);
    let whole = one.bytes().len();
    let mut giving = Giving::default();
    assert_eq!(offer(&mut giving, NOW, &store), None, "nobody lacks it");
    giving.consider(doc(1));
    assert!(giving.is_idle());
    assert_eq!(offer(&mut giving, Millis(1), &store), Some(one.id()));
    assert_eq!(offer(&mut giving, Millis(1), &store), None, "once");
    assert_eq!((state(&giving), giving.is_idle()), ((true, false, Some(1)), false));
    assert_eq!(part(&mut giving, NOW, &store), (None, Outcome::Open), "nobody wants it yet");
    assert_eq!(answer(&mut giving, Millis(2), one.id(), SnapshotAnswer::Wanted), Ok(Outcome::Open));
    assert_eq!(state(&giving), (false, true, None));
    assert_eq!(giving.sending().collect::<Vec<_>>(), [&doc(1)]);
    let max = ENTRIES_BYTES_MAX;
    assert_eq!(part(&mut giving, Millis(3), &store), (Some((0, max)), Outcome::Open));
    assert_eq!(part(&mut giving, Millis(4), &store), (Some((max as u64, max)), Outcome::Open));
    assert_eq!(state(&giving), (false, true, None));
    let last = (2 * max as u64, whole - 2 * max);
    assert_eq!(part(&mut giving, Millis(6), &store), (Some(last), Outcome::Open));
    assert_eq!((state(&giving), giving.sending().count()), ((true, false, Some(6)), 0));
    assert_eq!(part(&mut giving, NOW, &store), (None, Outcome::Open), "all of it is sent");
    let other = SnapshotId::from_bytes([9; 32]);
    assert_eq!(answer(&mut giving, NOW, other, SnapshotAnswer::Taken), Ok(Outcome::Open), "of another");
    let rows: Vec<_> = one.logs().map(|(_, last)| (last.header().log, 3)).collect();
    assert_eq!(answer(&mut giving, NOW, one.id(), SnapshotAnswer::Taken), Ok(Outcome::Taken(rows)));
    assert_eq!((state(&giving), giving.is_idle()), (IDLE, true));
}

#[test]
fn the_last_part_may_end_where_a_part_ends() {
    let (_, small) = kept(100);
    let (store, one) = kept(2 * ENTRIES_BYTES_MAX - (small.bytes().len() - 100));
    assert_eq!(one.bytes().len(), 2 * ENTRIES_BYTES_MAX);
    let mut giving = Giving::default();
    giving.consider(doc(1));
    offer(&mut giving, NOW, &store);
    answer(&mut giving, NOW, one.id(), SnapshotAnswer::Wanted).expect("it was offered");
    part(&mut giving, NOW, &store);
    assert!(giving.is_sending(&doc(1)));
    part(&mut giving, NOW, &store);
    assert!(!giving.is_sending(&doc(1)), "nothing is left");
}

#[test]
fn answers_that_do_not_fit_are_refused() {
    use SnapshotAnswer::{Taken, Wanted};
    let (store, one) = kept(100);
    let mut giving = Giving::default();
    giving.consider(doc(1));
    offer(&mut giving, NOW, &store);
    assert_eq!(answer(&mut giving, NOW, one.id(), Taken), Err(Code::BadMessage), "nothing was sent");
    answer(&mut giving, NOW, one.id(), Wanted).expect("it was offered");
    for early in [Wanted, Taken] {
        assert_eq!(answer(&mut giving, NOW, one.id(), early), Err(Code::BadMessage));
    }
    part(&mut giving, NOW, &store);
    assert_eq!(answer(&mut giving, NOW, one.id(), Wanted), Err(Code::BadMessage), "it was sent");
    assert!(answer(&mut giving, NOW, one.id(), Taken).is_ok());
}

#[test]
fn what_is_declined_is_followed_by_the_next_and_not_offered_again() {
    let (mut store, _) = kept(100);
    snapshot(&mut store, 2, doc(1), 100);
    let best = store.snapshots(WORKSPACE, doc(1)).expect("the store reads");
    assert_eq!(best.len(), 2);
    // At whatever moment it is declined.
    for (wanted, sent) in [(false, false), (true, false), (true, true)] {
        let mut giving = Giving::default();
        giving.consider(doc(1));
        let mut offered = Vec::new();
        while let Some(id) = offer(&mut giving, NOW, &store) {
            offered.push(id);
            if wanted {
                answer(&mut giving, NOW, id, SnapshotAnswer::Wanted).expect("it was offered");
            }
            if sent {
                part(&mut giving, NOW, &store);
            }
            assert_eq!(answer(&mut giving, NOW, id, SnapshotAnswer::Declined), Ok(Outcome::Declined));
            assert_eq!(state(&giving), IDLE);
        }
        assert_eq!(offered, [best[0].id(), best[1].id()]);
        let again = giving.offer_to_keeper(NOW, &store, WORKSPACE, doc(1)).expect("the store reads");
        assert_eq!(again, None, "not to a keeper either");
    }
}

#[test]
fn a_keepers_entries_wait_for_nothing() {
    let (store, one) = kept(100);
    let mut giving = Giving::default();
    let keep =
        |giving: &mut Giving| giving.offer_to_keeper(NOW, &store, WORKSPACE, doc(1)).expect("it reads");
    assert!(matches!(keep(&mut giving), Some(Message::SnapshotOffer { id, .. }) if id == one.id()));
    assert_eq!(state(&giving), (false, false, Some(5)));
    assert_eq!(keep(&mut giving), None, "it is under way");
    assert_eq!(answer(&mut giving, NOW, one.id(), SnapshotAnswer::Declined), Ok(Outcome::Declined));
    assert_eq!(offer(&mut giving, NOW, &store), None, "who holds the entries lacks nothing");
    assert_eq!(keep(&mut giving), None);
}

#[test]
fn what_the_store_forgot_meanwhile_is_withdrawn() {
    let (mut store, one) = kept(2 * ENTRIES_BYTES_MAX);
    let mut giving = Giving::default();
    giving.consider(doc(1));
    offer(&mut giving, NOW, &store);
    answer(&mut giving, NOW, one.id(), SnapshotAnswer::Wanted).expect("it was offered");
    part(&mut giving, NOW, &store);
    let mut batch = Batch::new();
    batch.drop_snapshot(WORKSPACE, doc(1), device(1));
    store.commit(batch).expect("nothing rests on it");
    assert_eq!(part(&mut giving, NOW, &store), (None, Outcome::Declined));
    assert!(giving.is_idle());
    assert_eq!(answer(&mut giving, NOW, one.id(), SnapshotAnswer::Taken), Ok(Outcome::Open));
}

#[test]
fn into_a_file_it_goes_unasked() {
    let (store, one) = kept(ENTRIES_BYTES_MAX);
    let mut giving = Giving::default();
    assert!(matches!(giving.give_unasked(&one), Message::SnapshotOffer { id, .. } if id == one.id()));
    assert_eq!(state(&giving), (false, true, None));
    assert_eq!(part(&mut giving, NOW, &store).1, Outcome::Open);
    let rows: Vec<_> = one.logs().map(|(_, last)| (last.header().log, 3)).collect();
    assert_eq!(part(&mut giving, NOW, &store).1, Outcome::Taken(rows));
    assert!(giving.is_idle());
}

#[test]
fn the_oldest_answer_is_awaited() {
    let (mut store, one) = kept(100);
    for d in [doc(2), team_doc(3)] {
        change(&mut store, 1, d, 1);
        snapshot(&mut store, 1, d, 100);
    }
    let mut giving = Giving::default();
    for (at, d) in [(3, doc(1)), (1, doc(2)), (2, team_doc(3))] {
        giving.consider(d);
        giving.offer(Millis(at), &store, WORKSPACE, d).expect("the store reads").expect("there is one");
    }
    assert_eq!(giving.waits_since(), Some(Millis(1)));
    giving.consider(doc(4));
    giving.keep_only(|d| *d != doc(2) && *d != doc(4));
    assert_eq!(giving.waits_since(), Some(Millis(2)));
    giving.keep_only(|d| *d == doc(1));
    assert_eq!(giving.waits_since(), Some(Millis(3)));
    assert!(giving.cold.is_empty());
    giving.keep_only(|_| false);
    assert!(giving.is_idle() && !giving.holds(&doc(1)));
    assert_eq!(answer(&mut giving, NOW, one.id(), SnapshotAnswer::Wanted), Ok(Outcome::Open));
}
