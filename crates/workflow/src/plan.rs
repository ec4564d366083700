//! What concerns all assets, made ready to be asked: calendars on the clock, people, delegations.

use std::collections::{BTreeMap, BTreeSet};

use proofroom_ident::{Millis, PersonId};
use proofroom_review::{BusinessDuration, CalendarName, CalendarSpec, LocalTime, Route};

use crate::calendar::{Calendar, Quiet, Zone};
use crate::delegations::Delegations;
use crate::facts::PlanFacts;
use crate::notice::Warning;

/// The plan, ready to be asked.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    calendars: BTreeMap<CalendarName, Calendar>,
    /// The first calendar by name; absent only where none can be used.
    first: Option<Calendar>,
    quiet: BTreeMap<PersonId, Quiet>,
    everybody: Quiet,
    left: BTreeSet<PersonId>,
    pub delegations: Delegations,
    pub warnings: Vec<Warning>,
}

impl Plan {
    pub fn of(facts: &PlanFacts) -> Self {
        let mut warnings = Vec::new();
        let mut calendars = BTreeMap::new();
        let mut specs: Vec<&CalendarSpec> = facts.calendars.iter().collect();
        specs.sort_by_key(|spec| &spec.name);
        for spec in specs {
            match Calendar::new(spec) {
                Ok(calendar) => drop(calendars.insert(spec.name.clone(), calendar)),
                Err(problem) => warnings.push(Warning::Calendar { calendar: spec.name.to_string(), problem }),
            }
        }
        let plain = || "plain".parse().ok().and_then(|name| Calendar::new(&CalendarSpec::plain(name)).ok());
        let none = facts.calendars.is_empty();
        let first = calendars.values().next().cloned().or_else(|| none.then(plain).flatten());
        let zone = first.as_ref().map_or_else(Zone::utc, |calendar| calendar.zone().clone());
        let quiet = facts.people.iter().map(|(person, f)| (*person, Quiet::new(&f.peace, &zone))).collect();
        let left = facts.people.iter().filter(|(_, f)| f.left).map(|(person, _)| *person).collect();
        let delegations = Delegations::of(&facts.delegations);
        warnings.extend(delegations.warnings.iter().cloned());
        warnings.sort();
        let everybody = Quiet::new(&proofroom_review::Peace::default(), &zone);
        Self { calendars, first, quiet, everybody, left, delegations, warnings }
    }

    pub fn has_left(&self, person: &PersonId) -> bool {
        self.left.contains(person)
    }

    pub fn quiet(&self, person: &PersonId) -> &Quiet {
        self.quiet.get(person).unwrap_or(&self.everybody)
    }

    /// The calendar of a route; `None` where it names one that cannot be used.
    pub fn calendar(&self, route: &Route) -> Option<&Calendar> {
        match &route.calendar {
            Some(name) => self.calendars.get(name),
            None => self.first.as_ref(),
        }
    }
}

/// The stretches in which the clocks stand still, sorted and apart from each other; the last one may
/// have no end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pauses(Vec<(Millis, Option<Millis>)>);

impl Pauses {
    /// From moments at which the clocks were stopped (`true`) or let go (`false`).
    pub fn of(mut moments: Vec<(Millis, bool)>) -> Self {
        moments.sort_unstable();
        let mut out: Vec<(Millis, Option<Millis>)> = Vec::new();
        for (at, stop) in moments {
            match (out.last_mut(), stop) {
                (Some((_, None)), true) | (None, false) | (Some((_, Some(_))), false) => {}
                (Some((_, end @ None)), false) => *end = Some(at),
                (_, true) => out.push((at, None)),
            }
        }
        out.retain(|(from, to)| *to != Some(*from));
        Self(out)
    }

    /// These, and from `at` on for good.
    pub fn until_further_notice(&self, at: Millis) -> Self {
        let mut out: Vec<(Millis, Option<Millis>)> =
            self.0.iter().copied().filter(|(from, _)| *from < at).collect();
        match out.last_mut() {
            Some((_, to)) if to.is_none_or(|to| to >= at) => *to = None,
            _ => out.push((at, None)),
        }
        Self(out)
    }

    pub fn holds_at(&self, now: Millis) -> bool {
        self.0.iter().any(|(from, to)| *from <= now && to.is_none_or(|to| now < to))
    }

    /// The next moment after `now` at which the clocks stop or go on.
    pub fn changes_at(&self, now: Millis) -> Option<Millis> {
        self.0.iter().flat_map(|(from, to)| [Some(*from), *to]).flatten().find(|at| *at > now)
    }
}

/// A deadline: a start and so much working time, or a day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline<'a> {
    pub calendar: &'a Calendar,
    pub start: Millis,
    pub length: Length,
}

/// How far a deadline lies from its start.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Length {
    Business(BusinessDuration),
    Until(LocalTime),
}

/// Why a deadline is no moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoMoment {
    /// The clocks stand still before it is reached.
    Paused,
    /// It lies beyond the calendar.
    Beyond,
}

impl Deadline<'_> {
    /// All of its working time, in milliseconds.
    fn business_ms(&self) -> Option<u64> {
        match self.length {
            Length::Business(duration) => Some(duration.millis(self.calendar.day_minutes())),
            Length::Until(local) => self.calendar.between(self.start, self.calendar.zone().at(local)?),
        }
    }

    /// The moment at which so many percent of the working time have passed, and `more` beyond it.
    pub fn at(
        &self,
        percent: u64,
        more: Option<BusinessDuration>,
        pauses: &Pauses,
    ) -> Result<Millis, NoMoment> {
        // A day is a promise to the outside: it does not move while the author holds the work.
        if let (Length::Until(local), 100, None) = (self.length, percent, more) {
            return self.calendar.zone().at(local).ok_or(NoMoment::Beyond);
        }
        let all = self.business_ms().ok_or(NoMoment::Beyond)?;
        let more = more.map_or(0, |more| more.millis(self.calendar.day_minutes()));
        let mut left = all * percent / 100 + more;
        let mut from = self.start;
        for (stop, go) in &pauses.0 {
            if go.is_some_and(|go| go <= from) {
                continue;
            }
            let stop = (*stop).max(from);
            let before = self.calendar.between(from, stop).ok_or(NoMoment::Beyond)?;
            if before >= left && left > 0 {
                break;
            }
            left -= before.min(left);
            from = go.ok_or(NoMoment::Paused)?;
        }
        self.calendar.after(from, left).ok_or(NoMoment::Beyond)
    }
}
