//! Entries: judged once, committed once, encoded once, sent to every reader.
//!
//! ```text
//! piece --> judge --> visible --> readers            at once: their author keeps them until they are confirmed
//!   ^ rest                '------> flush --> author   confirmed when all is durable, many batches by one flush
//! ```
//!
//! A batch is taken piece by piece, each about as much work, so that nobody waits for somebody else's large one.

use std::collections::VecDeque;

use proofroom_entry::{Signed, Verified};
use proofroom_ident::{DocId, Millis, WorkspaceId};
use proofroom_store::{Store, StoreError};
use proofroom_sync::{Audiences, Code, Input as SessionInput, Live, Refusal};

use super::{Conn, Relay, Seated, refusal};
use crate::admission::{Admission, Seat, admit, carries};
use crate::config::Quotas;
use crate::ingest::{Judge, Judged};
use crate::io::{ConnId, Note};
use crate::room::Room;
use crate::usage::Usage;

/// Bytes of one piece times those who read it.
const PIECE_DELIVERED_MAX: usize = 1 << 20;
/// Bytes that a piece may have however many read it: a frame to each of them costs as much by itself, so
/// smaller pieces would be more work.
const PIECE_BYTES_MIN: usize = 8 << 10;

/// A batch on its way in.
pub(super) struct Coming {
    rest: VecDeque<Signed>,
    /// What of it was not taken so far: one per log.
    refused: Vec<Refusal>,
    /// Whether the membership log grew by it since its connection was last reconsidered.
    grew: bool,
}

impl Coming {
    /// What is taken next, so many entries at most, with so many who read them: one entry at least,
    /// where there is one.
    fn piece(&mut self, most: usize, readers: usize) -> Vec<Signed> {
        let membership = self.brings_membership();
        let bytes_max = PIECE_BYTES_MIN.max(PIECE_DELIVERED_MAX / readers.max(1));
        let mut bytes = 0_usize;
        let fits = |(before, entry): &(usize, &Signed)| {
            bytes = bytes.saturating_add(entry.bytes().len());
            // What stands on the membership is judged once that is whole.
            let same = is_membership(entry) == membership;
            *before == 0 || *before < most && bytes <= bytes_max && same
        };
        let many = self.rest.iter().enumerate().take_while(fits).count();
        self.rest.drain(..many).collect()
    }

    /// Whether more of the membership log comes next.
    fn brings_membership(&self) -> bool {
        self.rest.front().is_some_and(is_membership)
    }
}

fn is_membership(entry: &Signed) -> bool {
    entry.claims().doc == DocId::AUTHORITY
}

/// Why a batch ends the session instead of being judged.
enum End {
    Refuse(Code, String),
    Store(StoreError),
}

impl From<StoreError> for End {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Relay {
    /// Takes a batch from a connection: its first piece at once, unless an earlier batch is not through.
    pub(super) fn on_entries(
        &mut self,
        conn: &mut Conn,
        now: Millis,
        entries: Vec<Signed>,
        store: &mut dyn Store,
    ) {
        let Some(seated) = conn.seated else { return };
        if let Err(end) = self.check_batch(&seated, now, &entries, store) {
            let input = self.ending(end);
            return conn.session.handle(now, input, store);
        }
        conn.coming.push_back(Coming { rest: entries.into(), refused: Vec::new(), grew: false });
        if conn.coming.len() == 1 {
            self.take_piece(conn, now, store);
        }
    }

    /// Whether something that a connection brought is not through yet: [`Relay::go_on`] takes the next
    /// piece. Until then, its next frame is better not read.
    pub fn is_behind(&self, id: ConnId) -> bool {
        self.conns.get(&id).is_some_and(|conn| !conn.coming.is_empty())
    }

    /// Takes the next piece of what a connection brought. Which connection is next, and when, is the driver's to say.
    pub fn go_on(&mut self, now: Millis, id: ConnId, store: &mut dyn Store) {
        let Some(mut conn) = self.conns.remove(&id) else { return };
        let workspace = conn.seated.map(|seated| seated.workspace);
        self.take_piece(&mut conn, now, store);
        self.pump(&mut conn, now, store);
        self.put_back(conn, now);
        workspace.into_iter().for_each(|workspace| self.tell_late(workspace, now, store));
        self.fetch_due(now, store);
    }

