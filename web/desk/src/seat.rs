//! A replica with what it needs of the world, for one ask.

use std::sync::Arc;

use proofroom_authority::Role;
use proofroom_ident::{Millis, WorkspaceId};
use proofroom_replica::{Me, Membership, Replica, ReplicaError, Step};
use proofroom_review::PlanView;
use proofroom_store::Store;

use crate::desk::Desk;
use crate::fault::DeskError;

impl<S: Store> Desk<S> {
    /// Acts on a workspace, and pushes what that wrote.
    pub(crate) fn act<T>(
        &mut self,
        now: Millis,
        workspace: WorkspaceId,
        act: impl FnOnce(&mut Replica, &mut Step<'_>) -> Result<T, ReplicaError>,
    ) -> Result<T, DeskError> {
        let replica = self.replicas.get_mut(&workspace).ok_or(ReplicaError::UnknownWorkspace(workspace))?;
        let mut step = Step { store: &mut self.store, now, rng: &mut self.rng };
        let done = act(replica, &mut step)?;
        self.push(now, workspace);
        Ok(done)
    }

    /// A workspace to be read.
    pub(crate) fn replica(&mut self, workspace: WorkspaceId) -> Result<(&S, &mut Replica), DeskError> {
        let replica = self.replicas.get_mut(&workspace).ok_or(ReplicaError::UnknownWorkspace(workspace))?;
        Ok((&self.store, replica))
    }

    /// The plan of a workspace.
    pub(crate) fn plan(&mut self, workspace: WorkspaceId) -> Result<Arc<PlanView>, DeskError> {
        let (store, replica) = self.replica(workspace)?;
        Ok(replica.plan(store)?)
    }

    /// The role of the person at this browser, if they are a member.
    pub(crate) fn role(&mut self, workspace: WorkspaceId) -> Result<Option<Role>, DeskError> {
        Ok(match self.replica(workspace)?.1.membership() {
            Membership::Member(role) => Some(role),
            Membership::Joining(_) | Membership::Removed | Membership::Stranger => None,
        })
    }

    /// The person at this browser.
    pub(crate) fn me(&self) -> Result<Me, DeskError> {
        Ok(self.who.as_ref().ok_or(DeskError::Nobody)?.me())
    }

    /// The printed names of the members.
    pub(crate) fn member_names(&mut self, workspace: WorkspaceId) -> Result<Vec<String>, DeskError> {
        let (store, replica) = self.replica(workspace)?;
        let active = replica.members(store)?.into_iter().filter(|m| !m.removed);
        Ok(active.filter_map(|m| m.printed_name).collect())
    }
}
