//! Blobs: who lacks one asks slice by slice, who holds it proves each.
//!
//! Which slices, and of whom, is decided outside: a session only sees to it that what
//! comes was asked for and is what it claims to be. Neither side buffers a file.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use proofroom_blobs::{GROUP_BYTES, SLICE_BYTES, Span, verify};
use proofroom_ident::BlobHash;

use crate::fault::Fault;
use crate::limits::{Limits, OFFERS_PAGE, SLICE_BYTES_ASKED_MAX, SLICES_ASKED_MAX};
use crate::message::Message;
use crate::{Code, Direction, Event, Output};

/// A slice that the peer owes.
#[derive(Debug)]
struct Asked {
    total: u64,
    /// A slow peer may be asked for the same again.
    times: u32,
}

/// Both directions of one session.
#[derive(Debug, Default)]
pub(crate) struct Blobs {
    asked: BTreeMap<(BlobHash, Span), Asked>,
    /// Offered by the peer, not yet answered for good.
    offered_here: BTreeSet<BlobHash>,
    /// Offered to the peer, with sizes.
    offered_there: BTreeMap<BlobHash, u64>,
    /// Slices that the peer asked for and the driver has not read yet: their lengths.
    reads: BTreeMap<BlobHash, VecDeque<u64>>,
    reads_open: usize,
    read_bytes_open: u64,
}

/// One thing that a step asks for.
#[derive(Debug)]
pub(crate) enum Act {
    /// Send this to the peer.
    Send(Message),
    /// Hand this to the driver.
    Do(Output),
}

/// What a step asks for, in order.
pub(crate) type Step = Vec<Act>;

impl Blobs {
    /// Offers blobs to the peer.
    pub fn offer(&mut self, blobs: &[(BlobHash, u64)]) -> Step {
        self.offered_there.extend(blobs.iter().copied());
        blobs.chunks(OFFERS_PAGE).map(|page| Act::Send(Message::BlobOffer(page.to_vec()))).collect()
    }

    /// The peer offers blobs.
    pub fn on_offer(&mut self, blobs: Vec<(BlobHash, u64)>, limits: &Limits) -> Result<Step, Fault> {
        self.offered_here.extend(blobs.iter().map(|(blob, _)| *blob));
        if self.offered_here.len() > limits.blobs_max {
            return Err(Fault::message(format!("more than {} blobs offered", limits.blobs_max)));
        }
        let mut out = Vec::new();
        for (blob, bytes) in blobs {
            if bytes > limits.blob_bytes_max {
                let text = format!("a blob of {bytes} bytes, the limit is {}", limits.blob_bytes_max);
                out.extend(self.refuse(blob, Code::TooLarge, text));
            } else {
                out.push(Act::Do(Output::BlobOffered { blob, bytes }));
            }
        }
        Ok(out)
    }

    /// Asks for a slice.
    pub fn ask(&mut self, blob: BlobHash, total: u64, span: Span) -> Step {
        self.asked.entry((blob, span)).or_insert(Asked { total, times: 0 }).times += 1;
        vec![Act::Send(Message::BlobAsk { blob, span })]
    }

    /// A slice comes: is it what was asked for, and what it claims to be?
    pub fn on_slice(
        &mut self,
        blob: BlobHash,
        total: u64,
        span: Span,
        encoded: &Bytes,
    ) -> Result<Step, Fault> {
        let asked = self.take_asked(blob, span).ok_or_else(|| {
            Fault::message(format!("bytes of {blob:?} from {} on, which were not asked for", span.offset))
        })?;
        if total != asked {
            let told = Event::BlobOtherSize { blob, wanted: asked, told: total };
            return Ok(vec![Act::Do(Output::Event(told))]);
        }
        match verify(blob, total, span, encoded) {
            Ok(slice) => Ok(vec![
                Act::Do(Output::BlobSlice { blob, total, slice }),
                progress(Direction::In, blob, span, total),
            ]),
            Err(wrong) => Ok(vec![
                Act::Do(Output::Event(Event::BlobWrong(blob))),
                Act::Do(Output::Close { code: Code::WrongBlob, text: wrong.to_string() }),
            ]),
        }
    }

