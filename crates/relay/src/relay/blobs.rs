//! Blobs: the driver moves the bytes, the machine decides and counts.

use proofroom_ident::{BlobHash, Millis};
use proofroom_store::{Batch, Store, StoreError};
use proofroom_sync::limits::CHUNK_BYTES;
use proofroom_sync::{Code, Direction, Event, Input as SessionInput, Output as SessionOutput};

use super::{Conn, Relay, Seated};
use crate::admission::Seat;
use crate::io::{BlobInput, BlobOp, Note, Output};
use crate::usage::{blob_bytes, blob_key, blobs_key};

impl Relay {
    /// What a session asks about blobs; some of it can be answered at once.
    pub(super) fn on_blob_output(
        &mut self,
        conn: &Conn,
        output: SessionOutput,
        store: &dyn Store,
    ) -> Option<SessionInput> {
        let seated = conn.seated?;
        let op = match output {
            SessionOutput::BlobOffered { blob, bytes } => {
                return Some(self.on_offer(&seated, blob, bytes, store));
            }
            SessionOutput::ReadBlob { blob, offset, bytes_max } => BlobOp::Read { blob, offset, bytes_max },
            SessionOutput::WriteBlob { blob, offset, bytes, .. } => BlobOp::Write { blob, offset, bytes },
            SessionOutput::BlobArrived(blob) => BlobOp::Keep(blob),
            SessionOutput::DropBlob(blob) => BlobOp::Drop(blob),
            _ => return None,
        };
        self.outputs.push_back(Output::Blob { conn: conn.id, workspace: seated.workspace, op });
        None
    }

    fn on_offer(&mut self, seated: &Seated, blob: BlobHash, bytes: u64, store: &dyn Store) -> SessionInput {
        let refuse = |code, text: &str| SessionInput::RefuseBlob { blob, code, text: text.into() };
        if seated.seat != Seat::Member {
            return refuse(Code::MayNotWrite, "only members' devices bring files");
        }
        match blob_bytes(store, seated.workspace, blob) {
            Err(error) => return self.store_failed(&error),
            Ok(Some(_)) => return SessionInput::BlobHeld(blob),
            Ok(None) => {}
        }
        let held = self.rooms.get(&seated.workspace).map_or(0, |room| room.blob_bytes);
        if held.saturating_add(bytes) > self.config.quotas.workspace_blob_bytes_max {
            return refuse(Code::QuotaExceeded, "the workspace's files take as much room as they may here");
        }
        SessionInput::WantBlob { blob, bytes }
    }

    /// What the driver did with a blob.
    pub(super) fn on_blob(&mut self, conn: Conn, now: Millis, input: BlobInput, store: &mut dyn Store) {
        let answer = match input {
            BlobInput::Piece { blob, offset, total, bytes } => {
                SessionInput::BlobRead { blob, offset, total, bytes }
            }
            BlobInput::Missing(blob) => SessionInput::BlobMissing(blob),
            BlobInput::Failed { blob, cause } => {
                let text = format!("the relay could not keep the file: {cause}");
                SessionInput::RefuseBlob { blob, code: Code::Internal, text }
            }
            BlobInput::Kept { blob, bytes } => match self.count_blob(&conn, blob, bytes, store) {
                Ok(()) => SessionInput::BlobHeld(blob),
                Err(error) => self.store_failed(&error),
            },
        };
        self.feed(conn, now, answer, store);
    }

    fn count_blob(
        &mut self,
        conn: &Conn,
        blob: BlobHash,
        bytes: u64,
        store: &mut dyn Store,
    ) -> Result<(), StoreError> {
        let Some(seated) = conn.seated else { return Ok(()) };
        let Some(room) = self.rooms.get_mut(&seated.workspace) else { return Ok(()) };
        // Two devices may have brought the same blob at the same time.
        if blob_bytes(store, seated.workspace, blob)?.is_none() {
            let sum = room.blob_bytes.saturating_add(bytes);
            let mut batch = Batch::new();
            batch.put(blob_key(seated.workspace, blob), bytes.to_le_bytes());
            batch.put(blobs_key(seated.workspace), sum.to_le_bytes());
            store.commit(batch)?;
            room.blob_bytes = sum;
            self.note(Note::BlobKept { bytes });
        }
        Ok(())
    }

    /// Counts what went out.
    pub(super) fn note_event(&mut self, event: &Event) {
        if let Event::BlobProgress { direction: Direction::Out, done, total, .. } = event {
            let last = if done == total { total % CHUNK_BYTES as u64 } else { 0 };
            let bytes = if last > 0 { last } else { (*total).min(CHUNK_BYTES as u64) };
            self.note(Note::BlobSent { bytes });
        }
    }
}
