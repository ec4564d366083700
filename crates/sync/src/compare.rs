//! Finding what the peer lacks: digests of documents, then clocks of those that differ.
//!
//! Both sides do the same at the same time; neither waits for the other's turn.
//! A side that holds nothing is known to by its summary, and the step is skipped.

use std::collections::{BTreeMap, BTreeSet};

use proofroom_entry::LogTip;
use proofroom_ident::{Audience, DocId, EntryHash, LogClass, LogId, SignerKey, WorkspaceId};
use proofroom_store::{DocSummary, Store, StoreError};

use crate::Audiences;
use crate::fault::Fault;
use crate::limits::{CLOCK_PAGE, DIGESTS_PAGE, Limits};
use crate::message::{ClockRow, Message, Summary};
use crate::outbox::{Outbox, Span};

/// One digest per audience over the documents held, zero where there is none.
pub(crate) fn summarise(docs: &[DocSummary], reads: Audiences) -> Summary {
    let mut out = Summary::default();
    for audience in reads.iter() {
        let mut hasher = blake3::Hasher::new_derive_key("proofroom 1 summary");
        let mut any = false;
        for d in docs.iter().filter(|d| d.audience == audience) {
            hasher.update(d.doc.as_bytes()).update(&d.digest);
            any = true;
        }
        if any {
            out.0[slot(audience)] = *hasher.finalize().as_bytes();
        }
    }
    out
}

fn slot(audience: Audience) -> usize {
    usize::from(audience as u8)
}

/// The audiences whose digests differ.
pub(crate) fn differing(mine: &Summary, theirs: &Summary, reads: Audiences) -> Audiences {
    reads.iter().filter(|a| mine.0[slot(*a)] != theirs.0[slot(*a)]).collect()
}

fn nothing(summary: &Summary, audiences: Audiences) -> bool {
    audiences.iter().all(|a| summary.0[slot(a)] == [0; 32])
}

/// What is compared: a workspace in a store, with this peer.
pub(crate) type Place<'a> = (&'a dyn Store, WorkspaceId, SignerKey);

/// A comparison under way.
#[derive(Debug, Default)]
pub(crate) struct Compare {
    mine: BTreeMap<DocId, DocSummary>,
    /// The peer's digests so far; `None` when all came, or none are to come.
    digests: Option<BTreeMap<DocId, [u8; 32]>>,
    clocks: BTreeSet<DocId>,
    page: Option<(DocId, Vec<ClockRow>)>,
}

impl Compare {
    /// Begins, given both summaries as they were sent. Returns what to send.
    pub fn begin(
        docs: Vec<DocSummary>,
        mine: &Summary,
        theirs: &Summary,
        differ: Audiences,
        outbox: &mut Outbox,
    ) -> (Self, Vec<Message>) {
        let held = docs.into_iter().filter(|d| differ.contains(d.audience));
        if nothing(mine, differ) {
            return (Self::default(), Vec::new());
        }
        if nothing(theirs, differ) {
            for d in held {
                outbox.add_whole(d.doc, d.entries);
                outbox.giving.consider(d.doc);
            }
            return (Self::default(), Vec::new());
        }
        let mine: BTreeMap<_, _> = held.map(|d| (d.doc, d)).collect();
        let rows: Vec<_> = mine.values().map(|d| (d.doc, d.digest)).collect();
        let out = paged(rows, DIGESTS_PAGE, |last, docs| Message::Digests { last, docs });
        (Self { mine, digests: Some(BTreeMap::new()), ..Self::default() }, out)
    }

    /// Whether it is known what the peer lacks.
    pub fn is_done(&self) -> bool {
        self.digests.is_none() && self.clocks.is_empty()
    }

    /// Takes a page of the peer's digests; after the last one, returns the clocks to send.
    pub fn on_digests(
        &mut self,
        last: bool,
        docs: Vec<(DocId, [u8; 32])>,
        limits: &Limits,
        outbox: &mut Outbox,
        (store, workspace, _): Place<'_>,
    ) -> Result<Vec<Message>, Fault> {
        let held = self.digests.as_mut().ok_or_else(|| Fault::message("digests that were not expected"))?;
        if held.last_key_value().zip(docs.first()).is_some_and(|((held, _), (next, _))| next <= held) {
            return Err(Fault::message("pages of digests are not in ascending order"));
        }
        held.extend(docs);
        if held.len() > limits.docs_max {
            return Err(Fault::message(format!("more than {} documents", limits.docs_max)));
        }
        if !last {
            return Ok(Vec::new());
        }
        let theirs = self.digests.take().unwrap_or_default();
        let mut out = Vec::new();
        for (doc, summary) in std::mem::take(&mut self.mine) {
            match theirs.get(&doc) {
                None => {
                    outbox.add_whole(doc, summary.entries);
                    outbox.giving.consider(doc);
                }
                Some(digest) if *digest == summary.digest => {}
                Some(_) => {
                    self.clocks.insert(doc);
                    out.extend(clock(store, workspace, doc)?);
                }
            }
        }
        Ok(out)
    }

