//! Entries to test with, the same in every run.

use proofroom_entry::{Draft, EntryKind, LogWriter, Verified};
use proofroom_ident::{
    AssetId, Audience, DocId, EntryHash, KeyId, LogClass, LogId, Millis, Nonce, SigningSecret, WorkspaceId,
};

pub fn ada() -> SigningSecret {
    SigningSecret::from_seed(&[1; 32])
}

pub fn bo() -> SigningSecret {
    SigningSecret::from_seed(&[2; 32])
}

pub fn mallory() -> SigningSecret {
    SigningSecret::from_seed(&[66; 32])
}

pub fn plain(auth_head: EntryHash) -> Draft {
    Draft {
        kind: EntryKind::Authority,
        auth_head,
        claimed_at: Millis(1_750_000_000_000),
        key: KeyId::ZERO,
        nonce: Nonce::ZERO,
        tip_commit: [0; 32],
    }
}

pub fn sealed(auth_head: EntryHash) -> Draft {
    Draft {
        kind: EntryKind::Change,
        auth_head,
        claimed_at: Millis(1_750_000_000_001),
        key: KeyId::from_bytes([0x0b; 16]),
        nonce: Nonce::from_bytes([0x0c; 24]),
        tip_commit: [0x0d; 32],
    }
}

/// Ada's log of membership operations, before its first entry.
pub fn authority_log(workspace: WorkspaceId) -> LogWriter {
    let log = LogId::from_bytes([0x0a; 16]);
    let class = LogClass::Authority;
    LogWriter::begin(workspace, DocId::AUTHORITY, class, ada().public(), log, EntryHash::ZERO)
}

pub fn genesis() -> Verified {
    authority_log(WorkspaceId::ZERO).append(&plain(EntryHash::ZERO), b"genesis", &ada()).expect("canonical")
}

pub fn team_doc(workspace: WorkspaceId) -> DocId {
    workspace.review_doc(AssetId::from_bytes([7; 16]), Audience::Team)
}

/// Bo's log of changes in the team's review document, which follows an older log of his.
pub fn bo_log(workspace: WorkspaceId) -> LogWriter {
    bo_log_of(workspace, LogClass::Changes)
}

fn bo_log_of(workspace: WorkspaceId, class: LogClass) -> LogWriter {
    let doc = team_doc(workspace);
    let before = EntryHash::from_bytes([0x0e; 32]);
    LogWriter::begin(workspace, doc, class, bo().public(), LogId::from_bytes([0x0f; 16]), before)
}

/// A genesis entry, a second authority entry, then four entries of Bo in two logs:
/// one of each shape that a header can have.
pub fn all() -> Vec<(&'static str, SigningSecret, Verified)> {
    let first = genesis();
    let (workspace, head) = (first.workspace(), first.hash());
    let tip = proofroom_entry::LogTip::after(first.head());
    let second = LogWriter::resume(workspace, &tip).append(&plain(head), b"", &ada()).expect("canonical");
    let (mut changes, mut statements) = (bo_log(workspace), bo_log_of(workspace, LogClass::Statements));
    let mut bo_writes = |kind: EntryKind, payload: &[u8]| {
        let draft = Draft { kind, ..sealed(head) };
        let log = if kind == EntryKind::Change { &mut changes } else { &mut statements };
        log.append(&draft, payload, &bo()).expect("canonical")
    };
    let change = bo_writes(EntryKind::Change, &[0x5a; 40]);
    let next = bo_writes(EntryKind::Change, &[0x5b; 3]);
    let approval = bo_writes(EntryKind::Approval, b"sealed elsewhere");
    let profile = bo_writes(EntryKind::Profile, b"");
    vec![
        ("genesis", ada(), first),
        ("a second membership operation, empty", ada(), second),
        ("the first change of a log that follows another", bo(), change),
        ("the change after it", bo(), next),
        ("an approval, the first statement of a log that follows another", bo(), approval),
        ("a profile, empty", bo(), profile),
    ]
}
