//! Whatever the order of arrival, whoever was cut off from whom: the same set
//! of entries is the same membership.

use std::sync::Arc;

use proofroom_entry::Verified;
use proofroom_ident::{Audience, DeviceRecord, DocId, EntryHash, Millis};
use proptest::prelude::*;
use proptest::sample::Index;

use super::world::{Capability, Peer, cast, heal, nothing, remove, rng, rotate, set_role};
use crate::evaluate::strikes;
use crate::graph::Ix;
use crate::op::{Cut, Op};
use crate::{Authority, Role, State};

/// One thing that one peer does.
#[derive(Clone, Debug)]
pub struct Deed {
    who: Index,
    whom: Index,
    kind: u8,
    detail: u8,
    on: Option<Index>,
}

pub fn deeds(n: usize) -> impl Strategy<Value = Vec<Deed>> {
    let on = proptest::option::weighted(0.2, any::<Index>());
    let deed = (any::<Index>(), any::<Index>(), 0..18_u8, any::<u8>(), on);
    let deed = deed.prop_map(|(who, whom, kind, detail, on)| Deed { who, whom, kind, detail, on });
    prop::collection::vec(deed, 1..n)
}

/// Four members and four devices that may get in: two of members, two of strangers.
pub fn peers() -> Vec<Peer> {
    let mut peers: Vec<Peer> = cast(Role::Owner, Role::Producer, Role::Reviewer).into();
    let [ada, bo, ..] = &peers[..] else { unreachable!() };
    let mut more = vec![ada.stranger(1, 11), bo.stranger(2, 12), ada.stranger(8, 8), ada.stranger(9, 9)];
    for peer in &mut more {
        peer.meet(ada);
    }
    peers.extend(more);
    for n in 1..4 {
        let ada = peers[0].clone();
        peers[n].meet(&ada);
    }
    peers
}

/// `doors` tells apart whose invites somebody holds the secrets of.
fn op((kind, detail): (u8, u8), doors: u8, who: &Peer, whom: &Peer) -> Op {
    let role = Role::ALL[usize::from(detail) % 5];
    let door = Capability::new(doors + detail % 4);
    match kind {
        4 | 5 => set_role(whom, role),
        6 | 7 => remove(whom),
        8 => Op::RemoveDevice { signer: whom.signer(), cut: nothing() },
        9 | 10 => door.invite(role, 1 + u32::from(detail) % 2),
        11 | 12 => who.accept(&door),
        13 => Op::RevokeInvite { id: door.id() },
        14 => rotate(Audience::Everyone, detail % 8, [whom.kex()]),
        15 => {
            let record = DeviceRecord::request(whom.id(), &whom.device, Millis(1));
            Op::AddDevice { device: record.vouched_by(&who.device.signing), recovery: None }
        }
        16 => Op::AddDevice { device: who.record(), recovery: None },
        17 => extension(detail, who).unwrap_or(Op::Merge),
        _ => Op::Merge,
    }
}

/// Adopts everything known of the logs of one removal's concurrents.
fn extension(detail: u8, who: &Peer) -> Option<Op> {
    let removals: Vec<EntryHash> =
        who.entries.keys().copied().filter(|hash| who.view.op(*hash).is_some_and(strikes)).collect();
    let removal = *removals.get(usize::from(detail) % removals.len().max(1))?;
    let others = who.entries.values().filter(|entry| !who.view.is_past(entry.hash(), removal));
    let mut cut = Cut::new();
    for entry in others {
        let last = cut.entry((DocId::AUTHORITY, entry.header().log)).or_insert((0, EntryHash::ZERO));
        *last = (*last).max((entry.header().seq, entry.hash()));
    }
    Some(Op::ExtendCut { removal, cut: Arc::new(cut) })
}

pub fn act(deeds: &[Deed], peers: &mut [Peer]) {
    for deed in deeds {
        let (who, whom) = (deed.who.index(peers.len()), deed.whom.index(peers.len()));
        let other = peers[whom].clone();
        if deed.kind < 4 {
            peers[who].meet(&other);
            continue;
        }
        let op = op((deed.kind, deed.detail), 60, &peers[who], &other);
        match &deed.on {
            None => peers[who].writes(&op),
            Some(on) => {
                let known: Vec<EntryHash> = peers[who].entries.keys().copied().collect();
                peers[who].writes_on(&[known[on.index(known.len())]], &op, 1)
            }
        };
    }
}

pub fn all_entries(peers: &[Peer]) -> Vec<Verified> {
    let mut all: Vec<Verified> = peers.iter().flat_map(|peer| peer.entries.values().cloned()).collect();
    all.sort_by_key(Verified::hash);
    all.dedup_by_key(|entry| entry.hash());
    all
}

fn shuffled(entries: &[Verified], seed: u64) -> Vec<Verified> {
    use rand_core::Rng as _;
    let mut rng = rng(seed);
    let mut keyed: Vec<(u64, Verified)> = entries.iter().map(|e| (rng.next_u64(), e.clone())).collect();
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, entry)| entry).collect()
}

pub fn delivered(entries: &[Verified]) -> Authority {
    let mut view = Authority::new(entries[0].workspace());
    for entry in entries {
        view.insert(entry).expect("peers write well-formed entries");
    }
    assert_eq!(view.waiting(), 0);
    view
}

