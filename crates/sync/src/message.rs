//! What travels: one message per frame.
//!
//! ```text
//! frame        schema:u8=1  tag:u8  body
//!
//!  1 Greeting  proto:u16 nonce:32 device:32                      server, at once
//!  2 Open      proto:u16 nonce:32 device:32 workspace:32 offers:u8
//!              invite:(0 | 1 id:32 signature:64) summary:2*32
//!              n:u32 n*prefer:16 proof:64                        client
//!  3 Welcome   reads:u8 may_write:u8 summary:2*32 proof:64       server
//!  4 Refuse    code:u16 text:run                                 either, then closes
//!  5 Digests   last:u8 n:u32 n*(doc:16 digest:32)                ascending, paged
//!  6 Clock     doc:16 last:u8 n:u32 n*(log:16 seq:u64 head:32)   ascending, paged
//!  7 Coming    entries:u64                                       how many are on their way
//!  8 Entries   n:u32 n*entry:run                                 one batch; before a Refuse: what shows a removal
//!  9 Part      total:u32 offset:u32 bytes:run                    of one large entry: one batch
//! 10 Ack       batches:u32 n:u32 n*(doc:16 log:16 seq:u64 count:u32 code:u16 text:run)
//! 11 CaughtUp                                                    the peer has all there was
//! 12 Prefer    n:u32 n*doc:16                                    these first, please
//! 13 BlobOffer n:u32 n*(blob:32 bytes:u64)
//! 14 BlobAsk   blob:32 offset:u64 bytes:u32                      one slice
//! 15 BlobSlice blob:32 total:u64 offset:u64 bytes:u32 encoded:run   with its hash pairs
//! 16 BlobHeld  blob:32                                           durable at the sender of this
//! 17 BlobMissing blob:32
//! 18 BlobRefuse  blob:32 code:u16 text:run
//! 32 Have      n:u32 n*(doc:16 log:16 seq:u64)                   durable at the sender of this, up to there
//! 33 Direct    n:u32 n*device:32                                 the sender hears these devices themselves
//! 34 WitnessAsk   doc:16 n:u32 n*(log:16 seq:u64 head:32)         does the receiver hold these? its word, please
//! 35 WitnessWord  doc:16 (0 | 1 at:u64 signature:64)              all of it, at that moment of its clock; or no
//! 48 Covered   n:u32 n*(doc:16 entries:u64 bytes:u64)            snapshots that the sender of this keeps
//! 49 SnapshotOffer  doc:16 snapshot:32 entries:u64 bytes:u64     in place of so many entries
//! 50 SnapshotAnswer doc:16 snapshot:32 answer:u8                 0 declined, 1 wanted, 2 taken and durable
//! 51 SnapshotPart   doc:16 snapshot:32 offset:u64 bytes:run      in order; confirmed as a batch is
//! ```
//!
//! A frame of entries carries no number of its own session, so one encoding
//! serves every reader; batches are counted by both sides.

use bytes::Bytes;
use proofroom_blobs::Span;
use proofroom_ident::{
    BlobHash, DocId, EntryHash, InviteId, LogId, Millis, ShortInput, Signature, SignerKey, SnapshotId,
    WorkspaceId,
};

use crate::{Audiences, Code};

mod decode;
mod encode;

pub(crate) use encode::entries_frame;

/// A session's random challenge.
pub type Challenge = [u8; 32];

/// A digest per audience; all zero where nothing is held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary(pub [[u8; 32]; 2]);

/// The server's first words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// Version of the protocol.
    pub proto: u16,
    /// The server's challenge.
    pub nonce: Challenge,
    /// The server's key.
    pub device: SignerKey,
}

/// The client's first words: who it is, the proof, and what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// Version of the protocol.
    pub proto: u16,
    /// The client's challenge.
    pub nonce: Challenge,
    /// The client's device.
    pub device: SignerKey,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// What the client is ready to exchange with this server.
    pub offers: Audiences,
    /// The proof of an invite's capability.
    pub invite: Option<(InviteId, Signature)>,
    /// What the client holds.
    pub summary: Summary,
    /// Documents to send first.
    pub prefer: Vec<DocId>,
    /// The device's signature over the handshake.
    pub proof: Signature,
}

