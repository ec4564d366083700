//! Time travel: a quarter of forty people and six hundred assets on two sites, in seconds.
//!
//! Nobody here is scripted: people look at what waits for them, some at once, some when they are
//! reminded, some never. What is asserted is what must hold whatever they do; what is printed is for
//! reading.

use std::collections::{BTreeMap, BTreeSet};

use proofroom_ident::{AssetId, Millis, PersonId, VersionHash};
use proofroom_review::{Outcome, ReminderKey, Threshold};
use proofroom_workflow::{WorkflowInput, evaluate};

use crate::world::{DAY, MINUTE};

mod people;
mod studio;

use people::{Office, Told, ZONES};

const DAYS: u64 = 90;
/// Work that was begun in the quarter is still seen to for so long.
const AFTER: u64 = 45;
const TICK: u64 = 30 * MINUTE;
const ASSETS: usize = 600;

/// The line between the sites is down on these days.
const DOWN: [std::ops::Range<u64>; 3] = [18..21, 46..47, 71..75];

fn simulate() -> Office {
    let mut office = Office::new(7);
    let begin = office.studio.now;
    for tick in 0..(DAYS + AFTER) * DAY / TICK {
        let day = tick * TICK / DAY;
        let line_up = !DOWN.iter().any(|down| down.contains(&day));
        office.studio.advance(Millis(begin.0 + tick * TICK), line_up);
        let wanted = usize::try_from(day.min(DAYS) * 600 / DAYS).expect("few");
        office.brief(wanted.min(ASSETS));
        office.happenings(day, (tick * TICK).is_multiple_of(DAY));
        office.remind();
        office.work();
    }
    office
}

/// Sent while the sites could hear each other, or by the same site: nobody may be told twice.
fn told_twice(told: &[Told]) -> Vec<&Told> {
    let mut first: BTreeMap<(AssetId, VersionHash, &ReminderKey), &Told> = BTreeMap::new();
    let again = told.iter().filter(|t| match first.get(&(t.asset, t.version, &t.key)) {
        Some(before) => before.site == t.site || before.line_up || t.line_up,
        None => first.insert((t.asset, t.version, &t.key), t).is_some(),
    });
    again.collect()
}

#[test]
fn a_quarter_of_forty_people_and_six_hundred_assets_makes_sense() {
    let office = simulate();
    let told = &office.told;
    assert_eq!(told_twice(told), Vec::<&Told>::new(), "no reminder twice");
    let mut of_day: BTreeMap<(usize, PersonId, String), u32> = BTreeMap::new();
    for t in told {
        let zone = proofroom_workflow::calendar::zone(ZONES[office.people[&t.to].zone]).expect("a zone");
        let local = zone.local(t.at).expect("within the years");
        let minutes = local.time.minutes();
        assert!((8 * 60..19 * 60).contains(&minutes), "none in quiet hours: {t:?} at {local}");
        let sent = of_day.entry((t.site, t.to, local.day.to_string())).or_default();
        *sent += 1;
        assert!(*sent <= people::DAILY_MAX, "no more than {} a day: {t:?}", people::DAILY_MAX);
    }
    let [one, other] = office.studio.views();
    assert_eq!(one, other, "both sites say the same");
    let site = &office.studio.sites[0];
    let input = WorkflowInput { plan: site.plan.clone(), assets: site.assets.clone() };
    assert_eq!(evaluate(&input, office.studio.now), one, "from scratch as kept");
    let open: Vec<_> = one.assets.iter().filter(|(_, a)| !people::is_final(a.outcome)).collect();
    for (id, asset) in &open {
        assert!(!asset.waits.is_empty(), "{id:?} is {} and waits for nobody", asset.outcome);
    }
    for (id, asset) in &open {
        println!(
            "{id:?} is {} and waits for {:?} ({:?})",
            asset.outcome,
            asset.waits,
            office.lives[id].last()
        );
    }
    assert!(open.len() * 50 < ASSETS, "{} of {ASSETS} are still open after the quarter", open.len());
    let asked: BTreeSet<Threshold> = told.iter().map(|t| t.key.threshold).collect();
    assert_eq!(asked.len(), 4, "every step of the ladder was taken: {asked:?}");
    assert!(
        office.stood_in > 0 && office.unblocked > 0 && office.double > 0,
        "a quarter with everything in it"
    );
    tell(&office, &one.assets.values().map(|a| a.outcome).collect::<Vec<_>>());
}

/// The story, for reading: `cargo nextest run -p proofroom-workflow quarter --no-capture`.
fn tell(office: &Office, outcomes: &[Outcome]) {
    let begin = office.begin.0;
    println!("week   sent  decided  half  at risk  overdue  escalated");
    for week in 0..(DAYS + AFTER) / 7 {
        let of = |at: Millis| (at.0 - begin) / (7 * DAY) == week;
        let told = |step| office.told.iter().filter(|t| of(t.at) && t.key.threshold == step).count();
        let lives = office.lives.values().flatten().filter(|(at, _)| of(*at));
        let with = |word: &str| lives.clone().filter(|(_, text)| text.contains(word)).count();
        println!(
            "{:>4} {:>6} {:>8} {:>5} {:>8} {:>8} {:>10}",
            week + 1,
            with("sends"),
            with("decides"),
            told(Threshold::HalfUnopened),
            told(Threshold::AtRisk),
            told(Threshold::Overdue),
            told(Threshold::Escalated)
        );
    }
    let mut counts: BTreeMap<Outcome, usize> = BTreeMap::new();
    outcomes.iter().for_each(|o| *counts.entry(*o).or_default() += 1);
    let counts: Vec<String> = counts.iter().map(|(o, n)| format!("{n} {o}")).collect();
    println!("in the end: {}", counts.join(", "));
    println!(
        "{} decisions were made for somebody else; {} stages were unblocked by hand; {} reminders were sent on \
         both sites while the line was down, each one fact",
        office.stood_in, office.unblocked, office.double
    );
    let busiest = office.lives.iter().max_by_key(|(_, life)| life.len()).expect("lives");
    println!("the life of {}:", office.names[busiest.0]);
    for (at, text) in busiest.1 {
        println!("  {}  {text}", people::utc_text(*at));
    }
}
