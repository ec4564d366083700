//! When each frame of a film is shown: from a frame's number to the container's time stamp and back.
//!
//! A proxy has the frames of its original one for one, but other time stamps. The map keeps the
//! original's, in runs of frames that last equally long.

use serde::{Deserialize, Serialize};

const RUNS_MAX: usize = 2_000_000;
/// Longest map, in bytes.
pub const FRAME_MAP_BYTES_MAX: usize = 64 << 20;
/// The media type of a frame map.
pub const FRAME_MAP_MEDIA_TYPE: &str = "application/vnd.proofroom.frames+json";

/// The map of one film.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrameMap {
    /// Seconds of one tick of the time stamps, as a fraction.
    pub time_base: (u32, u32),
    /// Time stamps, frame after frame.
    pub runs: Vec<FrameRun>,
}

/// Frames that follow each other in equal steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrameRun {
    /// The first frame's time stamp.
    pub pts: i64,
    /// Ticks from one frame to the next.
    pub step: u32,
    /// How many frames.
    pub count: u32,
}

impl FrameMap {
    /// The map of frames in the order in which they are shown; `None` where time stands still.
    pub fn of(time_base: (u32, u32), stamps: &[i64]) -> Option<Self> {
        let mut runs: Vec<FrameRun> = Vec::new();
        let mut before: Option<i64> = None;
        for pts in stamps {
            let step = before.map(|before| pts.checked_sub(before)).map(|step| {
                let step = step.and_then(|step| u32::try_from(step).ok());
                step.filter(|step| *step > 0)
            });
            match (runs.last_mut(), step) {
                (_, Some(None)) => return None,
                (Some(run), Some(Some(step))) if run.count == 1 || run.step == step => {
                    (run.step, run.count) = (step, run.count.checked_add(1)?);
                }
                _ => runs.push(FrameRun { pts: *pts, step: 0, count: 1 }),
            }
            before = Some(*pts);
        }
        let map = Self { time_base, runs };
        map.is_sound().then_some(map)
    }

    /// Reads a map; `None` where it is none, or breaks a limit.
    pub fn read(json: &[u8]) -> Option<Self> {
        let map: Self = Some(json)
            .filter(|j| j.len() <= FRAME_MAP_BYTES_MAX)
            .and_then(|j| serde_json::from_str(std::str::from_utf8(j).ok()?).ok())?;
        map.is_sound().then_some(map)
    }

    /// The map as it is kept.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    fn is_sound(&self) -> bool {
        let ticks = self.time_base.0 > 0 && self.time_base.1 > 0;
        ticks && self.runs.len() <= RUNS_MAX && self.runs.iter().all(|run| run.count > 0)
    }

    /// How many frames there are.
    pub fn frames(&self) -> u64 {
        self.runs.iter().map(|run| u64::from(run.count)).sum()
    }

    /// The time stamp of a frame.
    pub fn pts(&self, frame: u64) -> Option<i64> {
        let mut first = 0;
        for run in &self.runs {
            let within = frame - first;
            if within < u64::from(run.count) {
                let ticks = i64::try_from(within).ok()?.checked_mul(i64::from(run.step))?;
                return run.pts.checked_add(ticks);
            }
            first += u64::from(run.count);
        }
        None
    }

    /// The frame that is shown at a time stamp: the last one that began by then.
    pub fn frame(&self, pts: i64) -> Option<u64> {
        let mut first = 0;
        let mut shown = None;
        for run in self.runs.iter().take_while(|run| run.pts <= pts) {
            let ticks = pts.saturating_sub(run.pts);
            let within = ticks.checked_div(i64::from(run.step)).unwrap_or(0);
            shown = Some(first + u64::try_from(within).unwrap_or(0).min(u64::from(run.count) - 1));
            first += u64::from(run.count);
        }
        shown
    }
}
