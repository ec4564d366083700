//! Mallory's workshop: honest changes, taken apart and put together differently.
//!
//! Whatever it makes carries a valid checksum: everything but the rule under test holds.

use automerge::ExpandedChange;
use automerge::legacy::{ElementId, Key, ObjectId, Op, OpId, OpType};
use automerge::{ActorId, Change, ScalarValue};
use proofroom_document::{DocKind, Document, Incoming, VetError, actor_for};
use proofroom_ident::ByteReader;

use crate::world::{Peer, WORKSPACE, doc_of};

/// The chunks of a batch.
pub fn chunks(payload: &[u8]) -> Vec<Vec<u8>> {
    let mut reader = ByteReader::new(payload);
    let mut out = Vec::new();
    while !reader.is_empty() {
        out.push(reader.run("a chunk").unwrap().to_vec());
    }
    out
}

/// A batch of one chunk.
pub fn batch(chunk: &[u8]) -> Vec<u8> {
    let mut out = u32::try_from(chunk.len()).unwrap().to_le_bytes().to_vec();
    out.extend_from_slice(chunk);
    out
}

/// The change of a batch of one.
pub fn expanded(incoming: &Incoming) -> ExpandedChange {
    Change::try_from(chunks(&incoming.payload)[0].as_slice()).unwrap().decode()
}

/// The same entry around another change.
pub fn forged(mut change: ExpandedChange, around: &Incoming) -> Incoming {
    change.hash = None;
    let change = Change::from(change);
    Incoming { payload: batch(change.raw_bytes()), ..around.clone() }
}

/// The same entry, its change altered.
pub fn altered(incoming: &Incoming, alter: impl FnOnce(&mut ExpandedChange)) -> Incoming {
    let mut change = expanded(incoming);
    alter(&mut change);
    forged(change, incoming)
}

/// Merges into `doc` and gives the reason of the one refusal.
pub fn refusal(doc: &mut Document, incoming: Incoming) -> VetError {
    let heads = doc.heads();
    let merged = doc.merge(vec![incoming]);
    assert_eq!(doc.heads(), heads, "the document changed");
    let [(_, error)] = merged.refused.as_slice() else { panic!("not refused: {merged:?}") };
    error.clone()
}

/// An operation that puts `value` at a map's key.
pub fn put(object: ObjectId, key: &str, value: impl Into<ScalarValue>) -> Op {
    Op {
        action: OpType::Put(value.into()),
        obj: object,
        key: Key::Map(key.into()),
        pred: Vec::new().into(),
        insert: false,
    }
}

/// A peer's automerge actor.
pub fn actor(peer: &Peer) -> ActorId {
    ActorId::from(*actor_for(peer.writer.author, peer.doc.id(), peer.writer.log).as_bytes())
}

/// The id of the map at `key` in the root: the schema's own change makes it.
pub fn collection(kind: DocKind, key: &str) -> ObjectId {
    use automerge::ReadDoc as _;
    let am = automerge::Automerge::load(&Document::new(kind, WORKSPACE, doc_of(kind)).export()).unwrap();
    let (_, id) = am.get(automerge::ROOT, key).unwrap().unwrap();
    let automerge::ObjId::Id(counter, actor, _) = id else { panic!("a map has an id") };
    ObjectId::Id(OpId(counter, actor))
}

/// The id of the operation of `incoming`'s change that puts or makes `key`.
pub fn put_of(incoming: &Incoming, key: &str) -> OpId {
    let change = expanded(incoming);
    let at = change.operations.iter().position(|op| matches!(&op.key, Key::Map(k) if k == key));
    OpId(change.start_op.get() + at.unwrap() as u64, change.actor_id)
}

/// The id of the object that `incoming`'s change makes at `key`.
pub fn made(incoming: &Incoming, key: &str) -> ObjectId {
    ObjectId::Id(put_of(incoming, key))
}

/// An insertion of a character at the head of a text.
pub fn insert(object: ObjectId, after: ElementId, text: &str) -> Op {
    Op {
        action: OpType::Put(text.into()),
        obj: object,
        key: Key::Seq(after),
        pred: Vec::new().into(),
        insert: true,
    }
}
