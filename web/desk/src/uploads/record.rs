//! What a sealed upload becomes: an asset, if it is a new one, and a version of it.

use proofroom_ident::{AssetId, Audience, Millis};
use proofroom_replica::ReplicaError;
use proofroom_review::{BlobKeyBytes, BlobRef, FileRef, Manifest, PlanEdit, ReviewEdit};
use proofroom_store::Store;
use proofroom_web_wire::{Notice, Target};

use super::blob_key;
use crate::desk::{Desk, parse};
use crate::fault::DeskError;

const ASSET_CONTEXT: &str = "proofroom 1 asset of an upload in a browser";

impl<S: Store> Desk<S> {
    /// All files are blobs: they become a version, and are offered to the relay.
    ///
    /// # Errors
    /// When the version cannot be; the upload stays.
    pub fn finish_upload(&mut self, now: Millis, id: &str) -> Result<(), DeskError> {
        let Some(upload) = self.uploads.get(id).filter(|upload| upload.is_sealed()) else { return Ok(()) };
        let workspace = upload.workspace;
        let asset = self.target_of(now, id)?;
        let (manifest, blobs) = self.version_of(id, asset)?;
        for (blob, name) in blobs.iter().zip(&manifest.files) {
            self.send_later(workspace, asset, blob, &name.name)?;
        }
        // Cut off between recording and forgetting, it is not recorded twice.
        let (store, replica) = self.replica(workspace)?;
        let view = replica.review(store, asset, Audience::Everyone)?;
        let same = |m: &Manifest| m.claimed_at == manifest.claimed_at && m.files == manifest.files;
        if !view.versions.values().any(same) {
            let edit = ReviewEdit::AddVersion { manifest: Box::new(manifest), blobs };
            self.act(now, workspace, |replica, step| {
                replica.edit_review(step, asset, Audience::Everyone, &[edit])
            })?;
        }
        self.forget_upload(id)?;
        self.offer(now, workspace)?;
        self.tell_uploads(workspace);
        self.tell(Notice::Changed { workspace: workspace.to_hex(), assets: vec![asset.to_hex()] });
        Ok(())
    }

    /// The asset of an upload, added if it is a new one.
    fn target_of(&mut self, now: Millis, id: &str) -> Result<AssetId, DeskError> {
        let upload = self.uploads.get(id).ok_or(DeskError::NoUpload)?;
        let workspace = upload.workspace;
        let (name, category, request, slot) = match upload.target.clone() {
            Target::Version { asset } => return parse(&asset, "an asset"),
            Target::Asset { name, category, request, slot } => (name, category, request, slot),
        };
        let hash = blake3::derive_key(ASSET_CONTEXT, id.as_bytes());
        let asset = AssetId::from_bytes(std::array::from_fn(|i| hash[i]));
        if self.plan(workspace)?.asset(&asset).is_none() {
            let request = request.map(|key| parse(&key, "a request")).transpose()?;
            let category = parse(&category, "a category")?;
            let mut edits =
                vec![PlanEdit::AddAsset { id: asset, name: name.trim().to_owned(), category, request }];
            if slot.is_some() {
                edits.push(PlanEdit::FillSlot { asset, slot });
            }
            self.edit_plan(now, workspace, &edits)?;
        }
        Ok(asset)
    }

    fn version_of(&mut self, id: &str, asset: AssetId) -> Result<(Manifest, Vec<BlobRef>), DeskError> {
        let me = self.me()?;
        let workspace = self.uploads.get(id).ok_or(DeskError::NoUpload)?.workspace;
        let (store, replica) = self.replica(workspace)?;
        let mut parents = replica.review(store, asset, Audience::Everyone)?.current().heads().to_vec();
        parents.sort_unstable();
        let upload = self.uploads.get(id).ok_or(DeskError::NoUpload)?;
        let (mut files, mut blobs) = (Vec::new(), Vec::new());
        for (i, part) in upload.parts.iter().enumerate() {
            let sealed = part.sealed.as_ref().ok_or(DeskError::NoUpload)?;
            let key = BlobKeyBytes::from_bytes(*blob_key(&me.secrets, id, i).as_bytes());
            blobs.push(BlobRef { blob: sealed.blob, key, bytes: part.bytes, content: sealed.content });
            files.push(FileRef {
                name: part.name.clone(),
                media_type: sealed.media_type.clone(),
                bytes: part.bytes,
                content: sealed.content,
            });
        }
        let manifest = Manifest {
            asset,
            parents,
            files,
            note: upload.note.clone(),
            author: me.person(),
            claimed_at: upload.began,
        };
        manifest.check().map_err(|e| ReplicaError::Invalid(e.to_string()))?;
        Ok((manifest, blobs))
    }

    /// Uploads whose files were all sealed before the browser closed need nobody.
    pub(crate) fn finish_sealed(&mut self, now: Millis) {
        let sealed: Vec<String> =
            self.uploads.iter().filter(|(_, upload)| upload.is_sealed()).map(|(id, _)| id.clone()).collect();
        for id in sealed {
            if let Err(error) = self.finish_upload(now, &id) {
                self.fail_upload(&id, error.to_string());
            }
        }
    }
}