    fn take_piece(&mut self, conn: &mut Conn, now: Millis, store: &mut dyn Store) {
        let Some(mut seated) = conn.seated else { return };
        let Some(mut coming) = conn.coming.pop_front() else { return };
        let readers = self.rooms.get(&seated.workspace).map_or(0, |room| room.conns.len().saturating_sub(1));
        let piece = coming.piece(self.config.piece_entries_max, readers);
        let judged = match self.take_entries(&seated, now, piece, &mut coming.refused, store) {
            Ok(judged) => judged,
            Err(end) => {
                let input = self.ending(end);
                return conn.session.handle(now, input, store);
            }
        };
        if (judged.authority_grew || !judged.equivocators.is_empty())
            && let Err(error) = self
                .forget_erased(conn.id, seated.workspace, now, store)
                .and_then(|()| self.drop_stale_snapshots(seated.workspace, store))
        {
            let refuse = self.store_failed(&error);
            return conn.session.handle(now, refuse, store);
        }
        coming.grew |= judged.authority_grew;
        let decides = !coming.brings_membership() && std::mem::take(&mut coming.grew);
        match coming.rest.is_empty() {
            true => {
                for r in &coming.refused {
                    self.note(Note::EntriesRefused { conn: conn.id, entries: r.count.into(), code: r.code });
                }
                self.unconfirmed.push_back((conn.id, coming.refused));
            }
            false => conn.coming.push_front(coming),
        }
        if judged.authority_grew {
            // Who may stay is decided by what is durable.
            self.confirm_at_once(conn, now, store);
        }
        if decides {
            let room = self.rooms.get_mut(&seated.workspace);
            let verdict = match conn.late {
                true => Some(come_again()),
                false => room.and_then(|room| reconsider(room, &mut seated, &self.config.quotas, now, store)),
            };
            conn.seated = Some(seated);
            verdict.into_iter().for_each(|input| conn.session.handle(now, input, store));
        }
        if judged.authority_grew {
            self.review(seated.workspace, conn.id, now, store);
        }
        let readers = self.fan_out(seated.workspace, &judged.fresh, now, store);
        self.fan_out(seated.workspace, &judged.evidence, now, store);
        self.note_judged(seated.workspace, &judged, readers);
    }

    fn ending(&mut self, end: End) -> SessionInput {
        match end {
            End::Refuse(code, text) => SessionInput::Refuse { code, text },
            End::Store(error) => self.store_failed(&error),
        }
    }

    /// Quotas and pace of a whole batch, before anything of it is verified.
    fn check_batch(
        &mut self,
        seated: &Seated,
        now: Millis,
        entries: &[Signed],
        store: &dyn Store,
    ) -> Result<(), End> {
        let quotas = self.config.quotas;
        check_quotas(self.room_of(seated)?, seated, entries, &quotas, now, store)
    }

    /// Whether somebody brings more of a workspace's membership.
    pub(super) fn is_growing(&self, workspace: WorkspaceId) -> bool {
        let brings = |id| {
            let conn = self.conns.get(id);
            conn.is_some_and(|conn| conn.coming.front().is_some_and(Coming::brings_membership))
        };
        self.rooms.get(&workspace).is_some_and(|room| room.conns.iter().any(brings))
    }

    /// Those who bring a workspace that somebody else has brought found nothing here to compare with, and
    /// would miss what came before them. They come again once its membership is whole: by half of it
    /// they may be no members.
    pub(super) fn tell_late(&mut self, workspace: WorkspaceId, now: Millis, store: &mut dyn Store) {
        if !self.awaited.contains(&workspace) || self.is_growing(workspace) {
            return;
        }
        self.awaited.remove(&workspace);
        let conns = self.rooms.get(&workspace).into_iter().flat_map(|room| &room.conns);
        let late = |id: &ConnId| self.conns.get(id).is_some_and(|conn| conn.late);
        let ids = conns.copied().filter(late).collect();
        self.tell_each(ids, now, store, &come_again());
    }

    fn room_of(&mut self, seated: &Seated) -> Result<&mut Room, End> {
        let closed = || End::Refuse(Code::Internal, "the workspace was closed".into());
        self.rooms.get_mut(&seated.workspace).ok_or_else(closed)
    }

