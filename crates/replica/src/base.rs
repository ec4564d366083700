//! Documents that rest on a snapshot: the entries below its rows are not held.
//!
//! ```text
//! "rest/"       workspace:32 doc:16   maker:32 snapshot:32    whose snapshot it was
//! "rest-chunk/" workspace:32 doc:16   a snapshot of this device, never sent: its chunk is
//!                                     loaded without replay, because it was written here
//! ```
//!
//! Both are written in the commit that begins the logs at their bases, and removed in
//! the one that drops them. A base holds while every author of a row still stands at
//! it; when one does not (a removal with a cut below, a second history), the document
//! is shown without what rests on it until the entries are fetched.

use proofroom_document::{DocKind, Document, SNAPSHOT_CHUNK_BYTES_MAX};
use proofroom_entry::{LogTip, SignedSnapshot, Snapshot, VerifiedHeader};
use proofroom_ident::{ByteReader, DocId, LogClass, PersonId, SignerKey, SnapshotId, WorkspaceId};
use proofroom_store::{Batch, REWRITE_DUE, Store};

use crate::docs::{OpenDoc, frozen_at};
use crate::error::ReplicaError;
use crate::open::{Replica, Step};

/// What a document rests on.
pub(crate) struct Rest {
    pub(crate) maker: SignerKey,
    pub(crate) own: Snapshot,
}

/// A document whose history rests on a snapshot here.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct BasedHistory {
    /// The document.
    pub doc: DocId,
    /// How many of its logs begin at a base.
    pub logs: u64,
    /// How many entries are not held.
    pub entries: u64,
    /// The device that made the snapshot.
    pub maker: SignerKey,
    /// Its person, where the membership log knows the device.
    pub person: Option<PersonId>,
}

fn rest_key(workspace: WorkspaceId, doc: &[u8]) -> Vec<u8> {
    [b"rest/".as_slice(), workspace.as_bytes(), doc].concat()
}

fn chunk_key(workspace: WorkspaceId, doc: DocId) -> Vec<u8> {
    [b"rest-chunk/".as_slice(), workspace.as_bytes(), doc.as_bytes()].concat()
}

impl Replica {
    /// Makes a replayed document durable as what its logs begin at.
    pub(crate) fn rest_on(
        &mut self,
        step: &mut Step<'_>,
        snapshot: &Snapshot,
        document: Document,
    ) -> Result<(), ReplicaError> {
        let doc = snapshot.header().doc;
        let key = snapshot.header().key;
        let epoch = self.keyring.get(&key).ok_or(ReplicaError::NoKey(doc.audience()))?;
        let own = self.sign_snapshot(step, (doc, epoch), snapshot.rows().to_vec(), &document.export())?;
        let id = snapshot.id();
        let whose: [&[u8]; 2] = [snapshot.header().maker.as_bytes(), id.as_bytes()];
        let mut batch = Batch::default();
        for (_, last) in snapshot.logs() {
            if step.store.tip(self.workspace, doc, last.header().log)?.is_none() {
                batch.base(last.clone());
            }
        }
        batch.snapshot(snapshot.clone());
        batch.put(rest_key(self.workspace, doc.as_bytes()), whose.concat());
        batch.put(chunk_key(self.workspace, doc), own.bytes().to_vec());
        step.store.commit(batch)?;
        let mut open = self.blank_doc(self.kind_of(doc), doc);
        stand_on(&mut open, &own, document);
        self.docs.insert(doc, open);
        Ok(())
    }

    pub(crate) fn rest(&self, store: &dyn Store, doc: DocId) -> Result<Option<Rest>, ReplicaError> {
        let Some(whose) = store.get(&rest_key(self.workspace, doc.as_bytes()))? else { return Ok(None) };
        let damaged = |why: String| ReplicaError::Rest { doc, why };
        let maker = ByteReader::new(&whose).array("maker").map_err(|e| damaged(e.to_string()))?;
        let bytes = store.get(&chunk_key(self.workspace, doc))?.unwrap_or_default();
        let own = SignedSnapshot::decode(bytes).map_err(|e| damaged(e.to_string()))?;
        let own = own.verify_own(self.workspace, self.me.device()).map_err(|e| damaged(e.to_string()))?;
        Ok(Some(Rest { maker: SignerKey::from_bytes(maker), own }))
    }

