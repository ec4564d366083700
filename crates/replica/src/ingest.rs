//! Ingesting: entries from outside are stored, or refused by name.
//!
//! Order of proof: workspace, payload hash, signature, chain, standing. What
//! passes is committed in one batch; only then does memory change. The batch is
//! visible at once and durable with the store's next flush, which the caller makes
//! before it confirms anything: until then, whoever sent it keeps it.

use std::collections::{BTreeMap, BTreeSet};

use proofroom_authority::{Authority, AuthorityError, Inserted, Standing};
use proofroom_entry::{ChainError, EntryKind, Header, LogTip, Signed, Verified, VerifyError, check_link};
use proofroom_ident::{DocId, EntryHash, LogId};
use proofroom_store::{Batch, branch_key};

use crate::access::role_writes;
use crate::error::ReplicaError;
use crate::open::{Replica, Step};

/// Entries below bases that are remembered: what proves two histories comes together.
const STOOD_FOR_MAX: usize = 64;

/// What became of one offered entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IngestOutcome {
    /// In the store now.
    Stored,
    /// Was already held.
    Known,
    /// Stored, but counts only if adopted: it lies beyond its author's removal.
    HeldBack,
    /// Something before it is missing: it will be asked for again.
    Missing(String),
    /// Refused, and why.
    Refused(String),
    /// Its author signed two histories: both are kept as proof, the log is frozen.
    Equivocation,
}

/// What became of a batch of offered entries, in their order.
#[derive(Clone, Debug, Default)]
pub struct Ingested {
    /// One outcome per entry.
    pub outcomes: Vec<(EntryHash, IngestOutcome)>,
    /// The entries that were stored.
    pub stored: Vec<Verified>,
    /// Documents that have news.
    pub docs: Vec<DocId>,
    /// Documents whose entries are to be fetched anew: what they rested on does not
    /// hold any more. Connect again and compare.
    pub refetch: Vec<DocId>,
}

/// One batch on its way: the tips as they will be, the writes so far.
#[derive(Default)]
struct Intake {
    tips: BTreeMap<(DocId, LogId), LogTip>,
    batch: Batch,
    result: Ingested,
    authority_changed: bool,
    /// Documents that rest on an entry of which there is another.
    unseated: BTreeSet<DocId>,
    /// Logs that turned out to have two histories.
    forked: BTreeSet<LogId>,
    /// The membership as it was, once the batch has touched it.
    authority_before: Option<Authority>,
}

impl Replica {
    /// Verifies and stores what a peer, a relay or a bundle offers. It is durable once the
    /// store was flushed.
    ///
    /// # Errors
    /// Only when the store fails; refused entries are outcomes. Entries refused
    /// leave no trace but a line in the result.
    pub fn ingest(&mut self, step: &mut Step<'_>, offered: Vec<Signed>) -> Result<Ingested, ReplicaError> {
        let mut intake = Intake::default();
        if let Err(e) = self.take_all(step, &mut intake, offered) {
            if let Some(before) = intake.authority_before {
                self.authority = before;
            }
            return Err(e);
        }
        intake.result.docs.sort_unstable();
        intake.result.docs.dedup();
        if intake.authority_changed {
            self.membership_changed();
            intake.result.refetch = self.drop_fallen_bases(step)?;
        }
        for doc in intake.unseated {
            self.drop_base(step, doc)?;
            self.whole.insert(doc);
            intake.result.refetch.push(doc);
        }
        let news =
            intake.authority_changed || intake.result.docs.iter().any(|doc| self.concerns_erasures(*doc));
        if news {
            self.shred(step)?;
        }
        Ok(intake.result)
    }

    /// Whether news of a document may let something erased go: what is left of it, or the end of a hold.
    fn concerns_erasures(&self, doc: DocId) -> bool {
        let any = self.authority.state().erased().next().is_some();
        self.authority.erases_in(doc) || (any && doc == self.workspace.plan_doc())
    }

    fn take_all(
        &mut self,
        step: &mut Step<'_>,
        intake: &mut Intake,
        offered: Vec<Signed>,
    ) -> Result<(), ReplicaError> {
        for signed in offered {
            let hash = signed.hash();
            let outcome = self.take_in(step, intake, signed)?;
            intake.result.outcomes.push((hash, outcome));
        }
        Ok(step.store.commit_soon(std::mem::take(&mut intake.batch))?)
    }

    fn insert_op(&mut self, intake: &mut Intake, entry: &Verified) -> Result<Inserted, AuthorityError> {
        intake.authority_before.get_or_insert_with(|| self.authority.clone());
        self.authority.insert(entry)
    }

