//! Versions: immutable manifests of files, identified by their hash.

use std::fmt;

use proofroom_ident::{AssetId, BlobHash, ContentHash, HashWords as _, Millis, PersonId, VersionHash};
use serde::{Deserialize, Serialize};

use crate::canonical::{CanonicalError, canonical_json, from_canonical_json};
use crate::text::{self, TextError};

/// Largest canonical manifest, in bytes.
pub const MANIFEST_BYTES_MAX: usize = 1 << 20;
const FILES_MAX: usize = 2_000;
const NAME_BYTES_MAX: usize = 255;
const PARENTS_MAX: usize = 64;
const FILE_BYTES_MAX: u64 = 1 << 50;

/// A manifest cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// It is not in canonical form.
    #[error("version manifest: {0}")]
    Canonical(#[from] CanonicalError),
    /// A text breaks its limit.
    #[error("version manifest: {0}")]
    Text(#[from] TextError),
    /// A rule of its own.
    #[error("version manifest: {0}")]
    Rule(&'static str),
    /// A file name would leave the folder that it is written to.
    #[error("version manifest: `{0}` is not a file name that every system can write")]
    FileName(String),
}

/// One file of a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRef {
    /// Its name, without folders.
    pub name: String,
    /// What it is, as `type/subtype`.
    pub media_type: String,
    /// Its length.
    pub bytes: u64,
    /// The BLAKE3 hash of its plaintext.
    pub content: ContentHash,
}

/// One version of an asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Of which asset.
    pub asset: AssetId,
    /// The versions that its author had in front of them, sorted; empty for a first version.
    pub parents: Vec<VersionHash>,
    /// Its files, in their author's order, names unique.
    pub files: Vec<FileRef>,
    /// What changed, in its author's words.
    pub note: String,
    /// Who made it.
    pub author: PersonId,
    /// When they say they did.
    pub claimed_at: Millis,
}

impl Manifest {
    /// The canonical form.
    ///
    /// # Errors
    /// When a number is beyond 53 bits; never for a manifest that passed [`Manifest::check`].
    pub fn to_json(&self) -> Result<String, ManifestError> {
        Ok(canonical_json(self)?)
    }

    /// Reads the canonical form, and nothing else.
    pub fn from_json(json: &str) -> Result<Self, ManifestError> {
        let manifest: Self = from_canonical_json(json, MANIFEST_BYTES_MAX)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// The version's identity: the hash of its canonical form.
    pub fn hash(&self) -> Result<VersionHash, ManifestError> {
        Ok(VersionHash::of(self.to_json()?.as_bytes()))
    }

    /// Whether it keeps every limit and rule.
    pub fn check(&self) -> Result<(), ManifestError> {
        text::body("the version's note", &self.note)?;
        text::count("files in one version", self.files.len(), FILES_MAX)?;
        text::count("parents of one version", self.parents.len(), PARENTS_MAX)?;
        if self.files.is_empty() {
            return Err(ManifestError::Rule("a version has at least one file"));
        }
        if !self.parents.is_sorted_by(|a, b| a < b) {
            return Err(ManifestError::Rule("parents are sorted and unique"));
        }
        let mut names: Vec<String> = self.files.iter().map(|f| f.name.to_lowercase()).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(ManifestError::Rule("file names are unique, whatever their case"));
        }
        self.files.iter().try_for_each(FileRef::check)
    }
}

impl FileRef {
    fn check(&self) -> Result<(), ManifestError> {
        text::line("the file's name", &self.name)?;
        if !is_plain_name(&self.name) {
            return Err(ManifestError::FileName(self.name.clone()));
        }
        text::line("the file's media type", &self.media_type)?;
        if !is_media_type(&self.media_type) {
            return Err(ManifestError::Rule("a media type is type/subtype"));
        }
        if self.bytes > FILE_BYTES_MAX {
            return Err(ManifestError::Rule("a file is at most 1 PiB long"));
        }
        Ok(())
    }
}

/// Whether a text reads `type/subtype`.
pub(crate) fn is_media_type(text: &str) -> bool {
    text.is_ascii() && text.split('/').filter(|part| !part.is_empty()).count() == 2
}

/// Whether writing a file of this name stays in its folder, on every system.
fn is_plain_name(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let device = matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || (stem.len() == 4 && (stem.starts_with("COM") || stem.starts_with("LPT")));
    name.len() <= NAME_BYTES_MAX
        && !device
        && !name.contains(['/', '\\', ':', '*', '?', '"', '<', '>', '|'])
        && !name.ends_with(['.', ' '])
        && !name.starts_with(' ')
}

/// The secret key of one blob, as a document carries it to those who may read it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BlobKeyBytes([u8; 32]);

impl BlobKeyBytes {
    /// Wraps bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for BlobKeyBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlobKeyBytes(secret)")
    }
}

impl Serialize for BlobKeyBytes {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for BlobKeyBytes {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(d)?;
        let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).ok();
        let key = bytes.and_then(|b| <[u8; 32]>::try_from(b).ok());
        key.map(Self).ok_or_else(|| serde::de::Error::custom("a blob key is 64 hexadecimal digits"))
    }
}

/// Where a file's bytes are, and how to read them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlobRef {
    /// The hash of the ciphertext: where it is stored and fetched.
    pub blob: BlobHash,
    /// The key that opens it.
    pub key: BlobKeyBytes,
    /// Length, of plaintext and ciphertext alike.
    pub bytes: u64,
    /// The hash of the plaintext: which file it is.
    pub content: ContentHash,
}

impl BlobRef {
    /// The same reference once its key is erased: it opens nothing.
    #[must_use]
    pub fn erased(&self) -> Self {
        Self { key: BlobKeyBytes::from_bytes([0; 32]), ..self.clone() }
    }

    /// Whether its key was erased.
    pub fn is_erased(&self) -> bool {
        *self.key.as_bytes() == [0; 32]
    }

    /// The canonical form.
    pub fn to_json(&self) -> Result<String, ManifestError> {
        Ok(canonical_json(self)?)
    }

    /// Reads the canonical form, and nothing else.
    pub fn from_json(json: &str) -> Result<Self, ManifestError> {
        Ok(from_canonical_json(json, 1_024)?)
    }
}
