//! What a batch and its chunks must look like.

use automerge::legacy::{MarkData, ObjectId, OpType};
use automerge::{Change, ObjType, ScalarValue};
use proofroom_document::DocKind::{Plan, Review};
use proofroom_document::{BATCH_BYTES_MAX, CHANGE_OPS_MAX, ChunkError, VetError, changes_of};
use proofroom_review::PlanEdit;

use crate::chunks::{self, Parts, columns};
use crate::forge::{actor, altered, batch, chunks, put, refusal};
use crate::world::{Peer, producer, version};

fn parts(peer: &Peer) -> Parts {
    Parts {
        deps: peer.doc.heads().iter().map(|hash| *hash.as_bytes()).collect(),
        actor: actor(peer).to_bytes().to_vec(),
        seq: 1,
        start_op: 7,
        message: Vec::new(),
        columns: columns(1),
        tail: Vec::new(),
    }
}

/// Why the scan refuses these parts.
fn scan_error(alter: impl FnOnce(&mut Parts)) -> ChunkError {
    let mut mallory = producer(Plan, "mallory");
    let mut parts = parts(&mallory);
    alter(&mut parts);
    let incoming = mallory.incoming(batch(&parts.chunk()));
    match refusal(&mut mallory.doc, incoming) {
        VetError::Chunk { index: 0, error } => error,
        other => panic!("refused for another reason: {other}"),
    }
}

#[test]
fn a_batch_over_its_size_is_refused() {
    let mut mallory = producer(Plan, "mallory");
    let incoming = mallory.incoming(vec![0; BATCH_BYTES_MAX + 1]);
    let error = refusal(&mut mallory.doc, incoming);
    assert!(matches!(error, VetError::BatchTooLarge { what: "bytes", .. }), "{error}");
    let mut mallory = producer(Plan, "mallory");
    let incoming = mallory.incoming(vec![0; BATCH_BYTES_MAX]);
    let error = refusal(&mut mallory.doc, incoming);
    assert!(matches!(error, VetError::BatchTooLarge { what: "changes", .. }), "so large it may be: {error}");
}

#[test]
fn a_batch_of_too_many_changes_is_refused() {
    let mut mallory = producer(Plan, "mallory");
    let incoming = mallory.incoming(vec![0; 4 * 10_001]);
    let error = refusal(&mut mallory.doc, incoming);
    let (found, limit) = (10_001, 10_000);
    assert_eq!(error, VetError::BatchTooLarge { what: "changes", found, limit });
}

#[test]
fn an_empty_or_cut_batch_is_refused() {
    for payload in [vec![], vec![1], vec![9, 0, 0, 0, 1]] {
        let mut mallory = producer(Plan, "mallory");
        let incoming = mallory.incoming(payload);
        let error = refusal(&mut mallory.doc, incoming);
        assert!(matches!(error, VetError::Batch(_)), "{error}");
    }
}

#[test]
fn a_deflated_chunk_is_refused() {
    let mut mallory = producer(Plan, "mallory");
    let name = PlanEdit::SetName { name: "x".repeat(400) };
    let honest = mallory.clone().plan(&[name]);
    let mut change = Change::try_from(chunks(&honest.payload)[0].as_slice()).unwrap();
    let deflated = change.bytes().to_vec();
    assert_eq!(deflated[8], 2, "automerge deflated it");
    let incoming = mallory.incoming(batch(&deflated));
    let error = refusal(&mut mallory.doc, incoming);
    let deflated = ChunkError::Type { wanted: 1, found: 2 };
    assert_eq!(error, VetError::Chunk { index: 0, error: deflated });
}

#[test]
fn a_run_length_bomb_is_refused() {
    let error = scan_error(|parts| parts.columns = columns(5_000_000));
    assert_eq!(error, ChunkError::RunLength { column: "action", run: 5_000_000, left: CHANGE_OPS_MAX });
    let error = scan_error(|parts| parts.columns = columns(i64::MAX as u64));
    assert!(matches!(error, ChunkError::RunLength { column: "action", .. }), "{error}");
}

#[test]
fn a_predecessor_bomb_is_refused() {
    let error = scan_error(|parts| {
        let counts = parts.columns.last_mut().unwrap();
        counts.1 = vec![1];
        chunks::uleb(5_000_000, &mut counts.1);
    });
    assert!(matches!(error, ChunkError::RunLength { column: "predecessors", run: 5_000_000, .. }), "{error}");
}

#[test]
fn a_column_with_another_number_of_rows_is_refused() {
    let error = scan_error(|parts| parts.columns[0].1 = vec![2, 1, b'a']);
    assert!(matches!(error, ChunkError::RunLength { column: "key text", .. }), "{error}");
    let error = scan_error(|parts| parts.columns[1].1 = vec![]);
    assert_eq!(error, ChunkError::Rows { column: "insert", found: 0, wanted: 1 });
}

#[test]
fn columns_out_of_order_are_refused() {
    assert_eq!(scan_error(|parts| parts.columns.swap(0, 1)), ChunkError::ColumnOrder(0x15));
    let error = scan_error(|parts| parts.columns.insert(0, parts.columns[0].clone()));
    assert_eq!(error, ChunkError::ColumnOrder(0x15));
}

