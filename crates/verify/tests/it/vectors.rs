//! The vectors that every verifier must reject. Mallory is a member and signs the altered certificate
//! as its maker: the maker's signature is no help to whoever is lied to.

use proofroom_authority::Role;
use proofroom_certificate::{About, Draft, Form, Piece, Subject};
use proofroom_entry::{Draft as EntryDraft, EntryKind, LogTip, LogWriter, SIGNED_BYTES, Signed};
use proofroom_ident::{DocId, EntryHash, KeyId, LogClass, LogId, Millis, Nonce, VersionHash, WorkspaceId};
use proofroom_replica::Disclosure;
use proofroom_review::statement::Signer;
use proofroom_review::{Decision, DecisionStatement, SignMeaning};
use proofroom_seal::{EntryKey, EpochKey, SealKey, seal};
use proofroom_verify::{Check, Verdict};

use crate::world::{ASSET, Members, Peer, Story, failing, me, story, verdict};

/// The honest pieces, altered, and signed by a member as their maker.
pub fn altered(by: &Peer, draft: &Draft, alter: impl FnOnce(&mut About, &mut Vec<Piece>)) -> Members {
    let (mut about, mut pieces) = (draft.about().clone(), draft.pieces().to_vec());
    alter(&mut about, &mut pieces);
    by.sign(&Draft::new(about, pieces).expect("well-formed"))
}

/// What a verifier says of the altered pieces.
fn found(by: &Peer, draft: &Draft, alter: impl FnOnce(&mut About, &mut Vec<Piece>)) -> Verdict {
    verdict(&altered(by, draft, alter))
}

pub fn honest() -> (Story, Draft) {
    let mut story = story();
    let draft = story.ada.draft(story.v2, Disclosure::Full);
    (story, draft)
}

pub fn at(pieces: &[Piece], kind: EntryKind, nth: usize) -> usize {
    let found = pieces.iter().enumerate().filter(|(_, p)| p.header().kind == kind).nth(nth);
    found.map(|(at, _)| at).expect("the story has it")
}

/// The same entry with other header and payload bytes; its signature stays.
pub fn with_bytes(piece: &Piece, change: impl FnOnce(&mut Vec<u8>)) -> Piece {
    let mut bytes = piece.entry().expect("it is shown").bytes().to_vec();
    change(&mut bytes);
    Piece::new(piece.form(), &bytes).expect("well-formed")
}

#[test]
fn a_flipped_bit_in_an_entry_is_rejected_wherever_it_is() {
    let (story, draft) = honest();
    let approval = at(draft.pieces(), EntryKind::Approval, 0);
    // The signature, the payload, the claimed time, the membership head, the commitment.
    for offset in [SIGNED_BYTES - 1, SIGNED_BYTES + 5, 203, 171, 255] {
        let verdict = found(&story.cy, &draft, |_, pieces| {
            pieces[approval] = with_bytes(&pieces[approval], |bytes| bytes[offset] ^= 1);
        });
        assert!(failing(&verdict).contains(&Check::Signatures), "byte {offset}: {:#?}", verdict.rows);
    }
}

#[test]
fn a_signature_copied_to_another_statement_is_rejected() {
    let (story, draft) = honest();
    let (first, second) =
        (at(draft.pieces(), EntryKind::Approval, 0), at(draft.pieces(), EntryKind::Approval, 1));
    let verdict = found(&story.cy, &draft, |_, pieces| {
        let donor = pieces[first].entry().expect("shown").bytes()[319..SIGNED_BYTES].to_vec();
        pieces[second] =
            with_bytes(&pieces[second], |bytes| bytes[319..SIGNED_BYTES].copy_from_slice(&donor));
    });
    assert!(failing(&verdict).contains(&Check::Signatures));
}

