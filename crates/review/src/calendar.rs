//! Business calendars as data: a time zone, a weekly pattern, holidays; and when a person wants to
//! be left in peace. What they come to on the clock is computed by `workflow`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::brief::Day;
use crate::names::CalendarName;
use crate::text::{self, TextError};

mod file;
mod holidays;

pub use file::CalendarFileError;
pub use holidays::{ICS_BYTES_MAX, IcsError, holidays_from_ics};

const MINUTES: u16 = 24 * 60;
const HOLIDAYS_MAX: usize = 5_000;
const HOURS_A_DAY_MAX: usize = 16;
/// The longest IANA name in use has 32.
const ZONE_BYTES_MAX: usize = 64;

/// A text is not a time of day, or none that a calendar can use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {want}")]
pub struct TimeError {
    text: String,
    want: &'static str,
}

impl TimeError {
    fn new(text: &str, want: &'static str) -> Self {
        Self { text: text.chars().take(80).collect(), want }
    }
}

/// Minutes from midnight, `00:00` to `24:00`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay(u16);

/// Working hours or quiet hours on one day, end-exclusive.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hours {
    /// Their beginning.
    pub from: TimeOfDay,
    /// Their end. Quiet hours that end before they begin end on the next day.
    pub to: TimeOfDay,
}

/// A day and a time of day in some calendar's zone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalTime {
    /// The day.
    pub day: Day,
    /// The time.
    pub time: TimeOfDay,
}

/// A weekday's working hours, sorted and apart from each other; none for a day off.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Week {
    /// Monday.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mon: Vec<Hours>,
    /// Tuesday.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tue: Vec<Hours>,
    /// Wednesday.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wed: Vec<Hours>,
    /// Thursday.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub thu: Vec<Hours>,
    /// Friday.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fri: Vec<Hours>,
    /// Saturday.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sat: Vec<Hours>,
    /// Sunday.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sun: Vec<Hours>,
}

/// A business calendar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarSpec {
    /// Its name in the workspace.
    pub name: CalendarName,
    /// Its IANA time zone, such as `Europe/Zurich`.
    pub zone: String,
    /// The weekly pattern.
    pub week: Week,
    /// Days off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holidays: Vec<Day>,
}

/// When and how somebody wants to be reminded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peace {
    /// The IANA time zone that they live in; absent for that of the workspace's first calendar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// When nothing is to reach them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet: Option<Hours>,
    /// When everything is to reach them at once, each day; absent for as it comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<TimeOfDay>,
    /// How many reminders a day at most; the others wait for the next day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily_max: Option<u32>,
}

impl Week {
    /// The seven days, from Monday.
    pub fn days(&self) -> [&[Hours]; 7] {
        [&self.mon, &self.tue, &self.wed, &self.thu, &self.fri, &self.sat, &self.sun]
    }

    /// The same hours from Monday to Friday.
    pub fn office(hours: &[Hours]) -> Self {
        let day = hours.to_vec();
        Self {
            mon: day.clone(),
            tue: day.clone(),
            wed: day.clone(),
            thu: day.clone(),
            fri: day,
            ..Self::default()
        }
    }

    /// How long a working day is on average, in minutes: what `1d` means.
    pub fn day_minutes(&self) -> u32 {
        let day = |hours: &[Hours]| hours.iter().map(|h| u32::from(h.minutes())).sum::<u32>();
        let days: Vec<u32> = self.days().into_iter().map(day).filter(|minutes| *minutes > 0).collect();
        let count = u32::try_from(days.len()).unwrap_or(7);
        days.iter().sum::<u32>().checked_div(count).unwrap_or(0)
    }
}

impl CalendarSpec {
    /// Monday to Friday from 09:00 to 17:00 in Coordinated Universal Time: what holds where a
    /// workspace has no calendar.
    pub fn plain(name: CalendarName) -> Self {
        let hours = Hours { from: TimeOfDay(9 * 60), to: TimeOfDay(17 * 60) };
        Self { name, zone: "UTC".into(), week: Week::office(&[hours]), holidays: Vec::new() }
    }

