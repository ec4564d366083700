//! Removals: who wins, what stays, what is held back, what is adopted.

use std::sync::Arc;

use proofroom_ident::{DocId, EntryHash};

use super::world::{Capability, DOC, LOG, cast, heal, nothing, remove, set_role, up_to};
use crate::op::{Cut, Op};
use crate::{Refusal, Role, Standing};

#[test]
fn in_a_mutual_removal_the_senior_stays() {
    let [mut ada, mut bo, mut cy, _] = cast(Role::Owner, Role::Guest, Role::Guest);
    let by_ada = ada.writes(&remove(&bo));
    let by_bo = bo.writes(&remove(&ada));
    heal(&mut [&mut ada, &mut bo, &mut cy]);
    assert_eq!(ada.role(&ada), Some(Role::Owner));
    assert_eq!(ada.role(&bo), None);
    assert_eq!(ada.refusal(&by_bo), Some(&Refusal::Struck(by_ada.hash())));
    assert_eq!(ada.refusal(&by_ada), None);
}

#[test]
fn in_a_circle_of_removals_the_most_senior_is_heard_first() {
    let [mut ada, mut bo, mut cy, _] = cast(Role::Owner, Role::Owner, Role::Guest);
    let by_ada = ada.writes(&remove(&bo));
    let by_bo = bo.writes(&remove(&cy));
    let by_cy = cy.writes(&remove(&ada));
    heal(&mut [&mut ada, &mut bo, &mut cy]);
    assert_eq!([ada.role(&ada), ada.role(&bo), ada.role(&cy)], [None, None, Some(Role::Owner)]);
    assert_eq!(ada.refusal(&by_ada), None);
    assert_eq!(ada.refusal(&by_bo), Some(&Refusal::Struck(by_ada.hash())));
    assert_eq!(ada.refusal(&by_cy), None);
}

#[test]
fn a_junior_owner_removes_a_senior_who_does_not_object() {
    let [mut ada, mut bo, mut cy, _] = cast(Role::Owner, Role::Reviewer, Role::Guest);
    let by_bo = bo.writes(&remove(&ada));
    // ada does not know, and acts on somebody else meanwhile.
    let by_ada = ada.writes(&remove(&cy));
    heal(&mut [&mut ada, &mut bo, &mut cy]);
    assert_eq!(bo.role(&ada), None);
    assert_eq!(bo.refusal(&by_ada), Some(&Refusal::Struck(by_bo.hash())));
    assert_eq!(bo.role(&cy), Some(Role::Reviewer));
}

#[test]
fn what_a_removed_member_backdates_does_not_count() {
    let [mut ada, mut bo, mut cy, mut mallory] = cast(Role::Producer, Role::Reviewer, Role::Producer);
    let early = mallory.view.parents();
    let by_ada = ada.writes(&remove(&mallory));
    mallory.meet(&ada);
    // Before the removal, it says; an hour ago, it says.
    let coup = mallory.writes_on(&early, &remove(&cy), 1);
    let door = Capability::new(50);
    let opened = mallory.writes_on(&early, &door.invite(Role::Reviewer, 1), 1);
    let mut puppet = mallory.stranger(9, 9);
    puppet.meet(&mallory);
    let joined = puppet.writes_on(&[opened.hash()], &puppet.accept(&door), 1);
    let grown = puppet.writes_on(&[joined.hash()], &Op::Merge, 1);
    heal(&mut [&mut ada, &mut bo, &mut cy, &mut puppet]);
    assert_eq!(bo.role(&cy), Some(Role::Reviewer));
    assert_eq!(bo.role(&puppet), None);
    assert_eq!(bo.refusal(&coup), Some(&Refusal::Struck(by_ada.hash())));
    assert_eq!(bo.refusal(&opened), Some(&Refusal::Struck(by_ada.hash())));
    assert_eq!(bo.refusal(&joined), Some(&Refusal::InviteClosed(door.id())));
    assert_eq!(bo.refusal(&grown), Some(&Refusal::Ungrounded(puppet.signer())));
}

