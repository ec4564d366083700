//! Exchanging with relays and other members' devices: one line per workspace and
//! other end, all on one loop.
//!
//! ```text
//! socket task --Frame--> Net::on --> Line --> sync::Session --> Line --frames--> socket task
//!                                      |                          |
//!                                      +------- Peer: store, replica, blobs
//! ```
//!
//! Socket tasks move bytes and nothing else; everything that touches the store
//! happens on the one loop that owns the [`Peer`].
//!
//! Several lines may carry the same workspace. They do not carry the same data:
//! only one at a time brings the workspace up to date, what came on one is told
//! to the others before it is sent, and a file is fetched on one.

mod far;
mod fetching;
mod files;
mod intake;
mod line;
mod meeting;
mod near;
mod news;
mod picture;
mod refusal;
mod side;
mod snapshots;
mod socket;
mod tally;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use bytes::Bytes;
use proofroom_ident::{SignerKey, WorkspaceId};
use proofroom_sync::limits::DIRECT_MAX;
use proofroom_sync::{Code, Input, Live};
use rand_core::Rng as _;
use tokio::sync::mpsc;

use crate::failure::{Failure, Kind};
use crate::peer::Peer;
use crate::world;
use far::Far;
use fetching::Fetching;
use line::Line;
use socket::{SocketEvent, Wire};

pub use intake::enter;
pub use near::{Near, NearEvent};
pub use news::News;
pub use picture::{LinePicture, PeerPicture, Picture};
pub use tally::Tally;

const EVENTS_QUEUED_MAX: usize = 64;
/// Events that are handled before what they brought is made durable.
const EVENTS_PER_FLUSH_MAX: u32 = 16;
const RETRY_MS_MIN: u64 = 500;
const RETRY_MS_MAX: u64 = 60_000;
/// How often a relay may ask for a fresh connection within one exchange.
const RECONNECTS_MAX: u32 = 4;
/// After another line was bringing the workspace up to date.
const BUSY_MS: u64 = 1_000;

/// What arrives on the loop.
#[derive(Debug)]
pub enum Event {
    /// Of one line.
    Line {
        /// Which.
        serial: u64,
        /// What.
        what: What,
    },
    /// Of the network of peers.
    Near(NearEvent),
}

/// What happens to a line.
#[derive(Debug)]
pub enum What {
    /// Its socket has something to tell.
    Socket(SocketEvent),
    /// It is time to connect again.
    Retry,
}

/// Where a workspace's exchange stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Under way.
    Busy,
    /// Both sides have what the other had, files included.
    Settled,
    /// Broken off.
    Failed(Failure),
}

/// All lines of this process.
pub struct Net {
    lines: BTreeMap<u64, Line>,
    serial: u64,
    post: mpsc::Sender<Event>,
    events: mpsc::Receiver<Event>,
    keep_trying: bool,
    /// Events that were handled while something waited to be made durable.
    unflushed: u32,
    fetching: Fetching,
    near: Option<Near>,
    /// Workspaces that got something since this person last said what they hold.
    heard: BTreeSet<WorkspaceId>,
}

impl Net {
    /// No lines yet. With `keep_trying`, a line that breaks is connected again.
    pub fn new(keep_trying: bool) -> Self {
        let (post, events) = mpsc::channel(EVENTS_QUEUED_MAX);
        let fetching = Fetching::new();
        let (lines, heard) = (BTreeMap::new(), BTreeSet::new());
        Self { lines, serial: 0, post, events, keep_trying, unflushed: 0, fetching, near: None, heard }
    }

    /// Where the network of peers reports to.
    pub fn post(&self) -> mpsc::Sender<Event> {
        self.post.clone()
    }

    /// Members, workspaces or addresses may have changed.
    pub fn refresh(&mut self) {
        if let Some(near) = &mut self.near {
            near.refresh();
        }
    }

    /// Meets other members' devices from now on.
    pub fn meet(&mut self, near: Near) {
        self.near = Some(near);
    }

    fn to_relay(&self, workspace: WorkspaceId) -> Option<&Line> {
        self.lines_of(workspace).find(|line| line.far.is_relay())
    }

    fn lines_of(&self, workspace: WorkspaceId) -> impl Iterator<Item = &Line> {
        self.lines.values().filter(move |line| line.workspace == workspace)
    }

