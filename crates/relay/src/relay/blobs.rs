//! Blobs: the driver moves the bytes, the machine decides and counts.

use proofroom_blobs::{Event as FetchEvent, Input as FetchInput, Output as FetchOutput, Rank, Want};
use proofroom_ident::{BlobHash, Millis, WorkspaceId};
use proofroom_store::{Batch, Store, StoreError};
use proofroom_sync::{Code, Direction, Event, Input as SessionInput, Output as SessionOutput};

use super::{Conn, Relay, Seated};
use crate::admission::Seat;
use crate::io::{BlobInput, BlobOp, ConnId, Note, Output};
use crate::usage::{blob_bytes, blob_key, blobs_key};

impl Relay {
    /// What a session asks about blobs; some of it can be answered at once.
    pub(super) fn on_blob_output(
        &mut self,
        conn: &Conn,
        now: Millis,
        output: SessionOutput,
        store: &dyn Store,
    ) -> Option<SessionInput> {
        let seated = conn.seated?;
        let erased = |blob: &BlobHash| {
            let room = self.rooms.get(&seated.workspace);
            room.is_some_and(|room| room.authority.state().erased_blob(*blob).is_some())
        };
        let op = match output {
            SessionOutput::BlobOffered { blob, .. } if erased(&blob) => {
                let text = "it was erased".to_owned();
                return Some(SessionInput::RefuseBlob { blob, code: Code::MayNotWrite, text });
            }
            SessionOutput::ReadBlob { blob, .. } if erased(&blob) => {
                return Some(SessionInput::BlobMissing(blob));
            }
            SessionOutput::BlobOffered { blob, bytes } => {
                return self.on_offer(conn.id, &seated, now, (blob, bytes), store);
            }
            SessionOutput::ReadBlob { blob, span } => BlobOp::Read { blob, span },
            SessionOutput::BlobSlice { blob, total, slice } => BlobOp::Write { blob, total, slice },
            _ => return None,
        };
        self.outputs.push_back(Output::Blob { conn: conn.id, workspace: seated.workspace, op });
        None
    }

    fn on_offer(
        &mut self,
        conn: ConnId,
        seated: &Seated,
        now: Millis,
        (blob, bytes): (BlobHash, u64),
        store: &dyn Store,
    ) -> Option<SessionInput> {
        let refuse = |code, text: &str| Some(SessionInput::RefuseBlob { blob, code, text: text.into() });
        if seated.seat != Seat::Member {
            return refuse(Code::MayNotWrite, "only members' devices bring files");
        }
        match blob_bytes(store, seated.workspace, blob) {
            Err(error) => return Some(self.store_failed(&error)),
            Ok(Some(_)) => return Some(SessionInput::BlobHeld(blob)),
            Ok(None) => {}
        }
        let room = self.rooms.get_mut(&seated.workspace)?;
        room.fetch.handle(now, FetchInput::Offered { from: conn, blob });
        self.due.insert(seated.workspace);
        match room.coming.get(&blob) {
            Some(coming) if *coming == bytes => return None,
            Some(_) => {
                return refuse(Code::WrongBlob, "somebody else offers a file of that name and another size");
            }
            None => {}
        }
        let coming: u64 = room.coming.values().sum();
        if room.blob_bytes.saturating_add(coming).saturating_add(bytes)
            > self.config.quotas.workspace_blob_bytes_max
        {
            return refuse(Code::QuotaExceeded, "the workspace's files take as much room as they may here");
        }
        room.coming.insert(blob, bytes);
        let op = BlobOp::Begin { blob, total: bytes };
        self.outputs.push_back(Output::Blob { conn, workspace: seated.workspace, op });
        None
    }

    /// What the driver did with a blob.
    pub(super) fn on_blob(&mut self, now: Millis, input: BlobInput, store: &mut dyn Store) {
        match input {
            BlobInput::Piece { to, blob, total, span, encoded } => {
                self.tell(now, to, SessionInput::BlobRead { blob, total, span, encoded }, store);
            }
            BlobInput::Missing { to, blob } => self.tell(now, to, SessionInput::BlobMissing(blob), store),
            BlobInput::Begun { workspace, blob, held } => {
                let want = Want { blob, rank: Rank::Original, held };
                // Whoever offered it may be gone by now.
                if self.rooms.get(&workspace).is_some_and(|room| room.coming.contains_key(&blob)) {
                    self.fetch(now, workspace, FetchInput::Want(want));
                }
            }
            BlobInput::Written { from, workspace, blob, span } => {
                self.fetch(now, workspace, FetchInput::Arrived { from, blob, span });
            }
            BlobInput::Failed { workspace, blob, cause } => {
                self.fetch(now, workspace, FetchInput::Forget(blob));
                let text = format!("the relay could not keep the file: {cause}");
                let refuse = SessionInput::RefuseBlob { blob, code: Code::Internal, text };
                self.conclude(now, workspace, blob, &refuse, store);
            }
            BlobInput::Kept { workspace, blob, bytes } => {
                let answer = match self.count_blob(workspace, blob, bytes, store) {
                    Ok(()) => SessionInput::BlobHeld(blob),
                    Err(error) => self.store_failed(&error),
                };
                self.conclude(now, workspace, blob, &answer, store);
            }
        }
    }

