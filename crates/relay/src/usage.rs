//! What was stored for whom, kept beside the entries.
//!
//! ```text
//! "relay-1/device/" workspace:32 device:32   ->  entries:u64 bytes:u64
//! "relay-1/blobs/"  workspace:32             ->  bytes:u64
//! "relay-1/blob/"   workspace:32 blob:32     ->  bytes:u64
//! ```
//!
//! Counters move in the commit that they count, so a crash never makes them lie.

use proofroom_ident::{BlobHash, ByteReader, ByteWriter, SignerKey, WorkspaceId};
use proofroom_store::{Store, StoreError};

/// What one device brought to one workspace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub entries: u64,
    pub bytes: u64,
}

impl Usage {
    pub fn key(workspace: WorkspaceId, device: SignerKey) -> Vec<u8> {
        [b"relay-1/device/", &workspace.as_bytes()[..], device.as_bytes()].concat()
    }

    pub fn load(store: &dyn Store, workspace: WorkspaceId, device: SignerKey) -> Result<Self, StoreError> {
        let value = store.get(&Self::key(workspace, device))?.unwrap_or_default();
        let mut r = ByteReader::new(&value);
        Ok(Self { entries: r.u64("entries").unwrap_or_default(), bytes: r.u64("bytes").unwrap_or_default() })
    }

    pub fn value(self) -> Vec<u8> {
        let mut w = ByteWriter::with_capacity(16);
        w.u64(self.entries).u64(self.bytes);
        w.finish()
    }
}

fn number(store: &dyn Store, key: &[u8]) -> Result<Option<u64>, StoreError> {
    let value = store.get(key)?;
    Ok(value.and_then(|v| ByteReader::new(&v).u64("bytes").ok()))
}

/// Key of the sum of a workspace's blobs.
pub(crate) fn blobs_key(workspace: WorkspaceId) -> Vec<u8> {
    [b"relay-1/blobs/", &workspace.as_bytes()[..]].concat()
}

/// Key of one blob's size.
pub(crate) fn blob_key(workspace: WorkspaceId, blob: BlobHash) -> Vec<u8> {
    [b"relay-1/blob/", &workspace.as_bytes()[..], blob.as_bytes()].concat()
}

/// The size of all blobs of a workspace.
pub(crate) fn blobs_bytes(store: &dyn Store, workspace: WorkspaceId) -> Result<u64, StoreError> {
    Ok(number(store, &blobs_key(workspace))?.unwrap_or_default())
}

/// The size of a blob, if it is held.
pub(crate) fn blob_bytes(
    store: &dyn Store,
    workspace: WorkspaceId,
    blob: BlobHash,
) -> Result<Option<u64>, StoreError> {
    number(store, &blob_key(workspace, blob))
}
