//! From a seed to a scenario: every seed has its own mixture of what goes wrong.

use proofroom_authority::Role;

use crate::act::{Act, Span, Verb, Who};
use crate::cast::MALLORY;
use crate::dice::Dice;
use crate::scenario::{Net, Scenario, Timed};

/// What honest people do most of the time.
const WORK: &[Verb] = &[
    Verb::Comments,
    Verb::Comments,
    Verb::Comments,
    Verb::Replies,
    Verb::Marks,
    Verb::Rewords,
    Verb::Requests,
    Verb::Briefs,
    Verb::Renames,
    Verb::Assigns,
    Verb::Submits,
    Verb::Picks,
    Verb::Decides,
    Verb::Decides,
    Verb::Snapshots,
    Verb::Snapshots,
];
/// Each seed has some of these.
const TROUBLE: &[Verb] = &[
    Verb::Removes,
    Verb::Ranks,
    Verb::Rotates,
    Verb::Adopts,
    Verb::Crashes,
    Verb::Stops,
    Verb::Starts,
    Verb::Restores,
    Verb::Clones,
    Verb::Skews,
    Verb::Fills,
    Verb::Dies,
    Verb::Cut,
    Verb::Heals,
    Verb::Drops,
    Verb::Withholds,
];
const CRIMES: &[Verb] = &[
    Verb::Forges,
    Verb::Flips,
    Verb::Replays,
    Verb::Equivocates,
    Verb::Backdates,
    Verb::Crafts,
    Verb::Usurps,
    Verb::Floods,
    Verb::Babbles,
];

/// The scenario of a seed.
pub fn generate(seed: u64) -> Scenario {
    let mut dice = Dice::new(seed, "scenario");
    let people = 2 + dice.index(4);
    let relays = 1 + usize::from(dice.chance(350));
    let mallory = dice.chance(500);
    let mut plot = Plot {
        people,
        relays,
        trouble: TROUBLE.iter().copied().filter(|_| dice.chance(450)).collect(),
        crimes: if mallory { CRIMES.iter().copied().filter(|_| dice.chance(600)).collect() } else { vec![] },
        trouble_rate: [0, 100, 250, 400][dice.index(4)],
        dice,
    };
    let net = plot.net();
    let meetings = plot.meetings();
    let mut acts = plot.joins(mallory);
    acts.extend(plot.opening());
    let mut at_ms = 1_500;
    for _ in 0..15 + plot.dice.below(50) {
        at_ms += plot.pause();
        let act = plot.next();
        acts.extend(plot.undoing(at_ms, &act));
        acts.push(Timed { at_ms, act });
    }
    acts.sort_by_key(|timed| timed.at_ms);
    Scenario { title: format!("generated from seed {seed}"), seed, relays, net, meetings, acts }
}

struct Plot {
    dice: Dice,
    people: usize,
    relays: usize,
    trouble: Vec<Verb>,
    crimes: Vec<Verb>,
    trouble_rate: u64,
}

impl Plot {
    fn net(&mut self) -> Net {
        let d = &mut self.dice;
        let calm = Net { latency_ms: 1 + d.below(150), jitter_ms: d.below(80), ..Net::default() };
        match d.below(5) {
            0 | 1 => calm,
            2 => Net { cut: 5 + d.below(40), ..calm },
            3 => Net {
                latency_ms: 300 + d.below(900),
                bytes_per_ms: 1 + d.below(20),
                cut: d.below(10),
                ..calm
            },
            _ => Net {
                lost: d.below(60),
                doubled: d.below(60),
                reordered: d.below(60),
                cut: d.below(20),
                ..calm
            },
        }
    }

    fn meetings(&mut self) -> Vec<(usize, usize)> {
        if !self.dice.chance(400) {
            return Vec::new();
        }
        let pairs = (0..self.people).flat_map(|a| (a + 1..self.people).map(move |b| (a, b)));
        pairs.filter(|_| self.dice.chance(500)).collect()
    }

