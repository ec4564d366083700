//! A running session's part in snapshots: given in place of entries, taken, kept for others.

use proofroom_ident::{DocId, Millis};
use proofroom_store::Store;

use super::running::{Outputs, Running, send};
use crate::fault::Fault;
use crate::limits::{COVERED_MAX, HAVE_PAGE, Limits};
use crate::message::{Coverage, Message, SnapshotAnswer};
use crate::{Code, Event, Input, Output};

impl Running {
    /// Tells the peer which snapshots are kept here, so that nobody makes another for nothing.
    pub(super) fn tell_covered(&self, store: &dyn Store, out: &mut Outputs) -> Result<(), Fault> {
        let rows = store.snapshot_index(self.terms.workspace)?;
        let mut best: Vec<Coverage> = Vec::new();
        for row in rows.into_iter().filter(|row| self.terms.reads.contains(row.doc.audience())) {
            let new = Coverage { doc: row.doc, entries: row.entries, bytes: row.bytes };
            match best.last_mut().filter(|held| held.doc == row.doc) {
                Some(held) if held.entries >= row.entries => {}
                Some(held) => *held = new,
                None => best.push(new),
            }
        }
        best.truncate(COVERED_MAX);
        if !best.is_empty() {
            send(out, &Message::Covered(best));
        }
        Ok(())
    }

    pub(super) fn on_snapshot_input(
        &mut self,
        now: Millis,
        input: Input,
        store: &dyn Store,
        out: &mut Outputs,
    ) -> Result<(), Fault> {
        match input {
            Input::AnswerSnapshot { doc, id, wanted } => {
                if !wanted {
                    self.taking.forget(doc);
                    self.tell_held(doc, store, out)?;
                }
                let answer = if wanted { SnapshotAnswer::Wanted } else { SnapshotAnswer::Declined };
                send(out, &Message::SnapshotAnswer { doc, id, answer });
            }
            Input::SnapshotTaken { doc, id, taken } => {
                self.taking.forget(doc);
                let answer = if taken { SnapshotAnswer::Taken } else { SnapshotAnswer::Declined };
                send(out, &Message::SnapshotAnswer { doc, id, answer });
            }
            Input::OfferSnapshot(doc) if self.terms.sends && self.terms.reads.contains(doc.audience()) => {
                let offer = self.outbox.giving.offer_to_keeper(now, store, self.terms.workspace, doc)?;
                offer.iter().for_each(|offer| send(out, offer));
            }
            Input::Covered(mut rows) => {
                rows.retain(|row| self.terms.reads.contains(row.doc.audience()));
                rows.chunks(COVERED_MAX).for_each(|page| send(out, &Message::Covered(page.to_vec())));
            }
            _ => {}
        }
        Ok(())
    }

    /// Whoever has no use for a snapshot has entries: those need not come.
    fn tell_held(&self, doc: DocId, store: &dyn Store, out: &mut Outputs) -> Result<(), Fault> {
        let tips = store.tips(self.terms.workspace, doc)?;
        let places: Vec<_> = tips.iter().map(|tip| (doc, tip.log, tip.seq)).collect();
        places.chunks(HAVE_PAGE).for_each(|page| send(out, &Message::Have(page.to_vec())));
        Ok(())
    }

    pub(super) fn on_snapshot_message(
        &mut self,
        now: Millis,
        message: Message,
        store: &dyn Store,
        limits: &Limits,
        out: &mut Outputs,
    ) -> Result<(), Fault> {
        match message {
            Message::Covered(rows) => out.push_back(Output::Event(Event::Covered(rows))),
            Message::SnapshotOffer { doc, id, entries, bytes } => {
                if !self.terms.takes {
                    return Err(Fault::new(Code::MayNotWrite, "this session takes nothing"));
                }
                self.taking.on_offer((doc, id, bytes), self.terms.reads, limits)?;
                out.push_back(Output::SnapshotOffered { doc, id, entries, bytes });
            }
            Message::SnapshotPart { doc, id, offset, bytes } => {
                self.inbox.on_snapshot_part(bytes.len() as u64);
                let whole = self.taking.on_part((doc, id, offset), &bytes, self.terms.workspace)?;
                out.extend(whole.map(|snapshot| Output::TakeSnapshot(Box::new(snapshot))));
            }
            Message::SnapshotAnswer { doc, id, answer } => {
                let place = (store, self.terms.workspace);
                if self.outbox.on_answer(now, (doc, id, answer), place)? {
                    out.push_back(Output::Event(Event::SnapshotDelivered { doc, id }));
                }
            }
            _ => return Err(Fault::message("a message that does not belong here")),
        }
        Ok(())
    }
}
