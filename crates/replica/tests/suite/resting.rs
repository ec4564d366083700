//! What documents show, at rest: read without opening them, and never believed wrongly.

use proofroom_authority::Role;
use proofroom_ident::{Audience, DocId, VersionHash};
use proofroom_replica::Continuation;
use proofroom_review::Decision;
use proofroom_store::{Batch, Store as _};

use crate::world::{ASSET, Peer, meet};

const SHOWN: &[u8] = b"shown/";

/// Ada with a version, comments of both audiences and a decision, all seen once and put to rest.
fn rested() -> (Peer, VersionHash) {
    let mut ada = Peer::found("ada");
    let v1 = ada.version("first", &[]);
    ada.comment(Audience::Everyone, v1, "crop tighter").unwrap();
    ada.comment(Audience::Team, v1, "between us").unwrap();
    ada.decide(Decision::Approved, None).unwrap();
    ada.sees_as_team();
    rest(&mut ada);
    (ada, v1)
}

fn rest(peer: &mut Peer) {
    peer.act(|r, s| r.keep_shown(s)).unwrap();
}

/// What a peer sees after a restart, with what is at rest and without it.
fn sees_right(peer: &mut Peer, why: &str) {
    let mut bare = peer.twin();
    for (key, _) in bare.store.scan(SHOWN).unwrap() {
        let mut batch = Batch::new();
        batch.delete(key);
        bare.store.commit(batch).unwrap();
    }
    bare.restart(Continuation::NewLogs);
    peer.restart(Continuation::NewLogs);
    let held = peer.act(|r, s| r.held_back(s)).unwrap();
    assert_eq!(held, bare.act(|r, s| r.held_back(s)).unwrap(), "{why}");
    assert_eq!(peer.sees_as_team(), bare.sees_as_team(), "{why}");
}

fn put(peer: &mut Peer, key: &[u8], value: Vec<u8>) {
    let mut batch = Batch::new();
    batch.put(key, value);
    peer.store.commit(batch).unwrap();
}

#[test]
fn a_start_that_only_looks_opens_no_document() {
    let (mut ada, _) = rested();
    let before = ada.sees_as_team();
    ada.restart(Continuation::NewLogs);
    assert_eq!(ada.sees_as_team(), before);
    assert!(ada.act(|r, s| r.held_back(s)).unwrap().is_empty());
    assert_eq!(ada.replica.open_documents(), 0);
    rest(&mut ada);
    let again: Vec<_> = ada.store.scan(SHOWN).unwrap();
    assert_eq!(again.len(), 3, "plan, everyone's and the team's review");
    sees_right(&mut ada, "as it was");
}

#[test]
fn files_keys_and_long_briefs_come_back_as_they_were() {
    let (mut ada, _) = rested();
    let open = ada.replica.review(&ada.store, ASSET, Audience::Everyone).unwrap();
    ada.restart(Continuation::NewLogs);
    let at_rest = ada.replica.review(&ada.store, ASSET, Audience::Everyone).unwrap();
    assert_eq!(open, at_rest);
    assert_eq!(at_rest.blobs.len(), 1, "where the bytes are is kept too");
    assert_eq!(ada.replica.open_documents(), 0);
}

#[test]
fn an_edit_opens_its_own_document_and_shows() {
    let (mut ada, v1) = rested();
    ada.restart(Continuation::NewLogs);
    ada.comment(Audience::Everyone, v1, "and lighter").unwrap();
    assert_eq!(ada.comments(Audience::Everyone), ["and lighter", "crop tighter"]);
    assert_eq!(ada.comments(Audience::Team), ["between us"]);
    assert_eq!(ada.replica.open_documents(), 1);
    ada.restart(Continuation::NewLogs);
    assert_eq!(ada.comments(Audience::Everyone), ["and lighter", "crop tighter"], "without a rest");
    assert_eq!(ada.replica.open_documents(), 1, "what was at rest is of the past: the document was opened");
    sees_right(&mut ada, "after an edit");
}

#[test]
fn news_of_others_show() {
    let (mut ada, v1) = rested();
    let mut bo = ada.admit("bo", Role::Producer);
    ada.sees_as_team();
    rest(&mut ada);
    ada.restart(Continuation::NewLogs);
    bo.comment(Audience::Everyone, v1, "from afar").unwrap();
    bo.rename("Hero, cropped").unwrap();
    ada.hear(&bo.store);
    assert_eq!(ada.asset_name(), "Hero, cropped");
    assert_eq!(ada.comments(Audience::Everyone), ["crop tighter", "from afar"]);
    sees_right(&mut ada, "after news");
}

