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

use super::boxes::{be32, below, boxes, child, is_wide, moov};
use crate::timecode::Rate;

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
pub fn film(file_bytes: u64, read: impl FnMut(u64, usize) -> Option<Vec<u8>>) -> Option<Film> {
    let moov = moov(file_bytes, read)?;
    boxes(&moov).filter(|b| b.0 == *b"trak").find_map(|(_, trak)| picture_track(trak))
}

pub(super) fn picture_track(trak: &[u8]) -> Option<Film> {
    let mdia = child(trak, b"mdia")?;
    if child(mdia, b"hdlr")?.get(8..12)? != b"vide" {
        return None;
    }
    let tkhd = child(trak, b"tkhd")?;
    let mdhd = child(mdia, b"mdhd")?;
    let matrix = if is_wide(tkhd) { 52 } else { 40 };
    let (width, height) = (be32(tkhd, matrix + 36)? >> 16, be32(tkhd, matrix + 40)? >> 16);
    let upright = be32(tkhd, matrix)? != 0;
    let ticks = be32(mdhd, if is_wide(mdhd) { 20 } else { 12 })?;
    let stts = below(mdia, &[b"minf", b"stbl", b"stts"])?;
    let (frames, per_frame) = frame_times(stts);
    let size = if upright { (width, height) } else { (height, width) };
    let rate = per_frame.and_then(|per_frame| Rate::new(ticks, per_frame).ok());
    (width > 0 && height > 0).then_some(Film { size, rate, frames })
}

/// How many frames there are, and the ticks of each; the last one may differ.
pub(super) fn frame_times(stts: &[u8]) -> (u64, Option<u32>) {
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
