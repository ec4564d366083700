//! All tracks of an MP4 or QuickTime file: what each is, its codec and how long it lasts.

use serde::{Deserialize, Serialize};

use super::boxes::{Kind, be16, be32, be64, below, boxes, child, is_wide, moov};
use super::film::{frame_times, picture_track};
use crate::timecode::Rate;

const TRACKS_MAX: usize = 256;

/// A film, as its headers describe it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movie {
    /// How long it lasts, in milliseconds.
    pub duration_ms: u64,
    /// Its tracks, in the file's order.
    pub tracks: Vec<Track>,
}

/// What a track holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrackKind {
    /// Pictures.
    Picture,
    /// Sound.
    Sound,
    /// Captions and subtitles.
    Caption,
    /// Timecode.
    Timecode,
    /// Anything else.
    Other,
}

/// One track.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Track {
    /// Its number in the file.
    pub id: u32,
    /// What it holds.
    pub kind: TrackKind,
    /// Its codec, in four letters: `avc1`, `mp4a`, `apcn`.
    pub codec: String,
    /// Its language, in three letters; empty where none is said.
    pub language: String,
    /// How long it lasts, in milliseconds.
    pub duration_ms: u64,
    /// How many frames or samples it has.
    pub frames: u64,
    /// Frames per second, of pictures whose frames last equally long.
    pub rate: Option<Rate>,
    /// Width and height as they are shown, of pictures.
    pub size: Option<(u32, u32)>,
    /// Channels, of sound.
    pub channels: Option<u16>,
    /// Samples per second, of sound.
    pub sample_rate: Option<u32>,
}

/// Reads a file of `file_bytes` bytes through `read(offset, length)`; `None` where it is no such file.
/// Only headers are read, never frames or sound.
pub fn movie(file_bytes: u64, read: impl FnMut(u64, usize) -> Option<Vec<u8>>) -> Option<Movie> {
    let moov = moov(file_bytes, read)?;
    let mvhd = child(&moov, b"mvhd")?;
    let duration_ms = duration(mvhd).unwrap_or(0);
    let traks = boxes(&moov).filter(|b| b.0 == *b"trak").take(TRACKS_MAX);
    Some(Movie { duration_ms, tracks: traks.filter_map(|(_, trak)| track(trak)).collect() })
}

fn track(trak: &[u8]) -> Option<Track> {
    let (tkhd, mdia) = (child(trak, b"tkhd")?, child(trak, b"mdia")?);
    let mdhd = child(mdia, b"mdhd")?;
    let kind = match child(mdia, b"hdlr")?.get(8..12)? {
        b"vide" => TrackKind::Picture,
        b"soun" => TrackKind::Sound,
        b"text" | b"subt" | b"sbtl" | b"clcp" => TrackKind::Caption,
        b"tmcd" => TrackKind::Timecode,
        _ => TrackKind::Other,
    };
    let stbl = below(mdia, &[b"minf", b"stbl"])?;
    let entry = child(stbl, b"stsd").and_then(|stsd| boxes(stsd.get(8..)?).next());
    let (codec, sample) = entry.unwrap_or_default();
    let film = picture_track(trak);
    let (frames, _) = frame_times(child(stbl, b"stts")?);
    let sound = (kind == TrackKind::Sound).then_some(sample);
    Some(Track {
        id: be32(tkhd, if is_wide(tkhd) { 20 } else { 12 })?,
        kind,
        codec: letters(codec),
        language: language(be16(mdhd, if is_wide(mdhd) { 32 } else { 20 })?),
        duration_ms: duration(mdhd).unwrap_or(0),
        frames,
        rate: film.and_then(|f| f.rate),
        size: film.map(|f| f.size),
        channels: sound.and_then(|sample| be16(sample, 16)),
        sample_rate: sound.and_then(|sample| be32(sample, 24)).map(|fixed| fixed >> 16),
    })
}

/// Of `mvhd` and `mdhd` alike: times, then ticks per second, then a length in ticks.
fn duration(header: &[u8]) -> Option<u64> {
    let (ticks_per_s, ticks) = match is_wide(header) {
        true => (be32(header, 20)?, be64(header, 24)?),
        false => (be32(header, 12)?, u64::from(be32(header, 16)?)),
    };
    let ms = u128::from(ticks) * 1_000 / u128::from(ticks_per_s.max(1));
    u64::try_from(ms).ok()
}

fn letters(kind: Kind) -> String {
    kind.iter().map(|b| if b.is_ascii_graphic() { char::from(*b) } else { '.' }).collect()
}

/// Three letters of five bits each; `und` says nothing.
fn language(packed: u16) -> String {
    let letter = |shift: u16| char::from(u8::try_from((packed >> shift) & 0x1f).unwrap_or(0) + 0x60);
    let text: String = [10, 5, 0].map(letter).iter().collect();
    if text.bytes().all(|b| b.is_ascii_lowercase()) && text != "und" { text } else { String::new() }
}
