//! Snapshots that this side gives in place of entries.
//!
//! ```text
//! cold --its turn--> asked --Wanted--> sending --last part--> sent --Taken--> the entries after its rows
//!                      `---------------------Declined------------'----------> the next snapshot, or all entries
//! ```
//!
//! While a document waits for the peer's answer none of its entries are sent, and
//! all others are. What is under way is remembered as positions: parts are read
//! from the store when there is room for them.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use proofroom_entry::Snapshot;
use proofroom_ident::{DocId, LogId, Millis, SnapshotId, WorkspaceId};
use proofroom_store::{SnapshotSummary, Store, StoreError};

use crate::fault::Fault;
use crate::limits::ENTRIES_BYTES_MAX;
use crate::message::{Message, SnapshotAnswer};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Asked,
    Sending { offset: usize },
    Sent,
}

/// One snapshot under way, and what the peer will not need once it has it.
#[derive(Debug)]
struct Offer {
    of: SnapshotSummary,
    rows: Vec<(LogId, u64)>,
    stage: Stage,
    /// Whether the document's entries wait for the answer; a keeper has them already.
    holds: bool,
    /// Whether nobody answers: a file.
    unasked: bool,
    since: Millis,
}

/// What became of an offer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The peer does not need these, up to there.
    Taken(Vec<(LogId, u64)>),
    /// Entries, or another snapshot.
    Declined,
    /// It goes on.
    Open,
}

/// Snapshots under way.
#[derive(Debug, Default)]
pub(crate) struct Giving {
    /// Documents of which the peer holds nothing, whose turn has not come.
    cold: BTreeSet<DocId>,
    offers: BTreeMap<DocId, Offer>,
    declined: BTreeSet<SnapshotId>,
}

impl Giving {
    /// The peer holds nothing of this document: it may rather have a snapshot.
    pub fn consider(&mut self, doc: DocId) {
        self.cold.insert(doc);
    }

    /// At a document's turn: the offer to make, once, if there is a snapshot to offer.
    pub fn offer(
        &mut self,
        now: Millis,
        store: &dyn Store,
        workspace: WorkspaceId,
        doc: DocId,
    ) -> Result<Option<Message>, StoreError> {
        if !self.cold.remove(&doc) {
            return Ok(None);
        }
        let best = store.snapshots(workspace, doc)?.into_iter().find(|s| !self.declined.contains(&s.id()));
        Ok(best.map(|snapshot| self.begin(now, &snapshot, true)))
    }

    /// Offers a document's best snapshot to who holds the entries, unless it was declined.
    pub fn offer_to_keeper(
        &mut self,
        now: Millis,
        store: &dyn Store,
        workspace: WorkspaceId,
        doc: DocId,
    ) -> Result<Option<Message>, StoreError> {
        if self.offers.contains_key(&doc) {
            return Ok(None);
        }
        let best = store.snapshots(workspace, doc)?.into_iter().next();
        let best = best.filter(|snapshot| !self.declined.contains(&snapshot.id()));
        Ok(best.map(|snapshot| self.begin(now, &snapshot, false)))
    }

    /// Sends a snapshot without asking, at its document's turn: into a file. Returns the offer that announces it.
    pub fn give_unasked(&mut self, snapshot: &Snapshot) -> Message {
        let offer = self.begin(Millis(0), snapshot, true);
        if let Some(given) = self.offers.get_mut(&snapshot.header().doc) {
            (given.stage, given.unasked) = (Stage::Sending { offset: 0 }, true);
        }
        offer
    }

    fn begin(&mut self, now: Millis, snapshot: &Snapshot, holds: bool) -> Message {
        let of = SnapshotSummary::of(snapshot);
        let rows = snapshot.logs().map(|(_, last)| (last.header().log, last.header().seq)).collect();
        let offer = Offer { of, rows, stage: Stage::Asked, holds, unasked: false, since: now };
        self.offers.insert(of.doc, offer);
        Message::SnapshotOffer { doc: of.doc, id: of.id, entries: of.entries, bytes: of.bytes }
    }

