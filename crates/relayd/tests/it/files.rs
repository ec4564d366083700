//! Blobs on a real disk.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use proofroom_blobs::{Span, verify};
use proofroom_ident::{BlobHash, HashWords as _, Millis};
use proofroom_relayd::{Server, TOKEN_DOMAIN, TOKEN_MS_MAX, token, token_message};
use proofroom_sync::{Code, Event, Input};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::client::{Client, relay};

fn content(n: usize) -> Vec<u8> {
    (0..n).map(|i| u8::try_from(i % 241).expect("below 241")).collect()
}

fn place(data: &Path, client: &Client, blob: BlobHash) -> PathBuf {
    data.join("blobs").join(client.workspace.to_hex()).join(blob.to_hex())
}

async fn offer(client: &mut Client, bytes: Vec<u8>) -> (BlobHash, u64) {
    let (blob, size) = (BlobHash::of(&bytes), bytes.len() as u64);
    client.files.insert(blob, bytes);
    client.feed(Input::OfferBlobs(vec![(blob, size)]));
    (blob, size)
}

#[tokio::test]
async fn a_file_survives_a_restart_and_reaches_another_device() {
    let data = tempfile::tempdir().expect("a folder");
    let server = relay(data.path()).await;
    let mut ada = Client::founder(1);
    ada.sync(&server).await;
    let (blob, bytes) = offer(&mut ada, content(3_000_000)).await;
    ada.drive_until(|c| c.events.contains(&Event::BlobDelivered { blob, bytes })).await;
    assert_eq!(std::fs::read(place(data.path(), &ada, blob)).expect("it is there"), content(3_000_000));
    server.stop().await.expect("it stops in good order");
    let server = relay(data.path()).await;
    let mut bo = ada.afresh(2);
    bo.sync(&server).await;
    bo.want(blob, bytes);
    bo.drive_until(|c| c.files == ada.files).await;
    assert_eq!(bo.files, ada.files);
}

#[tokio::test]
async fn bytes_with_another_hash_are_refused_and_leave_nothing() {
    let data = tempfile::tempdir().expect("a folder");
    let server = relay(data.path()).await;
    let mut ada = Client::founder(1);
    ada.sync(&server).await;
    let blob = BlobHash::of(b"something else");
    ada.files.insert(blob, content(400_000));
    ada.feed(Input::OfferBlobs(vec![(blob, 400_000)]));
    ada.drive_until(|c| c.closed.is_some()).await;
    assert_eq!(ada.closed, Some(Code::WrongBlob));
    assert!(!place(data.path(), &ada, blob).exists());
    // Another session is served, and the name is free for the right bytes.
    ada.closed = None;
    ada.sync(&server).await;
    let (blob, bytes) = offer(&mut ada, content(10)).await;
    ada.drive_until(|c| c.events.contains(&Event::BlobDelivered { blob, bytes })).await;
}

#[tokio::test]
async fn a_file_that_nobody_brought_is_missing() {
    let data = tempfile::tempdir().expect("a folder");
    let server = relay(data.path()).await;
    let mut ada = Client::founder(1);
    ada.sync(&server).await;
    let blob = BlobHash::of(b"nobody has this");
    ada.want(blob, 5);
    ada.drive_until(|c| c.events.contains(&Event::BlobMissing(blob))).await;
}

#[tokio::test]
async fn what_was_brought_of_a_file_before_a_restart_is_not_brought_again() {
    let data = tempfile::tempdir().expect("a folder");
    let server = relay(data.path()).await;
    let mut ada = Client::founder(1);
    ada.sync(&server).await;
    let (blob, bytes) = offer(&mut ada, content(9_000_000)).await;
    let sent = |c: &Client| -> u64 {
        c.events.iter().map(|e| if let Event::BlobProgress { bytes, .. } = e { *bytes } else { 0 }).sum()
    };
    ada.drive_until(|c| sent(c) > 4_000_000).await;
    let before = sent(&ada);
    ada.close().await;
    server.stop().await.expect("it stops in good order");
    let server = relay(data.path()).await;
    ada.sync(&server).await;
    ada.feed(Input::OfferBlobs(vec![(blob, bytes)]));
    ada.drive_until(|c| c.events.contains(&Event::BlobDelivered { blob, bytes })).await;
    assert_eq!(std::fs::read(place(data.path(), &ada, blob)).expect("it is there"), content(9_000_000));
    // What was under way when the line was cut may have been lost: a window at most.
    assert!(before + sent(&ada) <= bytes + (4 << 20), "{before} bytes, then {}", sent(&ada));
}