#[test]
fn a_removal_that_makes_written_work_void_is_not_missed() {
    let (mut ada, v1) = rested();
    let mut bo = ada.admit("bo", Role::Producer);
    let mut cy = ada.admit("cy", Role::Producer);
    meet(&mut [&mut ada, &mut bo, &mut cy]);
    bo.comment(Audience::Everyone, v1, "late").unwrap();
    let bos = bo.person();
    ada.act(|r, s| r.remove(s, bos)).unwrap();
    cy.hear(&bo.store);
    assert_eq!(cy.comments(Audience::Everyone), ["crop tighter", "late"]);
    cy.sees_as_team();
    rest(&mut cy);
    cy.restart(Continuation::NewLogs);
    cy.hear(&ada.store);
    assert_eq!(cy.comments(Audience::Everyone), ["crop tighter"], "not one entry of the document is new");
    assert_eq!(cy.act(|r, s| r.held_back(s)).unwrap().len(), 1);
    rest(&mut cy);
    sees_right(&mut cy, "after a removal");
    assert_eq!(cy.act(|r, s| r.held_back(s)).unwrap().len(), 1);
    rest(&mut cy);
    ada.hear(&bo.store);
    ada.act(|r, s| r.adopt(s, bos)).unwrap();
    cy.hear(&ada.store);
    assert_eq!(
        cy.comments(Audience::Everyone),
        ["crop tighter", "late"],
        "adopted: neither entries nor keys"
    );
    sees_right(&mut cy, "after an adoption");
}

#[test]
fn torn_altered_swapped_and_older_values_are_made_anew() {
    let (mut ada, v1) = rested();
    let older = ada.store.scan(SHOWN).unwrap();
    ada.comment(Audience::Everyone, v1, "newer").unwrap();
    ada.rename("Hero 2").unwrap();
    ada.sees_as_team();
    rest(&mut ada);
    let now = ada.store.scan(SHOWN).unwrap();
    for (i, (key, value)) in now.iter().enumerate() {
        let mut bent = value.clone();
        bent[30] ^= 1;
        let other = now[(i + 1) % now.len()].1.clone();
        let cases = [
            ("torn", value[..value.len() / 2].to_vec()),
            ("empty", Vec::new()),
            ("altered", bent),
            ("of another document", other),
            ("of the past", older[i].1.clone()),
        ];
        for (why, bad) in cases {
            put(&mut ada, key, bad);
            sees_right(&mut ada, why);
            rest(&mut ada);
        }
    }
    ada.restart(Continuation::NewLogs);
    ada.sees_as_team();
    assert_eq!(ada.replica.open_documents(), 0, "and put to rest again");
}

#[test]
fn another_device_of_the_store_opens_none_of_it() {
    let (mut ada, _) = rested();
    let bo = ada.admit("bo", Role::Producer);
    ada.sees_as_team();
    rest(&mut ada);
    let mut mallory = bo.twin();
    for (key, value) in ada.store.scan(SHOWN).unwrap() {
        put(&mut mallory, &key, value);
    }
    mallory.restart(Continuation::NewLogs);
    mallory.sees_as_team();
    assert_eq!(mallory.replica.open_documents(), 3);
}

#[test]
fn nothing_at_rest_is_in_plain() {
    let (ada, v1) = rested();
    let words = ["crop tighter", "between us", "Summer", "Hero", "hero.png", "ada", "because", &v1.to_hex()];
    let rows = ada.store.scan(SHOWN).unwrap();
    assert_eq!(rows.len(), 3);
    for (key, value) in rows {
        assert_eq!(key.len(), SHOWN.len() + 32 + DocId::LEN);
        for word in words {
            assert!(!value.windows(word.len()).any(|w| w == word.as_bytes()), "{word}");
        }
    }
}

#[test]
fn a_disk_that_refuses_costs_nothing_but_time() {
    let (mut ada, v1) = rested();
    ada.comment(Audience::Everyone, v1, "newer").unwrap();
    let before = ada.sees_as_team();
    ada.store.fail_after(0);
    ada.act(|r, s| r.keep_shown(s)).unwrap_err();
    ada.restart(Continuation::NewLogs);
    assert_eq!(ada.sees_as_team(), before);
    sees_right(&mut ada, "after a full disk");
}
