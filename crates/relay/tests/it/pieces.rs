//! Large batches are taken piece by piece, and others have their turns between.

use bytes::Bytes;
use proofroom_authority::Role;
use proofroom_entry::Verified;
use proofroom_ident::Millis;
use proofroom_relay::{Config, ConnId, Note};
use proofroom_sync::{Code, Message};

use crate::peer::{Peer, doc};
use crate::world::{World, config};

const PIECE: usize = 4;

fn world() -> World {
    World::with(Config { piece_entries_max: PIECE, ..config() })
}

fn id(peer: &Peer) -> ConnId {
    peer.conn.expect("connected")
}

fn frame(entries: &[Verified]) -> Bytes {
    Message::Entries(entries.iter().map(|e| Bytes::copy_from_slice(e.bytes())).collect()).encode()
}

/// Entries that came to a peer and are not delivered yet.
fn sent(world: &World, peer: &Peer) -> usize {
    let count = |frame: Bytes| match Message::decode(&frame) {
        Ok(Message::Entries(entries)) => entries.len(),
        _ => 0,
    };
    world.waiting(peer).into_iter().map(count).sum()
}

fn acknowledged(world: &World, peer: &Peer) -> u32 {
    let batches = |frame: Bytes| match Message::decode(&frame) {
        Ok(Message::Ack { batches, .. }) => batches,
        _ => 0,
    };
    world.waiting(peer).into_iter().map(batches).sum()
}

#[test]
fn a_large_batch_comes_in_pieces_and_is_confirmed_once_all_is_there() {
    let mut world = world();
    let (mut ada, bo) = world.ada_and_bo(Role::Reviewer);
    let before = world.entries(ada.workspace);
    let many: Vec<_> = (0..10).map(|_| ada.write(doc(1), 100)).collect();
    world.send_raw(&ada, frame(&many));
    for taken in [4, 8] {
        assert!(world.relay.is_behind(id(&ada)));
        assert_eq!(world.entries(ada.workspace), before + taken);
        assert_eq!(sent(&world, &bo) as u64, taken, "readers have what is taken");
        assert_eq!(acknowledged(&world, &ada), 0);
        world.go_on(id(&ada));
    }
    assert!(!world.relay.is_behind(id(&ada)));
    assert_eq!((world.entries(ada.workspace), sent(&world, &bo)), (before + 10, 10));
    assert_eq!(acknowledged(&world, &ada), 1);
}

#[test]
fn others_come_between_two_pieces() {
    let mut world = world();
    let (mut ada, mut bo) = world.ada_and_bo(Role::Reviewer);
    let many: Vec<_> = (0..10).map(|_| ada.write(doc(1), 100)).collect();
    world.send_raw(&ada, frame(&many));
    let one = bo.write(doc(2), 100);
    world.send_raw(&bo, frame(std::slice::from_ref(&one)));
    assert_eq!(world.store_tip(&one), Some(1), "bo does not wait for ada");
    assert_eq!((acknowledged(&world, &bo), acknowledged(&world, &ada)), (1, 0));
    assert!(world.relay.is_behind(id(&ada)) && !world.relay.is_behind(id(&bo)));
}

#[test]
fn what_comes_meanwhile_on_the_same_connection_waits_its_turn() {
    let mut world = world();
    let (mut ada, bo) = world.ada_and_bo(Role::Reviewer);
    let all: Vec<_> = (0..10).map(|_| ada.write(doc(1), 100)).collect();
    world.send_raw(&ada, frame(&all[..6]));
    world.send_raw(&ada, frame(&all[6..]));
    let mut turns = 0;
    while world.relay.is_behind(id(&ada)) {
        world.go_on(id(&ada));
        turns += 1;
    }
    assert_eq!(turns, 2, "2 of the first, 4 of the second");
    assert_eq!(acknowledged(&world, &ada), 2);
    assert_eq!(sent(&world, &bo), 10, "in order: none was refused for a gap");
}

