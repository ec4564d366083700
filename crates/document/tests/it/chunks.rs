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
