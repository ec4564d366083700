//! Frame rates and timecode labels (SMPTE ST 12-1).
//!
//! The frame index is the identity; a timecode is how people read it. In
//! drop-frame counting the labels `;00` and `;01` (at 59.94: `;00` to `;03`) of
//! every minute but each tenth do not exist, so that labels keep pace with the
//! clock. No frame is dropped, only labels are.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A timecode or a rate is impossible.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimecodeError {
    /// The text has another form.
    #[error("`{0}` is not a timecode: HH:MM:SS:FF is wanted, or HH:MM:SS;FF for drop-frame")]
    Form(String),
    /// A part is beyond its range.
    #[error("timecode {label}: {part} is {value}, the largest is {largest}")]
    Range {
        /// The label.
        label: Timecode,
        /// Hours, minutes, seconds or frames.
        part: &'static str,
        /// Its value.
        value: u16,
        /// The largest possible one.
        largest: u16,
    },
    /// Drop-frame counting skips this label.
    #[error(
        "timecode {label} does not exist at {rate} drop-frame: the first label of that minute is {first}"
    )]
    Dropped {
        /// The label.
        label: Timecode,
        /// The rate.
        rate: Rate,
        /// The label that exists instead.
        first: Timecode,
    },
    /// Drop-frame counting is defined for 29.97 and 59.94 only.
    #[error("{0} frames per second have no drop-frame timecode: only 30000/1001 and 60000/1001 have")]
    NoDropFrame(Rate),
    /// No such rate.
    #[error("{0}/{1} is not a frame rate: 1 to 1000 frames per second, in whole numbers below 2^31")]
    Rate(u32, u32),
    /// The text has another form.
    #[error("`{0}` is not a frame rate: write 25, 29.97 or 30000/1001")]
    RateForm(String),
    /// The label lies before the first frame.
    #[error("timecode {label} lies before the start {start}")]
    BeforeStart {
        /// The label.
        label: Timecode,
        /// The label of the first frame.
        start: Timecode,
    },
}

/// Frames per second, as a reduced fraction.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "(u32, u32)", into = "(u32, u32)")]
pub struct Rate {
    num: u32,
    den: u32,
}

impl Rate {
    /// 23.976.
    pub const FPS_23_976: Self = Self { num: 24_000, den: 1_001 };
    /// 24.
    pub const FPS_24: Self = Self { num: 24, den: 1 };
    /// 25.
    pub const FPS_25: Self = Self { num: 25, den: 1 };
    /// 29.97.
    pub const FPS_29_97: Self = Self { num: 30_000, den: 1_001 };
    /// 30.
    pub const FPS_30: Self = Self { num: 30, den: 1 };
    /// 50.
    pub const FPS_50: Self = Self { num: 50, den: 1 };
    /// 59.94.
    pub const FPS_59_94: Self = Self { num: 60_000, den: 1_001 };
    /// 60.
    pub const FPS_60: Self = Self { num: 60, den: 1 };

    /// The rate `num`/`den`, reduced.
    pub fn new(num: u32, den: u32) -> Result<Self, TimecodeError> {
        let wrong = TimecodeError::Rate(num, den);
        let limit = 1 << 31;
        if den == 0 || num < den || num >= limit || u64::from(num) > 1_000 * u64::from(den) {
            return Err(wrong);
        }
        let shared = gcd(num, den);
        Ok(Self { num: num / shared, den: den / shared })
    }

    /// Numerator: frames in [`Rate::den`] seconds.
    pub const fn num(self) -> u32 {
        self.num
    }

    /// Denominator, in seconds.
    pub const fn den(self) -> u32 {
        self.den
    }

    /// Labels per second: the rate, rounded up.
    pub const fn nominal(self) -> u32 {
        self.num.div_ceil(self.den)
    }

    /// Labels that a minute drops; none but at 29.97 and 59.94.
    const fn dropped_per_minute(self) -> Option<u64> {
        match (self.num, self.den) {
            (30_000, 1_001) => Some(2),
            (60_000, 1_001) => Some(4),
            _ => None,
        }
    }

    /// Whether drop-frame timecode is defined for it.
    pub const fn has_drop_frame(self) -> bool {
        self.dropped_per_minute().is_some()
    }

    /// The start of a frame, in milliseconds, rounded down.
    pub fn frame_to_ms(self, frame: u64) -> u64 {
        let ms = u128::from(frame) * 1_000 * u128::from(self.den) / u128::from(self.num);
        u64::try_from(ms).unwrap_or(u64::MAX)
    }

    /// The frame that is shown at a time.
    pub fn frame_at_ms(self, ms: u64) -> u64 {
        let den = 1_000 * u128::from(self.den);
        // One millisecond is long enough to belong to its last instant: 33 ms is still frame 0 of
        // 29.97, and frame_to_ms rounds down, so look at the millisecond's end.
        let frame = ((u128::from(ms) + 1) * u128::from(self.num) - 1) / den;
        u64::try_from(frame).unwrap_or(u64::MAX)
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

impl TryFrom<(u32, u32)> for Rate {
    type Error = TimecodeError;
    fn try_from((num, den): (u32, u32)) -> Result<Self, TimecodeError> {
        Self::new(num, den)
    }
}

impl From<Rate> for (u32, u32) {
    fn from(rate: Rate) -> Self {
        (rate.num, rate.den)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.den == 1 { write!(f, "{}", self.num) } else { write!(f, "{}/{}", self.num, self.den) }
    }
}

impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rate({self})")
    }
}

