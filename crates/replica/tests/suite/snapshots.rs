//! Newcomers who take one snapshot in place of many entries.

use proofroom_authority::{Role, Unvouched};
use proofroom_entry::{Signed, SignedSnapshot, Snapshot, SnapshotDraft, VerifiedHeader};
use proofroom_ident::{Audience, DocId, Nonce, VersionHash};
use proofroom_replica::{Continuation, Replica, ReplicaError, SnapshotRefusal, snapshot_is_due};
use proofroom_review::Decision;
use proofroom_store::Store as _;

use crate::intruder::key_for_everyone;
use crate::world::{ASSET, Peer, all_see_the_same, entries_of, me, meet};

fn doc(peer: &Peer) -> DocId {
    peer.workspace().review_doc(ASSET, Audience::Everyone)
}

/// Ada and bo have commented and decided; cy knows the membership and the plan.
fn scene() -> (Peer, Peer, Peer, VersionHash) {
    let mut ada = Peer::found("ada");
    let mut bo = ada.admit("bo", Role::Reviewer);
    let mut cy = ada.admit("cy", Role::Producer);
    meet(&mut [&mut ada, &mut bo, &mut cy]);
    let v1 = ada.version("first", &[]);
    bo.hear(&ada.store);
    for n in 0..3 {
        ada.comment(Audience::Everyone, v1, &format!("ada {n}")).unwrap();
        bo.hear(&ada.store);
        bo.comment(Audience::Everyone, v1, &format!("bo {n}")).unwrap();
        ada.hear(&bo.store);
    }
    bo.decide(Decision::ChangesRequired, Some(v1)).unwrap();
    ada.hear(&bo.store);
    (ada, bo, cy, v1)
}

fn make(peer: &mut Peer) -> Snapshot {
    let doc = doc(peer);
    peer.act(|r, s| r.make_snapshot(s, doc)).unwrap().expect("all that is there counts")
}

fn take(peer: &mut Peer, snapshot: &Snapshot) -> Result<Snapshot, SnapshotRefusal> {
    let offered = SignedSnapshot::decode(snapshot.bytes().clone()).unwrap();
    peer.act(|r, s| r.take_snapshot(s, offered)).unwrap()
}

fn based(peer: &Peer) -> usize {
    peer.store.bases(peer.workspace(), doc(peer)).unwrap().len()
}

/// Drops what a document rests on and hears everything from a store.
fn fetch_whole(peer: &mut Peer, from: &Peer) {
    peer.act(|r, s| r.fetch_whole(s, None)).unwrap();
    peer.hear(&from.store);
}

#[test]
fn a_newcomer_rests_on_a_snapshot_and_sees_what_all_see() {
    let (mut ada, mut bo, mut cy, v1) = scene();
    let snapshot = make(&mut bo);
    assert_eq!(snapshot.entries(), 7);
    assert_eq!(take(&mut cy, &snapshot).unwrap().id(), snapshot.id());
    assert_eq!(based(&cy), 2);
    assert_eq!(cy.comments(Audience::Everyone).len(), 6);
    assert_eq!(cy.decision_of(bo.person()), None, "statements travel one by one");
    cy.hear(&ada.store);
    all_see_the_same(&mut [&mut ada, &mut bo, &mut cy]);
    let summary = |peer: &Peer| {
        let docs = peer.store.docs(peer.workspace()).unwrap();
        docs.into_iter().find(|d| d.doc == doc(peer)).unwrap()
    };
    assert_eq!(summary(&cy).digest, summary(&ada).digest, "its clock is as if it held all");
    assert!(summary(&cy).entries < summary(&ada).entries);
    cy.comment(Audience::Everyone, v1, "cy joins in").unwrap();
    ada.comment(Audience::Everyone, v1, "ada goes on").unwrap();
    meet(&mut [&mut ada, &mut bo, &mut cy]);
    all_see_the_same(&mut [&mut ada, &mut bo, &mut cy]);
}

