//! The network of peers: who may be met, where they are, and the links to them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use proofroom_ident::{EndpointKey, Millis, PersonId, SignerKey, WorkspaceId};
use proofroom_transport_iroh::{
    Arrival, Channel, Dialler, Endpoint, Link, LinkError, PeerAddress, Sighting, Ticket,
};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::{Event, Tally, backoff_ms};
use crate::failure::Failure;
use crate::peer::Peer;
use crate::world;

/// Addresses of one peer that are kept; the oldest sightings make room.
const ADDRESSES_MAX: usize = 16;
/// Dials under way at a time.
const DIALS_MAX: usize = 8;
/// How often it is looked for who is to be dialled.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Two peers that dial each other do so within this time; later, a new link means that the old one broke.
const CROSSING: Duration = Duration::from_secs(4);

/// What the network of peers tells the loop.
#[derive(Debug)]
pub enum NearEvent {
    /// Somebody connected.
    Came(Link),
    /// A key was seen on the local network.
    Sighted(Sighting),
    /// A dial ended.
    Dialled(EndpointKey, Box<Result<Link, LinkError>>),
    /// A peer begins a conversation on a link.
    Offered(EndpointKey, usize, Box<Channel>),
    /// A link is gone.
    Gone(EndpointKey, usize, String),
}

/// Everybody who may be met, and the endpoint to meet them with.
pub struct Near {
    pub(super) dialler: Dialler,
    pub(super) nearby: bool,
    relays: Vec<PeerAddress>,
    post: mpsc::Sender<Event>,
    hush: oneshot::Sender<()>,
    finish: oneshot::Sender<()>,
    ended: JoinHandle<()>,
    pub(super) known: BTreeMap<EndpointKey, Known>,
    /// Keys of nobody's that connected, or answered: how many, and the last one.
    pub(super) strangers: (u64, Option<EndpointKey>),
    /// Members or addresses may have changed.
    pub(super) due: bool,
    looked: Instant,
}

/// A member's device.
pub(super) struct Known {
    pub(super) device: SignerKey,
    pub(super) person: PersonId,
    pub(super) workspaces: BTreeMap<WorkspaceId, Shared>,
    /// Where it may be, the newest last.
    pub(super) addresses: Vec<PeerAddress>,
    pub(super) link: Option<Held>,
    dialling: bool,
    attempts: u32,
    pub(super) not_before: Instant,
    pub(super) error: Option<String>,
}

/// A workspace that is exchanged with a peer.
pub(super) struct Shared {
    /// When to begin a conversation about it, unless there is one.
    pub(super) again: Instant,
    pub(super) attempts: u32,
    pub(super) tally: Tally,
    pub(super) error: Option<String>,
}

impl Shared {
    fn new() -> Self {
        Self { again: Instant::now(), attempts: 0, tally: Tally::default(), error: None }
    }
}

