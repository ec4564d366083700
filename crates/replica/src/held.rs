//! Held-back work: entries beyond their author's removal.
//!
//! They count nowhere, but for what a member who was still authorised built on
//! before hearing of the removal: those stay in, with all they stand on (a
//! least fixpoint), because taking them out would take honest work out with
//! them. What becomes admitted depends only on the set of entries.

use std::collections::BTreeSet;

use proofroom_document::DocKind;
use proofroom_entry::{EntryKind, Verified};
use proofroom_ident::{DocId, EntryHash, PersonId};
use proofroom_store::Store;
use zeroize::Zeroizing;

use crate::docs::{OpenDoc, Opened};
use crate::error::ReplicaError;
use crate::open::Replica;

/// An entry beyond its author's removal.
pub(crate) struct HeldEntry {
    pub(crate) entry: Verified,
    pub(crate) person: PersonId,
    pub(crate) removal: EntryHash,
    pub(crate) plain: Zeroizing<Vec<u8>>,
    pub(crate) admitted: bool,
}

impl Replica {
    /// Loads a document from scratch, deciding which held-back entries stay in.
    pub(crate) fn rebuild_with_held(
        &self,
        store: &dyn Store,
        kind: DocKind,
        doc: DocId,
    ) -> Result<OpenDoc, ReplicaError> {
        let mut open = self.fresh_doc(store, kind, doc)?;
        let mut news = self.open_news(store, &mut open, doc)?;
        let admitted = self.admit(&news, &open.held);
        for held in &mut open.held {
            held.admitted = admitted.contains(&held.entry.hash());
        }
        news.extend(open.held.iter().filter(|h| h.admitted).filter_map(|h| self.readmit(h)));
        self.take_news(&mut open, news);
        Ok(open)
    }

    fn readmit(&self, held: &HeldEntry) -> Option<Opened> {
        let role = self.authority.role_before(held.removal, held.person)?;
        Some(Opened { entry: held.entry.clone(), person: held.person, role, plain: held.plain.clone() })
    }

    /// The held entries that innocent work stands on.
    fn admit(&self, news: &[Opened], held: &[HeldEntry]) -> BTreeSet<EntryHash> {
        let news: Vec<&Opened> = news.iter().filter(|n| n.entry.header().kind == EntryKind::Change).collect();
        let held: Vec<&HeldEntry> =
            held.iter().filter(|h| h.entry.header().kind == EntryKind::Change).collect();
        let innocent = |new: usize, on: usize| {
            !self.authority.is_past(held[on].removal, news[new].entry.header().auth_head)
        };
        let batches: Vec<&[u8]> = news.iter().map(|n| n.plain.as_slice()).collect();
        let held_batches: Vec<&[u8]> = held.iter().map(|h| h.plain.as_slice()).collect();
        let admitted = proofroom_document::admitted(&batches, &held_batches, innocent);
        admitted.into_iter().map(|i| held[i].entry.hash()).collect()
    }
}
