//! Those who work in the studio, and what they do when something waits for them.

use std::collections::BTreeMap;

use proofroom_ident::{AssetId, Millis, PersonId, VersionHash};
use proofroom_review::route::{Cast, Route, RouteTemplate};
use proofroom_review::{
    Act, CalendarSpec, Decision, Hours, Outcome, Peace, ReminderKey, StageName, Submission, Week,
};
use proofroom_workflow::Block;
use proofroom_workflow::calendar::zone;
use proofroom_workflow::view::{Wait, WaitFor};
use proofroom_workflow::{AssetState, Phase, PlanFacts, Progress};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};

use super::studio::Studio;
use crate::world::{DAY, HOUR, moment};

pub const ZONES: [&str; 3] = ["Europe/Zurich", "America/New_York", "Asia/Tokyo"];
pub const DAILY_MAX: u32 = 6;
const NAMES: [&str; 40] = [
    "Ada", "Bo", "Cy", "Di", "Eva", "Finn", "Gil", "Hana", "Ida", "Jon", "Kim", "Lea", "Mio", "Nia", "Olaf",
    "Pia", "Quin", "Rui", "Sol", "Tara", "Udo", "Vera", "Wim", "Xena", "Yan", "Zoe", "Aki", "Bea", "Carl",
    "Dora", "Emil", "Fay", "Gus", "Hui", "Ines", "Jin", "Kaja", "Lars", "Mara", "Nils",
];
/// Ada and Bo produce and moderate, with four others who produce.
const PRODUCERS: std::ops::Range<usize> = 0..6;
const BRAND: std::ops::Range<usize> = 6..12;
const LEGAL: std::ops::Range<usize> = 12..18;
const CLIENTS: std::ops::Range<usize> = 18..28;
const ART: std::ops::Range<usize> = 28..40;
/// Kim, of brand, leaves on this day.
const LEAVES: (usize, u64) = (10, 40);

pub struct Person {
    index: usize,
    pub zone: usize,
    /// How often of a hundred half hours at work they take up what waits for them.
    keen: u64,
    /// The days on which they are away.
    away: std::ops::Range<u64>,
    delegates: bool,
}

/// A reminder that reached somebody.
#[derive(Debug, PartialEq)]
pub struct Told {
    pub at: Millis,
    pub to: PersonId,
    pub asset: AssetId,
    pub version: VersionHash,
    pub key: ReminderKey,
    pub site: usize,
    pub line_up: bool,
}

pub struct Office {
    pub studio: Studio,
    pub begin: Millis,
    pub people: BTreeMap<PersonId, Person>,
    pub told: Vec<Told>,
    pub lives: BTreeMap<AssetId, Vec<(Millis, String)>>,
    pub names: BTreeMap<AssetId, String>,
    pub stood_in: usize,
    pub unblocked: usize,
    pub double: usize,
    routes: BTreeMap<AssetId, (PersonId, Route)>,
    cast: Cast,
    rng: ChaCha8Rng,
}

pub const fn is_final(outcome: Outcome) -> bool {
    !matches!(outcome, Outcome::Pending | Outcome::InProgress | Outcome::ChangesRequired | Outcome::Rejected)
}

pub fn utc_text(at: Millis) -> String {
    proofroom_workflow::calendar::Zone::utc().local(at).map_or_else(String::new, |local| local.to_string())
}

fn person(index: usize) -> PersonId {
    PersonId::from_bytes([u8::try_from(index + 1).expect("forty"); 32])
}

fn office_hours(name: &str, zone: &str, holidays: &[&str]) -> CalendarSpec {
    let hours: [Hours; 2] = ["09:00-12:30", "13:30-18:00"].map(|h| h.parse().expect("hours"));
    let holidays = holidays.iter().map(|day| day.parse().expect("a day")).collect();
    CalendarSpec {
        name: name.parse().expect("a name"),
        zone: zone.into(),
        week: Week::office(&hours),
        holidays,
    }
}

fn plan() -> PlanFacts {
    let holidays = ["2026-04-03", "2026-04-06", "2026-05-01", "2026-05-14", "2026-05-25"];
    let mut plan = PlanFacts {
        calendars: vec![
            office_hours("zurich", ZONES[0], &holidays),
            office_hours("new-york", ZONES[1], &["2026-05-25"]),
            office_hours("tokyo", ZONES[2], &["2026-04-29", "2026-05-04", "2026-05-05", "2026-05-06"]),
        ],
        ..PlanFacts::default()
    };
    for i in 0..NAMES.len() {
        plan.people.entry(person(i)).or_default().peace = Peace {
            zone: Some(ZONES[i % 3].into()),
            quiet: Some("19:00-08:00".parse().expect("hours")),
            digest: (i % 4 == 0).then(|| "09:00".parse().expect("a time")),
            daily_max: Some(DAILY_MAX),
        };
    }
    plan
}

