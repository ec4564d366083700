//! A device of a person, with its store and its end of a session.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use proofroom_authority::{Authority, Cut, Op, Role, sign_accept};
use proofroom_blobs::{Held, prove_whole};
use proofroom_entry::{ChainError, Draft, EntryKind, LogWriter, Signed, Verified, check_link};
use proofroom_ident::{
    BlobHash, DeviceRecord, DeviceSecrets, DocId, EntryHash, InviteId, KexSecret, KeyId, LogId, Millis,
    Nonce, PersonId, PersonSecret, SigningSecret, WorkspaceId,
};
use proofroom_relay::ConnId;
use proofroom_store::{Batch, MemoryStore, Store as _};
use proofroom_sync::{
    Audiences, ClientConfig, Code, Event, Input as SessionInput, Limits, Output as SessionOutput, Refusal,
    Session,
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

pub struct Peer {
    pub secrets: DeviceSecrets,
    pub person: PersonSecret,
    pub store: MemoryStore,
    pub authority: Authority,
    pub workspace: WorkspaceId,
    pub events: Vec<Event>,
    pub closed: Option<Code>,
    pub files: BTreeMap<BlobHash, Vec<u8>>,
    /// Writes whatever the author's own replica thinks of it.
    pub auth_head: Option<EntryHash>,
    session: Option<Session>,
    pub conn: Option<ConnId>,
    capability: Option<SigningSecret>,
    logs: BTreeMap<DocId, LogWriter>,
    pub to_relay: VecDeque<Bytes>,
    rng: ChaCha20Rng,
}

/// A capability that a link carries.
pub fn capability(seed: u8) -> (SigningSecret, InviteId) {
    let secret = SigningSecret::from_seed(&[!seed; 32]);
    let id = InviteId::from_bytes(*secret.public().as_bytes());
    (secret, id)
}

pub fn doc(n: u8) -> DocId {
    DocId::from_bytes([n & 0x7f; 16])
}

pub fn team_doc(n: u8) -> DocId {
    DocId::from_bytes([n | 0x80; 16])
}

impl Peer {
    pub fn new(seed: u8) -> Self {
        let mut rng = ChaCha20Rng::from_seed([seed; 32]);
        Self {
            secrets: DeviceSecrets::generate(&mut rng),
            person: PersonSecret::from_seed(&[seed; 32]),
            store: MemoryStore::new(),
            authority: Authority::new(WorkspaceId::ZERO),
            workspace: WorkspaceId::ZERO,
            events: Vec::new(),
            closed: None,
            files: BTreeMap::new(),
            auth_head: None,
            session: None,
            conn: None,
            capability: None,
            logs: BTreeMap::new(),
            to_relay: VecDeque::new(),
            rng,
        }
    }

    pub fn id(&self) -> PersonId {
        self.person.id()
    }

    pub fn record(&self) -> DeviceRecord {
        DeviceRecord::by_person(&self.person, &self.secrets, Millis(0))
    }

    /// Begins a workspace.
    pub fn found(mut self) -> Self {
        let op = Op::Genesis { device: self.record(), recovery: None, nonce: [4; 32] };
        let genesis = self.append(DocId::AUTHORITY, EntryHash::ZERO, &op.encode(&[]));
        self.workspace = genesis.workspace();
        self.authority = Authority::new(self.workspace);
        let log = genesis.header().log;
        let tip = proofroom_entry::LogTip::after(genesis.head());
        self.logs.insert(DocId::AUTHORITY, LogWriter::resume(self.workspace, &tip));
        assert_eq!(tip.log, log);
        self.keep(genesis);
        self
    }

    /// Knows of a workspace by a link.
    pub fn linked(mut self, workspace: WorkspaceId, capability: Option<SigningSecret>) -> Self {
        self.workspace = workspace;
        self.authority = Authority::new(workspace);
        self.capability = capability;
        self
    }

    fn append(&mut self, doc: DocId, auth_head: EntryHash, payload: &[u8]) -> Verified {
        let author = self.secrets.signing.public();
        let log = LogId::from_bytes([author.as_bytes()[0] ^ doc.as_bytes()[1]; 16]);
        let workspace = self.workspace;
        let authority = doc == DocId::AUTHORITY;
        let kind = if authority { EntryKind::Authority } else { EntryKind::Change };
        let fresh = || LogWriter::begin(workspace, doc, kind.class(), author, log, EntryHash::ZERO);
        let draft = Draft {
            kind,
            auth_head,
            claimed_at: Millis(0),
            key: if authority { KeyId::ZERO } else { KeyId::from_bytes([1; 16]) },
            nonce: if authority { Nonce::ZERO } else { Nonce::from_bytes([1; 24]) },
            tip_commit: [0; 32],
        };
        let writer = self.logs.entry(doc).or_insert_with(fresh);
        writer.append(&draft, payload, &self.secrets.signing).expect("a canonical entry")
    }

    fn keep(&mut self, entry: Verified) {
        if entry.header().kind == EntryKind::Authority {
            self.authority.insert(&entry).expect("a well-formed operation");
        }
        let mut batch = Batch::new();
        batch.append(entry);
        self.store.commit(batch).expect("it follows its log");
    }

    /// Writes a membership operation.
    pub fn op(&mut self, op: &Op) -> Verified {
        let heads = self.authority.heads();
        let entry = self.append(DocId::AUTHORITY, heads[0], &op.encode(&heads));
        self.keep(entry.clone());
        entry
    }

    /// Writes an entry of a document.
    pub fn write(&mut self, doc: DocId, bytes: usize) -> Verified {
        let head = self.auth_head.unwrap_or_else(|| self.authority.heads()[0]);
        let entry = self.append(doc, head, &vec![5; bytes]);
        self.keep(entry.clone());
        entry
    }

    pub fn invite(&mut self, seed: u8, role: Role, uses: u32, expires: Option<Millis>) -> SigningSecret {
        let (secret, id) = capability(seed);
        let kex = KexSecret::from_seed(&[seed; 32]).public();
        self.op(&Op::Invite { id, kex, role, uses, expires });
        secret
    }

    /// Writes the acceptance of the invite that this peer was linked with.
    pub fn accept(&mut self) -> Verified {
        let secret = self.capability.clone().expect("linked by an invite");
        let invite = InviteId::from_bytes(*secret.public().as_bytes());
        let (device, person) = (self.record(), self.id());
        let proof =
            sign_accept(self.workspace, device.signing, person, |domain, said| secret.sign(domain, said));
        self.op(&Op::Accept { invite, device, recovery: None, proof })
    }

    /// Removes a member, keeping what this peer holds of them.
    pub fn remove(&mut self, person: PersonId) -> Verified {
        let mut cut = Cut::new();
        for d in self.store.docs(self.workspace).expect("the store reads") {
            for tip in self.store.tips(self.workspace, d.doc).expect("the store reads") {
                cut.insert((tip.doc, tip.log), (tip.seq, tip.hash));
            }
        }
        self.op(&Op::Remove { person, cut: cut.into() })
    }

    pub fn entries(&self) -> u64 {
        self.store.docs(self.workspace).expect("the store reads").iter().map(|d| d.entries).sum()
    }

    pub fn store_docs(&self) -> Vec<DocId> {
        self.store.docs(self.workspace).expect("the store reads").iter().map(|d| d.doc).collect()
    }

    /// Takes an entry that came another way.
    pub fn take(&mut self, entry: Verified) {
        self.keep(entry);
    }

    /// The same device on a copied disk.
    pub fn clone_of_device(&self) -> Self {
        let mut twin = Self::new(0).linked(self.workspace, None);
        twin.secrets = self.secrets.clone();
        twin.person = self.person.clone();
        twin.store = self.store.clone();
        twin.authority = self.authority.clone();
        twin.logs = self.logs.clone();
        twin
    }

    pub fn authority_log(&self) -> LogId {
        self.logs[&DocId::AUTHORITY].log()
    }

    pub fn authority_entries(&self) -> Vec<Verified> {
        let log = self.authority_log();
        self.store.entries(self.workspace, DocId::AUTHORITY, log, 1, usize::MAX).expect("the store reads")
    }

    /// Loses one membership log.
    pub fn forget(&mut self, lost: LogId) {
        let docs = self.store_docs();
        let old = std::mem::take(&mut self.store);
        let mut batch = Batch::new();
        for d in docs {
            for tip in old.tips(self.workspace, d).expect("the store reads") {
                let log = old.entries(self.workspace, d, tip.log, 1, usize::MAX).expect("the store reads");
                log.into_iter().filter(|e| e.header().log != lost).for_each(|e| _ = batch.append(e));
            }
        }
        self.store.commit(batch).expect("whole logs");
    }

    /// Begins a session over a connection to the relay; a capability is shown by who is no member yet.
    pub fn open(&mut self, id: ConnId) {
        self.conn = Some(id);
        self.events.clear();
        self.closed = None;
        let capability = self
            .capability
            .clone()
            .filter(|_| self.authority.state().device(self.secrets.signing.public()).is_none());
        let config = ClientConfig {
            device: self.secrets.signing.clone(),
            workspace: self.workspace,
            invite: capability.map(|secret| {
                let id = InviteId::from_bytes(*secret.public().as_bytes());
                let sign = move |domain: &str, said: &[u8]| secret.sign(domain, said);
                (id, Box::new(sign) as proofroom_sync::InviteSigner)
            }),
            offers: Audiences::ALL,
            prefer: Vec::new(),
            expect: None,
            channel: Vec::new(),
            limits: Limits::default(),
        };
        self.session = Some(Session::client(config, &mut self.rng));
    }

    /// Ends the session, and drops what it has not sent.
    pub fn close(&mut self) -> Option<ConnId> {
        self.session = None;
        self.to_relay.clear();
        self.conn.take()
    }

    pub fn is_in_sync(&self) -> bool {
        self.events.contains(&Event::InSync)
    }

    pub fn refusals(&self) -> Vec<(DocId, u64, Code)> {
        let of = |e: &Event| match e {
            Event::EntriesRefused(r) => Some((r.doc, r.seq, r.code)),
            _ => None,
        };
        self.events.iter().filter_map(of).collect()
    }

    pub fn delivered(&self) -> u64 {
        let of = |e: &Event| if let Event::Delivered { entries, .. } = e { *entries } else { 0 };
        self.events.iter().map(of).sum()
    }

    pub fn tell(&mut self, now: Millis, input: SessionInput) {
        let Some(mut session) = self.session.take() else { return };
        session.handle(now, input, &self.store);
        while let Some(output) = session.poll() {
            if let Some(answer) = self.obey(output) {
                session.handle(now, answer, &self.store);
            }
        }
        self.session = Some(session);
    }

    /// Asks the relay for all of a blob at once.
    pub fn want(&mut self, now: Millis, blob: BlobHash, total: u64) {
        for span in Held::all(total).spans() {
            self.tell(now, SessionInput::AskBlob { blob, total, span });
        }
    }

    fn obey(&mut self, output: SessionOutput) -> Option<SessionInput> {
        match output {
            SessionOutput::Send(frame) => self.to_relay.push_back(frame),
            SessionOutput::Ingest(entries) => {
                return Some(SessionInput::Ingested { refused: self.ingest(entries) });
            }
            SessionOutput::SnapshotOffered { doc, id, .. } => {
                let cold = self.store.tips(self.workspace, doc).expect("the store reads").is_empty();
                return Some(SessionInput::AnswerSnapshot { doc, id, wanted: cold });
            }
            SessionOutput::TakeSnapshot(offered) => {
                let (doc, id) = (offered.claims().doc, offered.id());
                let snapshot = offered.verify(self.workspace).expect("the relay verified it");
                let mut batch = Batch::new();
                snapshot.logs().for_each(|(_, last)| _ = batch.base(last.clone()));
                batch.snapshot(snapshot);
                self.store.commit(batch).expect("nothing of it is held");
                return Some(SessionInput::SnapshotTaken { doc, id, taken: true });
            }
            SessionOutput::ReadBlob { blob, span } => {
                let held = &self.files[&blob];
                let total = held.len() as u64;
                let (_, encoded) = prove_whole(held, span).expect("a slice of it");
                return Some(SessionInput::BlobRead { blob, total, span, encoded: encoded.into() });
            }
            SessionOutput::BlobSlice { blob, total, slice } => {
                let index = |n: u64| usize::try_from(n).expect("small files");
                let file = self.files.entry(blob).or_default();
                file.resize(index(total), 0);
                file[index(slice.span.offset)..index(slice.span.end())].copy_from_slice(&slice.bytes);
            }
            SessionOutput::Event(event) => self.events.push(event),
            SessionOutput::Close { code, .. } => self.closed = Some(code),
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
                result => {
                    result.expect("the relay checked the chain");
                    self.keep(entry);
                }
            }
        }
        Vec::new()
    }
}
