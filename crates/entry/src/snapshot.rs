//! Snapshots: what a member says a document is, as of the last entries of its logs.
//!
//! ```text
//! offset  field          bytes
//!      0  version            1   1
//!      1  workspace_id      32
//!     33  doc_id            16
//!     49  maker             32   the device's signing key
//!     81  auth_head         32   the authority entry that the maker stood on
//!    113  claimed_at         8   milliseconds, a claim
//!    121  key_id            16   epoch key
//!    137  nonce             24
//!    161  rows               4   how many logs
//!    165  rows_hash         32   BLAKE3 of the rows
//!    197  payload_len        4
//!    201  payload_hash      32   BLAKE3 of the payload as transmitted
//!    233  signature         64   over bytes 0..233, under a domain of its own
//!    297  rows         n * 383   header and signature of the last entry of each log, by log;
//!                                before it that of the first, where the author's role
//!                                changed before the log began
//!         payload            n   the sealed document chunk
//! ```
//!
//! A snapshot is no entry: it is part of no log, clock or digest. Each row is what
//! that log's author signed, so that nothing of it rests on the maker's word but
//! that the entries below were valid.

use std::sync::Arc;

use proofroom_ident::{
    ByteReader, ByteWriter, DocId, EntryHash, HashWords as _, KeyId, LogClass, LogId, Millis, Nonce,
    Signature, SignerKey, SigningSecret, SnapshotId, WorkspaceId,
};

use crate::header::{DecodeError, SIGNED_BYTES};
use crate::signed::{SignedHeader, VerifiedHeader, VerifyError};

const DOMAIN: &str = "proofroom 1 snapshot";
const VERSION: u8 = 1;
const SEALED_BYTES: usize = 197;
const HEADER_BYTES: usize = 233;
const FIXED_BYTES: usize = HEADER_BYTES + Signature::LEN;

/// Most logs of one snapshot.
pub const SNAPSHOT_ROWS_MAX: usize = 4_096;
/// Largest sealed chunk, in bytes.
pub const SNAPSHOT_PAYLOAD_BYTES_MAX: usize = 16 << 20;
/// Largest snapshot, in bytes.
pub const SNAPSHOT_BYTES_MAX: usize =
    FIXED_BYTES + SNAPSHOT_ROWS_MAX * SIGNED_BYTES + SNAPSHOT_PAYLOAD_BYTES_MAX;

/// A snapshot's header. See the layout above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotHeader {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The document.
    pub doc: DocId,
    /// The device that signs.
    pub maker: SignerKey,
    /// The authority entry that the maker stood on.
    pub auth_head: EntryHash,
    /// When the maker says it was made.
    pub claimed_at: Millis,
    /// The epoch key that seals the chunk.
    pub key: KeyId,
    /// The chunk's nonce.
    pub nonce: Nonce,
    /// How many logs.
    pub rows: u32,
    /// BLAKE3 of the rows.
    pub rows_hash: [u8; 32],
    /// Length of the sealed chunk, in bytes.
    pub payload_len: u32,
    /// BLAKE3 of the sealed chunk.
    pub payload_hash: [u8; 32],
}

impl SnapshotHeader {
    /// The associated data of the sealed chunk: every field before the payload's own.
    pub fn seal_aad(&self) -> Vec<u8> {
        let mut out = self.encode();
        out.truncate(SEALED_BYTES);
        out
    }

    fn encode(&self) -> Vec<u8> {
        let mut w = ByteWriter::with_capacity(HEADER_BYTES);
        w.u8(VERSION).put(self.workspace.as_bytes()).put(self.doc.as_bytes()).put(self.maker.as_bytes());
        w.put(self.auth_head.as_bytes()).u64(self.claimed_at.0).put(self.key.as_bytes());
        w.put(self.nonce.as_bytes()).u32(self.rows).put(&self.rows_hash);
        w.u32(self.payload_len).put(&self.payload_hash);
        w.finish()
    }

    fn decode(r: &mut ByteReader<'_>) -> Result<Self, DecodeError> {
        let version = r.u8("version")?;
        if version != VERSION {
            return Err(DecodeError::Unknown { field: "version", value: version });
        }
        Ok(Self {
            workspace: WorkspaceId::from_bytes(r.array("workspace_id")?),
            doc: DocId::from_bytes(r.array("doc_id")?),
            maker: SignerKey::from_bytes(r.array("maker")?),
            auth_head: EntryHash::from_bytes(r.array("auth_head")?),
            claimed_at: Millis(r.u64("claimed_at")?),
            key: KeyId::from_bytes(r.array("key_id")?),
            nonce: Nonce::from_bytes(r.array("nonce")?),
            rows: r.u32("rows")?,
            rows_hash: r.array("rows_hash")?,
            payload_len: r.u32("payload_len")?,
            payload_hash: r.array("payload_hash")?,
        })
    }
}