#[test]
fn an_entry_removed_from_the_middle_is_rejected() {
    let (story, draft) = honest();
    for (i, piece) in draft.pieces().iter().enumerate() {
        let verdict = found(&story.cy, &draft, |_, pieces| drop(pieces.remove(i)));
        let h = piece.header();
        // The last entries of logs that nobody signed to have seen may be missing: complete as of its heads.
        let unseen_tip = h.doc != DocId::AUTHORITY
            && !draft.pieces().iter().any(|p| p.header().prev == piece.hash())
            && !matches!(h.kind, EntryKind::Change);
        if !unseen_tip {
            assert!(!verdict.holds, "piece {i}, a {:?}", h.kind);
        }
    }
}

#[test]
fn two_entries_of_one_author_at_one_position_are_rejected() {
    let (story, draft) = honest();
    let approval = at(draft.pieces(), EntryKind::Approval, 0);
    let verdict = found(&story.cy, &draft, |_, pieces| {
        let other = second_history(&pieces[approval]);
        pieces.push(other);
    });
    assert!(failing(&verdict).contains(&Check::Equivocations), "{:#?}", verdict.rows);
}

/// Another entry at the same place, by the same device.
pub fn second_history(piece: &Piece) -> Piece {
    let h = *piece.header();
    let author =
        ["ada", "bo", "cy"].into_iter().map(me).find(|m| m.device() == h.author).expect("a peer wrote it");
    let tip = LogTip {
        doc: h.doc,
        log: h.log,
        author: h.author,
        audience: h.audience,
        seq: h.seq - 1,
        hash: h.prev,
    };
    let mut writer = if h.seq == 1 {
        LogWriter::begin(h.workspace, h.doc, LogClass::Statements, h.author, h.log, h.prev_log_head)
    } else {
        LogWriter::resume(h.workspace, &tip)
    };
    let nonce = Nonce::from_bytes([9; 24]);
    let draft = entry_draft(h.kind, h.auth_head, Millis(h.claimed_at.0 + 1), h.key, nonce);
    let payload = piece.entry().expect("shown").verify(h.workspace).expect("signed").payload().to_vec();
    let entry = writer.append(&draft, &payload, &author.secrets.signing).expect("a writer writes");
    Piece::new(Form::Withheld(proofroom_certificate::Withheld::NotShown), entry.bytes()).expect("an entry")
}

fn entry_draft(
    kind: EntryKind,
    auth_head: EntryHash,
    claimed_at: Millis,
    key: KeyId,
    nonce: Nonce,
) -> EntryDraft {
    EntryDraft { kind, auth_head, claimed_at, key, nonce, tip_commit: [0; 32] }
}

/// A decision on the version by a device of somebody, in a log of its own, under any epoch key.
pub fn decision(workspace: WorkspaceId, name: &str, auth_head: EntryHash, version: VersionHash) -> Piece {
    let who = me(name);
    let doc = workspace.review_doc(ASSET, proofroom_ident::Audience::Everyone);
    let statement = DecisionStatement {
        review: doc,
        stage: "review".into(),
        assignment: None,
        on_behalf_of: None,
        version_hash: version,
        renditions_viewed: vec![],
        route_hash: None,
        brief_hash: None,
        decision: Decision::Approved,
        meaning: SignMeaning::Approval,
        statement_text: "I approve.".into(),
        reason: None,
        conditions: vec![],
        checklist: vec![],
        checks_seen: vec![],
        seen_heads: Default::default(),
        open_comments: vec![],
        user_verified: None,
        signer: Signer { printed_name: name.into(), role_title: None, organisation: "Nord".into() },
        claimed_at: Millis(1_700_000_900_000),
        utc_offset_min: 0,
    };
    let epoch = EpochKey::from_bytes([5; 32]);
    let seed = LogId::from_bytes([6; 16]);
    let mut writer =
        LogWriter::begin(workspace, doc, LogClass::Statements, who.device(), seed, EntryHash::ZERO);
    let draft = entry_draft(
        EntryKind::Approval,
        auth_head,
        statement.claimed_at,
        epoch.id(),
        Nonce::from_bytes([8; 24]),
    );
    let json = statement.to_json().expect("canonical");
    let header = writer.header(&draft);
    let payload = seal(&epoch, &header, json.as_bytes()).expect("small");
    let entry = writer.append(&draft, &payload, &who.secrets.signing).expect("a writer writes");
    let key: EntryKey = SealKey::for_doc(&epoch, doc).entry_key(&draft.nonce);
    Piece::new(Form::Opened(*key.as_bytes()), entry.bytes()).expect("an entry")
}

