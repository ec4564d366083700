//! Snapshots that members bring, and newcomers take.

use proofroom_authority::Role;
use proofroom_entry::{LogTip, Snapshot, SnapshotDraft};
use proofroom_ident::{DocId, KeyId, Millis, Nonce};
use proofroom_relay::{Note, Quotas};
use proofroom_store::{Batch, Store as _};
use proofroom_sync::{Event, Input};

use crate::peer::{Peer, capability, doc};
use crate::world::World;

/// Ada and bo, who may attest what they wrote; and somebody who joins late.
fn scene(quotas: Quotas) -> (World, Peer, Peer) {
    let mut world = World::with_quotas(quotas);
    let mut ada = Peer::new(1).found();
    let secret = ada.invite(2, Role::Reviewer, 5, None);
    world.sync(&mut ada);
    let mut bo = Peer::new(2).linked(ada.workspace, Some(secret));
    world.sync(&mut bo);
    let accepted = bo.accept();
    world.push(&mut bo, &[accepted]);
    world.settle(&mut [&mut ada, &mut bo]);
    (0..20).for_each(|_| _ = ada.write(doc(1), 1_000));
    world.sync(&mut ada);
    (0..5).for_each(|_| _ = bo.write(doc(1), 1_000));
    world.sync(&mut bo);
    world.settle(&mut [&mut ada, &mut bo]);
    (world, ada, bo)
}

impl Peer {
    /// Makes a snapshot of all that is held of a document, with a chunk of `bytes`.
    fn snapshot(&mut self, doc: DocId, bytes: usize) -> Snapshot {
        let head = |tip: LogTip| {
            let entry = self.store.entry(self.workspace, doc, tip.log, tip.seq).expect("the store reads");
            entry.expect("the tip is held").head().clone()
        };
        let tips = self.store.tips(self.workspace, doc).expect("the store reads");
        let draft = SnapshotDraft {
            workspace: self.workspace,
            doc,
            auth_head: self.authority.heads()[0],
            claimed_at: Millis(0),
            key: KeyId::from_bytes([1; 16]),
            nonce: Nonce::from_bytes([1; 24]),
            rows: tips.into_iter().map(head).collect(),
        };
        let snapshot = draft.sign(&vec![7; bytes], &self.secrets.signing).expect("its rows are in order");
        let mut batch = Batch::new();
        batch.drop_snapshot(self.workspace, doc, self.secrets.signing.public());
        self.store.commit(batch).expect("the store takes it");
        let mut batch = Batch::new();
        batch.snapshot(snapshot.clone());
        self.store.commit(batch).expect("the store takes it");
        snapshot
    }
}

fn kept(world: &World, peer: &Peer) -> Vec<(proofroom_ident::SignerKey, u64)> {
    let rows = world.store.snapshot_index(peer.workspace).expect("the store reads");
    rows.iter().map(|row| (row.maker, row.entries)).collect()
}

/// Makes a snapshot, offers it, and says whether the relay took it.
fn offer(world: &mut World, peer: &mut Peer, bytes: usize) -> bool {
    let made = peer.snapshot(doc(1), bytes);
    world.sync(peer);
    peer.tell(world.now, Input::OfferSnapshot(doc(1)));
    world.settle(&mut [peer]);
    let delivered = Event::SnapshotDelivered { doc: doc(1), id: made.id() };
    peer.events.contains(&delivered)
}

#[test]
fn a_members_snapshot_is_kept_told_to_the_others_and_given_to_newcomers() {
    let (mut world, mut ada, mut bo) = scene(Quotas::default());
    world.sync(&mut bo);
    assert!(offer(&mut world, &mut ada, 3_000));
    assert_eq!(kept(&world, &ada), [(ada.secrets.signing.public(), 25)]);
    assert!(world.notes.iter().any(|n| matches!(n, Note::SnapshotKept { entries: 25, .. })));
    world.settle(&mut [&mut ada, &mut bo]);
    assert!(bo.events.iter().any(|e| matches!(e, Event::Covered(rows) if rows[0].entries == 25)));
    let (secret, _) = capability(2);
    let mut cy = Peer::new(3).linked(ada.workspace, Some(secret));
    world.sync(&mut cy);
    assert!(cy.is_in_sync());
    let held = cy.store.docs(cy.workspace).expect("the store reads");
    let held = held.iter().find(|d| d.doc == doc(1)).expect("it has the document");
    assert_eq!(held.entries, 0, "a snapshot stands for all of them");
    assert_eq!(world.entries(ada.workspace), ada.entries(), "the relay keeps every entry");
}

