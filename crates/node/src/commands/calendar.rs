//! `calendar`: the working time that deadlines are counted in.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use proofroom_review::calendar::{IcsError, holidays_from_ics};
use proofroom_review::fault::Source;
use proofroom_review::{
    BusinessDuration, CalendarName, CalendarSpec, Day, Hours, LibraryItem, LibraryKey, LocalTime, PlanEdit,
    Week,
};
use proofroom_workflow::calendar::{Calendar, zones_version};
use serde_json::{Value, json};

use super::Call;
use super::route::{file_failure, text_of, write_new};
use crate::failure::Failure;
use crate::find;
use crate::peer::{Peer, Seat};
use crate::report::{Cell, Report, Tone};

const DAY_NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
/// How many holidays `show` lists.
const HOLIDAYS_SHOWN: usize = 12;

const FILE: &str = "\
A calendar file:
  name = \"zurich\"
  zone = \"Europe/Zurich\"              # an IANA time zone
  holidays = [\"2026-08-01\"]

  [week]                              # a day that is missing is a day off
  mon = [\"09:00-12:30\", \"13:30-18:00\"]
  tue = [\"09:00-12:30\", \"13:30-18:00\"]
  wed = [\"09:00-12:30\", \"13:30-18:00\"]
  thu = [\"09:00-12:30\", \"13:30-18:00\"]
  fri = [\"09:00-12:30\", \"13:30-16:00\"]

Holidays are also taken from iCalendar files (.ics) as they are published: all-day events, also those that come
back each year. What cannot be understood is refused with its line, so that no day off is lost.";

/// `proofroom calendar`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the calendars
    #[command(after_help = "\
The first one by name holds where a route names none; without any, it is Monday to Friday, 09:00 to 17:00 UTC.

JSON: {\"calendars\": [{\"calendar\", \"zone\", \"week\", \"holidays\", \"usual\", \"routes\": [name], \"problem\"}], \"zones\"}
usual is true for the one that holds where a route names none; zones is the version of the time zone data")]
    List,
    /// Show a calendar's hours and next days off
    #[command(after_help = "JSON: as one of `proofroom calendar list`, and \"holidays\" as a list of days")]
    Show {
        /// The calendar's name
        calendar: CalendarName,
    },
    /// Say when something is due that begins at a time
    #[command(after_help = "\
Examples:
  proofroom calendar due zurich 2d
  proofroom calendar due zurich \"1d 4h\" --from 2026-03-27T16:00

JSON: {\"calendar\", \"from\", \"after\", \"due\", \"due_local\"}")]
    Due {
        /// The calendar's name
        calendar: CalendarName,
        /// So much working time: 2d, 4h, \"1d 4h\"
        after: BusinessDuration,
        /// From when, in the calendar's zone [default: now]
        #[arg(long, value_name = "TIME")]
        from: Option<LocalTime>,
    },
    /// Check a calendar file without using it
    #[command(after_help = FILE)]
    Check(Files),
    /// Put a calendar into the workspace, in the place of one of the same name
    #[command(after_help = FILE)]
    Import(Files),
    /// Write a calendar to a file, to change it
    #[command(after_help = "JSON: {\"calendar\", \"file\"}")]
    Export {
        /// The calendar's name
        calendar: CalendarName,
        /// The file to write
        file: PathBuf,
    },
    /// Take a calendar out again
    #[command(after_help = "Deadlines of routes that name it can then not be computed, which `status` shows.
JSON: {\"calendar\", \"entry\"}")]
    Remove {
        /// The calendar's name
        calendar: CalendarName,
    },
}

/// A calendar file, and holidays beside it.
#[derive(Debug, Args)]
pub struct Files {
    /// The calendar file
    file: PathBuf,
    /// An iCalendar file (.ics) of days off; may be given several times
    #[arg(long, value_name = "FILE")]
    holidays: Vec<PathBuf>,
}

/// Runs a subcommand.
///
/// # Errors
/// When a file cannot be read, does not hold, or the role may not.
pub fn run(command: Command, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let mut seat = peer.seat(workspace)?;
    match command {
        Command::List => list(&mut seat),
        Command::Show { calendar } => {
            let today = crate::when::day(seat.step.now);
            let (spec, usual) = found(&mut seat, &calendar)?;
            Ok(shown(&spec, usual, today))
        }
        Command::Due { calendar, after, from } => due(&mut seat, &calendar, after, from),
        Command::Check(files) => {
            let spec = read(&files, call)?;
            Ok(shown(&spec, false, None).line("The calendar holds"))
        }
        Command::Import(files) => import(&mut seat, read(&files, call)?),
        Command::Export { calendar, file } => {
            let (spec, _) = found(&mut seat, &calendar)?;
            let path = call.path(&file);
            write_new(&path, &spec.to_toml().map_err(Failure::store)?)?;
            let json = json!({"calendar": calendar, "file": path});
            Ok(Report::new(json).line(format!("Wrote {}", path.display())))
        }
        Command::Remove { calendar } => remove(&mut seat, calendar),
    }
}

/// The workspace's calendars, by name.
fn all(seat: &mut Seat<'_>) -> Result<Vec<CalendarSpec>, Failure> {
    let mut all = seat.replica.plan(seat.step.store)?.library.calendars.clone();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(all)
}

fn found(seat: &mut Seat<'_>, name: &CalendarName) -> Result<(CalendarSpec, bool), Failure> {
    let all = all(seat)?;
    let names: Vec<String> = all.iter().map(|c| c.name.to_string()).collect();
    let usual = all.first().is_some_and(|first| first.name == *name);
    let hint = match names.as_slice() {
        [] => "there are none yet: proofroom calendar import FILE".to_owned(),
        names => format!("there are {}", names.join(", ")),
    };
    let spec = all.into_iter().find(|c| c.name == *name);
    spec.map(|spec| (spec, usual))
        .ok_or_else(|| Failure::user(format!("there is no calendar `{name}`")).hint(hint))
}

/// Reads a calendar and its holidays; every mistake with file and line.
fn read(files: &Files, call: &Call) -> Result<CalendarSpec, Failure> {
    let path = call.path(&files.file);
    let text = text_of(&path)?;
    let mut spec = CalendarSpec::from_toml(&text).map_err(|e| {
        file_failure(&path, &e).hint("`proofroom calendar import --help` shows a calendar file")
    })?;
    let mut holidays: BTreeSet<Day> = spec.holidays.iter().copied().collect();
    for file in &files.holidays {
        holidays.extend(days_off(&call.path(file))?);
    }
    spec.holidays = holidays.into_iter().collect();
    let Err(problem) = Calendar::new(&spec) else { return Ok(spec) };
    let (field, what) = problem.split_once(": ").unwrap_or(("", &problem));
    let located = Source::new(&text).map(|source| source.fault(field, what, "").line).unwrap_or(1);
    let failure = Failure::user(format!("{}:{located}: {problem}", path.display()));
    Err(failure.hint("zones are called as `Europe/Zurich`, `America/New_York` or `Asia/Tokyo`"))
}

fn days_off(path: &Path) -> Result<BTreeSet<Day>, Failure> {
    holidays_from_ics(&text_of(path)?).map_err(|e| match e {
        IcsError::Line { line, text } => Failure::user(format!("{}:{line}: {text}", path.display())),
        e @ IcsError::TooLarge(_) => Failure::user(format!("{}: {e}", path.display())),
    })
}

fn hours_text(hours: &[Hours]) -> String {
    let hours: Vec<String> = hours.iter().map(Hours::to_string).collect();
    if hours.is_empty() { "off".into() } else { hours.join(", ") }
}

/// The week in one line: days in a row with the same hours are one part.
fn week_text(week: &Week) -> String {
    let mut parts: Vec<(usize, usize, String)> = Vec::new();
    for (day, hours) in week.days().iter().enumerate().filter(|(_, hours)| !hours.is_empty()) {
        let text = hours_text(hours);
        match parts.last_mut() {
            Some((_, to, held)) if *to + 1 == day && *held == text => *to = day,
            _ => parts.push((day, day, text)),
        }
    }
    let part = |(from, to, text): (usize, usize, String)| match from == to {
        true => format!("{} {text}", DAY_NAMES[from]),
        false => format!("{}-{} {text}", DAY_NAMES[from], DAY_NAMES[to]),
    };
    parts.into_iter().map(part).collect::<Vec<_>>().join("; ")
}

fn described(spec: &CalendarSpec, usual: bool, routes: &[String]) -> Value {
    json!({
        "calendar": spec.name,
        "zone": spec.zone,
        "week": spec.week,
        "holidays": spec.holidays.len(),
        "usual": usual,
        "routes": routes,
        "problem": Calendar::new(spec).err(),
    })
}

fn list(seat: &mut Seat<'_>) -> Result<Report, Failure> {
    let calendars = all(seat)?;
    let templates = seat.replica.templates(seat.step.store)?;
    let routes_of = |name: &CalendarName| -> Vec<String> {
        let named = templates.iter().filter(|held| held.template.calendar.as_ref() == Some(name));
        named.map(|held| held.template.name.to_string()).collect()
    };
    let (mut rows, mut listed) = (Vec::new(), Vec::new());
    for (i, spec) in calendars.iter().enumerate() {
        let routes = routes_of(&spec.name);
        listed.push(described(spec, i == 0, &routes));
        let used = if i == 0 { "where a route names none".to_owned() } else { routes.join(", ") };
        rows.push(vec![
            Cell::new(&spec.name, Tone::Strong),
            Cell::from(&spec.zone),
            Cell::from(week_text(&spec.week)),
            Cell::from(format!("{} days off", spec.holidays.len())),
            Cell::new(used, Tone::Faint),
        ]);
    }
    let empty = "No calendars: Monday to Friday, 09:00 to 17:00 UTC holds. `proofroom calendar import --help` shows a file";
    let report = Report::new(json!({"calendars": listed, "zones": zones_version()}));
    let report = report.table(&["CALENDAR", "ZONE", "HOURS", "HOLIDAYS", "USED"], rows, empty);
    let problems = calendars.iter().filter_map(|spec| Some((spec, Calendar::new(spec).err()?)));
    Ok(problems.fold(report, |report, (spec, problem)| {
        report.warn(format!("calendar {} cannot be used: {problem}", spec.name))
    }))
}

fn shown(spec: &CalendarSpec, usual: bool, today: Option<Day>) -> Report {
    let mut json = described(spec, usual, &[]);
    json["holidays"] = json!(spec.holidays);
    let days = DAY_NAMES.into_iter().zip(spec.week.days());
    let mut fields = vec![("zone", Cell::from(&spec.zone))];
    fields.extend(days.map(|(name, hours)| (name, Cell::from(hours_text(hours)))));
    let minutes = spec.week.day_minutes();
    fields.push(("1d means", Cell::from(format!("{}:{:02} hours of work", minutes / 60, minutes % 60))));
    let mut coming: Vec<Day> =
        spec.holidays.iter().copied().filter(|day| today.is_none_or(|t| *day >= t)).collect();
    coming.sort_unstable();
    let more = coming.len().saturating_sub(HOLIDAYS_SHOWN);
    let mut names: Vec<String> = coming.iter().take(HOLIDAYS_SHOWN).map(Day::to_string).collect();
    if more > 0 {
        names.push(format!("and {more} more"));
    }
    let off = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    fields.push(("days off", Cell::from(off)));
    Report::new(json).toned(&spec.name, Tone::Strong).fields(fields)
}

fn due(
    seat: &mut Seat<'_>,
    name: &CalendarName,
    after: BusinessDuration,
    from: Option<LocalTime>,
) -> Result<Report, Failure> {
    let (spec, _) = found(seat, name)?;
    let calendar = Calendar::new(&spec).map_err(|e| Failure::user(format!("calendar {name}: {e}")))?;
    let beyond = || Failure::user("that lies beyond the calendar, which reaches from 2000 to 2100");
    let start = match from {
        Some(local) => calendar.zone().at(local).ok_or_else(beyond)?,
        None => seat.step.now,
    };
    let due = calendar.after(start, after.millis(calendar.day_minutes())).ok_or_else(beyond)?;
    let local = calendar.zone().local(due).ok_or_else(beyond)?;
    let json = json!({"calendar": name, "from": start, "after": after, "due": due, "due_local": local});
    let text = local.to_string().replace('T', " ");
    Ok(Report::new(json).line(format!("{text} in {}", spec.zone)))
}

fn import(seat: &mut Seat<'_>, spec: CalendarSpec) -> Result<Report, Failure> {
    let name = spec.name.clone();
    let report = shown(&spec, false, None);
    let mut json = report.to_json();
    let receipt = seat.edit_plan(PlanEdit::Shelve { item: Box::new(LibraryItem::Calendar(spec)) })?;
    json["entry"] = json!(receipt.entry);
    Ok(report.with_json(json).line(format!("Deadlines may be counted in {name} from now on")))
}

fn remove(seat: &mut Seat<'_>, name: CalendarName) -> Result<Report, Failure> {
    found(seat, &name)?;
    let templates = seat.replica.templates(seat.step.store)?;
    let named = templates.iter().filter(|held| held.template.calendar.as_ref() == Some(&name));
    let routes: Vec<String> = named.map(|held| held.template.name.to_string()).collect();
    let receipt = seat.edit_plan(PlanEdit::Unshelve { key: LibraryKey::Calendar(name.clone()) })?;
    let json = json!({"calendar": name, "entry": receipt.entry});
    let report = Report::new(json).line(format!("{name} is no calendar of the workspace any more"));
    Ok(match routes.is_empty() {
        true => report,
        false => {
            report.warn(format!("these routes name it and have no deadlines now: {}", routes.join(", ")))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::week_text;
    use proofroom_review::Week;

    #[test]
    fn days_with_the_same_hours_are_one_part() {
        let hours = vec!["09:00-17:00".parse().expect("hours")];
        let week = Week { fri: vec!["09:00-12:00".parse().expect("hours")], ..Week::office(&hours) };
        assert_eq!(week_text(&week), "Mon-Thu 09:00-17:00; Fri 09:00-12:00");
        assert_eq!(
            week_text(&Week { wed: vec![], ..week }),
            "Mon-Tue 09:00-17:00; Thu 09:00-17:00; Fri 09:00-12:00"
        );
    }
}