pub fn membership_head(draft: &Draft) -> EntryHash {
    let of = |p: &Piece| p.header().auth_head;
    let last = draft.pieces().iter().filter(|p| p.header().kind == EntryKind::Approval).map(of).next_back();
    last.expect("somebody decided")
}

#[test]
fn a_decision_by_somebody_who_was_no_member_is_rejected() {
    let (story, draft) = honest();
    let head = membership_head(&draft);
    let verdict = found(&story.cy, &draft, |_, pieces| {
        pieces.push(decision(story.ada.replica.workspace(), "mallory", head, story.v2))
    });
    assert!(failing(&verdict).contains(&Check::Signers), "{:#?}", verdict.rows);
}

#[test]
fn a_decision_by_a_member_before_they_were_admitted_is_rejected() {
    let (story, draft) = honest();
    let genesis =
        draft.pieces().iter().find(|p| p.header().is_genesis()).map(Piece::hash).expect("there is one");
    let verdict = found(&story.cy, &draft, |_, pieces| {
        pieces.push(decision(story.ada.replica.workspace(), "bo", genesis, story.v2))
    });
    assert!(failing(&verdict).contains(&Check::Signers), "{:#?}", verdict.rows);
}

#[test]
fn a_decision_by_somebody_who_may_only_look_on_approves_nothing() {
    let mut ada = Peer::found("ada");
    let mut bo = ada.admit("bo", Role::Reviewer);
    let mut cy = ada.admit("cy", Role::Guest);
    ada.assign(bo.person(), proofroom_review::ReviewerRole::Viewer);
    ada.assign(cy.person(), proofroom_review::ReviewerRole::Approver);
    let v1 = ada.version(b"first", &[]);
    bo.hear(&ada);
    let draft = ada.draft(v1, Disclosure::Full);
    let last = draft.pieces().iter().filter(|p| p.header().doc == DocId::AUTHORITY);
    let head = last.max_by_key(|p| p.header().claimed_at).map(Piece::hash).expect("there are members");
    let lie = |piece: Piece| found(&ada, &draft, |_, pieces| pieces.push(piece));
    let verdict = lie(decision(ada.replica.workspace(), "bo", head, v1));
    assert_eq!(failing(&verdict), [Check::Route], "{:#?}", verdict.rows);
    cy.hear(&ada);
    cy.decide(Decision::Approved, v1);
    ada.hear(&cy);
    assert!(crate::world::verdict(&ada.certify(v1)).holds);
}

#[test]
fn a_decision_on_one_version_presented_for_another_is_rejected() {
    let mut story = story();
    let v3 = story.ada.version(b"third", &[story.v2]);
    let draft = story.ada.draft(story.v2, Disclosure::Full);
    let verdict =
        found(&story.cy, &draft, |about, _| about.subject = Subject::Version { asset: ASSET, version: v3 });
    assert_eq!(failing(&verdict), [Check::Route]);
    // Nor does it help to leave the newer version's change out: the manifest is then not there.
    let nowhere = VersionHash::from_bytes([3; 32]);
    let verdict = found(&story.cy, &draft, |about, _| {
        about.subject = Subject::Version { asset: ASSET, version: nowhere }
    });
    assert!(failing(&verdict).contains(&Check::Version));
}

