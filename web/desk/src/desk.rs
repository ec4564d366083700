//! The desk: one person's store, keys and workspaces.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use proofroom_blobs::{Input as Fetched, Slice};
use proofroom_ident::{AssetId, Audience, DocId, Millis, WorkspaceId};
use proofroom_replica::{Continuation, InviteLink, Membership, Replica, ReplicaError, Step};
use proofroom_store::Store;
use proofroom_sync::Input;
use proofroom_web_wire::{Ask, Fault, Notice, Reply, Start, Who, WorkspaceCard};
use rand_chacha::ChaCha20Rng;
use serde::{Deserialize, Serialize};

use crate::fault::DeskError;
use crate::files::Shelf as BlobShelf;
use crate::identity::{self, Held, Identity};
use crate::line::{Line, Want};
use crate::order::Order;
use crate::outgoing::Outgoing;
use crate::shelf::Wish;
use crate::uploads::Upload;

/// What a socket tells the desk.
#[derive(Debug)]
pub enum SocketEvent {
    /// Connected.
    Up,
    /// A frame came.
    Frame(Bytes),
    /// It is over.
    Down,
}

/// What is kept of a workspace beside its entries.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Shelf {
    relays: Vec<String>,
}

/// One person's peer in a browser.
pub struct Desk<S: Store> {
    pub(crate) store: S,
    pub(crate) rng: ChaCha20Rng,
    pub(crate) who: Option<Identity>,
    pub(crate) sealed: Option<Vec<u8>>,
    pub(crate) replicas: BTreeMap<WorkspaceId, Replica>,
    pub(crate) lines: BTreeMap<WorkspaceId, Line>,
    pub(crate) shelf: BlobShelf,
    pub(crate) uploads: BTreeMap<String, Upload>,
    pub(crate) outgoing: Outgoing,
    pub(crate) wishes: BTreeMap<(WorkspaceId, AssetId), Wish>,
    pub(crate) orders: VecDeque<Order>,
    pub(crate) origin: String,
}

impl<S: Store> std::fmt::Debug for Desk<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Desk({} workspaces)", self.replicas.len())
    }
}

impl<S: Store> Desk<S> {
    /// Opens the desk on a store. `shelf` is what of blobs is durable beside it;
    /// `origin` is the address of the relay that served the page, which may be empty.
    ///
    /// # Errors
    /// When the store fails or the stored keys are damaged.
    pub fn open(
        store: S,
        shelf: BlobShelf,
        origin: &str,
        rng: ChaCha20Rng,
        now: Millis,
    ) -> Result<Self, DeskError> {
        let mut desk = Self {
            uploads: crate::uploads::known(&store)?,
            outgoing: Outgoing::known(&store)?,
            wishes: crate::shelf::wishes(&store)?,
            store,
            rng,
            who: None,
            sealed: None,
            replicas: BTreeMap::new(),
            lines: BTreeMap::new(),
            shelf,
            orders: VecDeque::new(),
            origin: origin.to_owned(),
        };
        match desk.store.get(identity::KEY)?.map(|bytes| Identity::read(&bytes)).transpose()? {
            None => {}
            Some(Held::Open(identity)) => desk.enter(*identity, now)?,
            Some(Held::Sealed(sealed)) => desk.sealed = Some(sealed),
        }
        Ok(desk)
    }

    /// The next thing that the browser has to do.
    pub fn poll(&mut self) -> Option<Order> {
        self.orders.pop_front()
    }

    /// Answers an ask. Drain [`Desk::poll`] afterwards.
    pub fn handle(&mut self, now: Millis, ask: Ask) -> Reply {
        self.answer(now, ask).unwrap_or_else(|error| Reply::Fault(Fault::from(error)))
    }

    /// Takes what a socket says. Drain [`Desk::poll`] afterwards.
    pub fn on_socket(&mut self, now: Millis, workspace: WorkspaceId, event: SocketEvent) {
        let done = match event {
            SocketEvent::Up => self.on_up(workspace),
            SocketEvent::Frame(frame) => self.feed(now, workspace, Input::Frame(frame)),
            SocketEvent::Down => {
                self.on_down(workspace);
                Ok(())
            }
        };
        self.settle(workspace, done);
    }

