//! The thread that owns the machine and the store.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use proofroom_blob_files::{Task, Worker};
use proofroom_ident::{EndpointKey, Millis, SignerKey, SigningSecret, WorkspaceId};
use proofroom_relay::{BlobInput, ConnId, Input, Note, Output, Relay};
use proofroom_store_redb::RedbStore;
use proofroom_sync::Message;
use rand_chacha::ChaCha20Rng;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval, sleep_until};

use crate::blobs;
use crate::lane::{Cost, Lane, Turn, Work};
use crate::metrics::Metrics;
use crate::server::STORE;
use crate::socket::Outbound;
use crate::{Config, RelayError};

/// Frames that may wait for the engine, over all connections; then sockets wait.
const EVENTS_WAITING_MAX: usize = 256;
/// Steps that are taken before what they brought is made durable.
const STEPS_PER_FLUSH_MAX: usize = 32;
const TICK: Duration = Duration::from_secs(1);

/// What sockets tell the engine.
pub(crate) enum Event {
    /// A connection was upgraded.
    Connected(ConnId, Outbound),
    /// A frame came; the connection reads on once the permit is given back.
    Frame(ConnId, Bytes, OwnedSemaphorePermit),
    /// A connection is gone.
    Closed(ConnId),
    /// Is the device one of a present member's of the workspace?
    IsMember(WorkspaceId, SignerKey, oneshot::Sender<bool>),
    /// Is the endpoint that of a present member's device of any workspace?
    IsEndpoint(EndpointKey, oneshot::Sender<bool>),
}

/// Where sockets send to, and how the engine is stopped.
pub(crate) struct Engine {
    pub events: mpsc::Sender<Event>,
    /// Dropping it stops the engine.
    pub stop: oneshot::Sender<()>,
    /// Tells how it ended.
    pub ended: oneshot::Receiver<Result<(), RelayError>>,
}

struct Driver {
    relay: Relay,
    store: RedbStore,
    /// The store's file.
    path: PathBuf,
    rng: ChaCha20Rng,
    sockets: BTreeMap<ConnId, Outbound>,
    lane: Lane,
    /// What the present step costs.
    cost: Cost,
    /// Whether it brought entries.
    brought: bool,
    blobs: Worker<ConnId>,
    metrics: Arc<Metrics>,
    failure: Option<String>,
}

/// Starts the engine.
pub(crate) fn spawn(
    config: &Config,
    device: SigningSecret,
    store: RedbStore,
    rng: ChaCha20Rng,
    metrics: Arc<Metrics>,
) -> Result<Engine, RelayError> {
    let (events, events_in) = mpsc::channel(EVENTS_WAITING_MAX);
    // Without a bound, so that the blob thread never waits for the engine, which waits for it.
    let (answers, answers_in) = mpsc::unbounded_channel();
    let answer = move |input| {
        // Once the engine is gone, nobody waits for answers.
        _ = answers.send(input);
    };
    let blobs = blobs::spawn(blobs::open(&config.data)?, answer)?;
    let relay = Relay::new(proofroom_relay::Config {
        creators: config.creators.clone(),
        quotas: config.quotas,
        limits: config.limits,
        ..proofroom_relay::Config::new(device)
    });
    let path = config.data.join(STORE);
    let driver = Driver {
        relay,
        store,
        path,
        rng,
        sockets: BTreeMap::new(),
        lane: Lane::new(Instant::now()),
        cost: Cost::default(),
        brought: false,
        blobs,
        metrics,
        failure: None,
    };
    let (stop, stopped) = oneshot::channel();
    let (end, ended) = oneshot::channel();
    let runtime = Handle::current();
    std::thread::Builder::new()
        .name("relay".into())
        .spawn(move || {
            let result = runtime.block_on(driver.drive(events_in, answers_in, stopped));
            // Whoever waited is gone already when this fails.
            _ = end.send(result);
        })
        .map_err(|e| RelayError::System(format!("a thread: {e}")))?;
    Ok(Engine { events, stop, ended })
}

