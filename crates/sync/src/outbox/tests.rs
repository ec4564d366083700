use proofroom_entry::EntryKind;
use proofroom_ident::SnapshotId;
use proofroom_store::{Batch, MemoryStore};

use super::*;
use crate::samples::{WORKSPACE, change, doc, drain, log, team_doc, write, write_in};

/// Four frames: [`WINDOW_BYTES`].
const WINDOW: usize = 4 * ENTRIES_BYTES_MAX;

fn log_of(n: u8) -> LogId {
    LogId::from_bytes([n; 16])
}

fn span(from: u64, to: u64) -> Span {
    Span { from, to }
}

fn refusal(doc: DocId, log: LogId, count: u32) -> Refusal {
    Refusal { doc, log, seq: 1, count, code: Code::MayNotWrite, text: String::new() }
}

/// One batch of entries of these sizes, as it is passed on.
fn live(sizes: &[usize]) -> Live {
    let mut store = MemoryStore::new();
    let one = |bytes: &usize| write(&mut store, 1, (doc(1), EntryKind::Change), 1, *bytes);
    let entries: Vec<Verified> = sizes.iter().flat_map(one).collect();
    let mut all = Live::batches(&entries);
    assert_eq!(all.len(), 1, "one frame holds them");
    all.remove(0)
}

#[test]
fn runs_of_positions_are_counted_joined_and_shortened() {
    let mut outbox = Outbox::default();
    let queued = |outbox: &Outbox| (outbox.queued(), outbox.is_empty());
    outbox.add_span(doc(1), log_of(1), span(5, 4));
    assert_eq!(queued(&outbox), (0, true), "nothing is in it");
    outbox.add_span(doc(1), log_of(1), span(5, 5));
    assert_eq!(queued(&outbox), (1, false));
    outbox.add_span(doc(1), log_of(1), span(7, 9));
    outbox.add_span(doc(1), log_of(1), span(3, 4));
    assert_eq!(outbox.spans[&doc(1)][&log_of(1)], span(3, 9));
    outbox.add_span(doc(1), log_of(2), span(1, 2));
    assert_eq!(outbox.queued(), 9);
    outbox.peer_has(doc(1), log_of(1), 2);
    assert_eq!(outbox.queued(), 9, "it is known already");
    outbox.peer_has(doc(1), log_of(1), 8);
    assert_eq!(outbox.spans[&doc(1)][&log_of(1)], span(9, 9));
    outbox.peer_has(doc(1), log_of(1), 9);
    assert_eq!(queued(&outbox), (2, false));
    outbox.peer_has(doc(1), log_of(2), 7);
    assert_eq!(queued(&outbox), (0, true));
    outbox.add_whole(doc(2), 10);
    outbox.add_whole(doc(3), 20);
    outbox.add_span(doc(2), log_of(1), span(1, 5));
    outbox.add_span(doc(4), log_of(1), span(1, 5));
    assert_eq!(queued(&outbox), (35, false), "all of a document has its runs");
    outbox.add_whole(doc(4), 7);
    assert_eq!(outbox.queued(), 37);
}

#[test]
fn what_the_peer_said_it_holds_of_a_document_is_not_sent_with_it() {
    let mut store = MemoryStore::new();
    let [one, two] = [1, 2].map(|seed| change(&mut store, seed, doc(1), 4)[0].header().log);
    let mut outbox = Outbox::default();
    outbox.add_whole(doc(1), 8);
    outbox.peer_has(doc(1), one, 3);
    outbox.peer_has(doc(1), one, 2);
    outbox.peer_has(doc(1), two, 4);
    outbox.peer_has(doc(2), two, 1);
    assert_eq!(drain(&mut outbox, &store).0, [(doc(1), 4)]);
}

#[test]
fn who_falls_behind_in_too_many_logs_is_cut_off() {
    let mut store = MemoryStore::new();
    let entries: Vec<Verified> =
        (1..=4).flat_map(|seed| change(&mut store, seed, doc(1 + seed % 2), 1)).collect();
    for (behind_logs_max, kept) in [(3, false), (4, true), (5, true)] {
        let limits = Limits { behind_logs_max, ..Limits::default() };
        let mut outbox = Outbox::default();
        let noted: Result<Vec<()>, Fault> =
            Live::batches(&entries).iter().map(|live| outbox.note(live, &limits)).collect();
        assert_eq!(noted.map_err(|f| f.code).err(), (!kept).then_some(Code::Lagging), "{behind_logs_max}");
        assert_eq!(outbox.queued(), 4);
    }
}

