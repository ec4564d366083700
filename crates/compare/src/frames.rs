//! Films, frame by frame: which ranges of frames look different.
//!
//! Every frame is known by a mark: a very small gray picture of it. Marks of the same frame after
//! another encoder are near each other, those of another shot are far apart. Frames are matched
//! from the start; where they part, the nearest place is looked for at which both go on alike.

use serde::{Deserialize, Serialize};

/// How far both may go apart, in frames of both together.
const SEARCH_FRAMES_MAX: usize = 6_000;
/// So many frames in a row must be alike before both count as together again.
const TOGETHER_FRAMES: usize = 8;
/// Most marks that are compared in all: beyond it, the rest counts as different.
const COMPARISONS_MAX: u64 = 400_000_000;
/// How much a gray value may differ on average, and how much anywhere.
const MEAN_MAX: u32 = 4;
const ANY_MAX: u32 = 40;

/// The marks of a film's frames: gray values, frame after frame, rows from the top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameMarks {
    values: Vec<u8>,
    each: usize,
}

impl FrameMarks {
    /// Marks of `each` values a frame; what does not fill a mark at the end is left out.
    pub fn new(mut values: Vec<u8>, each: usize) -> Self {
        let each = each.max(1);
        values.truncate(values.len() / each * each);
        Self { values, each }
    }

    /// How many frames there are.
    pub fn count(&self) -> usize {
        self.values.len() / self.each
    }

    fn of(&self, frame: usize) -> &[u8] {
        &self.values[frame * self.each..(frame + 1) * self.each]
    }
}

/// Frames that were replaced by others, by none, or came out of nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameRange {
    /// Frames of the earlier film; the end is exclusive.
    pub before: (u64, u64),
    /// Frames of the later film; the end is exclusive.
    pub after: (u64, u64),
}

/// Which ranges of frames look different; `None` where the marks are not of one kind.
pub fn compare_frames(before: &FrameMarks, after: &FrameMarks) -> Option<Vec<FrameRange>> {
    if before.each != after.each {
        return None;
    }
    let mut walk = Walk { before, after, compared: 0 };
    let (ends, mut out) = ((before.count(), after.count()), Vec::new());
    let mut at = (0, 0);
    while at.0 < ends.0 || at.1 < ends.1 {
        if walk.alike(at.0, at.1) {
            at = (at.0 + 1, at.1 + 1);
            continue;
        }
        let to = walk.together(at, ends);
        out.push(range(at, to));
        at = to;
    }
    Some(out)
}

fn range(from: (usize, usize), to: (usize, usize)) -> FrameRange {
    FrameRange { before: (from.0 as u64, to.0 as u64), after: (from.1 as u64, to.1 as u64) }
}

struct Walk<'a> {
    before: &'a FrameMarks,
    after: &'a FrameMarks,
    compared: u64,
}

impl Walk<'_> {
    fn alike(&mut self, before: usize, after: usize) -> bool {
        if before >= self.before.count() || after >= self.after.count() {
            return false;
        }
        self.compared += 1;
        let most = MEAN_MAX * u32::try_from(self.before.each).unwrap_or(u32::MAX / MEAN_MAX);
        let mut sum = 0;
        for (a, b) in self.before.of(before).iter().zip(self.after.of(after)) {
            let apart = u32::from(a.abs_diff(*b));
            sum += apart;
            if apart > ANY_MAX || sum > most {
                return false;
            }
        }
        true
    }

    /// The nearest place from which both go on alike, or both ends.
    fn together(&mut self, at: (usize, usize), ends: (usize, usize)) -> (usize, usize) {
        let left = (ends.0 - at.0, ends.1 - at.1);
        if left.0 == 0 || left.1 == 0 {
            return ends;
        }
        for apart in 1..=(left.0 + left.1).min(SEARCH_FRAMES_MAX) {
            // As many gone as came is the likeliest, then what is nearest to it.
            let half = apart / 2;
            let steps = (0..=apart - half).flat_map(|d| [half.checked_sub(d), (d > 0).then_some(half + d)]);
            for gone in steps.flatten().filter(|gone| *gone <= left.0 && apart - gone <= left.1) {
                let place = (at.0 + gone, at.1 + (apart - gone));
                if self.goes_on(place, ends) {
                    return place;
                }
                if self.compared > COMPARISONS_MAX {
                    return ends;
                }
            }
        }
        ends
    }

    /// Whether the next frames are alike, up to the end of both where fewer are left.
    fn goes_on(&mut self, (before, after): (usize, usize), ends: (usize, usize)) -> bool {
        let left = (ends.0 - before, ends.1 - after);
        let run = left.0.min(left.1).min(TOGETHER_FRAMES);
        let whole = run == TOGETHER_FRAMES || left.0 == left.1;
        run > 0 && whole && (0..run).all(|i| self.alike(before + i, after + i))
    }
}
