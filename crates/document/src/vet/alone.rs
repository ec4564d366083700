//! The steps that need no document.

use proofroom_ident::ByteReader;

use crate::chunk::RawChange;
use crate::guard::guard;
use crate::{Actor, ChangeHash, VetError};

/// Largest batch, in bytes: what an opened payload may inflate to.
pub const BATCH_BYTES_MAX: usize = 16 << 20;
/// Most changes in one batch.
pub const BATCH_CHANGES_MAX: usize = 10_000;

/// A change that passed everything that can be checked without a document.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub raw: RawChange,
    pub parsed: automerge::Change,
    pub hash: ChangeHash,
}

/// Reads a batch and vets each of its changes by itself. With `actor`, all must be by that one.
pub(crate) fn read_batch(payload: &[u8], actor: Option<&Actor>) -> Result<Vec<Change>, VetError> {
    let too_large = |what, found, limit| VetError::BatchTooLarge { what, found, limit };
    if payload.len() > BATCH_BYTES_MAX {
        return Err(too_large("bytes", payload.len(), BATCH_BYTES_MAX));
    }
    let mut reader = ByteReader::new(payload);
    let mut chunks = Vec::new();
    while !reader.is_empty() {
        if chunks.len() == BATCH_CHANGES_MAX {
            return Err(too_large("changes", chunks.len() + 1, BATCH_CHANGES_MAX));
        }
        chunks.push(reader.run("a change").map_err(|_| VetError::Batch("a change is cut short"))?);
    }
    if chunks.is_empty() {
        return Err(VetError::Batch("it is empty"));
    }
    chunks.iter().enumerate().map(|(index, chunk)| read_chunk(index, chunk, actor)).collect()
}

/// Vets one change by itself: scan, parse, canonical form, actor.
pub(crate) fn read_chunk(index: usize, bytes: &[u8], actor: Option<&Actor>) -> Result<Change, VetError> {
    let raw = RawChange::scan(bytes).map_err(|error| VetError::Chunk { index, error })?;
    let parsed = parse(bytes)?;
    let hash = vet_form(&raw, &parsed, bytes, actor)?;
    Ok(Change { raw, parsed, hash })
}

/// Vets a change that automerge has just made here: all but the parse.
pub(crate) fn vet_made(made: automerge::Change, actor: &Actor) -> Result<Change, VetError> {
    let bytes = made.raw_bytes();
    let raw = RawChange::scan(bytes).map_err(|error| VetError::Chunk { index: 0, error })?;
    let hash = vet_form(&raw, &made, bytes, Some(actor))?;
    Ok(Change { raw, parsed: made, hash })
}

/// The canonical form, checksum included, then the actor. Other encodings of a change
/// apply, and break when the document is saved and loaded.
fn vet_form(
    raw: &RawChange,
    parsed: &automerge::Change,
    bytes: &[u8],
    actor: Option<&Actor>,
) -> Result<ChangeHash, VetError> {
    let hash = ChangeHash::from(parsed.hash());
    if bytes.get(4..8) != hash.as_bytes().get(..4) || !raw.is_written_as(bytes) {
        return Err(VetError::NotCanonical(hash));
    }
    match actor {
        Some(wanted) if *wanted != raw.actor => {
            Err(VetError::ForeignActor { wanted: *wanted, found: raw.actor })
        }
        _ => Ok(hash),
    }
}

fn parse(bytes: &[u8]) -> Result<automerge::Change, VetError> {
    match guard(|| automerge::Change::try_from(bytes)) {
        Ok(Ok(change)) => Ok(change),
        Ok(Err(error)) => Err(VetError::Parse(error.to_string())),
        Err(panic) => Err(VetError::Parse(panic)),
    }
}
