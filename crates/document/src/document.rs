//! The document.

use proofroom_ident::{DocId, EntryHash, Millis, WorkspaceId};
use proofroom_review::{PlanEdit, PlanView, ReviewEdit, ReviewView};

use crate::{ChangeHash, LoadError, RecordError, VetError, Writer};

/// What a document holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum DocKind {
    /// Requests, briefs, the list of assets: one per workspace.
    Plan = 1,
    /// Versions and comments of one asset, for one audience.
    Review = 2,
}

impl std::fmt::Display for DocKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Plan => "plan",
            Self::Review => "review",
        })
    }
}

/// The opened payload of a change entry, and who wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// The entry.
    pub entry: EntryHash,
    /// Who wrote it, as the authority log says.
    pub writer: Writer,
    /// The batch of changes: what [`Recorded::payload`] was.
    pub payload: Vec<u8>,
}

/// What became of entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// Entries whose changes are now in the document, earlier waiting ones included.
    pub applied: Vec<EntryHash>,
    /// Entries that do not count, here and on every other replica.
    pub refused: Vec<(EntryHash, VetError)>,
    /// Entries that were just given and wait for changes that are not here yet.
    pub waiting: Vec<EntryHash>,
}

/// A local change, ready to be sealed into an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The batch.
    pub payload: Vec<u8>,
    /// The hash of its last change.
    pub tip: ChangeHash,
}

/// The last change of a log, as a snapshot's writer names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayLog {
    /// Whose log, in which role.
    pub writer: Writer,
    /// The hash of its last change.
    pub tip: ChangeHash,
}

/// One document: automerge behind a door that only vetted changes pass.
#[derive(Clone, Debug)]
pub struct Document {
    kind: DocKind,
    workspace: WorkspaceId,
    doc: DocId,
}

impl Document {
    /// An empty document: its schema's maps and nothing in them.
    pub fn new(kind: DocKind, workspace: WorkspaceId, doc: DocId) -> Self {
        Self { kind, workspace, doc }
    }

    /// What it holds.
    pub fn kind(&self) -> DocKind {
        self.kind
    }

    /// Its id.
    pub fn id(&self) -> DocId {
        self.doc
    }

    /// The causal frontier, sorted.
    pub fn heads(&self) -> Vec<ChangeHash> {
        todo!()
    }

    /// Records edits of a plan document as one change. The caller makes the entry
    /// durable; if that fails, this document is ahead of its store and must be dropped.
    pub fn record_plan(
        &mut self,
        _writer: &Writer,
        _at: Millis,
        _edits: &[PlanEdit],
    ) -> Result<Recorded, RecordError> {
        todo!()
    }

    /// Records edits of a review document as one change; see [`Document::record_plan`].
    pub fn record_review(
        &mut self,
        _writer: &Writer,
        _at: Millis,
        _edits: &[ReviewEdit],
    ) -> Result<Recorded, RecordError> {
        todo!()
    }

    /// Vets entries and applies those that hold, all in one go. Entries of one log
    /// come in their order; those whose dependencies are missing wait inside.
    pub fn merge(&mut self, _batch: Vec<Incoming>) -> Merged {
        todo!()
    }

    /// How many entries wait for changes that are not here yet.
    pub fn waiting(&self) -> usize {
        todo!()
    }

    /// The plan, as screens see it; empty for a review document.
    pub fn view_plan(&self) -> PlanView {
        todo!()
    }

    /// The review, as screens see it; empty for a plan document.
    pub fn view_review(&self) -> ReviewView {
        todo!()
    }

    /// The document and its waiting entries, for this device's own cache.
    pub fn save(&self) -> Vec<u8> {
        todo!()
    }

    /// Loads what [`Document::save`] wrote on this device. Nobody else's bytes: a
    /// crafted document chunk can name the same heads and hold other values.
    pub fn load_trusted(_workspace: WorkspaceId, _doc: DocId, _bytes: &[u8]) -> Result<Self, LoadError> {
        todo!()
    }

    /// The document as a plain `.automerge` file.
    pub fn export(&self) -> Vec<u8> {
        todo!()
    }

    /// Makes a document from somebody else's document chunk: a compressed container of
    /// changes, each of which is vetted and applied to a fresh document.
    pub fn replay(
        _kind: DocKind,
        _workspace: WorkspaceId,
        _doc: DocId,
        _chunk: &[u8],
        _logs: &[ReplayLog],
    ) -> Result<Self, LoadError> {
        todo!()
    }
}
