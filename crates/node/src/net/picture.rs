//! Who is met, by which path, and how far it got: for people and programs that ask.

use proofroom_ident::{EndpointKey, Millis, PersonId, SignerKey, WorkspaceId};
use proofroom_transport_iroh::{Path, Ticket};

use super::line::Line;
use super::{Net, Standing, Tally};

/// Everything at one moment.
#[derive(Clone, Debug)]
pub struct Picture {
    /// This endpoint, and where it may be reached.
    pub here: Option<Ticket>,
    /// Whether it announces itself on the local network.
    pub nearby: bool,
    /// How many connected whose key is no member's, and the last such key.
    pub strangers: (u64, Option<EndpointKey>),
    /// Every other member's device.
    pub peers: Vec<PeerPicture>,
    /// Every workspace's line to its relay.
    pub relays: Vec<LinePicture>,
}

/// One other member's device.
#[derive(Clone, Debug)]
pub struct PeerPicture {
    /// By which key it answers.
    pub endpoint: EndpointKey,
    /// The device.
    pub device: SignerKey,
    /// Whose it is.
    pub person: PersonId,
    /// Where it may be.
    pub addresses: Vec<String>,
    /// Which way bytes go, while there is a link.
    pub path: Option<Path>,
    /// Since when there is a link.
    pub since: Option<Millis>,
    /// Why there is none.
    pub error: Option<String>,
    /// What is exchanged.
    pub lines: Vec<LinePicture>,
}

/// One workspace with one other end.
#[derive(Clone, Debug)]
pub struct LinePicture {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// `in_sync`, `catching_up`, `connecting` or `down`.
    pub state: &'static str,
    /// Since when the other end is proved.
    pub since: Option<Millis>,
    /// Entries that are lacking here, as far as known.
    pub behind: u64,
    /// Entries that are lacking there, as far as known.
    pub ahead: u64,
    /// What was exchanged.
    pub tally: Tally,
    /// Why it is down.
    pub error: Option<String>,
}

impl LinePicture {
    fn of(line: &Line) -> Self {
        let (behind, ahead) = line.behind_and_ahead();
        let state = match line.standing() {
            Standing::Failed(_) => "down",
            Standing::Settled => "in_sync",
            Standing::Busy if line.since().is_some() => "catching_up",
            Standing::Busy => "connecting",
        };
        Self {
            workspace: line.workspace,
            state,
            since: line.since(),
            behind,
            ahead,
            tally: line.tally().clone(),
            error: line.failure().map(|f| f.what.clone()),
        }
    }
}

impl Net {
    /// Everything at this moment.
    pub fn picture(&self) -> Picture {
        let relays = self.lines.values().filter(|line| line.far.is_relay()).map(LinePicture::of).collect();
        let Some(near) = &self.near else {
            return Picture { here: None, nearby: false, strangers: (0, None), peers: Vec::new(), relays };
        };
        let here = Ticket { endpoint: near.dialler.key(), addresses: near.dialler.addresses() };
        let peers = near.known.iter().map(|(endpoint, known)| PeerPicture {
            endpoint: *endpoint,
            device: known.device,
            person: known.person,
            addresses: known.addresses.iter().map(ToString::to_string).collect(),
            path: known.link.as_ref().and_then(|held| held.link.path()),
            since: known.link.as_ref().map(|held| held.since),
            error: known.error.clone(),
            lines: known.workspaces.iter().map(|(w, shared)| self.line_with(*endpoint, *w, shared)).collect(),
        });
        Picture {
            here: Some(here),
            nearby: near.nearby,
            strangers: near.strangers,
            peers: peers.collect(),
            relays,
        }
    }

    fn line_with(
        &self,
        endpoint: EndpointKey,
        workspace: WorkspaceId,
        shared: &super::near::Shared,
    ) -> LinePicture {
        let with = |line: &&Line| line.far.peer().is_some_and(|end| end.endpoint == endpoint);
        match self.lines_of(workspace).find(|line| with(line) && !line.is_down()) {
            Some(line) => LinePicture::of(line),
            None => LinePicture {
                workspace,
                state: "down",
                since: None,
                behind: 0,
                ahead: 0,
                tally: shared.tally.clone(),
                error: shared.error.clone(),
            },
        }
    }
}
