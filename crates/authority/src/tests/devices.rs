//! A person's devices: linked, introduced by the recovery phrase, lost.

use proofroom_ident::{Audience, DeviceRecord, DeviceSecrets, Millis};

use super::world::{Capability, DOC, LOG, Peer, cast, heal, nothing, recovery, remove, rng, up_to};
use crate::op::Op;
use crate::{DEVICES_PER_PERSON_MAX, Refusal, Role, Standing};

fn linked(by: &Peer, new: &Peer) -> Op {
    let record = DeviceRecord::request(new.id(), &new.device, Millis(1)).vouched_by(&by.device.signing);
    Op::AddDevice { device: record, recovery: None }
}

#[test]
fn a_device_of_the_same_person_links_another() {
    let [mut ada, mut bo, ..] = cast(Role::Reviewer, Role::Guest, Role::Guest);
    let mut tablet = bo.stranger(2, 12);
    let added = bo.writes(&linked(&bo, &tablet));
    tablet.meet(&bo);
    ada.meet(&bo);
    assert_eq!(ada.refusal(&added), None);
    assert_eq!(ada.state().actor(tablet.signer()), Some((bo.id(), Role::Reviewer)));
    assert!(ada.state().readers(Audience::Team, Millis(1)).contains(&tablet.kex()));
    assert!(ada.stands(&tablet, (DOC, LOG, 1), ada.view.heads()[0]) != Standing::NotMember);
    let own = tablet.writes(&Op::Merge);
    assert_eq!(tablet.refusal(&own), None);
}

#[test]
fn the_recovery_phrase_lets_a_new_device_introduce_itself() {
    let [mut ada, bo, ..] = cast(Role::Reviewer, Role::Guest, Role::Guest);
    let mut restored = ada.stranger(2, 12);
    restored.meet(&ada);
    let op = Op::AddDevice { device: restored.record(), recovery: Some(recovery(bo.id())) };
    let added = restored.writes(&op);
    ada.meet(&restored);
    assert_eq!(ada.refusal(&added), None);
    assert_eq!(ada.state().actor(restored.signer()), Some((bo.id(), Role::Reviewer)));
}

#[test]
fn nobody_links_a_device_to_somebody_else() {
    let [ada, bo, _, mut mallory] = cast(Role::Reviewer, Role::Guest, Role::Producer);
    // mallory's device vouches for a device that claims to be bo's.
    let fake = ada.stranger(2, 12);
    let forged = mallory.writes(&linked(&mallory, &fake));
    assert_eq!(mallory.refusal(&forged), Some(&Refusal::Voucher(fake.signer())));
    // Nor does mallory's own key vouch for itself as bo.
    let record = DeviceRecord::request(bo.id(), &fake.device, Millis(1)).vouched_by(&fake.device.signing);
    let mut fake = fake;
    fake.meet(&mallory);
    let forged = fake.writes(&Op::AddDevice { device: record, recovery: None });
    assert_eq!(fake.refusal(&forged), Some(&Refusal::Voucher(fake.signer())));
}

#[test]
fn a_stranger_with_a_phrase_of_their_own_does_not_get_in() {
    let [ada, ..] = cast(Role::Reviewer, Role::Guest, Role::Guest);
    let mut zed = ada.stranger(9, 9);
    zed.meet(&ada);
    let added = zed.writes(&Op::AddDevice { device: zed.record(), recovery: None });
    assert_eq!(zed.refusal(&added), Some(&Refusal::NoSuchMember(zed.id())));
}

