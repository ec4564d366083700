//! The bytes of files: ciphertext, named by its hash.
//!
//! ```text
//! HOME/blobs/WORKSPACE/HASH       a whole blob; its BLAKE3 is HASH
//! HOME/blobs/WORKSPACE/*.PID.tmp  one on its way in
//! ```
//!
//! Crash story: a blob is written to a temporary file while it is encrypted or
//! received, flushed, and renamed to its hash once that is known to be right. A
//! name in the directory therefore means a whole and correct blob. Temporary
//! files of a crashed process are removed when the next one opens the home.
//!
//! Reading checks again: disks rot, and people copy files about.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use proofroom_ident::{BlobHash, ContentHash, WorkspaceId};
use proofroom_review::BlobRef;
use proofroom_review::media::SNIFF_BYTES;
use proofroom_seal::BlobKey;

mod error;
mod receiving;

pub use error::BlobError;
pub use receiving::Receiving;

use crate::home::{Home, at, new_file, sync_dir, temp_beside};

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
    dir: PathBuf,
}

impl Blobs {
    /// The blobs in a home directory.
    pub fn new(home: &Home) -> Self {
        Self { dir: home.path("blobs") }
    }

    /// Removes what a crashed process left half-written. Only for the store's owner.
    ///
    /// # Errors
    /// When a directory is there and cannot be listed.
    pub fn sweep(&self) -> Result<(), BlobError> {
        for dir in list(&self.dir)? {
            for file in list(&dir)? {
                if file.extension().is_some_and(|e| e == "tmp") {
                    fs::remove_file(&file).map_err(at("remove", &file))?;
                }
            }
        }
        Ok(())
    }

    fn path(&self, workspace: WorkspaceId, blob: BlobHash) -> PathBuf {
        self.dir.join(workspace.to_hex()).join(blob.to_hex())
    }

    fn incoming(&self, workspace: WorkspaceId, name: &str) -> Result<(PathBuf, File), BlobError> {
        use std::os::unix::fs::DirBuilderExt as _;
        let dir = self.dir.join(workspace.to_hex());
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir).map_err(at("make", &dir))?;
        let temp = temp_beside(&dir.join(name));
        let file = new_file(&temp)?;
        Ok((temp, file))
    }

    /// The length of a blob that is held.
    pub fn held(&self, workspace: WorkspaceId, blob: BlobHash) -> Option<u64> {
        fs::metadata(self.path(workspace, blob)).ok().map(|m| m.len())
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
        let (temp, out) = self.incoming(workspace, &format!("new-{}", short_name(key)))?;
        let sealed = seal_into(&mut file, source, key, &temp, out, &mut tell);
        let added = match sealed {
            Ok(added) if added.bytes == meta.len() => added,
            Ok(added) => {
                discard(&temp);
                return Err(BlobError::Changed {
                    path: source.to_owned(),
                    was: meta.len(),
                    found: added.bytes,
                });
            }
            Err(e) => {
                discard(&temp);
                return Err(e);
            }
        };
        self.keep(workspace, &temp, added.blob)?;
        Ok(added)
    }

    /// Renames a finished file to its hash, durably.
    fn keep(&self, workspace: WorkspaceId, temp: &Path, blob: BlobHash) -> Result<(), BlobError> {
        let path = self.path(workspace, blob);
        fs::rename(temp, &path).map_err(at("keep", &path))?;
        Ok(sync_dir(path.parent().unwrap_or(&self.dir))?)
    }

    /// Removes blobs that nothing came to refer to.
    pub fn forget(&self, workspace: WorkspaceId, blob: BlobHash) {
        discard(&self.path(workspace, blob));
    }

    /// Begins to receive a blob of `total` bytes.
    ///
    /// # Errors
    /// When no file can be made.
    pub fn receive(
        &self,
        workspace: WorkspaceId,
        blob: BlobHash,
        total: u64,
    ) -> Result<Receiving, BlobError> {
        let (temp, file) = self.incoming(workspace, &blob.to_hex())?;
        Ok(Receiving::new(temp, file, blob, workspace, total))
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

    /// Up to `max` bytes of a blob's plaintext, unchecked: for looking at headers, not for trust.
    ///
    /// # Errors
    /// When it is not held, or cannot be read.
    pub fn peek(
        &self,
        workspace: WorkspaceId,
        reference: &BlobRef,
        offset: u64,
        max: usize,
    ) -> Result<Vec<u8>, BlobError> {
        let (mut bytes, _) = self.piece(workspace, reference.blob, offset, max)?;
        BlobKey::from_bytes(*reference.key.as_bytes()).apply(offset, &mut bytes)?;
        Ok(bytes)
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

/// Encrypts all of `file` into `out` and flushes it.
fn seal_into(
    file: &mut File,
    source: &Path,
    key: &BlobKey,
    temp: &Path,
    mut out: File,
    tell: &mut impl FnMut(u64),
) -> Result<Added, BlobError> {
    let (mut sealed, mut plain) = (blake3::Hasher::new(), blake3::Hasher::new());
    let mut piece = vec![0; PIECE_BYTES];
    let (mut bytes, mut head) = (0, Vec::new());
    loop {
        let n = file.read(&mut piece);
        let n = n.map_err(|error| BlobError::Source { path: source.to_owned(), error })?;
        if n == 0 {
            break;
        }
        head.extend_from_slice(&piece[..n.min(SNIFF_BYTES - head.len())]);
        plain.update(&piece[..n]);
        key.apply(bytes, &mut piece[..n])?;
        sealed.update(&piece[..n]);
        out.write_all(&piece[..n]).map_err(at("write", temp))?;
        bytes += n as u64;
        tell(n as u64);
    }
    out.sync_all().map_err(at("flush", temp))?;
    let blob = BlobHash::from_bytes(*sealed.finalize().as_bytes());
    let content = ContentHash::from_bytes(*plain.finalize().as_bytes());
    Ok(Added { blob, content, bytes, head })
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

fn list(dir: &Path) -> Result<Vec<PathBuf>, BlobError> {
    match fs::read_dir(dir) {
        Ok(files) => Ok(files.filter_map(|f| f.ok().map(|f| f.path())).collect()),
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(Vec::new())
        }
        Err(e) => Err(at("list", dir)(e).into()),
    }
}

#[cfg(test)]
mod tests;
