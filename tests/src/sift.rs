//! Looking for plain words where there should be none.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Every file below a folder, in order.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            let path = entry.expect("a listed entry can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path);
            }
        }
    }
    found.into_iter().collect()
}

/// What `strings` finds in every file below a folder, in one text.
///
/// # Panics
/// When `strings` is not installed.
pub fn strings(folder: &Path) -> String {
    let output = Command::new("strings")
        .arg("--all")
        .args(files(folder))
        .output()
        .expect("`strings` runs (package binutils; `cargo xtask test` installs it)");
    assert!(output.status.success(), "strings: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Whether any file below a folder contains a run of bytes.
pub fn contains(folder: &Path, bytes: &[u8]) -> bool {
    assert!(!bytes.is_empty(), "an empty run of bytes is everywhere");
    files(folder).iter().any(|path| {
        let held = fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        held.windows(bytes.len()).any(|window| window == bytes)
    })
}

/// A digest of names and bytes of every file below a folder that `counts`:
/// equal before and after means that nothing was written.
pub fn fingerprint(folder: &Path, counts: impl Fn(&Path) -> bool) -> Vec<(PathBuf, Vec<u8>)> {
    let files = files(folder).into_iter().filter(|path| counts(path));
    files
        .map(|path| {
            let bytes = fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            (path, bytes)
        })
        .collect()
}
