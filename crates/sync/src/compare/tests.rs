use proofroom_entry::EntryKind;
use proofroom_store::{MemoryStore, Store as _};

use super::*;
use crate::samples::{WORKSPACE, change, device, doc, drain, log, resting, snapshot, team_doc, write};

fn held(doc: DocId) -> DocSummary {
    let digest = [doc.as_bytes()[0]; 32];
    DocSummary { doc, audience: doc.audience(), digest, entries: 3, bytes: 9 }
}

const TEAM: Audience = Audience::Team;
const EVERYONE: Audience = Audience::Everyone;

fn only(audience: Audience) -> Audiences {
    [audience].into_iter().collect()
}

#[test]
fn a_summary_has_one_digest_for_each_audience() {
    let zero = [0; 32];
    let of = |docs: &[DocId], reads| summarise(&docs.iter().copied().map(held).collect::<Vec<_>>(), reads);
    let both = of(&[doc(1), doc(2), team_doc(1)], Audiences::ALL);
    assert!(both.0[0] != zero && both.0[1] != zero && both.0[0] != both.0[1]);
    assert_eq!(of(&[doc(1), doc(2)], Audiences::ALL).0, [both.0[0], zero]);
    assert_eq!(of(&[team_doc(1)], Audiences::ALL).0, [zero, both.0[1]]);
    assert_eq!(of(&[doc(1), doc(2), team_doc(1)], only(TEAM)).0, [zero, both.0[1]]);
    assert_ne!(of(&[doc(1)], Audiences::ALL).0[0], both.0[0]);

    let other = of(&[doc(1), doc(2), team_doc(2)], Audiences::ALL);
    assert_eq!(differing(&both, &other, Audiences::ALL), only(TEAM));
    assert_eq!(differing(&both, &other, only(EVERYONE)), Audiences::NONE);
    assert_eq!(differing(&both, &both, Audiences::ALL), Audiences::NONE);
    let none = Summary::default();
    assert_eq!(differing(&both, &none, Audiences::ALL), Audiences::ALL);
    assert!(nothing(&none, Audiences::ALL) && nothing(&both, Audiences::NONE));
    assert!(!nothing(&both, Audiences::ALL) && !nothing(&both, only(TEAM)));
    let half = of(&[doc(1)], Audiences::ALL);
    assert!(nothing(&half, only(TEAM)) && !nothing(&half, Audiences::ALL));
}

#[test]
fn who_holds_nothing_is_not_asked_what() {
    let docs = || vec![held(doc(1)), held(team_doc(1))];
    let (some, none) = (summarise(&docs(), Audiences::ALL), Summary::default());
    let begin = |docs, mine, theirs, differ| {
        let mut outbox = Outbox::default();
        let (compare, messages) = Compare::begin(docs, mine, theirs, differ, &mut outbox);
        (compare.is_done(), messages, outbox.queued())
    };
    assert_eq!(begin(Vec::new(), &none, &some, Audiences::ALL), (true, Vec::new(), 0));
    assert_eq!(begin(docs(), &some, &none, Audiences::ALL), (true, Vec::new(), 6));
    assert_eq!(begin(docs(), &some, &none, only(TEAM)), (true, Vec::new(), 3));
    let other = summarise(&[held(doc(9)), held(team_doc(9))], Audiences::ALL);
    let row = |doc| (doc, held(doc).digest);
    let digests = |docs| vec![Message::Digests { last: true, docs }];
    assert_eq!(
        begin(docs(), &some, &other, Audiences::ALL),
        (false, digests(vec![row(doc(1)), row(team_doc(1))]), 0)
    );
    assert_eq!(begin(docs(), &some, &other, only(TEAM)), (false, digests(vec![row(team_doc(1))]), 0));
}

/// A comparison with somebody who holds something else of one document.
fn comparing(store: &MemoryStore) -> (Compare, Outbox) {
    let docs = store.docs(WORKSPACE).expect("the store reads");
    let mine = summarise(&docs, Audiences::ALL);
    let theirs = Summary([[1; 32], [1; 32]]);
    let mut outbox = Outbox::default();
    let (compare, _) = Compare::begin(docs, &mine, &theirs, Audiences::ALL, &mut outbox);
    (compare, outbox)
}

