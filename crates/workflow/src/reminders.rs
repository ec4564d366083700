//! Which reminders go out now: never twice, not in quiet hours, in digests, not too many a day.

use std::collections::BTreeMap;

use proofroom_ident::{AssetId, Millis, PersonId};
use proofroom_review::StageName;

use crate::plan::Plan;
use crate::view::{AssetState, ReminderDue};

/// A reminder that was sent and written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    /// Whom it was for.
    pub to: PersonId,
    /// The assignee about whom it was.
    pub about: PersonId,
    pub stage: StageName,
    /// When, as claimed.
    pub at: Millis,
}

impl Sent {
    /// Whom it reached: where it was for the assignee, the delegate of that time, if there was one.
    fn reached(&self, plan: &Plan, asset: &AssetId) -> PersonId {
        if self.to != self.about {
            return self.to;
        }
        plan.delegations.of_stage(self.about, asset, &self.stage, self.at).min().unwrap_or(self.to)
    }
}

/// The reminders to send at this time, in the order of their times.
pub(crate) fn due(
    plan: &Plan,
    now: Millis,
    assets: &BTreeMap<AssetId, AssetState>,
    sent: &BTreeMap<AssetId, Vec<Sent>>,
) -> Vec<ReminderDue> {
    let pending = assets.iter().flat_map(|(asset, state)| state.pending.iter().map(move |p| (*asset, p)));
    let ready = pending.filter(|(_, p)| {
        let quiet = plan.quiet(&p.to);
        !quiet.is_quiet(now) && quiet.earliest(p.at) <= now
    });
    let mut out: Vec<ReminderDue> =
        ready.map(|(asset, p)| ReminderDue { asset, reminder: p.clone() }).collect();
    out.sort_by(|a, b| (a.reminder.at, a.asset, &a.reminder).cmp(&(b.reminder.at, b.asset, &b.reminder)));
    let mut left: BTreeMap<PersonId, u32> = BTreeMap::new();
    out.retain(|r| {
        let to = r.reminder.to;
        let quiet = plan.quiet(&to);
        let Some(max) = quiet.daily_max() else { return true };
        let left = left.entry(to).or_insert_with(|| {
            let today = quiet.day(now);
            let all = sent.iter().flat_map(|(asset, sent)| sent.iter().map(move |s| (asset, s)));
            let today =
                all.filter(|(asset, s)| s.reached(plan, asset) == to && quiet.day(s.at) == today).count();
            max.saturating_sub(u32::try_from(today).unwrap_or(u32::MAX))
        });
        let goes = *left > 0;
        *left = left.saturating_sub(1);
        goes
    });
    out
}
