//! Messages to bytes.

use bytes::Bytes;
use proofroom_blobs::Span;
use proofroom_ident::{ByteWriter, DocId};

use super::{ClockRow, Greeting, Message, Open, Refusal, SnapshotAnswer, Welcome};
use crate::limits::TEXT_BYTES_MAX;

pub(super) const SCHEMA: u8 = 1;

/// Tags, in the order of the layout.
pub(super) mod tag {
    pub const GREETING: u8 = 1;
    pub const OPEN: u8 = 2;
    pub const WELCOME: u8 = 3;
    pub const REFUSE: u8 = 4;
    pub const DIGESTS: u8 = 5;
    pub const CLOCK: u8 = 6;
    pub const COMING: u8 = 7;
    pub const ENTRIES: u8 = 8;
    pub const PART: u8 = 9;
    pub const ACK: u8 = 10;
    pub const CAUGHT_UP: u8 = 11;
    pub const PREFER: u8 = 12;
    pub const BLOB_OFFER: u8 = 13;
    pub const BLOB_ASK: u8 = 14;
    pub const BLOB_SLICE: u8 = 15;
    pub const BLOB_HELD: u8 = 16;
    pub const BLOB_MISSING: u8 = 17;
    pub const BLOB_REFUSE: u8 = 18;
    pub const HAVE: u8 = 32;
    pub const DIRECT: u8 = 33;
    pub const WITNESS_ASK: u8 = 34;
    pub const WITNESS_WORD: u8 = 35;
    pub const COVERED: u8 = 48;
    pub const SNAPSHOT_OFFER: u8 = 49;
    pub const SNAPSHOT_ANSWER: u8 = 50;
    pub const SNAPSHOT_PART: u8 = 51;
}

/// One frame of entries, encoded once for all its readers.
pub(crate) fn entries_frame<'a>(entries: impl ExactSizeIterator<Item = &'a [u8]> + Clone) -> Bytes {
    let bytes: usize = entries.clone().map(|e| e.len() + 4).sum();
    let mut w = ByteWriter::with_capacity(6 + bytes);
    w.u8(SCHEMA).u8(tag::ENTRIES);
    count(&mut w, entries.len());
    for entry in entries {
        w.run(entry);
    }
    w.finish().into()
}

fn count(w: &mut ByteWriter, n: usize) {
    w.u32(u32::try_from(n).expect("lists are paged far below 4 billion rows"));
}

/// Cuts a text at a character boundary, so that no refusal outgrows its limit.
fn text(w: &mut ByteWriter, text: &str) {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    w.run(&text.as_bytes()[..end]);
}

impl Message {
    fn tag(&self) -> u8 {
        match self {
            Self::Greeting(_) => tag::GREETING,
            Self::Open(_) => tag::OPEN,
            Self::Welcome(_) => tag::WELCOME,
            Self::Refuse { .. } => tag::REFUSE,
            Self::Digests { .. } => tag::DIGESTS,
            Self::Clock { .. } => tag::CLOCK,
            Self::Coming { .. } => tag::COMING,
            Self::Entries(_) => tag::ENTRIES,
            Self::Part { .. } => tag::PART,
            Self::Ack { .. } => tag::ACK,
            Self::CaughtUp => tag::CAUGHT_UP,
            Self::Prefer(_) => tag::PREFER,
            Self::BlobOffer(_) => tag::BLOB_OFFER,
            Self::BlobAsk { .. } => tag::BLOB_ASK,
            Self::BlobSlice { .. } => tag::BLOB_SLICE,
            Self::BlobHeld(_) => tag::BLOB_HELD,
            Self::BlobMissing(_) => tag::BLOB_MISSING,
            Self::BlobRefuse { .. } => tag::BLOB_REFUSE,
            Self::Have(_) => tag::HAVE,
            Self::Direct(_) => tag::DIRECT,
            Self::WitnessAsk { .. } => tag::WITNESS_ASK,
            Self::WitnessWord { .. } => tag::WITNESS_WORD,
            Self::Covered(_) => tag::COVERED,
            Self::SnapshotOffer { .. } => tag::SNAPSHOT_OFFER,
            Self::SnapshotAnswer { .. } => tag::SNAPSHOT_ANSWER,
            Self::SnapshotPart { .. } => tag::SNAPSHOT_PART,
        }
    }

    /// The canonical frame.
    pub fn encode(&self) -> Bytes {
        if let Self::Entries(entries) = self {
            return entries_frame(entries.iter().map(AsRef::as_ref));
        }
        let mut w = ByteWriter::with_capacity(64);
        w.u8(SCHEMA).u8(self.tag());
        self.put_body(&mut w);
        w.finish().into()
    }

