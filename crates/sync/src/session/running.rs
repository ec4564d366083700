//! A running session: compare, then keep each other up to date.

use std::collections::{BTreeSet, VecDeque};

use bytes::Bytes;
use proofroom_ident::{DocId, LogId, Millis, SignerKey, WorkspaceId};
use proofroom_store::Store;

use crate::blobs::{Act, Blobs, Step};
use crate::compare::{Compare, differing};
use crate::elsewhere::Elsewhere;
use crate::fault::Fault;
use crate::inbox::Inbox;
use crate::limits::{Limits, PREFERRED_MAX, WITNESS_ROWS_MAX};
use crate::message::{Message, Refusal, Summary};
use crate::outbox::Outbox;
use crate::taking::Taking;
use crate::{Audiences, Code, Event, Input, Live, Output};

/// What both sides agreed on.
#[derive(Debug)]
pub(super) struct Terms {
    pub workspace: WorkspaceId,
    pub peer: SignerKey,
    /// The audiences that are exchanged.
    pub reads: Audiences,
    /// Whether entries of the peer's are taken.
    pub takes: bool,
    /// Whether the peer takes entries.
    pub sends: bool,
    /// Whether every batch is confirmed at once even after the comparison.
    pub eager_acks: bool,
}

pub(super) type Outputs = VecDeque<Output>;

/// The state of a running session. Idle, it holds a few hundred bytes.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) terms: Terms,
    compare: Compare,
    pub(super) outbox: Outbox,
    elsewhere: Elsewhere,
    pub(super) inbox: Inbox,
    pub(super) taking: Taking,
    blobs: Blobs,
    /// Documents of which the peer was asked for its word.
    witness_asked: BTreeSet<DocId>,
    told_outgoing: bool,
    said_caught_up: bool,
    peer_caught_up: bool,
    told_in_sync: bool,
    /// Whether the peer was shown what stands beside the logs.
    told_evidence: bool,
    /// When the peer last confirmed something, or had nothing to confirm.
    confirmed_at: Millis,
}

impl Running {
    pub fn begin(
        now: Millis,
        terms: Terms,
        mut outbox: Outbox,
        [mine, theirs]: [&Summary; 2],
        store: &dyn Store,
        out: &mut Outputs,
    ) -> Result<Self, Fault> {
        let differ = differing(mine, theirs, terms.reads);
        let equal = differ == Audiences::NONE;
        let (compare, messages) = match equal {
            true => (Compare::default(), Vec::new()),
            false => Compare::begin(store.docs(terms.workspace)?, mine, theirs, differ, &mut outbox),
        };
        let (peer, reads, may_write) = (terms.peer, terms.reads, terms.sends);
        out.push_back(Output::Event(Event::Admitted { peer, reads, may_write }));
        let mut running = Self {
            terms,
            compare,
            outbox,
            elsewhere: Elsewhere::default(),
            inbox: Inbox::default(),
            taking: Taking::default(),
            blobs: Blobs::default(),
            witness_asked: BTreeSet::new(),
            told_outgoing: false,
            said_caught_up: equal,
            peer_caught_up: equal,
            told_in_sync: false,
            told_evidence: false,
            confirmed_at: now,
        };
        messages.into_iter().for_each(|m| send(out, &m));
        running.tell_covered(store, out)?;
        running.flush(now, store, out)?;
        Ok(running)
    }

    pub fn is_in_sync(&self) -> bool {
        // `said_caught_up` is set once the comparison is over and all that it queued is sent; equal summaries need none.
        let sent = self.said_caught_up && self.outbox.is_empty() && self.outbox.is_confirmed();
        let sent = sent && self.elsewhere.is_idle() && self.outbox.giving.is_idle();
        sent && self.peer_caught_up && self.inbox.is_idle()
    }

