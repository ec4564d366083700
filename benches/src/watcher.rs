//! A reader without a document: a session, and what it stores, in memory. Many of them
//! fit one process, so that what is measured is the relay.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proofroom_ident::{SigningSecret, WorkspaceId};
use proofroom_store::{Batch, MemoryStore, Store as _};
use proofroom_sync::{Audiences, ClientConfig, Event, Input, Limits, Output, Session};
use proofroom_transport::{Address, Connection, Options, connect};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use tokio::sync::Notify;

use crate::clock::now;

/// Entries that arrived anywhere, and who waits for them.
#[derive(Default)]
pub struct Arrivals {
    count: AtomicUsize,
    news: Notify,
}

impl Arrivals {
    /// Waits until so many arrived.
    pub async fn reach(&self, n: usize) {
        while self.count.load(Ordering::Relaxed) < n {
            self.news.notified().await;
        }
    }
}

pub struct Watcher {
    connection: Connection,
    session: Session,
    store: MemoryStore,
    workspace: WorkspaceId,
    in_sync: bool,
    arrivals: Arc<Arrivals>,
}

impl Watcher {
    /// Connects, and takes all that there is.
    pub async fn connect(
        url: &str,
        workspace: WorkspaceId,
        device: SigningSecret,
        serial: u64,
        arrivals: &Arc<Arrivals>,
    ) -> Self {
        let address: Address = url.parse().expect("an address");
        let connection = connect(&address, Options::default()).await.expect("the relay answers");
        let config = ClientConfig {
            device,
            workspace,
            invite: None,
            offers: Audiences::ALL,
            prefer: Vec::new(),
            expect: None,
            channel: Vec::new(),
            limits: Limits::default(),
        };
        let session = Session::client(config, &mut ChaCha20Rng::seed_from_u64(serial));
        let (store, arrivals) = (MemoryStore::new(), arrivals.clone());
        let mut watcher = Self { connection, session, store, workspace, in_sync: false, arrivals };
        while !watcher.in_sync {
            watcher.turn().await;
        }
        watcher
    }

    /// Goes on until it is dropped, counting what arrives.
    pub async fn watch(mut self) {
        loop {
            let arrived = self.turn().await;
            self.arrivals.count.fetch_add(arrived, Ordering::Relaxed);
            self.arrivals.news.notify_one();
        }
    }

    /// Waits for one frame and handles it. Returns how many entries it brought.
    async fn turn(&mut self) -> usize {
        let frame = self.connection.recv().await.expect("the connection holds").expect("the relay stays");
        self.session.handle(now(), Input::Frame(frame), &self.store);
        let mut arrived = 0;
        while let Some(output) = self.session.poll() {
            match output {
                Output::Send(frame) => self.connection.send(frame).expect("the queue has room"),
                Output::Ingest(entries) => {
                    arrived += entries.len();
                    let mut batch = Batch::new();
                    for signed in entries {
                        batch.append(signed.verify(self.workspace).expect("it is signed"));
                    }
                    self.store.commit(batch).expect("they follow their logs");
                    self.session.handle(now(), Input::Ingested { refused: Vec::new() }, &self.store);
                }
                Output::Event(Event::InSync) => self.in_sync = true,
                Output::Close { text, .. } => panic!("the relay refuses: {text}"),
                _ => {}
            }
        }
        arrived
    }
}
