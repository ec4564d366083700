//! Peers on the local network, found by multicast DNS.

use futures_util::StreamExt as _;
use iroh::address_lookup::{AddressLookup, EndpointData};
use iroh_mdns_address_lookup::{DiscoveryEvent, MdnsAddressLookup};
use proofroom_ident::EndpointKey;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::PeerAddress;
use crate::address::one_of_iroh;

/// What the service is called on the local network.
const SERVICE: &str = "proofroom";
/// Sightings that nobody took yet; later ones wait.
const SIGHTINGS_MAX: usize = 64;
const CADENCE: std::time::Duration = std::time::Duration::from_secs(2);

/// A key was seen on the local network. Anybody can claim any key: whoever answers must prove it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The key.
    pub endpoint: EndpointKey,
    /// Where it says it is.
    pub addresses: Vec<PeerAddress>,
}

/// Announces this endpoint, and never asks: who is looked for is said by the caller, with addresses.
#[derive(Debug)]
pub(crate) struct Announce(MdnsAddressLookup);

impl AddressLookup for Announce {
    fn publish(&self, data: &EndpointData) {
        self.0.publish(data);
    }
}

/// Listens until it is dropped.
#[derive(Debug)]
pub(crate) struct Nearby {
    pub sightings: mpsc::Receiver<Sighting>,
    listener: JoinHandle<()>,
}

impl Nearby {
    /// Begins to announce and to listen; `None` where the system has no multicast.
    pub fn begin(endpoint: &iroh::Endpoint) -> Option<Self> {
        let lookup = MdnsAddressLookup::builder().service_name(SERVICE).discovery_cadence(CADENCE);
        let lookup = lookup.build(endpoint.id()).ok()?;
        endpoint.address_lookup().ok()?.add(Announce(lookup.clone()));
        let (post, sightings) = mpsc::channel(SIGHTINGS_MAX);
        let listener = tokio::spawn(async move {
            let mut events = lookup.subscribe().await;
            while let Some(event) = events.next().await {
                let DiscoveryEvent::Discovered { endpoint_info, .. } = event else { continue };
                let addresses = endpoint_info.to_endpoint_addr().addrs;
                let sighting = Sighting {
                    endpoint: EndpointKey::from_bytes(*endpoint_info.endpoint_id.as_bytes()),
                    addresses: addresses.iter().filter_map(one_of_iroh).collect(),
                };
                if post.send(sighting).await.is_err() {
                    return;
                }
            }
        });
        Some(Self { sightings, listener })
    }
}

impl Drop for Nearby {
    fn drop(&mut self) {
        self.listener.abort();
    }
}
