//! What is taken into the log, what waits, what is turned away.

use proofroom_ident::{DeviceRecord, EntryHash, Millis, WorkspaceId};

use super::world::{Capability, Peer, cast, founder, remove, set_role};
use crate::authority::PARTING_MAX;
use crate::op::Op;
use crate::{Authority, AuthorityError, Inserted, Refusal, Role};

#[test]
fn entries_wait_for_their_parents_and_come_in_with_them() {
    let [mut ada, ..] = cast(Role::Guest, Role::Guest, Role::Guest);
    ada.writes(&Op::Merge);
    let mut entries: Vec<_> = ada.entries.values().cloned().collect();
    entries.sort_by_key(|entry| entry.hash().as_bytes()[31]);
    let genesis = EntryHash::from_bytes(*ada.view.workspace().as_bytes());
    let mut late = Authority::new(ada.view.workspace());
    for entry in entries.iter().filter(|entry| entry.hash() != genesis) {
        assert_eq!(late.insert(entry), Ok(Inserted::Waiting));
        assert_eq!(late.insert(entry), Ok(Inserted::Known));
    }
    assert_eq!((late.waiting(), late.heads().len()), (entries.len() - 1, 0));
    assert_eq!(late.missing().collect::<Vec<_>>(), [genesis]);
    assert_eq!(late.insert(&ada.entries[&genesis]), Ok(Inserted::New));
    assert_eq!((late.waiting(), late.heads()), (0, ada.view.heads()));
    assert_eq!(late.state(), ada.state());
    assert_eq!(late.insert(&ada.entries[&genesis]), Ok(Inserted::Known));
}

#[test]
fn an_entry_of_another_workspace_is_turned_away() {
    let (ada, bo) = (founder(1), founder(2));
    let mut view = Authority::new(ada.view.workspace());
    for entry in bo.entries.values() {
        assert!(matches!(view.insert(entry), Err(AuthorityError::Workspace { .. })));
    }
    assert_eq!(view.workspace(), ada.view.workspace());
    assert_ne!(view.workspace(), WorkspaceId::ZERO);
}

#[test]
fn malformed_entries_are_turned_away() {
    let mut ada = founder(1);
    let bo = ada.stranger(2, 2);
    let forged = DeviceRecord { person: bo.id(), ..ada.record() };
    let elsewhere = EntryHash::from_bytes([1; 32]);
    let head = ada.view.parents();
    let mut log = ada.new_log();
    let entry = ada.write_in(&mut log, &head, &Op::AddDevice { device: forged, recovery: None }, 1);
    assert!(matches!(ada.view.insert(&entry), Err(AuthorityError::Signature { .. })));
    let genesis = Op::Genesis { device: ada.record(), recovery: None, nonce: [0; 32] };
    let entry = ada.write_in(&mut log, &head, &genesis, 1);
    assert!(matches!(ada.view.insert(&entry), Err(AuthorityError::Form { .. })));
    let mut stranger = ada.clone();
    let payload = Op::Merge.encode(&head);
    let entry = stranger.write_raw(elsewhere, &payload);
    assert!(matches!(ada.view.insert(&entry), Err(AuthorityError::Form { .. })));
    let entry = stranger.write_raw(head[0], &payload[..payload.len() - 1]);
    assert!(matches!(ada.view.insert(&entry), Err(AuthorityError::Decode { .. })));
    assert_eq!(ada.view.heads(), head, "none of them is in the log");
}

#[test]
fn an_entry_that_does_not_stand_on_its_own_log_has_no_effect() {
    let [mut ada, mut bo, ..] = cast(Role::Producer, Role::Reviewer, Role::Guest);
    let early = bo.view.parents();
    let mut log = bo.new_log();
    let first = bo.write_in(&mut log, &early, &Op::Merge, 1);
    let second = bo.write_in(&mut log, &early, &Op::Merge, 1);
    for entry in [&first, &second] {
        ada.hear(entry);
    }
    assert_eq!(ada.refusal(&first), None);
    assert_eq!(ada.refusal(&second), Some(&Refusal::OwnLog(first.hash())));
}

#[test]
fn the_past_is_known_and_nothing_else() {
    let [mut ada, mut bo, ..] = cast(Role::Producer, Role::Reviewer, Role::Guest);
    let before = ada.head();
    let by_ada = ada.writes(&Op::Merge).hash();
    let by_bo = bo.writes(&Op::Merge).hash();
    ada.meet(&bo);
    let both = ada.writes(&Op::Merge).hash();
    let unknown = EntryHash::from_bytes([5; 32]);
    for (ancestor, of, wanted) in [
        (before, by_ada, true),
        (by_ada, by_ada, true),
        (by_ada, before, false),
        (by_ada, by_bo, false),
        (by_bo, both, true),
        (before, both, true),
        (unknown, both, false),
        (both, unknown, false),
    ] {
        assert_eq!(ada.view.is_past(ancestor, of), wanted, "{ancestor:?} before {of:?}");
    }
    assert_eq!(ada.view.heads(), [both]);
}

