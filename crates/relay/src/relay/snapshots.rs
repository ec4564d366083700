//! Snapshots: kept for newcomers, as ciphertext that stands for entries which are kept as well.
//!
//! A relay cannot tell whether a chunk is what its rows commit to; whoever takes it can.
//! It checks all else: the maker's rank and signature, and that every row is the header
//! of an entry that it holds. No entry is dropped for a snapshot's sake.

use proofroom_entry::{SignedSnapshot, Snapshot};
use proofroom_ident::{DocId, Millis, WorkspaceId};
use proofroom_store::{Batch, REWRITE_DUE, SnapshotSummary, Store, StoreError, is_worth_keeping};
use proofroom_sync::{Coverage, Input as SessionInput, Output as SessionOutput};

use super::{Conn, Relay, Seated};
use crate::admission::Seat;
use crate::io::Note;
use crate::usage::Usage;

impl Relay {
    /// What a session asks about snapshots.
    pub(super) fn on_snapshot_output(
        &mut self,
        conn: &Conn,
        now: Millis,
        output: SessionOutput,
        store: &mut dyn Store,
    ) -> Option<SessionInput> {
        let seated = conn.seated?;
        match output {
            SessionOutput::SnapshotOffered { doc, id, entries, bytes } => {
                let offered = SnapshotSummary { doc, maker: seated.device, id, entries, bytes };
                match self.wants_snapshot(&seated, now, &offered, store) {
                    Ok(wanted) => Some(SessionInput::AnswerSnapshot { doc, id, wanted }),
                    Err(error) => Some(self.store_failed(&error)),
                }
            }
            SessionOutput::TakeSnapshot(offered) => {
                let (doc, id) = (offered.claims().doc, offered.id());
                match self.keep_snapshot(&seated, *offered, store) {
                    Ok(kept) => {
                        if let Some(kept) = &kept {
                            let workspace = seated.workspace;
                            self.note(Note::SnapshotKept {
                                workspace,
                                entries: kept.entries,
                                bytes: kept.bytes,
                            });
                            self.tell_covered(conn, kept, now, store);
                        }
                        Some(SessionInput::SnapshotTaken { doc, id, taken: kept.is_some() })
                    }
                    Err(error) => Some(self.store_failed(&error)),
                }
            }
            _ => None,
        }
    }

    /// Before any of it is sent: may this device bring it, is there room, is it better than
    /// what is kept, and smaller than what it stands for?
    fn wants_snapshot(
        &mut self,
        seated: &Seated,
        now: Millis,
        offered: &SnapshotSummary,
        store: &dyn Store,
    ) -> Result<bool, StoreError> {
        let quotas = self.config.quotas;
        let Some(room) = self.rooms.get_mut(&seated.workspace).filter(|_| seated.seat == Seat::Member) else {
            return Ok(false);
        };
        let stood_for = store.docs(seated.workspace)?.iter().find(|d| d.doc == offered.doc).map(|d| d.bytes);
        let held = held_of(store, seated.workspace, offered.doc)?;
        let usage = Usage::load(store, seated.workspace, seated.device)?;
        Ok(stood_for.is_some_and(|bytes| offered.bytes < bytes)
            && !room.authority.erases_in(offered.doc)
            && is_worth_keeping(&held, offered)
            && room.bytes.saturating_add(offered.bytes) <= quotas.workspace_bytes_max
            && usage.bytes.saturating_add(offered.bytes) <= quotas.device_bytes_max
            && room.pace(seated.device, &quotas, now).bytes.take(offered.bytes, now).is_ok())
    }

    /// Checks a snapshot and makes it durable. `None` where it does not hold, or not here.
    fn keep_snapshot(
        &mut self,
        seated: &Seated,
        offered: SignedSnapshot,
        store: &mut dyn Store,
    ) -> Result<Option<SnapshotSummary>, StoreError> {
        let workspace = seated.workspace;
        let Some(room) = self.rooms.get_mut(&workspace) else { return Ok(None) };
        let Ok(snapshot) = offered.verify(workspace) else { return Ok(None) };
        let vouched = room.authority.vouch(&snapshot, &store.proofs(workspace)?).is_ok();
        if !vouched || !holds_rows(store, &snapshot)? {
            return Ok(None);
        }
        let summary = SnapshotSummary::of(&snapshot);
        let before = snapshot_bytes(store, workspace)?;
        let mut usage = Usage::load(store, workspace, seated.device)?;
        usage.bytes = usage.bytes.saturating_add(summary.bytes);
        let mut batch = Batch::new();
        batch.snapshot(snapshot).put(Usage::key(workspace, seated.device), usage.value());
        store.commit(batch)?;
        room.bytes = (room.bytes + snapshot_bytes(store, workspace)?).saturating_sub(before);
        Ok(held_of(store, workspace, summary.doc)?.contains(&summary).then_some(summary))
    }

    /// The others need not make another one.
    fn tell_covered(&mut self, but: &Conn, kept: &SnapshotSummary, now: Millis, store: &mut dyn Store) {
        let Some(room) = but.seated.and_then(|s| self.rooms.get(&s.workspace)) else { return };
        let others: Vec<_> = room.conns.iter().copied().filter(|id| *id != but.id).collect();
        let row = Coverage { doc: kept.doc, entries: kept.entries, bytes: kept.bytes };
        for id in others {
            if let Some(conn) = self.conns.remove(&id) {
                self.feed(conn, now, SessionInput::Covered(vec![row]), store);
            }
        }
    }

    /// The membership, or what is known of second histories, changed: what it does not
    /// stand behind any more would be refused by every newcomer, and be in the way of better.
    pub(super) fn drop_stale_snapshots(
        &mut self,
        workspace: WorkspaceId,
        store: &mut dyn Store,
    ) -> Result<(), StoreError> {
        let Some(room) = self.rooms.get_mut(&workspace) else { return Ok(()) };
        let mut docs: Vec<DocId> = store.snapshot_index(workspace)?.iter().map(|row| row.doc).collect();
        docs.dedup();
        let proofs = store.proofs(workspace)?;
        let mut batch = Batch::new();
        for doc in docs {
            for snapshot in store.snapshots(workspace, doc)? {
                if room.authority.vouch(&snapshot, &proofs).is_err() {
                    batch.drop_snapshot(workspace, doc, snapshot.header().maker);
                    if room.authority.erases_in(doc) {
                        batch.put(REWRITE_DUE, [1]);
                    }
                    room.bytes = room.bytes.saturating_sub(snapshot.bytes().len() as u64);
                }
            }
        }
        if batch.is_empty() { Ok(()) } else { store.commit(batch) }
    }
}

fn held_of(
    store: &dyn Store,
    workspace: WorkspaceId,
    doc: DocId,
) -> Result<Vec<SnapshotSummary>, StoreError> {
    let mut held = store.snapshot_index(workspace)?;
    held.retain(|row| row.doc == doc);
    Ok(held)
}

/// Size of all snapshots of a workspace.
pub(crate) fn snapshot_bytes(store: &dyn Store, workspace: WorkspaceId) -> Result<u64, StoreError> {
    Ok(store.snapshot_index(workspace)?.iter().map(|row| row.bytes).sum())
}

/// Whether every row is the header of an entry that is held.
fn holds_rows(store: &dyn Store, snapshot: &Snapshot) -> Result<bool, StoreError> {
    for row in snapshot.rows() {
        let h = row.header();
        let held = store.entry(h.workspace, h.doc, h.log, h.seq)?;
        if held.is_none_or(|entry| entry.hash() != row.hash()) {
            return Ok(false);
        }
    }
    Ok(true)
}
