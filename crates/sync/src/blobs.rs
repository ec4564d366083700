//! Blobs: the receiver asks piece by piece, and hashes what comes.
//!
//! A sender only answers; a receiver never has more than a few pieces under way,
//! so neither side buffers a file. What comes counts only when all of it has the
//! hash that names it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use proofroom_ident::BlobHash;

use crate::fault::Fault;
use crate::limits::{CHUNK_BYTES, CHUNKS_ASKED_MAX, Limits, OFFERS_PAGE};
use crate::message::Message;
use crate::{Code, Direction, Event, Output};

/// Blobs that are fetched at a time: enough to hide the round trips of small ones.
const FETCHED_MAX: usize = CHUNKS_ASKED_MAX;

/// A blob that is coming in.
#[derive(Debug)]
struct Incoming {
    total: u64,
    asked: u64,
    got: u64,
    hasher: Box<blake3::Hasher>,
}

/// Both directions of one session.
#[derive(Debug, Default)]
pub(crate) struct Blobs {
    wanted: VecDeque<(BlobHash, u64)>,
    incoming: BTreeMap<BlobHash, Incoming>,
    pieces_asked: usize,
    /// Offered by the peer, not yet answered for good.
    offered_here: BTreeSet<BlobHash>,
    /// Offered to the peer, with sizes.
    offered_there: BTreeMap<BlobHash, u64>,
    /// Pieces that the peer asked for and the driver has not read yet.
    reads_open: usize,
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

    /// The application wants a blob of a known size.
    pub fn want(&mut self, blob: BlobHash, bytes: u64) -> Step {
        let known = self.incoming.contains_key(&blob) || self.wanted.iter().any(|(w, _)| *w == blob);
        if !known {
            self.wanted.push_back((blob, bytes));
        }
        self.ask()
    }

    /// Asks for pieces until enough are under way.
    fn ask(&mut self) -> Step {
        let mut out = Vec::new();
        while self.incoming.len() < FETCHED_MAX
            && let Some((blob, total)) = self.wanted.pop_front()
        {
            let hasher = Box::new(blake3::Hasher::new());
            self.incoming.insert(blob, Incoming { total, asked: 0, got: 0, hasher });
            if total == 0 {
                out.push(Act::Send(Message::BlobAsk { blob, offset: 0 }));
                self.pieces_asked += 1;
            }
        }
        for (blob, incoming) in &mut self.incoming {
            while self.pieces_asked < CHUNKS_ASKED_MAX && incoming.asked < incoming.total {
                out.push(Act::Send(Message::BlobAsk { blob: *blob, offset: incoming.asked }));
                incoming.asked = incoming.asked.saturating_add(CHUNK_BYTES as u64).min(incoming.total);
                self.pieces_asked += 1;
            }
        }
        out
    }

    /// A piece comes.
    pub fn on_chunk(&mut self, blob: BlobHash, offset: u64, total: u64, bytes: Bytes) -> Result<Step, Fault> {
        let incoming = self
            .incoming
            .get_mut(&blob)
            .ok_or_else(|| Fault::message(format!("a piece of {blob:?}, which was not asked for")))?;
        let expected = (incoming.total - incoming.got).min(CHUNK_BYTES as u64);
        let fits = total == incoming.total && offset == incoming.got && bytes.len() as u64 == expected;
        if !fits {
            let text = format!(
                "blob {blob:?}: {} bytes at {offset} of {total} came, {expected} at {} of {} were wanted",
                bytes.len(),
                incoming.got,
                incoming.total
            );
            return Err(Fault::new(Code::WrongBlob, text));
        }
        incoming.hasher.update(&bytes);
        incoming.got += expected;
        self.pieces_asked = self.pieces_asked.saturating_sub(1);
        let done = incoming.got;
        let mut out = vec![Act::Do(Output::WriteBlob { blob, offset, total, bytes })];
        out.push(progress(Direction::In, blob, done, total));
        if done == total {
            out.extend(self.finish(blob));
        }
        out.extend(self.ask());
        Ok(out)
    }

    /// All bytes came: do they have the hash that names them?
    fn finish(&mut self, blob: BlobHash) -> Step {
        let incoming = self.incoming.remove(&blob);
        if incoming.is_some_and(|i| i.hasher.finalize().as_bytes() == blob.as_bytes()) {
            return vec![Act::Do(Output::BlobArrived(blob))];
        }
        let text = format!("the bytes that came as blob {blob:?} do not have its hash");
        vec![
            Act::Do(Output::DropBlob(blob)),
            Act::Do(Output::Event(Event::BlobWrong(blob))),
            Act::Do(Output::Close { code: Code::WrongBlob, text }),
        ]
    }

    /// The peer does not hold it.
    pub fn on_missing(&mut self, blob: BlobHash) -> Step {
        self.pieces_asked = self.pieces_asked.saturating_sub(1);
        let mut out = Vec::new();
        if self.incoming.remove(&blob).is_some() {
            out.push(Act::Do(Output::DropBlob(blob)));
            out.push(Act::Do(Output::Event(Event::BlobMissing(blob))));
        }
        out.extend(self.ask());
        out
    }

    /// The peer asks for a piece.
    pub fn on_ask(&mut self, blob: BlobHash, offset: u64) -> Result<Step, Fault> {
        self.reads_open += 1;
        if self.reads_open > CHUNKS_ASKED_MAX + FETCHED_MAX {
            return Err(Fault::message("more pieces of blobs asked for than allowed"));
        }
        Ok(vec![Act::Do(Output::ReadBlob { blob, offset, bytes_max: CHUNK_BYTES })])
    }

    /// The driver read a piece.
    pub fn on_read(&mut self, blob: BlobHash, offset: u64, total: u64, bytes: Bytes) -> Step {
        self.reads_open = self.reads_open.saturating_sub(1);
        let done = offset.saturating_add(bytes.len() as u64);
        vec![
            Act::Send(Message::BlobChunk { blob, offset, total, bytes }),
            progress(Direction::Out, blob, done, total),
        ]
    }

    /// The driver could not read a piece.
    pub fn on_unread(&mut self, blob: BlobHash) -> Step {
        self.reads_open = self.reads_open.saturating_sub(1);
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

fn progress(direction: Direction, blob: BlobHash, done: u64, total: u64) -> Act {
    Act::Do(Output::Event(Event::BlobProgress { direction, blob, done, total }))
}
