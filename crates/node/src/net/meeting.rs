//! Lines to other members' devices: begun, answered, and ended when membership says so.

use std::sync::Arc;
use std::time::{Duration, Instant};

use proofroom_ident::{EndpointKey, SignerKey, WorkspaceId};
use proofroom_sync::{Audiences, Code, Input};
use proofroom_transport_iroh::{Channel, Ticket};

use super::far::{Far, PeerEnd};
use super::line::Line;
use super::near::NearEvent;
use super::news::News;
use super::{BUSY_MS, Net, backoff_ms, socket};
use crate::failure::Failure;
use crate::peer::Peer;

/// Conversations that one peer may have open at a time.
const LINES_PER_PEER_MAX: usize = 512;

impl Net {
    /// Takes one event of the network of peers.
    pub(super) fn on_near(&mut self, peer: &mut Peer, event: NearEvent) -> Vec<News> {
        let mine = peer.identity().device.endpoint;
        let Some(near) = &mut self.near else { return Vec::new() };
        let mut news = Vec::new();
        if near.due
            && let Err(failure) = near.read(peer)
        {
            news.push(News::Trouble { failure });
        }
        match event {
            NearEvent::Came(link) => _ = near.hold(link, mine),
            NearEvent::Sighted(sighting) => near.on_sighted(sighting),
            NearEvent::Dialled(key, result) => match *result {
                Ok(link) => _ = near.hold(link, mine),
                Err(error) => near.on_failed(key, &error),
            },
            NearEvent::Gone(key, link, why) => near.on_gone(key, link, why),
            NearEvent::Offered(key, link, channel) => news.extend(self.answer(peer, key, link, *channel)),
        }
        news
    }

    /// The other side begins a conversation.
    fn answer(&mut self, peer: &mut Peer, key: EndpointKey, link: usize, channel: Channel) -> Vec<News> {
        let held = self.near.as_ref().and_then(|n| n.known.get(&key)?.link.as_ref());
        let Some(held) = held.filter(|held| held.link.id() == link) else { return Vec::new() };
        let end = PeerEnd::of(&held.link);
        if self.lines.values().filter(|l| l.far.peer() == Some(&end)).count() >= LINES_PER_PEER_MAX {
            return Vec::new();
        }
        let wire = self.wire();
        let serial = wire.serial;
        let (line, news) = Line::server(peer, end, serial, socket::carry_on(channel, wire));
        self.lines.insert(serial, line);
        news
    }

    /// Dials who is due, begins conversations that are due.
    pub(super) fn look_around(&mut self, peer: &mut Peer) -> Result<Vec<News>, Failure> {
        let Some(near) = &mut self.near else { return Ok(Vec::new()) };
        if !near.is_time() {
            return Ok(Vec::new());
        }
        if near.due {
            near.read(peer)?;
        }
        near.dial();
        let seen: Vec<Ticket> = near.known.iter().filter_map(|(key, known)| known.ticket(*key)).collect();
        let now = Instant::now();
        let mut due = Vec::new();
        for (key, known) in &near.known {
            let Some(held) = &known.link else { continue };
            let ready = known.workspaces.iter().filter(|(_, shared)| shared.again <= now);
            due.extend(ready.map(|(workspace, _)| (*key, *workspace, held.link.clone())));
        }
        for ticket in seen {
            peer.learn(&ticket)?;
        }
        for (key, workspace, link) in due {
            let end = PeerEnd::of(&link);
            let talking = self.lines_of(workspace).any(|l| l.far.peer().is_some_and(|p| p.endpoint == key));
            if talking || self.others_catch_up(workspace, 0) {
                continue;
            }
            let wire = self.wire();
            let serial = wire.serial;
            let out = socket::open_on(link, wire);
            let Some(shared) = self.shared(key, workspace) else { continue };
            shared.again = now + Duration::from_millis(backoff_ms(shared.attempts));
            shared.attempts = shared.attempts.saturating_add(1);
            let tally = std::mem::take(&mut shared.tally);
            let line = Line::client(peer, workspace, Far::Peer(end), serial, out, tally, 0)?;
            self.lines.insert(serial, line);
        }
        Ok(Vec::new())
    }

    fn shared(&mut self, key: EndpointKey, workspace: WorkspaceId) -> Option<&mut super::near::Shared> {
        self.near.as_mut()?.known.get_mut(&key)?.workspaces.get_mut(&workspace)
    }

