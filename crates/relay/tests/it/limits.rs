//! Quotas and pace.

use proofroom_ident::Millis;
use proofroom_relay::Quotas;
use proofroom_sync::{Code, Event};

use crate::peer::{Peer, doc};
use crate::world::World;

fn full_world(quotas: Quotas, entries: usize) -> (World, Peer) {
    let mut world = World::with_quotas(quotas);
    let mut ada = Peer::new(1).found();
    (0..entries).for_each(|_| _ = ada.write(doc(1), 1_000));
    world.sync(&mut ada);
    (world, ada)
}

#[test]
fn a_workspace_has_a_size() {
    let (world, ada) = full_world(Quotas { workspace_bytes_max: 5_000, ..Quotas::default() }, 10);
    assert_eq!(ada.closed, Some(Code::QuotaExceeded));
    assert_eq!(world.entries(ada.workspace), 0, "a batch is taken whole or not at all");
}

#[test]
fn a_device_brings_so_many_entries_even_over_several_connections() {
    let (mut world, mut ada) = full_world(Quotas { device_entries_max: 6, ..Quotas::default() }, 4);
    assert!(ada.is_in_sync());
    ada.write(doc(1), 10);
    world.sync(&mut ada);
    assert!(ada.is_in_sync());
    ada.write(doc(1), 10);
    world.sync(&mut ada);
    assert_eq!(ada.closed, Some(Code::QuotaExceeded));
    assert!(ada.events.iter().any(|e| matches!(e, Event::Refused { text, .. } if text.contains("entries"))));
}

#[test]
fn a_device_is_slowed_down_and_told_when_to_come_back() {
    let quotas = Quotas { burst_entries: 20, entries_per_s: 10, ..Quotas::default() };
    let (mut world, mut ada) = full_world(quotas, 15);
    assert!(ada.is_in_sync());
    (0..15).for_each(|_| _ = ada.write(doc(1), 10));
    world.sync(&mut ada);
    assert_eq!(ada.closed, Some(Code::RateLimited));
    world.sync(&mut ada);
    assert_eq!(ada.closed, Some(Code::RateLimited), "connecting again does not help");
    world.now = Millis(world.now.0 + 2_000);
    world.sync(&mut ada);
    assert!(ada.is_in_sync());
}

#[test]
fn a_relay_holds_so_many_workspaces() {
    let (mut world, _) = full_world(Quotas { workspaces_max: 1, ..Quotas::default() }, 1);
    let mut bo = Peer::new(2).found();
    world.sync(&mut bo);
    assert_eq!(bo.closed, Some(Code::QuotaExceeded));
}

#[test]
fn a_device_has_so_many_connections() {
    let (mut world, mut ada) = full_world(Quotas { device_connections_max: 1, ..Quotas::default() }, 1);
    let mut twin = ada.clone_of_device();
    world.sync(&mut twin);
    assert_eq!(twin.closed, Some(Code::RateLimited));
    world.disconnect(&mut ada);
    world.sync(&mut twin);
    assert!(twin.is_in_sync());
}

#[test]
fn a_relay_has_so_many_connections() {
    let mut world = World::with_quotas(Quotas { connections_max: 0, ..Quotas::default() });
    let mut ada = Peer::new(1).found();
    world.sync(&mut ada);
    assert_eq!(ada.closed, Some(Code::RateLimited));
}

#[test]
fn the_membership_log_has_a_size_of_its_own() {
    let mut world = World::with_quotas(Quotas { authority_bytes_max: 2_000, ..Quotas::default() });
    let mut ada = Peer::new(1).found();
    for seed in 10..20 {
        ada.invite(seed, proofroom_authority::Role::Guest, 1, None);
    }
    world.sync(&mut ada);
    assert!(ada.refusals().iter().any(|r| r.2 == Code::QuotaExceeded));
    assert_eq!(ada.closed, None);
}
