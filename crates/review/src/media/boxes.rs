//! The boxes of MP4 and QuickTime files: a length, a kind of four letters, and what is inside.

pub(super) const MOOV_BYTES_MAX: u64 = 64 << 20;
const BOXES_MAX: usize = 10_000;

pub(super) type Kind = [u8; 4];

/// The inside of a file's `moov` box, read through `read(offset, length)`; the boxes before it are skipped.
pub(super) fn moov(file_bytes: u64, mut read: impl FnMut(u64, usize) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
    let mut at = 0_u64;
    for _ in 0..BOXES_MAX {
        let left = file_bytes.checked_sub(at).filter(|n| *n >= 8)?;
        let header = read(at, usize::try_from(left.min(16)).ok()?)?;
        let (kind, head, size) = header_of(&header, left)?;
        if kind == *b"moov" {
            let length = size.checked_sub(head).filter(|n| *n <= MOOV_BYTES_MAX)?;
            return read(at + head, usize::try_from(length).ok()?);
        }
        at = at.checked_add(size)?;
    }
    None
}

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
pub(super) fn boxes(mut bytes: &[u8]) -> impl Iterator<Item = (Kind, &[u8])> {
    std::iter::from_fn(move || {
        let (kind, head, size) = header_of(bytes, bytes.len().try_into().ok()?)?;
        let (inside, rest) = bytes.split_at_checked(usize::try_from(size).ok()?)?;
        bytes = rest;
        Some((kind, inside.get(usize::try_from(head).ok()?..)?))
    })
    .take(BOXES_MAX)
}

pub(super) fn child<'a>(bytes: &'a [u8], kind: &Kind) -> Option<&'a [u8]> {
    boxes(bytes).find(|(k, _)| k == kind).map(|(_, inside)| inside)
}

/// A box below boxes.
pub(super) fn below<'a>(bytes: &'a [u8], path: &[&Kind]) -> Option<&'a [u8]> {
    path.iter().try_fold(bytes, |bytes, kind| child(bytes, kind))
}

/// Whether the times of a box are eight bytes long: version 1.
pub(super) fn is_wide(full: &[u8]) -> bool {
    full.first() == Some(&1)
}

pub(super) fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

pub(super) fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

pub(super) fn be64(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
}