impl FromStr for Rate {
    type Err = TimecodeError;
    fn from_str(text: &str) -> Result<Self, TimecodeError> {
        let wrong = || TimecodeError::RateForm(text.chars().take(80).collect());
        match text {
            "23.976" | "23.98" => return Ok(Self::FPS_23_976),
            "29.97" => return Ok(Self::FPS_29_97),
            "59.94" => return Ok(Self::FPS_59_94),
            _ => {}
        }
        let (num, den) = text.split_once('/').unwrap_or((text, "1"));
        Self::new(num.parse().map_err(|_| wrong())?, den.parse().map_err(|_| wrong())?)
    }
}

/// A label `HH:MM:SS:FF`, or `HH:MM:SS;FF` in drop-frame counting. Labels wrap after 24 hours.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Timecode {
    /// 0 to 23.
    pub hours: u16,
    /// 0 to 59.
    pub minutes: u16,
    /// 0 to 59.
    pub seconds: u16,
    /// 0 to one less than the nominal rate.
    pub frames: u16,
    /// Whether it counts drop-frame.
    pub drop_frame: bool,
}

impl Timecode {
    /// The label of a frame index that counts from `00:00:00:00`.
    pub fn of_frame(frame: u64, rate: Rate, drop_frame: bool) -> Result<Self, TimecodeError> {
        let nominal = u64::from(rate.nominal());
        let dropped = if drop_frame { drop_count(rate)? } else { 0 };
        let per_minute = nominal * 60 - dropped;
        let per_ten = nominal * 600 - 9 * dropped;
        let frame = frame % (per_ten * 6 * 24);
        let (tens, rest) = (frame / per_ten, frame % per_ten);
        // The first minute of ten drops nothing, so it is longer than the nine others.
        let minutes_in = if rest < dropped { 0 } else { (rest - dropped) / per_minute };
        let label = frame + dropped * (9 * tens + minutes_in);
        Ok(Self::of_label(label, nominal, drop_frame))
    }

    /// Splits a running number of labels.
    fn of_label(label: u64, nominal: u64, drop_frame: bool) -> Self {
        let part = |value: u64| u16::try_from(value).expect("a remainder below 1001");
        let seconds = label / nominal;
        Self {
            hours: part(seconds / 3_600 % 24),
            minutes: part(seconds / 60 % 60),
            seconds: part(seconds % 60),
            frames: part(label % nominal),
            drop_frame,
        }
    }

    /// The frame index of this label, counted from `00:00:00:00`.
    pub fn to_frame(self, rate: Rate) -> Result<u64, TimecodeError> {
        let dropped = if self.drop_frame { drop_count(rate)? } else { 0 };
        self.check_ranges(rate)?;
        let minutes = u64::from(self.hours) * 60 + u64::from(self.minutes);
        if self.seconds == 0 && u64::from(self.frames) < dropped && !minutes.is_multiple_of(10) {
            let frames = u16::try_from(dropped).expect("two or four");
            return Err(TimecodeError::Dropped { label: self, rate, first: Self { frames, ..self } });
        }
        let seconds = minutes * 60 + u64::from(self.seconds);
        let label = seconds * u64::from(rate.nominal()) + u64::from(self.frames);
        Ok(label - dropped * (minutes - minutes / 10))
    }

    /// The frame index within media whose first frame has the label `start`.
    pub fn to_frame_from(self, start: Self, rate: Rate) -> Result<u64, TimecodeError> {
        let (at, first) = (self.to_frame(rate)?, start.to_frame(rate)?);
        at.checked_sub(first).ok_or(TimecodeError::BeforeStart { label: self, start })
    }

    fn check_ranges(self, rate: Rate) -> Result<(), TimecodeError> {
        let frames_max = u16::try_from(rate.nominal() - 1).unwrap_or(u16::MAX);
        let parts = [
            ("hours", self.hours, 23),
            ("minutes", self.minutes, 59),
            ("seconds", self.seconds, 59),
            ("frames", self.frames, frames_max),
        ];
        match parts.into_iter().find(|(_, value, largest)| value > largest) {
            Some((part, value, largest)) => Err(TimecodeError::Range { label: self, part, value, largest }),
            None => Ok(()),
        }
    }
}

fn drop_count(rate: Rate) -> Result<u64, TimecodeError> {
    rate.dropped_per_minute().ok_or(TimecodeError::NoDropFrame(rate))
}

impl fmt::Display for Timecode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.drop_frame { ';' } else { ':' };
        write!(f, "{:02}:{:02}:{:02}{mark}{:02}", self.hours, self.minutes, self.seconds, self.frames)
    }
}

impl fmt::Debug for Timecode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timecode({self})")
    }
}

impl FromStr for Timecode {
    type Err = TimecodeError;
    fn from_str(text: &str) -> Result<Self, TimecodeError> {
        let wrong = || TimecodeError::Form(text.chars().take(80).collect());
        let parts: Vec<&str> = text.split([':', ';']).collect();
        let [hours, minutes, seconds, frames] = parts[..] else { return Err(wrong()) };
        // Editors write drop-frame as 00:01:00;02 or as 00;01;00;02.
        let drop_frame = match text.matches([':', ';']).collect::<String>().as_str() {
            ":::" => false,
            "::;" | ";;;" => true,
            _ => return Err(wrong()),
        };
        let number = |part: &str, digits_max| {
            let digits = (2..=digits_max).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
            if digits { part.parse::<u16>().map_err(|_| wrong()) } else { Err(wrong()) }
        };
        Ok(Self {
            hours: number(hours, 2)?,
            minutes: number(minutes, 2)?,
            seconds: number(seconds, 2)?,
            frames: number(frames, 3)?,
            drop_frame,
        })
    }
}

impl Serialize for Timecode {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timecode {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
