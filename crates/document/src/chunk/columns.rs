//! The operation columns of a change: run-length encoded, decoded row by row.
//!
//! ```text
//! 0x01 object actor   0x02 object counter     0x11 key actor    0x13 key counter (delta)
//! 0x15 key text       0x34 insert (boolean)   0x42 action       0x56 value meta   0x57 value bytes
//! 0x70 predecessors   0x71 their actors       0x73 their counters (delta)
//! ```

use std::sync::Arc;

use super::leb::Cursor;
use super::{Action, CHANGE_OPS_MAX, ChunkError, KEY_BYTES_MAX, RawId, RawKey, RawOp, RawValue};

const SPECS: [u64; 12] = [0x01, 0x02, 0x11, 0x13, 0x15, 0x34, 0x42, 0x56, 0x57, 0x70, 0x71, 0x73];

/// The columns' bytes; an absent column is an empty one.
pub(super) struct Columns<'a> {
    bytes: [&'a [u8]; SPECS.len()],
}

impl<'a> Columns<'a> {
    pub(super) fn read(r: &mut Cursor<'a>) -> Result<Self, ChunkError> {
        let count = r.length("columns", SPECS.len())?;
        let mut lengths = Vec::with_capacity(count);
        let mut last = None;
        for _ in 0..count {
            let spec = r.uleb("a column")?;
            if last.is_some_and(|last| last >= spec) {
                return Err(ChunkError::ColumnOrder(spec));
            }
            last = Some(spec);
            let at = SPECS.iter().position(|s| *s == spec).ok_or(ChunkError::Column(spec))?;
            lengths.push((at, r.length("a column's length", usize::MAX)?));
        }
        let mut bytes: [&[u8]; SPECS.len()] = [&[]; SPECS.len()];
        for (at, length) in lengths {
            bytes[at] = r.take(length, "a column")?;
        }
        Ok(Self { bytes })
    }

    /// Decodes all rows; `actors` is how many the change lists.
    pub(super) fn rows(&self, actors: usize) -> Result<Vec<RawOp>, ChunkError> {
        let [object_actor, object_counter, key_actor, key_counter, key_text, insert, action, meta, raw, ..] =
            self.bytes;
        let action = full("action", rle("action", action, CHANGE_OPS_MAX, |r| r.uleb("an action"))?)?;
        let n = action.len();
        if n == 0 {
            return Err(ChunkError::Rule("a change has at least one operation"));
        }
        let number = |r: &mut Cursor<'_>| r.uleb("a number");
        let object_actor = sparse("object actor", rle("object actor", object_actor, n, number)?, n)?;
        let object_counter = sparse("object counter", rle("object counter", object_counter, n, number)?, n)?;
        let key_actor = sparse("key actor", rle("key actor", key_actor, n, number)?, n)?;
        let key_counter = sparse("key counter", delta("key counter", key_counter, n)?, n)?;
        let key_text = sparse("key text", rle("key text", key_text, n, key)?, n)?;
        let insert = booleans("insert", insert, n)?;
        let values =
            values(&exact("value meta", full("value meta", rle("value meta", meta, n, number)?)?, n)?, raw)?;
        let preds = self.predecessors(n, actors)?;

        let columns = key_actor.into_iter().zip(key_counter).zip(key_text);
        let objects = object_actor.into_iter().zip(object_counter);
        let rest = action.into_iter().zip(insert).zip(values).zip(preds);
        let rows = columns.zip(objects).zip(rest).enumerate();
        rows.map(|(op, ((((key_actor, key_counter), text), object), (((action, insert), value), pred)))| {
            Ok(RawOp {
                object: object_id(op, object, actors)?,
                key: row_key(op, key_actor, key_counter, text, actors)?,
                insert,
                action: row_action(op, action)?,
                value,
                pred,
            })
        })
        .collect()
    }