#[test]
fn the_removal_by_somebody_whose_admission_fell_falls_too() {
    let [mut ada, mut bo, mut cy, mut mallory] = cast(Role::Producer, Role::Guest, Role::Producer);
    let early = mallory.view.parents();
    ada.writes(&remove(&mallory));
    let door = Capability::new(50);
    let opened = mallory.writes_on(&early, &door.invite(Role::Reviewer, 1), 1);
    let mut puppet = mallory.stranger(9, 9);
    puppet.meet(&mallory);
    let joined = puppet.writes_on(&[opened.hash()], &puppet.accept(&door), 1);
    let coup = puppet.writes_on(&[joined.hash()], &remove(&cy), 1);
    // cy's own work, concurrent with the puppet's removal, must stand.
    let merged = cy.writes(&Op::Merge);
    heal(&mut [&mut ada, &mut bo, &mut cy, &mut puppet]);
    assert_eq!(bo.refusal(&coup), Some(&Refusal::Ungrounded(puppet.signer())));
    assert_eq!(bo.role(&cy), Some(Role::Guest));
    assert_eq!(bo.refusal(&merged), None);
}

#[test]
fn work_beyond_the_cut_is_held_back_and_work_within_it_counts() {
    let [mut ada, bo, ..] = cast(Role::Producer, Role::Guest, Role::Guest);
    let knew = ada.head();
    let person = bo.id();
    let counts = Standing::Member { person, role: Role::Producer };
    assert_eq!(ada.stands(&bo, (DOC, LOG, 7), knew), counts);
    let removal = ada.writes(&Op::Remove { person, cut: up_to(DOC, LOG, 7) }).hash();
    let held = Standing::HeldBack { person, removal };
    assert_eq!(ada.view.role_before(removal, person), Some(Role::Producer));
    assert_eq!(ada.view.role_before(removal, ada.id()), None);
    assert_eq!(ada.view.role_before(knew, person), None);
    assert_eq!(ada.stands(&bo, (DOC, LOG, 7), knew), counts);
    assert_eq!(ada.stands(&bo, (DOC, LOG, 8), knew), held);
    assert_eq!(ada.stands(&bo, (DOC, proofroom_ident::LogId::ZERO, 1), knew), held, "a log the cut omits");
    assert_eq!(ada.stands(&bo, (DOC, LOG, 8), removal), held, "even when the author knew");
}

#[test]
fn held_back_work_is_adopted_by_extending_the_cut() {
    let [mut ada, mut bo, mut cy, _] = cast(Role::Producer, Role::Reviewer, Role::Guest);
    let (knew, person) = (ada.head(), bo.id());
    let removal = ada.writes(&Op::Remove { person, cut: up_to(DOC, LOG, 7) }).hash();
    heal(&mut [&mut ada, &mut bo, &mut cy]);
    let adopt = Op::ExtendCut { removal, cut: up_to(DOC, LOG, 9) };
    let by_cy = cy.writes(&adopt);
    assert_eq!(
        cy.refusal(&by_cy),
        Some(&Refusal::Rank { role: Role::Reviewer, least: Role::Owner }),
        "who could not have removed bo cannot adopt for him"
    );
    assert_eq!(bo.view.may(bo.signer(), &adopt, Default::default()), Err(Refusal::NotMember(bo.signer())));
    ada.meet(&cy);
    ada.writes(&adopt);
    let counts = Standing::Member { person, role: Role::Producer };
    assert_eq!(ada.stands(&bo, (DOC, LOG, 9), knew), counts);
    assert_eq!(ada.stands(&bo, (DOC, LOG, 10), knew), Standing::HeldBack { person, removal });
    assert_eq!(ada.role(&bo), None, "adopting the work does not bring the person back");
}

#[test]
fn a_struck_operation_is_adopted_by_extending_the_cut_of_the_authority_log() {
    let [mut ada, mut bo, mut cy, _] = cast(Role::Producer, Role::Reviewer, Role::Guest);
    let removal = ada.writes(&remove(&bo)).hash();
    let late = bo.writes(&set_role(&cy, Role::Guest));
    heal(&mut [&mut ada, &mut bo, &mut cy]);
    assert_eq!(ada.role(&cy), Some(Role::Reviewer));
    assert_eq!(ada.refusal(&late), Some(&Refusal::Struck(removal)));
    // A gate between the removal and its extension.
    ada.writes(&Op::Merge);
    let header = late.header();
    let cut: Cut = [((DocId::AUTHORITY, header.log), (header.seq, late.hash()))].into();
    ada.writes(&Op::ExtendCut { removal, cut: Arc::new(cut) });
    heal(&mut [&mut ada, &mut bo, &mut cy]);
    assert_eq!(ada.role(&cy), Some(Role::Guest));
    assert_eq!(ada.refusal(&late), None);
    assert_eq!(ada.role(&bo), None);
}