/// The server's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// The audiences that this session exchanges.
    pub reads: Audiences,
    /// Whether the server takes entries from the client.
    pub may_write: bool,
    /// What the server holds of those audiences.
    pub summary: Summary,
    /// The server's signature over the handshake.
    pub proof: Signature,
}

/// Where one log stands at the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockRow {
    /// The log.
    pub log: LogId,
    /// Its last position.
    pub seq: u64,
    /// The hash of its last entry.
    pub head: EntryHash,
}

/// A log that the receiver does not take any further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The document.
    pub doc: DocId,
    /// The log.
    pub log: LogId,
    /// The first position that is refused.
    pub seq: u64,
    /// How many entries of the batch are refused with it.
    pub count: u32,
    /// Why, for programs.
    pub code: Code,
    /// Why, for people.
    pub text: String,
}

/// What a peer keeps in place of a document's entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// The document.
    pub doc: DocId,
    /// For how many entries its best snapshot stands.
    pub entries: u64,
    /// That snapshot's size.
    pub bytes: u64,
}

/// What becomes of a snapshot that was offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotAnswer {
    /// It is not taken: send entries.
    Declined,
    /// Send it.
    Wanted,
    /// It is durable here, in place of the entries below its rows.
    Taken,
}

/// One frame's content.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the layout above names every field")]
pub enum Message {
    Greeting(Greeting),
    Open(Box<Open>),
    Welcome(Welcome),
    Refuse { code: Code, text: String },
    Digests { last: bool, docs: Vec<(DocId, [u8; 32])> },
    Clock { doc: DocId, last: bool, rows: Vec<ClockRow> },
    Coming { entries: u64 },
    Entries(Vec<Bytes>),
    Part { total: u32, offset: u32, bytes: Bytes },
    Ack { batches: u32, refused: Vec<Refusal> },
    CaughtUp,
    Prefer(Vec<DocId>),
    BlobOffer(Vec<(BlobHash, u64)>),
    BlobAsk { blob: BlobHash, span: Span },
    BlobSlice { blob: BlobHash, total: u64, span: Span, encoded: Bytes },
    BlobHeld(BlobHash),
    BlobMissing(BlobHash),
    BlobRefuse { blob: BlobHash, code: Code, text: String },
    Have(Vec<(DocId, LogId, u64)>),
    Direct(Vec<SignerKey>),
    WitnessAsk { doc: DocId, rows: Vec<ClockRow> },
    WitnessWord { doc: DocId, word: Option<(Millis, Signature)> },
    Covered(Vec<Coverage>),
    SnapshotOffer { doc: DocId, id: SnapshotId, entries: u64, bytes: u64 },
    SnapshotAnswer { doc: DocId, id: SnapshotId, answer: SnapshotAnswer },
    SnapshotPart { doc: DocId, id: SnapshotId, offset: u64, bytes: Bytes },
}

/// Whether a frame carries a file's bytes, or the answer that takes their place:
/// a transport may let all other frames overtake it.
pub fn is_bulk(frame: &[u8]) -> bool {
    matches!(frame, [encode::SCHEMA, encode::tag::BLOB_SLICE | encode::tag::BLOB_MISSING, ..])
}

/// Bytes are not a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The frame is larger than the limit.
    #[error("a frame of {bytes} bytes, the limit is {max}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// The frame ends too early.
    #[error("frame: {0}")]
    Short(#[from] ShortInput),
    /// A field holds a value that this version does not know.
    #[error("frame: unknown {field} {value}")]
    Unknown {
        /// Name of the field.
        field: &'static str,
        /// Its value.
        value: u8,
    },
    /// A field breaks the canonical form.
    #[error("frame: {0}")]
    NotCanonical(&'static str),
}
