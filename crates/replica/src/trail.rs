//! The trail: every entry held, who wrote it, whether it counts.

use proofroom_authority::Standing;
use proofroom_entry::{LogTip, Signed, Verified, check_link};
use proofroom_ident::{DocId, EntryHash, LogId, Millis, PersonId, SignerKey};
use proofroom_store::Store;

use crate::base::BasedHistory;
use crate::docs::{entries_after, frozen_at};
use crate::error::ReplicaError;
use crate::open::Replica;

/// Whether an entry counts.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogState {
    /// It counts.
    Counted,
    /// It lies beyond its author's removal.
    HeldBack,
    /// The membership log or the document refuses it.
    Refused(String),
    /// Its key has not reached this device.
    Unreadable,
    /// Its log has two histories from here on.
    Equivocation,
}

/// One entry of the trail.
#[derive(Clone, Debug, serde::Serialize)]
pub struct LogLine {
    /// The entry.
    pub entry: EntryHash,
    /// What it carries.
    pub kind: String,
    /// Its document.
    pub doc: DocId,
    /// Its log.
    pub log: LogId,
    /// Its position.
    pub seq: u64,
    /// The device that signed it.
    pub device: SignerKey,
    /// The person, where the membership log knows the device.
    pub person: Option<PersonId>,
    /// When the author says it was written.
    pub claimed_at: Millis,
    /// Payload size, in bytes.
    pub bytes: u32,
    /// Whether it counts.
    pub state: LogState,
}

/// The trail, and what a full re-check found.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct TrailReport {
    /// Every entry, by claimed time.
    pub lines: Vec<LogLine>,
    /// Number of logs.
    pub logs: u64,
    /// Signatures, payload hashes and chain links that were checked again.
    pub checked: u64,
    /// What does not hold; empty when all is well.
    pub problems: Vec<String>,
    /// Logs whose author signed two histories.
    pub equivocations: u64,
    /// Documents whose earlier entries are not held: a snapshot stands for them.
    pub based: Vec<BasedHistory>,
}

impl Replica {
    /// Every entry held. With `verify`, each signature, payload hash and link is
    /// checked again from the stored bytes.
    pub fn trail(&mut self, store: &dyn Store, verify: bool) -> Result<TrailReport, ReplicaError> {
        let mut docs: Vec<DocId> = store.docs(self.workspace)?.iter().map(|d| d.doc).collect();
        docs.push(DocId::AUTHORITY);
        docs.sort_unstable();
        docs.dedup();
        self.trail_of(store, &docs, verify)
    }

    /// As [`Replica::trail`], of some documents; those that are not held have no entries.
    pub fn trail_of(
        &mut self,
        store: &dyn Store,
        docs: &[DocId],
        verify: bool,
    ) -> Result<TrailReport, ReplicaError> {
        let mut report = TrailReport::default();
        let proofs = store.proofs(self.workspace)?;
        report.equivocations = proofs.len() as u64;
        report.based = self.based_histories(store)?;
        for doc in docs.iter().copied() {
            let tips = store.tips(self.workspace, doc)?;
            if doc != DocId::AUTHORITY && !tips.is_empty() {
                let kind = self.kind_of(doc);
                self.load_doc(store, kind, doc)?;
            }
            for tip in tips {
                report.logs += 1;
                let frozen = frozen_at(&proofs, &tip);
                let entries = entries_after(store, self.workspace, &tip, 0)?;
                if verify {
                    let base = store.base(self.workspace, doc, tip.log)?;
                    self.check_log(&mut report, &tip, base.as_ref().map(LogTip::after), &entries);
                }
                report.lines.extend(entries.iter().map(|e| self.line(e, frozen)));
            }
        }
        report.lines.sort_by_key(|l| (l.claimed_at, l.entry));
        Ok(report)
    }

    fn check_log(&self, report: &mut TrailReport, tip: &LogTip, base: Option<LogTip>, entries: &[Verified]) {
        let mut at = base;
        for entry in entries {
            report.checked += 1;
            let again = Signed::decode(entry.bytes().clone())
                .map_err(|e| e.to_string())
                .and_then(|s| self.verify(s).map_err(|e| e.to_string()));
            let linked = again.and_then(|e| check_link(at.as_ref(), e.head()).map_err(|e| e.to_string()));
            match linked {
                Ok(next) => at = Some(next),
                Err(e) => {
                    report.problems.push(format!("log {} entry {}: {e}", tip.log, entry.header().seq));
                    return;
                }
            }
        }
        if at.map(|t| t.hash) != Some(tip.hash) {
            report.problems.push(format!("log {}: its entries end before its tip at {}", tip.log, tip.seq));
        }
    }

    fn line(&self, entry: &Verified, frozen: Option<u64>) -> LogLine {
        let h = entry.header();
        LogLine {
            entry: entry.hash(),
            kind: format!("{:?}", h.kind).to_lowercase(),
            doc: h.doc,
            log: h.log,
            seq: h.seq,
            device: h.author,
            person: self.authority.state().person_of(h.author),
            claimed_at: h.claimed_at,
            bytes: h.payload_len,
            state: self.state_of(entry, frozen),
        }
    }

    fn state_of(&self, entry: &Verified, frozen: Option<u64>) -> LogState {
        let h = entry.header();
        if frozen.is_some_and(|f| h.seq >= f) {
            return LogState::Equivocation;
        }
        if h.doc == DocId::AUTHORITY {
            return match self.authority.refusal(entry.hash()) {
                Some(reason) => LogState::Refused(reason.to_string()),
                None => LogState::Counted,
            };
        }
        let open = self.docs.get(&h.doc);
        if let Some(reason) = open.and_then(|d| d.refused.get(&entry.hash())) {
            return LogState::Refused(reason.clone());
        }
        let admitted =
            open.is_some_and(|d| d.held.iter().any(|x| x.admitted && x.entry.hash() == entry.hash()));
        match self.standing(h) {
            Standing::HeldBack { .. } if !admitted => LogState::HeldBack,
            Standing::NotMember | Standing::AwaitsAuthority => {
                LogState::Refused("its author was not a member there".into())
            }
            _ if open.is_some_and(|d| d.clock.get(&h.log).copied().unwrap_or(0) < h.seq) => {
                LogState::Unreadable
            }
            _ => LogState::Counted,
        }
    }
}
