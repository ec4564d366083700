//! Ranks, and what happens when they change.

use proofroom_ident::{Audience, BlobHash, DeviceRecord, EntryHash, Millis};

use super::world::{Capability, DOC, LOG, Peer, cast, heal, nothing, remove, rotate, set_role, up_to};
use crate::op::{Erased, Op};
use crate::{Refusal, Role, Standing};

#[test]
fn one_acts_on_lower_ranks_only() {
    let [ada, bo, cy, mallory] = cast(Role::Producer, Role::Producer, Role::Reviewer);
    let owner = Some(Role::Owner);
    let cases = [
        ("an owner removes a producer", &ada, remove(&bo), None),
        ("a producer removes a reviewer", &bo, remove(&mallory), None),
        ("a producer does not remove a peer", &bo, remove(&cy), owner),
        ("a producer does not remove an owner", &bo, remove(&ada), owner),
        ("a producer makes no producer", &bo, set_role(&mallory, Role::Producer), owner),
        ("a producer does not raise themselves", &bo, set_role(&bo, Role::Owner), owner),
        ("a producer lowers a reviewer", &bo, set_role(&mallory, Role::Guest), None),
        ("a producer steps down", &bo, set_role(&bo, Role::Guest), None),
        ("a reviewer leaves", &mallory, remove(&mallory), None),
        ("a reviewer removes nobody else", &mallory, remove(&bo), owner),
        ("an owner makes an owner", &ada, set_role(&mallory, Role::Owner), None),
        ("an owner invites an owner", &ada, Capability::new(60).invite(Role::Owner, 1), None),
        ("a producer invites no peer", &bo, Capability::new(60).invite(Role::Producer, 1), owner),
        ("a producer admits a relay", &bo, Capability::new(60).invite(Role::Relay, 1), None),
        (
            "a reviewer admits no relay",
            &mallory,
            Capability::new(60).invite(Role::Relay, 1),
            Some(Role::Producer),
        ),
        ("a reviewer invites a guest", &mallory, Capability::new(60).invite(Role::Guest, 1), None),
        ("a producer erases", &bo, erase(1), None),
        ("a reviewer erases nothing", &mallory, erase(1), Some(Role::Producer)),
        ("a reviewer rotates the team's key", &mallory, rotate(Audience::Team, 1, []), None),
    ];
    for (what, by, op, wanted) in cases {
        let may = ada.view.may(by.signer(), &op, Millis(5));
        let role = by.role(by).expect("all are members");
        assert_eq!(may, wanted.map_or(Ok(()), |least| Err(Refusal::Rank { role, least })), "{what}");
        let mut by = by.clone();
        by.meet(&ada);
        let entry = by.writes(&op);
        assert_eq!(by.refusal(&entry), may.err().as_ref(), "{what}: writing agrees with asking");
    }
}

fn erase(n: u8) -> Op {
    let erased = Erased { doc: DOC, log: LOG, seq: 1, hash: EntryHash::from_bytes([n; 32]) };
    let (statement, blob) = (EntryHash::from_bytes([9; 32]), BlobHash::from_bytes([n; 32]));
    Op::Erase { statement, entries: [erased].into(), blobs: [blob].into() }
}

#[test]
fn what_is_erased_is_erased_for_all_unless_its_author_was_removed() {
    let [mut ada, mut bo, cy, _] = cast(Role::Producer, Role::Producer, Role::Reviewer);
    let erasing = ada.writes(&erase(1)).hash();
    let (entry, blob) = (EntryHash::from_bytes([1; 32]), BlobHash::from_bytes([1; 32]));
    assert!(ada.view.state().is_erased(entry) && !bo.view.state().is_erased(entry));
    let late = bo.writes(&erase(2)).hash();
    ada.writes(&remove(&bo));
    ada.meet(&bo);
    let state = ada.view.state();
    assert!(state.is_erased(entry));
    assert_eq!(state.erased_blob(blob), Some(erasing));
    assert!(!state.is_erased(EntryHash::from_bytes([2; 32])), "whoever was removed erases nothing any more");
    assert!(ada.view.refusal(late).is_some());
    assert_eq!(
        (state.erased().count(), state.erased_blobs().collect::<Vec<_>>()),
        (1, vec![(blob, erasing)])
    );
    assert!(cy.view.state().erased_blobs().next().is_none());
}

