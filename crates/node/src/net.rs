//! Exchanging with relays: one line per workspace, all on one loop.
//!
//! ```text
//! socket task --Frame--> Net::on --> Line --> sync::Session --> Line --frames--> socket task
//!                                      |                          |
//!                                      +------- Peer: store, replica, blobs
//! ```
//!
//! Socket tasks move bytes and nothing else; everything that touches the store
//! happens on the one loop that owns the [`Peer`].

mod fetching;
mod files;
mod line;
mod news;
mod refusal;
mod socket;
mod tally;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use proofroom_ident::WorkspaceId;
use proofroom_sync::Live;
use rand_core::Rng as _;
use tokio::sync::mpsc;

use crate::failure::{Failure, Kind};
use crate::peer::Peer;
use crate::world;
use fetching::Fetching;
use line::Line;
use socket::{SocketEvent, Wire};

pub use line::enter;
pub use news::News;
pub use tally::Tally;

const EVENTS_QUEUED_MAX: usize = 64;
const RETRY_MS_MIN: u64 = 500;
const RETRY_MS_MAX: u64 = 60_000;
/// How often a relay may ask for a fresh connection within one exchange.
const RECONNECTS_MAX: u32 = 4;

/// What arrives on the loop.
#[derive(Debug)]
pub struct Event {
    workspace: WorkspaceId,
    serial: u64,
    what: What,
}

#[derive(Debug)]
enum What {
    Socket(SocketEvent),
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
    lines: BTreeMap<WorkspaceId, Line>,
    serial: u64,
    post: mpsc::Sender<Event>,
    events: mpsc::Receiver<Event>,
    keep_trying: bool,
    fetching: Fetching,
}

impl Net {
    /// No lines yet. With `keep_trying`, a line that breaks is connected again.
    pub fn new(keep_trying: bool) -> Self {
        let (post, events) = mpsc::channel(EVENTS_QUEUED_MAX);
        Self { lines: BTreeMap::new(), serial: 0, post, events, keep_trying, fetching: Fetching::new() }
    }

    /// Begins to exchange a workspace, unless a line for it is up already.
    ///
    /// # Errors
    /// When it has no relay, or its store cannot be read.
    pub fn begin(&mut self, peer: &mut Peer, workspace: WorkspaceId) -> Result<(), Failure> {
        if self.lines.get(&workspace).is_some_and(|l| !matches!(l.standing(), Standing::Failed(_))) {
            return Ok(());
        }
        let tally = self.lines.get(&workspace).map(|l| l.tally().clone()).unwrap_or_default();
        let line = self.connect(peer, workspace, tally, 0)?;
        self.lines.insert(workspace, line);
        Ok(())
    }

    fn connect(
        &mut self,
        peer: &mut Peer,
        workspace: WorkspaceId,
        tally: Tally,
        attempts: u32,
    ) -> Result<Line, Failure> {
        self.serial += 1;
        let relay = peer.relay(workspace)?.ok_or_else(|| no_relay(workspace))?;
        let address = relay.parse::<proofroom_transport::Address>();
        let address = address.map_err(|e| Failure::user(e).hint("proofroom workspace relay URL"))?;
        let wire = Wire { workspace, serial: self.serial, post: self.post.clone() };
        let out = socket::open(address.clone(), wire);
        Line::new(peer, workspace, address, self.serial, out, tally, attempts)
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
        let Some(event) = event else { return Vec::new() };
        let Some(line) = self.lines.get_mut(&event.workspace).filter(|l| l.serial() == event.serial) else {
            return Vec::new();
        };
        match event.what {
            What::Socket(SocketEvent::Up) => Vec::new(),
            What::Socket(SocketEvent::Frame(frame)) => line.on_frame(peer, frame),
            What::Socket(SocketEvent::Down(failure)) => line.on_down(failure),
            What::Retry => self.reconnect(peer, event.workspace),
        }
    }

    /// What follows from the last events: pushes what became durable here, fetches
    /// and offers files, connects again what broke.
    pub fn settle(&mut self, peer: &mut Peer) -> Result<Vec<News>, Failure> {
        let mut news = Vec::new();
        for workspace in peer.at_hand() {
            let fresh = peer.seat(workspace)?.replica.take_fresh();
            if let Some(line) = self.lines.get_mut(&workspace) {
                for live in Live::batches(&fresh) {
                    news.extend(line.on_stored(peer, live));
                }
            }
        }
        let all: Vec<WorkspaceId> = self.lines.keys().copied().collect();
        for workspace in all {
            if let Some(line) = self.lines.get_mut(&workspace) {
                news.extend(line.tend_files(peer)?);
            }
        }
        news.extend(self.tend_blobs(peer)?);
        let all: Vec<WorkspaceId> = self.lines.keys().copied().collect();
        for workspace in all {
            news.extend(self.mend(peer, workspace));
        }
        Ok(news)
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
    fn mend(&mut self, peer: &mut Peer, workspace: WorkspaceId) -> Vec<News> {
        let Some(line) = self.lines.get_mut(&workspace) else { return Vec::new() };
        if !line.is_down() || line.retry_planned() {
            return Vec::new();
        }
        if line.wants_reconnect() {
            if line.attempts() < RECONNECTS_MAX {
                return self.reconnect(peer, workspace);
            }
            line.stop_reconnecting();
        }
        if !self.keep_trying {
            return Vec::new();
        }
        let ms = backoff_ms(line.attempts());
        line.plan_retry();
        let (post, serial) = (self.post.clone(), line.serial());
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            // The loop may have ended meanwhile.
            let _ended = post.send(Event { workspace, serial, what: What::Retry }).await;
        });
        vec![News::Retry { workspace, after_ms: ms }]
    }

    fn reconnect(&mut self, peer: &mut Peer, workspace: WorkspaceId) -> Vec<News> {
        let Some(old) = self.lines.remove(&workspace) else { return Vec::new() };
        let (attempts, tally) = (old.attempts() + 1, old.tally().clone());
        match self.connect(peer, workspace, tally, attempts) {
            Ok(line) => {
                self.lines.insert(workspace, line);
                Vec::new()
            }
            Err(failure) => vec![News::Down { workspace, failure }],
        }
    }

    /// Tries broken lines again now.
    pub fn hurry(&mut self, peer: &mut Peer, workspace: WorkspaceId) -> Vec<News> {
        match self.lines.get(&workspace) {
            Some(line) if line.is_down() => self.reconnect(peer, workspace),
            _ => Vec::new(),
        }
    }

    /// Where a workspace's exchange stands.
    pub fn standing(&self, workspace: WorkspaceId) -> Standing {
        self.lines.get(&workspace).map_or_else(|| Standing::Failed(no_relay(workspace)), Line::standing)
    }

    /// What a workspace's exchange did so far.
    pub fn tally(&self, workspace: WorkspaceId) -> Tally {
        self.lines.get(&workspace).map(|l| l.tally().clone()).unwrap_or_default()
    }

    /// Whether a workspace has a line, up or down.
    pub fn has(&self, workspace: WorkspaceId) -> bool {
        self.lines.contains_key(&workspace)
    }

    /// Ends all lines, giving what is queued a moment to leave.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn close(mut self, peer: &mut Peer) -> Result<(), Failure> {
        self.fetching.note_holders(peer)?;
        self.lines.clear();
        drop(self.post);
        // Socket tasks end once their last frame is written; each drops its sender then.
        let drained = async { while self.events.recv().await.is_some() {} };
        let _late = tokio::time::timeout(Duration::from_secs(3), drained).await;
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
