//! Listening, routes, starting and stopping.

use std::fs::DirBuilder;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{State, WebSocketUpgrade};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use proofroom_blob_files::Folder;
use proofroom_ident::SignerKey;
use proofroom_relay::ConnId;
use proofroom_store_redb::RedbStore;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_rustls::TlsAcceptor;

use crate::engine::{self, Event};
use crate::listen::{Door, accept};
use crate::metrics::Metrics;
use crate::packets::Packets;
use crate::tls::Tls;
use crate::{Config, RelayError, download, key, socket};

/// The store's file in the data directory.
pub(crate) const STORE: &str = "relay.redb";

/// Time for clients to hear that the relay stops.
const FAREWELL_MAX: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) events: mpsc::Sender<Event>,
    next: Arc<AtomicU64>,
    pub(crate) metrics: Arc<Metrics>,
    packets: Option<Packets>,
    /// Where blobs are, to read from.
    pub(crate) folder: Folder,
    /// The relay's key, which tokens are for.
    pub(crate) device: SignerKey,
    /// Every socket subscribes; when all are gone, all have said goodbye.
    sockets: Arc<watch::Sender<()>>,
}

/// A relay that runs.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    device: SignerKey,
    stop: Option<oneshot::Sender<()>>,
    ended: oneshot::Receiver<Result<(), RelayError>>,
    accepting: tokio::task::JoinHandle<()>,
    sockets: Arc<watch::Sender<()>>,
    tls: Option<Arc<Tls>>,
    packets: Option<Packets>,
}

/// Starts a relay; it runs until [`Server::stop`], or until its store fails.
///
/// # Errors
/// When the address, the data directory, the key or the store cannot be used.
pub async fn start(config: Config) -> Result<Server, RelayError> {
    let tls = config.tls.clone().map(Tls::load).transpose()?;
    make_folder(&config.data)?;
    let store = RedbStore::open_with_cache(config.data.join(STORE), config.cache_bytes)?;
    let mut rng = randomness()?;
    let device = key::load_or_make(&config.data, &mut rng)?;
    let listen = |cause| RelayError::Listen { address: config.listen.clone(), cause };
    let listener = TcpListener::bind(&config.listen).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let metrics = Arc::new(Metrics::new());
    let signer = device.public();
    let engine = engine::spawn(&config, device, store, rng, metrics.clone())?;
    let sockets = Arc::new(watch::Sender::new(()));
    let folder = Folder::new(config.data.join("blobs"));
    let packets = config.packets.then(|| Packets::new(engine.events.clone()));
    let shared = Shared {
        events: engine.events,
        next: Arc::default(),
        metrics,
        packets: packets.clone(),
        folder,
        device: signer,
        sockets: sockets.clone(),
    };
    let acceptor = tls.as_ref().map(|tls| tls.server_config().map(TlsAcceptor::from)).transpose()?;
    if let Some(tls) = &tls {
        tokio::spawn(Arc::clone(tls).follow());
    }
    let door = Door { routes: routes(shared), tls: acceptor, packets: packets.clone() };
    let accepting = tokio::spawn(accept(listener, door));
    tracing::info!(%address, device = %signer, tls = tls.is_some(), packets = packets.is_some(), "listening");
    let (stop, ended) = (Some(engine.stop), engine.ended);
    Ok(Server { address, device: signer, stop, ended, accepting, sockets, tls, packets })
}

/// Runs a relay until the process is asked to end (SIGTERM, ctrl-c) or its store fails.
/// `ready` is told where it listens.
///
/// # Errors
/// As [`start`], and when the store failed.
pub async fn run(config: Config, ready: impl FnOnce(&Server)) -> Result<(), RelayError> {
    take_all_descriptors();
    let mut server = start(config).await?;
    ready(&server);
    let renewing = tokio::spawn(renew_when_asked(server.tls.clone())?);
    let ended = tokio::select! {
        ended = server.ended() => Some(ended),
        asked = asked_to_end() => asked.map(|()| None)?,
    };
    renewing.abort();
    if let Some(ended) = ended {
        return ended;
    }
    tracing::info!("stopping");
    server.stop().await
}