    /// Makes durable what came since the last call, and confirms it to those who brought it.
    /// The driver calls it once it has done what [`Relay::poll`] gave, after one input or some.
    pub fn settle(&mut self, now: Millis, store: &mut dyn Store) {
        if self.unconfirmed.is_empty() {
            return;
        }
        let failed = store.flush().err().map(|error| self.store_failed(&error));
        while let Some((id, refused)) = self.unconfirmed.pop_front() {
            let Some(conn) = self.conns.remove(&id) else { continue };
            let answer = failed.clone().unwrap_or(SessionInput::Ingested { refused });
            self.feed(conn, now, answer, store);
        }
        self.fetch_due(now, store);
    }

    /// As [`Relay::settle`], for a connection that is being fed.
    fn confirm_at_once(&mut self, conn: &mut Conn, now: Millis, store: &mut dyn Store) {
        let failed = store.flush().err().map(|error| self.store_failed(&error));
        let mut own = Vec::new();
        self.unconfirmed.retain_mut(|(by, refused)| {
            let others = *by != conn.id;
            if !others {
                own.push(std::mem::take(refused));
            }
            others
        });
        for refused in own {
            let answer = failed.clone().unwrap_or(SessionInput::Ingested { refused });
            conn.session.handle(now, answer, store);
        }
    }

    /// Judges a piece and makes it visible; it is durable with the next flush.
    fn take_entries(
        &mut self,
        seated: &Seated,
        now: Millis,
        piece: Vec<Signed>,
        refused: &mut Vec<Refusal>,
        store: &mut dyn Store,
    ) -> Result<Judged, End> {
        let quotas = self.config.quotas;
        let room = self.room_of(seated)?;
        let mut usage = check_room(room, seated, &piece, &quotas, store)?;
        let founded = room.is_founded();
        let judge = Judge::new(room, store, &quotas, (seated.device, seated.seat), now);
        let mut judged = judge.judge(piece, refused)?;
        if !room.is_founded() {
            // Nothing is kept that nobody could ever judge: whoever brings a workspace sends its genesis first.
            room.reload_authority(store)?;
            let text = "the workspace is not held here, and its first entry did not come first";
            return Err(End::Refuse(Code::UnknownWorkspace, text.into()));
        }
        let bytes = judged.bytes();
        if !judged.fresh.is_empty() {
            usage.entries += judged.fresh.len() as u64;
            usage.bytes += bytes;
            judged.batch.put(Usage::key(seated.workspace, seated.device), usage.value());
        }
        if !judged.batch.is_empty() {
            store.commit_soon(std::mem::take(&mut judged.batch))?;
        }
        room.bytes += bytes;
        if judged.authority_spoilt {
            room.reload_authority(store)?;
        }
        if !founded && room.is_founded() {
            self.note(Note::Created(seated.workspace));
        }
        Ok(judged)
    }

    /// Sends fresh entries to every other reader of the workspace. Returns how many there are.
    fn fan_out(
        &mut self,
        workspace: WorkspaceId,
        fresh: &[Verified],
        now: Millis,
        store: &mut dyn Store,
    ) -> u64 {
        let Some(room) = self.rooms.get(&workspace).filter(|_| !fresh.is_empty()) else { return 0 };
        let readers: Vec<_> = room.conns.iter().copied().collect();
        let batches = Live::batches(fresh);
        let mut reached = 0;
        for id in readers {
            let Some(mut conn) = self.conns.remove(&id) else { continue };
            if conn.seated.is_some_and(|s| s.seat.receives()) {
                reached += 1;
                for live in &batches {
                    self.drive(&mut conn, now, SessionInput::Stored(live.clone()), store);
                }
            }
            self.put_back(conn, now);
        }
        reached
    }

    fn note_judged(&mut self, workspace: WorkspaceId, judged: &Judged, readers: u64) {
        let (entries, bytes) = (judged.fresh.len() as u64, judged.bytes());
        if entries > 0 {
            self.note(Note::Stored { workspace, entries, bytes, readers });
        }
        for author in &judged.equivocators {
            self.note(Note::Equivocation { workspace, author: *author });
        }
    }

