//! What those who wait for somebody are told: the work is there, it was looked at.

use proofroom_ident::{AssetId, Millis, WorkspaceId};
use proofroom_replica::{ReplicaError, Step};
use proofroom_store::Store;
use proofroom_web_wire::Notice;

use crate::desk::Desk;
use crate::fault::DeskError;

impl<S: Store> Desk<S> {
    /// Both sides have everything: says so to those who wait for the person at this browser.
    pub(crate) fn note_synced(&mut self, now: Millis, workspace: WorkspaceId) -> Result<(), ReplicaError> {
        let Some(replica) = self.replicas.get_mut(&workspace) else { return Ok(()) };
        let mut step = Step { store: &mut self.store, now, rng: &mut self.rng };
        // A receipt that cannot be written, for want of a key, is no reason to end the exchange.
        match replica.note_synced(&mut step) {
            Ok(noted) if !noted.is_empty() => {
                self.with(now, workspace, |line, replica, step| line.stored(replica, step))
            }
            _ => Ok(()),
        }
    }

    /// The person looks at the current version, or at one of several.
    pub(crate) fn opened_by_me(
        &mut self,
        now: Millis,
        workspace: WorkspaceId,
        asset: AssetId,
    ) -> Result<(), DeskError> {
        let (store, replica) = self.replica(workspace)?;
        let heads = replica.status(store, asset, now)?.current.heads().to_vec();
        let mut noted = false;
        for version in heads {
            noted |= self
                .act(now, workspace, |replica, step| replica.note_opened(step, asset, version))?
                .is_some();
        }
        if noted {
            self.tell(Notice::Changed { workspace: workspace.to_hex(), assets: vec![asset.to_hex()] });
        }
        Ok(())
    }
}
