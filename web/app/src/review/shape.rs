//! Shapes that people draw, in parts per million of the picture. Plain values.

use proofroom_web_wire::Place;

/// The full width, or the full height.
pub(crate) const PPM: f64 = 1_000_000.0;
/// A region no larger than this is a pin.
const PIN: u32 = 200;
/// The least size of what is drawn by two points.
const LEAST: i64 = 2_000;
/// How far an arrow key moves a point.
pub(crate) const STEP: i64 = 10_000;
/// Points of a line drawn freehand, at most; each takes up to 16 bytes of its path.
const POINTS_MAX: usize = 3_000;
/// How far a quarter of an ellipse's curve reaches, of its half axis.
const KAPPA: f64 = 0.552_284_75;

/// What is drawn with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    Pin,
    Rect,
    Ellipse,
    Arrow,
    Line,
    Freehand,
}

impl Tool {
    pub(crate) const ALL: [Self; 6] =
        [Self::Pin, Self::Rect, Self::Ellipse, Self::Arrow, Self::Line, Self::Freehand];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pin => "Pin",
            Self::Rect => "Rectangle",
            Self::Ellipse => "Ellipse",
            Self::Arrow => "Arrow",
            Self::Line => "Line",
            Self::Freehand => "Freehand",
        }
    }

    /// Its picture on a button: SVG path data in a box of 16 by 16.
    pub(crate) fn icon(self) -> &'static str {
        match self {
            Self::Pin => {
                "M8 14.5C8 14.5 3 9.6 3 6.3a5 5 0 0 1 10 0C13 9.6 8 14.5 8 14.5ZM8 8a1.7 1.7 0 1 0 0-3.4A1.7 1.7 0 0 0 8 8Z"
            }
            Self::Rect => "M2.5 3.5h11v9h-11Z",
            Self::Ellipse => "M2 8c0-2.5 2.7-4.5 6-4.5s6 2 6 4.5-2.7 4.5-6 4.5S2 10.500 2 8Z",
            Self::Arrow => "M3 13 13 3M6.500 3H13v6.500",
            Self::Line => "M3 13 13 3",
            Self::Freehand => "M2.500 10.500C4 5 6 3.500 7 5.500s-2 6 .500 6S11 6 13.500 5.500",
        }
    }
}

/// A shape: a tool, and the points that were pointed at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) tool: Tool,
    points: Vec<(i64, i64)>,
}

impl Shape {
    pub(crate) fn begin(tool: Tool, at: (i64, i64)) -> Self {
        Self { tool, points: vec![held_in(at)] }
    }

    /// One in the middle, to be moved by keys.
    pub(crate) fn middle(tool: Tool) -> Self {
        let points = match tool {
            Tool::Pin => vec![(500_000, 500_000)],
            Tool::Freehand => (0..9).map(|i| (400_000 + i * 25_000, 500_000 + (i % 2) * 20_000)).collect(),
            _ => vec![(440_000, 440_000), (560_000, 560_000)],
        };
        Self { tool, points }
    }

    /// The pointer moved.
    pub(crate) fn extend(&mut self, at: (i64, i64)) {
        let at = held_in(at);
        match (self.tool, self.points.len()) {
            (Tool::Pin, _) => self.points = vec![at],
            (Tool::Freehand, n) if n < POINTS_MAX => self.points.push(at),
            (Tool::Freehand, _) => {}
            (_, 1) => self.points.push(at),
            (_, _) => self.points[1] = at,
        }
    }

    /// Whether it is large enough to be seen.
    pub(crate) fn is_something(&self) -> bool {
        let (x, y, to_x, to_y) = self.bounds();
        self.tool == Tool::Pin || to_x - x > LEAST || to_y - y > LEAST
    }

    /// Moves all of it, as far as the picture goes.
    pub(crate) fn shift(&mut self, by: (i64, i64)) {
        let (x, y, to_x, to_y) = self.bounds();
        let dx = by.0.clamp(-x, 1_000_000 - to_x);
        let dy = by.1.clamp(-y, 1_000_000 - to_y);
        for point in &mut self.points {
            *point = (point.0 + dx, point.1 + dy);
        }
    }

    /// Moves the last point: larger, or smaller.
    pub(crate) fn grow(&mut self, by: (i64, i64)) {
        if let Some(last) = self.points.last_mut() {
            *last = held_in((last.0 + by.0, last.1 + by.1));
        }
    }

    /// Left, top, right and bottom.
    pub(crate) fn bounds(&self) -> (i64, i64, i64, i64) {
        self.points.iter().fold((1_000_000, 1_000_000, 0, 0), |(x, y, to_x, to_y), p| {
            (x.min(p.0), y.min(p.1), to_x.max(p.0), to_y.max(p.1))
        })
    }

    /// First and last point: where a handle takes hold.
    pub(crate) fn last(&self) -> (i64, i64) {
        self.points.last().copied().unwrap_or((500_000, 500_000))
    }

    /// The place that it is: a region, and path data where a region says too little.
    pub(crate) fn into_place(self, place: Place) -> Place {
        let (x, y, to_x, to_y) = self.bounds();
        let least = if self.tool == Tool::Pin { i64::from(PIN) } else { LEAST };
        let side = |from: i64, to: i64| {
            let from = from.min(1_000_000 - least);
            (ppm(from), ppm((to - from).max(least)))
        };
        let ((x, w), (y, h)) = (side(x, to_x), side(y, to_y));
        let path = match self.tool {
            Tool::Pin | Tool::Rect => None,
            _ => Some(self.path()),
        };
        Place { region: Some([x, y, w, h]), path, ..place }
    }

