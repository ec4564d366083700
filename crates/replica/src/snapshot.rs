//! Snapshots: made for newcomers, and taken from others in place of their entries.
//!
//! A snapshot that is taken is only a compressed bag of changes. Its rows are signed
//! by the logs' authors and commit to each log's last change, which names all before
//! it; so what is left to the maker's word is that the entries below the rows were
//! valid. The chunk is replayed into a fresh document, change by change, vetted as
//! entries are; what becomes durable here is this peer's own chunk of the result.

use std::collections::{BTreeMap, BTreeSet};

use proofroom_authority::{Role, Standing, Unvouched};
use proofroom_document::{Document, LoadError, SNAPSHOT_CHUNK_BYTES_MAX, Writer, actor_for};
use proofroom_entry::{LogTip, SignedSnapshot, Snapshot, SnapshotDraft, VerifiedHeader, VerifyError};
use proofroom_ident::{DocId, KeyId, LogClass, LogId, Nonce, SnapshotId};
use proofroom_seal::{EpochKey, OpenError, SealKey};
use proofroom_store::{Batch, REWRITE_DUE, Store};

use crate::access::writer_role;
use crate::error::ReplicaError;
use crate::open::{Replica, Step};

/// Entries that a document has grown by before a snapshot of it is made, or another one.
const GROWTH_MIN: u64 = 250;
/// How far back from a log's tip the last entry that counts is looked for.
const LOOK_BACK_MAX: u64 = 4_096;

/// Why a snapshot is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotRefusal {
    /// Entries of the document are here already.
    #[error("entries of the document are here already")]
    NotCold,
    /// It was refused before, or all entries are wanted.
    #[error("it was refused before, or every entry of the document is wanted")]
    Declined,
    /// A signature, hash or form does not hold.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The membership does not stand behind it.
    #[error(transparent)]
    Unvouched(#[from] Unvouched),
    /// It disagrees with what is held of a log.
    #[error("log {0:?} is held here with another history, or is this device's own")]
    Held(LogId),
    /// The key has not arrived.
    #[error("its key {0:?} is not here")]
    NoKey(KeyId),
    /// It does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Its chunk is not what its rows commit to, or holds what no entry may.
    #[error(transparent)]
    Chunk(#[from] LoadError),
}

/// Whether a document of `entries` entries is worth another snapshot, when the best one
/// known stands for `covered` of them: once those that came since weigh as much as it
/// does, so that a newcomer fetches little more than twice a snapshot, and the making of
/// snapshots never costs more than the entries did. `entry_bytes` is what one entry weighs.
pub fn snapshot_is_due(entries: u64, entry_bytes: u64, covered: u64, snapshot_bytes: u64) -> bool {
    let grown = entries.saturating_sub(covered);
    grown >= GROWTH_MIN && grown.saturating_mul(entry_bytes) >= snapshot_bytes
}

/// Where a document stands, and the best snapshot of it that is kept here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotStand {
    /// The document.
    pub doc: DocId,
    /// Entries of changes that are held, or stood for.
    pub entries: u64,
    /// What one entry weighs, about, in bytes.
    pub entry_bytes: u64,
    /// For how many entries the best snapshot stands; 0 without one.
    pub covered: u64,
    /// Its size.
    pub snapshot_bytes: u64,
}

impl SnapshotStand {
    /// Whether another snapshot is to be made.
    pub fn is_due(&self) -> bool {
        snapshot_is_due(self.entries, self.entry_bytes, self.covered, self.snapshot_bytes)
    }

    /// Whether somebody who keeps snapshots of so many entries and this size should be
    /// offered the one that is kept here.
    pub fn is_news_to(&self, covered: u64, snapshot_bytes: u64) -> bool {
        self.covered > 0 && snapshot_is_due(self.covered, self.entry_bytes, covered, snapshot_bytes)
    }
}

fn of_changes(tip: &LogTip) -> bool {
    tip.log.class() == Some(LogClass::Changes)
}

