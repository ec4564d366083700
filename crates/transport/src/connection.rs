//! One WebSocket connection to a relay.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config};

use crate::{Address, Authorities, ConnectError, ConnectionError};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Limits and timeouts of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Time to connect, TLS and the upgrade included.
    pub connect_ms: u64,
    /// Largest frame in either direction.
    pub frame_bytes_max: usize,
    /// Bytes that may wait to be sent.
    pub queue_bytes_max: usize,
    /// Time without any sign of life; relays ping more often.
    pub silence_ms_max: u64,
    /// Time to send what is queued when closing.
    pub close_ms: u64,
    /// Who may vouch for a relay's certificate, beside the web's authorities.
    pub authorities: Authorities,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connect_ms: 10_000,
            frame_bytes_max: 1 << 20,
            queue_bytes_max: 32 << 20,
            silence_ms_max: 90_000,
            close_ms: 5_000,
            authorities: Authorities::default(),
        }
    }
}

/// Connects to a relay's session endpoint.
///
/// # Errors
/// Says whether nothing answered, it took too long, or something else answered.
pub async fn connect(address: &Address, options: Options) -> Result<Connection, ConnectError> {
    let host = || address.host().to_owned();
    let config = WebSocketConfig::default()
        .read_buffer_size(64 << 10)
        .max_message_size(Some(options.frame_bytes_max))
        .max_frame_size(Some(options.frame_bytes_max));
    let connector = match address.is_tls() {
        true => Connector::Rustls(tls_config(address, &options.authorities)?),
        false => Connector::Plain,
    };
    let nodelay = true;
    let connecting =
        connect_async_tls_with_config(address.sync_url(), Some(config), nodelay, Some(connector));
    let ms = options.connect_ms;
    match timeout(Duration::from_millis(ms), Box::pin(connecting)).await {
        Err(_) => Err(ConnectError::Timeout { host: host(), ms }),
        Ok(Ok((socket, _))) => Ok(Connection::over(socket, options)),
        Ok(Err(WsError::Io(cause))) if is_of_tls(&cause) => {
            Err(ConnectError::Untrusted { host: host(), cause: cause.to_string() })
        }
        Ok(Err(WsError::Io(cause))) => Err(ConnectError::Unreachable { host: host(), cause }),
        Ok(Err(WsError::Http(response))) => {
            Err(ConnectError::NotARelay { host: host(), status: response.status().as_u16() })
        }
        Ok(Err(other)) => Err(ConnectError::Protocol { host: host(), cause: other.to_string() }),
    }
}

/// Whether an error is about the other side's certificate, not about the way there.
fn is_of_tls(error: &std::io::Error) -> bool {
    let tls = error.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>());
    matches!(tls, Some(rustls::Error::InvalidCertificate(_)))
}

fn tls_config(
    address: &Address,
    authorities: &Authorities,
) -> Result<Arc<rustls::ClientConfig>, ConnectError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| ConnectError::Protocol { host: address.host().to_owned(), cause: e.to_string() })?;
    Ok(Arc::new(config.with_root_certificates(authorities.roots()).with_no_client_auth()))
}

/// An open connection. Dropping it cuts it off; [`Connection::close`] sends what is queued first.
#[derive(Debug)]
pub struct Connection {
    frames: SplitStream<Socket>,
    queue: mpsc::UnboundedSender<Bytes>,
    queued: Arc<AtomicUsize>,
    writer: JoinHandle<()>,
    alive_until: Instant,
    options: Options,
}

impl Connection {
    fn over(socket: Socket, options: Options) -> Self {
        let (sink, frames) = socket.split();
        let (queue, waiting) = mpsc::unbounded_channel();
        let queued = Arc::new(AtomicUsize::new(0));
        let writer = tokio::spawn(write(sink, waiting, queued.clone()));
        let alive_until = Instant::now() + Duration::from_millis(options.silence_ms_max);
        Self { frames, queue, queued, writer, alive_until, options }
    }

    /// Queues a frame; never waits.
    ///
    /// # Errors
    /// When too much is queued already, or the connection broke.
    pub fn send(&self, frame: impl Into<Bytes>) -> Result<(), ConnectionError> {
        let frame = frame.into();
        let bytes = self.queued.fetch_add(frame.len(), Ordering::Relaxed) + frame.len();
        if bytes > self.options.queue_bytes_max {
            return Err(ConnectionError::Stuck { bytes });
        }
        self.queue.send(frame).map_err(|_| ConnectionError::Broken("it is closed".into()))
    }

    /// Waits for the next frame; `None` when the peer closed. Cancelling the wait loses nothing.
    ///
    /// # Errors
    /// When the connection breaks, falls silent, or the peer breaks the protocol.
    pub async fn recv(&mut self) -> Result<Option<Bytes>, ConnectionError> {
        loop {
            let Ok(next) = timeout_at(self.alive_until, self.frames.next()).await else {
                return Err(ConnectionError::Silent { ms: self.options.silence_ms_max });
            };
            self.alive_until = Instant::now() + Duration::from_millis(self.options.silence_ms_max);
            match next {
                None
                | Some(Ok(Message::Close(_)) | Err(WsError::ConnectionClosed | WsError::AlreadyClosed)) => {
                    return Ok(None);
                }
                Some(Ok(Message::Binary(frame))) => return Ok(Some(frame)),
                Some(Ok(Message::Text(_))) => {
                    return Err(ConnectionError::Protocol("a text frame".into()));
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(e @ (WsError::Capacity(_) | WsError::Protocol(_)))) => {
                    return Err(ConnectionError::Protocol(e.to_string()));
                }
                Some(Err(e)) => return Err(ConnectionError::Broken(e.to_string())),
            }
        }
    }

    /// Sends what is queued, says goodbye, and ends; gives up after [`Options::close_ms`].
    pub async fn close(mut self) {
        // Without its only sender, the writer ends after what is queued.
        (self.queue, _) = mpsc::unbounded_channel();
        _ = timeout(Duration::from_millis(self.options.close_ms), &mut self.writer).await;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.writer.abort();
    }
}

/// Writes what is queued, several frames per flush where they gathered; then closes.
async fn write(
    mut sink: SplitSink<Socket, Message>,
    mut waiting: mpsc::UnboundedReceiver<Bytes>,
    queued: Arc<AtomicUsize>,
) {
    while let Some(first) = waiting.recv().await {
        let mut next = Some(first);
        while let Some(frame) = next {
            let bytes = frame.len();
            if sink.feed(Message::Binary(frame)).await.is_err() {
                return;
            }
            queued.fetch_sub(bytes, Ordering::Relaxed);
            next = waiting.try_recv().ok();
        }
        if sink.flush().await.is_err() {
            return;
        }
    }
    // The peer may be gone already: closing is a courtesy.
    _ = sink.close().await;
}
