//! Bytes to messages: every length checked, every list bounded, every order strict.

use bytes::Bytes;
use proofroom_blobs::{ENCODED_BYTES_MAX, Span};
use proofroom_ident::{
    BlobHash, ByteReader, DocId, EntryHash, InviteId, LogId, Millis, Signature, SignerKey, SnapshotId,
    WorkspaceId,
};

use super::encode::{SCHEMA, tag};
use super::{
    ClockRow, Coverage, DecodeError, Greeting, Message, Open, Refusal, SnapshotAnswer, Summary, Welcome,
};
use crate::limits::{
    CLOCK_PAGE, COVERED_MAX, DIGESTS_PAGE, DIRECT_MAX, ENTRIES_BYTES_MAX, FRAME_BYTES_MAX, HAVE_PAGE,
    OFFERS_PAGE, PREFERRED_MAX, REFUSALS_MAX, TEXT_BYTES_MAX, WITNESS_ROWS_MAX,
};
use crate::{Audiences, Code};

impl Message {
    /// Whether a frame brings entries, or a part of one, as far as its first bytes tell: such frames make work.
    pub fn brings_entries(frame: &[u8]) -> bool {
        matches!(frame, [SCHEMA, tag::ENTRIES | tag::PART, ..])
    }

    /// Reads one frame. Entries and pieces of blobs stay slices of it.
    pub fn decode(frame: &Bytes) -> Result<Self, DecodeError> {
        if frame.len() > FRAME_BYTES_MAX {
            return Err(DecodeError::TooLarge { bytes: frame.len(), max: FRAME_BYTES_MAX });
        }
        let mut r = ByteReader::new(frame);
        let schema = r.u8("schema")?;
        if schema != SCHEMA {
            return Err(DecodeError::Unknown { field: "schema", value: schema });
        }
        let tag = r.u8("tag")?;
        let message = body(tag, &mut r, frame)?;
        if r.is_empty() { Ok(message) } else { Err(DecodeError::NotCanonical("bytes follow the message")) }
    }
}

