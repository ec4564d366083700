//! Holds and retention: what may not be erased yet, and who said so.
//!
//! Both are signed records in the plan. They bind every machine that knows them: nothing is erased from there, and what
//! somebody who had not heard of a hold erases is kept by machines that had, until the hold ends. A relay reads
//! neither, and forgets what it is told to.

use std::collections::BTreeSet;

use proofroom_authority::{Op, Role};
use proofroom_entry::EntryKind;
use proofroom_ident::{AssetId, Audience, BlobHash, DocId, EntryHash, Millis, PersonId};
use proofroom_review::{RecordAct, RecordStatement};
use proofroom_store::Store;

use crate::error::ReplicaError;
use crate::open::{Replica, Step};
use crate::statements::{Receipt, SignedRecord};

/// A hold, or a period of retention, that is in force.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Keeping {
    /// The entry that says so.
    pub entry: EntryHash,
    /// Who signed it.
    pub person: PersonId,
    /// The class of records that are kept; absent for a hold.
    pub class: Option<String>,
    /// The assets; none: all.
    pub assets: Vec<AssetId>,
    /// Until when; a hold may have no end.
    pub until: Option<Millis>,
    /// Why.
    pub reason: String,
    /// When its signer says it was signed.
    pub claimed_at: Millis,
}

impl Keeping {
    /// Whether it is about this asset.
    pub fn covers(&self, asset: &AssetId) -> bool {
        self.assets.is_empty() || self.assets.contains(asset)
    }

    fn of(record: &SignedRecord) -> Option<Self> {
        let (class, assets, until) = match &record.statement.act {
            RecordAct::Hold { assets, until } => (None, assets, *until),
            RecordAct::Retain { class, assets, until } => (Some(class.clone()), assets, Some(*until)),
            RecordAct::Erase(_) | RecordAct::Release { .. } => return None,
        };
        Some(Self {
            entry: record.entry,
            person: record.person,
            class,
            assets: assets.clone(),
            until,
            reason: record.statement.reason.clone(),
            claimed_at: record.statement.claimed_at,
        })
    }

    fn error(&self) -> ReplicaError {
        let what = match &self.class {
            None => "it is under legal hold".to_owned(),
            Some(class) => format!("it is to be kept as {class}"),
        };
        ReplicaError::Kept { what, entry: self.entry.short(), reason: self.reason.clone() }
    }
}

impl Replica {
    /// The holds and periods of retention in force at `now`, the oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn keepings(&mut self, store: &dyn Store, now: Millis) -> Result<Vec<Keeping>, ReplicaError> {
        let records = self.records(store, self.workspace.plan_doc())?;
        let released: BTreeSet<EntryHash> = records
            .iter()
            .filter_map(|r| match &r.statement.act {
                RecordAct::Release { ends } => Some(*ends),
                _ => None,
            })
            .collect();
        let mut out: Vec<Keeping> = records.iter().filter_map(Keeping::of).collect();
        out.retain(|k| !released.contains(&k.entry) && k.until.is_none_or(|until| until > now));
        out.sort_by_key(|k| (k.claimed_at, k.entry));
        Ok(out)
    }

    /// Signs a hold, a period of retention, or the end of one.
    ///
    /// # Errors
    /// When this person may not, there is no such thing to end, or the store fails.
    pub fn keep(
        &mut self,
        step: &mut Step<'_>,
        act: RecordAct,
        reason: &str,
    ) -> Result<Receipt, ReplicaError> {
        self.require(Role::Producer, "hold, keep or release records")?;
        let doc = self.workspace.plan_doc();
        match &act {
            RecordAct::Erase(_) => return Err(ReplicaError::Invalid("an erasure is drafted first".into())),
            RecordAct::Release { ends } => {
                let there = self.keepings(step.store, step.now)?.iter().any(|k| k.entry == *ends);
                if !there {
                    return Err(ReplicaError::Invalid("there is no such hold or retention in force".into()));
                }
            }
            RecordAct::Hold { .. } | RecordAct::Retain { .. } => {}
        }
        let released = matches!(act, RecordAct::Release { .. });
        let statement = RecordStatement { doc, act, reason: reason.to_owned(), claimed_at: step.now };
        let receipt = self.sign(step, doc, EntryKind::Record, statement.to_json())?;
        if released {
            self.shred(step)?;
        }
        Ok(receipt)
    }

    /// Fails where something forbids to erase of a document.
    ///
    /// # Errors
    /// When it is under a hold or is to be kept, or the store cannot be read.
    pub fn require_free(&mut self, store: &dyn Store, doc: DocId, now: Millis) -> Result<(), ReplicaError> {
        let keepings = self.keepings(store, now)?;
        let briefed = self.briefed(store)?;
        let kept = keepings.iter().find(|k| self.docs_of(k, &briefed).is_none_or(|docs| docs.contains(&doc)));
        kept.map_or(Ok(()), |k| Err(k.error()))
    }

    /// Assets that answer a request: what is held of them reaches into the plan.
    fn briefed(&mut self, store: &dyn Store) -> Result<BTreeSet<AssetId>, ReplicaError> {
        Ok(self.plan(store)?.assets.iter().filter(|a| a.request.is_some()).map(|a| a.id).collect())
    }

    /// The documents that a hold or retention is about; `None`: all. The requests lie in one, the plan: where one of
    /// them is held, no other is erased either.
    fn docs_of(&self, keeping: &Keeping, briefed: &BTreeSet<AssetId>) -> Option<BTreeSet<DocId>> {
        let reviews =
            |asset: &AssetId| Audience::ALL.map(|audience| self.workspace.review_doc(*asset, audience));
        let plan = keeping.assets.iter().any(|asset| briefed.contains(asset));
        let plan = plan.then(|| self.workspace.plan_doc());
        (!keeping.assets.is_empty()).then(|| keeping.assets.iter().flat_map(reviews).chain(plan).collect())
    }

    /// Whether a document is held or kept, and by what.
    pub(crate) fn kept_docs(
        &mut self,
        store: &dyn Store,
        now: Millis,
    ) -> Result<impl Fn(&DocId) -> bool + use<>, ReplicaError> {
        let keepings = self.keepings(store, now)?;
        let briefed = self.briefed(store)?;
        let docs: Vec<Option<BTreeSet<DocId>>> = keepings.iter().map(|k| self.docs_of(k, &briefed)).collect();
        Ok(move |doc: &DocId| docs.iter().any(|docs| docs.as_ref().is_none_or(|docs| docs.contains(doc))))
    }

    /// Files that were erased and are under no hold: none of them is kept.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn blobs_to_forget(&mut self, store: &dyn Store, now: Millis) -> Result<Vec<BlobHash>, ReplicaError> {
        if self.authority.state().erased_blobs().next().is_none() {
            return Ok(Vec::new());
        }
        let kept = self.kept_docs(store, now)?;
        let free = |by: &EntryHash| match self.authority.op(*by) {
            Some(Op::Erase { entries, .. }) => !entries.iter().any(|e| kept(&e.doc)),
            _ => true,
        };
        let erased = self.authority.state().erased_blobs();
        Ok(erased.filter(|(_, by)| free(by)).map(|(blob, _)| blob).collect())
    }
}
