//! The clock of one assignment: when it is due, whether that was kept, and whom to remind.

use proofroom_ident::{Millis, PersonId};
use proofroom_review::{ReminderKey, SlaState, Threshold};

use crate::assemble::Assembly;
use crate::notice::Warning;
use crate::plan::{Deadline, NoMoment};
use crate::view::{CountedDecision, Interval, PendingReminder, Progress};

/// The moments of the ladder; absent where the clock stands still before them.
#[derive(Clone, Copy, Debug, Default)]
struct Ladder {
    half: Option<Millis>,
    at_risk: Option<Millis>,
    due: Option<Millis>,
}

impl Assembly<'_, '_> {
    /// When an assignment is due, and whether that was kept; notes the reminders whose time has come.
    /// `running` holds somebody who is still waited for, and who stands in for them.
    pub(crate) fn clock(
        &mut self,
        s: usize,
        slot: usize,
        start: Millis,
        decision: Option<&CountedDecision>,
        closed_at: Option<Millis>,
        running: Option<(Progress, &[PersonId])>,
    ) -> (Option<Millis>, Option<SlaState>) {
        let run = self.run;
        let asked = &run.stage(s).reviewers[slot];
        let wants_deadline =
            asked.due.is_some() || run.stage(s).due.is_some() || run.stage(s).due_at.is_some();
        if !asked.duty.counts() || !wants_deadline {
            return (None, None);
        }
        let Some(deadline) = run.deadline(s, slot, start) else {
            self.out.warnings.push(Warning::NoDeadline { stage: run.stage(s).name.clone() });
            return (None, None);
        };
        let due = deadline.at(100, None, &self.pauses);
        if due == Err(NoMoment::Beyond) {
            self.out.warnings.push(Warning::NoDeadline { stage: run.stage(s).name.clone() });
            return (None, None);
        }
        if let Some(decision) = decision {
            return (due.ok(), Some(due.map_or(SlaState::Met, |due| kept(due, decision.within))));
        }
        let Some((progress, stand_ins)) = running else {
            // Silence until the end: the deadline was missed if it came before the end.
            let missed = due.is_ok_and(|due| due <= closed_at.unwrap_or(self.now));
            self.out.moments.extend(due.ok());
            return (due.ok(), missed.then_some(SlaState::Missed));
        };
        let ladder = Ladder {
            half: deadline.at(50, None, &self.pauses).ok(),
            at_risk: deadline.at(75, None, &self.pauses).ok(),
            due: due.ok(),
        };
        self.remind(s, slot, &ladder, progress, stand_ins);
        self.escalate(s, slot, &deadline);
        let moments = [ladder.half, ladder.at_risk, ladder.due];
        self.out.moments.extend(moments.into_iter().flatten());
        let reached = |at: Option<Millis>| at.is_some_and(|at| at <= self.now);
        let sla = match () {
            () if reached(ladder.due) => Some(SlaState::Missed),
            () if self.pauses.holds_at(self.now) => Some(SlaState::Paused),
            () if reached(ladder.at_risk) => Some(SlaState::AtRisk),
            () => None,
        };
        (ladder.due, sla)
    }

    fn sent(&self, key: &ReminderKey) -> Option<Millis> {
        let sent = self.heard.reminded.iter().filter(|(sent, _)| *sent == key);
        sent.map(|(_, at)| *at).min()
    }

    /// The highest step of the ladder that was reached, unless it was told, or a higher one was: a peer
    /// that was away for days says the last thing, not everything.
    fn remind(&mut self, s: usize, slot: usize, ladder: &Ladder, progress: Progress, stand_ins: &[PersonId]) {
        let stage = self.run.stage(s);
        let person = stage.reviewers[slot].person;
        if self.pauses.holds_at(self.now) {
            return;
        }
        let steps = [
            (Threshold::Overdue, ladder.due, true),
            (Threshold::AtRisk, ladder.at_risk, true),
            (Threshold::HalfUnopened, ladder.half, progress < Progress::Opened),
        ];
        for (threshold, at, applies) in steps {
            let key = ReminderKey { stage: stage.name.clone(), person, threshold };
            if self.sent(&key).is_some() {
                return;
            }
            let Some(at) = at.filter(|at| applies && *at <= self.now) else { continue };
            let plan = self.run.shared.plan;
            let to = stand_ins
                .iter()
                .copied()
                .find(|p| Some(*p) != stage.reviewers[slot].backup)
                .unwrap_or(person);
            if !plan.has_left(&to) {
                self.out.pending.push(PendingReminder { at, version: self.run.version, key, to });
            }
            return;
        }
    }

    /// Hands it to the backup once the deadline, and what is granted beyond it, has passed.
    fn escalate(&mut self, s: usize, slot: usize, deadline: &Deadline<'_>) {
        let stage = self.run.stage(s);
        let asked = &stage.reviewers[slot];
        let Some(backup) = asked.backup else { return };
        let at = deadline.at(100, stage.escalate_after, &self.pauses).ok();
        self.out.moments.extend(at);
        let key =
            ReminderKey { stage: stage.name.clone(), person: asked.person, threshold: Threshold::Escalated };
        let reached = at.filter(|at| *at <= self.now);
        match (self.sent(&key), reached) {
            (Some(told), _) if at.is_none_or(|at| told < at) => {
                self.out
                    .warnings
                    .push(Warning::EarlyEscalation { stage: stage.name.clone(), person: asked.person });
            }
            (None, Some(at))
                if !self.pauses.holds_at(self.now) && !self.run.shared.plan.has_left(&backup) =>
            {
                self.out.pending.push(PendingReminder { at, version: self.run.version, key, to: backup });
            }
            _ => {}
        }
    }
}

/// Whether a deadline was kept by something that happened within an interval.
fn kept(due: Millis, within: Interval) -> SlaState {
    match within {
        Interval { not_before: Some(lower), .. } if lower > due => SlaState::Missed,
        Interval { not_after: Some(upper), not_before }
            if upper <= due && not_before.is_none_or(|l| l <= upper) =>
        {
            SlaState::Met
        }
        _ => SlaState::Indeterminate,
    }
}
