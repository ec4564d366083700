//! Peers of a benchmark: a replica, its store, and the driver of a session.

use std::collections::BTreeMap;
use std::path::Path;

use futures_util::FutureExt as _;
use proofroom_authority::Role;
use proofroom_entry::{Signed, Verified};
use proofroom_ident::{
    AssetId, Audience, BlobHash, CommentId, ContentHash, DeviceRecord, DeviceSecrets, DocId, PersonSecret,
    VersionHash, WorkspaceId,
};
use proofroom_replica::{Continuation, Me, Membership, Replica, Step};
use proofroom_review::{
    Anchor, BlobKeyBytes, BlobRef, CommentLabel, FileRef, Manifest, ProfileStatement, ReviewEdit,
};
use proofroom_store::{Batch, MemoryStore, Store};
use proofroom_store_redb::RedbStore;
use proofroom_sync::{Audiences, ClientConfig, Event, Input, Limits, Live, Output, Session};
use proofroom_transport::{Address, Connection, Options, connect};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};

use crate::clock::now;

/// What a frame of entries holds, so that a batch is as large as it would come by sync.
const FRAME_BYTES: usize = 256 << 10;
const READ_BYTES: usize = 4 << 20;

/// The asset that single-document benchmarks comment on.
pub const ASSET: AssetId = AssetId::from_bytes([7; 16]);

/// One device of one person, with one workspace.
pub struct Peer {
    pub store: Box<dyn Store>,
    pub replica: Replica,
    rng: ChaCha20Rng,
    line: Option<(Connection, Session)>,
    in_sync: bool,
    /// Bytes of frames that came.
    pub wire: usize,
    /// Snapshots that the relay said it took.
    pub given: usize,
    /// Entries that came by sync, per document.
    pub received: BTreeMap<DocId, usize>,
    /// Batches that came and are not confirmed.
    unconfirmed: usize,
    versions: BTreeMap<AssetId, VersionHash>,
    /// To whom this peer's comments go. Versions are for everyone; a document of comments
    /// for the team alone is made faster, because every comment looks at all of the former.
    pub audience: Audience,
}

/// A peer's keys, the same for the same seed.
pub fn me(seed: u8) -> Me {
    let mut rng = ChaCha20Rng::from_seed([seed; 32]);
    let secrets = DeviceSecrets::generate(&mut rng);
    let record = DeviceRecord::by_person(&PersonSecret::from_seed(&[seed; 32]), &secrets, now());
    let profile = ProfileStatement {
        printed_name: format!("Peer {seed}"),
        organisation: "Bench".into(),
        role_title: None,
    };
    Me { secrets, record, recovery: None, recovery_secret: None, profile }
}

/// A store in memory, or in a file.
pub fn store(path: Option<&Path>) -> Box<dyn Store> {
    match path {
        None => Box::new(MemoryStore::new()),
        Some(path) => Box::new(RedbStore::open(path).expect("the store opens")),
    }
}

fn chance(seed: u8) -> ChaCha20Rng {
    let mut bytes = [seed; 32];
    bytes[..8].copy_from_slice(&now().0.to_le_bytes());
    ChaCha20Rng::from_seed(bytes)
}

impl Peer {
    /// The owner of a new workspace.
    pub fn founder(seed: u8, store: Box<dyn Store>) -> Self {
        Self::found(me(seed), seed, store)
    }

    /// As [`Peer::founder`], with keys of its own choosing.
    pub fn found(me: Me, seed: u8, mut store: Box<dyn Store>) -> Self {
        let mut rng = chance(seed);
        let mut step = Step { store: store.as_mut(), now: now(), rng: &mut rng };
        let replica = Replica::create(&mut step, me, "Bench").expect("a workspace is made");
        Self {
            store,
            replica,
            rng,
            line: None,
            in_sync: false,
            wire: 0,
            given: 0,
            received: BTreeMap::new(),
            unconfirmed: 0,
            versions: BTreeMap::new(),
            audience: Audience::Team,
        }
    }

    /// What `seed` is in a store that holds the workspace.
    pub fn open(seed: u8, workspace: WorkspaceId, store: Box<dyn Store>) -> Self {
        let opened = Replica::open(store.as_ref(), workspace, me(seed), Continuation::NewLogs);
        Self {
            store,
            replica: opened.expect("the workspace opens"),
            rng: chance(seed),
            line: None,
            in_sync: false,
            wire: 0,
            given: 0,
            received: BTreeMap::new(),
            unconfirmed: 0,
            versions: BTreeMap::new(),
            audience: Audience::Team,
        }
    }

