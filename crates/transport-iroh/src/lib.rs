//! Bytes between peers: QUIC connections by endpoint key.
//!
//! Shell storey. Knows endpoint keys, addresses, sockets, limits and timeouts;
//! knows nothing of what the bytes mean.
//!
//! ```text
//! Endpoint --connect/accept--> Link --open/accept--> Channel --send/recv--> frames
//! ```
//!
//! An [`Endpoint`] is one UDP socket with one key. A [`Link`] is a connection to
//! one other key, over whichever path is best: direct addresses, or a relay of
//! packets that sees neither keys of sessions nor bytes. A [`Channel`] is one
//! conversation on a link, as frames:
//!
//! ```text
//! main stream (both ways)   (len:u32 frame)*           the opener begins with an empty frame; those mean nothing
//! bulk stream (one way)     main stream's id:u64 (len:u32 frame)*      opened with the first bulk frame
//! ```
//!
//! Bulk frames yield to all others: a link that carries a large file still
//! carries a word at once.
//!
//! Nothing outside is contacted unless it was configured: no name service, no
//! relay but those of [`Options::relays`], no announcement on the local network
//! unless [`Options::nearby`].

mod address;
mod channel;
mod endpoint;
mod error;
mod link;
mod nearby;

pub use address::{PeerAddress, Ticket};
pub use channel::Channel;
pub use endpoint::{Arrival, Dialler, Endpoint, Options};
pub use error::{ChannelError, LinkError, OpenError, TicketError};
pub use link::{Link, Path};
pub use nearby::Sighting;

/// Names the protocol and its version: peers of another version do not connect at all.
pub const ALPN: &[u8] = b"proofroom/sync/1";