#[test]
fn the_state_at_an_entry_is_what_its_author_knew() {
    let [mut ada, bo, ..] = cast(Role::Producer, Role::Reviewer, Role::Guest);
    let lowered = ada.writes(&set_role(&bo, Role::Guest)).hash();
    let removed = ada.writes(&remove(&bo)).hash();
    let role = |at| ada.view.state_at(at).expect("known").role(bo.id());
    assert_eq!((role(lowered), role(removed)), (Some(Role::Guest), None));
    assert_eq!(ada.view.state_at(EntryHash::ZERO), None);
    assert_eq!(ada.view.refused().count(), 0);
    assert_eq!(ada.view.op(removed), Some(&remove(&bo)));
}

#[test]
fn nobody_outside_writes_anything() {
    let [ada, ..] = cast(Role::Producer, Role::Reviewer, Role::Guest);
    let mut zed = ada.stranger(9, 9);
    zed.meet(&ada);
    for op in [Op::Merge, Capability::new(60).invite(Role::Guest, 1), remove(&ada)] {
        let entry = zed.writes(&op);
        let refusal = Refusal::NotMember(zed.signer());
        assert_eq!(zed.refusal(&entry), Some(&refusal));
        assert!(zed.view.refused().any(|refused| refused == (entry.hash(), &refusal)));
        assert_eq!(ada.view.may(zed.signer(), &op, Millis(1)), Err(Refusal::NotMember(zed.signer())));
    }
}

#[test]
fn somebody_who_was_removed_is_shown_what_they_may_not_know_and_no_more() {
    let [mut ada, bo, mut cy, _] = cast(Role::Producer, Role::Reviewer, Role::Guest);
    let joined = ada.state().device(bo.signer()).expect("bo is here").added_by;
    let before = ada.writes(&Op::Merge).hash();
    let aside = cy.writes(&Op::Merge);
    let removal = ada.writes(&remove(&bo)).hash();
    ada.hear(&aside);
    let after = ada.writes(&Op::Merge).hash();
    let shown: Vec<_> = ada.view.parting(bo.signer()).into_iter().map(|(.., hash)| hash).collect();
    assert!(shown.ends_with(&[before, removal]), "parents first: {shown:?}");
    assert!(shown.iter().all(|hash| !ada.view.is_past(*hash, joined)), "bo knows these: {shown:?}");
    assert!(!shown.contains(&aside.hash()) && !shown.contains(&after), "the removal does not stand on these");
    let mut late = Authority::new(ada.view.workspace());
    let known = ada.entries.values().filter(|entry| ada.view.is_past(entry.hash(), joined));
    for entry in known.chain(shown.iter().map(|hash| &ada.entries[hash])) {
        late.insert(entry).expect("of this workspace");
    }
    assert_eq!((late.waiting(), late.state().role(bo.id())), (0, None), "bo knows now");
    assert_eq!(ada.view.parting(ada.signer()), [], "ada is a member");
    assert_eq!(ada.view.parting(ada.stranger(9, 9).signer()), [], "nobody knows them");
}

#[test]
fn somebody_who_was_removed_long_ago_is_shown_nothing() {
    let [mut ada, bo, ..] = cast(Role::Producer, Role::Reviewer, Role::Guest);
    let shown = |ada: &Peer| {
        let mut after = ada.clone();
        after.writes(&remove(&bo));
        after.view.parting(bo.signer()).len()
    };
    let least = shown(&ada);
    (least..PARTING_MAX).for_each(|_| _ = ada.writes(&Op::Merge));
    assert_eq!(shown(&ada), PARTING_MAX);
    ada.writes(&Op::Merge);
    assert_eq!(shown(&ada), 0, "it would be more than {PARTING_MAX}");
}

#[test]
fn what_somebody_knew_of_their_role_does_not_change() {
    let [mut ada, bo, ..] = cast(Role::Producer, Role::Reviewer, Role::Guest);
    let before = ada.view.heads()[0];
    let removal = ada.writes(&remove(&bo)).hash();
    assert_eq!(ada.view.knew_role(bo.signer(), before), Some(Role::Producer));
    assert_eq!(ada.view.knew_role(bo.signer(), removal), None);
    assert_eq!(ada.view.knew_role(bo.signer(), EntryHash::ZERO), None);
}
