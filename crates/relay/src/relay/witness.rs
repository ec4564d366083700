//! The relay's word: what it holds, by its own clock.
//!
//! It can read nothing of what it holds, and belongs to no party of a review: that makes it a witness of when
//! entries were there. It is asked by members' machines, over the heads of a review, now and then; nothing is kept.

use std::collections::BTreeMap;

use proofroom_entry::Held;
use proofroom_ident::{DocId, Millis, Signature};
use proofroom_store::{Store, StoreError};
use proofroom_sync::{ClockRow, Input as SessionInput};

use super::{Conn, Relay};
use crate::admission::Seat;

impl Relay {
    /// Answers a member who asks whether it holds these entries.
    pub(super) fn on_witness_asked(
        &mut self,
        conn: &Conn,
        now: Millis,
        doc: DocId,
        rows: &[ClockRow],
        store: &mut dyn Store,
    ) -> SessionInput {
        match self.word(conn, now, doc, rows, store) {
            Ok(word) => SessionInput::Witness { doc, word },
            Err(error) => self.store_failed(&error),
        }
    }

    /// Signs for what is durable here, all of it or nothing. Looking entries up costs the device as bringing them does.
    fn word(
        &mut self,
        conn: &Conn,
        now: Millis,
        doc: DocId,
        rows: &[ClockRow],
        store: &mut dyn Store,
    ) -> Result<Option<(Millis, Signature)>, StoreError> {
        let Some(seated) = conn.seated.filter(|s| s.seat == Seat::Member && !rows.is_empty()) else {
            return Ok(None);
        };
        let workspace = seated.workspace;
        let Some(room) = self.rooms.get_mut(&workspace) else { return Ok(None) };
        if room.pace(seated.device, &self.config.quotas, now).entries.take(rows.len() as u64, now).is_err() {
            return Ok(None);
        }
        let mut heads = BTreeMap::new();
        for ClockRow { log, seq, head } in rows {
            let entry = store.entry(workspace, doc, *log, *seq)?;
            if entry.is_none_or(|entry| entry.hash() != *head) {
                return Ok(None);
            }
            heads.insert(*log, (*seq, *head));
        }
        store.flush()?;
        Ok(Some((now, Held { workspace, doc, heads }.sign(now, &self.config.device))))
    }
}