impl Driver {
    /// The whole loop. Blocks in commits and reads: this is its own thread.
    async fn drive(
        mut self,
        mut events: mpsc::Receiver<Event>,
        mut answers: mpsc::UnboundedReceiver<BlobInput>,
        mut stopped: oneshot::Receiver<()>,
    ) -> Result<(), RelayError> {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while self.failure.is_none() {
            tokio::select! {
                biased;
                _ = &mut stopped => break,
                _ = ticks.tick() => self.on_tick(),
                Some(input) = answers.recv() => self.relay.handle_blob(now(), input, &mut self.store),
                Some(event) = events.recv() => self.on_event(event),
                () = reach(self.lane.due()) => {}
                else => break,
            }
            let turns = self.go_on(&mut events);
            self.settle(turns);
        }
        self.relay.shut_down(now(), &mut self.store);
        self.obey();
        self.failure.map_or(Ok(()), |cause| Err(RelayError::StoreFailed(cause)))
    }

    fn on_tick(&mut self) {
        self.relay.tick(now(), &mut self.store);
        self.lane.sweep(Instant::now());
        if let Err(error) = self.store.rewrite_if_due(&self.path) {
            // Where the store itself failed, the next commit says so.
            tracing::warn!(%error, "what was erased is still in free pages of the store's file; tried again later");
        }
        if let Err(error) = self.store.settle() {
            self.failure.get_or_insert(error.to_string());
        }
    }

    /// What waits already is passed on before the disk is waited for, and shares one flush: one turn of the
    /// lane, so that it goes on in any crowd; then whoever does not have to wait; then the lane again.
    /// Returns how many turns the lane had.
    fn go_on(&mut self, events: &mut mpsc::Receiver<Event>) -> usize {
        self.obey();
        let mut turns = usize::from(self.turn());
        for _ in 1..STEPS_PER_FLUSH_MAX {
            self.obey();
            match events.try_recv() {
                Ok(event) => self.on_event(event),
                Err(_) if self.turn() => turns += 1,
                Err(_) => break,
            }
        }
        self.obey();
        turns
    }

    fn settle(&mut self, turns: usize) {
        let began = Instant::now();
        self.relay.settle(now(), &mut self.store);
        self.obey();
        if turns > 0 {
            let ended = Instant::now();
            self.lane.pause(ended - began, ended);
        }
        self.metrics.waiting.set(count(self.lane.len()));
    }

    /// One turn of the lane, where it is time for one and somebody waits.
    fn turn(&mut self) -> bool {
        let Some((conn, work)) = self.lane.next(Instant::now()) else { return false };
        let who = self.lane.who(conn);
        let (cost, rest) = self.step(conn, work);
        self.lane.on_turn(who, cost, Instant::now());
        rest.into_iter().for_each(|rest| self.lane.wait(conn, rest));
        true
    }

