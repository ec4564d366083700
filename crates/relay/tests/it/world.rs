//! One relay machine, and people connected to it frame by frame.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use proofroom_authority::Role;
use proofroom_blobs::Held;
use proofroom_entry::Verified;
use proofroom_ident::{BlobHash, Millis, SigningSecret, WorkspaceId};
use proofroom_relay::{Config, ConnId, Input, Note, Output, Quotas, Relay};
use proofroom_store::{MemoryStore, Store as _};
use proofroom_sync::{Input as SessionInput, Live};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use crate::peer::Peer;

/// The relay and its disk.
pub struct World {
    pub relay: Relay,
    pub store: MemoryStore,
    pub now: Millis,
    pub notes: Vec<Note>,
    pub disk: BTreeMap<(WorkspaceId, BlobHash), Vec<u8>>,
    pub half: BTreeMap<(WorkspaceId, BlobHash), (Vec<u8>, Held)>,
    pub kept: Vec<(WorkspaceId, BlobHash)>,
    to_peers: BTreeMap<ConnId, VecDeque<Bytes>>,
    next: u64,
    rng: ChaCha20Rng,
}

pub fn config() -> Config {
    Config::new(SigningSecret::from_seed(&[200; 32]))
}

impl World {
    pub fn new() -> Self {
        Self::with(config())
    }

    pub fn with_quotas(quotas: Quotas) -> Self {
        Self::with(Config { quotas, ..config() })
    }

    pub fn with(config: Config) -> Self {
        Self {
            relay: Relay::new(config),
            store: MemoryStore::new(),
            now: Millis(1_000),
            notes: Vec::new(),
            disk: BTreeMap::new(),
            half: BTreeMap::new(),
            kept: Vec::new(),
            to_peers: BTreeMap::new(),
            next: 0,
            rng: ChaCha20Rng::from_seed([100; 32]),
        }
    }

    pub fn connect(&mut self, peer: &mut Peer) {
        self.disconnect(peer);
        let id = ConnId(self.next);
        self.next += 1;
        peer.open(id);
        self.to_peers.insert(id, VecDeque::new());
        self.relay.connect(id, &mut self.rng);
        self.obey();
    }

    pub fn disconnect(&mut self, peer: &mut Peer) {
        if let Some(id) = peer.close() {
            self.to_peers.remove(&id);
            self.relay.handle(self.now, id, Input::Closed, &mut self.store);
            self.obey();
        }
    }

    /// ada, who owns a workspace, and bo, whom she invited; both are connected.
    pub fn ada_and_bo(&mut self, role: Role) -> (Peer, Peer) {
        let mut ada = Peer::new(1).found();
        self.sync(&mut ada);
        let invite = ada.invite(2, role, 1, None);
        self.sync(&mut ada);
        let mut bo = Peer::new(2).linked(ada.workspace, Some(invite));
        self.sync(&mut bo);
        let accept = bo.accept();
        self.push(&mut bo, &[accept]);
        self.settle(&mut [&mut bo, &mut ada]);
        (ada, bo)
    }

    /// Connects, exchanges everything, and stays connected.
    pub fn sync(&mut self, peer: &mut Peer) {
        self.connect(peer);
        self.settle(&mut [peer]);
    }

    /// Delivers frames between the relay and these peers until none is left.
    pub fn settle(&mut self, peers: &mut [&mut Peer]) {
        loop {
            let mut any = false;
            for peer in &mut *peers {
                let Some(id) = peer.conn else { continue };
                while let Some(frame) = self.to_peers.get_mut(&id).and_then(VecDeque::pop_front) {
                    peer.tell(self.now, SessionInput::Frame(frame));
                    any = true;
                }
                while let Some(frame) = peer.to_relay.pop_front() {
                    self.relay.handle(self.now, id, Input::Frame(frame), &mut self.store);
                    self.obey();
                    while self.relay.is_behind(id) {
                        self.go_on(id);
                    }
                    any = true;
                }
            }
            if !any {
                return;
            }
        }
    }

    /// The relay takes the next piece of what a connection brought.
    pub fn go_on(&mut self, id: ConnId) {
        self.relay.go_on(self.now, id, &mut self.store);
        self.obey();
    }

    /// Writes on a connected peer, and tells its session.
    pub fn push(&mut self, peer: &mut Peer, entries: &[Verified]) {
        for live in Live::batches(entries) {
            peer.tell(self.now, SessionInput::Stored(live));
        }
    }

    pub fn tick(&mut self) {
        self.relay.tick(self.now, &mut self.store);
        self.obey();
    }

    /// Frames that wait for a peer.
    pub fn waiting(&self, peer: &Peer) -> Vec<Bytes> {
        let id = peer.conn.expect("connected");
        self.to_peers[&id].iter().cloned().collect()
    }

    pub fn send_raw(&mut self, peer: &Peer, frame: Bytes) {
        let id = peer.conn.expect("connected");
        self.relay.handle(self.now, id, Input::Frame(frame), &mut self.store);
        self.obey();
    }

    pub fn entries(&self, workspace: WorkspaceId) -> u64 {
        self.store.docs(workspace).expect("the store reads").iter().map(|d| d.entries).sum()
    }

    /// How far the relay holds this entry's log.
    pub fn store_tip(&self, entry: &Verified) -> Option<u64> {
        let h = entry.header();
        let tip = self.store.tip(entry.workspace(), h.doc, h.log).expect("the store reads");
        tip.map(|tip| tip.seq)
    }

    /// Does what the relay wants done, makes durable what came, and does the rest.
    fn obey(&mut self) {
        self.poll();
        self.relay.settle(self.now, &mut self.store);
        self.poll();
    }

    fn poll(&mut self) {
        while let Some(output) = self.relay.poll() {
            match output {
                Output::Send { conn, frame } => {
                    self.to_peers.get_mut(&conn).into_iter().for_each(|q| q.push_back(frame.clone()));
                }
                Output::Close { .. } => {}
                Output::Note(note) => self.notes.push(note),
                Output::Blob { conn, workspace, op } => {
                    if let Some(input) = self.blob(conn, workspace, op) {
                        self.relay.handle_blob(self.now, input, &mut self.store);
                        self.keep();
                    }
                }
            }
        }
    }
}
