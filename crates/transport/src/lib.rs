//! Bytes between peers: WebSocket frames.
//!
//! Shell storey. Knows addresses, sockets, TLS, limits and timeouts; knows
//! nothing of what the bytes mean.
//!
//! A [`Connection`] takes frames to send without waiting: a task of its own
//! writes them, so that one loop can receive and send without the two ends ever
//! waiting for each other. What is queued is bounded all the same: beyond
//! [`Options::queue_bytes_max`] the connection is given up.

mod address;
mod authorities;
mod connection;
mod error;

pub use address::{Address, SYNC_PATH};
pub use authorities::Authorities;
pub use connection::{Connection, Options, connect};
pub use error::{AddressError, AuthorityError, ConnectError, ConnectionError};
