//! Writing a bundle.

use bytes::Bytes;
use proofroom_blobs::Span;
use proofroom_entry::Snapshot;
use proofroom_ident::{BlobHash, ByteWriter, DocId, Millis, WorkspaceId};
use proofroom_store::{Store, StoreError};

use super::{MAGIC, VERSION};
use crate::Audiences;
use crate::message::Message;
use crate::outbox::Outbox;

/// Makes a bundle's bytes, run by run: header, entries, blobs as the caller reads them, trailer.
#[derive(Debug)]
pub struct Export {
    workspace: WorkspaceId,
    outbox: Outbox,
    /// Snapshots that stand for what is not held here.
    offers: Vec<Bytes>,
    hasher: blake3::Hasher,
    frames: u64,
    entries: u64,
}

impl Export {
    /// Begins a bundle of the documents that `reads` covers; `first` go first. Returns the header too.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn begin(
        store: &dyn Store,
        workspace: WorkspaceId,
        reads: Audiences,
        first: &[DocId],
    ) -> Result<(Self, Bytes), StoreError> {
        let mut outbox = Outbox::default();
        let mut offers = Vec::new();
        let docs = store.docs(workspace)?;
        for d in docs.iter().filter(|d| reads.contains(d.audience)) {
            outbox.add_whole(d.doc, d.entries);
            if let Some(snapshot) = stands_for_bases(store, workspace, d.doc)? {
                offers.push(outbox.giving.give_unasked(&snapshot).encode());
            }
        }
        let entries = outbox.queued();
        outbox.prefer(first.to_vec());
        let mut export =
            Self { workspace, outbox, offers, hasher: blake3::Hasher::new(), frames: 0, entries };
        let mut w = ByteWriter::default();
        w.put(MAGIC).u8(VERSION).put(workspace.as_bytes());
        let header = export.hashed(w);
        Ok((export, header))
    }

    /// How many entries the bundle will have.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// The next run of entries; `None` when all are written.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn next_entries(&mut self, store: &dyn Store) -> Result<Option<Bytes>, StoreError> {
        if !self.offers.is_empty() {
            let offers = std::mem::take(&mut self.offers);
            return Ok(Some(self.framed(&offers)));
        }
        let Some(frames) = self.outbox.next_batch(Millis(0), store, self.workspace)? else { return Ok(None) };
        self.outbox.forget_window();
        Ok(Some(self.framed(&frames)))
    }

    /// One slice of a blob, with its hash pairs.
    pub fn blob(&mut self, blob: BlobHash, total: u64, span: Span, encoded: Bytes) -> Bytes {
        let frame = Message::BlobSlice { blob, total, span, encoded }.encode();
        self.framed(&[frame])
    }

    /// The trailer: the bundle is whole.
    pub fn finish(mut self) -> Bytes {
        let mut w = ByteWriter::default();
        w.u32(0).u64(self.frames).u64(self.entries);
        let counts = self.hashed(w);
        [&counts[..], self.hasher.finalize().as_bytes()].concat().into()
    }

    fn framed(&mut self, frames: &[Bytes]) -> Bytes {
        let mut w = ByteWriter::with_capacity(frames.iter().map(|f| f.len() + 4).sum());
        for frame in frames {
            w.run(frame);
            self.frames += 1;
        }
        self.hashed(w)
    }

    fn hashed(&mut self, w: ByteWriter) -> Bytes {
        let bytes = w.finish();
        self.hasher.update(&bytes);
        bytes.into()
    }
}

/// The best snapshot that stands for all entries of a document that are not held here.
fn stands_for_bases(
    store: &dyn Store,
    workspace: WorkspaceId,
    doc: DocId,
) -> Result<Option<Snapshot>, StoreError> {
    let bases = store.bases(workspace, doc)?;
    if bases.is_empty() {
        return Ok(None);
    }
    let covers = |snapshot: &Snapshot| {
        bases
            .iter()
            .map(|base| base.header())
            .all(|base| snapshot.row(base.log).is_some_and(|row| row.header().seq >= base.seq))
    };
    Ok(store.snapshots(workspace, doc)?.into_iter().find(covers))
}
