//! Views: what screens show, kept by the documents and patched by what changed.

use std::sync::Arc;

use proofroom_document::{DocKind, Touched};
use proofroom_ident::{AssetId, Audience, DocId, EntryHash, LogId, Millis, PersonId};
use proofroom_review::{PlanView, ReviewView};
use proofroom_store::Store;

use crate::error::ReplicaError;
use crate::open::Replica;

/// What changed in a document since it was last asked: what a screen must look at again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Records of the document.
    pub touched: Touched,
    /// Whether decisions, acts or delegations came.
    pub statements: bool,
    /// Whether names or organisations of people came.
    pub profiles: bool,
}

impl Changed {
    /// The document was loaded anew: whatever was shown of it is past.
    pub(crate) fn whole() -> Self {
        Self { touched: Touched::whole(), statements: true, profiles: true }
    }

    fn nothing() -> Self {
        Self { touched: Touched::default(), statements: false, profiles: false }
    }
}

/// One log's held-back part.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct HeldBackLog {
    /// Who wrote it.
    pub person: PersonId,
    /// The removal beyond which it lies.
    pub removal: EntryHash,
    /// Its document.
    pub doc: DocId,
    /// The log.
    pub log: LogId,
    /// The first position that is held back.
    pub first_seq: u64,
    /// The last one.
    pub last_seq: u64,
    /// The last one's hash.
    pub last: EntryHash,
    /// When its author says the last one was written.
    pub claimed_at: Millis,
}

impl Replica {
    /// The plan: requests, briefs, assets. Empty while the workspace has not arrived.
    pub fn plan(&mut self, store: &dyn Store) -> Result<Arc<PlanView>, ReplicaError> {
        let doc = self.workspace.plan_doc();
        if let Some(shown) = self.at_rest(store, doc)? {
            return Ok(Arc::clone(&shown.plan));
        }
        Ok(self.load_doc(store, DocKind::Plan, doc)?.document.plan())
    }

    /// An asset's versions and comments, for one audience.
    pub fn review(
        &mut self,
        store: &dyn Store,
        asset: AssetId,
        audience: Audience,
    ) -> Result<Arc<ReviewView>, ReplicaError> {
        let doc = self.workspace.review_doc(asset, audience);
        if let Some(shown) = self.at_rest(store, doc)? {
            return Ok(Arc::clone(&shown.review));
        }
        Ok(self.load_doc(store, DocKind::Review, doc)?.document.review())
    }

    /// What changed in a document since the last call, by whomever; all of it the first time,
    /// and when a change of membership made it load anew.
    pub fn take_changed(&mut self, store: &dyn Store, doc: DocId) -> Result<Changed, ReplicaError> {
        let kind = self.kind_of(doc);
        let open = self.load_doc(store, kind, doc)?;
        Ok(std::mem::replace(&mut open.changed, Changed::nothing()))
    }

    /// A document as a plain `.automerge` file that any automerge library opens.
    pub fn export_automerge(&mut self, store: &dyn Store, doc: DocId) -> Result<Vec<u8>, ReplicaError> {
        let kind = self.kind_of(doc);
        Ok(self.load_doc(store, kind, doc)?.document.export())
    }
}