    /// Takes a page of the peer's clock of one document; after the last one, queues what it lacks.
    pub fn on_clock(
        &mut self,
        (doc, last): (DocId, bool),
        rows: Vec<ClockRow>,
        limits: &Limits,
        outbox: &mut Outbox,
        place: Place<'_>,
    ) -> Result<(), Fault> {
        let (of, mut all) = self.page.take().unwrap_or((doc, Vec::new()));
        if of != doc || !self.clocks.contains(&doc) {
            return Err(Fault::message("a clock that was not expected"));
        }
        if all.last().zip(rows.first()).is_some_and(|(held, next)| next.log <= held.log) {
            return Err(Fault::message("pages of a clock are not in ascending order"));
        }
        all.extend(rows);
        if all.len() > limits.logs_max {
            return Err(Fault::message(format!("more than {} logs in one document", limits.logs_max)));
        }
        if !last {
            self.page = Some((doc, all));
            return Ok(());
        }
        self.clocks.remove(&doc);
        queue_missing(place, doc, all, outbox)
    }
}

/// Queues what a peer with this clock lacks of a document.
fn queue_missing(
    (store, workspace, peer): Place<'_>,
    doc: DocId,
    theirs: Vec<ClockRow>,
    outbox: &mut Outbox,
) -> Result<(), Fault> {
    let theirs: BTreeMap<LogId, ClockRow> = theirs.into_iter().map(|row| (row.log, row)).collect();
    let tips = store.tips(workspace, doc)?;
    let mut others = tips.iter().filter(|t| t.author != peer && t.log.class() == Some(LogClass::Changes));
    if !others.any(|tip| theirs.contains_key(&tip.log)) {
        outbox.giving.consider(doc);
    }
    for tip in tips {
        let span = match theirs.get(&tip.log) {
            None => Span { from: 1, to: tip.seq },
            Some(row) if row.seq > tip.seq => continue,
            Some(row) if row.seq == 0 || hash_at(store, workspace, &tip, row.seq)? == Some(row.head) => {
                Span { from: row.seq.saturating_add(1), to: tip.seq }
            }
            // Two histories of one log: the entry at the shared position is the proof, nothing beyond it counts.
            Some(row) => Span { from: row.seq, to: row.seq },
        };
        outbox.add_span(doc, tip.log, span);
    }
    Ok(())
}

/// The hash of a log's entry: its tip, held, or its base.
fn hash_at(
    store: &dyn Store,
    workspace: WorkspaceId,
    tip: &LogTip,
    seq: u64,
) -> Result<Option<EntryHash>, StoreError> {
    let (doc, log) = (tip.doc, tip.log);
    if seq == tip.seq {
        return Ok(Some(tip.hash));
    }
    if let Some(entry) = store.entry(workspace, doc, log, seq)? {
        return Ok(Some(entry.hash()));
    }
    let base = store.base(workspace, doc, log)?;
    Ok(base.filter(|base| base.header().seq == seq).map(|base| base.hash()))
}

fn clock(store: &dyn Store, workspace: WorkspaceId, doc: DocId) -> Result<Vec<Message>, StoreError> {
    let tips = store.tips(workspace, doc)?;
    let rows: Vec<_> =
        tips.iter().map(|tip| ClockRow { log: tip.log, seq: tip.seq, head: tip.hash }).collect();
    Ok(paged(rows, CLOCK_PAGE, |last, rows| Message::Clock { doc, last, rows }))
}

/// Cuts rows into pages, the last one marked; no rows make one empty page.
fn paged<T: Clone>(rows: Vec<T>, page: usize, message: impl Fn(bool, Vec<T>) -> Message) -> Vec<Message> {
    let pages = rows.len().div_ceil(page).max(1);
    (0..pages)
        .map(|i| {
            let end = rows.len().min((i + 1) * page);
            message(i + 1 == pages, rows[i * page..end].to_vec())
        })
        .collect()
}

#[cfg(test)]
mod tests;
