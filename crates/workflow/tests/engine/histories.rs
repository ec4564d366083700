//! Generated histories: routes and steps spelt by bytes, so that they shrink.

use proofroom_ident::{EntryHash, Millis, PersonId, VersionHash};
use proofroom_review::route::{CloseRule, Route, StartRule};
use proofroom_review::statement::SeenHead;
use proofroom_review::{
    Act, Aspect, Assignment, CalendarSpec, CommentLabel, Comparison, Decision, Delegation, Hours,
    NewVersionPolicy, Outcome, ReminderKey, ReviewerRole, Stage, StageName, Threshold, Week,
};

use crate::world::{ADA, BO, CY, DI, Device, HOUR, MINUTE, World, stage_name, utc};

const WHO: [PersonId; 4] = [ADA, BO, CY, DI];
const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// One step of a history.
pub type Spell = [u8; 6];

/// What a step is; a theme lists these, the more frequent the more often.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Decide,
    Act,
    Version,
    Submit,
    Withdraw,
    Away,
    Comment,
    Delegate,
    Carry,
    Remind,
    Lie,
}

fn pick<T: Copy>(from: &[T], byte: u8) -> T {
    from[usize::from(byte) % from.len()]
}

/// A calendar in which all time is working time, so that a model needs no calendar.
pub fn always() -> CalendarSpec {
    let all: Vec<Hours> = vec!["00:00-24:00".parse().expect("hours")];
    let week = Week { sat: all.clone(), sun: all.clone(), ..Week::office(&all) };
    CalendarSpec { week, ..CalendarSpec::plain("day".parse().expect("a name")) }
}

fn start(bytes: &[u8], before: &[StageName]) -> StartRule {
    let after = |byte: u8| StartRule::After {
        stages: vec![before[usize::from(byte) % before.len()].clone()],
        outcomes: pick(
            &[&[][..], &[], &[Outcome::Rejected, Outcome::ChangesRequired], &[Outcome::Skipped]],
            byte / 16,
        )
        .to_vec(),
    };
    match bytes[0] % 8 {
        0 => StartRule::Manual,
        1 => StartRule::At("2026-03-02T12:00".parse().expect("a time")),
        2..=4 if !before.is_empty() => after(bytes[1]),
        5 if !before.is_empty() => StartRule::All(vec![after(bytes[1]), after(bytes[2])]),
        6 if !before.is_empty() => StartRule::Any(vec![after(bytes[1]), after(bytes[2])]),
        _ => StartRule::OnSubmit,
    }
}

/// A route of one to four stages, each of which can close.
pub fn route(bytes: &[u8; 32]) -> Route {
    let mut stages: Vec<Stage> = Vec::new();
    for (i, b) in bytes.chunks_exact(8).enumerate().take(1 + usize::from(bytes[7] % 4)) {
        let before: Vec<StageName> = stages.iter().map(|s| s.name.clone()).collect();
        let mut stage = Stage::named(stage_name(NAMES[i]));
        stage.start = start(b, &before);
        stage.close = match b[3] % 8 {
            0 => CloseRule::AnyOne,
            1 => CloseRule::Quorum(2),
            2 => CloseRule::Majority,
            3 => CloseRule::KeyApprover,
            4 => CloseRule::Manual,
            5 => CloseRule::Deadline,
            _ => CloseRule::AllMandatory,
        };
        stage.close_on_first_block = b[3] > 200;
        stage.on_new_version = pick(NewVersionPolicy::ALL, b[4]);
        stage.watches = if b[4] > 128 { vec![Aspect::Pixels] } else { vec![] };
        let duration = pick(&["1h", "2h", "4h", "1d"], b[5]).parse().expect("a duration");
        stage.due = (b[5] % 3 > 0 || stage.close == CloseRule::Deadline).then_some(duration);
        let asked = WHO.iter().enumerate().filter(|(p, _)| b[6] >> p & 1 == 1);
        stage.reviewers = asked
            .map(|(p, person)| {
                let mut a =
                    Assignment::plain(*person, pick(ReviewerRole::ALL, (b[6] / 16).wrapping_add(b[p])));
                a.backup = (b[6] % 3 == 0).then_some(WHO[(p + 1) % 4]);
                a
            })
            .collect();
        if stage.close == CloseRule::KeyApprover {
            stage.reviewers.iter_mut().take(1).for_each(|a| a.duty = ReviewerRole::KeyApprover);
        }
        stages.push(stage);
    }
    let name = "r".parse().expect("a name");
    mended(Route {
        name,
        about: String::new(),
        regulated: bytes[15].is_multiple_of(8),
        calendar: None,
        stages,
    })
}

