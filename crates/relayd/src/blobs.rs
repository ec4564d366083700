//! Blobs as files. A thread of its own, so that a large file never delays an entry.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use bytes::Bytes;
use proofroom_ident::{BlobHash, WorkspaceId};
use proofroom_relay::{BlobInput, BlobOp, ConnId};

use crate::RelayError;

/// Pieces that may wait to be written, over all connections: 16 MiB.
const WAITING_MAX: usize = 64;

/// What the thread is asked.
pub(crate) enum Task {
    /// An operation of the machine's.
    Do(ConnId, WorkspaceId, BlobOp),
    /// The connection is gone: so is what it left unfinished.
    Forget(ConnId),
}

/// Where blobs are kept.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    blobs: PathBuf,
    tmp: PathBuf,
}

impl Folder {
    /// Makes the folders, and empties the one for what was under way.
    pub fn open(data: &Path) -> Result<Self, RelayError> {
        let folder = Self { blobs: data.join("blobs"), tmp: data.join("tmp") };
        let fail = |doing, path: &Path, cause| RelayError::Data { doing, path: path.to_path_buf(), cause };
        match fs::remove_dir_all(&folder.tmp) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(fail("empty", &folder.tmp, e)),
            _ => {}
        }
        for path in [&folder.blobs, &folder.tmp] {
            fs::create_dir_all(path).map_err(|e| fail("make", path, e))?;
        }
        Ok(folder)
    }

    fn place(&self, workspace: WorkspaceId, blob: BlobHash) -> PathBuf {
        self.blobs.join(workspace.to_hex()).join(blob.to_hex())
    }

    fn read(
        &self,
        workspace: WorkspaceId,
        blob: BlobHash,
        offset: u64,
        bytes_max: usize,
    ) -> io::Result<BlobInput> {
        let mut file = File::open(self.place(workspace, blob))?;
        let total = file.metadata()?.len();
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::with_capacity(bytes_max);
        file.take(bytes_max as u64).read_to_end(&mut bytes)?;
        Ok(BlobInput::Piece { blob, offset, total, bytes: Bytes::from(bytes) })
    }
}

/// A blob under way; once writing failed, the reason.
type Collected = Result<File, String>;

struct Worker {
    folder: Folder,
    collected: BTreeMap<(ConnId, BlobHash), Collected>,
}

/// Starts the thread. `answer` is called from it and must not wait for the engine.
pub(crate) fn spawn(
    folder: Folder,
    answer: impl Fn(ConnId, BlobInput) + Send + 'static,
) -> Result<SyncSender<Task>, RelayError> {
    let (tasks, waiting) = sync_channel(WAITING_MAX);
    let worker = Worker { folder, collected: BTreeMap::new() };
    std::thread::Builder::new()
        .name("blobs".into())
        .spawn(move || worker.run(&waiting, answer))
        .map_err(|e| RelayError::System(format!("a thread: {e}")))?;
    Ok(tasks)
}

impl Worker {
    fn run(mut self, waiting: &Receiver<Task>, answer: impl Fn(ConnId, BlobInput)) {
        for task in waiting {
            match task {
                Task::Forget(conn) => self.forget(conn),
                Task::Do(conn, workspace, op) => {
                    if let Some(input) = self.obey(conn, workspace, op) {
                        answer(conn, input);
                    }
                }
            }
        }
    }

    fn obey(&mut self, conn: ConnId, workspace: WorkspaceId, op: BlobOp) -> Option<BlobInput> {
        match op {
            BlobOp::Read { blob, offset, bytes_max } => {
                let read = self.folder.read(workspace, blob, offset, bytes_max);
                Some(read.unwrap_or_else(|error| {
                    if error.kind() != ErrorKind::NotFound {
                        tracing::error!(%error, %blob, "a blob cannot be read");
                    }
                    BlobInput::Missing(blob)
                }))
            }
            BlobOp::Write { blob, offset, bytes } => {
                self.write(conn, blob, offset, &bytes);
                None
            }
            BlobOp::Keep(blob) => Some(match self.keep(conn, workspace, blob) {
                Ok(bytes) => BlobInput::Kept { blob, bytes },
                Err(cause) => {
                    tracing::error!(cause, %blob, "a blob cannot be kept");
                    BlobInput::Failed { blob, cause }
                }
            }),
            BlobOp::Drop(blob) => {
                self.discard(conn, blob);
                None
            }
        }
    }

    fn half(&self, conn: ConnId, blob: BlobHash) -> PathBuf {
        self.folder.tmp.join(format!("{}-{}", conn.0, blob.to_hex()))
    }

    fn write(&mut self, conn: ConnId, blob: BlobHash, offset: u64, bytes: &[u8]) {
        if offset == 0 {
            let file = File::create(self.half(conn, blob)).map_err(|e| e.to_string());
            self.collected.insert((conn, blob), file);
        }
        let Some(collected) = self.collected.get_mut(&(conn, blob)) else { return };
        let written = collected.as_mut().map_or(Ok(()), |file| file.write_all(bytes));
        if let Err(e) = written {
            *collected = Err(e.to_string());
        }
    }

    /// Flushes the file, then its name.
    fn keep(&mut self, conn: ConnId, workspace: WorkspaceId, blob: BlobHash) -> Result<u64, String> {
        let collected = self.collected.remove(&(conn, blob)).ok_or("nothing was written")?;
        let half = self.half(conn, blob);
        let kept = collected.and_then(|file| {
            let place = self.folder.place(workspace, blob);
            settle(&file, &half, &place).map_err(|e| e.to_string())
        });
        if kept.is_err() {
            // Best effort: what stays is deleted at the next start.
            _ = fs::remove_file(half);
        }
        kept
    }

    fn discard(&mut self, conn: ConnId, blob: BlobHash) {
        if self.collected.remove(&(conn, blob)).is_some() {
            _ = fs::remove_file(self.half(conn, blob));
        }
    }

    fn forget(&mut self, conn: ConnId) {
        let first = (conn, BlobHash::ZERO);
        let left: Vec<_> = self
            .collected
            .range(first..)
            .take_while(|(key, _)| key.0 == conn)
            .map(|(key, _)| key.1)
            .collect();
        left.into_iter().for_each(|blob| self.discard(conn, blob));
    }
}

fn settle(file: &File, half: &Path, place: &Path) -> io::Result<u64> {
    file.sync_all()?;
    let folder = place.parent().ok_or(ErrorKind::InvalidInput)?;
    if !folder.exists() {
        fs::create_dir_all(folder)?;
        sync_folder(folder.parent().ok_or(ErrorKind::InvalidInput)?)?;
    }
    fs::rename(half, place)?;
    sync_folder(folder)?;
    Ok(file.metadata()?.len())
}

/// A rename is durable once its folder is.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
