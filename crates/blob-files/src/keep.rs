//! Making finished blobs durable, many at a time.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;

use proofroom_ident::{BlobHash, WorkspaceId};

use crate::folder::{Folder, sync_dir};

/// From so many files on, one flush of the file system is cheaper than one each.
#[cfg(target_os = "linux")]
const FLUSH_TOGETHER_MIN: usize = 8;

/// A blob that is complete, but not durable yet.
#[derive(Debug)]
pub struct Finished {
    folder: Folder,
    /// Of which workspace.
    pub workspace: WorkspaceId,
    /// Its name.
    pub blob: BlobHash,
    /// Its length.
    pub bytes: u64,
    has_tree: bool,
}

impl Finished {
    pub(crate) fn new(
        folder: Folder,
        workspace: WorkspaceId,
        blob: BlobHash,
        bytes: u64,
        has_tree: bool,
    ) -> Self {
        Self { folder, workspace, blob, bytes, has_tree }
    }

    /// Where it is.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Flushes them, gives them their names, flushes those.
    ///
    /// # Errors
    /// When the disk fails; those that have no name yet are still half-fetched.
    pub fn keep_all(all: &[Self]) -> io::Result<()> {
        flush(all)?;
        let mut dirs = BTreeSet::new();
        for one in all {
            one.rename()?;
            dirs.insert(one.folder.workspace(one.workspace));
        }
        dirs.iter().try_for_each(|dir| sync_dir(dir))
    }

    fn rename(&self) -> io::Result<()> {
        let (folder, workspace, blob) = (&self.folder, self.workspace, self.blob);
        if self.has_tree {
            fs::rename(folder.part_tree_path(workspace, blob), folder.tree_path(workspace, blob))?;
        }
        fs::rename(folder.part_path(workspace, blob), folder.path(workspace, blob))?;
        if self.has_tree {
            // A leftover says nothing once the blob has its name.
            _ = fs::remove_file(folder.part_held_path(workspace, blob));
        }
        Ok(())
    }
}

fn flush(all: &[Finished]) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    if let Some(first) = all.first().filter(|_| all.len() >= FLUSH_TOGETHER_MIN) {
        return Ok(rustix::fs::syncfs(File::open(first.folder.dir())?)?);
    }
    for one in all {
        File::open(one.folder.part_path(one.workspace, one.blob))?.sync_all()?;
    }
    Ok(())
}
