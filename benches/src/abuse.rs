//! Those who mean a relay ill, one kind at a time.

use std::rc::Rc;
use std::time::Duration;

use proofroom_transport::{Address, Options, connect};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::sleep;

use crate::crowd::{Guest, Room};

/// What they do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// Members who stop reading
    SlowReaders,
    /// Half a request, then nothing
    HalfOpen,
    /// A header, one byte a second
    Slowloris,
    /// Frames that are too large, or nonsense
    Malformed,
    /// Connect, prove a key, go, again
    ReconnectStorm,
    /// A member who writes as fast as the line allows
    Flood,
    /// Members who confirm nothing
    NeverAcknowledge,
}

impl Kind {
    pub const ALL: [Self; 7] = [
        Self::SlowReaders,
        Self::HalfOpen,
        Self::Slowloris,
        Self::Malformed,
        Self::ReconnectStorm,
        Self::Flood,
        Self::NeverAcknowledge,
    ];

    /// As it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::SlowReaders => "slow-readers",
            Self::HalfOpen => "half-open",
            Self::Slowloris => "slowloris",
            Self::Malformed => "malformed",
            Self::ReconnectStorm => "reconnect-storm",
            Self::Flood => "flood",
            Self::NeverAcknowledge => "never-acknowledge",
        }
    }
}

/// Members of each workspace that is flooded: who shares one with mallory gets what mallory writes, and
/// the others are those who are measured.
const FLOODED: u64 = 110;

/// Does it until the process is ended, in the workspaces that are measured; the flood in two of its own.
pub async fn run(kind: Kind, url: &str, workspaces: u32) {
    let numbers = if kind == Kind::Flood { workspaces..workspaces + 2 } else { 0..workspaces };
    let rooms: Vec<Rc<Room>> = numbers.map(Room::new).collect();
    LocalSet::new()
        .run_until(async {
            if kind == Kind::Flood {
                for room in &rooms {
                    inhabit(url, room).await;
                }
            }
            let many = match kind {
                Kind::HalfOpen | Kind::Slowloris => 1_000,
                Kind::SlowReaders | Kind::NeverAcknowledge => 100,
                Kind::Malformed | Kind::ReconnectStorm => 16,
                Kind::Flood => 2,
            };
            for number in 0..many {
                let room = Rc::clone(&rooms[number % rooms.len()]);
                let url = url.to_owned();
                spawn_local(async move {
                    loop {
                        misbehave(kind, &url, &room, number as u64).await;
                        // Who was sent away comes again, as fast as a person with bad manners would.
                        sleep(Duration::from_millis(20)).await;
                    }
                });
            }
            std::future::pending::<()>().await;
        })
        .await;
}

/// Members who read what comes.
async fn inhabit(url: &str, room: &Rc<Room>) {
    for _ in 0..FLOODED {
        let mut guest = Guest::connect(url, room, 1_000_000 + fresh()).await.expect("the relay answers");
        guest.settle().await.expect("a session");
        spawn_local(async move { while guest.turn().await.is_ok() {} });
    }
}

async fn misbehave(kind: Kind, url: &str, room: &Rc<Room>, number: u64) {
    match kind {
        Kind::HalfOpen => drop(half_open(url, b"GET /v1/sync HTTP/1.1\r\nHost: relay\r\n").await),
        Kind::Slowloris => slowloris(url).await,
        Kind::Malformed => malformed(url, number).await,
        Kind::SlowReaders | Kind::NeverAcknowledge | Kind::ReconnectStorm | Kind::Flood => {
            // Logs of their own: nobody else's are disturbed.
            let Ok(mut guest) = Guest::connect(url, room, 1_000_000 + fresh()).await else { return };
            if guest.settle().await.is_err() {
                return;
            }
            match kind {
                Kind::SlowReaders => std::future::pending().await,
                Kind::NeverAcknowledge => {
                    guest.confirms = false;
                    while guest.turn().await.is_ok() {}
                }
                Kind::Flood => flood(&mut guest).await,
                _ => {}
            }
        }
    }
}

fn fresh() -> u64 {
    let mut bytes = [0; 7];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    bytes.iter().fold(0, |n, byte| n << 8 | u64::from(*byte))
}

fn host(url: &str) -> &str {
    url.trim_start_matches("ws://")
}

/// Sends some bytes and then waits until the relay has had enough.
async fn half_open(url: &str, bytes: &[u8]) -> std::io::Result<usize> {
    let mut stream = TcpStream::connect(host(url)).await?;
    stream.write_all(bytes).await?;
    stream.read_to_end(&mut Vec::new()).await
}

async fn slowloris(url: &str) {
    let Ok(mut stream) = TcpStream::connect(host(url)).await else { return };
    for byte in b"GET /v1/sync HTTP/1.1\r\nHost: relay\r\nX-Patience: ".iter().chain(std::iter::repeat(&b'a'))
    {
        if stream.write_all(&[*byte]).await.is_err() {
            return;
        }
        sleep(Duration::from_secs(1)).await;
    }
}

async fn malformed(url: &str, number: u64) {
    let address: Address = url.parse().expect("an address");
    let options = Options { frame_bytes_max: 4 << 20, ..Options::default() };
    let Ok(mut connection) = connect(&address, options).await else { return };
    let frame = match number % 4 {
        0 => vec![1; 2 << 20],
        1 => vec![0xff; 900 << 10],
        2 => vec![1, 99, 3],
        _ => fresh().to_le_bytes().to_vec(),
    };
    // The relay says goodbye, or just goes.
    _ = connection.send(frame);
    while let Ok(Some(_)) = connection.recv().await {}
}

/// Writes without a pause, and takes in what comes meanwhile.
async fn flood(guest: &mut Guest) {
    loop {
        for _ in 0..20 {
            guest.write(2_000);
        }
        let reading = tokio::time::timeout(Duration::from_millis(1), guest.turn()).await;
        if matches!(reading, Ok(Err(_))) {
            return;
        }
    }
}
