//! Snapshots: whose the membership log stands behind.

use proofroom_entry::{Draft, EntryKind, LogWriter, Snapshot, SnapshotDraft, Verified, VerifiedHeader};
use proofroom_ident::{AssetId, Audience, DocId, EntryHash, KeyId, LogId, Millis, Nonce};

use super::world::{Capability, Peer, cast, remove, set_role, up_to};
use crate::op::{Erased, Op};
use crate::{Role, Unvouched};

fn doc(of: &Peer, audience: Audience) -> DocId {
    of.view.workspace().review_doc(AssetId::from_bytes([7; 16]), audience)
}

/// Changes that a peer writes in a log of their own, `n` of it, one after the other.
fn changes(by: &Peer, doc: DocId, n: u8, heads: &[EntryHash]) -> Vec<Verified> {
    let (workspace, author) = (by.view.workspace(), by.signer());
    let kind = EntryKind::Change;
    let log = LogId::from_bytes([n; 16]);
    let mut log = LogWriter::begin(workspace, doc, kind.class(), author, log, EntryHash::ZERO);
    let key = KeyId::from_bytes([1; 16]);
    let mut write = |auth_head: &EntryHash| {
        let (nonce, claimed_at) = (Nonce::from_bytes([1; 24]), Millis(1));
        let draft = Draft { kind, auth_head: *auth_head, claimed_at, key, nonce, tip_commit: [1; 32] };
        log.append(&draft, b"sealed", &by.device.signing).expect("canonical")
    };
    heads.iter().map(&mut write).collect()
}

fn snapshot(by: &Peer, doc: DocId, rows: &[&Verified]) -> Snapshot {
    let mut rows: Vec<VerifiedHeader> = rows.iter().map(|entry| entry.head().clone()).collect();
    rows.sort_by_key(|row| (row.header().log, row.header().seq));
    let draft = SnapshotDraft {
        workspace: by.view.workspace(),
        doc,
        auth_head: by.head(),
        claimed_at: Millis(1),
        key: KeyId::from_bytes([1; 16]),
        nonce: Nonce::from_bytes([1; 24]),
        rows,
    };
    draft.sign(b"a sealed chunk", &by.device.signing).expect("canonical")
}

fn erase(entry: &Verified) -> Op {
    let h = entry.header();
    let erased = Erased { doc: h.doc, log: h.log, seq: h.seq, hash: entry.hash() };
    Op::Erase { statement: EntryHash::from_bytes([8; 32]), entries: [erased].into(), blobs: [].into() }
}

#[test]
fn a_snapshot_by_a_reviewer_names_who_wrote_each_log_and_in_which_role() {
    let [ada, bo, cy, _] = cast(Role::Producer, Role::Reviewer, Role::Guest);
    let team = doc(&ada, Audience::Team);
    assert_eq!(cy.head(), ada.head());
    let (by_bo, by_cy) = (changes(&bo, team, 1, &[ada.head(); 3]), changes(&cy, team, 2, &[ada.head()]));
    let made = snapshot(&cy, team, &[&by_bo[2], &by_cy[0]]);
    let mut authors: Vec<_> = made.logs().map(|(_, last)| last.header().author).collect();
    let expected = authors.iter_mut().map(|author| match *author == bo.signer() {
        true => (bo.id(), Role::Producer),
        false => (cy.id(), Role::Reviewer),
    });
    assert_eq!(ada.view.vouch(&made, &[]), Ok(expected.collect()));
}

#[test]
fn who_is_no_member_or_below_reviewer_or_does_not_read_it_attests_nothing() {
    let [mut ada, bo, mut cy, mallory] = cast(Role::Producer, Role::Reviewer, Role::Guest);
    let (team, all) = (doc(&ada, Audience::Team), doc(&ada, Audience::Everyone));
    let [in_team, in_all] = [team, all].map(|doc| changes(&bo, doc, 1, &[ada.head()]).remove(0));
    let stranger = ada.stranger(9, 9);
    let by = |peer: &Peer, doc, row: &Verified| {
        let auth_head = ada.head();
        let mut maker = peer.clone();
        maker.meet(&ada);
        assert_eq!(maker.head(), auth_head);
        ada.view.vouch(&snapshot(&maker, doc, &[row]), &[])
    };
    assert!(by(&cy, team, &in_team).is_ok() && by(&cy, all, &in_all).is_ok());
    for (who, doc, row) in [(&mallory, team, &in_team), (&mallory, all, &in_all), (&stranger, all, &in_all)] {
        assert_eq!(by(who, doc, row), Err(Unvouched::Maker));
    }
    ada.writes(&remove(&cy));
    cy.meet(&ada);
    assert_eq!(ada.view.vouch(&snapshot(&cy, all, &[&in_all]), &[]), Err(Unvouched::Maker));
}

