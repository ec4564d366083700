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
