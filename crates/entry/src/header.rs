//! The header's layout, its limits and its decoding.

use proofroom_ident::{
    Audience, ByteReader, ByteWriter, DocId, EntryHash, KeyId, LogClass, LogId, Millis, Nonce, ShortInput,
    Signature, SignerKey, WorkspaceId,
};

/// Bytes of a header without its signature.
pub const HEADER_BYTES: usize = 319;
/// Bytes of a header with its signature: what an entry's hash covers.
pub const SIGNED_BYTES: usize = HEADER_BYTES + Signature::LEN;
/// Largest payload, in bytes.
pub const PAYLOAD_BYTES_MAX: usize = 8 << 20;
/// Largest entry, in bytes.
pub const ENTRY_BYTES_MAX: usize = SIGNED_BYTES + PAYLOAD_BYTES_MAX;

/// Entries of one log, at most: a trillion. Nobody writes as many, and what is counted over the logs of a document
/// stays far below the end of `u64`, whatever a signed header claims.
pub const SEQ_MAX: u64 = 1 << 40;

const VERSION: u8 = 1;

/// Bytes are not an entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end too early.
    #[error("entry: {0}")]
    Short(#[from] ShortInput),
    /// A field holds a value that this version does not know.
    #[error("entry: unknown {field} {value}")]
    Unknown {
        /// Name of the field.
        field: &'static str,
        /// Its value.
        value: u8,
    },
    /// A field breaks the canonical form.
    #[error("entry: {0}")]
    NotCanonical(&'static str),
    /// The payload is larger than the limit.
    #[error("entry: payload of {bytes} bytes, the limit is {PAYLOAD_BYTES_MAX}")]
    TooLarge {
        /// Bytes that the header claims.
        bytes: usize,
    },
}

/// What an entry carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum EntryKind {
    /// A membership operation, in the clear: relays evaluate it.
    Authority = 1,
    /// A batch of automerge changes, sealed.
    Change = 2,
    /// A decision: a standalone signed statement, sealed.
    Approval = 4,
    /// A person's printed name and organisation, sealed.
    Profile = 5,
    /// A witness's receipt of another entry, sealed.
    Receipt = 6,
    /// What somebody did about a review beside deciding: a standalone signed statement, sealed.
    Act = 7,
    /// Who may decide for somebody: a standalone signed statement, sealed.
    Delegation = 8,
    /// What becomes of records, a hold or an erasure: a standalone signed statement, sealed.
    Record = 9,
}

impl EntryKind {
    fn from_byte(byte: u8) -> Result<Self, DecodeError> {
        Ok(match byte {
            1 => Self::Authority,
            2 => Self::Change,
            4 => Self::Approval,
            5 => Self::Profile,
            6 => Self::Receipt,
            7 => Self::Act,
            8 => Self::Delegation,
            9 => Self::Record,
            value => return Err(DecodeError::Unknown { field: "kind", value }),
        })
    }

    /// The class of log that carries it.
    pub fn class(self) -> LogClass {
        match self {
            Self::Authority => LogClass::Authority,
            Self::Change => LogClass::Changes,
            Self::Approval | Self::Profile | Self::Receipt | Self::Act | Self::Delegation | Self::Record => {
                LogClass::Statements
            }
        }
    }

    /// Whether the payload travels in the clear.
    pub fn is_plain(self) -> bool {
        self == Self::Authority
    }
}

/// An entry's header, without its signature. See the crate's layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the entry carries.
    pub kind: EntryKind,
    /// Who may read it; the same for a whole log.
    pub audience: Audience,
    /// The workspace; zero in a genesis entry, whose hash becomes the id.
    pub workspace: WorkspaceId,
    /// The document; the same for a whole log.
    pub doc: DocId,
    /// The device that signs.
    pub author: SignerKey,
    /// The writer session.
    pub log: LogId,
    /// Position in the log, from 1.
    pub seq: u64,
    /// The entry before in this log.
    pub prev: EntryHash,
    /// Head of the author's previous log of this class in this document.
    pub prev_log_head: EntryHash,
    /// The authority entry that the author stood on.
    pub auth_head: EntryHash,
    /// When the author says it was written.
    pub claimed_at: Millis,
    /// The epoch key that seals the payload.
    pub key: KeyId,
    /// The payload's nonce.
    pub nonce: Nonce,
    /// Keyed BLAKE3 of the hash of the last change inside.
    pub tip_commit: [u8; 32],
    /// Payload length, in bytes.
    pub payload_len: u32,
    /// BLAKE3 of the payload as transmitted.
    pub payload_hash: [u8; 32],
}

