use std::time::Duration;

use bytes::Bytes;
use proofroom_ident::{EndpointKey, SigningSecret};
use proofroom_transport_iroh::{Arrival, Channel, Endpoint, Link, LinkError, Options, PeerAddress};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);

fn secret(seed: u8) -> SigningSecret {
    SigningSecret::from_seed(&[seed; 32])
}

async fn open(seed: u8) -> Endpoint {
    let listen = vec!["127.0.0.1:0".parse().expect("an address")];
    let options =
        Options { secret: secret(seed), listen, relays: Vec::new(), authorities: Vec::new(), nearby: false };
    Endpoint::open(options).await.expect("loopback is there")
}

async fn arrival(endpoint: &mut Endpoint) -> Link {
    match timeout(PATIENCE, endpoint.next()).await.expect("somebody connects") {
        Arrival::Link(link) => link,
        Arrival::Sighting(s) => panic!("nobody announces here: {s:?}"),
    }
}

/// Ada dials bo; both ends of the link.
async fn pair(ada: &Endpoint, bo: &mut Endpoint) -> (Link, Link) {
    let (dialler, key, addresses) = (ada.dialler(), bo.key(), bo.addresses());
    let (out, come) = tokio::join!(dialler.connect(key, &addresses), arrival(bo));
    (out.expect("bo answers"), come)
}

async fn frame(channel: &mut Channel) -> Option<Bytes> {
    timeout(PATIENCE, channel.recv()).await.expect("in time").expect("unbroken")
}

#[tokio::test]
async fn two_peers_meet_by_key_and_exchange_frames() {
    let (ada, mut bo) = (open(1).await, open(2).await);
    let (to_bo, to_ada) = pair(&ada, &mut bo).await;
    assert_eq!((to_bo.key(), to_ada.key()), (bo.key(), ada.key()));
    assert_eq!(to_bo.key(), EndpointKey::from_bytes(*secret(2).public().as_bytes()));
    assert_eq!(to_bo.binding(), to_ada.binding());
    assert_eq!(to_bo.binding().len(), 32);
    let path = to_bo.path().expect("it just answered");
    assert!(bo.addresses().contains(&path.address), "{path:?}");
    let mut from_ada = to_bo.open().await.expect("open");
    // Whoever answered may speak first.
    let mut at_bo = timeout(PATIENCE, to_ada.accept()).await.expect("heard of").expect("accepted");
    at_bo.send(Bytes::from_static(b"welcome")).expect("sent");
    assert_eq!(frame(&mut from_ada).await.as_deref(), Some(&b"welcome"[..]));
    from_ada.send(Bytes::from_static(b"hello")).expect("sent");
    assert_eq!(frame(&mut at_bo).await.as_deref(), Some(&b"hello"[..]));
    at_bo.send(Bytes::from(vec![7; 1 << 20])).expect("the largest frame");
    assert_eq!(frame(&mut from_ada).await.map(|f| f.len()), Some(1 << 20));
    from_ada.close().await;
    assert_eq!(frame(&mut at_bo).await, None);
    ada.close().await;
    bo.close().await;
}

#[tokio::test]
async fn whoever_answers_without_the_key_is_no_answer() {
    let (ada, mallory) = (open(1).await, open(9).await);
    let bo = EndpointKey::from_bytes(*secret(2).public().as_bytes());
    let answer = ada.dialler().connect(bo, &mallory.addresses()).await;
    assert!(matches!(answer, Err(LinkError::Unreachable { .. } | LinkError::Timeout { .. })), "{answer:?}");
    assert_eq!(ada.dialler().connect(bo, &[]).await.err(), Some(LinkError::NoAddress));
    ada.close().await;
    mallory.close().await;
}

#[tokio::test]
async fn a_word_overtakes_bulk_that_was_queued_before_it() {
    let (ada, mut bo) = (open(1).await, open(2).await);
    let (to_bo, to_ada) = pair(&ada, &mut bo).await;
    let mut from_ada = to_bo.open().await.expect("open");
    from_ada.send(Bytes::from_static(b"first")).expect("sent");
    for _ in 0..24 {
        from_ada.send_bulk(vec![1; 1 << 20]).expect("room for 24 MiB");
    }
    from_ada.send(Bytes::from_static(b"word")).expect("sent");
    let mut at_bo = to_ada.accept().await.expect("accepted");
    assert_eq!(frame(&mut at_bo).await.as_deref(), Some(&b"first"[..]));
    let mut bulk_before = 0;
    while frame(&mut at_bo).await.expect("the word comes").as_ref() != b"word" {
        bulk_before += 1;
    }
    assert!(bulk_before < 12, "{bulk_before} MiB of bulk came before the word");
    for _ in bulk_before..24 {
        assert_eq!(frame(&mut at_bo).await.map(|f| f.len()), Some(1 << 20));
    }
    ada.close().await;
    bo.close().await;
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_given_up_not_buffered() {
    let (ada, mut bo) = (open(1).await, open(2).await);
    let (to_bo, _to_ada) = pair(&ada, &mut bo).await;
    let channel = to_bo.open().await.expect("open");
    let refused = (0..64).find_map(|_| channel.send(vec![0; 1 << 20]).err());
    let refused = refused.expect("64 MiB are more than may wait").to_string();
    assert!(refused.contains("does not read"), "{refused}");
    ada.close().await;
    bo.close().await;
}

#[tokio::test]
async fn a_peer_that_leaves_in_good_order_is_gone_at_once() {
    let (ada, mut bo) = (open(1).await, open(2).await);
    let (to_bo, _to_ada) = pair(&ada, &mut bo).await;
    let mut channel = to_bo.open().await.expect("open");
    bo.close().await;
    timeout(Duration::from_secs(5), to_bo.closed()).await.expect("told, not timed out");
    assert!(matches!(timeout(PATIENCE, channel.recv()).await, Ok(Ok(None) | Err(_))));
    ada.close().await;
}

#[tokio::test]
async fn a_wrong_relay_address_is_named() {
    let relays = vec!["ws://relay.example".to_owned()];
    let options =
        Options { secret: secret(1), listen: Vec::new(), relays, authorities: Vec::new(), nearby: false };
    let error = Endpoint::open(options).await.expect_err("not a packet relay").to_string();
    assert!(error.contains("`ws://relay.example`") && error.contains("https://"), "{error}");
    assert!("ftp://x".parse::<PeerAddress>().is_err());
}
