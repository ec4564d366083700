//! The document: automerge behind a door that only vetted changes pass.

use std::collections::BTreeSet;

use automerge::Automerge;
use proofroom_ident::{DocId, EntryHash, WorkspaceId};

use crate::chunk::RawChange;
use crate::erase::Renames;
use crate::ledger::Ledger;
use crate::merge::Queues;
use crate::vet::learn_trusted;
use crate::view::Shown;
use crate::{Actor, ChangeHash, LoadError, schema};

/// What a document holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum DocKind {
    /// Requests, briefs, the list of assets: one per workspace.
    Plan = 1,
    /// Versions and comments of one asset, for one audience.
    Review = 2,
}

impl DocKind {
    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        [Self::Plan, Self::Review].into_iter().find(|kind| *kind as u8 == byte)
    }
}

impl std::fmt::Display for DocKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Plan => "plan",
            Self::Review => "review",
        })
    }
}

/// One document. [`Document::record_plan`] and [`Document::record_review`] write,
/// [`Document::merge`] takes what others wrote, [`Document::plan`] and [`Document::review`] show.
#[derive(Clone, Debug)]
pub struct Document {
    pub(crate) kind: DocKind,
    pub(crate) workspace: WorkspaceId,
    pub(crate) doc: DocId,
    pub(crate) am: Automerge,
    /// Always of the same changes as `am`.
    pub(crate) ledger: Ledger,
    pub(crate) queues: Queues,
    /// Entries of which only a residue is left.
    pub(crate) erased: BTreeSet<EntryHash>,
    pub(crate) renames: Renames,
    /// What it looks like, as of some changes ago.
    pub(crate) shown: Shown,
    /// The engine failed once: from then on changes are tried on a copy.
    pub(crate) wary: bool,
}

impl Document {
    /// An empty document: its schema's maps and nothing in them.
    pub fn new(kind: DocKind, workspace: WorkspaceId, doc: DocId) -> Self {
        let am = schema::genesis(kind);
        Self::of_trusted(kind, workspace, doc, am).expect("the schema's own change follows the rules")
    }

    /// A document of changes that were vetted before.
    pub(crate) fn of_trusted(
        kind: DocKind,
        workspace: WorkspaceId,
        doc: DocId,
        am: Automerge,
    ) -> Result<Self, LoadError> {
        let mut ledger = Ledger::default();
        for change in am.get_changes(&[]) {
            let chunk = change.raw_bytes();
            let raw = RawChange::scan(chunk).map_err(|e| LoadError::Engine(e.to_string()))?;
            learn_trusted(&mut ledger, kind, &raw, change.hash().into(), chunk).map_err(Box::new)?;
        }
        Ok(Self {
            kind,
            workspace,
            doc,
            am,
            ledger,
            queues: Queues::default(),
            erased: BTreeSet::new(),
            renames: Renames::default(),
            shown: Shown::default(),
            wary: false,
        })
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
        let mut heads: Vec<ChangeHash> = self.am.get_heads().into_iter().map(Into::into).collect();
        heads.sort_unstable();
        heads
    }

    /// Whether a change is in the document.
    pub fn contains(&self, change: &ChangeHash) -> bool {
        self.ledger.contains(&self.renames.inside(change))
    }

    /// Takes a residue for an entry's changes from now on: its payload was erased by somebody who may.
    pub fn admit_residue(&mut self, entry: EntryHash) {
        self.erased.insert(entry);
    }

    /// The last change of a writer session: see [`crate::actor_for`].
    pub fn tip(&self, actor: &Actor) -> Option<ChangeHash> {
        self.ledger.tip(actor)
    }

    /// How many changes the document holds, the schema's own not counted.
    pub fn changes(&self) -> usize {
        self.ledger.len() - 1
    }

    /// How many entries wait for changes that are not here yet.
    pub fn waiting(&self) -> usize {
        self.queues.held.len()
    }
}
