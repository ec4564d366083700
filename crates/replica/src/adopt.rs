//! Adopting held-back work: somebody who may, moves the line.

use std::collections::{BTreeMap, BTreeSet};

use proofroom_authority::{Cut, Op, Role};
use proofroom_document::DocKind;
use proofroom_ident::{DocId, EntryHash, LogId, PersonId};

use crate::docs::OpenDoc;
use crate::error::ReplicaError;
use crate::open::{Replica, Step};
use crate::statements::Receipt;
use crate::view::HeldBackLog;

impl Replica {
    /// What removed members wrote beyond the line, by log.
    pub fn held_back(&mut self, step: &Step<'_>) -> Result<Vec<HeldBackLog>, ReplicaError> {
        let docs: Vec<DocId> = step.store.docs(self.workspace)?.iter().map(|d| d.doc).collect();
        let mut out = Vec::new();
        for doc in docs.into_iter().filter(|d| *d != DocId::AUTHORITY) {
            if let Some(shown) = self.at_rest(step.store, doc)? {
                out.extend(shown.held.iter().cloned());
                continue;
            }
            let kind: DocKind = self.kind_of(doc);
            out.extend(held_logs(self.load_doc(step.store, kind, doc)?, doc));
        }
        Ok(out)
    }

    /// Adopts all held-back work of a person.
    pub fn adopt(&mut self, step: &mut Step<'_>, person: PersonId) -> Result<Vec<Receipt>, ReplicaError> {
        self.require(Role::Producer, "adopt held-back work")?;
        let held: Vec<HeldBackLog> =
            self.held_back(step)?.into_iter().filter(|h| h.person == person).collect();
        if held.is_empty() {
            return Err(ReplicaError::Invalid(format!("nothing of {} is held back", person.short())));
        }
        let removals: BTreeSet<EntryHash> = held.iter().map(|h| h.removal).collect();
        let mut receipts = Vec::new();
        for removal in removals {
            let mut cut = Cut::new();
            for h in held.iter().filter(|h| h.removal == removal) {
                cut.insert((h.doc, h.log), (h.last_seq, h.last));
            }
            let entry = self.append_op(step, &Op::ExtendCut { removal, cut: cut.into() })?;
            receipts.push(Receipt::of(&entry));
        }
        self.membership_changed();
        Ok(receipts)
    }
}

/// What is held back of one document, by log.
pub(crate) fn held_logs(open: &OpenDoc, doc: DocId) -> Vec<HeldBackLog> {
    let mut logs: BTreeMap<LogId, HeldBackLog> = BTreeMap::new();
    for held in open.held.iter().filter(|h| !h.admitted) {
        let h = held.entry.header();
        let line = logs.entry(h.log).or_insert(HeldBackLog {
            person: held.person,
            removal: held.removal,
            doc,
            log: h.log,
            first_seq: h.seq,
            last_seq: h.seq,
            last: held.entry.hash(),
            claimed_at: h.claimed_at,
        });
        if h.seq >= line.last_seq {
            (line.last_seq, line.last, line.claimed_at) = (h.seq, held.entry.hash(), h.claimed_at);
        }
    }
    logs.into_values().collect()
}
