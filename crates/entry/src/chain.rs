//! Does an entry follow its log?

use proofroom_ident::{Audience, DocId, EntryHash, LogId, SignerKey};

use crate::signed::VerifiedHeader;

/// The last known entry of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogTip {
    /// The log's document.
    pub doc: DocId,
    /// The log.
    pub log: LogId,
    /// Whose log.
    pub author: SignerKey,
    /// Who may read it.
    pub audience: Audience,
    /// Position of the last entry.
    pub seq: u64,
    /// Hash of the last entry.
    pub hash: EntryHash,
}

impl LogTip {
    /// The tip that `entry` makes.
    pub fn after(entry: &VerifiedHeader) -> Self {
        let h = entry.header();
        Self {
            doc: h.doc,
            log: h.log,
            author: h.author,
            audience: h.audience,
            seq: h.seq,
            hash: entry.hash(),
        }
    }
}

/// An entry does not follow its log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// Entries before it are missing: ask for them, keep nothing.
    #[error("log {log:?}: entry {found} came, {wanted} is next")]
    Gap {
        /// The log.
        log: LogId,
        /// The position that is next.
        wanted: u64,
        /// The position that came.
        found: u64,
    },
    /// The entry is already held.
    #[error("log {log:?}: entry {seq} is already held")]
    Known {
        /// The log.
        log: LogId,
        /// Its position.
        seq: u64,
    },
    /// It names another predecessor: the author signed two histories, or somebody lies.
    #[error("log {log:?}: entry {seq} follows {found:?}, the log's head is {wanted:?}")]
    Broken {
        /// The log.
        log: LogId,
        /// Its position.
        seq: u64,
        /// The head that is held.
        wanted: EntryHash,
        /// The predecessor it names.
        found: EntryHash,
    },
}

/// Checks that `next` follows `tip` (`None`: the log is not known yet).
///
/// Author, document and audience need no look: the log's id follows from them.
/// A position at or below the tip is `Known`: the caller compares hashes to
/// tell a repeat from an equivocation.
pub fn check_link(tip: Option<&LogTip>, next: &VerifiedHeader) -> Result<LogTip, ChainError> {
    let h = next.header();
    let (held, head) = tip.map_or((0, EntryHash::ZERO), |t| (t.seq, t.hash));
    if h.seq <= held {
        return Err(ChainError::Known { log: h.log, seq: h.seq });
    }
    if h.seq > held + 1 {
        return Err(ChainError::Gap { log: h.log, wanted: held + 1, found: h.seq });
    }
    if h.prev != head {
        return Err(ChainError::Broken { log: h.log, seq: h.seq, wanted: head, found: h.prev });
    }
    Ok(LogTip::after(next))
}
