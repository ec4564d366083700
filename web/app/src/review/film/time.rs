//! Frames, seconds and timecode labels. Plain values.

use proofroom_timecode::{Rate, Timecode};

/// The rate of a pair of numbers; 25 where they are none.
pub(crate) fn rate_of([num, den]: [u32; 2]) -> Rate {
    Rate::new(num, den).unwrap_or(Rate::FPS_25)
}

/// The middle of a frame, in seconds: what a player is sent to, so that rounding on neither side
/// leads to a neighbour.
pub(crate) fn middle(frame: u64, rate: Rate) -> f64 {
    (real(frame) + 0.5) * f64::from(rate.den()) / f64::from(rate.num())
}

/// The frame whose time stamp this is, or that is shown at this time.
pub(crate) fn frame_at(stamp: f64, rate: Rate) -> u64 {
    nearest(stamp * f64::from(rate.num()) / f64::from(rate.den()))
}

/// How many frames last so many seconds.
pub(crate) fn frames_in(seconds: f64, rate: Rate) -> u64 {
    if seconds.is_finite() { nearest(seconds * f64::from(rate.num()) / f64::from(rate.den())) } else { 0 }
}

/// The label of a frame: drop-frame where the rate has it.
pub(crate) fn label(frame: u64, rate: Rate) -> String {
    Timecode::of_frame(frame, rate, rate.has_drop_frame())
        .map_or_else(|_| frame.to_string(), |t| t.to_string())
}

/// As [`label`], from a pair of numbers.
pub(crate) fn text(frame: u64, rate: [u32; 2]) -> String {
    label(frame, rate_of(rate))
}

/// What somebody typed as a frame: a timecode, or a frame's number.
pub(crate) fn parse(typed: &str, rate: Rate) -> Result<u64, String> {
    let typed = typed.trim();
    if let Ok(frame) = typed.parse::<u64>() {
        return Ok(frame);
    }
    let code: Timecode = typed.parse().map_err(|e: proofroom_timecode::TimecodeError| e.to_string())?;
    code.to_frame(rate).map_err(|e| e.to_string())
}

#[expect(clippy::cast_precision_loss, reason = "frames below 2^53")]
pub(crate) fn real(value: u64) -> f64 {
    value as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "frames below 2^53, and never negative"
)]
pub(crate) fn nearest(value: f64) -> u64 {
    value.max(0.0).round() as u64
}
