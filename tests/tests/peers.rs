//! Peers that meet each other: real processes on loopback addresses of their own.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Instant;

use proofroom_tests::peer::{Peer, string};
use proofroom_tests::relay::Relay;
use proofroom_tests::up::{Up, in_sync_with, with};
use proofroom_tests::world::{World, meet, until};
use serde_json::Value;

const ADA: &str = "Ada Ackermann";
const BO: &str = "Bo Ek";
const CY: &str = "Cy Castell";

/// Ada, bo and cy, who know each other and one asset with a file.
fn three(world: &World, relay: &Relay) -> [Peer; 3] {
    let ada = world.owner("ada", relay);
    let bo = world.joined("bo", &ada, "producer");
    let cy = world.joined("cy", &ada, "reviewer");
    let photo = world.studio.photo_jpeg("hero.jpg", 1);
    ada.run(&["asset", "add", &photo.to_string_lossy(), "--name", "Hero", "--category", "visual"]);
    meet(&[&ada, &bo, &cy]);
    [ada, bo, cy]
}

fn texts(peer: &Peer) -> Vec<String> {
    let listed = peer.run(&["comment", "list", "Hero"]);
    let all = listed["comments"].as_array().expect("comments are listed");
    let mut texts: Vec<_> = all.iter().map(|c| string(c, "body")).collect();
    texts.sort();
    texts
}

/// Everybody comments, and one adds a version; all have all of it, the file included. Says how long it took.
fn exchange(world: &World, peers: [&Peer; 3], round: &str, before: usize) -> usize {
    let began = Instant::now();
    for (i, peer) in peers.iter().enumerate() {
        peer.run(&["comment", "add", "Hero", &format!("{round} {i}")]);
    }
    let seed = u32::try_from(before).expect("few") + 7;
    let photo = world.studio.photo_jpeg(&format!("{before}.jpg"), seed);
    let bytes = std::fs::read(&photo).expect("just made");
    peers[1].run(&["version", "add", "Hero", &photo.to_string_lossy()]);
    let after = before + peers.len();
    for peer in peers {
        until(&format!("{round}: all comments are at {}", peer.home().display()), || {
            texts(peer).len() == after
        });
        assert_eq!(texts(peer), texts(peers[0]));
        let out = peer.home().join(format!("out-{before}"));
        until(&format!("{round}: the file is at {}", peer.home().display()), || {
            let exported = peer.output(&["export", "Hero", "--to", &out.to_string_lossy()]);
            exported.status.success()
        });
        let names = std::fs::read_dir(&out).expect("exported").map(|f| f.expect("listed").path());
        let read: Vec<_> = names.map(|path| std::fs::read(path).expect("exported")).collect();
        assert!(read.contains(&bytes), "{round}: byte for byte at {}", peer.home().display());
    }
    println!("{round}: 3 comments and {} bytes at all three after {:?}", bytes.len(), began.elapsed());
    after
}

/// Everybody looks for ada, and bo for cy as well.
fn introduce(ups: &[Up<'_>; 3], peers: [&Peer; 3]) {
    let [ada, bo, cy] = ups;
    peers[1].run(&["peers", "add", &ada.ticket()]);
    peers[2].run(&["peers", "add", &ada.ticket()]);
    peers[2].run(&["peers", "add", &bo.ticket()]);
    until("ada meets both", || {
        let seen = ada.peers();
        in_sync_with(&seen, BO) && in_sync_with(&seen, CY)
    });
    until("bo and cy meet", || in_sync_with(&bo.peers(), CY) && in_sync_with(&cy.peers(), BO));
}

fn start(peers: [&Peer; 3]) -> [Up<'_>; 3] {
    [Up::on(peers[0], "127.0.0.1"), Up::on(peers[1], "127.0.0.2"), Up::on(peers[2], "127.0.0.3")]
}

fn linked(up: &Up<'_>) -> usize {
    let seen = up.peers();
    seen["peers"].as_array().expect("listed").iter().filter(|p| p["linked"] == true).count()
}

#[test]
fn work_converges_without_a_relay_without_each_other_and_with_both() {
    let world = World::new();
    let relay = world.relay();
    let [ada, bo, cy] = three(&world, &relay);
    let peers = [&ada, &bo, &cy];

    let stopped = relay.kill();
    let ups = start(peers);
    introduce(&ups, peers);
    let count = exchange(&world, peers, "without a relay", 0);
    let seen = ups[0].peers();
    assert_eq!(with(&seen, BO)["path"], "direct");
    assert_eq!(seen["relays"][0]["state"], "down", "{seen}");
    assert!(seen["relays"][0]["error"].as_str().is_some_and(|e| !e.is_empty()), "{seen}");
    assert!(with(&seen, BO)["rtt_us"].as_u64().is_some_and(|us| us < 1_000_000), "{seen}");
    ups.into_iter().for_each(Up::stop);

    // New ports: what is remembered leads nowhere, and nobody looks around.
    let relay = stopped.restart();
    let ups = start(peers);
    let count = exchange(&world, peers, "without each other", count);
    assert_eq!(ups.iter().map(linked).sum::<usize>(), 0);

    introduce(&ups, peers);
    let count = exchange(&world, peers, "with both", count);
    assert_eq!(count, 9);
    ups.into_iter().for_each(Up::stop);
    drop(relay);
}

/// Entries that somebody got although they had them, over all paths.
fn repeated(peers: &Value) -> u64 {
    let with_peers = peers["peers"].as_array().into_iter().flatten();
    let lines = with_peers.flat_map(|p| p["workspaces"].as_array().into_iter().flatten());
    let lines = lines.chain(peers["relays"].as_array().into_iter().flatten());
    lines.map(|line| line["repeated"].as_u64().unwrap_or_default()).sum()
}

#[test]
fn what_comes_on_one_path_does_not_come_on_another() {
    let world = World::new();
    let relay = world.relay();
    let [ada, bo, cy] = three(&world, &relay);
    let peers = [&ada, &bo, &cy];
    let ups = start(peers);
    introduce(&ups, peers);
    let everywhere = |up: &Up<'_>| up.peers()["relays"][0]["state"] == "in_sync";
    until("all are with the relay, too", || ups.iter().all(everywhere));
    let began: Vec<u64> = ups.iter().map(|up| repeated(&up.peers())).collect();
    for i in 0..10 {
        ada.run(&["comment", "add", "Hero", &format!("remark {i}")]);
    }
    for peer in peers {
        until("ten remarks are everywhere", || texts(peer).len() == 10);
    }
    until("nothing waits any more", || {
        ups.iter().all(|up| {
            everywhere(up) && in_sync_with(&up.peers(), if up.pid() == ups[0].pid() { BO } else { ADA })
        })
    });
    let after: Vec<u64> = ups.iter().map(|up| repeated(&up.peers())).collect();
    let twice: u64 = after.iter().zip(&began).map(|(after, before)| after - before).sum();
    println!("10 entries to two others over two paths each: {twice} came twice");
    assert!(twice <= 2, "{twice} of 20 came twice: {began:?} {after:?}");
}

#[test]
fn somebody_who_was_removed_is_not_met_any_more() {
    let world = World::new();
    let relay = world.relay();
    let [ada, bo, cy] = three(&world, &relay);
    drop(relay);
    let peers = [&ada, &bo, &cy];
    let ups = start(peers);
    introduce(&ups, peers);
    ada.run(&["members", "remove", BO]);
    until("ada and cy hear of it, and let go of bo", || {
        let gone = |up: &Up<'_>| {
            up.peers()["peers"].as_array().is_some_and(|all| all.iter().all(|p| p["name"] != BO))
        };
        gone(&ups[0]) && gone(&ups[2])
    });
    until("bo knocks, and is told", || ups[0].peers()["strangers"].as_u64() > Some(0));
    cy.run(&["comment", "add", "Hero", "among ourselves"]);
    until("ada and cy still meet", || texts(&ada).len() == 1);
    assert!(texts(&bo).is_empty(), "bo hears no more");
}

