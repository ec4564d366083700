//! What is readable of a store that is damaged: its entries, wherever they lie in the file.
//!
//! An entry proves itself: its header says how long it is, whose it is and where in its log
//! it belongs, and the signature covers all of that. So none of the file's structure is
//! needed to find it, and nothing that is found is believed without its proof: what comes
//! out goes the way of entries that a stranger offers.
//!
//! A header without its payload is what is left of an entry that was erased, or of one that is
//! damaged: who takes it in knows which.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use proofroom_entry::{ENTRY_BYTES_MAX, SIGNED_BYTES, Signed, SignedHeader};
use proofroom_ident::{DocId, EntryHash, LogId, SignerKey, WorkspaceId};

use crate::home::{HomeError, at};

/// How much of the file is in memory at a time; more than the longest entry.
const WINDOW_BYTES: usize = 2 * ENTRY_BYTES_MAX;
/// What is given up where the disk cannot read.
const SECTOR_BYTES: usize = 4096;
/// The first byte of every entry: its version.
const BEGINS: u8 = 1;

/// Where a file holds a whole entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The document.
    pub doc: DocId,
    /// The log.
    pub log: LogId,
    /// The place in the log.
    pub seq: u64,
    /// The device that signed it.
    pub author: SignerKey,
    /// How long it is.
    pub bytes: usize,
    /// Whether only its header and signature are there.
    pub bare: bool,
    at: u64,
}

/// What is readable of a file.
#[derive(Debug, Default)]
pub struct Found {
    /// Entries by workspace: the membership first, each log in its order.
    pub pieces: BTreeMap<WorkspaceId, Vec<Piece>>,
    /// Bytes that the disk could not read.
    pub unread_bytes: u64,
}

impl Found {
    /// How many entries of a workspace are readable, payload and all, and how many of them a device signed.
    pub fn count(&self, workspace: WorkspaceId, author: SignerKey) -> (usize, usize) {
        let pieces = self.pieces.get(&workspace).map(Vec::as_slice).unwrap_or_default();
        let whole = || pieces.iter().filter(|piece| !piece.bare);
        (whole().count(), whole().filter(|piece| piece.author == author).count())
    }
}

/// Finds every whole entry of a file. `tell` hears of every byte that was looked at.
///
/// # Errors
/// When there is no such file. What the disk cannot read is passed over, and counted.
pub fn find(path: &Path, mut tell: impl FnMut(u64)) -> Result<Found, HomeError> {
    let file = File::open(path).map_err(at("open", path))?;
    let length = file.metadata().map_err(at("look at", path))?.len();
    let (mut search, mut unread_bytes) = (Search::default(), 0);
    let mut window = vec![0; WINDOW_BYTES];
    let mut start = 0;
    while start < length {
        let bytes = usize::try_from(length - start).unwrap_or(usize::MAX).min(WINDOW_BYTES);
        unread_bytes += read(&file, &mut window[..bytes], start);
        // What begins behind this may end behind the window, and is looked at in the next one.
        let last = start + bytes as u64 == length;
        let until = if last { bytes } else { bytes - ENTRY_BYTES_MAX };
        let done = search.window(&window[..bytes], until, start);
        tell(done as u64);
        start += done as u64;
    }
    let mut pieces = BTreeMap::<_, Vec<Piece>>::new();
    for (workspace, piece) in search.found.into_values() {
        pieces.entry(workspace).or_default().push(piece);
    }
    for pieces in pieces.values_mut() {
        pieces.sort_by_key(|piece| (piece.doc != DocId::AUTHORITY, piece.doc, piece.log, piece.seq));
    }
    Ok(Found { pieces, unread_bytes })
}

/// Reads what was found. Whoever takes it proves it again.
///
/// # Errors
/// When it cannot be read any more.
pub fn entry(file: &File, path: &Path, piece: &Piece) -> Result<Signed, HomeError> {
    let mut bytes = vec![0; piece.bytes];
    file.read_exact_at(&mut bytes, piece.at).map_err(at("read", path))?;
    let changed = |e: proofroom_entry::DecodeError| HomeError::Damaged {
        path: path.to_owned(),
        reason: format!("it changes while it is read: {e}"),
    };
    Signed::decode(bytes).map_err(changed)
}

/// Fills `window` from `start` on. Sectors that cannot be read become zeros; returns their bytes.
fn read(file: &File, window: &mut [u8], start: u64) -> u64 {
    if file.read_exact_at(window, start).is_ok() {
        return 0;
    }
    let (mut at, mut unread) = (start, 0);
    for sector in window.chunks_mut(SECTOR_BYTES) {
        if file.read_exact_at(sector, at).is_err() {
            sector.fill(0);
            unread += sector.len() as u64;
        }
        at += sector.len() as u64;
    }
    unread
}

/// What was found so far, by hash.
#[derive(Default)]
struct Search {
    found: BTreeMap<EntryHash, (WorkspaceId, Piece)>,
}

impl Search {
    /// Looks for entries that begin before `until`; returns where it stopped.
    fn window(&mut self, window: &[u8], until: usize, start: u64) -> usize {
        let mut at = 0;
        while let Some(next) = window.get(at..until).and_then(|w| w.iter().position(|b| *b == BEGINS)) {
            at += next;
            at += self.entry(&window[at..], start + at as u64).unwrap_or(1);
        }
        at.max(until)
    }

    /// An entry at the beginning of `rest`; returns where to go on.
    fn entry(&mut self, rest: &[u8], at: u64) -> Option<usize> {
        let head = SignedHeader::decode(rest.get(..SIGNED_BYTES)?).ok()?;
        let (hash, workspace, h) = (head.hash(), head.workspace(), *head.claims());
        let bytes = SIGNED_BYTES + usize::try_from(h.payload_len).unwrap_or(usize::MAX);
        let piece =
            |bytes, bare| Piece { doc: h.doc, log: h.log, seq: h.seq, author: h.author, bytes, bare, at };
        match self.found.get(&hash) {
            // An older copy of what was found: what follows it may be another page by now.
            Some((_, known)) if !known.bare => return Some(SIGNED_BYTES),
            _ => {}
        }
        let whole = rest.get(..bytes).and_then(|bytes| Signed::decode(bytes).ok());
        if whole.is_some_and(|signed| signed.verify(workspace).is_ok()) {
            self.found.insert(hash, (workspace, piece(bytes, false)));
            return Some(bytes);
        }
        let may_be_bare = Signed::decode(&rest[..SIGNED_BYTES]).ok()?.verify_erased(workspace).is_ok();
        if may_be_bare {
            self.found.entry(hash).or_insert((workspace, piece(SIGNED_BYTES, true)));
        }
        Some(if may_be_bare { SIGNED_BYTES } else { 1 })
    }
}

#[cfg(test)]
mod tests;
