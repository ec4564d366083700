//! Keys and headers to test with, the same in every run.

use proofroom_entry::{EntryKind, Header};
use proofroom_ident::{
    AssetId, Audience, EntryHash, KexSecret, LogClass, LogId, Millis, Nonce, SigningSecret, WorkspaceId,
};
use proofroom_seal::{EpochKey, WrapInfo};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

pub const WORKSPACE: WorkspaceId = WorkspaceId::from_bytes([0x11; 32]);

pub fn rng() -> ChaCha20Rng {
    ChaCha20Rng::from_seed([0x5e; 32])
}

pub fn epoch(n: u8) -> EpochKey {
    EpochKey::from_bytes([n; 32])
}

pub fn kex(n: u8) -> KexSecret {
    KexSecret::from_seed(&[n; 32])
}

pub fn info(key: &EpochKey) -> WrapInfo {
    WrapInfo { workspace: WORKSPACE, audience: Audience::Team, key: key.id() }
}

/// The header of a change in the team's review document, sealed under `epoch`.
pub fn header(epoch: &EpochKey) -> Header {
    let doc = WORKSPACE.review_doc(AssetId::from_bytes([7; 16]), Audience::Team);
    let author = SigningSecret::from_seed(&[2; 32]).public();
    Header {
        kind: EntryKind::Change,
        audience: Audience::Team,
        workspace: WORKSPACE,
        doc,
        author,
        log: LogId::of_author(author, doc, LogClass::Changes, LogId::from_bytes([0x0f; 16])),
        seq: 1,
        prev: EntryHash::ZERO,
        prev_log_head: EntryHash::from_bytes([0x0e; 32]),
        auth_head: EntryHash::from_bytes([0x0d; 32]),
        claimed_at: Millis(1_750_000_000_000),
        key: epoch.id(),
        nonce: Nonce::from_bytes([0x0c; 24]),
        tip_commit: [0; 32],
        payload_len: 0,
        payload_hash: [0; 32],
    }
}