#[test]
fn mangled_tickets_and_gone_addresses_are_said_clearly() {
    let world = World::new();
    let relay = world.relay();
    let [ada, bo, _cy] = three(&world, &relay);
    bo.refused(&["peers", "ticket"]).names(&["proofroom up"]);
    assert_eq!(bo.refused(&["peers", "--check"]).code, 4);
    let up = Up::on(&ada, "127.0.0.1");
    let ticket = up.ticket();
    for bad in [&ticket[..ticket.len() - 3], "proofroom:peer/", "proofroom:join/aaaa", "127.0.0.1:4747"] {
        assert_eq!(bo.refused(&["peers", "add", bad]).code, 1);
    }
    bo.refused(&["peers", "add", &ticket[..ticket.len() - 3]]).names(&["mangled"]);
    ada.refused(&["peers", "add", &ticket]).names(&["own"]);
    up.kill();
    bo.run(&["peers", "add", &ticket]);
    let up = Up::on(&bo, "127.0.0.2");
    until("it says that nobody answers there", || {
        let seen = up.peers();
        let ada = with(&seen, ADA);
        ada["linked"] == false && ada["error"].as_str().is_some_and(|e| e.contains("127.0.0.1"))
    });
    bo.run(&["peers", "--check"]);
    assert_eq!(bo.run(&["peers", "forget", &ticket])["forgotten"], true);
    // The relay is not held up by it.
    until("the relay is met", || up.peers()["relays"][0]["state"] == "in_sync");
    up.stop();
}

/// What a browser is answered at an address: head and body.
fn page(url: &str, path: &str) -> String {
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(address).expect("the app listens");
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it takes a request");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it answers");
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn the_review_app_is_on_this_machine_at_the_same_address_every_time() {
    let world = World::new();
    let ada = world.person("ada");
    // Whoever has the usual port, it is not ada: hers is her own.
    let _usual = TcpListener::bind("127.0.0.1:4750");
    let args = ["up", "--listen", "127.0.0.1:0", "--no-nearby"];
    let up = Up::with(&ada, &args);
    let url = up.web().expect("the app is served").to_owned();
    let answer = page(&url, "/");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("content-security-policy: default-src 'none'"), "{answer}");
    assert!(answer.contains("<title>Proofroom</title>"), "{answer}");
    assert!(page(&url, "/healthz").starts_with("HTTP/1.1 404"), "it is no relay");
    up.stop();

    let up = Up::with(&ada, &args);
    assert_eq!(up.web(), Some(&*url), "a browser finds again what it keeps");
    up.stop();

    let taken = TcpListener::bind(url.trim_start_matches("http://").trim_end_matches('/'));
    let taken = taken.expect("the port is free again");
    let up = Up::with(&ada, &args);
    assert_eq!(up.web(), None, "at another address, a browser would know nobody");
    up.stop();
    drop(taken);

    ada.refused(&["up", "--web", "192.0.2.1:80"]).names(&["this machine only"]);
    let without = Up::on(&ada, "127.0.0.1");
    assert_eq!(without.web(), None);
}
