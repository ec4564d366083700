//! What a batch would do, worked out before anything is written: the chain rule
//! has one home, whatever the backend.

use std::collections::{BTreeMap, BTreeSet};

use proofroom_entry::{LogTip, Snapshot, Verified, VerifiedHeader, check_link};
use proofroom_ident::{Audience, DocId, LogClass, LogId, WorkspaceId};

use crate::{Batch, SnapshotSummary, StoreError, Write};

/// How many snapshots are kept of a document.
pub const SNAPSHOTS_MAX: usize = 2;

/// Names a document across workspaces.
pub type DocKey = (WorkspaceId, DocId);
/// Names a log across workspaces.
pub type LogKey = (WorkspaceId, DocId, LogId);

/// How much a batch adds to a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Growth {
    /// Who may read the document.
    pub audience: Audience,
    /// Entries added.
    pub entries: u64,
    /// Bytes added, as transmitted.
    pub bytes: u64,
}

/// What a batch does to tips and documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// The new tip of every log that grows.
    pub tips: BTreeMap<LogKey, LogTip>,
    /// What every document that grows gains.
    pub docs: BTreeMap<DocKey, Growth>,
}

impl Effect {
    /// Checks a whole batch against the tips held, which `tip_of` looks up.
    pub fn of<E: From<StoreError>>(
        batch: &Batch,
        mut tip_of: impl FnMut(&LogKey) -> Result<Option<LogTip>, E>,
    ) -> Result<Self, E> {
        let mut effect = Self::default();
        for write in batch.writes() {
            write.check_sizes()?;
            match write {
                Write::Append(entry) => effect.append(entry, &mut tip_of)?,
                Write::Proof(pair) => check_proof(&pair.0, &pair.1)?,
                Write::Base(header) => effect.begin(header, &mut tip_of)?,
                Write::Put(..)
                | Write::Delete(_)
                | Write::DropBased(..)
                | Write::Snapshot(_)
                | Write::DropSnapshot(..)
                | Write::Erase(_) => {}
            }
        }
        Ok(effect)
    }

    fn begin<E: From<StoreError>>(
        &mut self,
        header: &VerifiedHeader,
        tip_of: &mut impl FnMut(&LogKey) -> Result<Option<LogTip>, E>,
    ) -> Result<(), E> {
        let h = header.header();
        let key = (h.workspace, h.doc, h.log);
        let held = self.tips.contains_key(&key) || tip_of(&key)?.is_some();
        if held || h.kind.class() != LogClass::Changes {
            return Err(StoreError::NotABase(header.hash()).into());
        }
        self.tips.insert(key, LogTip::after(header));
        let nothing = Growth { audience: h.audience, entries: 0, bytes: 0 };
        self.docs.entry((key.0, key.1)).or_insert(nothing);
        Ok(())
    }

    fn append<E: From<StoreError>>(
        &mut self,
        entry: &Verified,
        tip_of: &mut impl FnMut(&LogKey) -> Result<Option<LogTip>, E>,
    ) -> Result<(), E> {
        let header = entry.header();
        let key = (entry.workspace(), header.doc, header.log);
        let held = match self.tips.get(&key) {
            Some(tip) => Some(*tip),
            None => tip_of(&key)?,
        };
        let tip = check_link(held.as_ref(), entry.head()).map_err(StoreError::Chain)?;
        self.tips.insert(key, tip);
        let audience = header.audience;
        let growth = self.docs.entry((key.0, key.1)).or_insert(Growth { audience, entries: 0, bytes: 0 });
        growth.entries += 1;
        growth.bytes += entry.bytes().len() as u64;
        Ok(())
    }
}

/// The documents whose based logs a batch drops.
pub fn dropped(batch: &Batch) -> BTreeSet<DocKey> {
    let dropped = |write: &Write| match write {
        Write::DropBased(workspace, doc) => Some((*workspace, *doc)),
        _ => None,
    };
    batch.writes().iter().filter_map(dropped).collect()
}

/// Which snapshots of a document are kept once `offered` comes to those held: of one
/// maker the one that stands for more entries, of several makers two. Most entries first;
/// among equals what was there first stays.
pub fn worth_keeping(held: Vec<Snapshot>, offered: Snapshot) -> Vec<Snapshot> {
    let maker = |s: &Snapshot| s.header().maker;
    let mut all: Vec<Snapshot> = held.into_iter().chain([offered]).collect();
    all.sort_by_key(|snapshot| std::cmp::Reverse(snapshot.entries()));
    let mut kept: Vec<Snapshot> = Vec::new();
    for snapshot in all {
        if kept.len() < SNAPSHOTS_MAX && !kept.iter().any(|k| maker(k) == maker(&snapshot)) {
            kept.push(snapshot);
        }
    }
    kept
}

/// Whether [`worth_keeping`] would keep this snapshot, given those held of its document.
pub fn is_worth_keeping(held: &[SnapshotSummary], offered: &SnapshotSummary) -> bool {
    match held.iter().find(|row| row.maker == offered.maker) {
        Some(row) => row.entries < offered.entries,
        None => held.len() < SNAPSHOTS_MAX || held.iter().any(|row| row.entries < offered.entries),
    }
}

/// Checks that two entries show one author signing two histories: one position
/// of one log, two hashes.
pub fn check_proof(one: &Verified, other: &Verified) -> Result<(), StoreError> {
    let position = |e: &Verified| {
        let h = e.header();
        (e.workspace(), h.author, h.doc, h.log, h.seq)
    };
    if position(one) == position(other) && one.hash() != other.hash() {
        Ok(())
    } else {
        Err(StoreError::NotAProof(one.hash(), other.hash()))
    }
}
