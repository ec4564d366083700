//! The state of a replica that what a document shows follows from.

use proofroom_ident::{DocId, EntryHash, KeyId, LogId, WorkspaceId};

/// Raise it whenever the same entries may show something else: views, vetting, what counts.
const SHOWS: u32 = 3;

/// All that what is shown follows from.
pub(super) struct State {
    pub(super) workspace: WorkspaceId,
    pub(super) doc: DocId,
    /// The digest of its tips.
    pub(super) entries: [u8; 32],
    /// The hashes of the headers at which its logs begin.
    pub(super) bases: Vec<EntryHash>,
    /// Where proofs of two histories freeze its logs, in their order.
    pub(super) frozen: Vec<(LogId, u64)>,
    /// The membership log's heads: with their past, all of it.
    pub(super) membership: Vec<EntryHash>,
    /// The epoch keys at hand: what else cannot be read shows nothing.
    pub(super) keys: Vec<KeyId>,
}

/// Names one state: equal stamps show the same.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp([u8; 32]);

impl Stamp {
    pub(super) fn of(mut state: State) -> Self {
        state.membership.sort_unstable();
        state.keys.sort_unstable();
        state.bases.sort_unstable();
        let mut hasher = blake3::Hasher::new_derive_key("proofroom 1 what a document shows");
        hasher.update(&SHOWS.to_le_bytes());
        hasher.update(state.workspace.as_bytes()).update(state.doc.as_bytes()).update(&state.entries);
        count(&mut hasher, state.bases.len());
        for base in state.bases {
            hasher.update(base.as_bytes());
        }
        count(&mut hasher, state.frozen.len());
        for (log, seq) in state.frozen {
            hasher.update(log.as_bytes()).update(&seq.to_le_bytes());
        }
        count(&mut hasher, state.membership.len());
        for head in state.membership {
            hasher.update(head.as_bytes());
        }
        count(&mut hasher, state.keys.len());
        for key in state.keys {
            hasher.update(key.as_bytes());
        }
        Self(*hasher.finalize().as_bytes())
    }

    pub(super) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

fn count(hasher: &mut blake3::Hasher, n: usize) {
    hasher.update(&(n as u64).to_le_bytes());
}
