//! Writing a change as automerge writes it: the one encoding that is taken.
//!
//! Automerge could write the change again itself, by way of a row for every operation
//! with an actor id in each; that takes most of the time of vetting. The rules are few:
//! numbers are as short as they can be; runs are as long as they can be, single values
//! between them are gathered; a column of nothing but gaps is left out.

use std::iter::Peekable;

use sha2::{Digest as _, Sha256};

use super::leb::MAGIC;
use super::{Action, RawChange, RawId, RawKey, RawOp, RawValue, TYPE_CHANGE};
use crate::writer::ACTOR_BYTES;

impl RawChange {
    /// Whether these are the bytes that automerge would write for this change. The magic
    /// bytes were read before, the checksum is compared with the hash elsewhere.
    pub(crate) fn is_written_as(&self, bytes: &[u8]) -> bool {
        self.names_all_actors() && bytes.get(8..) == Some(&self.write()[..])
    }

    /// Whether each of the other actors is named by an operation.
    fn names_all_actors(&self) -> bool {
        let mut named = vec![false; 1 + self.others.len()];
        for op in &self.ops {
            let element = if let RawKey::Element(id) = &op.key { Some(id) } else { None };
            op.object.iter().chain(element).chain(&op.pred).for_each(|id| named[id.actor as usize] = true);
        }
        named.into_iter().skip(1).all(|named| named)
    }

    /// The whole chunk.
    pub(crate) fn to_chunk(&self) -> Vec<u8> {
        let rest = self.write();
        let hash = Sha256::digest(&rest);
        [MAGIC.as_slice(), &hash[..4], &rest].concat()
    }

    /// The chunk after its checksum.
    fn write(&self) -> Vec<u8> {
        let mut body = Vec::new();
        uleb(&mut body, self.deps.len() as u64);
        self.deps.iter().for_each(|dep| body.extend_from_slice(dep.as_bytes()));
        uleb(&mut body, ACTOR_BYTES as u64);
        body.extend_from_slice(self.actor.as_bytes());
        uleb(&mut body, u64::from(self.seq));
        uleb(&mut body, u64::from(self.start_op));
        sleb(&mut body, self.time);
        uleb(&mut body, 0);
        uleb(&mut body, self.others.len() as u64);
        for actor in &self.others {
            uleb(&mut body, ACTOR_BYTES as u64);
            body.extend_from_slice(actor.as_bytes());
        }
        write_columns(&mut body, &self.ops);
        let mut out = Vec::with_capacity(body.len() + 6);
        out.push(TYPE_CHANGE);
        uleb(&mut out, body.len() as u64);
        out.extend_from_slice(&body);
        out
    }
}

fn write_columns(body: &mut Vec<u8>, ops: &[RawOp]) {
    let mut data = Vec::new();
    let mut columns = Vec::with_capacity(12);
    let mut column = |spec: u64, write: &dyn Fn(&mut Vec<u8>)| {
        let start = data.len();
        write(&mut data);
        if data.len() > start {
            columns.push((spec, data.len() - start));
        }
    };
    let preds = || ops.iter().flat_map(|op| &op.pred);
    column(0x01, &|out| rle(out, ops.iter().map(|op| op.object.map(actor)), uleb));
    column(0x02, &|out| rle(out, ops.iter().map(|op| op.object.map(counter)), uleb));
    column(0x11, &|out| rle(out, ops.iter().map(|op| element(op).map(actor)), uleb));
    column(0x13, &|out| deltas(out, ops.iter().map(key_counter)));
    column(0x15, &|out| rle(out, ops.iter().map(key_text), text));
    column(0x34, &|out| booleans(out, ops.iter().map(|op| op.insert)));
    column(0x42, &|out| rle(out, ops.iter().map(|op| Some(action(op))), uleb));
    column(0x56, &|out| rle(out, ops.iter().map(|op| Some(value_meta(op))), uleb));
    column(0x57, &|out| ops.iter().for_each(|op| value(out, op)));
    column(0x70, &|out| rle(out, ops.iter().map(|op| Some(op.pred.len() as u64)), uleb));
    column(0x71, &|out| rle(out, preds().map(|id| Some(actor(*id))), uleb));
    column(0x73, &|out| deltas(out, preds().map(|id| Some(counter(*id)))));
    uleb(body, columns.len() as u64);
    for (spec, length) in columns {
        uleb(body, spec);
        uleb(body, length as u64);
    }
    body.extend_from_slice(&data);
}