    /// Does some work for a connection. Returns what it cost, and what is left of it.
    fn step(&mut self, conn: ConnId, work: Work) -> (Cost, Option<Work>) {
        let began = Instant::now();
        (self.cost, self.brought) = (Cost::default(), false);
        let turn = match work {
            Work::Frame(frame, turn) => {
                self.relay.handle(now(), conn, Input::Frame(frame), &mut self.store);
                turn
            }
            Work::Rest(turn) => {
                self.relay.go_on(now(), conn, &mut self.store);
                turn
            }
        };
        self.obey();
        let rest = self.relay.is_behind(conn).then_some(Work::Rest(turn));
        let engine = began.elapsed();
        self.metrics.handle_seconds.observe(engine.as_secs_f64());
        (Cost { engine, ..self.cost }, rest)
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Connected(conn, outbound) => {
                self.metrics.on_connected();
                self.sockets.insert(conn, outbound);
                self.relay.connect(conn, &mut self.rng);
            }
            Event::IsMember(workspace, device, answer) => {
                // Who asked may be gone.
                _ = answer.send(self.relay.is_member(workspace, device, &self.store));
            }
            Event::IsEndpoint(endpoint, answer) => {
                // As above.
                _ = answer.send(self.relay.is_endpoint(endpoint, &self.store));
            }
            Event::Frame(conn, frame, permit) => self.on_frame(conn, frame, permit),
            Event::Closed(conn) => {
                self.forget(conn);
                self.relay.handle(now(), conn, Input::Closed, &mut self.store);
            }
        }
    }

    /// Done at once, as far as its device has time left; nobody waits with what brings no entries.
    fn on_frame(&mut self, conn: ConnId, frame: Bytes, permit: OwnedSemaphorePermit) {
        let (who, began) = (self.lane.who(conn), Instant::now());
        let brings = Message::brings_entries(&frame);
        let mut work = Some(Work::Frame(frame, Turn::new(permit, began)));
        while let Some(next) = work.take() {
            if brings && self.lane.is_heavy(who, Instant::now()) {
                return self.lane.wait(conn, next);
            }
            let (cost, rest) = self.step(conn, next);
            if brings {
                self.lane.on_served(who, cost, self.brought, Instant::now());
            }
            work = rest;
        }
    }

    fn forget(&mut self, conn: ConnId) {
        self.sockets.remove(&conn);
        self.lane.forget(conn);
    }

    fn ask_blobs(&mut self, task: Task<ConnId>) {
        if !self.blobs.ask(task) {
            self.failure.get_or_insert("the thread for blobs ended".into());
        }
    }

    fn obey(&mut self) {
        while let Some(output) = self.relay.poll() {
            match output {
                Output::Send { conn, frame } => {
                    self.cost.frames = self.cost.frames.saturating_add(1);
                    self.cost.bytes += frame.len() as u64;
                    if self.sockets.get(&conn).is_some_and(|s| s.send(frame).is_err()) {
                        tracing::info!(conn = conn.0, "dropped: it does not read");
                        self.forget(conn);
                        self.relay.handle(now(), conn, Input::Closed, &mut self.store);
                    }
                }
                Output::Close { conn, .. } => self.forget(conn),
                Output::Blob { conn, workspace, op } => self.ask_blobs(blobs::task(conn, workspace, op)),
                Output::Note(note) => self.on_note(note),
            }
        }
        self.metrics.connections.set(count(self.relay.connections()));
        self.metrics.workspaces.set(count(self.relay.open_workspaces()));
    }

    fn on_note(&mut self, note: Note) {
        self.metrics.on_note(&note);
        match note {
            Note::Admitted { conn, workspace, device } => {
                self.lane.on_admitted(conn, device);
                tracing::info!(conn = conn.0, %workspace, %device, "admitted");
            }
            Note::Refused { conn, code, text } => tracing::info!(conn = conn.0, %code, text, "refused"),
            Note::EntriesRefused { conn, entries, code } => {
                tracing::info!(conn = conn.0, entries, %code, "entries refused");
            }
            Note::Created(workspace) => tracing::info!(%workspace, "new workspace"),
            Note::Equivocation { workspace, author } => {
                tracing::warn!(%workspace, %author, "an author signed two histories");
            }
            Note::StoreFailed(cause) => {
                tracing::error!(cause, "the store failed");
                self.failure = Some(cause);
            }
            Note::Stored { workspace, entries, bytes, readers } => {
                self.brought = true;
                tracing::debug!(%workspace, entries, bytes, readers, "stored");
            }
            Note::SnapshotKept { workspace, entries, bytes } => {
                tracing::debug!(%workspace, entries, bytes, "snapshot kept");
            }
            Note::BlobKept { bytes } => tracing::debug!(bytes, "blob kept"),
            Note::BlobSent { .. } => {}
            Note::Erased { workspace, entries, blobs } => {
                tracing::info!(%workspace, entries, blobs, "erased");
            }
            Note::Lied { workspace, device, blob } => {
                tracing::warn!(%workspace, %device, %blob, "a device sent wrong bytes, and was sent away");
            }
            Note::Stalled { workspace, conn } => {
                tracing::info!(%workspace, conn = conn.0, "owes parts of files and is silent");
            }
        }
    }
}

/// Waits until then; without an end where there is no then.
async fn reach(then: Option<Instant>) {
    match then {
        None => std::future::pending().await,
        // Timers are a millisecond late at best.
        Some(then) if then <= Instant::now() => {}
        Some(then) => sleep_until(then.into()).await,
    }
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

pub(crate) fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
