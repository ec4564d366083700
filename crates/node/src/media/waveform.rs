//! Peaks of sound, in the binary format of BBC's audiowaveform, version 2, which several players read.
//!
//! ```text
//! version:i32 = 2  flags:u32 = 1 (eight bits)  rate:i32  samples per peak:i32  count:u32  channels:i32 = 1
//! count times      lowest:i8 highest:i8                                         all little endian
//! ```

use std::time::Duration;

use super::tool::{Input, Run, ToolError};

pub(super) const MEDIA_TYPE: &str = "application/vnd.audiowaveform";
pub(super) const SETTINGS: &str = "one channel, 50 peaks a second, audiowaveform version 2";

const RATE: u32 = 8_000;
const SAMPLES_PER_PEAK: u32 = 160;
/// Two days of sound.
const PEAKS_MAX: usize = 50 * 3_600 * 48;

/// Decodes sound and takes its peaks.
pub(super) fn of(
    input: &Input<'_>,
    limit: Duration,
    seconds: f64,
    tell: &mut dyn FnMut(f64),
) -> Result<Vec<u8>, ToolError> {
    let args = ["-map", "0:a:0", "-ac", "1", "-ar", "8000", "-c:a", "pcm_s16le", "-f", "s16le", "pipe:1"];
    let mut peaks = Peaks::default();
    Run::ffmpeg(input, &[], limit).args(&args).read(|piece| {
        peaks.take(piece);
        if seconds > 0.0 {
            let count = u32::try_from(peaks.out.len() / 2).unwrap_or(u32::MAX);
            tell((f64::from(count) / 50.0 / seconds).clamp(0.0, 1.0));
        }
        peaks.out.len() <= PEAKS_MAX * 2
    })?;
    Ok(peaks.into_dat())
}

#[derive(Default)]
struct Peaks {
    /// The first byte of a sample that was cut in two.
    half: Option<u8>,
    low: i16,
    high: i16,
    samples: u32,
    out: Vec<u8>,
}

impl Peaks {
    fn take(&mut self, piece: &[u8]) {
        for byte in piece {
            match self.half.take() {
                None => self.half = Some(*byte),
                Some(low) => self.sample(i16::from_le_bytes([low, *byte])),
            }
        }
    }

    fn sample(&mut self, value: i16) {
        let first = self.samples == 0;
        self.low = if first { value } else { self.low.min(value) };
        self.high = if first { value } else { self.high.max(value) };
        self.samples += 1;
        if self.samples == SAMPLES_PER_PEAK {
            self.end_peak();
        }
    }

    fn end_peak(&mut self) {
        if self.samples > 0 {
            self.out.extend([self.low, self.high].map(|value| value.to_be_bytes()[0]));
            self.samples = 0;
        }
    }

    fn into_dat(mut self) -> Vec<u8> {
        self.end_peak();
        let count = u32::try_from(self.out.len() / 2).unwrap_or(u32::MAX);
        let head = [2, 1, RATE, SAMPLES_PER_PEAK, count, 1].map(u32::to_le_bytes);
        [head.as_flattened(), &self.out].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::Peaks;

    #[test]
    fn peaks_are_the_lowest_and_highest_sample_whatever_the_pieces() {
        let samples: Vec<i16> = (0..400).map(|i| if i < 160 { 256 * 3 } else { -256 * (i % 7) }).collect();
        let bytes: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
        for piece in [1, 3, 800] {
            let mut peaks = Peaks::default();
            bytes.chunks(piece).for_each(|p| peaks.take(p));
            let dat = peaks.into_dat();
            assert_eq!(dat[..8], [2, 0, 0, 0, 1, 0, 0, 0]);
            assert_eq!(dat[16..20], [3, 0, 0, 0]);
            assert_eq!(dat[24..].iter().map(|b| b.cast_signed()).collect::<Vec<_>>(), [3, 3, -6, 0, -6, 0]);
        }
    }
}
