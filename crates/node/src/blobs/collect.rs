//! Collecting blobs from a file: slice by slice, going on where an earlier attempt ended.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use proofroom_blob_files::{Finished, Partial, Progress};
use proofroom_blobs::Slice;
use proofroom_ident::{BlobHash, WorkspaceId};

use super::BlobError;
use crate::home::at;
use crate::peer::Peer;

/// Blobs that became whole, and wait to be made durable together.
const FINISHED_MAX: usize = 512;
/// Half-collected blobs whose files stay open.
const OPEN_MAX: usize = 64;

/// Blobs on their way in.
#[derive(Debug, Default)]
pub struct Receiving {
    open: BTreeMap<BlobHash, Partial>,
    finished: Vec<Finished>,
}

impl Receiving {
    /// Takes a slice that was verified. Returns how many blobs became whole by it.
    ///
    /// # Errors
    /// When it cannot be written; what was written before stays.
    pub fn take(
        &mut self,
        peer: &Peer,
        workspace: WorkspaceId,
        blob: BlobHash,
        total: u64,
        slice: &Slice,
    ) -> Result<u64, BlobError> {
        let folder = peer.blobs().folder();
        let known = self.finished.iter().any(|f| f.blob == blob);
        if known || peer.blobs().held(workspace, blob) == Some(total) {
            return Ok(0);
        }
        let path = folder.path(workspace, blob);
        let partial = match self.open.entry(blob) {
            Entry::Occupied(open) => open.remove(),
            Entry::Vacant(_) => {
                Partial::open(folder, workspace, blob, total).map_err(at("collect", &path))?
            }
        };
        if !partial.held().is_all() && partial.held().contains(slice.span) {
            self.hold_open(blob, partial);
            return Ok(0);
        }
        match partial.write(slice).map_err(at("collect", &path))? {
            Progress::More(partial) => {
                self.hold_open(blob, partial);
                Ok(0)
            }
            Progress::Finished(finished) => {
                self.finished.push(finished);
                if self.finished.len() >= FINISHED_MAX {
                    self.finish()?;
                }
                Ok(1)
            }
        }
    }

    fn hold_open(&mut self, blob: BlobHash, partial: Partial) {
        if self.open.len() >= OPEN_MAX {
            _ = self.open.pop_first();
        }
        self.open.insert(blob, partial);
    }

    /// Makes durable what became whole.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn finish(&mut self) -> Result<(), BlobError> {
        let finished = std::mem::take(&mut self.finished);
        let Some(first) = finished.first() else { return Ok(()) };
        let dir = first.folder().workspace(first.workspace);
        Ok(Finished::keep_all(&finished).map_err(at("keep blobs in", &dir))?)
    }
}
