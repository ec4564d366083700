//! Where blobs are, and reading them.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, ErrorKind, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use proofroom_blobs::{Held, NODE_BYTES, Nodes, SLICE_BYTES, Span, prove, prove_whole, tree_bytes, tree_of};
use proofroom_ident::{BlobHash, WorkspaceId};

use crate::partial::Partial;

/// Bytes written at a time.
const WRITTEN_BYTES: usize = 256 << 10;

const TREE: &str = "tree";
const PART: &str = "part";
const PART_TREE: &str = "part-tree";
const PART_HELD: &str = "part-held";

/// A folder of blobs.
#[derive(Clone, Debug)]
pub struct Folder {
    dir: PathBuf,
}

/// One blob that is in the folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub blob: BlobHash,
    /// Its length; of one that is not whole yet, what it will be.
    pub total: u64,
    /// How much of it is here.
    pub held: u64,
}

/// A part of a blob cannot be read.
#[derive(Debug)]
pub enum ReadError {
    /// It is not here, or not yet.
    Absent,
    /// The bytes are not the blob's any more.
    Rotten(io::Error),
    /// The system refuses.
    Io(io::Error),
}

impl std::fmt::Display for ReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Absent => f.write_str("it is not here"),
            Self::Rotten(e) => write!(f, "its bytes are damaged: {e}"),
            Self::Io(e) => e.fmt(f),
        }
    }
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound => Self::Absent,
            ErrorKind::InvalidData | ErrorKind::UnexpectedEof => Self::Rotten(error),
            _ => Self::Io(error),
        }
    }
}

impl Folder {
    /// The blobs below `dir`, which need not exist yet.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// The folder itself.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The blobs of one workspace.
    pub fn workspace(&self, workspace: WorkspaceId) -> PathBuf {
        self.dir.join(workspace.to_hex())
    }

    /// Where a whole blob is.
    pub fn path(&self, workspace: WorkspaceId, blob: BlobHash) -> PathBuf {
        self.workspace(workspace).join(blob.to_hex())
    }

    fn beside(&self, workspace: WorkspaceId, blob: BlobHash, ending: &str) -> PathBuf {
        self.workspace(workspace).join(format!("{}.{ending}", blob.to_hex()))
    }
    /// Where its tree is.
    pub fn tree_path(&self, workspace: WorkspaceId, blob: BlobHash) -> PathBuf {
        self.beside(workspace, blob, TREE)
    }
    pub(crate) fn part_path(&self, workspace: WorkspaceId, blob: BlobHash) -> PathBuf {
        self.beside(workspace, blob, PART)
    }
    pub(crate) fn part_tree_path(&self, workspace: WorkspaceId, blob: BlobHash) -> PathBuf {
        self.beside(workspace, blob, PART_TREE)
    }
    pub(crate) fn part_held_path(&self, workspace: WorkspaceId, blob: BlobHash) -> PathBuf {
        self.beside(workspace, blob, PART_HELD)
    }

