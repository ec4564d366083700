//! A client with a store in memory, and the driver loop of a session over a WebSocket.

use std::collections::BTreeMap;
use std::time::Duration;

use proofroom_authority::{Authority, Op};
use proofroom_blobs::{Held, prove_whole};
use proofroom_entry::{ChainError, Draft, EntryKind, LogTip, LogWriter, Signed, Verified, check_link};
use proofroom_ident::{
    BlobHash, DeviceRecord, DeviceSecrets, DocId, EntryHash, KeyId, LogClass, LogId, Millis, Nonce,
    PersonSecret, WorkspaceId,
};
use proofroom_relayd::{Config, Server, start};
use proofroom_store::{Batch, MemoryStore, Store as _};
use proofroom_sync::{Audiences, ClientConfig, Code, Event, Input, Limits, Live, Output, Refusal, Session};
use proofroom_transport::{Address, Authorities, Connection, Options, connect};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

pub async fn relay(data: &std::path::Path) -> Server {
    start(Config::new("127.0.0.1:0", data)).await.expect("the relay starts")
}

/// One device with one workspace.
pub struct Client {
    pub store: MemoryStore,
    pub workspace: WorkspaceId,
    pub events: Vec<Event>,
    pub closed: Option<Code>,
    pub files: BTreeMap<BlobHash, Vec<u8>>,
    pub secrets: DeviceSecrets,
    /// Who may vouch for the relay, beside the web's authorities.
    pub authorities: Authorities,
    authority: Authority,
    log: u8,
    rng: ChaCha20Rng,
    line: Option<(Connection, Session)>,
}

impl Client {
    /// The owner of a new workspace.
    pub fn founder(seed: u8) -> Self {
        let mut rng = ChaCha20Rng::from_seed([seed; 32]);
        let secrets = DeviceSecrets::generate(&mut rng);
        let device = DeviceRecord::by_person(&PersonSecret::from_seed(&[seed; 32]), &secrets, Millis(0));
        let op = Op::Genesis { device, recovery: None, nonce: [seed; 32] };
        let author = secrets.signing.public();
        let log =
            LogId::of_author(author, DocId::AUTHORITY, LogClass::Authority, LogId::from_bytes([seed; 16]));
        let mut writer = LogWriter::begin(
            WorkspaceId::ZERO,
            DocId::AUTHORITY,
            LogClass::Authority,
            author,
            log,
            EntryHash::ZERO,
        );
        let draft = draft(EntryKind::Authority, EntryHash::ZERO);
        let genesis = writer.append(&draft, &op.encode(&[]), &secrets.signing).expect("a canonical entry");
        let workspace = genesis.workspace();
        let mut client = Self {
            store: MemoryStore::new(),
            workspace,
            events: Vec::new(),
            closed: None,
            files: BTreeMap::new(),
            secrets,
            authorities: Authorities::default(),
            authority: Authority::new(workspace),
            log: seed,
            rng,
            line: None,
        };
        client.keep(genesis);
        client
    }

    /// The same device with nothing but its keys.
    pub fn afresh(&self, seed: u8) -> Self {
        Self {
            store: MemoryStore::new(),
            workspace: self.workspace,
            events: Vec::new(),
            closed: None,
            files: BTreeMap::new(),
            secrets: self.secrets.clone(),
            authorities: self.authorities.clone(),
            authority: self.authority.clone(),
            log: seed,
            rng: ChaCha20Rng::from_seed([seed; 32]),
            line: None,
        }
    }

    fn keep(&mut self, entry: Verified) {
        if entry.header().kind == EntryKind::Authority {
            self.authority.insert(&entry).expect("a well-formed operation");
        }
        let mut batch = Batch::new();
        batch.append(entry);
        self.store.commit(batch).expect("it follows its log");
    }

    /// Writes an entry, and pushes it if connected.
    pub fn write(&mut self, doc: u8, payload: &[u8]) {
        let doc = DocId::from_bytes([doc; 16]);
        let seed = LogId::from_bytes([self.log ^ doc.as_bytes()[0]; 16]);
        let log = LogId::of_author(self.secrets.signing.public(), doc, LogClass::Changes, seed);
        let tip = self.store.tip(self.workspace, doc, log).expect("the store reads");
        let author = self.secrets.signing.public();
        let mut writer = match tip {
            Some(tip) => LogWriter::resume(self.workspace, &tip),
            None => LogWriter::begin(self.workspace, doc, LogClass::Changes, author, log, EntryHash::ZERO),
        };
        let draft = draft(EntryKind::Change, self.authority.heads()[0]);
        let entry = writer.append(&draft, payload, &self.secrets.signing).expect("a canonical entry");
        self.keep(entry.clone());
        for live in Live::batches(&[entry]) {
            self.feed(Input::Stored(live));
        }
    }

