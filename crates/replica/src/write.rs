//! Writing: a change or statement becomes a sealed, signed, durable entry.

use proofroom_authority::{Op, Role};
use proofroom_document::{DocKind, Writer};
use proofroom_entry::{Draft, EntryKind, LogTip, LogWriter, Verified};
use proofroom_ident::{
    AssetId, Audience, DocId, EntryHash, KeyId, LogClass, LogId, Millis, Nonce, WorkspaceId,
};
use proofroom_review::{PlanEdit, ReviewEdit};
use proofroom_store::Batch;

use crate::access::writer_role;
use crate::docs::frozen_at;
use crate::error::ReplicaError;
use crate::open::{Continuation, Replica, Step};
use crate::statements::Receipt;

pub(crate) fn own_log_key(workspace: WorkspaceId, doc: DocId, class: LogClass) -> Vec<u8> {
    [b"own/".as_slice(), workspace.as_bytes(), doc.as_bytes(), &[class as u8]].concat()
}

pub(crate) fn plain_draft(auth_head: EntryHash, now: Millis) -> Draft {
    Draft {
        kind: EntryKind::Authority,
        auth_head,
        claimed_at: now,
        key: KeyId::ZERO,
        nonce: Nonce::ZERO,
        tip_commit: [0; 32],
    }
}

impl Replica {
    /// Changes the plan: name, requests, briefs, assets.
    pub fn edit_plan(&mut self, step: &mut Step<'_>, edits: &[PlanEdit]) -> Result<Receipt, ReplicaError> {
        let doc = self.workspace.plan_doc();
        self.record(step, doc, Audience::Everyone, |open, writer, at| open.record_plan(writer, at, edits))
    }

    /// Changes an asset's review: versions, comments, states.
    pub fn edit_review(
        &mut self,
        step: &mut Step<'_>,
        asset: AssetId,
        audience: Audience,
        edits: &[ReviewEdit],
    ) -> Result<Receipt, ReplicaError> {
        let role = self.my_role()?;
        if !role.reads(audience) {
            self.require(Role::Reviewer, "write team-only comments")?;
        }
        self.check_anchors(step, asset, edits)?;
        let doc = self.workspace.review_doc(asset, audience);
        self.record(step, doc, audience, |open, writer, at| open.record_review(writer, at, edits))
    }

    /// A comment points at a version that is here. Versions live in the document
    /// for everyone, comments of either audience point at them.
    fn check_anchors(
        &mut self,
        step: &Step<'_>,
        asset: AssetId,
        edits: &[ReviewEdit],
    ) -> Result<(), ReplicaError> {
        let named = |edit: &ReviewEdit| match edit {
            ReviewEdit::AddComment { anchor, .. } => Some(anchor.version),
            _ => None,
        };
        let wanted: Vec<_> = edits.iter().filter_map(named).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let everyone = self.workspace.review_doc(asset, Audience::Everyone);
        let open = self.load_doc(step.store, DocKind::Review, everyone)?;
        match wanted.into_iter().find(|version| !open.document.has_version(version)) {
            Some(version) => {
                Err(ReplicaError::Invalid(format!("this asset has no version {}", version.short())))
            }
            None => Ok(()),
        }
    }

    /// Records in memory, then makes the entry durable. If the store refuses, the
    /// document in memory is dropped: the next look loads what is durable.
    fn record(
        &mut self,
        step: &mut Step<'_>,
        doc: DocId,
        audience: Audience,
        act: impl FnOnce(
            &mut proofroom_document::Document,
            &Writer,
            Millis,
        ) -> Result<proofroom_document::Recorded, proofroom_document::RecordError>,
    ) -> Result<Receipt, ReplicaError> {
        let role = self.my_role()?;
        self.ensure_keys(step)?;
        let kind = self.kind_of(doc);
        if self.load_doc(step.store, kind, doc)?.fallen {
            return Err(ReplicaError::Fallen);
        }
        let log = self.writer(step, doc, LogClass::Changes)?.log();
        let writer =
            Writer { person: self.me.person(), role: writer_role(role), author: self.me.device(), log };
        let open = self.docs.get_mut(&doc).ok_or(ReplicaError::StillJoining)?;
        let recorded = act(&mut open.document, &writer, step.now)?;
        open.changed.touched.add(recorded.touched);
        let done = self.append(
            step,
            doc,
            audience,
            EntryKind::Change,
            &recorded.payload,
            Some(*recorded.tip.as_bytes()),
        );
        match done {
            Ok(entry) => {
                if let Some(open) = self.docs.get_mut(&doc) {
                    open.clock.insert(log, entry.header().seq);
                }
                Ok(Receipt::of(&entry))
            }
            Err(e) => {
                self.docs.remove(&doc);
                Err(e)
            }
        }
    }

    pub(crate) fn kind_of(&self, doc: DocId) -> DocKind {
        if doc == self.workspace.plan_doc() { DocKind::Plan } else { DocKind::Review }
    }