/// Pages of rows, where four rows are allowed.
const ASCENDING: [&[&[u8]]; 4] = [&[&[1, 2], &[3, 4]], &[&[1, 2, 3, 4]], &[&[1], &[], &[2], &[]], &[&[]]];
const OUT_OF_ORDER_OR_TOO_MANY: [&[&[u8]]; 6] = [
    &[&[1, 2], &[2, 3]],
    &[&[1, 3], &[2, 4]],
    &[&[2], &[], &[1]],
    &[&[1, 2, 3, 4, 5]],
    &[&[1, 2, 3, 4, 5, 6]],
    &[&[1, 2, 3], &[4, 5]],
];

#[test]
fn pages_of_digests_ascend_within_the_limit() {
    let mut store = MemoryStore::new();
    change(&mut store, 1, doc(50), 1);
    let limits = Limits { docs_max: 4, ..Limits::default() };
    let read = |pages: &[&[u8]]| {
        let (mut compare, mut outbox) = comparing(&store);
        for (i, page) in pages.iter().enumerate() {
            assert!(!compare.is_done());
            let rows = page.iter().map(|n| (doc(*n), [0; 32])).collect();
            let place = (&store as &dyn Store, WORKSPACE, device(2));
            compare.on_digests(i + 1 == pages.len(), rows, &limits, &mut outbox, place)?;
        }
        Ok::<_, Fault>((compare.is_done(), outbox.queued()))
    };
    for pages in ASCENDING {
        assert_eq!(read(pages).expect("as they must be"), (true, 1), "{pages:?}");
    }
    for pages in OUT_OF_ORDER_OR_TOO_MANY {
        assert_eq!(read(pages).expect_err("out of order, or too many").code, crate::Code::BadMessage);
    }
}

/// Bo's clock of a document that ada holds otherwise, page by page.
fn on_clock(store: &MemoryStore, limits: &Limits, pages: &[Vec<ClockRow>]) -> Result<Outbox, Fault> {
    let (mut compare, mut outbox) = comparing(store);
    let place = (store as &dyn Store, WORKSPACE, device(2));
    let digests = vec![(doc(1), [0; 32])];
    compare.on_digests(true, digests, limits, &mut outbox, place).expect("as they must be");
    for (i, rows) in pages.iter().enumerate() {
        assert!(!compare.is_done());
        let last = i + 1 == pages.len();
        compare.on_clock((doc(1), last), rows.clone(), limits, &mut outbox, place)?;
    }
    assert!(compare.is_done());
    Ok(outbox)
}

#[test]
fn pages_of_a_clock_ascend_within_the_limit() {
    let mut store = MemoryStore::new();
    change(&mut store, 1, doc(1), 2);
    let limits = Limits { logs_max: 4, ..Limits::default() };
    let row = |n: u8| ClockRow { log: LogId::from_bytes([n; 16]), seq: 1, head: EntryHash::ZERO };
    let read = |pages: &[&[u8]]| {
        let pages: Vec<Vec<ClockRow>> = pages.iter().map(|p| p.iter().map(|n| row(*n)).collect()).collect();
        on_clock(&store, &limits, &pages).map(|outbox| outbox.queued())
    };
    for pages in ASCENDING {
        assert_eq!(read(pages).expect("as they must be"), 2, "{pages:?}");
    }
    for pages in OUT_OF_ORDER_OR_TOO_MANY {
        assert_eq!(read(pages).expect_err("out of order, or too many").code, crate::Code::BadMessage);
    }
}

#[test]
fn a_clock_is_of_the_document_that_was_asked_for_to_its_end() {
    let mut store = MemoryStore::new();
    change(&mut store, 1, doc(1), 2);
    change(&mut store, 1, doc(2), 2);
    let clocks = |clocks: &[(DocId, bool)]| {
        let (mut compare, mut outbox) = comparing(&store);
        let (place, limits) = ((&store as &dyn Store, WORKSPACE, device(2)), Limits::default());
        let digests = vec![(doc(1), [0; 32]), (doc(2), [0; 32])];
        compare.on_digests(true, digests, &limits, &mut outbox, place).expect("as they must be");
        let taken = clocks.iter().map(|of| compare.on_clock(*of, Vec::new(), &limits, &mut outbox, place));
        taken.map(|taken| taken.is_ok()).collect::<Vec<_>>()
    };
    assert_eq!(clocks(&[(doc(9), true)]), [false], "nobody compares this one");
    assert_eq!(clocks(&[(doc(1), false), (doc(2), true)]), [true, false], "the first one is not at its end");
    assert_eq!(clocks(&[(doc(1), false), (doc(1), true), (doc(2), true)]), [true; 3]);
    assert_eq!(clocks(&[(doc(2), true), (doc(2), true)]), [true, false], "it came already");
}

