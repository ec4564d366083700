//! Packages: versions that are approved together.

use std::collections::BTreeSet;

use proofroom_ident::{AssetId, Digest, VersionHash};
use serde::{Deserialize, Serialize};

use crate::canonical::{CanonicalError, canonical_json};
use crate::text::{self, TextError};

const ITEMS_MAX: usize = 2_000;

/// One version of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackageItem {
    /// Of which asset.
    pub asset: AssetId,
    /// Which version.
    pub version: VersionHash,
}

/// A manifest of versions that are approved together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// What people call it.
    pub name: String,
    /// Its versions, sorted; one of each asset.
    pub items: Vec<PackageItem>,
    /// The asset whose review is about the package as a whole; absent where the items' own reviews
    /// are all there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole: Option<AssetId>,
}

impl Package {
    /// Whether it keeps every limit.
    pub fn check(&self) -> Result<(), TextError> {
        text::line("the package's name", &self.name)?;
        text::count("versions in a package", self.items.len(), ITEMS_MAX)?;
        let assets: BTreeSet<AssetId> = self.items.iter().map(|item| item.asset).collect();
        let doubled = self.items.len() - assets.len();
        text::count("assets that are in the package twice", doubled, 0)?;
        if self.items.is_empty() {
            return Err(TextError::Empty { field: "the package" });
        }
        Ok(())
    }

    /// The hash of its canonical form: its identity.
    pub fn hash(&self) -> Result<Digest<Self>, CanonicalError> {
        Ok(Digest::from_bytes(*blake3::hash(canonical_json(self)?.as_bytes()).as_bytes()))
    }
}
