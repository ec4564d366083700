//! A thread for files, so that a large blob never delays an entry.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use proofroom_blobs::{Held, Slice, Span};
use proofroom_ident::{BlobHash, WorkspaceId};

use crate::folder::{Folder, ReadError};
use crate::keep::Finished;
use crate::partial::{Partial, Progress};

/// Tasks that may wait: with a slice each, 16 MiB.
const WAITING_MAX: usize = 64;
/// Finished blobs that wait for a flush together.
const FINISHED_MAX: usize = 512;

/// Half-fetched blobs whose files stay open.
const OPEN_MAX: usize = 64;

/// What the thread is asked. `C` names who is answered: a connection, say.
#[derive(Debug)]
pub enum Task<C> {
    /// Read and prove a part.
    Read {
        /// For whom.
        to: C,
        /// Of which workspace.
        workspace: WorkspaceId,
        /// The blob.
        blob: BlobHash,
        /// The part.
        span: Span,
    },
    /// See what is here of a blob that is to come.
    Begin {
        /// Of which workspace.
        workspace: WorkspaceId,
        /// The blob.
        blob: BlobHash,
        /// Its length.
        total: u64,
    },
    /// Write a part that was verified.
    Write {
        /// Who sent it.
        from: C,
        /// Of which workspace.
        workspace: WorkspaceId,
        /// The blob.
        blob: BlobHash,
        /// Its length.
        total: u64,
        /// The part.
        slice: Slice,
    },
    /// Close the files of a blob; what is here stays.
    Rest {
        /// Of which workspace.
        workspace: WorkspaceId,
        /// The blob.
        blob: BlobHash,
    },
    /// Remove a blob, whole or half: it was erased.
    Remove {
        /// Of which workspace.
        workspace: WorkspaceId,
        /// The blob.
        blob: BlobHash,
    },
}

/// What the thread answers.
#[derive(Debug)]
pub enum Answer<C> {
    /// To [`Task::Read`].
    Piece {
        /// For whom.
        to: C,
        /// The blob.
        blob: BlobHash,
        /// Its length.
        total: u64,
        /// The part.
        span: Span,
        /// The part with its proof.
        encoded: Vec<u8>,
    },
    /// To [`Task::Read`]: it is not here, or damaged, which `why` says.
    Missing {
        /// For whom.
        to: C,
        /// The blob.
        blob: BlobHash,
        /// What is wrong with the disk, if that is the reason.
        why: Option<String>,
    },
    /// To [`Task::Begin`], unless all of it is here: then it is kept.
    Begun {
        /// Of which workspace.
        workspace: WorkspaceId,
        /// The blob.
        blob: BlobHash,
        /// What is here of it.
        held: Held,
    },
    /// To [`Task::Write`].
    Written {
        /// Who sent it.
        from: C,
        /// Of which workspace.
        workspace: WorkspaceId,
        /// The blob.
        blob: BlobHash,
        /// The part.
        span: Span,
    },
    /// A blob is whole and durable.
    Kept {
        /// Of which workspace.
        workspace: WorkspaceId,
        /// The blob.
        blob: BlobHash,
        /// Its length.
        bytes: u64,
    },
    /// A blob cannot be written or kept.
    Failed {
        /// Of which workspace.
        workspace: WorkspaceId,
        /// The blob.
        blob: BlobHash,
        /// What the system said.
        error: io::Error,
    },
}

/// The thread, and the way to it.
#[derive(Debug)]
pub struct Worker<C> {
    tasks: Option<SyncSender<Task<C>>>,
    thread: Option<JoinHandle<()>>,
}

impl<C> Worker<C> {
    /// Hands a task over; waits where too many wait already. `false` when the thread is gone.
    pub fn ask(&self, task: Task<C>) -> bool {
        self.tasks.as_ref().is_some_and(|tasks| tasks.send(task).is_ok())
    }
}

impl<C> Drop for Worker<C> {
    /// What was handed over is done first.
    fn drop(&mut self) {
        self.tasks = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was told by the thread.
            _ = thread.join();
        }
    }
}

type Key = (WorkspaceId, BlobHash);

struct Desk<C, A> {
    folder: Folder,
    open: BTreeMap<Key, Partial>,
    finished: Vec<Finished>,
    answer: A,
    _asker: std::marker::PhantomData<C>,
}

