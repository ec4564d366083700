//! Where other peers were last: tickets, by endpoint key.
//!
//! Hints only. Whoever answers at an address must prove the key, and the key must be a member's.

use proofroom_ident::EndpointKey;
use proofroom_store::{Batch, Store as _};
use proofroom_transport_iroh::{PeerAddress, Ticket};

use super::Peer;
use crate::failure::Failure;

const PREFIX: &[u8] = b"node/peer/";
/// Addresses of one peer that are remembered, the newest first.
const ADDRESSES_MAX: usize = 8;

/// A port that is the same every time.
#[derive(Clone, Copy, Debug)]
pub enum Port {
    /// For peers (UDP): who remembers this one's address finds it there again.
    Peers,
    /// For the review app (TCP): what a browser keeps, it keeps by the page's address.
    App,
}

impl Port {
    const fn key(self) -> &'static [u8] {
        match self {
            Self::Peers => b"node/up/port",
            Self::App => b"node/up/app-port",
        }
    }
}

fn key(endpoint: EndpointKey) -> Vec<u8> {
    [PREFIX, endpoint.as_bytes()].concat()
}

impl Peer {
    /// All that is remembered.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn tickets(&self) -> Result<Vec<Ticket>, Failure> {
        let held = self.store.scan(PREFIX)?;
        Ok(held.into_iter().filter_map(|(_, text)| std::str::from_utf8(&text).ok()?.parse().ok()).collect())
    }

    /// Remembers where a peer is; writes only what is new.
    ///
    /// # Errors
    /// When it cannot be made durable.
    pub fn learn(&mut self, ticket: &Ticket) -> Result<(), Failure> {
        let held = self.store.get(&key(ticket.endpoint))?;
        let held: Option<Ticket> = held.and_then(|text| std::str::from_utf8(&text).ok()?.parse().ok());
        let before: Vec<PeerAddress> = held.map(|t| t.addresses).unwrap_or_default();
        if !before.is_empty() && ticket.addresses.iter().all(|a| before.contains(a)) {
            return Ok(());
        }
        let mut addresses = ticket.addresses.clone();
        addresses.extend(before.into_iter().filter(|a| !ticket.addresses.contains(a)));
        addresses.truncate(ADDRESSES_MAX);
        let text = Ticket { endpoint: ticket.endpoint, addresses }.to_string();
        let mut batch = Batch::new();
        batch.put(key(ticket.endpoint), text.into_bytes());
        Ok(self.store.commit(batch)?)
    }

    /// Forgets where a peer was. Returns whether anything was known.
    ///
    /// # Errors
    /// When it cannot be made durable.
    pub fn unlearn(&mut self, endpoint: EndpointKey) -> Result<bool, Failure> {
        let known = self.store.get(&key(endpoint))?.is_some();
        let mut batch = Batch::new();
        batch.delete(key(endpoint));
        self.store.commit(batch)?;
        Ok(known)
    }

    /// The port of the last time.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn last_port(&self, of: Port) -> Result<Option<u16>, Failure> {
        let bytes = self.store.get(of.key())?;
        Ok(bytes.and_then(|b| <[u8; 2]>::try_from(b.as_slice()).ok()).map(u16::from_le_bytes))
    }

    /// Remembers the port.
    ///
    /// # Errors
    /// When it cannot be made durable.
    pub fn keep_port(&mut self, of: Port, port: u16) -> Result<(), Failure> {
        if self.last_port(of)? == Some(port) {
            return Ok(());
        }
        let mut batch = Batch::new();
        batch.put(of.key(), port.to_le_bytes());
        Ok(self.store.commit(batch)?)
    }
}
