//! The fold, and the close rules: what the voices of a stage amount to, and whether they suffice.

use proofroom_review::route::CloseRule;
use proofroom_review::{Assignment, Decision, Outcome, ReviewerRole, Stage};

/// What one assignment contributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Voice {
    /// Nothing yet.
    Silent,
    /// A decision that counts.
    Said(Decision),
    /// Nothing any more: they stepped back or were skipped.
    Ended,
}

impl Voice {
    fn decision(self) -> Option<Decision> {
        match self {
            Self::Said(decision) => Some(decision),
            Self::Silent | Self::Ended => None,
        }
    }

    /// A decision that is no abstention.
    fn speaks(self) -> bool {
        self.decision().is_some_and(|d| d != Decision::Abstained)
    }
}

/// What decisions amount to; `None` where there are none.
pub(crate) fn fold(decisions: impl Iterator<Item = Decision>) -> Option<Outcome> {
    let worst = decisions.max_by_key(|d| d.restriction())?;
    Some(match worst {
        Decision::Rejected => Outcome::Rejected,
        Decision::ChangesRequired => Outcome::ChangesRequired,
        Decision::ApprovedWithChanges => Outcome::ApprovedWithChanges,
        Decision::Approved => Outcome::Approved,
        Decision::Abstained => Outcome::NotApplicable,
    })
}

/// A stage's rule over its assignments.
#[derive(Clone, Copy)]
pub(crate) struct Tally<'a> {
    stage: &'a Stage,
    any_mandatory: bool,
}

impl<'a> Tally<'a> {
    pub fn of(stage: &'a Stage) -> Self {
        Self { stage, any_mandatory: stage.reviewers.iter().any(|a| a.duty.is_mandatory()) }
    }

    /// Whether somebody's decision is folded. Under `key_approver` the key approvers' alone are.
    pub fn counts(&self, assignment: &Assignment) -> bool {
        match self.stage.close {
            CloseRule::KeyApprover => assignment.duty == ReviewerRole::KeyApprover,
            _ => assignment.duty.counts(),
        }
    }

    /// Whether the stage waits for somebody. Where nobody is mandatory it waits for everybody who counts.
    pub fn must_decide(&self, assignment: &Assignment) -> bool {
        match self.stage.close {
            CloseRule::KeyApprover => assignment.duty == ReviewerRole::KeyApprover,
            _ if self.any_mandatory => assignment.duty.is_mandatory(),
            _ => assignment.duty.counts(),
        }
    }

    fn counted<'v>(&'v self, voices: &'v [Voice]) -> impl Iterator<Item = (&'v Assignment, Voice)> + 'v {
        let both = self.stage.reviewers.iter().zip(voices.iter().copied());
        both.filter(|(assignment, _)| self.counts(assignment))
    }

    /// What the voices amount to; `None` before the first.
    pub fn fold(&self, voices: &[Voice]) -> Option<Outcome> {
        fold(self.counted(voices).filter_map(|(_, voice)| voice.decision()))
    }

    /// Whether the voices suffice to close the stage, by all rules that need neither a hand nor a clock.
    pub fn suffices(&self, voices: &[Voice]) -> bool {
        let mut said = 0_usize;
        let mut spoken = 0_usize;
        let mut open = 0_usize;
        let mut left = 0_usize;
        let mut blocked = false;
        for (_, voice) in self.counted(voices) {
            said += usize::from(voice.decision().is_some());
            spoken += usize::from(voice.speaks());
            open += usize::from(voice == Voice::Silent);
            left += usize::from(voice != Voice::Ended);
            blocked |= voice.decision().is_some_and(|d| !d.approves() && d != Decision::Abstained);
        }
        if said == 0 {
            return false;
        }
        if self.stage.close_on_first_block && blocked {
            return true;
        }
        match &self.stage.close {
            CloseRule::AllMandatory | CloseRule::KeyApprover => {
                let mut needed = self.counted(voices).filter(|(a, _)| self.must_decide(a)).peekable();
                let asked = needed.peek().is_some();
                let mut any = false;
                asked
                    && needed.all(|(_, v)| {
                        any |= v.decision().is_some();
                        v != Voice::Silent
                    })
                    && any
            }
            CloseRule::AnyOne => spoken > 0 || open == 0,
            CloseRule::Quorum(n) => spoken >= usize::try_from(*n).unwrap_or(usize::MAX),
            CloseRule::QuorumByRole(by) => by.iter().all(|(role, n)| {
                let of_role =
                    self.counted(voices).filter(|(a, v)| a.role.as_ref() == Some(role) && v.speaks());
                of_role.count() >= usize::try_from(*n).unwrap_or(usize::MAX)
            }),
            CloseRule::Majority => spoken * 2 > left || open == 0,
            CloseRule::Deadline => open == 0,
            CloseRule::Manual => false,
        }
    }

    /// What the stage closes with at its deadline. Silence of somebody who must decide approves
    /// nothing: what would let the work pass has expired.
    pub fn at_deadline(&self, voices: &[Voice]) -> Outcome {
        let silent = self
            .counted(voices)
            .any(|(a, v)| self.any_mandatory && self.must_decide(a) && v == Voice::Silent);
        match self.fold(voices) {
            Some(outcome @ (Outcome::Rejected | Outcome::ChangesRequired)) => outcome,
            Some(outcome) if !silent => outcome,
            _ => Outcome::Expired,
        }
    }

    /// How many more voices a quorum wants; `None` where the rule is another one, or it is met.
    pub fn wanted(&self, voices: &[Voice]) -> Option<u32> {
        let missing = |n: u32, spoken: usize| n.saturating_sub(u32::try_from(spoken).unwrap_or(u32::MAX));
        let wanted = match &self.stage.close {
            CloseRule::Quorum(n) => missing(*n, self.counted(voices).filter(|(_, v)| v.speaks()).count()),
            CloseRule::QuorumByRole(by) => {
                let of_role = |role| {
                    self.counted(voices).filter(move |(a, v)| a.role.as_ref() == Some(role) && v.speaks())
                };
                by.iter().map(|(role, n)| missing(*n, of_role(role).count())).sum()
            }
            CloseRule::Majority => {
                let left = self.counted(voices).filter(|(_, v)| *v != Voice::Ended).count();
                let spoken = self.counted(voices).filter(|(_, v)| v.speaks()).count();
                missing(u32::try_from(left / 2 + 1).unwrap_or(u32::MAX), spoken)
            }
            CloseRule::AnyOne => 1,
            _ => 0,
        };
        (wanted > 0).then_some(wanted)
    }

    /// Whether the rule can no longer be met, whoever of the silent still speaks.
    pub fn out_of_reach(&self, voices: &[Voice]) -> bool {
        let best: Vec<Voice> = voices
            .iter()
            .map(|v| if *v == Voice::Silent { Voice::Said(Decision::Approved) } else { *v })
            .collect();
        !matches!(self.stage.close, CloseRule::Manual | CloseRule::Deadline) && !self.suffices(&best)
    }
}