#[test]
fn a_frame_is_passed_on_if_nothing_waits_and_there_is_room() {
    let quarter = live(&[WINDOW / 4]);
    let passed = |outbox: &mut Outbox, live: &Live| outbox.pass(live).map(|frame| frame.len() as u64);
    let mut outbox = Outbox::default();
    for n in 0..4 {
        assert_eq!(outbox.unconfirmed(), n);
        assert!(passed(&mut outbox, &quarter) > Some(quarter.bytes()));
    }
    assert_eq!(passed(&mut outbox, &quarter), None, "the window is full");
    let one = outbox.confirm(1, &[], &Limits::default()).expect("it was sent");
    assert_eq!(one, Count { entries: 1, bytes: WINDOW as u64 / 4 });
    assert!(passed(&mut outbox, &live(&[WINDOW / 4 - 1])).is_some());
    assert!(passed(&mut outbox, &quarter).is_some(), "one byte was left");
    assert_eq!(passed(&mut outbox, &live(&[500])), None);

    let mut outbox = Outbox::default();
    outbox.add_span(doc(9), log_of(1), span(1, 1));
    assert_eq!(passed(&mut outbox, &quarter), None, "something waits");
    outbox.peer_has(doc(9), log_of(1), 1);
    outbox.freeze(doc(9), log_of(1));
    assert!(passed(&mut outbox, &quarter).is_some(), "another log is refused");
    outbox.freeze(doc(1), log(1, doc(1), EntryKind::Change));
    assert_eq!(passed(&mut outbox, &quarter), None, "this one");
    let mut store = MemoryStore::new();
    let large = write(&mut store, 1, (doc(1), EntryKind::Change), 1, ENTRIES_BYTES_MAX + 1);
    assert_eq!(Outbox::default().pass(&Live::batches(&large)[0]), None, "no frame holds it");
}

#[test]
fn a_confirmation_counts_what_was_sent_but_for_the_refused() {
    let mut outbox = Outbox::default();
    for sizes in [&[500, 600][..], &[700], &[800, 900, 1_000]] {
        assert!(outbox.pass(&live(sizes)).is_some());
    }
    assert_eq!((outbox.unconfirmed(), outbox.is_confirmed(), outbox.in_flight_bytes), (6, false, 4_500));
    let limits = Limits { behind_logs_max: 2, ..Limits::default() };
    let count = outbox.confirm(2, &[], &limits).expect("two were sent");
    assert_eq!(count, Count { entries: 3, bytes: 1_800 });
    assert_eq!((outbox.unconfirmed(), outbox.in_flight_bytes), (3, 2_700));
    let refused = [refusal(doc(1), log_of(1), 1), refusal(doc(1), log_of(2), 1)];
    outbox.add_span(doc(1), log_of(1), span(1, 5));
    outbox.add_span(doc(1), log_of(3), span(1, 5));
    let count = outbox.confirm(1, &refused, &limits).expect("as many as logs");
    assert_eq!(count, Count { entries: 1, bytes: 2_700 });
    assert_eq!((outbox.queued(), outbox.is_confirmed(), outbox.in_flight_bytes), (5, true, 0));
    outbox.add_span(doc(1), log_of(1), span(6, 9));
    assert_eq!(outbox.queued(), 5, "a refused log goes no further");
    outbox.confirm(0, &[refusal(doc(1), log_of(1), 1)], &limits).expect("the same once more");
    let more = outbox.confirm(0, &[refusal(doc(1), log_of(3), 1)], &limits).expect_err("more than logs");
    assert_eq!((more.code, outbox.is_empty()), (Code::BadMessage, true));
    assert_eq!(outbox.confirm(1, &[], &limits).expect_err("nothing was sent").code, Code::BadMessage);
}

#[test]
fn what_may_not_be_read_any_more_is_forgotten() {
    let mut store = MemoryStore::new();
    for d in [doc(1), doc(2), team_doc(1), team_doc(2)] {
        change(&mut store, 1, d, 2);
    }
    let everyone = [doc(0).audience()].into_iter().collect();
    let mut outbox = Outbox::default();
    outbox.add_whole(doc(1), 2);
    outbox.add_whole(team_doc(1), 2);
    for d in [doc(2), team_doc(2)] {
        outbox.add_span(d, log(1, d, EntryKind::Change), span(1, 2));
    }
    outbox.keep_only(everyone);
    assert_eq!(outbox.queued(), 4);
    let (sent, _) = drain(&mut outbox, &store);
    assert!(sent.iter().all(|(d, _)| [doc(1), doc(2)].contains(d)) && sent.len() == 4, "{sent:?}");
}