/// Starts the thread. `answer` is called from it, and must not wait for who hands over tasks.
///
/// # Errors
/// When the system has no thread left.
pub fn spawn<C: Send + 'static>(
    folder: Folder,
    answer: impl FnMut(Answer<C>) + Send + 'static,
) -> io::Result<Worker<C>> {
    let (tasks, waiting) = sync_channel(WAITING_MAX);
    let desk = Desk {
        folder,
        open: BTreeMap::new(),
        finished: Vec::new(),
        answer,
        _asker: std::marker::PhantomData,
    };
    let thread = std::thread::Builder::new().name("blobs".into()).spawn(move || desk.run(&waiting))?;
    Ok(Worker { tasks: Some(tasks), thread: Some(thread) })
}

impl<C, A: FnMut(Answer<C>)> Desk<C, A> {
    fn run(mut self, waiting: &Receiver<Task<C>>) {
        while let Ok(first) = waiting.recv() {
            let mut next = Some(first);
            while let Some(task) = next {
                self.obey(task);
                if self.finished.len() >= FINISHED_MAX {
                    self.keep();
                }
                next = waiting.try_recv().ok();
            }
            self.keep();
        }
    }

    fn obey(&mut self, task: Task<C>) {
        match task {
            Task::Read { to, workspace, blob, span } => {
                let answer = match self.folder.read(workspace, blob, span) {
                    Ok((total, encoded)) => Answer::Piece { to, blob, total, span, encoded },
                    Err(ReadError::Absent) => Answer::Missing { to, blob, why: None },
                    Err(e) => Answer::Missing { to, blob, why: Some(e.to_string()) },
                };
                (self.answer)(answer);
            }
            Task::Begin { workspace, blob, total } => self.begin(workspace, blob, total),
            Task::Write { from, workspace, blob, total, slice } => {
                self.write(from, (workspace, blob), total, &slice);
            }
            Task::Rest { workspace, blob } => _ = self.open.remove(&(workspace, blob)),
            Task::Remove { workspace, blob } => self.remove((workspace, blob)),
        }
    }

    fn remove(&mut self, key @ (workspace, blob): Key) {
        self.open.remove(&key);
        self.keep();
        if let Err(error) = self.folder.remove(workspace, blob) {
            (self.answer)(Answer::Failed { workspace, blob, error });
        }
    }

    fn begin(&mut self, workspace: WorkspaceId, blob: BlobHash, total: u64) {
        if self.folder.held(workspace, blob) == Some(total) {
            return (self.answer)(Answer::Kept { workspace, blob, bytes: total });
        }
        let partial = Partial::open(&self.folder, workspace, blob, total);
        let held = partial.map(|partial| self.resume((workspace, blob), partial));
        (self.answer)(match held {
            Ok(held) => Answer::Begun { workspace, blob, held },
            Err(error) => Answer::Failed { workspace, blob, error },
        });
    }

    /// Keeps the files of what is half here open: to verify it once is enough.
    fn resume(&mut self, key: Key, partial: Partial) -> Held {
        let held = partial.held().clone();
        if held.is_all() {
            self.finished.push(partial.finished());
        } else if !held.is_none() {
            self.hold_open(key, partial);
        }
        held
    }

    fn hold_open(&mut self, key: Key, partial: Partial) {
        if self.open.len() >= OPEN_MAX {
            _ = self.open.pop_first();
        }
        self.open.insert(key, partial);
    }

    fn write(&mut self, from: C, key @ (workspace, blob): Key, total: u64, slice: &Slice) {
        let span = slice.span;
        let partial = match self.open.entry(key) {
            Entry::Occupied(open) => Ok(open.remove()),
            Entry::Vacant(_) if self.finished.iter().any(|f| (f.workspace, f.blob) == key) => return,
            Entry::Vacant(_) if self.folder.held(workspace, blob).is_some() => return,
            Entry::Vacant(_) => Partial::open(&self.folder, workspace, blob, total),
        };
        let answer = match partial.and_then(|p| p.write(slice)) {
            Ok(Progress::More(partial)) => {
                self.hold_open(key, partial);
                Answer::Written { from, workspace, blob, span }
            }
            Ok(Progress::Finished(finished)) => {
                self.finished.push(finished);
                Answer::Written { from, workspace, blob, span }
            }
            Err(error) => Answer::Failed { workspace, blob, error },
        };
        (self.answer)(answer);
    }

    /// All that is finished becomes durable together.
    fn keep(&mut self) {
        let finished = std::mem::take(&mut self.finished);
        if finished.is_empty() {
            return;
        }
        let kept = Finished::keep_all(&finished);
        for Finished { workspace, blob, bytes, .. } in finished {
            (self.answer)(match &kept {
                Ok(()) => Answer::Kept { workspace, blob, bytes },
                Err(e) => Answer::Failed { workspace, blob, error: io::Error::new(e.kind(), e.to_string()) },
            });
        }
    }
}
