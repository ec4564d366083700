//! Evidence of two histories: what no tip and no digest names, and every replica must know.
//!
//! A log with two histories is frozen where they part, on every replica that holds the
//! proof. Entries beyond the shared part follow no tip, so they are not asked for by
//! position: peers show each other what they hold of them when a session begins.

use std::collections::BTreeSet;
use std::sync::Arc;

use proofroom_entry::Signed;
use proofroom_ident::{DocId, EntryHash, LogClass, LogId, WorkspaceId};

use crate::{Store, StoreError};

/// Where a membership operation of a second history is kept: `entry` is its hash, or
/// empty for the prefix of all.
pub fn branch_key(workspace: WorkspaceId, entry: &[u8]) -> Vec<u8> {
    [b"branch/".as_slice(), workspace.as_bytes(), entry].concat()
}

/// The bytes of the entries at these places of a document's logs, as far as they are held.
///
/// # Errors
/// When the store cannot be read.
pub fn entries_at(
    store: &dyn Store,
    workspace: WorkspaceId,
    doc: DocId,
    places: impl IntoIterator<Item = (LogId, u64, EntryHash)>,
) -> Result<Vec<Arc<[u8]>>, StoreError> {
    let mut held = Vec::new();
    for (log, seq, hash) in places {
        let entry = store.entry(workspace, doc, log, seq)?;
        held.extend(entry.filter(|entry| entry.hash() == hash).map(|entry| entry.bytes().clone()));
    }
    Ok(held)
}

/// Of each proof the second entry, and of a log of changes the first one before it: whoever
/// rests on a snapshot beyond it has neither. Then the membership operations beyond a parting: those
/// of the history that the log holds, and of others.
pub fn evidence(store: &dyn Store, workspace: WorkspaceId) -> Result<Vec<Signed>, StoreError> {
    let corrupt = |e: proofroom_entry::DecodeError| StoreError::Corrupt {
        doing: "reading evidence",
        what: e.to_string(),
    };
    let proofs = store.proofs(workspace)?;
    let mut all: Vec<Signed> = Vec::with_capacity(proofs.len());
    for (one, other) in &proofs {
        if one.header().log.class() == Some(LogClass::Changes) {
            all.push(Signed::decode(one.bytes().clone()).map_err(corrupt)?);
        }
        all.push(Signed::decode(other.bytes().clone()).map_err(corrupt)?);
    }
    // Operations beyond the parting are each other's second history, whichever the log holds.
    for proof in proofs.iter().map(|(one, _)| one.header()).filter(|h| h.doc == DocId::AUTHORITY) {
        for entry in store.entries(workspace, proof.doc, proof.log, proof.seq, usize::MAX)? {
            all.push(Signed::decode(entry.bytes().clone()).map_err(corrupt)?);
        }
    }
    for (_, bytes) in store.scan(&branch_key(workspace, &[]))? {
        all.push(Signed::decode(bytes).map_err(corrupt)?);
    }
    let mut seen = BTreeSet::new();
    all.retain(|entry| seen.insert(entry.hash()));
    Ok(all)
}