/// A route that nobody could submit is mended where its check says.
fn mended(mut route: Route) -> Route {
    while let Err(problem) = route.check() {
        let index = problem.path.strip_prefix("stages[").and_then(|rest| rest.chars().next());
        let stage = &mut route.stages[index.and_then(|c| c.to_digit(10)).expect("a stage") as usize];
        match problem.path.get(10..).expect("a field") {
            field if field.starts_with("start") => stage.start = StartRule::OnSubmit,
            field if field.ends_with("backup") => stage.due = Some("2h".parse().expect("a duration")),
            field if field.starts_with("on_new_version") => stage.on_new_version = NewVersionPolicy::Restart,
            field if field.starts_with("reviewers") => {
                stage.reviewers = vec![Assignment::plain(DI, ReviewerRole::KeyApprover)];
            }
            field if field.starts_with("close") => stage.close = CloseRule::AllMandatory,
            _ => panic!("{problem}"),
        }
    }
    route
}

/// The history that these bytes spell.
pub fn history(theme: &[Kind], bytes: &[u8; 32], steps: &[Spell]) -> World {
    let (mut world, first) = World::new();
    world.plan.calendars = vec![always()];
    let mut other = *bytes;
    other.reverse();
    let routes = [route(bytes), route(&other)];
    for person in &routes[1].stages[0].reviewers {
        world.facts.assignments.insert(person.person, person.duty);
    }
    let sends = !bytes[23].is_multiple_of(8);
    if sends {
        world.submit(ADA, first, Some(routes[0].clone()));
    }
    let mut history = History { world, routes, versions: vec![first], decisions: Vec::new() };
    for step in steps {
        history.step(pick(theme, step[0]), step);
    }
    history.world
}

struct History {
    world: World,
    routes: [Route; 2],
    versions: Vec<VersionHash>,
    decisions: Vec<EntryHash>,
}

impl History {
    fn step(&mut self, kind: Kind, b: &Spell) {
        let by = Device(pick(&WHO, b[1]), b[1] / 128);
        let passed = [0, MINUTE, 30 * MINUTE, 3 * HOUR];
        self.world.pass(pick(&passed, b[5]));
        // Some clocks are wrong.
        let now = self.world.now;
        if b[5] > 240 {
            self.world.now = Millis(now.0 - 2 * HOUR);
        }
        // Most is about the version that was made last.
        let last = self.versions.len() - 1;
        let version = self.versions[if b[2] > 200 { usize::from(b[2]) % (last + 1) } else { last }];
        match kind {
            Kind::Decide => self.decide(by, version, b),
            Kind::Act => _ = self.world.act(by, version, act(b)),
            Kind::Carry => self.carry(by, version, b),
            Kind::Version => self.version(b),
            Kind::Submit => {
                _ = self.world.submit(by, version, Some(self.routes[usize::from(b[3] % 2)].clone()));
            }
            Kind::Withdraw => _ = self.world.act(by, version, Act::Withdraw),
            Kind::Away if b[3].is_multiple_of(2) => self.world.offline(by),
            Kind::Away => self.world.online(by),
            Kind::Comment => _ = self.world.comment(by, version, pick(CommentLabel::ALL, b[3])),
            Kind::Delegate => self.delegate(by, b),
            Kind::Remind => {
                let (stage, person) = (stage_name(pick(&NAMES, b[3])), pick(&WHO, b[4]));
                let threshold = pick(Threshold::ALL, b[3] / 4);
                self.world.act(by, version, Act::Remind(ReminderKey { stage, person, threshold }));
            }
            Kind::Lie => self.lie(b),
        }
        self.world.now = now;
    }

