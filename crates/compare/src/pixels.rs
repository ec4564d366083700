//! Pictures: which pixels look different.
//!
//! Two pixels are compared as the eye would: by lightness and two colour differences (YIQ), each
//! with its weight; in whole numbers, so that every machine decides alike. Transparent pixels are
//! laid over white and over black; the larger difference counts.
//!
//! What the same picture looks like after another encoder or another font renderer is no change:
//!
//! - differences below the tolerance are none;
//! - a pixel of an anti-aliased edge is none: it lies well between a darker and a lighter neighbour,
//!   one of which belongs to an even area in both pictures;
//! - a slight difference that is alone is noise: it counts with two neighbours or when it is strong.

use proofroom_pictures::Picture;
use serde::{Deserialize, Serialize};

use crate::regions::{ChangedRegion, grouped};

/// How much may differ without being a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tolerance {
    /// Of the difference between black and white, in thousandths.
    pub colour: u32,
    /// Whether pixels of anti-aliased edges are left out.
    pub edges: bool,
}

impl Tolerance {
    /// Every difference counts.
    pub const EXACT: Self = Self { colour: 0, edges: false };
}

impl Default for Tolerance {
    fn default() -> Self {
        Self { colour: 80, edges: true }
    }
}

/// How two pictures were laid over each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alignment {
    /// Pixel on pixel.
    Same,
    /// Their sizes differ, their proportions do not: the larger one was made smaller.
    Scaled,
    /// Their proportions differ: nobody can say which pixel became which.
    None,
}

/// What changed in a picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PictureChanges {
    /// How the two were laid over each other.
    pub alignment: Alignment,
    /// Width and height that regions are counted in.
    pub size: (u32, u32),
    /// Where it changed, from the top; empty where it looks the same.
    pub regions: Vec<ChangedRegion>,
    /// How many pixels look different.
    pub changed_pixels: u64,
    /// Their share of all pixels, in millionths.
    pub share_ppm: u32,
    /// What counted as a change.
    pub tolerance: Tolerance,
}

impl PictureChanges {
    /// Whether it looks different.
    pub fn is_changed(&self) -> bool {
        self.alignment == Alignment::None || !self.regions.is_empty()
    }
}

/// What changed from one picture to the other.
pub fn compare_pictures(before: &Picture, after: &Picture, tolerance: Tolerance) -> PictureChanges {
    let (a, b) = ((before.width(), before.height()), (after.width(), after.height()));
    if a == b {
        return laid(before, after, Alignment::Same, tolerance);
    }
    // Proportions are the same where the smaller one has the larger one's, but for one pixel.
    let (small, large) = if a.0 <= b.0 { (a, b) } else { (b, a) };
    let cross = (u64::from(small.0) * u64::from(large.1)).abs_diff(u64::from(small.1) * u64::from(large.0));
    if cross > u64::from(large.0.max(large.1)) {
        return unaligned(b, tolerance);
    }
    // What is lost by making it smaller is no change: sharp edges look softer.
    let softer = Tolerance { colour: tolerance.colour.max(150), edges: true };
    match a == small {
        true => laid(before, &after.resized(a.0, a.1), Alignment::Scaled, softer),
        false => laid(&before.resized(b.0, b.1), after, Alignment::Scaled, softer),
    }
}

fn unaligned(size: (u32, u32), tolerance: Tolerance) -> PictureChanges {
    let changed_pixels = u64::from(size.0) * u64::from(size.1);
    let share_ppm = 1_000_000;
    let regions = Vec::new();
    PictureChanges { alignment: Alignment::None, size, regions, changed_pixels, share_ppm, tolerance }
}

fn laid(before: &Picture, after: &Picture, alignment: Alignment, tolerance: Tolerance) -> PictureChanges {
    let (a, b) = (Grid::of(before), Grid::of(after));
    let marks = marked(&a, &b, tolerance);
    let size = (before.width(), before.height());
    let (regions, changed_pixels) = match marks {
        Some(marks) => grouped(size, |x, y| is_supported(&marks, &a, x, y)),
        None => (Vec::new(), 0),
    };
    let all = u64::from(size.0) * u64::from(size.1);
    let share = (changed_pixels * 1_000_000).div_ceil(all.max(1));
    let share_ppm = u32::try_from(share).unwrap_or(1_000_000);
    PictureChanges { alignment, size, regions, changed_pixels, share_ppm, tolerance }
}

/// A picture's pixels, by column and row.
struct Grid<'a> {
    rgba: &'a [u8],
    width: usize,
    height: usize,
}

type Pixel = [u8; 4];
/// A difference in lightness, and the column and row it leads to.
type Step = (i64, usize, usize);

impl<'a> Grid<'a> {
    fn of(picture: &'a Picture) -> Self {
        let side = |n: u32| usize::try_from(n).unwrap_or(0);
        Self { rgba: picture.rgba(), width: side(picture.width()), height: side(picture.height()) }
    }

