//! The archive: a ZIP file of stored members that has one spelling.
//!
//! Every archive program opens it, and a stranger reads the report with nothing but a browser.
//! ZIP leaves its writers much freedom (times, attributes, gaps, order, two names for one file);
//! here everything is fixed, and bytes that are spelled otherwise are refused.
//!
//! ```text
//! member*    "PK" 3 4  version:u16=20  flags:u16=0x800  method:u16=0  time:u16=0  date:u16=0x21
//!            crc:u32  size:u32  size:u32  name length:u16  extra:u16=0  name  bytes
//! entry*     "PK" 1 2  made by:u16=20  version:u16=20 ... size:u32 (as above)  name length:u16
//!            extra:u16=0  comment:u16=0  disk:u16=0  attributes:u16=0  attributes:u32=0  offset:u32  name
//! end        "PK" 5 6  disks:u32=0  entries:u16  entries:u16  entries' size:u32  offset:u32  comment:u16=0
//! ```

use std::collections::BTreeMap;

use proofroom_ident::{ByteReader, ByteWriter, ShortInput};

use crate::ArchiveError;

/// Largest archive, in bytes.
pub const ARCHIVE_BYTES_MAX: usize = 2 << 30;
/// Most members of an archive.
pub const MEMBERS_MAX: usize = 10_000;
/// Longest name of a member, in bytes.
pub const NAME_BYTES_MAX: usize = 400;

const LOCAL: u32 = u32::from_le_bytes(*b"PK\x03\x04");
const CENTRAL: u32 = u32::from_le_bytes(*b"PK\x01\x02");
const END: u32 = u32::from_le_bytes(*b"PK\x05\x06");
const VERSION: u16 = 20;
/// Names are UTF-8.
const FLAGS: u16 = 0x800;
/// The first day that ZIP knows: 1980-01-01.
const DATE: u16 = 0x21;

/// An archive's members by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Archive<'a> {
    members: BTreeMap<String, &'a [u8]>,
}

impl<'a> Archive<'a> {
    /// Adds a member.
    ///
    /// # Errors
    /// When its name could leave its folder, or is there already.
    pub fn add(&mut self, name: &str, bytes: &'a [u8]) -> Result<(), ArchiveError> {
        if !is_member_name(name) || self.members.insert(name.to_owned(), bytes).is_some() {
            return Err(ArchiveError::Name(name.chars().take(80).collect()));
        }
        within("its list of members", self.members.len(), MEMBERS_MAX)
    }

    /// The bytes of a member.
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.members.get(name).copied()
    }

    /// All members, in ascending order of name.
    pub fn members(&self) -> impl Iterator<Item = (&str, &'a [u8])> {
        self.members.iter().map(|(name, bytes)| (name.as_str(), *bytes))
    }

    /// Writes it.
    ///
    /// # Errors
    /// When it is too large.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ArchiveError> {
        let body: usize = self.members.iter().map(|(name, bytes)| 76 + 2 * name.len() + bytes.len()).sum();
        within("it", body + 22, ARCHIVE_BYTES_MAX)?;
        let mut w = ByteWriter::with_capacity(body + 22);
        let mut directory = Vec::with_capacity(self.members.len());
        for (name, bytes) in self.members() {
            let row = Row::of(name, bytes, w.len())?;
            row.local(&mut w);
            w.put(bytes);
            directory.push(row);
        }
        close(&mut w, &directory)?;
        Ok(w.finish())
    }

    /// Reads an archive in its one spelling.
    ///
    /// # Errors
    /// When the bytes are not exactly what [`Archive::to_bytes`] writes for some members.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, ArchiveError> {
        within("it", bytes.len(), ARCHIVE_BYTES_MAX)?;
        let mut r = ByteReader::new(bytes);
        let mut archive = Self::default();
        let mut directory: Vec<Row> = Vec::new();
        while r.clone().u32("a member's mark")? == LOCAL {
            let row = archive.member(&mut r)?;
            if directory.last().is_some_and(|before| before.name >= row.name) {
                return Err(ArchiveError::Name(row.name));
            }
            directory.push(row);
        }
        let mut w = ByteWriter::default();
        let at = r.position();
        close_at(&mut w, &directory, at)?;
        let (rest, expected) = (&bytes[at..], w.finish());
        if rest != expected {
            let same = rest.iter().zip(&expected).take_while(|(a, b)| a == b).count();
            return Err(ArchiveError::Form(at + same));
        }
        Ok(archive)
    }

    /// Reads one member, and what is written of it in front of it.
    fn member(&mut self, r: &mut ByteReader<'a>) -> Result<Row, ArchiveError> {
        let at = r.position();
        let mut ahead = r.clone();
        ahead.take(18, "a member's head")?;
        let size = length(ahead.u32("a member's size")?)?;
        ahead.take(4, "a member's size")?;
        let name_len = usize::from(ahead.u16("a name's length")?);
        ahead.take(2, "a member's head")?;
        let name = ahead.take(name_len, "a member's name")?;
        let bytes = ahead.take(size, "a member's bytes")?;
        let name = std::str::from_utf8(name).map_err(|_| ArchiveError::Form(at + 30))?;
        self.add(name, bytes)?;
        let row = Row::of(name, bytes, at)?;
        let mut w = ByteWriter::default();
        row.local(&mut w);
        let expected = w.finish();
        let found = r.take(expected.len(), "a member's head")?;
        if found != expected {
            let same = found.iter().zip(&expected).take_while(|(a, b)| a == b).count();
            return Err(ArchiveError::Form(at + same));
        }
        *r = ahead;
        Ok(row)
    }
}