impl Server {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What clients connect to.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "wss" } else { "ws" };
        format!("{scheme}://{}", self.address)
    }

    /// What peers name as their relay of packets, where it is one.
    pub fn packets_url(&self) -> Option<String> {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        self.packets.as_ref().map(|_| format!("{scheme}://{}", self.address))
    }

    /// Reads the certificate's files again, as SIGHUP does. What cannot be used changes nothing.
    pub fn renew(&self) {
        if let Some(tls) = &self.tls {
            tls.reload();
        }
    }

    /// The relay's key, which clients may pin.
    pub fn device(&self) -> SignerKey {
        self.device
    }

    /// Waits until it ends by itself, which only a failed store makes it do.
    ///
    /// # Errors
    /// The failure.
    pub async fn ended(&mut self) -> Result<(), RelayError> {
        (&mut self.ended).await.unwrap_or_else(|_| Err(RelayError::StoreFailed("its thread ended".into())))
    }

    /// Tells every client, waits a little for them, ends.
    ///
    /// # Errors
    /// When the store had failed.
    pub async fn stop(mut self) -> Result<(), RelayError> {
        self.accepting.abort();
        if let Some(packets) = &self.packets {
            packets.close().await;
        }
        drop(self.stop.take());
        let result = self.ended().await;
        if tokio::time::timeout(FAREWELL_MAX, self.sockets.closed()).await.is_err() {
            tracing::info!("some clients did not say goodbye");
        }
        result
    }
}

fn make_folder(data: &Path) -> Result<(), RelayError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(data);
    made.map_err(|cause| RelayError::Data { doing: "make", path: data.to_path_buf(), cause })
}

fn randomness() -> Result<ChaCha20Rng, RelayError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|e| RelayError::System(format!("randomness: {e}")))?;
    Ok(ChaCha20Rng::from_seed(seed))
}

/// SIGHUP: the certificate's files are read again.
fn renew_when_asked(tls: Option<Arc<Tls>>) -> Result<impl Future<Output = ()>, RelayError> {
    let mut asked = signal(SignalKind::hangup()).map_err(no_signals)?;
    Ok(async move {
        while asked.recv().await.is_some() {
            tls.iter().for_each(|tls| tls.reload());
        }
    })
}

async fn asked_to_end() -> Result<(), RelayError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(no_signals)?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        asked = tokio::signal::ctrl_c() => asked.map_err(no_signals),
    }
}

fn no_signals(e: std::io::Error) -> RelayError {
    RelayError::System(format!("signals: {e}"))
}

/// As many sockets as the system lets this process have: the usual limit is for programs with few.
fn take_all_descriptors() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

fn routes(shared: Shared) -> Router {
    Router::new()
        .route("/v1/sync", get(sync))
        .route("/v1/blobs/{workspace}/{blob}", get(download::blob))
        .route("/v1/blobs/{workspace}/{blob}/slice", get(download::slice))
        .route("/healthz", get(health))
        .route("/metrics", get(metrics))
        .fallback(get(crate::web::serve))
        .with_state(shared)
}

async fn sync(State(shared): State<Shared>, upgrade: WebSocketUpgrade) -> Response {
    let conn = ConnId(shared.next.fetch_add(1, Ordering::Relaxed));
    socket::configure(upgrade).on_upgrade(move |socket| async move {
        let alive = shared.sockets.subscribe();
        socket::serve(socket, conn, shared.events).await;
        drop(alive);
    })
}

async fn health(State(shared): State<Shared>) -> (StatusCode, &'static str) {
    match shared.events.is_closed() {
        true => (StatusCode::SERVICE_UNAVAILABLE, "the store failed\n"),
        false => (StatusCode::OK, "ok\n"),
    }
}

async fn metrics(State(shared): State<Shared>) -> impl IntoResponse {
    const FORMAT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    if let Some(packets) = &shared.packets {
        shared.metrics.packet_bytes.set(i64::try_from(packets.bytes()).unwrap_or(i64::MAX));
    }
    ([(header::CONTENT_TYPE, FORMAT)], shared.metrics.text())
}
