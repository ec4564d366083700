//! What is judged, once, and what it costs to pass it on.

use bytes::Bytes;
use proofroom_relay::{Input, Note, Output};
use proofroom_store::Store as _;
use proofroom_sync::{Code, Message};

use crate::peer::{Peer, doc};
use crate::world::World;

/// One owner with several devices' worth of readers: ada connects again and again.
fn readers(world: &mut World, n: u8) -> (Peer, Vec<Peer>) {
    let mut ada = Peer::new(1).found();
    world.sync(&mut ada);
    let readers = (0..n)
        .map(|i| {
            let seed = 100 + i;
            let invite = ada.invite(seed, proofroom_authority::Role::Reviewer, 1, None);
            world.sync(&mut ada);
            let mut peer = Peer::new(seed).linked(ada.workspace, Some(invite));
            world.sync(&mut peer);
            let accept = peer.accept();
            world.push(&mut peer, &[accept]);
            world.settle(&mut [&mut peer, &mut ada]);
            peer
        })
        .collect();
    (ada, readers)
}

#[test]
fn live_entries_are_encoded_once_for_all_readers() {
    let mut world = World::new();
    let (mut ada, mut others) = readers(&mut world, 5);
    let mut all: Vec<&mut Peer> = others.iter_mut().collect();
    world.settle(&mut all);
    let entry = ada.write(doc(1), 1_000);
    world.push(&mut ada, &[entry]);
    world.settle(&mut [&mut ada]);
    let frames: Vec<Bytes> = others.iter().flat_map(|peer| world.waiting(peer)).collect();
    assert_eq!(frames.len(), 5);
    let shared = frames.iter().all(|f| f.as_ptr() == frames[0].as_ptr());
    assert!(shared, "all readers share the same bytes");
    let note = world.notes.iter().rev().find(|n| matches!(n, Note::Stored { .. }));
    assert!(matches!(note, Some(Note::Stored { entries: 1, readers: 5, .. })), "{note:?}");
}

#[test]
fn readers_have_it_before_the_disk_and_its_author_hears_after_it() {
    let mut world = World::new();
    let (mut ada, mut others) = readers(&mut world, 1);
    world.settle(&mut [&mut others[0]]);
    let id = ada.conn.expect("connected");
    let mut to = Vec::new();
    for n in 1..=3 {
        let entry = ada.write(doc(1), 100 * n);
        let frame = Message::Entries(vec![Bytes::copy_from_slice(entry.bytes())]).encode();
        world.relay.handle(world.now, id, Input::Frame(frame), &mut world.store);
        while let Some(output) = world.relay.poll() {
            to.extend(if let Output::Send { conn, .. } = output { Some(conn) } else { None });
        }
    }
    assert_eq!(to, [others[0].conn.expect("connected"); 3], "readers, and nobody else");
    world.relay.settle(world.now, &mut world.store);
    let confirmed = std::iter::from_fn(|| world.relay.poll()).filter_map(|output| match output {
        Output::Send { conn, frame } => Some((conn, Message::decode(&frame).expect("a message"))),
        _ => None,
    });
    let confirmed: Vec<_> = confirmed.collect();
    assert!(
        confirmed.iter().all(|(conn, m)| *conn == id && matches!(m, Message::Ack { .. })),
        "{confirmed:?}"
    );
    let batches =
        confirmed.iter().map(|(_, m)| if let Message::Ack { batches, .. } = m { *batches } else { 0 });
    assert_eq!(batches.sum::<u32>(), 3, "one flush confirms all three");
}

#[test]
fn a_forged_entry_is_refused_and_passed_to_nobody() {
    let mut world = World::new();
    let (mut ada, mut others) = readers(&mut world, 1);
    let mut bytes = ada.write(doc(1), 100).bytes().to_vec();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let before = world.entries(ada.workspace);
    world.settle(&mut [&mut others[0]]);
    world.send_raw(&ada, Message::Entries(vec![bytes.into()]).encode());
    assert_eq!(world.entries(ada.workspace), before);
    assert!(world.waiting(&others[0]).is_empty());
    let refused = |n: &Note| matches!(n, Note::EntriesRefused { code: Code::BadEntry, .. });
    assert!(world.notes.iter().any(refused));
}

#[test]
fn an_entry_that_stands_on_unknown_membership_waits_outside() {
    let mut world = World::new();
    let (mut ada, _) = readers(&mut world, 0);
    ada.auth_head = Some(proofroom_ident::EntryHash::from_bytes([9; 32]));
    let early = ada.write(doc(1), 10);
    world.push(&mut ada, &[early]);
    world.settle(&mut [&mut ada]);
    assert_eq!(ada.refusals(), [(doc(1), 1, Code::AwaitsAuthority)]);
}

#[test]
fn two_histories_of_one_log_are_proved() {
    let mut world = World::new();
    let (mut ada, _) = readers(&mut world, 0);
    let mut clone = ada.clone_of_device();
    let one = ada.write(doc(1), 10);
    let other = clone.write(doc(1), 20);
    world.push(&mut ada, std::slice::from_ref(&one));
    world.settle(&mut [&mut ada]);
    world.send_raw(&ada, Message::Entries(vec![Bytes::copy_from_slice(other.bytes())]).encode());
    let proofs = world.store.proofs(ada.workspace).expect("the store reads");
    assert_eq!(proofs.len(), 1);
    assert_eq!((proofs[0].0.hash(), proofs[0].1.hash()), (one.hash(), other.hash()));
    assert!(world.notes.iter().any(|n| matches!(n, Note::Equivocation { .. })));
}

#[test]
fn a_failing_store_sends_everybody_away_and_says_so() {
    let mut world = World::new();
    let (mut ada, _) = readers(&mut world, 0);
    let before = ada.delivered();
    world.store.fail_after(0);
    let entry = ada.write(doc(1), 10);
    world.push(&mut ada, &[entry]);
    world.settle(&mut [&mut ada]);
    assert_eq!(ada.closed, Some(Code::Internal));
    assert!(world.notes.iter().any(|n| matches!(n, Note::StoreFailed(_))));
    assert_eq!(ada.delivered(), before, "nothing is confirmed that is not durable");
}

#[test]
fn a_restarted_relay_continues_where_it_was() {
    let mut world = World::new();
    let (mut ada, mut others) = readers(&mut world, 1);
    world.relay = proofroom_relay::Relay::new(crate::world::config());
    let entry = ada.write(doc(1), 10);
    world.sync(&mut ada);
    world.sync(&mut others[0]);
    assert!(ada.is_in_sync() && others[0].is_in_sync());
    assert_eq!(world.store_tip(&entry), Some(1));
    assert_eq!(others[0].entries(), ada.entries());
}

#[test]
fn a_room_closes_when_its_last_reader_leaves() {
    let mut world = World::new();
    let (mut ada, _) = readers(&mut world, 0);
    assert_eq!(world.relay.open_workspaces(), 1);
    world.disconnect(&mut ada);
    world.now = proofroom_ident::Millis(1_000_000);
    world.tick();
    assert_eq!((world.relay.connections(), world.relay.open_workspaces()), (0, 0));
}
