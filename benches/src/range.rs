//! The first byte of a part of a film, over a long road: how many round trips it takes.

use std::time::{Duration, Instant};

use proofroom_ident::{BlobHash, Millis, SignerKey};
use proofroom_relayd::{TOKEN_DOMAIN, token, token_message};
use serde_json::json;
use tempfile::tempdir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::sleep_until;

use crate::RUNS;
use crate::clock::{median, ms, now, report, short};
use crate::program::Staying;
use crate::world::{Peer, me, store};

const FILM_BYTES: usize = 64 << 20;

pub async fn run(round_trip_ms: u64) {
    let place = tempdir().expect("a temporary folder");
    let data = place.path().join("relay");
    let (_relay, said) = Staying::relay(&data);
    let url = said["url"].as_str().unwrap_or_default().to_owned();
    let device: SignerKey = said["device"].as_str().unwrap_or_default().parse().expect("a relay has a key");
    let mut ada = Peer::founder(1, store(None));
    ada.sync(&url).await;
    let film = vec![7; FILM_BYTES];
    let blob = BlobHash::from_bytes(*blake3::hash(&film).as_bytes());
    let folder = data.join("blobs").join(ada.workspace().to_hex());
    std::fs::create_dir_all(&folder).expect("room");
    std::fs::write(folder.join(blob.to_hex()), &film).expect("room");
    let until = Millis(now().0 + 600_000);
    let signing = me(1).secrets.signing;
    let signature = signing.sign(TOKEN_DOMAIN, &token_message(ada.workspace(), device, until));
    let token = token(signing.public(), until, &signature);
    let path = format!("/v1/blobs/{}/{}", ada.workspace().to_hex(), blob.to_hex());
    let far = far_away(url.trim_start_matches("ws://"), Duration::from_millis(round_trip_ms / 2)).await;
    let mut first_bytes = Vec::new();
    for _ in 0..RUNS {
        let mut stream = TcpStream::connect(&far).await.expect("it listens");
        stream.set_nodelay(true).expect("a TCP socket");
        // The player has the beginning, and seeks.
        _ = first_byte(&mut stream, &path, &token, 0).await;
        for part in 1..10 {
            first_bytes.push(first_byte(&mut stream, &path, &token, FILM_BYTES / 10 * part).await);
        }
    }
    let took = median(&first_bytes);
    report(&json!({
        "bench": "range", "round_trip_ms": round_trip_ms, "seeks": first_bytes.len(),
        "first_byte_ms": short(took), "round_trips": short(took / round_trip_ms as f64),
    }));
}

/// Asks for 64 KiB; milliseconds until the first byte of them is here.
async fn first_byte(stream: &mut TcpStream, path: &str, token: &str, at: usize) -> f64 {
    let range = format!("bytes={at}-{}", at + (64 << 10) - 1);
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: relay\r\nAuthorization: Bearer {token}\r\nRange: {range}\r\n\r\n"
    );
    let began = Instant::now();
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut got = Vec::new();
    let mut first = None;
    loop {
        let n = stream.read_buf(&mut got).await.expect("it answers");
        assert!(n > 0, "it closed: {}", String::from_utf8_lossy(&got));
        let Some(head) = got.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4) else {
            continue;
        };
        assert!(got.starts_with(b"HTTP/1.1 206"), "{}", String::from_utf8_lossy(&got[..head]));
        if got.len() > head {
            first.get_or_insert_with(|| ms(began.elapsed()));
        }
        if got.len() >= head + (64 << 10) {
            return first.expect("a byte came");
        }
    }
}

/// The same relay, behind a road that takes so long each way.
async fn far_away(relay: &str, delay: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it is bound").to_string();
    let relay = relay.to_owned();
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let far = TcpStream::connect(&relay).await.expect("the relay listens");
            near.set_nodelay(true).expect("a TCP socket");
            far.set_nodelay(true).expect("a TCP socket");
            let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
            pass(near_in, far_out, delay);
            pass(far_in, near_out, delay);
        }
    });
    address
}

fn pass(mut from: tokio::net::tcp::OwnedReadHalf, mut to: tokio::net::tcp::OwnedWriteHalf, delay: Duration) {
    let (post, mut road) = mpsc::unbounded_channel::<(tokio::time::Instant, Vec<u8>)>();
    tokio::spawn(async move {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(n @ 1..) = from.read(&mut buffer).await {
            if post.send((tokio::time::Instant::now() + delay, buffer[..n].to_vec())).is_err() {
                return;
            }
        }
    });
    tokio::spawn(async move {
        while let Some((at, bytes)) = road.recv().await {
            sleep_until(at).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    });
}
