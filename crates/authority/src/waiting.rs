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

#[cfg(test)]
mod tests {
    use proofroom_ident::{LogId, Millis, SignerKey};

    use super::*;
    use crate::op::Op;

    fn hash(n: usize) -> EntryHash {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&(n as u64).to_le_bytes());
        EntryHash::from_bytes(bytes)
    }

    fn pending(payload_bytes: usize) -> Pending {
        let (author, log, prev) = (SignerKey::ZERO, LogId::ZERO, EntryHash::ZERO);
        let act = Act { author, log, seq: 1, prev, at: Millis(0), op: Op::Merge };
        Pending { act, parents: Vec::new(), payload_bytes }
    }

    #[test]
    fn there_is_room_for_so_many_bytes() {
        let (mut waiting, [one, other]) = (Waiting::default(), [hash(1), hash(2)]);
        assert!(waiting.keep(hash(10), one, pending(WAITING_BYTES_MAX - 7)));
        assert!(!waiting.keep(hash(11), other, pending(8)));
        assert!(waiting.keep(hash(11), other, pending(7)));
        assert_eq!((waiting.release(one).len(), waiting.len()), (1, 1));
        assert!(!waiting.keep(hash(12), one, pending(WAITING_BYTES_MAX - 6)));
        assert!(waiting.keep(hash(12), one, pending(WAITING_BYTES_MAX - 7)));
    }

    #[test]
    fn there_is_room_for_so_many_entries() {
        let mut waiting = Waiting::default();
        let kept = (0..WAITING_MAX).all(|n| waiting.keep(hash(100 + n), hash(n % 2), pending(0)));
        assert!(kept && !waiting.keep(hash(99), hash(0), pending(0)));
        assert_eq!(waiting.release(hash(0)).len(), WAITING_MAX / 2);
        assert!(waiting.keep(hash(99), hash(0), pending(0)));
        assert_eq!(waiting.missing().collect::<Vec<_>>(), [hash(0), hash(1)]);
    }
}
