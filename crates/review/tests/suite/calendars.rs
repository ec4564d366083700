use proofroom_review::calendar::holidays_from_ics;
use proofroom_review::{CalendarSpec, Day, Hours, LocalTime, TimeOfDay};
use proptest::prelude::*;

fn ics(event: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\n{}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        event.replace('\n', "\r\n")
    )
}

fn days(event: &str) -> Vec<String> {
    let days = holidays_from_ics(&ics(event)).unwrap_or_else(|e| panic!("{event}: {e}"));
    days.into_iter().map(|day| day.to_string()).collect()
}

#[test]
fn all_day_events_are_days_off() {
    assert_eq!(days("DTSTART;VALUE=DATE:20260801\nSUMMARY:Bundesfeier: frei"), ["2026-08-01"]);
    assert_eq!(
        days("DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261227"),
        ["2026-12-24", "2026-12-25", "2026-12-26"]
    );
    assert_eq!(days("DTSTART;VALUE=DATE:20261231\nDURATION:P2D"), ["2026-12-31", "2027-01-01"]);
    assert_eq!(
        days("DTSTART;VALUE=DATE:20260801\nSUMMARY:folded\n  over two lines\nX-ODD;A=\"b:c\":d"),
        ["2026-08-01"]
    );
    assert!(
        days("DTSTART;TZID=Europe/Zurich:20260801T100000\nDTEND:20260801T110000").is_empty(),
        "an appointment"
    );
    assert!(days("DTSTART;VALUE=DATE:20260801\nSTATUS:CANCELLED").is_empty());
}

#[test]
fn yearly_events_repeat_on_their_date() {
    let three = days("DTSTART;VALUE=DATE:20260801\nRRULE:FREQ=YEARLY;COUNT=3;BYMONTH=8;BYMONTHDAY=1");
    assert_eq!(three, ["2026-08-01", "2027-08-01", "2028-08-01"]);
    let until = days(
        "DTSTART;VALUE=DATE:20260801\nRRULE:FREQ=YEARLY;INTERVAL=2;UNTIL=20300801\nEXDATE;VALUE=DATE:20280801",
    );
    assert_eq!(until, ["2026-08-01", "2030-08-01"]);
    let leap = days("DTSTART;VALUE=DATE:20240229\nRRULE:FREQ=YEARLY");
    assert_eq!(leap[..2], ["2024-02-29", "2028-02-29"]);
    assert!(leap.iter().all(|day| !day.starts_with("2100")), "2100 is no leap year");
}

#[test]
fn what_would_lose_a_day_off_is_refused_with_its_line() {
    for (event, line, says) in [
        ("SUMMARY:never", 3, "no DTSTART"),
        ("DTSTART;VALUE=DATE:20260230", 4, "`20260230` is no date"),
        ("DTSTART;VALUE=DATE:20260801\nRRULE:FREQ=MONTHLY", 5, "only yearly"),
        ("DTSTART;VALUE=DATE:20260801\nRRULE:FREQ=YEARLY;BYDAY=1MO", 5, "only yearly"),
        ("DTSTART;VALUE=DATE:20260801\nRRULE:FREQ=YEARLY;BYMONTH=9", 5, "another date"),
        ("DTSTART;VALUE=DATE:20260801\nRDATE:20270801", 5, "RDATE"),
        ("DTSTART;VALUE=DATE:20260801\nDTEND;VALUE=DATE:20260801", 3, "ends before it begins"),
        ("nonsense", 4, "no iCalendar line"),
    ] {
        let error = holidays_from_ics(&ics(event)).expect_err(event).to_string();
        assert!(error.starts_with(&format!("line {line}: ")) && error.contains(says), "{event}: {error}");
    }
    assert!(holidays_from_ics("").is_err());
    assert!(holidays_from_ics("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260801\n").is_err(), "cut short");
}

#[test]
fn a_calendar_file_is_read_and_its_mistakes_have_lines() {
    let good = "name = \"zurich\"\nzone = \"Europe/Zurich\"\nholidays = [\"2026-08-01\"]\n[week]\nmon = [\"09:00-12:30\", \"13:30-18:00\"]\nsat = [\"10:00-12:00\"]\n";
    let spec = CalendarSpec::from_toml(good).expect("a good calendar");
    assert_eq!(spec.week.day_minutes(), (210 + 270 + 120) / 2);
    assert_eq!(CalendarSpec::from_toml(&spec.to_toml().expect("writes")), Ok(spec));
    for (from, to, line, says) in [
        ("13:30-18:00", "12:00-18:00", 5, "overlap"),
        ("10:00-12:00", "12:00-10:00", 6, "ends before it begins"),
        ("10:00-12:00", "10:00-25:00", 6, "is not a time of day"),
        ("2026-08-01", "2026-08-32", 3, "is not a date"),
        ("\"Europe/Zurich\"", "\"\"", 2, "IANA time zone"),
    ] {
        let error = CalendarSpec::from_toml(&good.replace(from, to)).expect_err(says);
        assert_eq!(error.problems[0].0, line, "{error}");
        assert!(error.to_string().contains(says), "{error}");
    }
    let idle =
        CalendarSpec::from_toml("name = \"idle\"\nzone = \"UTC\"\n[week]\n").expect_err("no working day");
    assert!(idle.to_string().starts_with("line 3: week: no day has working hours"), "{idle}");
}

#[test]
fn times_are_written_as_they_are_read() {
    for text in ["00:00", "09:30", "24:00"] {
        assert_eq!(text.parse::<TimeOfDay>().expect(text).to_string(), text);
    }
    for text in ["9:30", "24:01", "12:60", "12.30", "é2:00", ""] {
        assert!(text.parse::<TimeOfDay>().is_err(), "{text}");
    }
    assert_eq!("20:00-08:00".parse::<Hours>().expect("over midnight").to_string(), "20:00-08:00");
    assert!("08:00-08:00".parse::<Hours>().is_err());
    assert_eq!("2026-03-01T09:00".parse::<LocalTime>().expect("a time").to_string(), "2026-03-01T09:00");
    assert!("2026-03-01T24:00".parse::<LocalTime>().is_err());
}

proptest! {
    #[test]
    fn days_are_counted_on_as_far_as_they_go(year in 1_u16..8_900, month in 1_u8..=12, day in 1_u8..=31, n in 0_u32..400_000) {
        prop_assume!(Day::new(year, month, day).is_some());
        let day = Day::new(year, month, day).expect("assumed");
        let later = day.plus(n).expect("before the year 9999");
        prop_assert_eq!(day.days_until(later), Some(n));
        prop_assert_eq!(later.days_until(day), (n == 0).then_some(0));
        prop_assert_eq!(day.plus(1).map(|next| next > day), Some(true));
    }

    #[test]
    fn no_text_upsets_the_holiday_reader(text in "(BEGIN:VCALENDAR\n)?((BEGIN|END|DTSTART|DTEND|RRULE|EXDATE)(;X=\")?:[A-Z0-9=;é]{0,12}\r?\n ?){0,12}") {
        let _ = holidays_from_ics(&text);
    }
}