impl Header {
    /// Whether this is the first authority entry of a workspace.
    pub fn is_genesis(&self) -> bool {
        self.workspace.is_zero()
    }

    /// The canonical bytes that the signature covers.
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut w = ByteWriter::with_capacity(HEADER_BYTES);
        self.encode_prefix(&mut w);
        w.put(&self.tip_commit).u32(self.payload_len).put(&self.payload_hash);
        let mut out = [0; HEADER_BYTES];
        out.copy_from_slice(&w.finish());
        out
    }

    /// Every field before the payload's own: what sealing authenticates.
    fn encode_prefix(&self, w: &mut ByteWriter) {
        w.u8(VERSION).u8(self.kind as u8).u8(self.audience as u8);
        w.put(self.workspace.as_bytes()).put(self.doc.as_bytes()).put(self.author.as_bytes());
        w.put(self.log.as_bytes()).u64(self.seq).put(self.prev.as_bytes());
        w.put(self.prev_log_head.as_bytes()).put(self.auth_head.as_bytes()).u64(self.claimed_at.0);
        w.put(self.key.as_bytes()).put(self.nonce.as_bytes());
    }

    /// Reads the canonical bytes.
    pub fn decode(r: &mut ByteReader<'_>) -> Result<Self, DecodeError> {
        let version = r.u8("version")?;
        if version != VERSION {
            return Err(DecodeError::Unknown { field: "version", value: version });
        }
        let kind = EntryKind::from_byte(r.u8("kind")?)?;
        let audience = r.u8("audience")?;
        let header = Self {
            kind,
            audience: Audience::from_byte(audience)
                .ok_or(DecodeError::Unknown { field: "audience", value: audience })?,
            workspace: WorkspaceId::from_bytes(r.array("workspace_id")?),
            doc: DocId::from_bytes(r.array("doc_id")?),
            author: SignerKey::from_bytes(r.array("author")?),
            log: LogId::from_bytes(r.array("log_id")?),
            seq: r.u64("seq")?,
            prev: EntryHash::from_bytes(r.array("prev")?),
            prev_log_head: EntryHash::from_bytes(r.array("prev_log_head")?),
            auth_head: EntryHash::from_bytes(r.array("auth_head")?),
            claimed_at: Millis(r.u64("claimed_at")?),
            key: KeyId::from_bytes(r.array("key_id")?),
            nonce: Nonce::from_bytes(r.array("nonce")?),
            tip_commit: r.array("tip_commit")?,
            payload_len: r.u32("payload_len")?,
            payload_hash: r.array("payload_hash")?,
        };
        header.check_form()?;
        Ok(header)
    }

    /// Rules that a single header can break on its own.
    pub(crate) fn check_form(&self) -> Result<(), DecodeError> {
        let bytes = usize::try_from(self.payload_len).unwrap_or(usize::MAX);
        let plain = self.kind.is_plain();
        let first = self.seq == 1;
        let authority = self.kind == EntryKind::Authority;
        let rules = [
            (self.seq == 0, "seq counts from 1"),
            (self.seq > SEQ_MAX, "seq counts to 2^40"),
            (first != self.prev.is_zero(), "prev is zero exactly when seq is 1"),
            (!first && !self.prev_log_head.is_zero(), "prev_log_head belongs to the first entry of a log"),
            (
                self.key.is_zero() != plain || self.nonce.is_zero() != plain,
                "key_id and nonce are zero exactly where the payload is plain",
            ),
            (
                authority != (self.doc == DocId::AUTHORITY),
                "authority entries, and only they, use the authority log",
            ),
            (self.audience != self.doc.audience(), "the audience is the one that the document's id names"),
            (self.is_genesis() && !(authority && first), "only the first authority entry has no workspace"),
            (self.is_genesis() != self.auth_head.is_zero(), "auth_head is zero exactly in the genesis entry"),
            (!self.log.is_of(self.author, self.doc), "the log's id follows from its author and document"),
            (self.log.class() != Some(self.kind.class()), "the log's id names the class of its entries"),
        ];
        if bytes > PAYLOAD_BYTES_MAX {
            return Err(DecodeError::TooLarge { bytes });
        }
        match rules.iter().find(|(broken, _)| *broken) {
            Some((_, rule)) => Err(DecodeError::NotCanonical(rule)),
            None => Ok(()),
        }
    }
}

/// The associated data of a sealed payload: every header field before `tip_commit`.
pub fn seal_aad(header: &Header) -> Vec<u8> {
    let mut w = ByteWriter::with_capacity(HEADER_BYTES);
    header.encode_prefix(&mut w);
    w.finish()
}
