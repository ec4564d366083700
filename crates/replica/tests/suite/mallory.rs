use proofroom_authority::Role;
use proofroom_entry::Signed;
use proofroom_ident::{Audience, DocId};
use proofroom_replica::IngestOutcome;
use proofroom_store::{Batch, MemoryStore, Store as _};

use crate::world::{Peer, entries_of};

const HEADER_BYTES: usize = proofroom_entry::SIGNED_BYTES;

fn flipped(entry: &Signed, at: usize) -> Option<Signed> {
    let mut bytes = entry.bytes().to_vec();
    bytes[at] ^= 1;
    Signed::decode(bytes).ok()
}

fn refused_because(peer: &mut Peer, entry: Signed, why: &str) {
    let outcome = peer.offer(vec![entry]).outcomes.remove(0).1;
    let IngestOutcome::Refused(reason) = &outcome else { panic!("{outcome:?}") };
    assert!(reason.contains(why), "{reason:?} does not say {why:?}");
}

#[test]
fn a_flipped_byte_is_refused_by_name_and_leaves_no_trace() {
    let mut ada = Peer::found("ada");
    let mut bo = ada.admit("bo", Role::Producer);
    let receipt = ada.rename("genuine").unwrap();
    let entries = entries_of(&ada.store, ada.workspace());
    let entry = entries.iter().find(|e| e.hash() == receipt.entry).unwrap();
    let before = (bo.sees(), entries_of(&bo.store, bo.workspace()).len());
    let last = entry.bytes().len() - 1;
    refused_because(&mut bo, flipped(entry, last).unwrap(), "payload's hash");
    refused_because(&mut bo, flipped(entry, HEADER_BYTES - 1).unwrap(), "signature");
    for at in 0..HEADER_BYTES {
        let Some(forged) = flipped(entry, at) else { continue };
        let outcome = bo.offer(vec![forged]).outcomes.remove(0).1;
        let taken =
            matches!(outcome, IngestOutcome::Stored | IngestOutcome::HeldBack | IngestOutcome::Equivocation);
        assert!(!taken, "byte {at}: {outcome:?}");
    }
    assert_eq!(before, (bo.sees(), entries_of(&bo.store, bo.workspace()).len()));
    bo.offer(vec![entry.clone()]);
    assert_eq!(bo.asset_name(), "genuine");
}

#[test]
fn another_workspaces_entry_is_refused_by_name() {
    let mut ada = Peer::found("ada");
    let mallory = Peer::found("mallory");
    for entry in entries_of(&mallory.store, mallory.workspace()) {
        refused_because(&mut ada, entry, "belongs to workspace");
    }
    assert_eq!(ada.store.workspaces().unwrap(), [ada.workspace()]);
}

#[test]
fn a_strangers_entry_is_refused_by_name() {
    let mut ada = Peer::found("ada");
    let link = ada.act(|r, s| r.invite(s, Role::Producer, 1, None, vec![])).unwrap();
    let bo = ada.admit("bo", Role::Producer);
    let mut mallory = Peer::take_up("mallory", &link, &ada.clock).unwrap();
    mallory.hear(&bo.store);
    mallory.act(|r, s| r.finish_join(s)).unwrap();
    mallory.rename("by mallory").unwrap();
    ada.act(|r, s| r.revoke_invite(s, link.secret.id())).unwrap();
    let plan = entries_of(&mallory.store, ada.workspace());
    let theirs = plan.into_iter().filter(|e| e.claims().doc != DocId::AUTHORITY);
    let outcomes = ada.offer(theirs.collect()).outcomes;
    let odd: Vec<_> = outcomes.into_iter().map(|(_, o)| o).filter(|o| *o != IngestOutcome::Known).collect();
    assert!(!odd.is_empty() && odd.iter().all(|o| matches!(o, IngestOutcome::Missing(_))), "{odd:?}");
    assert_eq!(ada.asset_name(), "Hero");
}

#[test]
fn a_gap_is_named_and_filled_later() {
    let mut ada = Peer::found("ada");
    let mut bo = ada.admit("bo", Role::Guest);
    let first = ada.rename("one").unwrap();
    ada.rename("two").unwrap();
    let all = entries_of(&ada.store, ada.workspace());
    let without: Vec<_> = all.iter().filter(|e| e.hash() != first.entry).cloned().collect();
    let outcomes = bo.offer(without).outcomes;
    assert_eq!(outcomes.iter().filter(|(_, o)| matches!(o, IngestOutcome::Missing(_))).count(), 1);
    assert_eq!(bo.asset_name(), "Hero");
    bo.offer(all);
    assert_eq!(bo.asset_name(), "two");
}

#[test]
fn the_trail_verifies_and_names_a_broken_log() {
    let mut ada = Peer::found("ada");
    let v1 = ada.version("first", &[]);
    ada.comment(Audience::Everyone, v1, "hello").unwrap();
    let receipt = ada.rename("last").unwrap();
    let sound = ada.replica.trail(&ada.store, true).unwrap();
    let entries = entries_of(&ada.store, ada.workspace());
    assert!(sound.problems.is_empty(), "{:?}", sound.problems);
    assert_eq!((sound.checked, sound.lines.len()), (entries.len() as u64, entries.len()));
    assert_eq!(sound.equivocations, 0);
    let mut broken = MemoryStore::new();
    for entry in &entries {
        let spoilt = entry.hash() == receipt.entry;
        let entry = if spoilt { flipped(entry, HEADER_BYTES - 1).unwrap() } else { entry.clone() };
        let mut batch = Batch::new();
        batch.append(entry.trust_stored_bytes().unwrap());
        broken.commit(batch).unwrap();
    }
    let report = ada.replica.trail(&broken, true).unwrap();
    assert_eq!(report.problems.len(), 1, "{:?}", report.problems);
    let named = format!("log {} entry {}", receipt.log, receipt.seq);
    assert!(report.problems[0].starts_with(&named), "{:?}", report.problems);
    assert!(ada.replica.trail(&broken, false).unwrap().problems.is_empty(), "nothing is checked unasked");
}
