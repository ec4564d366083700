//! Joining by an invite.

use proofroom_ident::{Audience, Millis};

use super::world::{Capability, Peer, cast, founder, heal, nothing, remove, rotate, set_role};
use crate::op::Op;
use crate::{AuthorityError, Refusal, Role};

#[test]
fn an_invite_admits_as_many_as_it_has_uses() {
    let mut ada = founder(1);
    let door = Capability::new(60);
    ada.writes(&door.invite(Role::Reviewer, 2));
    let mut joiners = [2, 3, 4].map(|seed| ada.stranger(seed, usize::from(seed)));
    let mut entries = Vec::new();
    for joiner in &mut joiners {
        joiner.meet(&ada);
        entries.push(joiner.writes(&joiner.accept(&door)));
        ada.meet(joiner);
    }
    assert_eq!(ada.refusal(&entries[1]), None);
    assert_eq!(ada.refusal(&entries[2]), Some(&Refusal::InviteUsedUp(door.id())));
    assert_eq!(ada.state().invite(door.id()).map(|invite| invite.uses_left), Some(0));
    assert!(!ada.state().invite(door.id()).expect("known").is_open(Millis(1)));
    assert_eq!(ada.role(&joiners[2]), None);
}

#[test]
fn of_two_who_use_a_single_invite_at_once_exactly_one_joins() {
    let mut ada = founder(1);
    let door = Capability::new(60);
    ada.writes(&door.invite(Role::Reviewer, 1));
    let [mut bo, mut cy] = [2, 3].map(|seed| ada.stranger(seed, usize::from(seed)));
    bo.meet(&ada);
    cy.meet(&ada);
    bo.writes(&bo.accept(&door));
    cy.writes(&cy.accept(&door));
    heal(&mut [&mut ada, &mut bo, &mut cy]);
    let joined = [&bo, &cy].into_iter().filter(|peer| ada.role(peer).is_some()).count();
    assert_eq!(joined, 1);
}

#[test]
fn whoever_lost_the_race_for_an_invite_removes_nobody() {
    let [mut ada, mut bo, mut cy, _] = cast(Role::Guest, Role::Guest, Role::Guest);
    let door = Capability::new(60);
    ada.writes(&door.invite(Role::Producer, 1));
    let mut joiners = [6, 7].map(|seed| ada.stranger(seed, usize::from(seed)));
    for joiner in &mut joiners {
        joiner.meet(&ada);
        joiner.writes(&joiner.accept(&door));
    }
    // Either may be the one who loses: each removes somebody, who is busy meanwhile.
    joiners[0].writes(&remove(&bo));
    joiners[1].writes(&remove(&cy));
    let busy = [bo.writes(&Op::Merge), cy.writes(&Op::Merge)];
    for joiner in &joiners {
        ada.meet(joiner);
    }
    heal(&mut [&mut ada, &mut bo, &mut cy]);
    let won = joiners.iter().position(|joiner| ada.role(joiner).is_some()).expect("one of them joined");
    let victims = [&bo, &cy];
    assert_eq!(ada.role(victims[won]), None);
    assert_eq!(ada.role(victims[1 - won]), Some(Role::Guest));
    assert!(ada.refusal(&busy[won]).is_some());
    assert_eq!(ada.refusal(&busy[1 - won]), None, "a void removal strikes nothing");
}

#[test]
fn an_acceptance_that_claims_a_time_after_the_expiry_is_void() {
    let mut ada = founder(1);
    let door = Capability::new(60);
    let Op::Invite { id, kex, role, uses, .. } = door.invite(Role::Guest, 9) else { unreachable!() };
    ada.writes(&Op::Invite { id, kex, role, uses, expires: Some(Millis(500)) });
    let mut bo = ada.stranger(2, 2);
    bo.meet(&ada);
    let parents = bo.view.parents();
    let late = bo.writes_on(&parents, &bo.accept(&door), 501);
    assert_eq!(bo.refusal(&late), Some(&Refusal::InviteExpired(door.id())));
    let timely = bo.writes_on(&parents, &bo.accept(&door), 500);
    assert_eq!(bo.refusal(&timely), None);
    assert_eq!(bo.role(&bo), Some(Role::Guest));
}