    fn fetch(&mut self, now: Millis, workspace: WorkspaceId, input: FetchInput<ConnId>) {
        if let Some(room) = self.rooms.get_mut(&workspace) {
            room.fetch.handle(now, input);
            self.due.insert(workspace);
        }
    }

    /// Tells everybody who offered a blob what became of it; sessions know whether they did.
    fn conclude(
        &mut self,
        now: Millis,
        workspace: WorkspaceId,
        blob: BlobHash,
        answer: &SessionInput,
        store: &mut dyn Store,
    ) {
        let Some(room) = self.rooms.get_mut(&workspace) else { return };
        room.coming.remove(&blob);
        let conns: Vec<ConnId> = room.conns.iter().copied().collect();
        for conn in conns {
            self.tell(now, conn, answer.clone(), store);
        }
    }

    fn tell(&mut self, now: Millis, conn: ConnId, input: SessionInput, store: &mut dyn Store) {
        if let Some(conn) = self.conns.remove(&conn) {
            self.feed(conn, now, input, store);
        }
    }

    /// Asks for what may be asked for now.
    pub(super) fn fetch_due(&mut self, now: Millis, store: &mut dyn Store) {
        while let Some(workspace) = self.due.pop_first() {
            let Some(room) = self.rooms.get_mut(&workspace) else { continue };
            room.fetch.handle(now, FetchInput::Tick);
            while let Some(output) = self.rooms.get_mut(&workspace).and_then(|room| room.fetch.poll()) {
                match output {
                    FetchOutput::Ask { to, blob, total, span } => {
                        self.tell(now, to, SessionInput::AskBlob { blob, total, span }, store);
                    }
                    FetchOutput::Event(FetchEvent::Nobody(blob)) => {
                        if let Some(room) = self.rooms.get_mut(&workspace) {
                            room.coming.remove(&blob);
                        }
                    }
                    FetchOutput::Event(FetchEvent::Stalled(conn)) => {
                        self.note(Note::Stalled { workspace, conn })
                    }
                    // It counts once it is durable.
                    FetchOutput::Event(FetchEvent::Complete(_)) => {}
                }
            }
        }
    }

    fn count_blob(
        &mut self,
        workspace: WorkspaceId,
        blob: BlobHash,
        bytes: u64,
        store: &mut dyn Store,
    ) -> Result<(), StoreError> {
        // Two devices may have brought the same blob at the same time.
        if blob_bytes(store, workspace, blob)?.is_some() {
            return Ok(());
        }
        let Some(room) = self.rooms.get_mut(&workspace) else { return Ok(()) };
        let sum = room.blob_bytes.saturating_add(bytes);
        let mut batch = Batch::new();
        batch.put(blob_key(workspace, blob), bytes.to_le_bytes());
        batch.put(blobs_key(workspace), sum.to_le_bytes());
        store.commit(batch)?;
        room.blob_bytes = sum;
        self.note(Note::BlobKept { bytes });
        Ok(())
    }

    /// Counts what went out, and names who lied.
    pub(super) fn note_event(&mut self, conn: &Conn, now: Millis, event: &Event) {
        let Some(seated) = conn.seated else { return };
        let workspace = seated.workspace;
        match event {
            Event::BlobProgress { direction: Direction::Out, bytes, .. } => {
                self.note(Note::BlobSent { bytes: *bytes });
            }
            Event::BlobWrong(blob) => {
                self.note(Note::Lied { workspace, device: seated.device, blob: *blob });
            }
            Event::BlobMissing(blob) | Event::BlobOtherSize { blob, .. } => {
                self.fetch(now, workspace, FetchInput::Missing { from: conn.id, blob: *blob });
            }
            _ => {}
        }
    }
}
