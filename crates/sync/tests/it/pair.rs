//! A world of two: peers with stores, and a link between them that can be cut anywhere.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use proofroom_blobs::{
    Fetch, Held, Input as FetchInput, Output as FetchOutput, Rank, Slice, Span, Want, prove_whole,
};
use proofroom_entry::{
    ChainError, Draft, EntryKind, LogTip, LogWriter, Signed, SignedSnapshot, Snapshot, SnapshotDraft,
    Verified, check_link,
};
use proofroom_ident::{
    Audience, BlobHash, DocId, EntryHash, HashWords as _, InviteId, KeyId, LogId, Millis, Nonce, Signature,
    SignerKey, SigningSecret, WorkspaceId,
};
use proofroom_store::{Batch, DocSummary, MemoryStore, Store as _};
use proofroom_sync::{
    Audiences, ClientConfig, Code, Event, Input, Limits, Live, Output, Refusal, ServerConfig, Session,
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

pub const WORKSPACE: WorkspaceId = WorkspaceId::from_bytes([7; 32]);

pub fn doc(n: u8) -> DocId {
    DocId::from_bytes([n & 0x7f; 16])
}

pub fn team_doc(n: u8) -> DocId {
    DocId::from_bytes([n | 0x80; 16])
}

/// What everyone reads, and nothing of the team's.
pub fn everyone() -> Audiences {
    [Audience::Everyone].into_iter().collect()
}

/// The secret of the peer with this seed.
pub fn device(seed: u8) -> SigningSecret {
    SigningSecret::generate(&mut ChaCha20Rng::from_seed([seed; 32]))
}

/// One machine: a device, a store, blobs, and at most one session.
pub struct Peer {
    pub secret: SigningSecret,
    pub store: MemoryStore,
    pub session: Option<Session>,
    pub outgoing: VecDeque<Bytes>,
    pub events: Vec<Event>,
    pub proved: Option<(SignerKey, Option<InviteId>)>,
    pub admits: Audiences,
    pub lets_write: bool,
    /// Documents of which this peer was asked for its word, and the word that it gives.
    pub asked: Vec<DocId>,
    pub word: Option<(Millis, Signature)>,
    pub refuses: Option<DocId>,
    pub ingested: Vec<EntryHash>,
    pub blobs: BTreeMap<BlobHash, Vec<u8>>,
    pub partial: BTreeMap<BlobHash, Vec<u8>>,
    /// Whether snapshots are asked for, and whether they hold.
    pub wants_snapshots: bool,
    pub believes: BTreeSet<SignerKey>,
    pub answers: bool,
    /// Whether offered blobs are fetched.
    pub fetches: bool,
    pub closed: Option<Code>,
    /// Where in its blobs this peer sends a wrong byte.
    pub lies_at: Option<u64>,
    fetch: Fetch<()>,
    writers: BTreeMap<DocId, LogWriter>,
    rng: ChaCha20Rng,
}

impl Peer {
    pub fn new(seed: u8) -> Self {
        let mut rng = ChaCha20Rng::from_seed([seed; 32]);
        Self {
            secret: SigningSecret::generate(&mut rng),
            store: MemoryStore::new(),
            session: None,
            outgoing: VecDeque::new(),
            events: Vec::new(),
            proved: None,
            admits: Audiences::ALL,
            lets_write: true,
            asked: Vec::new(),
            word: None,
            refuses: None,
            ingested: Vec::new(),
            blobs: BTreeMap::new(),
            partial: BTreeMap::new(),
            wants_snapshots: true,
            believes: [1, 2].map(|seed| device(seed).public()).into(),
            answers: true,
            fetches: true,
            closed: None,
            lies_at: None,
            fetch: Fetch::default(),
            writers: BTreeMap::new(),
            rng,
        }
    }

    pub fn client_config(&self) -> ClientConfig {
        ClientConfig {
            device: self.secret.clone(),
            workspace: WORKSPACE,
            invite: None,
            offers: Audiences::ALL,
            prefer: Vec::new(),
            expect: None,
            channel: Vec::new(),
            limits: Limits::default(),
        }
    }

    pub fn server_config(&self) -> ServerConfig {
        ServerConfig { device: self.secret.clone(), channel: Vec::new(), limits: Limits::default() }
    }

    pub fn begin(&mut self, session: impl FnOnce(&mut ChaCha20Rng) -> Session) {
        self.outgoing.clear();
        self.events.clear();
        self.closed = None;
        self.session = Some(session(&mut self.rng));
        self.drain();
    }

    /// Writes `n` entries to this peer's log of `doc`, without telling the session.
    pub fn write_quietly(&mut self, doc: DocId, n: usize, bytes: usize) -> Vec<Verified> {
        let author = self.secret.public();
        let log = LogId::from_bytes([author.as_bytes()[0] ^ doc.as_bytes()[1]; 16]);
        let plain = doc == DocId::AUTHORITY;
        let kind = if plain { EntryKind::Authority } else { EntryKind::Change };
        let fresh = || LogWriter::begin(WORKSPACE, doc, kind.class(), author, log, EntryHash::ZERO);
        let writer = self.writers.entry(doc).or_insert_with(fresh);
        let draft = Draft {
            kind,
            auth_head: EntryHash::from_bytes([1; 32]),
            claimed_at: Millis(0),
            key: if plain { KeyId::ZERO } else { KeyId::from_bytes([1; 16]) },
            nonce: if plain { Nonce::ZERO } else { Nonce::from_bytes([1; 24]) },
            tip_commit: [0; 32],
        };
        let payload = vec![5; bytes];
        let entries: Vec<_> = (0..n)
            .map(|_| writer.append(&draft, &payload, &self.secret).expect("a canonical entry"))
            .collect();
        let mut batch = Batch::new();
        entries.iter().for_each(|e| _ = batch.append(e.clone()));
        self.store.commit(batch).expect("own entries follow their log");
        entries
    }

    /// Writes and pushes live.
    pub fn write(&mut self, doc: DocId, n: usize, bytes: usize) {
        let entries = self.write_quietly(doc, n, bytes);
        self.tell_batches(&entries, Input::Stored);
    }

    /// Tells the session of entries that are in the store.
    pub fn tell_batches(&mut self, entries: &[Verified], input: impl Fn(Live) -> Input) {
        for live in Live::batches(entries) {
            self.tell(Millis(0), input(live));
        }
    }

    pub fn tell(&mut self, now: Millis, input: Input) {
        if let Some(session) = &mut self.session {
            session.handle(now, input, &self.store);
            self.drain();
        }
    }

    fn drain(&mut self) {
        while let Some(output) = self.session.as_mut().and_then(Session::poll) {
            if let Some(answer) = self.obey(output) {
                let session = self.session.as_mut().expect("it just spoke");
                session.handle(Millis(0), answer, &self.store);
            }
        }
    }

    fn obey(&mut self, output: Output) -> Option<Input> {
        match output {
            Output::Send(frame) => self.outgoing.push_back(frame),
            Output::PeerProved { device, invite, .. } => {
                self.proved = Some((device, invite));
                return Some(Input::Admit { reads: self.admits, may_write: self.lets_write });
            }
            Output::Ingest(entries) => return Some(Input::Ingested { refused: self.ingest(entries) }),
            Output::SnapshotOffered { doc, id, .. } if self.answers => {
                let cold = self.store.tips(WORKSPACE, doc).expect("the store reads").is_empty();
                return Some(Input::AnswerSnapshot { doc, id, wanted: self.wants_snapshots && cold });
            }
            Output::SnapshotOffered { .. } => {}
            Output::TakeSnapshot(offered) => return Some(self.take_snapshot(*offered)),
            Output::WitnessAsked { doc, .. } => {
                self.asked.push(doc);
                return Some(Input::Witness { doc, word: self.word });
            }
            Output::BlobOffered { blob, .. } if self.blobs.contains_key(&blob) => {
                return Some(Input::BlobHeld(blob));
            }
            Output::BlobOffered { blob, bytes } if self.fetches => self.want(blob, bytes),
            Output::BlobOffered { .. } => {}
            Output::ReadBlob { blob, span } => return Some(self.read(blob, span)),
            Output::BlobSlice { blob, total, slice } => return self.write_slice(blob, total, slice),
            Output::Event(Event::BlobMissing(blob)) => {
                self.events.push(Event::BlobMissing(blob));
                self.fetch.handle(Millis(0), FetchInput::Missing { from: (), blob });
            }
            Output::Event(event) => self.events.push(event),
            Output::Close { code, .. } => self.closed = Some(code),
        }
        None
    }

    fn take_snapshot(&mut self, offered: SignedSnapshot) -> Input {
        let (doc, id) = (offered.claims().doc, offered.id());
        let snapshot = offered.verify(WORKSPACE).expect("honest peers sign well");
        let taken = self.believes.contains(&snapshot.header().maker);
        if taken {
            let mut batch = Batch::new();
            snapshot.logs().for_each(|(_, last)| _ = batch.base(last.clone()));
            batch.snapshot(snapshot);
            self.store.commit(batch).expect("nothing of it is held");
        }
        Input::SnapshotTaken { doc, id, taken }
    }

    /// Makes a snapshot of all that is held of a document, with a chunk of `bytes`.
    pub fn snapshot(&mut self, doc: DocId, bytes: usize) -> Snapshot {
        let tips = self.store.tips(WORKSPACE, doc).expect("the store reads").into_iter();
        let head = |tip: LogTip| {
            let entry = self.store.entry(WORKSPACE, doc, tip.log, tip.seq).expect("the store reads");
            entry.expect("the tip is held").head().clone()
        };
        let draft = SnapshotDraft {
            workspace: WORKSPACE,
            doc,
            auth_head: EntryHash::from_bytes([1; 32]),
            claimed_at: Millis(0),
            key: KeyId::from_bytes([1; 16]),
            nonce: Nonce::from_bytes([1; 24]),
            rows: tips.map(head).collect(),
        };
        let snapshot = draft.sign(&vec![7; bytes], &self.secret).expect("its rows are in order");
        let mut batch = Batch::new();
        batch.snapshot(snapshot.clone());
        self.store.commit(batch).expect("the store takes it");
        snapshot
    }

    /// Fetches a blob from the peer.
    pub fn want(&mut self, blob: BlobHash, bytes: u64) {
        let want = Want { blob, rank: Rank::Original, held: Held::none(bytes) };
        self.fetch.handle(Millis(0), FetchInput::Joined(()));
        self.fetch.handle(Millis(0), FetchInput::Want(want));
        self.ask();
    }

    fn ask(&mut self) {
        while let Some(output) = self.fetch.poll() {
            let FetchOutput::Ask { blob, total, span, .. } = output else { continue };
            let session = self.session.as_mut().expect("connected");
            session.handle(Millis(0), Input::AskBlob { blob, total, span }, &self.store);
        }
        self.drain();
    }

    fn write_slice(&mut self, blob: BlobHash, total: u64, slice: Slice) -> Option<Input> {
        let at = |n: u64| usize::try_from(n).expect("small test blobs");
        let held = self.partial.entry(blob).or_insert_with(|| vec![0; at(total)]);
        held[at(slice.span.offset)..at(slice.span.end())].copy_from_slice(&slice.bytes);
        self.fetch.handle(Millis(0), FetchInput::Arrived { from: (), blob, span: slice.span });
        if self.fetch.wants(blob) {
            self.ask();
            return None;
        }
        let bytes = self.partial.remove(&blob).unwrap_or_default();
        self.blobs.insert(blob, bytes);
        self.ask();
        Some(Input::BlobHeld(blob))
    }

    fn read(&self, blob: BlobHash, span: Span) -> Input {
        let Some(held) = self.blobs.get(&blob) else { return Input::BlobMissing(blob) };
        let total = held.len() as u64;
        if !span.fits(total) {
            return Input::BlobRead { blob, total, span, encoded: Bytes::new() };
        }
        let (_, mut encoded) = encoded(held, span);
        if self.lies_at.is_some_and(|at| (span.offset..span.end()).contains(&at)) {
            let mut wrong = encoded.to_vec();
            *wrong.last_mut().expect("a slice has bytes") ^= 1;
            encoded = wrong.into();
        }
        Input::BlobRead { blob, total, span, encoded }
    }

    fn ingest(&mut self, entries: Vec<Signed>) -> Vec<Refusal> {
        let mut refused: Vec<Refusal> = Vec::new();
        for signed in entries {
            self.ingested.push(signed.hash());
            let entry = signed.verify(WORKSPACE).expect("honest peers sign well");
            let h = *entry.header();
            let tip = self.store.tip(WORKSPACE, h.doc, h.log).expect("the store reads");
            let code = match check_link(tip.as_ref(), entry.head()) {
                _ if self.refuses == Some(h.doc) => Code::MayNotWrite,
                Err(ChainError::Known { .. }) => continue,
                Err(ChainError::Gap { .. }) => Code::Gap,
                Err(_) => Code::Equivocation,
                Ok(_) => {
                    let mut batch = Batch::new();
                    batch.append(entry);
                    self.store.commit(batch).expect("it follows its log");
                    continue;
                }
            };
            let (doc, log, seq) = (h.doc, h.log, h.seq);
            match refused.iter_mut().find(|r| r.log == log) {
                Some(r) => r.count += 1,
                None => refused.push(Refusal { doc, log, seq, count: 1, code, text: String::new() }),
            }
        }
        refused
    }

    pub fn keep_blob(&mut self, bytes: Vec<u8>) -> (BlobHash, u64) {
        let (blob, len) = (BlobHash::of(&bytes), bytes.len() as u64);
        self.blobs.insert(blob, bytes);
        (blob, len)
    }

    pub fn docs(&self) -> Vec<DocSummary> {
        self.store.docs(WORKSPACE).expect("the store reads")
    }

    pub fn delivered(&self) -> u64 {
        let counts = self.events.iter().map(|e| match e {
            Event::Delivered { entries, .. } => *entries,
            _ => 0,
        });
        counts.sum()
    }

    /// Whether the session says so now.
    pub fn stands_in_sync(&self) -> bool {
        self.session.as_ref().is_some_and(Session::is_in_sync)
    }

    /// Whether the session has told so.
    pub fn is_in_sync(&self) -> bool {
        self.events.contains(&Event::InSync)
    }
}

/// A slice with its hash pairs, and the name of what it is a slice of.
pub fn encoded(whole: &[u8], span: Span) -> (BlobHash, Bytes) {
    let (blob, encoded) = prove_whole(whole, span).expect("bytes in memory");
    (blob, encoded.into())
}

/// Ada connects to bo.
pub struct Pair {
    pub ada: Peer,
    pub bo: Peer,
}

impl Pair {
    pub fn new() -> Self {
        Self { ada: Peer::new(1), bo: Peer::new(2) }
    }

    pub fn connect(&mut self) {
        let config = self.ada.client_config();
        self.connect_with(config);
    }

    pub fn connect_with(&mut self, config: ClientConfig) {
        let server = self.bo.server_config();
        self.ada.begin(|rng| Session::client(config, rng));
        self.bo.begin(|rng| Session::server(server, rng));
    }

    /// Delivers one frame in each direction; false when nothing is under way.
    pub fn step(&mut self) -> bool {
        let (to_ada, to_bo) = (self.bo.outgoing.pop_front(), self.ada.outgoing.pop_front());
        let any = to_ada.is_some() || to_bo.is_some();
        to_ada.into_iter().for_each(|f| self.ada.tell(Millis(0), Input::Frame(f)));
        to_bo.into_iter().for_each(|f| self.bo.tell(Millis(0), Input::Frame(f)));
        any
    }

    /// Delivers everything. Returns the number of steps.
    pub fn settle(&mut self) -> usize {
        (0..).take_while(|_| self.step()).count()
    }

    pub fn cut(&mut self) {
        for peer in [&mut self.ada, &mut self.bo] {
            peer.session = None;
            peer.outgoing.clear();
        }
    }

    #[track_caller]
    pub fn check_converged(&self) {
        assert_eq!(self.ada.docs(), self.bo.docs());
        assert!(self.ada.is_in_sync(), "ada: {:?}", self.ada.events);
        assert!(self.bo.is_in_sync(), "bo: {:?}", self.bo.events);
    }
}
