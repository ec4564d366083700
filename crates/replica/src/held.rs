//! Held-back work: entries beyond their author's removal.
//!
//! They count nowhere, but for what a member who was still authorised built on
//! before hearing of the removal: those stay in, with all they stand on (a
//! least fixpoint), because taking them out would take honest work out with
//! them. What becomes admitted depends only on the set of entries.

use std::collections::{BTreeMap, BTreeSet};

use proofroom_document::{DocKind, changes_of};
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
        let mut holder: BTreeMap<[u8; 32], usize> = BTreeMap::new();
        let mut deps_of: Vec<Vec<[u8; 32]>> = Vec::new();
        for (i, h) in held.iter().enumerate() {
            let metas = changes(&h.entry, &h.plain);
            deps_of.push(metas.iter().flat_map(|m| m.1.clone()).collect());
            holder.extend(metas.into_iter().map(|(hash, _)| (hash, i)));
        }
        let mut queue: Vec<usize> = Vec::new();
        for item in news {
            for (_, deps) in changes(&item.entry, &item.plain) {
                let on = deps.iter().filter_map(|d| holder.get(d).copied());
                let innocent =
                    |i: &usize| !self.authority.is_past(held[*i].removal, item.entry.header().auth_head);
                queue.extend(on.filter(innocent));
            }
        }
        let mut admitted = BTreeSet::new();
        while let Some(i) = queue.pop() {
            if admitted.insert(held[i].entry.hash()) {
                queue.extend(deps_of[i].iter().filter_map(|d| holder.get(d).copied()));
            }
        }
        admitted
    }
}

/// Hash and dependencies of each change inside an entry.
fn changes(entry: &Verified, plain: &[u8]) -> Vec<([u8; 32], Vec<[u8; 32]>)> {
    if entry.header().kind != EntryKind::Change {
        return Vec::new();
    }
    let metas = changes_of(plain).unwrap_or_default();
    metas.into_iter().map(|m| (*m.hash.as_bytes(), m.deps.iter().map(|d| *d.as_bytes()).collect())).collect()
}
