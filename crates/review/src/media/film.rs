//! What an MP4 or QuickTime file says about its picture: size, frame rate, length.
//!
//! ```text
//! ftyp … mdat (the bytes, skipped)  moov
//!   trak
//!     tkhd   the turn, and the size as it is shown
//!     mdia
//!       mdhd          ticks per second
//!       hdlr          `vide` for the picture's track
//!       minf stbl stts  runs of (frames, ticks per frame)
//! ```

use crate::timecode::Rate;

const MOOV_BYTES_MAX: u64 = 64 << 20;
const BOXES_MAX: usize = 10_000;

/// The picture's track of a film.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Film {
    /// Width and height in pixels, as it is shown.
    pub size: (u32, u32),
    /// Frames per second; absent where they vary.
    pub rate: Option<Rate>,
    /// How many frames it has.
    pub frames: u64,
}

/// Reads a file of `file_bytes` bytes through `read(offset, length)`; `None` where it is no such file
/// or has no picture. Only headers are read, never the frames.
pub fn film(file_bytes: u64, mut read: impl FnMut(u64, usize) -> Option<Vec<u8>>) -> Option<Film> {
    let mut at = 0_u64;
    for _ in 0..BOXES_MAX {
        let left = file_bytes.checked_sub(at).filter(|n| *n >= 8)?;
        let header = read(at, usize::try_from(left.min(16)).ok()?)?;
        let (kind, head, size) = header_of(&header, left)?;
        if kind == *b"moov" {
            let length = size.checked_sub(head).filter(|n| *n <= MOOV_BYTES_MAX)?;
            let moov = read(at + head, usize::try_from(length).ok()?)?;
            return boxes(&moov).filter(|b| b.0 == *b"trak").find_map(|(_, trak)| picture_track(trak));
        }
        at = at.checked_add(size)?;
    }
    None
}

fn picture_track(trak: &[u8]) -> Option<Film> {
    let mdia = child(trak, b"mdia")?;
    if child(mdia, b"hdlr")?.get(8..12)? != b"vide" {
        return None;
    }
    let tkhd = child(trak, b"tkhd")?;
    let mdhd = child(mdia, b"mdhd")?;
    // The first byte is the box's version; version 1 has wider times.
    let wide = |full: &[u8]| full.first() == Some(&1);
    let matrix = if wide(tkhd) { 52 } else { 40 };
    let (width, height) = (be32(tkhd, matrix + 36)? >> 16, be32(tkhd, matrix + 40)? >> 16);
    let upright = be32(tkhd, matrix)? != 0;
    let ticks = be32(mdhd, if wide(mdhd) { 20 } else { 12 })?;
    let stts = child(child(child(mdia, b"minf")?, b"stbl")?, b"stts")?;
    let (frames, per_frame) = frame_times(stts);
    let size = if upright { (width, height) } else { (height, width) };
    let rate = per_frame.and_then(|per_frame| Rate::new(ticks, per_frame).ok());
    (width > 0 && height > 0).then_some(Film { size, rate, frames })
}

/// How many frames there are, and the ticks of each; the last one may differ.
fn frame_times(stts: &[u8]) -> (u64, Option<u32>) {
    let runs: Vec<(u32, u32)> = stts
        .get(8..)
        .unwrap_or_default()
        .chunks_exact(8)
        .filter_map(|run| Some((be32(run, 0)?, be32(run, 4)?)))
        .collect();
    let frames = runs.iter().map(|(count, _)| u64::from(*count)).sum();
    let whole = match runs.as_slice() {
        [rest @ .., (1, _)] if !rest.is_empty() => rest,
        all => all,
    };
    let ticks = whole.first().map(|(_, ticks)| *ticks).filter(|t| whole.iter().all(|(_, other)| other == t));
    (frames, ticks)
}

type Kind = [u8; 4];

/// A box's kind, header length and whole length; it must fit into what is left.
fn header_of(bytes: &[u8], left: u64) -> Option<(Kind, u64, u64)> {
    let kind = bytes.get(4..8)?.try_into().ok()?;
    let (head, size) = match be32(bytes, 0)? {
        0 => (8, left),
        1 => (16, u64::from_be_bytes(bytes.get(8..16)?.try_into().ok()?)),
        size => (8, u64::from(size)),
    };
    (size >= head && size <= left).then_some((kind, head, size))
}

/// The boxes inside a box, up to the first that does not fit.
fn boxes(mut bytes: &[u8]) -> impl Iterator<Item = (Kind, &[u8])> {
    std::iter::from_fn(move || {
        let (kind, head, size) = header_of(bytes, bytes.len().try_into().ok()?)?;
        let (inside, rest) = bytes.split_at_checked(usize::try_from(size).ok()?)?;
        bytes = rest;
        Some((kind, inside.get(usize::try_from(head).ok()?..)?))
    })
    .take(BOXES_MAX)
}

fn child<'a>(bytes: &'a [u8], kind: &Kind) -> Option<&'a [u8]> {
    boxes(bytes).find(|(k, _)| k == kind).map(|(_, inside)| inside)
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}