    fn take_in(
        &mut self,
        step: &Step<'_>,
        intake: &mut Intake,
        signed: Signed,
    ) -> Result<IngestOutcome, ReplicaError> {
        let claims = *signed.claims();
        let at = (claims.doc, claims.log);
        let tip = match intake.tips.get(&at) {
            Some(tip) => Some(*tip),
            None => step.store.tip(self.workspace, claims.doc, claims.log)?,
        };
        if tip.is_some_and(|t| claims.seq <= t.seq) {
            return self.compare_known(step, intake, signed);
        }
        let entry = match self.verify(signed) {
            Ok(entry) => entry,
            Err(e @ VerifyError::Erased(_)) => return Ok(IngestOutcome::Missing(e.to_string())),
            Err(e) => return Ok(IngestOutcome::Refused(e.to_string())),
        };
        let next = match check_link(tip.as_ref(), entry.head()) {
            Ok(next) => next,
            Err(_) if self.on_branch(step, intake, &entry)? && self.keep_branch(intake, &entry) => {
                return Ok(IngestOutcome::Equivocation);
            }
            Err(e @ ChainError::Gap { .. }) => return Ok(IngestOutcome::Missing(e.to_string())),
            Err(e) => return Ok(IngestOutcome::Refused(e.to_string())),
        };
        let outcome = self.judge(intake, &entry)?;
        if matches!(outcome, IngestOutcome::Stored | IngestOutcome::HeldBack) {
            intake.tips.insert(at, next);
            intake.batch.append(entry.clone());
            intake.result.docs.push(claims.doc);
            intake.result.stored.push(entry);
        }
        Ok(outcome)
    }

    /// Verifies an entry; without its payload where somebody who may has erased that.
    pub(crate) fn verify(&self, signed: Signed) -> Result<Verified, VerifyError> {
        match self.authority.state().is_erased(signed.hash()) {
            true => signed.verify_erased(self.workspace),
            false => signed.verify(self.workspace),
        }
    }

    /// A position that is already held: the same entry again, or a second history.
    fn compare_known(
        &mut self,
        step: &Step<'_>,
        intake: &mut Intake,
        signed: Signed,
    ) -> Result<IngestOutcome, ReplicaError> {
        let c = *signed.claims();
        // In this very batch, or in the store.
        let same_place = |e: &&Verified| {
            let h = e.header();
            (h.doc, h.log, h.seq) == (c.doc, c.log, c.seq)
        };
        let arriving = intake.tips.contains_key(&(c.doc, c.log));
        let held = match intake.result.stored.iter().find(|e| arriving && same_place(e)) {
            Some(held) => Some(held.clone()),
            None => step.store.entry(self.workspace, c.doc, c.log, c.seq)?,
        };
        let Some(held) = held else { return self.compare_base(step, intake, signed) };
        if held.hash() == signed.hash() {
            return Ok(IngestOutcome::Known);
        }
        match self.verify(signed) {
            Ok(other) if other.header().author == held.header().author => {
                // Concurrent operations of one device: the membership log weighs both alike.
                if c.kind == EntryKind::Authority && !self.keep_branch(intake, &other) {
                    return Ok(IngestOutcome::Refused("its membership operation does not hold".into()));
                }
                if self.is_proved(step, c.log, c.seq)? {
                    return Ok(IngestOutcome::Equivocation);
                }
                intake.forked.insert(c.log);
                intake.authority_changed = true;
                if c.author == self.me.device() {
                    self.writers.remove(&(c.doc, c.kind.class()));
                }
                intake.batch.proof(held, other);
                Ok(IngestOutcome::Equivocation)
            }
            Ok(_) => Ok(IngestOutcome::Refused("the log belongs to another device".into())),
            Err(e) => Ok(IngestOutcome::Refused(e.to_string())),
        }
    }

