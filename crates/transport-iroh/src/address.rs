//! Where a peer may be reached, and the ticket that tells others.
//!
//! ```text
//! ticket   proofroom:peer/BASE32(bytes)
//!          version:u8=1  endpoint:32  count:u8  address*  check:4
//! address  0 ipv4:4 port:u16  |  1 ipv6:16 port:u16  |  2 relay's url:run
//! ```
//!
//! A ticket holds no secret and proves nothing: it says where to look for a key.
//! Whoever answers there must still prove that key, and its record must still be
//! a member's. `check` finds slips of copying.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use iroh::{EndpointAddr, PublicKey, RelayUrl, TransportAddr};
use proofroom_ident::{ByteReader, ByteWriter, EndpointKey};

use crate::{LinkError, TicketError};

pub(crate) const PREFIX: &str = "proofroom:peer/";
const VERSION: u8 = 1;
const CHARS_MAX: usize = 8 << 10;
/// More than any machine has; a ticket with more is none.
const ADDRESSES_MAX: usize = 32;
const URL_BYTES_MAX: usize = 500;

/// One way to reach a peer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PeerAddress {
    /// Directly.
    Socket(SocketAddr),
    /// Through a relay of packets, by its URL.
    Relay(String),
}

impl fmt::Display for PeerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(at) => at.fmt(f),
            Self::Relay(url) => f.write_str(url),
        }
    }
}

impl FromStr for PeerAddress {
    type Err = String;

    /// `IP:PORT`, or the `http://` or `https://` URL of a packet relay.
    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(at) = text.parse() {
            return Ok(Self::Socket(at));
        }
        relay_url(text).map(|url| Self::Relay(url.to_string()))
    }
}

/// Reads a packet relay's URL.
pub(crate) fn relay_url(text: &str) -> Result<RelayUrl, String> {
    if text.len() > URL_BYTES_MAX {
        return Err("it is too long".into());
    }
    if !text.starts_with("http://") && !text.starts_with("https://") {
        return Err("it does not begin with http:// or https://".into());
    }
    text.parse().map_err(|e: iroh::RelayUrlParseError| e.to_string())
}

/// The addresses as iroh wants them; what it does not understand is left out.
pub(crate) fn to_iroh(key: EndpointKey, addresses: &[PeerAddress]) -> Result<EndpointAddr, LinkError> {
    let id = PublicKey::from_bytes(key.as_bytes()).map_err(|_| LinkError::BadKey(key.to_hex()))?;
    let addresses = addresses.iter().filter_map(|address| match address {
        PeerAddress::Socket(at) => Some(TransportAddr::Ip(*at)),
        PeerAddress::Relay(url) => relay_url(url).ok().map(TransportAddr::Relay),
    });
    Ok(EndpointAddr::from_parts(id, addresses))
}

/// The addresses of iroh that this program uses.
pub(crate) fn of_iroh<'a>(addresses: impl Iterator<Item = &'a TransportAddr>) -> Vec<PeerAddress> {
    addresses.filter_map(one_of_iroh).take(ADDRESSES_MAX).collect()
}

pub(crate) fn one_of_iroh(address: &TransportAddr) -> Option<PeerAddress> {
    match address {
        TransportAddr::Ip(at) => Some(PeerAddress::Socket(*at)),
        TransportAddr::Relay(url) => Some(PeerAddress::Relay(url.to_string())),
        _ => None,
    }
}

/// An endpoint's key, and where it was last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Whose it is.
    pub endpoint: EndpointKey,
    /// Where to look.
    pub addresses: Vec<PeerAddress>,
}

impl Ticket {
    fn encode(&self) -> Vec<u8> {
        let addresses = &self.addresses[..self.addresses.len().min(ADDRESSES_MAX)];
        let mut w = ByteWriter::default();
        w.u8(VERSION).put(self.endpoint.as_bytes());
        w.u8(u8::try_from(addresses.len()).unwrap_or(u8::MAX));
        for address in addresses {
            match address {
                PeerAddress::Socket(at) => match at.ip() {
                    IpAddr::V4(ip) => w.u8(0).put(&ip.octets()).u16(at.port()),
                    IpAddr::V6(ip) => w.u8(1).put(&ip.octets()).u16(at.port()),
                },
                PeerAddress::Relay(url) => w.u8(2).run(url.as_bytes()),
            };
        }
        w.finish()
    }

