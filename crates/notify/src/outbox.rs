//! The outbox: messages that wait, that arrived, and that were given up, each a small file.
//!
//! ```text
//! DIR/outbox/WHEN-WHAT.json   waits for its way; after a failure for its next attempt
//! DIR/dead/WHEN-WHAT.json     given up; stays until somebody retries or drops it
//! DIR/done/WHEN-WHAT.json     arrived; kept for a while, so that nothing goes out twice
//! ```
//!
//! Crash story: a file is written whole beside its place, flushed and renamed; it moves
//! between the folders by a rename. A crash while a message is on its way may send it
//! once more, with the same id: it is never lost.

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::message::{Message, Way};

/// How many messages may wait.
pub const OUTBOX_MAX: usize = 2_000;
/// How many of those that were given up are kept: the oldest go first.
pub const DEAD_MAX: usize = 500;
/// How many of those that arrived are remembered.
const DONE_MAX: usize = 5_000;
/// How often a message is tried: for about nine hours.
pub const ATTEMPTS_MAX: u32 = 16;
const RETRY_MS_MIN: u64 = 30_000;
const RETRY_MS_MAX: u64 = 3_600_000;
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The outbox cannot be read or written, or is full.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// An operation on a file failed.
    #[error("cannot {verb} {}: {error}", path.display())]
    Io {
        /// What was tried.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A file is not what was written.
    #[error("{} is damaged: {reason}; remove it", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Too much waits.
    #[error("{OUTBOX_MAX} messages wait already: see `proofroom notify list` for why they do not go out")]
    Full,
    /// Nothing is called so.
    #[error("no message that was given up is called `{0}`: see `proofroom notify dead-letters`")]
    Unknown(String),
}

/// One message on one way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// Its name: also the message's id on its way.
    pub id: String,
    /// The way.
    pub way: Way,
    /// What.
    pub message: Message,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was handed over, in milliseconds since 1970.
    pub since_ms: u64,
    /// When it is tried next, or when its fate was sealed.
    pub at_ms: u64,
    /// What the last attempt came to.
    pub last: Option<String>,
}

#[derive(Clone, Copy, Debug)]
enum Folder {
    Outbox,
    Dead,
    Done,
}

impl Folder {
    const fn name(self) -> &'static str {
        match self {
            Self::Outbox => "outbox",
            Self::Dead => "dead",
            Self::Done => "done",
        }
    }
}

/// The outbox of one machine.
#[derive(Debug)]
pub struct Outbox {
    dir: PathBuf,
    waiting: Vec<Delivery>,
    dead: Vec<Delivery>,
    /// What each way carries, carried, or gave up on.
    taken: BTreeSet<(Way, String)>,
}