#[test]
fn a_revoked_invite_admits_nobody_even_concurrently() {
    let [mut ada, mut bo, ..] = cast(Role::Producer, Role::Guest, Role::Guest);
    let door = Capability::new(60);
    bo.writes(&door.invite(Role::Guest, 9));
    ada.meet(&bo);
    let mut zed = ada.stranger(9, 9);
    zed.meet(&ada);
    let joined = zed.writes(&zed.accept(&door));
    ada.writes(&Op::RevokeInvite { id: door.id() });
    heal(&mut [&mut ada, &mut zed, &mut bo]);
    assert_eq!(ada.refusal(&joined), Some(&Refusal::InviteClosed(door.id())));
    assert_eq!(ada.role(&zed), None);
}

/// Whoever has a link chooses what their acceptance claims to stand on.
#[test]
fn an_acceptance_that_claims_not_to_have_heard_of_the_revocation_is_void_whatever_came_between() {
    for between in 0..3 {
        let [mut ada, mut bo, ..] = cast(Role::Producer, Role::Guest, Role::Guest);
        let door = Capability::new(60);
        bo.writes(&door.invite(Role::Guest, 9));
        ada.meet(&bo);
        let old = ada.view.parents();
        for _ in 0..between {
            ada.writes(&Op::Merge);
        }
        ada.writes(&Op::RevokeInvite { id: door.id() });
        let mut zed = ada.stranger(9, 9);
        zed.meet(&ada);
        let joined = zed.writes_on(&old, &zed.accept(&door), 1);
        assert_eq!(zed.refusal(&joined), Some(&Refusal::InviteClosed(door.id())), "after {between} entries");
        let said = zed.writes(&Op::Merge);
        assert!(zed.refusal(&said).is_some());
    }
}

#[test]
fn a_removal_closes_the_invites_that_its_target_made() {
    let [mut ada, mut bo, ..] = cast(Role::Producer, Role::Guest, Role::Guest);
    let door = Capability::new(60);
    bo.writes(&door.invite(Role::Guest, 9));
    ada.meet(&bo);
    let readers = ada.state().readers(Audience::Everyone, Millis(1));
    assert!(readers.contains(&door.kex()));
    ada.writes(&remove(&bo));
    assert!(!ada.state().readers(Audience::Everyone, Millis(1)).contains(&door.kex()));
    let mut zed = ada.stranger(9, 9);
    zed.meet(&ada);
    let joined = zed.writes(&zed.accept(&door));
    assert_eq!(zed.refusal(&joined), Some(&Refusal::InviteClosed(door.id())));
}

#[test]
fn a_stolen_proof_admits_no_other_device() {
    let mut ada = founder(1);
    let door = Capability::new(60);
    ada.writes(&door.invite(Role::Guest, 9));
    let mut bo = ada.stranger(2, 2);
    bo.meet(&ada);
    let Op::Accept { proof, .. } = bo.accept(&door) else { unreachable!() };
    let mut mallory = ada.stranger(4, 4);
    mallory.meet(&ada);
    let forged = Op::Accept { invite: door.id(), device: mallory.record(), recovery: None, proof };
    let parents = mallory.view.parents();
    let mut log = mallory.new_log();
    let entry = mallory.write_in(&mut log, &parents, &forged, 1);
    assert!(matches!(ada.view.insert(&entry), Err(AuthorityError::Signature { .. })));
    // Writing bo's acceptance as mallory helps as little.
    let replayed = mallory.writes(&bo.accept(&door));
    assert_eq!(mallory.refusal(&replayed), Some(&Refusal::Voucher(bo.signer())));
}

#[test]
fn a_member_who_accepts_again_gets_the_higher_role_and_the_device() {
    let [mut ada, bo, ..] = cast(Role::Reviewer, Role::Guest, Role::Guest);
    let [low, high] = [60, 61].map(Capability::new);
    ada.writes(&low.invite(Role::Guest, 1));
    ada.writes(&high.invite(Role::Producer, 1));
    let mut tablet = ada.stranger(2, 12);
    tablet.meet(&ada);
    tablet.writes(&tablet.accept(&low));
    assert_eq!(tablet.role(&bo), Some(Role::Reviewer));
    let mut phone = ada.stranger(2, 13);
    phone.meet(&tablet);
    phone.writes(&phone.accept(&high));
    assert_eq!(phone.role(&bo), Some(Role::Producer));
    assert_eq!(phone.state().devices_of(bo.id()).count(), 3);
    assert_eq!(
        phone.state().member(bo.id()).map(|member| member.joined_by),
        ada.state().member(bo.id()).map(|member| member.joined_by),
        "seniority stays"
    );
}

