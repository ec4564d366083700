//! Rectangles in parts per million.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::AnchorError;

/// Parts per million: the full width, or the full height.
pub const PPM: u32 = 1_000_000;
/// Parts per million in one percent.
const PER_PERCENT: u32 = 10_000;

/// A rectangle of an oriented picture, in parts per million of its width and height.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// Left edge, of the width.
    pub x: u32,
    /// Top edge, of the height.
    pub y: u32,
    /// Width, of the width.
    pub w: u32,
    /// Height, of the height.
    pub h: u32,
    /// The picture's size in pixels, so that the region can be read back in pixels; absent where
    /// nobody could tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub native_px: Option<(u32, u32)>,
}

impl Region {
    /// The region of a rectangle in pixels of a picture of size `native_px`. Edges are rounded to
    /// the nearest millionth, at least one millionth apart.
    pub fn of_px(x: u32, y: u32, w: u32, h: u32, native_px: (u32, u32)) -> Result<Self, AnchorError> {
        let outside = |why| AnchorError::Region { region: format!("{x},{y},{w},{h}"), why };
        if native_px.0 == 0 || native_px.1 == 0 {
            return Err(outside("the picture has no size"));
        }
        let (left, width) = span_to_ppm(x, w, native_px.0).ok_or_else(|| outside(OUTSIDE))?;
        let (top, height) = span_to_ppm(y, h, native_px.1).ok_or_else(|| outside(OUTSIDE))?;
        let region = Self { x: left, y: top, w: width, h: height, native_px: Some(native_px) };
        region.check()?;
        Ok(region)
    }

    /// Reads a W3C media fragment: `x,y,w,h` or `pixel:x,y,w,h` in pixels, `percent:x,y,w,h` with up
    /// to four decimals; `xywh=` may stand in front.
    pub fn parse(text: &str, native_px: Option<(u32, u32)>) -> Result<Self, AnchorError> {
        let wrong = |why| AnchorError::Region { region: text.chars().take(80).collect(), why };
        let body = text.trim().strip_prefix("xywh=").unwrap_or(text.trim());
        if let Some(body) = body.strip_prefix("percent:") {
            let [x, y, w, h] = four(body, percent_to_ppm).ok_or_else(|| wrong(PERCENT_FORM))?;
            let region = Self { x, y, w, h, native_px };
            return region.check().map(|()| region);
        }
        let body = body.strip_prefix("pixel:").unwrap_or(body);
        let [x, y, w, h] = four(body, |part| part.parse().ok()).ok_or_else(|| wrong(PIXEL_FORM))?;
        let size =
            native_px.ok_or_else(|| wrong("the picture's size is not known: write percent:x,y,w,h"))?;
        Self::of_px(x, y, w, h, size)
    }

    /// The rectangle in pixels `(x, y, w, h)`, where the picture's size is known: edges rounded to
    /// the nearest pixel.
    pub fn to_px(&self) -> Option<(u32, u32, u32, u32)> {
        let (width, height) = self.native_px?;
        let (x, w) = span_to_px(self.x, self.w, width);
        let (y, h) = span_to_px(self.y, self.h, height);
        Some((x, y, w, h))
    }

    /// Whether it lies in the picture and is not empty.
    pub fn check(&self) -> Result<(), AnchorError> {
        let fits = |from: u32, size: u32| from.checked_add(size).is_some_and(|to| to <= PPM);
        let why = if self.w == 0 || self.h == 0 {
            "width and height must not be zero"
        } else if !fits(self.x, self.w) || !fits(self.y, self.h) {
            OUTSIDE
        } else if self.native_px.is_some_and(|(w, h)| w == 0 || h == 0) {
            "the picture has no size"
        } else {
            return Ok(());
        };
        Err(AnchorError::Region { region: self.to_string(), why })
    }
}

const OUTSIDE: &str = "it reaches beyond the picture";
const PERCENT_FORM: &str = "percent:x,y,w,h is wanted, four numbers from 0 to 100 with up to four decimals";
const PIXEL_FORM: &str = "x,y,w,h is wanted, four whole numbers of pixels";

/// As a W3C media fragment; exact, because a millionth is four decimals of a percent.
impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("xywh=percent:")?;
        for (i, ppm) in [self.x, self.y, self.w, self.h].into_iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            let decimals = format!("{:04}", ppm % PER_PERCENT);
            let decimals = decimals.trim_end_matches('0');
            let point = if decimals.is_empty() { "" } else { "." };
            write!(f, "{comma}{}{point}{decimals}", ppm / PER_PERCENT)?;
        }
        Ok(())
    }
}

fn four(body: &str, read: impl Fn(&str) -> Option<u32>) -> Option<[u32; 4]> {
    let parts: Option<Vec<u32>> = body.split(',').map(|part| read(part.trim())).collect();
    parts?.try_into().ok()
}

fn percent_to_ppm(part: &str) -> Option<u32> {
    let (whole, decimals) = part.split_once('.').unwrap_or((part, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || decimals.len() > 4 || !digits(whole) || !digits(decimals) {
        return None;
    }
    let whole: u32 = whole.parse().ok().filter(|percent| *percent <= 100)?;
    let decimals: u32 = format!("{decimals:0<4}").parse().ok()?;
    Some(whole * PER_PERCENT + decimals)
}

/// Start and length in millionths of `full`; `None` where the span leaves it.
fn span_to_ppm(start: u32, length: u32, full: u32) -> Option<(u32, u32)> {
    let end = start.checked_add(length).filter(|end| *end <= full)?;
    let from = scale(start, PPM, full);
    let to = scale(end, PPM, full);
    let least = u32::from(length > 0);
    let from = from.min(PPM - least);
    Some((from, (to - from.min(to)).max(least)))
}

fn span_to_px(start: u32, length: u32, full: u32) -> (u32, u32) {
    let (start, end) = (start.min(PPM), start.saturating_add(length).min(PPM));
    let (from, to) = (scale(start, full, PPM), scale(end, full, PPM));
    (from, to.saturating_sub(from))
}

/// `value * to / of`, rounded to nearest; `value` is at most `of`.
fn scale(value: u32, to: u32, of: u32) -> u32 {
    let (value, to, of) = (u64::from(value), u64::from(to), u64::from(of));
    u32::try_from((value * to + of / 2) / of).unwrap_or(u32::MAX)
}
