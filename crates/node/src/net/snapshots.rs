//! Snapshots: made when a document has grown, kept by the relay, taken by newcomers.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use proofroom_entry::SignedSnapshot;
use proofroom_ident::{DocId, SnapshotId};
use proofroom_replica::SnapshotStand;
use proofroom_sync::{Coverage, Input};
use rand_core::Rng as _;

use super::line::Line;
use super::news::News;
use crate::failure::Failure;
use crate::peer::Peer;
use crate::world;

/// Whoever stays connected waits between this and twice as long before making a snapshot:
/// of several members who see that one is due, the first makes it and the others hear of it.
const PATIENCE_MS: u64 = 3_000;

/// What one line knows of snapshots.
#[derive(Debug, Default)]
pub(super) struct Snapshots {
    /// What the other end keeps: for how many entries it stands, and its size.
    there: BTreeMap<DocId, (u64, u64)>,
    /// When to look whether one is due; `None` while nothing changed.
    look_at: Option<Instant>,
}

impl Snapshots {
    /// Something became durable, here or there. Whoever is not patient looks at once, also where
    /// somebody patient was to look later.
    pub(super) fn look(&mut self, patient: bool) {
        let ms = if patient { PATIENCE_MS + world::rng().next_u64() % PATIENCE_MS } else { 0 };
        let at = Instant::now() + Duration::from_millis(ms);
        self.look_at = Some(self.look_at.map_or(at, |held| held.min(at)));
    }

    /// The other end tells what it keeps.
    pub(super) fn hear(&mut self, rows: &[Coverage]) {
        for row in rows {
            let held = self.there.entry(row.doc).or_default();
            *held = (*held).max((row.entries, row.bytes));
        }
    }

    fn there(&self, doc: DocId) -> (u64, u64) {
        self.there.get(&doc).copied().unwrap_or_default()
    }

    /// Whether another snapshot is to be made, given what both ends keep.
    fn is_due(&self, stand: &SnapshotStand) -> bool {
        let (covered, snapshot_bytes) = (stand.covered, stand.snapshot_bytes).max(self.there(stand.doc));
        SnapshotStand { covered, snapshot_bytes, ..*stand }.is_due()
    }
}

impl Line {
    /// Makes the snapshot that is due, one at a time, and offers the relay what it lacks.
    pub(super) fn tend_snapshots(&mut self, peer: &mut Peer) -> Result<Vec<News>, Failure> {
        let due = self.snapshots.look_at.is_some_and(|at| at <= Instant::now());
        if !due || !self.entries_settled() {
            return Ok(Vec::new());
        }
        self.snapshots.look_at = None;
        let mut seat = peer.seat(self.workspace)?;
        let stands = seat.replica.snapshot_stands(seat.step.store)?;
        let stands = stands.into_iter().filter(|stand| self.reads.contains(stand.doc.audience()));
        let (mut made, mut offered) = (false, Vec::new());
        for stand in stands {
            if self.snapshots.is_due(&stand) && !made {
                made = seat.replica.make_snapshot(&mut seat.step, stand.doc)?.is_some();
            }
            let kept = seat.replica.snapshot_stand(seat.step.store, stand.doc)?;
            let (covered, bytes) = self.snapshots.there(stand.doc);
            if self.far.is_relay() && kept.is_some_and(|kept| kept.is_news_to(covered, bytes)) {
                offered.push(stand.doc);
            }
        }
        if made {
            // Another document may be due as well.
            self.snapshots.look(false);
        }
        Ok(offered.into_iter().flat_map(|doc| self.feed(peer, Input::OfferSnapshot(doc))).collect())
    }

    /// Whether a snapshot that the other end offers is to be sent.
    pub(super) fn answer_snapshot(
        &mut self,
        peer: &mut Peer,
        doc: DocId,
        id: SnapshotId,
    ) -> Result<Input, Failure> {
        let seat = peer.seat(self.workspace)?;
        let wanted = seat.replica.wants_snapshot(seat.step.store, doc, id)?;
        Ok(Input::AnswerSnapshot { doc, id, wanted })
    }

    /// Verifies a snapshot and makes it durable in place of the entries that it stands for.
    pub(super) fn take_snapshot(
        &mut self,
        peer: &mut Peer,
        offered: SignedSnapshot,
        news: &mut Vec<News>,
    ) -> Result<Input, Failure> {
        let (doc, id) = (offered.claims().doc, offered.id());
        let mut seat = peer.seat(self.workspace)?;
        let taken = match seat.replica.take_snapshot(&mut seat.step, offered)? {
            Ok(snapshot) => {
                let entries = snapshot.entries();
                self.behind = self.behind.saturating_sub(entries);
                self.tally.stood_for += entries;
                self.tally.bytes += snapshot.bytes().len() as u64;
                self.files.due = true;
                news.push(News::Snapshot { workspace: self.workspace, entries });
                true
            }
            Err(why) => {
                self.tally.decline_snapshot(format!("document {}: {why}", doc.short()));
                false
            }
        };
        Ok(Input::SnapshotTaken { doc, id, taken })
    }
}
