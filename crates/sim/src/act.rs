//! What people, relays, links and disks do: one line each.

use std::fmt;

use proofroom_authority::Role;

use crate::cast;
use crate::scenario::ScenarioError;

/// Who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// A member of the cast, by place.
    Person(usize),
    /// A relay, from 0.
    Relay(usize),
}

/// Which direction of a person's links is cut, seen from that person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// Both.
    Both,
    /// What the person sends.
    Out,
    /// What is sent to the person.
    In,
}

macro_rules! verbs {
    ($($(#[$doc:meta])* $name:ident $word:literal)*) => {
        /// What is done.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Verb { $($(#[$doc])* $name,)* }

        impl Verb {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The word in a scenario.
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

verbs! {
    /// `bo joins reviewer cy`: cy (or ada) invites bo, who takes up the link.
    Joins "joins"
    /// Comments on a version; `team` keeps it among the team.
    Comments "comments"
    /// Answers a comment.
    Replies "replies"
    /// Moves a comment on its way.
    Marks "marks"
    /// Edits a comment of one's own.
    Rewords "rewords"
    /// Files a request.
    Requests "requests"
    /// Edits a brief's text.
    Briefs "briefs"
    /// Renames an asset.
    Renames "renames"
    /// Assigns a person to an asset.
    Assigns "assigns"
    /// Submits a version on top of the current ones, or of one of them.
    Submits "submits"
    /// Settles a fork.
    Picks "picks"
    /// Decides on a version.
    Decides "decides"
    /// Removes a member.
    Removes "removes"
    /// Gives a member another role.
    Ranks "ranks"
    /// Rotates the keys: an invite is made and withdrawn.
    Rotates "rotates"
    /// Adopts what is held back of a member.
    Adopts "adopts"
    /// Makes a snapshot of an asset's review, or of the plan, and offers it to the relays.
    Snapshots "snapshots"
    /// The process dies.
    Crashes "crashes"
    /// The process ends in good order.
    Stops "stops"
    /// The process starts.
    Starts "starts"
    /// An old image of the disk is put back.
    Restores "restores"
    /// The device is copied, secrets and all, while it runs: both go on with the same logs.
    Clones "clones"
    /// The clock is set off by so many milliseconds.
    Skews "skews"
    /// The disk is full after so many commits.
    Fills "fills"
    /// The power goes in the middle of a commit, after so many; `kept` if it turns out durable.
    Dies "dies"
    /// The links are cut, or one direction of them.
    Cut "cut"
    /// The links work again.
    Heals "heals"
    /// Every connection is lost.
    Drops "drops"
    /// A relay keeps what a person wrote from the others.
    Withholds "withholds"
    /// The forger: an entry under somebody else's name.
    Forges "forges"
    /// The forger: a flipped bit in somebody's entry.
    Flips "flips"
    /// The forger: frames that were sent before.
    Replays "replays"
    /// The forger: two entries for one place, shown to different peers.
    Equivocates "equivocates"
    /// The forger: an entry that stands on old membership and claims an old time.
    Backdates "backdates"
    /// The forger: a change that no honest program writes, properly sealed and signed.
    Crafts "crafts"
    /// The forger: a membership operation with mutated bytes, properly signed.
    Usurps "usurps"
    /// The forger: many small valid entries at once.
    Floods "floods"
    /// The forger: bytes that are no message.
    Babbles "babbles"
}

impl Verb {
    /// Whether only the forger does it.
    pub fn is_hostile(self) -> bool {
        self >= Self::Forges
    }
}

/// One act. What a verb has no use for is left at its default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// Who acts.
    pub who: Who,
    /// What is done.
    pub verb: Verb,
    /// How much, how often, or which of several.
    pub n: i64,
    /// To or through whom.
    pub whom: Option<usize>,
    /// A role that is given.
    pub role: Option<Role>,
    /// Among the team only.
    pub team: bool,
    /// Whether a commit in flight is durable after all.
    pub kept: bool,
    /// Which direction.
    pub span: Span,
}

impl Act {
    /// An act without further words.
    pub fn new(who: Who, verb: Verb) -> Self {
        Self { who, verb, n: 0, whom: None, role: None, team: false, kept: false, span: Span::Both }
    }

    /// Reads `bo comments 3 team`.
    ///
    /// # Errors
    /// When a word means nothing there.
    pub fn parse(words: &[&str]) -> Result<Self, ScenarioError> {
        let [who, verb, rest @ ..] = words else {
            return Err(ScenarioError::Short(words.join(" ")));
        };
        let who = match who.strip_prefix("relay").and_then(|n| n.parse::<usize>().ok()) {
            Some(n @ 1..) => Who::Relay(n - 1),
            _ => Who::Person(cast::place(who).ok_or_else(|| ScenarioError::Word((*who).into()))?),
        };
        let verb = Verb::ALL.iter().find(|v| v.word() == *verb);
        let verb = *verb.ok_or_else(|| ScenarioError::Word(words[1].into()))?;
        let mut act = Self::new(who, verb);
        for word in rest {
            match *word {
                "team" => act.team = true,
                "kept" => act.kept = true,
                "out" => act.span = Span::Out,
                "in" => act.span = Span::In,
                word => act.argument(word)?,
            }
        }
        Ok(act)
    }

    fn argument(&mut self, word: &str) -> Result<(), ScenarioError> {
        if let Ok(n) = word.parse::<i64>() {
            self.n = n;
        } else if let Ok(role) = word.parse::<Role>() {
            self.role = Some(role);
        } else if let Some(place) = cast::place(word) {
            self.whom = Some(place);
        } else {
            return Err(ScenarioError::Word(word.into()));
        }
        Ok(())
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(place) => f.write_str(&cast::name(*place)),
            Self::Relay(n) => write!(f, "relay{}", n + 1),
        }
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.who, self.verb.word())?;
        if self.n != 0 {
            write!(f, " {}", self.n)?;
        }
        if let Some(role) = self.role {
            write!(f, " {role}")?;
        }
        if let Some(whom) = self.whom {
            write!(f, " {}", cast::name(whom))?;
        }
        let flags = [
            (self.team, " team"),
            (self.kept, " kept"),
            (self.span == Span::Out, " out"),
            (self.span == Span::In, " in"),
        ];
        flags.iter().filter(|(set, _)| *set).try_for_each(|(_, word)| f.write_str(word))
    }
}
