//! What a document shows, kept at rest: a start that only looks opens no document.
//!
//! ```text
//! key        shown/ workspace:32 doc:16
//! value      sealed under a key of this device: the JSON of `Shown`
//! bound to   stamp:32, of all that what is shown follows from: this code's version, the
//!            document, its logs' tips and bases, where proofs freeze them, the membership, the keys
//! ```
//!
//! A value that is torn, altered, another device's, another document's or of another state does
//! not open under the stamp of now, and the document is opened instead. So nothing here needs to
//! be true for a view to be right, and losing all of it costs time only. Nothing is in plain on
//! the disk that was not so before, nor readable with fewer keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use proofroom_document::DocKind;
use proofroom_ident::{ContentHash, DocId, PersonId};
use proofroom_review::{BlobRef, PlanView, ProfileStatement, ReviewView};
use proofroom_store::{Batch, Store, doc_digest};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::docs::OpenDoc;
use crate::error::ReplicaError;
use crate::open::{Replica, Step};
use crate::statements::Statements;
use crate::view::HeldBackLog;

mod stamp;

pub(crate) use stamp::Stamp;

/// Longest JSON that is kept of one document; a larger one is opened each time.
const SHOWN_BYTES_MAX: usize = 32 << 20;
/// How much goes into one commit, in sealed bytes.
const COMMIT_BYTES: usize = 16 << 20;

/// What a document shows, as far as lists and outcomes ask.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shown {
    #[serde(with = "shared")]
    pub(crate) plan: Arc<PlanView>,
    #[serde(with = "shared")]
    pub(crate) review: Arc<ReviewView>,
    /// Views leave them out where they are printed.
    blobs: BTreeMap<ContentHash, BlobRef>,
    pub(crate) statements: Statements,
    pub(crate) profiles: BTreeMap<PersonId, ProfileStatement>,
    pub(crate) held: Vec<HeldBackLog>,
}

impl Shown {
    fn of(open: &mut OpenDoc, doc: DocId) -> Self {
        let review = open.document.review();
        let profiles = open.profiles.iter().map(|(person, (_, _, profile))| (*person, profile.clone()));
        Self {
            plan: open.document.plan(),
            blobs: review.blobs.clone(),
            review,
            statements: open.statements.clone(),
            profiles: profiles.collect(),
            held: crate::adopt::held_logs(open, doc),
        }
    }

    fn from_json(json: &[u8]) -> Option<Self> {
        let mut shown: Self = serde_json::from_str(std::str::from_utf8(json).ok()?).ok()?;
        Arc::make_mut(&mut shown.review).blobs = std::mem::take(&mut shown.blobs);
        Some(shown)
    }
}

/// One value that several hold, written as itself.
mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<T: Serialize, S: Serializer>(value: &Arc<T>, s: S) -> Result<S::Ok, S::Error> {
        T::serialize(value, s)
    }

    pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        d: D,
    ) -> Result<Arc<T>, D::Error> {
        T::deserialize(d).map(Arc::new)
    }
}

/// The stamps of the values that are known to be at rest, and the plan, which every list asks for.
#[derive(Default)]
pub(crate) struct Kept {
    stamps: BTreeMap<DocId, Stamp>,
    plan: Option<(Stamp, Arc<Shown>)>,
}

impl Replica {
    /// What a document showed when it was last open, if nothing has changed since;
    /// `None` if it is open, or has to be opened.
    pub(crate) fn at_rest(
        &mut self,
        store: &dyn Store,
        doc: DocId,
    ) -> Result<Option<Arc<Shown>>, ReplicaError> {
        if self.docs.contains_key(&doc) {
            return Ok(None);
        }
        let stamp = self.stamp(store, doc)?;
        if let Some((held, plan)) = &self.kept.plan
            && doc == self.workspace.plan_doc()
            && *held == stamp
        {
            return Ok(Some(Arc::clone(plan)));
        }
        let Some(sealed) = store.get(&shown_key(self, doc))? else { return Ok(None) };
        let opened = self.rest_key.open(stamp.as_bytes(), &sealed, SHOWN_BYTES_MAX).ok();
        let Some(shown) = opened.and_then(|json| Shown::from_json(&json)) else { return Ok(None) };
        let shown = Arc::new(shown);
        self.kept.stamps.insert(doc, stamp);
        if doc == self.workspace.plan_doc() {
            self.kept.plan = Some((stamp, Arc::clone(&shown)));
        }
        Ok(Some(shown))
    }

    /// Puts what the open documents show to rest, so that the next start need not open them.
    ///
    /// # Errors
    /// When the store fails. Nothing is lost but time.
    pub fn keep_shown(&mut self, step: &mut Step<'_>) -> Result<(), ReplicaError> {
        let open: Vec<DocId> = self.docs.keys().copied().collect();
        let (mut batch, mut bytes, mut stamps) = (Batch::new(), 0, Vec::new());
        for doc in open {
            let stamp = self.stamp(step.store, doc)?;
            if self.kept.stamps.get(&doc) == Some(&stamp) {
                continue;
            }
            let kind: DocKind = self.kind_of(doc);
            let open = self.load_doc(step.store, kind, doc)?;
            if open.fallen {
                continue;
            }
            let shown = Shown::of(open, doc);
            let json = Zeroizing::new(serde_json::to_vec(&shown).map_err(invalid)?);
            if json.len() > SHOWN_BYTES_MAX {
                continue;
            }
            let nonce = proofroom_ident::Nonce::from_bytes(step.random());
            let sealed = self.rest_key.seal(stamp.as_bytes(), &nonce, &json);
            bytes += sealed.len();
            batch.put(shown_key(self, doc), sealed);
            stamps.push((doc, stamp));
            if bytes > COMMIT_BYTES {
                step.store.commit(std::mem::take(&mut batch))?;
                bytes = 0;
            }
        }
        if !batch.is_empty() {
            step.store.commit(batch)?;
        }
        self.kept.stamps.extend(stamps);
        Ok(())
    }

    /// How many documents are open in memory.
    pub fn open_documents(&self) -> usize {
        self.docs.len()
    }

    /// The state that what a document shows follows from.
    pub(crate) fn stamp(&self, store: &dyn Store, doc: DocId) -> Result<Stamp, ReplicaError> {
        let tips = store.tips(self.workspace, doc)?;
        let proofs = store.proofs(self.workspace)?;
        let frozen = tips.iter().filter_map(|tip| {
            let seq = crate::docs::frozen_at(&proofs, tip)?;
            Some((tip.log, seq))
        });
        Ok(Stamp::of(stamp::State {
            workspace: self.workspace,
            doc,
            entries: doc_digest(&tips),
            bases: store.bases(self.workspace, doc)?.iter().map(|base| base.hash()).collect(),
            frozen: frozen.collect(),
            membership: self.authority.heads(),
            keys: self.keyring.ids().collect(),
        }))
    }
}

pub(crate) fn shown_key(replica: &Replica, doc: DocId) -> Vec<u8> {
    [b"shown/".as_slice(), replica.workspace.as_bytes(), doc.as_bytes()].concat()
}

fn invalid(error: serde_json::Error) -> ReplicaError {
    ReplicaError::Invalid(error.to_string())
}