#[test]
fn an_outcome_of_a_moment_that_has_not_been_is_rejected() {
    let (story, draft) = honest();
    let check = |change: &dyn Fn(Millis) -> Millis| {
        let verdict = found(&story.cy, &draft, |about, _| about.as_of = change(about.as_of));
        assert_eq!(failing(&verdict), [Check::Route]);
    };
    check(&|at| Millis(at.0 - 1));
    check(&|at| Millis(at.0 + 1_000_000_000));
}

#[test]
fn another_workspace_is_rejected() {
    let (story, draft) = honest();
    let other = Peer::found("mallory").replica.workspace();
    let verdict = found(&story.cy, &draft, |about, _| about.workspace = other);
    assert!(failing(&verdict).contains(&Check::Signatures));
}

#[test]
fn a_truncated_membership_chain_is_rejected() {
    let (story, draft) = honest();
    let members = draft.pieces().iter().filter(|p| p.header().doc == DocId::AUTHORITY).count();
    for keep in 0..members {
        let verdict = found(&story.cy, &draft, |_, pieces| {
            let mut order: Vec<Piece> =
                pieces.iter().filter(|p| p.header().doc == DocId::AUTHORITY).cloned().collect();
            order.sort_by_key(|p| p.header().claimed_at);
            let kept: Vec<EntryHash> = order[..keep].iter().map(Piece::hash).collect();
            pieces.retain(|p| p.header().doc != DocId::AUTHORITY || kept.contains(&p.hash()));
        });
        assert!(!verdict.holds, "with {keep} of {members} membership entries");
    }
}

#[test]
fn a_reordered_chain_is_rejected_before_it_is_looked_at() {
    let (story, draft) = honest();
    let members = story.ada.sign(&draft);
    let bytes = &members[0].1;
    let certificate = crate::world::certificate(&members);
    // Two membership entries of one log change places in the bytes.
    let entries: Vec<Signed> = certificate.pieces().iter().filter_map(Piece::entry).collect();
    let (a, b) = (entries[0].bytes(), entries[1].bytes());
    let find = |needle: &[u8]| bytes.windows(needle.len()).position(|w| w == needle).expect("it is in there");
    let (at_a, at_b) = (find(a), find(b));
    let mut swapped = bytes[..at_a - 4].to_vec();
    swapped.extend_from_slice(&bytes[at_b - 4..at_b + b.len()]);
    swapped.extend_from_slice(&bytes[at_a + a.len()..at_b - 4]);
    swapped.extend_from_slice(&bytes[at_a - 4..at_a + a.len()]);
    swapped.extend_from_slice(&bytes[at_b + b.len()..]);
    assert_eq!(swapped.len(), bytes.len());
    let verdict = verdict(&vec![(members[0].0.clone(), swapped), members[1].clone()]);
    assert_eq!(failing(&verdict), [Check::Bytes]);
}

#[test]
fn a_withheld_decision_is_rejected() {
    let (story, draft) = honest();
    let approval = at(draft.pieces(), EntryKind::Approval, 0);
    let verdict = found(&story.cy, &draft, |_, pieces| {
        let bytes = pieces[approval].entry().expect("shown").bytes().to_vec();
        pieces[approval] =
            Piece::new(Form::Withheld(proofroom_certificate::Withheld::NotShown), &bytes).expect("an entry");
    });
    assert!(failing(&verdict).contains(&Check::Redactions), "{:#?}", verdict.rows);
}

#[test]
fn another_key_for_an_entry_is_rejected() {
    let (story, draft) = honest();
    let approval = at(draft.pieces(), EntryKind::Approval, 0);
    let verdict = found(&story.cy, &draft, |_, pieces| {
        let bytes = pieces[approval].entry().expect("shown").bytes().to_vec();
        pieces[approval] = Piece::new(Form::Opened([1; 32]), &bytes).expect("an entry");
    });
    assert!(failing(&verdict).contains(&Check::Signatures));
}

#[test]
fn a_maker_who_is_no_member_is_rejected() {
    let (_, draft) = honest();
    let mallory = Peer::found("mallory");
    assert_eq!(failing(&verdict(&mallory.sign(&draft))), [Check::Membership]);
}