#[test]
fn a_log_that_is_refused_in_one_piece_is_refused_in_all_and_told_once() {
    let mut world = world();
    let (mut ada, bo) = world.ada_and_bo(Role::Reviewer);
    let mut entries: Vec<_> = (0..10).map(|_| ada.write(doc(1), 100)).collect();
    entries.extend((0..2).map(|_| ada.write(doc(2), 100)));
    // The first is held back: everything after it is a gap.
    world.send_raw(&ada, frame(&entries[1..]));
    while world.relay.is_behind(id(&ada)) {
        world.go_on(id(&ada));
    }
    let refused: Vec<_> = world
        .notes
        .iter()
        .filter_map(|n| match n {
            Note::EntriesRefused { entries, code, .. } => Some((*entries, *code)),
            _ => None,
        })
        .collect();
    assert_eq!(refused, [(9, Code::Gap)]);
    assert_eq!(sent(&world, &bo), 2, "the other log is not concerned");
    let told = world.waiting(&ada).into_iter().filter_map(|frame| match Message::decode(&frame) {
        Ok(Message::Ack { refused, .. }) => Some(refused),
        _ => None,
    });
    let told: Vec<_> = told.flatten().map(|r| (r.doc, r.seq, r.count, r.code)).collect();
    assert_eq!(told, [(doc(1), 2, 9, Code::Gap)]);
}

#[test]
fn whoever_is_removed_between_two_pieces_brings_no_more() {
    let mut world = world();
    let (mut ada, mut bo) = world.ada_and_bo(Role::Reviewer);
    let many: Vec<_> = (0..10).map(|_| bo.write(doc(1), 100)).collect();
    world.send_raw(&bo, frame(&many));
    assert!(world.relay.is_behind(id(&bo)));
    let removal = ada.remove(bo.id());
    world.send_raw(&ada, frame(&[removal]));
    assert!(!world.relay.is_behind(id(&bo)), "the session ended");
    let before = world.entries(ada.workspace);
    world.go_on(id(&bo));
    assert_eq!(world.entries(ada.workspace), before);
    world.settle(&mut [&mut bo]);
    assert_eq!(bo.closed, Some(Code::Removed));
}

#[test]
fn a_connection_that_ends_in_the_middle_leaves_what_was_taken_and_brings_the_rest_again() {
    let mut world = world();
    let (mut ada, mut bo) = world.ada_and_bo(Role::Reviewer);
    let before = world.entries(ada.workspace);
    let many: Vec<_> = (0..10).map(|_| ada.write(doc(1), 100)).collect();
    world.send_raw(&ada, frame(&many));
    world.disconnect(&mut ada);
    assert_eq!(world.entries(ada.workspace), before + PIECE as u64);
    world.sync(&mut ada);
    assert!(ada.is_in_sync());
    world.settle(&mut [&mut bo]);
    assert_eq!((world.entries(ada.workspace), bo.entries()), (before + 10, ada.entries()));
}

#[test]
fn who_brings_a_workspace_too_comes_again_once_its_membership_is_whole() {
    let (mut ada, bo) = world().ada_and_bo(Role::Reviewer);
    for seed in 10..20 {
        ada.invite(seed, Role::Reviewer, 1, None);
    }
    let membership = [ada.authority_entries(), bo.authority_entries()].concat();
    // Another relay, which holds nothing: everybody who comes may bring it.
    let mut world = world();
    let [mut bringer, mut late, mut later] =
        [1, 2, 2].map(|seed| Peer::new(seed).linked(ada.workspace, None));
    world.sync(&mut bringer);
    world.sync(&mut late);
    world.send_raw(&bringer, frame(&membership));
    assert_eq!(world.entries(ada.workspace), PIECE as u64, "bo's acceptance is in the rest");
    assert_eq!(world.waiting(&late), Vec::<Bytes>::new(), "not by half of it");
    world.sync(&mut later);
    assert_eq!(
        later.closed,
        Some(Code::Reconnect),
        "bo may be a member by the whole, and is told no other thing"
    );
    while world.relay.is_behind(id(&bringer)) {
        world.go_on(id(&bringer));
    }
    world.settle(&mut [&mut late]);
    assert_eq!(late.closed, Some(Code::Reconnect));
    world.sync(&mut late);
    assert!(late.is_in_sync());
    assert_eq!(world.entries(ada.workspace), membership.len() as u64);
}

