//! One WebSocket: frames in, frames out, at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use proofroom_relay::ConnId;
use proofroom_sync::limits::FRAME_BYTES_MAX;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::engine::Event;

/// Small, because idle connections are many; a large frame grows it for its own time.
const READ_BUFFER_BYTES: usize = 2 << 10;
const WRITE_BUFFER_BYTES: usize = 2 << 10;
/// The protocol keeps far below: the window of entries, the pieces of blobs asked for.
const QUEUE_BYTES_MAX: usize = 16 << 20;
const PING_EVERY: Duration = Duration::from_secs(30);
const SILENCE_MAX: Duration = Duration::from_secs(90);
const WRITE_MAX: Duration = Duration::from_secs(60);

/// The engine's end of a connection's queue.
pub(crate) struct Outbound {
    frames: mpsc::UnboundedSender<Bytes>,
    queued: Arc<AtomicUsize>,
}

/// The connection does not read.
pub(crate) struct Stuck;

impl Outbound {
    /// Queues a frame; never waits. A connection that is gone takes everything.
    pub fn send(&self, frame: Bytes) -> Result<(), Stuck> {
        let queued = self.queued.fetch_add(frame.len(), Ordering::Relaxed) + frame.len();
        if queued > QUEUE_BYTES_MAX {
            return Err(Stuck);
        }
        // The reader's end tells the engine that the connection is gone.
        _ = self.frames.send(frame);
        Ok(())
    }
}

/// Small buffers, the protocol's own limit.
pub(crate) fn configure(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_message_size(FRAME_BYTES_MAX)
        .max_frame_size(FRAME_BYTES_MAX)
}

/// Serves one connection until either side ends it.
pub(crate) async fn serve(socket: WebSocket, conn: ConnId, events: mpsc::Sender<Event>) {
    let (frames, waiting) = mpsc::unbounded_channel();
    let queued = Arc::new(AtomicUsize::new(0));
    let outbound = Outbound { frames, queued: queued.clone() };
    if events.send(Event::Connected(conn, outbound)).await.is_err() {
        return;
    }
    let (sink, stream) = socket.split();
    tokio::select! {
        () = write(sink, waiting, &queued) => {}
        () = read(stream, conn, &events) => {}
    }
    // Without an engine there is nobody to tell.
    _ = events.send(Event::Closed(conn)).await;
}

/// Hands frames over one by one: whoever sends without a pause has one in the engine's queue, like everybody else.
async fn read(mut stream: SplitStream<WebSocket>, conn: ConnId, events: &mpsc::Sender<Event>) {
    let turn = Arc::new(Semaphore::new(1));
    while let Ok(Some(Ok(message))) = timeout(SILENCE_MAX, stream.next()).await {
        match message {
            Message::Binary(frame) => {
                let Ok(taken) = Arc::clone(&turn).acquire_owned().await else { return };
                if events.send(Event::Frame(conn, frame, taken)).await.is_err() {
                    return;
                }
            }
            Message::Ping(_) | Message::Pong(_) => {}
            Message::Text(_) | Message::Close(_) => return,
        }
    }
}

/// Writes what is queued, several frames per flush where they gathered; closes when the engine lets go.
async fn write(
    mut sink: SplitSink<WebSocket, Message>,
    mut waiting: mpsc::UnboundedReceiver<Bytes>,
    queued: &AtomicUsize,
) {
    let mut pings = interval(PING_EVERY);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pings.reset();
    loop {
        let written = tokio::select! {
            frame = waiting.recv() => match frame {
                Some(frame) => timeout(WRITE_MAX, write_run(&mut sink, frame, &mut waiting, queued)).await,
                None => break,
            },
            _ = pings.tick() => timeout(WRITE_MAX, sink.send(Message::Ping(Bytes::new()))).await,
        };
        if !matches!(written, Ok(Ok(()))) {
            return;
        }
    }
    // The peer may be gone already: closing is a courtesy.
    _ = timeout(WRITE_MAX, sink.close()).await;
}

async fn write_run(
    sink: &mut SplitSink<WebSocket, Message>,
    first: Bytes,
    waiting: &mut mpsc::UnboundedReceiver<Bytes>,
    queued: &AtomicUsize,
) -> Result<(), axum::Error> {
    let mut next = Some(first);
    while let Some(frame) = next {
        let bytes = frame.len();
        sink.feed(Message::Binary(frame)).await?;
        queued.fetch_sub(bytes, Ordering::Relaxed);
        next = waiting.try_recv().ok();
    }
    sink.flush().await
}