    fn predecessors(&self, n: usize, actors: usize) -> Result<Vec<Vec<RawId>>, ChunkError> {
        let [.., group, actor, counter] = self.bytes;
        let group = full("predecessors", rle("predecessors", group, n, |r| r.uleb("a count"))?)?;
        let group = exact("predecessors", group, n)?;
        let mut left = CHANGE_OPS_MAX;
        let mut counts = Vec::with_capacity(n);
        for run in group {
            let count = usize::try_from(run).ok().filter(|c| *c <= left);
            let count = count.ok_or(ChunkError::RunLength { column: "predecessors", run, left })?;
            left -= count;
            counts.push(count);
        }
        let total = CHANGE_OPS_MAX - left;
        let actor = rle("predecessor actor", actor, total, |r| r.uleb("a number"))?;
        let actor = exact("predecessor actor", full("predecessor actor", actor)?, total)?;
        let counter = delta("predecessor counter", counter, total)?;
        let counter = exact("predecessor counter", full("predecessor counter", counter)?, total)?;
        let mut ids = actor.into_iter().zip(counter);
        let take = |(op, count): (usize, usize)| {
            ids.by_ref().take(count).map(|(actor, counter)| raw_id(op, actor, counter, actors)).collect()
        };
        counts.into_iter().enumerate().map(take).collect()
    }
}

/// Runs of a repeated value, of literal values, or of nothing.
fn rle<'a, T: Clone>(
    column: &'static str,
    bytes: &'a [u8],
    rows_max: usize,
    read: impl Fn(&mut Cursor<'a>) -> Result<T, ChunkError>,
) -> Result<Vec<Option<T>>, ChunkError> {
    let mut r = Cursor::new(bytes);
    let mut out = Vec::new();
    while r.remaining() > 0 {
        let count = r.sleb(column)?;
        let run = if count == 0 { r.uleb(column)? } else { count.unsigned_abs() };
        let left = rows_max - out.len();
        let fits = usize::try_from(run).ok().filter(|n| (1..=left).contains(n));
        let run = fits.ok_or(ChunkError::RunLength { column, run, left })?;
        match count {
            0 => out.extend(std::iter::repeat_n(None, run)),
            1.. => out.extend(std::iter::repeat_n(Some(read(&mut r)?), run)),
            _ => {
                for _ in 0..run {
                    out.push(Some(read(&mut r)?));
                }
            }
        }
    }
    Ok(out)
}

/// Numbers as differences from the one before.
fn delta(column: &'static str, bytes: &[u8], rows_max: usize) -> Result<Vec<Option<u64>>, ChunkError> {
    let mut sum = 0i64;
    let mut absolute = |(op, step): (usize, Option<i64>)| {
        let Some(step) = step else { return Ok(None) };
        sum = sum.checked_add(step).ok_or(ChunkError::Row { op, why: "a counter beyond 64 bits" })?;
        u64::try_from(sum).map(Some).map_err(|_| ChunkError::Row { op, why: "a negative counter" })
    };
    let steps = rle(column, bytes, rows_max, |r| r.sleb(column))?;
    steps.into_iter().enumerate().map(&mut absolute).collect()
}

/// Lengths of alternating runs, `false` first.
fn booleans(column: &'static str, bytes: &[u8], n: usize) -> Result<Vec<bool>, ChunkError> {
    let mut r = Cursor::new(bytes);
    let mut out = Vec::with_capacity(n);
    let mut value = false;
    while r.remaining() > 0 {
        let run = r.uleb(column)?;
        let left = n - out.len();
        let fits = usize::try_from(run).ok().filter(|run| *run <= left);
        let run = fits.ok_or(ChunkError::RunLength { column, run, left })?;
        out.extend(std::iter::repeat_n(value, run));
        value = !value;
    }
    exact(column, out, n)
}

fn key(r: &mut Cursor<'_>) -> Result<Arc<str>, ChunkError> {
    let length = r.length("a key's length", KEY_BYTES_MAX)?;
    let bytes = r.take(length, "a key")?;
    let text = std::str::from_utf8(bytes).map_err(|_| ChunkError::Rule("a key is not UTF-8"))?;
    Ok(text.into())
}