    /// Makes a workspace's folder, for its owner only.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn make(&self, workspace: WorkspaceId) -> io::Result<PathBuf> {
        use std::os::unix::fs::DirBuilderExt as _;
        let dir = self.workspace(workspace);
        if !dir.is_dir() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
            sync_dir(dir.parent().unwrap_or(&self.dir))?;
        }
        Ok(dir)
    }

    /// The length of a blob that is here as a whole.
    pub fn held(&self, workspace: WorkspaceId, blob: BlobHash) -> Option<u64> {
        fs::metadata(self.path(workspace, blob)).ok().map(|m| m.len())
    }

    /// What is here of a workspace: whole blobs, and those on their way in.
    ///
    /// # Errors
    /// When the folder is there and cannot be listed.
    pub fn entries(&self, workspace: WorkspaceId) -> io::Result<Vec<Entry>> {
        let mut found = Vec::new();
        for path in list(&self.workspace(workspace))? {
            let Some(name) = path.file_name().and_then(|n| n.to_str()) else { continue };
            let (stem, ending) = name.split_once('.').unwrap_or((name, ""));
            let Ok(blob) = stem.parse::<BlobHash>() else { continue };
            match ending {
                "" => {
                    let total = fs::metadata(&path)?.len();
                    found.push(Entry { blob, total, held: total });
                }
                PART_HELD => {
                    let held = Partial::claimed(&path).unwrap_or_else(|| Held::none(0));
                    found.push(Entry { blob, total: held.total(), held: held.bytes() });
                }
                _ => {}
            }
        }
        found.sort_by_key(|e| e.blob);
        Ok(found)
    }

    /// Removes what a crashed process left half-made; and half-fetched blobs that nobody went on with.
    ///
    /// # Errors
    /// When a folder is there and cannot be listed.
    pub fn sweep(&self, parts_older_than: Duration) -> io::Result<()> {
        for dir in list(&self.dir)? {
            for file in list(&dir)? {
                let ending = file.extension().and_then(|e| e.to_str()).unwrap_or_default();
                let stale = || {
                    let age = fs::metadata(&file).and_then(|m| m.modified()).ok();
                    age.and_then(|at| SystemTime::now().duration_since(at).ok())
                        .is_some_and(|age| age > parts_older_than)
                };
                let orphan = || ending == TREE && !file.with_extension("").exists();
                if ending == "tmp" || orphan() || (ending.starts_with(PART) && stale()) {
                    fs::remove_file(&file)?;
                }
            }
        }
        Ok(())
    }

    /// Removes all of a blob: whole, half, and its tree. Returns how many bytes that frees.
    ///
    /// # Errors
    /// When a file is there and cannot be removed.
    pub fn remove(&self, workspace: WorkspaceId, blob: BlobHash) -> io::Result<u64> {
        // The name first: without it, the rest means nothing.
        let mut freed = 0;
        let path = self.path(workspace, blob);
        for file in [
            path.clone(),
            self.tree_path(workspace, blob),
            self.part_held_path(workspace, blob),
            self.part_path(workspace, blob),
            self.part_tree_path(workspace, blob),
        ] {
            let bytes = fs::metadata(&file).map_or(0, |m| m.len());
            match fs::remove_file(&file) {
                Ok(()) => freed += bytes,
                Err(e) if e.kind() == ErrorKind::NotFound => {}
                Err(e) => return Err(e),
            }
        }
        Ok(freed)
    }

    /// A part of a whole blob with its proof, and the blob's length. Nothing, if a blob of that
    /// length has no such part: then somebody is wrong about the length.
    ///
    /// # Errors
    /// When it is not here, or its bytes are not right any more.
    pub fn read(
        &self,
        workspace: WorkspaceId,
        blob: BlobHash,
        span: Span,
    ) -> Result<(u64, Vec<u8>), ReadError> {
        let file = File::open(self.path(workspace, blob))?;
        let total = file.metadata()?.len();
        if !span.fits(total) {
            return Ok((total, Vec::new()));
        }
        if total <= SLICE_BYTES {
            // The tree of a small blob is made while it is read.
            let mut whole = vec![0; usize::try_from(total).unwrap_or(0)];
            file.read_exact_at(&mut whole, 0)?;
            let (found, encoded) = prove_whole(&whole, span)?;
            if found != blob {
                return Err(ReadError::Rotten(io::Error::other("they have another hash")));
            }
            return Ok((total, encoded));
        }
        let mut bytes = vec![0; usize::try_from(span.bytes).unwrap_or(0)];
        file.read_exact_at(&mut bytes, span.offset)?;
        let tree = self.tree(workspace, blob, &file, total)?;
        Ok((total, prove(blob, total, span, &bytes, &tree)?))
    }

    /// The tree of a whole blob; made where it is missing.
    fn tree(&self, workspace: WorkspaceId, blob: BlobHash, file: &File, total: u64) -> io::Result<TreeFile> {
        let path = self.tree_path(workspace, blob);
        match File::open(&path) {
            Ok(tree) if tree.metadata()?.len() >= tree_bytes(total) => Ok(TreeFile(tree)),
            Ok(_) => self.make_tree(&path, file, total),
            Err(e) if e.kind() == ErrorKind::NotFound => self.make_tree(&path, file, total),
            Err(e) => Err(e),
        }
    }

    fn make_tree(&self, path: &Path, file: &File, total: u64) -> io::Result<TreeFile> {
        let temp = path.with_extension(format!("tree.{}.tmp", std::process::id()));
        let tree = new_file(&temp)?;
        let from_start = At { file, offset: 0 };
        tree_of(total, BufReader::with_capacity(1 << 20, from_start), |number, pair| {
            tree.write_all_at(pair, number * NODE_BYTES as u64)
        })?;
        fs::rename(&temp, path)?;
        Ok(TreeFile(tree))
    }

    /// Makes a blob of what `read` yields, `total` bytes, in a temporary file named for `stem`.
    ///
    /// # Errors
    /// When reading or writing fails; nothing is left behind.
    pub fn write_new(
        &self,
        workspace: WorkspaceId,
        stem: &str,
        total: u64,
        read: impl io::Read,
    ) -> io::Result<BlobHash> {
        let dir = self.make(workspace)?;
        let temp = dir.join(format!("{stem}.{}.tmp", std::process::id()));
        let temp_tree = dir.join(format!("{stem}.{}.tree.tmp", std::process::id()));
        let made = self.write_both(total, read, &temp, &temp_tree).and_then(|blob| {
            if total > SLICE_BYTES {
                fs::rename(&temp_tree, self.tree_path(workspace, blob))?;
            }
            fs::rename(&temp, self.path(workspace, blob))?;
            sync_dir(&dir)?;
            Ok(blob)
        });
        for temp in [temp, temp_tree] {
            // Renamed by now, or not wanted.
            _ = fs::remove_file(temp);
        }
        made
    }

    fn write_both(
        &self,
        total: u64,
        read: impl io::Read,
        temp: &Path,
        temp_tree: &Path,
    ) -> io::Result<BlobHash> {
        let mut out = BufWriter::with_capacity(WRITTEN_BYTES, new_file(temp)?);
        let tree = if total > SLICE_BYTES { Some(new_file(temp_tree)?) } else { None };
        let blob = tree_of(total, Tee { read, out: &mut out }, |number, pair| match &tree {
            Some(tree) => tree.write_all_at(pair, number * NODE_BYTES as u64),
            None => Ok(()),
        })?;
        out.flush()?;
        out.get_ref().sync_all()?;
        Ok(blob)
    }
}

