//! Reading a bundle.

use bytes::{Buf as _, Bytes, BytesMut};
use proofroom_blobs::{Slice, Span, verify};
use proofroom_entry::{Signed, SignedSnapshot};
use proofroom_ident::{BlobHash, ByteReader, Millis, WorkspaceId};

use super::{HEADER_BYTES, MAGIC, TRAILER_BYTES, VERSION};
use crate::inbox::Inbox;
use crate::limits::{FRAME_BYTES_MAX, Limits};
use crate::message::{DecodeError, Message};
use crate::taking::Taking;
use crate::{Audiences, Code};

/// A file is not a bundle, or not a whole one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// It is something else.
    #[error("the file is not a bundle")]
    NotABundle,
    /// A later version wrote it.
    #[error("the bundle has version {0}, this program reads version {VERSION}")]
    Version(u8),
    /// It ends early: copy it again.
    #[error("the bundle is cut short: it ends after {bytes} bytes, {frames} whole frames")]
    Truncated {
        /// Bytes that are there.
        bytes: u64,
        /// Frames that are there.
        frames: u64,
    },
    /// It was altered.
    #[error("the bundle was altered: {0}")]
    Altered(&'static str),
    /// Bytes follow the trailer.
    #[error("bytes follow the end of the bundle, at byte {0}")]
    Trailing(u64),
    /// A frame is not one that bundles have.
    #[error("bundle, frame {frame}: {why}")]
    Frame {
        /// Its number, from 0.
        frame: u64,
        /// What is wrong.
        why: String,
    },
    /// What claims to be a part of a blob is not.
    #[error("bundle, frame {frame}: the bytes of blob {blob:?} are not that blob")]
    WrongBlob {
        /// The frame's number, from 0.
        frame: u64,
        /// The blob.
        blob: BlobHash,
    },
}

/// What a bundle contains, in order.
#[derive(Clone, Debug)]
pub enum Item {
    /// The header was read.
    Workspace(WorkspaceId),
    /// Entries, not verified yet.
    Entries(Vec<Signed>),
    /// A snapshot in place of entries that the file does not have, not verified yet.
    Snapshot(Box<SignedSnapshot>),
    /// A slice of a blob, verified. Slices of one blob come in any order, some perhaps in another bundle.
    Blob {
        /// The blob.
        blob: BlobHash,
        /// Size of the whole blob.
        total: u64,
        /// The slice.
        slice: Slice,
    },
    /// The trailer was read and the digest is right.
    End {
        /// How many entries there were.
        entries: u64,
    },
}

/// Reads a bundle's bytes as they come: [`Import::push`], [`Import::next`] until `None`, again; at last [`Import::finish`].
#[derive(Debug)]
pub struct Import {
    pending: BytesMut,
    hasher: blake3::Hasher,
    limits: Limits,
    workspace: Option<WorkspaceId>,
    inbox: Inbox,
    taking: Taking,
    bytes: u64,
    frames: u64,
    entries: u64,
    ended: bool,
}

impl Import {
    /// A reader with these limits.
    pub fn new(limits: Limits) -> Self {
        Self {
            pending: BytesMut::new(),
            hasher: blake3::Hasher::new(),
            limits,
            workspace: None,
            inbox: Inbox::default(),
            taking: Taking::default(),
            bytes: 0,
            frames: 0,
            entries: 0,
            ended: false,
        }
    }

