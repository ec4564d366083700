//! The home directory: who this machine is, and everything it holds.
//!
//! ```text
//! HOME/                0700
//!   identity.json      keys, plain or under a passphrase     identity.rs
//!   pending.json       keys of a device that waits to be linked
//!   store.redb         entries, tips, proofs                 proofroom-store-redb
//!   store.redb.old-1   what a rebuild kept aside             commands/rebuild.rs
//!   incarnation.json   which logs may be continued           incarnation.rs
//!   blobs/             ciphertext by hash                    blobs.rs
//!   bench/             files that something is made of, meanwhile   media/bench.rs
//!   notify.toml        how reminders leave this machine      proofroom-notify
//!   notify/            messages that wait, arrived, were given up
//!   lock               held by the one process that owns the store
//!   agent.sock         where that process takes commands     agent.rs
//! ```
//!
//! Crash story: every small file is written whole to a temporary file beside
//! it, flushed, renamed over the old one, and the directory is flushed. After a
//! crash either the old or the new file is there, never half of one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::failure::{Failure, io_hint};

/// A file of the home directory cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// There is nowhere to look.
    #[error("no home directory: neither --home, PROOFROOM_HOME, XDG_DATA_HOME nor HOME is set")]
    Nowhere,
    /// No identity was made here yet.
    #[error("{} holds no identity yet", .0.display())]
    Empty(PathBuf),
    /// Somebody else's files are here.
    #[error("{} is not empty and holds no Proofroom identity", .0.display())]
    Occupied(PathBuf),
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
    /// A file does not hold what it should.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file was written by a later version of this program.
    #[error("{} is of version {found}, this program knows up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
        /// The newest known version.
        known: u64,
    },
}

impl From<HomeError> for Failure {
    fn from(error: HomeError) -> Self {
        let failure = Failure::store(&error);
        match &error {
            HomeError::Nowhere => failure.hint("name a directory: --home DIR"),
            HomeError::Empty(_) => {
                failure.hint("make one: proofroom init --name \"PRINTED NAME\" --org \"ORGANISATION\"")
            }
            HomeError::Occupied(_) => failure.hint("choose an empty directory"),
            HomeError::Io { error, .. } => match io_hint(error) {
                Some(hint) => failure.hint(hint),
                None => failure,
            },
            HomeError::Damaged { .. } => failure.hint("restore the file from a backup"),
            HomeError::Newer { .. } => failure.hint("use a newer proofroom on this directory"),
        }
    }
}

/// Names the operation and the file of an IO error.
pub(crate) fn at(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> HomeError {
    move |error| HomeError::Io { verb, path: path.to_owned(), error }
}

/// Where this machine's files are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    dir: PathBuf,
}

impl Home {
    /// The directory given, or the usual place for a user's data.
    ///
    /// # Errors
    /// When nothing names a place.
    pub fn locate(given: Option<&Path>) -> Result<Self, HomeError> {
        let from_env = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let dir = given
            .map(Path::to_owned)
            .or_else(|| from_env("XDG_DATA_HOME").map(|d| d.join("proofroom")))
            .or_else(|| from_env("HOME").map(|d| d.join(".local/share/proofroom")))
            .ok_or(HomeError::Nowhere)?;
        let dir = std::path::absolute(&dir).map_err(at("resolve", &dir))?;
        Ok(Self { dir })
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A file in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Makes the directory, for its owner only. An existing one must be empty or ours.
    ///
    /// # Errors
    /// When it holds other files, or cannot be made.
    pub fn create(&self) -> Result<(), HomeError> {
        if !self.dir.exists() {
            let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.dir);
            return made.map_err(at("make", &self.dir));
        }
        let ours = ["identity.json", "pending.json", "lock"].iter().any(|f| self.path(f).exists());
        let mut files = fs::read_dir(&self.dir).map_err(at("list", &self.dir))?;
        if !ours && files.next().is_some() {
            return Err(HomeError::Occupied(self.dir.clone()));
        }
        fs::set_permissions(&self.dir, fs::Permissions::from_mode(0o700)).map_err(at("protect", &self.dir))
    }