#[test]
fn a_second_history_of_an_adopted_log_stays_struck() {
    let [mut ada, mut bo, mut cy, _] = cast(Role::Producer, Role::Reviewer, Role::Reviewer);
    let early = bo.view.parents();
    let removal = ada.writes(&remove(&bo)).hash();
    let mut log = bo.new_log();
    let mut twin = log.clone();
    let shown = bo.write_in(&mut log, &early, &Op::Merge, 1);
    let hidden = bo.write_in(&mut twin, &early, &remove(&cy), 1);
    ada.hear(&shown);
    let cut: Cut = [((DocId::AUTHORITY, log.log()), (1, shown.hash()))].into();
    ada.writes(&Op::ExtendCut { removal, cut: Arc::new(cut) });
    ada.hear(&hidden);
    heal(&mut [&mut ada, &mut cy]);
    assert_eq!(ada.refusal(&shown), None);
    assert_eq!(ada.refusal(&hidden), Some(&Refusal::Struck(removal)));
    assert_eq!(ada.role(&cy), Some(Role::Reviewer));
}

#[test]
fn the_last_owner_stays() {
    let [mut ada, bo, ..] = cast(Role::Owner, Role::Guest, Role::Guest);
    ada.writes(&remove(&bo));
    for op in [
        remove(&ada),
        set_role(&ada, Role::Producer),
        Op::RemoveDevice { signer: ada.signer(), cut: nothing() },
    ] {
        assert_eq!(ada.view.may(ada.signer(), &op, Default::default()), Err(Refusal::LastOwner), "{op:?}");
        let entry = ada.writes(&op);
        assert_eq!(ada.refusal(&entry), Some(&Refusal::LastOwner));
    }
    assert_eq!(ada.role(&ada), Some(Role::Owner));
}

#[test]
fn of_two_owners_who_leave_at_once_one_stays() {
    let [mut ada, mut bo, ..] = cast(Role::Owner, Role::Guest, Role::Guest);
    let first = ada.writes(&remove(&ada));
    let second = bo.writes(&remove(&bo));
    heal(&mut [&mut ada, &mut bo]);
    assert_eq!(ada.refusal(&first), None);
    assert_eq!(ada.refusal(&second), Some(&Refusal::LastOwner));
    assert_eq!(ada.role(&bo), Some(Role::Owner));
}

#[test]
fn both_cuts_of_two_concurrent_removals_count() {
    let [mut ada, mut bo, cy, _] = cast(Role::Owner, Role::Reviewer, Role::Guest);
    let (knew, person) = (ada.head(), cy.id());
    let wide = ada.writes(&Op::Remove { person, cut: up_to(DOC, LOG, 9) }).hash();
    let narrow = bo.writes(&Op::Remove { person, cut: up_to(DOC, LOG, 5) }).hash();
    heal(&mut [&mut ada, &mut bo]);
    let held = |removal| Standing::HeldBack { person, removal };
    assert_eq!(ada.stands(&cy, (DOC, LOG, 7), knew), held(narrow));
    ada.writes(&Op::ExtendCut { removal: narrow, cut: up_to(DOC, LOG, 9) });
    assert_eq!(ada.stands(&cy, (DOC, LOG, 7), knew), Standing::Member { person, role: Role::Reviewer });
    assert!(matches!(ada.stands(&cy, (DOC, LOG, 10), knew), Standing::HeldBack { .. }), "{wide:?}");
}

#[test]
fn a_removed_member_comes_back_by_a_new_invite_only() {
    let [mut ada, mut bo, ..] = cast(Role::Reviewer, Role::Guest, Role::Guest);
    let old = Capability::new(60);
    ada.writes(&old.invite(Role::Guest, 5));
    let removal = ada.writes(&remove(&bo)).hash();
    bo.meet(&ada);
    let knew = bo.head();
    let sneaky = bo.writes(&bo.accept(&old));
    assert_eq!(bo.refusal(&sneaky), Some(&Refusal::Barred(removal)));
    let new = Capability::new(61);
    ada.writes(&new.invite(Role::Guest, 1));
    bo.meet(&ada);
    let back = bo.writes(&bo.accept(&new)).hash();
    heal(&mut [&mut ada, &mut bo]);
    assert_eq!(ada.role(&bo), Some(Role::Guest));
    let person = bo.id();
    assert_eq!(ada.stands(&bo, (DOC, LOG, 8), knew), Standing::HeldBack { person, removal });
    let counts = Standing::Member { person, role: Role::Guest };
    assert_eq!(ada.stands(&bo, (DOC, LOG, 8), back), counts);
}