    /// A reviewer who was invited by `host`; both know it.
    pub fn joined(seed: u8, host: &mut Peer, store: Box<dyn Store>) -> Self {
        let link =
            host.with(|r, step| r.invite(step, Role::Reviewer, 1, None, Vec::new())).expect("an invite");
        let mut rng = chance(seed);
        let mut store = store;
        let mut step = Step { store: store.as_mut(), now: now(), rng: &mut rng };
        let replica = Replica::join(&mut step, me(seed), &link).expect("the link holds");
        let mut peer = Self {
            store,
            replica,
            rng,
            line: None,
            in_sync: false,
            wire: 0,
            given: 0,
            received: BTreeMap::new(),
            unconfirmed: 0,
            versions: BTreeMap::new(),
            audience: Audience::Team,
        };
        peer.ingest(&host.entries(|_| true));
        assert!(peer.with(|r, step| r.finish_join(step)).expect("the join completes"));
        host.ingest(&peer.entries(|_| true));
        peer
    }

    /// The same peer in another store that holds what `entries` are, and nothing else.
    pub fn again(seed: u8, entries: &[Verified], mut store: Box<dyn Store>) -> Self {
        let workspace = entries.first().expect("a workspace has a genesis").workspace();
        for run in entries.chunks(2_000) {
            let mut batch = Batch::new();
            for entry in run {
                batch.append(entry.clone());
            }
            store.commit(batch).expect("the entries follow their logs");
        }
        Self::open(seed, workspace, store)
    }

    /// Calls the replica with a step of now.
    pub fn with<T>(&mut self, act: impl FnOnce(&mut Replica, &mut Step<'_>) -> T) -> T {
        act(&mut self.replica, &mut Step { store: self.store.as_mut(), now: now(), rng: &mut self.rng })
    }

    pub fn workspace(&self) -> WorkspaceId {
        self.replica.workspace()
    }

    /// The document of [`ASSET`]'s review.
    pub fn doc(&self) -> DocId {
        self.workspace().review_doc(ASSET, self.audience)
    }

    /// The version that is commented on; an owner adds it where there is none.
    pub fn version(&mut self, asset: AssetId) -> VersionHash {
        if let Some(known) = self.versions.get(&asset) {
            return *known;
        }
        let view = self.replica.review(self.store.as_ref(), asset, Audience::Everyone).expect("it reads");
        let version = view.versions.keys().next().copied().unwrap_or_else(|| self.add_version(asset));
        self.versions.insert(asset, version);
        version
    }

    fn add_version(&mut self, asset: AssetId) -> VersionHash {
        let (content, bytes) = (ContentHash::from_bytes([5; 32]), 1 << 20);
        let file = FileRef { name: "photo.jpg".into(), media_type: "image/jpeg".into(), bytes, content };
        let manifest = Manifest {
            asset,
            parents: Vec::new(),
            files: vec![file],
            note: "first".into(),
            author: self.replica.me().person(),
            claimed_at: now(),
        };
        let version = manifest.hash().expect("it is canonical");
        let key = BlobKeyBytes::from_bytes([6; 32]);
        let blobs = vec![BlobRef { blob: BlobHash::from_bytes([5; 32]), key, bytes, content }];
        let edit = ReviewEdit::AddVersion { manifest: Box::new(manifest), blobs };
        self.with(|r, step| r.edit_review(step, asset, Audience::Everyone, &[edit])).expect("a version");
        version
    }

    /// Comments on an asset.
    pub fn comment(&mut self, asset: AssetId, body: &str) {
        let version = self.version(asset);
        let mut id = [0; 16];
        self.rng.fill_bytes(&mut id);
        let edit = ReviewEdit::AddComment {
            id: CommentId::from_bytes(id),
            body: body.to_owned(),
            anchor: Box::new(Anchor::whole(version)),
            label: CommentLabel::ALL[0],
            parent: None,
        };
        let audience = self.audience;
        self.with(|r, step| r.edit_review(step, asset, audience, &[edit])).expect("a comment");
    }

    /// Comments `n` times on [`ASSET`].
    pub fn comments(&mut self, n: usize) {
        for i in 0..n {
            self.comment(ASSET, &format!("Comment {i}: the headline sits too close to the edge"));
        }
    }

    /// How many comments the view of an asset shows.
    pub fn shown(&mut self, asset: AssetId) -> usize {
        let view = self.replica.review(self.store.as_ref(), asset, self.audience);
        view.expect("the review reads").comments.len()
    }

    /// All entries of the documents that `of` picks; the membership log first.
    pub fn entries(&self, of: impl Fn(DocId) -> bool) -> Vec<Verified> {
        let workspace = self.workspace();
        let store = self.store.as_ref();
        let mut out: Vec<Verified> = Vec::new();
        for doc in store.docs(workspace).expect("the store reads").iter().map(|d| d.doc).filter(|d| of(*d)) {
            for tip in store.tips(workspace, doc).expect("the store reads") {
                let mut next = 1;
                while next <= tip.seq {
                    let run =
                        store.entries(workspace, doc, tip.log, next, READ_BYTES).expect("the store reads");
                    next += run.len() as u64;
                    out.extend(run);
                }
            }
        }
        out
    }

    /// Ingests entries as they would come: frame by frame, signatures unchecked so far.
    pub fn ingest(&mut self, entries: &[Verified]) {
        let mut rest = entries;
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = |e: &&Verified| {
                bytes += e.bytes().len();
                bytes <= FRAME_BYTES
            };
            let (run, more) = rest.split_at(rest.iter().take_while(fits).count().max(1));
            let offered = run.iter().map(|e| Signed::decode(e.bytes().clone()).expect("an entry")).collect();
            self.with(|r, step| r.ingest(step, offered)).expect("the store takes it");
            rest = more;
        }
    }

