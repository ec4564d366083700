//! A cursor over LEB128 numbers and bytes; every read is checked.

use super::ChunkError;

pub(super) const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];

#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Takes magic, checksum, type and length off a chunk. The checksum is compared
    /// later: by automerge, or with the canonical form.
    pub(crate) fn chunk(bytes: &'a [u8], wanted: u8) -> Result<Self, ChunkError> {
        let mut r = Self::new(bytes);
        if r.take(4, "the magic bytes")? != MAGIC {
            return Err(ChunkError::Magic);
        }
        r.take(4, "the checksum")?;
        let found = r.u8("the chunk's type")?;
        if found != wanted {
            return Err(ChunkError::Type { wanted, found });
        }
        let length = r.length("the chunk", usize::MAX)?;
        let body = r.take(length, "the chunk")?;
        if r.remaining() > 0 {
            return Err(ChunkError::ExtraBytes(r.remaining()));
        }
        Ok(Self::new(body))
    }

    pub(crate) fn remaining(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn take(&mut self, n: usize, what: &'static str) -> Result<&'a [u8], ChunkError> {
        let (head, tail) = self.bytes.split_at_checked(n).ok_or(ChunkError::Short(what))?;
        self.bytes = tail;
        Ok(head)
    }

    pub(crate) fn u8(&mut self, what: &'static str) -> Result<u8, ChunkError> {
        Ok(self.take(1, what)?[0])
    }

    /// An unsigned number. Overlong forms pass: the canonical form is compared later.
    pub(crate) fn uleb(&mut self, what: &'static str) -> Result<u64, ChunkError> {
        let mut value = 0u64;
        for shift in (0..70).step_by(7) {
            let byte = self.u8(what)?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(ChunkError::Number(what));
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(ChunkError::Number(what))
    }

    /// A signed number.
    pub(crate) fn sleb(&mut self, what: &'static str) -> Result<i64, ChunkError> {
        let mut value = 0i64;
        for shift in (0..70).step_by(7) {
            let byte = self.u8(what)?;
            if shift == 63 && !matches!(byte, 0 | 0x7f) {
                return Err(ChunkError::Number(what));
            }
            value |= i64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                let sign = byte & 0x40 != 0 && shift + 7 < 64;
                return Ok(if sign { value | -1 << (shift + 7) } else { value });
            }
        }
        Err(ChunkError::Number(what))
    }

    /// A length or count, at most `max`.
    pub(crate) fn length(&mut self, what: &'static str, max: usize) -> Result<usize, ChunkError> {
        let found = self.uleb(what)?;
        let too_many = ChunkError::TooMany { what, found, limit: max as u64 };
        match usize::try_from(found) {
            Ok(n) if n <= max => Ok(n),
            _ => Err(too_many),
        }
    }
}
