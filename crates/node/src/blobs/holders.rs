//! Who was last known to hold a blob, for the day on which nobody does.
//!
//! ```text
//! "node/blobs/had/" workspace:32 blob:32  ->  device:32 millis:u64
//! ```

use std::collections::BTreeMap;

use proofroom_ident::{BlobHash, Millis, SignerKey, WorkspaceId};
use proofroom_store::{Batch, Store, StoreError};

/// A device that held a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The device.
    pub device: SignerKey,
    /// When it said so, or sent of it.
    pub at: Millis,
}

/// What was learnt and is not noted down yet.
#[derive(Debug, Default)]
pub struct Holders {
    learnt: BTreeMap<(WorkspaceId, BlobHash), Holder>,
}

impl Holders {
    /// A device holds a blob.
    pub fn learn(&mut self, workspace: WorkspaceId, blob: BlobHash, holder: Holder) {
        self.learnt.insert((workspace, blob), holder);
    }

    /// Notes down what was learnt.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn save(&mut self, store: &mut dyn Store) -> Result<(), StoreError> {
        if self.learnt.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::new();
        for ((workspace, blob), holder) in std::mem::take(&mut self.learnt) {
            let value = [holder.device.as_bytes().as_slice(), &holder.at.0.to_le_bytes()].concat();
            batch.put(key(workspace, blob), value);
        }
        store.commit(batch)
    }
}

/// Who was last known to hold a blob.
///
/// # Errors
/// When the store cannot be read.
pub fn last_holder(
    store: &dyn Store,
    workspace: WorkspaceId,
    blob: BlobHash,
) -> Result<Option<Holder>, StoreError> {
    let value = store.get(&key(workspace, blob))?.unwrap_or_default();
    let parts = value.split_first_chunk::<32>().and_then(|(d, at)| Some((d, <[u8; 8]>::try_from(at).ok()?)));
    Ok(parts.map(|(device, at)| Holder {
        device: SignerKey::from_bytes(*device),
        at: Millis(u64::from_le_bytes(at)),
    }))
}

fn key(workspace: WorkspaceId, blob: BlobHash) -> Vec<u8> {
    [b"node/blobs/had/".as_slice(), workspace.as_bytes(), blob.as_bytes()].concat()
}
