//! The bytes of files: ciphertext, named by its hash.
//!
//! Files, names and crash story are those of `proofroom-blob-files`, below
//! `HOME/blobs`. This is what only a member can do with them: make blobs of files,
//! and files of blobs.
//!
//! Reading checks again: disks rot, and people copy files about.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use proofroom_blob_files::Folder;
use proofroom_ident::{BlobHash, ContentHash, WorkspaceId};
use proofroom_review::BlobRef;
use proofroom_review::media::SNIFF_BYTES;
use proofroom_seal::{BlobKey, BlobTooLong};

pub mod collect;
mod error;
pub mod holders;
mod plain;
pub mod policy;

pub use error::BlobError;

use crate::home::{Home, at, new_file, sync_dir, temp_beside};

/// How long a half-fetched blob waits to be gone on with.
const HALF_KEPT_FOR: Duration = Duration::from_secs(30 * 24 * 3_600);

/// Bytes read, encrypted and written at a time.
const PIECE_BYTES: usize = 256 << 10;

/// A file that became a blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    /// Where its ciphertext is.
    pub blob: BlobHash,
    /// Which file it is.
    pub content: ContentHash,
    /// Its length.
    pub bytes: u64,
    /// Its beginning, to tell what it is.
    pub head: Vec<u8>,
}

/// The blobs of this machine.
#[derive(Clone, Debug)]
pub struct Blobs {
    folder: Folder,
}

impl Blobs {
    /// The blobs in a home directory.
    pub fn new(home: &Home) -> Self {
        Self { folder: Folder::new(home.path("blobs")) }
    }

    /// The files.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Removes what a crashed process left half-made. Only for the store's owner.
    ///
    /// # Errors
    /// When a directory is there and cannot be listed.
    pub fn sweep(&self) -> Result<(), BlobError> {
        Ok(self.folder.sweep(HALF_KEPT_FOR).map_err(at("clean up", self.folder.dir()))?)
    }

    fn path(&self, workspace: WorkspaceId, blob: BlobHash) -> PathBuf {
        self.folder.path(workspace, blob)
    }

    /// The length of a blob that is held.
    pub fn held(&self, workspace: WorkspaceId, blob: BlobHash) -> Option<u64> {
        self.folder.held(workspace, blob)
    }

    /// Encrypts a file into a new blob, reading it once. `tell` hears of every piece.
    ///
    /// # Errors
    /// When the file cannot be read whole, or the blob cannot be made durable; nothing is left behind.
    pub fn add(
        &self,
        workspace: WorkspaceId,
        source: &Path,
        key: &BlobKey,
        mut tell: impl FnMut(u64),
    ) -> Result<Added, BlobError> {
        let unread = |error| BlobError::Source { path: source.to_owned(), error };
        let mut file = File::open(source).map_err(unread)?;
        let meta = file.metadata().map_err(unread)?;
        if !meta.is_file() {
            return Err(BlobError::NotAFile(source.to_owned()));
        }
        let mut sealing = Sealing {
            file: &mut file,
            key,
            plain: blake3::Hasher::new(),
            bytes: 0,
            head: Vec::new(),
            failed: None,
            tell: &mut tell,
        };
        let stem = format!("new-{}", short_name(key));
        let made = self.folder.write_new(workspace, &stem, meta.len(), &mut sealing);
        if let Some(failed) = sealing.failed.take() {
            return Err(failed.into_error(source));
        }
        // What was announced is read; is that all there is?
        let more = made.is_ok() && sealing.file.read(&mut [0]).map_err(unread)? > 0;
        let changed = |found| BlobError::Changed { path: source.to_owned(), was: meta.len(), found };
        match made {
            Ok(blob) if more => {
                self.forget(workspace, blob);
                Err(changed(meta.len() + 1))
            }
            Ok(blob) => {
                let content = ContentHash::from_bytes(*sealing.plain.finalize().as_bytes());
                Ok(Added { blob, content, bytes: sealing.bytes, head: sealing.head })
            }
            Err(_) if sealing.bytes < meta.len() && sealing.ended() => Err(changed(sealing.bytes)),
            Err(error) => Err(at("write a blob in", self.folder.dir())(error).into()),
        }
    }

    /// Removes blobs that nothing came to refer to.
    pub fn forget(&self, workspace: WorkspaceId, blob: BlobHash) {
        // A leftover is collected later.
        let _gone = self.folder.remove(workspace, blob);
    }

    /// Up to `max` bytes of a blob's ciphertext, and its whole length.
    ///
    /// # Errors
    /// When it is not held, or cannot be read.
    pub fn piece(
        &self,
        workspace: WorkspaceId,
        blob: BlobHash,
        offset: u64,
        max: usize,
    ) -> Result<(Vec<u8>, u64), BlobError> {
        let path = self.path(workspace, blob);
        let mut file = match File::open(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(BlobError::Absent(blob.to_hex())),
            opened => opened.map_err(at("open", &path))?,
        };
        let total = file.metadata().map_err(at("read", &path))?.len();
        file.seek(SeekFrom::Start(offset)).map_err(at("read", &path))?;
        let mut bytes = Vec::new();
        file.take(max as u64).read_to_end(&mut bytes).map_err(at("read", &path))?;
        Ok((bytes, total))
    }

