//! One task per connection: bytes in, bytes out.

use bytes::Bytes;
use proofroom_transport::{Address, Authorities, ConnectError, ConnectionError, Options, connect};
use proofroom_transport_iroh::{Channel, ChannelError, Link};
use tokio::sync::mpsc;

use super::{Event, What};
use crate::failure::Failure;

/// What a socket tells the loop.
#[derive(Debug)]
pub enum SocketEvent {
    /// Connected.
    Up,
    /// A frame came.
    Frame(Bytes),
    /// It is over; nothing more comes.
    Down(Failure),
}

/// Where a socket's events go, and under which name.
pub(super) struct Wire {
    pub(super) serial: u64,
    pub(super) post: mpsc::Sender<Event>,
}

impl Wire {
    /// Waits while the loop is busy: the relay is slowed down, not buffered.
    async fn tell(&self, event: SocketEvent) -> bool {
        let event = Event::Line { serial: self.serial, what: What::Socket(event) };
        self.post.send(event).await.is_ok()
    }
}

/// A frame on its way out, and whether others may overtake it.
#[derive(Debug)]
pub(super) struct Parcel {
    pub(super) bulk: bool,
    pub(super) frame: Bytes,
}

/// Frames on their way out. Dropping it closes the connection after the last one.
pub(super) type Out = mpsc::UnboundedSender<Parcel>;

/// Connects in a task of its own.
pub(super) fn open(address: Address, authorities: Authorities, wire: Wire) -> Out {
    let (out, queue) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        if let Err(failure) = carry(&address, authorities, &wire, queue).await {
            wire.tell(SocketEvent::Down(failure)).await;
        }
    });
    out
}

async fn carry(
    address: &Address,
    authorities: Authorities,
    wire: &Wire,
    mut queue: mpsc::UnboundedReceiver<Parcel>,
) -> Result<(), Failure> {
    let broke = |e: ConnectionError| Failure::network(format!("the relay {address}: {e}")).hint(AGAIN);
    let options = Options { authorities, ..Options::default() };
    let mut connection = connect(address, options).await.map_err(|e| unreachable(address, e))?;
    wire.tell(SocketEvent::Up).await;
    loop {
        tokio::select! {
            frame = connection.recv() => match frame.map_err(broke)? {
                Some(frame) => {
                    if !wire.tell(SocketEvent::Frame(frame)).await {
                        return Ok(());
                    }
                }
                None => return Err(Failure::network(format!("the relay {address} closed the connection")).hint(AGAIN)),
            },
            frame = queue.recv() => match frame {
                // One stream carries all: nothing overtakes anything.
                Some(parcel) => connection.send(parcel.frame).map_err(broke)?,
                None => {
                    connection.close().await;
                    return Ok(());
                }
            },
        }
    }
}

/// Begins a conversation on a link, in a task of its own.
pub(super) fn open_on(link: Link, wire: Wire) -> Out {
    let (out, queue) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let carried = match link.open().await {
            Ok(channel) => carry_channel(channel, &wire, queue).await,
            Err(e) => Err(e),
        };
        part(&wire, carried).await;
    });
    out
}

/// Carries on a conversation that the other end began, in a task of its own.
pub(super) fn carry_on(channel: Channel, wire: Wire) -> Out {
    let (out, queue) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let carried = carry_channel(channel, &wire, queue).await;
        part(&wire, carried).await;
    });
    out
}

async fn part(wire: &Wire, carried: Result<(), ChannelError>) {
    if let Err(error) = carried {
        wire.tell(SocketEvent::Down(Failure::network(error))).await;
    }
}

async fn carry_channel(
    mut channel: Channel,
    wire: &Wire,
    mut queue: mpsc::UnboundedReceiver<Parcel>,
) -> Result<(), ChannelError> {
    wire.tell(SocketEvent::Up).await;
    loop {
        tokio::select! {
            frame = channel.recv() => match frame? {
                Some(frame) => {
                    if !wire.tell(SocketEvent::Frame(frame)).await {
                        return Ok(());
                    }
                }
                None => return Err(ChannelError::Broken("the peer closed it".into())),
            },
            parcel = queue.recv() => match parcel {
                Some(Parcel { bulk: true, frame }) => channel.send_bulk(frame)?,
                Some(Parcel { bulk: false, frame }) => channel.send(frame)?,
                None => {
                    channel.close().await;
                    return Ok(());
                }
            },
        }
    }
}

const AGAIN: &str = "what was exchanged so far is kept: run `proofroom sync` again";

fn unreachable(address: &Address, error: ConnectError) -> Failure {
    let hint = match &error {
        ConnectError::Unreachable { .. } | ConnectError::Timeout { .. } => {
            "is the relay running, and the address right? Your work is kept; `proofroom workspace relay` shows the address"
        }
        ConnectError::Untrusted { .. } => {
            "if the relay has an authority of its own, name its certificate: --ca FILE, or PROOFROOM_CA"
        }
        ConnectError::NotARelay { .. } | ConnectError::Protocol { .. } => {
            "check the address: proofroom workspace relay URL"
        }
    };
    Failure::network(format!("{address}: {error}")).hint(hint)
}
