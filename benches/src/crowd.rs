//! Many devices of many workspaces, as light as they can be: sessions over one store per workspace.
//!
//! All is made from the number of the workspace, so another process makes the same members.

use bytes::Bytes;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Instant;

use proofroom_authority::Op;
use proofroom_entry::{Draft, EntryKind, LogWriter, Signed, Verified};
use proofroom_ident::{
    DeviceRecord, DeviceSecrets, DocId, EntryHash, KeyId, LogClass, LogId, Millis, Nonce, PersonSecret,
    WorkspaceId,
};
use proofroom_store::{Batch, MemoryStore, Store as _};
use proofroom_sync::{Audiences, ClientConfig, Event, Input, Limits, Live, Output, Session};
use proofroom_transport::{Address, Connection, Options, connect};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use crate::clock::{ms, now};

/// A workspace with one owner, whose device may connect many times.
pub struct Room {
    pub workspace: WorkspaceId,
    pub secrets: DeviceSecrets,
    genesis: EntryHash,
    store: RefCell<MemoryStore>,
    /// When an entry was written, until everybody has it.
    written: RefCell<HashMap<EntryHash, Instant>>,
    /// How long entries took to readers, in milliseconds.
    pub took: RefCell<Vec<f64>>,
}

impl Room {
    pub fn new(number: u32) -> Rc<Self> {
        let mut seed = [0; 32];
        seed[..4].copy_from_slice(&number.to_le_bytes());
        let mut rng = ChaCha20Rng::from_seed(seed);
        let secrets = DeviceSecrets::generate(&mut rng);
        let device = DeviceRecord::by_person(&PersonSecret::from_seed(&seed), &secrets, Millis(0));
        let op = Op::Genesis { device, recovery: None, nonce: seed };
        let mut writer = begin(&secrets, WorkspaceId::ZERO, DocId::AUTHORITY, LogClass::Authority, [1; 16]);
        let draft = draft(EntryKind::Authority, EntryHash::ZERO);
        let genesis = writer.append(&draft, &op.encode(&[]), &secrets.signing).expect("a canonical entry");
        let room = Self {
            workspace: genesis.workspace(),
            secrets,
            genesis: genesis.hash(),
            store: RefCell::default(),
            written: RefCell::default(),
            took: RefCell::default(),
        };
        room.keep(genesis);
        Rc::new(room)
    }

    fn keep(&self, entry: Verified) {
        let mut batch = Batch::new();
        batch.append(entry);
        self.store.borrow_mut().commit(batch).expect("it follows its log");
    }

    fn take(&self, entry: Signed) {
        if let Some(written) = self.written.borrow().get(&entry.hash()) {
            self.took.borrow_mut().push(ms(written.elapsed()));
            return;
        }
        // Others of the room may have brought it already: one look is enough for all.
        let head = entry.claims();
        let tip = self.store.borrow().tip(self.workspace, head.doc, head.log).expect("memory reads");
        if tip.is_none_or(|tip| tip.seq + 1 == head.seq) {
            self.keep(entry.verify(self.workspace).expect("the relay verified it"));
        }
    }

    /// Forgets what was measured so far.
    pub fn begin_anew(&self) {
        self.written.borrow_mut().clear();
        self.took.borrow_mut().clear();
    }
}

fn begin(
    secrets: &DeviceSecrets,
    workspace: WorkspaceId,
    doc: DocId,
    class: LogClass,
    seed: [u8; 16],
) -> LogWriter {
    let author = secrets.signing.public();
    let log = LogId::of_author(author, doc, class, LogId::from_bytes(seed));
    LogWriter::begin(workspace, doc, class, author, log, EntryHash::ZERO)
}

fn draft(kind: EntryKind, auth_head: EntryHash) -> Draft {
    let plain = kind.is_plain();
    Draft {
        kind,
        auth_head,
        claimed_at: now(),
        key: if plain { KeyId::ZERO } else { KeyId::from_bytes([1; 16]) },
        nonce: if plain { Nonce::ZERO } else { Nonce::from_bytes([1; 24]) },
        tip_commit: [0; 32],
    }
}

