//! Views: what screens show, kept by the documents and patched by what changed.

use std::sync::Arc;

use proofroom_document::{DocKind, Touched};
use proofroom_ident::{AssetId, Audience, DocId, EntryHash, LogId, Millis, PersonId};
use proofroom_review::{AssetView, PlanView, ReviewView, ReviewerRole};
use proofroom_store::Store;
use proofroom_workflow::SignedDecision;
use proofroom_workflow::single_stage::{Assignment, ReviewInput, ReviewStatus};

use crate::error::ReplicaError;
use crate::open::Replica;

/// Where an asset stands.
#[derive(Clone, Debug)]
pub struct AssetStatus {
    /// The outcome of each version and what it waits for.
    pub review: ReviewStatus,
}

/// What changed in a document since it was last asked: what a screen must look at again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Records of the document.
    pub touched: Touched,
    /// Whether decisions came.
    pub decisions: bool,
    /// Whether names or organisations of people came.
    pub profiles: bool,
}

impl Changed {
    /// The document was loaded anew: whatever was shown of it is past.
    pub(crate) fn whole() -> Self {
        Self { touched: Touched::whole(), decisions: true, profiles: true }
    }

    fn nothing() -> Self {
        Self { touched: Touched::default(), decisions: false, profiles: false }
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

    /// Who is what to an asset's review: as the plan says; where it says nothing,
    /// every reviewer and guest must decide, owners and producers may.
    pub fn assignments(&self, asset: &AssetView) -> Vec<(PersonId, ReviewerRole)> {
        if !asset.assignments.is_empty() {
            return asset.assignments.iter().map(|(person, role)| (*person, *role)).collect();
        }
        let usual = |role| match role {
            proofroom_authority::Role::Reviewer | proofroom_authority::Role::Guest => {
                Some(ReviewerRole::MandatoryReviewer)
            }
            proofroom_authority::Role::Owner | proofroom_authority::Role::Producer => {
                Some(ReviewerRole::Reviewer)
            }
            proofroom_authority::Role::Relay => None,
        };
        self.active_people().into_iter().filter_map(|(person, role)| Some((person, usual(role)?))).collect()
    }

    /// Where an asset stands: the fold over everybody's decisions.
    pub fn status(&mut self, store: &dyn Store, asset: AssetId) -> Result<AssetStatus, ReplicaError> {
        let plan = self.plan(store)?;
        let shown = plan.asset(&asset).ok_or(ReplicaError::UnknownAsset(asset))?;
        let assignments: Vec<Assignment> =
            self.assignments(shown).into_iter().map(|(person, role)| Assignment { person, role }).collect();
        let doc = self.workspace.review_doc(asset, Audience::Everyone);
        if let Some(shown) = self.at_rest(store, doc)? {
            return Ok(evaluated(&shown.review, &assignments, &shown.decisions));
        }
        let open = self.load_doc(store, DocKind::Review, doc)?;
        Ok(evaluated(&open.document.review(), &assignments, &open.decisions))
    }

    /// A document as a plain `.automerge` file that any automerge library opens.
    pub fn export_automerge(&mut self, store: &dyn Store, doc: DocId) -> Result<Vec<u8>, ReplicaError> {
        let kind = self.kind_of(doc);
        Ok(self.load_doc(store, kind, doc)?.document.export())
    }
}

fn evaluated(
    view: &ReviewView,
    assignments: &[Assignment],
    decisions: &[crate::statements::SignedDecision],
) -> AssetStatus {
    let decisions: Vec<SignedDecision> = decisions
        .iter()
        .map(|d| SignedDecision {
            person: d.person,
            entry: d.entry,
            log: d.log,
            seq: d.seq,
            statement: d.statement.clone(),
        })
        .collect();
    AssetStatus {
        review: proofroom_workflow::single_stage::evaluate(&ReviewInput::of(view, assignments, &decisions)),
    }
}
