//! Shredding: what somebody who may has erased is forgotten here.
//!
//! An entry goes once what is left of it is known (its residue, in the statement that the erasure names), so that
//! nothing which stands on it is lost in between. Whoever can read the entry compares: a residue that is not what is
//! left of it is not followed, and the entry stays. What the document showed, and snapshots of it, go in the same commit; then
//! the store's file is due to be made anew.

use std::collections::BTreeMap;

use proofroom_authority::{Erased, Standing};
use proofroom_document::{residue_of, residue_tip};
use proofroom_entry::{EntryKind, Verified};
use proofroom_ident::{BlobHash, DocId, EntryHash, LogClass};
use proofroom_review::{RecordAct, RecordStatement};
use proofroom_store::{Batch, REWRITE_DUE, Store};

use crate::access::role_writes;
use crate::docs::{PLAIN_BYTES_MAX, entries_after};
use crate::error::ReplicaError;
use crate::open::{Replica, Step};

/// What a record's plaintext says is left of entries.
pub(crate) fn residues_in(plain: &[u8]) -> Vec<(EntryHash, Vec<u8>)> {
    let text = std::str::from_utf8(plain).unwrap_or_default();
    let Ok(RecordStatement { act: RecordAct::Erase(erasure), .. }) = RecordStatement::from_json(text) else {
        return Vec::new();
    };
    erasure.residues.iter().map(|residue| (residue.entry, residue.bytes())).collect()
}

impl Replica {
    /// Forgets the payloads of entries that are erased, as far as they are here. Returns how many went.
    ///
    /// # Errors
    /// When the store fails.
    pub fn shred(&mut self, step: &mut Step<'_>) -> Result<usize, ReplicaError> {
        let mut due: BTreeMap<DocId, Vec<Erased>> = BTreeMap::new();
        for (erased, _) in self.authority.state().erased() {
            if !self.shredded.contains(&erased.hash) {
                due.entry(erased.doc).or_default().push(erased);
            }
        }
        let mut gone = 0;
        if due.is_empty() {
            return Ok(0);
        }
        let kept = self.kept_docs(step.store, step.now)?;
        for (doc, erased) in due.into_iter().filter(|(doc, _)| !kept(doc)) {
            gone += self.shred_doc(step, doc, &erased)?;
        }
        Ok(gone)
    }

    fn shred_doc(
        &mut self,
        step: &mut Step<'_>,
        doc: DocId,
        erased: &[Erased],
    ) -> Result<usize, ReplicaError> {
        let mut batch = Batch::new();
        let (mut gone, mut residues) = (Vec::new(), None);
        for e in erased {
            let held = step.store.entry(self.workspace, doc, e.log, e.seq)?;
            let Some(held) = held.filter(|held| held.hash() == e.hash) else { continue };
            if !held.is_erased() {
                let known = match residues.take() {
                    Some(known) => known,
                    None => self.residues(step.store, doc)?,
                };
                let follows = self.may_go(&held, known.get(&e.hash));
                residues = Some(known);
                if !follows {
                    continue;
                }
                batch.erase(&held);
            }
            gone.push(e.hash);
        }
        let n = batch.len();
        if n > 0 {
            for snapshot in step.store.snapshots(self.workspace, doc)? {
                batch.drop_snapshot(self.workspace, doc, snapshot.header().maker);
            }
            batch.delete(crate::shown::shown_key(self, doc)).put(REWRITE_DUE, [1]);
            step.store.commit(batch)?;
            self.docs.remove(&doc);
        }
        self.shredded.extend(gone);
        Ok(n)
    }

    /// Whether an entry may lose its payload: what is left is known and, for who can read it, true.
    fn may_go(&self, held: &Verified, residue: Option<&Vec<u8>>) -> bool {
        let Some(plain) = self.plain(held) else { return self.keyring.get(&held.header().key).is_none() };
        residue.is_some_and(|residue| residue_of(&plain).is_ok_and(|left| left == *residue))
    }

    /// An entry's plaintext, where this device can read it.
    pub(crate) fn plain(&self, entry: &Verified) -> Option<zeroize::Zeroizing<Vec<u8>>> {
        let h = entry.header();
        proofroom_seal::open(self.keyring.get(&h.key)?, h, entry.payload(), PLAIN_BYTES_MAX).ok()
    }

    /// What is left of a document's erased entries, by its records that count.
    pub(crate) fn residues(
        &self,
        store: &dyn Store,
        doc: DocId,
    ) -> Result<BTreeMap<EntryHash, Vec<u8>>, ReplicaError> {
        let mut out = BTreeMap::new();
        if !self.authority.erases_in(doc) {
            return Ok(out);
        }
        for tip in store.tips(self.workspace, doc)? {
            if tip.log.class() != Some(LogClass::Statements) {
                continue;
            }
            for entry in entries_after(store, self.workspace, &tip, 0)? {
                let h = entry.header();
                let counts = matches!(self.standing(h), Standing::Member { role, .. } if role_writes(role, h.kind, h.audience));
                if h.kind == EntryKind::Record && counts {
                    out.extend(self.plain(&entry).map(|plain| residues_in(&plain)).unwrap_or_default());
                }
            }
        }
        Ok(out)
    }

    /// Whether a residue ends in the change that its entry commits to.
    pub(crate) fn residue_fits(&self, entry: &Verified, residue: &[u8]) -> bool {
        let h = entry.header();
        let (Some(epoch), Some(tip)) = (self.keyring.get(&h.key), residue_tip(residue)) else { return false };
        proofroom_seal::tip_commit(epoch, h.doc, tip.as_bytes()) == h.tip_commit
    }

    /// Whether a file was erased.
    pub fn is_blob_erased(&self, blob: BlobHash) -> bool {
        self.authority.state().erased_blob(blob).is_some()
    }
}
