//! What is still to be sent, as positions only: a slow reader costs no bytes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use proofroom_entry::Verified;
use proofroom_ident::{DocId, EntryHash, LogId, Millis, SnapshotId, WorkspaceId};
use proofroom_store::{Store, StoreError, evidence};

use crate::fault::Fault;
use crate::giving::{Giving, Outcome};
use crate::limits::{ENTRIES_BYTES_MAX, Limits, WINDOW_BYTES};
use crate::message::{Message, Refusal, SnapshotAnswer, entries_frame};
use crate::{Audiences, Code, Live};

/// A run of positions of one log, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub from: u64,
    pub to: u64,
}

impl Span {
    fn len(self) -> u64 {
        self.to.saturating_add(1).saturating_sub(self.from)
    }

    fn join(self, other: Self) -> Self {
        Self { from: self.from.min(other.from), to: self.to.max(other.to) }
    }
}

/// Entries and their size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub entries: u64,
    pub bytes: u64,
}

/// Positions to send, and batches whose confirmation is awaited.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    /// Documents that the peer lacks altogether, with the entries that they had.
    whole: BTreeMap<DocId, u64>,
    spans: BTreeMap<DocId, BTreeMap<LogId, Span>>,
    /// How far the peer holds logs of documents that are queued as a whole.
    held_there: BTreeMap<(DocId, LogId), u64>,
    /// Logs that the peer does not take any further, or that are not held here from where it needs them.
    frozen: BTreeSet<(DocId, LogId)>,
    prefer: Vec<DocId>,
    pub giving: Giving,
    /// Whether the log of the genesis entry was looked for: once is enough.
    sought_genesis: bool,
    in_flight: VecDeque<Count>,
    in_flight_bytes: u64,
}

impl Outbox {
    /// Queues all of a document.
    pub fn add_whole(&mut self, doc: DocId, entries: u64) {
        self.spans.remove(&doc);
        self.whole.insert(doc, entries);
    }

    /// Queues a part of a log.
    pub fn add_span(&mut self, doc: DocId, log: LogId, span: Span) {
        if span.len() == 0 || self.whole.contains_key(&doc) || self.frozen.contains(&(doc, log)) {
            return;
        }
        let held = self.spans.entry(doc).or_default().entry(log).or_insert(span);
        *held = held.join(span);
    }

    /// The peer sent this entry itself: it needs neither it nor what is before it.
    pub fn peer_has(&mut self, doc: DocId, log: LogId, seq: u64) {
        if self.whole.contains_key(&doc) {
            let held = self.held_there.entry((doc, log)).or_insert(seq);
            *held = (*held).max(seq);
        }
        let Some(logs) = self.spans.get_mut(&doc) else { return };
        if let Some(span) = logs.get_mut(&log) {
            span.from = span.from.max(seq.saturating_add(1));
            if span.from > span.to {
                logs.remove(&log);
            }
        }
        if logs.is_empty() {
            self.spans.remove(&doc);
        }
    }

    /// The peer wants these first.
    pub fn prefer(&mut self, docs: Vec<DocId>) {
        self.prefer = docs;
    }

    /// Remembers the positions of entries that cannot be sent yet.
    pub fn note(&mut self, live: &Live, limits: &Limits) -> Result<(), Fault> {
        for (doc, log, seq) in live.places() {
            self.add_span(*doc, *log, Span { from: *seq, to: *seq });
        }
        let behind: usize = self.spans.values().map(BTreeMap::len).sum();
        if behind > limits.behind_logs_max {
            let text = format!("{behind} logs behind: connect again and compare");
            return Err(Fault::new(Code::Lagging, text));
        }
        Ok(())
    }

    /// The shared frame, if it may go at once.
    pub fn pass(&mut self, live: &Live) -> Option<Bytes> {
        let frozen = || live.places().iter().any(|(doc, log, _)| self.frozen.contains(&(*doc, *log)));
        if !self.is_empty() || !self.has_room() || (!self.frozen.is_empty() && frozen()) {
            return None;
        }
        let frame = live.frame()?.clone();
        self.depart(Count { entries: live.entries() as u64, bytes: live.bytes() });
        Some(frame)
    }

    /// The peer confirms `batches`; returns what is durable there now.
    pub fn confirm(&mut self, batches: u32, refused: &[Refusal], limits: &Limits) -> Result<Count, Fault> {
        let mut out = Count::default();
        for _ in 0..batches {
            let batch = self
                .in_flight
                .pop_front()
                .ok_or_else(|| Fault::message("a confirmation of what was never sent"))?;
            self.in_flight_bytes -= batch.bytes;
            out.entries += batch.entries;
            out.bytes += batch.bytes;
        }
        for r in refused {
            out.entries = out.entries.saturating_sub(r.count.into());
            self.freeze(r.doc, r.log);
        }
        match self.frozen.len() > limits.behind_logs_max {
            true => Err(Fault::message("more refusals than logs")),
            false => Ok(out),
        }
    }

