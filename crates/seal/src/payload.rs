//! Sealing an entry's payload, and opening it.

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use proofroom_entry::{Header, PAYLOAD_BYTES_MAX, SNAPSHOT_PAYLOAD_BYTES_MAX, SnapshotHeader, seal_aad};
use proofroom_ident::Nonce;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::keys::{EntryKey, EpochKey, SealKey};
use crate::pack::{pack, unpack};
use crate::{OpenError, SealError};

const COMMITMENT_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
/// What sealing adds to a packed plaintext, in bytes.
pub const OVERHEAD_BYTES: usize = COMMITMENT_BYTES + TAG_BYTES;

/// Seals `plain` as the payload of the entry that `header` begins.
///
/// The header's payload fields and `tip_commit` play no part; its nonce must be
/// fresh, because it also chooses the entry's key.
pub fn seal(epoch: &EpochKey, header: &Header, plain: &[u8]) -> Result<Vec<u8>, SealError> {
    let given = epoch.id();
    if header.key != given {
        return Err(SealError::WrongKey { wanted: header.key, given });
    }
    let key = SealKey::for_doc(epoch, header.doc).entry_key(&header.nonce);
    key.seal((&header.nonce, &seal_aad(header)), plain, PAYLOAD_BYTES_MAX)
}

/// Seals a document's chunk as the payload of the snapshot that `header` begins; its
/// payload fields play no part.
pub fn seal_snapshot(epoch: &EpochKey, header: &SnapshotHeader, chunk: &[u8]) -> Result<Vec<u8>, SealError> {
    let given = epoch.id();
    if header.key != given {
        return Err(SealError::WrongKey { wanted: header.key, given });
    }
    let key = SealKey::for_doc(epoch, header.doc).snapshot_key(&header.nonce);
    key.seal((&header.nonce, &header.seal_aad()), chunk, SNAPSHOT_PAYLOAD_BYTES_MAX)
}

/// Opens a snapshot's chunk, which may have at most `chunk_bytes_max` bytes.
pub fn open_snapshot(
    epoch: &EpochKey,
    header: &SnapshotHeader,
    payload: &[u8],
    chunk_bytes_max: usize,
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let given = epoch.id();
    if header.key != given {
        return Err(OpenError::WrongKey { wanted: header.key, given });
    }
    let key = SealKey::for_doc(epoch, header.doc).snapshot_key(&header.nonce);
    key.unseal((&header.nonce, &header.seal_aad()), payload, chunk_bytes_max)
}

/// Opens a payload; the plaintext may have at most `plain_bytes_max` bytes.
pub fn open(
    epoch: &EpochKey,
    header: &Header,
    payload: &[u8],
    plain_bytes_max: usize,
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let given = epoch.id();
    if header.key != given {
        return Err(OpenError::WrongKey { wanted: header.key, given });
    }
    SealKey::for_doc(epoch, header.doc).entry_key(&header.nonce).open(header, payload, plain_bytes_max)
}

impl EntryKey {
    /// Opens the one payload that this key is for: what a stranger does with a disclosed key.
    pub fn open(
        &self,
        header: &Header,
        payload: &[u8],
        plain_bytes_max: usize,
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        self.unseal((&header.nonce, &seal_aad(header)), payload, plain_bytes_max)
    }

    fn seal(
        &self,
        (nonce, aad): (&Nonce, &[u8]),
        plain: &[u8],
        bytes_max: usize,
    ) -> Result<Vec<u8>, SealError> {
        let packed = pack(plain);
        let len = packed.len() + OVERHEAD_BYTES;
        if len > bytes_max {
            return Err(SealError::TooLarge(len));
        }
        let sealed = XChaCha20Poly1305::new((&*self.cipher_key()).into())
            .encrypt(&XNonce::from(*nonce.as_bytes()), Payload { msg: &packed, aad })
            .map_err(|_| SealError::TooLarge(len))?;
        Ok([self.commitment().as_slice(), &sealed].concat())
    }

    fn unseal(
        &self,
        (nonce, aad): (&Nonce, &[u8]),
        payload: &[u8],
        plain_bytes_max: usize,
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (commitment, sealed) =
            payload.split_first_chunk::<COMMITMENT_BYTES>().ok_or(OpenError::Short(payload.len()))?;
        if !bool::from(commitment.ct_eq(&self.commitment())) {
            return Err(OpenError::Commitment);
        }
        let packed = XChaCha20Poly1305::new((&*self.cipher_key()).into())
            .decrypt(&XNonce::from(*nonce.as_bytes()), Payload { msg: sealed, aad })
            .map(Zeroizing::new)
            .map_err(|_| OpenError::Altered("payload"))?;
        unpack(&packed, plain_bytes_max)
    }
}