#[test]
fn a_guest_does_not_touch_the_teams_key() {
    let [ada, bo, ..] = cast(Role::Guest, Role::Guest, Role::Guest);
    let refused = Err(Refusal::Rank { role: Role::Guest, least: Role::Reviewer });
    assert_eq!(ada.view.may(bo.signer(), &rotate(Audience::Team, 1, []), Millis(5)), refused);
    assert_eq!(ada.view.may(bo.signer(), &rotate(Audience::Everyone, 1, []), Millis(5)), Ok(()));
}

#[test]
fn beyond_a_demotions_cut_the_lower_role_counts() {
    let [mut ada, mut bo, ..] = cast(Role::Producer, Role::Guest, Role::Guest);
    let (knew, person) = (ada.head(), bo.id());
    let demoted = Op::SetRole { person, role: Role::Guest, cut: up_to(DOC, LOG, 7) };
    let lowered = ada.writes(&demoted).hash();
    let as_role = |role| Standing::Member { person, role };
    assert_eq!(ada.stands(&bo, (DOC, LOG, 7), knew), as_role(Role::Producer));
    assert_eq!(ada.stands(&bo, (DOC, LOG, 8), knew), as_role(Role::Guest));
    assert_eq!(ada.stands(&bo, (DOC, LOG, 8), lowered), as_role(Role::Guest));
    let raised = ada.writes(&set_role(&bo, Role::Reviewer)).hash();
    bo.meet(&ada);
    assert_eq!(ada.stands(&bo, (DOC, LOG, 9), raised), as_role(Role::Reviewer), "who knows of the raise");
    assert_eq!(ada.stands(&bo, (DOC, LOG, 9), lowered), as_role(Role::Guest), "who does not");
    assert_eq!(ada.stands(&bo, (DOC, LOG, 9), knew), as_role(Role::Guest), "backdating gains nothing");
    ada.writes(&Op::ExtendCut { removal: lowered, cut: up_to(DOC, LOG, 8) });
    assert_eq!(ada.stands(&bo, (DOC, LOG, 8), knew), as_role(Role::Reviewer), "adopted, beyond the raise's");
}

#[test]
fn what_a_demoted_member_does_before_hearing_of_it_needs_the_lower_role_only() {
    let [mut ada, mut bo, mut cy, _] = cast(Role::Producer, Role::Reviewer, Role::Guest);
    let lowered = ada.writes(&set_role(&bo, Role::Reviewer));
    let too_much = bo.writes(&remove(&cy));
    let still_fine = bo.writes(&rotate(Audience::Team, 1, []));
    heal(&mut [&mut ada, &mut bo, &mut cy]);
    assert_eq!(ada.refusal(&too_much), Some(&Refusal::Struck(lowered.hash())));
    assert_eq!(ada.refusal(&still_fine), None);
    assert_eq!(ada.role(&cy), Some(Role::Reviewer));
}

#[test]
fn of_concurrent_changes_of_role_the_higher_rank_wins() {
    let [mut ada, mut bo, mut cy, _] = cast(Role::Producer, Role::Reviewer, Role::Guest);
    let wins = ada.writes(&set_role(&cy, Role::Producer));
    let loses = bo.writes(&set_role(&cy, Role::Guest));
    heal(&mut [&mut ada, &mut bo, &mut cy]);
    assert_eq!(ada.role(&cy), Some(Role::Producer));
    assert_eq!(ada.refusal(&loses), Some(&Refusal::Outranked(wins.hash())));
}

