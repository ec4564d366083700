//! One relay: its process and its disk.

use std::collections::BTreeSet;

use proofroom_entry::Signed;
use proofroom_ident::{Millis, SignerKey, SigningSecret};
use proofroom_relay::{Config, ConnId, Input, Note, Output, Relay};
use proofroom_sync::Message;

use crate::cast::START_MS;
use crate::dice::randomness;
use crate::disk::Disk;
use rand_chacha::ChaCha20Rng;

/// A relay of the world.
pub(crate) struct Station {
    config: Config,
    relay: Option<Relay>,
    pub disk: Disk,
    rng: ChaCha20Rng,
    /// Authors whose entries it keeps from the others.
    pub withheld: BTreeSet<SignerKey>,
}

/// What an input led to.
#[derive(Default)]
pub(crate) struct Relayed {
    pub frames: Vec<(u64, bytes::Bytes)>,
    pub closed: Vec<u64>,
    pub died: Option<String>,
}

impl Station {
    pub fn new(seed: u64, place: usize) -> Self {
        let key = blake3::hash(format!("relay {place} of {seed}").as_bytes());
        let key = SigningSecret::from_seed(key.as_bytes());
        // As good as every batch is taken in pieces, and others come between them.
        let config = Config { piece_entries_max: 2, ..Config::new(key) };
        Self {
            relay: Some(Relay::new(config.clone())),
            config,
            disk: Disk::default(),
            rng: randomness(seed, &format!("relay {place}")),
            withheld: BTreeSet::new(),
        }
    }

    pub fn is_up(&self) -> bool {
        self.relay.is_some()
    }

    pub fn start(&mut self) {
        if self.relay.is_none() {
            self.disk.reopen();
            self.relay = Some(Relay::new(self.config.clone()));
        }
    }

    pub fn end(&mut self) {
        self.relay = None;
    }

    pub fn connect(&mut self, conn: u64) -> Relayed {
        if let Some(relay) = &mut self.relay {
            relay.connect(ConnId(conn), &mut self.rng);
        }
        self.drain(0)
    }

    pub fn handle(&mut self, now_ms: u64, conn: u64, input: Input) -> Relayed {
        if let Some(relay) = &mut self.relay {
            relay.handle(Millis(START_MS + now_ms), ConnId(conn), input, &mut self.disk);
        }
        self.drain(now_ms)
    }

    /// Whether something that a connection brought is not through yet.
    pub fn is_behind(&self, conn: u64) -> bool {
        self.relay.as_ref().is_some_and(|relay| relay.is_behind(ConnId(conn)))
    }

    pub fn go_on(&mut self, now_ms: u64, conn: u64) -> Relayed {
        if let Some(relay) = &mut self.relay {
            relay.go_on(Millis(START_MS + now_ms), ConnId(conn), &mut self.disk);
        }
        self.drain(now_ms)
    }

    pub fn tick(&mut self, now_ms: u64) -> Relayed {
        if let Some(relay) = &mut self.relay {
            relay.tick(Millis(START_MS + now_ms), &mut self.disk);
        }
        self.drain(now_ms)
    }

    /// What it wants done: first what needs no disk, then what does.
    fn drain(&mut self, now_ms: u64) -> Relayed {
        let mut out = Relayed::default();
        self.poll(&mut out);
        if let Some(relay) = &mut self.relay {
            relay.settle(Millis(START_MS + now_ms), &mut self.disk);
        }
        self.poll(&mut out);
        out
    }

    fn poll(&mut self, out: &mut Relayed) {
        while let Some(output) = self.relay.as_mut().and_then(Relay::poll) {
            match output {
                Output::Send { conn, frame } => out.frames.push((conn.0, frame)),
                Output::Close { conn, .. } => out.closed.push(conn.0),
                Output::Note(Note::StoreFailed(text)) => out.died = Some(text),
                Output::Note(_) | Output::Blob { .. } => {}
            }
        }
    }

    /// Whether a frame is one that a dishonest operator keeps back.
    pub fn keeps_back(&self, frame: &bytes::Bytes) -> bool {
        if self.withheld.is_empty() {
            return false;
        }
        let Ok(Message::Entries(entries)) = Message::decode(frame) else { return false };
        let by = |e: bytes::Bytes| {
            Signed::decode(e.as_ref()).is_ok_and(|e| self.withheld.contains(&e.claims().author))
        };
        entries.into_iter().any(by)
    }
}