#[test]
fn whoever_stands_on_an_unknown_entry_waits_for_it() {
    let [ada, bo, ..] = cast(Role::Reviewer, Role::Guest, Role::Guest);
    let unknown = EntryHash::from_bytes([8; 32]);
    assert_eq!(ada.stands(&bo, (DOC, LOG, 1), unknown), Standing::AwaitsAuthority);
    let stranger = ada.stranger(9, 9);
    assert_eq!(ada.stands(&stranger, (DOC, LOG, 1), ada.view.heads()[0]), Standing::NotMember);
    let genesis = EntryHash::from_bytes(*ada.view.workspace().as_bytes());
    assert_eq!(ada.stands(&bo, (DOC, LOG, 1), genesis), Standing::NotMember, "before he joined");
}

#[test]
fn an_adoption_that_is_struck_adopts_nothing() {
    let [mut ada, mut bo, mut cy, mut mallory] = cast(Role::Owner, Role::Producer, Role::Guest);
    let removal = ada.writes(&remove(&cy)).hash();
    bo.meet(&ada);
    let late = cy.writes(&remove(&mallory));
    bo.hear(&late);
    let cut: Cut = [((DocId::AUTHORITY, late.header().log), (late.header().seq, late.hash()))].into();
    let adoption = bo.writes(&Op::ExtendCut { removal, cut: Arc::new(cut) });
    assert_eq!(bo.refusal(&late), None);
    let by_ada = ada.writes(&remove(&bo));
    heal(&mut [&mut ada, &mut bo, &mut cy, &mut mallory]);
    assert_eq!(ada.refusal(&adoption), Some(&Refusal::Struck(by_ada.hash())));
    assert_eq!(ada.refusal(&late), Some(&Refusal::Struck(removal)));
    assert_eq!(ada.role(&mallory), Some(Role::Guest));
}

#[test]
fn an_invite_kept_in_reserve_does_not_undo_a_removal() {
    let [mut ada, mut bo, ..] = cast(Role::Reviewer, Role::Guest, Role::Guest);
    let reserve = Capability::new(60);
    ada.writes(&reserve.invite(Role::Producer, 5));
    bo.meet(&ada);
    let early = bo.view.parents();
    let removal = ada.writes(&remove(&bo));
    let mut spare = bo.stranger(2, 12);
    spare.meet(&bo);
    let backdated = spare.writes_on(&early, &spare.accept(&reserve), 1);
    ada.hear(&backdated);
    assert_eq!(ada.refusal(&backdated), Some(&Refusal::Struck(removal.hash())));
    assert_eq!(ada.role(&bo), None);
}

#[test]
fn whoever_a_void_removal_would_have_silenced_is_heard() {
    let [mut ada, mut bo, mut cy, mut mallory] = cast(Role::Guest, Role::Reviewer, Role::Owner);
    let early = mallory.view.parents();
    ada.writes(&remove(&mallory));
    // mallory's puppet, let in by a backdated invite, removes cy.
    let door = Capability::new(50);
    let opened = mallory.writes_on(&early, &door.invite(Role::Producer, 1), 1);
    let mut puppet = mallory.stranger(9, 9);
    puppet.meet(&mallory);
    let joined = puppet.writes_on(&[opened.hash()], &puppet.accept(&door), 1);
    let coup = puppet.writes_on(&[joined.hash()], &remove(&cy), 1);
    // cy lets dan in meanwhile, who loses a device, which goes on writing.
    let mut dan = cy.brings(8, Role::Guest);
    let mut lost = dan.stranger(8, 12);
    dan.writes(&Op::AddDevice { device: lost.record(), recovery: None });
    lost.meet(&dan);
    let ended = dan.writes(&Op::RemoveDevice { signer: lost.signer(), cut: nothing() });
    let stolen = lost.writes(&Op::Merge);
    heal(&mut [&mut ada, &mut bo, &mut cy, &mut dan, &mut lost, &mut puppet]);
    assert_eq!(ada.refusal(&coup), Some(&Refusal::Ungrounded(puppet.signer())));
    assert_eq!(ada.refusal(&ended), None, "dan's own removal is no part of the coup");
    assert_eq!(ada.refusal(&stolen), Some(&Refusal::Struck(ended.hash())));
    assert_eq!(ada.role(&dan), Some(Role::Guest));
}

