//! The relay's shell: sockets, disk, metrics.
//!
//! ```text
//! socket tasks --frames--> engine thread (relay machine, store) --frames--> socket tasks
//!                                  |        ^
//!                                  v        |
//!                              blob thread (files)
//! ```
//!
//! One thread owns the machine and the store, so nothing is locked and a commit
//! never stalls a socket. What flows back to a socket is bounded by the protocol
//! itself; a connection that outgrows the bound all the same is dropped.
//!
//! ```text
//! DIR/relay.key            the relay's device key, 32 bytes, mode 0600
//! DIR/relay.redb           entries and counters
//! DIR/blobs                ciphertext, by its hash    proofroom-blob-files
//! ```
//!
//! One port carries all: sessions, files, the app, and, where they are switched on, TLS
//! (`tls.rs`) and packets between peers that cannot reach each other (`packets.rs`).
//!
//! Crash story: entries and counters are as safe as a commit of the store; a blob
//! is flushed before it gets its name, and its name before it is counted. What was
//! brought of a blob stays for a week, so that the rest can follow.

mod app;
mod blobs;
mod config;
mod download;
mod engine;
mod error;
mod key;
mod lane;
mod listen;
mod logging;
mod metrics;
mod packets;
mod server;
mod socket;
mod tls;
mod web;

pub use app::App;
pub use config::Config;
pub use download::{TOKEN_DOMAIN, TOKEN_MS_MAX, token, token_message};
pub use error::RelayError;
pub use logging::log_as_json;
pub use proofroom_relay::{Creators, Quotas};
pub use server::{Server, run, start};
pub use tls::TlsFiles;
