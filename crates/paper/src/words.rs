//! Words for people: times, hashes, outcomes.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use proofroom_ident::Millis;
use proofroom_workflow::view::Interval;

/// A moment in UTC, to the second.
pub(crate) fn time(at: Millis) -> String {
    local(at, 0)
}

/// A moment as the clock of somebody at this offset showed it.
pub(crate) fn local(at: Millis, offset_min: i16) -> String {
    let moment = i64::try_from(at.0).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let offset = Offset::from_seconds(i32::from(offset_min) * 60).ok();
    let zoned = moment.zip(offset).map(|(m, offset)| m.to_zoned(TimeZone::fixed(offset)));
    let zone = match offset_min {
        0 => "UTC".to_owned(),
        min => {
            let sign = if min < 0 { '-' } else { '+' };
            format!("UTC{sign}{:02}:{:02}", min.unsigned_abs() / 60, min.unsigned_abs() % 60)
        }
    };
    zoned.map_or_else(|| format!("{} ms", at.0), |z| format!("{} {zone}", z.strftime("%Y-%m-%d %H:%M:%S")))
}

/// When something can have been.
pub(crate) fn interval(within: Interval) -> String {
    match (within.not_before, within.not_after) {
        (Some(from), Some(to)) => format!("between {} and {}", time(from), time(to)),
        (Some(from), None) => format!("after {}", time(from)),
        (None, Some(to)) => format!("by {}", time(to)),
        (None, None) => "not witnessed by others".into(),
    }
}

/// `approved_with_changes` as words.
pub(crate) fn spaced(word: &str) -> String {
    word.replace('_', " ")
}

/// The same with a capital.
pub(crate) fn headline(word: &str) -> String {
    let spaced = spaced(word);
    let mut chars = spaced.chars();
    let first = chars.next().map(char::to_uppercase).into_iter().flatten();
    first.chain(chars).collect()
}

/// How large a file is.
pub(crate) fn size(bytes: u64) -> String {
    let mut digits = String::new();
    for (i, c) in bytes.to_string().chars().rev().enumerate() {
        if i > 0 && i % 3 == 0 {
            digits.push('\u{a0}');
        }
        digits.push(c);
    }
    format!("{} bytes", digits.chars().rev().collect::<String>())
}