/// One connection of a room's device.
pub struct Guest {
    room: Rc<Room>,
    number: u64,
    connection: Connection,
    session: Option<Session>,
    writer: LogWriter,
    in_sync: bool,
    /// Whether the relay let it go, and what it said.
    pub ended: Option<String>,
    /// Whether what comes is confirmed.
    pub confirms: bool,
}

impl Guest {
    /// Connects. The number tells this connection's log from others of the room.
    pub async fn connect(url: &str, room: &Rc<Room>, number: u64) -> Result<Self, String> {
        let address: Address = url.parse().expect("an address");
        let connection = connect(&address, Options::default()).await.map_err(|e| e.to_string())?;
        let config = ClientConfig {
            device: room.secrets.signing.clone(),
            workspace: room.workspace,
            invite: None,
            offers: Audiences::ALL,
            prefer: Vec::new(),
            expect: None,
            channel: Vec::new(),
            limits: Limits::default(),
        };
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).expect("the system has randomness");
        let session = Session::client(config, &mut ChaCha20Rng::from_seed(seed));
        let mut log = [2; 16];
        log[..8].copy_from_slice(&number.to_le_bytes());
        let doc = DocId::from_bytes([1; 16]);
        let writer = begin(&room.secrets, room.workspace, doc, LogClass::Changes, log);
        let (room, session) = (Rc::clone(room), Some(session));
        Ok(Self { room, number, connection, session, writer, in_sync: false, ended: None, confirms: true })
    }

    /// Drives until both sides have what the other had.
    pub async fn settle(&mut self) -> Result<(), String> {
        while !self.in_sync {
            self.turn().await?;
        }
        Ok(())
    }

    /// Waits for one frame and handles it.
    pub async fn turn(&mut self) -> Result<(), String> {
        if let Some(why) = &self.ended {
            return Err(why.clone());
        }
        match self.connection.recv().await {
            Ok(Some(frame)) => self.feed(Input::Frame(frame)),
            Ok(None) => return Err(self.ended.take().unwrap_or_else(|| "the relay closed".into())),
            Err(error) => return Err(error.to_string()),
        }
        Ok(())
    }

    /// Which connection it is.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Time passed.
    pub fn tick(&mut self) {
        self.feed(Input::Tick);
    }

    /// Writes an entry of so many bytes and sends it.
    pub fn write(&mut self, bytes: usize) {
        let draft = draft(EntryKind::Change, self.room.genesis);
        let payload = vec![5; bytes];
        let entry = self.writer.append(&draft, &payload, &self.room.secrets.signing).expect("canonical");
        self.room.written.borrow_mut().insert(entry.hash(), Instant::now());
        self.room.keep(entry.clone());
        for live in Live::batches(&[entry]) {
            self.feed(Input::Stored(live));
        }
    }

    fn send(&mut self, frame: Bytes) {
        if self.connection.send(frame).is_err() {
            self.ended.get_or_insert_with(|| "the connection broke".into());
        }
    }

    fn feed(&mut self, input: Input) {
        let Some(mut session) = self.session.take() else { return };
        session.handle(now(), input, &*self.room.store.borrow());
        while let Some(output) = session.poll() {
            match output {
                Output::Send(frame) => self.send(frame),
                Output::Ingest(entries) => {
                    entries.into_iter().for_each(|entry| self.room.take(entry));
                    if self.confirms {
                        let input = Input::Ingested { refused: Vec::new() };
                        session.handle(now(), input, &*self.room.store.borrow());
                    }
                }
                Output::Event(Event::InSync) => self.in_sync = true,
                Output::Close { text, .. } => self.ended = Some(text),
                Output::Event(Event::Refused { text, .. }) => self.ended = Some(text),
                _ => {}
            }
        }
        self.session = Some(session);
    }
}
