//! The review app's files, as `cargo xtask web` built them. Empty if it was not built.

/// One file.
#[derive(Clone, Copy)]
pub struct File {
    /// Its name, without folders.
    pub name: &'static str,
    /// Its bytes.
    pub bytes: &'static [u8],
    /// Its bytes, compressed by brotli (RFC 7932).
    pub brotli: &'static [u8],
}

/// All files, by name.
pub static FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/table.rs"));

/// The file of a name.
pub fn file(name: &str) -> Option<&'static File> {
    FILES.binary_search_by(|file| file.name.cmp(name)).ok().map(|at| &FILES[at])
}

impl File {
    /// What it is, by its ending.
    pub fn media_type(&self) -> &'static str {
        match self.name.rsplit('.').next() {
            Some("html") => "text/html; charset=utf-8",
            Some("js" | "mjs") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("wasm") => "application/wasm",
            Some("svg") => "image/svg+xml",
            Some("webmanifest") => "application/manifest+json",
            _ => "application/octet-stream",
        }
    }

    /// Whether its name carries the hash of its bytes, so that it never changes.
    pub fn is_immutable(&self) -> bool {
        let hash = self.name.rsplit('.').nth(1);
        hash.is_some_and(|hash| hash.len() == 12 && hash.bytes().all(|b| b.is_ascii_hexdigit()))
    }
}
