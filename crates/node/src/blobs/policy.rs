//! Which files of a workspace this machine keeps, and how fast they may come and go.

use std::collections::{BTreeMap, BTreeSet};

use proofroom_blobs::Rank;
use proofroom_ident::{AssetId, BlobHash, ContentHash, WorkspaceId};
use proofroom_review::{BlobRef, RenditionKind, ReviewView};
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
        let kept = |reference: &BlobRef| match self.keep {
            Keep::All => true,
            Keep::Recent(_) => recent.as_ref().is_some_and(|r| r.contains(&reference.blob)),
            Keep::Pinned | Keep::OnDemand => false,
        };
        let wanted = |reference: &&BlobRef| {
            !reference.is_erased() && (self.asked.contains(&reference.blob) || pinned || kept(reference))
        };
        let derived: BTreeMap<&ContentHash, Rank> =
            view.renditions.iter().map(|r| (&r.content, rank_of(r.kind))).collect();
        let rank = |reference: &BlobRef| match derived.get(&reference.content) {
            Some(Rank::Thumbnail) => Rank::Thumbnail,
            _ if self.asked.contains(&reference.blob) => Rank::Asked,
            Some(rank) => *rank,
            None => Rank::Original,
        };
        view.blobs.values().filter(wanted).map(|b| (b.blob, (b.bytes, rank(b)))).collect()
    }
}

/// What is shown of many things at once comes before what is shown of one.
fn rank_of(kind: RenditionKind) -> Rank {
    match kind {
        RenditionKind::Thumbnail | RenditionKind::Waveform | RenditionKind::FrameMap => Rank::Thumbnail,
        RenditionKind::Picture | RenditionKind::Tiles | RenditionKind::Pages | RenditionKind::Proxy => {
            Rank::Rendition
        }
    }
}

/// The blobs of the latest versions, and of their renditions.
fn newest(view: &ReviewView, versions: u32) -> BTreeSet<BlobHash> {
    let numbered = view.numbered();
    let skip = numbered.len().saturating_sub(usize::try_from(versions).unwrap_or(usize::MAX));
    let manifests = numbered.iter().skip(skip).filter_map(|n| view.versions.get(&n.version));
    let files = manifests.flat_map(|m| &m.files).map(|file| &file.content);
    let contents = files.flat_map(|file| view.renditions_of(file).map(|r| &r.content).chain([file]));
    contents.filter_map(|content| view.blobs.get(content)).map(|b| b.blob).collect()
}

fn key(workspace: WorkspaceId) -> Vec<u8> {
    [b"node/blobs/policy/".as_slice(), workspace.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::{Keep, Policy};
    use proofroom_blobs::Rank;
    use proofroom_ident::{AssetId, BlobHash, ContentHash, HashWords as _, Millis, PersonId};
    use proofroom_review::{
        BlobKeyBytes, BlobRef, FileRef, Manifest, Recipe, Rendition, RenditionKind, ReviewView,
    };

    fn blob(view: &mut ReviewView, name: &str) -> ContentHash {
        let content = ContentHash::of(name.as_bytes());
        let key = BlobKeyBytes::from_bytes([7; 32]);
        view.blobs.insert(content, BlobRef { blob: BlobHash::of(name.as_bytes()), key, bytes: 9, content });
        content
    }

    /// A version of one file, with a thumbnail and tiles.
    fn version(view: &mut ReviewView, name: &str, after: &[&Manifest]) -> Manifest {
        let of = blob(view, name);
        for kind in [RenditionKind::Thumbnail, RenditionKind::Tiles] {
            let content = blob(view, &format!("{name} {kind}"));
            view.renditions.push(Rendition {
                of,
                kind,
                recipe: Recipe { tool: "a tool".into(), settings: "small".into() },
                media_type: "image/jpeg".into(),
                content,
                bytes: 9,
                size: None,
                by: PersonId::ZERO,
                claimed_at: Millis(1),
            });
        }
        view.renditions.sort_by_key(|r| (r.of, r.kind));
        let manifest = Manifest {
            asset: AssetId::from_bytes([1; 16]),
            parents: after.iter().map(|m| m.hash().expect("small")).collect(),
            files: vec![FileRef { name: name.into(), media_type: "image/png".into(), bytes: 9, content: of }],
            note: String::new(),
            author: PersonId::ZERO,
            claimed_at: Millis(1),
        };
        view.versions.insert(manifest.hash().expect("small"), manifest.clone());
        manifest
    }

    fn ranks(policy: &Policy, view: &ReviewView) -> Vec<(String, Rank)> {
        let wants = policy.wants(AssetId::from_bytes([1; 16]), view);
        let names = ["one", "one thumbnail", "one tiles", "two", "two thumbnail", "two tiles"];
        let rank = |name: &&str| wants.get(&BlobHash::of(name.as_bytes())).map(|w| (name.to_string(), w.1));
        names.iter().filter_map(rank).collect()
    }

    #[test]
    fn thumbnails_come_first_and_renditions_go_with_their_version() {
        let mut view = ReviewView::default();
        let first = version(&mut view, "one", &[]);
        version(&mut view, "two", &[&first]);
        let named = |all: &[(&str, Rank)]| all.iter().map(|(n, r)| ((*n).to_owned(), *r)).collect::<Vec<_>>();
        let two =
            [("two", Rank::Original), ("two thumbnail", Rank::Thumbnail), ("two tiles", Rank::Rendition)];
        let recent = Policy { keep: Keep::Recent(1), ..Policy::default() };
        assert_eq!(ranks(&recent, &view), named(&two));
        assert_eq!(ranks(&Policy::default(), &view).len(), 6);
        let asked =
            Policy { keep: Keep::OnDemand, asked: [BlobHash::of(b"one")].into(), ..Policy::default() };
        assert_eq!(ranks(&asked, &view), named(&[("one", Rank::Asked)]));
    }
}
