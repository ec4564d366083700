//! One conversation on a link: frames that must arrive soon, and bulk that may wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use iroh::endpoint::{Connection, ReadExactError, RecvStream, SendStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::ChannelError;

/// Largest frame in either direction.
pub(crate) const FRAME_BYTES_MAX: usize = 1 << 20;
/// Memory for a frame of which nothing has come.
const CLAIMED_BYTES_MAX: usize = 64 << 10;
/// Bytes that may wait to be sent.
const QUEUE_BYTES_MAX: usize = 32 << 20;
/// Frames that were read and not yet taken, per stream: the peer is slowed down, not buffered.
const READ_AHEAD_FRAMES: usize = 2;
/// Time to send what is queued when closing.
const CLOSE_WAIT: Duration = Duration::from_secs(3);
const BULK_PRIORITY: i32 = -1;

type Read = Result<Bytes, ChannelError>;

/// An open channel. Dropping it cuts it off; [`Channel::close`] sends what is queued first.
#[derive(Debug)]
pub struct Channel {
    link: Connection,
    stream: u64,
    main: Option<Lane>,
    bulk: Option<Lane>,
    frames: mpsc::Receiver<Read>,
    bulk_frames: mpsc::Receiver<Read>,
    bulk_ended: bool,
    readers: Vec<JoinHandle<()>>,
}

/// Frames on their way out.
#[derive(Debug)]
struct Lane {
    queue: mpsc::UnboundedSender<Bytes>,
    queued: Arc<AtomicUsize>,
    writer: JoinHandle<()>,
}

impl Lane {
    fn send(&self, frame: Bytes) -> Result<(), ChannelError> {
        let bytes = self.queued.fetch_add(frame.len(), Ordering::Relaxed) + frame.len();
        if bytes > QUEUE_BYTES_MAX {
            return Err(ChannelError::Stuck { bytes });
        }
        self.queue.send(frame).map_err(|_| ChannelError::Broken("it is closed".into()))
    }
}

impl Channel {
    /// `bulk` hands over the peer's bulk stream, once it opens one.
    pub(crate) fn over(
        link: Connection,
        (send, recv): (SendStream, RecvStream),
        bulk: mpsc::Receiver<RecvStream>,
    ) -> Self {
        let stream = u64::from(send.id());
        let (post, frames) = mpsc::channel(READ_AHEAD_FRAMES);
        let (bulk_post, bulk_frames) = mpsc::channel(READ_AHEAD_FRAMES);
        let readers = vec![tokio::spawn(read(recv, post)), tokio::spawn(read_bulk(bulk, bulk_post))];
        let (queue, waiting) = mpsc::unbounded_channel();
        let queued = Arc::new(AtomicUsize::new(0));
        let writer = tokio::spawn(write(send, waiting, Arc::clone(&queued)));
        let main = Some(Lane { queue, queued, writer });
        Self { link, stream, main, bulk: None, frames, bulk_frames, bulk_ended: false, readers }
    }

    /// Queues a frame; never waits.
    ///
    /// # Errors
    /// When too much is queued already, or the channel broke.
    pub fn send(&self, frame: impl Into<Bytes>) -> Result<(), ChannelError> {
        match &self.main {
            Some(lane) => lane.send(frame.into()),
            None => Err(ChannelError::Broken("it is closed".into())),
        }
    }

    /// Queues a frame that yields to all that [`Channel::send`] takes, on any channel of the link.
    ///
    /// # Errors
    /// When too much is queued already, or the channel broke.
    pub fn send_bulk(&mut self, frame: impl Into<Bytes>) -> Result<(), ChannelError> {
        let (link, stream) = (&self.link, self.stream);
        let lane = self.bulk.get_or_insert_with(|| {
            let (queue, waiting) = mpsc::unbounded_channel();
            let queued = Arc::new(AtomicUsize::new(0));
            let writer = tokio::spawn(write_bulk(link.clone(), stream, waiting, Arc::clone(&queued)));
            Lane { queue, queued, writer }
        });
        lane.send(frame.into())
    }

