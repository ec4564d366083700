//! Entries that came before their parents.

use std::collections::BTreeMap;

use proofroom_ident::EntryHash;

use crate::mandate::Act;

/// Most entries that wait at once.
pub const WAITING_MAX: usize = 10_000;
/// Most bytes of payload that wait at once.
pub const WAITING_BYTES_MAX: usize = 64 << 20;

/// An entry that is checked by itself, and the entries that it stands on.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub act: Act,
    pub parents: Vec<EntryHash>,
    pub payload_bytes: usize,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Waiting {
    entries: BTreeMap<EntryHash, Pending>,
    /// One missing parent of each, and who waits for it.
    by_missing: BTreeMap<EntryHash, Vec<EntryHash>>,
    bytes: usize,
}

impl Waiting {
    pub fn contains(&self, entry: EntryHash) -> bool {
        self.entries.contains_key(&entry)
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Parents that entries wait for and that nobody handed in.
    pub fn missing(&self) -> impl Iterator<Item = EntryHash> {
        self.by_missing.keys().copied().filter(|parent| !self.contains(*parent))
    }

    /// Keeps an entry until `missing` comes; `false` when there is no room.
    pub fn keep(&mut self, entry: EntryHash, missing: EntryHash, pending: Pending) -> bool {
        if self.entries.len() >= WAITING_MAX || self.bytes + pending.payload_bytes > WAITING_BYTES_MAX {
            return false;
        }
        self.bytes += pending.payload_bytes;
        self.by_missing.entry(missing).or_default().push(entry);
        self.entries.insert(entry, pending);
        true
    }

    /// Hands out the entries that waited for `parent`; they may lack others still.
    pub fn release(&mut self, parent: EntryHash) -> Vec<(EntryHash, Pending)> {
        let freed = self.by_missing.remove(&parent).unwrap_or_default();
        let out: Vec<_> = freed.into_iter().filter_map(|e| Some((e, self.entries.remove(&e)?))).collect();
        self.bytes -= out.iter().map(|(_, pending)| pending.payload_bytes).sum::<usize>();
        out
    }
}
