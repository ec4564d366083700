use proofroom_authority::Role;
use proofroom_ident::Audience;
use proofroom_review::Decision;
use proptest::prelude::*;

use crate::world::{Peer, all_see_the_same, entries_of, meet};

#[test]
fn partitioned_peers_converge_after_heal() {
    let mut ada = Peer::found("ada");
    let v1 = ada.version("first", &[]);
    let mut bo = ada.admit("bo", Role::Producer);
    let mut cy = ada.admit("cy", Role::Reviewer);
    ada.rename("Hero of ada").unwrap();
    bo.rename("Hero of bo").unwrap();
    cy.comment(Audience::Everyone, v1, "from cy").unwrap();
    cy.comment(Audience::Team, v1, "quietly").unwrap();
    cy.decide(Decision::ChangesRequired, None).unwrap();
    meet(&mut [&mut ada, &mut bo, &mut cy]);
    all_see_the_same(&mut [&mut ada, &mut bo, &mut cy]);
    assert_eq!(ada.sees_as_team(), cy.sees_as_team());
    assert_eq!(ada.comments(Audience::Team), ["quietly"]);
    assert_eq!(bo.decision_of(cy.person()), Some(Decision::ChangesRequired));
}

#[test]
fn what_is_durable_is_what_is_seen_after_a_restart() {
    let mut ada = Peer::found("ada");
    let v1 = ada.version("first", &[]);
    let mut bo = ada.admit("bo", Role::Reviewer);
    bo.comment(Audience::Everyone, v1, "kept").unwrap();
    let before = bo.sees_as_team();
    for how in [proofroom_replica::Continuation::Resume, proofroom_replica::Continuation::NewLogs] {
        bo.restart(how);
        assert_eq!(before, bo.sees_as_team(), "{how:?}");
    }
    bo.comment(Audience::Everyone, v1, "and on").unwrap();
    ada.hear(&bo.store);
    assert_eq!(ada.comments(Audience::Everyone), ["and on", "kept"]);
}

#[derive(Clone, Debug)]
enum Turn {
    Rename(usize),
    Comment(usize),
    Team(usize),
    Decide(usize),
    Version(usize),
    Hear(usize, usize),
    Restart(usize),
}

fn turn() -> impl Strategy<Value = Turn> {
    let who = 0..3_usize;
    prop_oneof![
        who.clone().prop_map(Turn::Rename),
        who.clone().prop_map(Turn::Comment),
        who.clone().prop_map(Turn::Team),
        who.clone().prop_map(Turn::Decide),
        who.clone().prop_map(Turn::Version),
        (who.clone(), who.clone()).prop_map(|(to, from)| Turn::Hear(to, from)),
        who.prop_map(Turn::Restart),
    ]
}

fn play(peers: &mut [Peer; 3], n: usize, turn: &Turn) {
    let (Turn::Rename(who)
    | Turn::Comment(who)
    | Turn::Team(who)
    | Turn::Decide(who)
    | Turn::Version(who)
    | Turn::Hear(who, _)
    | Turn::Restart(who)) = *turn;
    let known = peers[who].replica.review(&peers[who].store, crate::world::ASSET, Audience::Everyone);
    let newest = known.unwrap().numbered().last().unwrap().version;
    let text = format!("turn {n}");
    let peer = &mut peers[who];
    match *turn {
        Turn::Rename(_) => drop(peer.rename(&text).unwrap()),
        Turn::Comment(_) => drop(peer.comment(Audience::Everyone, newest, &text).unwrap()),
        Turn::Team(_) => drop(peer.comment(Audience::Team, newest, &text).unwrap()),
        Turn::Decide(_) => drop(peer.decide(Decision::Approved, Some(newest)).unwrap()),
        Turn::Version(_) => drop(peer.version(&text, &[newest])),
        Turn::Restart(_) => peer.restart(proofroom_replica::Continuation::NewLogs),
        Turn::Hear(_, from) => {
            let store = peers[from].store.clone();
            peers[who].hear(&store);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_exchange_comes_to_the_same_views(turns in prop::collection::vec(turn(), 1..20)) {
        let mut ada = Peer::found("ada");
        ada.version("first", &[]);
        let bo = ada.admit("bo", Role::Producer);
        let cy = ada.admit("cy", Role::Producer);
        let mut peers = [ada, bo, cy];
        let [ada, bo, cy] = &mut peers;
        meet(&mut [ada, bo, cy]);
        for (n, turn) in turns.iter().enumerate() {
            play(&mut peers, n, turn);
        }
        let [ada, bo, cy] = &mut peers;
        meet(&mut [ada, bo, cy]);
        prop_assert_eq!(ada.sees_as_team(), bo.sees_as_team());
        prop_assert_eq!(ada.sees_as_team(), cy.sees_as_team());
        cy.restart(proofroom_replica::Continuation::NewLogs);
        prop_assert_eq!(ada.sees_as_team(), cy.sees_as_team());
        prop_assert_eq!(entries_of(&ada.store, ada.workspace()).len(), entries_of(&cy.store, cy.workspace()).len());
    }
}