#[test]
fn an_owner_made_by_an_invite_is_an_owner() {
    let [mut ada, mut bo, ..] = cast(Role::Owner, Role::Guest, Role::Guest);
    bo.writes(&set_role(&ada, Role::Reviewer));
    ada.meet(&bo);
    assert_eq!(ada.role(&ada), Some(Role::Reviewer));
}

/// Somebody new who takes up an invite in one's presence.
fn comes_by(door: &Capability, person: u8, host: &mut Peer) -> Peer {
    let mut joiner = host.stranger(person, usize::from(person));
    joiner.meet(host);
    joiner.writes(&joiner.accept(door));
    host.meet(&joiner);
    joiner
}

fn is_closed(peer: &Peer, door: &Capability) -> bool {
    peer.state().invite(door.id()).expect("known").closed.is_some()
}

#[test]
fn a_removal_closes_the_invites_that_its_target_came_by() {
    let mut ada = founder(1);
    let [shared, other] = [60, 61].map(Capability::new);
    ada.writes(&shared.invite(Role::Reviewer, 9));
    ada.writes(&other.invite(Role::Reviewer, 9));
    let bo = comes_by(&shared, 2, &mut ada);
    let mut zed = ada.stranger(9, 9);
    zed.meet(&ada);
    let cy = comes_by(&shared, 3, &mut ada);
    let dee = comes_by(&other, 5, &mut ada);
    let removal = ada.writes(&remove(&cy));
    assert_eq!(ada.state().invite(shared.id()).and_then(|invite| invite.closed), Some(removal.hash()));
    assert!(!is_closed(&ada, &other));
    let readers = ada.state().readers(Audience::Everyone, Millis(1));
    assert!(!readers.contains(&shared.kex()) && readers.contains(&other.kex()));
    // Whoever came before stays, and whoever comes without having heard of it: cy must not be able to shut them out.
    let concurrent = zed.writes(&zed.accept(&shared));
    ada.meet(&zed);
    assert_eq!(ada.refusal(&concurrent), None);
    let mut late = ada.stranger(10, 10);
    late.meet(&ada);
    let joined = late.writes(&late.accept(&shared));
    assert_eq!(late.refusal(&joined), Some(&Refusal::InviteClosed(shared.id())));
    // Revoking it shuts out those of whom nobody had heard as well.
    ada.writes(&Op::RevokeInvite { id: shared.id() });
    let backdated = late.writes_on(&zed.view.parents()[..1], &late.accept(&shared), 1);
    ada.meet(&late);
    assert!(ada.refusal(&backdated).is_some());
    assert_eq!([&bo, &dee].map(|peer| ada.role(peer)), [Some(Role::Reviewer); 2]);
}

/// Whoever holds a link can always be somebody who joined by it at once, and ended that as soon.
#[test]
fn nobody_shuts_out_others_who_came_by_the_same_link() {
    for uses in [1, 2, 9] {
        let mut ada = founder(1);
        let door = Capability::new(60);
        let made = ada.writes(&door.invite(Role::Guest, uses));
        let mut bo = comes_by(&door, 2, &mut ada);
        let mut mallory = ada.stranger(4, 4);
        mallory.meet(&ada);
        mallory.writes_on(&[made.hash()], &mallory.accept(&door), 1);
        let parents = mallory.view.parents();
        let own = parents.iter().copied().filter(|head| !bo.entries.contains_key(head)).collect::<Vec<_>>();
        mallory.writes_on(&own, &remove(&mallory), 1);
        heal(&mut [&mut ada, &mut bo, &mut mallory]);
        assert_eq!(ada.role(&ada), Some(Role::Owner));
        if uses > 1 {
            assert_eq!(ada.role(&bo), Some(Role::Guest), "{uses} uses");
        }
    }
}