fn actor(id: RawId) -> u64 {
    u64::from(id.actor)
}

fn counter(id: RawId) -> u64 {
    u64::from(id.counter)
}

fn element(op: &RawOp) -> Option<RawId> {
    if let RawKey::Element(id) = op.key { Some(id) } else { None }
}

fn key_counter(op: &RawOp) -> Option<u64> {
    match op.key {
        RawKey::Map(_) => None,
        RawKey::Head => Some(0),
        RawKey::Element(id) => Some(counter(id)),
    }
}

fn key_text(op: &RawOp) -> Option<&str> {
    if let RawKey::Map(key) = &op.key { Some(key) } else { None }
}

fn action(op: &RawOp) -> u64 {
    match op.action {
        Action::MakeMap => 0,
        Action::Set => 1,
        Action::Delete => 3,
        Action::MakeText => 4,
    }
}

/// Only what sets a value has one.
fn written_value(op: &RawOp) -> &RawValue {
    if op.action == Action::Set { &op.value } else { &RawValue::Nothing }
}

fn value_meta(op: &RawOp) -> u64 {
    match written_value(op) {
        RawValue::Nothing => 0,
        RawValue::Uint(value) => u64::from(uleb_bytes(*value)) << 4 | 3,
        RawValue::Text(text) => (text.len() as u64) << 4 | 6,
    }
}

fn value(out: &mut Vec<u8>, op: &RawOp) {
    match written_value(op) {
        RawValue::Nothing => {}
        RawValue::Uint(value) => uleb(out, *value),
        RawValue::Text(text) => out.extend_from_slice(text.as_bytes()),
    }
}

/// Takes equal values off the front, and counts them.
fn run<T: PartialEq>(rows: &mut Peekable<impl Iterator<Item = T>>) -> Option<(T, u64)> {
    let first = rows.next()?;
    let mut length = 1;
    while rows.next_if(|next| *next == first).is_some() {
        length += 1;
    }
    Some((first, length))
}

fn rle<T: Copy + PartialEq>(
    out: &mut Vec<u8>,
    rows: impl Iterator<Item = Option<T>>,
    put: impl Fn(&mut Vec<u8>, T),
) {
    let mut rows = rows.peekable();
    let mut single: Vec<T> = Vec::new();
    let flush = |out: &mut Vec<u8>, single: &mut Vec<T>| {
        if !single.is_empty() {
            sleb(out, -i64::try_from(single.len()).expect("a change has few operations"));
            single.drain(..).for_each(|value| put(out, value));
        }
    };
    let mut begun = false;
    while let Some((value, length)) = run(&mut rows) {
        match value {
            Some(value) if length == 1 => single.push(value),
            Some(value) => {
                flush(out, &mut single);
                sleb(out, i64::try_from(length).expect("a change has few operations"));
                put(out, value);
            }
            None if !begun && rows.peek().is_none() => return,
            None => {
                flush(out, &mut single);
                sleb(out, 0);
                uleb(out, length);
            }
        }
        begun = true;
    }
    flush(out, &mut single);
}

/// Each number as its difference from the one before; all are below 2^32.
fn deltas(out: &mut Vec<u8>, rows: impl Iterator<Item = Option<u64>>) {
    let mut last = 0;
    let step = |row: Option<u64>| {
        row.map(|value| {
            let value = i64::try_from(value).expect("counters count in 32 bits");
            value - std::mem::replace(&mut last, value)
        })
    };
    rle(out, rows.map(step), sleb);
}

fn booleans(out: &mut Vec<u8>, rows: impl Iterator<Item = bool>) {
    let mut rows = rows.peekable();
    if rows.peek() == Some(&true) {
        uleb(out, 0);
    }
    while let Some((_, length)) = run(&mut rows) {
        uleb(out, length);
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    uleb(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

fn uleb_bytes(value: u64) -> u32 {
    (64 - (value | 1).leading_zeros()).div_ceil(7)
}

fn uleb(out: &mut Vec<u8>, mut value: u64) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            return out.push(low & 0x7f);
        }
        out.push(low | 0x80);
    }
}

fn sleb(out: &mut Vec<u8>, mut value: i64) {
    loop {
        let [low, ..] = value.to_le_bytes();
        let sign = low & 0x40 != 0;
        value >>= 7;
        if (value == 0 && !sign) || (value == -1 && sign) {
            return out.push(low & 0x7f);
        }
        out.push(low | 0x80);
    }
}