    /// Adds the file's next bytes, some 64 KiB at a time.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.pending.extend_from_slice(bytes);
    }

    /// The next item, or `None` when more bytes are needed.
    ///
    /// # Errors
    /// When the bytes are not a bundle's. Nothing after that makes sense.
    #[expect(clippy::should_implement_trait, reason = "`None` means more bytes are needed, not the end")]
    pub fn next(&mut self) -> Result<Option<Item>, BundleError> {
        let Some(workspace) = self.workspace else { return self.header() };
        while !self.ended {
            let Some(len) = self.pending.get(..4) else { return Ok(None) };
            let len = ByteReader::new(len).u32("length").unwrap_or_default();
            let len = usize::try_from(len).unwrap_or(usize::MAX);
            if len == 0 {
                return self.trailer();
            }
            if len > FRAME_BYTES_MAX {
                return Err(self.frame(&DecodeError::TooLarge { bytes: len, max: FRAME_BYTES_MAX }));
            }
            if self.pending.len() < 4 + len {
                return Ok(None);
            }
            let run = self.take(4 + len);
            let item = self.item(run.slice(4..), workspace)?;
            self.frames += 1;
            if item.is_some() {
                return Ok(item);
            }
        }
        match self.pending.is_empty() {
            true => Ok(None),
            false => Err(BundleError::Trailing(self.bytes - self.pending.len() as u64)),
        }
    }

    /// The file ended.
    ///
    /// # Errors
    /// When it ended early.
    pub fn finish(self) -> Result<(), BundleError> {
        match self.ended {
            true => Ok(()),
            false if self.workspace.is_none() && !MAGIC.starts_with(self.magic()) => {
                Err(BundleError::NotABundle)
            }
            false => Err(BundleError::Truncated { bytes: self.bytes, frames: self.frames }),
        }
    }

    fn magic(&self) -> &[u8] {
        &self.pending[..self.pending.len().min(MAGIC.len())]
    }

    fn take(&mut self, n: usize) -> Bytes {
        let run = self.pending.copy_to_bytes(n);
        self.hasher.update(&run);
        run
    }

    fn header(&mut self) -> Result<Option<Item>, BundleError> {
        if !MAGIC.starts_with(self.magic()) {
            return Err(BundleError::NotABundle);
        }
        if let Some(version) = self.pending.get(MAGIC.len()).filter(|v| **v != VERSION) {
            return Err(BundleError::Version(*version));
        }
        if self.pending.len() < HEADER_BYTES {
            return Ok(None);
        }
        let header = self.take(HEADER_BYTES);
        let mut id = [0; 32];
        id.copy_from_slice(&header[MAGIC.len() + 1..]);
        let workspace = WorkspaceId::from_bytes(id);
        self.workspace = Some(workspace);
        Ok(Some(Item::Workspace(workspace)))
    }

    fn trailer(&mut self) -> Result<Option<Item>, BundleError> {
        if self.pending.len() < 4 + TRAILER_BYTES {
            return Ok(None);
        }
        let counts = self.take(4 + 16);
        let digest = self.pending.copy_to_bytes(32);
        if digest != self.hasher.finalize().as_bytes()[..] {
            return Err(BundleError::Altered("its digest is not the one of its bytes"));
        }
        let mut r = ByteReader::new(&counts[4..]);
        let counted = (r.u64("frames").unwrap_or_default(), r.u64("entries").unwrap_or_default());
        if counted != (self.frames, self.entries) {
            return Err(BundleError::Altered("its counts are not those of its contents"));
        }
        if self.inbox.expects_part() {
            return Err(BundleError::Altered("an entry is not whole"));
        }
        self.ended = true;
        Ok(Some(Item::End { entries: self.entries }))
    }

    fn frame(&self, why: &impl ToString) -> BundleError {
        BundleError::Frame { frame: self.frames, why: why.to_string() }
    }

    fn item(&mut self, frame: Bytes, workspace: WorkspaceId) -> Result<Option<Item>, BundleError> {
        match Message::decode(&frame).map_err(|e| self.frame(&e))? {
            Message::Entries(entries) => self.entries(entries, workspace).map(Some),
            Message::Part { total, offset, bytes } => {
                let whole = self.inbox.on_part(total, offset, &bytes, &self.limits);
                match whole.map_err(|e| self.frame(&e.text))? {
                    Some(entry) => self.entries(vec![entry], workspace).map(Some),
                    None => Ok(None),
                }
            }
            Message::SnapshotOffer { doc, id, bytes, .. } => {
                let offered = self.taking.on_offer((doc, id, bytes), Audiences::ALL, &self.limits);
                offered.map_err(|e| self.frame(&e.text))?;
                Ok(None)
            }
            Message::SnapshotPart { doc, id, offset, bytes } => {
                let whole = self.taking.on_part((doc, id, offset), &bytes, workspace);
                let whole = whole.map_err(|e| self.frame(&e.text))?;
                Ok(whole.map(|snapshot| Item::Snapshot(Box::new(snapshot))))
            }
            Message::BlobSlice { blob, total, span, encoded } => {
                self.blob(blob, total, span, &encoded).map(Some)
            }
            _ => Err(self.frame(&Code::BadMessage)),
        }
    }

    fn entries(&mut self, entries: Vec<Bytes>, workspace: WorkspaceId) -> Result<Item, BundleError> {
        self.entries += entries.len() as u64;
        let signed = self.inbox.on_entries(Millis(0), entries, (workspace, Audiences::ALL), &self.limits);
        let signed = signed.map_err(|e| self.frame(&e.text))?;
        // A file needs no confirmations, and has no clock: the batch counts as done at once.
        self.inbox.on_ingested(Vec::new());
        self.inbox.ack(true);
        Ok(Item::Entries(signed))
    }

    fn blob(&self, blob: BlobHash, total: u64, span: Span, encoded: &[u8]) -> Result<Item, BundleError> {
        let wrong = BundleError::WrongBlob { frame: self.frames, blob };
        if total > self.limits.blob_bytes_max || !span.fits(total) {
            return Err(wrong);
        }
        let slice = verify(blob, total, span, encoded).map_err(|_| wrong)?;
        Ok(Item::Blob { blob, total, slice })
    }
}