#[test]
fn of_two_extensions_the_further_one_counts() {
    let [mut ada, bo, ..] = cast(Role::Reviewer, Role::Guest, Role::Guest);
    let (knew, person) = (ada.head(), bo.id());
    let removal = ada.writes(&Op::Remove { person, cut: up_to(DOC, LOG, 1) }).hash();
    let mut counts = |upto: Option<u64>| {
        upto.map(|seq| ada.writes(&Op::ExtendCut { removal, cut: up_to(DOC, LOG, seq) }));
        let counts =
            |seq: &u64| ada.stands(&bo, (DOC, LOG, *seq), knew) != Standing::HeldBack { person, removal };
        (1..10).take_while(counts).count()
    };
    assert_eq!([None, Some(5), Some(3), Some(5), Some(7)].map(&mut counts), [1, 5, 5, 5, 7]);
}

/// Of two owners who remove each other the senior stays, also where the junior has somebody else do it.
#[test]
fn a_removed_owner_does_not_come_back_by_a_puppet() {
    let [mut ada, mut bo, mut cy, _] = cast(Role::Owner, Role::Reviewer, Role::Guest);
    let early = bo.view.parents();
    let by_ada = ada.writes(&remove(&bo));
    bo.meet(&ada);
    let doors = [50, 51].map(Capability::new);
    let opened = bo.writes_on(&early, &doors[0].invite(Role::Owner, 1), 1);
    let mut puppet = bo.stranger(9, 9);
    puppet.meet(&bo);
    let joined = puppet.writes_on(&[opened.hash()], &puppet.accept(&doors[0]), 1);
    // A puppet's puppet is one as well.
    let again = puppet.writes_on(&[joined.hash()], &doors[1].invite(Role::Owner, 1), 1);
    let mut second = puppet.stranger(10, 10);
    second.meet(&puppet);
    let admitted = second.writes_on(&[again.hash()], &second.accept(&doors[1]), 1);
    let coups = [puppet.writes_on(&[joined.hash()], &remove(&ada), 1), {
        second.meet(&puppet);
        second.writes_on(&[admitted.hash()], &remove(&ada), 1)
    }];
    heal(&mut [&mut ada, &mut bo, &mut cy, &mut puppet, &mut second]);
    assert_eq!(ada.refusal(&by_ada), None);
    assert_eq!(
        [&ada, &bo, &puppet, &second].map(|peer| ada.role(peer)),
        [Some(Role::Owner), None, None, None]
    );
    for coup in &coups {
        assert!(ada.refusal(coup).is_some());
    }
}

/// A thief's puppet, let in on the device that is removed.
#[test]
fn a_removed_device_does_not_come_back_by_a_puppet() {
    let [mut ada, mut bo, ..] = cast(Role::Owner, Role::Guest, Role::Guest);
    let mut laptop = ada.stranger(1, 11);
    ada.writes(&Op::AddDevice { device: laptop.record(), recovery: None });
    laptop.meet(&ada);
    bo.meet(&ada);
    let early = laptop.view.parents();
    let removal = ada.writes(&Op::RemoveDevice { signer: laptop.signer(), cut: nothing() });
    let door = Capability::new(50);
    let opened = laptop.writes_on(&early, &door.invite(Role::Owner, 1), 1);
    let mut puppet = laptop.stranger(9, 9);
    puppet.meet(&laptop);
    let joined = puppet.writes_on(&[opened.hash()], &puppet.accept(&door), 1);
    puppet.writes_on(&[joined.hash()], &remove(&ada), 1);
    heal(&mut [&mut ada, &mut bo, &mut laptop, &mut puppet]);
    assert_eq!(ada.refusal(&removal), None);
    assert_eq!([&ada, &bo, &puppet].map(|peer| ada.role(peer)), [Some(Role::Owner), Some(Role::Owner), None]);
}