#[test]
fn a_lost_device_is_removed_and_its_late_work_is_held_back() {
    let [mut ada, mut bo, ..] = cast(Role::Reviewer, Role::Guest, Role::Guest);
    let mut tablet = bo.stranger(2, 12);
    let knew = bo.writes(&linked(&bo, &tablet)).hash();
    tablet.meet(&bo);
    let removal = bo.writes(&Op::RemoveDevice { signer: tablet.signer(), cut: nothing() }).hash();
    // The thief links a device of their own, unheard.
    let theirs = tablet.stranger(2, 13);
    let stolen = tablet.writes(&linked(&tablet, &theirs));
    heal(&mut [&mut ada, &mut bo, &mut tablet]);
    let person = bo.id();
    assert_eq!(ada.stands(&tablet, (DOC, LOG, 1), knew), Standing::HeldBack { person, removal });
    assert_eq!(
        ada.stands(&bo, (DOC, LOG, 1), knew),
        Standing::Member { person, role: Role::Reviewer },
        "the person's other devices go on"
    );
    assert_eq!(ada.refusal(&stolen), Some(&Refusal::Struck(removal)));
    assert!(ada.state().device(theirs.signer()).is_none());
    assert!(!ada.state().readers(Audience::Everyone, Millis(1)).contains(&tablet.kex()));
}

#[test]
fn a_removed_device_does_not_come_back_by_its_old_voucher() {
    let [mut ada, mut bo, ..] = cast(Role::Reviewer, Role::Guest, Role::Guest);
    let mut restored = ada.stranger(2, 12);
    restored.meet(&ada);
    let op = Op::AddDevice { device: restored.record(), recovery: None };
    restored.writes(&op);
    bo.meet(&restored);
    let removal = bo.writes(&Op::RemoveDevice { signer: restored.signer(), cut: nothing() }).hash();
    restored.meet(&bo);
    let again = restored.writes(&op);
    assert_eq!(restored.refusal(&again), Some(&Refusal::Barred(removal)));
    // Not even through an invite that was meant for somebody else.
    let door = Capability::new(60);
    ada.meet(&restored);
    ada.writes(&door.invite(Role::Guest, 9));
    restored.meet(&ada);
    let joined = restored.writes(&restored.accept(&door));
    assert_eq!(restored.refusal(&joined), Some(&Refusal::Barred(removal)));
    // bo found it again, and takes it back.
    bo.meet(&restored);
    let back = bo.writes(&op);
    assert_eq!(bo.refusal(&back), None);
    assert!(bo.state().device(restored.signer()).is_some_and(|device| device.is_active()));
}

#[test]
fn a_device_belongs_to_one_person() {
    let [mut ada, bo, _, mut mallory] = cast(Role::Reviewer, Role::Guest, Role::Guest);
    let mut claimed = mallory.stranger(4, 4);
    claimed.device.signing = bo.device.signing.clone();
    let taken = mallory.writes(&linked(&mallory, &claimed));
    ada.meet(&mallory);
    assert_eq!(ada.refusal(&taken), Some(&Refusal::Exists("the device")));
    assert_eq!(ada.state().actor(bo.signer()), Some((bo.id(), Role::Reviewer)));
}

#[test]
fn the_recovery_key_of_a_linked_device_does_not_replace_the_persons() {
    let [mut ada, mut bo, ..] = cast(Role::Reviewer, Role::Guest, Role::Guest);
    let tablet = bo.stranger(2, 12);
    let Op::AddDevice { device, .. } = linked(&bo, &tablet) else { unreachable!() };
    bo.writes(&Op::AddDevice { device, recovery: Some(recovery(ada.id())) });
    ada.meet(&bo);
    assert_eq!(ada.state().member(bo.id()).and_then(|m| m.recovery), Some(recovery(bo.id())));
    ada.writes(&remove(&bo));
    assert!(!ada.state().readers(Audience::Everyone, Millis(1)).contains(&recovery(bo.id())));
}