    /// Begins to exchange a workspace with its relay, unless a line for it is up already.
    ///
    /// # Errors
    /// When it has no relay, or its store cannot be read.
    pub fn begin(&mut self, peer: &mut Peer, workspace: WorkspaceId) -> Result<(), Failure> {
        let old = self.to_relay(workspace);
        if old.is_some_and(|l| !matches!(l.standing(), Standing::Failed(_))) {
            return Ok(());
        }
        let (tally, serial) = old.map(|l| (l.tally().clone(), l.serial())).unwrap_or_default();
        let line = self.connect(peer, workspace, tally, 0)?;
        self.lines.remove(&serial);
        self.lines.insert(line.serial(), line);
        Ok(())
    }

    fn connect(
        &mut self,
        peer: &mut Peer,
        workspace: WorkspaceId,
        tally: Tally,
        attempts: u32,
    ) -> Result<Line, Failure> {
        let relay = peer.relay(workspace)?.ok_or_else(|| no_relay(workspace))?;
        let address = relay.parse::<proofroom_transport::Address>();
        let address = address.map_err(|e| Failure::user(e).hint("proofroom workspace relay URL"))?;
        let wire = self.wire();
        let serial = wire.serial;
        let out = socket::open(address.clone(), peer.authorities().clone(), wire);
        Line::client(peer, workspace, Far::Relay(address), serial, out, tally, attempts)
    }

    fn wire(&mut self) -> Wire {
        self.serial += 1;
        Wire { serial: self.serial, post: self.post.clone() }
    }

