//! Files of versions: which are wanted, what arrived, how one is opened.
//!
//! A file is fetched whole and its hash is checked by the session before it is
//! kept. Files above [`FILE_BYTES_MAX`] are left where they are: they would have
//! to be held in memory as a whole.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use proofroom_ident::{BlobHash, ContentHash};
use proofroom_review::ReviewView;
use proofroom_seal::BlobKey;

use crate::fault::DeskError;

/// Largest file that is fetched and opened here, in bytes.
pub const FILE_BYTES_MAX: u64 = 64 << 20;

/// How a stored blob becomes a file again.
pub struct Recipe {
    /// Where its ciphertext is.
    pub blob: BlobHash,
    /// What it is, as `type/subtype`.
    pub media_type: String,
    /// Which bytes they must be.
    content: ContentHash,
    key: BlobKey,
}

impl Recipe {
    /// Decrypts the ciphertext in place and checks what came out.
    ///
    /// # Errors
    /// When the bytes are not the file that the version names.
    pub fn open(&self, bytes: &mut [u8]) -> Result<(), DeskError> {
        use proofroom_ident::HashWords as _;
        let opened = self.key.apply(0, bytes).is_ok();
        if opened && ContentHash::of(bytes) == self.content {
            return Ok(());
        }
        Err(DeskError::FileMissing)
    }
}

/// The recipe of a file that a view names.
pub(crate) fn recipe(view: &ReviewView, content: ContentHash) -> Result<Recipe, DeskError> {
    let missing = || DeskError::malformed(&content.to_hex(), "a file of this asset");
    let held = view.blobs.get(&content).ok_or_else(missing)?;
    if held.bytes > FILE_BYTES_MAX {
        return Err(DeskError::FileTooLarge { bytes: held.bytes, max: FILE_BYTES_MAX });
    }
    let files = view.versions.values().flat_map(|manifest| &manifest.files);
    let file = files.into_iter().find(|file| file.content == content).ok_or_else(missing)?;
    Ok(Recipe {
        blob: held.blob,
        media_type: file.media_type.clone(),
        content,
        key: BlobKey::from_bytes(*held.key.as_bytes()),
    })
}

/// Blobs that a connection is fetching.
#[derive(Debug, Default)]
pub(crate) struct Fetching {
    /// Asked for and not here yet.
    pub(crate) wanted: BTreeSet<BlobHash>,
    /// What the relay does not hold: asked again when something changes.
    pub(crate) lacking: BTreeSet<BlobHash>,
    collected: BTreeMap<BlobHash, Vec<u8>>,
}

impl Fetching {
    /// Takes one piece; they come in order.
    pub(crate) fn write(&mut self, blob: BlobHash, offset: u64, total: u64, bytes: &Bytes) {
        let room = usize::try_from(total.min(FILE_BYTES_MAX)).unwrap_or(0);
        let into = self.collected.entry(blob).or_default();
        if offset == 0 {
            into.clear();
            into.reserve_exact(room);
        }
        if into.len() as u64 == offset && into.len() + bytes.len() <= room {
            into.extend_from_slice(bytes);
        }
    }

    /// All pieces came.
    pub(crate) fn take(&mut self, blob: BlobHash) -> Vec<u8> {
        self.wanted.remove(&blob);
        self.collected.remove(&blob).unwrap_or_default()
    }

    /// It does not come.
    pub(crate) fn forget(&mut self, blob: BlobHash) {
        self.wanted.remove(&blob);
        self.collected.remove(&blob);
    }
}