    fn freeze(&mut self, doc: DocId, log: LogId) {
        self.frozen.insert((doc, log));
        if let Some(logs) = self.spans.get_mut(&doc) {
            logs.remove(&log);
            if logs.is_empty() {
                self.spans.remove(&doc);
            }
        }
    }

    /// Forgets documents of other audiences.
    pub fn keep_only(&mut self, reads: Audiences) {
        self.giving.keep_only(|doc| reads.contains(doc.audience()));
        self.whole.retain(|doc, _| reads.contains(doc.audience()));
        self.spans.retain(|doc, _| reads.contains(doc.audience()));
    }

    /// Counts all that was sent as confirmed: a file confirms nothing.
    pub fn forget_window(&mut self) {
        self.in_flight.clear();
        self.in_flight_bytes = 0;
    }

    /// Whether nothing waits to be sent.
    pub fn is_empty(&self) -> bool {
        self.whole.is_empty() && self.spans.is_empty()
    }

    /// Whether all that was sent is confirmed.
    pub fn is_confirmed(&self) -> bool {
        self.in_flight.is_empty()
    }

    /// Entries that wait to be sent.
    pub fn queued(&self) -> u64 {
        let spans = self.spans.values().flat_map(BTreeMap::values).map(|s| s.len());
        self.whole.values().sum::<u64>() + spans.sum::<u64>()
    }

    /// Entries that are sent and not confirmed.
    pub fn unconfirmed(&self) -> u64 {
        self.in_flight.iter().map(|b| b.entries).sum()
    }

    fn has_room(&self) -> bool {
        self.in_flight_bytes < WINDOW_BYTES
    }

    fn depart(&mut self, batch: Count) {
        self.in_flight_bytes += batch.bytes;
        self.in_flight.push_back(batch);
    }

    /// The frames of the next batch, read from the store; `None` when nothing waits or the window is full.
    pub fn next_batch(
        &mut self,
        now: Millis,
        store: &dyn Store,
        workspace: WorkspaceId,
    ) -> Result<Option<Vec<Bytes>>, StoreError> {
        while self.has_room() && self.next_doc(workspace).is_some() {
            let mut frames = Vec::new();
            let batch = self.collect(now, store, workspace, &mut frames)?;
            let bytes = batch.iter().map(|e| e.bytes().len() as u64).sum();
            match &batch[..] {
                [] => {}
                [one] if one.bytes().len() > ENTRIES_BYTES_MAX => {
                    self.depart(Count { entries: 1, bytes });
                    frames.extend(parts(one));
                }
                batch => {
                    self.depart(Count { entries: batch.len() as u64, bytes });
                    frames.push(entries_frame(batch.iter().map(|e| e.bytes().as_ref())));
                }
            }
            if !frames.is_empty() {
                return Ok(Some(frames));
            }
        }
        Ok(None)
    }

    /// Reads entries, across logs and documents, until a frame is full. Offers of
    /// snapshots, and a part of one, go to `frames`.
    fn collect(
        &mut self,
        now: Millis,
        store: &dyn Store,
        workspace: WorkspaceId,
        frames: &mut Vec<Bytes>,
    ) -> Result<Vec<Verified>, StoreError> {
        let (mut out, mut room) = (Vec::new(), ENTRIES_BYTES_MAX);
        while let Some(doc) = self.next_doc(workspace) {
            if self.giving.is_sending(&doc) {
                if out.is_empty() {
                    self.send_part(now, store, workspace, doc, frames)?;
                }
                break;
            }
            if let Some(offer) = self.giving.offer(now, store, workspace, doc)? {
                frames.push(offer.encode());
                continue;
            }
            self.expand(store, workspace, doc)?;
            let Some((log, span)) = self.next_log(store, workspace, doc)? else {
                self.spans.remove(&doc);
                continue;
            };
            if store.base(workspace, doc, log)?.is_some_and(|base| span.from <= base.header().seq) {
                // What the peer needs first is not held here: others have it.
                self.freeze(doc, log);
                continue;
            }
            let mut read = store.entries(workspace, doc, log, span.from, room)?;
            read.truncate(usize::try_from(span.len()).unwrap_or(usize::MAX));
            let bytes: usize = read.iter().map(|e| e.bytes().len()).sum();
            if bytes > room && !out.is_empty() {
                break;
            }
            // A read that yields nothing must not be tried for ever: the span is done.
            self.peer_has(doc, log, read.last().map_or(span.to, |e| e.header().seq));
            out.extend(read);
            room = room.saturating_sub(bytes);
            if room == 0 {
                break;
            }
        }
        Ok(out)
    }

