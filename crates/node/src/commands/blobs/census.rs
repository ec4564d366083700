//! All files that documents refer to, and all that are stored.

use std::collections::{BTreeMap, BTreeSet};

use proofroom_blob_files::Entry;
use proofroom_ident::{AssetId, Audience, BlobHash, DocId, WorkspaceId};

use crate::blobs::policy::Policy;
use crate::failure::Failure;
use crate::home::at;
use crate::peer::Peer;

/// One file that a version names.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Of which asset.
    pub asset: AssetId,
    /// The asset's name.
    pub asset_name: String,
    /// The file's name.
    pub name: String,
    /// Its blob.
    pub blob: BlobHash,
    /// Its length.
    pub bytes: u64,
    /// How much of it is here.
    pub here_bytes: u64,
    /// Whether the policy wants it here.
    pub wanted: bool,
    /// Whether it is here as a whole.
    whole: bool,
}

impl Stored {
    /// Whether it is here as a whole.
    pub fn is_here(&self) -> bool {
        self.whole
    }

    /// `here`, `partial` or `missing`.
    pub fn state(&self) -> &'static str {
        match (self.whole, self.here_bytes) {
            (true, _) => "here",
            (false, 0) => "missing",
            (false, _) => "partial",
        }
    }
}

/// What a workspace refers to, and what is stored for it.
#[derive(Debug)]
pub struct Census {
    /// Every file that a version names, once per asset.
    pub files: Vec<Stored>,
    /// What is stored, and nothing refers to.
    pub unused: Vec<Entry>,
}

/// Counts all files of a workspace. Reads every document: one that cannot be read is an error,
/// because what it refers to would be unknown.
///
/// # Errors
/// When a document or the folder cannot be read.
pub fn census(peer: &mut Peer, workspace: WorkspaceId) -> Result<Census, Failure> {
    let folder = peer.blobs().folder().clone();
    let entries = folder.entries(workspace).map_err(at("list", &folder.workspace(workspace)))?;
    // A whole blob may have leftovers of its half-fetched time: the whole one counts.
    let mut stored: BTreeMap<BlobHash, (Entry, bool)> = BTreeMap::new();
    for entry in entries {
        let whole = folder.held(workspace, entry.blob).is_some();
        stored.entry(entry.blob).or_insert((entry, whole));
    }
    let mut referred = BTreeSet::new();
    let mut files = Vec::new();
    let seat = peer.seat(workspace)?;
    let policy = Policy::load(seat.step.store, workspace)?;
    let docs: BTreeSet<DocId> = seat.step.store.docs(workspace)?.into_iter().map(|d| d.doc).collect();
    for asset in seat.replica.plan(seat.step.store)?.assets.clone() {
        for audience in Audience::ALL {
            if !docs.contains(&workspace.review_doc(asset.id, audience)) {
                continue;
            }
            let view = seat.replica.review(seat.step.store, asset.id, audience)?;
            referred.extend(view.blobs.values().filter(|b| !b.is_erased()).map(|b| b.blob));
            let wants = policy.wants(asset.id, &view);
            for reference in view.blobs.values().filter(|b| !b.is_erased()) {
                let (blob, bytes) = (reference.blob, reference.bytes);
                let here = stored.get(&blob);
                files.push(Stored {
                    asset: asset.id,
                    asset_name: asset.name.clone(),
                    name: view.name_of(&reference.content).unwrap_or_else(|| blob.short()),
                    blob,
                    bytes,
                    here_bytes: here.map_or(0, |(e, _)| e.held),
                    wanted: wants.contains_key(&blob),
                    whole: here.is_some_and(|(e, whole)| *whole && e.total == bytes),
                });
            }
        }
    }
    let unused = stored.into_values().map(|(e, _)| e).filter(|e| !referred.contains(&e.blob)).collect();
    Ok(Census { files, unused })
}