    fn row(&self, y: usize) -> &'a [u8] {
        &self.rgba[y * self.width * 4..(y + 1) * self.width * 4]
    }

    fn at(&self, x: usize, y: usize) -> Pixel {
        let at = (y * self.width + x) * 4;
        [self.rgba[at], self.rgba[at + 1], self.rgba[at + 2], self.rgba[at + 3]]
    }

    /// The places around a place, up to eight.
    fn around(&self, x: usize, y: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (right, bottom) = (self.width.min(x + 2), self.height.min(y + 2));
        let rows = y.saturating_sub(1)..bottom;
        rows.flat_map(move |row| (x.saturating_sub(1)..right).map(move |column| (column, row)))
            .filter(move |place| *place != (x, y))
    }

    /// Whether three neighbours at least are the very same: an even area.
    fn is_even(&self, x: usize, y: usize) -> bool {
        let own = self.at(x, y);
        let alike = self.around(x, y).filter(|(x, y)| self.at(*x, *y) == own).count();
        // Beyond the border it goes on as it is.
        alike + usize::from(self.is_border(x, y)) >= 3
    }

    fn is_border(&self, x: usize, y: usize) -> bool {
        x == 0 || y == 0 || x + 1 == self.width || y + 1 == self.height
    }

    /// Whether a place looks like part of an anti-aliased edge of this picture, judged with `other`.
    fn is_edge(&self, other: &Self, x: usize, y: usize) -> bool {
        let own = luma(over(self.at(x, y), 255));
        let (mut darkest, mut lightest): (Option<Step>, Option<Step>) = (None, None);
        let mut alike = u32::from(self.is_border(x, y));
        for (column, row) in self.around(x, y) {
            let step = luma(over(self.at(column, row), 255)) - own;
            if step == 0 {
                alike += 1;
                if alike > 2 {
                    return false;
                }
            }
            if step < darkest.map_or(0, |(step, ..)| step) {
                darkest = Some((step, column, row));
            }
            if step > lightest.map_or(0, |(step, ..)| step) {
                lightest = Some((step, column, row));
            }
        }
        let (Some((down, dx, dy)), Some((up, lx, ly))) = (darkest, lightest) else { return false };
        // A pixel beside an edge has its grain and the edge as neighbours; one on it lies in between.
        if up.min(-down) * 8 < up - down {
            return false;
        }
        let even = |x, y| self.is_even(x, y) && other.is_even(x, y);
        even(dx, dy) || even(lx, ly)
    }
}

const SLIGHT: u8 = 1;
const STRONG: u8 = 2;
/// A strong difference is twice the tolerance, so four times its square.
const STRONG_TIMES: i64 = 4;

/// Marks the pixels that differ; `None` where none does.
fn marked(a: &Grid<'_>, b: &Grid<'_>, tolerance: Tolerance) -> Option<Vec<u8>> {
    let allowed = i64::from(tolerance.colour.min(1_000));
    let allowed = DIFFERENCE_MAX * allowed * allowed / 1_000_000;
    let mut marks: Option<Vec<u8>> = None;
    for y in 0..a.height {
        let (row, other) = (a.row(y), b.row(y));
        if row == other {
            continue;
        }
        for (x, (p, q)) in row.as_chunks::<4>().0.iter().zip(other.as_chunks::<4>().0).enumerate() {
            if p == q {
                continue;
            }
            let difference = difference(*p, *q);
            if difference <= allowed {
                continue;
            }
            if tolerance.edges && (a.is_edge(b, x, y) || b.is_edge(a, x, y)) {
                continue;
            }
            let strong = difference > allowed * STRONG_TIMES || allowed == 0;
            let marks = marks.get_or_insert_with(|| vec![0; a.width * a.height]);
            marks[y * a.width + x] = if strong { STRONG } else { SLIGHT };
        }
    }
    marks
}

/// Whether a marked pixel is more than noise.
fn is_supported(marks: &[u8], grid: &Grid<'_>, x: usize, y: usize) -> bool {
    match marks[y * grid.width + x] {
        STRONG => true,
        SLIGHT => grid.around(x, y).filter(|(x, y)| marks[y * grid.width + x] > 0).count() >= 2,
        _ => false,
    }
}

/// The difference between black and white.
const DIFFERENCE_MAX: i64 = 328_570_000_000;

/// How different two pixels look, from 0 to about [`DIFFERENCE_MAX`].
fn difference(p: Pixel, q: Pixel) -> i64 {
    if p[3] == u8::MAX && q[3] == u8::MAX {
        return apart(over(p, 255), over(q, 255));
    }
    let on_white = apart(over(p, 255), over(q, 255));
    on_white.max(apart(over(p, 0), over(q, 0)))
}

/// A pixel laid over gray.
fn over(pixel: Pixel, gray: i64) -> [i64; 3] {
    let [r, g, b, alpha] = pixel.map(i64::from);
    if alpha == 255 {
        return [r, g, b];
    }
    [r, g, b].map(|value| (value * alpha + gray * (255 - alpha)) / 255)
}

/// Lightness, in thousandths.
fn luma([r, g, b]: [i64; 3]) -> i64 {
    299 * r + 587 * g + 114 * b
}

/// The weighted square of the distance in YIQ: how far apart two colours look, after Kotsarenko
/// and Ramos, "Measuring perceived color difference using YIQ NTSC transmission color space" (2010).
fn apart(p: [i64; 3], q: [i64; 3]) -> i64 {
    let [r, g, b] = [p[0] - q[0], p[1] - q[1], p[2] - q[2]];
    let y = luma([r, g, b]);
    let i = 596 * r - 274 * g - 322 * b;
    let q = 211 * r - 523 * g + 312 * b;
    (5_053 * y * y + 2_990 * i * i + 1_957 * q * q) / 1_000
}
