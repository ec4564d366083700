//! `Signed` is claimed, `Verified` is proved: trust as a type.

use std::sync::Arc;

use proofroom_ident::{ByteReader, EntryHash, HashWords as _, SignError, Signature, WorkspaceId};

use crate::header::{DecodeError, EntryKind, Header, SIGNED_BYTES};

pub(crate) const DOMAIN: &str = "proofroom 1 entry";

/// An entry does not prove what it claims.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The signature does not hold.
    #[error("entry {entry:?}: {error}")]
    Signature {
        /// The entry.
        entry: EntryHash,
        /// What failed.
        error: SignError,
    },
    /// The payload was erased: only who knows of the erasure takes such an entry.
    #[error("entry {0:?}: its payload is not there")]
    Erased(EntryHash),
    /// The payload is not the one that was signed.
    #[error("entry {0:?}: the payload's hash is not the one that was signed")]
    Payload(EntryHash),
    /// The entry belongs to another workspace.
    #[error("entry {entry:?} belongs to workspace {found:?}, not {wanted:?}")]
    Workspace {
        /// The entry.
        entry: EntryHash,
        /// The workspace it names.
        found: WorkspaceId,
        /// The workspace it was offered to.
        wanted: WorkspaceId,
    },
}

/// A header with a signature that nobody has checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedHeader {
    header: Header,
    signature: Signature,
    hash: EntryHash,
}

impl SignedHeader {
    /// Reads the first [`SIGNED_BYTES`] bytes of an entry.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = ByteReader::new(bytes);
        let signed = r.clone().take(SIGNED_BYTES, "header and signature")?;
        let header = Header::decode(&mut r)?;
        let signature = Signature::from_bytes(r.array("signature")?);
        Ok(Self { header, signature, hash: EntryHash::of(signed) })
    }

    /// What the header claims. Claims may steer transport, never trust.
    pub fn claims(&self) -> &Header {
        &self.header
    }

    /// The entry's hash.
    pub fn hash(&self) -> EntryHash {
        self.hash
    }

    /// The workspace: named by the header, or made by the genesis entry itself.
    pub fn workspace(&self) -> WorkspaceId {
        if self.header.is_genesis() {
            WorkspaceId::from_bytes(*self.hash.as_bytes())
        } else {
            self.header.workspace
        }
    }

    /// The canonical bytes, header and signature.
    pub fn to_bytes(&self) -> Vec<u8> {
        [self.header.encode().as_slice(), self.signature.as_bytes()].concat()
    }

    /// Checks workspace and signature.
    pub fn verify(self, workspace: WorkspaceId) -> Result<VerifiedHeader, VerifyError> {
        let found = self.workspace();
        if found != workspace {
            return Err(VerifyError::Workspace { entry: self.hash, found, wanted: workspace });
        }
        self.header
            .author
            .verify(DOMAIN, &self.header.encode(), &self.signature)
            .map_err(|error| VerifyError::Signature { entry: self.hash, error })?;
        Ok(VerifiedHeader(self))
    }
}

/// A header whose signature holds. Its payload may be absent: snapshots carry such headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedHeader(SignedHeader);

impl VerifiedHeader {
    /// Reads back a header that this device verified before it stored it; its signature is not checked again.
    ///
    /// # Errors
    /// When the bytes are no header.
    pub fn trust_stored_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        SignedHeader::decode(bytes).map(Self)
    }
    pub(crate) fn just_proved(head: SignedHeader) -> Self {
        Self(head)
    }
    /// The header.
    pub fn header(&self) -> &Header {
        &self.0.header
    }
    /// The entry's hash.
    pub fn hash(&self) -> EntryHash {
        self.0.hash
    }
    /// The canonical bytes, header and signature.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes()
    }
}

/// An entry as received: header, signature and payload, none of it checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    head: SignedHeader,
    bytes: Arc<[u8]>,
}

impl Signed {
    /// Reads one whole entry; its payload must be exactly as long as the header says. Of changes, header and
    /// signature alone are an entry too: one whose payload was erased.
    pub fn decode(bytes: impl Into<Arc<[u8]>>) -> Result<Self, DecodeError> {
        let bytes = bytes.into();
        let head = SignedHeader::decode(&bytes)?;
        let want = usize::try_from(head.header.payload_len).unwrap_or(usize::MAX);
        let found = bytes.len() - SIGNED_BYTES;
        let may_be_erased = head.header.kind == EntryKind::Change;
        if found != want && !(found == 0 && may_be_erased) {
            return Err(DecodeError::NotCanonical("the payload is not as long as the header says"));
        }
        Ok(Self { head, bytes })
    }