#[test]
fn a_removal_wins_over_a_concurrent_promotion() {
    let [mut ada, mut bo, mut cy, _] = cast(Role::Producer, Role::Reviewer, Role::Guest);
    let promotion = ada.writes(&set_role(&cy, Role::Producer));
    bo.writes(&remove(&cy));
    heal(&mut [&mut ada, &mut bo, &mut cy]);
    assert_eq!(ada.role(&cy), None);
    assert_eq!(ada.refusal(&promotion), Some(&Refusal::NoSuchMember(cy.id())));
    assert!(ada.state().active_members().all(|(person, _)| person != cy.id()));
    assert_eq!(ada.state().person_of(cy.signer()), Some(cy.id()), "what they wrote keeps its author");
}

#[test]
fn a_demotion_closes_the_invites_that_its_target_may_not_make_any_more() {
    let [mut ada, mut bo, ..] = cast(Role::Producer, Role::Guest, Role::Guest);
    let (high, low) = (Capability::new(60), Capability::new(61));
    bo.writes(&high.invite(Role::Reviewer, 5));
    bo.writes(&low.invite(Role::Guest, 5));
    ada.meet(&bo);
    let lowered = ada.writes(&Op::SetRole { person: bo.id(), role: Role::Reviewer, cut: nothing() });
    let closed = |capability: &Capability| ada.state().invite(capability.id()).and_then(|i| i.closed);
    assert_eq!(closed(&high), Some(lowered.hash()));
    assert_eq!(closed(&low), None);
}

#[test]
fn rank_comes_before_seniority() {
    let [ada, mut bo, mut cy, mut mallory] = cast(Role::Producer, Role::Owner, Role::Reviewer);
    let loses = bo.writes(&set_role(&mallory, Role::Guest));
    let wins = cy.writes(&set_role(&mallory, Role::Producer));
    heal(&mut [&mut bo, &mut cy, &mut mallory]);
    assert_eq!(cy.refusal(&loses), Some(&Refusal::Outranked(wins.hash())));
    assert_eq!(cy.role(&mallory), Some(Role::Producer));
    assert_eq!(cy.role(&ada), Some(Role::Owner));
}

#[test]
fn stepping_down_is_ones_own_business_and_stepping_up_is_not() {
    let [ada, bo, mut cy, _] = cast(Role::Producer, Role::Reviewer, Role::Guest);
    let may = |who: &Peer, of: &Peer, role| ada.view.may(who.signer(), &set_role(of, role), Millis(1));
    assert_eq!(may(&cy, &cy, Role::Guest), Ok(()));
    for role in [Role::Reviewer, Role::Producer] {
        let least = if role == Role::Producer { Role::Owner } else { Role::Producer };
        assert_eq!(may(&cy, &cy, role), Err(Refusal::Rank { role: Role::Reviewer, least }), "{role}");
    }
    assert!(may(&cy, &bo, Role::Guest).is_err());
    let down = cy.writes(&set_role(&cy, Role::Guest));
    assert_eq!((cy.refusal(&down), cy.role(&cy)), (None, Some(Role::Guest)));
}

#[test]
fn an_invite_is_withdrawn_by_who_made_it_and_by_who_could_have() {
    let [mut ada, bo, mut cy, mallory] = cast(Role::Producer, Role::Reviewer, Role::Guest);
    let door = Capability::new(50);
    cy.writes(&door.invite(Role::Guest, 1));
    let other = Capability::new(51);
    ada.meet(&cy);
    ada.writes(&other.invite(Role::Reviewer, 1));
    let revoke = |who: &Peer, door: &Capability| {
        ada.view.may(who.signer(), &Op::RevokeInvite { id: door.id() }, Millis(1))
    };
    for who in [&ada, &bo, &cy] {
        assert_eq!(revoke(who, &door), Ok(()));
    }
    assert_eq!(revoke(&mallory, &door), Err(Refusal::Rank { role: Role::Guest, least: Role::Reviewer }));
    assert_eq!(revoke(&cy, &other), Err(Refusal::Rank { role: Role::Reviewer, least: Role::Producer }));
}

