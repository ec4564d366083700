//! The review app alone, without a relay, for whoever sits at this machine.

use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::listen::{Door, accept};
use crate::{RelayError, web};

/// The review app on a port. It ends when this is dropped.
#[derive(Debug)]
pub struct App {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl App {
    /// Whether this program carries the app's files.
    pub fn is_here() -> bool {
        proofroom_web_assets::file("index.html").is_some()
    }

    /// Serves the app's files and nothing else: pages exchange with the relays that their links name.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub async fn start(address: SocketAddr) -> Result<Self, RelayError> {
        let failed = |cause| RelayError::Listen { address: address.to_string(), cause };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let door = Door { routes: Router::new().fallback(get(web::serve)), tls: None, packets: None };
        Ok(Self { address, accepting: tokio::spawn(accept(listener, door)) })
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a browser opens.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
