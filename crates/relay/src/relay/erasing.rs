//! Erasing: a relay forgets payloads and files as soon as it hears that somebody who may has erased them.
//!
//! The operation names them by hash in the clear; what they were, and why they go, is sealed. Done again whenever a
//! room is opened: a crash in between leaves nothing behind.

use proofroom_blobs::Input as FetchInput;
use proofroom_ident::{Millis, WorkspaceId};
use proofroom_store::{Batch, REWRITE_DUE, Store, StoreError};

use super::Relay;
use crate::io::{BlobOp, ConnId, Note, Output};
use crate::usage::{blob_bytes, blob_key, blobs_key};

impl Relay {
    /// Forgets what is erased in a room and was not looked at since it was opened.
    pub(super) fn forget_erased(
        &mut self,
        conn: ConnId,
        workspace: WorkspaceId,
        now: Millis,
        store: &mut dyn Store,
    ) -> Result<(), StoreError> {
        let Some(room) = self.rooms.get_mut(&workspace) else { return Ok(()) };
        let (mut batch, mut entries, mut freed) = (Batch::new(), 0, 0);
        let erased = room.authority.state().erased().map(|(e, _)| e);
        let news: Vec<_> = erased.filter(|e| !room.forgotten.0.contains(&e.hash)).collect();
        for e in &news {
            let held = store.entry(workspace, e.doc, e.log, e.seq)?;
            if let Some(held) = held.filter(|held| held.hash() == e.hash && !held.is_erased()) {
                freed += held.payload().len() as u64;
                batch.erase(&held);
                entries += 1;
            }
        }
        let blobs_erased = room.authority.state().erased_blobs().map(|(blob, _)| blob);
        let gone: Vec<_> = blobs_erased.filter(|blob| !room.forgotten.1.contains(blob)).collect();
        let (mut blobs, mut sum) = (0, room.blob_bytes);
        for blob in &gone {
            if let Some(bytes) = blob_bytes(store, workspace, *blob)? {
                batch.delete(blob_key(workspace, *blob));
                sum = sum.saturating_sub(bytes);
                blobs += 1;
            }
        }
        if !batch.is_empty() {
            batch.put(blobs_key(workspace), sum.to_le_bytes()).put(REWRITE_DUE, [1]);
            store.commit(batch)?;
        }
        room.forgotten.0.extend(news.iter().map(|e| e.hash));
        (room.blob_bytes, room.bytes) = (sum, room.bytes.saturating_sub(freed));
        for blob in gone {
            room.fetch.handle(now, FetchInput::Forget(blob));
            room.coming.remove(&blob);
            room.forgotten.1.insert(blob);
            self.outputs.push_back(Output::Blob { conn, workspace, op: BlobOp::Remove(blob) });
        }
        if entries + blobs > 0 {
            self.note(Note::Erased { workspace, entries, blobs });
        }
        Ok(())
    }
}
