//! Reading and writing the canonical byte layouts: little-endian, fixed order,
//! lengths before contents, nothing optional without a tag.

/// The input ended before the value did, or a length exceeded its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("input ends at byte {at} of {len}, {wanted} more wanted for {what}")]
pub struct ShortInput {
    /// What was being read.
    pub what: &'static str,
    /// Offset of the read, in bytes.
    pub at: usize,
    /// Bytes that the read needs.
    pub wanted: usize,
    /// Length of the whole input, in bytes.
    pub len: usize,
}

/// A cursor over borrowed bytes; every read is checked.
#[derive(Clone, Debug)]
pub struct ByteReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> ByteReader<'a> {
    /// Starts at the first byte.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Bytes not yet read.
    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// Whether all bytes were read: canonical layouts end where their input ends.
    pub fn is_empty(&self) -> bool {
        self.remaining() == 0
    }

    /// Offset of the next read, in bytes.
    pub fn position(&self) -> usize {
        self.at
    }

    /// Borrows the next `n` bytes.
    pub fn take(&mut self, n: usize, what: &'static str) -> Result<&'a [u8], ShortInput> {
        let short = ShortInput { what, at: self.at, wanted: n, len: self.bytes.len() };
        let end = self.at.checked_add(n).ok_or(short)?;
        let out = self.bytes.get(self.at..end).ok_or(short)?;
        self.at = end;
        Ok(out)
    }

    /// Reads a fixed array.
    pub fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], ShortInput> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N, what)?);
        Ok(out)
    }

    /// Reads one byte.
    pub fn u8(&mut self, what: &'static str) -> Result<u8, ShortInput> {
        Ok(self.array::<1>(what)?[0])
    }

    /// Reads a little-endian `u16`.
    pub fn u16(&mut self, what: &'static str) -> Result<u16, ShortInput> {
        Ok(u16::from_le_bytes(self.array(what)?))
    }

    /// Reads a little-endian `u32`.
    pub fn u32(&mut self, what: &'static str) -> Result<u32, ShortInput> {
        Ok(u32::from_le_bytes(self.array(what)?))
    }

    /// Reads a little-endian `u64`.
    pub fn u64(&mut self, what: &'static str) -> Result<u64, ShortInput> {
        Ok(u64::from_le_bytes(self.array(what)?))
    }

    /// Reads a run of bytes behind its `u32` length.
    pub fn run(&mut self, what: &'static str) -> Result<&'a [u8], ShortInput> {
        let n = self.u32(what)?;
        let n = usize::try_from(n).map_err(|_| ShortInput {
            what,
            at: self.at,
            wanted: usize::MAX,
            len: self.bytes.len(),
        })?;
        self.take(n, what)
    }
}

/// Appends values in the canonical layout.
#[derive(Clone, Debug, Default)]
pub struct ByteWriter {
    bytes: Vec<u8>,
}

impl ByteWriter {
    /// An empty writer with room for `n` bytes.
    pub fn with_capacity(n: usize) -> Self {
        Self { bytes: Vec::with_capacity(n) }
    }

    /// Appends raw bytes.
    pub fn put(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// Appends one byte.
    pub fn u8(&mut self, v: u8) -> &mut Self {
        self.put(&[v])
    }

    /// Appends a little-endian `u16`.
    pub fn u16(&mut self, v: u16) -> &mut Self {
        self.put(&v.to_le_bytes())
    }

    /// Appends a little-endian `u32`.
    pub fn u32(&mut self, v: u32) -> &mut Self {
        self.put(&v.to_le_bytes())
    }

    /// Appends a little-endian `u64`.
    pub fn u64(&mut self, v: u64) -> &mut Self {
        self.put(&v.to_le_bytes())
    }

    /// Appends a run of bytes behind its `u32` length.
    ///
    /// # Panics
    /// When the run is 4 GiB or longer: every caller bounds its runs far below.
    pub fn run(&mut self, bytes: &[u8]) -> &mut Self {
        let n = u32::try_from(bytes.len()).expect("runs are bounded far below 4 GiB");
        self.u32(n).put(bytes)
    }

    /// Bytes written so far.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The bytes written.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }
}
