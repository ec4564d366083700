//! Which files of a workspace this machine keeps, and how fast they may come and go.

use std::collections::{BTreeMap, BTreeSet};

use proofroom_blobs::Rank;
use proofroom_ident::{AssetId, BlobHash, WorkspaceId};
use proofroom_review::{BlobRef, ReviewView};
use proofroom_store::{Batch, Store};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// Versions of an asset that count as recent, unless another number is given.
pub const RECENT_DEFAULT: u32 = 2;

/// Which files come by themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// All that a version names.
    #[default]
    All,
    /// Those of so many of the latest versions of every asset, and those of pinned assets.
    Recent(u32),
    /// Those of pinned assets.
    Pinned,
    /// None, until somebody asks.
    OnDemand,
}

/// One workspace's policy on this machine. Files that are here already stay under any of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Which files come by themselves.
    pub keep: Keep,
    /// Assets whose files come under every policy.
    pub pins: BTreeSet<AssetId>,
    /// Blobs that were asked for, until they are here.
    pub asked: BTreeSet<BlobHash>,
    /// How fast files may come, in bytes per second.
    pub receive_bytes_per_s: Option<u64>,
    /// How fast files may go, in bytes per second.
    pub send_bytes_per_s: Option<u64>,
    /// No files come or go.
    pub paused: bool,
}

impl Policy {
    /// The policy of a workspace; one that nobody set keeps everything.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn load(store: &dyn Store, workspace: WorkspaceId) -> Result<Self, Failure> {
        let bytes = store.get(&key(workspace))?.unwrap_or_default();
        // A later version's policy is not understood: then the careful one, which loses nothing.
        Ok(serde_json::from_slice(&bytes).unwrap_or_default())
    }

    /// Keeps it.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn save(&self, store: &mut dyn Store, workspace: WorkspaceId) -> Result<(), Failure> {
        let bytes = serde_json::to_vec(self).map_err(|e| Failure::store(e.to_string()))?;
        let mut batch = Batch::new();
        batch.put(key(workspace), bytes);
        Ok(store.commit(batch)?)
    }

    /// The blobs of an asset that come under this policy: how long and how urgent each is.
    pub fn wants(&self, asset: AssetId, view: &ReviewView) -> BTreeMap<BlobHash, (u64, Rank)> {
        let pinned = self.pins.contains(&asset);
        let recent = match self.keep {
            Keep::Recent(n) => Some(newest(view, n)),
            _ => None,
        };
        let wanted = |reference: &&BlobRef| {
            self.asked.contains(&reference.blob)
                || pinned
                || match self.keep {
                    Keep::All => true,
                    Keep::Recent(_) => recent.as_ref().is_some_and(|r| r.contains(&reference.blob)),
                    Keep::Pinned | Keep::OnDemand => false,
                }
        };
        let rank = |reference: &BlobRef| match self.asked.contains(&reference.blob) {
            true => Rank::Asked,
            false => Rank::Original,
        };
        view.blobs.values().filter(wanted).map(|b| (b.blob, (b.bytes, rank(b)))).collect()
    }
}

/// The blobs of the latest versions.
fn newest(view: &ReviewView, versions: u32) -> BTreeSet<BlobHash> {
    let numbered = view.numbered();
    let skip = numbered.len().saturating_sub(usize::try_from(versions).unwrap_or(usize::MAX));
    let manifests = numbered.iter().skip(skip).filter_map(|n| view.versions.get(&n.version));
    let files = manifests.flat_map(|m| &m.files);
    files.filter_map(|f| view.blobs.get(&f.content)).map(|b| b.blob).collect()
}

fn key(workspace: WorkspaceId) -> Vec<u8> {
    [b"node/blobs/policy/".as_slice(), workspace.as_bytes()].concat()
}