    /// Seals, signs and stores one entry.
    pub(crate) fn append(
        &mut self,
        step: &mut Step<'_>,
        doc: DocId,
        audience: Audience,
        kind: EntryKind,
        plain: &[u8],
        tip_change: Option<[u8; 32]>,
    ) -> Result<Verified, ReplicaError> {
        let auth_head = self.stand(step)?;
        let epoch = self.write_key(audience)?.clone();
        let draft = Draft {
            kind,
            auth_head,
            claimed_at: step.now,
            key: epoch.id(),
            nonce: Nonce::from_bytes(step.random()),
            tip_commit: tip_change.map_or([0; 32], |change| proofroom_seal::tip_commit(&epoch, doc, &change)),
        };
        let header = self.writer(step, doc, kind.class())?.header(&draft);
        let sealed = proofroom_seal::seal(&epoch, &header, plain)?;
        self.commit(step, doc, &draft, &sealed)
    }

    /// Appends a membership operation on top of all heads.
    pub(crate) fn append_op(&mut self, step: &mut Step<'_>, op: &Op) -> Result<Verified, ReplicaError> {
        let parents = self.authority.parents();
        let auth_head = parents.first().copied().ok_or(ReplicaError::StillJoining)?;
        self.authority.may(self.me.device(), op, step.now)?;
        self.writer(step, DocId::AUTHORITY, LogClass::Authority)?;
        let draft = plain_draft(auth_head, step.now);
        let entry = self.commit(step, DocId::AUTHORITY, &draft, &op.encode(&parents))?;
        self.authority.insert(&entry)?;
        Ok(entry)
    }

    /// The one authority entry to stand on; several heads are joined first.
    fn stand(&mut self, step: &mut Step<'_>) -> Result<EntryHash, ReplicaError> {
        match self.authority.heads().as_slice() {
            [] => Err(ReplicaError::StillJoining),
            [one] => Ok(*one),
            _ => Ok(self.append_op(step, &Op::Merge)?.hash()),
        }
    }

    /// This session's log of a class in a document; begun, or continued where that is safe.
    fn writer(
        &mut self,
        step: &mut Step<'_>,
        doc: DocId,
        class: LogClass,
    ) -> Result<&mut LogWriter, ReplicaError> {
        if !self.writers.contains_key(&(doc, class)) {
            let noted = self.noted_tip(step, doc, class)?;
            let writer = match (noted, self.continuation) {
                (Some(tip), Continuation::Resume) => LogWriter::resume(self.workspace, &tip),
                (noted, _) => {
                    let before = match noted {
                        Some(tip) => Some(tip.hash),
                        None => self.latest_own(step, doc, class)?,
                    };
                    LogWriter::begin(
                        self.workspace,
                        doc,
                        class,
                        self.me.device(),
                        LogId::from_bytes(step.random()),
                        before.unwrap_or(EntryHash::ZERO),
                    )
                }
            };
            self.writers.insert((doc, class), writer);
        }
        Ok(self.writers.get_mut(&(doc, class)).expect("inserted above"))
    }

    /// The end of the log that this store noted as the last one of this device's.
    fn noted_tip(
        &self,
        step: &Step<'_>,
        doc: DocId,
        class: LogClass,
    ) -> Result<Option<LogTip>, ReplicaError> {
        let Some(bytes) = step.store.get(&own_log_key(self.workspace, doc, class))? else { return Ok(None) };
        let Ok(bytes) = <[u8; 16]>::try_from(bytes.as_slice()) else { return Ok(None) };
        let tip = step.store.tip(self.workspace, doc, LogId::from_bytes(bytes))?;
        // A log with two histories is frozen: nothing that follows in it would count.
        let proofs = step.store.proofs(self.workspace)?;
        Ok(tip.filter(|tip| tip.author == self.me.device() && frozen_at(&proofs, tip).is_none()))
    }

    /// The end of this device's latest log, in a store that noted none: it was made anew, and peers
    /// may hold more of that log. So the next log names it, and nothing is ever written behind it.
    fn latest_own(
        &self,
        step: &Step<'_>,
        doc: DocId,
        class: LogClass,
    ) -> Result<Option<EntryHash>, ReplicaError> {
        let tips = step.store.tips(self.workspace, doc)?;
        let proofs = step.store.proofs(self.workspace)?;
        let own = tips.iter().filter(|tip| tip.author == self.me.device() && tip.log.class() == Some(class));
        let mut latest = None;
        for tip in own.filter(|tip| frozen_at(&proofs, tip).is_none()) {
            let entry = step.store.entry(self.workspace, doc, tip.log, tip.seq)?;
            latest = latest.max(entry.map(|entry| (entry.header().claimed_at, tip.hash)));
        }
        Ok(latest.map(|(_, hash)| hash))
    }

    /// One durable commit; the writer is dropped if the store refuses.
    fn commit(
        &mut self,
        step: &mut Step<'_>,
        doc: DocId,
        draft: &Draft,
        payload: &[u8],
    ) -> Result<Verified, ReplicaError> {
        let class = draft.kind.class();
        let writer = self.writers.get_mut(&(doc, class)).ok_or(ReplicaError::StillJoining)?;
        let entry = writer.append(draft, payload, &self.me.secrets.signing)?;
        let mut batch = Batch::default();
        batch.append(entry.clone());
        if entry.header().seq == 1 {
            batch.put(own_log_key(self.workspace, doc, class), entry.header().log.as_bytes().to_vec());
        }
        if let Err(e) = step.store.commit(batch) {
            self.writers.remove(&(doc, class));
            return Err(e.into());
        }
        self.fresh.push(entry.clone());
        Ok(entry)
    }
}
