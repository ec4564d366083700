//! A person's devices: linked, introduced by the recovery phrase, lost.

use proofroom_ident::{Audience, DeviceRecord, Millis};

use super::world::{Capability, DOC, LOG, Peer, cast, heal, nothing, recovery, remove};
use crate::op::Op;
use crate::{Refusal, Role, Standing};

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
