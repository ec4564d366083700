//! The raw scan of a change chunk: reads the bytes that automerge would read, but
//! strictly and within limits, so that no run length, index or length reaches it
//! unchecked.
//!
//! ```text
//! magic 85 6f 4a 83 | checksum:4 | type:u8=1 | length:uleb | body
//! body    deps:uleb { hash:32 }  actor_len:uleb=32 actor  seq:uleb  start_op:uleb  time:sleb
//!         message_len:uleb=0  others:uleb { len:uleb=32 actor }  (sorted, without the first)
//!         columns:uleb { spec:uleb len:uleb }  (specs rise)  column data, in that order
//!         nothing after it
//! ```
//!
//! The scan also narrows what is spoken here: no deflated chunks or columns, no
//! messages, no marks, no values but texts, unsigned integers and nothing. What
//! automerge could read and we never write is refused.

mod columns;
mod leb;
mod write;

use std::sync::Arc;

use crate::writer::ACTOR_BYTES;
use crate::{Actor, ChangeHash};
use columns::Columns;
pub(crate) use leb::Cursor;

/// Most operations in one change: a pasted text of this length is one change.
pub const CHANGE_OPS_MAX: usize = 100_000;
/// Highest operation counter: automerge counts in 32 bits and does not check.
pub(crate) const OP_COUNTER_MAX: u64 = 1 << 31;
/// Heads that nobody has joined yet. High enough that nobody can open so many logs as
/// to keep others from writing.
const DEPS_MAX: usize = 65_536;
const ACTORS_MAX: usize = 10_000;
const SEQ_MAX: u64 = 1 << 31;
/// Seconds, some 34,000 years: keeps sums of differences within 64 bits.
const TIME_MAX: i64 = 1 << 40;
const KEY_BYTES_MAX: usize = 128;

const TYPE_CHANGE: u8 = 1;

/// Bytes are not a change that may be looked at further.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    /// The bytes end too early.
    #[error("the bytes end within {0}")]
    Short(&'static str),
    /// Not automerge's magic bytes.
    #[error("this is no automerge chunk")]
    Magic,
    /// Another type of chunk: 0 document, 1 change, 2 deflated change, 3 bundle.
    #[error("a chunk of type {found}, only type {wanted} is taken here")]
    Type {
        /// The type that is taken.
        wanted: u8,
        /// The chunk's type.
        found: u8,
    },
    /// Bytes follow what should be the end.
    #[error("{0} extra bytes at the end")]
    ExtraBytes(usize),
    /// A number does not end, or is beyond 64 bits.
    #[error("{0} is not a number of 64 bits")]
    Number(&'static str),
    /// A number is beyond its limit.
    #[error("{what}: {found}, the limit is {limit}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How much is claimed.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// A run in a column is longer than the rows that may be left.
    #[error("column {column}: a run of {run} rows, at most {left} are left")]
    RunLength {
        /// The column.
        column: &'static str,
        /// Length that the run claims.
        run: u64,
        /// Rows that may be left.
        left: usize,
    },
    /// Columns are out of order, or twice there.
    #[error("column {0:#x} is out of order")]
    ColumnOrder(u64),
    /// A column that no change of ours has: deflated, marks, or unknown.
    #[error("column {0:#x} is not taken")]
    Column(u64),
    /// A column has another number of rows than there are operations.
    #[error("column {column}: {found} rows for {wanted} operations")]
    Rows {
        /// The column.
        column: &'static str,
        /// Its rows.
        found: usize,
        /// How many there should be.
        wanted: usize,
    },
    /// A row makes no sense.
    #[error("operation {op}: {why}")]
    Row {
        /// Its place in the change, from 0.
        op: usize,
        /// What is wrong.
        why: &'static str,
    },
    /// An operation names an actor that the change does not list.
    #[error("actor index {index}, the change lists {actors}")]
    ActorIndex {
        /// The index.
        index: u64,
        /// How many actors there are.
        actors: usize,
    },
    /// A header field breaks a rule.
    #[error("{0}")]
    Rule(&'static str),
}

/// An operation's id within a change: the actor as an index, 0 for its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RawId {
    pub counter: u32,
    pub actor: u32,
}

/// Where in its object an operation acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RawKey {
    Map(Arc<str>),
    Head,
    Element(RawId),
}

/// What an operation does; numbers as in the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    MakeMap,
    Set,
    Delete,
    MakeText,
}

