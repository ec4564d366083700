//! Holidays from iCalendar text (RFC 5545): the all-day events of a published calendar.
//!
//! A strict reader of the small part that holiday calendars use: all-day events, their length, and
//! yearly repetition on the same date. Whatever else would move a holiday is refused by line, so
//! that no day off is lost silently.

use std::collections::{BTreeMap, BTreeSet};

use crate::brief::Day;

/// Largest calendar text, in bytes.
pub const ICS_BYTES_MAX: usize = 4 << 20;
const EVENTS_MAX: usize = 10_000;
const EVENT_DAYS_MAX: u32 = 62;
/// Yearly events without an end run up to this year.
const YEAR_MAX: u16 = 2100;
const DAYS_MAX: usize = 50_000;

/// Holidays cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IcsError {
    /// Over the limit.
    #[error("the calendar has {0} bytes, the limit is {ICS_BYTES_MAX}")]
    TooLarge(usize),
    /// A line that is not what is wanted.
    #[error("line {line}: {text}")]
    Line {
        /// From 1.
        line: usize,
        /// What, and what to do about it.
        text: String,
    },
}

/// The days off of iCalendar text.
pub fn holidays_from_ics(text: &str) -> Result<BTreeSet<Day>, IcsError> {
    if text.len() > ICS_BYTES_MAX {
        return Err(IcsError::TooLarge(text.len()));
    }
    let mut days = BTreeSet::new();
    let (mut event, mut events, mut nested, mut began) = (None::<Event>, 0, Vec::new(), false);
    for (line, content) in unfold(text) {
        let (name, value) = property(line, &content)?;
        match (name.as_str(), value.to_ascii_uppercase().as_str()) {
            ("BEGIN", "VCALENDAR") => began = true,
            ("BEGIN", "VEVENT") if event.is_none() && nested.is_empty() => {
                events += 1;
                if events > EVENTS_MAX {
                    return Err(bad(line, format!("more than {EVENTS_MAX} events")));
                }
                event = Some(Event { line, ..Event::default() });
            }
            ("BEGIN", what) => nested.push(what.to_owned()),
            ("END", "VEVENT") if nested.is_empty() => match event.take() {
                Some(event) => event.add_to(&mut days)?,
                None => return Err(bad(line, "an event ends that did not begin")),
            },
            ("END", what) if nested.last().is_some_and(|open| open == what) => drop(nested.pop()),
            ("END", "VCALENDAR") => {}
            ("END", what) => return Err(bad(line, format!("`{what}` ends and did not begin"))),
            _ if nested.is_empty() => {
                if let Some(event) = &mut event {
                    event.take_in(line, &name, value)?;
                }
            }
            _ => {}
        }
        if days.len() > DAYS_MAX {
            return Err(bad(line, format!("more than {DAYS_MAX} days off")));
        }
    }
    match (began, event) {
        (false, _) => Err(bad(1, "no calendar begins here: `BEGIN:VCALENDAR` is wanted")),
        (true, Some(event)) => Err(bad(event.line, "the event does not end")),
        (true, None) => Ok(days),
    }
}

fn bad(line: usize, text: impl Into<String>) -> IcsError {
    IcsError::Line { line, text: text.into() }
}

/// Content lines with the number of their first line; a line that begins with white space goes on
/// from the one before.
fn unfold(text: &str) -> Vec<(usize, String)> {
    let mut out: Vec<(usize, String)> = Vec::new();
    for (i, line) in text.lines().enumerate() {
        match (line.strip_prefix([' ', '\t']), out.last_mut()) {
            (Some(rest), Some((_, last))) => last.push_str(rest),
            _ if line.trim().is_empty() => {}
            _ => out.push((i + 1, line.to_owned())),
        }
    }
    out
}

/// A content line's name, without parameters, and its value.
fn property(line: usize, content: &str) -> Result<(String, &str), IcsError> {
    let mut quoted = false;
    let colon = content.bytes().position(|b| {
        quoted ^= b == b'"';
        b == b':' && !quoted
    });
    let Some(colon) = colon else {
        return Err(bad(line, "this is no iCalendar line: `NAME:value` is wanted"));
    };
    let (head, value) = (&content[..colon], &content[colon + 1..]);
    let name = head.split(';').next().unwrap_or_default();
    Ok((name.to_ascii_uppercase(), value.trim()))
}

#[derive(Default)]
struct Event {
    line: usize,
    start: Option<Day>,
    end: Option<Day>,
    yearly: Option<Yearly>,
    except: BTreeSet<Day>,
    cancelled: bool,
    timed: bool,
}

struct Yearly {
    line: usize,
    interval: u16,
    count: Option<u32>,
    until: Option<Day>,
    month: Option<u16>,
    day: Option<u16>,
}

