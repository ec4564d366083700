//! Chunks built byte by byte, for what no encoder would write.

use sha2::{Digest as _, Sha256};

/// An unsigned LEB128 number.
pub fn uleb(mut value: u64, out: &mut Vec<u8>) {
    loop {
        let low = u8::try_from(value & 0x7f).unwrap();
        value >>= 7;
        if value == 0 {
            return out.push(low);
        }
        out.push(low | 0x80);
    }
}

/// A positive signed LEB128 number: a run's length.
pub fn run(length: u64, out: &mut Vec<u8>) {
    let at = out.len();
    uleb(length, out);
    let last = out.len() - 1;
    if out[last] & 0x40 != 0 {
        out[last] |= 0x80;
        out.push(0);
    }
    debug_assert!(out.len() > at);
}

/// Magic, checksum, type and length around a body.
pub fn chunk(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut tail = vec![kind];
    uleb(body.len() as u64, &mut tail);
    tail.extend_from_slice(body);
    let mut out = vec![0x85, 0x6f, 0x4a, 0x83];
    out.extend_from_slice(&Sha256::digest(&tail)[..4]);
    out.extend(tail);
    out
}

/// A change's parts.
pub struct Parts {
    pub deps: Vec<[u8; 32]>,
    pub actor: Vec<u8>,
    pub seq: u64,
    pub start_op: u64,
    pub message: Vec<u8>,
    pub columns: Vec<(u64, Vec<u8>)>,
    pub tail: Vec<u8>,
}

impl Parts {
    pub fn chunk(&self) -> Vec<u8> {
        let mut body = Vec::new();
        uleb(self.deps.len() as u64, &mut body);
        body.extend(self.deps.iter().flatten());
        uleb(self.actor.len() as u64, &mut body);
        body.extend(&self.actor);
        uleb(self.seq, &mut body);
        uleb(self.start_op, &mut body);
        body.push(0); // time
        uleb(self.message.len() as u64, &mut body);
        body.extend(&self.message);
        body.push(0); // other actors
        uleb(self.columns.len() as u64, &mut body);
        for (spec, bytes) in &self.columns {
            uleb(*spec, &mut body);
            uleb(bytes.len() as u64, &mut body);
        }
        body.extend(self.columns.iter().flat_map(|(_, bytes)| bytes));
        body.extend(&self.tail);
        chunk(1, &body)
    }
}

/// Columns of `n` operations that each put nothing at the root's key `a`.
pub fn columns(n: u64) -> Vec<(u64, Vec<u8>)> {
    let repeat = |value: &[u8]| {
        let mut out = Vec::new();
        run(n, &mut out);
        out.extend_from_slice(value);
        out
    };
    let mut inserts = Vec::new();
    uleb(n, &mut inserts);
    vec![
        (0x15, repeat(&[1, b'a'])),
        (0x34, inserts),
        (0x42, repeat(&[1])),
        (0x56, repeat(&[0])),
        (0x70, repeat(&[0])),
    ]
}

/// The body of a chunk: what follows magic, checksum, type and length.
pub fn body(chunk: &[u8]) -> &[u8] {
    let length = chunk[9..].iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
    &chunk[9 + length..]
}

fn read_uleb(bytes: &[u8], at: &mut usize) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = bytes[*at];
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    value
}

/// Where a change's list of columns begins in its body.
fn columns_at(body: &[u8]) -> usize {
    let mut at = 0;
    let skip = |at: &mut usize, each: Option<u64>| {
        let n = read_uleb(body, at) * each.unwrap_or(1);
        *at += usize::try_from(n).unwrap();
    };
    skip(&mut at, Some(32));
    skip(&mut at, None);
    // The sequence number, the first operation, the time.
    for _ in 0..3 {
        read_uleb(body, &mut at);
    }
    skip(&mut at, None);
    for _ in 0..read_uleb(body, &mut at) {
        skip(&mut at, None);
    }
    at
}

/// The same change with one of its columns in another spelling, where the column allows it:
/// a longer number, a run in two halves, a run as single values, a single value as a run.
pub fn respell(body: &[u8], column: usize, how: usize) -> Vec<u8> {
    let start = columns_at(body);
    let mut at = start;
    let count = read_uleb(body, &mut at);
    let mut columns: Vec<(u64, usize)> = (0..count)
        .map(|_| (read_uleb(body, &mut at), usize::try_from(read_uleb(body, &mut at)).unwrap()))
        .collect();
    let mut data: Vec<Vec<u8>> = Vec::new();
    for (_, length) in &columns {
        data.push(body[at..at + length].to_vec());
        at += length;
    }
    let column = column % data.len();
    if let Some(again) = respell_column(&data[column], how) {
        columns[column].1 = again.len();
        data[column] = again;
    }
    let mut out = body[..start].to_vec();
    uleb(count, &mut out);
    for (spec, length) in columns {
        uleb(spec, &mut out);
        uleb(length as u64, &mut out);
    }
    out.extend(data.concat());
    out
}

/// Only runs shorter than 64 of values of one byte: enough of all columns begin with one.
fn respell_column(bytes: &[u8], how: usize) -> Option<Vec<u8>> {
    let (count, value, rest) = (*bytes.first()?, *bytes.get(1).unwrap_or(&0), bytes.get(2..).unwrap_or(&[]));
    let repeats = (2..0x40).contains(&count);
    Some(match how {
        0 if count < 0x40 => [&[count | 0x80, 0], &bytes[1..]].concat(),
        1 if repeats => [&[1, value, count - 1, value], rest].concat(),
        2 if repeats => [&[0x80 - count], vec![value; usize::from(count)].as_slice(), rest].concat(),
        3 if count == 0x7f => [&[1], &bytes[1..]].concat(),
        _ => return None,
    })
}