    /// A document before its entries: empty, or as of the snapshot that it rests on.
    pub(crate) fn fresh_doc(
        &self,
        store: &dyn Store,
        kind: DocKind,
        doc: DocId,
    ) -> Result<OpenDoc, ReplicaError> {
        let mut open = self.blank_doc(kind, doc);
        let Some(rest) = self.rest(store, doc)? else { return Ok(open) };
        if !self.holds(store, &rest)? {
            open.fallen = true;
            return Ok(open);
        }
        let damaged = |why: String| ReplicaError::Rest { doc, why };
        let h = rest.own.header();
        let epoch = self.keyring.get(&h.key).ok_or(ReplicaError::NoKey(doc.audience()))?;
        let chunk = proofroom_seal::open_snapshot(epoch, h, rest.own.payload(), SNAPSHOT_CHUNK_BYTES_MAX)
            .map_err(|e| damaged(e.to_string()))?;
        let document = Document::load_chunk_trusted(kind, self.workspace, doc, &chunk)
            .map_err(|e| damaged(e.to_string()))?;
        stand_on(&mut open, &rest.own, document);
        Ok(open)
    }

    fn holds(&self, store: &dyn Store, rest: &Rest) -> Result<bool, ReplicaError> {
        let proofs = store.proofs(self.workspace)?;
        let parted = |last: &VerifiedHeader| {
            frozen_at(&proofs, &LogTip::after(last)).is_some_and(|seq| seq <= last.header().seq)
        };
        let holds = |(first, last): (Option<&VerifiedHeader>, &VerifiedHeader)| {
            self.row_holds(first, last) && !parted(last) && !self.authority.covers_erased(last)
        };
        Ok(rest.own.logs().all(holds))
    }

    fn resting(&self, store: &dyn Store) -> Result<Vec<DocId>, ReplicaError> {
        let prefix = rest_key(self.workspace, &[]);
        let keys = store.scan(&prefix)?.into_iter();
        Ok(keys
            .filter_map(|(key, _)| Some(DocId::from_bytes(key.get(prefix.len()..)?.try_into().ok()?)))
            .collect())
    }

    /// Documents whose history rests on a snapshot, and on whose.
    pub fn based_histories(&self, store: &dyn Store) -> Result<Vec<BasedHistory>, ReplicaError> {
        let mut out = Vec::new();
        for doc in self.resting(store)? {
            let Some(rest) = self.rest(store, doc)? else { continue };
            let bases = store.bases(self.workspace, doc)?;
            out.push(BasedHistory {
                doc,
                logs: bases.len() as u64,
                entries: bases.iter().map(|base| base.header().seq).sum(),
                maker: rest.maker,
                person: self.authority.state().person_of(rest.maker),
            });
        }
        Ok(out)
    }

    /// Drops what no longer holds. The entries of the documents returned are to be
    /// fetched: connect anew and compare.
    pub fn drop_fallen_bases(&mut self, step: &mut Step<'_>) -> Result<Vec<DocId>, ReplicaError> {
        let mut fallen = Vec::new();
        self.drop_stale_snapshots(step)?;
        for doc in self.resting(step.store)? {
            let Some(rest) = self.rest(step.store, doc)? else { continue };
            if !self.holds(step.store, &rest)? {
                self.drop_base(step, doc)?;
                fallen.push(doc);
            }
        }
        Ok(fallen)
    }

    /// Drops the bases of documents, of all where `doc` is `None`, and takes no snapshot
    /// of them while this process runs: every entry is to be fetched. Own logs stay.
    pub fn fetch_whole(
        &mut self,
        step: &mut Step<'_>,
        doc: Option<DocId>,
    ) -> Result<Vec<DocId>, ReplicaError> {
        let mut docs = self.resting(step.store)?;
        docs.retain(|resting| doc.is_none_or(|doc| doc == *resting));
        for doc in &docs {
            self.drop_base(step, *doc)?;
            self.whole.insert(*doc);
        }
        Ok(docs)
    }

    /// The logs of the document that begin at a base go, and this device begins a new
    /// log of its own: what it wrote may stand on what is not here.
    pub(crate) fn drop_base(&mut self, step: &mut Step<'_>, doc: DocId) -> Result<(), ReplicaError> {
        let mut batch = Batch::default();
        batch.drop_based(self.workspace, doc);
        batch.delete(rest_key(self.workspace, doc.as_bytes())).delete(chunk_key(self.workspace, doc));
        batch.delete(crate::write::own_log_key(self.workspace, doc, LogClass::Changes));
        if self.authority.erases_in(doc) {
            batch.put(REWRITE_DUE, [1]);
        }
        step.store.commit(batch)?;
        self.writers.remove(&(doc, LogClass::Changes));
        self.docs.remove(&doc);
        Ok(())
    }

    /// Remembers a snapshot as one not to be taken.
    pub fn decline_snapshot(&mut self, id: SnapshotId) {
        self.declined.insert(id);
    }
}

fn stand_on(open: &mut OpenDoc, own: &Snapshot, document: Document) {
    open.clock = own.logs().map(|(_, last)| (last.header().log, last.header().seq)).collect();
    open.document = document;
}
