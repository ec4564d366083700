//! What members erase, the relay forgets at once, and takes back from nobody.

use proofroom_authority::{Erased, Op};
use proofroom_entry::Verified;
use proofroom_ident::{BlobHash, EntryHash, HashWords as _};
use proofroom_relay::Note;
use proofroom_store::{REWRITE_DUE, Store as _};
use proofroom_sync::{Code, Event, Input};

use crate::peer::{Peer, doc};
use crate::world::World;

fn erase(entry: &Verified, blob: BlobHash) -> Op {
    let h = entry.header();
    let erased = Erased { doc: h.doc, log: h.log, seq: h.seq, hash: entry.hash() };
    Op::Erase { statement: EntryHash::from_bytes([1; 32]), entries: [erased].into(), blobs: [blob].into() }
}

#[test]
fn what_is_erased_is_forgotten_and_not_taken_back() {
    let mut world = World::new();
    let mut ada = Peer::new(1).found();
    let entry = ada.write(doc(1), 500);
    let after = ada.write(doc(1), 100);
    world.sync(&mut ada);
    let bytes = vec![7; 1_000];
    let blob = BlobHash::of(&bytes);
    ada.files.insert(blob, bytes);
    ada.tell(world.now, Input::OfferBlobs(vec![(blob, 1_000)]));
    world.settle(&mut [&mut ada]);
    let workspace = entry.workspace();
    assert!(world.disk.contains_key(&(workspace, blob)));

    let op = ada.op(&erase(&entry, blob));
    world.push(&mut ada, &[op]);
    world.settle(&mut [&mut ada]);
    let h = entry.header();
    let held =
        world.store.entry(workspace, h.doc, h.log, h.seq).expect("memory").expect("it keeps its place");
    assert!(held.is_erased() && held.hash() == entry.hash());
    assert!(!world.disk.contains_key(&(workspace, blob)));
    assert!(world.store.get(REWRITE_DUE).expect("memory").is_some());
    assert!(world.notes.contains(&Note::Erased { workspace, entries: 1, blobs: 1 }));
    let next = world.store.entry(workspace, h.doc, h.log, h.seq + 1).expect("memory");
    assert_eq!(next, Some(after), "what follows stays");

    // Ada's machine never forgot it: it is not taken again, whoever offers it.
    ada.tell(world.now, Input::OfferBlobs(vec![(blob, 1_000)]));
    world.settle(&mut [&mut ada]);
    let refused =
        |e: &Event| matches!(e, Event::BlobRefused { blob: b, code: Code::MayNotWrite, .. } if *b == blob);
    assert!(ada.events.iter().any(refused), "{:?}", ada.events);
    assert!(!world.disk.contains_key(&(workspace, blob)));
    let mut twin = ada.clone_of_device();
    world.sync(&mut twin);
    assert_eq!(twin.refusals(), []);
    let held = world.store.entry(workspace, h.doc, h.log, h.seq).expect("memory");
    assert!(held.is_some_and(|held| held.is_erased()));
}