/// A link in use.
pub(super) struct Held {
    pub(super) link: Link,
    pub(super) since: Millis,
    made: Instant,
    listener: JoinHandle<()>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl Near {
    /// Meets peers by an open endpoint.
    pub fn begin(mut endpoint: Endpoint, relays: &[String], post: mpsc::Sender<Event>) -> Self {
        let (dialler, nearby) = (endpoint.dialler(), endpoint.is_nearby());
        let (hush, mut hushed) = oneshot::channel();
        let (finish, finished) = oneshot::channel();
        let out = post.clone();
        let ended = tokio::spawn(async move {
            loop {
                let event = tokio::select! {
                    arrival = endpoint.next() => match arrival {
                        Arrival::Link(link) => NearEvent::Came(link),
                        Arrival::Sighting(sighting) => NearEvent::Sighted(sighting),
                    },
                    _ = &mut hushed => break,
                };
                if out.send(Event::Near(event)).await.is_err() {
                    break;
                }
            }
            drop(out);
            // Both the word and its absence mean the same.
            let _either = finished.await;
            endpoint.close().await;
        });
        let relays = relays.iter().filter_map(|url| url.parse().ok()).collect();
        Self {
            dialler,
            nearby,
            relays,
            post,
            hush,
            finish,
            ended,
            known: BTreeMap::new(),
            strangers: (0, None),
            due: true,
            looked: Instant::now(),
        }
    }

    /// Hears nothing any more; what is queued on links may still leave.
    pub fn hush(self) -> Farewell {
        drop(self.hush);
        self.known.values().filter_map(|known| known.link.as_ref()).for_each(|held| held.listener.abort());
        Farewell { finish: self.finish, ended: self.ended, known: self.known }
    }

    /// Members or addresses changed: look again.
    pub fn refresh(&mut self) {
        self.due = true;
    }

    /// Whether it is time to look around.
    pub(super) fn is_time(&mut self) -> bool {
        if !self.due && self.looked.elapsed() < LOOK_EVERY {
            return false;
        }
        self.looked = Instant::now();
        true
    }

    /// Reads from all workspaces who is a member, and from the store where they were.
    pub(super) fn read(&mut self, peer: &mut Peer) -> Result<(), Failure> {
        self.due = false;
        let mut found: BTreeMap<EndpointKey, (SignerKey, PersonId, BTreeSet<WorkspaceId>)> = BTreeMap::new();
        for workspace in peer.workspaces()? {
            for n in peer.seat(workspace)?.replica.neighbours() {
                let entry = found.entry(n.endpoint).or_insert((n.device, n.person, BTreeSet::new()));
                entry.2.insert(workspace);
            }
        }
        let tickets: BTreeMap<_, _> =
            peer.tickets()?.into_iter().map(|t| (t.endpoint, t.addresses)).collect();
        for (key, known) in &mut self.known {
            if !found.contains_key(key)
                && let Some(held) = known.link.take()
            {
                held.link.close("no member of a workspace here any more");
            }
        }
        self.known.retain(|key, _| found.contains_key(key));
        for (key, (device, person, workspaces)) in found {
            let known = self.known.entry(key).or_insert_with(|| Known::new(device, person));
            known.workspaces.retain(|w, _| workspaces.contains(w));
            for workspace in workspaces {
                known.workspaces.entry(workspace).or_insert_with(Shared::new);
            }
            known.learn(tickets.get(&key).into_iter().flatten().cloned());
        }
        Ok(())
    }

    /// Dials who is known, not linked, and due.
    pub(super) fn dial(&mut self) {
        let mut free = DIALS_MAX.saturating_sub(self.known.values().filter(|k| k.dialling).count());
        let now = Instant::now();
        for (key, known) in &mut self.known {
            if free == 0 {
                return;
            }
            let idle = known.link.is_none() && !known.dialling && known.not_before <= now;
            let addresses: Vec<_> = known.addresses.iter().chain(&self.relays).cloned().collect();
            if !idle || addresses.is_empty() {
                continue;
            }
            known.dialling = true;
            free -= 1;
            let (dialler, key, post) = (self.dialler.clone(), *key, self.post.downgrade());
            tokio::spawn(async move {
                let result = Box::new(dialler.connect(key, &addresses).await);
                // The loop may have ended meanwhile.
                if let Some(post) = post.upgrade() {
                    let _ended = post.send(Event::Near(NearEvent::Dialled(key, result))).await;
                }
            });
        }
    }

    /// A dial failed: later again.
    pub(super) fn on_failed(&mut self, key: EndpointKey, error: &LinkError) {
        let Some(known) = self.known.get_mut(&key) else { return };
        known.dialling = false;
        if known.link.is_none() {
            known.error = Some(error.to_string());
            known.wait();
        }
    }

    /// Takes a link into use, or lets go of it where another one is better.
    pub(super) fn hold(&mut self, link: Link, mine: EndpointKey) -> bool {
        let key = link.key();
        let Some(known) = self.known.get_mut(&key) else {
            self.strangers = (self.strangers.0 + 1, Some(key));
            link.close("this key is no member's of a workspace here");
            return false;
        };
        known.dialling = false;
        if let Some(old) = &known.link {
            let crossed = old.made.elapsed() < CROSSING && old.link.dialled() != link.dialled();
            // Both sides see the same two links, and keep the one that the smaller key dialled.
            if crossed && link.dialled() != (mine < key) {
                link.close("met already");
                return false;
            }
            old.link.close("met again");
        }
        let listener = tokio::spawn(listen(link.clone(), self.post.clone()));
        let first = Instant::now() + if link.dialled() { Duration::ZERO } else { CROSSING };
        known.workspaces.values_mut().for_each(|shared| shared.again = first);
        known.link = Some(Held { link, since: world::now(), made: Instant::now(), listener });
        (known.attempts, known.error) = (0, None);
        true
    }

    /// A link is gone.
    pub(super) fn on_gone(&mut self, key: EndpointKey, link: usize, why: String) {
        let Some(known) = self.known.get_mut(&key) else { return };
        if known.link.as_ref().is_some_and(|held| held.link.id() == link) {
            known.link = None;
            known.error = Some(format!("the link ended: {why}"));
            known.wait();
        }
    }

    /// A key was seen nearby: it is dialled at once.
    pub(super) fn on_sighted(&mut self, sighting: Sighting) {
        if let Some(known) = self.known.get_mut(&sighting.endpoint) {
            known.learn(sighting.addresses);
            known.not_before = Instant::now();
        }
    }
}

impl Known {
    fn new(device: SignerKey, person: PersonId) -> Self {
        Self {
            device,
            person,
            workspaces: BTreeMap::new(),
            addresses: Vec::new(),
            link: None,
            dialling: false,
            attempts: 0,
            not_before: Instant::now(),
            error: None,
        }
    }

