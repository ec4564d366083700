//! Endpoint keys: who may have packets passed on.
//!
//! Workspaces in use answer from their membership. Of the others, the keys are read once
//! and kept until somebody opens the workspace, which is the only way to change it.

use std::collections::BTreeSet;

use proofroom_ident::{EndpointKey, WorkspaceId};
use proofroom_store::{Store, StoreError};

use super::Relay;
use crate::room::Room;

impl Relay {
    /// Whether the endpoint is that of a present member's device, in any workspace. A store that fails knows none.
    pub fn is_endpoint(&mut self, endpoint: EndpointKey, store: &dyn Store) -> bool {
        let in_use = self.rooms.values().any(|room| keys(room).any(|key| key == endpoint));
        in_use || self.read_resting(store).is_ok_and(|()| self.rests(endpoint))
    }

    fn rests(&self, endpoint: EndpointKey) -> bool {
        let resting = self.resting.iter().filter(|(workspace, _)| !self.rooms.contains_key(*workspace));
        resting.into_iter().any(|(_, keys)| keys.contains(&endpoint))
    }

    fn read_resting(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        let all = store.workspaces()?;
        let unread = |w: &&WorkspaceId| !self.rooms.contains_key(*w) && !self.resting.contains_key(*w);
        for workspace in all.iter().filter(unread).copied().collect::<Vec<_>>() {
            let held: BTreeSet<EndpointKey> = keys(&Room::open(store, workspace)?).collect();
            self.resting.insert(workspace, held);
        }
        Ok(())
    }
}

/// The endpoint keys of present members' devices.
fn keys(room: &Room) -> impl Iterator<Item = EndpointKey> {
    let state = room.authority.state();
    let present = state.devices().filter(move |(signer, _)| state.actor(*signer).is_some());
    present.map(|(_, device)| device.record.endpoint)
}
