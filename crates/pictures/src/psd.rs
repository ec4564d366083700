//! The bytes of a PSD, and of its large form PSB. All numbers are big endian.
//!
//! ```text
//! header      "8BPS" version:u16 (2 is PSB) 0*6 channels:u16 height:u32 width:u32 depth:u16 mode:u16
//! colours     length:u32 …                      the palette of an indexed picture
//! resources   length:u32 …                      skipped
//! layers      length:u32|u64
//!   info      length:u32|u64  count:i16  records  channels     see `psd/layers.rs`
//!   mask      length:u32 …
//!   blocks    "8BIM" key:4 length …             `Lr16` and `Lr32` hold the info of deep pictures
//! composite   compression:u16 …                 all layers together, see `psd/channels.rs`
//! ```

mod channels;
mod layers;

use std::ops::Range;

use crate::picture::{ReadError, check_size};

pub(crate) use channels::{plane, planes};
pub(crate) use layers::{Record, Section, records};

/// The colour mode of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Gray,
    Indexed,
    Rgb,
    Cmyk,
    Other(u16),
}

/// What a file begins with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub(crate) large: bool,
    pub(crate) channels: usize,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) depth: u16,
    pub(crate) mode: Mode,
}

/// Where the parts of a file are.
#[derive(Clone, Debug)]
pub(crate) struct Sections {
    pub(crate) header: Header,
    pub(crate) palette: Range<usize>,
    /// The layers' info, from its count on; empty without layers.
    pub(crate) layers: Range<usize>,
    /// From the compression on.
    pub(crate) composite: usize,
}

pub(crate) fn cut_short() -> ReadError {
    ReadError::Damaged("the file is cut short".into())
}

/// Finds the parts of a file.
pub(crate) fn sections(bytes: &[u8]) -> Result<Sections, ReadError> {
    let mut at = Cursor::new(bytes, 0..bytes.len());
    let header = header(&mut at)?;
    let palette = at.block(false)?;
    at.block(false)?;
    let all = at.block(header.large)?;
    let composite = at.position();
    let layers = layer_info(bytes, all, &header).unwrap_or(0..0);
    Ok(Sections { header, palette, layers, composite })
}

fn header(at: &mut Cursor<'_>) -> Result<Header, ReadError> {
    if at.take(4)? != b"8BPS" {
        return Err(ReadError::Damaged("it is no PSD".into()));
    }
    let large = match at.u16()? {
        1 => false,
        2 => true,
        other => return Err(ReadError::Damaged(format!("PSD version {other} is not known"))),
    };
    at.take(6)?;
    let channels = usize::from(at.u16()?);
    let (height, width) = (at.u32()?, at.u32()?);
    let (depth, mode) = (at.u16()?, at.u16()?);
    check_size(width, height)?;
    let mode = match mode {
        1 | 8 => Mode::Gray,
        2 => Mode::Indexed,
        3 => Mode::Rgb,
        4 => Mode::Cmyk,
        other => Mode::Other(other),
    };
    if !(1..=56).contains(&channels) || !matches!(depth, 1 | 8 | 16 | 32) {
        return Err(ReadError::Damaged(format!("{channels} channels of {depth} bits")));
    }
    Ok(Header { large, channels, width, height, depth, mode })
}

/// The layers' info: at its usual place, or in a block of its own for deep pictures.
fn layer_info(bytes: &[u8], all: Range<usize>, header: &Header) -> Option<Range<usize>> {
    let mut at = Cursor::new(bytes, all);
    let info = at.block(header.large).ok()?;
    if info.len() > 2 {
        return Some(info);
    }
    at.block(false).ok()?;
    while let Ok(signature) = at.take(4) {
        if !matches!(signature, b"8BIM" | b"8B64") {
            return None;
        }
        let key: [u8; 4] = at.take(4).ok()?.try_into().ok()?;
        let block = at.block(header.large && is_long(&key)).ok()?;
        if matches!(&key, b"Lr16" | b"Lr32" | b"Layr") {
            return Some(block);
        }
        at.pad(4);
    }
    None
}

/// Blocks whose lengths are eight bytes in a PSB.
pub(crate) fn is_long(key: &[u8; 4]) -> bool {
    const LONG: [&[u8; 4]; 13] = [
        b"LMsk", b"Lr16", b"Lr32", b"Layr", b"Mt16", b"Mt32", b"Mtrn", b"Alph", b"FMsk", b"lnk2", b"FEid",
        b"FXid", b"PxSD",
    ];
    LONG.contains(&key)
}

/// Reads forward within a range; never beyond it.
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    start: usize,
    at: usize,
    end: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8], range: Range<usize>) -> Self {
        let end = range.end.min(bytes.len());
        let start = range.start.min(end);
        Self { bytes, start, at: start, end }
    }

    pub(crate) fn position(&self) -> usize {
        self.at
    }

    pub(crate) fn left(&self) -> usize {
        self.end - self.at
    }

    pub(crate) fn take(&mut self, n: usize) -> Result<&'a [u8], ReadError> {
        let end = self.at.checked_add(n).filter(|end| *end <= self.end).ok_or_else(cut_short)?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], ReadError> {
        self.take(N)?.try_into().map_err(|_| cut_short())
    }

    pub(crate) fn u8(&mut self) -> Result<u8, ReadError> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    pub(crate) fn u16(&mut self) -> Result<u16, ReadError> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    pub(crate) fn i16(&mut self) -> Result<i16, ReadError> {
        Ok(i16::from_be_bytes(self.array()?))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, ReadError> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    pub(crate) fn i32(&mut self) -> Result<i32, ReadError> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    /// A length of four bytes, or of eight.
    pub(crate) fn length(&mut self, wide: bool) -> Result<usize, ReadError> {
        let length = if wide { u64::from_be_bytes(self.array()?) } else { u64::from(self.u32()?) };
        usize::try_from(length).map_err(|_| cut_short())
    }

    /// A length and so many bytes; the range of the bytes.
    pub(crate) fn block(&mut self, wide: bool) -> Result<Range<usize>, ReadError> {
        let length = self.length(wide)?;
        let start = self.at;
        self.take(length)?;
        Ok(start..self.at)
    }

    /// Skips up to a multiple of `to`, counted from the range's start, as far as there is anything.
    pub(crate) fn pad(&mut self, to: usize) {
        let over = (self.at - self.start) % to;
        if over > 0 {
            self.at = (self.at + to - over).min(self.end);
        }
    }
}
