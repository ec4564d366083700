//! Connections to ends that behave badly.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use proofroom_transport::{Connection, ConnectionError, Options, connect};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};

async fn pair(options: Options) -> (Connection, WebSocketStream<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("ws://{}", listener.local_addr().expect("an address"));
    let accepting = async {
        let (stream, _) = listener.accept().await.expect("somebody connects");
        accept_async(stream).await.expect("with a WebSocket")
    };
    let address = url.parse().expect("an address");
    let (connection, server) = tokio::join!(connect(&address, options), accepting);
    (connection.expect("it answers"), server)
}

#[tokio::test]
async fn frames_pass_both_ways_and_the_end_is_seen() {
    let (mut client, mut server) = pair(Options::default()).await;
    client.send(vec![1, 2, 3]).expect("the queue has room");
    let got = server.next().await.expect("a frame").expect("it works");
    assert_eq!(got.into_data(), Bytes::from_static(&[1, 2, 3]));
    server.send(Message::Binary(Bytes::from_static(&[4]))).await.expect("it works");
    assert_eq!(client.recv().await, Ok(Some(Bytes::from_static(&[4]))));
    server.close(None).await.expect("it works");
    assert_eq!(client.recv().await, Ok(None));
}

#[tokio::test]
async fn closing_sends_what_is_queued_first() {
    let (client, mut server) = pair(Options::default()).await;
    for n in 0..50u8 {
        client.send(vec![n; 20_000]).expect("the queue has room");
    }
    let reading = async {
        let mut frames = 0;
        while let Some(Ok(Message::Binary(_))) = server.next().await {
            frames += 1;
        }
        frames
    };
    let ((), frames) = tokio::join!(client.close(), reading);
    assert_eq!(frames, 50);
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_given_up() {
    let (client, _server) = pair(Options { queue_bytes_max: 1 << 20, ..Options::default() }).await;
    let frame = Bytes::from(vec![0; 100_000]);
    let stuck = loop {
        if let Err(error) = client.send(frame.clone()) {
            break error;
        }
        tokio::task::yield_now().await;
    };
    assert!(matches!(stuck, ConnectionError::Stuck { .. }), "{stuck:?}");
}

#[tokio::test]
async fn silence_ends_a_connection() {
    let (mut client, _server) = pair(Options { silence_ms_max: 100, ..Options::default() }).await;
    let ended = tokio::time::timeout(Duration::from_secs(5), client.recv()).await;
    assert_eq!(ended, Ok(Err(ConnectionError::Silent { ms: 100 })));
}

#[tokio::test]
async fn text_and_oversized_frames_break_the_protocol() {
    let (mut client, mut server) = pair(Options::default()).await;
    server.send(Message::Text("hello".into())).await.expect("it works");
    assert!(matches!(client.recv().await, Err(ConnectionError::Protocol(_))));
    let (mut client, mut server) = pair(Options { frame_bytes_max: 1_000, ..Options::default() }).await;
    let sent = server.send(Message::Binary(vec![0; 2_000].into()));
    let (_, got) = tokio::join!(sent, client.recv());
    assert!(matches!(got, Err(ConnectionError::Protocol(_))), "{got:?}");
}