#[test]
fn a_log_of_which_something_was_erased_is_not_stood_for_beyond_it() {
    let [mut ada, bo, cy, _] = cast(Role::Producer, Role::Reviewer, Role::Guest);
    let team = doc(&ada, Audience::Team);
    let (one, other) = (changes(&bo, team, 1, &[ada.head(); 4]), changes(&bo, team, 2, &[ada.head(); 4]));
    assert!(!ada.view.erases_in(team));
    ada.writes(&erase(&one[2]));
    assert!(ada.view.erases_in(team) && !ada.view.erases_in(doc(&ada, Audience::Everyone)));
    let covers = |entry: &Verified| ada.view.covers_erased(entry.head());
    assert_eq!(one.iter().map(covers).collect::<Vec<_>>(), [false, false, true, true]);
    assert!(!other.iter().any(covers), "another log of the same author");
    let vouched = |rows: &[&Verified]| ada.view.vouch(&snapshot(&cy, team, rows), &[]);
    assert!(vouched(&[&one[1], &other[3]]).is_ok());
    assert_eq!(vouched(&[&one[2], &other[3]]), Err(Unvouched::Erased));
    assert_eq!(vouched(&[&one[3]]), Err(Unvouched::Erased));
}

#[test]
fn two_histories_are_stood_for_up_to_where_they_part() {
    let [ada, bo, cy, _] = cast(Role::Producer, Role::Reviewer, Role::Guest);
    let (team, all) = (doc(&ada, Audience::Team), doc(&ada, Audience::Everyone));
    let log = changes(&bo, team, 1, &[ada.head(); 3]);
    let vouched = |upto: usize, parted: &Verified| {
        let proofs = [(parted.clone(), parted.clone())];
        ada.view.vouch(&snapshot(&cy, team, &[&log[upto]]), &proofs).is_ok()
    };
    assert_eq!([0, 1, 2].map(|upto| vouched(upto, &log[1])), [true, false, false]);
    let refused = ada.view.vouch(&snapshot(&cy, team, &[&log[2]]), &[(log[1].clone(), log[1].clone())]);
    assert_eq!(refused, Err(Unvouched::Author(log[2].header().log)));
    for elsewhere in [changes(&bo, team, 2, &[ada.head(); 2]), changes(&bo, all, 1, &[ada.head(); 2])] {
        assert!(vouched(2, &elsewhere[1]), "another log, another document");
    }
}

#[test]
fn an_author_stands_behind_a_whole_log_in_one_role_only() {
    let [mut ada, mut bo, cy, mallory] = cast(Role::Reviewer, Role::Reviewer, Role::Guest);
    let team = doc(&ada, Audience::Team);
    let before = ada.head();
    ada.writes(&set_role(&bo, Role::Producer));
    bo.meet(&ada);
    let across = changes(&bo, team, 1, &[before, bo.head(), bo.head()]);
    let after = changes(&bo, team, 2, &[bo.head(); 2]);
    let author = |first: Option<&Verified>, last: &Verified| {
        ada.view.author_of(first.map(Verified::head), last.head())
    };
    assert_eq!(author(Some(&across[0]), &across[2]), None, "a reviewer began it, a producer went on");
    assert_eq!(author(Some(&across[1]), &across[2]), Some((bo.id(), Role::Producer)));
    assert_eq!(author(None, &after[1]), None, "two roles in all, and it is not shown in which it began");
    assert_eq!(author(Some(&after[0]), &after[1]), Some((bo.id(), Role::Producer)));
    assert_eq!(author(None, &after[0]), Some((bo.id(), Role::Producer)), "the last is the first");
    assert_eq!(
        ada.view.author_of(None, changes(&cy, team, 3, &[before; 2])[1].head()),
        Some((cy.id(), Role::Reviewer))
    );
    let by_a_guest = changes(&mallory, team, 4, &[before]);
    assert_eq!(author(None, &by_a_guest[0]), None, "a guest does not read it");
    let stranger = ada.stranger(9, 9);
    assert_eq!(author(None, &changes(&stranger, team, 5, &[before])[0]), None);
    let door = Capability::new(50);
    let unknown = EntryHash::from_bytes(*door.id().as_bytes());
    assert_eq!(author(None, &changes(&cy, team, 6, &[unknown])[0]), None, "it stands on nothing known");
}

#[test]
fn a_change_of_role_that_an_author_has_not_heard_of_ends_what_they_stand_behind() {
    let [mut ada, bo, cy, _] = cast(Role::Producer, Role::Reviewer, Role::Guest);
    let (team, knew) = (doc(&ada, Audience::Team), ada.head());
    let (by_bo, by_cy) = (changes(&bo, team, 1, &[knew; 3]), changes(&cy, team, 2, &[knew; 3]));
    let log = by_bo[0].header().log;
    ada.writes(&Op::SetRole { person: bo.id(), role: Role::Reviewer, cut: up_to(team, log, 2) });
    ada.writes(&set_role(&cy, Role::Producer));
    let author = |log: &[Verified], n: usize| ada.view.author_of(Some(log[0].head()), log[n].head());
    let as_before = Some((bo.id(), Role::Producer));
    assert_eq!(
        [0, 1, 2].map(|n| author(&by_bo, n)),
        [as_before, as_before, None],
        "up to the cut, and no further"
    );
    assert_eq!(author(&by_cy, 2), None, "raised meanwhile: somewhere within the log, by its headers");
}
