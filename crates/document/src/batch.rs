//! A batch of changes: an entry's payload.

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
    pub seq: u64,
}

/// Reads the changes of a batch without a document. Checks everything that needs
/// none; says nothing about whether the changes may be applied.
pub fn changes_of(_payload: &[u8]) -> Result<Vec<ChangeMeta>, VetError> {
    todo!()
}
