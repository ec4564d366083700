//! A guest who forges an entry into the team's document, sealed under the one key they have.

use proofroom_authority::{Op, Role};
use proofroom_document::{DocKind, Document, Writer, WriterRole};
use proofroom_entry::{Draft, EntryKind, LogWriter, Signed};
use proofroom_ident::{Audience, CommentId, DocId, LogClass, LogId, Millis, Nonce, VersionHash};
use proofroom_replica::IngestOutcome;
use proofroom_review::{Anchor, CommentLabel, ReviewEdit, Selector};
use proofroom_seal::{EpochKey, WrapInfo};

use crate::world::{ASSET, Peer, entries_of};

/// The key for everyone, unwrapped as any program with the device's secrets can.
pub fn key_for_everyone(peer: &Peer) -> EpochKey {
    let secret = &peer.replica.me().secrets.kex;
    let ours =
        entries_of(&peer.store, peer.workspace()).into_iter().filter(|e| e.claims().doc == DocId::AUTHORITY);
    let ours = ours.map(|e| e.verify(peer.workspace()).unwrap());
    let wraps = ours.flat_map(|e| match Op::decode(e.payload()).unwrap().1 {
        Op::RotateKey { audience: Audience::Everyone, key, wraps, .. }
        | Op::ShareKey { audience: Audience::Everyone, key, wraps } => {
            wraps.iter().map(|w| (key, *w)).collect::<Vec<_>>()
        }
        _ => Vec::new(),
    });
    let info = |key| WrapInfo { workspace: peer.workspace(), audience: Audience::Everyone, key };
    let mut opened = wraps.filter(|(_, w)| w.to == secret.public());
    let (key, wrap) = opened.next().unwrap();
    proofroom_seal::unwrap(secret, &wrap.enc, &wrap.sealed, &info(key)).unwrap()
}

fn forged_comment(mallory: &mut Peer, version: VersionHash) -> Signed {
    let honest = mallory.comment(Audience::Everyone, version, "honest").unwrap();
    let mine = entries_of(&mallory.store, mallory.workspace());
    let auth_head = mine.iter().find(|e| e.hash() == honest.entry).unwrap().claims().auth_head;
    let (workspace, me) = (mallory.workspace(), mallory.replica.me().clone());
    let team = workspace.review_doc(ASSET, Audience::Team);
    let seed = LogId::from_bytes([0x66; 16]);
    let zero = proofroom_ident::EntryHash::ZERO;
    let mut log = LogWriter::begin(workspace, team, LogClass::Changes, me.device(), seed, zero);
    let writer =
        Writer { author: me.device(), log: log.log(), person: me.person(), role: WriterRole::Contributor };
    let edit = ReviewEdit::AddComment {
        id: CommentId::from_bytes([0x66; 16]),
        body: "from outside".into(),
        anchor: Box::new(Anchor {
            version,
            rendition: None,
            selectors: vec![Selector::Whole],
            refined_by: None,
        }),
        label: CommentLabel::Change,
        parent: None,
    };
    let mut document = Document::new(DocKind::Review, workspace, team);
    let recorded = document.record_review(&writer, Millis(1), &[edit]).unwrap();
    let epoch = key_for_everyone(mallory);
    let draft = Draft {
        kind: EntryKind::Change,
        auth_head,
        claimed_at: Millis(1),
        key: epoch.id(),
        nonce: Nonce::from_bytes([0x66; 24]),
        tip_commit: proofroom_seal::tip_commit(&epoch, team, recorded.tip.as_bytes()),
    };
    let sealed = proofroom_seal::seal(&epoch, &log.header(&draft), &recorded.payload).unwrap();
    let entry = log.append(&draft, &sealed, &me.secrets.signing).unwrap();
    Signed::decode(entry.bytes().clone()).unwrap()
}

#[test]
fn a_guest_cannot_write_into_the_teams_document() {
    let mut ada = Peer::found("ada");
    let v1 = ada.version("first", &[]);
    ada.comment(Audience::Team, v1, "among us").unwrap();
    let mut mallory = ada.admit("mallory", Role::Guest);
    let forged = forged_comment(&mut mallory, v1);
    let hash = forged.hash();
    ada.hear(&mallory.store);
    let outcome = ada.offer(vec![forged]).outcomes.remove(0).1;
    let refused = IngestOutcome::Refused("a guest may not write this kind of entry".into());
    assert_eq!(outcome, refused);
    assert_eq!(ada.comments(Audience::Team), ["among us"]);
    assert_eq!(ada.comments(Audience::Everyone), ["honest"]);
    let trail = ada.replica.trail(&ada.store, true).unwrap();
    assert!(trail.lines.iter().all(|l| l.entry != hash), "it leaves no trace");
}