    /// Time passed: once a second is enough.
    pub fn on_tick(&mut self, now: Millis) {
        for workspace in self.lines.keys().copied().collect::<Vec<_>>() {
            let done = self.feed(now, workspace, Input::Tick).and_then(|()| {
                self.with(now, workspace, |line, replica, step| line.fetched(replica, step, Fetched::Tick))
            });
            self.settle(workspace, done);
        }
    }

    pub(crate) fn start(&mut self) -> Result<Start, DeskError> {
        let who = match (&self.who, &self.sealed) {
            (Some(identity), sealed) => Who::Person {
                person: identity.record.person.to_hex(),
                name: identity.name.clone(),
                organisation: identity.organisation.clone(),
                passphrase: sealed.is_some(),
            },
            (None, Some(_)) => Who::Locked,
            (None, None) => Who::Nobody,
        };
        let known: Vec<WorkspaceId> = self.replicas.keys().copied().collect();
        let workspaces = known.into_iter().map(|id| self.card(id)).collect::<Result<_, _>>()?;
        Ok(Start { who, workspaces, persistent: false })
    }

    pub(crate) fn card(&mut self, workspace: WorkspaceId) -> Result<WorkspaceCard, DeskError> {
        let replica = self.replicas.get_mut(&workspace).ok_or(ReplicaError::UnknownWorkspace(workspace))?;
        let role = match replica.membership() {
            Membership::Member(role) => role.to_string(),
            Membership::Joining(_) => "joining".into(),
            Membership::Removed => "removed".into(),
            Membership::Stranger => "stranger".into(),
        };
        let name = replica.plan(&self.store)?.name.clone();
        let badge = self.lines.get(&workspace).map(|line| line.badge.clone()).unwrap_or_default();
        Ok(WorkspaceCard { id: workspace.to_hex(), name, role, badge })
    }

    /// Makes a person, or fails if there is one.
    pub(crate) fn set_up(
        &mut self,
        now: Millis,
        name: &str,
        organisation: &str,
        passphrase: &str,
    ) -> Result<(), DeskError> {
        if self.who.is_some() || self.sealed.is_some() {
            return Err(DeskError::Exists);
        }
        let identity = Identity::generate(name, organisation, now, &mut self.rng)?;
        self.save(&identity, passphrase)?;
        self.enter(identity, now)
    }

    pub(crate) fn unlock(&mut self, now: Millis, passphrase: &str) -> Result<(), DeskError> {
        let sealed = self.sealed.clone().ok_or(DeskError::Nobody)?;
        let identity = Identity::unseal(&sealed, passphrase)?;
        if self.who.is_none() {
            self.enter(identity, now)?;
        }
        Ok(())
    }

    pub(crate) fn join(&mut self, now: Millis, link: &str) -> Result<WorkspaceId, DeskError> {
        let link: InviteLink = link.parse()?;
        let workspace = link.workspace;
        let me = self.who.as_ref().ok_or(DeskError::Nobody)?.me();
        if self.replicas.get(&workspace).is_none_or(|replica| may_help(replica, &link)) {
            let mut step = Step { store: &mut self.store, now, rng: &mut self.rng };
            let replica = Replica::join(&mut step, me, &link)?;
            let relays = self.shelve(workspace, link.relays.clone())?;
            self.replicas.insert(workspace, replica);
            let before = self.lines.insert(workspace, Line::new(relays));
            if before.is_some_and(|line| line.is_up()) {
                // Once it is down, the next one introduces itself by the new link.
                self.orders.push_back(Order::Hangup { workspace });
                return Ok(workspace);
            }
        }
        self.connect(workspace);
        Ok(workspace)
    }

    /// The keys are at hand: opens every workspace and connects it.
    pub(crate) fn enter(&mut self, identity: Identity, now: Millis) -> Result<(), DeskError> {
        let mut known: BTreeSet<WorkspaceId> = Replica::known(&self.store)?.into_iter().collect();
        known.extend(self.shelved()?);
        for workspace in known {
            let shelf: Shelf = self
                .store
                .get(&shelf_key(workspace))?
                .and_then(|bytes| crate::kept::read(&bytes).ok())
                .unwrap_or_default();
            // Storage in a browser is never copied behind its back, but it may be evicted in part: new logs.
            let replica = Replica::open(&self.store, workspace, identity.me(), Continuation::NewLogs)?;
            self.replicas.insert(workspace, replica);
            self.lines.insert(workspace, Line::new(shelf.relays));
            let entered = self.with(now, workspace, |_, replica, step| {
                replica.enter(step)?;
                Ok(Vec::new())
            });
            self.settle(workspace, entered);
            self.connect(workspace);
        }
        self.who = Some(identity);
        self.finish_sealed(now);
        Ok(())
    }