#[test]
fn a_restart_loads_what_a_document_rests_on() {
    let (mut ada, mut bo, mut cy, v1) = scene();
    take(&mut cy, &make(&mut ada)).unwrap();
    cy.hear(&ada.store);
    cy.comment(Audience::Everyone, v1, "before the restart").unwrap();
    for continuation in [Continuation::Resume, Continuation::NewLogs] {
        cy.restart(continuation);
        cy.comment(Audience::Everyone, v1, "after it").unwrap();
    }
    ada.comment(Audience::Everyone, v1, "later").unwrap();
    meet(&mut [&mut ada, &mut bo, &mut cy]);
    all_see_the_same(&mut [&mut ada, &mut bo, &mut cy]);
    let report = cy.replica.trail(&cy.store, true).unwrap();
    assert_eq!(report.problems, Vec::<String>::new());
    let [based] = report.based.as_slice() else { panic!("{:?}", report.based) };
    assert_eq!((based.logs, based.entries, based.person), (2, 7, Some(ada.person())));
}

#[test]
fn the_full_history_fetched_later_is_equal() {
    let (mut ada, mut bo, mut cy, v1) = scene();
    let snapshot = make(&mut ada);
    take(&mut cy, &snapshot).unwrap();
    cy.hear(&ada.store);
    cy.comment(Audience::Everyone, v1, "on a snapshot").unwrap();
    let before = cy.sees();
    fetch_whole(&mut cy, &ada);
    assert_eq!((based(&cy), cy.sees()), (0, before));
    let refused = take(&mut cy, &snapshot).unwrap_err();
    assert_eq!(refused, SnapshotRefusal::NotCold);
    cy.comment(Audience::Everyone, v1, "in a new log").unwrap();
    meet(&mut [&mut ada, &mut bo, &mut cy]);
    all_see_the_same(&mut [&mut ada, &mut bo, &mut cy]);
    assert_eq!(cy.replica.trail(&cy.store, true).unwrap().based, []);
}

/// Ada's removal of bo knows only two of his comments; cy rests on all of them.
#[test]
fn a_removal_with_a_cut_below_a_base_takes_the_base_away() {
    let (mut ada, mut bo, mut cy, v1) = scene();
    bo.comment(Audience::Everyone, v1, "unheard").unwrap();
    let snapshot = make(&mut bo);
    take(&mut cy, &snapshot).unwrap();
    cy.hear(&bo.store);
    assert!(cy.comments(Audience::Everyone).contains(&"unheard".to_owned()));
    let bo_person = bo.person();
    ada.act(|r, s| r.remove(s, bo_person)).unwrap();
    let ingested = cy.offer(entries_of(&ada.store, ada.workspace()));
    assert_eq!(ingested.refetch, [doc(&cy)]);
    assert_eq!(based(&cy), 0);
    cy.hear(&ada.store);
    cy.hear(&bo.store);
    assert!(!cy.comments(Audience::Everyone).contains(&"unheard".to_owned()));
    ada.hear(&cy.store);
    all_see_the_same(&mut [&mut ada, &mut cy]);
    let mut dan = ada.admit("dan", Role::Producer);
    dan = fresh(&dan, &ada);
    assert_eq!(
        take(&mut dan, &snapshot).unwrap_err(),
        SnapshotRefusal::Unvouched(Unvouched::Maker),
        "bo is no member any more"
    );
}

/// The same person with the membership and the plan of `host`, and nothing else.
fn fresh(peer: &Peer, host: &Peer) -> Peer {
    let mut fresh = peer.twin();
    fresh.store = proofroom_store::MemoryStore::new();
    fresh.replica =
        Replica::open(&fresh.store, peer.workspace(), me(&peer.name), Continuation::NewLogs).unwrap();
    let plan = peer.workspace().plan_doc();
    for store in [&host.store, &peer.store] {
        let known = |e: &Signed| e.claims().doc == DocId::AUTHORITY || e.claims().doc == plan;
        fresh.offer(entries_of(store, peer.workspace()).into_iter().filter(known).collect());
    }
    fresh
}

#[test]
fn a_removal_with_a_cut_at_or_above_a_base_leaves_it() {
    let (mut ada, mut bo, mut cy, v1) = scene();
    take(&mut cy, &make(&mut ada)).unwrap();
    let bo_person = bo.person();
    ada.act(|r, s| r.remove(s, bo_person)).unwrap();
    bo.comment(Audience::Everyone, v1, "too late").unwrap();
    assert_eq!(cy.offer(entries_of(&ada.store, ada.workspace())).refetch, []);
    cy.hear(&bo.store);
    assert_eq!(based(&cy), 2);
    assert_eq!(cy.comments(Audience::Everyone).len(), 6);
    ada.hear(&bo.store);
    all_see_the_same(&mut [&mut ada, &mut cy]);
}