#[test]
fn a_guest_shuts_out_nobody_by_removing_a_device_of_their_own() {
    let mut ada = founder(1);
    let door = Capability::new(60);
    let made = ada.writes(&door.invite(Role::Guest, 9));
    let mut bo = comes_by(&door, 2, &mut ada);
    let mut cy = comes_by(&door, 3, &mut ada);
    let mut spare = ada.stranger(3, 12);
    spare.meet(&ada);
    let accepted = spare.writes_on(&[made.hash()], &spare.accept(&door), 1);
    let end = Op::RemoveDevice { signer: spare.signer(), cut: nothing() };
    spare.writes_on(&[accepted.hash()], &end, 1);
    heal(&mut [&mut ada, &mut bo, &mut cy, &mut spare]);
    assert_eq!([&bo, &cy].map(|peer| ada.role(peer)), [Some(Role::Guest); 2]);
}

#[test]
fn a_revoked_link_takes_nothing_over() {
    for between in 0..2 {
        let [mut ada, mut bo, ..] = cast(Role::Owner, Role::Guest, Role::Guest);
        let door = Capability::new(60);
        let made = ada.writes(&door.invite(Role::Owner, 9));
        bo.meet(&ada);
        for _ in 0..between {
            ada.writes(&Op::Merge);
        }
        ada.writes(&Op::RevokeInvite { id: door.id() });
        let mut mallory = ada.stranger(4, 14);
        mallory.meet(&ada);
        let joined = mallory.writes_on(&[made.hash()], &mallory.accept(&door), 1);
        mallory.writes_on(&[joined.hash()], &remove(&ada), 1);
        heal(&mut [&mut ada, &mut bo, &mut mallory]);
        assert_eq!([&ada, &bo].map(|peer| ada.role(peer)), [Some(Role::Owner); 2]);
        assert!(ada.refusal(&joined).is_some(), "after {between} entries");
    }
}

#[test]
fn who_was_given_something_by_a_link_is_not_brought_down_by_an_older_change_that_took_nothing() {
    let [mut ada, mut bo, mut cy, _] = cast(Role::Guest, Role::Reviewer, Role::Guest);
    let old = cy.view.parents();
    let door = Capability::new(60);
    ada.writes(&door.invite(Role::Owner, 1));
    let mut tablet = ada.stranger(2, 12);
    tablet.meet(&ada);
    tablet.writes(&tablet.accept(&door));
    cy.writes_on(&old, &set_role(&bo, Role::Guest), 1);
    heal(&mut [&mut ada, &mut bo, &mut cy, &mut tablet]);
    assert_eq!(ada.role(&bo), Some(Role::Owner));
}

#[test]
fn a_removal_that_does_not_stand_closes_nothing() {
    let [mut ada, mut bo, ..] = cast(Role::Producer, Role::Guest, Role::Guest);
    let door = Capability::new(60);
    ada.writes(&door.invite(Role::Guest, 9));
    let zed = comes_by(&door, 9, &mut ada);
    bo.meet(&ada);
    ada.writes(&set_role(&bo, Role::Guest));
    bo.writes(&remove(&zed));
    ada.meet(&bo);
    assert_eq!(ada.role(&zed), Some(Role::Guest));
    assert!(!is_closed(&ada, &door));
}

#[test]
fn removing_a_device_closes_the_invites_that_it_came_by_and_no_others() {
    let [mut ada, bo, ..] = cast(Role::Reviewer, Role::Guest, Role::Guest);
    let [first, second] = [60, 61].map(Capability::new);
    for door in [&first, &second] {
        ada.writes(&door.invite(Role::Reviewer, 9));
    }
    let [mut tablet, mut phone] = [12, 13].map(|device| ada.stranger(2, device));
    for (device, door) in [(&mut tablet, &first), (&mut phone, &second)] {
        device.meet(&ada);
        device.writes(&device.accept(door));
        ada.meet(device);
    }
    ada.writes(&Op::RemoveDevice { signer: tablet.signer(), cut: nothing() });
    assert!(is_closed(&ada, &first) && !is_closed(&ada, &second));
    assert_eq!(ada.role(&bo), Some(Role::Reviewer));
}

