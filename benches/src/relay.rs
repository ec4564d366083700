//! Relays as processes of their own: ours, and a bare WebSocket relay as the yardstick.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use futures_util::{SinkExt as _, StreamExt as _};
use proofroom_relayd::{Config, start};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;

/// A relay in a child of this process. Killed when dropped.
pub struct Relay {
    child: Child,
    pub url: String,
}

impl Relay {
    /// Ours, with its data in a folder.
    pub fn ours(data: &Path) -> Self {
        Self::spawn(&["relay".as_ref(), data.as_os_str()])
    }

    /// Forwards every frame to all others, and nothing else.
    pub fn bare() -> Self {
        Self::spawn(&["bare-relay".as_ref()])
    }

    fn spawn(args: &[&std::ffi::OsStr]) -> Self {
        let exe = std::env::current_exe().expect("a program knows its own file");
        let mut child =
            Command::new(exe).args(args).stdout(Stdio::piped()).spawn().expect("the relay's process starts");
        let mut url = String::new();
        let out = child.stdout.take().expect("stdout was asked to be piped");
        BufReader::new(out).read_line(&mut url).expect("the relay says where it listens");
        Self { child, url: url.trim().to_owned() }
    }

    /// Processor time that its process took so far, in milliseconds.
    pub fn cpu_ms(&self) -> f64 {
        crate::clock::cpu_ms(self.child.id())
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Memory of its process, in KiB.
    pub fn memory_kib(&self) -> f64 {
        crate::clock::memory_kib(&self.child.id().to_string(), "VmRSS")
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // It may have ended by itself.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn say(url: &str) {
    println!("{url}");
    std::io::stdout().flush().expect("somebody listens");
}

/// The child's side of [`Relay::ours`].
pub async fn serve(data: &Path) {
    let mut server = start(Config::new("127.0.0.1:0", data)).await.expect("the relay starts");
    say(&server.url());
    server.ended().await.expect("the store holds");
}

type Readers = Arc<Mutex<Vec<(u64, mpsc::UnboundedSender<Message>)>>>;

/// The child's side of [`Relay::bare`].
pub async fn serve_bare() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    say(&format!("ws://{}", listener.local_addr().expect("it is bound")));
    let readers = Readers::default();
    for id in 0.. {
        let (stream, _) = listener.accept().await.expect("connections come");
        stream.set_nodelay(true).expect("a TCP socket");
        tokio::spawn(forward(id, stream, readers.clone()));
    }
}

async fn forward(id: u64, stream: tokio::net::TcpStream, readers: Readers) {
    let Ok(socket) = tokio_tungstenite::accept_async(stream).await else { return };
    let (mut sink, mut frames) = socket.split();
    let (queue, mut waiting) = mpsc::unbounded_channel();
    readers.lock().expect("nobody panics").push((id, queue));
    tokio::spawn(async move {
        while let Some(message) = waiting.recv().await {
            if sink.send(message).await.is_err() {
                return;
            }
        }
    });
    while let Some(Ok(message)) = frames.next().await {
        if message.is_binary() {
            for (_, reader) in readers.lock().expect("nobody panics").iter().filter(|(other, _)| *other != id)
            {
                // A reader that is gone misses nothing.
                _ = reader.send(message.clone());
            }
        }
    }
    readers.lock().expect("nobody panics").retain(|(other, _)| *other != id);
}
