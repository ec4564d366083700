//! What a session is told, what it asks for, and what it tells.

use std::sync::Arc;

use bytes::Bytes;
use proofroom_blobs::{Slice, Span};
use proofroom_entry::{Signed, SignedSnapshot};
use proofroom_ident::{BlobHash, DocId, InviteId, Millis, Signature, SignerKey, SnapshotId, WorkspaceId};

use crate::{Audiences, ClockRow, Code, Coverage, Live, Refusal};

/// What a session is told.
#[derive(Clone, Debug)]
pub enum Input {
    /// The peer sent a frame.
    Frame(Bytes),
    /// Answers [`Output::PeerProved`]: let it in. Later on: what it may read has narrowed.
    Admit {
        /// What the peer may read.
        reads: Audiences,
        /// Whether its entries are taken.
        may_write: bool,
    },
    /// Answers [`Output::PeerProved`], or ends a running session: tells the peer why, and closes.
    Refuse {
        /// Why, for programs.
        code: Code,
        /// Why, for people.
        text: String,
    },
    /// As [`Input::Refuse`], to a device that was removed: first what shows it, parents first.
    Part {
        /// Entries of the membership log; beyond [`crate::limits::PARTING_BYTES_MAX`] none are sent.
        entries: Vec<Arc<[u8]>>,
        /// Why, for people.
        text: String,
    },
    /// These entries are in the store: own ones durable, others' at least visible. Never for what this same peer sent.
    Stored(Live),
    /// These entries are in the store, and a third party brought them: the peer is sent them
    /// unless it gets them elsewhere in a moment.
    Heard(Live),
    /// This side hears these devices themselves: what they write need not be passed on to it at once.
    Direct(Vec<SignerKey>),
    /// Answers the oldest open [`Output::Ingest`]: all of it is durable here, but for the refused.
    Ingested {
        /// One per log that is not taken any further.
        refused: Vec<Refusal>,
    },
    /// Ask the peer for its word that it holds a document's logs up to these entries: [`Event::Witnessed`].
    AskWitness {
        /// The document.
        doc: DocId,
        /// Its logs, ascending, as many as a page of a clock has at most.
        rows: Vec<ClockRow>,
    },
    /// Answers [`Output::WitnessAsked`].
    Witness {
        /// The document.
        doc: DocId,
        /// The moment and the signature (`proofroom_entry::Held`); nothing where it does not hold all, or gives no word.
        word: Option<(Millis, Signature)>,
    },
    /// Ask the peer for these documents first.
    Prefer(Vec<DocId>),
    /// Answers [`Output::SnapshotOffered`].
    AnswerSnapshot {
        /// The document.
        doc: DocId,
        /// The snapshot.
        id: SnapshotId,
        /// Whether it is to be sent.
        wanted: bool,
    },
    /// Answers [`Output::TakeSnapshot`].
    SnapshotTaken {
        /// The document.
        doc: DocId,
        /// The snapshot.
        id: SnapshotId,
        /// Whether it holds, and is durable here.
        taken: bool,
    },
    /// Offer the best snapshot of a document to a peer that holds the entries: it keeps it for others.
    OfferSnapshot(DocId),
    /// Tell the peer for how much of these documents a snapshot is kept here.
    Covered(Vec<Coverage>),
    /// Offer these blobs with their sizes; the peer asks for those that it lacks.
    OfferBlobs(Vec<(BlobHash, u64)>),
    /// Ask the peer for a slice of a blob of `total` bytes.
    AskBlob {
        /// The blob.
        blob: BlobHash,
        /// Its size; anything else is not this blob.
        total: u64,
        /// The slice.
        span: Span,
    },
    /// Answers [`Output::BlobOffered`], at once or once it was fetched: the blob is durable here.
    BlobHeld(BlobHash),
    /// Answers [`Output::BlobOffered`], at once or later: it is not taken.
    RefuseBlob {
        /// The blob.
        blob: BlobHash,
        /// Why, for programs.
        code: Code,
        /// Why, for people.
        text: String,
    },
    /// Answers [`Output::ReadBlob`].
    BlobRead {
        /// The blob.
        blob: BlobHash,
        /// Size of the whole blob.
        total: u64,
        /// The slice.
        span: Span,
        /// The slice with its hash pairs; nothing, if a blob of this size has no such slice.
        encoded: Bytes,
    },
    /// Answers [`Output::ReadBlob`]: not held, or no longer.
    BlobMissing(BlobHash),
    /// Time passed. Every second or so is enough.
    Tick,
}