/// The status line, the headers and the body of a GET.
async fn get(server: &Server, path: &str, headers: &str) -> (String, Vec<u8>) {
    let mut stream = tokio::net::TcpStream::connect(server.address()).await.expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nhost: relay\r\nconnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.expect("it takes a request");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("it answers");
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").expect("headers end") + 4;
    (String::from_utf8_lossy(&answer[..end]).to_lowercase(), answer.split_off(end))
}

#[tokio::test]
async fn a_browser_reads_ranges_and_slices_with_a_members_token_and_nobody_else_does() {
    let data = tempfile::tempdir().expect("a folder");
    let server = relay(data.path()).await;
    let mut ada = Client::founder(1);
    ada.sync(&server).await;
    let whole = content(3_000_000);
    let (blob, bytes) = offer(&mut ada, whole.clone()).await;
    ada.drive_until(|c| c.events.contains(&Event::BlobDelivered { blob, bytes })).await;
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    let now = u64::try_from(since.as_millis()).expect("for some time");
    let token_of = |client: &Client, workspace, until: u64| {
        let message = token_message(workspace, server.device(), Millis(until));
        let signing = &client.secrets.signing;
        token(signing.public(), Millis(until), &signing.sign(TOKEN_DOMAIN, &message))
    };
    let path = format!("/v1/blobs/{}/{}", ada.workspace.to_hex(), blob.to_hex());
    let good = token_of(&ada, ada.workspace, now + 60_000);
    let bearer = format!("authorization: Bearer {good}\r\n");
    let (head, body) = get(&server, &path, &format!("{bearer}range: bytes=1000000-1999999\r\n")).await;
    assert!(
        head.starts_with("http/1.1 206") && head.contains("content-range: bytes 1000000-1999999/3000000"),
        "{head}"
    );
    assert_eq!(body, whole[1_000_000..2_000_000]);
    let (head, body) = get(&server, &format!("{path}?token={good}"), "").await;
    assert!(head.starts_with("http/1.1 200") && head.contains("accept-ranges: bytes"), "{head}");
    assert_eq!(body, whole);
    let (head, encoded) = get(&server, &format!("{path}/slice?offset=262144&bytes=262144"), &bearer).await;
    assert!(head.contains("x-blob-bytes: 3000000"), "{head}");
    let span = Span { offset: 262_144, bytes: 262_144 };
    assert_eq!(verify(blob, bytes, span, &encoded).expect("it proves itself").bytes, whole[262_144..524_288]);
    let (head, _) = get(&server, &path, &format!("{bearer}range: bytes=3000000-\r\n")).await;
    assert!(head.starts_with("http/1.1 416"), "{head}");
    let stranger = Client::founder(9);
    let tokens = [
        token_of(&ada, ada.workspace, now - 1),
        token_of(&ada, ada.workspace, now + 2 * TOKEN_MS_MAX),
        token_of(&ada, stranger.workspace, now + 60_000),
        token_of(&stranger, ada.workspace, now + 60_000),
        good.replace(&good[..2], "zz"),
        "00".to_owned(),
    ];
    for token in tokens {
        let (head, body) = get(&server, &path, &format!("authorization: Bearer {token}\r\n")).await;
        assert!(head.starts_with("http/1.1 403") && body.len() < 100, "{token}: {head}");
    }
    let (head, _) = get(&server, &path, "").await;
    assert!(head.starts_with("http/1.1 401"), "{head}");
    for path in ["/v1/blobs/../../relay.key", "/v1/blobs/x/y", "/v1/blobs/..%2f..%2frelay.key/x"] {
        let (head, _) = get(&server, path, &bearer).await;
        assert!(head.starts_with("http/1.1 404"), "{path}: {head}");
    }
}

#[tokio::test]
async fn half_made_files_of_a_crash_are_deleted() {
    let data = tempfile::tempdir().expect("a folder");
    let dir = data.path().join("blobs/aa");
    std::fs::create_dir_all(&dir).expect("a folder");
    std::fs::write(dir.join("half.1.tmp"), b"half").expect("a file");
    let _server = relay(data.path()).await;
    assert_eq!(std::fs::read_dir(dir).expect("it is there").count(), 0);
}

#[tokio::test]
async fn the_relays_folder_holds_ciphertext_as_it_came() {
    let data = tempfile::tempdir().expect("a folder");
    let server = relay(data.path()).await;
    let mut ada = Client::founder(1);
    ada.write(1, &Bytes::from(vec![9; 100]));
    ada.sync(&server).await;
    server.stop().await.expect("it stops in good order");
    let mut names: Vec<_> = std::fs::read_dir(data.path())
        .expect("it is there")
        .map(|f| f.expect("readable").file_name().into_string().expect("a name"))
        .collect();
    names.sort();
    assert_eq!(names, ["blobs", "relay.key", "relay.redb"]);
}
