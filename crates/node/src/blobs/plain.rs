//! A part of a file out of its blob: verified, decrypted, and nothing else read.

use proofroom_blob_files::ReadError;
use proofroom_blobs::{GROUP_BYTES, SLICE_BYTES, Span, verify};
use proofroom_ident::{BlobHash, WorkspaceId};
use proofroom_review::BlobRef;
use proofroom_seal::BlobKey;

use super::{BlobError, Blobs};
use crate::home::at;

impl Blobs {
    /// The bytes `offset..offset + bytes` of a file, as far as it goes. Only the groups that hold
    /// them are read; each is verified against the name that was signed.
    ///
    /// # Errors
    /// When the blob is not here, or those groups are not the blob's any more.
    pub fn range(
        &self,
        workspace: WorkspaceId,
        name: &str,
        reference: &BlobRef,
        offset: u64,
        bytes: u64,
    ) -> Result<Vec<u8>, BlobError> {
        if reference.is_erased() {
            return Err(BlobError::Erased(name.to_owned()));
        }
        let total = reference.bytes;
        let end = offset.saturating_add(bytes).min(total);
        let key = BlobKey::from_bytes(*reference.key.as_bytes());
        let mut out = Vec::new();
        let mut from = offset;
        while from < end {
            let first = from / GROUP_BYTES * GROUP_BYTES;
            let stretch = (first / SLICE_BYTES + 1) * SLICE_BYTES;
            let last = end.next_multiple_of(GROUP_BYTES).min(stretch).min(total);
            let span = Span { offset: first, bytes: last - first };
            let encoded = self.proof(workspace, name, (reference.blob, total), span)?;
            let slice = verify(reference.blob, total, span, &encoded)
                .map_err(|_| self.wrong(workspace, name, reference.blob))?;
            let mut slice = Vec::from(slice.bytes);
            key.apply(first, &mut slice)?;
            let index = |n: u64| usize::try_from(n - first).unwrap_or(usize::MAX);
            out.extend_from_slice(slice.get(index(from)..index(end.min(last))).unwrap_or_default());
            from = last;
        }
        Ok(out)
    }

    /// A part of a blob with its proof.
    ///
    /// # Errors
    /// As [`Blobs::range`].
    pub fn encoded(
        &self,
        workspace: WorkspaceId,
        blob: BlobHash,
        total: u64,
        span: Span,
    ) -> Result<Vec<u8>, BlobError> {
        self.proof(workspace, &blob.short(), (blob, total), span)
    }

    fn proof(
        &self,
        workspace: WorkspaceId,
        name: &str,
        (blob, total): (BlobHash, u64),
        span: Span,
    ) -> Result<Vec<u8>, BlobError> {
        match self.folder().read(workspace, blob, span) {
            Ok((held, encoded)) if held == total => Ok(encoded),
            Ok(_) | Err(ReadError::Rotten(_)) => Err(self.wrong(workspace, name, blob)),
            Err(ReadError::Absent) => Err(BlobError::Absent(name.to_owned())),
            Err(ReadError::Io(error)) => Err(at("read", &self.path(workspace, blob))(error).into()),
        }
    }

    fn wrong(&self, workspace: WorkspaceId, name: &str, blob: BlobHash) -> BlobError {
        BlobError::Wrong { what: format!("`{name}`"), path: self.path(workspace, blob) }
    }
}
