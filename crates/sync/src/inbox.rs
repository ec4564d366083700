//! What comes from the peer: bounded, in order, confirmed when it is durable.

use std::collections::VecDeque;

use bytes::Bytes;
use proofroom_entry::Signed;
use proofroom_ident::{Millis, WorkspaceId};

use crate::fault::Fault;
use crate::limits::{ENTRIES_BYTES_MAX, Limits, WINDOW_BYTES};
use crate::message::{Message, Refusal};
use crate::outbox::Count;
use crate::{Audiences, Code};

/// When confirmations are sent without waiting for a tick, in unconfirmed bytes.
const ACK_AT_BYTES: u64 = WINDOW_BYTES / 8;

/// A large entry that is being collected.
#[derive(Debug)]
struct Part {
    total: usize,
    bytes: Vec<u8>,
}

/// Batches under way, and confirmations owed.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    part: Option<Part>,
    /// Each with the moment at which it came.
    open: VecDeque<(Count, Millis)>,
    owed: u32,
    owed_bytes: u64,
    refused: Vec<Refusal>,
}

impl Inbox {
    /// Takes one batch of entries.
    pub fn on_entries(
        &mut self,
        now: Millis,
        entries: Vec<Bytes>,
        (workspace, reads): (WorkspaceId, Audiences),
        limits: &Limits,
    ) -> Result<Vec<Signed>, Fault> {
        let bytes = entries.iter().map(|e| e.len() as u64).sum();
        let held = self.owed_bytes + self.open.iter().map(|(b, _)| b.bytes).sum::<u64>();
        if held > WINDOW_BYTES + limits.entry_bytes_max.max(ENTRIES_BYTES_MAX) as u64 {
            return Err(Fault::message("more entries than the window allows are on their way"));
        }
        let count = Count { entries: entries.len() as u64, bytes };
        let signed: Vec<Signed> =
            entries.into_iter().map(|e| decode(e, workspace, reads, limits)).collect::<Result<_, _>>()?;
        self.open.push_back((count, now));
        Ok(signed)
    }

    /// Takes a part of a large entry; returns the entry when it is whole.
    pub fn on_part(
        &mut self,
        total: u32,
        offset: u32,
        bytes: &[u8],
        limits: &Limits,
    ) -> Result<Option<Bytes>, Fault> {
        let total = usize::try_from(total).unwrap_or(usize::MAX);
        if total > limits.entry_bytes_max {
            let text = format!("an entry of {total} bytes, the limit is {}", limits.entry_bytes_max);
            return Err(Fault::new(Code::TooLarge, text));
        }
        let mut part = self.part.take().unwrap_or(Part { total, bytes: Vec::new() });
        let in_order = part.total == total && usize::try_from(offset) == Ok(part.bytes.len());
        if !in_order || bytes.is_empty() || part.bytes.len() + bytes.len() > total {
            return Err(Fault::message("the parts of an entry do not fit together"));
        }
        part.bytes.extend_from_slice(bytes);
        if part.bytes.len() == total {
            return Ok(Some(part.bytes.into()));
        }
        self.part = Some(part);
        Ok(None)
    }

    /// A part of a snapshot came: it is confirmed at once, so that the next ones follow.
    pub fn on_snapshot_part(&mut self, bytes: u64) {
        self.owed += 1;
        self.owed_bytes += bytes;
    }

    /// Whether a large entry is being collected: only its parts may follow.
    pub fn expects_part(&self) -> bool {
        self.part.is_some()
    }

    /// The oldest open batch is durable, but for the refused. Returns its size, and when it came.
    pub fn on_ingested(&mut self, refused: Vec<Refusal>) -> Option<(Count, Millis)> {
        let (count, at) = self.open.pop_front()?;
        self.owed += 1;
        self.owed_bytes += count.bytes;
        self.refused.extend(refused);
        Some((count, at))
    }

    /// Whether everything that came is durable.
    pub fn is_idle(&self) -> bool {
        self.open.is_empty() && self.part.is_none()
    }

    /// The confirmation owed: at once when `eager`, otherwise when enough has gathered.
    ///
    /// Readers of a busy workspace so confirm many batches with one frame; a
    /// writer who waits for "delivered" is answered at once by the server.
    pub fn ack(&mut self, eager: bool) -> Option<Message> {
        let due = eager || self.owed_bytes >= ACK_AT_BYTES || !self.refused.is_empty();
        if self.owed == 0 || !due {
            return None;
        }
        self.owed_bytes = 0;
        let batches = std::mem::take(&mut self.owed);
        Some(Message::Ack { batches, refused: std::mem::take(&mut self.refused) })
    }
}

pub(crate) fn decode(
    bytes: Bytes,
    workspace: WorkspaceId,
    reads: Audiences,
    limits: &Limits,
) -> Result<Signed, Fault> {
    if bytes.len() > limits.entry_bytes_max {
        let text = format!("an entry of {} bytes, the limit is {}", bytes.len(), limits.entry_bytes_max);
        return Err(Fault::new(Code::TooLarge, text));
    }
    let entry = Signed::decode(bytes.as_ref()).map_err(|e| Fault::new(Code::BadEntry, e.to_string()))?;
    if entry.workspace() != workspace {
        let text = format!("entry {:?} belongs to workspace {:?}", entry.hash(), entry.workspace());
        return Err(Fault::new(Code::BadEntry, text));
    }
    if !reads.contains(entry.claims().audience) {
        let text = format!("entry {:?} is for an audience that this session does not carry", entry.hash());
        return Err(Fault::new(Code::MayNotWrite, text));
    }
    Ok(entry)
}
