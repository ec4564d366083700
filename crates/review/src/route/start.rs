//! Start and close rules: one word, or a table.

use std::collections::BTreeMap;

use serde::de::Error;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::form::WordOr;
use crate::calendar::LocalTime;
use crate::names::{RoleName, StageName};
use crate::words::Outcome;

/// When a stage starts.
///
/// ```toml
/// start = "on_submit"
/// start = "manual"
/// start = { at = "2026-03-01T09:00" }
/// start = { after = ["brand", "legal"] }                              # both let it pass
/// start = { after = ["legal"], outcome = ["rejected"] }
/// start = { any = [{ after = ["brand"] }, { at = "2026-03-01T09:00" }] }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StartRule {
    /// With the submission.
    #[default]
    OnSubmit,
    /// When a moderator says so.
    Manual,
    /// At a time in the route's calendar.
    At(LocalTime),
    /// When each of these stages closed with one of these outcomes.
    After {
        /// The stages.
        stages: Vec<StageName>,
        /// The outcomes; empty for those that let the work pass.
        outcomes: Vec<Outcome>,
    },
    /// When all of these hold.
    All(Vec<StartRule>),
    /// When one of these holds.
    Any(Vec<StartRule>),
}

/// When a stage closes.
///
/// ```toml
/// close = "all_mandatory"            # or: any_one, majority, key_approver, manual, deadline
/// close = { quorum = 2 }
/// close = { quorum_by_role = { legal = 2, brand = 1 } }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CloseRule {
    /// When everybody who must decide has decided; where nobody must, when everybody has.
    #[default]
    AllMandatory,
    /// With the first decision that is no abstention.
    AnyOne,
    /// With so many decisions that are no abstentions.
    Quorum(u32),
    /// With so many decisions of each role that are no abstentions.
    QuorumByRole(BTreeMap<RoleName, u32>),
    /// When more than half have decided.
    Majority,
    /// When the key approvers have decided. Their decisions alone are folded, the others are advice.
    KeyApprover,
    /// When a moderator says so.
    Manual,
    /// When the last deadline of its assignments has passed, or everybody has decided before.
    Deadline,
}

impl StartRule {
    /// The stages that it waits for, as edges of the graph.
    pub fn upstream(&self) -> Vec<&StageName> {
        let mut out = Vec::new();
        let mut next = vec![self];
        while let Some(rule) = next.pop() {
            match rule {
                Self::After { stages, .. } => out.extend(stages),
                Self::All(rules) | Self::Any(rules) => next.extend(rules),
                Self::OnSubmit | Self::Manual | Self::At(_) => {}
            }
        }
        out
    }
}

/// Whether an upstream stage with this outcome lets the work on, where the rule does not say.
pub(super) const fn passes(outcome: Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Approved | Outcome::ApprovedWithChanges | Outcome::NotApplicable | Outcome::Skipped
    )
}

impl StartRule {
    /// Whether a closed upstream stage with `outcome` is what a rule with these `wanted` waits for.
    pub fn accepts(wanted: &[Outcome], outcome: Outcome) -> bool {
        if wanted.is_empty() { passes(outcome) } else { wanted.contains(&outcome) }
    }
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct StartForm {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<Vec<StageName>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    all: Option<Vec<StartRule>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    any: Option<Vec<StartRule>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<LocalTime>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    outcome: Vec<Outcome>,
}

impl Serialize for StartRule {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut form = StartForm { after: None, all: None, any: None, at: None, outcome: Vec::new() };
        match self {
            Self::OnSubmit => return s.serialize_str("on_submit"),
            Self::Manual => return s.serialize_str("manual"),
            Self::At(at) => form.at = Some(*at),
            Self::All(rules) => form.all = Some(rules.clone()),
            Self::Any(rules) => form.any = Some(rules.clone()),
            Self::After { stages, outcomes } => {
                form.after = Some(stages.clone());
                form.outcome.clone_from(outcomes);
            }
        }
        form.serialize(s)
    }
}

impl<'de> Deserialize<'de> for StartRule {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        const WANTED: &str = "`on_submit`, `manual` or a table with one of `after`, `all`, `any`, `at`";
        let form = match WordOr::<StartForm>::deserialize(d)? {
            WordOr::Word(word) => match word.as_str() {
                "on_submit" => return Ok(Self::OnSubmit),
                "manual" => return Ok(Self::Manual),
                _ => return Err(D::Error::custom(format!("`{word}` starts no stage: {WANTED} is wanted"))),
            },
            WordOr::Table(form) => form,
        };
        if form.after.is_none() && !form.outcome.is_empty() {
            return Err(D::Error::custom("`outcome` belongs beside `after`"));
        }
        match (form.after, form.all, form.any, form.at) {
            (Some(stages), None, None, None) => Ok(Self::After { stages, outcomes: form.outcome }),
            (None, Some(rules), None, None) => Ok(Self::All(rules)),
            (None, None, Some(rules), None) => Ok(Self::Any(rules)),
            (None, None, None, Some(at)) => Ok(Self::At(at)),
            _ => Err(D::Error::custom(format!("a start rule is {WANTED}"))),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CloseForm {
    quorum: Option<u32>,
    quorum_by_role: Option<BTreeMap<RoleName, u32>>,
}

const CLOSE_WORDS: [(&str, CloseRule); 6] = [
    ("all_mandatory", CloseRule::AllMandatory),
    ("any_one", CloseRule::AnyOne),
    ("majority", CloseRule::Majority),
    ("key_approver", CloseRule::KeyApprover),
    ("manual", CloseRule::Manual),
    ("deadline", CloseRule::Deadline),
];

impl Serialize for CloseRule {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut map = match self {
            Self::Quorum(_) | Self::QuorumByRole(_) => s.serialize_map(Some(1))?,
            _ => {
                let word = CLOSE_WORDS.iter().find(|(_, rule)| rule == self).map_or("", |(word, _)| *word);
                return s.serialize_str(word);
            }
        };
        match self {
            Self::QuorumByRole(quorum) => map.serialize_entry("quorum_by_role", quorum)?,
            Self::Quorum(quorum) => map.serialize_entry("quorum", quorum)?,
            _ => {}
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for CloseRule {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        match WordOr::<CloseForm>::deserialize(d)? {
            WordOr::Word(word) => {
                let known = CLOSE_WORDS.into_iter().find(|(known, _)| *known == word);
                known.map(|(_, rule)| rule).ok_or_else(|| {
                    let known: Vec<&str> = CLOSE_WORDS.iter().map(|(word, _)| *word).collect();
                    let known = known.join(", ");
                    D::Error::custom(format!(
                        "`{word}` closes no stage: one of {known}, {{ quorum = n }}, \
                         {{ quorum_by_role = {{ role = n }} }} is wanted"
                    ))
                })
            }
            WordOr::Table(CloseForm { quorum: Some(n), quorum_by_role: None }) => Ok(Self::Quorum(n)),
            WordOr::Table(CloseForm { quorum: None, quorum_by_role: Some(by) }) => Ok(Self::QuorumByRole(by)),
            WordOr::Table(_) => Err(D::Error::custom(
                "a close rule is a word or a table with one of `quorum`, `quorum_by_role`",
            )),
        }
    }
}