#[test]
fn what_is_queued_is_what_the_clock_lacks_or_the_proof_of_two_histories() {
    let mut store = MemoryStore::new();
    let entries = change(&mut store, 1, doc(1), 5);
    let log = entries[0].header().log;
    let right = |seq: usize| entries[seq - 1].hash();
    let wrong = EntryHash::from_bytes([9; 32]);
    for (seq, head, sent) in [
        (0, EntryHash::ZERO, &[1, 2, 3, 4, 5][..]),
        (0, wrong, &[1, 2, 3, 4, 5]),
        (1, right(1), &[2, 3, 4, 5]),
        (4, right(4), &[5]),
        (5, right(5), &[]),
        (6, wrong, &[]),
        (2, wrong, &[2]),
        (2, right(3), &[2]),
        (5, wrong, &[5]),
    ] {
        let row = ClockRow { log, seq, head };
        let mut outbox = on_clock(&store, &Limits::default(), &[vec![row]]).expect("a clock");
        let expected: Vec<_> = sent.iter().map(|seq| (doc(1), *seq)).collect();
        assert_eq!(outbox.queued(), expected.len() as u64, "{row:?}");
        assert_eq!(drain(&mut outbox, &store).0, expected, "{row:?}");
    }
    let outbox = on_clock(&store, &Limits::default(), &[Vec::new()]).expect("a clock");
    assert_eq!(outbox.queued(), 5, "a log that is not named is not held");
}

#[test]
fn who_rests_on_a_snapshot_goes_on_from_there() {
    let mut whole = MemoryStore::new();
    let before = change(&mut whole, 1, doc(1), 5);
    let snapshot = snapshot(&mut whole, 1, doc(1), 100);
    let store = resting(&snapshot, &change(&mut whole, 1, doc(1), 2));
    for (seq, sent) in [(5, vec![6, 7]), (4, vec![]), (1, vec![]), (7, vec![7]), (8, vec![])] {
        let head = before.get(seq - 1).map_or(EntryHash::ZERO, |e| e.hash());
        let row = ClockRow { log: before[0].header().log, seq: seq as u64, head };
        let mut outbox = on_clock(&store, &Limits::default(), &[vec![row]]).expect("a clock");
        let (places, others) = drain(&mut outbox, &store);
        assert_eq!(others, [], "who holds a change of ada's is offered no snapshot");
        assert_eq!(places.iter().map(|(_, seq)| *seq).collect::<Vec<_>>(), sent, "{row:?}");
    }
}

#[test]
fn a_snapshot_is_offered_to_who_holds_nobody_elses_changes() {
    let (changes, decisions) = (EntryKind::Change, EntryKind::Approval);
    let row = |seed, kind| ClockRow { log: log(seed, doc(1), kind), seq: 1, head: EntryHash::ZERO };
    let mut store = MemoryStore::new();
    change(&mut store, 1, doc(1), 3);
    change(&mut store, 2, doc(1), 3);
    write(&mut store, 1, (doc(1), decisions), 1, 500);
    snapshot(&mut store, 1, doc(1), 100);
    // The device with seed 2 is the peer.
    for (mut rows, offered) in [
        (vec![], true),
        (vec![row(2, changes)], true),
        (vec![row(1, decisions)], true),
        (vec![row(1, changes)], false),
        (vec![row(3, changes)], true),
        (vec![row(1, changes), row(2, changes)], false),
    ] {
        rows.sort_by_key(|row| row.log);
        let mut outbox = on_clock(&store, &Limits::default(), &[rows.clone()]).expect("a clock");
        let (_, others) = drain(&mut outbox, &store);
        assert_eq!(matches!(others[..], [Message::SnapshotOffer { .. }]), offered, "{rows:?}");
    }
}

#[test]
fn rows_are_cut_into_pages_the_last_one_marked() {
    let pages = |n: u64| {
        let message =
            |last, rows: Vec<u64>| Message::Coming { entries: rows.len() as u64 + 100 * u64::from(last) };
        paged((0..n).collect(), 3, message)
    };
    let coming = |entries| Message::Coming { entries };
    assert_eq!(pages(0), [coming(100)]);
    assert_eq!(pages(2), [coming(102)]);
    assert_eq!(pages(3), [coming(103)]);
    assert_eq!(pages(4), [coming(3), coming(101)]);
    assert_eq!(pages(6), [coming(3), coming(103)]);
    assert_eq!(pages(7), [coming(3), coming(3), coming(101)]);
}
