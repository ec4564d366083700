//! The marks of a film's frames: ffmpeg decodes each to a gray picture of a few values.

use std::path::Path;
use std::time::Duration;

use proofroom_compare::FrameMarks;
use proofroom_review::MediaType;

use super::tool::{Input, Run, ToolError};

const COLUMNS: usize = 16;
const ROWS: usize = 9;
/// Six hours at 25 frames.
const FRAMES_MAX: usize = 540_000;
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// Decodes a film.
///
/// # Errors
/// When ffmpeg is not here, refuses or takes too long.
pub fn of(path: &Path, media: MediaType) -> Result<FrameMarks, ToolError> {
    let input = Input::new(path, media).ok_or(ToolError::Missing("a decoder of this type"))?;
    let scale = format!("scale={COLUMNS}:{ROWS}:flags=area,format=gray");
    let args = ["-map", "0:V:0", "-vsync", "passthrough", "-vf", &scale, "-f", "rawvideo", "pipe:1"];
    let values = Run::ffmpeg(&input, &[], LIMIT).args(&args).output(FRAMES_MAX * COLUMNS * ROWS)?;
    Ok(FrameMarks::new(values, COLUMNS * ROWS))
}