/// What an accomplice has from the removed owner several times over is not worth more.
#[test]
fn a_removed_owner_does_not_raise_an_accomplice_who_removes_the_remover() {
    for times in [1, 2, 3, 100] {
        let [mut ada, mut bo, mut cy, mut mallory] = cast(Role::Owner, Role::Reviewer, Role::Guest);
        mallory.meet(&ada);
        ada.writes(&remove(&bo));
        for n in 0..times {
            bo.writes(&set_role(
                &mallory,
                if n % 2 == 0 || n + 1 == times { Role::Owner } else { Role::Producer },
            ));
        }
        mallory.meet(&bo);
        if times == 3 {
            // Raising oneself adds nothing either.
            mallory.writes(&set_role(&mallory, Role::Owner));
        }
        let coup = mallory.writes(&remove(&ada));
        assert_eq!(mallory.refusal(&coup), None, "as far as mallory knows");
        heal(&mut [&mut ada, &mut bo, &mut cy, &mut mallory]);
        let roles = [&ada, &bo, &mallory].map(|peer| ada.role(peer));
        assert_eq!(roles, [Some(Role::Owner), None, Some(Role::Guest)], "raised {times} times");
        assert!(ada.refusal(&coup).is_some());
    }
}

/// What somebody has from others as well does not fall with one of those who gave it.
#[test]
fn who_rests_on_somebody_else_too_still_removes() {
    let [mut ada, mut bo, mut cy, mut mallory] = cast(Role::Owner, Role::Reviewer, Role::Guest);
    mallory.meet(&ada);
    ada.writes(&set_role(&cy, Role::Producer));
    bo.meet(&ada);
    cy.meet(&ada);
    let [door] = [50].map(Capability::new);
    bo.writes(&door.invite(Role::Producer, 1));
    let mut tablet = cy.stranger(3, 12);
    tablet.meet(&bo);
    tablet.writes(&tablet.accept(&door));
    cy.meet(&tablet);
    ada.writes(&remove(&bo));
    let removal = cy.writes(&remove(&mallory));
    let late = mallory.writes(&Op::Merge);
    heal(&mut [&mut ada, &mut bo, &mut cy, &mut tablet, &mut mallory]);
    assert_eq!(ada.refusal(&removal), None);
    assert_eq!(ada.refusal(&late), Some(&Refusal::Struck(removal.hash())));
}

#[test]
fn a_device_that_was_added_again_rests_on_who_added_it_again() {
    let [mut ada, mut bo, mut cy, _] = cast(Role::Owner, Role::Reviewer, Role::Guest);
    let mut phone = ada.stranger(1, 11);
    ada.writes(&Op::AddDevice { device: phone.record(), recovery: None });
    ada.writes(&Op::RemoveDevice { signer: phone.signer(), cut: nothing() });
    let mut laptop = ada.stranger(1, 12);
    ada.writes(&Op::AddDevice { device: laptop.record(), recovery: None });
    for peer in [&mut bo, &mut cy, &mut laptop, &mut phone] {
        peer.meet(&ada);
    }
    let removal = ada.writes(&Op::RemoveDevice { signer: laptop.signer(), cut: nothing() });
    laptop.writes(&Op::AddDevice { device: phone.record(), recovery: None });
    phone.meet(&laptop);
    let coup = phone.writes(&Op::RemoveDevice { signer: ada.signer(), cut: nothing() });
    assert_eq!(phone.refusal(&coup), None, "as far as the phone knows");
    heal(&mut [&mut ada, &mut bo, &mut cy, &mut laptop, &mut phone]);
    assert_eq!(ada.refusal(&removal), None);
    assert!(ada.refusal(&coup).is_some());
    assert!(ada.state().device(ada.signer()).is_some_and(|device| device.is_active()));
}

/// What falls with its author neither gives nor takes.
#[test]
fn who_was_lowered_and_raised_by_somebody_who_falls_is_what_they_were() {
    let [mut ada, mut bo, mut cy, mut mallory] = cast(Role::Owner, Role::Owner, Role::Reviewer);
    mallory.meet(&ada);
    ada.writes(&remove(&bo));
    bo.writes(&set_role(&cy, Role::Guest));
    bo.writes(&set_role(&cy, Role::Owner));
    cy.meet(&bo);
    let removal = cy.writes(&remove(&mallory));
    let late = mallory.writes(&Op::Merge);
    heal(&mut [&mut ada, &mut bo, &mut cy, &mut mallory]);
    assert_eq!(ada.refusal(&removal), None);
    assert_eq!(ada.refusal(&late), Some(&Refusal::Struck(removal.hash())));
    assert_eq!([&cy, &mallory].map(|peer| ada.role(peer)), [Some(Role::Owner), None]);
}
