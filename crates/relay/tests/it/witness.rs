//! The relay's word that it holds what members name.

use proofroom_authority::Role;
use proofroom_entry::{Held, Verified};
use proofroom_ident::{EntryHash, Millis, Signature};
use proofroom_relay::Quotas;
use proofroom_sync::{ClockRow, Event, Input as SessionInput, Message};

use crate::peer::{Peer, doc, team_doc};
use crate::world::{World, config};

fn row(entry: &Verified) -> ClockRow {
    let h = entry.header();
    ClockRow { log: h.log, seq: h.seq, head: entry.hash() }
}

/// What the relay says of these rows of the first document.
fn word(world: &mut World, peer: &mut Peer, rows: Vec<ClockRow>) -> Option<(Millis, Signature)> {
    peer.events.clear();
    peer.tell(world.now, SessionInput::AskWitness { doc: doc(1), rows });
    world.settle(&mut [peer]);
    let said = peer.events.iter().filter_map(|event| match event {
        Event::Witnessed { doc: of, word } if *of == doc(1) => Some(*word),
        _ => None,
    });
    let said: Vec<_> = said.collect();
    assert_eq!(said.len(), 1, "every question has one answer");
    said[0]
}

#[test]
fn a_relay_signs_for_what_it_holds_by_its_own_clock_and_for_nothing_else() {
    let mut world = World::new();
    let mut ada = Peer::new(1).found();
    world.sync(&mut ada);
    let (first, second) = (ada.write(doc(1), 100), ada.write(doc(1), 100));
    world.push(&mut ada, std::slice::from_ref(&first));
    world.settle(&mut [&mut ada]);

    world.now = Millis(5_000);
    let (at, signature) = word(&mut world, &mut ada, vec![row(&first)]).expect("it holds that");
    assert_eq!(at, Millis(5_000));
    let heads = [(first.header().log, (1, first.hash()))].into();
    let held = Held { workspace: ada.workspace, doc: doc(1), heads };
    assert_eq!(held.verify(at, config().device.public(), &signature), Ok(()));

    let wrong = ClockRow { head: EntryHash::from_bytes([1; 32]), ..row(&first) };
    for rows in [vec![row(&second)], vec![wrong], Vec::new()] {
        assert_eq!(word(&mut world, &mut ada, rows.clone()), None, "{rows:?}");
    }
    world.push(&mut ada, std::slice::from_ref(&second));
    world.settle(&mut [&mut ada]);
    assert!(word(&mut world, &mut ada, vec![row(&second)]).is_some(), "now it holds that, too");
}

#[test]
fn whoever_may_not_read_a_document_is_told_nothing_of_it() {
    let mut world = World::new();
    let (mut ada, mut bo) = world.ada_and_bo(Role::Guest);
    world.sync(&mut bo);
    let entry = ada.write(team_doc(1), 100);
    world.push(&mut ada, std::slice::from_ref(&entry));
    world.settle(&mut [&mut ada]);
    bo.tell(world.now, SessionInput::AskWitness { doc: team_doc(1), rows: vec![row(&entry)] });
    world.settle(&mut [&mut bo]);
    let told = Event::Witnessed { doc: team_doc(1), word: None };
    assert!(bo.events.contains(&told), "{:?}", bo.events);
}

#[test]
fn looking_entries_up_is_paced_as_bringing_them_is() {
    let quotas = Quotas { burst_entries: 8, entries_per_s: 1, ..Quotas::default() };
    let mut world = World::with_quotas(quotas);
    let mut ada = Peer::new(1).found();
    world.sync(&mut ada);
    let entry = ada.write(doc(1), 100);
    world.push(&mut ada, std::slice::from_ref(&entry));
    world.settle(&mut [&mut ada]);
    let given = (0..20).filter(|_| word(&mut world, &mut ada, vec![row(&entry)]).is_some()).count();
    assert!((1..8).contains(&given), "{given}");
}

#[test]
fn a_word_that_nobody_asked_for_ends_the_session() {
    let mut world = World::new();
    let mut ada = Peer::new(1).found();
    world.sync(&mut ada);
    let frame = Message::WitnessWord { doc: doc(1), word: None }.encode();
    ada.tell(world.now, SessionInput::Frame(frame));
    assert!(ada.closed.is_some());
}