/// The sizes of the batches that go out, in entries, while nothing is confirmed.
fn batches(outbox: &mut Outbox, store: &MemoryStore) -> Vec<u64> {
    let before = outbox.in_flight.len();
    while outbox.next_batch(Millis(0), store, WORKSPACE).expect("the store reads").is_some() {}
    outbox.in_flight.iter().skip(before).map(|b| b.entries).collect()
}

#[test]
fn batches_fill_a_frame_across_logs_and_the_window() {
    let mut store = MemoryStore::new();
    let kind = EntryKind::Change;
    // A frame holds four of these, the window four frames.
    for (seed, d, n) in [(1, doc(1), 3), (2, doc(1), 2), (1, doc(2), 15)] {
        write(&mut store, seed, (d, kind), n, ENTRIES_BYTES_MAX / 4);
    }
    let mut outbox = Outbox::default();
    outbox.add_whole(doc(1), 5);
    outbox.add_whole(doc(2), 15);
    assert_eq!(batches(&mut outbox, &store), [4, 4, 4, 4]);
    assert_eq!((outbox.in_flight_bytes, outbox.queued()), (WINDOW_BYTES, 4));
    outbox.confirm(1, &[], &Limits::default()).expect("it was sent");
    assert_eq!(batches(&mut outbox, &store), [4]);
    assert!(outbox.is_empty());

    // What does not fit beside others waits for the next frame; alone it may be as large as a frame.
    let mut store = MemoryStore::new();
    write(&mut store, 1, (doc(1), kind), 1, ENTRIES_BYTES_MAX - 500);
    write(&mut store, 1, (doc(2), kind), 1, 500);
    write(&mut store, 1, (doc(3), kind), 1, ENTRIES_BYTES_MAX);
    write(&mut store, 1, (doc(4), kind), 1, 501);
    let mut outbox = Outbox::default();
    (1..5).for_each(|n| outbox.add_whole(doc(n), 1));
    assert_eq!(batches(&mut outbox, &store), [2, 1, 1]);
    let mut outbox = Outbox::default();
    outbox.add_whole(doc(1), 1);
    outbox.add_whole(doc(4), 1);
    assert_eq!(batches(&mut outbox, &store), [1, 1]);
}

#[test]
fn only_the_run_that_is_queued_is_sent() {
    let mut store = MemoryStore::new();
    let log = change(&mut store, 1, doc(1), 9)[0].header().log;
    let mut outbox = Outbox::default();
    outbox.add_span(doc(1), log, span(3, 5));
    assert_eq!(drain(&mut outbox, &store).0, [3, 4, 5].map(|seq| (doc(1), seq)));
    // What the store does not hold is given up, not tried for ever.
    outbox.add_span(doc(1), log, span(8, 20));
    outbox.add_span(doc(1), log_of(1), span(1, 3));
    outbox.add_whole(doc(7), 3);
    assert_eq!(drain(&mut outbox, &store).0, [8, 9].map(|seq| (doc(1), seq)));
    assert!(outbox.is_empty());
}

