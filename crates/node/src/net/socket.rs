//! One task per connection: bytes in, bytes out.

use bytes::Bytes;
use proofroom_ident::WorkspaceId;
use proofroom_transport::{Address, ConnectError, ConnectionError, Options, connect};
use tokio::sync::mpsc;

use super::{Event, What};
use crate::failure::Failure;

/// What a socket tells the loop.
#[derive(Debug)]
pub(super) enum SocketEvent {
    /// Connected.
    Up,
    /// A frame came.
    Frame(Bytes),
    /// It is over; nothing more comes.
    Down(Failure),
}

/// Where a socket's events go, and under which name.
pub(super) struct Wire {
    pub(super) workspace: WorkspaceId,
    pub(super) serial: u64,
    pub(super) post: mpsc::Sender<Event>,
}

impl Wire {
    /// Waits while the loop is busy: the relay is slowed down, not buffered.
    async fn tell(&self, event: SocketEvent) -> bool {
        let event = Event { workspace: self.workspace, serial: self.serial, what: What::Socket(event) };
        self.post.send(event).await.is_ok()
    }
}

/// Frames on their way out. Dropping it closes the connection after the last one.
pub(super) type Out = mpsc::UnboundedSender<Bytes>;

/// Connects in a task of its own.
pub(super) fn open(address: Address, wire: Wire) -> Out {
    let (out, queue) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        if let Err(failure) = carry(&address, &wire, queue).await {
            wire.tell(SocketEvent::Down(failure)).await;
        }
    });
    out
}

async fn carry(
    address: &Address,
    wire: &Wire,
    mut queue: mpsc::UnboundedReceiver<Bytes>,
) -> Result<(), Failure> {
    let broke = |e: ConnectionError| Failure::network(format!("the relay {address}: {e}")).hint(AGAIN);
    let mut connection = connect(address, Options::default()).await.map_err(|e| unreachable(address, e))?;
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
                Some(frame) => connection.send(frame).map_err(broke)?,
                None => {
                    connection.close().await;
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
        ConnectError::NotARelay { .. } | ConnectError::Protocol { .. } => {
            "check the address: proofroom workspace relay URL"
        }
    };
    Failure::network(format!("{address}: {error}")).hint(hint)
}
