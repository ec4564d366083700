//! Other devices of the workspace that may be met on the network.

use std::sync::Arc;

use proofroom_authority::{Device, Role};
use proofroom_ident::{Audience, DocId, EndpointKey, PersonId, SignerKey};
use proofroom_store::{Store, entries_at};

use crate::ReplicaError;
use crate::open::{Membership, Replica};

/// A member's device, and what may be exchanged with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// The device.
    pub device: SignerKey,
    /// Whose it is.
    pub person: PersonId,
    /// The key by which it answers on the network: no other will do.
    pub endpoint: EndpointKey,
    /// What both it and this device may hold.
    pub shares: Vec<Audience>,
}

impl Replica {
    /// The devices of all members but this one. None while this device is no member's.
    pub fn neighbours(&self) -> Vec<Neighbour> {
        let Membership::Member(mine) = self.membership() else { return Vec::new() };
        let devices = self.authority.state().devices();
        devices.filter_map(|(device, held)| self.meet(mine, device, held)).collect()
    }

    /// One device, if it is a member's now.
    pub fn neighbour(&self, device: SignerKey) -> Option<Neighbour> {
        let Membership::Member(mine) = self.membership() else { return None };
        self.meet(mine, device, self.authority.state().device(device)?)
    }

    /// What shows a device that it is not a member's any more; nothing where it never was, or still is.
    pub fn parting(&self, store: &dyn Store, device: SignerKey) -> Result<Vec<Arc<[u8]>>, ReplicaError> {
        Ok(entries_at(store, self.workspace, DocId::AUTHORITY, self.authority.parting(device))?)
    }

    fn meet(&self, mine: Role, device: SignerKey, held: &Device) -> Option<Neighbour> {
        let theirs = self.authority.state().role(held.person)?;
        if !held.is_active() || device == self.me.device() {
            return None;
        }
        // A relay carries everything and reads nothing.
        let holds = |role: Role, audience: &Audience| role == Role::Relay || role.reads(*audience);
        let shares = Audience::ALL.into_iter().filter(|a| holds(mine, a) && holds(theirs, a)).collect();
        Some(Neighbour { device, person: held.person, endpoint: held.record.endpoint, shares })
    }
}