#[test]
fn two_makers_snapshots_serve_alike_and_whoever_rests_on_one_makes_another() {
    let (mut ada, mut bo, mut cy, v1) = scene();
    let first = make(&mut ada);
    let mut dan = ada.admit("dan", Role::Reviewer);
    take(&mut cy, &first).unwrap();
    cy.hear(&ada.store);
    cy.comment(Audience::Everyone, v1, "more").unwrap();
    let second = make(&mut cy);
    assert_eq!((second.entries(), based(&cy)), (8, 2));
    dan = fresh(&dan, &ada);
    take(&mut dan, &second).unwrap();
    for peer in [&mut ada, &mut bo, &mut dan] {
        peer.hear(&cy.store);
    }
    dan.hear(&ada.store);
    cy.hear(&ada.store);
    all_see_the_same(&mut [&mut ada, &mut bo, &mut cy, &mut dan]);
}

/// A reviewer who was made a producer: logs on either side of the change are covered,
/// a log that spans it is not.
#[test]
fn a_log_within_which_the_authors_role_changed_is_not_covered() {
    let (mut ada, mut bo, cy, v1) = scene();
    let bo_person = bo.person();
    ada.act(|r, s| r.set_role(s, bo_person, Role::Producer)).unwrap();
    bo.hear(&ada.store);
    let snapshot = make(&mut ada);
    take(&mut fresh(&cy, &ada), &snapshot).expect("nothing was written since");
    let mut spans = bo.twin();
    spans.comment(Audience::Everyone, v1, "as a producer, in the log of a reviewer").unwrap();
    ada.hear(&spans.store);
    let it = doc(&ada);
    assert_eq!(ada.act(|r, s| r.make_snapshot(s, it)).unwrap(), None);
    let mut ada = fresh(&ada, &ada);
    ada.hear(&bo.store);
    bo.restart(Continuation::NewLogs);
    for (body, rows) in [("as a producer, in a new log", 3), ("and again", 4)] {
        bo.comment(Audience::Everyone, v1, body).unwrap();
        ada.hear(&bo.store);
        assert_eq!(make(&mut ada).rows().len(), rows, "the new log shows its first entry beside its last");
    }
    let snapshot = make(&mut ada);
    take(&mut fresh(&cy, &ada), &snapshot).unwrap();
}

/// What mallory, a member with every key, may try.
struct Forge {
    draft: SnapshotDraft,
    chunk: Vec<u8>,
}

impl Forge {
    fn like(honest: &Snapshot, maker: &mut Peer) -> Self {
        let h = honest.header();
        let chunk = maker.replica.export_automerge(&maker.store, h.doc).unwrap();
        let draft = SnapshotDraft {
            workspace: h.workspace,
            doc: h.doc,
            auth_head: h.auth_head,
            claimed_at: h.claimed_at,
            key: h.key,
            nonce: Nonce::from_bytes([9; 24]),
            rows: honest.rows().to_vec(),
        };
        Self { draft, chunk }
    }

    fn sign(&self, by: &Peer) -> Snapshot {
        let secrets = &by.replica.me().secrets.signing;
        let key = key_for_everyone(by);
        let sealed = proofroom_seal::seal_snapshot(&key, &self.draft.header(secrets.public()), &self.chunk);
        self.draft.sign(&sealed.unwrap(), secrets).unwrap()
    }
}

fn head_of(peer: &Peer, author: &Peer, seq: u64) -> VerifiedHeader {
    let device = author.replica.me().device();
    let mut tips = peer.store.tips(peer.workspace(), doc(peer)).unwrap().into_iter();
    let changes = proofroom_ident::LogClass::Changes;
    let tip = tips.find(|t| t.author == device && t.log.class() == Some(changes)).unwrap();
    peer.store.entry(peer.workspace(), tip.doc, tip.log, seq).unwrap().unwrap().head().clone()
}

