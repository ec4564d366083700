//! Entries that just became durable, encoded once for all their readers.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use proofroom_entry::Verified;
use proofroom_ident::{Audience, DocId, LogId, SignerKey};

use crate::limits::ENTRIES_BYTES_MAX;
use crate::message::entries_frame;

/// A batch for one audience. Cheap to clone: readers share its frame.
#[derive(Clone, Debug)]
pub struct Live(Arc<Batch>);

#[derive(Debug)]
struct Batch {
    audience: Audience,
    /// Absent where one entry is too large for a frame: readers then read it from the store.
    frame: Option<Bytes>,
    places: Vec<(DocId, LogId, u64)>,
    authors: BTreeSet<SignerKey>,
    bytes: u64,
}

impl Live {
    /// Cuts `entries` into batches of one audience and one frame each, order kept.
    pub fn batches(entries: &[Verified]) -> Vec<Self> {
        let mut out = Vec::new();
        let mut rest = entries;
        while let Some(first) = rest.first() {
            let audience = first.header().audience;
            let mut bytes = 0;
            let fits = |e: &&Verified| {
                bytes += e.bytes().len() + 4;
                e.header().audience == audience && bytes <= ENTRIES_BYTES_MAX
            };
            let n = rest.iter().take_while(fits).count().max(1);
            out.push(Self::of(audience, &rest[..n]));
            rest = &rest[n..];
        }
        out
    }

    fn of(audience: Audience, entries: &[Verified]) -> Self {
        let bytes: usize = entries.iter().map(|e| e.bytes().len()).sum();
        let places = entries.iter().map(|e| (e.header().doc, e.header().log, e.header().seq)).collect();
        let frame =
            (bytes <= ENTRIES_BYTES_MAX).then(|| entries_frame(entries.iter().map(|e| e.bytes().as_ref())));
        let authors = entries.iter().map(|e| e.header().author).collect();
        Self(Arc::new(Batch { audience, frame, places, authors, bytes: bytes as u64 }))
    }

    /// Who may read it.
    pub fn audience(&self) -> Audience {
        self.0.audience
    }

    /// How many entries it has.
    pub fn entries(&self) -> usize {
        self.0.places.len()
    }

    /// Their size, in bytes.
    pub fn bytes(&self) -> u64 {
        self.0.bytes
    }

    /// The shared frame.
    pub(crate) fn frame(&self) -> Option<&Bytes> {
        self.0.frame.as_ref()
    }

    /// The devices that wrote them.
    pub(crate) fn authors(&self) -> &BTreeSet<SignerKey> {
        &self.0.authors
    }

    /// Document, log and position of each entry.
    pub(crate) fn places(&self) -> &[(DocId, LogId, u64)] {
        &self.0.places
    }
}

#[cfg(test)]
mod tests {
    use proofroom_entry::EntryKind;
    use proofroom_store::MemoryStore;

    use super::*;
    use crate::samples::{device, doc, team_doc, write};

    /// How many entries each batch has.
    fn cut(written: &[(u8, DocId, usize)]) -> Vec<usize> {
        let mut store = MemoryStore::new();
        let one = |(seed, doc, bytes): &(u8, DocId, usize)| {
            write(&mut store, *seed, (*doc, EntryKind::Change), 1, *bytes)
        };
        let entries: Vec<Verified> = written.iter().flat_map(one).collect();
        let all = Live::batches(&entries);
        let mut rest = &entries[..];
        for live in &all {
            let of;
            (of, rest) = rest.split_at(live.entries());
            assert!(of.iter().all(|e| e.header().audience == live.audience()));
            assert_eq!(live.bytes(), of.iter().map(|e| e.bytes().len() as u64).sum::<u64>());
            let places: Vec<_> =
                of.iter().map(|e| (e.header().doc, e.header().log, e.header().seq)).collect();
            assert_eq!(live.places(), places);
            let by = written[entries.len() - rest.len() - of.len()..][..of.len()]
                .iter()
                .map(|(seed, ..)| device(*seed));
            assert_eq!(*live.authors(), by.collect());
            let fits = live.bytes() <= ENTRIES_BYTES_MAX as u64;
            let frame = fits.then(|| entries_frame(of.iter().map(|e| e.bytes().as_ref())));
            assert_eq!(live.frame(), frame.as_ref());
        }
        assert!(rest.is_empty());
        all.iter().map(Live::entries).collect()
    }

    #[test]
    fn a_batch_has_one_audience_and_fits_a_frame() {
        assert_eq!(cut(&[]), [0; 0]);
        assert_eq!(
            cut(&[(1, doc(1), 500), (2, doc(2), 500), (1, team_doc(1), 500), (1, doc(1), 500)]),
            [2, 1, 1]
        );
        let half = ENTRIES_BYTES_MAX / 2 - 4;
        assert_eq!(cut(&[(1, doc(1), half), (1, doc(1), half), (1, doc(1), half)]), [2, 1]);
        assert_eq!(cut(&[(1, doc(1), half), (1, doc(1), half + 1)]), [1, 1]);
        assert_eq!(cut(&[(1, doc(1), ENTRIES_BYTES_MAX), (1, doc(1), ENTRIES_BYTES_MAX + 1)]), [1, 1]);
    }
}
