//! Working time on the clock: clock changes both ways, holidays, the date line, leap days.

use proofroom_ident::Millis;
use proofroom_review::{CalendarSpec, Day, Hours, Peace, Week};
use proofroom_workflow::calendar::{Calendar, Quiet, Zone, zone};
use proptest::prelude::*;

use crate::world::{DAY, HOUR, MINUTE, moment};

fn hours(text: &str) -> Hours {
    text.parse().expect("hours")
}

fn spec(zone: &str, week: Week, holidays: &[&str]) -> CalendarSpec {
    let holidays = holidays.iter().map(|day| day.parse().expect("a day")).collect();
    CalendarSpec { name: "day".parse().expect("a name"), zone: zone.into(), week, holidays }
}

/// Monday to Friday, 09:00 to 17:00.
fn office(zone: &str, holidays: &[&str]) -> Calendar {
    Calendar::new(&spec(zone, Week::office(&[hours("09:00-17:00")]), holidays)).expect("a calendar")
}

/// All day, every day.
fn always(zone: &str) -> Calendar {
    let all = vec![hours("00:00-24:00")];
    let week = Week { sat: all.clone(), sun: all.clone(), ..Week::office(&all) };
    Calendar::new(&spec(zone, week, &[])).expect("a calendar")
}

fn check(calendar: &Calendar, zone: &str, vectors: &[(&str, u64, &str)]) {
    for (start, ms, end) in vectors {
        let (start, end) = (moment(zone, start), moment(zone, end));
        assert_eq!(calendar.after(start, *ms), Some(end), "{zone}: {ms} ms from {start:?}");
        assert_eq!(calendar.between(start, end), Some(*ms), "{zone}: {start:?} to {end:?}");
    }
}

#[test]
fn working_time_skips_nights_weekends_and_holidays() {
    let calendar = office("Europe/Zurich", &["2026-05-14", "2026-05-25"]);
    check(
        &calendar,
        "Europe/Zurich",
        &[
            ("2026-03-02T09:00", 4 * HOUR, "2026-03-02T13:00"),
            ("2026-03-02T16:00", 2 * HOUR, "2026-03-03T10:00"),
            ("2026-03-06T16:00", 2 * HOUR, "2026-03-09T10:00"),
            ("2026-05-13T16:00", 2 * HOUR, "2026-05-15T10:00"),
            ("2026-05-22T16:59", 2 * MINUTE, "2026-05-26T09:01"),
        ],
    );
    let saturday = moment("Europe/Zurich", "2026-03-07T12:00");
    let monday = moment("Europe/Zurich", "2026-03-09T10:00");
    assert_eq!(calendar.after(saturday, HOUR), Some(monday), "what starts on a weekend runs from Monday");
    assert_eq!(calendar.between(monday, saturday), Some(0), "backwards there is nothing");
}

#[test]
fn the_end_of_a_day_is_an_end_and_not_the_next_morning() {
    let calendar = office("UTC", &[]);
    check(&calendar, "UTC", &[("2026-03-02T09:00", 8 * HOUR, "2026-03-02T17:00")]);
}

#[test]
fn clock_changes_take_or_give_an_hour_where_people_work_through_them() {
    // Zurich: on 29 March 02:00 becomes 03:00, on 25 October 03:00 becomes 02:00.
    let calendar = always("Europe/Zurich");
    check(
        &calendar,
        "Europe/Zurich",
        &[
            ("2026-03-28T12:00", 24 * HOUR, "2026-03-29T13:00"),
            ("2026-03-29T01:00", HOUR, "2026-03-29T03:00"),
            ("2026-10-24T12:00", 24 * HOUR, "2026-10-25T11:00"),
            ("2026-10-25T02:00", 2 * HOUR, "2026-10-25T03:00"),
        ],
    );
    // Office hours do not notice: nine o'clock stays nine o'clock.
    check(
        &office("Europe/Zurich", &[]),
        "Europe/Zurich",
        &[
            ("2026-03-27T16:00", 2 * HOUR, "2026-03-30T10:00"),
            ("2026-10-23T16:00", 2 * HOUR, "2026-10-26T10:00"),
        ],
    );
    // New York: 8 March and 1 November. Southern half: Sydney, 5 April and 4 October.
    check(
        &always("America/New_York"),
        "America/New_York",
        &[
            ("2026-03-07T12:00", 24 * HOUR, "2026-03-08T13:00"),
            ("2026-10-31T12:00", 24 * HOUR, "2026-11-01T11:00"),
        ],
    );
    check(
        &always("Australia/Sydney"),
        "Australia/Sydney",
        &[
            ("2026-04-04T12:00", 24 * HOUR, "2026-04-05T11:00"),
            ("2026-10-03T12:00", 24 * HOUR, "2026-10-04T13:00"),
        ],
    );
}