fn refused(cy: &mut Peer, snapshot: &Snapshot, why: &str) {
    let before = cy.store.docs(cy.workspace()).unwrap();
    let error = take(cy, snapshot).unwrap_err().to_string();
    assert!(error.contains(why), "{error}");
    assert_eq!(take(cy, snapshot).unwrap_err(), SnapshotRefusal::Declined, "it is not tried again");
    assert_eq!(cy.store.docs(cy.workspace()).unwrap(), before);
    assert_eq!(based(cy), 0);
}

#[test]
fn forged_snapshots_are_refused_by_name_and_the_entries_come_instead() {
    let (mut ada, mut mallory, mut cy, v1) = scene();
    let honest = make(&mut mallory);
    let early = Forge::like(&honest, &mut mallory);
    mallory.comment(Audience::Everyone, v1, "one more").unwrap();
    ada.hear(&mallory.store);
    let late = make(&mut mallory);
    let forge = Forge::like(&late, &mut mallory);
    assert!(take(&mut fresh(&cy, &ada), &forge.sign(&mallory)).is_ok(), "the forge makes honest ones too");

    let omits_the_tip = Forge { chunk: early.chunk.clone(), draft: forge.draft.clone() };
    refused(&mut cy, &omits_the_tip.sign(&mallory), "ends in another change than its author committed to");
    let adds_a_change = Forge { chunk: forge.chunk.clone(), draft: early.draft.clone() };
    refused(&mut cy, &adds_a_change.sign(&mallory), "ends in another change than its author committed to");
    let hides_a_log = SnapshotDraft { rows: vec![head_of(&ada, &ada, 4)], ..forge.draft.clone() };
    let hides_a_log = Forge { draft: hides_a_log, chunk: forge.chunk.clone() };
    refused(&mut cy, &hides_a_log.sign(&mallory), "by an actor that no given log makes");
    let bomb = Forge { chunk: vec![0; 65 << 20], draft: forge.draft.clone() };
    refused(&mut cy, &bomb.sign(&mallory), "more than 67108864 bytes");
    let noise = Forge { chunk: b"no document".to_vec(), draft: forge.draft.clone() };
    refused(&mut cy, &noise.sign(&mallory), "does not load");
    let mut flipped = forge.chunk.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    refused(&mut cy, &Forge { chunk: flipped, draft: forge.draft.clone() }.sign(&mallory), "does not load");

    let person = mallory.person();
    ada.act(|r, s| r.set_role(s, person, Role::Guest)).unwrap();
    cy.offer(
        entries_of(&ada.store, ada.workspace())
            .into_iter()
            .filter(|e| e.claims().doc == DocId::AUTHORITY)
            .collect(),
    );
    refused(&mut cy, &forge.sign(&mallory), "no member who may attest");
    cy.hear(&ada.store);
    assert_eq!(cy.comments(Audience::Everyone).len(), 7);
    all_see_the_same(&mut [&mut ada, &mut cy]);
}

/// A copied device signed another entry for the position that cy rests on.
#[test]
fn a_second_history_at_a_base_takes_the_base_away_and_is_proved() {
    let (mut ada, bo, mut cy, v1) = scene();
    let mut copy = bo.twin();
    let mut bo = bo;
    bo.comment(Audience::Everyone, v1, "one history").unwrap();
    copy.comment(Audience::Everyone, v1, "another").unwrap();
    ada.hear(&bo.store);
    take(&mut cy, &make(&mut ada)).unwrap();
    let ingested = cy.offer(entries_of(&copy.store, copy.workspace()));
    assert_eq!((ingested.refetch.as_slice(), based(&cy)), ([doc(&cy)].as_slice(), 0));
    for _ in 0..2 {
        cy.hear(&ada.store);
        cy.hear(&copy.store);
    }
    ada.hear(&copy.store);
    assert_eq!(cy.replica.trail(&cy.store, true).unwrap().equivocations, 1);
    all_see_the_same(&mut [&mut ada, &mut cy]);
}

#[test]
fn a_guest_makes_no_snapshot_and_an_empty_document_has_none() {
    let mut ada = Peer::found("ada");
    let mut bo = ada.admit("bo", Role::Guest);
    let it = doc(&ada);
    assert_eq!(ada.act(|r, s| r.make_snapshot(s, it)).unwrap(), None);
    ada.version("first", &[]);
    bo.hear(&ada.store);
    assert_eq!(bo.act(|r, s| r.make_snapshot(s, it)).unwrap(), None);
    assert!(ada.act(|r, s| r.make_snapshot(s, it)).unwrap().is_some());
}