/// What a session asks of its driver, in order.
#[derive(Clone, Debug)]
pub enum Output {
    /// Send this frame.
    Send(Bytes),
    /// Server only: the client proved its key. Answer [`Input::Admit`] or [`Input::Refuse`].
    PeerProved {
        /// The client's device.
        device: SignerKey,
        /// The workspace that it asks for.
        workspace: WorkspaceId,
        /// The invite whose capability it proved.
        invite: Option<InviteId>,
    },
    /// Verify and store these; once they are durable, answer [`Input::Ingested`]. In order, one answer each.
    Ingest(Vec<Signed>),
    /// The peer offers a snapshot in place of entries. Answer [`Input::AnswerSnapshot`].
    SnapshotOffered {
        /// The document.
        doc: DocId,
        /// The snapshot.
        id: SnapshotId,
        /// For how many entries it stands, says the peer.
        entries: u64,
        /// Its size.
        bytes: u64,
    },
    /// A snapshot that was wanted is whole. Verify it, make it durable, answer [`Input::SnapshotTaken`].
    TakeSnapshot(Box<SignedSnapshot>),
    /// The peer asks for this side's word that it holds these entries. Answer [`Input::Witness`].
    WitnessAsked {
        /// The document.
        doc: DocId,
        /// Its logs.
        rows: Vec<ClockRow>,
    },
    /// The peer offers a blob. Answer `BlobHeld` or `RefuseBlob`; or fetch it, then answer.
    BlobOffered {
        /// The blob.
        blob: BlobHash,
        /// Its size.
        bytes: u64,
    },
    /// Read and prove a slice. Answer [`Input::BlobRead`] or [`Input::BlobMissing`].
    ReadBlob {
        /// The blob.
        blob: BlobHash,
        /// The slice; the blob may be too short for it.
        span: Span,
    },
    /// A slice that was asked for came, and is what it claims to be: write it.
    BlobSlice {
        /// The blob.
        blob: BlobHash,
        /// Size of the whole blob.
        total: u64,
        /// The slice.
        slice: Slice,
    },
    /// Something to show.
    Event(Event),
    /// The session is over: send what is queued, then close the connection.
    Close {
        /// Why, for programs.
        code: Code,
        /// Why, for people.
        text: String,
    },
}

/// A direction, seen from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// To the peer.
    Out,
    /// From the peer.
    In,
}

/// What a session tells the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Both sides proved their keys and the session runs.
    Admitted {
        /// The peer's device.
        peer: SignerKey,
        /// The audiences that are exchanged.
        reads: Audiences,
        /// Whether the peer takes entries.
        may_write: bool,
    },
    /// The peer refuses the session, or ends it.
    Refused {
        /// Why, for programs.
        code: Code,
        /// Why, for people.
        text: String,
    },
    /// So many entries will be sent because the peer lacks them.
    Outgoing {
        /// How many.
        entries: u64,
    },
    /// So many entries will come because this side lacks them.
    Incoming {
        /// How many.
        entries: u64,
    },
    /// Entries are durable at the peer.
    Delivered {
        /// How many with this confirmation.
        entries: u64,
        /// Their size.
        bytes: u64,
        /// How many are still on their way, as far as known.
        outstanding: u64,
    },
    /// Entries of the peer's are durable here.
    Received {
        /// How many of one batch.
        entries: u64,
        /// Their size.
        bytes: u64,
    },
    /// The peer does not take a log any further; the session goes on without it.
    EntriesRefused(Refusal),
    /// The peer's word that it holds what it was asked for, which nobody has verified yet; or none.
    Witnessed {
        /// The document.
        doc: DocId,
        /// The moment and the signature.
        word: Option<(Millis, Signature)>,
    },
    /// The peer keeps these snapshots.
    Covered(Vec<Coverage>),
    /// A snapshot is durable at the peer.
    SnapshotDelivered {
        /// The document.
        doc: DocId,
        /// The snapshot.
        id: SnapshotId,
    },
    /// Both sides have all that the other had when the session began. Once per session.
    InSync,
    /// A slice of a blob went or came.
    BlobProgress {
        /// Which way.
        direction: Direction,
        /// The blob.
        blob: BlobHash,
        /// Bytes of this slice.
        bytes: u64,
        /// Size of the whole.
        total: u64,
    },
    /// An offered blob is durable at the peer.
    BlobDelivered {
        /// The blob.
        blob: BlobHash,
        /// Its size.
        bytes: u64,
    },
    /// The peer does not hold a blob that it was asked for.
    BlobMissing(BlobHash),
    /// The peer holds a blob of that name and another size: whoever announced the size was wrong.
    BlobOtherSize {
        /// The blob.
        blob: BlobHash,
        /// The size that was asked for.
        wanted: u64,
        /// The size that the peer tells.
        told: u64,
    },
    /// The peer does not take an offered blob.
    BlobRefused {
        /// The blob.
        blob: BlobHash,
        /// Why, for programs.
        code: Code,
        /// Why, for people.
        text: String,
    },
    /// The peer sent bytes that are not the blob they claim to be; the session closes.
    BlobWrong(BlobHash),
}