    fn decide(&mut self, by: Device, version: VersionHash, b: &Spell) {
        let stage = if self.world.route_hash(version).is_some() { pick(&NAMES, b[3]) } else { "review" };
        let (decision, other) = (pick(Decision::ALL, b[4]), pick(&WHO, b[4] / 8));
        let entry = self.world.decide_with(by, version, stage, decision, |d| {
            d.on_behalf_of = (b[3] > 190).then_some(other);
            d.reason = (!b[4].is_multiple_of(4)).then(|| "Because".to_owned());
        });
        self.decisions.push(entry);
    }

    fn carry(&mut self, by: Device, version: VersionHash, b: &Spell) {
        if b[3].is_multiple_of(2) || self.decisions.is_empty() {
            let from = pick(&self.versions, b[4]);
            let changed = pick(&[&[][..], &[], &[Aspect::Pixels], &[Aspect::Words]], b[3] / 2).to_vec();
            let comparison = Comparison { from, changed, touched: vec![], elsewhere: b[3] > 100 };
            self.world.act(by, version, Act::Compare(comparison));
            return;
        }
        let decision = pick(&self.decisions, b[4]);
        let decided = self.world.facts.decisions.iter().find(|d| d.entry == decision).expect("a decision");
        let (by, stage) = (Device(decided.person, by.1), &decided.statement.stage);
        if let Ok(stage) = stage.parse() {
            self.world.act(by, version, Act::CarryForward { stage, decision });
        }
    }

    fn version(&mut self, b: &Spell) {
        let parent =
            if b[3] > 190 { pick(&self.versions, b[4]) } else { self.versions[self.versions.len() - 1] };
        let version = self.world.version(&[parent]);
        self.versions.push(version);
        if !b[4].is_multiple_of(4) {
            self.world.submit(ADA, version, Some(self.routes[usize::from(b[4] > 200)].clone()));
        }
    }

    fn delegate(&mut self, by: Device, b: &Spell) {
        let granted = pick(&[1, 4, 24], b[4]) * HOUR;
        match self.world.plan.delegations.last().map(|d| d.entry).filter(|_| b[3] > 200) {
            Some(grant) => _ = self.world.delegate(by, Delegation::Revoke { grant }),
            None => _ = self.world.grant(by, pick(&WHO, b[3]), granted),
        }
    }

    /// Somebody claims to have seen what came later.
    fn lie(&mut self, b: &Spell) {
        let Some(about) = self.world.facts.decisions.last().cloned() else { return };
        let n = self.world.facts.decisions.len();
        let liar = &mut self.world.facts.decisions[usize::from(b[3]) % n];
        if liar.log != about.log {
            let head = SeenHead { seq: about.seq, hash: about.entry };
            liar.statement.seen_heads.insert(about.log, head);
        }
    }
}

fn act(b: &Spell) -> Act {
    let (stage, person) = (stage_name(pick(&NAMES, b[3])), pick(&WHO, b[4] / 16));
    match b[4] % 12 {
        0 => Act::StartStage { stage },
        1 | 2 => Act::CloseStage { stage },
        3 | 4 => Act::ReopenStage { stage },
        5 => Act::SkipStage { stage },
        6 => Act::SkipAssignment { stage, person },
        7 => Act::Recuse { stage },
        8 => Act::Complete { stage },
        9 => Act::Pause,
        10 => Act::Resume,
        _ if b[3].is_multiple_of(2) => Act::Open,
        _ => Act::Sync,
    }
}

/// The moments at which a history is looked at.
pub fn moments(world: &World, bytes: &[u8; 32]) -> [Millis; 2] {
    let begin = utc("2026-03-02T09:00").0;
    [
        Millis(begin + u64::from(bytes[30]) * 20 * MINUTE),
        Millis(world.now.0 + u64::from(bytes[31]) * 10 * MINUTE),
    ]
}
