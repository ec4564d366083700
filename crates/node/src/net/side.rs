//! What this peer brings to a session, by who is at the other end.

use proofroom_ident::WorkspaceId;
use proofroom_replica::Neighbour;
use proofroom_sync::limits::Limits;
use proofroom_sync::{Audiences, ClientConfig, ServerConfig};

use super::far::{Far, PeerEnd};
use crate::failure::Failure;
use crate::identity::HeldPhrase;
use crate::peer::Peer;

/// The side that connected.
pub(super) fn client(peer: &mut Peer, workspace: WorkspaceId, far: &Far) -> Result<ClientConfig, Failure> {
    match far {
        Far::Relay(_) => to_relay(peer, workspace),
        Far::Peer(end) => to_peer(peer, workspace, end),
    }
}

/// The side that was connected to. Proofs hold on this very link only.
pub(super) fn server(peer: &Peer, end: &PeerEnd) -> ServerConfig {
    ServerConfig {
        device: peer.identity().secrets.signing.clone(),
        channel: end.binding.clone(),
        limits: Limits::default(),
    }
}

/// The member's device that answers by this endpoint key, if it still is one.
pub(super) fn neighbour(
    peer: &mut Peer,
    workspace: WorkspaceId,
    end: &PeerEnd,
) -> Result<Option<Neighbour>, Failure> {
    let known = peer.seat(workspace)?.replica.neighbours();
    Ok(known.into_iter().find(|n| n.endpoint == end.endpoint))
}

fn to_peer(peer: &mut Peer, workspace: WorkspaceId, end: &PeerEnd) -> Result<ClientConfig, Failure> {
    let gone =
        || Failure::verify(format!("no member of workspace {} answers by this key", workspace.short()));
    let other = neighbour(peer, workspace, end)?.ok_or_else(gone)?;
    Ok(ClientConfig {
        device: peer.identity().secrets.signing.clone(),
        workspace,
        invite: None,
        offers: other.shares.into_iter().collect(),
        prefer: vec![workspace.plan_doc()],
        expect: Some(other.device),
        channel: end.binding.clone(),
        limits: Limits::default(),
    })
}

fn to_relay(peer: &mut Peer, workspace: WorkspaceId) -> Result<ClientConfig, Failure> {
    let person = peer.identity().phrase.as_ref().and_then(HeldPhrase::parse).map(|p| p.person());
    let seat = peer.seat(workspace)?;
    Ok(ClientConfig {
        device: seat.replica.me().secrets.signing.clone(),
        workspace,
        invite: seat.replica.capability(person),
        offers: seat.replica.role_here().map_or(Audiences::ALL, |r| r.audiences().into_iter().collect()),
        prefer: vec![workspace.plan_doc()],
        expect: None,
        channel: Vec::new(),
        limits: Limits::default(),
    })
}