    /// Connects to a relay; documents of `prefer` come first.
    pub async fn connect(&mut self, url: &str, prefer: Vec<DocId>) {
        let address: Address = url.parse().expect("an address");
        let connection = connect(&address, Options::default()).await.expect("the relay answers");
        assert!(matches!(self.replica.membership(), Membership::Member(_)), "only members connect here");
        let config = ClientConfig {
            device: self.replica.me().secrets.signing.clone(),
            workspace: self.workspace(),
            invite: None,
            offers: Audiences::ALL,
            prefer,
            expect: None,
            channel: Vec::new(),
            limits: Limits::default(),
        };
        self.in_sync = false;
        self.replica.take_fresh();
        self.line = Some((connection, Session::client(config, &mut self.rng)));
    }

    /// Waits for one frame and handles it; or confirms what came, if no frame is there.
    pub async fn turn(&mut self) {
        let (connection, _) = self.line.as_mut().expect("connected");
        let frame = match connection.recv().now_or_never() {
            Some(frame) => frame,
            None if self.unconfirmed > 0 => return self.confirm(),
            None => connection.recv().await,
        };
        let frame = frame.expect("the connection holds").expect("the relay stays");
        self.wire += frame.len();
        self.feed(Input::Frame(frame));
    }

    /// Makes durable what came, and confirms it, as the product does when nothing waits to be handled.
    pub fn confirm(&mut self) {
        if self.unconfirmed > 0 {
            self.store.flush().expect("the store takes it");
            for _ in 0..std::mem::take(&mut self.unconfirmed) {
                self.feed(Input::Ingested { refused: Vec::new() });
            }
        }
    }

    /// Handles frames that are here already.
    pub async fn catch_up(&mut self) {
        while tokio::time::timeout(std::time::Duration::ZERO, self.turn()).await.is_ok() {}
    }

    /// Drives until both sides have what the other had.
    pub async fn sync(&mut self, url: &str) {
        self.connect(url, Vec::new()).await;
        while !self.settled() {
            self.turn().await;
        }
    }

    /// Makes a snapshot of a document, and has the relay keep it.
    pub async fn keep_snapshot(&mut self, url: &str, doc: DocId) -> usize {
        let made = self.with(|r, step| r.make_snapshot(step, doc)).expect("the store takes it");
        let made = made.expect("all that is there counts");
        self.sync(url).await;
        let before = self.given;
        self.feed(Input::OfferSnapshot(doc));
        while self.given == before {
            self.turn().await;
        }
        self.leave().await;
        made.bytes().len()
    }

    /// Whether both sides have all, and it is confirmed.
    pub fn settled(&self) -> bool {
        self.in_sync && self.line.as_ref().is_some_and(|(_, session)| session.is_in_sync())
    }

    /// Hangs up.
    pub async fn leave(&mut self) {
        if let Some((connection, _)) = self.line.take() {
            connection.close().await;
        }
    }

    /// Sends what became durable here since the last call.
    pub fn push(&mut self) {
        for live in Live::batches(&self.replica.take_fresh()) {
            self.feed(Input::Stored(live));
        }
    }

    /// The driver: one input in, all outputs out.
    fn feed(&mut self, input: Input) {
        let (connection, mut session) = self.line.take().expect("connected");
        session.handle(now(), input, self.store.as_ref());
        while let Some(output) = session.poll() {
            let answer = match output {
                Output::Send(frame) => {
                    connection.send(frame).expect("the queue has room");
                    continue;
                }
                Output::Ingest(entries) => {
                    let ingested = self.with(|r, step| r.ingest(step, entries)).expect("the store takes it");
                    for entry in &ingested.stored {
                        *self.received.entry(entry.header().doc).or_default() += 1;
                    }
                    self.unconfirmed += 1;
                    continue;
                }
                Output::SnapshotOffered { doc, id, .. } => {
                    let wanted = self.replica.wants_snapshot(self.store.as_ref(), doc, id);
                    Input::AnswerSnapshot { doc, id, wanted: wanted.expect("the store reads") }
                }
                Output::TakeSnapshot(offered) => {
                    let (doc, id) = (offered.claims().doc, offered.id());
                    let taken =
                        self.with(|r, step| r.take_snapshot(step, *offered)).expect("the store takes it");
                    taken.expect("it holds");
                    Input::SnapshotTaken { doc, id, taken: true }
                }
                Output::Event(event) => {
                    self.in_sync |= event == Event::InSync;
                    self.given += usize::from(matches!(event, Event::SnapshotDelivered { .. }));
                    continue;
                }
                Output::Close { text, .. } => panic!("the relay refuses: {text}"),
                _ => continue,
            };
            session.handle(now(), answer, self.store.as_ref());
        }
        self.line = Some((connection, session));
    }
}
