//! Who is let in, and what happens when that changes.

use bytes::Bytes;
use proofroom_authority::{Op, Role};
use proofroom_ident::{DeviceRecord, Millis};
use proofroom_relay::{Config, Creators, Quotas};
use proofroom_sync::{Code, Event, Message};

use crate::peer::{Peer, capability, doc, team_doc};
use crate::world::{World, config};

fn founded(world: &mut World) -> Peer {
    let mut ada = Peer::new(1).found();
    ada.write(doc(1), 100);
    world.sync(&mut ada);
    assert!(ada.is_in_sync());
    ada
}

/// Somebody who joined with this role.
fn joined(world: &mut World, ada: &mut Peer, seed: u8, role: Role) -> Peer {
    let invite = ada.invite(seed, role, 1, None);
    world.sync(ada);
    let mut bo = Peer::new(seed).linked(ada.workspace, Some(invite));
    world.sync(&mut bo);
    let accept = bo.accept();
    world.push(&mut bo, &[accept]);
    world.settle(&mut [&mut bo, ada]);
    assert!(bo.refusals().is_empty(), "{:?}", bo.refusals());
    bo
}

#[test]
fn a_workspace_is_brought_and_joined_by_a_link() {
    let mut world = World::new();
    let mut ada = founded(&mut world);
    let mut bo = joined(&mut world, &mut ada, 2, Role::Reviewer);
    let comment = bo.write(team_doc(1), 50);
    world.push(&mut bo, &[comment]);
    world.settle(&mut [&mut ada, &mut bo]);
    assert_eq!(ada.entries(), 5);
    assert_eq!(bo.entries(), 5);
    assert_eq!(world.entries(ada.workspace), 5);
}

#[test]
fn a_stranger_is_refused() {
    let mut world = World::new();
    let ada = founded(&mut world);
    let mut mallory = Peer::new(9).linked(ada.workspace, None);
    world.sync(&mut mallory);
    assert_eq!(mallory.closed, Some(Code::NotMember));
    assert!(matches!(&mallory.events[..], [Event::Refused { text, .. }] if text.contains("invite link")));
    assert_eq!(mallory.entries(), 0);
}

#[test]
fn an_unknown_invite_is_refused() {
    let mut world = World::new();
    let ada = founded(&mut world);
    let mut mallory = Peer::new(9).linked(ada.workspace, Some(capability(77).0));
    world.sync(&mut mallory);
    assert_eq!(mallory.closed, Some(Code::InviteUnknown));
}

#[test]
fn an_invite_expires_by_the_relays_clock() {
    let mut world = World::new();
    let mut ada = founded(&mut world);
    let invite = ada.invite(2, Role::Guest, 1, Some(Millis(5_000)));
    world.sync(&mut ada);
    let mut bo = Peer::new(2).linked(ada.workspace, Some(invite));
    world.sync(&mut bo);
    assert!(bo.is_in_sync(), "in time");
    // The acceptance claims time 0; the relay's clock knows better.
    world.now = Millis(5_001);
    let accept = bo.accept();
    world.push(&mut bo, &[accept]);
    world.settle(&mut [&mut bo]);
    assert_eq!(bo.refusals(), [(accept_doc(), 1, Code::InviteExpired)]);
    world.sync(&mut bo);
    let mut late = Peer::new(3).linked(ada.workspace, Some(capability(2).0));
    world.sync(&mut late);
    assert_eq!(late.closed, Some(Code::InviteExpired));
}

fn accept_doc() -> proofroom_ident::DocId {
    proofroom_ident::DocId::AUTHORITY
}

#[test]
fn an_invite_is_used_as_often_as_it_may_be() {
    let mut world = World::new();
    let mut ada = founded(&mut world);
    joined(&mut world, &mut ada, 2, Role::Guest);
    let mut cy = Peer::new(3).linked(ada.workspace, Some(capability(2).0));
    world.sync(&mut cy);
    assert_eq!(cy.closed, Some(Code::InviteUsed));
}

#[test]
fn of_two_who_accept_the_last_use_at_once_one_stays_outside() {
    let mut world = World::new();
    let mut ada = founded(&mut world);
    let invite = ada.invite(2, Role::Guest, 1, None);
    world.sync(&mut ada);
    let mut bo = Peer::new(2).linked(ada.workspace, Some(invite.clone()));
    let mut cy = Peer::new(3).linked(ada.workspace, Some(invite));
    world.sync(&mut bo);
    world.sync(&mut cy);
    let accepts = [bo.accept(), cy.accept()];
    world.push(&mut bo, &accepts[..1]);
    world.push(&mut cy, &accepts[1..]);
    world.settle(&mut [&mut bo]);
    world.settle(&mut [&mut cy, &mut ada, &mut bo]);
    assert!(bo.refusals().is_empty());
    assert_eq!(cy.refusals(), [(accept_doc(), 1, Code::InviteUsed)]);
    assert!(bo.authority.state().role(bo.id()).is_some());
    assert!(ada.authority.state().role(cy.id()).is_none());
}

