//! A workspace as one bundle file, with the files that are here.

use bytes::Bytes;
use proofroom_ident::{BlobHash, WorkspaceId};
use proofroom_replica::Membership;
use proofroom_store::Store;
use proofroom_sync::bundle::Export;

use crate::desk::{Desk, parse};
use crate::fault::DeskError;

/// A bundle that is being written.
pub struct Bundle {
    /// Makes its bytes.
    pub export: Export,
    /// What to call the file.
    pub name: String,
    /// The blobs that go into it, with their lengths.
    pub blobs: Vec<(BlobHash, u64)>,
}

impl<S: Store> Desk<S> {
    /// Begins a bundle: its first bytes come with it.
    ///
    /// # Errors
    /// When the person is not a member, or the store fails.
    pub fn begin_export(&mut self, workspace: &str) -> Result<(Bundle, Bytes), DeskError> {
        let workspace: WorkspaceId = parse(workspace, "a workspace")?;
        let (store, replica) = self.replica(workspace)?;
        let Membership::Member(role) = replica.membership() else {
            return Err(proofroom_replica::ReplicaError::NotMember.into());
        };
        let reads = role.audiences().into_iter().collect();
        let (export, header) = Export::begin(store, workspace, reads, &[workspace.plan_doc()])?;
        let plan = self.plan(workspace)?;
        let mut blobs = Vec::new();
        for asset in &plan.assets {
            blobs.extend(self.blobs_of(workspace, asset.id)?);
        }
        blobs.retain(|(blob, _)| self.shelf.whole.contains(blob));
        blobs.sort_unstable();
        blobs.dedup();
        let plain: String = plan.name.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
        Ok((Bundle { export, name: format!("{}.bundle", plain.trim_matches('-')), blobs }, header))
    }

    /// The next bytes of its entries, or nothing once they are all there.
    ///
    /// # Errors
    /// When the store fails.
    pub fn next_of_export(&mut self, bundle: &mut Bundle) -> Result<Option<Bytes>, DeskError> {
        Ok(bundle.export.next_entries(&self.store)?)
    }
}
