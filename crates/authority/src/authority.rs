//! The authority log of one workspace: takes entries in any order, answers who may do what.

use proofroom_entry::Verified;
use proofroom_ident::{DocId, EntryHash, LogId, SignerKey, WorkspaceId};

use crate::{AuthorityError, Refusal, Standing, State};

/// What became of an entry that was handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It is in the log now, and so are those that waited for it.
    New,
    /// It was in the log or waiting already.
    Known,
    /// Some of its parents are missing; it is kept until they come.
    Waiting,
}

/// The authority log of one workspace.
#[derive(Clone, Debug)]
pub struct Authority {
    workspace: WorkspaceId,
    state: State,
}

impl Authority {
    /// An empty log: its genesis entry is yet to come.
    pub fn new(workspace: WorkspaceId) -> Self {
        Self { workspace, state: State::default() }
    }
    /// The workspace.
    pub fn workspace(&self) -> WorkspaceId {
        self.workspace
    }
    /// Takes an entry, in any order.
    pub fn insert(&mut self, _entry: &Verified) -> Result<Inserted, AuthorityError> {
        Ok(Inserted::Waiting)
    }
    /// Entries that nothing stands on yet, ascending. Several: append an
    /// [`crate::Op::Merge`] on all of them (at most [`crate::PARENTS_MAX`] at once).
    pub fn heads(&self) -> Vec<EntryHash> {
        Vec::new()
    }
    /// Whether the entry is in the log; waiting ones are not.
    pub fn contains(&self, _entry: EntryHash) -> bool {
        false
    }
    /// Whether somebody who stands on `of` knows `ancestor`: it is `of` itself or in its past.
    pub fn is_past(&self, _ancestor: EntryHash, _of: EntryHash) -> bool {
        false
    }
    /// The membership as all entries make it.
    pub fn state(&self) -> &State {
        &self.state
    }
    /// The membership as an entry and its past make it.
    pub fn state_at(&self, _entry: EntryHash) -> Option<&State> {
        None
    }
    /// How the author of a document's entry stands.
    pub fn standing(
        &self,
        _author: SignerKey,
        _doc: DocId,
        _log: LogId,
        _seq: u64,
        _auth_head: EntryHash,
    ) -> Standing {
        Standing::AwaitsAuthority
    }
    /// Entries that have no effect, with their reasons.
    pub fn refused(&self) -> impl Iterator<Item = (EntryHash, &Refusal)> {
        self.state.refused()
    }
}