    pub fn handle(
        &mut self,
        now: Millis,
        input: Input,
        store: &dyn Store,
        limits: &Limits,
        out: &mut Outputs,
    ) -> Result<(), Fault> {
        match input {
            Input::Stored(live) => self.on_stored(now, &live, limits, out)?,
            Input::Heard(live) => self.on_heard(now, &live, out),
            Input::Direct(devices) => send(out, &Message::Direct(devices)),
            Input::Ingested { refused } => self.on_ingested(now, refused, out)?,
            Input::Admit { reads, may_write } => self.narrow(reads, may_write),
            Input::AskWitness { doc, rows } if rows.len() <= WITNESS_ROWS_MAX => {
                self.witness_asked.insert(doc);
                send(out, &Message::WitnessAsk { doc, rows });
            }
            Input::AskWitness { doc, .. } => {
                out.push_back(Output::Event(Event::Witnessed { doc, word: None }));
            }
            Input::Witness { doc, word } => send(out, &Message::WitnessWord { doc, word }),
            Input::Prefer(docs) => {
                send(out, &Message::Prefer(docs.into_iter().take(PREFERRED_MAX).collect()));
            }
            Input::Tick => self.tick(now, limits, out)?,
            Input::AnswerSnapshot { .. }
            | Input::SnapshotTaken { .. }
            | Input::OfferSnapshot(_)
            | Input::Covered(_) => self.on_snapshot_input(now, input, store, out)?,
            Input::OfferBlobs(blobs) => self.act_on(|b| b.offer(&blobs), out)?,
            Input::AskBlob { blob, total, span } => self.act_on(|b| b.ask(blob, total, span), out)?,
            Input::BlobHeld(blob) => self.act_on(|b| b.hold(blob), out)?,
            Input::RefuseBlob { blob, code, text } => self.act_on(|b| b.refuse(blob, code, text), out)?,
            Input::BlobRead { blob, total, span, encoded } => {
                self.act_on(|b| b.on_read(blob, total, span, encoded), out)?;
            }
            Input::BlobMissing(blob) => self.act_on(|b| b.on_unread(blob), out)?,
            Input::Frame(_) | Input::Refuse { .. } | Input::Part { .. } => {}
        }
        self.flush(now, store, out)
    }

    pub fn on_message(
        &mut self,
        now: Millis,
        message: Message,
        store: &dyn Store,
        limits: &Limits,
        out: &mut Outputs,
    ) -> Result<(), Fault> {
        let place = (store, self.terms.workspace, self.terms.peer);
        match message {
            Message::Digests { last, docs } => {
                let messages = self.compare.on_digests(last, docs, limits, &mut self.outbox, place)?;
                messages.into_iter().for_each(|m| send(out, &m));
            }
            Message::Clock { doc, last, rows } => {
                self.compare.on_clock((doc, last), rows, limits, &mut self.outbox, place)?;
            }
            Message::Coming { entries } => out.push_back(Output::Event(Event::Incoming { entries })),
            Message::Entries(entries) => self.on_entries(now, entries, limits, out)?,
            Message::Part { total, offset, bytes } => {
                if let Some(entry) = self.inbox.on_part(total, offset, &bytes, limits)? {
                    self.on_entries(now, vec![entry], limits, out)?;
                }
            }
            Message::Ack { batches, refused } => self.on_ack(now, batches, refused, limits, out)?,
            Message::CaughtUp if self.peer_caught_up => {
                return Err(Fault::message("the peer caught up twice"));
            }
            Message::CaughtUp => self.peer_caught_up = true,
            Message::Prefer(docs) => self.outbox.prefer(docs),
            Message::Direct(devices) => self.elsewhere.hear(devices),
            Message::WitnessAsk { doc, .. } if !self.terms.reads.contains(doc.audience()) => {
                send(out, &Message::WitnessWord { doc, word: None });
            }
            Message::WitnessAsk { doc, rows } => out.push_back(Output::WitnessAsked { doc, rows }),
            Message::WitnessWord { doc, word } if self.witness_asked.remove(&doc) => {
                out.push_back(Output::Event(Event::Witnessed { doc, word }));
            }
            Message::Have(places) => self.on_have(places, limits)?,
            Message::Covered(_)
            | Message::SnapshotOffer { .. }
            | Message::SnapshotAnswer { .. }
            | Message::SnapshotPart { .. } => self.on_snapshot_message(now, message, store, limits, out)?,
            message => self.on_blob_message(message, limits, out)?,
        }
        self.flush(now, store, out)
    }

