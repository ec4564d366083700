//! A producer who says something else is left of an entry than what is.

use std::cell::Cell;

use proofroom_authority::{Erased as Place, Op, Role};
use proofroom_entry::{Draft, EntryKind, LogTip, LogWriter, Signed, Snapshot, Verified, VerifiedHeader};
use proofroom_ident::{Audience, DocId, EntryHash, KeyId, LogClass, LogId, Millis, Nonce, WorkspaceId};
use proofroom_replica::{IngestOutcome, Step, ToErase};
use proofroom_review::{CommentKey, Erased, Erasure, LegalBasis, RecordAct, RecordStatement, Residue};
use proofroom_store::{Batch, DocSummary, KeyValue, MemoryStore, Pair, SnapshotSummary, Store, StoreError};

use crate::intruder::key_for_everyone;
use crate::world::{ASSET, Peer, entries_of, meet};

/// A store that counts how often a log is read.
struct Counting<'a> {
    inner: &'a mut MemoryStore,
    reads: Cell<usize>,
}

type Answer<T> = Result<T, StoreError>;

impl Store for Counting<'_> {
    fn commit(&mut self, batch: Batch) -> Answer<()> {
        self.inner.commit(batch)
    }
    fn commit_soon(&mut self, batch: Batch) -> Answer<()> {
        self.inner.commit_soon(batch)
    }
    fn flush(&mut self) -> Answer<()> {
        self.inner.flush()
    }
    fn workspaces(&self) -> Answer<Vec<WorkspaceId>> {
        self.inner.workspaces()
    }
    fn docs(&self, workspace: WorkspaceId) -> Answer<Vec<DocSummary>> {
        self.inner.docs(workspace)
    }
    fn tips(&self, workspace: WorkspaceId, doc: DocId) -> Answer<Vec<LogTip>> {
        self.inner.tips(workspace, doc)
    }
    fn tip(&self, workspace: WorkspaceId, doc: DocId, log: LogId) -> Answer<Option<LogTip>> {
        self.inner.tip(workspace, doc, log)
    }
    fn entries(
        &self,
        workspace: WorkspaceId,
        doc: DocId,
        log: LogId,
        from: u64,
        max: usize,
    ) -> Answer<Vec<Verified>> {
        if log.class() == Some(LogClass::Statements) && doc != workspace.plan_doc() {
            self.reads.set(self.reads.get() + 1);
        }
        self.inner.entries(workspace, doc, log, from, max)
    }
    fn entry(&self, workspace: WorkspaceId, doc: DocId, log: LogId, seq: u64) -> Answer<Option<Verified>> {
        self.inner.entry(workspace, doc, log, seq)
    }
    fn bases(&self, workspace: WorkspaceId, doc: DocId) -> Answer<Vec<VerifiedHeader>> {
        self.inner.bases(workspace, doc)
    }
    fn base(&self, workspace: WorkspaceId, doc: DocId, log: LogId) -> Answer<Option<VerifiedHeader>> {
        self.inner.base(workspace, doc, log)
    }
    fn snapshots(&self, workspace: WorkspaceId, doc: DocId) -> Answer<Vec<Snapshot>> {
        self.inner.snapshots(workspace, doc)
    }
    fn snapshot_index(&self, workspace: WorkspaceId) -> Answer<Vec<SnapshotSummary>> {
        self.inner.snapshot_index(workspace)
    }
    fn snapshot_part(
        &self,
        workspace: WorkspaceId,
        of: &SnapshotSummary,
        offset: usize,
        max: usize,
    ) -> Answer<Option<Vec<u8>>> {
        self.inner.snapshot_part(workspace, of, offset, max)
    }
    fn proofs(&self, workspace: WorkspaceId) -> Answer<Vec<Pair>> {
        self.inner.proofs(workspace)
    }
    fn get(&self, key: &[u8]) -> Answer<Option<Vec<u8>>> {
        self.inner.get(key)
    }
    fn scan(&self, prefix: &[u8]) -> Answer<Vec<KeyValue>> {
        self.inner.scan(prefix)
    }
}

/// Takes what `from` holds, and says how often logs of the review's statements were read for it.
fn hear_counting(peer: &mut Peer, from: &MemoryStore) -> usize {
    let entries = entries_of(from, peer.workspace());
    let mut store = Counting { inner: &mut peer.store, reads: Cell::new(0) };
    let mut step = Step { store: &mut store, now: Millis(peer.clock.get()), rng: &mut peer.rng };
    peer.replica.ingest(&mut step, entries).unwrap();
    store.reads.get()
}