    /// Reads a small file; `None` when it is not there.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, HomeError> {
        let path = self.path(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(at("read", &path)(e)),
        }
    }

    /// Replaces a small file: all of it or nothing, for its owner only.
    ///
    /// # Errors
    /// When it cannot be made durable; the old file stays.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), HomeError> {
        write_atomic(&self.path(name), bytes)
    }

    /// Removes a file durably; it may be gone already.
    ///
    /// # Errors
    /// When it is there and cannot be removed.
    pub fn remove(&self, name: &str) -> Result<(), HomeError> {
        let path = self.path(name);
        match fs::remove_file(&path) {
            Ok(()) => sync_dir(&self.dir),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(e) => Err(at("remove", &path)(e)),
        }
    }
}

/// Writes beside `path`, flushes, renames over it, flushes the directory.
pub(crate) fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), HomeError> {
    let temp = temp_beside(path);
    let written = new_file(&temp).and_then(|mut file| {
        file.write_all(bytes).map_err(at("write", &temp))?;
        file.sync_all().map_err(at("flush", &temp))?;
        fs::rename(&temp, path).map_err(at("replace", path))
    });
    if written.is_err() {
        let _gone = fs::remove_file(&temp);
    }
    written?;
    sync_dir(path.parent().unwrap_or(Path::new(".")))
}

/// A name beside `path` that no other process of this machine uses.
pub(crate) fn temp_beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    path.with_file_name(name)
}

/// A new file for its owner only; a leftover of a crash is replaced.
pub(crate) fn new_file(path: &Path) -> Result<File, HomeError> {
    let open = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    open.map_err(at("create", path))
}

/// Takes a file from everybody but its owner.
pub(crate) fn for_its_owner_only(path: &Path) -> Result<(), HomeError> {
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(at("protect", path))
}

/// Makes renames and removals in a directory durable.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), HomeError> {
    File::open(dir).and_then(|d| d.sync_all()).map_err(at("flush", dir))
}

#[cfg(test)]
mod tests {
    use super::{Home, HomeError};
    use std::os::unix::fs::PermissionsExt as _;

    fn home() -> (tempfile::TempDir, Home) {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let home = Home::locate(Some(&dir.path().join("h"))).expect("a path was given");
        (dir, home)
    }

    fn mode(path: &std::path::Path) -> u32 {
        std::fs::metadata(path).expect("the file exists").permissions().mode() & 0o777
    }

    #[test]
    fn a_home_and_its_files_are_for_their_owner_only() {
        let (_dir, home) = home();
        home.create().expect("a new directory");
        home.write("identity.json", b"{}").expect("a small file");
        assert_eq!((mode(home.dir()), mode(&home.path("identity.json"))), (0o700, 0o600));
    }

    #[test]
    fn a_replaced_file_leaves_no_temporary_file_behind() {
        let (_dir, home) = home();
        home.create().expect("a new directory");
        home.write("a", b"1").expect("first");
        home.write("a", b"2").expect("second");
        assert_eq!(home.read("a").expect("readable").as_deref(), Some(b"2".as_slice()));
        assert_eq!(std::fs::read_dir(home.dir()).expect("a directory").count(), 1);
    }

    #[test]
    fn a_directory_with_other_files_is_not_taken_over() {
        let (_dir, home) = home();
        home.create().expect("a new directory");
        std::fs::write(home.path("thesis.txt"), "mine").expect("a file");
        std::fs::set_permissions(home.dir(), std::fs::Permissions::from_mode(0o755)).expect("ours");
        assert!(matches!(home.create(), Err(HomeError::Occupied(_))));
        assert_eq!(mode(home.dir()), 0o755, "its permissions stay");
    }

    #[test]
    fn a_missing_file_is_none_and_removing_it_is_fine() {
        let (_dir, home) = home();
        home.create().expect("a new directory");
        assert_eq!(home.read("nothing").expect("no error"), None);
        home.remove("nothing").expect("no error");
    }
}
