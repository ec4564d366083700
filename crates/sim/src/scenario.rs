//! Scenarios as text.
//!
//! ```text
//! # What is shown, in one line.
//! seed 7                    of keys, names of logs, jitter
//! relays 1
//! net 20 30 0 0 0 0         latency ms, jitter ms, then per mille: lost, doubled, out of order, connections cut
//! meet ada bo               links between peers, beside those to every relay
//!
//! 0    bo joins producer    milliseconds since the beginning, then an act
//! 2000 bo comments
//! ```
//!
//! Ada founds the workspace before the first act. When all acts are done, everything is
//! healed, and whatever [`crate::run`] promises is checked.

use std::fmt;

use crate::act::Act;
use crate::cast;

/// What links do to frames. Rates are per mille.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Net {
    /// Time on the way, in milliseconds.
    pub latency_ms: u64,
    /// What may come on top, in milliseconds.
    pub jitter_ms: u64,
    /// Frames that vanish without the connection being lost.
    pub lost: u64,
    /// Frames that come twice.
    pub doubled: u64,
    /// Frames that overtake others.
    pub reordered: u64,
    /// Frames at which the connection is lost.
    pub cut: u64,
    /// Bytes per millisecond; 0 is without a limit.
    pub bytes_per_ms: u64,
}

impl Default for Net {
    fn default() -> Self {
        Self { latency_ms: 20, jitter_ms: 10, lost: 0, doubled: 0, reordered: 0, cut: 0, bytes_per_ms: 0 }
    }
}

/// An act and its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timed {
    /// Milliseconds since the beginning.
    pub at_ms: u64,
    /// What is done.
    pub act: Act,
}

/// Everything that a run depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// What it shows, for people.
    pub title: String,
    /// Decides keys, ids and chances.
    pub seed: u64,
    /// How many relays there are.
    pub relays: usize,
    /// What links do.
    pub net: Net,
    /// Pairs of the cast with a link of their own.
    pub meetings: Vec<(usize, usize)>,
    /// What happens, in order of time.
    pub acts: Vec<Timed>,
}

/// A text is not a scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// A line is too short.
    #[error("`{0}` is too short: a time, who, and what is done are wanted")]
    Short(String),
    /// A word means nothing there.
    #[error("`{0}` means nothing here: neither a name, a verb, a role nor a number")]
    Word(String),
    /// A setting is wrong.
    #[error("`{0}` is not such a setting")]
    Setting(String),
}

impl Scenario {
    /// Reads a text.
    ///
    /// # Errors
    /// Names the first word that is wrong.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        let mut out = Self {
            title: String::new(),
            seed: 0,
            relays: 1,
            net: Net::default(),
            meetings: Vec::new(),
            acts: Vec::new(),
        };
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            if let Some(comment) = line.strip_prefix('#') {
                if out.title.is_empty() {
                    out.title = comment.trim().into();
                }
                continue;
            }
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[0].parse::<u64>() {
                Ok(at_ms) => out.acts.push(Timed { at_ms, act: Act::parse(&words[1..])? }),
                Err(_) => out.setting(line, &words)?,
            }
        }
        out.acts.sort_by_key(|timed| timed.at_ms);
        Ok(out)
    }

    fn setting(&mut self, line: &str, words: &[&str]) -> Result<(), ScenarioError> {
        let wrong = || ScenarioError::Setting(line.into());
        let number = |at: usize| words.get(at).and_then(|w| w.parse::<u64>().ok());
        match words[0] {
            "seed" => self.seed = number(1).ok_or_else(wrong)?,
            "relays" => {
                let relays = number(1).filter(|n| (1..=4).contains(n)).ok_or_else(wrong)?;
                self.relays = usize::try_from(relays).map_err(|_| wrong())?;
            }
            "net" => {
                let field = |at| number(at).ok_or_else(wrong);
                self.net = Net {
                    latency_ms: field(1)?,
                    jitter_ms: field(2)?,
                    lost: field(3)?,
                    doubled: field(4)?,
                    reordered: field(5)?,
                    cut: field(6)?,
                    bytes_per_ms: number(7).unwrap_or(0),
                };
            }
            "meet" => {
                let places: Option<Vec<usize>> = words[1..].iter().map(|word| cast::place(word)).collect();
                match places.as_deref() {
                    Some(&[one, other]) if one != other => self.meetings.push((one, other)),
                    _ => return Err(wrong()),
                }
            }
            _ => return Err(wrong()),
        }
        Ok(())
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = &self.net;
        writeln!(f, "# {}\nseed {}\nrelays {}", self.title, self.seed, self.relays)?;
        writeln!(
            f,
            "net {} {} {} {} {} {} {}",
            n.latency_ms, n.jitter_ms, n.lost, n.doubled, n.reordered, n.cut, n.bytes_per_ms
        )?;
        for (one, other) in &self.meetings {
            writeln!(f, "meet {} {}", cast::name(*one), cast::name(*other))?;
        }
        writeln!(f)?;
        self.acts.iter().try_for_each(|timed| writeln!(f, "{:<7} {}", timed.at_ms, timed.act))
    }
}
