//! A store's file, as accidents leave it.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// From an entry's author on, most of its header.
const DAMAGED_BYTES: usize = 256;

/// Makes a store one of a version that is not written yet.
///
/// # Panics
/// When it is no store, or cannot be written.
pub fn age(path: &Path) {
    let store = redb::Database::create(path).expect("the store is a redb file");
    let write = store.begin_write().expect("nobody else writes");
    let schema = redb::TableDefinition::<&str, u32>::new("schema");
    write.open_table(schema).expect("it has a schema").insert("schema", 99).expect("it can be written");
    write.commit().expect("it can be written");
}

/// Overwrites a part of every page that holds an entry, or an older copy of it. `line` is what `log` tells of it.
///
/// # Panics
/// When the entry is nowhere in the file.
pub fn damage(path: &Path, line: &Value) {
    let seq = line["seq"].as_u64().expect("an entry has its place").to_le_bytes();
    let place = [hex(&line["device"]), hex(&line["log"]), seq.to_vec()].concat();
    let mut bytes = fs::read(path).expect("the store is there");
    let held = bytes.windows(place.len()).enumerate().filter(|(_, window)| *window == place);
    let found: Vec<usize> = held.map(|(at, _)| at).collect();
    assert!(!found.is_empty(), "{line} is nowhere in {}", path.display());
    for at in found {
        bytes[at..at + DAMAGED_BYTES].fill(0xa5);
    }
    fs::write(path, bytes).expect("it can be written");
}

fn hex(value: &Value) -> Vec<u8> {
    let digits = value.as_str().expect("an id is text").as_bytes();
    let value = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("digits"), 16);
    digits.chunks(2).map(|pair| value(pair).expect("two digits of sixteen")).collect()
}