impl Replica {
    /// How documents stand that are large enough for a snapshot, or have one; none for a
    /// member who may not make any.
    pub fn snapshot_stands(&self, store: &dyn Store) -> Result<Vec<SnapshotStand>, ReplicaError> {
        let mut stands = Vec::new();
        if !self.my_role().is_ok_and(|role| role >= Role::Reviewer) {
            return Ok(stands);
        }
        let kept = store.snapshot_index(self.workspace)?;
        for summary in store.docs(self.workspace)? {
            let doc = summary.doc;
            let best = kept.iter().filter(|row| row.doc == doc).max_by_key(|row| row.entries);
            let none = doc == DocId::AUTHORITY || self.authority.erases_in(doc);
            if (best.is_none() && summary.entries < GROWTH_MIN) || none {
                continue;
            }
            let tips = store.tips(self.workspace, doc)?;
            stands.push(SnapshotStand {
                doc,
                entries: tips.iter().filter(|tip| of_changes(tip)).map(|tip| tip.seq).sum(),
                entry_bytes: summary.bytes / summary.entries.max(1),
                covered: best.map_or(0, |row| row.entries),
                snapshot_bytes: best.map_or(0, |row| row.bytes),
            });
        }
        Ok(stands)
    }

    /// How one document stands.
    pub fn snapshot_stand(
        &self,
        store: &dyn Store,
        doc: DocId,
    ) -> Result<Option<SnapshotStand>, ReplicaError> {
        Ok(self.snapshot_stands(store)?.into_iter().find(|stand| stand.doc == doc))
    }

    /// Documents of which this member should make a snapshot now.
    pub fn snapshots_due(&self, store: &dyn Store) -> Result<Vec<DocId>, ReplicaError> {
        let stands = self.snapshot_stands(store)?;
        Ok(stands.iter().filter(|stand| stand.is_due()).map(|stand| stand.doc).collect())
    }

    /// Forgets snapshots that the membership does not stand behind any more: nobody would
    /// take them, and they would be in the way of others.
    pub(crate) fn drop_stale_snapshots(&self, step: &mut Step<'_>) -> Result<(), ReplicaError> {
        let mut docs: Vec<DocId> =
            step.store.snapshot_index(self.workspace)?.iter().map(|row| row.doc).collect();
        docs.dedup();
        let mut batch = Batch::default();
        let proofs = step.store.proofs(self.workspace)?;
        for doc in docs {
            for snapshot in step.store.snapshots(self.workspace, doc)? {
                if self.authority.vouch(&snapshot, &proofs).is_err() {
                    batch.drop_snapshot(self.workspace, doc, snapshot.header().maker);
                    if self.authority.erases_in(doc) {
                        batch.put(REWRITE_DUE, [1]);
                    }
                }
            }
        }
        if !batch.is_empty() {
            step.store.commit(batch)?;
        }
        Ok(())
    }

    /// Makes a snapshot of all that counts in a document, durable here. `None` where
    /// none can be made: nothing is written yet, an author's role changed within a
    /// log, held-back work was let in, or something was erased.
    pub fn make_snapshot(
        &mut self,
        step: &mut Step<'_>,
        doc: DocId,
    ) -> Result<Option<Snapshot>, ReplicaError> {
        let role = self.my_role()?;
        if role < Role::Reviewer || !role.reads(doc.audience()) || self.authority.erases_in(doc) {
            return Ok(None);
        }
        self.load_doc(step.store, self.kind_of(doc), doc)?;
        let Some(rows) = self.coverage(step.store, doc)? else { return Ok(None) };
        let Some(chunk) = self.docs.get(&doc).map(|open| open.document.export()) else { return Ok(None) };
        let epoch = self.write_key(doc.audience())?.clone();
        let snapshot = self.sign_snapshot(step, (doc, &epoch), rows, &chunk)?;
        let mut batch = Batch::default();
        batch.snapshot(snapshot.clone());
        step.store.commit(batch)?;
        Ok(Some(snapshot))
    }

    pub(crate) fn sign_snapshot(
        &self,
        step: &mut Step<'_>,
        (doc, epoch): (DocId, &EpochKey),
        rows: Vec<VerifiedHeader>,
        chunk: &[u8],
    ) -> Result<Snapshot, ReplicaError> {
        let auth_head = self.authority.heads().first().copied().ok_or(ReplicaError::StillJoining)?;
        let draft = SnapshotDraft {
            workspace: self.workspace,
            doc,
            auth_head,
            claimed_at: step.now,
            key: epoch.id(),
            nonce: Nonce::from_bytes(step.random()),
            rows,
        };
        let sealed = proofroom_seal::seal_snapshot(epoch, &draft.header(self.me.device()), chunk)?;
        Ok(draft.sign(&sealed, &self.me.secrets.signing)?)
    }