#[test]
fn a_snapshot_is_kept_only_if_it_is_better_and_smaller_than_its_entries() {
    let (mut world, mut ada, mut bo) = scene(Quotas::default());
    assert!(!offer(&mut world, &mut ada, 40_000), "larger than the entries");
    assert!(offer(&mut world, &mut ada, 3_000));
    assert!(!offer(&mut world, &mut ada, 2_000), "stands for no more");
    assert!(offer(&mut world, &mut bo, 3_000), "of another maker");
    bo.write(doc(1), 1_000);
    world.sync(&mut bo);
    assert!(offer(&mut world, &mut bo, 3_000), "stands for more");
    let of_ada = (ada.secrets.signing.public(), 25);
    let of_bo = (bo.secrets.signing.public(), 26);
    let all = kept(&world, &ada);
    assert!(all.len() == 2 && all.contains(&of_ada) && all.contains(&of_bo), "{all:?}");
}

#[test]
fn what_does_not_fit_the_quotas_or_the_entries_that_are_held_is_not_kept() {
    let (mut world, mut ada, _) = scene(Quotas { workspace_bytes_max: 45_000, ..Quotas::default() });
    assert!(offer(&mut world, &mut ada, 3_000));
    let (mut world, mut ada, _) = scene(Quotas { workspace_bytes_max: 38_500, ..Quotas::default() });
    assert!(!offer(&mut world, &mut ada, 3_000), "no room");
    assert_eq!(kept(&world, &ada), []);

    // It names an entry that the relay does not hold.
    let (mut world, mut ada, _) = scene(Quotas::default());
    world.disconnect(&mut ada);
    let whole = ada.store.clone();
    ada.write(doc(1), 1_000);
    let ahead = ada.snapshot(doc(1), 3_000);
    ada.store = whole;
    let mut batch = Batch::new();
    batch.snapshot(ahead);
    ada.store.commit(batch).expect("the store takes it");
    world.sync(&mut ada);
    ada.tell(world.now, Input::OfferSnapshot(doc(1)));
    world.settle(&mut [&mut ada]);
    assert_eq!(kept(&world, &ada), []);
    assert!(ada.is_in_sync() && ada.closed.is_none(), "nobody is sent away for it");
}

#[test]
fn what_the_membership_does_not_stand_behind_any_more_is_forgotten() {
    let (mut world, mut ada, mut bo) = scene(Quotas::default());
    assert!(offer(&mut world, &mut bo, 3_000));
    assert!(offer(&mut world, &mut ada, 3_000));
    let removal = ada.remove(bo.id());
    world.push(&mut ada, &[removal]);
    world.settle(&mut [&mut ada]);
    assert_eq!(kept(&world, &ada), [(ada.secrets.signing.public(), 25)]);
}

#[test]
fn a_guest_attests_nothing_and_nobody_at_the_door_does() {
    let (mut world, mut ada, _) = scene(Quotas::default());
    let secret = ada.invite(5, Role::Guest, 5, None);
    world.sync(&mut ada);
    let mut cy = Peer::new(5).linked(ada.workspace, Some(secret));
    world.sync(&mut cy);
    assert!(!offer(&mut world, &mut cy, 3_000), "not a member yet");
    let accepted = cy.accept();
    world.push(&mut cy, &[accepted]);
    world.settle(&mut [&mut cy]);
    assert!(!offer(&mut world, &mut cy, 3_000), "a guest");
    assert_eq!(kept(&world, &ada), [] as [(proofroom_ident::SignerKey, u64); 0]);
}