/// Reads, and keeps what it read.
struct Tee<'a, R, W> {
    read: R,
    out: &'a mut W,
}

impl<R: io::Read, W: io::Write> io::Read for Tee<'_, R, W> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.read.read(into)?;
        self.out.write_all(&into[..n])?;
        Ok(n)
    }
}

/// A file from an offset on, without moving its cursor.
struct At<'a> {
    file: &'a File,
    offset: u64,
}

impl io::Read for At<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read_at(into, self.offset)?;
        self.offset += n as u64;
        Ok(n)
    }
}

/// A tree in a file.
pub(crate) struct TreeFile(pub File);

impl Nodes for TreeFile {
    fn node(&self, number: u64) -> io::Result<[u8; NODE_BYTES]> {
        let mut pair = [0; NODE_BYTES];
        match self.0.read_exact_at(&mut pair, number * NODE_BYTES as u64) {
            Err(e) if e.kind() == ErrorKind::UnexpectedEof => Ok([0; NODE_BYTES]),
            read => read.map(|()| pair),
        }
    }
}

/// A new file for its owner only; a leftover of a crash is replaced.
pub(crate) fn new_file(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    fs::OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// Makes renames and removals in a folder durable.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

fn list(dir: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(dir) {
        Ok(files) => Ok(files.filter_map(|f| f.ok().map(|f| f.path())).collect()),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(Vec::new()),
        Err(e) => Err(e),
    }
}