    /// The membership changed: those who may not stay are sent away, those who may
    /// read less get less, those who may read more connect again and compare.
    fn review(&mut self, workspace: WorkspaceId, but: ConnId, now: Millis, store: &mut dyn Store) {
        let Some(room) = self.rooms.get(&workspace) else { return };
        let ids: Vec<_> = room.conns.iter().copied().filter(|id| *id != but).collect();
        for id in ids {
            let Some(mut conn) = self.conns.remove(&id) else { continue };
            if conn.seated.is_some_and(|seated| seated.seat == Seat::Bringer) {
                conn.late = true;
                self.awaited.insert(workspace);
            }
            let verdict = match (self.rooms.get_mut(&workspace), &mut conn.seated) {
                // They are told once the membership is whole.
                _ if conn.late => None,
                (Some(room), Some(seated)) => reconsider(room, seated, &self.config.quotas, now, store),
                _ => None,
            };
            match verdict {
                Some(input) => self.feed(conn, now, input, store),
                None => _ = self.conns.insert(id, conn),
            }
        }
    }
}

/// What a changed membership means for one seat; `None` where nothing changes.
fn reconsider(
    room: &mut Room,
    seated: &mut Seated,
    quotas: &Quotas,
    now: Millis,
    store: &dyn Store,
) -> Option<SessionInput> {
    let authority = &room.authority;
    if matches!(seated.seat, Seat::Joiner(_) | Seat::Newcomer(_) | Seat::Bringer) {
        // Not a member yet; what they bring is judged when it comes.
        let role = authority.state().actor(seated.device).map(|(_, role)| role)?;
        seated.seat = Seat::Member;
        return adjust(seated, carries(role));
    }
    match admit(authority.state(), seated.device, None, now) {
        Ok(Admission { reads, .. }) => adjust(seated, reads),
        Err(denial) => {
            // Where the store cannot be read, the refusal stands by itself.
            Some(refusal(denial, room.parting(seated.device, quotas, now, store).unwrap_or_default()))
        }
    }
}

/// Somebody else brought the workspace meanwhile.
fn come_again() -> SessionInput {
    let text = "the workspace has come: connect again".to_owned();
    SessionInput::Refuse { code: Code::Reconnect, text }
}

fn adjust(seated: &mut Seated, reads: Audiences) -> Option<SessionInput> {
    if !seated.reads.covers(reads) {
        let text = "this device may read more now: connect again".to_owned();
        return Some(SessionInput::Refuse { code: Code::Reconnect, text });
    }
    if seated.reads == reads {
        return None;
    }
    seated.reads = reads;
    Some(SessionInput::Admit { reads, may_write: true })
}

/// Quotas and pace, before anything is verified.
fn check_quotas(
    room: &mut Room,
    seated: &Seated,
    entries: &[Signed],
    quotas: &Quotas,
    now: Millis,
    store: &dyn Store,
) -> Result<(), End> {
    let count = entries.len() as u64;
    let bytes: u64 = entries.iter().map(|e| e.bytes().len() as u64).sum();
    let pace = room.pace(seated.device, quotas, now);
    for taken in [pace.entries.take(count, now), pace.bytes.take(bytes, now)] {
        let text = |s| format!("too many entries in too short a time: try again in {s} s");
        taken.map_err(|s| End::Refuse(Code::RateLimited, text(s)))?;
    }
    check_room(room, seated, entries, quotas, store).map(|_| ())
}

/// Quotas alone. Returns what the device has used.
fn check_room(
    room: &Room,
    seated: &Seated,
    entries: &[Signed],
    quotas: &Quotas,
    store: &dyn Store,
) -> Result<Usage, End> {
    let count = entries.len() as u64;
    let bytes: u64 = entries.iter().map(|e| e.bytes().len() as u64).sum();
    let usage = Usage::load(store, seated.workspace, seated.device)?;
    let full = [
        (room.bytes + bytes > quotas.workspace_bytes_max, "the workspace is as large as it may be here"),
        (usage.bytes + bytes > quotas.device_bytes_max, "this device brought as many bytes as it may"),
        (usage.entries + count > quotas.device_entries_max, "this device brought as many entries as it may"),
    ];
    match full.iter().find(|(exceeded, _)| *exceeded) {
        Some((_, text)) => Err(End::Refuse(Code::QuotaExceeded, (*text).into())),
        None => Ok(usage),
    }
}
