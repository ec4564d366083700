//! Times and durations as people write them.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proofroom_ident::Millis;

fn timestamp(at: Millis) -> Option<Timestamp> {
    i64::try_from(at.0).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok())
}

/// A time in this machine's zone, to the minute.
pub fn shown(at: Millis) -> String {
    let local = timestamp(at).map(|t| t.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string());
    local.unwrap_or_else(|| format!("at {} ms", at.0))
}

/// A time in UTC, to the second, as RFC 3339 writes it.
pub fn utc(at: Millis) -> String {
    let whole = timestamp(Millis(at.0 / 1_000 * 1_000));
    whole.map_or_else(|| format!("{} ms", at.0), |moment| moment.to_string())
}

/// A moment in this machine's zone: `2026-03-01`, which is its end, `2026-03-01T12:00`, or RFC 3339 with an offset.
pub fn moment(text: &str) -> Option<Millis> {
    let text = text.trim();
    let at = |moment: Timestamp| u64::try_from(moment.as_millisecond()).ok().map(Millis);
    if let Ok(moment) = text.parse::<Timestamp>() {
        return at(moment);
    }
    let local = |civil: jiff::civil::DateTime| civil.to_zoned(TimeZone::system()).ok().map(|z| z.timestamp());
    if let Ok(day) = text.parse::<jiff::civil::Date>() {
        return at(local(day.at(23, 59, 59, 999_000_000))?);
    }
    at(local(text.parse::<jiff::civil::DateTime>().ok()?)?)
}

/// Since when: so long ago, or since a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// So many milliseconds ago.
    Ago(u64),
    /// Since this moment.
    At(Millis),
}

impl Since {
    /// Reads a duration (`7d`) or a day (`2026-03-01`, from its beginning).
    ///
    /// # Errors
    /// Says what is wanted instead.
    pub fn read(text: &str) -> Result<Self, String> {
        if let Ok(day) = text.trim().parse::<jiff::civil::Date>() {
            let start = day.to_zoned(TimeZone::system()).ok();
            let ms = start.and_then(|z| u64::try_from(z.timestamp().as_millisecond()).ok());
            return ms
                .map(|ms| Self::At(Millis(ms)))
                .ok_or_else(|| format!("`{text}` is beyond the calendar"));
        }
        if let Some(at) = moment(text) {
            return Ok(Self::At(at));
        }
        let wrong = |_| format!("`{text}` is no time: write 7d, 12h, or 2026-03-01");
        duration_ms(text).map(Self::Ago).map_err(wrong)
    }

    /// The moment, counted from `now`.
    pub fn from(self, now: Millis) -> Millis {
        match self {
            Self::Ago(ms) => Millis(now.0.saturating_sub(ms)),
            Self::At(at) => at,
        }
    }
}

/// Until when, as people write it.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    /// To the end of this day.
    Day(jiff::civil::Date),
    /// For so long from now on; years and months are the calendar's.
    For(jiff::Span),
}

impl Until {
    /// Reads a duration (`6y`, `90d`) or a day (`2030-01-01`, to its end).
    ///
    /// # Errors
    /// Says what is wanted instead.
    pub fn read(text: &str) -> Result<Self, String> {
        let wrong = |_| format!("`{text}` is no time: write 6y, 90d, or 2030-01-01");
        match text.trim().parse::<jiff::civil::Date>() {
            Ok(day) => Ok(Self::Day(day)),
            Err(_) => text.trim().parse().map(Self::For).map_err(wrong),
        }
    }

    /// The moment, counted from `now`.
    ///
    /// # Errors
    /// When it lies beyond the calendar.
    pub fn from(self, now: Millis) -> Result<Millis, String> {
        let beyond = || "that time lies beyond the calendar".to_owned();
        let zone = TimeZone::system();
        let end = match self {
            Self::Day(day) => day.tomorrow().and_then(|next| next.to_zoned(zone)),
            Self::For(span) => i64::try_from(now.0)
                .map_err(|_| beyond())
                .and_then(|ms| Timestamp::from_millisecond(ms).map_err(|_| beyond()))?
                .to_zoned(zone)
                .checked_add(span),
        };
        let end = end.map_err(|_| beyond())?.timestamp().as_millisecond();
        u64::try_from(end).map(Millis).map_err(|_| beyond())
    }
}

/// The day in this machine's zone; `None` beyond the calendar.
pub fn day(at: Millis) -> Option<proofroom_review::Day> {
    let date = timestamp(at)?.to_zoned(TimeZone::system()).date();
    let part = |n: i8| u8::try_from(n).ok();
    proofroom_review::Day::new(u16::try_from(date.year()).ok()?, part(date.month())?, part(date.day())?)
}

/// This machine's offset from UTC at a time, in minutes.
pub fn utc_offset_min(at: Millis) -> i16 {
    let seconds = timestamp(at).map_or(0, |t| TimeZone::system().to_offset(t).seconds());
    i16::try_from(seconds / 60).unwrap_or(0)
}

/// Reads a duration: `7d`, `12h`, `90m`, `1w 2d`, or ISO 8601 (`P7D`). A day has 24 hours.
///
/// # Errors
/// Says what is wanted instead.
pub fn duration_ms(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is not a duration: write 7d, 12h, 90m or P7D");
    let span: jiff::Span = text.trim().parse().map_err(|_| wrong())?;
    let span = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
    match u64::try_from(span.as_millis()) {
        Ok(ms) if span > SignedDuration::ZERO => Ok(ms),
        _ => Err(format!("`{text}` is not a duration from now on: it must be longer than nothing")),
    }
}

/// When an invite ends: a duration from now on, or `never`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// After so many milliseconds.
    After(u64),
    /// Not by itself.
    Never,
}

impl Expiry {
    /// The end, counted from `now`.
    pub fn from(self, now: Millis) -> Option<Millis> {
        match self {
            Self::After(ms) => Some(Millis(now.0.saturating_add(ms))),
            Self::Never => None,
        }
    }
}

impl std::str::FromStr for Expiry {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim() == "never" { Ok(Self::Never) } else { duration_ms(text).map(Self::After) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Expiry, duration_ms, shown};
    use proofroom_ident::Millis;

    #[test]
    fn durations_are_read_as_people_write_them() {
        let hour = 3_600_000;
        for (text, ms) in [
            ("7d", 168 * hour),
            ("12h", 12 * hour),
            ("90m", hour * 3 / 2),
            ("P7D", 168 * hour),
            ("1w", 168 * hour),
        ] {
            assert_eq!(duration_ms(text), Ok(ms), "{text}");
        }
    }

    #[test]
    fn durations_that_lead_nowhere_are_refused() {
        for text in ["", "soon", "-1d", "0s", "7", "d", "1y"] {
            let refused = duration_ms(text);
            assert!(refused.is_err(), "{text}: {refused:?}");
        }
    }

    #[test]
    fn an_invite_may_never_expire() {
        assert_eq!("never".parse::<Expiry>().map(|e| e.from(Millis(5))), Ok(None));
        assert_eq!("1s".parse::<Expiry>().map(|e| e.from(Millis(5))), Ok(Some(Millis(1005))));
    }

    #[test]
    fn a_time_beyond_the_calendar_is_still_shown() {
        assert!(shown(Millis(u64::MAX)).contains(&u64::MAX.to_string()));
    }
}
