//! An entry's payload, as it lies in a store's file.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// Where an entry's header names its author; its log and its place in it follow.
const AUTHOR_AT: usize = 51;
/// Where its payload begins: after header and signature.
const SIGNED_BYTES: usize = 383;
/// How much of a payload tells it from every other.
const PAYLOAD_SEEN: usize = 64;

/// The first bytes of an entry's payload. `line` is what `log` tells of it.
///
/// # Panics
/// When the entry is nowhere in the file.
pub fn payload_of(path: &Path, line: &Value) -> Vec<u8> {
    let seq = line["seq"].as_u64().expect("an entry has its place").to_le_bytes();
    let place = [hex(&line["device"]), hex(&line["log"]), seq.to_vec()].concat();
    let bytes = fs::read(path).expect("the store is there");
    let found = bytes.windows(place.len()).position(|window| window == place);
    let at = found.unwrap_or_else(|| panic!("{line} is nowhere in {}", path.display()));
    bytes[at - AUTHOR_AT + SIGNED_BYTES..][..PAYLOAD_SEEN].to_vec()
}

fn hex(value: &Value) -> Vec<u8> {
    let digits = value.as_str().expect("an id is text").as_bytes();
    let value = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("digits"), 16);
    digits.chunks(2).map(|pair| value(pair).expect("two digits of sixteen")).collect()
}
