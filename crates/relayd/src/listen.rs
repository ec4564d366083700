//! Sockets taken: TLS where there is a certificate, HTTP, and what may be asked on it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, Response, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use iroh_relay::server::streams::MaybeTlsStream;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::packets::Packets;

/// Time for a client to agree on TLS, and time to send its request.
const REQUEST_MAX: Duration = Duration::from_secs(10);
/// Pause after the system refused a connection: out of file descriptors, say.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Largest head of a request.
const HEAD_BYTES_MAX: usize = 8 << 10;
/// Sockets that are no session, or not yet: requests, downloads, and who says nothing. More are dropped.
const GUESTS_MAX: usize = 8_192;

/// A browser that saw the relay with TLS does not come without it for a year.
const ONLY_TLS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// What every connection is served by.
#[derive(Clone)]
pub(crate) struct Door {
    pub routes: Router,
    pub tls: Option<TlsAcceptor>,
    pub packets: Option<Packets>,
}

/// Takes connections. How many sessions there may be, the machine decides.
pub(crate) async fn accept(listener: TcpListener, door: Door) {
    let room = Arc::new(Semaphore::new(GUESTS_MAX));
    loop {
        match listener.accept().await {
            Ok((stream, _)) => match Arc::clone(&room).try_acquire_owned() {
                Ok(permit) => _ = tokio::spawn(serve(stream, door.clone(), permit)),
                Err(_) => tracing::debug!("dropped a connection: too many ask at a time"),
            },
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, door: Door, _room: OwnedSemaphorePermit) {
    // Small frames must not wait for more; where the system refuses, they do.
    _ = stream.set_nodelay(true);
    let stream = match &door.tls {
        None => MaybeTlsStream::Plain(stream),
        Some(acceptor) => match timeout(REQUEST_MAX, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => MaybeTlsStream::Tls(stream),
            Ok(Err(error)) => return tracing::debug!(%error, "no agreement on TLS"),
            Err(_) => return tracing::debug!("a connection agreed on no TLS in time"),
        },
    };
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(REQUEST_MAX).max_buf_size(HEAD_BYTES_MAX);
    let service = service_fn(|request| answer(door.clone(), request));
    if let Err(error) = http.serve_connection(TokioIo::new(stream), service).with_upgrades().await {
        tracing::debug!(%error, "a connection ended badly");
    }
}

async fn answer(door: Door, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let mut response = match &door.packets {
        Some(packets) if packets.takes(&request) => packets.answer(request).await,
        _ => TowerToHyperService::new(door.routes).call(request).await?,
    };
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if door.tls.is_some() {
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, ONLY_TLS);
    }
    Ok(response)
}