#[test]
fn unknown_and_deflated_columns_are_refused() {
    assert_eq!(scan_error(|parts| parts.columns.push((0xf2, vec![1, 1]))), ChunkError::Column(0xf2));
    assert_eq!(scan_error(|parts| parts.columns[2].0 |= 8), ChunkError::Column(0x4a));
}

#[test]
fn an_actor_index_beyond_the_list_is_refused() {
    let error = scan_error(|parts| {
        parts.columns.insert(0, (0x01, vec![1, 3]));
        parts.columns.insert(1, (0x02, vec![1, 1]));
    });
    assert_eq!(error, ChunkError::ActorIndex { index: 3, actors: 1 });
}

#[test]
fn extra_bytes_are_refused() {
    assert_eq!(scan_error(|parts| parts.tail = vec![0]), ChunkError::ExtraBytes(1));
}

#[test]
fn an_author_footer_is_refused() {
    let mut mallory = producer(Plan, "mallory");
    let honest = mallory.clone().plan(&[PlanEdit::SetName { name: "x".into() }]);
    let incoming = altered(&honest, |change| change.extra_bytes = vec![1, 1, 7]);
    let error = refusal(&mut mallory.doc, incoming);
    assert_eq!(error, VetError::Chunk { index: 0, error: ChunkError::ExtraBytes(3) });
}

#[test]
fn a_message_is_refused() {
    let error = scan_error(|parts| parts.message = b"hello".to_vec());
    assert_eq!(error, ChunkError::Rule("changes carry no message"));
}

#[test]
fn a_change_without_operations_is_refused() {
    let error = scan_error(|parts| parts.columns.clear());
    assert_eq!(error, ChunkError::Rule("a change has at least one operation"));
}

#[test]
fn a_start_at_the_end_of_the_counter_is_refused() {
    let error = scan_error(|parts| parts.start_op = u64::from(u32::MAX));
    assert!(matches!(error, ChunkError::TooMany { what: "the first operation's counter", .. }), "{error}");
}

#[test]
fn marks_counters_lists_and_other_values_are_refused() {
    let mark = MarkData { name: "bold".into(), value: true.into(), expand: true };
    let actions = [
        OpType::MarkBegin(mark),
        OpType::MarkEnd(true),
        OpType::Increment(1),
        OpType::Make(ObjType::List),
        OpType::Make(ObjType::Table),
        OpType::Put(ScalarValue::counter(1)),
        OpType::Put(ScalarValue::F64(0.5)),
        OpType::Put(ScalarValue::Boolean(true)),
        OpType::Put(ScalarValue::Bytes(vec![1])),
        OpType::Put(ScalarValue::Timestamp(1)),
    ];
    for action in actions {
        let mut mallory = producer(Plan, "mallory");
        let honest = mallory.clone().plan(&[PlanEdit::SetName { name: "x".into() }]);
        let incoming = altered(&honest, |change| change.operations[0].action = action.clone());
        let error = refusal(&mut mallory.doc, incoming);
        assert!(matches!(error, VetError::Chunk { .. }), "{action:?}: {error}");
    }
}

#[test]
fn a_wrong_checksum_is_refused() {
    let mut mallory = producer(Plan, "mallory");
    let honest = mallory.clone().plan(&[PlanEdit::SetName { name: "x".into() }]);
    let mut chunk = chunks(&honest.payload).remove(0);
    chunk[4] ^= 1;
    let incoming = mallory.incoming(batch(&chunk));
    assert!(matches!(refusal(&mut mallory.doc, incoming), VetError::NotCanonical(_)));
}

#[test]
fn another_spelling_of_the_same_change_is_refused() {
    // The one action as a literal run of one is what automerge writes; a repeated run of one is not.
    let mut mallory = producer(Plan, "mallory");
    let chunk = parts(&mallory).chunk();
    let incoming = mallory.incoming(batch(&chunk));
    let error = refusal(&mut mallory.doc, incoming);
    assert!(matches!(error, VetError::NotCanonical(_)), "{error}");
}

#[test]
fn a_batch_is_taken_whole_or_not_at_all() {
    let mut mallory = producer(Review, "mallory");
    let (_, first) = mallory.clone().version("first", &[]);
    let second = altered(&first, |change| {
        change.seq = 2;
        change.operations.push(put(ObjectId::Root, "name", "x"));
    });
    let payload = [first.payload, second.payload].concat();
    let incoming = mallory.incoming(payload);
    refusal(&mut mallory.doc, incoming);
    assert_eq!(mallory.doc.changes(), 0);
}

#[test]
fn the_changes_of_a_batch_can_be_read_without_a_document() {
    let mut ada = producer(Review, "ada");
    let root = ada.doc.heads();
    let incoming = ada.review(&[version(ada.writer.person, "first", &[])]);
    let [change] = changes_of(&incoming.payload).unwrap().try_into().unwrap();
    assert_eq!((change.seq, change.deps, vec![change.hash]), (1, root, ada.doc.heads()));
    assert!(changes_of(&incoming.payload[..40]).is_err());
}