    /// The workspaces that somebody told this browser of: they may not have arrived yet.
    fn shelved(&self) -> Result<Vec<WorkspaceId>, DeskError> {
        let keys = self.store.scan(SHELVES)?.into_iter();
        let id = |key: &[u8]| <[u8; 32]>::try_from(key.get(SHELVES.len()..)?).ok();
        Ok(keys.filter_map(|(key, _)| id(&key)).map(WorkspaceId::from_bytes).collect())
    }

    pub(crate) fn connect(&mut self, workspace: WorkspaceId) {
        let Some(line) = self.lines.get_mut(&workspace) else { return };
        if line.is_up() {
            return;
        }
        let Some(url) = line.relay() else { return };
        line.connecting();
        let attempts = line.attempts;
        self.orders.push_back(Order::Connect { workspace, url, attempts });
        self.tell_badge(workspace);
    }

    fn on_up(&mut self, workspace: WorkspaceId) -> Result<(), ReplicaError> {
        let proof = self.who.as_ref().and_then(Identity::proof).map(|phrase| phrase.person());
        if let (Some(line), Some(replica)) = (self.lines.get_mut(&workspace), self.replicas.get(&workspace)) {
            line.up(replica, proof, &mut self.rng);
        }
        Ok(())
    }

    fn on_down(&mut self, workspace: WorkspaceId) {
        if let Some(line) = self.lines.get_mut(&workspace) {
            line.down();
        }
        let refused =
            self.lines.get(&workspace).is_some_and(|l| l.badge.link == proofroom_web_wire::Link::Refused);
        self.tell_badge(workspace);
        if !refused {
            let attempts = self.lines.get(&workspace).map_or(0, |l| l.attempts);
            if let Some(url) = self.lines.get(&workspace).and_then(|l| l.relay()) {
                self.orders.push_back(Order::Connect { workspace, url, attempts });
            }
        }
    }

    /// Pushes what an edit wrote.
    pub(crate) fn push(&mut self, now: Millis, workspace: WorkspaceId) {
        let done = self.with(now, workspace, |line, replica, step| line.stored(replica, step));
        self.settle(workspace, done);
    }

    pub(crate) fn feed(
        &mut self,
        now: Millis,
        workspace: WorkspaceId,
        input: Input,
    ) -> Result<(), ReplicaError> {
        self.with(now, workspace, |line, replica, step| line.feed(replica, step, input))?;
        // Ingesting may have written: a join that was completed.
        self.with(now, workspace, |line, replica, step| line.stored(replica, step))
    }