/// What the maker chooses; see [`SnapshotDraft::header`].
#[derive(Clone, Debug)]
pub struct SnapshotDraft {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The document.
    pub doc: DocId,
    /// The authority entry that the maker stands on.
    pub auth_head: EntryHash,
    /// The maker's clock.
    pub claimed_at: Millis,
    /// The epoch key.
    pub key: KeyId,
    /// A fresh random nonce.
    pub nonce: Nonce,
    /// By log: the last entry that is covered, before it the first where that matters.
    pub rows: Vec<VerifiedHeader>,
}

impl SnapshotDraft {
    /// The header, its payload fields still empty: what sealing authenticates.
    pub fn header(&self, maker: SignerKey) -> SnapshotHeader {
        SnapshotHeader {
            workspace: self.workspace,
            doc: self.doc,
            maker,
            auth_head: self.auth_head,
            claimed_at: self.claimed_at,
            key: self.key,
            nonce: self.nonce,
            rows: u32::try_from(self.rows.len()).unwrap_or(u32::MAX),
            rows_hash: *blake3::hash(&self.rows_bytes()).as_bytes(),
            payload_len: 0,
            payload_hash: [0; 32],
        }
    }

    /// Signs the snapshot of this sealed chunk.
    ///
    /// # Errors
    /// When it would not be canonical: no rows or too many, out of order, of another
    /// document, or a chunk over the limit.
    pub fn sign(&self, payload: &[u8], maker: &SigningSecret) -> Result<Snapshot, DecodeError> {
        let mut header = self.header(maker.public());
        header.payload_len = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        header.payload_hash = *blake3::hash(payload).as_bytes();
        let encoded = header.encode();
        let signature = maker.sign(DOMAIN, &encoded);
        let bytes = [&encoded[..], signature.as_bytes(), &self.rows_bytes(), payload].concat();
        SignedSnapshot::decode(bytes).map(|signed| signed.proved())
    }

    fn rows_bytes(&self) -> Vec<u8> {
        self.rows.iter().flat_map(VerifiedHeader::to_bytes).collect()
    }
}

/// A snapshot as received, none of it checked but its form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedSnapshot {
    header: SnapshotHeader,
    signature: Signature,
    rows: Vec<SignedHeader>,
    id: SnapshotId,
    bytes: Arc<[u8]>,
}

impl SignedSnapshot {
    /// Reads one whole snapshot.
    pub fn decode(bytes: impl Into<Arc<[u8]>>) -> Result<Self, DecodeError> {
        let bytes = bytes.into();
        let mut r = ByteReader::new(&bytes);
        let id = SnapshotId::of(r.clone().take(FIXED_BYTES, "header and signature")?);
        let header = SnapshotHeader::decode(&mut r)?;
        let signature = Signature::from_bytes(r.array("signature")?);
        let n = usize::try_from(header.rows).unwrap_or(usize::MAX);
        if n == 0 || n > SNAPSHOT_ROWS_MAX {
            return Err(DecodeError::NotCanonical("a snapshot has 1 to 4096 rows"));
        }
        let mut rows = Vec::with_capacity(n);
        for _ in 0..n {
            rows.push(SignedHeader::decode(r.take(SIGNED_BYTES, "row")?)?);
        }
        let len = usize::try_from(header.payload_len).unwrap_or(usize::MAX);
        if len > SNAPSHOT_PAYLOAD_BYTES_MAX {
            return Err(DecodeError::TooLarge { bytes: len });
        }
        if r.remaining() != len {
            return Err(DecodeError::NotCanonical("the chunk is not as long as the header says"));
        }
        check_rows(&header, &rows)?;
        Ok(Self { header, signature, rows, id, bytes })
    }

    /// What the header claims.
    pub fn claims(&self) -> &SnapshotHeader {
        &self.header
    }
    /// Names the snapshot.
    pub fn id(&self) -> SnapshotId {
        self.id
    }

    /// Checks workspace, hashes, the maker's signature, and every row's author's.
    pub fn verify(self, workspace: WorkspaceId) -> Result<Snapshot, VerifyError> {
        self.check_signed_by(workspace, self.header.maker)?;
        for row in &self.rows {
            row.clone().verify(workspace)?;
        }
        Ok(self.proved())
    }

    /// Checks that this device made the snapshot. The rows' signatures are not checked
    /// again: a device signs only rows that it verified ([`SnapshotDraft::rows`] takes no
    /// others), and its signature covers them.
    pub fn verify_own(self, workspace: WorkspaceId, me: SignerKey) -> Result<Snapshot, VerifyError> {
        self.check_signed_by(workspace, me)?;
        Ok(self.proved())
    }

