//! Replaying somebody else's document chunk.
//!
//! Automerge recomputes hashes when it loads a document chunk, but not the order of
//! operations: with two rows swapped it loads under the same heads and shows another
//! value. So a foreign chunk is only a compressed container: it is scanned for bombs,
//! loaded aside, and each of its changes is vetted and applied to a fresh document.

mod scan;

use std::collections::{BTreeMap, VecDeque};

use automerge::Automerge;
use proofroom_ident::{DocId, EntryHash, WorkspaceId};

use crate::cache::load;
use crate::guard::guard;
use crate::merge::Pending;
use crate::vet::read_chunk;
use crate::{Actor, ChangeHash, DocKind, Document, LoadError, Merged, Writer, actor_for};

/// Largest document chunk that is replayed, in bytes.
pub const SNAPSHOT_CHUNK_BYTES_MAX: usize = 64 << 20;

/// The last change of a log, as a snapshot's verified headers name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayLog {
    /// Whose log, in which role.
    pub writer: Writer,
    /// The hash of its last change.
    pub tip: ChangeHash,
}

impl Document {
    /// Makes a document from somebody else's document chunk. Every change must be of
    /// one of `logs`, and every log must end in its tip.
    pub fn replay(
        kind: DocKind,
        workspace: WorkspaceId,
        doc: DocId,
        chunk: &[u8],
        logs: &[ReplayLog],
    ) -> Result<Self, LoadError> {
        let writers: Vec<Writer> = logs.iter().map(|log| log.writer).collect();
        let proves =
            |writer: &Writer, tip: &ChangeHash| logs.iter().any(|l| l.writer == *writer && l.tip == *tip);
        Self::replay_proved(kind, workspace, doc, chunk, &writers, proves)
    }

    /// As [`Document::replay`], where the caller knows a log's last change when it sees
    /// its hash. Every writer must have written, and nobody else may have.
    pub fn replay_proved(
        kind: DocKind,
        workspace: WorkspaceId,
        doc: DocId,
        chunk: &[u8],
        writers: &[Writer],
        proves: impl Fn(&Writer, &ChangeHash) -> bool,
    ) -> Result<Self, LoadError> {
        scan::check(chunk)?;
        let aside = load(chunk)?;
        let chunks = guard(|| raw_changes(&aside)).map_err(LoadError::Engine)?;
        let mut out = Self::new(kind, workspace, doc);
        let writers: BTreeMap<Actor, &Writer> =
            writers.iter().map(|writer| (actor_for(writer.author, doc, writer.log), writer)).collect();
        out.take_all(&chunks, &writers)?;
        let unproved =
            |(actor, writer): &(&Actor, &&Writer)| !out.tip(actor).is_some_and(|tip| proves(writer, &tip));
        match writers.iter().find(unproved) {
            Some((_, writer)) => Err(LoadError::Tip(writer.log)),
            None => Ok(out),
        }
    }

    /// Makes a document from a chunk that [`Document::export`] wrote on this device, from
    /// vetted changes. Nobody else's: loading does not check what replaying does.
    pub fn load_chunk_trusted(
        kind: DocKind,
        workspace: WorkspaceId,
        doc: DocId,
        chunk: &[u8],
    ) -> Result<Self, LoadError> {
        Self::of_trusted(kind, workspace, doc, load(chunk)?)
    }

    /// Vets and applies changes, each as an entry of its own.
    fn take_all(&mut self, chunks: &[Vec<u8>], writers: &BTreeMap<Actor, &Writer>) -> Result<(), LoadError> {
        for (index, bytes) in chunks.iter().enumerate() {
            let change = read_chunk(index, bytes, None).map_err(Box::new)?;
            if self.contains(&change.hash) {
                continue; // the schema's own
            }
            let actor = change.raw.actor;
            let writer = **writers.get(&actor).ok_or(LoadError::UnknownActor)?;
            // Nothing waits longer than this call, so the change's hash can stand for an entry's.
            let entry = EntryHash::from_bytes(*change.hash.as_bytes());
            let pending = Pending { entry, writer, changes: vec![change] };
            self.queues.held.insert(entry);
            self.queues.logs.entry(actor).or_default().entries.push_back(pending);
        }
        let mut merged = Merged::default();
        self.run(self.queues.logs.keys().copied().collect::<VecDeque<_>>(), &mut merged);
        if let Some((_, error)) = merged.refused.into_iter().next() {
            return Err(Box::new(error).into());
        }
        match self.waiting() {
            0 => Ok(()),
            waiting => Err(LoadError::Gap(waiting)),
        }
    }
}

fn raw_changes(am: &Automerge) -> Vec<Vec<u8>> {
    am.get_changes(&[]).iter().map(|change| change.raw_bytes().to_vec()).collect()
}