#[test]
fn a_time_that_a_clock_change_leaves_out_is_moved_past_it_and_of_two_the_first_is_meant() {
    assert_eq!(moment("Europe/Zurich", "2026-03-29T02:30"), moment("Europe/Zurich", "2026-03-29T03:30"));
    let first = moment("UTC", "2026-10-25T00:30");
    assert_eq!(moment("Europe/Zurich", "2026-10-25T02:30"), first);
    // Hours that lie within the hour that is left out are not there on that day.
    let week = Week { sun: vec![hours("02:00-03:00")], ..Week::default() };
    let calendar = Calendar::new(&spec("Europe/Zurich", week, &[])).expect("a calendar");
    check(&calendar, "Europe/Zurich", &[("2026-03-28T12:00", HOUR, "2026-04-05T03:00")]);
}

#[test]
fn zones_on_both_sides_of_the_date_line_have_their_own_monday() {
    let (east, west) = (office("Pacific/Kiritimati", &[]), office("Pacific/Pago_Pago", &[]));
    let sunday = moment("UTC", "2026-03-01T19:00");
    assert_eq!(
        moment("Pacific/Kiritimati", "2026-03-02T09:00"),
        sunday,
        "nine on Monday, fourteen hours ahead"
    );
    assert_eq!(east.between(sunday, Millis(sunday.0 + 8 * HOUR)), Some(8 * HOUR));
    assert_eq!(west.between(sunday, Millis(sunday.0 + 24 * HOUR)), Some(0), "there it is Sunday still");
    let monday = moment("Pacific/Pago_Pago", "2026-03-02T09:00");
    assert_eq!(monday.0 - sunday.0, 25 * HOUR);
    assert_eq!(west.after(sunday, HOUR), Some(Millis(monday.0 + HOUR)));
}

#[test]
fn a_day_that_a_zone_left_out_has_no_working_hours() {
    // Samoa crossed the date line: Friday 30 December 2011 was not there.
    check(
        &office("Pacific/Apia", &[]),
        "Pacific/Apia",
        &[("2011-12-29T16:00", 2 * HOUR, "2012-01-02T10:00")],
    );
}

#[test]
fn leap_days_and_year_ends_are_days_like_others() {
    check(
        &office("UTC", &[]),
        "UTC",
        &[
            ("2028-02-28T16:00", 2 * HOUR, "2028-02-29T10:00"),
            ("2028-02-29T16:00", 2 * HOUR, "2028-03-01T10:00"),
            ("2026-02-27T16:00", 2 * HOUR, "2026-03-02T10:00"),
            ("2025-12-31T16:00", 2 * HOUR, "2026-01-01T10:00"),
        ],
    );
    check(&office("UTC", &["2028-02-29"]), "UTC", &[("2028-02-28T16:00", 2 * HOUR, "2028-03-01T10:00")]);
    check(
        &office("Pacific/Auckland", &[]),
        "Pacific/Auckland",
        &[("2026-12-31T16:00", 2 * HOUR, "2027-01-01T10:00")],
    );
}

#[test]
fn beyond_its_years_a_calendar_says_nothing() {
    let calendar = office("UTC", &[]);
    assert_eq!(calendar.after(moment("UTC", "1999-06-01T09:00"), HOUR), None);
    assert_eq!(calendar.after(moment("UTC", "2100-12-31T16:00"), 8 * HOUR), None);
    assert_eq!(calendar.after(Millis(u64::MAX), HOUR), None);
}

