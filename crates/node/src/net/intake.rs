//! What comes: verified, stored, and passed on.

use std::collections::BTreeMap;

use proofroom_entry::Signed;
use proofroom_ident::{DocId, WorkspaceId};
use proofroom_replica::{IngestOutcome, Membership};
use proofroom_sync::{Code, Refusal};

use super::line::Line;
use super::news::News;
use crate::failure::Failure;
use crate::peer::{Peer, Seat};

impl Line {
    /// Verifies and takes what came; afterwards a join may be complete. Returns what is refused.
    pub(super) fn ingest(
        &mut self,
        peer: &mut Peer,
        entries: Vec<Signed>,
        news: &mut Vec<News>,
    ) -> Result<Vec<Refusal>, Failure> {
        let claims: Vec<_> = entries.iter().map(|e| *e.claims()).collect();
        let mut seat = peer.seat(self.workspace)?;
        let ingested = seat.replica.ingest(&mut seat.step, entries)?;
        let mut refused: BTreeMap<_, Refusal> = BTreeMap::new();
        for (claims, (_, outcome)) in claims.iter().zip(&ingested.outcomes) {
            let (code, text) = match outcome {
                IngestOutcome::Stored => continue,
                IngestOutcome::Known => {
                    self.tally.repeated += 1;
                    continue;
                }
                IngestOutcome::HeldBack => {
                    self.tally.held_back += 1;
                    continue;
                }
                IngestOutcome::Missing(text) => (Code::Gap, text.clone()),
                IngestOutcome::Refused(text) => (Code::BadEntry, text.clone()),
                IngestOutcome::Equivocation => (Code::Equivocation, "its author signed two histories".into()),
            };
            let first = refused.entry((claims.doc, claims.log)).or_insert_with(|| {
                self.tally.refuse_here(format!("log {} entry {}: {text}", claims.log.short(), claims.seq));
                Refusal { doc: claims.doc, log: claims.log, seq: claims.seq, count: 0, code, text }
            });
            first.count += 1;
        }
        let stored = ingested.stored.len() as u64;
        self.behind = self.behind.saturating_sub(claims.len() as u64);
        self.tally.received += stored;
        self.tally.bytes += ingested.stored.iter().map(|e| e.bytes().len() as u64).sum::<u64>();
        if stored > 0 {
            self.files.due = true;
            self.snapshots.look(true);
            news.push(News::Received { workspace: self.workspace, entries: stored });
        }
        self.compares_anew |= !ingested.refetch.is_empty();
        if ingested.docs.contains(&DocId::AUTHORITY) {
            self.authority_grew = true;
            news.extend(enter(&mut seat, self.workspace)?);
            peer.forget_erased(self.workspace)?;
        }
        self.passing_on.extend(ingested.stored);
        Ok(refused.into_values().collect())
    }
}

/// Completes what was begun before the membership log was here: a join, or a recovery.
pub fn enter(seat: &mut Seat<'_>, workspace: WorkspaceId) -> Result<Option<News>, Failure> {
    let entered = seat.replica.enter(&mut seat.step)?;
    match seat.replica.membership() {
        Membership::Member(role) if entered => Ok(Some(News::Joined { workspace, role })),
        _ => Ok(None),
    }
}