#[test]
fn what_stands_on_the_membership_is_judged_once_that_is_whole() {
    let (mut ada, bo) = world().ada_and_bo(Role::Reviewer);
    let mut all = [ada.authority_entries(), bo.authority_entries()].concat();
    let many = all.len();
    all.extend((0..2).map(|_| ada.write(doc(1), 10)));
    let mut world = World::with(config());
    let mut bringer = Peer::new(1).linked(ada.workspace, None);
    world.sync(&mut bringer);
    world.send_raw(&bringer, frame(&all));
    assert_eq!(world.entries(ada.workspace), many as u64, "a piece ends where the membership does");
    world.go_on(id(&bringer));
    assert_eq!(world.entries(ada.workspace), all.len() as u64);
}

#[test]
fn a_store_that_fails_in_the_middle_confirms_nothing() {
    let mut world = world();
    let (mut ada, _) = world.ada_and_bo(Role::Reviewer);
    let before = world.entries(ada.workspace);
    world.store.fail_after(1);
    let many: Vec<_> = (0..10).map(|_| ada.write(doc(1), 100)).collect();
    world.send_raw(&ada, frame(&many));
    assert!(world.relay.is_behind(id(&ada)));
    world.go_on(id(&ada));
    assert!(world.notes.iter().any(|n| matches!(n, Note::StoreFailed(_))));
    assert!(!world.relay.is_behind(id(&ada)));
    assert_eq!(acknowledged(&world, &ada), 0);
    world.settle(&mut [&mut ada]);
    assert_eq!(ada.closed, Some(Code::Internal));
    world.store = std::mem::take(&mut world.store).reopen();
    assert_eq!(world.entries(ada.workspace), before + PIECE as u64);
}

#[test]
fn time_that_somebody_waits_with_their_batch_is_not_held_against_them() {
    let mut world = world();
    let (mut ada, mut bo) = world.ada_and_bo(Role::Reviewer);
    let refused = |world: &World, peer: &Peer| {
        let refuses = |f: &Bytes| matches!(Message::decode(f), Ok(Message::Refuse { .. }));
        world.waiting(peer).iter().any(refuses)
    };
    let stall = proofroom_sync::Limits::default().stall_ms_max;
    let one = ada.write(doc(1), 100);
    world.send_raw(&ada, frame(&[one]));
    let many: Vec<_> = (0..6).map(|_| bo.write(doc(2), 100)).collect();
    world.send_raw(&bo, frame(&many));
    world.now = Millis(world.now.0 + stall + 1);
    world.tick();
    assert!(!refused(&world, &bo), "what bo confirmed cannot have been read");
    world.go_on(id(&bo));
    world.tick();
    assert!(!world.relay.is_behind(id(&bo)) && !refused(&world, &bo), "it may be read now");
    world.now = Millis(world.now.0 + stall + 1);
    world.tick();
    assert!(refused(&world, &bo), "and was not sent");
}

#[test]
fn the_more_read_along_the_smaller_the_pieces_but_not_without_an_end() {
    // 40 connections of one owner: what is passed on is counted, not who reads it.
    let mut world = World::with(config());
    let mut ada = Peer::new(1).found();
    world.sync(&mut ada);
    let mut others: Vec<_> = (0..40).map(|_| ada.clone_of_device()).collect();
    for other in &mut others {
        world.sync(other);
    }
    let mut pieces = |entries: usize, bytes: usize| {
        let many: Vec<_> = (0..entries).map(|_| ada.write(doc(1), bytes)).collect();
        world.send_raw(&ada, frame(&many));
        let mut pieces = 1;
        while world.relay.is_behind(id(&ada)) {
            world.go_on(id(&ada));
            pieces += 1;
        }
        pieces
    };
    // Each entry brings 383 bytes of its own.
    assert_eq!(pieces(40, 17), 2, "by their number: 32 and the rest");
    assert_eq!(pieces(40, 1_617), 4, "13 of 2,000 bytes to 40 readers are a mebibyte");
    assert_eq!(pieces(4, 60_000), 4, "less than one entry is none");
}
