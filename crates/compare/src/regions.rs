//! From changed pixels to the rectangles that hold them.
//!
//! Pixels are sorted into cells; cells that touch belong together. A region is the smallest
//! rectangle around the changed pixels of such cells, exact to the pixel.

use proofroom_review::anchor::Region;
use serde::{Deserialize, Serialize};

/// Side of a cell: what is nearer than this is one change.
const CELL_SIDE: u32 = 8;
/// Most regions that are told; with more, cells are made larger.
const REGIONS_MAX: usize = 200;

/// A rectangle in which something changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedRegion {
    /// Left, top, width, height, in pixels.
    pub px: [u32; 4],
    /// The same in parts per million, as anchors have it.
    pub place: Region,
    /// How many pixels of it changed.
    pub pixels: u64,
}

/// The smallest rectangle around some pixels.
#[derive(Clone, Copy)]
struct Bounds {
    left: u32,
    top: u32,
    right: u32,
    bottom: u32,
    pixels: u64,
}

impl Bounds {
    fn of(x: u32, y: u32) -> Self {
        Self { left: x, top: y, right: x + 1, bottom: y + 1, pixels: 1 }
    }

    fn add(&mut self, other: &Self) {
        self.left = self.left.min(other.left);
        self.top = self.top.min(other.top);
        self.right = self.right.max(other.right);
        self.bottom = self.bottom.max(other.bottom);
        self.pixels += other.pixels;
    }
}

/// Cells by column and row, each with the bounds of what changed in it.
struct Cells {
    columns: usize,
    rows: usize,
    cells: Vec<Option<Bounds>>,
}

/// The regions of the pixels for which `changed` says so, from the top, and how many pixels these are.
pub(crate) fn grouped(
    (width, height): (u32, u32),
    changed: impl Fn(usize, usize) -> bool,
) -> (Vec<ChangedRegion>, u64) {
    let mut cells = Cells::new(width.div_ceil(CELL_SIDE), height.div_ceil(CELL_SIDE));
    for (y, row) in (0..height).zip(0_usize..) {
        for (x, column) in (0..width).zip(0_usize..) {
            if changed(column, row) {
                cells.add(wide(x / CELL_SIDE), wide(y / CELL_SIDE), &Bounds::of(x, y));
            }
        }
    }
    let mut groups = cells.groups();
    while groups.len() > REGIONS_MAX {
        cells = cells.coarser();
        groups = cells.groups();
    }
    groups.sort_by_key(|b| (b.top, b.left));
    let pixels = groups.iter().map(|b| b.pixels).sum();
    (groups.iter().filter_map(|bounds| region(bounds, (width, height))).collect(), pixels)
}

fn region(bounds: &Bounds, size: (u32, u32)) -> Option<ChangedRegion> {
    let px = [bounds.left, bounds.top, bounds.right - bounds.left, bounds.bottom - bounds.top];
    let place = Region::of_px(px[0], px[1], px[2], px[3], size).ok()?;
    Some(ChangedRegion { px, place, pixels: bounds.pixels })
}

impl Cells {
    fn new(columns: u32, rows: u32) -> Self {
        let (columns, rows) = (wide(columns), wide(rows));
        Self { columns, rows, cells: vec![None; columns * rows] }
    }

    fn add(&mut self, column: usize, row: usize, bounds: &Bounds) {
        match &mut self.cells[row * self.columns + column] {
            Some(held) => held.add(bounds),
            empty => *empty = Some(*bounds),
        }
    }

    /// The same in cells of twice the side.
    fn coarser(&self) -> Self {
        let (columns, rows) = (self.columns.div_ceil(2), self.rows.div_ceil(2));
        let mut coarse = Self { columns, rows, cells: vec![None; columns * rows] };
        for (at, bounds) in self.cells.iter().enumerate() {
            if let Some(bounds) = bounds {
                coarse.add(at % self.columns / 2, at / self.columns / 2, bounds);
            }
        }
        coarse
    }

    /// The bounds of cells that touch, also at a corner.
    fn groups(&self) -> Vec<Bounds> {
        let mut seen = vec![false; self.cells.len()];
        let mut groups = Vec::new();
        for start in 0..self.cells.len() {
            let Some(mut bounds) = self.cells[start].filter(|_| !seen[start]) else { continue };
            seen[start] = true;
            let mut next = vec![start];
            while let Some(at) = next.pop() {
                for near in self.around(at) {
                    if let Some(other) = self.cells[near].filter(|_| !seen[near]) {
                        seen[near] = true;
                        bounds.add(&other);
                        next.push(near);
                    }
                }
            }
            groups.push(bounds);
        }
        groups
    }

    fn around(&self, at: usize) -> impl Iterator<Item = usize> + use<> {
        let (column, row, columns) = (at % self.columns, at / self.columns, self.columns);
        let rows = row.saturating_sub(1)..self.rows.min(row + 2);
        let across = column.saturating_sub(1)..columns.min(column + 2);
        rows.flat_map(move |row| across.clone().map(move |column| row * columns + column))
            .filter(move |near| *near != at)
    }
}

fn wide(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}
