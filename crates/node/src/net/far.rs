//! The other end of a line.

use std::fmt;

use proofroom_ident::EndpointKey;
use proofroom_transport::Address;
use proofroom_transport_iroh::Link;

/// A relay, which reads nothing, or another member's device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Far {
    /// By its address.
    Relay(Address),
    /// By the key that it proved.
    Peer(PeerEnd),
}

/// A link's other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PeerEnd {
    /// The key that it proved.
    pub(super) endpoint: EndpointKey,
    /// Which link.
    pub(super) link: usize,
    /// Bytes that only the two ends of the link know.
    pub(super) binding: Vec<u8>,
}

impl PeerEnd {
    pub(super) fn of(link: &Link) -> Self {
        Self { endpoint: link.key(), link: link.id(), binding: link.binding() }
    }
}

impl Far {
    pub(super) fn is_relay(&self) -> bool {
        matches!(self, Self::Relay(_))
    }

    /// The peer, unless it is a relay.
    pub(super) fn peer(&self) -> Option<&PeerEnd> {
        match self {
            Self::Relay(_) => None,
            Self::Peer(end) => Some(end),
        }
    }
}

impl fmt::Display for Far {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Relay(address) => write!(f, "the relay {address}"),
            Self::Peer(end) => write!(f, "the peer {}", end.endpoint.short()),
        }
    }
}
