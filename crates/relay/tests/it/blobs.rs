//! Files pass through as ciphertext, counted once.

use proofroom_ident::{BlobHash, HashWords as _};
use proofroom_relay::{Note, Quotas};
use proofroom_sync::{Code, Event, Input};

use crate::peer::Peer;
use crate::world::World;

fn file(peer: &mut Peer, fill: u8, n: usize) -> (BlobHash, u64) {
    let bytes = vec![fill; n];
    let blob = BlobHash::of(&bytes);
    peer.files.insert(blob, bytes);
    (blob, n as u64)
}

#[test]
fn a_file_is_kept_and_fetched() {
    let mut world = World::new();
    let mut ada = Peer::new(1).found();
    world.sync(&mut ada);
    let (blob, bytes) = file(&mut ada, 7, 700_000);
    let (empty, none) = file(&mut ada, 7, 0);
    ada.tell(world.now, Input::OfferBlobs(vec![(blob, bytes), (empty, none)]));
    world.settle(&mut [&mut ada]);
    assert!(ada.events.contains(&Event::BlobDelivered { blob, bytes }));
    let mut twin = ada.clone_of_device();
    world.sync(&mut twin);
    twin.want(world.now, blob, bytes);
    world.settle(&mut [&mut twin]);
    assert_eq!(twin.files[&blob], ada.files[&blob]);
    let sent: u64 =
        world.notes.iter().map(|n| if let Note::BlobSent { bytes } = n { *bytes } else { 0 }).sum();
    assert_eq!(sent, bytes);
}

#[test]
fn a_file_that_is_held_is_not_sent_again() {
    let mut world = World::new();
    let mut ada = Peer::new(1).found();
    world.sync(&mut ada);
    let offer = file(&mut ada, 7, 1_000);
    for _ in 0..2 {
        ada.tell(world.now, Input::OfferBlobs(vec![offer]));
        world.settle(&mut [&mut ada]);
    }
    let kept = world.notes.iter().filter(|n| matches!(n, Note::BlobKept { .. })).count();
    let delivered = ada.events.iter().filter(|e| matches!(e, Event::BlobDelivered { .. })).count();
    assert_eq!((kept, delivered), (1, 2));
}

#[test]
fn files_beyond_the_quota_are_refused_by_name() {
    let mut world = World::with_quotas(Quotas { workspace_blob_bytes_max: 1_500, ..Quotas::default() });
    let mut ada = Peer::new(1).found();
    world.sync(&mut ada);
    let one = file(&mut ada, 1, 1_000);
    let other = file(&mut ada, 2, 1_000);
    for offer in [one, other] {
        ada.tell(world.now, Input::OfferBlobs(vec![offer]));
        world.settle(&mut [&mut ada]);
    }
    let refused = |e: &Event| matches!(e, Event::BlobRefused { blob, code: Code::QuotaExceeded, .. } if *blob == other.0);
    assert!(ada.events.iter().any(refused));
    assert_eq!(world.disk.len(), 1);
}

#[test]
fn a_joiner_brings_no_files() {
    let mut world = World::new();
    let mut ada = Peer::new(1).found();
    let invite = ada.invite(2, proofroom_authority::Role::Guest, 1, None);
    world.sync(&mut ada);
    let mut bo = Peer::new(2).linked(ada.workspace, Some(invite));
    world.sync(&mut bo);
    let offer = file(&mut bo, 1, 10);
    bo.tell(world.now, Input::OfferBlobs(vec![offer]));
    world.settle(&mut [&mut bo]);
    assert!(bo.events.iter().any(|e| matches!(e, Event::BlobRefused { code: Code::MayNotWrite, .. })));
}

#[test]
fn a_file_that_two_devices_offer_comes_from_both() {
    let mut world = World::new();
    let mut ada = Peer::new(1).found();
    world.sync(&mut ada);
    let mut twin = ada.clone_of_device();
    world.sync(&mut twin);
    let (blob, bytes) = file(&mut ada, 7, 3_000_000);
    file(&mut twin, 7, 3_000_000);
    ada.tell(world.now, Input::OfferBlobs(vec![(blob, bytes)]));
    twin.tell(world.now, Input::OfferBlobs(vec![(blob, bytes)]));
    world.settle(&mut [&mut ada, &mut twin]);
    let sent = |peer: &Peer| -> u64 {
        peer.events.iter().map(|e| if let Event::BlobProgress { bytes, .. } = e { *bytes } else { 0 }).sum()
    };
    assert_eq!(sent(&ada) + sent(&twin), bytes, "nothing is sent twice");
    assert!(sent(&ada) > 0 && sent(&twin) > 0, "{} and {}", sent(&ada), sent(&twin));
    for peer in [&ada, &twin] {
        assert!(peer.events.contains(&Event::BlobDelivered { blob, bytes }));
    }
}

#[test]
fn one_of_two_sources_lies_and_the_file_arrives_all_the_same() {
    let mut world = World::new();
    let mut ada = Peer::new(1).found();
    world.sync(&mut ada);
    let mut mallory = ada.clone_of_device();
    world.sync(&mut mallory);
    let (blob, bytes) = file(&mut ada, 7, 3_000_000);
    mallory.files.insert(blob, vec![8; 3_000_000]);
    mallory.tell(world.now, Input::OfferBlobs(vec![(blob, bytes)]));
    ada.tell(world.now, Input::OfferBlobs(vec![(blob, bytes)]));
    world.settle(&mut [&mut ada, &mut mallory]);
    assert_eq!(mallory.closed, Some(Code::WrongBlob));
    assert!(ada.events.contains(&Event::BlobDelivered { blob, bytes }));
    let device = mallory.secrets.signing.public();
    assert!(world.notes.iter().any(|n| matches!(n, Note::Lied { device: d, .. } if *d == device)));
    assert_eq!(world.disk.values().next(), ada.files.get(&blob));
}