    /// SVG path data in a view box of a million by a million.
    pub(crate) fn path(&self) -> String {
        let (x, y, to_x, to_y) = self.bounds();
        match self.tool {
            Tool::Pin => String::new(),
            Tool::Rect => format!("M{x} {y}H{to_x}V{to_y}H{x}Z"),
            Tool::Ellipse => ellipse(x, y, to_x, to_y),
            Tool::Line | Tool::Freehand => polyline(&self.points),
            Tool::Arrow => arrow(&self.points),
        }
    }
}

fn held_in((x, y): (i64, i64)) -> (i64, i64) {
    (x.clamp(0, 1_000_000), y.clamp(0, 1_000_000))
}

fn ppm(value: i64) -> u32 {
    u32::try_from(value.clamp(0, 1_000_000)).unwrap_or(0)
}

fn polyline(points: &[(i64, i64)]) -> String {
    let mut path = String::new();
    for (i, (x, y)) in points.iter().enumerate() {
        path.push_str(&format!("{}{x} {y}", if i == 0 { "M" } else { "L" }));
    }
    path
}

/// A shaft, and a head of two strokes.
fn arrow(points: &[(i64, i64)]) -> String {
    let (Some(a), Some(b)) = (points.first(), points.last()) else { return String::new() };
    let (dx, dy) = (real(a.0 - b.0), real(a.1 - b.1));
    let length = dx.hypot(dy).max(1.0);
    let head = (length * 0.3).clamp(1.0, 30_000.0);
    let wing = |turn: f64| {
        let (sin, cos) = turn.sin_cos();
        let (x, y) = ((dx * cos - dy * sin) / length * head, (dx * sin + dy * cos) / length * head);
        held_in((b.0 + whole(x), b.1 + whole(y)))
    };
    let (left, right) = (wing(0.5), wing(-0.5));
    format!("{}M{} {}L{} {}L{} {}", polyline(&[*a, *b]), left.0, left.1, b.0, b.1, right.0, right.1)
}

/// Four curves.
fn ellipse(x: i64, y: i64, to_x: i64, to_y: i64) -> String {
    let (cx, cy) = (i64::midpoint(x, to_x), i64::midpoint(y, to_y));
    let (kx, ky) = (whole(real(to_x - x) / 2.0 * KAPPA), whole(real(to_y - y) / 2.0 * KAPPA));
    format!(
        "M{x} {cy}C{x} {} {} {y} {cx} {y}C{} {y} {to_x} {} {to_x} {cy}C{to_x} {} {} {to_y} {cx} {to_y}C{} {to_y} {x} {} {x} {cy}Z",
        cy - ky,
        cx - kx,
        cx + kx,
        cy - ky,
        cy + ky,
        cx + kx,
        cx - kx,
        cy + ky
    )
}

#[expect(clippy::cast_precision_loss, reason = "a million at most")]
fn real(value: i64) -> f64 {
    value as f64
}

#[expect(clippy::cast_possible_truncation, reason = "a million at most")]
pub(crate) fn whole(value: f64) -> i64 {
    value.round() as i64
}

/// Whether a region is a pin, without a size of its own.
pub(crate) fn is_pin(region: [u32; 4]) -> bool {
    region[2] <= PIN && region[3] <= PIN
}

/// What is drawn of a place: path data. Nothing of a pin.
pub(crate) fn drawn(place: &Place) -> Option<String> {
    match (&place.path, place.region) {
        (Some(path), _) => Some(path.clone()),
        (None, Some(region)) if is_pin(region) => None,
        (None, Some([x, y, w, h])) => Some(format!("M{x} {y}h{w}v{h}h-{w}Z")),
        (None, None) => None,
    }
}

/// Where the pin of a place stands: at the corner of a region, in the middle of a pin.
pub(crate) fn pin_of(place: &Place) -> Option<(u32, u32)> {
    if let Some([x, y, w, h]) = place.region {
        return Some(if is_pin([x, y, w, h]) { (x + w / 2, y + h / 2) } else { (x, y) });
    }
    let mut numbers =
        place.path.as_deref()?.split(|c: char| !(c.is_ascii_digit() || c == '.')).filter(|n| !n.is_empty());
    let mut next = || numbers.next()?.parse::<f64>().ok().map(|n| ppm(whole(n)));
    Some((next()?, next()?))
}

/// Percent of the picture, for a style.
pub(crate) fn percent(ppm: u32) -> String {
    format!("{:.4}%", f64::from(ppm) / 10_000.0)
}

/// A place in words.
pub(crate) fn whereabouts(place: &Place) -> &'static str {
    let Some((x, y)) = place.region.map(|[x, y, w, h]| (x + w / 2, y + h / 2)).or_else(|| pin_of(place))
    else {
        return "about all of it";
    };
    let third = |v: u32| v / 333_334;
    match (third(y), third(x)) {
        (0, 0) => "top left",
        (0, 1) => "top",
        (0, _) => "top right",
        (1, 0) => "left",
        (1, 1) => "centre",
        (1, _) => "right",
        (_, 0) => "bottom left",
        (_, 1) => "bottom",
        _ => "bottom right",
    }
}