fn at(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> OutboxError {
    move |error| OutboxError::Io { verb, path: path.to_owned(), error }
}

impl Outbox {
    /// Opens the outbox of a directory, which is made where it is not there.
    ///
    /// # Errors
    /// When it cannot be read, or a file in it is damaged.
    pub fn open(dir: &Path) -> Result<Self, OutboxError> {
        for folder in [Folder::Outbox, Folder::Dead, Folder::Done] {
            let path = dir.join(folder.name());
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&path)
                .map_err(at("make", &path))?;
        }
        let mut outbox =
            Self { dir: dir.to_owned(), waiting: Vec::new(), dead: Vec::new(), taken: BTreeSet::new() };
        let done = outbox.load(Folder::Done)?;
        outbox.waiting = outbox.load(Folder::Outbox)?;
        outbox.dead = outbox.load(Folder::Dead)?;
        let all = done.iter().chain(&outbox.waiting).chain(&outbox.dead);
        outbox.taken = all.flat_map(items).collect();
        Ok(outbox)
    }

    /// Takes a message over, for each of these ways; what a way has already is left out. Returns how
    /// many deliveries that makes. Once this returns, a crash loses nothing.
    ///
    /// # Errors
    /// When it cannot be made durable, or too much waits: then none or some of the ways have it, and it
    /// is handed over again later.
    pub fn hand_over(&mut self, message: &Message, ways: &[Way], now_ms: u64) -> Result<usize, OutboxError> {
        let mut made = 0;
        for way in ways {
            let new = |item: &&crate::Item| !self.taken.contains(&(way.clone(), item.id.clone()));
            let fresh: Vec<_> = message.items.iter().filter(new).cloned().collect();
            if fresh.is_empty() {
                continue;
            }
            if self.waiting.len() >= OUTBOX_MAX {
                return Err(OutboxError::Full);
            }
            let message = Message { items: fresh, ..message.clone() };
            let delivery = Delivery {
                id: id(way, &message, now_ms),
                way: way.clone(),
                message,
                attempts: 0,
                since_ms: now_ms,
                at_ms: now_ms,
                last: None,
            };
            self.write(Folder::Outbox, &delivery)?;
            self.taken.extend(items(&delivery));
            self.waiting.push(delivery);
            made += 1;
        }
        Ok(made)
    }

    /// Those that wait, the oldest first.
    pub fn waiting(&self) -> &[Delivery] {
        &self.waiting
    }

    /// Those that were given up, the oldest first.
    pub fn dead(&self) -> &[Delivery] {
        &self.dead
    }

    /// Those whose time has come.
    pub fn due(&self, now_ms: u64) -> impl Iterator<Item = &Delivery> {
        self.waiting.iter().filter(move |d| d.at_ms <= now_ms)
    }

    /// It arrived.
    ///
    /// # Errors
    /// When that cannot be made durable: it may then be sent again after a restart.
    pub fn arrived(&mut self, id: &str, now_ms: u64) -> Result<(), OutboxError> {
        let Some(mut delivery) = self.take(id) else { return Ok(()) };
        (delivery.attempts, delivery.at_ms, delivery.last) = (delivery.attempts + 1, now_ms, None);
        self.move_to(Folder::Outbox, Folder::Done, &delivery)?;
        self.prune(Folder::Done, DONE_MAX)
    }

    /// It did not arrive; `for_good` where no attempt will help, else it is tried again until its
    /// attempts are used up. Returns whether it was given up.
    ///
    /// # Errors
    /// When that cannot be made durable.
    pub fn failed(&mut self, id: &str, why: &str, for_good: bool, now_ms: u64) -> Result<bool, OutboxError> {
        let Some(mut delivery) = self.take(id) else { return Ok(false) };
        delivery.attempts += 1;
        delivery.last = Some(why.to_owned());
        if for_good || delivery.attempts >= ATTEMPTS_MAX {
            delivery.at_ms = now_ms;
            self.move_to(Folder::Outbox, Folder::Dead, &delivery)?;
            self.dead.push(delivery);
            let surplus = self.dead.len().saturating_sub(DEAD_MAX);
            self.dead.drain(..surplus);
            self.prune(Folder::Dead, DEAD_MAX)?;
            return Ok(true);
        }
        delivery.at_ms = now_ms + wait_ms(delivery.attempts);
        self.write(Folder::Outbox, &delivery)?;
        self.waiting.push(delivery);
        self.waiting.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(false)
    }

    /// Sends one that was given up again, or all of them. Returns how many.
    ///
    /// # Errors
    /// When there is no such one, too much waits, or it cannot be made durable.
    pub fn retry(&mut self, id: Option<&str>, now_ms: u64) -> Result<usize, OutboxError> {
        self.leave_dead(id, |outbox, mut delivery| {
            if outbox.waiting.len() >= OUTBOX_MAX {
                return Err(OutboxError::Full);
            }
            (delivery.attempts, delivery.at_ms) = (0, now_ms);
            outbox.move_to(Folder::Dead, Folder::Outbox, &delivery)?;
            outbox.waiting.push(delivery);
            Ok(())
        })
    }

    /// Drops one that was given up, or all of them. Returns how many.
    ///
    /// # Errors
    /// When there is no such one, or it cannot be made durable.
    pub fn discard(&mut self, id: Option<&str>) -> Result<usize, OutboxError> {
        // What it said counts as told: it is not handed over again.
        self.leave_dead(id, |outbox, delivery| outbox.move_to(Folder::Dead, Folder::Done, &delivery))
    }

    fn leave_dead(
        &mut self,
        id: Option<&str>,
        leave: impl Fn(&mut Self, Delivery) -> Result<(), OutboxError>,
    ) -> Result<usize, OutboxError> {
        let meant = |d: &Delivery| id.is_none_or(|id| d.id == id);
        if let Some(id) = id.filter(|_| !self.dead.iter().any(meant)) {
            return Err(OutboxError::Unknown(id.to_owned()));
        }
        let leaving: Vec<Delivery> = self.dead.iter().filter(|d| meant(d)).cloned().collect();
        for delivery in &leaving {
            leave(self, delivery.clone())?;
            self.dead.retain(|d| d.id != delivery.id);
        }
        Ok(leaving.len())
    }

    fn take(&mut self, id: &str) -> Option<Delivery> {
        let i = self.waiting.iter().position(|d| d.id == id)?;
        Some(self.waiting.remove(i))
    }

    fn path(&self, folder: Folder, id: &str) -> PathBuf {
        self.dir.join(folder.name()).join(format!("{id}.json"))
    }

    fn names(&self, folder: Folder) -> Result<Vec<PathBuf>, OutboxError> {
        let dir = self.dir.join(folder.name());
        let entries = std::fs::read_dir(&dir).map_err(at("list", &dir))?;
        let mut paths = entries
            .map(|entry| entry.map(|e| e.path()).map_err(at("list", &dir)))
            .collect::<Result<Vec<_>, _>>()?;
        // What a crash left half written has another ending.
        paths.retain(|p| p.extension().is_some_and(|e| e == "json"));
        paths.sort();
        Ok(paths)
    }

    fn load(&self, folder: Folder) -> Result<Vec<Delivery>, OutboxError> {
        let read = |path: &PathBuf| {
            let damaged = |reason: String| OutboxError::Damaged { path: path.clone(), reason };
            let bytes = std::fs::metadata(path).map_err(at("read", path))?.len();
            if bytes > FILE_BYTES_MAX {
                return Err(damaged(format!("it has {bytes} bytes, the limit is {FILE_BYTES_MAX}")));
            }
            let text = std::fs::read(path).map_err(at("read", path))?;
            serde_json::from_slice(&text).map_err(|e| damaged(e.to_string()))
        };
        self.names(folder)?.iter().map(read).collect()
    }

    fn write(&self, folder: Folder, delivery: &Delivery) -> Result<(), OutboxError> {
        let path = self.path(folder, &delivery.id);
        let dir = self.dir.join(folder.name());
        let mut file = tempfile::Builder::new()
            .suffix(".tmp")
            .tempfile_in(&dir)
            .map_err(at("create a file in", &dir))?;
        let json = serde_json::to_vec(delivery).map_err(io::Error::other).map_err(at("write", &path))?;
        file.write_all(&json).and_then(|()| file.as_file().sync_all()).map_err(at("write", &path))?;
        file.persist(&path).map_err(|e| e.error).map_err(at("replace", &path))?;
        flush(&dir)
    }

    fn move_to(&self, from: Folder, to: Folder, delivery: &Delivery) -> Result<(), OutboxError> {
        self.write(to, delivery)?;
        let old = self.path(from, &delivery.id);
        std::fs::remove_file(&old).map_err(at("remove", &old))?;
        flush(&self.dir.join(from.name()))
    }

    fn prune(&self, folder: Folder, keep: usize) -> Result<(), OutboxError> {
        let names = self.names(folder)?;
        for path in &names[..names.len().saturating_sub(keep)] {
            std::fs::remove_file(path).map_err(at("remove", path))?;
        }
        Ok(())
    }
}

/// Makes renames in a directory durable.
fn flush(dir: &Path) -> Result<(), OutboxError> {
    std::fs::File::open(dir).and_then(|d| d.sync_all()).map_err(at("flush", dir))
}

fn items(delivery: &Delivery) -> Vec<(Way, String)> {
    delivery.message.items.iter().map(|item| (delivery.way.clone(), item.id.clone())).collect()
}

/// A name that sorts by time and is the same for the same things on the same way.
fn id(way: &Way, message: &Message, now_ms: u64) -> String {
    let mut hash = blake3::Hasher::new();
    hash.update(format!("{way:?}").as_bytes());
    for item in &message.items {
        hash.update(item.id.as_bytes()).update(b"\n");
    }
    format!("{now_ms:014}-{}", &hash.finalize().to_hex()[..16])
}

/// How long to wait after so many attempts: half a minute, then twice as long each time, an hour at most.
fn wait_ms(attempts: u32) -> u64 {
    RETRY_MS_MIN.saturating_mul(1 << attempts.saturating_sub(1).min(20)).min(RETRY_MS_MAX)
}

#[cfg(test)]
mod tests;
