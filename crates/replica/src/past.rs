//! Past states: a review as it was at some heads, or at some time.

use std::collections::BTreeMap;

use proofroom_document::DocKind;
use proofroom_ident::{AssetId, Audience, EntryHash, LogId, Millis};
use proofroom_review::ReviewView;
use proofroom_store::Store;

use crate::error::ReplicaError;
use crate::open::Replica;
use crate::statements::SignedDecision;

/// How much of each log of a document: the state in which somebody had seen this and no more.
pub type Heads = BTreeMap<LogId, u64>;

/// A review as it was.
#[derive(Clone, Debug)]
pub struct PastReview {
    /// How much of each log is in it.
    pub heads: Heads,
    /// Versions and comments.
    pub view: ReviewView,
    /// Decisions, in order of arrival.
    pub decisions: Vec<SignedDecision>,
    /// Entries that were left out because what they stand on came later.
    pub waiting: usize,
}

impl Replica {
    /// The heads of a review at a time: the entries that claim to be no later.
    pub fn heads_at(&mut self, store: &dyn Store, asset: AssetId, at: Millis) -> Result<Heads, ReplicaError> {
        let doc = self.workspace.review_doc(asset, Audience::Everyone);
        let mut heads = Heads::new();
        for tip in store.tips(self.workspace, doc)? {
            let entries = crate::docs::entries_after(store, self.workspace, &tip, 0)?;
            let until = entries.iter().take_while(|e| e.header().claimed_at <= at).last();
            heads.extend(until.map(|entry| (tip.log, entry.header().seq)));
        }
        Ok(heads)
    }

    /// The heads that whoever signed a decision or an act had in front of them, with what they signed.
    pub fn heads_of(
        &mut self,
        store: &dyn Store,
        asset: AssetId,
        entry: &str,
    ) -> Result<Option<(EntryHash, Heads)>, ReplicaError> {
        let mut found = Vec::new();
        for decision in self.decisions(store, asset)? {
            found.push((decision.entry, decision.log, decision.seq, decision.statement.seen_heads));
        }
        for act in self.acts(store, asset)? {
            found.push((act.entry, act.log, act.seq, act.statement.seen_heads));
        }
        found.retain(|(hash, ..)| hash.to_hex().starts_with(entry));
        let Some((hash, log, seq, seen)) = found.pop().filter(|_| found.is_empty()) else { return Ok(None) };
        let mut heads: Heads = seen.into_iter().map(|(log, head)| (log, head.seq)).collect();
        heads.insert(log, seq);
        Ok(Some((hash, heads)))
    }

    /// The review as it was at these heads.
    ///
    /// # Errors
    /// When earlier entries are not here: a snapshot stands for them.
    pub fn review_at(
        &mut self,
        store: &dyn Store,
        asset: AssetId,
        heads: Heads,
    ) -> Result<PastReview, ReplicaError> {
        let doc = self.workspace.review_doc(asset, Audience::Everyone);
        if !store.bases(self.workspace, doc)?.is_empty() {
            return Err(ReplicaError::HistoryElsewhere(doc));
        }
        let mut open = self.blank_doc(DocKind::Review, doc);
        let within = |log: LogId, seq: u64| heads.get(&log).is_some_and(|last| seq <= *last);
        let mut news = self.open_news(store, &mut open, doc)?;
        news.retain(|item| within(item.entry.header().log, item.entry.header().seq));
        self.take_news(&mut open, news);
        let waiting = open.document.waiting();
        let view = (*open.document.review()).clone();
        Ok(PastReview { heads, view, decisions: open.statements.decisions, waiting })
    }
}