#[test]
fn a_joiner_writes_their_acceptance_and_nothing_else() {
    let mut world = World::new();
    let mut ada = founded(&mut world);
    let invite = ada.invite(2, Role::Reviewer, 1, None);
    world.sync(&mut ada);
    let mut bo = Peer::new(2).linked(ada.workspace, Some(invite));
    world.sync(&mut bo);
    assert_eq!(bo.entries(), ada.entries(), "a joiner reads what the role reads");
    let early = bo.write(doc(3), 10);
    let grab = bo.op(&Op::SetRole { person: bo.id(), role: Role::Owner, cut: Default::default() });
    world.push(&mut bo, &[early, grab]);
    world.settle(&mut [&mut bo, &mut ada]);
    let refused: Vec<_> = bo.refusals().iter().map(|r| r.2).collect();
    assert_eq!(refused, [Code::MayNotWrite, Code::MayNotWrite]);
}

#[test]
fn a_guest_receives_no_team_documents_and_writes_none() {
    let mut world = World::new();
    let mut ada = founded(&mut world);
    ada.write(team_doc(1), 100);
    let mut cy = joined(&mut world, &mut ada, 3, Role::Guest);
    let secret = ada.write(team_doc(1), 100);
    world.push(&mut ada, &[secret]);
    world.settle(&mut [&mut ada, &mut cy]);
    assert!(cy.store_docs().iter().all(|d| d.audience() == proofroom_ident::Audience::Everyone));
    let forged = cy.write(team_doc(2), 10);
    let before = world.entries(ada.workspace);
    world.push(&mut cy, std::slice::from_ref(&forged));
    world.sync(&mut cy);
    world.send_raw(&cy, Message::Entries(vec![Bytes::copy_from_slice(forged.bytes())]).encode());
    world.settle(&mut [&mut cy]);
    assert_eq!(cy.closed, Some(Code::MayNotWrite));
    assert_eq!(world.entries(ada.workspace), before);
}

#[test]
fn a_removed_device_is_sent_away_and_not_let_in_again() {
    let mut world = World::new();
    let mut ada = founded(&mut world);
    let mut bo = joined(&mut world, &mut ada, 2, Role::Producer);
    let mut asleep = bo.clone_of_device();
    let removal = ada.remove(bo.id());
    world.push(&mut ada, std::slice::from_ref(&removal));
    world.settle(&mut [&mut ada, &mut bo]);
    assert_eq!(bo.closed, Some(Code::Removed));
    assert!(bo.authority.contains(removal.hash()), "bo has more than the relay's word for it");
    world.sync(&mut asleep);
    assert_eq!(asleep.closed, Some(Code::Removed));
    assert!(asleep.authority.contains(removal.hash()), "who comes later is shown it, too");
    let late = bo.write(doc(1), 10);
    world.sync(&mut bo);
    assert_eq!(bo.closed, Some(Code::Removed));
    let tip = world.store_tip(&late);
    assert_eq!(tip, None);
}

#[test]
fn packets_are_passed_on_for_present_members_devices_only() {
    let mut world = World::new();
    let mut ada = founded(&mut world);
    let mut bo = joined(&mut world, &mut ada, 2, Role::Producer);
    let mallory = Peer::new(66);
    let known = |world: &mut World, peer: &Peer| {
        let endpoint = peer.record().endpoint;
        world.relay.is_endpoint(endpoint, &world.store)
    };
    let rest = |world: &mut World, peers: &mut [&mut Peer]| {
        peers.iter_mut().for_each(|peer| world.disconnect(peer));
        world.now = Millis(world.now.0 + 3_600_000);
        world.relay.tick(world.now, &mut world.store);
        assert_eq!(world.relay.open_workspaces(), 0, "nobody uses it");
    };
    for _ in ["in use", "at rest"] {
        assert_eq!([&ada, &bo, &mallory].map(|peer| known(&mut world, peer)), [true, true, false]);
        rest(&mut world, &mut [&mut ada, &mut bo]);
    }
    world.sync(&mut ada);
    let removal = ada.remove(bo.id());
    world.push(&mut ada, &[removal]);
    world.settle(&mut [&mut ada]);
    for _ in ["in use", "at rest"] {
        assert_eq!([&ada, &bo, &mallory].map(|peer| known(&mut world, peer)), [true, false, false]);
        rest(&mut world, &mut [&mut ada, &mut bo]);
    }
}

