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

#[cfg(test)]
mod tests {
    use proofroom_entry::SIGNED_BYTES;

    use super::*;
    use crate::samples::genesis;

    const NOW: Millis = Millis(0);

    /// A batch of `n` times the same entry.
    fn take(inbox: &mut Inbox, (bytes, n): (usize, usize), limits: &Limits) -> Result<(), Fault> {
        let (entry, workspace) = genesis(bytes);
        inbox.on_entries(NOW, vec![entry; n], (workspace, Audiences::ALL), limits).map(|_| ())
    }

    #[test]
    fn what_is_under_way_and_what_is_not_confirmed_share_a_window_and_the_largest_entry() {
        let limits = Limits { entry_bytes_max: ENTRIES_BYTES_MAX, ..Limits::default() };
        let window = usize::try_from(WINDOW_BYTES).expect("small") + ENTRIES_BYTES_MAX;
        let tenth = (window / 10, 5);
        assert_eq!(tenth.0 * 10, window);
        let mut inbox = Inbox::default();
        take(&mut inbox, tenth, &limits).expect("there is room");
        inbox.on_ingested(Vec::new()).expect("it was open");
        take(&mut inbox, tenth, &limits).expect("there is room");
        let one = (SIGNED_BYTES, 1);
        take(&mut inbox, one, &limits).expect("what is held fills the window, and no more");
        assert_eq!(take(&mut inbox, one, &limits).expect_err("now it is more").code, Code::BadMessage);
        let large = Limits { entry_bytes_max: SIGNED_BYTES + 9, ..limits };
        take(&mut Inbox::default(), (SIGNED_BYTES + 9, 1), &large).expect("the largest that may be");
        let larger = take(&mut Inbox::default(), (SIGNED_BYTES + 10, 1), &large);
        assert_eq!(larger.expect_err("one byte more").code, Code::TooLarge);
        inbox.ack(true).expect("half is confirmed");
        take(&mut inbox, one, &limits).expect("there is room again");
    }

    #[test]
    fn an_inbox_is_idle_when_nothing_is_under_way_and_confirms_when_enough_has_gathered() {
        let mut inbox = Inbox::default();
        assert!(inbox.is_idle() && inbox.ack(true).is_none());
        take(&mut inbox, (SIGNED_BYTES, 2), &Limits::default()).expect("there is room");
        assert!(!inbox.is_idle());
        inbox.on_ingested(Vec::new()).expect("it was open");
        assert!(inbox.is_idle() && inbox.ack(false).is_none(), "not for so little");
        inbox.on_snapshot_part(ACK_AT_BYTES - 2 * SIGNED_BYTES as u64 - 1);
        assert!(inbox.ack(false).is_none());
        inbox.on_snapshot_part(1);
        assert_eq!(inbox.ack(false), Some(Message::Ack { batches: 3, refused: Vec::new() }));
        inbox.on_part(10, 0, &[1; 5], &Limits::default()).expect("the first part");
        assert!(!inbox.is_idle() && inbox.ack(true).is_none());
    }

    #[test]
    fn the_parts_of_an_entry_come_in_order_and_are_no_larger_than_it() {
        let limits = Limits { entry_bytes_max: 100, ..Limits::default() };
        let part =
            |inbox: &mut Inbox, total, offset, bytes: &[u8]| inbox.on_part(total, offset, bytes, &limits);
        let begun = || {
            let mut inbox = Inbox::default();
            assert_eq!(part(&mut inbox, 100, 0, &[1; 60]).expect("the first part"), None);
            assert!(inbox.expects_part());
            inbox
        };
        let whole = part(&mut begun(), 100, 60, &[2; 40]).expect("the last part");
        assert_eq!(whole.map(|entry| (entry[59], entry[60], entry.len())), Some((1, 2, 100)));
        let code = |fault: Result<Option<Bytes>, Fault>| fault.expect_err("it is refused").code;
        assert_eq!(code(part(&mut Inbox::default(), 101, 0, &[1; 60])), Code::TooLarge);
        for (total, offset, bytes) in
            [(99, 60, 39), (100, 59, 40), (100, 61, 39), (100, 60, 41), (100, 60, 0)]
        {
            assert_eq!(code(part(&mut begun(), total, offset, &vec![2; bytes])), Code::BadMessage);
        }
        assert_eq!(code(part(&mut Inbox::default(), 100, 1, &[1; 60])), Code::BadMessage, "no beginning");
    }
}
