//! What somebody is shown who was removed, before they are sent away.
//!
//! Without it they would have a relay's word for it, and go on, at another relay or in a room
//! of their own, with others who have not heard of it either. So both ends limit it and verify it:
//! these are entries of the membership log, which prove themselves, and nothing else.

use std::sync::Arc;

use bytes::Bytes;
use proofroom_entry::Signed;
use proofroom_ident::{DocId, WorkspaceId};

use crate::fault::Fault;
use crate::inbox::decode;
use crate::limits::{ENTRIES_BYTES_MAX, Limits, PARTING_BYTES_MAX};
use crate::message::Message;
use crate::{Audiences, Code};

/// The frames, parents first; none where it is more than is taken.
pub(crate) fn frames(entries: Vec<Arc<[u8]>>) -> Vec<Message> {
    if entries.iter().map(|entry| entry.len()).sum::<usize>() > PARTING_BYTES_MAX {
        return Vec::new();
    }
    let mut frames: Vec<(usize, Vec<Bytes>)> = Vec::new();
    for entry in entries.into_iter().map(Bytes::from_owner) {
        let size = entry.len();
        match frames.last_mut() {
            Some((bytes, frame)) if *bytes + size <= ENTRIES_BYTES_MAX => {
                *bytes += size;
                frame.push(entry);
            }
            _ => frames.push((size, vec![entry])),
        }
    }
    frames.into_iter().map(|(_, frame)| Message::Entries(frame)).collect()
}

/// What has come of it at a client that waits to be let in.
#[derive(Debug, Default)]
pub(crate) struct Parting {
    bytes: usize,
}

impl Parting {
    /// Takes a frame.
    pub fn on_entries(
        &mut self,
        entries: Vec<Bytes>,
        workspace: WorkspaceId,
        limits: &Limits,
    ) -> Result<Vec<Signed>, Fault> {
        self.bytes += entries.iter().map(Bytes::len).sum::<usize>();
        if self.bytes > PARTING_BYTES_MAX || entries.is_empty() {
            return Err(Fault::message("more entries before the welcome than a removal stands on"));
        }
        let decode = |bytes| {
            let entry = decode(bytes, workspace, Audiences::ALL, limits)?;
            match entry.claims().doc == DocId::AUTHORITY {
                true => Ok(entry),
                false => Err(Fault::new(Code::MayNotWrite, "only membership may come before the welcome")),
            }
        };
        entries.into_iter().map(decode).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_much_is_shown_as_is_taken_and_cut_into_frames() {
        let entries =
            |sizes: &[usize]| sizes.iter().map(|size| vec![7; *size].into()).collect::<Vec<Arc<[u8]>>>();
        let shown = |sizes: &[usize]| -> Vec<usize> {
            let frames = frames(entries(sizes)).into_iter();
            frames.map(|f| if let Message::Entries(entries) = f { entries.len() } else { 0 }).collect()
        };
        let half = ENTRIES_BYTES_MAX / 2;
        assert_eq!(PARTING_BYTES_MAX, 4 * half);
        assert_eq!(shown(&[half, half, half, half]), [2, 2]);
        assert_eq!(shown(&[half, half, half, half, 1]), [0; 0], "more than is taken");
        assert_eq!(shown(&[half, half + 1, half - 1]), [1, 2]);
        assert_eq!(shown(&[half / 2; 4]), [4]);
    }

    #[test]
    fn as_much_is_taken_as_is_shown() {
        let (half, workspace) = crate::samples::genesis(PARTING_BYTES_MAX / 2);
        let limits = Limits::default();
        let mut parting = Parting::default();
        let mut take =
            |n: usize| parting.on_entries(vec![half.clone(); n], workspace, &limits).map(|taken| taken.len());
        assert_eq!(take(2).expect("as much as is shown"), 2);
        assert_eq!(take(1).expect_err("more than that").code, Code::BadMessage);
        assert_eq!(take(0).expect_err("nothing shows nothing").code, Code::BadMessage);
    }
}
