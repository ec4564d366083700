//! Deadlines: business durations, and the ladder of reminders up to them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::words::Threshold;

/// The longest business duration: somewhat over a year of working days.
const MINUTES_MAX: u32 = 400 * 24 * 60;
const DAYS_MAX: u32 = 400;

/// A text is not a business duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a business duration: write `2d`, `4h`, `30m` or `1d 4h`, more than nothing and at most {DAYS_MAX}d"
)]
pub struct DurationError(String);

/// Working time. How long it takes on the wall is said by a calendar: a day is one of its working
/// days, an hour is an hour within its working hours.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BusinessDuration {
    days: u32,
    minutes: u32,
}

impl BusinessDuration {
    /// Working days and minutes; `None` for nothing at all or more than some 400 days.
    pub fn new(days: u32, minutes: u32) -> Option<Self> {
        let some = days > 0 || minutes > 0;
        (some && days <= DAYS_MAX && minutes <= MINUTES_MAX).then_some(Self { days, minutes })
    }

    /// Whole working days.
    pub const fn days(self) -> u32 {
        self.days
    }

    /// Minutes beside the days.
    pub const fn minutes(self) -> u32 {
        self.minutes
    }

    /// Its length in working milliseconds, where a working day has `day_minutes`.
    pub fn millis(self, day_minutes: u32) -> u64 {
        (u64::from(self.days) * u64::from(day_minutes) + u64::from(self.minutes)) * 60_000
    }
}

impl fmt::Display for BusinessDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hours, minutes) = (self.minutes / 60, self.minutes % 60);
        let parts = [(self.days, 'd'), (hours, 'h'), (minutes, 'm')];
        let parts = parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n}{unit}"));
        f.pad(&parts.collect::<Vec<_>>().join(" "))
    }
}

impl fmt::Debug for BusinessDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BusinessDuration({self})")
    }
}

impl FromStr for BusinessDuration {
    type Err = DurationError;
    fn from_str(text: &str) -> Result<Self, DurationError> {
        let read = || {
            let (mut days, mut minutes, mut rest, mut last) = (0_u32, 0_u32, text.trim(), 0);
            while !rest.is_empty() {
                let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
                let n: u32 = rest.get(..digits)?.parse().ok()?;
                let unit = rest.as_bytes().get(digits)?;
                let order = b"dhm".iter().position(|u| u == unit)? + 1;
                if order <= last {
                    return None;
                }
                last = order;
                match unit {
                    b'd' => days = n,
                    b'h' => minutes = n.checked_mul(60)?,
                    _ => minutes = minutes.checked_add(n)?,
                }
                rest = rest.get(digits + 1..)?.trim_start();
            }
            Self::new(days, minutes)
        };
        read().ok_or_else(|| DurationError(text.chars().take(80).collect()))
    }
}

impl Serialize for BusinessDuration {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for BusinessDuration {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Threshold {
    /// How much of the time to the deadline has passed, in percent; `None` for the escalation, which
    /// comes some time after it.
    pub const fn percent(self) -> Option<u64> {
        match self {
            Self::HalfUnopened => Some(50),
            Self::AtRisk => Some(75),
            Self::Overdue => Some(100),
            Self::Escalated => None,
        }
    }
}