    /// Waits for the next frame, bulk last; `None` when the peer closed. Cancelling the wait loses nothing.
    ///
    /// # Errors
    /// When the link breaks or the peer breaks the protocol.
    pub async fn recv(&mut self) -> Result<Option<Bytes>, ChannelError> {
        loop {
            tokio::select! {
                biased;
                frame = self.frames.recv() => return frame.transpose(),
                frame = self.bulk_frames.recv(), if !self.bulk_ended => match frame {
                    Some(frame) => return frame.map(Some),
                    None => self.bulk_ended = true,
                },
            }
        }
    }

    /// Sends what is queued, and ends; gives up after a few seconds.
    pub async fn close(mut self) {
        for lane in [self.main.take(), self.bulk.take()].into_iter().flatten() {
            let Lane { queue, mut writer, .. } = lane;
            // Without its only sender, the writer ends after what is queued.
            drop(queue);
            if timeout(CLOSE_WAIT, &mut writer).await.is_err() {
                writer.abort();
            }
        }
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.readers.iter().for_each(JoinHandle::abort);
        [&self.main, &self.bulk].into_iter().flatten().for_each(|lane| lane.writer.abort());
    }
}

async fn read_bulk(mut opened: mpsc::Receiver<RecvStream>, post: mpsc::Sender<Read>) {
    if let Some(recv) = opened.recv().await {
        read(recv, post).await;
    }
}

async fn read(mut recv: RecvStream, post: mpsc::Sender<Read>) {
    loop {
        let read = match read_frame(&mut recv).await {
            Ok(None) => return,
            Ok(Some(frame)) if frame.is_empty() => continue,
            Ok(Some(frame)) => Ok(frame),
            Err(error) => Err(error),
        };
        let ended = read.is_err();
        // Nobody waits for frames once the channel is dropped.
        if post.send(read).await.is_err() || ended {
            return;
        }
    }
}

async fn read_frame(recv: &mut RecvStream) -> Result<Option<Bytes>, ChannelError> {
    let mut head = [0; 4];
    match recv.read_exact(&mut head).await {
        Ok(()) => {}
        Err(ReadExactError::FinishedEarly(0)) => return Ok(None),
        Err(ReadExactError::FinishedEarly(_)) => return Err(half()),
        Err(ReadExactError::ReadError(e)) => return Err(ChannelError::Broken(e.to_string())),
    }
    let len = usize::try_from(u32::from_le_bytes(head)).unwrap_or(usize::MAX);
    if len > FRAME_BYTES_MAX {
        return Err(ChannelError::Protocol(format!("a frame of {len} bytes")));
    }
    // A claimed length alone costs little: the room for all of it is made when some of it has come.
    let mut frame = Vec::with_capacity(len.min(CLAIMED_BYTES_MAX));
    while frame.len() < len {
        match recv.read_chunk(len - frame.len()).await {
            Ok(Some(chunk)) => {
                if frame.capacity() - frame.len() < chunk.len() {
                    frame.reserve_exact(len - frame.len());
                }
                frame.extend_from_slice(&chunk);
            }
            Ok(None) => return Err(half()),
            Err(e) => return Err(ChannelError::Broken(e.to_string())),
        }
    }
    Ok(Some(frame.into()))
}

fn half() -> ChannelError {
    ChannelError::Protocol("half a frame".into())
}

async fn write_bulk(
    link: Connection,
    stream: u64,
    waiting: mpsc::UnboundedReceiver<Bytes>,
    queued: Arc<AtomicUsize>,
) {
    let Ok(mut send) = link.open_uni().await else { return };
    // Fails on a closed stream only, which writing finds out.
    let _closed = send.set_priority(BULK_PRIORITY);
    if send.write_all(&stream.to_le_bytes()).await.is_ok() {
        write(send, waiting, queued).await;
    }
}

async fn write(mut send: SendStream, mut waiting: mpsc::UnboundedReceiver<Bytes>, queued: Arc<AtomicUsize>) {
    while let Some(frame) = waiting.recv().await {
        let bytes = frame.len();
        let len = u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes();
        let mut parts = [Bytes::copy_from_slice(&len), frame];
        if send.write_all_chunks(&mut parts).await.is_err() {
            return;
        }
        queued.fetch_sub(bytes, Ordering::Relaxed);
    }
    // Fails on a closed stream only: it has ended then.
    let _closed = send.finish();
    // What was written leaves even if the link ends right after.
    let _ended = timeout(CLOSE_WAIT, send.stopped()).await;
}