    fn put_body(&self, w: &mut ByteWriter) {
        match self {
            Self::Greeting(g) => put_greeting(w, g),
            Self::Open(open) => put_open(w, open),
            Self::Welcome(welcome) => put_welcome(w, welcome),
            Self::Refuse { code, text: t } => text(w.u16(code.number()), t),
            Self::Digests { last, docs } => {
                count(w.u8((*last).into()), docs.len());
                docs.iter().for_each(|(doc, digest)| _ = w.put(doc.as_bytes()).put(digest));
            }
            Self::Clock { doc, last, rows } => {
                count(w.put(doc.as_bytes()).u8((*last).into()), rows.len());
                rows.iter().for_each(|row| put_row(w, row));
            }
            Self::Coming { entries } => _ = w.u64(*entries),
            Self::Entries(_) => unreachable!("encoded by entries_frame"),
            Self::Part { total, offset, bytes } => _ = w.u32(*total).u32(*offset).run(bytes),
            Self::Ack { batches, refused } => {
                count(w.u32(*batches), refused.len());
                refused.iter().for_each(|r| put_refusal(w, r));
            }
            Self::CaughtUp => {}
            Self::Prefer(docs) => put_docs(w, docs),
            Self::BlobOffer(blobs) => {
                count(w, blobs.len());
                blobs.iter().for_each(|(blob, bytes)| _ = w.put(blob.as_bytes()).u64(*bytes));
            }
            Self::BlobAsk { blob, span } => put_span(w.put(blob.as_bytes()), *span),
            Self::BlobSlice { blob, total, span, encoded } => {
                put_span(w.put(blob.as_bytes()).u64(*total), *span);
                w.run(encoded);
            }
            Self::BlobHeld(blob) | Self::BlobMissing(blob) => _ = w.put(blob.as_bytes()),
            Self::BlobRefuse { blob, code, text: t } => text(w.put(blob.as_bytes()).u16(code.number()), t),
            Self::Have(places) => {
                count(w, places.len());
                places
                    .iter()
                    .for_each(|(doc, log, seq)| _ = w.put(doc.as_bytes()).put(log.as_bytes()).u64(*seq));
            }
            Self::Direct(devices) => {
                count(w, devices.len());
                devices.iter().for_each(|device| _ = w.put(device.as_bytes()));
            }
            Self::WitnessAsk { doc, rows } => {
                count(w.put(doc.as_bytes()), rows.len());
                rows.iter().for_each(|row| put_row(w, row));
            }
            Self::WitnessWord { doc, word } => {
                w.put(doc.as_bytes());
                match word {
                    None => _ = w.u8(0),
                    Some((at, signature)) => _ = w.u8(1).u64(at.0).put(signature.as_bytes()),
                }
            }
            snapshot => snapshot.put_snapshot(w),
        }
    }

    /// What concerns snapshots.
    fn put_snapshot(&self, w: &mut ByteWriter) {
        match self {
            Self::Covered(rows) => {
                count(w, rows.len());
                rows.iter().for_each(|row| _ = w.put(row.doc.as_bytes()).u64(row.entries).u64(row.bytes));
            }
            Self::SnapshotOffer { doc, id, entries, bytes } => {
                w.put(doc.as_bytes()).put(id.as_bytes()).u64(*entries).u64(*bytes);
            }
            Self::SnapshotAnswer { doc, id, answer } => {
                let answer = match answer {
                    SnapshotAnswer::Declined => 0,
                    SnapshotAnswer::Wanted => 1,
                    SnapshotAnswer::Taken => 2,
                };
                w.put(doc.as_bytes()).put(id.as_bytes()).u8(answer);
            }
            Self::SnapshotPart { doc, id, offset, bytes } => {
                w.put(doc.as_bytes()).put(id.as_bytes()).u64(*offset).run(bytes);
            }
            _ => unreachable!("all others are put by put_body"),
        }
    }
}

/// A slice is shorter than 4 GiB by far.
fn put_span(w: &mut ByteWriter, span: Span) {
    w.u64(span.offset).u32(u32::try_from(span.bytes).unwrap_or(u32::MAX));
}

fn put_docs(w: &mut ByteWriter, docs: &[DocId]) {
    count(w, docs.len());
    docs.iter().for_each(|doc| _ = w.put(doc.as_bytes()));
}

fn put_greeting(w: &mut ByteWriter, g: &Greeting) {
    w.u16(g.proto).put(&g.nonce).put(g.device.as_bytes());
}

fn put_open(w: &mut ByteWriter, o: &Open) {
    w.u16(o.proto).put(&o.nonce).put(o.device.as_bytes()).put(o.workspace.as_bytes()).u8(o.offers.bits());
    match &o.invite {
        None => w.u8(0),
        Some((id, signature)) => w.u8(1).put(id.as_bytes()).put(signature.as_bytes()),
    };
    w.put(&o.summary.0[0]).put(&o.summary.0[1]);
    put_docs(w, &o.prefer);
    w.put(o.proof.as_bytes());
}

fn put_welcome(w: &mut ByteWriter, a: &Welcome) {
    w.u8(a.reads.bits()).u8(a.may_write.into());
    w.put(&a.summary.0[0]).put(&a.summary.0[1]).put(a.proof.as_bytes());
}

fn put_row(w: &mut ByteWriter, row: &ClockRow) {
    w.put(row.log.as_bytes()).u64(row.seq).put(row.head.as_bytes());
}

fn put_refusal(w: &mut ByteWriter, r: &Refusal) {
    w.put(r.doc.as_bytes()).put(r.log.as_bytes()).u64(r.seq).u32(r.count).u16(r.code.number());
    text(w, &r.text);
}