    pub(crate) fn with(
        &mut self,
        now: Millis,
        workspace: WorkspaceId,
        act: impl FnOnce(&mut Line, &mut Replica, &mut Step<'_>) -> Result<Vec<Want>, ReplicaError>,
    ) -> Result<(), ReplicaError> {
        let (Some(line), Some(replica)) = (self.lines.get_mut(&workspace), self.replicas.get_mut(&workspace))
        else {
            return Ok(());
        };
        let before = line.badge.clone();
        let mut step = Step { store: &mut self.store, now, rng: &mut self.rng };
        let wants = act(line, replica, &mut step)?;
        let told = line.badge != before;
        for want in wants {
            self.want(now, workspace, want)?;
        }
        if told {
            self.tell_badge(workspace);
        }
        Ok(())
    }

    fn want(&mut self, now: Millis, workspace: WorkspaceId, want: Want) -> Result<(), ReplicaError> {
        match want {
            Want::Send(frame) => self.orders.push_back(Order::Send { workspace, frame }),
            Want::Hangup => self.orders.push_back(Order::Hangup { workspace }),
            Want::Write { blob, total, slice } => {
                let Slice { span, bytes, .. } = slice;
                // A player and the fetching of the whole may ask for the same part; a file that is
                // complete is not opened for writing again.
                if self.shelf.is_all(blob) {
                    let arrived = Fetched::Arrived { from: (), blob, span };
                    return self
                        .with(now, workspace, |line, replica, step| line.fetched(replica, step, arrived));
                }
                self.orders.push_back(Order::Write { workspace, blob, total, span, bytes });
            }
            Want::Changed(docs) => {
                self.tell_changed(workspace, &docs)?;
                self.fetch(now, workspace)?;
            }
            Want::Settled => {
                self.with(now, workspace, |line, replica, step| line.join(replica, step))?;
                self.fetch(now, workspace)?;
                self.offer(now, workspace)?;
                self.note_synced(now, workspace)?;
            }
            Want::Lacks(blob) => {
                let missing = Fetched::Missing { from: (), blob };
                self.with(now, workspace, |line, replica, step| line.fetched(replica, step, missing))?;
            }
            Want::Read { blob, span } => self.asked_for(now, workspace, blob, span)?,
            Want::Delivered(blob) => self.delivered(workspace, blob)?,
            Want::NotTaken(blob, why) => self.refused(workspace, blob, why),
        }
        Ok(())
    }

    fn tell_changed(&mut self, workspace: WorkspaceId, docs: &[DocId]) -> Result<(), ReplicaError> {
        let Some(replica) = self.replicas.get_mut(&workspace) else { return Ok(()) };
        let plan = replica.plan(&self.store)?;
        let of = |asset: &proofroom_review::AssetView| {
            [Audience::Everyone, Audience::Team]
                .into_iter()
                .any(|a| docs.contains(&workspace.review_doc(asset.id, a)))
        };
        let assets = plan.assets.iter().filter(|asset| of(asset)).map(|asset| asset.id.to_hex()).collect();
        self.orders.push_back(Order::Tell(Notice::Changed { workspace: workspace.to_hex(), assets }));
        Ok(())
    }

    pub(crate) fn order(&mut self, order: Order) {
        self.orders.push_back(order);
    }

    pub(crate) fn tell(&mut self, notice: Notice) {
        self.orders.push_back(Order::Tell(notice));
    }

    pub(crate) fn tell_badge(&mut self, workspace: WorkspaceId) {
        if let Some(line) = self.lines.get(&workspace) {
            let notice = Notice::Badge { workspace: workspace.to_hex(), badge: line.badge.clone() };
            self.orders.push_back(Order::Tell(notice));
        }
    }

    /// A failure of this side ends the connection; the page is told.
    pub(crate) fn settle(&mut self, workspace: WorkspaceId, done: Result<(), ReplicaError>) {
        let Err(error) = done else { return };
        if let Some(line) = self.lines.get_mut(&workspace) {
            line.badge.text = error.to_string();
        }
        self.orders.push_back(Order::Hangup { workspace });
        self.tell_badge(workspace);
    }
}

/// Whether a link that is taken up for a workspace that is here already leads any further: not for a member,
/// nor where it is the one that was taken up before, or is known to admit nobody.
fn may_help(replica: &Replica, link: &InviteLink) -> bool {
    match replica.membership() {
        Membership::Member(_) => false,
        Membership::Joining(held) => held.secret.id() != link.secret.id(),
        Membership::Removed | Membership::Stranger => {
            let invites = replica.invites();
            let known = invites.iter().find(|known| known.invite == link.secret.id());
            known.is_none_or(|known| !known.revoked && known.uses_left > 0)
        }
    }
}

pub(crate) fn parse<T: std::str::FromStr>(text: &str, what: &'static str) -> Result<T, DeskError> {
    text.parse().map_err(|_| DeskError::malformed(text, what))
}

const SHELVES: &[u8] = b"web/workspace/";

pub(crate) fn shelf_key(workspace: WorkspaceId) -> Vec<u8> {
    [SHELVES, workspace.as_bytes()].concat()
}

/// What is kept of a workspace beside its entries.
pub(crate) fn shelf(relays: &[String]) -> Vec<u8> {
    serde_json::to_vec(&Shelf { relays: relays.to_vec() }).unwrap_or_default()
}