    /// A line to a peer ended: what it did and why is kept for whoever asks.
    pub(super) fn part_from(&mut self, serial: u64) {
        let Some(line) = self.lines.remove(&serial) else { return };
        let Some(key) = line.far.peer().map(|end| end.endpoint) else { return };
        let yields = matches!(line.closed(), Some(Code::Busy | Code::Duplicate)) || line.stood_back();
        let (failure, was_up) = (line.failure().map(|f| f.what.clone()), line.there.is_some());
        let tally = line.tally().clone();
        let Some(shared) = self.shared(key, line.workspace) else { return };
        shared.tally.add(&tally);
        if was_up {
            shared.attempts = 0;
        }
        shared.error = if yields { None } else { failure };
        let ms = if yields { BUSY_MS } else { backoff_ms(shared.attempts) };
        shared.again = Instant::now() + Duration::from_millis(ms);
    }

    /// Somebody proved a device: may it talk about this workspace, on this link?
    pub(super) fn admit(
        &mut self,
        peer: &mut Peer,
        serial: u64,
        device: SignerKey,
        workspace: WorkspaceId,
    ) -> Vec<News> {
        let judged = self.judge(peer, serial, device, workspace);
        let Some(line) = self.lines.get_mut(&serial) else { return Vec::new() };
        line.workspace = workspace;
        let input = match judged {
            Ok(reads) => Input::Admit { reads, may_write: true },
            Err((code, text)) => Input::Refuse { code, text },
        };
        line.feed(peer, input)
    }

    fn judge(
        &mut self,
        peer: &mut Peer,
        serial: u64,
        device: SignerKey,
        workspace: WorkspaceId,
    ) -> Result<Audiences, (Code, String)> {
        let no = |code, text: &str| Err((code, text.to_owned()));
        let known = peer.workspaces().map_err(|f| (Code::Internal, f.what))?;
        if !known.contains(&workspace) {
            return no(Code::UnknownWorkspace, "the workspace is not held here");
        }
        let seat = peer.seat(workspace).map_err(|f| (Code::Internal, f.what))?;
        let Some(other) = seat.replica.neighbour(device) else {
            return no(Code::NotMember, "the device is not one of a member's, as far as known here");
        };
        let key = self.lines.get(&serial).and_then(|line| line.far.peer()).map(|end| end.endpoint);
        if key != Some(other.endpoint) {
            return no(Code::WrongPeer, "the device's record names another endpoint key");
        }
        let twin = self.lines.values_mut().find(|line| {
            let same = line.far.peer().is_some_and(|end| end.endpoint == other.endpoint);
            same && line.workspace == workspace && line.serial() != serial && !line.is_down()
        });
        if let Some(twin) = twin {
            // Both sides began at the same time, and both keep the conversation that the smaller key began.
            if !twin.is_serving() && peer.identity().device.signing < device {
                return no(Code::Duplicate, "the workspace is exchanged on another conversation");
            }
            twin.stand_back();
        }
        if self.others_catch_up(workspace, serial) {
            return no(Code::Busy, "another connection is bringing the workspace up to date");
        }
        Ok(other.shares.into_iter().collect())
    }

    /// Membership changed: lines of those who left end, what others may read follows.
    pub(super) fn review(&mut self, peer: &mut Peer, workspace: WorkspaceId) -> Vec<News> {
        if let Some(near) = &mut self.near {
            near.refresh();
        }
        let Ok(seat) = peer.seat(workspace) else { return Vec::new() };
        let now: Vec<_> = seat.replica.neighbours();
        let mut news = Vec::new();
        let ours = self.lines.values_mut().filter(|l| l.workspace == workspace && l.since().is_some());
        for line in ours {
            let Some(end) = line.far.peer() else { continue };
            let other = now.iter().find(|n| n.endpoint == end.endpoint && Some(n.device) == line.there);
            let shares: Option<Audiences> = other.map(|n| n.shares.iter().copied().collect());
            let input = match shares {
                None => Input::Part {
                    entries: line.there.map_or_else(Vec::new, |device| parting(peer, workspace, device)),
                    text: "the device's member was removed from the workspace".into(),
                },
                Some(shares) if shares == line.reads => continue,
                Some(shares) if line.reads.covers(shares) => Input::Admit { reads: shares, may_write: true },
                Some(_) => Input::Refuse {
                    code: Code::Reconnect,
                    text: "more may be exchanged now: connect again".into(),
                },
            };
            news.extend(line.feed(peer, input));
        }
        news
    }
}

/// What shows a device that it was removed. Where the store cannot be read, the refusal stands by itself.
fn parting(peer: &mut Peer, workspace: WorkspaceId, device: SignerKey) -> Vec<Arc<[u8]>> {
    let shown = peer.seat(workspace).map(|seat| seat.replica.parting(seat.step.store, device));
    shown.ok().and_then(Result::ok).unwrap_or_default()
}