    fn learn(&mut self, addresses: impl IntoIterator<Item = PeerAddress>) {
        for address in addresses {
            if !self.addresses.contains(&address) {
                self.addresses.push(address);
                self.not_before = Instant::now();
            }
        }
        let surplus = self.addresses.len().saturating_sub(ADDRESSES_MAX);
        self.addresses.drain(..surplus);
    }

    fn wait(&mut self) {
        self.not_before = Instant::now() + Duration::from_millis(backoff_ms(self.attempts));
        self.attempts = self.attempts.saturating_add(1);
    }

    /// The ticket to remember: where it answered last.
    pub(super) fn ticket(&self, key: EndpointKey) -> Option<Ticket> {
        let path = self.link.as_ref().filter(|held| held.link.dialled())?.link.path()?;
        matches!(path.address, PeerAddress::Socket(_))
            .then(|| Ticket { endpoint: key, addresses: vec![path.address] })
    }
}

/// Hands over what the other side begins, until the link is gone.
async fn listen(link: Link, post: mpsc::Sender<Event>) {
    let (key, id) = (link.key(), link.id());
    while let Ok(channel) = link.accept().await {
        let offered = NearEvent::Offered(key, id, Box::new(channel));
        if post.send(Event::Near(offered)).await.is_err() {
            return;
        }
    }
    let why = link.closed().await;
    // The loop may have ended meanwhile.
    let _ended = post.send(Event::Near(NearEvent::Gone(key, id, why))).await;
}

/// An endpoint that is about to be closed.
pub struct Farewell {
    finish: oneshot::Sender<()>,
    ended: JoinHandle<()>,
    known: BTreeMap<EndpointKey, Known>,
}

impl Farewell {
    /// Closes the endpoint: peers hear that it is gone.
    pub async fn close(self) {
        drop(self.known);
        drop(self.finish);
        let _late = tokio::time::timeout(Duration::from_secs(4), self.ended).await;
    }
}
