//! Archives: which of their parts came, went or changed.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};

use serde::{Deserialize, Serialize};
use zip::ZipArchive;

const ENTRIES_MAX: usize = 20_000;
/// Most names that are told of each list.
const NAMES_MAX: usize = 500;

/// A part of an archive, as its directory describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    name: String,
    bytes: u64,
    crc: u32,
}

/// What changed in an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchiveChanges {
    /// Parts that are new.
    pub added: Vec<String>,
    /// Parts that are gone.
    pub removed: Vec<String>,
    /// Parts whose bytes are others.
    pub changed: Vec<String>,
    /// So many more are not listed.
    pub left_out: u64,
}

impl ArchiveChanges {
    /// Whether any part changed.
    pub fn is_changed(&self) -> bool {
        !(self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty())
    }
}

fn open(bytes: &[u8]) -> Result<ZipArchive<Cursor<&[u8]>>, String> {
    let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|e| format!("it is no sound archive: {e}"))?;
    match archive.len() {
        count if count > ENTRIES_MAX => Err(format!("it has {count} parts, the limit is {ENTRIES_MAX}")),
        _ => Ok(archive),
    }
}

/// What an archive's directory lists, folders left out.
pub(crate) fn entries(bytes: &[u8]) -> Result<Vec<Entry>, String> {
    let mut archive = open(bytes)?;
    let mut all = Vec::new();
    for index in 0..archive.len() {
        let file = archive.by_index_raw(index).map_err(|e| e.to_string())?;
        if !file.is_dir() {
            let name = file.name().map_err(|e| e.to_string())?.into_owned();
            all.push(Entry { name, bytes: file.size(), crc: file.crc32() });
        }
    }
    Ok(all)
}

/// One part of an archive, inflated to `bytes_max` at most.
pub(crate) fn part(bytes: &[u8], name: &str, bytes_max: u64) -> Result<Vec<u8>, String> {
    let mut archive = open(bytes)?;
    let file = archive.by_name(name).map_err(|e| format!("{name}: {e}"))?;
    let mut part = Vec::new();
    file.take(bytes_max + 1).read_to_end(&mut part).map_err(|e| format!("{name}: {e}"))?;
    if part.len() as u64 > bytes_max {
        return Err(format!("{name} has more than {} MB", bytes_max >> 20));
    }
    Ok(part)
}

pub(crate) fn compare_archives(before: &[Entry], after: &[Entry]) -> ArchiveChanges {
    let by_name = |all: &[Entry]| -> BTreeMap<String, (u64, u32)> {
        all.iter().map(|e| (e.name.clone(), (e.bytes, e.crc))).collect()
    };
    let (old, new) = (by_name(before), by_name(after));
    let mut changes = ArchiveChanges::default();
    let mut note = |list: fn(&mut ArchiveChanges) -> &mut Vec<String>, name: &String| {
        if list(&mut changes).len() < NAMES_MAX {
            list(&mut changes).push(name.clone());
        } else {
            changes.left_out += 1;
        }
    };
    for (name, entry) in &new {
        match old.get(name) {
            None => note(|c| &mut c.added, name),
            Some(earlier) if earlier != entry => note(|c| &mut c.changed, name),
            Some(_) => {}
        }
    }
    old.keys().filter(|name| !new.contains_key(*name)).for_each(|name| note(|c| &mut c.removed, name));
    changes
}
