//! The relay's own device key.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use proofroom_ident::SigningSecret;
use rand_core::CryptoRng;

use crate::RelayError;

/// Reads the key, or makes it at the first start.
pub(crate) fn load_or_make(data: &Path, rng: &mut impl CryptoRng) -> Result<SigningSecret, RelayError> {
    let path = data.join("relay.key");
    match File::open(&path) {
        Ok(file) => load(file, path),
        Err(e) if e.kind() == ErrorKind::NotFound => make(path, rng),
        Err(cause) => Err(RelayError::Data { doing: "read", path, cause }),
    }
}

fn load(file: File, path: PathBuf) -> Result<SigningSecret, RelayError> {
    let mut bytes = Vec::new();
    if let Err(cause) = file.take(64).read_to_end(&mut bytes) {
        return Err(RelayError::Data { doing: "read", path, cause });
    }
    match <[u8; 32]>::try_from(&bytes[..]) {
        Ok(seed) => Ok(SigningSecret::from_seed(&seed)),
        Err(_) => Err(RelayError::Key { path, bytes: bytes.len() }),
    }
}

/// Written under another name first: a crash never leaves half a key.
fn make(path: PathBuf, rng: &mut impl CryptoRng) -> Result<SigningSecret, RelayError> {
    let secret = SigningSecret::generate(rng);
    let half = path.with_extension("key.new");
    let written = private_file(&half)
        .and_then(|mut file| file.write_all(secret.seed().as_ref()).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&half, &path));
    match written {
        Ok(()) => Ok(secret),
        Err(cause) => Err(RelayError::Data { doing: "write", path, cause }),
    }
}

fn private_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
