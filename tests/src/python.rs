//! The Python that has what `verify.py` and the checker of PDFs need.

use std::path::PathBuf;

/// The interpreter that `cargo xtask test` prepared.
///
/// # Panics
/// When it did not: `cargo xtask test` makes it.
pub fn python() -> PathBuf {
    let set = |name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let cache = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")));
    let python = cache.expect("HOME is set").join("proofroom/python/bin/python3");
    assert!(python.is_file(), "{} is missing: run `cargo xtask test`", python.display());
    python
}