impl Office {
    pub fn new(seed: u64) -> Self {
        let begin = moment("UTC", "2026-03-02T00:00");
        let plan = plan();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut people = BTreeMap::new();
        for index in 0..NAMES.len() {
            let first = rng.next_u64() % 80;
            let keen = [40, 25, 10, 4][usize::try_from(rng.next_u64() % 4).expect("four")];
            let away = first..first + 7;
            people.insert(
                person(index),
                Person { index, zone: index % 3, keen, away, delegates: index % 2 == 0 },
            );
        }
        let members = (0..NAMES.len()).map(|i| (person(i), NAMES[i].to_owned())).collect();
        let calendars = plan.calendars.iter().map(|c| c.name.clone()).collect();
        Self {
            studio: Studio::new(&plan, begin),
            begin,
            people,
            told: Vec::new(),
            lives: BTreeMap::new(),
            names: BTreeMap::new(),
            stood_in: 0,
            unblocked: 0,
            double: 0,
            routes: BTreeMap::new(),
            cast: Cast { members, calendars, ..Cast::default() },
            rng,
        }
    }

    fn chance(&mut self, of_a_hundred: u64) -> bool {
        self.rng.next_u64() % 100 < of_a_hundred
    }

    fn one_of(&mut self, range: std::ops::Range<usize>) -> usize {
        let n = u64::try_from(range.len()).expect("few");
        range.start + usize::try_from(self.rng.next_u64() % n).expect("few")
    }

    fn note(&mut self, asset: AssetId, text: String) {
        self.lives.entry(asset).or_default().push((self.studio.now, text));
    }

    /// The Tokyo and Zurich people share a site; New York has its own.
    fn site_of(&self, person: PersonId) -> usize {
        usize::from(self.people[&person].zone == 1)
    }

    fn day(&self) -> u64 {
        (self.studio.now.0 - self.begin.0) / DAY
    }

    /// Briefs assets until there are so many.
    pub fn brief(&mut self, wanted: usize) {
        while self.names.len() < wanted {
            let n = self.names.len();
            let mut id = [0; 16];
            id[..8].copy_from_slice(&u64::try_from(n).expect("few").to_be_bytes());
            let asset = AssetId::from_bytes(id);
            let author = person(self.one_of(PRODUCERS));
            let text = self.route_text();
            let route = RouteTemplate::from_toml(&text).unwrap_or_else(|e| panic!("{text}\n{e}"));
            let route = route.bind(&self.cast).unwrap_or_else(|e| panic!("{text}\n{e}"));
            self.names.insert(asset, format!("asset {} on the route {}", n + 1, route.name));
            self.routes.insert(asset, (author, route));
            self.send(asset, author, vec![]);
        }
    }

    fn route_text(&mut self) -> String {
        let name = |i: usize| NAMES[i];
        let two =
            |a: usize, range: &std::ops::Range<usize>| range.start + (a - range.start + 1) % range.len();
        let (brand, legal) = (self.one_of(BRAND), self.one_of(LEGAL));
        let (client, art) = (self.one_of(CLIENTS), self.one_of(ART));
        let calendar = ["zurich", "new-york", "tokyo"][self.one_of(0..3)];
        let (client2, legal2, art2) = (two(client, &CLIENTS), two(legal, &LEGAL), two(art, &ART));
        match self.rng.next_u64() % 4 {
            0 => format!(
                "name = \"quick\"\ncalendar = \"{calendar}\"\n[[stages]]\nname = \"look\"\ndue = \"1d\"\n\
                 escalate_after = \"4h\"\n[[stages.reviewers]]\npeople = [\"{}\"]\nas = \"approver\"\nbackup = \"{}\"\n",
                name(client),
                name(client2)
            ),
            1 => format!(
                "name = \"side-by-side\"\ncalendar = \"{calendar}\"\n\
                 [[stages]]\nname = \"brand\"\ndue = \"2d\"\n[[stages.reviewers]]\npeople = [\"{}\"]\nbackup = \"{}\"\n\
                 [[stages]]\nname = \"legal\"\ndue = \"2d\"\nclose = \"any_one\"\n[[stages.reviewers]]\npeople = [\"{}\", \"{}\"]\nas = \"reviewer\"\n\
                 [[stages]]\nname = \"approval\"\nstart = {{ after = [\"brand\", \"legal\"] }}\ndue = \"1d\"\n\
                 [[stages.reviewers]]\npeople = [\"{}\"]\nas = \"approver\"\nbackup = \"{}\"\n",
                name(brand),
                name(two(brand, &BRAND)),
                name(legal),
                name(legal2),
                name(client),
                name(client2)
            ),
            2 => format!(
                "name = \"film\"\ncalendar = \"{calendar}\"\n\
                 [[stages]]\nname = \"feedback\"\ndue = \"1d\"\nclose = \"deadline\"\n[[stages.reviewers]]\npeople = [\"{}\", \"{}\"]\nas = \"reviewer\"\n\
                 [[stages]]\nname = \"client\"\nstart = {{ after = [\"feedback\"], outcome = [\"approved\", \"approved_with_changes\", \"not_applicable\", \"expired\"] }}\n\
                 due = \"2d\"\nclose = \"key_approver\"\nescalate_after = \"1d\"\n\
                 [[stages.reviewers]]\npeople = [\"{}\"]\nas = \"key_approver\"\nbackup = \"{}\"\n",
                name(art),
                name(art2),
                name(client),
                name(client2)
            ),
            _ => format!(
                "name = \"regulated\"\nregulated = true\ncalendar = \"{calendar}\"\n\
                 [[stages]]\nname = \"medical\"\ndue = \"3d\"\n[[stages.reviewers]]\npeople = [\"{}\"]\nbackup = \"{}\"\n\
                 [[stages]]\nname = \"legal\"\nstart = {{ after = [\"medical\"] }}\ndue = \"2d\"\non_new_version = \"always\"\n\
                 [[stages.reviewers]]\npeople = [\"{}\"]\nbackup = \"{}\"\n",
                name(art),
                name(art2),
                name(legal),
                name(legal2)
            ),
        }
    }

