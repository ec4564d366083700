//! Files of versions: which are wanted, what arrived, how one is opened.
//!
//! A file is fetched slice by slice, each verified by the session against the
//! blob's name, and kept once it is whole. Files above [`FILE_BYTES_MAX`] are left where they are: they would have
//! to be held in memory as a whole.

use std::collections::BTreeMap;

use proofroom_blobs::{SLICE_BYTES, Slice, Span};
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

/// Blobs that a connection is fetching, each from its first byte to its last.
#[derive(Debug, Default)]
pub(crate) struct Fetching {
    collected: BTreeMap<BlobHash, Vec<u8>>,
}

/// What became of a slice.
pub(crate) enum Taken {
    /// It was the last one: the blob's ciphertext.
    Whole(Vec<u8>),
    /// Ask for this one next.
    More(Span),
    /// It was not asked for.
    Nothing,
}

impl Fetching {
    /// Begins with a blob: what to ask for first, or nothing if it is being fetched.
    pub(crate) fn begin(&mut self, blob: BlobHash, total: u64) -> Option<Span> {
        if self.collected.contains_key(&blob) {
            return None;
        }
        self.collected.insert(blob, Vec::new());
        Some(next(0, total))
    }

    /// Takes a slice that the session has verified.
    pub(crate) fn take(&mut self, blob: BlobHash, total: u64, slice: &Slice) -> Taken {
        let Some(into) = self.collected.get_mut(&blob) else { return Taken::Nothing };
        if into.len() as u64 != slice.span.offset || total > FILE_BYTES_MAX {
            return Taken::Nothing;
        }
        into.extend_from_slice(&slice.bytes);
        let done = into.len() as u64;
        if done < total {
            return Taken::More(next(done, total));
        }
        Taken::Whole(self.collected.remove(&blob).unwrap_or_default())
    }

    /// It does not come from this relay.
    pub(crate) fn forget(&mut self, blob: BlobHash) {
        self.collected.remove(&blob);
    }
}

fn next(offset: u64, total: u64) -> Span {
    Span { offset, bytes: (total - offset).min(SLICE_BYTES) }
}