/// Whether a name stays in the folder that an archive is unpacked to, on every system.
pub(crate) fn is_member_name(name: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with(['.', ' '])
            && !part.ends_with(['.', ' '])
            && !part
                .chars()
                .any(|c| c.is_control() || matches!(c, '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|'))
    };
    name.len() <= NAME_BYTES_MAX && name.split('/').count() <= 3 && name.split('/').all(part)
}

/// What the directory says of one member.
struct Row {
    name: String,
    crc: u32,
    size: u32,
    offset: u32,
}

impl Row {
    fn of(name: &str, bytes: &[u8], offset: usize) -> Result<Self, ArchiveError> {
        let crc = crc32fast::hash(bytes);
        Ok(Self { name: name.to_owned(), crc, size: small(bytes.len())?, offset: small(offset)? })
    }

    fn local(&self, w: &mut ByteWriter) {
        w.u32(LOCAL);
        self.shared(w);
        w.put(self.name.as_bytes());
    }

    fn central(&self, w: &mut ByteWriter) {
        w.u32(CENTRAL).u16(VERSION);
        self.shared(w);
        w.u16(0).u16(0).u16(0).u32(0).u32(self.offset).put(self.name.as_bytes());
    }

    fn shared(&self, w: &mut ByteWriter) {
        let name_len = u16::try_from(self.name.len()).unwrap_or(u16::MAX);
        w.u16(VERSION).u16(FLAGS).u16(0).u16(0).u16(DATE).u32(self.crc).u32(self.size).u32(self.size);
        w.u16(name_len).u16(0);
    }
}

fn close(w: &mut ByteWriter, directory: &[Row]) -> Result<(), ArchiveError> {
    let at = w.len();
    close_at(w, directory, at)
}

/// Writes the directory of members that end at `at`.
fn close_at(w: &mut ByteWriter, directory: &[Row], at: usize) -> Result<(), ArchiveError> {
    let before = w.len();
    directory.iter().for_each(|row| row.central(w));
    let size = small(w.len() - before)?;
    let count = u16::try_from(directory.len()).unwrap_or(u16::MAX);
    w.u32(END).u32(0).u16(count).u16(count).u32(size).u32(small(at)?).u16(0);
    Ok(())
}

fn within(what: &'static str, found: usize, max: usize) -> Result<(), ArchiveError> {
    if found > max { Err(ArchiveError::TooLarge { what, found, max }) } else { Ok(()) }
}

fn small(n: usize) -> Result<u32, ArchiveError> {
    u32::try_from(n).map_err(|_| ArchiveError::TooLarge { what: "it", found: n, max: ARCHIVE_BYTES_MAX })
}

fn length(n: u32) -> Result<usize, ArchiveError> {
    usize::try_from(n)
        .map_err(|_| ShortInput { what: "a member's bytes", at: 0, wanted: usize::MAX, len: 0 }.into())
}
