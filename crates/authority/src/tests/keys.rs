//! Epoch keys: who gets them, when they turn over.

use std::collections::BTreeSet;

use proofroom_ident::{Audience, KexPublic, KeyId, Millis};

use super::world::{Capability, cast, founder, heal, recovery, remove, rotate, wrap};
use crate::op::{Linked, Op};
use crate::{Refusal, Role, Turnover};

const NOW: Millis = Millis(1);

fn key(n: u8) -> KeyId {
    KeyId::from_bytes([n; 16])
}

#[test]
fn readers_are_devices_recovery_keys_and_open_invites_of_roles_that_read() {
    let [mut ada, bo, cy, mallory] = cast(Role::Reviewer, Role::Guest, Role::Relay);
    let (team, all) = (Capability::new(60), Capability::new(61));
    ada.writes(&team.invite(Role::Reviewer, 1));
    ada.writes(&all.invite(Role::Guest, 1));
    let on_team: BTreeSet<KexPublic> =
        [ada.kex(), recovery(ada.id()), bo.kex(), recovery(bo.id()), team.kex()].into();
    assert_eq!(ada.state().readers(Audience::Team, NOW), on_team);
    let mut everyone = on_team;
    everyone.extend([cy.kex(), recovery(cy.id()), all.kex()]);
    assert_eq!(ada.state().readers(Audience::Everyone, NOW), everyone);
    assert!(!everyone.contains(&mallory.kex()), "a relay reads nothing");
}

#[test]
fn concurrent_rotations_both_stay_until_one_links_them() {
    let [mut ada, mut bo, ..] = cast(Role::Producer, Role::Guest, Role::Guest);
    ada.writes(&rotate(Audience::Everyone, 1, [ada.kex(), bo.kex()]));
    bo.writes(&rotate(Audience::Everyone, 2, [bo.kex()]));
    heal(&mut [&mut ada, &mut bo]);
    let unlinked: Vec<KeyId> =
        ada.state().unlinked_epochs(Audience::Everyone).iter().map(|e| e.key).collect();
    assert_eq!(unlinked, [key(2), key(1)], "the higher rank has the last word");
    assert_eq!(ada.state().newest(Audience::Everyone).map(|epoch| epoch.key), Some(key(1)));
    let wraps: Vec<KeyId> = ada.state().wraps_for(bo.kex()).map(|(epoch, _)| epoch.key).collect();
    assert_eq!(wraps, [key(2), key(1)]);
    let previous =
        [1, 2].map(|n| Linked { key: key(n), nonce: proofroom_ident::Nonce::ZERO, sealed: [0; 48] });
    ada.writes(&Op::RotateKey {
        audience: Audience::Everyone,
        key: key(3),
        wraps: [wrap(ada.kex())].into(),
        previous: previous.into(),
    });
    let unlinked: Vec<KeyId> =
        ada.state().unlinked_epochs(Audience::Everyone).iter().map(|e| e.key).collect();
    assert_eq!(unlinked, [key(3)]);
    assert_eq!(ada.state().newest(Audience::Team), None);
}

#[test]
fn a_key_is_shared_with_who_comes_and_turned_over_when_somebody_goes() {
    let mut ada = founder(1);
    let mut bo = ada.brings(2, Role::Reviewer);
    ada.writes(&rotate(Audience::Everyone, 1, ada.state().readers(Audience::Everyone, NOW)));
    let turnover = |peer: &super::world::Peer| {
        let state = peer.state();
        state.turnover(state.newest(Audience::Everyone).expect("rotated"), NOW)
    };
    assert_eq!(turnover(&ada), Turnover::default());
    let door = Capability::new(60);
    ada.writes(&door.invite(Role::Guest, 1));
    assert_eq!(turnover(&ada).missing, [door.kex()].into());
    let share = Op::ShareKey { audience: Audience::Everyone, key: key(1), wraps: [wrap(door.kex())].into() };
    ada.writes(&share);
    assert_eq!(turnover(&ada), Turnover::default());
    let mut cy = ada.stranger(3, 3);
    cy.meet(&ada);
    cy.writes(&cy.accept(&door));
    ada.meet(&cy);
    assert_eq!(turnover(&ada).missing, [cy.kex(), recovery(cy.id())].into());
    assert_eq!(turnover(&ada).strangers, [].into(), "an invite that was used up served its joiner");
    bo.meet(&ada);
    ada.writes(&remove(&bo));
    assert_eq!(turnover(&ada).strangers, [bo.kex(), recovery(bo.id())].into());
}

#[test]
fn a_key_is_made_once_and_shared_only_within_its_audience() {
    let mut ada = founder(1);
    ada.writes(&rotate(Audience::Team, 1, []));
    let again = ada.writes(&rotate(Audience::Everyone, 1, []));
    assert_eq!(ada.refusal(&again), Some(&Refusal::Exists("the epoch key")));
    let elsewhere = Op::ShareKey { audience: Audience::Everyone, key: key(1), wraps: [].into() };
    let shared = ada.writes(&elsewhere);
    assert_eq!(ada.refusal(&shared), Some(&Refusal::NoSuchKey(key(1))));
}

#[test]
fn an_expired_invite_reads_no_further() {
    let mut ada = founder(1);
    let door = Capability::new(60);
    let Op::Invite { id, kex, role, uses, .. } = door.invite(Role::Guest, 9) else { unreachable!() };
    ada.writes(&Op::Invite { id, kex, role, uses, expires: Some(Millis(500)) });
    assert!(ada.state().readers(Audience::Everyone, Millis(500)).contains(&kex));
    assert!(!ada.state().readers(Audience::Everyone, Millis(501)).contains(&kex));
}

#[test]
fn the_key_of_an_invite_is_a_stranger_but_where_it_served_readers() {
    let [mut ada, ..] = cast(Role::Reviewer, Role::Guest, Role::Guest);
    let [to_team, to_all] = [(60, Role::Reviewer, 20), (61, Role::Guest, 21)].map(|(door, role, joiner)| {
        let door = Capability::new(door);
        ada.writes(&door.invite(role, 1));
        let mut new = ada.stranger(joiner, usize::from(joiner));
        new.meet(&ada);
        new.writes(&new.accept(&door));
        ada.meet(&new);
        door
    });
    let open = Capability::new(62);
    ada.writes(&open.invite(Role::Guest, 1));
    let all = [ada.kex(), to_team.kex(), to_all.kex(), open.kex()];
    ada.writes(&rotate(Audience::Team, 1, all));
    let epoch = ada.state().epoch(key(1)).expect("it was rotated");
    let strangers: BTreeSet<_> = ada.state().turnover(epoch, NOW).strangers.into_iter().collect();
    assert_eq!(strangers, [to_all.kex(), open.kex()].into(), "guests do not read the team's");
}