    /// What the header claims. Claims may steer transport, never trust.
    pub fn claims(&self) -> &Header {
        self.head.claims()
    }
    /// The entry's hash.
    pub fn hash(&self) -> EntryHash {
        self.head.hash
    }
    /// The workspace it belongs to, by its own claim.
    pub fn workspace(&self) -> WorkspaceId {
        self.head.workspace()
    }
    /// The transmitted bytes.
    pub fn bytes(&self) -> &Arc<[u8]> {
        &self.bytes
    }

    /// Whether its payload was erased: header and signature are all there is.
    pub fn is_erased(&self) -> bool {
        self.bytes.len() == SIGNED_BYTES && self.head.header.payload_len > 0
    }

    /// Checks workspace, payload hash and signature, cheapest first.
    ///
    /// # Errors
    /// When one of them does not hold, or the payload was erased.
    pub fn verify(self, workspace: WorkspaceId) -> Result<Verified, VerifyError> {
        if self.is_erased() {
            return Err(VerifyError::Erased(self.head.hash));
        }
        self.check_payload()?;
        Ok(Verified { head: self.head.verify(workspace)?, bytes: self.bytes })
    }

    /// As [`Signed::verify`], and takes an entry whose payload was erased. Only for who knows that a member
    /// who may has erased this very entry.
    ///
    /// # Errors
    /// When workspace, signature, or the hash of a payload that is there does not hold.
    pub fn verify_erased(self, workspace: WorkspaceId) -> Result<Verified, VerifyError> {
        self.check_payload()?;
        Ok(Verified { head: self.head.verify(workspace)?, bytes: self.bytes })
    }

    /// Trusts an entry without checking its signature. Only for bytes that this
    /// device itself verified before it stored them; the payload's hash is checked
    /// again, because disks forget.
    pub fn trust_stored_bytes(self) -> Result<Verified, VerifyError> {
        self.check_payload()?;
        Ok(Verified { head: VerifiedHeader(self.head), bytes: self.bytes })
    }

    fn check_payload(&self) -> Result<(), VerifyError> {
        let payload = &self.bytes[SIGNED_BYTES..];
        if self.is_erased() || blake3::hash(payload).as_bytes() == &self.head.header.payload_hash {
            Ok(())
        } else {
            Err(VerifyError::Payload(self.head.hash))
        }
    }
}

/// An entry whose signature and payload hash hold. Whether its author may write
/// it is for the authority log, whether it follows its log is for [`crate::check_link`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    head: VerifiedHeader,
    bytes: Arc<[u8]>,
}

impl Verified {
    pub(crate) fn just_written(head: SignedHeader, bytes: Arc<[u8]>) -> Self {
        Self { head: VerifiedHeader(head), bytes }
    }
    /// The header.
    pub fn header(&self) -> &Header {
        self.head.header()
    }
    /// Header and hash, without the payload.
    pub fn head(&self) -> &VerifiedHeader {
        &self.head
    }
    /// The entry's hash.
    pub fn hash(&self) -> EntryHash {
        self.head.hash()
    }
    /// The workspace it belongs to.
    pub fn workspace(&self) -> WorkspaceId {
        self.head.0.workspace()
    }
    /// Whether its payload was erased: header and signature are all there is.
    pub fn is_erased(&self) -> bool {
        self.bytes.len() == SIGNED_BYTES && self.header().payload_len > 0
    }
    /// What is left of it once its payload is erased: the same entry by hash, place and signature.
    #[must_use]
    pub fn without_payload(&self) -> Self {
        Self { head: self.head.clone(), bytes: self.bytes[..SIGNED_BYTES].into() }
    }
    /// The payload as transmitted: sealed, but for authority entries. Empty where it was erased.
    pub fn payload(&self) -> &[u8] {
        &self.bytes[SIGNED_BYTES..]
    }
    /// The transmitted bytes.
    pub fn bytes(&self) -> &Arc<[u8]> {
        &self.bytes
    }
}
