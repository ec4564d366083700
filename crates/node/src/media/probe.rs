//! What a film is, by ffprobe: its streams, and when each frame is shown.

use std::time::Duration;

use proofroom_review::media::{FRAME_MAP_BYTES_MAX, FrameMap};
use serde::Deserialize;

use super::tool::{Input, Run, ToolError};

const PROBE_BYTES_MAX: usize = 4 << 20;
const QUICK: Duration = Duration::from_secs(60);

/// What was found.
#[derive(Clone, Debug, Default)]
pub(super) struct Probe {
    /// Whether there are pictures; a cover picture of a song is none.
    pub(super) picture: Option<PictureStream>,
    /// Whether there is sound.
    pub(super) sound: bool,
    /// How long it lasts, in seconds; 0 where nobody can say.
    pub(super) seconds: f64,
}

/// The first stream of pictures.
#[derive(Clone, Copy, Debug)]
pub(super) struct PictureStream {
    /// Seconds of one tick, as a fraction.
    pub(super) time_base: (u32, u32),
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    streams: Vec<Stream>,
    format: Option<Format>,
}

#[derive(Deserialize)]
struct Stream {
    codec_type: Option<String>,
    time_base: Option<String>,
    disposition: Option<Disposition>,
}

#[derive(Deserialize)]
struct Disposition {
    #[serde(default)]
    attached_pic: u8,
}

#[derive(Deserialize)]
struct Format {
    duration: Option<String>,
}

/// Asks ffprobe.
pub(super) fn probe(input: &Input<'_>) -> Result<Probe, ToolError> {
    let entries = "stream=codec_type,time_base:stream_disposition=attached_pic:format=duration";
    let run = Run::ffprobe(input, QUICK).args(&["-show_entries", entries, "-of", "json"]);
    let said: Said = serde_json::from_slice(&run.output(PROBE_BYTES_MAX)?)
        .map_err(|e| ToolError::Refused { tool: "ffprobe", said: e.to_string() })?;
    let of = |stream: &Stream, kind: &str| {
        let cover = stream.disposition.as_ref().is_some_and(|d| d.attached_pic != 0);
        stream.codec_type.as_deref() == Some(kind) && !cover
    };
    let picture = said.streams.iter().find(|s| of(s, "video"));
    let seconds = said.format.and_then(|f| f.duration).and_then(|d| d.parse().ok());
    Ok(Probe {
        picture: picture
            .and_then(|s| s.time_base.as_deref().and_then(fraction))
            .map(|time_base| PictureStream { time_base }),
        sound: said.streams.iter().any(|s| of(s, "audio")),
        seconds: seconds.filter(|s: &f64| s.is_finite() && *s > 0.0).unwrap_or(0.0),
    })
}

/// When each frame is shown, in the container's own ticks. Frames that an edit list leaves out are
/// left out.
pub(super) fn frame_map(
    input: &Input<'_>,
    stream: PictureStream,
    limit: Duration,
) -> Result<FrameMap, ToolError> {
    let args = ["-select_streams", "V:0", "-show_entries", "packet=pts,flags", "-of", "csv=p=0"];
    let text = Run::ffprobe(input, limit).args(&args).output(FRAME_MAP_BYTES_MAX)?;
    let text = String::from_utf8_lossy(&text);
    let mut stamps: Vec<i64> = text
        .lines()
        .filter_map(|line| line.split_once(','))
        .filter(|(_, flags)| !flags.contains('D'))
        .filter_map(|(pts, _)| pts.parse().ok())
        .collect();
    // Packets come in the order in which they are decoded.
    stamps.sort_unstable();
    stamps.dedup();
    let refused = || ToolError::Refused { tool: "ffprobe", said: "no frame says when it is shown".into() };
    FrameMap::of(stream.time_base, &stamps).filter(|map| map.frames() > 0).ok_or_else(refused)
}

fn fraction(text: &str) -> Option<(u32, u32)> {
    let (num, den) = text.split_once('/')?;
    Some((num.parse().ok()?, den.parse().ok()?)).filter(|(num, den)| *num > 0 && *den > 0)
}