    fn decode(bytes: &[u8]) -> Result<Self, TicketError> {
        let mut r = ByteReader::new(bytes);
        let version = r.u8("version")?;
        if version != VERSION {
            return Err(TicketError::Version(version));
        }
        let endpoint = EndpointKey::from_bytes(r.array("endpoint key")?);
        let count = usize::from(r.u8("number of addresses")?);
        if count > ADDRESSES_MAX {
            return Err(TicketError::Mangled(format!("{count} addresses")));
        }
        let addresses = (0..count).map(|_| read_address(&mut r)).collect::<Result<_, _>>()?;
        match r.is_empty() {
            true => Ok(Self { endpoint, addresses }),
            false => Err(TicketError::Mangled("it holds more than it should".into())),
        }
    }
}

fn read_address(r: &mut ByteReader<'_>) -> Result<PeerAddress, TicketError> {
    let ip: IpAddr = match r.u8("kind of address")? {
        0 => Ipv4Addr::from(r.array::<4>("address")?).into(),
        1 => Ipv6Addr::from(r.array::<16>("address")?).into(),
        2 => {
            let url = std::str::from_utf8(r.run("relay's url")?);
            let url = url.map_err(|e| TicketError::Mangled(e.to_string()))?;
            let url = relay_url(url).map_err(TicketError::Mangled)?;
            return Ok(PeerAddress::Relay(url.to_string()));
        }
        kind => return Err(TicketError::Mangled(format!("an address of kind {kind}"))),
    };
    Ok(PeerAddress::Socket(SocketAddr::new(ip, r.u16("port")?)))
}

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.encode();
        let check = blake3::hash(&bytes);
        bytes.extend_from_slice(&check.as_bytes()[..4]);
        write!(f, "{PREFIX}{}", data_encoding::BASE32_NOPAD.encode(&bytes).to_lowercase())
    }
}

impl FromStr for Ticket {
    type Err = TicketError;

    fn from_str(text: &str) -> Result<Self, TicketError> {
        let text = text.trim();
        if text.len() > CHARS_MAX {
            return Err(TicketError::TooLong(text.len()));
        }
        let body = text.strip_prefix(PREFIX).ok_or(TicketError::Prefix)?;
        let folded: String = body.split_whitespace().collect::<String>().to_uppercase();
        let bytes = data_encoding::BASE32_NOPAD.decode(folded.as_bytes());
        let bytes = bytes.map_err(|e| TicketError::Mangled(e.to_string()))?;
        let Some((head, check)) = bytes.split_last_chunk::<4>() else {
            return Err(TicketError::Mangled("it is too short".into()));
        };
        if blake3::hash(head).as_bytes()[..4] != check[..] {
            return Err(TicketError::Mangled("its check digits do not match".into()));
        }
        Self::decode(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ticket() -> Ticket {
        let addresses = ["127.0.0.1:7000", "[::1]:7001", "http://relay.example:4748/"];
        let addresses = addresses.map(|a| a.parse().expect("an address")).to_vec();
        Ticket { endpoint: EndpointKey::from_bytes([7; 32]), addresses }
    }

    #[test]
    fn a_ticket_survives_being_written_down() {
        let text = ticket().to_string();
        assert_eq!(text.parse(), Ok(ticket()));
        let shouted = format!("  {PREFIX}{}\n", text[PREFIX.len()..].to_uppercase());
        assert_eq!(shouted.parse(), Ok(ticket()));
    }

    #[test]
    fn a_mangled_ticket_says_so() {
        let text = ticket().to_string();
        assert_eq!("proofroom:join/abc".parse::<Ticket>(), Err(TicketError::Prefix));
        assert_eq!("x".repeat(9000).parse::<Ticket>(), Err(TicketError::TooLong(9000)));
        for cut in PREFIX.len()..text.len() {
            assert!(matches!(text[..cut].parse::<Ticket>(), Err(TicketError::Mangled(_))), "cut at {cut}");
        }
        let other = Ticket { endpoint: EndpointKey::from_bytes([8; 32]), ..ticket() }.to_string();
        let mixed = format!("{}{}", &other[..40], &text[40..]);
        assert!(matches!(mixed.parse::<Ticket>(), Err(TicketError::Mangled(_))));
    }

    proptest! {
        #[test]
        fn no_bytes_make_a_ticket_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            // Either outcome is fine.
            let _either = Ticket::decode(&bytes);
        }
    }
}