    fn on_blob_message(&mut self, message: Message, limits: &Limits, out: &mut Outputs) -> Result<(), Fault> {
        let blobs = &mut self.blobs;
        let step = match message {
            Message::BlobOffer(offered) => blobs.on_offer(offered, limits)?,
            Message::BlobAsk { blob, span } => blobs.on_ask(blob, span)?,
            Message::BlobSlice { blob, total, span, encoded } => {
                blobs.on_slice(blob, total, span, &encoded)?
            }
            Message::BlobHeld(blob) => blobs.on_held(blob)?,
            Message::BlobMissing(blob) => blobs.on_missing(blob),
            Message::BlobRefuse { blob, code, text } => blobs.on_refused(blob, code, text)?,
            _ => return Err(Fault::message("a message that does not belong here")),
        };
        self.act(step, out)
    }

    fn act_on(&mut self, step: impl FnOnce(&mut Blobs) -> Step, out: &mut Outputs) -> Result<(), Fault> {
        let step = step(&mut self.blobs);
        self.act(step, out)
    }

    fn act(&mut self, step: Step, out: &mut Outputs) -> Result<(), Fault> {
        for act in step {
            match act {
                Act::Send(message) => send(out, &message),
                Act::Do(Output::Close { code, text }) => return Err(Fault { code, text }),
                Act::Do(output) => out.push_back(output),
            }
        }
        Ok(())
    }

    fn on_entries(
        &mut self,
        now: Millis,
        entries: Vec<Bytes>,
        limits: &Limits,
        out: &mut Outputs,
    ) -> Result<(), Fault> {
        if !self.terms.takes {
            return Err(Fault::new(Code::MayNotWrite, "this session takes no entries"));
        }
        if self.inbox.expects_part() {
            return Err(Fault::message("the parts of a large entry must follow each other"));
        }
        let signed = self.inbox.on_entries(now, entries, (self.terms.workspace, self.terms.reads), limits)?;
        for entry in &signed {
            let h = entry.claims();
            self.outbox.peer_has(h.doc, h.log, h.seq);
            self.elsewhere.learn((h.doc, h.log, h.seq), limits)?;
        }
        self.elsewhere.forget_held();
        out.push_back(Output::Ingest(signed));
        Ok(())
    }

    fn on_ingested(&mut self, now: Millis, refused: Vec<Refusal>, out: &mut Outputs) -> Result<(), Fault> {
        let lost: u64 = refused.iter().map(|r| u64::from(r.count)).sum();
        let (count, came) = self
            .inbox
            .on_ingested(refused)
            .ok_or_else(|| Fault::new(Code::Internal, "an answer without a question"))?;
        // What the peer confirmed meanwhile may not have been read: a large batch is worked off first.
        let waited = now.0.saturating_sub(came.0);
        self.confirmed_at = now.min(Millis(self.confirmed_at.0.saturating_add(waited)));
        let entries = count.entries.saturating_sub(lost);
        out.push_back(Output::Event(Event::Received { entries, bytes: count.bytes }));
        Ok(())
    }

    fn on_ack(
        &mut self,
        now: Millis,
        batches: u32,
        refused: Vec<Refusal>,
        limits: &Limits,
        out: &mut Outputs,
    ) -> Result<(), Fault> {
        let durable = self.outbox.confirm(batches, &refused, limits)?;
        self.confirmed_at = now;
        for refusal in refused {
            out.push_back(Output::Event(Event::EntriesRefused(refusal)));
        }
        let outstanding = self.outbox.queued() + self.outbox.unconfirmed();
        let (entries, bytes) = (durable.entries, durable.bytes);
        out.push_back(Output::Event(Event::Delivered { entries, bytes, outstanding }));
        Ok(())
    }

    /// The peer got these elsewhere, or wrote them.
    fn on_have(&mut self, places: Vec<(DocId, LogId, u64)>, limits: &Limits) -> Result<(), Fault> {
        for (doc, log, seq) in places {
            self.outbox.peer_has(doc, log, seq);
            self.elsewhere.learn((doc, log, seq), limits)?;
        }
        self.elsewhere.forget_held();
        Ok(())
    }