#[test]
fn quiet_hours_reach_over_midnight_and_a_digest_has_its_time() {
    let peace = |quiet: Option<&str>, digest: Option<&str>| Peace {
        zone: Some("Asia/Tokyo".into()),
        quiet: quiet.map(hours),
        digest: digest.map(|time| time.parse().expect("a time")),
        daily_max: None,
    };
    let at = |time: &str| moment("Asia/Tokyo", time);
    let quiet = Quiet::new(&peace(Some("20:00-08:00"), None), &Zone::utc());
    for (time, wanted) in [
        ("2026-03-02T19:59", "2026-03-02T19:59"),
        ("2026-03-02T20:00", "2026-03-03T08:00"),
        ("2026-03-03T03:00", "2026-03-03T08:00"),
        ("2026-03-03T08:00", "2026-03-03T08:00"),
    ] {
        assert_eq!(quiet.earliest(at(time)), at(wanted), "{time}");
        assert_eq!(quiet.is_quiet(at(time)), time != wanted, "{time}");
    }
    let digest = Quiet::new(&peace(Some("20:00-08:00"), Some("16:00")), &Zone::utc());
    assert_eq!(digest.earliest(at("2026-03-02T16:01")), at("2026-03-03T16:00"));
    let silly = Quiet::new(&peace(Some("20:00-08:00"), Some("06:00")), &Zone::utc());
    assert_eq!(silly.earliest(at("2026-03-02T05:00")), at("2026-03-02T08:00"), "quiet hours win");
}

/// The weekday of a day, from Monday, by Zeller's congruence.
fn weekday(day: Day) -> usize {
    let (m, shift) = if day.month() < 3 { (day.month() + 12, 1) } else { (day.month(), 0) };
    let year = u32::from(day.year()) - shift;
    let (k, j) = (year % 100, year / 100);
    let h = (u32::from(day.day()) + 13 * (u32::from(m) + 1) / 5 + k + k / 4 + j / 4 + 5 * j) % 7;
    usize::try_from((h + 5) % 7).expect("seven")
}

/// Working minutes, counted one by one off the wall clock.
fn counted(spec: &CalendarSpec, zone: &Zone, start: Millis, minutes: u64) -> u64 {
    let works = |n: &u64| {
        let local = zone.local(Millis(start.0 + n * MINUTE)).expect("within the years");
        let day = spec.week.days()[weekday(local.day)];
        let open = day.iter().any(|h| h.from <= local.time && local.time < h.to);
        open && !spec.holidays.contains(&local.day)
    };
    (0..minutes).filter(works).count() as u64
}

const ZONES: [&str; 6] = [
    "Europe/Zurich",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Asia/Kathmandu",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn working_time_is_what_a_wall_clock_counts(
        name in proptest::sample::select(&ZONES[..]),
        (from, long) in (0_u16..20, 1_u16..5),
        weekend: bool,
        // Around both clock changes of 2026 in either half of the world, and anywhere.
        at in prop_oneof![88_u64..94, 62_u64..68, 91_u64..97, 296_u64..302, 303_u64..308, 274_u64..280, 0_u64..365],
        minute in 0_u64..1440,
        minutes in 1_u64..(4 * 1440),
        holiday in 0_u32..365,
    ) {
        let name = name.to_owned();
        let shift = vec![hours(&format!("{from:02}:00-{:02}:00", from + long))];
        let mut week = Week::office(&shift);
        if weekend { (week.sat, week.sun) = (shift.clone(), shift); }
        let new_year = Day::new(2026, 1, 1).expect("a day");
        let spec = CalendarSpec {
            name: "day".parse().expect("a name"),
            zone: name.clone(),
            week,
            holidays: vec![new_year.plus(holiday).expect("a day")],
        };
        let calendar = Calendar::new(&spec).expect("a calendar");
        let start = Millis(moment("UTC", "2026-01-01T00:00").0 + at * DAY + minute * MINUTE);
        let end = Millis(start.0 + minutes * MINUTE);
        let between = calendar.between(start, end).expect("within the years");
        prop_assert_eq!(between, counted(&spec, &zone(&name).expect("a zone"), start, minutes) * MINUTE);
        let after = calendar.after(start, between).expect("within the years");
        prop_assert!(after <= end || between == 0);
        if between > 0 { prop_assert_eq!(calendar.between(start, after), Some(between)); }
    }
}
