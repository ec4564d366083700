//! A sheaf: many small pictures in one file, each to be read alone.
//!
//! ```text
//! magic      "proofsh1"
//! length:u32 of the index, little endian
//! index      JSON of `SheafIndex`
//! parts      one after the other, in the index's order
//! ```
//!
//! The pages of a document and the tiles of a large picture are sheaves: one blob instead of
//! hundreds, of which a reader fetches the index and then the ranges that it shows. Tiles are in
//! levels, the first at full size, each next one at half of it; in rows from the top left.

use std::ops::Range;

use serde::{Deserialize, Serialize};

const MAGIC: &[u8; 8] = b"proofsh1";
/// Bytes before the index.
pub const SHEAF_HEAD_BYTES: usize = 12;
/// Longest index, in bytes.
pub const SHEAF_INDEX_BYTES_MAX: usize = 4 << 20;
/// Most parts of one sheaf.
pub const SHEAF_PARTS_MAX: usize = 200_000;
/// The media type of a sheaf.
pub const SHEAF_MEDIA_TYPE: &str = "application/vnd.proofroom.sheaf";

/// A file is no sheaf, or a broken one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SheafError {
    /// It begins with other bytes.
    #[error("this is no sheaf of pictures")]
    Magic,
    /// The index is cut short, or too long.
    #[error("sheaf: the index has {0} bytes, which is more than there are or may be")]
    Length(usize),
    /// The index does not hold.
    #[error("sheaf: {0}")]
    Index(String),
}

/// What is in a sheaf, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SheafIndex {
    /// What each part is, as `type/subtype`.
    pub media_type: String,
    /// What the parts are to each other.
    pub of: SheafOf,
    /// The length of each part.
    pub lengths: Vec<u32>,
}

/// What the parts of a sheaf are to each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SheafOf {
    /// The pages of a document: width and height of each picture.
    Pages(Vec<(u32, u32)>),
    /// The tiles of a picture.
    Tiles {
        /// Longest side of a tile.
        tile: u32,
        /// Width and height of each level, the largest first.
        levels: Vec<(u32, u32)>,
    },
}

impl SheafIndex {
    /// Reads the index from a sheaf's first bytes. Returns it with the offset of the first part.
    ///
    /// # Errors
    /// When it is no sheaf, or its index does not hold.
    pub fn read(bytes: &[u8]) -> Result<(Self, u64), SheafError> {
        let length = Self::bytes_of_index(bytes)?;
        let end = SHEAF_HEAD_BYTES + length;
        let json = bytes.get(SHEAF_HEAD_BYTES..end).ok_or(SheafError::Length(length))?;
        let json = std::str::from_utf8(json).map_err(|e| SheafError::Index(e.to_string()))?;
        let index: Self = serde_json::from_str(json).map_err(|e| SheafError::Index(e.to_string()))?;
        index.check()?;
        Ok((index, end as u64))
    }

    /// How long the index is, from the first [`SHEAF_HEAD_BYTES`] bytes.
    ///
    /// # Errors
    /// When it is no sheaf, or too long.
    pub fn bytes_of_index(head: &[u8]) -> Result<usize, SheafError> {
        let (magic, rest) = head.split_first_chunk::<8>().ok_or(SheafError::Magic)?;
        let length = rest.first_chunk::<4>().ok_or(SheafError::Magic)?;
        if magic != MAGIC {
            return Err(SheafError::Magic);
        }
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        if length > SHEAF_INDEX_BYTES_MAX { Err(SheafError::Length(length)) } else { Ok(length) }
    }

    /// What comes before the parts.
    ///
    /// # Errors
    /// When the index breaks a limit.
    pub fn head(&self) -> Result<Vec<u8>, SheafError> {
        self.check()?;
        let json = serde_json::to_vec(self).map_err(|e| SheafError::Index(e.to_string()))?;
        let length = u32::try_from(json.len()).ok().filter(|_| json.len() <= SHEAF_INDEX_BYTES_MAX);
        let length = length.ok_or(SheafError::Length(json.len()))?;
        Ok([MAGIC.as_slice(), &length.to_le_bytes(), &json].concat())
    }

    /// The bytes of a part, counted from the first part's offset.
    pub fn range(&self, part: usize) -> Option<Range<u64>> {
        let length = u64::from(*self.lengths.get(part)?);
        let start: u64 = self.lengths[..part].iter().map(|n| u64::from(*n)).sum();
        Some(start..start + length)
    }

    /// Which part a tile is.
    pub fn tile(&self, level: usize, column: u32, row: u32) -> Option<usize> {
        let SheafOf::Tiles { tile, levels } = &self.of else { return None };
        let (columns, rows) = grid(*levels.get(level)?, *tile);
        let before: u64 = levels[..level].iter().map(|size| tiles_of(*size, *tile)).sum();
        let within = u64::from(row) * u64::from(columns) + u64::from(column);
        (column < columns && row < rows).then(|| usize::try_from(before + within).ok())?
    }

    fn check(&self) -> Result<(), SheafError> {
        let bad = |why: &str| Err(SheafError::Index(why.to_owned()));
        if self.lengths.len() > SHEAF_PARTS_MAX {
            return bad("too many parts");
        }
        let wanted = match &self.of {
            SheafOf::Pages(sizes) => sizes.len() as u64,
            SheafOf::Tiles { tile: 0, .. } => return bad("a tile has a side"),
            SheafOf::Tiles { levels, .. } if levels.len() > 32 => return bad("too many levels"),
            SheafOf::Tiles { tile, levels } => {
                levels.iter().fold(0_u64, |sum, size| sum.saturating_add(tiles_of(*size, *tile)))
            }
        };
        if wanted == self.lengths.len() as u64 { Ok(()) } else { bad("parts are missing, or too many") }
    }
}

/// The levels of a picture: halved until one tile holds it.
pub fn tile_levels(size: (u32, u32), tile: u32) -> Vec<(u32, u32)> {
    let mut levels = vec![size];
    while let Some((width, height)) = levels.last().copied()
        && width.max(height) > tile.max(1)
    {
        levels.push((width.div_ceil(2), height.div_ceil(2)));
    }
    levels
}

/// Columns and rows of tiles.
pub fn grid((width, height): (u32, u32), tile: u32) -> (u32, u32) {
    (width.div_ceil(tile.max(1)), height.div_ceil(tile.max(1)))
}

fn tiles_of(size: (u32, u32), tile: u32) -> u64 {
    let (columns, rows) = grid(size, tile);
    u64::from(columns) * u64::from(rows)
}
