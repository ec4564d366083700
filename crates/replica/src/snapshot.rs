//! Snapshots: made for newcomers, and taken from others in place of their entries.
//!
//! A snapshot that is taken is only a compressed bag of changes. Its rows are signed
//! by the logs' authors and commit to each log's last change, which names all before
//! it; so what is left to the maker's word is that the entries below the rows were
//! valid. The chunk is replayed into a fresh document, change by change, vetted as
//! entries are; what becomes durable here is this peer's own chunk of the result.

use std::collections::{BTreeMap, BTreeSet};

use proofroom_authority::{Role, Standing};
use proofroom_document::{Document, LoadError, SNAPSHOT_CHUNK_BYTES_MAX, Writer, actor_for};
use proofroom_entry::{LogTip, SignedSnapshot, Snapshot, SnapshotDraft, VerifiedHeader, VerifyError};
use proofroom_ident::{DocId, KeyId, LogClass, LogId, Nonce, SnapshotId};
use proofroom_seal::{EpochKey, OpenError, SealKey};
use proofroom_store::{Batch, Store};

use crate::access::writer_role;
use crate::docs::frozen_at;
use crate::error::ReplicaError;
use crate::open::{Replica, Step};

/// Entries that a document has grown by before another snapshot of it is made.
const GROWTH_MIN: u64 = 1_000;
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
    /// Whoever made it may not attest this document.
    #[error("its maker is no member who may attest this document")]
    Maker,
    /// A log's author does not stand, or did not stand alike for all of the log.
    #[error("the author of log {0:?} did not stand alike up to the entry that it names")]
    Author(LogId),
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

/// Whether a document that stands for `entries` entries is worth another snapshot,
/// when the best one known stands for `covered`.
pub fn snapshot_is_due(entries: u64, covered: u64) -> bool {
    let grown = entries.saturating_sub(covered);
    grown >= GROWTH_MIN && grown.saturating_mul(2) >= covered
}

fn of_changes(tip: &LogTip) -> bool {
    tip.log.class() == Some(LogClass::Changes)
}

impl Replica {
    /// Documents of which this member should make a snapshot now.
    pub fn snapshots_due(&self, store: &dyn Store) -> Result<Vec<DocId>, ReplicaError> {
        let mut due = Vec::new();
        if self.my_role().is_ok_and(|role| role < Role::Reviewer) {
            return Ok(due);
        }
        for summary in store.docs(self.workspace)? {
            let doc = summary.doc;
            if summary.entries < GROWTH_MIN || doc == DocId::AUTHORITY {
                continue;
            }
            let tips = store.tips(self.workspace, doc)?;
            let entries = tips.iter().filter(|tip| of_changes(tip)).map(|tip| tip.seq).sum();
            let best = store.snapshots(self.workspace, doc)?.first().map_or(0, Snapshot::entries);
            if snapshot_is_due(entries, best) {
                due.push(doc);
            }
        }
        Ok(due)
    }

    /// Makes a snapshot of all that counts in a document, durable here. `None` where
    /// none can be made: nothing is written yet, an author's role changed within a
    /// log, or held-back work was let in.
    pub fn make_snapshot(
        &mut self,
        step: &mut Step<'_>,
        doc: DocId,
    ) -> Result<Option<Snapshot>, ReplicaError> {
        let role = self.my_role()?;
        if role < Role::Reviewer || !role.reads(doc.audience()) {
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
        let first = first.or((h.seq == 1).then_some(last));
        let (person, role) = self.authority.steady(first.map(VerifiedHeader::header), h)?;
        let writer = Writer { author: h.author, log: h.log, person, role: writer_role(role) };
        crate::access::role_writes(role, h.kind, h.audience).then_some(writer)
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
        let h = snapshot.header();
        let maker = self.authority.state().actor(h.maker);
        if !maker.is_some_and(|(_, role)| role >= Role::Reviewer && role.reads(h.doc.audience())) {
            return Ok(Err(SnapshotRefusal::Maker));
        }
        let proofs = store.proofs(self.workspace)?;
        let mut writers = Vec::new();
        for (first, last) in snapshot.logs() {
            let row = last.header();
            let frozen = frozen_at(&proofs, &LogTip::after(last)).is_some_and(|seq| seq <= row.seq);
            let Some(writer) = self.steady(first, last).filter(|_| !frozen) else {
                return Ok(Err(SnapshotRefusal::Author(row.log)));
            };
            let held = store.entry(self.workspace, row.doc, row.log, row.seq)?;
            let same = held.as_ref().is_some_and(|entry| entry.hash() == last.hash());
            if (held.is_some() || row.author == self.me.device()) && !same {
                return Ok(Err(SnapshotRefusal::Held(row.log)));
            }
            writers.push(writer);
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
