//! What a batch would do, worked out before anything is written: the chain rule
//! has one home, whatever the backend.

use std::collections::BTreeMap;

use proofroom_entry::{LogTip, Verified, check_link};
use proofroom_ident::{Audience, DocId, LogId, WorkspaceId};

use crate::{Batch, StoreError, Write};

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
                Write::Put(..) | Write::Delete(_) => {}
            }
        }
        Ok(effect)
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