#[test]
fn work_beyond_a_cut_is_taken_from_members_only() {
    let mut world = World::new();
    let mut ada = founded(&mut world);
    let mut cy = joined(&mut world, &mut ada, 3, Role::Reviewer);
    let mut bo = joined(&mut world, &mut ada, 2, Role::Reviewer);
    world.disconnect(&mut bo);
    let late = bo.write(doc(4), 10);
    let removal = ada.remove(bo.id());
    world.push(&mut ada, &[removal]);
    world.settle(&mut [&mut ada, &mut cy]);
    world.sync(&mut bo);
    assert_eq!(bo.closed, Some(Code::Removed));
    assert_eq!(world.store_tip(&late), None);
    // Cy got it from bo before either heard of the removal, and brings it.
    cy.take(late.clone());
    world.sync(&mut cy);
    assert!(cy.refusals().is_empty());
    assert_eq!(world.store_tip(&late), Some(1));
}

#[test]
fn a_demotion_narrows_what_is_read_at_once() {
    let mut world = World::new();
    let mut ada = founded(&mut world);
    let mut bo = joined(&mut world, &mut ada, 2, Role::Reviewer);
    let op = Op::SetRole { person: bo.id(), role: Role::Guest, cut: Default::default() };
    let lowered = ada.op(&op);
    let secret = ada.write(team_doc(1), 10);
    world.push(&mut ada, &[lowered, secret]);
    world.settle(&mut [&mut ada, &mut bo]);
    assert_eq!(bo.closed, None);
    assert!(bo.store_docs().iter().all(|d| d.audience() == proofroom_ident::Audience::Everyone));
}

#[test]
fn a_promotion_asks_to_connect_again() {
    let mut world = World::new();
    let mut ada = founded(&mut world);
    ada.write(team_doc(1), 10);
    let mut cy = joined(&mut world, &mut ada, 3, Role::Guest);
    let raised = ada.op(&Op::SetRole { person: cy.id(), role: Role::Reviewer, cut: Default::default() });
    world.push(&mut ada, &[raised]);
    world.settle(&mut [&mut ada, &mut cy]);
    assert_eq!(cy.closed, Some(Code::Reconnect));
    world.sync(&mut cy);
    assert_eq!(cy.entries(), ada.entries());
}

#[test]
fn a_person_restores_a_device_with_their_own_key() {
    let mut world = World::new();
    let mut ada = founded(&mut world);
    let bo = joined(&mut world, &mut ada, 2, Role::Reviewer);
    // Bo's laptop drowned; the phrase gives the person's key to a new device.
    let own_key = proofroom_ident::SigningSecret::from_seed(&[2; 32]);
    let mut new = Peer::new(22).linked(ada.workspace, Some(own_key));
    new.person = bo.person.clone();
    world.sync(&mut new);
    assert_eq!(new.entries(), ada.entries());
    let device = DeviceRecord::by_person(&new.person, &new.secrets, Millis(0));
    let added = new.op(&Op::AddDevice { device, recovery: None });
    let written = new.write(doc(8), 10);
    world.push(&mut new, &[added, written]);
    world.settle(&mut [&mut new, &mut ada]);
    assert!(new.refusals().is_empty(), "{:?}", new.refusals());
    assert_eq!(ada.entries(), new.entries());
}

#[test]
fn only_allowed_devices_bring_workspaces() {
    let mut ada = Peer::new(1).found();
    let mut bo = Peer::new(2).found();
    let allowed = Creators::Devices([ada.secrets.signing.public()].into());
    let mut world = World::with(Config { creators: allowed, ..config() });
    world.sync(&mut ada);
    world.sync(&mut bo);
    assert!(ada.is_in_sync());
    assert_eq!(bo.closed, Some(Code::MayNotCreate));
}