    /// A third party brought these: the peer may get them there, too.
    fn on_heard(&mut self, now: Millis, live: &Live, out: &mut Outputs) {
        if self.terms.reads.contains(live.audience()) && self.terms.sends {
            self.elsewhere.wait(now, live).iter().for_each(|m| send(out, m));
        }
    }

    fn on_stored(
        &mut self,
        now: Millis,
        live: &Live,
        limits: &Limits,
        out: &mut Outputs,
    ) -> Result<(), Fault> {
        let concerned = self.terms.reads.contains(live.audience()) && self.terms.sends;
        if !concerned || self.elsewhere.holds_all(live) {
            return Ok(());
        }
        if self.elsewhere.hears_all(live) {
            self.on_heard(now, live, out);
            return Ok(());
        }
        let frame = if self.compare.is_done() { self.outbox.pass(live) } else { None };
        match frame {
            Some(frame) => out.push_back(Output::Send(frame)),
            None => self.outbox.note(live, limits)?,
        }
        Ok(())
    }

    fn narrow(&mut self, reads: Audiences, may_write: bool) {
        self.terms.reads = self.terms.reads.and(reads);
        self.terms.takes = self.terms.takes && may_write;
        self.outbox.keep_only(self.terms.reads);
    }

    fn tick(&mut self, now: Millis, limits: &Limits, out: &mut Outputs) -> Result<(), Fault> {
        if self.compare.is_done() {
            for live in self.elsewhere.due(now) {
                self.outbox.note(&live, limits)?;
            }
        }
        if self.outbox.is_confirmed() {
            self.confirmed_at = now;
        }
        let asked = self.outbox.giving.waits_since().unwrap_or(now);
        if now.0.saturating_sub(asked.0) > limits.stall_ms_max {
            return Err(Fault::new(Code::Lagging, "an offered snapshot was not answered in time"));
        }
        if now.0.saturating_sub(self.confirmed_at.0) > limits.stall_ms_max {
            return Err(Fault::new(Code::Lagging, "entries were not confirmed in time"));
        }
        self.inbox.ack(true).iter().for_each(|ack| send(out, ack));
        Ok(())
    }

    /// Sends what may be sent now, confirms what is due, tells what became true.
    fn flush(&mut self, now: Millis, store: &dyn Store, out: &mut Outputs) -> Result<(), Fault> {
        if self.compare.is_done() {
            self.push(now, store, out)?;
        }
        let eager = self.terms.eager_acks || !self.told_in_sync;
        self.inbox.ack(eager).iter().for_each(|ack| send(out, ack));
        if !self.told_in_sync && self.is_in_sync() {
            self.told_in_sync = true;
            out.push_back(Output::Event(Event::InSync));
        }
        Ok(())
    }

    fn push(&mut self, now: Millis, store: &dyn Store, out: &mut Outputs) -> Result<(), Fault> {
        if !self.terms.sends {
            self.outbox.keep_only(Audiences::NONE);
        }
        if !std::mem::replace(&mut self.told_outgoing, true) && !self.outbox.is_empty() {
            let entries = self.outbox.queued();
            send(out, &Message::Coming { entries });
            out.push_back(Output::Event(Event::Outgoing { entries }));
        }
        if self.outbox.is_confirmed() {
            self.confirmed_at = now;
        }
        while let Some(frames) = self.outbox.next_batch(now, store, self.terms.workspace)? {
            out.extend(frames.into_iter().map(Output::Send));
        }
        if self.terms.sends && self.outbox.is_empty() && !std::mem::replace(&mut self.told_evidence, true) {
            let frames = self.outbox.evidence(store, self.terms.workspace, self.terms.reads)?;
            out.extend(frames.into_iter().map(Output::Send));
        }
        if self.outbox.is_empty() && !self.said_caught_up {
            self.said_caught_up = true;
            send(out, &Message::CaughtUp);
        }
        Ok(())
    }
}

pub(super) fn send(out: &mut Outputs, message: &Message) {
    out.push_back(Output::Send(message.encode()));
}