/// What mallory signs: that of the entry of this comment, somebody else's words are left.
fn false_erasure(mallory: &Peer, comment: CommentKey, entry: &Signed) -> Vec<Signed> {
    let (workspace, me) = (mallory.workspace(), mallory.replica.me().clone());
    let auth_head = entry.claims().auth_head;
    let doc = workspace.review_doc(ASSET, Audience::Everyone);
    let residues = vec![Residue::new(entry.hash(), b"nothing of the kind")];
    let erasure = Erasure { basis: LegalBasis::Objection, what: vec![Erased::Comment { comment }], residues };
    let act = RecordAct::Erase(Box::new(erasure));
    let statement = RecordStatement { doc, act, reason: "because".into(), claimed_at: Millis(1) };
    let seed = LogId::from_bytes([0x66; 16]);
    let mut log = LogWriter::begin(workspace, doc, LogClass::Statements, me.device(), seed, EntryHash::ZERO);
    let epoch = key_for_everyone(mallory);
    let draft = Draft {
        kind: EntryKind::Record,
        auth_head,
        claimed_at: Millis(1),
        key: epoch.id(),
        nonce: Nonce::from_bytes([0x66; 24]),
        tip_commit: [0; 32],
    };
    let text = statement.to_json().unwrap();
    let sealed = proofroom_seal::seal(&epoch, &log.header(&draft), text.as_bytes()).unwrap();
    let record = log.append(&draft, &sealed, &me.secrets.signing).unwrap();
    let h = entry.claims();
    let place = Place { doc: h.doc, log: h.log, seq: h.seq, hash: entry.hash() };
    let op = Op::Erase { statement: record.hash(), entries: vec![place].into(), blobs: vec![].into() };
    let mine = mallory.store.tips(workspace, DocId::AUTHORITY).unwrap();
    let tip = mine.into_iter().find(|tip| tip.author == me.device()).unwrap();
    let mut log = LogWriter::resume(workspace, &tip);
    let draft = Draft {
        kind: EntryKind::Authority,
        auth_head,
        claimed_at: Millis(1),
        key: KeyId::ZERO,
        nonce: Nonce::ZERO,
        tip_commit: [0; 32],
    };
    let done = log.append(&draft, &op.encode(&[auth_head]), &me.secrets.signing).unwrap();
    [record, done].iter().map(|e| Signed::decode(e.bytes().clone()).unwrap()).collect()
}

#[test]
fn a_residue_that_is_not_what_is_left_is_looked_at_once_and_a_true_one_still_counts() {
    let mut ada = Peer::found("ada");
    let mut bo = ada.admit("bo", Role::Producer);
    let mut mallory = ada.admit("mallory", Role::Producer);
    meet(&mut [&mut ada, &mut bo, &mut mallory]);
    let v1 = ada.version("first", &[]);
    let said = ada.comment(Audience::Everyone, v1, "call me at home").unwrap();
    meet(&mut [&mut ada, &mut bo, &mut mallory]);
    ada.decide(proofroom_review::Decision::Approved, None).unwrap();
    meet(&mut [&mut ada, &mut bo, &mut mallory]);
    let all = entries_of(&mallory.store, mallory.workspace());
    let entry = all.iter().find(|e| e.hash() == said.entry).unwrap().clone();
    let view = ada.replica.review(&ada.store, ASSET, Audience::Everyone).unwrap();
    let comment = view.comments[0].key;
    for forged in false_erasure(&mallory, comment, &entry) {
        let outcome = bo.offer(vec![forged]).outcomes.remove(0).1;
        assert_eq!(outcome, IngestOutcome::Stored);
    }
    assert_eq!(bo.comments(Audience::Everyone), ["call me at home"], "it is not followed");
    // What comes later reads no statement again, unless it is a record.
    ada.comment(Audience::Everyone, v1, "one").unwrap();
    assert_eq!(hear_counting(&mut bo, &ada.store), 0);
    ada.decide(proofroom_review::Decision::ChangesRequired, None).unwrap();
    let once = hear_counting(&mut bo, &ada.store);
    ada.comment(Audience::Everyone, v1, "two").unwrap();
    assert_eq!((once, hear_counting(&mut bo, &ada.store)), (1, 0));
    let wanted = ToErase { comments: [comment].into(), ..ToErase::default() };
    ada.act(|r, s| {
        let erasing = r.draft_erasure(s.store, ASSET, Audience::Everyone, &wanted).unwrap();
        r.erase(s, &erasing, LegalBasis::Objection, "asked").unwrap();
    });
    bo.hear(&ada.store);
    assert!(!bo.comments(Audience::Everyone).contains(&"call me at home".to_owned()), "a true one is");
}
