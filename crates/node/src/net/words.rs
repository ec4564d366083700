//! Receipts by a machine that stays up: with the relay's word where one is connected, else by its own clock.
//!
//! ```text
//! draft --heads--> relay --its word--> receipt, signed here, an entry like any other
//!   `--no relay, or no word--> receipt, if fewer than two others have witnessed the decisions
//! ```

use proofroom_certificate::relay_word;
use proofroom_ident::{AssetId, DocId, Millis, Signature, WorkspaceId};
use proofroom_replica::Membership;
use proofroom_review::{RelayWord, WitnessStatement};
use proofroom_sync::{ClockRow, Input};

use super::Net;
use super::line::Line;
use super::news::News;
use crate::failure::Failure;
use crate::peer::Peer;

/// A review that is being witnessed.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    asset: AssetId,
    name: String,
    statement: WitnessStatement,
}

impl Net {
    /// Witnesses what is new, over all workspaces or one: asks relays that are connected, and signs by this machine's
    /// clock where none is.
    ///
    /// # Errors
    /// When the store fails.
    pub fn witness(&mut self, peer: &mut Peer, only: Option<WorkspaceId>) -> Result<Vec<News>, Failure> {
        let mut news = Vec::new();
        for workspace in peer.workspaces()?.into_iter().filter(|w| only.is_none_or(|only| only == *w)) {
            let seat = peer.seat(workspace)?;
            if !matches!(seat.replica.membership(), Membership::Member(role) if role.may_write()) {
                continue;
            }
            let assets = seat.replica.plan(seat.step.store)?.assets.clone();
            let mut lines = self.lines.values_mut().filter(|line| line.workspace == workspace);
            let mut relay = lines.find(|line| line.far.is_relay() && !line.is_down());
            for asset in assets {
                match &mut relay {
                    Some(line) => news.extend(line.ask_word(peer, asset.id, asset.name)?),
                    None => news.extend(by_own_clock(peer, workspace, asset.id, asset.name)?),
                }
            }
        }
        Ok(news)
    }
}

impl Line {
    /// Asks the relay for its word on a review with decisions for which it has given none, once it has all there is.
    fn ask_word(&mut self, peer: &mut Peer, asset: AssetId, name: String) -> Result<Vec<News>, Failure> {
        let Some(relay) = self.there.filter(|_| self.entries_settled()) else { return Ok(Vec::new()) };
        let seat = peer.seat(self.workspace)?;
        let draft = seat.replica.draft_witness_of_relay(seat.step.store, asset, relay, seat.step.now)?;
        let Some(statement) = draft else { return Ok(Vec::new()) };
        let doc = statement.review;
        if self.asked.contains_key(&doc) {
            // It has not answered since the last time.
            return by_own_clock(peer, self.workspace, asset, name).map(|told| told.into_iter().collect());
        }
        let row = |(log, head): (&_, &proofroom_review::statement::SeenHead)| ClockRow {
            log: *log,
            seq: head.seq,
            head: head.hash,
        };
        let rows = statement.seen_heads.iter().map(row).collect();
        self.asked.insert(doc, Asked { asset, name, statement });
        Ok(self.feed(peer, Input::AskWitness { doc, rows }))
    }

    /// Signs what the relay gave its word for; without a word, by this machine's clock.
    pub(super) fn on_words(&mut self, peer: &mut Peer) -> Vec<News> {
        let mut news = Vec::new();
        for (doc, word) in std::mem::take(&mut self.answered) {
            match self.on_word(peer, doc, word) {
                Ok(told) => news.extend(told),
                Err(failure) => news.extend(self.on_down(failure)),
            }
        }
        news
    }

    fn on_word(
        &mut self,
        peer: &mut Peer,
        doc: DocId,
        word: Option<(Millis, Signature)>,
    ) -> Result<Option<News>, Failure> {
        let (Some(asked), Some(key)) = (self.asked.remove(&doc), self.there) else { return Ok(None) };
        let Asked { asset, name, statement } = asked;
        let worded = word.map(|(at, signature)| statement.with_relay(RelayWord { key, at, signature }));
        match worded.filter(|s| relay_word(self.workspace, s).is_some_and(|holds| holds.is_ok())) {
            Some(statement) => sign(peer, self.workspace, asset, name, &statement).map(Some),
            None => by_own_clock(peer, self.workspace, asset, name),
        }
    }
}

/// A receipt by this machine's clock, where it helps.
fn by_own_clock(
    peer: &mut Peer,
    workspace: WorkspaceId,
    asset: AssetId,
    name: String,
) -> Result<Option<News>, Failure> {
    let seat = peer.seat(workspace)?;
    let draft = seat.replica.draft_witness_unasked(seat.step.store, asset, seat.step.now)?;
    draft.map(|statement| sign(peer, workspace, asset, name, &statement)).transpose()
}

fn sign(
    peer: &mut Peer,
    workspace: WorkspaceId,
    asset: AssetId,
    name: String,
    statement: &WitnessStatement,
) -> Result<News, Failure> {
    let mut seat = peer.seat(workspace)?;
    let entry = seat.replica.witness(&mut seat.step, statement)?.entry;
    Ok(News::Witnessed { workspace, asset, name, entry, relay: statement.relay.map(|word| word.key) })
}