    /// Whether a blob's bytes still have its hash.
    ///
    /// # Errors
    /// When it is not held, or cannot be read.
    pub fn is_sound(
        &self,
        workspace: WorkspaceId,
        blob: BlobHash,
        mut tell: impl FnMut(u64),
    ) -> Result<bool, BlobError> {
        let (mut hasher, mut offset) = (blake3::Hasher::new(), 0);
        loop {
            let (piece, _) = self.piece(workspace, blob, offset, PIECE_BYTES)?;
            if piece.is_empty() {
                return Ok(hasher.finalize().as_bytes() == blob.as_bytes());
            }
            hasher.update(&piece);
            offset += piece.len() as u64;
            tell(piece.len() as u64);
        }
    }

    /// Writes a blob's plaintext to `target`, which appears whole or not at all.
    ///
    /// # Errors
    /// When the blob is absent or not what was signed, or the target cannot be written.
    pub fn export(
        &self,
        workspace: WorkspaceId,
        name: &str,
        reference: &BlobRef,
        target: &Path,
        mut tell: impl FnMut(u64),
    ) -> Result<(), BlobError> {
        if reference.is_erased() {
            return Err(BlobError::Erased(name.to_owned()));
        }
        let path = self.path(workspace, reference.blob);
        if !path.exists() {
            return Err(BlobError::Absent(name.to_owned()));
        }
        let temp = temp_beside(target);
        let mut out = new_file(&temp)?;
        let done = self.open_into(workspace, name, reference, &mut out, &temp, &mut tell).and_then(|()| {
            out.sync_all().map_err(at("flush", &temp))?;
            fs::rename(&temp, target).map_err(at("write", target))?;
            Ok(sync_dir(target.parent().unwrap_or(Path::new(".")))?)
        });
        if done.is_err() {
            discard(&temp);
        }
        done
    }

    fn open_into(
        &self,
        workspace: WorkspaceId,
        name: &str,
        reference: &BlobRef,
        out: &mut File,
        temp: &Path,
        tell: &mut impl FnMut(u64),
    ) -> Result<(), BlobError> {
        let path = self.path(workspace, reference.blob);
        let key = BlobKey::from_bytes(*reference.key.as_bytes());
        let (mut sealed, mut plain) = (blake3::Hasher::new(), blake3::Hasher::new());
        let mut offset = 0;
        loop {
            let (mut piece, _) = self.piece(workspace, reference.blob, offset, PIECE_BYTES)?;
            if piece.is_empty() {
                break;
            }
            sealed.update(&piece);
            key.apply(offset, &mut piece)?;
            plain.update(&piece);
            out.write_all(&piece).map_err(at("write", temp))?;
            offset += piece.len() as u64;
            tell(piece.len() as u64);
        }
        let right = sealed.finalize().as_bytes() == reference.blob.as_bytes()
            && plain.finalize().as_bytes() == reference.content.as_bytes();
        if right { Ok(()) } else { Err(BlobError::Wrong { what: format!("`{name}`"), path }) }
    }
}

/// Reads a file, encrypted.
struct Sealing<'a, F> {
    file: &'a mut File,
    key: &'a BlobKey,
    plain: blake3::Hasher,
    bytes: u64,
    head: Vec<u8>,
    failed: Option<Failed>,
    tell: &'a mut F,
}

/// Why reading ended, beyond what a reader can say.
enum Failed {
    Read(io::Error),
    TooLong(BlobTooLong),
}

impl Failed {
    fn into_error(self, source: &Path) -> BlobError {
        match self {
            Self::Read(error) => BlobError::Source { path: source.to_owned(), error },
            Self::TooLong(error) => error.into(),
        }
    }
}

impl<F: FnMut(u64)> Sealing<'_, F> {
    /// Whether nothing more comes from the file.
    fn ended(&mut self) -> bool {
        matches!(self.file.read(&mut [0]), Ok(0))
    }
}

impl<F: FnMut(u64)> io::Read for Sealing<'_, F> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(into).map_err(|e| {
            let told = io::Error::new(e.kind(), e.to_string());
            self.failed = Some(Failed::Read(e));
            told
        })?;
        let piece = &mut into[..n];
        self.head.extend_from_slice(&piece[..n.min(SNIFF_BYTES - self.head.len())]);
        self.plain.update(piece);
        if let Err(e) = self.key.apply(self.bytes, piece) {
            self.failed = Some(Failed::TooLong(e));
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes += n as u64;
        (self.tell)(n as u64);
        Ok(n)
    }
}

/// A name for a temporary file that gives nothing of the key away.
fn short_name(key: &BlobKey) -> String {
    blake3::derive_key("proofroom 1 temporary file", key.as_bytes())[..8]
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

/// Removes a file that may be gone already; a leftover is swept later.
fn discard(path: &Path) {
    let _gone = fs::remove_file(path);
}

#[cfg(test)]
mod tests;