fn values(meta: &[u64], raw: &[u8]) -> Result<Vec<RawValue>, ChunkError> {
    let mut r = Cursor::new(raw);
    let value = |(op, meta): (usize, &u64)| {
        let length = usize::try_from(meta >> 4).map_err(|_| ChunkError::Short("a value"))?;
        let mut bytes = Cursor::new(r.take(length, "a value")?);
        let value = match meta & 0xf {
            0 => RawValue::Nothing,
            3 => RawValue::Uint(bytes.uleb("a value")?),
            6 => {
                let text = std::str::from_utf8(bytes.take(length, "a value")?);
                RawValue::Text(
                    text.map_err(|_| ChunkError::Row { op, why: "a text that is not UTF-8" })?.into(),
                )
            }
            _ => return Err(ChunkError::Row { op, why: "a value of a type that is not taken" }),
        };
        if bytes.remaining() > 0 {
            return Err(ChunkError::Row { op, why: "a value with bytes left over" });
        }
        Ok(value)
    };
    let values = meta.iter().enumerate().map(value).collect::<Result<_, _>>()?;
    if r.remaining() > 0 { Err(ChunkError::Rule("value bytes are left over")) } else { Ok(values) }
}

fn exact<T>(column: &'static str, rows: Vec<T>, wanted: usize) -> Result<Vec<T>, ChunkError> {
    if rows.len() == wanted { Ok(rows) } else { Err(ChunkError::Rows { column, found: rows.len(), wanted }) }
}

/// A column that may be absent where all its rows are nothing.
fn sparse<T: Clone>(
    column: &'static str,
    rows: Vec<Option<T>>,
    n: usize,
) -> Result<Vec<Option<T>>, ChunkError> {
    if rows.is_empty() { Ok(vec![None; n]) } else { exact(column, rows, n) }
}

/// A column without gaps.
fn full<T>(column: &'static str, rows: Vec<Option<T>>) -> Result<Vec<T>, ChunkError> {
    let found = rows.len();
    let rows: Vec<T> = rows.into_iter().flatten().collect();
    exact(column, rows, found)
}

fn raw_id(op: usize, actor: u64, counter: u64, actors: usize) -> Result<RawId, ChunkError> {
    let index = u32::try_from(actor).ok().filter(|_| actor < actors as u64);
    let actor = index.ok_or(ChunkError::ActorIndex { index: actor, actors })?;
    let counter = u32::try_from(counter).ok().filter(|c| *c > 0);
    let counter = counter.ok_or(ChunkError::Row { op, why: "an operation counter out of range" })?;
    Ok(RawId { counter, actor })
}

fn object_id(
    op: usize,
    (actor, counter): (Option<u64>, Option<u64>),
    actors: usize,
) -> Result<Option<RawId>, ChunkError> {
    match (actor, counter) {
        (None, None) => Ok(None),
        (Some(actor), Some(counter)) => raw_id(op, actor, counter, actors).map(Some),
        _ => Err(ChunkError::Row { op, why: "half an object id" }),
    }
}

fn row_key(
    op: usize,
    actor: Option<u64>,
    counter: Option<u64>,
    text: Option<Arc<str>>,
    actors: usize,
) -> Result<RawKey, ChunkError> {
    match (actor, counter, text) {
        (None, None, Some(text)) => Ok(RawKey::Map(text)),
        (None, Some(0), None) => Ok(RawKey::Head),
        (Some(actor), Some(counter), None) => raw_id(op, actor, counter, actors).map(RawKey::Element),
        _ => Err(ChunkError::Row { op, why: "a key that is neither a text nor an element" }),
    }
}

fn row_action(op: usize, action: u64) -> Result<Action, ChunkError> {
    match action {
        0 => Ok(Action::MakeMap),
        1 => Ok(Action::Set),
        3 => Ok(Action::Delete),
        4 => Ok(Action::MakeText),
        _ => Err(ChunkError::Row { op, why: "an action that is not taken" }),
    }
}