    fn joins(&mut self, mallory: bool) -> Vec<Timed> {
        let roles =
            [Role::Owner, Role::Producer, Role::Producer, Role::Reviewer, Role::Reviewer, Role::Guest];
        let mut places: Vec<usize> = (1..self.people).collect();
        places.extend(mallory.then_some(MALLORY));
        let mut out = Vec::new();
        for place in places {
            let late = self.dice.chance(250);
            let at_ms = if late { 2_000 + self.dice.below(30_000) } else { self.dice.below(1_000) };
            let mut act = Act::new(Who::Person(place), Verb::Joins);
            act.role = Some(*self.dice.pick(&roles[usize::from(place == MALLORY)..]));
            act.whom = (late && self.dice.chance(300)).then(|| self.dice.index(self.people));
            out.push(Timed { at_ms, act });
        }
        out
    }

    /// Something to talk about.
    fn opening(&mut self) -> Vec<Timed> {
        let ada = |verb, n| Act { n, ..Act::new(Who::Person(0), verb) };
        let acts =
            [ada(Verb::Submits, 0), ada(Verb::Submits, 1), ada(Verb::Requests, 0), ada(Verb::Comments, 0)];
        acts.into_iter().map(|act| Timed { at_ms: 1_000, act }).collect()
    }

    /// Most of what is switched off is switched on again.
    fn undoing(&mut self, at_ms: u64, act: &Act) -> Option<Timed> {
        let verb = match act.verb {
            Verb::Stops => Verb::Starts,
            Verb::Cut => Verb::Heals,
            _ => return None,
        };
        let after_ms = 100 + self.dice.below(60_000);
        let undone = self.dice.chance(850);
        undone.then(|| Timed { at_ms: at_ms + after_ms, act: Act::new(act.who, verb) })
    }

    /// Mostly seconds, now and then hours or days.
    fn pause(&mut self) -> u64 {
        match self.dice.below(100) {
            0..50 => self.dice.below(200),
            50..95 => 200 + self.dice.below(3_000),
            95..99 => 30_000 + self.dice.below(120_000),
            _ => 3_600_000 * (1 + self.dice.below(72)),
        }
    }

    fn next(&mut self) -> Act {
        if !self.crimes.is_empty() && self.dice.chance(200) {
            let verb = *self.dice.pick(&self.crimes);
            let mut act = Act::new(Who::Person(MALLORY), verb);
            act.n = self.number(1_000_000);
            return act;
        }
        if !self.trouble.is_empty() && self.dice.chance(self.trouble_rate) {
            let verb = *self.dice.pick(&self.trouble);
            return self.trouble(verb);
        }
        let mut act = Act::new(Who::Person(self.dice.index(self.people)), *self.dice.pick(WORK));
        act.n = self.number(1_000_000);
        act.team = self.dice.chance(250);
        act.whom = (act.verb == Verb::Assigns).then(|| self.dice.index(self.people));
        act
    }

    fn trouble(&mut self, verb: Verb) -> Act {
        let on_relay = [Verb::Crashes, Verb::Starts, Verb::Restores, Verb::Fills, Verb::Dies, Verb::Drops];
        let relay = Who::Relay(self.dice.index(self.relays));
        let person = Who::Person(self.dice.index(self.people));
        let who = match verb {
            Verb::Withholds => relay,
            verb if on_relay.contains(&verb) && self.dice.chance(250) => relay,
            _ => person,
        };
        let mut act = Act::new(who, verb);
        let anybody = self.dice.index(self.people + usize::from(!self.crimes.is_empty()));
        let anybody = if anybody == self.people { MALLORY } else { anybody };
        match verb {
            Verb::Removes | Verb::Adopts | Verb::Withholds => act.whom = Some(anybody),
            Verb::Ranks => {
                act.whom = Some(anybody);
                act.role = Some(*self.dice.pick(&[Role::Owner, Role::Producer, Role::Reviewer, Role::Guest]));
            }
            Verb::Skews => {
                let far = [5_000, 3_600_000, 400 * 86_400_000][self.dice.index(3)];
                act.n = self.number(2 * far) - i64::try_from(far).expect("a year fits");
            }
            Verb::Cut => act.span = [Span::Both, Span::Both, Span::Out, Span::In][self.dice.index(4)],
            Verb::Dies => {
                act.n = self.number(4);
                act.kept = self.dice.chance(500);
            }
            Verb::Fills | Verb::Restores => act.n = self.number(4),
            _ => {}
        }
        act
    }

    fn number(&mut self, below: u64) -> i64 {
        i64::try_from(self.dice.below(below)).expect("small numbers fit")
    }
}