    fn send(&mut self, asset: AssetId, author: PersonId, parents: Vec<VersionHash>) {
        let site = self.site_of(author);
        let version = self.studio.version(site, asset, author, parents);
        let route = Some(self.routes[&asset].1.clone());
        let submission = Submission { round: 1, route, chosen: None };
        self.studio.act(site, asset, author, false, version, Act::Submit(Box::new(submission)));
        let facts = &self.studio.sites[site].assets[&asset];
        self.note(
            asset,
            format!("{} sends version {}", NAMES[self.people[&author].index], facts.versions.len()),
        );
    }

    /// What happens whatever waits: people go away, and hand their work over or not; one leaves for good.
    pub fn happenings(&mut self, day: u64, morning: bool) {
        if !morning {
            return;
        }
        let going: Vec<(PersonId, usize)> = self
            .people
            .iter()
            .filter(|(_, p)| p.away.start == day && p.delegates)
            .map(|(id, p)| (*id, p.index))
            .collect();
        for (id, index) in going {
            let group = [PRODUCERS, BRAND, LEGAL, CLIENTS, ART]
                .into_iter()
                .find(|g| g.contains(&index))
                .expect("one");
            let to = group.start + (index - group.start + 2) % group.len();
            self.studio.delegate(self.site_of(id), id, person(to), 7 * DAY);
        }
        if day == LEAVES.1 {
            self.studio.leave(0, person(LEAVES.0));
        }
    }

    /// Each site sends what is due and writes it down.
    pub fn remind(&mut self) {
        for site in 0..2 {
            // Bo's machine in New York is on by day only; the one in Zurich always.
            let driver = person(site);
            if site == 1 && !self.at_work(person(1)) {
                continue;
            }
            for due in self.studio.sites[site].evaluation.reminders() {
                let (asset, r) = (due.asset, due.reminder);
                let (to, about) = (NAMES[self.people[&r.to].index], NAMES[self.people[&r.key.person].index]);
                let for_whom = if to == about { String::new() } else { format!(" for {about}") };
                self.note(
                    asset,
                    format!("    {to} is told{for_whom}: {} of {}", r.key.threshold, r.key.stage),
                );
                let told = Told {
                    at: self.studio.now,
                    to: r.to,
                    asset,
                    version: r.version,
                    key: r.key.clone(),
                    site,
                    line_up: self.studio.line_up,
                };
                let same = |t: &&Told| (t.asset, t.version, &t.key) == (asset, r.version, &r.key);
                self.double += self.told.iter().filter(same).count();
                self.told.push(told);
                self.studio.act(site, asset, driver, false, r.version, Act::Remind(r.key));
            }
        }
    }

    fn at_work(&self, id: PersonId) -> bool {
        let p = &self.people[&id];
        let local =
            zone(ZONES[p.zone]).and_then(|zone| zone.local(self.studio.now)).expect("within the years");
        let weekend = (self.studio.now.0 / DAY + 3) % 7 >= 5;
        let left = (p.index, true) == (LEAVES.0, self.day() >= LEAVES.1);
        let hours = (9 * 60..18 * 60).contains(&local.time.minutes());
        hours && !weekend && !left && !p.away.contains(&self.day())
    }