#[test]
fn a_store_that_fails_leaves_nothing_of_a_snapshot() {
    let (mut ada, _, mut cy, _) = scene();
    let snapshot = make(&mut ada);
    cy.store.fail_after(0);
    let offered = SignedSnapshot::decode(snapshot.bytes().clone()).unwrap();
    let error = cy.act(|r, s| r.take_snapshot(s, offered)).unwrap_err();
    assert!(matches!(error, ReplicaError::Store(_)), "{error}");
    cy.restart(Continuation::NewLogs);
    assert_eq!(based(&cy), 0);
    take(&mut cy, &snapshot).unwrap();
}

#[test]
fn a_snapshot_is_due_once_what_came_since_weighs_as_much_as_it_does() {
    for (entries, covered, snapshot_bytes, due) in [
        (249, 0, 0, false),
        (250, 0, 0, true),
        (1_249, 1_000, 50_000, false),
        (1_250, 1_000, 50_000, true),
        (10_400, 10_000, 380_000, false),
        (10_423, 10_000, 380_000, true),
        (10, 5_000, 100_000, false),
    ] {
        assert_eq!(snapshot_is_due(entries, 900, covered, snapshot_bytes), due, "{entries} on {covered}");
    }
}

/// Another entry of bo's for a place below what cy rests on: nobody can tell by itself, but two
/// entries for one place come together where somebody holds the proof.
#[test]
fn a_second_history_below_a_base_takes_the_base_away_and_is_proved() {
    let (mut ada, mut bo, mut cy, v1) = scene();
    let mut copy = bo.twin();
    bo.comment(Audience::Everyone, v1, "one history").unwrap();
    copy.comment(Audience::Everyone, v1, "another").unwrap();
    bo.comment(Audience::Everyone, v1, "and on").unwrap();
    take(&mut cy, &make(&mut bo)).unwrap();
    let [one, other] = [&bo, &copy].map(|peer| {
        let all = entries_of(&peer.store, peer.workspace());
        all.into_iter().find(|e| e.claims().log == own_log(peer) && e.claims().seq == 4).unwrap()
    });
    assert_ne!(one.hash(), other.hash());
    for entry in [&one, &one] {
        assert_eq!(cy.offer(vec![entry.clone()]).refetch, []);
    }
    assert_eq!(cy.offer(vec![other]).refetch, [doc(&cy)]);
    assert_eq!(based(&cy), 0);
    for peer in [&mut ada, &mut cy] {
        for _ in 0..2 {
            peer.hear(&bo.store);
            peer.hear(&copy.store);
        }
    }
    ada.hear(&cy.store);
    cy.hear(&ada.store);
    assert_eq!(cy.replica.trail(&cy.store, true).unwrap().equivocations, 1);
    all_see_the_same(&mut [&mut ada, &mut cy]);
}

fn own_log(peer: &Peer) -> proofroom_ident::LogId {
    let device = peer.replica.me().device();
    let tips = peer.store.tips(peer.workspace(), doc(peer)).unwrap();
    let changes = proofroom_ident::LogClass::Changes;
    tips.iter().find(|t| t.author == device && t.log.class() == Some(changes)).unwrap().log
}

#[test]
fn snapshots_that_the_membership_does_not_stand_behind_any_more_are_forgotten() {
    let (mut ada, mut bo, _, _) = scene();
    let (first, second) = (make(&mut bo), make(&mut ada));
    let mut batch = proofroom_store::Batch::new();
    batch.snapshot(first);
    ada.store.commit(batch).unwrap();
    let kept = |peer: &Peer| peer.store.snapshots(peer.workspace(), doc(peer)).unwrap();
    assert_eq!(kept(&ada).len(), 2);
    let person = bo.person();
    ada.act(|r, s| r.remove(s, person)).unwrap();
    assert_eq!(kept(&ada), [second]);
    bo.offer(entries_of(&ada.store, ada.workspace()));
    assert_eq!(kept(&bo), []);
}