#[test]
fn a_device_that_was_taken_back_by_a_removed_one_is_not_here() {
    let [mut ada, mut bo, ..] = cast(Role::Reviewer, Role::Guest, Role::Guest);
    let mut tablet = bo.stranger(2, 12);
    bo.writes(&linked(&bo, &tablet));
    tablet.meet(&bo);
    bo.writes(&Op::RemoveDevice { signer: tablet.signer(), cut: nothing() });
    ada.meet(&bo);
    let again = bo.writes(&linked(&bo, &tablet));
    tablet.meet(&bo);
    let own = tablet.writes(&Op::Merge);
    assert_eq!((bo.refusal(&again), tablet.refusal(&own)), (None, None));
    let removal = ada.writes(&Op::RemoveDevice { signer: bo.signer(), cut: nothing() });
    heal(&mut [&mut ada, &mut bo, &mut tablet]);
    assert_eq!(ada.refusal(&again), Some(&Refusal::Struck(removal.hash())));
    assert_eq!(ada.refusal(&own), Some(&Refusal::Ungrounded(tablet.signer())));
}

#[test]
fn a_device_is_not_added_twice_and_a_person_has_so_many() {
    let [ada, mut bo, ..] = cast(Role::Reviewer, Role::Guest, Role::Guest);
    let mut tablet = bo.stranger(2, 12);
    bo.writes(&linked(&bo, &tablet));
    let twice = bo.writes(&linked(&bo, &tablet));
    assert_eq!(bo.refusal(&twice), Some(&Refusal::Exists("the device")));
    let mut rng = rng(77);
    for n in 3..=DEVICES_PER_PERSON_MAX + 1 {
        tablet.device = DeviceSecrets::generate(&mut rng);
        let added = bo.writes(&linked(&bo, &tablet));
        let full = Refusal::TooManyDevices(DEVICES_PER_PERSON_MAX);
        assert_eq!(bo.refusal(&added), (n > DEVICES_PER_PERSON_MAX).then_some(&full), "{n}");
    }
    assert_eq!(bo.state().devices_of(bo.id()).count(), DEVICES_PER_PERSON_MAX);
    assert_eq!(bo.state().devices_of(ada.id()).count(), 1);
}

#[test]
fn the_key_of_a_recovery_phrase_stays_until_its_person_names_another() {
    let [mut ada, mut bo, ..] = cast(Role::Reviewer, Role::Guest, Role::Guest);
    let key = |ada: &Peer, bo: &Peer| ada.state().member(bo.id()).and_then(|member| member.recovery);
    let accept = |bo: &Peer, door: &Capability, recovery| {
        let Op::Accept { invite, device, proof, .. } = bo.accept(door) else { unreachable!("an acceptance") };
        Op::Accept { invite, device, recovery, proof }
    };
    let [first, second, third] = [recovery(bo.id()), recovery(ada.id()), Capability::new(70).kex()].map(Some);
    assert_eq!(key(&ada, &bo), first);
    let mut restored = ada.stranger(2, 12);
    restored.meet(&ada);
    restored.writes(&Op::AddDevice { device: restored.record(), recovery: second });
    ada.meet(&restored);
    assert_eq!(key(&ada, &bo), second, "by the person's own key");
    let [again, back] = [60, 61].map(Capability::new);
    ada.writes(&again.invite(Role::Reviewer, 1));
    let mut laptop = ada.stranger(2, 13);
    laptop.meet(&ada);
    laptop.writes(&accept(&laptop, &again, third));
    ada.meet(&laptop);
    assert_eq!(key(&ada, &bo), third, "by an invite that a member uses as well");
    ada.writes(&Op::Remove { person: bo.id(), cut: up_to(DOC, LOG, 7) });
    let knew = laptop.head();
    ada.writes(&back.invite(Role::Guest, 1));
    bo.meet(&ada);
    bo.writes(&accept(&bo, &back, None));
    ada.meet(&bo);
    assert_eq!((ada.role(&bo), key(&ada, &bo)), (Some(Role::Guest), third), "who comes back has it still");
    let before = Standing::Member { person: bo.id(), role: Role::Reviewer };
    assert_eq!(ada.stands(&bo, (DOC, LOG, 7), knew), before, "and what they were");
}