fn body(tag: u8, r: &mut ByteReader<'_>, frame: &Bytes) -> Result<Message, DecodeError> {
    Ok(match tag {
        tag::GREETING => Message::Greeting(greeting(r)?),
        tag::OPEN => Message::Open(Box::new(open(r)?)),
        tag::WELCOME => Message::Welcome(welcome(r)?),
        tag::REFUSE => Message::Refuse { code: code(r)?, text: text(r)? },
        tag::DIGESTS => Message::Digests { last: flag(r, "last")?, docs: digests(r)? },
        tag::CLOCK => Message::Clock { doc: doc(r)?, last: flag(r, "last")?, rows: rows(r, CLOCK_PAGE)? },
        tag::COMING => Message::Coming { entries: r.u64("entries")? },
        tag::ENTRIES => Message::Entries(entries(r, frame)?),
        tag::PART => Message::Part {
            total: r.u32("total")?,
            offset: r.u32("offset")?,
            bytes: piece(r, frame, ENTRIES_BYTES_MAX, "a part of an entry is too long")?,
        },
        tag::ACK => Message::Ack {
            batches: r.u32("batches")?,
            refused: list(r, REFUSALS_MAX, "too many refusals", refusal)?,
        },
        tag::CAUGHT_UP => Message::CaughtUp,
        tag::PREFER => Message::Prefer(preferred(r)?),
        tag::BLOB_OFFER => Message::BlobOffer(list(r, OFFERS_PAGE, "too many blobs are offered", |r| {
            Ok((blob(r)?, r.u64("bytes")?))
        })?),
        tag::BLOB_ASK => Message::BlobAsk { blob: blob(r)?, span: span(r)? },
        tag::BLOB_SLICE => Message::BlobSlice {
            blob: blob(r)?,
            total: r.u64("total")?,
            span: span(r)?,
            encoded: piece(r, frame, ENCODED_BYTES_MAX, "a slice of a blob is too long")?,
        },
        tag::BLOB_HELD => Message::BlobHeld(blob(r)?),
        tag::BLOB_MISSING => Message::BlobMissing(blob(r)?),
        tag::BLOB_REFUSE => Message::BlobRefuse { blob: blob(r)?, code: code(r)?, text: text(r)? },
        tag::HAVE => Message::Have(list(r, HAVE_PAGE, "too many logs are named", |r| {
            Ok((doc(r)?, LogId::from_bytes(r.array("log")?), r.u64("position")?))
        })?),
        tag::DIRECT => Message::Direct(list(r, DIRECT_MAX, "too many devices are named", |r| {
            Ok(SignerKey::from_bytes(r.array("device")?))
        })?),
        tag::WITNESS_ASK => Message::WitnessAsk { doc: doc(r)?, rows: rows(r, WITNESS_ROWS_MAX)? },
        tag::WITNESS_WORD => Message::WitnessWord {
            doc: doc(r)?,
            word: match flag(r, "word")? {
                false => None,
                true => Some((Millis(r.u64("moment")?), signature(r)?)),
            },
        },
        tag::COVERED => Message::Covered(list(r, COVERED_MAX, "too many snapshots are named", |r| {
            Ok(Coverage { doc: doc(r)?, entries: r.u64("entries")?, bytes: r.u64("bytes")? })
        })?),
        tag::SNAPSHOT_OFFER => Message::SnapshotOffer {
            doc: doc(r)?,
            id: snapshot(r)?,
            entries: r.u64("entries")?,
            bytes: r.u64("bytes")?,
        },
        tag::SNAPSHOT_ANSWER => {
            Message::SnapshotAnswer { doc: doc(r)?, id: snapshot(r)?, answer: answer(r)? }
        }
        tag::SNAPSHOT_PART => Message::SnapshotPart {
            doc: doc(r)?,
            id: snapshot(r)?,
            offset: r.u64("offset")?,
            bytes: piece(r, frame, ENTRIES_BYTES_MAX, "a part of a snapshot is too long")?,
        },
        value => return Err(DecodeError::Unknown { field: "tag", value }),
    })
}

fn snapshot(r: &mut ByteReader<'_>) -> Result<SnapshotId, DecodeError> {
    Ok(SnapshotId::from_bytes(r.array("snapshot")?))
}

fn answer(r: &mut ByteReader<'_>) -> Result<SnapshotAnswer, DecodeError> {
    match r.u8("answer")? {
        0 => Ok(SnapshotAnswer::Declined),
        1 => Ok(SnapshotAnswer::Wanted),
        2 => Ok(SnapshotAnswer::Taken),
        value => Err(DecodeError::Unknown { field: "answer", value }),
    }
}

