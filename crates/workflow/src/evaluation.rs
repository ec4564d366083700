//! The evaluation: everything at once, or again after one change.

use std::collections::{BTreeMap, BTreeSet};

use proofroom_ident::{AssetId, Millis};
use proofroom_review::{Act, Package, Threshold};

use crate::asset::asset;
use crate::calendar::zones_version;
use crate::facts::{AssetFacts, PlanFacts, WorkflowInput};
use crate::packages::package;
use crate::plan::Plan;
use crate::reminders::{Sent, due};
use crate::view::{AssetState, PackageState, ReminderDue, WorkflowView};

/// Where everything stands. Pure: it depends on the sets that it is given, not on their order.
pub fn evaluate(input: &WorkflowInput, now: Millis) -> WorkflowView {
    let mut evaluation = Evaluation::new(&input.plan, now);
    for (id, facts) in &input.assets {
        evaluation.insert(*id, facts);
    }
    evaluation.into_view()
}

/// An evaluation that is kept: one changed asset, or a later time, costs what it touches.
///
/// It gives what [`evaluate`] gives of the same facts at the same time.
#[derive(Clone, Debug)]
pub struct Evaluation {
    plan: Plan,
    packages: Vec<Package>,
    now: Millis,
    assets: BTreeMap<AssetId, AssetState>,
    sent: BTreeMap<AssetId, Vec<Sent>>,
    /// When each asset's answer changes by itself.
    changes: BTreeSet<(Millis, AssetId)>,
}

impl Evaluation {
    /// An evaluation without assets.
    pub fn new(plan: &PlanFacts, now: Millis) -> Self {
        Self {
            plan: Plan::of(plan),
            packages: plan.packages.clone(),
            now,
            assets: BTreeMap::new(),
            sent: BTreeMap::new(),
            changes: BTreeSet::new(),
        }
    }

    /// Evaluates one asset, whether it is new or was evaluated before.
    pub fn insert(&mut self, id: AssetId, facts: &AssetFacts) {
        self.remove(&id);
        let state = asset(id, facts, &self.plan, self.now);
        self.changes.extend(state.changes_at.map(|at| (at, id)));
        let sent = sent(facts);
        if !sent.is_empty() {
            self.sent.insert(id, sent);
        }
        self.assets.insert(id, state);
    }

    /// Forgets one asset.
    pub fn remove(&mut self, id: &AssetId) {
        self.sent.remove(id);
        if let Some(at) = self.assets.remove(id).and_then(|state| state.changes_at) {
            self.changes.remove(&(at, *id));
        }
    }

    /// Moves to another time; `facts` gives the facts of those assets whose answer depends on it.
    pub fn advance<'a>(&mut self, now: Millis, mut facts: impl FnMut(&AssetId) -> Option<&'a AssetFacts>) {
        let back = now < self.now;
        self.now = now;
        let stale: Vec<AssetId> = if back {
            self.assets.keys().copied().collect()
        } else {
            self.changes.iter().take_while(|(at, _)| *at <= now).map(|(_, id)| *id).collect()
        };
        for id in stale {
            match facts(&id) {
                Some(facts) => self.insert(id, facts),
                None => self.remove(&id),
            }
        }
    }

    /// Where an asset would stand with these facts; what is kept stays as it is.
    pub fn try_out(&self, id: AssetId, facts: &AssetFacts) -> AssetState {
        asset(id, facts, &self.plan, self.now)
    }

    /// The time that it is evaluated for.
    pub const fn now(&self) -> Millis {
        self.now
    }

    /// Where one asset stands.
    pub fn asset(&self, id: &AssetId) -> Option<&AssetState> {
        self.assets.get(id)
    }

    /// Where all assets stand.
    pub const fn assets(&self) -> &BTreeMap<AssetId, AssetState> {
        &self.assets
    }

    /// Where all packages stand.
    pub fn packages(&self) -> Vec<PackageState> {
        self.packages.iter().map(|p| package(p, &self.assets)).collect()
    }

    /// The reminders to send now: outside quiet hours, in digests, within the day's limit. Whoever
    /// sends one writes it down as an act; then it is due no more, on any replica.
    pub fn reminders(&self) -> Vec<ReminderDue> {
        due(&self.plan, self.now, &self.assets, &self.sent)
    }

    /// Everything.
    pub fn view(&self) -> WorkflowView {
        self.around(self.assets.clone())
    }

    /// Everything, where nothing is evaluated any more: states are handed out and not copied.
    pub fn into_view(mut self) -> WorkflowView {
        let view = self.around(BTreeMap::new());
        WorkflowView { assets: std::mem::take(&mut self.assets), ..view }
    }

    /// What is said beside the assets' states.
    fn around(&self, assets: BTreeMap<AssetId, AssetState>) -> WorkflowView {
        WorkflowView {
            zones: zones_version(),
            assets,
            packages: self.packages(),
            reminders: self.reminders(),
            warnings: self.plan.warnings.clone(),
        }
    }
}

/// The reminders that were sent, each once: the first of those that say the same.
fn sent(facts: &AssetFacts) -> Vec<Sent> {
    let mut first: BTreeMap<_, Millis> = BTreeMap::new();
    for act in &facts.acts {
        if let Act::Remind(key) = &act.statement.act {
            let at = first.entry((act.statement.version_hash, key)).or_insert(act.statement.claimed_at);
            *at = act.statement.claimed_at.min(*at);
        }
    }
    let backup = |version, stage: &str, person| {
        let submits = facts.acts.iter().filter(|a| a.statement.version_hash == version);
        let routes = submits.filter_map(|a| match &a.statement.act {
            Act::Submit(submission) => submission.route.as_ref(),
            _ => None,
        });
        let mut slots = routes.filter_map(|r| r.stage(stage)).flat_map(|s| &s.reviewers);
        slots.find(|a| a.person == person).and_then(|a| a.backup)
    };
    let sent = first.into_iter().map(|((version, key), at)| {
        let escalated = key.threshold == Threshold::Escalated;
        let to = escalated.then(|| backup(version, key.stage.as_str(), key.person)).flatten();
        Sent { to: to.unwrap_or(key.person), about: key.person, stage: key.stage.clone(), at }
    });
    sent.collect()
}
