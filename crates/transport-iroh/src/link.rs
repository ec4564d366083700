//! A connection to one other key.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use iroh::endpoint::{Connection, RecvStream, SendStream, VarInt};
use proofroom_ident::EndpointKey;
use tokio::sync::mpsc;

use crate::address::one_of_iroh;
use crate::{Channel, ChannelError, PeerAddress};

/// Channels that one link may carry at a time: one per workspace.
pub(crate) const CHANNELS_MAX: u32 = 512;
/// Channels and bulk streams that may wait for their other half.
const EARLY_MAX: usize = 2 * CHANNELS_MAX as usize;
/// Time for a bulk stream to say whose it is.
const NAMED_WAIT: Duration = Duration::from_secs(10);

/// Which way a link's bytes go at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The address in use.
    pub address: PeerAddress,
    /// Round-trip time, in microseconds.
    pub rtt_us: u64,
}

/// A link: cheap to clone, closed when [`Link::close`] is called or the last channel's clone is gone.
#[derive(Clone, Debug)]
pub struct Link {
    connection: Connection,
    key: EndpointKey,
    dialled: bool,
    bulk: Arc<Bulk>,
}

/// Bulk streams and the channels that they belong to, until they meet: packets arrive in any order.
#[derive(Debug, Default)]
struct Bulk(Mutex<BTreeMap<u64, Half>>);

#[derive(Debug)]
enum Half {
    Channel(mpsc::Sender<RecvStream>),
    Stream(RecvStream),
}

impl Bulk {
    fn channel(&self, id: u64) -> mpsc::Receiver<RecvStream> {
        let (post, receiver) = mpsc::channel(1);
        let mut halves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        halves.retain(|_, half| !matches!(half, Half::Channel(post) if post.is_closed()));
        match halves.remove(&id) {
            // There is room for one, and it is the first.
            Some(Half::Stream(stream)) => drop(post.try_send(stream)),
            _ => drop(halves.insert(id, Half::Channel(post))),
        }
        receiver
    }

    fn stream(&self, id: u64, stream: RecvStream) {
        let mut halves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match halves.remove(&id) {
            // The channel may be gone: its peer is told to stop.
            Some(Half::Channel(post)) => drop(post.try_send(stream)),
            _ if halves.len() < EARLY_MAX => drop(halves.insert(id, Half::Stream(stream))),
            _ => {}
        }
    }
}

impl Link {
    pub(crate) fn over(connection: Connection, dialled: bool) -> Self {
        let key = EndpointKey::from_bytes(*connection.remote_id().as_bytes());
        let bulk = Arc::default();
        tokio::spawn(sort_bulk(connection.clone(), Arc::clone(&bulk)));
        Self { connection, key, dialled, bulk }
    }

    /// The key that the other side proved.
    pub fn key(&self) -> EndpointKey {
        self.key
    }

    /// Whether this side dialled.
    pub fn dialled(&self) -> bool {
        self.dialled
    }

    /// A number that no other link of this process has.
    pub fn id(&self) -> usize {
        self.connection.stable_id()
    }

    /// Bytes that both ends know, and nobody else: binds a proof to this link.
    pub fn binding(&self) -> Vec<u8> {
        let mut out = vec![0; 32];
        match self.connection.export_keying_material(&mut out, b"proofroom session", b"") {
            Ok(()) => out,
            // Only for lengths that no hash can make; then both sides bind to nothing alike.
            Err(_) => Vec::new(),
        }
    }

    /// Which way bytes go now; `None` while the link looks for one.
    pub fn path(&self) -> Option<Path> {
        let paths = self.connection.paths();
        let used = paths.iter().find(|p| p.is_selected()).or_else(|| paths.iter().next())?;
        let rtt_us = u64::try_from(used.rtt().as_micros()).unwrap_or(u64::MAX);
        one_of_iroh(used.remote_addr()).map(|address| Path { address, rtt_us })
    }

    /// Begins a conversation.
    ///
    /// # Errors
    /// When the link is gone.
    pub async fn open(&self) -> Result<Channel, ChannelError> {
        let mut streams = self.connection.open_bi().await.map_err(broken)?;
        // The other side hears of a stream with its first bytes, and may be the one to speak first.
        let opening = streams.0.write_all(&[0; 4]).await;
        opening.map_err(|e| ChannelError::Broken(e.to_string()))?;
        Ok(self.channel(streams))
    }

    /// Waits for a conversation that the other side begins.
    ///
    /// # Errors
    /// When the link is gone.
    pub async fn accept(&self) -> Result<Channel, ChannelError> {
        let streams = self.connection.accept_bi().await.map_err(broken)?;
        Ok(self.channel(streams))
    }

    fn channel(&self, streams: (SendStream, RecvStream)) -> Channel {
        let bulk = self.bulk.channel(u64::from(streams.0.id()));
        Channel::over(self.connection.clone(), streams, bulk)
    }

    /// Waits until the link is gone; says why.
    pub async fn closed(&self) -> String {
        self.connection.closed().await.to_string()
    }

    /// Ends the link, with a word for the other side.
    pub fn close(&self, why: &str) {
        self.connection.close(VarInt::from_u32(0), why.as_bytes());
    }
}

fn broken(e: iroh::endpoint::ConnectionError) -> ChannelError {
    ChannelError::Broken(e.to_string())
}

/// Hands every bulk stream to the channel that it names.
async fn sort_bulk(link: Connection, bulk: Arc<Bulk>) {
    while let Ok(mut recv) = link.accept_uni().await {
        let bulk = Arc::clone(&bulk);
        tokio::spawn(async move {
            let mut id = [0; 8];
            let named = tokio::time::timeout(NAMED_WAIT, recv.read_exact(&mut id)).await;
            if matches!(named, Ok(Ok(()))) {
                bulk.stream(u64::from_le_bytes(id), recv);
            }
        });
    }
}
