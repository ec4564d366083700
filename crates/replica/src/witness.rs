//! Witnessing: this machine's receipt for what others signed, by its own clock.
//!
//! A receipt for everything that everybody holds would be most of what a workspace sends. So one is written
//! only where there is a decision that this person has not witnessed yet: when they ask for it (`proofroom witness`),
//! or by a machine that stays up, now and then, until two others than the signer have witnessed it, and the relay
//! has given its word once.

use std::collections::BTreeMap;

use proofroom_certificate::relay_word;
use proofroom_entry::{EntryKind, Verified};
use proofroom_ident::{AssetId, Audience, LogClass, LogId, Millis, PersonId, SignerKey};
use proofroom_review::statement::SeenHead;
use proofroom_review::{ActStatement, DecisionStatement, WitnessStatement};
use proofroom_store::Store;

use crate::docs::{PLAIN_BYTES_MAX, entries_after};
use crate::error::ReplicaError;
use crate::open::{Replica, Step};
use crate::statements::{Receipt, SignedDecision};

/// How much of each log somebody had in front of them.
type Seen = BTreeMap<LogId, u64>;

/// Whose receipts are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// All statements in which somebody says what they had in front of them.
    Anybody,
    /// Receipts with a time stamp.
    Authority,
    /// Receipts with this relay's word.
    Relay(SignerKey),
}

/// Others than the signer whose word is enough, where nobody asks for more.
const WITNESSES: usize = 2;

fn covers(seen: &Seen, decision: &SignedDecision) -> bool {
    seen.get(&decision.log).is_some_and(|seq| *seq >= decision.seq)
}

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
        let me = self.me.person();
        let known = self.witnessed(store, asset, if stamped { By::Authority } else { By::Anybody })?;
        let decisions = self.decisions(store, asset)?;
        let seen = |d: &SignedDecision| known.get(&me).is_some_and(|seen| covers(seen, d));
        if !decisions.iter().any(|d| (stamped || d.person != me) && !seen(d)) {
            return Ok(None);
        }
        self.statement(store, asset, now).map(Some)
    }

    /// As [`Replica::draft_witness`], for a machine that signs receipts by itself: only for decisions of others
    /// that fewer than two others have witnessed. More would add little, and be most of what is sent.
    ///
    /// # Errors
    /// When there is no such asset, or the store cannot be read.
    pub fn draft_witness_unasked(
        &mut self,
        store: &dyn Store,
        asset: AssetId,
        now: Millis,
    ) -> Result<Option<WitnessStatement>, ReplicaError> {
        let me = self.me.person();
        let decisions = self.decisions(store, asset)?;
        if decisions.iter().all(|d| d.person == me) {
            return Ok(None);
        }
        let known = self.witnessed(store, asset, By::Anybody)?;
        let wanting = |d: &SignedDecision| {
            let others = known.iter().filter(|(person, seen)| **person != d.person && covers(seen, d));
            let mut witnesses = others.map(|(person, _)| person);
            d.person != me
                && !witnesses.clone().any(|person| *person == me)
                && witnesses.nth(WITNESSES - 1).is_none()
        };
        if decisions.iter().any(wanting) { self.statement(store, asset, now).map(Some) } else { Ok(None) }
    }

    /// What a relay could give its word for: a review with decisions, anybody's, for which it has not. `None` where
    /// there are none.
    ///
    /// # Errors
    /// When there is no such asset, or the store cannot be read.
    pub fn draft_witness_of_relay(
        &mut self,
        store: &dyn Store,
        asset: AssetId,
        relay: SignerKey,
        now: Millis,
    ) -> Result<Option<WitnessStatement>, ReplicaError> {
        let decisions = self.decisions(store, asset)?;
        if decisions.is_empty() {
            return Ok(None);
        }
        let known = self.witnessed(store, asset, By::Relay(relay))?;
        let given = |d: &SignedDecision| known.values().any(|seen| covers(seen, d));
        if decisions.iter().all(given) { Ok(None) } else { self.statement(store, asset, now).map(Some) }
    }

    fn statement(
        &mut self,
        store: &dyn Store,
        asset: AssetId,
        now: Millis,
    ) -> Result<WitnessStatement, ReplicaError> {
        let review = self.workspace.review_doc(asset, Audience::Everyone);
        let seen_heads = self.seen_heads(store, review)?;
        Ok(WitnessStatement { review, seen_heads, claimed_at: now, relay: None, token: None })
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

    /// How much of each log people's own statements say they had in front of them; of receipts, those that are asked for.
    fn witnessed(
        &self,
        store: &dyn Store,
        asset: AssetId,
        by: By,
    ) -> Result<BTreeMap<PersonId, Seen>, ReplicaError> {
        let doc = self.workspace.review_doc(asset, Audience::Everyone);
        let mut known: BTreeMap<PersonId, Seen> = BTreeMap::new();
        for tip in store.tips(self.workspace, doc)? {
            let Some(person) = self.authority.state().person_of(tip.author) else { continue };
            if tip.log.class() != Some(LogClass::Statements) {
                continue;
            }
            let known = known.entry(person).or_default();
            for entry in entries_after(store, self.workspace, &tip, 0)? {
                for (log, head) in self.seen_by(&entry, by) {
                    let at = known.entry(log).or_default();
                    *at = head.seq.max(*at);
                }
            }
        }
        Ok(known)
    }

    fn seen_by(&self, entry: &Verified, by: By) -> BTreeMap<LogId, SeenHead> {
        let h = entry.header();
        let plain = self
            .keyring
            .get(&h.key)
            .and_then(|epoch| proofroom_seal::open(epoch, h, entry.payload(), PLAIN_BYTES_MAX).ok());
        let text = plain.as_ref().and_then(|plain| std::str::from_utf8(plain).ok()).unwrap_or_default();
        let meant = |w: &WitnessStatement| match by {
            By::Anybody => true,
            By::Authority => w.token.is_some(),
            By::Relay(key) => {
                w.relay.is_some_and(|word| word.key == key)
                    && relay_word(self.workspace, w).is_some_and(|r| r.is_ok())
            }
        };
        let seen = match (h.kind, by) {
            (EntryKind::Receipt, _) => {
                WitnessStatement::from_json(text).ok().filter(meant).map(|w| w.seen_heads)
            }
            (EntryKind::Approval, By::Anybody) => {
                DecisionStatement::from_json(text).ok().map(|d| d.seen_heads)
            }
            (EntryKind::Act, By::Anybody) => ActStatement::from_json(text).ok().map(|a| a.seen_heads),
            _ => None,
        };
        seen.unwrap_or_default()
    }
}
