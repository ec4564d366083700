//! A blob on its way in.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use proofroom_blobs::{Held, NODE_BYTES, SLICE_BYTES, Slice, Span, prove};
use proofroom_ident::{BlobHash, WorkspaceId};

use crate::folder::{Folder, TreeFile, new_file};
use crate::keep::Finished;

const HELD_HEADER_BYTES: u64 = 8;

/// What a slice led to.
#[derive(Debug)]
pub enum Progress {
    /// There is more to come.
    More(Partial),
    /// All is there; it still has to be made durable.
    Finished(Finished),
}

/// The files of a blob of which something is missing.
#[derive(Debug)]
pub struct Partial {
    folder: Folder,
    workspace: WorkspaceId,
    blob: BlobHash,
    held: Held,
    files: Option<Files>,
}

#[derive(Debug)]
struct Files {
    data: File,
    tree: File,
    bits: File,
}

impl Partial {
    /// Goes on with what is here of a blob of `total` bytes. What is claimed to be here is verified.
    ///
    /// # Errors
    /// When files are there and cannot be read.
    pub fn open(folder: &Folder, workspace: WorkspaceId, blob: BlobHash, total: u64) -> io::Result<Self> {
        folder.make(workspace)?;
        let claimed = Self::claimed(&folder.part_held_path(workspace, blob));
        let mut partial =
            Self { folder: folder.clone(), workspace, blob, held: Held::none(total), files: None };
        match claimed {
            Some(held) if held.total() == total => {
                let files = partial.open_files(false)?;
                let sound = sound_parts(blob, &held, &files)?;
                let lost = sound != held;
                partial.held = sound;
                partial.files = Some(files);
                if lost {
                    partial.write_all_bits()?;
                }
            }
            // Somebody was wrong about its length: begin anew.
            Some(_) => _ = folder.remove(workspace, blob)?,
            None => {}
        }
        Ok(partial)
    }

    /// What of it is here.
    pub fn held(&self) -> &Held {
        &self.held
    }

    /// The bits of a file; `None` where it is missing or not one.
    pub(crate) fn claimed(path: &Path) -> Option<Held> {
        let bytes = fs::read(path).ok()?;
        let (total, bits) = bytes.split_first_chunk::<8>()?;
        let total = u64::from_le_bytes(*total);
        // One bit per group: a claim that the file is too short for is none.
        (bits.len() as u64 == Held::bits_bytes(total)).then(|| Held::from_bytes(total, bits))?
    }

    /// Takes a slice that was verified.
    ///
    /// # Errors
    /// When it cannot be written; what was written before stays.
    pub fn write(mut self, slice: &Slice) -> io::Result<Progress> {
        let whole = slice.span.offset == 0 && slice.span.bytes == self.held.total();
        let written = if whole { self.write_whole(slice) } else { self.write_part(slice) };
        written?;
        Ok(match self.held.is_all() {
            true => Progress::Finished(self.finished()),
            false => Progress::More(self),
        })
    }

    /// Small blobs come in one slice: no bits, no tree.
    fn write_whole(&mut self, slice: &Slice) -> io::Result<()> {
        let data = new_file(&self.folder.part_path(self.workspace, self.blob))?;
        data.write_all_at(&slice.bytes, 0)?;
        self.held.add(slice.span);
        Ok(())
    }

    fn write_part(&mut self, slice: &Slice) -> io::Result<()> {
        if self.files.is_none() {
            self.files = Some(self.open_files(true)?);
            self.write_all_bits()?;
        }
        let Some(files) = &self.files else { return Ok(()) };
        files.data.write_all_at(&slice.bytes, slice.span.offset)?;
        // Pairs of one slice mostly follow each other: few writes.
        let mut run: Vec<u8> = Vec::with_capacity(slice.nodes.len() * NODE_BYTES);
        let mut begins = 0;
        for (number, pair) in &slice.nodes {
            if !run.is_empty() && *number != begins + (run.len() / NODE_BYTES) as u64 {
                files.tree.write_all_at(&run, begins * NODE_BYTES as u64)?;
                run.clear();
            }
            if run.is_empty() {
                begins = *number;
            }
            run.extend_from_slice(pair);
        }
        files.tree.write_all_at(&run, begins * NODE_BYTES as u64)?;
        self.held.add(slice.span);
        let (at, bits) = self.held.bytes_of(slice.span);
        files.bits.write_all_at(&bits, HELD_HEADER_BYTES + at)
    }

    fn write_all_bits(&mut self) -> io::Result<()> {
        let Some(files) = &self.files else { return Ok(()) };
        files.bits.write_all_at(&self.held.total().to_le_bytes(), 0)?;
        files.bits.write_all_at(&self.held.to_bytes(), HELD_HEADER_BYTES)
    }

    fn open_files(&self, anew: bool) -> io::Result<Files> {
        let open = |path: &Path| {
            let mut options = fs::OpenOptions::new();
            options.read(true).write(true).create(true).truncate(anew).mode(0o600).open(path)
        };
        Ok(Files {
            data: open(&self.folder.part_path(self.workspace, self.blob))?,
            tree: open(&self.folder.part_tree_path(self.workspace, self.blob))?,
            bits: open(&self.folder.part_held_path(self.workspace, self.blob))?,
        })
    }

    pub(crate) fn finished(self) -> Finished {
        let tree = self.files.is_some();
        Finished::new(self.folder, self.workspace, self.blob, self.held.total(), tree)
    }
}

/// The claimed parts whose bytes and hash pairs are the blob's.
fn sound_parts(blob: BlobHash, claimed: &Held, files: &Files) -> io::Result<Held> {
    let tree = TreeFile(files.tree.try_clone()?);
    let mut sound = claimed.clone();
    let mut bytes = vec![0; usize::try_from(SLICE_BYTES).unwrap_or(0)];
    for span in claimed.spans() {
        let bytes = &mut bytes[..usize::try_from(span.bytes).unwrap_or(0)];
        let read = files.data.read_exact_at(bytes, span.offset);
        if read.and_then(|()| prove(blob, claimed.total(), span, bytes, &tree)).is_err() {
            sound.remove(Span { ..span });
        }
    }
    Ok(sound)
}