    fn check_signed_by(&self, workspace: WorkspaceId, maker: SignerKey) -> Result<(), VerifyError> {
        let entry = EntryHash::from_bytes(*self.id.as_bytes());
        if self.header.workspace != workspace {
            let found = self.header.workspace;
            return Err(VerifyError::Workspace { entry, found, wanted: workspace });
        }
        self.check_hashes()?;
        let signed = maker.verify(DOMAIN, &self.header.encode(), &self.signature);
        signed.map_err(|error| VerifyError::Signature { entry, error })
    }

    /// Trusts a snapshot without checking signatures. Only for bytes that this
    /// device itself verified before it stored them.
    pub fn trust_stored_bytes(self) -> Result<Snapshot, VerifyError> {
        self.check_hashes()?;
        Ok(self.proved())
    }

    fn check_hashes(&self) -> Result<(), VerifyError> {
        let (rows, payload) = self.bytes[FIXED_BYTES..].split_at(self.rows.len() * SIGNED_BYTES);
        let holds = *blake3::hash(rows).as_bytes() == self.header.rows_hash
            && *blake3::hash(payload).as_bytes() == self.header.payload_hash;
        if holds { Ok(()) } else { Err(VerifyError::Payload(EntryHash::from_bytes(*self.id.as_bytes()))) }
    }

    fn proved(self) -> Snapshot {
        let rows = self.rows.into_iter().map(VerifiedHeader::just_proved).collect();
        Snapshot { header: self.header, rows, id: self.id, bytes: self.bytes }
    }
}

fn check_rows(header: &SnapshotHeader, rows: &[SignedHeader]) -> Result<(), DecodeError> {
    let of_this = |row: &SignedHeader| {
        let h = row.claims();
        h.doc == header.doc && h.workspace == header.workspace && h.kind.class() == LogClass::Changes
    };
    // Two rows of one log are its first entry and a later one.
    let in_order = |pair: &[SignedHeader]| {
        let (a, b) = (pair[0].claims(), pair[1].claims());
        a.log < b.log || (a.log == b.log && a.seq == 1 && b.seq > 1)
    };
    let rules = [
        (!rows.iter().all(of_this), "a snapshot's rows are changes of its document"),
        (!rows.windows(2).all(in_order), "rows are in ascending order, one or two a log"),
        (header.key.is_zero() || header.nonce.is_zero(), "a snapshot is sealed"),
    ];
    match rules.iter().find(|(broken, _)| *broken) {
        Some((_, rule)) => Err(DecodeError::NotCanonical(rule)),
        None => Ok(()),
    }
}

/// A snapshot whose signatures hold: its maker's, and those of the authors of its rows.
/// Whether they may, and whether the chunk is what the rows commit to, is for others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    header: SnapshotHeader,
    rows: Vec<VerifiedHeader>,
    id: SnapshotId,
    bytes: Arc<[u8]>,
}

impl Snapshot {
    /// The header.
    pub fn header(&self) -> &SnapshotHeader {
        &self.header
    }
    /// Names the snapshot.
    pub fn id(&self) -> SnapshotId {
        self.id
    }
    /// The rows, as they are signed.
    pub fn rows(&self) -> &[VerifiedHeader] {
        &self.rows
    }
    /// Each log that it covers, by log: its first entry where it is shown, and the last one covered.
    pub fn logs(&self) -> impl Iterator<Item = (Option<&VerifiedHeader>, &VerifiedHeader)> {
        let same_log = |a: &VerifiedHeader, b: &VerifiedHeader| a.header().log == b.header().log;
        self.rows.chunk_by(same_log).filter_map(|rows| match rows {
            [first, last] => Some((Some(first), last)),
            rows => rows.last().map(|last| (None, last)),
        })
    }
    /// The last entry that it covers of one log.
    pub fn row(&self, log: LogId) -> Option<&VerifiedHeader> {
        let end = self.rows.partition_point(|row| row.header().log <= log);
        self.rows.get(end.checked_sub(1)?).filter(|row| row.header().log == log)
    }
    /// How many entries it stands for.
    pub fn entries(&self) -> u64 {
        self.logs().fold(0, |sum, (_, last)| sum.saturating_add(last.header().seq))
    }
    /// The sealed chunk.
    pub fn payload(&self) -> &[u8] {
        &self.bytes[FIXED_BYTES + self.rows.len() * SIGNED_BYTES..]
    }
    /// The transmitted bytes.
    pub fn bytes(&self) -> &Arc<[u8]> {
        &self.bytes
    }
}