    /// The rows of a snapshot of all that the document holds: each log's last entry in it.
    fn coverage(&self, store: &dyn Store, doc: DocId) -> Result<Option<Vec<VerifiedHeader>>, ReplicaError> {
        let Some(open) = self.docs.get(&doc).filter(|open| !open.fallen) else { return Ok(None) };
        let mut rows = Vec::new();
        for tip in store.tips(self.workspace, doc)?.into_iter().filter(of_changes) {
            if open.document.tip(&actor_for(tip.author, doc, tip.log)).is_none() {
                continue;
            }
            let Some(last) = self.last_in(&open.document, store, &tip)? else { return Ok(None) };
            if self.steady(None, &last).is_none() {
                let Some(first) =
                    self.first_of(store, &tip)?.filter(|first| self.steady(Some(first), &last).is_some())
                else {
                    return Ok(None);
                };
                rows.push(first);
            }
            rows.push(last);
        }
        Ok((!rows.is_empty() && rows.len() <= proofroom_entry::SNAPSHOT_ROWS_MAX).then_some(rows))
    }

    /// The entry of a log that ends in the log's last change in the document.
    fn last_in(
        &self,
        document: &Document,
        store: &dyn Store,
        tip: &LogTip,
    ) -> Result<Option<VerifiedHeader>, ReplicaError> {
        let base = store.base(self.workspace, tip.doc, tip.log)?;
        let first = tip.seq.saturating_sub(LOOK_BACK_MAX).max(1);
        for seq in (first..=tip.seq).rev() {
            let head = match store.entry(self.workspace, tip.doc, tip.log, seq)? {
                Some(entry) => entry.head().clone(),
                None => match &base {
                    Some(base) if base.header().seq == seq => base.clone(),
                    _ => return Ok(None),
                },
            };
            if self.commits_to(&head, document) {
                return Ok(Some(head));
            }
        }
        Ok(None)
    }

    fn first_of(&self, store: &dyn Store, tip: &LogTip) -> Result<Option<VerifiedHeader>, ReplicaError> {
        if let Some(entry) = store.entry(self.workspace, tip.doc, tip.log, 1)? {
            return Ok(Some(entry.head().clone()));
        }
        let rest = self.rest(store, tip.doc)?;
        let found = rest.as_ref().and_then(|rest| rest.own.logs().find(|(_, l)| l.header().log == tip.log));
        Ok(found.and_then(|(first, _)| first.cloned()))
    }

    fn commits_to(&self, head: &VerifiedHeader, document: &Document) -> bool {
        let h = head.header();
        let Some(change) = document.tip(&actor_for(h.author, h.doc, h.log)) else { return false };
        let epoch = self.keyring.get(&h.key);
        epoch.is_some_and(|e| SealKey::for_doc(e, h.doc).tip_commit(change.as_bytes()) == h.tip_commit)
    }

    /// Who wrote a whole run of a log, if they stood alike for all of it and may write there.
    pub(crate) fn steady(&self, first: Option<&VerifiedHeader>, last: &VerifiedHeader) -> Option<Writer> {
        let h = last.header();
        let (person, role) = self.authority.author_of(first, last)?;
        Some(Writer { author: h.author, log: h.log, person, role: writer_role(role) })
    }

    /// Whether a snapshot that somebody offers should be asked for.
    pub fn wants_snapshot(
        &self,
        store: &dyn Store,
        doc: DocId,
        id: SnapshotId,
    ) -> Result<bool, ReplicaError> {
        let declined = self.declined.contains(&id) || self.whole.contains(&doc) || doc == DocId::AUTHORITY;
        Ok(!declined && self.is_cold(store, doc)?)
    }

    /// Whether no log of changes of the document is held but this device's own.
    fn is_cold(&self, store: &dyn Store, doc: DocId) -> Result<bool, ReplicaError> {
        let tips = store.tips(self.workspace, doc)?;
        Ok(!tips.iter().any(|tip| of_changes(tip) && tip.author != self.me.device()))
    }

