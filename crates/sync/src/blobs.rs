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

#[cfg(test)]
mod tests {
    use proofroom_blobs::prove_whole;

    use super::*;

    const SMALL: Span = Span { offset: 0, bytes: 9 };
    const LARGE: Span = Span { offset: 0, bytes: SLICE_BYTES };

    fn blob(n: u8) -> BlobHash {
        BlobHash::from_bytes([n; 32])
    }

    fn offers(n: u8, bytes: u64) -> Vec<(BlobHash, u64)> {
        (0..n).map(|n| (blob(n), bytes)).collect()
    }

    #[test]
    fn as_many_blobs_are_offered_as_allowed_and_no_more() {
        let limits = Limits { blobs_max: 3, ..Limits::default() };
        for (n, taken) in [(1, true), (3, true), (4, false), (9, false)] {
            assert_eq!(Blobs::default().on_offer(offers(n, 1), &limits).is_ok(), taken, "{n} blobs");
        }
        // Those that were answered do not count.
        let mut blobs = Blobs::default();
        blobs.on_offer(offers(3, 1), &limits).expect("three may be open");
        assert_eq!(blobs.hold(blob(1)).len(), 1);
        assert_eq!(blobs.refuse(blob(2), Code::QuotaExceeded, String::new()).len(), 1);
        blobs.on_offer(vec![(blob(8), 1), (blob(9), 1)], &limits).expect("two were answered");
    }

    #[test]
    fn a_blob_may_be_as_large_as_allowed_and_no_larger() {
        let limits = Limits { blob_bytes_max: 100, ..Limits::default() };
        for (bytes, taken) in [(0, true), (99, true), (100, true), (101, false), (u64::MAX, false)] {
            let step = Blobs::default().on_offer(offers(1, bytes), &limits).expect("one blob");
            let asked = matches!(step[..], [Act::Do(Output::BlobOffered { .. })]);
            let refused = matches!(step[..], [Act::Send(Message::BlobRefuse { code: Code::TooLarge, .. })]);
            assert_eq!((asked, refused), (taken, !taken), "{bytes} bytes: {step:?}");
        }
    }

    #[test]
    fn a_slice_comes_as_often_as_it_was_asked_for() {
        let bytes = [5; 9];
        let (blob, encoded) = prove_whole(&bytes, SMALL).expect("bytes in memory");
        let encoded = Bytes::from(encoded);
        for times in 1..4 {
            let mut blobs = Blobs::default();
            (0..times).for_each(|_| assert_eq!(blobs.ask(blob, 9, SMALL).len(), 1));
            for _ in 0..times {
                let step = blobs.on_slice(blob, 9, SMALL, &encoded).expect("it was asked for");
                assert!(matches!(step[0], Act::Do(Output::BlobSlice { .. })), "{step:?}");
            }
            blobs.on_slice(blob, 9, SMALL, &encoded).expect_err("nobody asked once more");
        }
    }

    #[test]
    fn what_is_missing_is_told_once_for_each_slice_that_was_asked_for() {
        let mut blobs = Blobs::default();
        blobs.ask(blob(2), 9, SMALL);
        blobs.ask(blob(2), 9, SMALL);
        blobs.ask(blob(3), 9, SMALL);
        let told = |blobs: &mut Blobs, n| blobs.on_missing(blob(n)).len();
        assert_eq!([2, 2, 2, 1, 3, 3].map(|n| told(&mut blobs, n)), [1, 1, 0, 0, 1, 0]);
    }

    #[test]
    fn what_was_read_makes_room_for_more() {
        let large = usize::try_from(SLICE_BYTES_ASKED_MAX / SLICE_BYTES).expect("a few");
        for (span, most) in [(SMALL, SLICES_ASKED_MAX), (LARGE, large)] {
            let full = || {
                let mut blobs = Blobs::default();
                (0..most).for_each(|_| _ = blobs.on_ask(blob(1), span).expect("there is room"));
                blobs
            };
            full().on_ask(blob(1), span).expect_err("all of it is asked for");
            for read in 1..3 {
                let mut blobs = full();
                for n in 0..read {
                    let sent = match n {
                        0 => blobs.on_read(blob(1), span.bytes, span, Bytes::new()).len(),
                        _ => blobs.on_unread(blob(1)).len(),
                    };
                    assert_eq!(sent, [2, 1][n]);
                }
                (0..read).for_each(|_| _ = blobs.on_ask(blob(2), span).expect("some was read"));
                blobs.on_ask(blob(2), span).expect_err("it is full again");
            }
        }
    }

    #[test]
    fn only_what_can_be_proved_is_asked_for() {
        for (offset, bytes, fits) in [
            (0, SLICE_BYTES, true),
            (GROUP_BYTES, 1, true),
            (0, SLICE_BYTES + 1, false),
            (1, 1, false),
            (GROUP_BYTES - 1, 1, false),
        ] {
            let asked = Blobs::default().on_ask(blob(1), Span { offset, bytes });
            assert_eq!(asked.is_ok(), fits, "{bytes} bytes from {offset} on");
        }
    }
}
