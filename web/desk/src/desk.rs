//! The desk: one person's store, keys and workspaces.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use proofroom_ident::{Audience, BlobHash, DocId, Millis, WorkspaceId};
use proofroom_replica::{Continuation, InviteLink, Membership, Replica, ReplicaError, Step};
use proofroom_store::{Batch, Store};
use proofroom_sync::Input;
use proofroom_web_wire::{Ask, Fault, Notice, Reply, Start, Who, WorkspaceCard};
use rand_chacha::ChaCha20Rng;
use serde::{Deserialize, Serialize};

use crate::fault::DeskError;
use crate::files::{FILE_BYTES_MAX, Recipe};
use crate::identity::{self, Held, Identity};
use crate::line::{Line, Want};

/// What a desk asks of the browser, in order.
#[derive(Debug)]
pub enum Order {
    /// Open a socket to a relay.
    Connect {
        /// Whose.
        workspace: WorkspaceId,
        /// The relay's address.
        url: String,
        /// How many attempts failed before this one: wait longer after more.
        attempts: u32,
    },
    /// Send a frame.
    Send {
        /// On whose socket.
        workspace: WorkspaceId,
        /// The frame.
        frame: Bytes,
    },
    /// Close the socket after what was sent.
    Hangup {
        /// Whose.
        workspace: WorkspaceId,
    },
    /// Make a blob durable, then call [`Desk::blob_kept`].
    Keep {
        /// Whose.
        workspace: WorkspaceId,
        /// Its hash.
        blob: BlobHash,
        /// Its ciphertext.
        bytes: Vec<u8>,
    },
    /// Tell all pages.
    Tell(Notice),
}

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
    sealed: Option<Vec<u8>>,
    pub(crate) replicas: BTreeMap<WorkspaceId, Replica>,
    pub(crate) lines: BTreeMap<WorkspaceId, Line>,
    pub(crate) blobs: BTreeSet<BlobHash>,
    orders: VecDeque<Order>,
    origin: String,
}

impl<S: Store> std::fmt::Debug for Desk<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Desk({} workspaces)", self.replicas.len())
    }
}

impl<S: Store> Desk<S> {
    /// Opens the desk on a store. `blobs` are the blobs that are durable beside it;
    /// `origin` is the address of the relay that served the page, which may be empty.
    ///
    /// # Errors
    /// When the store fails or the stored keys are damaged.
    pub fn open(
        store: S,
        blobs: BTreeSet<BlobHash>,
        origin: &str,
        rng: ChaCha20Rng,
        now: Millis,
    ) -> Result<Self, DeskError> {
        let mut desk = Self {
            store,
            rng,
            who: None,
            sealed: None,
            replicas: BTreeMap::new(),
            lines: BTreeMap::new(),
            blobs,
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
            let done = self.feed(now, workspace, Input::Tick);
            self.settle(workspace, done);
        }
    }

    /// A blob of an [`Order::Keep`] is durable.
    pub fn blob_kept(&mut self, now: Millis, workspace: WorkspaceId, blob: BlobHash) {
        self.blobs.insert(blob);
        let done = self.feed(now, workspace, Input::BlobHeld(blob)).and_then(|()| self.fetch(now, workspace));
        self.tell_badge(workspace);
        self.orders.push_back(Order::Tell(Notice::File { workspace: workspace.to_hex() }));
        self.settle(workspace, done);
    }

    /// A blob turned out to be torn: it is fetched again.
    pub fn blob_lost(&mut self, blob: BlobHash) {
        self.blobs.remove(&blob);
    }