    /// A position at or below a log's base. Another entry at the base itself shows that
    /// the author signed two histories: the proof needs both, so all are to be fetched.
    /// Of an entry below it nobody here can tell, but two for one place are a proof.
    fn compare_base(
        &mut self,
        step: &Step<'_>,
        intake: &mut Intake,
        signed: Signed,
    ) -> Result<IngestOutcome, ReplicaError> {
        let c = *signed.claims();
        let base = step.store.base(self.workspace, c.doc, c.log)?;
        let Some(base) = base.filter(|base| base.hash() != signed.hash()) else {
            return Ok(IngestOutcome::Known);
        };
        let entry = match self.verify(signed) {
            Ok(entry) if entry.header().author == base.header().author => entry,
            Ok(_) => return Ok(IngestOutcome::Refused("the log belongs to another device".into())),
            Err(e) => return Ok(IngestOutcome::Refused(e.to_string())),
        };
        if base.header().seq == c.seq {
            intake.unseated.insert(c.doc);
            let text = "its log rests on another entry here: all of it is fetched anew";
            return Ok(IngestOutcome::Missing(text.into()));
        }
        let same_place = |held: &&Verified| {
            let h = held.header();
            (h.doc, h.log, h.seq) == (c.doc, c.log, c.seq) && held.hash() != entry.hash()
        };
        if let Some(other) = self.stood_for.iter().find(same_place).cloned() {
            if !self.is_proved(step, c.log, c.seq)? {
                intake.forked.insert(c.log);
                intake.authority_changed = true;
                intake.batch.proof(other, entry);
            }
            return Ok(IngestOutcome::Equivocation);
        }
        if self.stood_for.len() == STOOD_FOR_MAX {
            self.stood_for.pop_front();
        }
        self.stood_for.push_back(entry);
        Ok(IngestOutcome::Known)
    }

    /// Whether a proof is held already that freezes the log there or before.
    fn is_proved(&self, step: &Step<'_>, log: LogId, seq: u64) -> Result<bool, ReplicaError> {
        let proofs = step.store.proofs(self.workspace)?;
        Ok(proofs.iter().any(|(one, _)| one.header().log == log && one.header().seq <= seq))
    }

    /// A membership operation of a second history: weighed as any other. The proof
    /// keeps one pair of a log; a restart needs all that was weighed.
    fn keep_branch(&mut self, intake: &mut Intake, entry: &Verified) -> bool {
        match self.insert_op(intake, entry) {
            Err(_) => return false,
            Ok(Inserted::Known) => return true,
            Ok(Inserted::New | Inserted::Waiting) => {
                let key = branch_key(self.workspace, entry.hash().as_bytes());
                intake.batch.put(key, entry.bytes().to_vec());
            }
        }
        intake.authority_changed = true;
        true
    }

    /// Does it follow, in a membership log known to have two histories, the other one?
    fn on_branch(&self, step: &Step<'_>, intake: &Intake, entry: &Verified) -> Result<bool, ReplicaError> {
        let h = entry.header();
        let proofs = step.store.proofs(self.workspace)?;
        let forked = intake.forked.contains(&h.log) || proofs.iter().any(|(a, _)| a.header().log == h.log);
        Ok(h.kind == EntryKind::Authority && forked)
    }

    /// Whether the author could write it in the role that they knew they had.
    fn knew_better_role(&self, h: &Header) -> bool {
        let role = self.authority.knew_role(h.author, h.auth_head);
        role.is_some_and(|role| role_writes(role, h.kind, h.audience))
    }

    /// Does the membership log admit it?
    fn judge(&mut self, intake: &mut Intake, entry: &Verified) -> Result<IngestOutcome, ReplicaError> {
        let h = entry.header();
        if h.kind == EntryKind::Authority {
            return Ok(match self.insert_op(intake, entry) {
                Ok(Inserted::New) => {
                    intake.authority_changed = true;
                    IngestOutcome::Stored
                }
                Ok(Inserted::Known) => IngestOutcome::Stored,
                Ok(Inserted::Waiting) => IngestOutcome::Stored,
                Err(e) => IngestOutcome::Refused(e.to_string()),
            });
        }
        Ok(match self.standing(h) {
            Standing::Member { role, .. } if role_writes(role, h.kind, h.audience) => IngestOutcome::Stored,
            // Written before its author heard of another role, or that who invited them was removed:
            // kept wherever it came first or last, counted nowhere.
            Standing::Member { .. } | Standing::NotMember if self.knew_better_role(h) => {
                IngestOutcome::HeldBack
            }
            Standing::Member { role, .. } => {
                IngestOutcome::Refused(format!("a {role} may not write this kind of entry"))
            }
            Standing::HeldBack { .. } => IngestOutcome::HeldBack,
            Standing::NotMember => IngestOutcome::Refused("its author is not a member".into()),
            Standing::AwaitsAuthority => {
                IngestOutcome::Missing("the membership entry that it stands on has not arrived".into())
            }
        })
    }

    /// Members, roles or keys changed: what was loaded may count differently now.
    pub(crate) fn membership_changed(&mut self) {
        self.docs.clear();
        self.looked.clear();
        self.load_keys();
    }
}
