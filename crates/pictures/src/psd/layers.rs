//! The layers' records.
//!
//! ```text
//! count:i16   negative: the composite's first extra channel is its transparency
//! record      top:i32 left:i32 bottom:i32 right:i32  channels:u16 { id:i16 length:u32|u64 }
//!             "8BIM" blend:4 opacity:u8 clipping:u8 flags:u8 0  extra:u32
//!   extra     mask:u32 … ranges:u32 …  name: length:u8 …, padded to 4  blocks
//!   blocks    "8BIM" key:4 length …   luni: the name in UTF-16; lyid: the id; lsct: where groups begin and end
//! channels    of each record, in order: compression:u16 …
//! ```
//!
//! Records go from the bottom up: a group's end comes before its layers, its head after them.

use std::ops::Range;

use super::{Cursor, Header, is_long};
use crate::picture::ReadError;

const LAYERS_MAX: u16 = 8_000;
const NAME_CHARS_MAX: usize = 255;
const HIDDEN: u8 = 2;

/// What a record is to the groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Layer,
    Group,
    GroupEnd,
}

/// One layer as it is written.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) id: Option<u32>,
    pub(crate) name: String,
    /// Left, top, right, bottom.
    pub(crate) edges: [i32; 4],
    pub(crate) blend: [u8; 4],
    pub(crate) opacity: u8,
    pub(crate) hidden: bool,
    pub(crate) section: Section,
    /// Each channel's id and bytes, from its compression on.
    pub(crate) channels: Vec<(i16, Range<usize>)>,
}

/// All records, from the bottom up.
pub(crate) fn records(bytes: &[u8], info: Range<usize>, header: &Header) -> Result<Vec<Record>, ReadError> {
    let mut at = Cursor::new(bytes, info);
    if at.left() < 2 {
        return Ok(Vec::new());
    }
    let count = at.i16()?.unsigned_abs();
    if count > LAYERS_MAX {
        return Err(ReadError::Damaged(format!("{count} layers, the limit is {LAYERS_MAX}")));
    }
    let mut all = (0..count).map(|_| record(&mut at, bytes, header)).collect::<Result<Vec<_>, _>>()?;
    for channel in all.iter_mut().flat_map(|record| &mut record.channels) {
        let start = at.position();
        at.take(channel.1.len())?;
        channel.1 = start..at.position();
    }
    Ok(all)
}

fn record(at: &mut Cursor<'_>, bytes: &[u8], header: &Header) -> Result<Record, ReadError> {
    let (top, left, bottom, right) = (at.i32()?, at.i32()?, at.i32()?, at.i32()?);
    let count = at.u16()?;
    // Ranges for now, lengths only: where the bytes are is known after the last record.
    let channel = |_| Ok((at.i16()?, 0..at.length(header.large)?));
    let channels = (0..count).map(channel).collect::<Result<Vec<_>, ReadError>>()?;
    at.take(4)?;
    let blend = at.array()?;
    let (opacity, _clipping, flags, _) = (at.u8()?, at.u8()?, at.u8()?, at.u8()?);
    let extra = at.block(false)?;
    let mut record = Record {
        id: None,
        name: String::new(),
        edges: [left, top, right, bottom],
        blend,
        opacity,
        hidden: flags & HIDDEN != 0,
        section: Section::Layer,
        channels,
    };
    // What is wrong in here costs a name, not the layer.
    let _partly = read_extra(&mut record, bytes, extra, header);
    Ok(record)
}

fn read_extra(
    record: &mut Record,
    bytes: &[u8],
    extra: Range<usize>,
    header: &Header,
) -> Result<(), ReadError> {
    let mut at = Cursor::new(bytes, extra);
    at.block(false)?;
    at.block(false)?;
    let before = at.position();
    let length = usize::from(at.u8()?);
    let name = at.take(length)?;
    record.name = name.iter().map(|b| if b.is_ascii() { char::from(*b) } else { '\u{fffd}' }).collect();
    let padded = (at.position() - before).next_multiple_of(4);
    at.take(padded - (at.position() - before))?;
    while at.left() >= 12 {
        at.take(4)?;
        let key: [u8; 4] = at.array()?;
        let block = at.block(header.large && is_long(&key))?;
        let mut inside = Cursor::new(bytes, block.clone());
        match &key {
            b"luni" => record.name = unicode(&mut inside)?,
            b"lyid" => record.id = Some(inside.u32()?),
            b"lsct" | b"lsdk" => {
                record.section = match inside.u32()? {
                    1 | 2 => Section::Group,
                    3 => Section::GroupEnd,
                    _ => Section::Layer,
                }
            }
            _ => {}
        }
        // Some writers pad to even lengths without saying so.
        if block.len() % 2 == 1 && at.left() > 0 {
            at.take(1)?;
        }
    }
    Ok(())
}

fn unicode(at: &mut Cursor<'_>) -> Result<String, ReadError> {
    let count = at.length(false)?.min(NAME_CHARS_MAX);
    let units = (0..count).map(|_| at.u16()).collect::<Result<Vec<u16>, _>>()?;
    let name = char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}'));
    Ok(name.filter(|c| *c != '\0').collect())
}