    /// The next thing that happens; `None` when it is time to settle again.
    pub async fn next(&mut self) -> Option<Event> {
        let held_back = self.fetching.wakes_in().map(|after| Instant::now() + after);
        let wake = self.lines.values().filter_map(Line::wakes).chain(held_back).min();
        let late = async {
            match wake {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            event = self.events.recv() => event,
            () = self.fetching.wait() => None,
            () = late => None,
        }
    }

    /// Takes one event.
    pub fn on(&mut self, peer: &mut Peer, event: Option<Event>) -> Vec<News> {
        match event {
            None => Vec::new(),
            Some(Event::Near(event)) => self.on_near(peer, event),
            Some(Event::Line { serial, what }) => match (self.lines.get_mut(&serial), what) {
                (None, _) | (_, What::Socket(SocketEvent::Up)) => Vec::new(),
                (Some(_), What::Socket(SocketEvent::Frame(frame))) => self.on_frame(peer, serial, frame),
                (Some(line), What::Socket(SocketEvent::Down(failure))) => line.on_down(failure),
                (Some(_), What::Retry) => self.reconnect(peer, serial),
            },
        }
    }

    fn on_frame(&mut self, peer: &mut Peer, serial: u64, frame: Bytes) -> Vec<News> {
        let Some(line) = self.lines.get(&serial) else { return Vec::new() };
        let workspace = line.workspace;
        if line.awaits_greeting() && self.others_catch_up(workspace, serial) {
            return self.put_off(serial);
        }
        let Some(line) = self.lines.get_mut(&serial) else { return Vec::new() };
        let mut news = line.on_frame(peer, frame);
        let heard = |n: &News| matches!(n, News::InSync { .. } | News::Received { .. });
        self.heard.extend(news.iter().any(heard).then_some(workspace));
        let proved = line.proved.take();
        let passing_on = std::mem::take(&mut line.passing_on);
        let authority_grew = std::mem::take(&mut line.authority_grew);
        let compares_anew = std::mem::take(&mut line.compares_anew);
        news.extend(line.on_words(peer));
        if let Some((device, workspace)) = proved {
            news.extend(self.admit(peer, serial, device, workspace));
        }
        for live in Live::batches(&passing_on) {
            let others = self.lines.values_mut().filter(|l| l.workspace == workspace && l.serial() != serial);
            news.extend(others.flat_map(|line| line.on_heard(peer, live.clone())).collect::<Vec<_>>());
        }
        if authority_grew {
            news.extend(self.review(peer, workspace));
        }
        if compares_anew {
            news.extend(self.compare_anew(peer, workspace));
        }
        news
    }

    /// What a document rested on holds no more: its entries are to be fetched, from whoever has them.
    fn compare_anew(&mut self, peer: &mut Peer, workspace: WorkspaceId) -> Vec<News> {
        let text = "entries are to be fetched anew: connect again".to_owned();
        let lines = self.lines.values_mut().filter(|line| line.workspace == workspace);
        lines
            .flat_map(|line| line.feed(peer, Input::Refuse { code: Code::Reconnect, text: text.clone() }))
            .collect()
    }

    /// Whether another line brings the workspace up to date: what two fetch, comes twice.
    fn others_catch_up(&self, workspace: WorkspaceId, serial: u64) -> bool {
        self.lines_of(workspace).any(|line| line.serial() != serial && line.is_catching_up())
    }

    /// Ends a line that has not said anything yet, and tries it again in a moment.
    fn put_off(&mut self, serial: u64) -> Vec<News> {
        let Some(line) = self.lines.get_mut(&serial) else { return Vec::new() };
        line.stand_back();
        if line.far.is_relay() {
            line.plan_retry();
            self.retry_after(serial, BUSY_MS);
        }
        Vec::new()
    }

    /// What follows from the last events: pushes what became durable here, fetches
    /// and offers files, connects again what broke.
    pub fn settle(&mut self, peer: &mut Peer) -> Result<Vec<News>, Failure> {
        let mut news = self.confirm(peer);
        self.say_what_is_held(peer)?;
        for workspace in peer.at_hand() {
            let fresh = peer.seat(workspace)?.replica.take_fresh();
            for live in Live::batches(&fresh) {
                let lines = self.lines.values_mut().filter(|line| line.workspace == workspace);
                news.extend(lines.flat_map(|line| line.on_stored(peer, live.clone())).collect::<Vec<_>>());
            }
        }
        news.extend(self.share_authors(peer));
        let all: Vec<u64> = self.lines.keys().copied().collect();
        for serial in all {
            if let Some(line) = self.lines.get_mut(&serial) {
                news.extend(line.tend_files(peer)?);
            }
        }
        news.extend(self.tend_blobs(peer)?);
        for line in self.lines.values_mut() {
            news.extend(line.tend_snapshots(peer)?);
        }
        let all: Vec<u64> = self.lines.keys().copied().collect();
        for serial in all {
            news.extend(self.mend(peer, serial));
        }
        news.extend(self.look_around(peer)?);
        Ok(news)
    }

    /// Makes durable what came, and confirms it. What waits to be handled is handled first: one flush
    /// serves all of it. Not for long, though: a large file would keep events waiting until its end.
    fn confirm(&mut self, peer: &mut Peer) -> Vec<News> {
        if !self.lines.values().any(Line::owes_confirmation) {
            return Vec::new();
        }
        if !self.events.is_empty() && self.unflushed < EVENTS_PER_FLUSH_MAX {
            self.unflushed += 1;
            return Vec::new();
        }
        self.unflushed = 0;
        let flushed = peer.flush();
        let lines = self.lines.values_mut().filter(|line| line.owes_confirmation());
        lines
            .flat_map(|line| match &flushed {
                Ok(()) => line.confirm(peer),
                Err(failure) => line.on_down(failure.clone()),
            })
            .collect()
    }

    /// Those who are waited for say that the work has reached them, once all of it has.
    fn say_what_is_held(&mut self, peer: &mut Peer) -> Result<(), Failure> {
        let settled = |w: &WorkspaceId| self.lines_of(*w).any(Line::entries_settled);
        let settled: Vec<WorkspaceId> = self.heard.iter().copied().filter(settled).collect();
        for workspace in settled {
            self.heard.remove(&workspace);
            let seat = peer.seat(workspace)?;
            let mut step = seat.step;
            seat.replica.note_synced(&mut step)?;
        }
        Ok(())
    }

    /// Relays hear whom this device hears itself: what those write need not come twice.
    fn share_authors(&mut self, peer: &mut Peer) -> Vec<News> {
        let heard: Vec<(WorkspaceId, SignerKey)> = self
            .lines
            .values()
            .filter(|line| !line.far.is_relay() && line.entries_settled())
            .filter_map(|line| Some((line.workspace, line.there?)))
            .collect();
        let mut news = Vec::new();
        for line in self.lines.values_mut().filter(|line| line.far.is_relay()) {
            let ours = heard.iter().filter(|(workspace, _)| *workspace == line.workspace);
            let devices: BTreeSet<SignerKey> = ours.map(|(_, device)| *device).take(DIRECT_MAX).collect();
            news.extend(line.hear_directly(peer, &devices));
        }
        news
    }

    /// Time passed.
    ///
    /// # Errors
    /// When the store fails.
    pub fn tick(&mut self, peer: &mut Peer) -> Result<Vec<News>, Failure> {
        self.tick_blobs(peer)?;
        Ok(self.lines.values_mut().flat_map(|line| line.on_tick(peer)).collect())
    }

    /// Connects a broken line again: at once where the relay asked for it, later where it just broke.
    fn mend(&mut self, peer: &mut Peer, serial: u64) -> Vec<News> {
        let Some(line) = self.lines.get_mut(&serial) else { return Vec::new() };
        if !line.is_down() || line.retry_planned() {
            return Vec::new();
        }
        if !line.far.is_relay() {
            self.part_from(serial);
            return Vec::new();
        }
        if line.wants_reconnect() {
            if line.attempts() < RECONNECTS_MAX {
                return self.reconnect(peer, serial);
            }
            line.stop_reconnecting();
        }
        if !self.keep_trying {
            return Vec::new();
        }
        let after_ms = backoff_ms(line.attempts());
        line.plan_retry();
        let workspace = line.workspace;
        self.retry_after(serial, after_ms);
        vec![News::Retry { workspace, after_ms }]
    }

    fn retry_after(&self, serial: u64, ms: u64) {
        // Whoever only waits does not keep the loop from ending.
        let post = self.post.downgrade();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            if let Some(post) = post.upgrade() {
                let _ended = post.send(Event::Line { serial, what: What::Retry }).await;
            }
        });
    }

    fn reconnect(&mut self, peer: &mut Peer, serial: u64) -> Vec<News> {
        let Some(old) = self.lines.remove(&serial) else { return Vec::new() };
        let (workspace, attempts, tally) = (old.workspace, old.attempts() + 1, old.tally().clone());
        match self.connect(peer, workspace, tally, attempts) {
            Ok(line) => {
                self.lines.insert(line.serial(), line);
                Vec::new()
            }
            Err(failure) => vec![News::Down { workspace, failure }],
        }
    }

    /// Tries broken lines again now.
    pub fn hurry(&mut self, peer: &mut Peer, workspace: WorkspaceId) -> Vec<News> {
        match self.to_relay(workspace) {
            Some(line) if line.is_down() => self.reconnect(peer, line.serial()),
            _ => Vec::new(),
        }
    }

    /// Where a workspace's exchange with its relay stands.
    pub fn standing(&self, workspace: WorkspaceId) -> Standing {
        self.to_relay(workspace).map_or_else(|| Standing::Failed(no_relay(workspace)), Line::standing)
    }

    /// What a workspace's exchange with its relay did so far.
    pub fn tally(&self, workspace: WorkspaceId) -> Tally {
        self.to_relay(workspace).map(|l| l.tally().clone()).unwrap_or_default()
    }

    /// Whether a workspace has a line to its relay, up or down.
    pub fn has(&self, workspace: WorkspaceId) -> bool {
        self.to_relay(workspace).is_some()
    }

    /// Ends all lines, giving what is queued a moment to leave.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn close(mut self, peer: &mut Peer) -> Result<(), Failure> {
        self.fetching.note_holders(peer)?;
        self.lines.clear();
        drop(self.post);
        let farewell = self.near.take().map(Near::hush);
        // Socket tasks end once their last frame is written; each drops its sender then.
        let drained = async { while self.events.recv().await.is_some() {} };
        let _late = tokio::time::timeout(Duration::from_secs(3), drained).await;
        if let Some(farewell) = farewell {
            farewell.close().await;
        }
        Ok(())
    }
}

fn no_relay(workspace: WorkspaceId) -> Failure {
    Failure::new(Kind::User, format!("workspace {} has no relay", workspace.short()))
        .hint("proofroom workspace relay URL, or exchange a file: proofroom bundle export FILE")
}

/// Twice as long after every failure, up to a minute, with jitter so that peers do not come back all at once.
fn backoff_ms(attempts: u32) -> u64 {
    let full = RETRY_MS_MIN.saturating_mul(1 << attempts.min(7)).min(RETRY_MS_MAX);
    full / 2 + world::rng().next_u64() % (full / 2 + 1)
}

#[cfg(test)]
mod tests {
    use super::{RETRY_MS_MAX, backoff_ms};

    #[test]
    fn waiting_grows_but_never_beyond_a_minute() {
        assert!(backoff_ms(0) <= 500);
        for attempts in 0..100 {
            let ms = backoff_ms(attempts);
            assert!((250..=RETRY_MS_MAX).contains(&ms), "{attempts}: {ms}");
        }
    }
}