    pub fn entries(&self) -> u64 {
        self.store.docs(self.workspace).expect("the store reads").iter().map(|d| d.entries).sum()
    }

    pub async fn connect(&mut self, server: &Server) {
        let address: Address = server.url().parse().expect("an address");
        let options = Options { authorities: self.authorities.clone(), ..Options::default() };
        let connection = connect(&address, options).await.expect("the relay answers");
        let config = ClientConfig {
            device: self.secrets.signing.clone(),
            workspace: self.workspace,
            invite: None,
            offers: Audiences::ALL,
            prefer: Vec::new(),
            expect: Some(server.device()),
            channel: Vec::new(),
            limits: Limits::default(),
        };
        self.events.clear();
        self.closed = None;
        self.line = Some((connection, Session::client(config, &mut self.rng)));
    }

    /// Drives the session until `done` or the end of the connection; panics after ten seconds.
    pub async fn drive_until(&mut self, done: impl Fn(&Self) -> bool) {
        let limit = Duration::from_secs(10);
        let driving = tokio::time::timeout(limit, async {
            while !done(self) {
                let Some((connection, _)) = &mut self.line else { return };
                match connection.recv().await {
                    Ok(Some(frame)) => self.feed(Input::Frame(frame)),
                    Ok(None) | Err(_) => self.line = None,
                }
            }
        });
        if driving.await.is_err() {
            panic!("nothing came of it: {:?}", self.events);
        }
    }

    pub async fn sync(&mut self, server: &Server) {
        self.connect(server).await;
        self.drive_until(|c| c.events.contains(&Event::InSync)).await;
        assert_eq!(self.closed, None);
    }

    pub async fn close(&mut self) {
        if let Some((connection, _)) = self.line.take() {
            connection.close().await;
        }
    }

    /// The driver: one input in, all outputs out.
    pub fn feed(&mut self, input: Input) {
        let Some((connection, mut session)) = self.line.take() else { return };
        session.handle(Millis(0), input, &self.store);
        while let Some(output) = session.poll() {
            if let Some(answer) = self.obey(&connection, output) {
                session.handle(Millis(0), answer, &self.store);
            }
        }
        self.line = Some((connection, session));
    }

    /// Asks the relay for all of a blob at once.
    pub fn want(&mut self, blob: BlobHash, total: u64) {
        for span in Held::all(total).spans() {
            self.feed(Input::AskBlob { blob, total, span });
        }
    }

    fn obey(&mut self, connection: &Connection, output: Output) -> Option<Input> {
        match output {
            Output::Send(frame) => connection.send(frame).expect("the queue has room"),
            Output::Ingest(entries) => return Some(Input::Ingested { refused: self.ingest(entries) }),
            Output::ReadBlob { blob, span } => {
                let held = &self.files[&blob];
                let total = held.len() as u64;
                let (_, encoded) = prove_whole(held, span).expect("a slice of it");
                return Some(Input::BlobRead { blob, total, span, encoded: encoded.into() });
            }
            Output::BlobSlice { blob, total, slice } => {
                let index = |n: u64| usize::try_from(n).expect("small files");
                let file = self.files.entry(blob).or_default();
                file.resize(index(total), 0);
                file[index(slice.span.offset)..index(slice.span.end())].copy_from_slice(&slice.bytes);
            }
            Output::Event(event) => self.events.push(event),
            Output::Close { code, .. } => self.closed = Some(code),
            _ => {}
        }
        None
    }

    fn ingest(&mut self, entries: Vec<Signed>) -> Vec<Refusal> {
        for signed in entries {
            let entry = signed.verify(self.workspace).expect("the relay verified it");
            let (doc, log) = (entry.header().doc, entry.header().log);
            let tip = self.store.tip(self.workspace, doc, log).expect("the store reads");
            match check_link(tip.as_ref(), entry.head()) {
                Err(ChainError::Known { .. }) => {}
                link => {
                    let _: LogTip = link.expect("the relay checked the chain");
                    self.keep(entry);
                }
            }
        }
        Vec::new()
    }
}

fn draft(kind: EntryKind, auth_head: EntryHash) -> Draft {
    let plain = kind.is_plain();
    Draft {
        kind,
        auth_head,
        claimed_at: Millis(0),
        key: if plain { KeyId::ZERO } else { KeyId::from_bytes([1; 16]) },
        nonce: if plain { Nonce::ZERO } else { Nonce::from_bytes([1; 24]) },
        tip_commit: [0; 32],
    }
}