    /// What keeps it from being used; empty where nothing does. Whether its zone exists is for
    /// `workflow` to say, which has the zones.
    pub fn problems(&self) -> Vec<String> {
        let mut out = Vec::new();
        if self.zone.is_empty() || self.zone.len() > ZONE_BYTES_MAX {
            out.push("zone: give an IANA time zone, such as `Europe/Zurich`".into());
        }
        if self.week.days().iter().all(|hours| hours.is_empty()) {
            out.push(
                "week: no day has working hours, so no deadline would ever come: give at least one".into(),
            );
        }
        if self.holidays.len() > HOLIDAYS_MAX {
            out.push(format!("holidays: {}, the limit is {HOLIDAYS_MAX}", self.holidays.len()));
        }
        for (name, hours) in
            ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].into_iter().zip(self.week.days())
        {
            if let Some(bad) = hours.iter().find(|h| h.to <= h.from) {
                out.push(format!("week.{name}: {bad} ends before it begins"));
            } else if hours.windows(2).any(|pair| pair[1].from < pair[0].to) {
                out.push(format!("week.{name}: the hours overlap or are not in order"));
            } else if hours.len() > HOURS_A_DAY_MAX {
                out.push(format!("week.{name}: {} parts, the limit is {HOURS_A_DAY_MAX}", hours.len()));
            }
        }
        out
    }
}

impl Peace {
    /// Whether it keeps every limit.
    pub fn check(&self) -> Result<(), TextError> {
        text::line_or_blank("the time zone", self.zone.as_deref().unwrap_or_default())
    }
}

impl TimeOfDay {
    /// So many minutes after midnight, up to 24:00.
    pub fn new(minutes: u16) -> Option<Self> {
        (minutes <= MINUTES).then_some(Self(minutes))
    }

    /// Minutes after midnight.
    pub const fn minutes(self) -> u16 {
        self.0
    }
}

impl Hours {
    /// How long they are within one day, in minutes.
    pub fn minutes(&self) -> u16 {
        self.to.0.saturating_sub(self.from.0)
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl FromStr for TimeOfDay {
    type Err = TimeError;
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let read = || {
            let (hours, minutes) = text.split_once(':')?;
            let two = |part: &str| {
                let digits = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
                digits.then(|| part.parse::<u16>().ok())?
            };
            let (hours, minutes) = (two(hours)?, two(minutes)?);
            (minutes < 60).then(|| Self::new(hours * 60 + minutes))?
        };
        read().ok_or_else(|| TimeError::new(text, "a time of day: `HH:MM` is wanted, 00:00 to 24:00"))
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.from, self.to)
    }
}

impl FromStr for Hours {
    type Err = TimeError;
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let err = || TimeError::new(text, "a span of hours: `09:00-17:30` is wanted");
        let (from, to) = text.split_once('-').ok_or_else(err)?;
        let hours = Self { from: from.trim().parse()?, to: to.trim().parse()? };
        if hours.from == hours.to { Err(err()) } else { Ok(hours) }
    }
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}T{}", self.day, self.time)
    }
}

impl FromStr for LocalTime {
    type Err = TimeError;
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let err =
            || TimeError::new(text, "a day and time: `YYYY-MM-DDTHH:MM` is wanted, and the day must exist");
        let (day, time) = text.split_once('T').ok_or_else(err)?;
        let time: TimeOfDay = time.parse().map_err(|_| err())?;
        let day = day.parse().map_err(|_| err())?;
        if time.0 == MINUTES { Err(err()) } else { Ok(Self { day, time }) }
    }
}

macro_rules! as_text {
    ($($name:ident)+) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'_, str>>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}
as_text!(TimeOfDay Hours LocalTime);