/// What must hold of any state.
fn check_sane(view: &Authority, entries: &[Verified]) {
    let state = view.state();
    let owners = state.members().filter(|(_, m)| m.is_active() && m.role == Role::Owner).count();
    assert!(owners >= 1, "a workspace keeps an owner");
    assert_eq!(owners, state.owners as usize);
    for (id, invite) in state.invites() {
        let used = entries.iter().filter(|entry| {
            let accepts = matches!(view.op(entry.hash()), Some(Op::Accept { invite, .. }) if *invite == id);
            accepts && state.refusal(entry.hash()).is_none()
        });
        assert_eq!(used.count(), (invite.uses - invite.uses_left) as usize, "uses of an invite add up");
    }
    for (signer, device) in state.devices() {
        let member = state.member(device.person).expect("a device has a person");
        assert!(member.is_active() || !device.is_active(), "{signer:?} outlives its person's membership");
    }
}

/// Members, devices, invites and keys, without the entries that had no effect.
fn effective(state: &State) -> State {
    State { refused: crate::state::PMap::new_sync(), ..state.clone() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn every_order_of_arrival_gives_the_same_membership(deeds in deeds(60), seed in any::<u64>()) {
        let mut peers = peers();
        act(&deeds, &mut peers);
        let entries = all_entries(&peers);
        let view = delivered(&shuffled(&entries, seed));
        check_sane(&view, &entries);
        for n in 1..4 {
            let other = delivered(&shuffled(&entries, seed.wrapping_add(n)));
            prop_assert_eq!(other.state(), view.state());
            for entry in &entries {
                prop_assert_eq!(other.state_at(entry.hash()), view.state_at(entry.hash()));
            }
        }
        heal(&mut peers.iter_mut().collect::<Vec<_>>());
        prop_assert_eq!(peers[0].state(), view.state());
    }

    #[test]
    fn starting_from_a_gate_equals_starting_from_the_genesis(deeds in deeds(60)) {
        let mut peers = peers();
        act(&deeds, &mut peers);
        let entries = all_entries(&peers);
        let view = delivered(&entries);
        let log = &view.log;
        let genesis = log.graph.find(EntryHash::from_bytes(*view.workspace().as_bytes())).expect("held");
        let heads: Vec<Ix> = view.heads().iter().filter_map(|head| log.graph.find(*head)).collect();
        if heads != [genesis] {
            prop_assert_eq!(&log.evaluate_from(genesis, &heads), view.state());
        }
        for ix in (0..entries.len()).filter(|ix| *ix != genesis) {
            prop_assert_eq!(&log.evaluate_from(genesis, &[ix]), &log.fact(ix).after);
        }
    }

    #[test]
    fn a_merge_of_all_heads_changes_nothing(deeds in deeds(40)) {
        let mut peers = peers();
        act(&deeds, &mut peers);
        let mut ada = peers[0].clone();
        for peer in &peers {
            ada.meet(peer);
        }
        let before = ada.state().clone();
        let merge = ada.writes(&Op::Merge);
        let after = ada.view.state_at(merge.hash()).expect("held");
        prop_assert_eq!(effective(after), effective(&before));
    }

    #[test]
    fn a_removed_member_gains_nothing_by_backdating(
        before in deeds(30),
        after in prop::collection::vec((4..18_u8, any::<Index>(), any::<u8>(), any::<Index>()), 1..25),
    ) {
        // ada is the only owner, so that nobody else's word is stronger than hers.
        let [ada, bo, cy, mallory] = cast(Role::Reviewer, Role::Reviewer, Role::Producer);
        let mut peers = vec![ada, bo, cy, mallory];
        let tame = |deed: &&Deed| !(6..=8).contains(&deed.kind) && deed.kind != 17 && deed.on.is_none();
        let before: Vec<Deed> = before.iter().filter(tame).cloned().collect();
        act(&before, &mut peers);
        heal(&mut peers.iter_mut().collect::<Vec<_>>());
        peers[0].writes(&Op::Merge);
        let removed = peers[3].clone();
        prop_assume!(peers[0].view.may(peers[0].signer(), &remove(&removed), Millis(1)).is_ok());
        prop_assume!(peers[0].role(&removed) != Some(Role::Owner));
        peers[0].writes(&remove(&removed));
        let honest = effective(peers[0].state());
        // mallory and two puppets, who know everything, write on whatever they like.
        let mut gang = vec![removed, peers[0].stranger(8, 8), peers[0].stranger(9, 9)];
        for (kind, whom, detail, on) in &after {
            let whom = peers[whom.index(4)].clone();
            let who = usize::from(*detail) % 3;
            let others = gang.clone();
            for other in &others {
                gang[who].meet(other);
            }
            let op = op((*kind, *detail), 70, &gang[who], &whom);
            let known: Vec<EntryHash> = gang[who].entries.keys().copied().collect();
            gang[who].writes_on(&[known[on.index(known.len())]], &op, 1);
        }
        for member in &gang {
            peers[0].meet(member);
        }
        prop_assert_eq!(effective(peers[0].state()), honest);
    }
}
