//! Entries over real sockets; what operators see; starting and stopping.

use std::time::Duration;

use proofroom_relayd::{Config, RelayError, start};
use proofroom_sync::{Code, Event};
use proofroom_transport::{Address, ConnectError, Options, connect};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{Client, relay};

async fn get(server: &proofroom_relayd::Server, path: &str) -> String {
    let mut stream = TcpStream::connect(server.address()).await.expect("the relay listens");
    let request = format!("GET {path} HTTP/1.1\r\nHost: relay\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("the request goes out");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("the answer comes");
    answer
}

#[tokio::test]
async fn two_devices_see_each_others_entries_live() {
    let data = tempfile::tempdir().expect("a folder");
    let server = relay(data.path()).await;
    let mut ada = Client::founder(1);
    ada.write(1, b"sealed");
    ada.sync(&server).await;
    let mut bo = ada.afresh(2);
    bo.sync(&server).await;
    assert_eq!(bo.entries(), 2);
    ada.write(1, b"more");
    ada.drive_until(|c| matches!(c.events.last(), Some(Event::Delivered { outstanding: 0, .. }))).await;
    bo.drive_until(|c| c.entries() == 3).await;
    bo.write(2, b"back");
    ada.drive_until(|c| c.entries() == 4).await;
    server.stop().await.expect("it stops in good order");
}

#[tokio::test]
async fn a_restarted_relay_keeps_data_and_key() {
    let data = tempfile::tempdir().expect("a folder");
    let server = relay(data.path()).await;
    let device = server.device();
    let mut ada = Client::founder(1);
    for _ in 0..60 {
        (1..6).for_each(|doc| ada.write(doc, &[7; 5_000]));
    }
    ada.sync(&server).await;
    server.stop().await.expect("it stops in good order");
    ada.drive_until(|c| c.closed.is_some()).await;
    assert_eq!(ada.closed, Some(Code::ShuttingDown));
    let server = relay(data.path()).await;
    assert_eq!(server.device(), device);
    let mut bo = ada.afresh(2);
    bo.sync(&server).await;
    assert_eq!(bo.entries(), 301);
}

#[tokio::test]
async fn health_and_metrics_answer() {
    let data = tempfile::tempdir().expect("a folder");
    let server = relay(data.path()).await;
    let mut ada = Client::founder(1);
    ada.write(1, b"sealed");
    ada.sync(&server).await;
    assert!(get(&server, "/healthz").await.ends_with("ok\n"));
    let metrics = get(&server, "/metrics").await;
    for line in ["proofroom_relay_connections 1", "proofroom_relay_entries_total 2", "# EOF"] {
        assert!(metrics.contains(line), "{line} is missing in\n{metrics}");
    }
    assert!(get(&server, "/nothing").await.starts_with("HTTP/1.1 404"));
}

#[tokio::test]
async fn a_relay_that_is_down_or_is_none_is_named() {
    let data = tempfile::tempdir().expect("a folder");
    let server = relay(data.path()).await;
    let other: Address = format!("{}/elsewhere", server.url()).parse().expect("an address");
    let answer = connect(&other, Options::default()).await.map(|_| ());
    assert!(matches!(answer, Err(ConnectError::NotARelay { status: 404, .. })), "{answer:?}");
    let url: Address = server.url().parse().expect("an address");
    server.stop().await.expect("it stops in good order");
    let answer = connect(&url, Options::default()).await.map(|_| ());
    assert!(matches!(answer, Err(ConnectError::Unreachable { .. })), "{answer:?}");
    let tls: Address = url.to_string().replace("ws:", "wss:").parse().expect("an address");
    let answer = connect(&tls, Options::default()).await.map(|_| ());
    assert!(answer.is_err());
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("ws://{}", silent.local_addr().expect("an address"));
    let options = Options { connect_ms: 100, ..Options::default() };
    let answer = connect(&url.parse().expect("an address"), options).await.map(|_| ());
    assert!(matches!(answer, Err(ConnectError::Timeout { ms: 100, .. })), "{answer:?}");
}

#[tokio::test]
async fn an_oversized_frame_ends_the_connection_and_nothing_else() {
    let data = tempfile::tempdir().expect("a folder");
    let server = relay(data.path()).await;
    let options = Options { frame_bytes_max: 4 << 20, ..Options::default() };
    let url: Address = server.url().parse().expect("an address");
    let mut mallory = connect(&url, options).await.expect("the relay answers");
    mallory.recv().await.expect("it works").expect("a greeting");
    mallory.send(vec![1; 2 << 20]).expect("the queue has room");
    let ended = tokio::time::timeout(Duration::from_secs(5), mallory.recv()).await;
    assert!(matches!(ended, Ok(Ok(None) | Err(_))), "{ended:?}");
    let mut ada = Client::founder(1);
    ada.sync(&server).await;
}

#[tokio::test]
async fn nonsense_is_answered_with_a_reason() {
    let data = tempfile::tempdir().expect("a folder");
    let server = relay(data.path()).await;
    let url: Address = server.url().parse().expect("an address");
    let mut mallory = connect(&url, Options::default()).await.expect("the relay answers");
    mallory.recv().await.expect("it works").expect("a greeting");
    mallory.send(vec![1, 99, 3]).expect("the queue has room");
    let frame = mallory.recv().await.expect("it works").expect("a reason");
    let message = proofroom_sync::Message::decode(&frame).expect("a message");
    assert!(matches!(message, proofroom_sync::Message::Refuse { code: Code::BadMessage, .. }));
    assert_eq!(mallory.recv().await, Ok(None));
}

#[tokio::test]
async fn two_relays_do_not_share_a_folder() {
    let data = tempfile::tempdir().expect("a folder");
    let _first = relay(data.path()).await;
    let second = start(Config::new("127.0.0.1:0", data.path())).await;
    assert!(matches!(second, Err(RelayError::Store(_))), "{second:?}");
}

#[tokio::test]
async fn a_taken_port_and_a_mangled_key_are_named() {
    let (data, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let server = relay(data.path()).await;
    let taken = start(Config::new(server.address().to_string(), other.path())).await;
    assert!(matches!(taken, Err(RelayError::Listen { .. })), "{taken:?}");
    server.stop().await.expect("it stops in good order");
    std::fs::write(data.path().join("relay.key"), b"short").expect("the file is ours");
    let mangled = start(Config::new("127.0.0.1:0", data.path())).await;
    assert!(matches!(mangled, Err(RelayError::Key { bytes: 5, .. })), "{mangled:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn the_key_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let data = tempfile::tempdir().expect("a folder");
    let _server = relay(data.path()).await;
    let mode = std::fs::metadata(data.path().join("relay.key")).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_reader_who_stops_reading_costs_nobody_else_anything() {
    let data = tempfile::tempdir().expect("a folder");
    let server = relay(data.path()).await;
    let mut ada = Client::founder(1);
    ada.sync(&server).await;
    let mut slow = ada.afresh(2);
    slow.sync(&server).await;
    let mut bo = ada.afresh(3);
    bo.sync(&server).await;
    for _ in 0..40 {
        ada.write(1, &[7; 200_000]);
    }
    let delivered = |c: &Client| matches!(c.events.last(), Some(Event::Delivered { outstanding: 0, .. }));
    tokio::join!(ada.drive_until(delivered), bo.drive_until(|c| c.entries() == 41));
    bo.close().await;
    slow.drive_until(|c| c.entries() == 41).await;
}
