//! Shredding: what somebody who may has erased is forgotten here.
//!
//! An entry goes once what is left of it is known (its residue, in the statement that the erasure names), so that
//! nothing which stands on it is lost in between. Whoever can read the entry compares: a residue that is not what is
//! left of it is not followed, and the entry stays: it is looked at again once another record of the document comes, or
//! the membership changes. What the document showed, and snapshots of it, go in the same commit; then
//! the store's file is due to be made anew.

use std::collections::{BTreeMap, BTreeSet};

use proofroom_authority::{Erased, Standing};
use proofroom_document::{residue_of, residue_tip};
use proofroom_entry::{EntryKind, LogTip, Verified};
use proofroom_ident::{BlobHash, DocId, EntryHash, LogClass, LogId, WorkspaceId};
use proofroom_review::{RecordAct, RecordStatement};
use proofroom_store::{Batch, REWRITE_DUE, Store};
use zeroize::Zeroizing;

use crate::access::role_writes;
use crate::docs::{PLAIN_BYTES_MAX, entries_after};
use crate::error::ReplicaError;
use crate::open::{Replica, Step};

/// What was looked at in vain.
#[derive(Debug, Default)]
pub(crate) struct Looked {
    /// Entries that stay for now.
    entries: BTreeSet<EntryHash>,
    /// How far the document's statements were read then.
    read: BTreeMap<LogId, u64>,
}

/// What is said to be left of entries: of each, everything that somebody who may says. One lie does not hide the truth.
#[derive(Debug, Default)]
pub(crate) struct Residues(BTreeMap<EntryHash, BTreeSet<Vec<u8>>>);

impl Residues {
    /// Adds what a record's plaintext says.
    pub(crate) fn take(&mut self, plain: &[u8]) {
        let text = std::str::from_utf8(plain).unwrap_or_default();
        if let Ok(RecordStatement { act: RecordAct::Erase(erasure), .. }) = RecordStatement::from_json(text) {
            for residue in &erasure.residues {
                self.0.entry(residue.entry).or_default().insert(residue.bytes());
            }
        }
    }

    fn of(&self, entry: &Verified) -> impl Iterator<Item = &Vec<u8>> {
        self.0.get(&entry.hash()).into_iter().flatten()
    }
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
        for (doc, mut erased) in due.into_iter().filter(|(doc, _)| !kept(doc)) {
            if self.has_new_records(step.store, doc)? {
                self.looked.remove(&doc);
            } else if let Some(looked) = self.looked.get(&doc) {
                erased.retain(|e| !looked.entries.contains(&e.hash));
            }
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
        let (mut gone, mut stay, mut residues) = (Vec::new(), Vec::new(), None);
        for e in erased {
            let held = step.store.entry(self.workspace, doc, e.log, e.seq)?;
            let Some(held) = held.filter(|held| held.hash() == e.hash) else { continue };
            if !held.is_erased() {
                let known = match residues.take() {
                    Some(known) => known,
                    None => self.residues(step.store, doc)?,
                };
                let follows = self.may_go(&held, &known);
                residues = Some(known);
                if !follows {
                    stay.push(e.hash);
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
        if !stay.is_empty() {
            let read = statements(step.store, self.workspace, doc)?.map(|tip| (tip.log, tip.seq));
            let looked = self.looked.entry(doc).or_default();
            looked.read = read.collect();
            looked.entries.extend(stay);
        }
        Ok(n)
    }

    /// Whether a record came since entries of the document were looked at in vain.
    fn has_new_records(&mut self, store: &dyn Store, doc: DocId) -> Result<bool, ReplicaError> {
        let Some(looked) = self.looked.get_mut(&doc) else { return Ok(false) };
        for tip in statements(store, self.workspace, doc)? {
            let read = looked.read.entry(tip.log).or_default();
            if *read < tip.seq {
                let news = entries_after(store, self.workspace, &tip, *read)?;
                if news.iter().any(|entry| entry.header().kind == EntryKind::Record) {
                    return Ok(true);
                }
                *read = tip.seq;
            }
        }
        Ok(false)
    }

    /// Whether an entry may lose its payload: what is left is known and, for who can read it, true.
    fn may_go(&self, held: &Verified, residues: &Residues) -> bool {
        let Some(plain) = self.plain(held) else { return self.keyring.get(&held.header().key).is_none() };
        let known = |left: &Vec<u8>| residues.of(held).any(|residue| residue == left);
        residue_of(&plain).is_ok_and(|left| known(&left))
    }

    /// An entry's plaintext, where this device can read it.
    pub(crate) fn plain(&self, entry: &Verified) -> Option<Zeroizing<Vec<u8>>> {
        let h = entry.header();
        proofroom_seal::open(self.keyring.get(&h.key)?, h, entry.payload(), PLAIN_BYTES_MAX).ok()
    }

    /// What is left of a document's erased entries, by its records that count.
    pub(crate) fn residues(&self, store: &dyn Store, doc: DocId) -> Result<Residues, ReplicaError> {
        let mut out = Residues::default();
        if !self.authority.erases_in(doc) {
            return Ok(out);
        }
        for tip in statements(store, self.workspace, doc)? {
            for entry in entries_after(store, self.workspace, &tip, 0)? {
                let h = entry.header();
                let counts = matches!(self.standing(h), Standing::Member { role, .. } if role_writes(role, h.kind, h.audience));
                if h.kind == EntryKind::Record && counts {
                    self.plain(&entry).iter().for_each(|plain| out.take(plain));
                }
            }
        }
        Ok(out)
    }

    /// What is left of an entry that was erased: the first, of what is said, that ends in the change which the entry
    /// commits to.
    pub(crate) fn left_of(&self, entry: &Verified, residues: &Residues) -> Option<Zeroizing<Vec<u8>>> {
        let h = entry.header();
        let epoch = self.keyring.get(&h.key)?;
        let fits = |residue: &&Vec<u8>| {
            let tip =
                residue_tip(residue).map(|tip| proofroom_seal::tip_commit(epoch, h.doc, tip.as_bytes()));
            tip == Some(h.tip_commit)
        };
        residues.of(entry).find(fits).cloned().map(Zeroizing::new)
    }

    /// Whether a file was erased.
    pub fn is_blob_erased(&self, blob: BlobHash) -> bool {
        self.authority.state().erased_blob(blob).is_some()
    }
}

/// The logs of statements of a document.
fn statements(
    store: &dyn Store,
    workspace: WorkspaceId,
    doc: DocId,
) -> Result<impl Iterator<Item = LogTip>, ReplicaError> {
    let tips = store.tips(workspace, doc)?;
    Ok(tips.into_iter().filter(|tip| tip.log.class() == Some(LogClass::Statements)))
}