impl Event {
    fn take_in(&mut self, line: usize, name: &str, value: &str) -> Result<(), IcsError> {
        match name {
            // An event at a time of day is an appointment, no day off.
            "DTSTART" | "DTEND" if value.contains('T') => self.timed = true,
            "DTSTART" => self.start = Some(date(line, value)?),
            "DTEND" => self.end = Some(date(line, value)?),
            "DURATION" => {
                let days =
                    value.strip_prefix('P').and_then(|v| v.strip_suffix('D')).and_then(|v| v.parse().ok());
                let (Some(days), Some(start)) = (days, self.start) else {
                    return Err(bad(
                        line,
                        "only a duration in whole days after DTSTART is understood, such as `P1D`",
                    ));
                };
                self.end = start.plus(days);
            }
            "RRULE" => self.yearly = Some(Yearly::read(line, value)?),
            "EXDATE" => {
                for day in value.split(',') {
                    self.except.insert(date(line, day)?);
                }
            }
            "RDATE" => return Err(bad(line, "RDATE is not understood: write an event for each day")),
            "STATUS" => self.cancelled = value.eq_ignore_ascii_case("CANCELLED"),
            _ => {}
        }
        Ok(())
    }

    fn add_to(self, days: &mut BTreeSet<Day>) -> Result<(), IcsError> {
        if self.cancelled || self.timed {
            return Ok(());
        }
        let Some(start) = self.start else {
            return Err(bad(self.line, "the event has no DTSTART"));
        };
        let length = match self.end {
            None => 1,
            Some(end) => {
                start.days_until(end).filter(|n| (1..=EVENT_DAYS_MAX).contains(n)).ok_or_else(|| {
                    bad(
                        self.line,
                        format!("the event ends before it begins or is longer than {EVENT_DAYS_MAX} days"),
                    )
                })?
            }
        };
        let dates = match &self.yearly {
            None => vec![start],
            Some(yearly) => yearly.dates(start)?,
        };
        for first in dates {
            if !self.except.contains(&first) {
                days.extend((0..length).filter_map(|n| first.plus(n)));
            }
        }
        Ok(())
    }
}

impl Yearly {
    fn read(line: usize, value: &str) -> Result<Self, IcsError> {
        let mut parts: BTreeMap<String, &str> = BTreeMap::new();
        for part in value.split(';') {
            let Some((name, value)) = part.split_once('=') else {
                return Err(bad(line, format!("`{part}` is no part of a repetition")));
            };
            parts.insert(name.to_ascii_uppercase(), value);
        }
        let known = ["FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYMONTH", "BYMONTHDAY"];
        let unknown = parts.keys().any(|name| !known.contains(&name.as_str()));
        if parts.get("FREQ").is_none_or(|f| !f.eq_ignore_ascii_case("YEARLY")) || unknown {
            let text = "only yearly repetition on the same date is understood: write an event for each year";
            return Err(bad(line, text));
        }
        let number = |name: &str| match parts.get(name).map(|n| n.parse::<u16>()) {
            None => Ok(None),
            Some(Ok(n)) if n > 0 => Ok(Some(n)),
            Some(_) => Err(bad(line, format!("{name} is a number from 1"))),
        };
        let until = parts.get("UNTIL").map(|day| date(line, day.get(..8).unwrap_or(day))).transpose()?;
        Ok(Self {
            line,
            interval: number("INTERVAL")?.unwrap_or(1),
            count: number("COUNT")?.map(u32::from),
            until,
            month: number("BYMONTH")?,
            day: number("BYMONTHDAY")?,
        })
    }

    fn dates(&self, start: Day) -> Result<Vec<Day>, IcsError> {
        let elsewhere = |by: Option<u16>, own: u8| by.is_some_and(|by| by != u16::from(own));
        if elsewhere(self.month, start.month()) || elsewhere(self.day, start.day()) {
            return Err(bad(self.line, "the repetition is on another date than the event: make them agree"));
        }
        let years = (start.year()..=YEAR_MAX.max(start.year())).step_by(self.interval.into());
        // 29 February repeats in leap years only.
        let dates = years.filter_map(|year| Day::new(year, start.month(), start.day()));
        let dates = dates.take_while(|day| self.until.is_none_or(|until| *day <= until));
        Ok(dates.take(self.count.map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX))).collect())
    }
}

fn date(line: usize, value: &str) -> Result<Day, IcsError> {
    let digits = value.len() == 8 && value.bytes().all(|b| b.is_ascii_digit());
    let day = digits.then(|| format!("{}-{}-{}", &value[..4], &value[4..6], &value[6..]).parse().ok());
    day.flatten().ok_or_else(|| {
        bad(line, format!("`{}` is no date: YYYYMMDD is wanted", value.chars().take(80).collect::<String>()))
    })
}
