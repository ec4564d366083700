//! The pixels of channels: raw, in runs (PackBits), or deflated.

use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

use super::{Cursor, Header, cut_short};
use crate::picture::{PIXELS_MAX, ReadError};

/// How the values of a channel are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Packing {
    Raw,
    Runs,
    Deflated,
    /// Deflated differences to the value on the left.
    Differences,
}

impl Packing {
    fn read(at: &mut Cursor<'_>) -> Result<Self, ReadError> {
        match at.u16()? {
            0 => Ok(Self::Raw),
            1 => Ok(Self::Runs),
            2 => Ok(Self::Deflated),
            3 => Ok(Self::Differences),
            other => Err(ReadError::Damaged(format!("compression {other} is not known"))),
        }
    }
}

/// The values of one channel of a layer, `width` by `height`, one byte each: of deep ones the upper byte.
pub(crate) fn plane(
    at: &mut Cursor<'_>,
    (width, height): (u32, u32),
    header: &Header,
) -> Result<Vec<u8>, ReadError> {
    let packing = Packing::read(at)?;
    let mut all = unpack(at, (width, height), header, &Stack { packing, planes: 1, wanted: 1 })?;
    all.pop().ok_or_else(cut_short)
}

/// The values of the composite's first `wanted` channels.
pub(crate) fn planes(at: &mut Cursor<'_>, wanted: usize, header: &Header) -> Result<Vec<Vec<u8>>, ReadError> {
    if wanted > header.channels {
        return Err(ReadError::Damaged("channels are missing".into()));
    }
    let stack = Stack { packing: Packing::read(at)?, planes: header.channels, wanted };
    unpack(at, (header.width, header.height), header, &stack)
}

/// Planes that lie one after the other.
struct Stack {
    packing: Packing,
    planes: usize,
    /// So many of them are unpacked.
    wanted: usize,
}

fn unpack(
    at: &mut Cursor<'_>,
    (width, height): (u32, u32),
    header: &Header,
    of: &Stack,
) -> Result<Vec<Vec<u8>>, ReadError> {
    let bytes_each = match header.depth {
        8 => 1,
        16 => 2,
        other => return Err(ReadError::Damaged(format!("{other} bits a channel are not read"))),
    };
    if u64::from(width) * u64::from(height) > PIXELS_MAX {
        return Err(ReadError::TooLarge { width, height });
    }
    let wide = |n: u32| usize::try_from(n).map_err(|_| cut_short());
    let (row, rows) = (wide(width)? * bytes_each, wide(height)?);
    let counts = match of.packing {
        Packing::Runs => Some(row_counts(at, rows * of.planes, header.large)?),
        _ => None,
    };
    let mut out = Vec::new();
    for index in 0..of.wanted {
        let plane = match of.packing {
            Packing::Raw => at.take(row * rows)?.to_vec(),
            Packing::Runs => {
                let counts = counts.as_deref().unwrap_or_default();
                runs(at, &counts[index * rows..(index + 1) * rows], row)?
            }
            Packing::Deflated | Packing::Differences => {
                let packed = at.take(at.left())?;
                let mut plane = decompress_to_vec_zlib_with_limit(packed, row * rows)
                    .map_err(|e| ReadError::Damaged(e.to_string()))?;
                if of.packing == Packing::Differences {
                    plane.chunks_mut(row.max(1)).for_each(|row| undo_differences(row, bytes_each));
                }
                plane
            }
        };
        if plane.len() != row * rows {
            return Err(cut_short());
        }
        out.push(if bytes_each == 1 { plane } else { plane.chunks_exact(2).map(|v| v[0]).collect() });
    }
    Ok(out)
}

fn row_counts(at: &mut Cursor<'_>, rows: usize, large: bool) -> Result<Vec<usize>, ReadError> {
    if rows > at.left() {
        return Err(cut_short());
    }
    let count = |_| if large { at.length(false) } else { at.u16().map(usize::from) };
    (0..rows).map(count).collect()
}

/// PackBits, row by row.
fn runs(at: &mut Cursor<'_>, counts: &[usize], row: usize) -> Result<Vec<u8>, ReadError> {
    let mut out = Vec::new();
    for count in counts {
        let mut packed = at.take(*count)?.iter().copied();
        let full = out.len() + row;
        while out.len() < full {
            let Some(head) = packed.next() else { break };
            match head.cast_signed() {
                n @ 0.. => out.extend(packed.by_ref().take(usize::from(n.unsigned_abs()) + 1)),
                -128 => {}
                n => {
                    let value = packed.next().ok_or_else(cut_short)?;
                    out.resize(out.len() + usize::from(n.unsigned_abs()) + 1, value);
                }
            }
        }
        if out.len() != full {
            return Err(ReadError::Damaged("a row has another length than the picture".into()));
        }
    }
    Ok(out)
}

fn undo_differences(row: &mut [u8], bytes_each: usize) {
    if bytes_each == 1 {
        let mut before = 0_u8;
        for value in row {
            before = before.wrapping_add(*value);
            *value = before;
        }
        return;
    }
    let mut before = 0_u16;
    for value in row.chunks_exact_mut(2) {
        before = before.wrapping_add(u16::from_be_bytes([value[0], value[1]]));
        value.copy_from_slice(&before.to_be_bytes());
    }
}
