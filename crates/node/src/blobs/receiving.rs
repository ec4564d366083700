//! Collecting a blob from elsewhere.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;

use proofroom_ident::{BlobHash, WorkspaceId};

use super::{BlobError, Blobs, discard};
use crate::home::at;

/// A blob on its way in.
#[derive(Debug)]
pub struct Receiving {
    temp: PathBuf,
    file: File,
    blob: BlobHash,
    workspace: WorkspaceId,
    total: u64,
    done: u64,
    hasher: blake3::Hasher,
}

impl Receiving {
    pub(super) fn new(temp: PathBuf, file: File, blob: BlobHash, workspace: WorkspaceId, total: u64) -> Self {
        Self { temp, file, blob, workspace, total, done: 0, hasher: blake3::Hasher::new() }
    }

    /// Takes the next piece. `true` once all of it is there.
    ///
    /// # Errors
    /// When the piece is not the next one, or cannot be written.
    pub fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<bool, BlobError> {
        let end = self.done.saturating_add(bytes.len() as u64);
        if offset != self.done || end > self.total {
            return Err(BlobError::OutOfTurn(self.blob));
        }
        self.file.write_all(bytes).map_err(at("write", &self.temp))?;
        self.hasher.update(bytes);
        self.done = end;
        Ok(self.done == self.total)
    }

    /// Keeps the blob, if it has the hash that it was asked for by. Returns its length.
    ///
    /// # Errors
    /// When it has not, or cannot be made durable; nothing is left behind.
    pub fn finish(self, blobs: &Blobs) -> Result<u64, BlobError> {
        if self.hasher.finalize().as_bytes() != self.blob.as_bytes() {
            return Err(BlobError::Wrong { what: format!("blob {}", self.blob), path: self.temp.clone() });
        }
        self.file.sync_all().map_err(at("flush", &self.temp))?;
        blobs.keep(self.workspace, &self.temp, self.blob)?;
        Ok(self.total)
    }
}

impl Drop for Receiving {
    fn drop(&mut self) {
        // Kept under its hash by now, or not wanted.
        discard(&self.temp);
    }
}