    /// Whoever is at work may take up one thing that waits for them.
    pub fn work(&mut self) {
        let at_work: Vec<PersonId> = self.people.keys().copied().filter(|p| self.at_work(*p)).collect();
        for id in at_work {
            let (site, p) = (self.site_of(id), &self.people[&id]);
            let moderates = p.index < 2;
            let today = (p.keen, self.day());
            let waits = self.studio.sites[site]
                .evaluation
                .assets()
                .iter()
                .flat_map(|(asset, state)| state.waits.iter().map(move |wait| (*asset, wait)));
            let mine = waits.filter(|(_, w)| w.person == Some(id) || (w.person.is_none() && moderates));
            let waiting = mine.map(|(asset, wait)| (asset, wait.clone())).next();
            let Some((asset, wait)) = waiting else { continue };
            // The reminded are keener.
            let reminded = self.told.iter().rev().take(200).any(|t| t.to == id && t.asset == asset);
            if self.chance(today.0 + if reminded { 20 } else { 0 }) {
                self.take_up(site, id, asset, &wait);
            }
        }
    }

    fn take_up(&mut self, site: usize, id: PersonId, asset: AssetId, wait: &Wait) {
        let state = self.studio.sites[site].evaluation.asset(&asset).expect("it waits").clone();
        let who = NAMES[self.people[&id].index];
        match wait.what {
            WaitFor::NewVersion if self.chance(5) => {
                self.studio.act(site, asset, id, false, wait.version, Act::Withdraw);
                self.note(asset, format!("{who} takes it back"));
            }
            WaitFor::NewVersion => self.send(asset, id, vec![wait.version]),
            WaitFor::Unblock | WaitFor::CloseStage | WaitFor::StartStage => {
                self.unblock(site, id, asset, &state, wait)
            }
            WaitFor::Decide | WaitFor::SettleConcurrent | WaitFor::CarryForward => {
                self.look_or_decide(site, id, asset, &state, wait);
            }
            WaitFor::Acknowledge | WaitFor::Pick | WaitFor::SettleRoute => {
                panic!("nobody brings this about here")
            }
        }
    }

    fn look_or_decide(&mut self, site: usize, id: PersonId, asset: AssetId, state: &AssetState, wait: &Wait) {
        let who = NAMES[self.people[&id].index];
        let stage = wait.stage.clone().expect("a stage");
        let now = state.run(&wait.version).and_then(|run| run.stage(stage.as_str())).expect("it waits");
        let own = now.assignments.iter().find(|a| a.person == id && a.end.is_none());
        let for_other = now.assignments.iter().find(|a| a.end.is_none() && a.stand_ins.contains(&id));
        let Some(asked) = own.or(for_other).or(now.assignment(&id)) else { return };
        if asked.person == id && asked.progress < Progress::Opened {
            self.studio.act(site, asset, id, false, wait.version, Act::Open);
            return;
        }
        let decision = match self.rng.next_u64() % 100 {
            0..76 => Decision::Approved,
            76..82 if !state.runs.iter().any(|r| r.route.as_str() == "regulated") => {
                Decision::ApprovedWithChanges
            }
            82..96 => Decision::ChangesRequired,
            96..98 => Decision::Abstained,
            98..100 => Decision::Rejected,
            _ => Decision::Approved,
        };
        let on_behalf_of = (asked.person != id).then_some(asked.person);
        self.stood_in += usize::from(on_behalf_of.is_some());
        let for_whom =
            on_behalf_of.map_or_else(String::new, |p| format!(" for {}", NAMES[self.people[&p].index]));
        self.studio.decide(site, asset, id, on_behalf_of, wait.version, stage.as_str(), decision);
        self.note(asset, format!("{who} decides{for_whom} in {stage}: {decision}"));
    }

    fn unblock(&mut self, site: usize, id: PersonId, asset: AssetId, state: &AssetState, wait: &Wait) {
        let stage: StageName = wait.stage.clone().expect("a stage");
        let now = state.run(&wait.version).and_then(|run| run.stage(stage.as_str())).expect("it waits");
        assert_ne!(now.phase, Phase::Closed, "a closed stage waits for nobody");
        let left = now
            .blocked_by
            .iter()
            .find_map(|b| if let Block::Left(person) = b { Some(*person) } else { None });
        let act = match left {
            Some(person) => Act::SkipAssignment { stage: stage.clone(), person },
            None => Act::SkipStage { stage: stage.clone() },
        };
        let what = left.map_or("the stage", |person| NAMES[self.people[&person].index]);
        self.note(asset, format!("{} passes {what} by in {stage}", NAMES[self.people[&id].index]));
        self.unblocked += 1;
        self.studio.act(site, asset, id, true, wait.version, act);
    }
}

#[test]
fn a_working_day_here_has_eight_hours() {
    let spec = office_hours("day", "UTC", &[]);
    assert_eq!(u64::from(spec.week.day_minutes()) * 60_000, 8 * HOUR);
}
