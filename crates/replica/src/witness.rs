//! Witnessing: this machine's receipt for what others signed, by its own clock.
//!
//! A receipt for everything that everybody holds would be most of what a workspace sends. So one is written
//! only when somebody asks for it (`proofroom witness`, from a timer on a machine that is always up), and
//! only where there is a decision that this person has not witnessed yet.

use std::collections::BTreeMap;

use proofroom_entry::{EntryKind, Verified};
use proofroom_ident::{AssetId, Audience, DocId, LogClass, LogId, Millis};
use proofroom_review::statement::SeenHead;
use proofroom_review::{ActStatement, DecisionStatement, WitnessStatement};
use proofroom_store::Store;

use crate::docs::{PLAIN_BYTES_MAX, entries_after};
use crate::error::ReplicaError;
use crate::open::{Replica, Step};
use crate::statements::Receipt;

impl Replica {
    /// What this person could witness of an asset's review; `None` where there is nothing new. With an authority's
    /// time stamp everybody's decisions are worth it, one's own too; without, those of others.
    ///
    /// # Errors
    /// When there is no such asset, or the store cannot be read.
    pub fn draft_witness(
        &mut self,
        store: &dyn Store,
        asset: AssetId,
        stamped: bool,
        now: Millis,
    ) -> Result<Option<WitnessStatement>, ReplicaError> {
        let review = self.workspace.review_doc(asset, Audience::Everyone);
        let seen_heads = self.seen_heads(store, review)?;
        let known = self.witnessed(store, review, stamped)?;
        let me = self.me.person();
        let decisions = self.decisions(store, asset)?;
        let news = decisions.iter().any(|d| {
            (stamped || d.person != me) && known.get(&d.log).is_none_or(|witnessed| *witnessed < d.seq)
        });
        let statement = WitnessStatement { review, seen_heads, claimed_at: now, token: None };
        Ok(news.then_some(statement))
    }

    /// Signs a receipt.
    ///
    /// # Errors
    /// When this person is no member, or the store fails.
    pub fn witness(
        &mut self,
        step: &mut Step<'_>,
        statement: &WitnessStatement,
    ) -> Result<Receipt, ReplicaError> {
        self.my_role()?;
        self.sign(step, statement.review, EntryKind::Receipt, statement.to_json())
    }

    /// How much of each log this person's own statements say they had in front of them; only those with a time
    /// stamp, where that is asked.
    fn witnessed(
        &self,
        store: &dyn Store,
        doc: DocId,
        stamped: bool,
    ) -> Result<BTreeMap<LogId, u64>, ReplicaError> {
        let mut known = BTreeMap::new();
        let me = self.me.person();
        for tip in store.tips(self.workspace, doc)? {
            let mine = self.authority.state().person_of(tip.author) == Some(me);
            if !mine || tip.log.class() != Some(LogClass::Statements) {
                continue;
            }
            for entry in entries_after(store, self.workspace, &tip, 0)? {
                for (log, head) in self.seen_by(&entry, stamped) {
                    let at: &mut u64 = known.entry(log).or_default();
                    *at = head.seq.max(*at);
                }
            }
        }
        Ok(known)
    }

    fn seen_by(&self, entry: &Verified, stamped: bool) -> BTreeMap<LogId, SeenHead> {
        let h = entry.header();
        let plain = self
            .keyring
            .get(&h.key)
            .and_then(|epoch| proofroom_seal::open(epoch, h, entry.payload(), PLAIN_BYTES_MAX).ok());
        let text = plain.as_ref().and_then(|plain| std::str::from_utf8(plain).ok()).unwrap_or_default();
        let seen = match (h.kind, stamped) {
            (EntryKind::Receipt, _) => WitnessStatement::from_json(text)
                .ok()
                .filter(|w| !stamped || w.token.is_some())
                .map(|w| w.seen_heads),
            (EntryKind::Approval, false) => DecisionStatement::from_json(text).ok().map(|d| d.seen_heads),
            (EntryKind::Act, false) => ActStatement::from_json(text).ok().map(|a| a.seen_heads),
            _ => None,
        };
        seen.unwrap_or_default()
    }
}