#[test]
fn a_workspace_cannot_be_brought_without_its_genesis() {
    let mut world = World::new();
    let mut ada = Peer::new(1).found();
    let invite = ada.invite(2, Role::Owner, 1, None);
    let mut bo = Peer::new(2).linked(ada.workspace, Some(invite));
    for entry in ada.authority_entries() {
        bo.take(entry);
    }
    let accept = bo.accept();
    let text = bo.write(doc(1), 10);
    // Without ada's log the relay cannot know what bo's entries stand on.
    bo.forget(ada.authority_log());
    world.sync(&mut bo);
    assert_eq!(world.store_tip(&text), None);
    assert_eq!(bo.closed, Some(Code::UnknownWorkspace));
    assert_eq!(world.entries(ada.workspace), 0, "nothing is kept that nobody could judge");
    // A member who holds all of it brings it.
    ada.take(accept);
    world.sync(&mut ada);
    assert!(ada.is_in_sync() && ada.refusals().is_empty());
}

#[test]
fn a_member_who_is_not_the_owner_brings_a_whole_workspace() {
    let mut first = World::new();
    let mut ada = founded(&mut first);
    let mut bo = joined(&mut first, &mut ada, 2, Role::Reviewer);
    let mut second = World::new();
    second.sync(&mut bo);
    assert!(bo.refusals().is_empty(), "{:?}", bo.refusals());
    assert_eq!(second.entries(ada.workspace), bo.entries());
}

#[test]
fn who_came_before_the_workspace_is_told_to_come_again() {
    let mut world = World::new();
    let mut ada = Peer::new(1).found();
    let invite = ada.invite(2, Role::Reviewer, 1, None);
    ada.write(doc(1), 100);
    let mut bo = Peer::new(2).linked(ada.workspace, Some(invite));
    world.sync(&mut bo);
    assert_eq!((bo.entries(), bo.closed), (0, None), "there is nothing here yet");
    world.connect(&mut ada);
    world.settle(&mut [&mut ada, &mut bo]);
    assert!(ada.is_in_sync());
    assert_eq!(bo.closed, Some(Code::Reconnect));
    world.sync(&mut bo);
    assert_eq!(bo.entries(), ada.entries());
}

#[test]
fn who_was_invited_by_somebody_removed_meanwhile_is_kept_whatever_came_first() {
    let mut world = World::new();
    let mut ada = founded(&mut world);
    let mut bo = joined(&mut world, &mut ada, 2, Role::Producer);
    let mut cy = joined(&mut world, &mut ada, 3, Role::Reviewer);
    // Bo lets dee in, and dee writes, while ada removes bo.
    let secret = bo.invite(70, Role::Reviewer, 1, None);
    let invited = bo.authority_entries();
    let mut dee = Peer::new(4).linked(bo.workspace, Some(secret));
    let known = ada.authority_entries().into_iter().chain(cy.authority_entries()).chain(invited.clone());
    known.for_each(|entry| dee.take(entry));
    let accepted = dee.accept();
    let words = dee.write(doc(5), 10);
    let removal = ada.remove(bo.id());
    world.push(&mut ada, &[removal]);
    world.settle(&mut [&mut ada, &mut cy]);
    // Cy met dee before either heard of the removal, and brings all of it.
    let news = invited.into_iter().filter(|entry| !cy.authority.contains(entry.hash()));
    let news: Vec<_> = news.chain([accepted, words.clone()]).collect();
    news.into_iter().for_each(|entry| cy.take(entry));
    world.sync(&mut cy);
    assert!(cy.refusals().is_empty(), "{:?}", cy.refusals());
    assert_eq!(world.store_tip(&words), Some(1));
    world.sync(&mut dee);
    assert_eq!(dee.closed, Some(Code::NotMember), "kept is not counted");
}

#[test]
fn who_comes_to_be_told_again_and_again_is_slowed_down() {
    let quotas = Quotas { burst_entries: 12, entries_per_s: 1, ..Quotas::default() };
    let mut world = World::with_quotas(quotas);
    let mut ada = founded(&mut world);
    let bo = joined(&mut world, &mut ada, 2, Role::Producer);
    let removal = ada.remove(bo.id());
    world.push(&mut ada, std::slice::from_ref(&removal));
    world.settle(&mut [&mut ada]);
    let mut shown = Vec::new();
    for _ in 0..20 {
        let mut again = bo.clone_of_device();
        world.sync(&mut again);
        assert_eq!(again.closed, Some(Code::Removed), "it is refused in any case");
        shown.push(again.authority.contains(removal.hash()));
    }
    assert!(shown[0], "at first it is shown why");
    assert!(!shown[19], "then no more");
    world.now = Millis(world.now.0 + 12_000);
    let mut again = bo.clone_of_device();
    world.sync(&mut again);
    assert!(again.authority.contains(removal.hash()), "and later again");
}