    fn send_part(
        &mut self,
        now: Millis,
        store: &dyn Store,
        workspace: WorkspaceId,
        doc: DocId,
        frames: &mut Vec<Bytes>,
    ) -> Result<(), StoreError> {
        let (part, outcome) = self.giving.next_part(now, store, workspace, doc)?;
        if let Some((frame, bytes)) = part {
            self.depart(Count { entries: 0, bytes });
            frames.push(frame);
        }
        self.after_snapshot(store, workspace, doc, outcome)
    }

    /// The peer answers an offer. Returns whether the snapshot is durable there.
    pub fn on_answer(
        &mut self,
        now: Millis,
        (doc, id, answer): (DocId, SnapshotId, SnapshotAnswer),
        (store, workspace): (&dyn Store, WorkspaceId),
    ) -> Result<bool, Fault> {
        let outcome = self.giving.on_answer(now, doc, id, answer)?;
        let taken = matches!(outcome, Outcome::Taken(_));
        self.after_snapshot(store, workspace, doc, outcome)?;
        Ok(taken)
    }

    /// What is left to send of a document, once its snapshot is there.
    fn after_snapshot(
        &mut self,
        store: &dyn Store,
        workspace: WorkspaceId,
        doc: DocId,
        outcome: Outcome,
    ) -> Result<(), StoreError> {
        let Outcome::Taken(rows) = outcome else { return Ok(()) };
        self.expand(store, workspace, doc)?;
        rows.into_iter().for_each(|(log, seq)| self.peer_has(doc, log, seq));
        Ok(())
    }

    /// All of a document becomes all of its logs.
    fn expand(&mut self, store: &dyn Store, workspace: WorkspaceId, doc: DocId) -> Result<(), StoreError> {
        if self.whole.remove(&doc).is_some() {
            for tip in store.tips(workspace, doc)? {
                let held = self.held_there.remove(&(doc, tip.log)).unwrap_or(0);
                self.add_span(doc, tip.log, Span { from: held.saturating_add(1), to: tip.seq });
            }
        }
        Ok(())
    }

    /// Frames of what shows that logs have two histories: no position names it. Rare and
    /// small; what is beyond half a window is left to another peer.
    pub fn evidence(
        &mut self,
        store: &dyn Store,
        workspace: WorkspaceId,
        reads: Audiences,
    ) -> Result<Vec<Bytes>, StoreError> {
        let mut room = WINDOW_BYTES / 2;
        let mut frames = Vec::new();
        for entry in evidence(store, workspace)? {
            let bytes = entry.bytes().len() as u64;
            if bytes > (ENTRIES_BYTES_MAX as u64).min(room) || !reads.contains(entry.claims().audience) {
                continue;
            }
            room -= bytes;
            frames.push(entries_frame([entry.bytes().as_ref()].into_iter()));
            self.depart(Count { entries: 1, bytes });
        }
        Ok(frames)
    }

    /// Authority first, then the plan, then what the peer prefers, then the rest.
    fn next_doc(&self, workspace: WorkspaceId) -> Option<DocId> {
        let waits = |doc: &DocId| self.whole.contains_key(doc) || self.spans.contains_key(doc);
        let ready = |doc: &&DocId| self.giving.is_sending(doc) || (waits(doc) && !self.giving.holds(doc));
        let first = [DocId::AUTHORITY, workspace.plan_doc()];
        let ranked = first.iter().chain(&self.prefer).find(ready).copied();
        let others = || self.giving.sending().chain(self.spans.keys()).chain(self.whole.keys());
        ranked.or_else(|| others().find(ready).copied())
    }

    /// The next log of a document. In the authority document the log of the
    /// genesis entry goes first, so that a peer without the workspace can judge what follows.
    fn next_log(
        &mut self,
        store: &dyn Store,
        workspace: WorkspaceId,
        doc: DocId,
    ) -> Result<Option<(LogId, Span)>, StoreError> {
        let Some(logs) = self.spans.get(&doc) else { return Ok(None) };
        if doc == DocId::AUTHORITY && !std::mem::replace(&mut self.sought_genesis, true) {
            let genesis = EntryHash::from_bytes(*workspace.as_bytes());
            for (log, span) in logs.iter().filter(|(_, span)| span.from == 1) {
                if store.entry(workspace, doc, *log, 1)?.is_some_and(|e| e.hash() == genesis) {
                    return Ok(Some((*log, *span)));
                }
            }
        }
        Ok(logs.first_key_value().map(|(log, span)| (*log, *span)))
    }
}

/// A large entry, cut at frame boundaries.
fn parts(entry: &Verified) -> Vec<Bytes> {
    let total = u32::try_from(entry.bytes().len()).expect("an entry is at most ENTRY_BYTES_MAX long");
    let cut = entry.bytes().chunks(ENTRIES_BYTES_MAX).zip((0u32..).step_by(ENTRIES_BYTES_MAX));
    cut.map(|(piece, offset)| Message::Part { total, offset, bytes: Bytes::copy_from_slice(piece) }.encode())
        .collect()
}

#[cfg(test)]
mod tests;