/// The values that we write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RawValue {
    Nothing,
    Text(Box<str>),
    Uint(u64),
}

/// One operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RawOp {
    /// `None`: the root.
    pub object: Option<RawId>,
    pub key: RawKey,
    pub insert: bool,
    pub action: Action,
    pub value: RawValue,
    pub pred: Vec<RawId>,
}

/// A change, read without automerge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RawChange {
    pub deps: Vec<ChangeHash>,
    pub actor: Actor,
    pub seq: u32,
    pub start_op: u32,
    /// Seconds, as its author claims.
    pub time: i64,
    /// The other actors that its operations name, sorted.
    pub others: Vec<Actor>,
    pub ops: Vec<RawOp>,
}

impl RawChange {
    /// Reads one whole chunk.
    pub(crate) fn scan(bytes: &[u8]) -> Result<Self, ChunkError> {
        let mut r = Cursor::chunk(bytes, TYPE_CHANGE)?;
        let deps = read_deps(&mut r)?;
        let actor = read_actor(&mut r)?;
        let seq = read_u32(&mut r, "the change's sequence number", SEQ_MAX)?;
        let start_op = read_u32(&mut r, "the first operation's counter", OP_COUNTER_MAX)?;
        if seq == 0 || start_op == 0 {
            return Err(ChunkError::Rule("sequence numbers and counters start from 1"));
        }
        let time = r.sleb("the time")?;
        if !(0..=TIME_MAX).contains(&time) {
            return Err(ChunkError::Rule("the time is out of range"));
        }
        if r.uleb("the message's length")? != 0 {
            return Err(ChunkError::Rule("changes carry no message"));
        }
        let others = read_others(&mut r, &actor)?;
        let ops = Columns::read(&mut r)?.rows(1 + others.len())?;
        if r.remaining() > 0 {
            return Err(ChunkError::ExtraBytes(r.remaining()));
        }
        let last = u64::from(start_op) + ops.len() as u64;
        limit("the last operation's counter", last, OP_COUNTER_MAX)?;
        Ok(Self { deps, actor, seq, start_op, time, others, ops })
    }

    /// The counter of the last operation.
    pub(crate) fn max_op(&self) -> u32 {
        let ops = u32::try_from(self.ops.len()).expect("a change has at most CHANGE_OPS_MAX operations");
        self.start_op + ops - 1
    }
}

fn limit(what: &'static str, found: u64, limit: u64) -> Result<(), ChunkError> {
    if found > limit { Err(ChunkError::TooMany { what, found, limit }) } else { Ok(()) }
}

fn read_u32(r: &mut Cursor<'_>, what: &'static str, max: u64) -> Result<u32, ChunkError> {
    let value = r.uleb(what)?;
    limit(what, value, max)?;
    u32::try_from(value).map_err(|_| ChunkError::Number(what))
}

fn read_deps(r: &mut Cursor<'_>) -> Result<Vec<ChangeHash>, ChunkError> {
    let count = r.length("dependencies", DEPS_MAX)?;
    let mut deps = Vec::with_capacity(count);
    for _ in 0..count {
        let mut hash = [0; 32];
        hash.copy_from_slice(r.take(32, "a dependency")?);
        deps.push(ChangeHash::from_bytes(hash));
    }
    if !deps.is_sorted_by(|a, b| a < b) {
        return Err(ChunkError::Rule("dependencies are sorted and unique"));
    }
    Ok(deps)
}

fn read_actor(r: &mut Cursor<'_>) -> Result<Actor, ChunkError> {
    if r.uleb("an actor's length")? != ACTOR_BYTES as u64 {
        return Err(ChunkError::Rule("an actor id has 32 bytes"));
    }
    let mut actor = [0; ACTOR_BYTES];
    actor.copy_from_slice(r.take(ACTOR_BYTES, "an actor")?);
    Ok(Actor::from_bytes(actor))
}

fn read_others(r: &mut Cursor<'_>, own: &Actor) -> Result<Vec<Actor>, ChunkError> {
    let count = r.length("other actors", ACTORS_MAX)?;
    let mut others = Vec::with_capacity(count.min(64));
    for _ in 0..count {
        others.push(read_actor(r)?);
    }
    if !others.is_sorted_by(|a, b| a < b) || others.contains(own) {
        return Err(ChunkError::Rule("other actors are sorted and unique"));
    }
    Ok(others)
}
