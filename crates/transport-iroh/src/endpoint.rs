//! One UDP socket with one key.

use std::net::SocketAddr;
use std::time::Duration;

use iroh::endpoint::{QuicTransportConfig, VarInt, presets};
use iroh::tls::CaTlsConfig;
use iroh::{RelayMode, SecretKey};
use proofroom_ident::{EndpointKey, SigningSecret};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::address::{of_iroh, relay_url, to_iroh};
use crate::link::CHANNELS_MAX;
use crate::nearby::Nearby;
use crate::{ALPN, Link, LinkError, OpenError, PeerAddress, Sighting};

/// Time to connect, all addresses together.
const CONNECT_MS: u64 = 10_000;
/// Time for an incoming connection to finish its handshake.
const HANDSHAKE_WAIT: Duration = Duration::from_secs(10);
/// Handshakes under way at a time; beyond, callers are refused.
const HANDSHAKES_MAX: usize = 32;
/// Unread bytes that one peer may put here.
const RECEIVE_WINDOW_BYTES: u32 = 8 << 20;
const STREAM_WINDOW_BYTES: u32 = 2 << 20;
const SEND_WINDOW_BYTES: u64 = 8 << 20;
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// A path that is silent for this long is gone.
const SILENCE: Duration = Duration::from_secs(12);
const CLOSE_WAIT: Duration = Duration::from_secs(3);

/// How an endpoint is opened.
pub struct Options {
    /// The endpoint's secret.
    pub secret: SigningSecret,
    /// Where to listen; empty for every interface, and a port that the system chooses.
    pub listen: Vec<SocketAddr>,
    /// Relays of packets that may be used, by URL; none unless named.
    pub relays: Vec<String>,
    /// Certificate authorities that may vouch for them beside the web's, as DER.
    pub authorities: Vec<Vec<u8>>,
    /// Whether to announce this endpoint on the local network, and to look for others there.
    pub nearby: bool,
}

/// An open endpoint. Always [`Endpoint::close`] it: peers learn so that it is gone.
#[derive(Debug)]
pub struct Endpoint {
    endpoint: iroh::Endpoint,
    links: mpsc::Receiver<Link>,
    nearby: Option<Nearby>,
    relays: Vec<PeerAddress>,
}

impl Endpoint {
    /// Opens it. Does not wait for any relay.
    ///
    /// # Errors
    /// When an address cannot be listened on, or a relay's URL is none.
    pub async fn open(options: Options) -> Result<Self, OpenError> {
        let relays = options
            .relays
            .iter()
            .map(|url| relay_url(url).map_err(|cause| OpenError::Relay { url: url.clone(), cause }));
        let relays = relays.collect::<Result<Vec<_>, _>>()?;
        let mode = if relays.is_empty() { RelayMode::Disabled } else { RelayMode::custom(relays.clone()) };
        let mut builder = iroh::Endpoint::builder(presets::Minimal)
            .secret_key(SecretKey::from_bytes(&options.secret.seed()))
            .alpns(vec![ALPN.to_vec()])
            .relay_mode(mode)
            .ca_tls_config(
                CaTlsConfig::embedded().with_extra_roots(options.authorities.into_iter().map(Into::into)),
            )
            .transport_config(transport());
        let failed = |at: String, cause: String| OpenError::Listen { at, cause };
        if !options.listen.is_empty() {
            builder = builder.clear_ip_transports();
        }
        for at in &options.listen {
            builder = builder.bind_addr(*at).map_err(|e| failed(at.to_string(), e.to_string()))?;
        }
        let named: Vec<String> = options.listen.iter().map(ToString::to_string).collect();
        let named = if named.is_empty() { "every interface".to_owned() } else { named.join(", ") };
        let endpoint = Box::pin(builder.bind()).await.map_err(|e| failed(named, chain(&e)))?;
        let nearby = options.nearby.then(|| Nearby::begin(&endpoint)).flatten();
        let (post, links) = mpsc::channel(HANDSHAKES_MAX);
        tokio::spawn(answer(endpoint.clone(), post));
        let relays = relays.into_iter().map(|url| PeerAddress::Relay(url.to_string())).collect();
        Ok(Self { endpoint, links, nearby, relays })
    }

    /// The endpoint's key.
    pub fn key(&self) -> EndpointKey {
        self.dialler().key()
    }

    /// Where it may be reached, as far as known by now; its relays included.
    pub fn addresses(&self) -> Vec<PeerAddress> {
        self.dialler().addresses()
    }

