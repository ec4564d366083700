//! The session protocol between two peers, without IO.
//!
//! ```text
//! prove keys --> compare digests --> compare clocks --> push what is missing --> push live
//! ```
//!
//! A [`Session`] serves one connection and one workspace. It is fed by
//! [`Session::handle`] and drained by [`Session::poll`]; it reads the store it is
//! handed and never writes it: entries that come go out as [`Output::Ingest`],
//! and are confirmed to the peer once the driver answers that they are durable.
//!
//! What a slow reader has not taken is remembered as positions, never as bytes:
//! at most [`limits::WINDOW_BYTES`] of entries are under way unconfirmed, the rest
//! is read from the store when there is room again.
//!
//! A document of which the peer holds nothing may be sent as a snapshot: the session
//! offers the best one that its store keeps, and sends the entries after it once the
//! peer says that the snapshot is durable there, or all entries if it declines.
//!
//! [`bundle`] carries the same messages in a file.

mod audiences;
mod blobs;
pub mod bundle;
mod code;
mod compare;
mod elsewhere;
mod fault;
mod giving;
mod handshake;
mod inbox;
mod io;
pub mod limits;
mod live;
mod message;
mod outbox;
mod parting;
#[cfg(test)]
mod samples;
mod session;
mod taking;

pub use audiences::Audiences;
pub use code::Code;
pub use io::{Direction, Event, Input, Output};
pub use limits::Limits;
pub use live::Live;
pub use message::{
    Challenge, ClockRow, Coverage, DecodeError, Greeting, Message, Open, Refusal, SnapshotAnswer, Summary,
    Welcome, is_bulk,
};
pub use session::{ClientConfig, InviteSigner, ServerConfig, Session};