    /// Verifies a snapshot and makes it durable in place of the entries that it stands
    /// for. One that is refused is not taken again while this process runs; its entries
    /// are fetched instead.
    ///
    /// # Errors
    /// Only when the store fails.
    pub fn take_snapshot(
        &mut self,
        step: &mut Step<'_>,
        offered: SignedSnapshot,
    ) -> Result<Result<Snapshot, SnapshotRefusal>, ReplicaError> {
        let (doc, id) = (offered.claims().doc, offered.id());
        if !self.is_cold(step.store, doc)? {
            return Ok(Err(SnapshotRefusal::NotCold));
        }
        if !self.wants_snapshot(step.store, doc, id)? {
            return Ok(Err(SnapshotRefusal::Declined));
        }
        let (snapshot, document) = match self.prove(step.store, offered)? {
            Ok(proved) => proved,
            Err(refusal) => {
                self.declined.insert(id);
                return Ok(Err(refusal));
            }
        };
        self.rest_on(step, &snapshot, document)?;
        Ok(Ok(snapshot))
    }

    fn prove(
        &self,
        store: &dyn Store,
        offered: SignedSnapshot,
    ) -> Result<Result<(Snapshot, Document), SnapshotRefusal>, ReplicaError> {
        let snapshot = match offered.verify(self.workspace) {
            Ok(snapshot) => snapshot,
            Err(e) => return Ok(Err(e.into())),
        };
        let logs = match self.vouched(store, &snapshot)? {
            Ok(logs) => logs,
            Err(refusal) => return Ok(Err(refusal)),
        };
        Ok(self.replay(&snapshot, &logs).map(|document| (snapshot, document)))
    }

    /// The writers of a snapshot's logs, if its maker and all of them stand, and
    /// nothing that is held here speaks against it.
    fn vouched(
        &self,
        store: &dyn Store,
        snapshot: &Snapshot,
    ) -> Result<Result<Vec<Writer>, SnapshotRefusal>, ReplicaError> {
        let authors = match self.authority.vouch(snapshot, &store.proofs(self.workspace)?) {
            Ok(authors) => authors,
            Err(why) => return Ok(Err(why.into())),
        };
        let mut writers = Vec::new();
        for ((_, last), (person, role)) in snapshot.logs().zip(authors) {
            let row = last.header();
            let held = store.entry(self.workspace, row.doc, row.log, row.seq)?;
            let same = held.as_ref().is_some_and(|entry| entry.hash() == last.hash());
            if (held.is_some() || row.author == self.me.device()) && !same {
                return Ok(Err(SnapshotRefusal::Held(row.log)));
            }
            let role = writer_role(role);
            writers.push(Writer { author: row.author, log: row.log, person, role });
        }
        Ok(Ok(writers))
    }

    fn replay(&self, snapshot: &Snapshot, writers: &[Writer]) -> Result<Document, SnapshotRefusal> {
        let h = snapshot.header();
        let epoch = self.keyring.get(&h.key).ok_or(SnapshotRefusal::NoKey(h.key))?;
        let chunk = proofroom_seal::open_snapshot(epoch, h, snapshot.payload(), SNAPSHOT_CHUNK_BYTES_MAX)?;
        let rows: BTreeMap<LogId, &VerifiedHeader> =
            snapshot.logs().map(|(_, last)| (last.header().log, last)).collect();
        let keys: BTreeSet<KeyId> = rows.values().map(|row| row.header().key).collect();
        let seals: BTreeMap<KeyId, SealKey> = keys
            .into_iter()
            .filter_map(|key| Some((key, SealKey::for_doc(self.keyring.get(&key)?, h.doc))))
            .collect();
        let proves = |writer: &Writer, tip: &proofroom_document::ChangeHash| {
            let Some(row) = rows.get(&writer.log).map(|row| row.header()) else { return false };
            seals.get(&row.key).is_some_and(|seal| seal.tip_commit(tip.as_bytes()) == row.tip_commit)
        };
        let kind = self.kind_of(h.doc);
        Ok(Document::replay_proved(kind, self.workspace, h.doc, &chunk, writers, proves)?)
    }

    /// What a standing that is no member's means for a base.
    pub(crate) fn row_holds(&self, first: Option<&VerifiedHeader>, last: &VerifiedHeader) -> bool {
        matches!(self.standing(last.header()), Standing::Member { .. }) && self.steady(first, last).is_some()
    }
}