#[test]
fn a_large_entry_is_cut_into_parts_that_are_one_batch() {
    let mut store = MemoryStore::new();
    for (bytes, lengths) in [
        (ENTRIES_BYTES_MAX, vec![]),
        (ENTRIES_BYTES_MAX + 1, vec![ENTRIES_BYTES_MAX, 1]),
        (3 * ENTRIES_BYTES_MAX, vec![ENTRIES_BYTES_MAX; 3]),
    ] {
        let entry = write(&mut store, 1, (doc(1), EntryKind::Change), 1, bytes).remove(0);
        let (seq, log) = (entry.header().seq, entry.header().log);
        let mut outbox = Outbox::default();
        outbox.add_span(doc(1), log, span(seq, seq));
        let frames = outbox.next_batch(Millis(0), &store, WORKSPACE).expect("it reads").expect("a batch");
        assert_eq!((outbox.unconfirmed(), outbox.in_flight_bytes), (1, bytes as u64));
        let (mut whole, mut cut) = (Vec::new(), Vec::new());
        for frame in &frames {
            match Message::decode(frame).expect("an honest frame") {
                Message::Part { total, offset, bytes: piece } => {
                    assert_eq!((total as usize, offset as usize), (bytes, whole.len()));
                    cut.push(piece.len());
                    whole.extend_from_slice(&piece);
                }
                Message::Entries(entries) => entries.iter().for_each(|e| whole.extend_from_slice(e)),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((frames.len(), &cut), (lengths.len().max(1), &lengths));
        assert!(whole[..] == entry.bytes()[..]);
        assert_eq!(outbox.next_batch(Millis(0), &store, WORKSPACE).expect("it reads"), None);
    }
}

#[test]
fn the_genesis_goes_before_all_other_membership_logs() {
    // The log whose id comes first is not the one that begins with the genesis entry.
    let (kind, membership) = (EntryKind::Authority, DocId::AUTHORITY);
    let logs = |seed: u8| log(seed, membership, kind);
    let (first, founder) = if logs(1) < logs(2) { (1, 2) } else { (2, 1) };
    let mut store = MemoryStore::new();
    let in_none = WorkspaceId::ZERO;
    let workspace = write_in(in_none, &mut store, founder, (membership, kind), 1, 500)[0].workspace();
    for (seed, n) in [(founder, 2), (first, 2)] {
        write_in(workspace, &mut store, seed, (membership, kind), n, 500);
    }
    let queue = |from| {
        let mut outbox = Outbox::default();
        outbox.add_span(membership, logs(first), span(1, 2));
        outbox.add_span(membership, logs(founder), span(from, 3));
        outbox
    };
    let next = |outbox: &mut Outbox, workspace| {
        outbox.next_log(&store, workspace, membership).expect("it reads").map(|(log, _)| log)
    };
    let mut outbox = queue(1);
    assert_eq!(next(&mut outbox, workspace), Some(logs(founder)));
    assert_eq!(next(&mut outbox, workspace), Some(logs(first)), "it is looked for once");
    assert_eq!(next(&mut queue(2), workspace), Some(logs(first)), "the peer has the genesis");
    assert_eq!(next(&mut queue(1), WORKSPACE), Some(logs(first)), "no genesis is held");
    let sent = || {
        let mut outbox = queue(1);
        let frames = outbox.next_batch(Millis(0), &store, workspace).expect("it reads").expect("a batch");
        let Ok(Message::Entries(entries)) = Message::decode(&frames[0]) else { panic!("entries") };
        entries.len()
    };
    assert_eq!(sent(), 5, "all of it goes");
}

#[test]
fn evidence_is_bounded_and_only_for_who_may_read_it() {
    let mut store = MemoryStore::new();
    let kind = EntryKind::Approval;
    let mut fork = |seed: u8, d: DocId, bytes: usize| {
        let mut twin = MemoryStore::new();
        let one = write(&mut store, seed, (d, kind), 1, bytes).remove(0);
        let other = write(&mut twin, seed, (d, kind), 1, bytes + 1).remove(0);
        let mut batch = Batch::new();
        batch.proof(one, other);
        store.commit(batch).expect("two histories of one log");
    };
    // Proofs come by document. The first one fills no frame with others, the next four half a window, and no more.
    fork(1, doc(1), ENTRIES_BYTES_MAX);
    let third = (WINDOW / 2 - 3_000) / 3;
    (2..=4).for_each(|seed| fork(seed, doc(2), third - 1));
    fork(5, doc(3), WINDOW / 2 - 3 * third - 1);
    fork(6, doc(4), 999);
    fork(7, team_doc(1), 999);
    for (audience, n, bytes) in [(doc(1).audience(), 4, WINDOW / 2), (team_doc(1).audience(), 1, 1_000)] {
        let mut outbox = Outbox::default();
        let reads = [audience].into_iter().collect();
        let frames = outbox.evidence(&store, WORKSPACE, reads).expect("the store reads");
        // Beside the entry: schema, tag, count, length.
        let sent: usize = frames.iter().map(|f| f.len() - 10).sum();
        assert_eq!((frames.len(), sent), (n, bytes), "{audience:?}");
        assert_eq!((outbox.in_flight.len(), outbox.in_flight_bytes), (n, bytes as u64));
        assert_eq!(outbox.unconfirmed(), n as u64);
    }
}

#[test]
fn an_answer_about_what_was_never_offered_means_nothing() {
    let store = MemoryStore::new();
    let mut outbox = Outbox::default();
    let answer = (doc(1), SnapshotId::from_bytes([1; 32]), SnapshotAnswer::Taken);
    assert!(!outbox.on_answer(Millis(0), answer, (&store, WORKSPACE)).expect("it may have been withdrawn"));
}
