//! Listening, routes, starting and stopping.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{State, WebSocketUpgrade};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use proofroom_blob_files::Folder;
use proofroom_ident::SignerKey;
use proofroom_relay::ConnId;
use proofroom_store_redb::RedbStore;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot, watch};

use crate::engine::{self, Event};
use crate::metrics::Metrics;
use crate::{Config, RelayError, download, key, socket};

/// Time for a client to send its request.
const REQUEST_MAX: Duration = Duration::from_secs(10);
/// Time for clients to hear that the relay stops.
const FAREWELL_MAX: Duration = Duration::from_secs(5);
/// Pause after the system refused a connection: out of file descriptors, say.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) events: mpsc::Sender<Event>,
    next: Arc<AtomicU64>,
    pub(crate) metrics: Arc<Metrics>,
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
}

/// Starts a relay; it runs until [`Server::stop`], or until its store fails.
///
/// # Errors
/// When the address, the data directory, the key or the store cannot be used.
pub async fn start(config: Config) -> Result<Server, RelayError> {
    make_folder(&config.data)?;
    let store = RedbStore::open_with_cache(config.data.join("relay.redb"), config.cache_bytes)?;
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
    let shared = Shared {
        events: engine.events,
        next: Arc::default(),
        metrics,
        folder,
        device: signer,
        sockets: sockets.clone(),
    };
    let accepting = tokio::spawn(accept(listener, routes(shared)));
    tracing::info!(%address, device = %signer, "listening");
    Ok(Server { address, device: signer, stop: Some(engine.stop), ended: engine.ended, accepting, sockets })
}

/// Runs a relay until the process is asked to end (SIGTERM, ctrl-c) or its store fails.
/// `ready` is told where it listens.
///
/// # Errors
/// As [`start`], and when the store failed.
pub async fn run(config: Config, ready: impl FnOnce(&Server)) -> Result<(), RelayError> {
    let mut server = start(config).await?;
    ready(&server);
    tokio::select! {
        ended = server.ended() => return ended,
        asked = asked_to_end() => asked?,
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
        format!("ws://{}", self.address)
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
        drop(self.stop.take());
        let result = self.ended().await;
        if tokio::time::timeout(FAREWELL_MAX, self.sockets.closed()).await.is_err() {
            tracing::info!("some clients did not say goodbye");
        }
        result
    }
}

fn make_folder(data: &Path) -> Result<(), RelayError> {
    std::fs::create_dir_all(data).map_err(|cause| RelayError::Data {
        doing: "make",
        path: data.to_path_buf(),
        cause,
    })
}

fn randomness() -> Result<ChaCha20Rng, RelayError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|e| RelayError::System(format!("randomness: {e}")))?;
    Ok(ChaCha20Rng::from_seed(seed))
}

async fn asked_to_end() -> Result<(), RelayError> {
    let refused = |e: std::io::Error| RelayError::System(format!("signals: {e}"));
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).map_err(refused)?;
        tokio::select! {
            _ = terminate.recv() => Ok(()),
            asked = tokio::signal::ctrl_c() => asked.map_err(refused),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await.map_err(refused)
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

async fn accept(listener: TcpListener, routes: Router) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => _ = tokio::spawn(serve(stream, routes.clone())),
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, routes: Router) {
    // Small frames must not wait for more; where the system refuses, they do.
    _ = stream.set_nodelay(true);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(REQUEST_MAX).max_buf_size(8 << 10);
    let service = TowerToHyperService::new(routes);
    if let Err(error) = http.serve_connection(TokioIo::new(stream), service).with_upgrades().await {
        tracing::debug!(%error, "a connection ended badly");
    }
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
    ([(header::CONTENT_TYPE, FORMAT)], shared.metrics.text())
}