    fn take_asked(&mut self, blob: BlobHash, span: Span) -> Option<u64> {
        let asked = self.asked.get_mut(&(blob, span))?;
        let total = asked.total;
        asked.times -= 1;
        if asked.times == 0 {
            self.asked.remove(&(blob, span));
        }
        Some(total)
    }

    /// The peer does not hold it.
    pub fn on_missing(&mut self, blob: BlobHash) -> Step {
        let one = self.asked.range((blob, Span::default())..).map(|(key, _)| *key).next();
        match one.filter(|(asked, _)| *asked == blob) {
            Some((_, span)) => {
                self.take_asked(blob, span);
                vec![Act::Do(Output::Event(Event::BlobMissing(blob)))]
            }
            None => Vec::new(),
        }
    }

    /// The peer asks for a slice.
    pub fn on_ask(&mut self, blob: BlobHash, span: Span) -> Result<Step, Fault> {
        if span.bytes > SLICE_BYTES || !span.offset.is_multiple_of(GROUP_BYTES) {
            return Err(Fault::message("a slice of a blob is asked for that nobody can prove"));
        }
        self.reads_open += 1;
        self.read_bytes_open += span.bytes;
        if self.reads_open > SLICES_ASKED_MAX || self.read_bytes_open > SLICE_BYTES_ASKED_MAX {
            return Err(Fault::message("more of blobs asked for at a time than allowed"));
        }
        self.reads.entry(blob).or_default().push_back(span.bytes);
        Ok(vec![Act::Do(Output::ReadBlob { blob, span })])
    }

    fn close_read(&mut self, blob: BlobHash) {
        let Some(open) = self.reads.get_mut(&blob) else { return };
        let bytes = open.pop_front().unwrap_or_default();
        if open.is_empty() {
            self.reads.remove(&blob);
        }
        self.reads_open = self.reads_open.saturating_sub(1);
        self.read_bytes_open = self.read_bytes_open.saturating_sub(bytes);
    }

    /// The driver read a slice.
    pub fn on_read(&mut self, blob: BlobHash, total: u64, span: Span, encoded: Bytes) -> Step {
        self.close_read(blob);
        vec![
            Act::Send(Message::BlobSlice { blob, total, span, encoded }),
            progress(Direction::Out, blob, span, total),
        ]
    }

    /// The driver could not read a slice.
    pub fn on_unread(&mut self, blob: BlobHash) -> Step {
        self.close_read(blob);
        vec![Act::Send(Message::BlobMissing(blob))]
    }

    /// The blob is durable here: tell the peer who offered it.
    pub fn hold(&mut self, blob: BlobHash) -> Step {
        match self.offered_here.remove(&blob) {
            true => vec![Act::Send(Message::BlobHeld(blob))],
            false => Vec::new(),
        }
    }

    /// The blob is not taken: tell the peer who offered it.
    pub fn refuse(&mut self, blob: BlobHash, code: Code, text: String) -> Step {
        match self.offered_here.remove(&blob) {
            true => vec![Act::Send(Message::BlobRefuse { blob, code, text })],
            false => Vec::new(),
        }
    }

    /// The peer holds a blob that was offered.
    pub fn on_held(&mut self, blob: BlobHash) -> Result<Step, Fault> {
        let bytes = self.take_offer(blob)?;
        Ok(vec![Act::Do(Output::Event(Event::BlobDelivered { blob, bytes }))])
    }

    /// The peer does not take a blob that was offered.
    pub fn on_refused(&mut self, blob: BlobHash, code: Code, text: String) -> Result<Step, Fault> {
        self.take_offer(blob)?;
        Ok(vec![Act::Do(Output::Event(Event::BlobRefused { blob, code, text }))])
    }

    fn take_offer(&mut self, blob: BlobHash) -> Result<u64, Fault> {
        let unknown = || Fault::message(format!("an answer about {blob:?}, which was not offered"));
        self.offered_there.remove(&blob).ok_or_else(unknown)
    }
}

fn progress(direction: Direction, blob: BlobHash, span: Span, total: u64) -> Act {
    Act::Do(Output::Event(Event::BlobProgress { direction, blob, bytes: span.bytes, total }))
}
