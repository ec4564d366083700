//! Where files lie while something is made of them: a folder in the home directory, for its owner
//! only, emptied before and after. Other programs read there, so what is in it is in the clear.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use crate::home::{Home, HomeError, at, new_file};

const FOLDER: &str = "bench";

/// A folder for work in progress.
#[derive(Debug)]
pub struct Bench {
    dir: PathBuf,
}

impl Bench {
    /// An empty one. Only for the store's owner: a crashed process's leftovers go.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(home: &Home) -> Result<Self, HomeError> {
        let dir = home.path(FOLDER);
        match fs::remove_dir_all(&dir) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(at("empty", &dir)(e)),
            _ => {}
        }
        fs::DirBuilder::new().mode(0o700).create(&dir).map_err(at("make", &dir))?;
        Ok(Self { dir })
    }

    /// A place in it.
    pub fn place(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Writes a file of it, for its owner only.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), HomeError> {
        new_file(path)?.write_all(bytes).map_err(at("write", path))
    }

    /// Removes a file of it; it may be gone already.
    pub fn clear(&self, path: &Path) {
        let _gone = fs::remove_file(path);
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // The next one empties it.
        let _later = fs::remove_dir_all(&self.dir);
    }
}