    /// Whether the document's entries wait for an answer.
    pub fn holds(&self, doc: &DocId) -> bool {
        self.offers.get(doc).is_some_and(|o| o.holds && !matches!(o.stage, Stage::Sending { .. }))
    }

    /// Whether parts of the document's snapshot are to be sent.
    pub fn is_sending(&self, doc: &DocId) -> bool {
        self.offers.get(doc).is_some_and(|o| matches!(o.stage, Stage::Sending { .. }))
    }

    /// The documents whose snapshots are to be sent.
    pub fn sending(&self) -> impl Iterator<Item = &DocId> {
        self.offers.keys().filter(|doc| self.is_sending(doc))
    }

    /// Whether every offer is answered.
    pub fn is_idle(&self) -> bool {
        self.offers.is_empty()
    }

    /// The next part of a document's snapshot. `Declined` where the store forgot it meanwhile.
    pub fn next_part(
        &mut self,
        now: Millis,
        store: &dyn Store,
        workspace: WorkspaceId,
        doc: DocId,
    ) -> Result<(Option<(Bytes, u64)>, Outcome), StoreError> {
        let Some(offer) = self.offers.get_mut(&doc) else { return Ok((None, Outcome::Open)) };
        let Stage::Sending { offset } = offer.stage else { return Ok((None, Outcome::Open)) };
        let Some(bytes) = store.snapshot_part(workspace, &offer.of, offset, ENTRIES_BYTES_MAX)? else {
            return Ok((None, self.withdraw(doc)));
        };
        let (id, sent) = (offer.of.id, bytes.len() as u64);
        let next = offset + bytes.len();
        let whole = bytes.is_empty() || next as u64 >= offer.of.bytes;
        offer.stage = if whole { Stage::Sent } else { Stage::Sending { offset: next } };
        offer.since = now;
        let part = Message::SnapshotPart { doc, id, offset: offset as u64, bytes: bytes.into() };
        let outcome = match whole && offer.unasked {
            true => self.offers.remove(&doc).map_or(Outcome::Open, |offer| Outcome::Taken(offer.rows)),
            false => Outcome::Open,
        };
        Ok((Some((part.encode(), sent)), outcome))
    }

    /// The peer answers an offer; an answer to what was withdrawn means nothing.
    pub fn on_answer(
        &mut self,
        now: Millis,
        doc: DocId,
        id: SnapshotId,
        answer: SnapshotAnswer,
    ) -> Result<Outcome, Fault> {
        let Some(offer) = self.offers.get_mut(&doc).filter(|o| o.of.id == id) else {
            return Ok(Outcome::Open);
        };
        match (answer, offer.stage) {
            (SnapshotAnswer::Wanted, Stage::Asked) => {
                (offer.stage, offer.since) = (Stage::Sending { offset: 0 }, now);
                Ok(Outcome::Open)
            }
            (SnapshotAnswer::Taken, Stage::Sent) => {
                Ok(self.offers.remove(&doc).map_or(Outcome::Open, |offer| Outcome::Taken(offer.rows)))
            }
            (SnapshotAnswer::Declined, _) => Ok(self.withdraw(doc)),
            _ => Err(Fault::message("an answer to a snapshot that does not fit")),
        }
    }

    fn withdraw(&mut self, doc: DocId) -> Outcome {
        if let Some(offer) = self.offers.remove(&doc) {
            self.declined.insert(offer.of.id);
            if offer.holds {
                self.cold.insert(doc);
            }
        }
        Outcome::Declined
    }

    /// Since when the oldest answer is awaited.
    pub fn waits_since(&self) -> Option<Millis> {
        let waiting = self.offers.values().filter(|o| !matches!(o.stage, Stage::Sending { .. }));
        waiting.map(|offer| offer.since).min()
    }

    /// Forgets documents that are not to be sent any more.
    pub fn keep_only(&mut self, may: impl Fn(&DocId) -> bool) {
        self.cold.retain(&may);
        self.offers.retain(|doc, _| may(doc));
    }
}

#[cfg(test)]
mod tests;
