//! A batch of changes: an entry's opened payload.
//!
//! ```text
//! { length:u32 change chunk }   at least one; see `chunk` for a chunk's layout
//! ```

use proofroom_ident::ByteWriter;

use crate::erase::{is_residue, read_residue};
use crate::vet::read_batch;
use crate::{Actor, ChangeHash, VetError};

/// What a change says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeMeta {
    /// Its hash.
    pub hash: ChangeHash,
    /// The changes that it follows.
    pub deps: Vec<ChangeHash>,
    /// Its actor.
    pub actor: Actor,
    /// Its place among its actor's changes, from 1.
    pub seq: u32,
}

/// Reads the changes of a batch, or of what is left of one, without a document. Checks everything that needs
/// none; says nothing about whether the changes may be applied.
pub fn changes_of(payload: &[u8]) -> Result<Vec<ChangeMeta>, VetError> {
    let changes = if is_residue(payload) { read_residue(payload, None) } else { read_batch(payload, None) }?;
    let meta = |change: crate::vet::Change| ChangeMeta {
        hash: change.hash,
        deps: change.raw.deps,
        actor: change.raw.actor,
        seq: change.raw.seq,
    };
    Ok(changes.into_iter().map(meta).collect())
}

/// The batch of these chunks.
pub(crate) fn write_batch<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut w = ByteWriter::default();
    for chunk in chunks {
        w.run(chunk);
    }
    w.finish()
}