/// A list behind its length. Capacity grows with what is there, never with what is claimed.
fn list<T>(
    r: &mut ByteReader<'_>,
    max: usize,
    too_many: &'static str,
    item: impl Fn(&mut ByteReader<'_>) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let n = usize::try_from(r.u32("count")?).unwrap_or(usize::MAX);
    if n > max {
        return Err(DecodeError::NotCanonical(too_many));
    }
    (0..n).map(|_| item(r)).collect()
}

fn flag(r: &mut ByteReader<'_>, field: &'static str) -> Result<bool, DecodeError> {
    match r.u8(field)? {
        0 => Ok(false),
        1 => Ok(true),
        value => Err(DecodeError::Unknown { field, value }),
    }
}

fn doc(r: &mut ByteReader<'_>) -> Result<DocId, DecodeError> {
    Ok(DocId::from_bytes(r.array("doc")?))
}

fn span(r: &mut ByteReader<'_>) -> Result<Span, DecodeError> {
    Ok(Span { offset: r.u64("offset")?, bytes: r.u32("bytes")?.into() })
}

fn blob(r: &mut ByteReader<'_>) -> Result<BlobHash, DecodeError> {
    Ok(BlobHash::from_bytes(r.array("blob")?))
}

fn code(r: &mut ByteReader<'_>) -> Result<Code, DecodeError> {
    Ok(Code::from_number(r.u16("code")?))
}

fn text(r: &mut ByteReader<'_>) -> Result<String, DecodeError> {
    let bytes = r.run("text")?;
    if bytes.len() > TEXT_BYTES_MAX {
        return Err(DecodeError::NotCanonical("a text is too long"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| DecodeError::NotCanonical("a text is not UTF-8"))?;
    Ok(text.to_owned())
}

fn audiences(r: &mut ByteReader<'_>, field: &'static str) -> Result<Audiences, DecodeError> {
    let value = r.u8(field)?;
    Audiences::from_bits(value).ok_or(DecodeError::Unknown { field, value })
}

fn signature(r: &mut ByteReader<'_>) -> Result<Signature, DecodeError> {
    Ok(Signature::from_bytes(r.array("signature")?))
}

fn summary(r: &mut ByteReader<'_>) -> Result<Summary, DecodeError> {
    Ok(Summary([r.array("summary")?, r.array("summary")?]))
}

fn greeting(r: &mut ByteReader<'_>) -> Result<Greeting, DecodeError> {
    Ok(Greeting {
        proto: r.u16("proto")?,
        nonce: r.array("nonce")?,
        device: SignerKey::from_bytes(r.array("device")?),
    })
}

fn open(r: &mut ByteReader<'_>) -> Result<Open, DecodeError> {
    Ok(Open {
        proto: r.u16("proto")?,
        nonce: r.array("nonce")?,
        device: SignerKey::from_bytes(r.array("device")?),
        workspace: WorkspaceId::from_bytes(r.array("workspace")?),
        offers: audiences(r, "offers")?,
        invite: match flag(r, "invite")? {
            false => None,
            true => Some((InviteId::from_bytes(r.array("invite")?), signature(r)?)),
        },
        summary: summary(r)?,
        prefer: preferred(r)?,
        proof: signature(r)?,
    })
}

fn preferred(r: &mut ByteReader<'_>) -> Result<Vec<DocId>, DecodeError> {
    list(r, PREFERRED_MAX, "too many documents are preferred", doc)
}

fn welcome(r: &mut ByteReader<'_>) -> Result<Welcome, DecodeError> {
    Ok(Welcome {
        reads: audiences(r, "reads")?,
        may_write: flag(r, "may_write")?,
        summary: summary(r)?,
        proof: signature(r)?,
    })
}

fn digests(r: &mut ByteReader<'_>) -> Result<Vec<(DocId, [u8; 32])>, DecodeError> {
    let docs = list(r, DIGESTS_PAGE, "too many documents in a page", |r| Ok((doc(r)?, r.array("digest")?)))?;
    match docs.windows(2).all(|w| w[0].0 < w[1].0) {
        true => Ok(docs),
        false => Err(DecodeError::NotCanonical("documents are not in ascending order")),
    }
}

fn rows(r: &mut ByteReader<'_>, max: usize) -> Result<Vec<ClockRow>, DecodeError> {
    let rows = list(r, max, "too many logs in a page", |r| {
        Ok(ClockRow {
            log: LogId::from_bytes(r.array("log")?),
            seq: r.u64("seq")?,
            head: EntryHash::from_bytes(r.array("head")?),
        })
    })?;
    match rows.windows(2).all(|w| w[0].log < w[1].log) {
        true => Ok(rows),
        false => Err(DecodeError::NotCanonical("logs are not in ascending order")),
    }
}

fn refusal(r: &mut ByteReader<'_>) -> Result<Refusal, DecodeError> {
    Ok(Refusal {
        doc: doc(r)?,
        log: LogId::from_bytes(r.array("log")?),
        seq: r.u64("seq")?,
        count: r.u32("count")?,
        code: code(r)?,
        text: text(r)?,
    })
}

fn entries(r: &mut ByteReader<'_>, frame: &Bytes) -> Result<Vec<Bytes>, DecodeError> {
    let out = list(r, FRAME_BYTES_MAX, "too many entries", |r| {
        let bytes = r.run("entry")?;
        Ok(frame.slice_ref(bytes))
    })?;
    if out.is_empty() { Err(DecodeError::NotCanonical("a batch without entries")) } else { Ok(out) }
}

fn piece(
    r: &mut ByteReader<'_>,
    frame: &Bytes,
    max: usize,
    too_long: &'static str,
) -> Result<Bytes, DecodeError> {
    let bytes = r.run("bytes")?;
    if bytes.len() > max { Err(DecodeError::NotCanonical(too_long)) } else { Ok(frame.slice_ref(bytes)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_that_make_work_are_told_by_their_first_bytes() {
        let part = Message::Part { total: 9, offset: 0, bytes: Bytes::from_static(b"some") };
        for message in [Message::Entries(Vec::new()), part] {
            assert!(Message::brings_entries(&message.encode()), "{message:?}");
        }
        for message in [Message::CaughtUp, Message::Ack { batches: 1, refused: Vec::new() }] {
            assert!(!Message::brings_entries(&message.encode()), "{message:?}");
        }
        assert!(!Message::brings_entries(&[]) && !Message::brings_entries(&[SCHEMA]));
        assert!(!Message::brings_entries(&[SCHEMA + 1, tag::ENTRIES]));
    }

    #[track_caller]
    fn check_back(message: &Message) {
        assert_eq!(Message::decode(&message.encode()).expect("within its limits").encode(), message.encode());
    }

    #[test]
    fn a_limit_is_met_exactly_and_not_passed() {
        let full = Message::decode(&vec![9; FRAME_BYTES_MAX].into());
        assert!(matches!(full, Err(DecodeError::Unknown { field: "schema", .. })), "{full:?}");
        let over = Message::decode(&vec![9; FRAME_BYTES_MAX + 1].into());
        assert!(matches!(over, Err(DecodeError::TooLarge { .. })), "{over:?}");

        let prefer = |n| Message::Prefer(vec![DocId::ZERO; n]);
        check_back(&prefer(PREFERRED_MAX));
        let over = Message::decode(&prefer(PREFERRED_MAX + 1).encode());
        assert!(
            matches!(over, Err(DecodeError::NotCanonical("too many documents are preferred"))),
            "{over:?}"
        );

        let part = |n| Message::Part { total: 9, offset: 0, bytes: vec![7; n].into() };
        check_back(&part(ENTRIES_BYTES_MAX));
        let over = Message::decode(&part(ENTRIES_BYTES_MAX + 1).encode());
        assert!(matches!(over, Err(DecodeError::NotCanonical("a part of an entry is too long"))), "{over:?}");

        let refuse = |n: usize| {
            let length = u32::try_from(n).expect("short").to_le_bytes();
            Bytes::from([&[SCHEMA, tag::REFUSE, 1, 0][..], &length, &vec![b'x'; n]].concat())
        };
        Message::decode(&refuse(TEXT_BYTES_MAX)).expect("a text of the greatest length");
        let over = Message::decode(&refuse(TEXT_BYTES_MAX + 1));
        assert!(matches!(over, Err(DecodeError::NotCanonical("a text is too long"))), "{over:?}");
    }

    #[test]
    fn rows_ascend_strictly() {
        let clock = |logs: [u8; 2]| {
            let row = |n| ClockRow { log: LogId::from_bytes([n; 16]), seq: 1, head: EntryHash::ZERO };
            Message::Clock { doc: DocId::ZERO, last: true, rows: logs.map(row).into() }
        };
        let digests = |docs: [u8; 2]| Message::Digests {
            last: true,
            docs: docs.map(|n| (DocId::from_bytes([n; 16]), [n; 32])).into(),
        };
        for message in [clock([1, 2]), digests([1, 2])] {
            check_back(&message);
        }
        for message in [clock([2, 2]), clock([2, 1]), digests([2, 2]), digests([2, 1])] {
            let read = Message::decode(&message.encode());
            assert!(
                matches!(read, Err(DecodeError::NotCanonical(why)) if why.contains("ascending")),
                "{read:?}"
            );
        }
    }
}
