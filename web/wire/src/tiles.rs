//! The tiles of a large picture: which of them a look needs, and where their bytes are.

use serde::{Deserialize, Serialize};

/// The rendition that holds a picture's tiles.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TilesOf {
    /// Its content hash.
    pub content: String,
    /// Its length, in bytes.
    pub bytes: u64,
    /// How many of its bytes are in this browser.
    pub held: u64,
}

/// One tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// Its level; 0 is the whole picture, each next one half of it.
    pub level: usize,
    /// From the top.
    pub row: u32,
    /// From the left.
    pub column: u32,
}

/// What is in the rendition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TilesCard {
    /// What each tile is, as `type/subtype`.
    pub media_type: String,
    /// The side of a tile, in pixels.
    pub side: u32,
    /// Width and height of each level, the largest first.
    pub levels: Vec<[u32; 2]>,
    /// Where each tile begins, level by level, row by row; then where the last one ends.
    pub starts: Vec<u64>,
}

impl TilesCard {
    /// Width and height of the picture.
    pub fn size(&self) -> Option<[u32; 2]> {
        self.levels.first().copied()
    }

    /// The smallest level that has a pixel for each of the screen's; `zoom` is how many of those a
    /// pixel of the picture takes.
    pub fn level(&self, zoom: f64) -> usize {
        let (mut level, mut scale) = (0, 0.5);
        while level + 1 < self.levels.len() && zoom <= scale {
            level += 1;
            scale /= 2.0;
        }
        level
    }

    /// The tiles of a level that meet a part of the picture: left, top, right and bottom, in its pixels.
    pub fn meeting(&self, level: usize, [left, top, right, bottom]: [f64; 4]) -> Vec<Tile> {
        let (Some(whole), Some(size)) = (self.size(), self.levels.get(level)) else { return Vec::new() };
        let span = |from: f64, to: f64, axis: usize| {
            let step = f64::from(self.side) * f64::from(whole[axis]) / f64::from(size[axis].max(1));
            let count = size[axis].div_ceil(self.side.max(1));
            let end = f64::from(whole[axis]);
            (0..count)
                .filter(move |n| f64::from(*n) * step < to && (f64::from(*n + 1) * step).min(end) > from)
        };
        let rows = span(top, bottom, 1);
        rows.flat_map(|row| span(left, right, 0).map(move |column| Tile { level, row, column })).collect()
    }

    /// Where a tile lies in the picture: left, top, width and height, in its pixels.
    pub fn place(&self, tile: Tile) -> Option<[f64; 4]> {
        let (whole, size) = (self.size()?, self.levels.get(tile.level)?);
        let span = |n: u32, axis: usize| {
            let scale = f64::from(whole[axis]) / f64::from(size[axis].max(1));
            let from = n.saturating_mul(self.side).min(size[axis]);
            let to = from.saturating_add(self.side).min(size[axis]);
            (f64::from(from) * scale, f64::from(to - from) * scale)
        };
        let ((left, width), (top, height)) = (span(tile.column, 0), span(tile.row, 1));
        Some([left, top, width, height])
    }

    /// Where a tile's bytes begin, and how many they are.
    pub fn range(&self, tile: Tile) -> Option<(u64, u64)> {
        let grid = |size: &[u32; 2]| size.map(|side| u64::from(side.div_ceil(self.side.max(1))));
        let [columns, rows] = grid(self.levels.get(tile.level)?);
        if u64::from(tile.column) >= columns || u64::from(tile.row) >= rows {
            return None;
        }
        let before: u64 = self.levels[..tile.level].iter().map(grid).map(|[c, r]| c * r).sum();
        let n = usize::try_from(before + u64::from(tile.row) * columns + u64::from(tile.column)).ok()?;
        let (from, to) = (*self.starts.get(n)?, *self.starts.get(n + 1)?);
        Some((from, to.checked_sub(from)?))
    }
}

#[cfg(test)]
mod tests {
    use super::{Tile, TilesCard};

    /// 1,200 by 700 pixels: 3 by 2 tiles, 2 by 1, 1.
    fn card() -> TilesCard {
        TilesCard {
            media_type: "image/jpeg".into(),
            side: 512,
            levels: vec![[1_200, 700], [600, 350], [300, 175]],
            starts: (0..10).map(|n| 100 + n * 10).collect(),
        }
    }

    #[test]
    fn a_level_has_a_pixel_for_each_of_the_screens() {
        for (zoom, level) in [(8.0, 0), (1.0, 0), (0.51, 0), (0.5, 1), (0.26, 1), (0.25, 2), (0.01, 2)] {
            assert_eq!(card().level(zoom), level, "{zoom}");
        }
    }

    #[test]
    fn only_tiles_that_meet_the_part_are_named() {
        let named = |level, part| card().meeting(level, part);
        let tile = |level, row, column| Tile { level, row, column };
        assert_eq!(named(0, [0.0, 0.0, 512.0, 512.0]), [tile(0, 0, 0)]);
        assert_eq!(named(0, [500.0, 600.0, 520.0, 9_000.0]), [tile(0, 1, 0), tile(0, 1, 1)]);
        assert_eq!(named(2, [-50.0, -50.0, 5_000.0, 5_000.0]), [tile(2, 0, 0)]);
        assert_eq!(named(0, [1_300.0, 0.0, 1_400.0, 10.0]), []);
        assert_eq!(named(3, [0.0, 0.0, 10.0, 10.0]), []);
    }

    #[test]
    fn a_tile_has_its_place_and_its_bytes() {
        let tile = |level, row, column| Tile { level, row, column };
        assert_eq!(card().place(tile(0, 1, 2)), Some([1_024.0, 512.0, 176.0, 188.0]));
        assert_eq!(card().place(tile(1, 0, 1)), Some([1_024.0, 0.0, 176.0, 700.0]));
        assert_eq!(card().range(tile(0, 1, 2)), Some((150, 10)));
        assert_eq!(card().range(tile(1, 0, 1)), Some((170, 10)));
        assert_eq!(card().range(tile(2, 0, 0)), Some((180, 10)));
        assert_eq!(card().range(tile(0, 0, 3)), None);
        assert_eq!(card().range(tile(3, 0, 0)), None);
    }
}