#[test]
fn work_of_ones_own_lost_device_is_ones_own_to_adopt_and_nothing_else_is() {
    let [mut ada, mut bo, mut cy, _] = cast(Role::Producer, Role::Reviewer, Role::Guest);
    let mut tablet = cy.stranger(3, 12);
    let record = DeviceRecord::request(cy.id(), &tablet.device, Millis(1)).vouched_by(&cy.device.signing);
    cy.writes(&Op::AddDevice { device: record, recovery: None });
    tablet.meet(&cy);
    let lost = cy.writes(&Op::RemoveDevice { signer: tablet.signer(), cut: nothing() }).hash();
    ada.meet(&cy);
    let demoted = ada.writes(&Op::SetRole { person: bo.id(), role: Role::Reviewer, cut: nothing() }).hash();
    bo.meet(&ada);
    let may = |who: &Peer, removal| {
        ada.view.may(who.signer(), &Op::ExtendCut { removal, cut: up_to(DOC, LOG, 1) }, Millis(1))
    };
    assert_eq!(may(&cy, lost), Ok(()));
    let no = Err(Refusal::Rank { role: Role::Reviewer, least: Role::Producer });
    assert_eq!(may(&bo, lost), no, "somebody else's device");
    let no = Err(Refusal::Rank { role: Role::Reviewer, least: Role::Owner });
    assert_eq!(may(&bo, demoted), no, "one's own demotion");
    assert_eq!((may(&ada, lost), may(&ada, demoted)), (Ok(()), Ok(())));
}

#[test]
fn a_state_lists_who_is_here_and_who_was() {
    let [mut ada, bo, ..] = cast(Role::Producer, Role::Guest, Role::Guest);
    let door = Capability::new(50);
    ada.writes(&door.invite(Role::Guest, 1));
    ada.writes(&rotate(Audience::Team, 1, [ada.kex()]));
    ada.writes(&remove(&bo));
    let state = ada.state();
    assert_eq!((state.members().count(), state.active_members().count()), (4, 3));
    assert!(state.active_members().all(|(person, member)| person != bo.id() && member.is_active()));
    assert_eq!(
        state.devices().find(|(signer, _)| *signer == bo.signer()).map(|(_, d)| d.is_active()),
        Some(false)
    );
    assert_eq!(state.invites().filter(|(id, invite)| *id == door.id() && invite.uses_left == 1).count(), 1);
    let key = proofroom_ident::KeyId::from_bytes([1; 16]);
    assert_eq!(state.epoch(key).map(|epoch| epoch.audience), Some(Audience::Team));
    assert_eq!(state.epoch(proofroom_ident::KeyId::ZERO), None);
}

#[test]
fn a_role_that_somebody_gave_who_was_removed_carries_nothing() {
    let [mut ada, mut bo, mut cy, mut mallory] = cast(Role::Guest, Role::Guest, Role::Producer);
    let given = mallory.writes(&set_role(&bo, Role::Reviewer));
    bo.meet(&mallory);
    let used = bo.writes(&rotate(Audience::Team, 1, [bo.kex()]));
    let fine = bo.writes(&rotate(Audience::Everyone, 2, [bo.kex()]));
    assert_eq!((bo.refusal(&given), bo.refusal(&used)), (None, None));
    let removal = ada.writes(&remove(&mallory));
    heal(&mut [&mut ada, &mut bo, &mut cy, &mut mallory]);
    assert_eq!(ada.refusal(&given), Some(&Refusal::Struck(removal.hash())));
    assert_eq!(ada.refusal(&used), Some(&Refusal::Ungrounded(bo.signer())), "a guest after all");
    assert_eq!(ada.refusal(&fine), None, "guests may");
}