#[test]
fn the_last_owner_keeps_one_device_and_nobody_else_has_to() {
    let [mut ada, bo, ..] = cast(Role::Reviewer, Role::Guest, Role::Guest);
    let tablet = ada.stranger(1, 12);
    ada.writes(&linked(&ada, &tablet));
    let away = |of: &Peer| Op::RemoveDevice { signer: of.signer(), cut: nothing() };
    let [one, other] = [&bo, &tablet].map(|of| ada.writes(&away(of)));
    assert_eq!((ada.refusal(&one), ada.refusal(&other)), (None, None));
    assert_eq!(ada.view.may(ada.signer(), &away(&ada), Millis(1)), Err(Refusal::LastOwner));
}

#[test]
fn a_lost_device_takes_along_the_invites_that_it_made_and_no_others() {
    let [mut ada, mut bo, ..] = cast(Role::Reviewer, Role::Guest, Role::Guest);
    let mut tablet = bo.stranger(2, 12);
    bo.writes(&linked(&bo, &tablet));
    tablet.meet(&bo);
    let [by_phone, by_tablet] = [60, 61].map(Capability::new);
    bo.writes(&by_phone.invite(Role::Guest, 1));
    tablet.writes(&by_tablet.invite(Role::Guest, 1));
    ada.meet(&bo);
    ada.meet(&tablet);
    let removal = ada.writes(&Op::RemoveDevice { signer: tablet.signer(), cut: nothing() }).hash();
    let closed = [by_phone, by_tablet].map(|door| ada.state().invite(door.id()).expect("it was made").closed);
    assert_eq!(closed, [None, Some(removal)]);
}

#[test]
fn who_has_not_heard_of_a_higher_role_acts_in_the_one_they_know() {
    let [mut ada, bo, ..] = cast(Role::Guest, Role::Guest, Role::Guest);
    let (knew, door) = (ada.head(), Capability::new(60));
    ada.writes(&door.invite(Role::Reviewer, 1));
    let mut laptop = ada.stranger(2, 13);
    laptop.meet(&ada);
    laptop.writes(&laptop.accept(&door));
    ada.meet(&laptop);
    assert_eq!(ada.role(&bo), Some(Role::Reviewer));
    let as_role = |role| Standing::Member { person: bo.id(), role };
    assert_eq!(ada.stands(&bo, (DOC, LOG, 1), knew), as_role(Role::Guest));
    assert_eq!(ada.stands(&bo, (DOC, LOG, 1), ada.head()), as_role(Role::Reviewer));
    assert_eq!(ada.stands(&laptop, (DOC, LOG, 1), knew), Standing::NotMember, "nor of a device");
}

/// A record of a device says who vouches for it, not that they have its key.
#[test]
fn a_key_that_somebody_else_named_is_its_holders() {
    let [mut ada, mut bo, _, mut mallory] = cast(Role::Guest, Role::Guest, Role::Guest);
    mallory.meet(&ada);
    let early = mallory.view.parents();
    let door = Capability::new(60);
    ada.writes(&door.invite(Role::Producer, 1));
    let mut zed = ada.stranger(9, 9);
    zed.meet(&ada);
    let joined = zed.writes(&zed.accept(&door));
    let record =
        DeviceRecord::request(mallory.id(), &zed.device, Millis(1)).vouched_by(&mallory.device.signing);
    mallory.writes_on(&early, &Op::AddDevice { device: record, recovery: None }, 1);
    heal(&mut [&mut ada, &mut bo, &mut zed, &mut mallory]);
    assert_eq!(ada.refusal(&joined), None);
    assert_eq!(ada.state().actor(zed.signer()), Some((zed.id(), Role::Producer)));
    assert!(ada.state().devices_of(mallory.id()).all(|(signer, _)| signer != zed.signer()));
}
