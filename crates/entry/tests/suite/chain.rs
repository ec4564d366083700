//! Logs as chains.

use proofroom_entry::{ChainError, DecodeError, LogTip, LogWriter, Verified, WriteError, check_link};
use proofroom_ident::{Audience, EntryHash};

use crate::world::{ada, bo, bo_log, genesis, sealed};

/// Three entries of one log.
fn run(payload: u8) -> Vec<Verified> {
    let first = genesis();
    let mut log = bo_log(first.workspace());
    (1..=3).map(|i| log.append(&sealed(first.hash()), &[payload, i], &bo()).expect("canonical")).collect()
}

fn tip(entry: &Verified) -> LogTip {
    LogTip::after(entry.head())
}

#[test]
fn entries_follow_each_other_from_the_first() {
    let mut held = None;
    for entry in run(0) {
        held = Some(check_link(held.as_ref(), entry.head()).expect("it is next"));
        assert_eq!(held, Some(tip(&entry)));
    }
}

#[test]
fn what_is_not_next_is_told_apart() {
    let (mine, other) = (run(0), run(1));
    let (log, seq) = (mine[0].header().log, |n: usize| n as u64);
    let cases = [
        (None, &mine[1], ChainError::Gap { log, wanted: 1, found: 2 }),
        (Some(&mine[0]), &mine[2], ChainError::Gap { log, wanted: 2, found: 3 }),
        (Some(&mine[1]), &mine[1], ChainError::Known { log, seq: 2 }),
        (Some(&mine[2]), &mine[0], ChainError::Known { log, seq: 1 }),
        (Some(&mine[1]), &other[1], ChainError::Known { log, seq: seq(2) }),
        (
            Some(&mine[0]),
            &other[1],
            ChainError::Broken { log, seq: 2, wanted: mine[0].hash(), found: other[0].hash() },
        ),
    ];
    for (held, next, want) in cases {
        assert_eq!(check_link(held.map(tip).as_ref(), next.head()), Err(want));
    }
}

#[test]
fn a_log_keeps_its_author_and_document() {
    let mine = run(0);
    let (held, h) = (tip(&mine[0]), mine[0].header());
    let of_ada = LogTip { author: ada().public(), ..held };
    let elsewhere = LogTip { doc: h.workspace.plan_doc(), audience: Audience::Everyone, ..held };
    for (foreign, author) in [(of_ada, ada()), (elsewhere, bo())] {
        let mut log = LogWriter::resume(h.workspace, &foreign);
        let error = log.append(&sealed(h.auth_head), b"", &author).unwrap_err();
        let rule = "the log's id follows from its author and document";
        assert_eq!(error, WriteError::Form(DecodeError::NotCanonical(rule)));
    }
}

#[test]
fn the_first_entry_of_a_new_log_names_the_old_one() {
    let heads: Vec<EntryHash> = run(0).iter().map(|e| e.header().prev_log_head).collect();
    assert_eq!(heads, [EntryHash::from_bytes([0x0e; 32]), EntryHash::ZERO, EntryHash::ZERO]);
}