    /// How the file that an [`Ask::File`] names is opened.
    ///
    /// # Errors
    /// When there is no such file, or it is too large for this screen.
    pub fn recipe(&mut self, workspace: &str, asset: &str, content: &str) -> Result<Recipe, DeskError> {
        let workspace = parse(workspace, "a workspace")?;
        let replica = self.replicas.get_mut(&workspace).ok_or(ReplicaError::UnknownWorkspace(workspace))?;
        let view = replica.review(&self.store, parse(asset, "an asset")?, Audience::Everyone)?;
        let recipe = crate::files::recipe(&view, parse(content, "a file's hash")?)?;
        if self.blobs.contains(&recipe.blob) { Ok(recipe) } else { Err(DeskError::FileMissing) }
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
        let (identity, _phrase) = Identity::generate(name, organisation, now, &mut self.rng)?;
        let bytes = identity.to_bytes(passphrase, &mut self.rng)?;
        let mut batch = Batch::default();
        batch.put(identity::KEY.to_vec(), bytes.clone());
        self.store.commit(batch)?;
        if let Held::Sealed(sealed) = Identity::read(&bytes)? {
            self.sealed = Some(sealed);
        }
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

    /// Signing asks for the passphrase where there is one.
    pub(crate) fn confirm(&self, passphrase: &str) -> Result<(), DeskError> {
        match &self.sealed {
            Some(sealed) => Ok(Identity::unseal(sealed, passphrase).map(|_| ())?),
            None => Ok(()),
        }
    }

    pub(crate) fn join(&mut self, now: Millis, link: &str) -> Result<WorkspaceId, DeskError> {
        let link: InviteLink = link.parse()?;
        let workspace = link.workspace;
        let me = self.who.as_ref().ok_or(DeskError::Nobody)?.me();
        if !self.replicas.contains_key(&workspace) {
            let mut relays = link.relays.clone();
            if !self.origin.is_empty() && !relays.contains(&self.origin) {
                relays.insert(0, self.origin.clone());
            }
            let mut step = Step { store: &mut self.store, now, rng: &mut self.rng };
            let replica = Replica::join(&mut step, me, &link)?;
            let shelf = serde_json::to_vec(&Shelf { relays: relays.clone() }).unwrap_or_default();
            let mut batch = Batch::default();
            batch.put(shelf_key(workspace), shelf);
            self.store.commit(batch)?;
            self.replicas.insert(workspace, replica);
            self.lines.insert(workspace, Line::new(relays));
        }
        self.connect(workspace);
        Ok(workspace)
    }

    /// The keys are at hand: opens every workspace and connects it.
    fn enter(&mut self, identity: Identity, _now: Millis) -> Result<(), DeskError> {
        for workspace in Replica::known(&self.store)? {
            let shelf: Shelf = self
                .store
                .get(&shelf_key(workspace))?
                .and_then(|bytes| serde_json::from_slice(&bytes).ok())
                .unwrap_or_default();
            // Storage in a browser is never copied behind its back, but it may be evicted in part: new logs.
            let replica = Replica::open(&self.store, workspace, identity.me(), Continuation::NewLogs)?;
            self.replicas.insert(workspace, replica);
            self.lines.insert(workspace, Line::new(shelf.relays));
            self.connect(workspace);
        }
        self.who = Some(identity);
        Ok(())
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
        if let (Some(line), Some(replica)) = (self.lines.get_mut(&workspace), self.replicas.get(&workspace)) {
            line.up(replica, &mut self.rng);
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

    fn feed(&mut self, now: Millis, workspace: WorkspaceId, input: Input) -> Result<(), ReplicaError> {
        self.with(now, workspace, |line, replica, step| line.feed(replica, step, input))?;
        // Ingesting may have written: a join that was completed.
        self.with(now, workspace, |line, replica, step| line.stored(replica, step))
    }

    fn with(
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
            Want::Keep { blob, bytes } => self.orders.push_back(Order::Keep { workspace, blob, bytes }),
            Want::Changed(docs) => {
                self.tell_changed(workspace, &docs)?;
                self.fetch(now, workspace)?;
            }
            Want::Settled => self.fetch(now, workspace)?,
        }
        Ok(())
    }

    /// Asks for the files that versions name and this browser lacks.
    fn fetch(&mut self, now: Millis, workspace: WorkspaceId) -> Result<(), ReplicaError> {
        let Some(replica) = self.replicas.get_mut(&workspace) else { return Ok(()) };
        let mut lacking = Vec::new();
        let assets: Vec<_> = replica.plan(&self.store)?.assets.iter().map(|asset| asset.id).collect();
        for asset in assets {
            let view = replica.review(&self.store, asset, Audience::Everyone)?;
            for held in view.blobs.values() {
                if held.bytes <= FILE_BYTES_MAX && !self.blobs.contains(&held.blob) {
                    lacking.push((held.blob, held.bytes));
                }
            }
        }
        let Some(line) = self.lines.get_mut(&workspace) else { return Ok(()) };
        line.badge.files_missing = lacking.len() as u64;
        lacking.sort_unstable_by_key(|(_, bytes)| *bytes);
        if line.badge.link != proofroom_web_wire::Link::InSync {
            // Entries go first.
            return Ok(());
        }
        let begin = |(blob, total): (BlobHash, u64)| Some((blob, total, line.fetching.begin(blob, total)?));
        let asks: Vec<_> = lacking.into_iter().filter_map(begin).collect();
        for (blob, total, span) in asks {
            self.with(now, workspace, |line, replica, step| {
                line.feed(replica, step, Input::AskBlob { blob, total, span })
            })?;
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

    pub(crate) fn tell(&mut self, notice: Notice) {
        self.orders.push_back(Order::Tell(notice));
    }

    fn tell_badge(&mut self, workspace: WorkspaceId) {
        if let Some(line) = self.lines.get(&workspace) {
            let notice = Notice::Badge { workspace: workspace.to_hex(), badge: line.badge.clone() };
            self.orders.push_back(Order::Tell(notice));
        }
    }

    /// A failure of this side ends the connection; the page is told.
    fn settle(&mut self, workspace: WorkspaceId, done: Result<(), ReplicaError>) {
        let Err(error) = done else { return };
        if let Some(line) = self.lines.get_mut(&workspace) {
            line.badge.text = error.to_string();
        }
        self.orders.push_back(Order::Hangup { workspace });
        self.tell_badge(workspace);
    }
}

pub(crate) fn parse<T: std::str::FromStr>(text: &str, what: &'static str) -> Result<T, DeskError> {
    text.parse().map_err(|_| DeskError::malformed(text, what))
}

fn shelf_key(workspace: WorkspaceId) -> Vec<u8> {
    [b"web/workspace/".as_slice(), workspace.as_bytes()].concat()
}
