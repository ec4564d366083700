//! The relay of packets for peers that cannot reach each other: iroh's own, on the relay's port.
//!
//! It passes encrypted packets between endpoint keys and keeps nothing. Whoever connects
//! proves an endpoint key; it must be that of a member's device of a workspace that
//! this relay holds, so the relay is nobody else's errand boy.

use std::num::NonZeroU32;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, Response, StatusCode};
use axum::response::IntoResponse as _;
use hyper::body::Incoming;
use hyper::service::Service as _;
use iroh_relay::KeyCache;
use iroh_relay::http::{RELAY_PATH, RELAY_PROBE_PATH};
use iroh_relay::server::http_server::{Handlers, RelayService, RelayServiceWithNotify};
use iroh_relay::server::{Access, AccessControl, ClientRateLimit, ClientRequest, Metrics};
use proofroom_ident::EndpointKey;
use tokio::sync::{Notify, mpsc, oneshot};

use crate::engine::Event;

/// Keys that were looked at lately need not be unpacked again.
const KEYS_CACHED_MAX: usize = 4_096;
/// What one endpoint may send through the relay: a file at this pace is better fetched from the relay itself.
const BYTES_PER_S_MAX: NonZeroU32 = NonZeroU32::new(32 << 20).expect("not zero");
const BURST_BYTES_MAX: NonZeroU32 = NonZeroU32::new(64 << 20).expect("not zero");
/// Asked by peers that measure how far the relay is.
const PORTAL_PATH: &str = "/generate_204";

/// Answers what peers ask of a relay of packets; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Packets {
    service: RelayServiceWithNotify,
    relay: RelayService,
    counted: Arc<Metrics>,
}

impl Packets {
    /// `events` leads to the engine, which knows the members.
    pub fn new(events: mpsc::Sender<Event>) -> Self {
        let mut limit = ClientRateLimit::new(BYTES_PER_S_MAX);
        limit.max_burst_bytes = Some(BURST_BYTES_MAX);
        let counted = Arc::new(Metrics::default());
        let relay = RelayService::new(
            Handlers::default(),
            HeaderMap::new(),
            Some(limit),
            KeyCache::new(KEYS_CACHED_MAX),
            Arc::new(Members(events)),
            Arc::clone(&counted),
        );
        let service = RelayServiceWithNotify::new(relay.clone(), Arc::new(Notify::new()));
        Self { service, relay, counted }
    }

    /// Whether a request is for the relay of packets.
    pub fn takes(&self, request: &Request<Incoming>) -> bool {
        let known = [RELAY_PATH, RELAY_PROBE_PATH, PORTAL_PATH].contains(&request.uri().path());
        known && request.method() == Method::GET
    }

    /// Answers such a request. The connection below must be iroh's own type of stream.
    pub async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        match request.uri().path() {
            RELAY_PATH => match self.service.call(request).await {
                Ok(response) => response.map(Body::new),
                Err(error) => (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response(),
            },
            RELAY_PROBE_PATH => ([("access-control-allow-origin", "*")], "ok\n").into_response(),
            _ => StatusCode::NO_CONTENT.into_response(),
        }
    }

    /// Bytes passed on so far.
    pub fn bytes(&self) -> u64 {
        self.counted.bytes_sent.get()
    }

    /// Lets go of everybody.
    pub async fn close(&self) {
        self.relay.shutdown().await;
    }
}

/// Lets in the devices of members.
#[derive(Debug)]
struct Members(mpsc::Sender<Event>);

impl AccessControl for Members {
    async fn on_connect(&self, request: &ClientRequest) -> Access {
        let endpoint = EndpointKey::from_bytes(*request.endpoint_id().as_bytes());
        let (answer, answered) = oneshot::channel();
        let asked = self.0.send(Event::IsEndpoint(endpoint, answer)).await;
        match (asked, answered.await) {
            (Ok(()), Ok(true)) => Access::Allow,
            (Ok(()), Ok(false)) => {
                tracing::info!(endpoint = %endpoint, "no packets for a key that is no member's");
                Access::Deny { reason: Some("the key is no member's of a workspace here".into()) }
            }
            _ => Access::Deny { reason: Some("the relay stops".into()) },
        }
    }
}