#[test]
fn a_demotion_closes_the_invites_that_give_more_and_that_its_target_came_by() {
    let mut ada = founder(1);
    let [more, as_much] = [60, 61].map(Capability::new);
    ada.writes(&more.invite(Role::Producer, 9));
    ada.writes(&as_much.invite(Role::Reviewer, 9));
    let [bo, cy] = [2, 3].map(|person| comes_by(&more, person, &mut ada));
    let dee = comes_by(&as_much, 5, &mut ada);
    ada.writes(&set_role(&dee, Role::Producer));
    assert!(!is_closed(&ada, &as_much), "whoever is given more may well know it");
    ada.writes(&set_role(&dee, Role::Reviewer));
    assert!(!is_closed(&ada, &as_much), "it gives no more than they have");
    ada.writes(&set_role(&bo, Role::Reviewer));
    assert!(is_closed(&ada, &more));
    assert_eq!(ada.role(&cy), Some(Role::Producer), "whoever else came by it stays what they are");
}

#[test]
fn a_demotion_is_not_undone_by_an_older_invite() {
    let [mut ada, bo, ..] = cast(Role::Producer, Role::Guest, Role::Guest);
    let [older, newer, as_much] = [60, 61, 62].map(Capability::new);
    ada.writes(&older.invite(Role::Producer, 9));
    ada.writes(&as_much.invite(Role::Guest, 9));
    let demotion = ada.writes(&set_role(&bo, Role::Guest));
    ada.writes(&newer.invite(Role::Reviewer, 9));
    let mut tablets = [12, 13, 14].map(|device| ada.stranger(2, device));
    let mut entries = Vec::new();
    for (tablet, door) in tablets.iter_mut().zip([&older, &as_much, &newer]) {
        tablet.meet(&ada);
        entries.push((tablet.writes(&tablet.accept(door)), tablet.role(&bo)));
        ada.meet(tablet);
    }
    assert_eq!(ada.refusal(&entries[0].0), Some(&Refusal::Barred(demotion.hash())));
    assert_eq!(ada.refusal(&entries[1].0), None);
    assert_eq!(ada.refusal(&entries[2].0), None);
    let roles: Vec<_> = entries.iter().map(|(_, role)| *role).collect();
    assert_eq!(roles, [Some(Role::Guest), Some(Role::Guest), Some(Role::Reviewer)]);
    // What they were before they left says nothing about who came back.
    ada.writes(&remove(&bo));
    let back = Capability::new(63);
    ada.writes(&back.invite(Role::Guest, 1));
    let mut desk = ada.stranger(2, 15);
    desk.meet(&ada);
    desk.writes(&desk.accept(&back));
    ada.meet(&desk);
    let raised = Capability::new(64);
    ada.writes(&raised.invite(Role::Producer, 1));
    let mut laptop = ada.stranger(2, 16);
    laptop.meet(&ada);
    laptop.writes(&laptop.accept(&raised));
    assert_eq!(laptop.role(&bo), Some(Role::Producer));
}

#[test]
fn a_used_up_invite_is_a_stranger_once_it_is_closed() {
    let mut ada = founder(1);
    let door = Capability::new(60);
    ada.writes(&door.invite(Role::Reviewer, 1));
    ada.writes(&rotate(Audience::Everyone, 1, ada.state().readers(Audience::Everyone, Millis(1))));
    comes_by(&door, 2, &mut ada);
    let strangers = |ada: &Peer| {
        let epoch = ada.state().newest(Audience::Everyone).expect("one was made");
        ada.state().turnover(epoch, Millis(1)).strangers
    };
    assert!(strangers(&ada).is_empty());
    ada.writes(&Op::RevokeInvite { id: door.id() });
    assert_eq!(strangers(&ada), [door.kex()].into());
}

#[test]
fn an_invites_key_that_somebody_else_named_is_the_stronger_makers() {
    let [mut ada, mut bo, ..] = cast(Role::Reviewer, Role::Guest, Role::Guest);
    let early = bo.view.parents();
    let door = Capability::new(60);
    ada.writes(&door.invite(Role::Producer, 1));
    let mut zed = ada.stranger(9, 9);
    zed.meet(&ada);
    let joined = zed.writes(&zed.accept(&door));
    let Op::Invite { id, kex, uses, .. } = door.invite(Role::Guest, 1) else { unreachable!() };
    bo.writes_on(&early, &Op::Invite { id, kex, role: Role::Guest, uses, expires: Some(Millis(0)) }, 1);
    heal(&mut [&mut ada, &mut bo, &mut zed]);
    assert_eq!(ada.refusal(&joined), None);
    assert_eq!(ada.role(&zed), Some(Role::Producer));
}
