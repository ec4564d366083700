//! What an evaluation costs, counted rather than timed: effects applied and
//! steps taken through the graph.

use std::cell::Cell;

use proofroom_entry::Verified;
use proofroom_ident::{Audience, InviteId, KexPublic, KeyId};

use super::world::{Capability, Peer, cast, remove, rotate, set_role, wrap};
use crate::op::Op;
use crate::{Authority, Role};

thread_local! {
    static WORK: Cell<u64> = const { Cell::new(0) };
}

pub fn count() {
    WORK.set(WORK.get() + 1);
}

fn work(entries: &[Verified]) -> u64 {
    let mut view = Authority::new(entries[0].workspace());
    WORK.set(0);
    for entry in entries {
        view.insert(entry).unwrap();
        view.state();
    }
    assert_eq!(view.refused().count(), 0);
    WORK.get()
}

fn numbered(n: usize) -> [u8; 32] {
    let mut out = [1; 32];
    out[..8].copy_from_slice(&(n as u64).to_le_bytes());
    out
}

fn op(n: usize, bo: &Peer) -> Op {
    let id = |n| InviteId::from_bytes(numbered(n));
    let everyone = Audience::Everyone;
    let mut key = [0; 16];
    key.copy_from_slice(&numbered(n - n % 8)[..16]);
    let key = KeyId::from_bytes(key);
    match n % 8 {
        0 => {
            let Op::RotateKey { wraps, previous, .. } = rotate(everyone, 0, [bo.kex()]) else {
                unreachable!()
            };
            Op::RotateKey { audience: everyone, key, wraps, previous }
        }
        1 => {
            Op::ShareKey { audience: everyone, key, wraps: [wrap(KexPublic::from_bytes(numbered(n)))].into() }
        }
        2 => Op::Invite { id: id(n), kex: bo.kex(), role: Role::Guest, uses: 3, expires: None },
        3 => Op::RevokeInvite { id: id(n - 1) },
        4 => Op::Invite { id: id(n), kex: bo.kex(), role: Role::Guest, uses: 3, expires: None },
        5 => set_role(bo, Role::Reviewer),
        6 => set_role(bo, Role::Producer),
        _ => Op::Merge,
    }
}

/// ada writes a chain of `n` operations of all kinds; the entries in their order.
fn chain(n: usize) -> Vec<Verified> {
    let [mut ada, mut bo, ..] = cast(Role::Producer, Role::Guest, Role::Guest);
    let mut entries: Vec<Verified> = ada.entries.values().cloned().collect();
    entries.sort_by_key(|entry| ada.view.log.graph.find(entry.hash()));
    for n in 0..n {
        let entry = if n % 8 == 7 { bo.writes(&op(n, &bo)) } else { ada.writes(&op(n, &bo)) };
        ada.hear(&entry);
        bo.hear(&entry);
        entries.push(entry);
    }
    entries
}

#[test]
fn a_chain_of_operations_costs_one_effect_and_a_few_steps_each() {
    let entries = chain(1_000);
    let (half, whole) = (work(&entries[..500]), work(&entries));
    assert!(whole < 6 * 1_000, "{whole} steps for 1,000 entries");
    assert!(whole * 10 < half * 22, "{half} steps for 500 entries, {whole} for 1,000");
}

#[test]
fn two_long_branches_cost_their_length_once_they_meet() {
    let meet = |n: usize| {
        let [mut ada, mut bo, ..] = cast(Role::Producer, Role::Guest, Role::Guest);
        for _ in 0..n {
            ada.writes(&Op::Merge);
            bo.writes(&Op::Merge);
        }
        ada.meet(&bo);
        WORK.set(0);
        ada.state();
        for _ in 0..n {
            ada.writes(&Op::Merge);
            ada.state();
        }
        WORK.get()
    };
    let (half, whole) = (meet(100), meet(200));
    assert!(whole * 10 < half * 25, "{half} steps for branches of 100, {whole} for 200");
}

#[test]
fn a_puppets_many_void_removals_do_not_multiply_the_work() {
    let storm = |n: usize| {
        let [mut ada, _, _, mut mallory] = cast(Role::Guest, Role::Guest, Role::Owner);
        let early = mallory.head();
        ada.writes(&remove(&mallory));
        let door = Capability::new(50);
        let opened = mallory.writes_on(&[early], &door.invite(Role::Producer, 1), 1);
        let mut puppet = mallory.stranger(9, 9);
        puppet.meet(&mallory);
        let joined = puppet.writes_on(&[opened.hash()], &puppet.accept(&door), 1);
        for _ in 0..n {
            puppet.writes_on(&[joined.hash()], &set_role(&puppet, Role::Guest), 1);
        }
        ada.meet(&puppet);
        WORK.set(0);
        assert_eq!(ada.state().refused().count(), n + 2);
        WORK.get()
    };
    let (half, whole) = (storm(40), storm(80));
    assert!(whole * 10 < half * 25, "{half} steps for 40 removals, {whole} for 80");
}