    /// The UDP port on which it listens.
    pub fn port(&self) -> Option<u16> {
        self.endpoint.bound_sockets().first().map(SocketAddr::port)
    }

    /// Whether it announces itself on the local network.
    pub fn is_nearby(&self) -> bool {
        self.nearby.is_some()
    }

    /// A handle that connects, for tasks of their own.
    pub fn dialler(&self) -> Dialler {
        Dialler { endpoint: self.endpoint.clone(), relays: self.relays.clone() }
    }

    /// The next link that somebody else opened, or key that was seen nearby. Never returns
    /// while there is none. Cancelling the wait loses nothing.
    pub async fn next(&mut self) -> Arrival {
        let sighting = async {
            match &mut self.nearby {
                Some(nearby) => nearby.sightings.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Some(link) = self.links.recv() => Arrival::Link(link),
            Some(sighting) = sighting => Arrival::Sighting(sighting),
            else => std::future::pending().await,
        }
    }

    /// Ends all links in good order.
    pub async fn close(self) {
        let _late = timeout(CLOSE_WAIT, self.endpoint.close()).await;
    }
}

/// What comes by itself.
#[derive(Debug)]
pub enum Arrival {
    /// Somebody connected, and proved their key.
    Link(Link),
    /// A key was seen on the local network.
    Sighting(Sighting),
}

/// Connects to others; cheap to clone.
#[derive(Clone, Debug)]
pub struct Dialler {
    endpoint: iroh::Endpoint,
    relays: Vec<PeerAddress>,
}

impl Dialler {
    /// The endpoint's own key.
    pub fn key(&self) -> EndpointKey {
        EndpointKey::from_bytes(*self.endpoint.id().as_bytes())
    }

    /// Where the endpoint may be reached, as far as known by now; its relays included.
    pub fn addresses(&self) -> Vec<PeerAddress> {
        let mut out = of_iroh(self.endpoint.addr().addrs.iter());
        out.extend(self.relays.iter().cloned());
        out.sort();
        out.dedup();
        out
    }

    /// Connects to `key`, at whichever address answers. Whoever answers without the key is no answer.
    ///
    /// # Errors
    /// When none answers in time.
    pub async fn connect(&self, key: EndpointKey, addresses: &[PeerAddress]) -> Result<Link, LinkError> {
        let target = to_iroh(key, addresses)?;
        if target.is_empty() {
            return Err(LinkError::NoAddress);
        }
        let at = || addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        match timeout(Duration::from_millis(CONNECT_MS), Box::pin(self.endpoint.connect(target, ALPN))).await
        {
            Ok(Ok(connection)) => Ok(Link::over(connection, true)),
            Ok(Err(e)) => Err(LinkError::Unreachable { at: at(), cause: chain(&e) }),
            Err(_) => Err(LinkError::Timeout { at: at(), ms: CONNECT_MS }),
        }
    }
}

/// Takes connections: a few handshakes at a time, each with a limit of time.
async fn answer(endpoint: iroh::Endpoint, post: mpsc::Sender<Link>) {
    let slots = std::sync::Arc::new(tokio::sync::Semaphore::new(HANDSHAKES_MAX));
    while let Some(incoming) = endpoint.accept().await {
        let Ok(slot) = std::sync::Arc::clone(&slots).try_acquire_owned() else {
            incoming.refuse();
            continue;
        };
        let post = post.clone();
        tokio::spawn(async move {
            let Ok(accepting) = incoming.accept() else { return };
            if let Ok(Ok(connection)) = timeout(HANDSHAKE_WAIT, accepting).await {
                // The endpoint may have been closed meanwhile.
                let _closed = post.send(Link::over(connection, false)).await;
            }
            drop(slot);
        });
    }
}

fn transport() -> QuicTransportConfig {
    QuicTransportConfig::builder()
        .max_concurrent_bidi_streams(VarInt::from_u32(CHANNELS_MAX))
        .max_concurrent_uni_streams(VarInt::from_u32(CHANNELS_MAX))
        .receive_window(VarInt::from_u32(RECEIVE_WINDOW_BYTES))
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW_BYTES))
        .send_window(SEND_WINDOW_BYTES)
        .keep_alive_interval(KEEP_ALIVE)
        .default_path_max_idle_timeout(SILENCE)
        .build()
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut out = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !out.contains(&text) {
            out = format!("{out}: {text}");
        }
        next = cause.source();
    }
    out
}
