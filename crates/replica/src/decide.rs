//! Deciding: the statement that is signed, and what keeps it from being signed.

use std::collections::BTreeMap;

use proofroom_entry::EntryKind;
use proofroom_ident::{AssetId, Audience, ContentHash, EntryHash, LogId, Millis, PersonId, VersionHash};
use proofroom_review::statement::{ChecklistAnswer, Condition, UserVerified};
use proofroom_review::{
    Current, Decision, DecisionStatement, Manifest, Route, RouteName, SignMeaning, Stage, StageName,
};
use proofroom_store::Store;
use proofroom_workflow::{AssetState, Phase, RunState, StageState, Warning};

use crate::error::ReplicaError;
use crate::open::{Replica, Step};
use crate::statements::Receipt;

/// What a person decides; the replica adds what they had in front of them.
#[derive(Clone, Debug)]
pub struct DecisionChoice {
    /// The decision.
    pub decision: Decision,
    /// Why.
    pub reason: Option<String>,
    /// What must change, with `approved_with_changes`.
    pub conditions: Vec<Condition>,
    /// The version; the current one unless named.
    pub version: Option<VersionHash>,
    /// The stage; the one that waits for the person unless named.
    pub stage: Option<StageName>,
    /// For whom, under a delegation or as the backup after an escalation.
    pub on_behalf_of: Option<PersonId>,
    /// Answers to the stage's checklist, by the item's name.
    pub answers: Vec<(String, String)>,
    /// The renditions that were looked at.
    pub renditions_viewed: Vec<ContentHash>,
    /// The check results that were on the screen.
    pub checks_seen: Vec<ContentHash>,
    /// How the signer was verified at the signing.
    pub user_verified: Option<UserVerified>,
    /// Offset of the signer's clock from UTC, in minutes.
    pub utc_offset_min: i16,
}

impl DecisionChoice {
    /// A decision on the current version, with nothing else said.
    pub const fn of(decision: Decision) -> Self {
        Self {
            decision,
            reason: None,
            conditions: Vec::new(),
            version: None,
            stage: None,
            on_behalf_of: None,
            answers: Vec::new(),
            renditions_viewed: Vec::new(),
            checks_seen: Vec::new(),
            user_verified: None,
            utc_offset_min: 0,
        }
    }
}

/// Stands for the entry of a statement that is not signed yet.
pub(crate) const UNSIGNED: EntryHash = EntryHash::ZERO;

impl Replica {
    /// Signs a decision on a version of an asset. One that would not count is not signed.
    ///
    /// # Errors
    /// When there is nothing to decide on, nobody asked this person, or the stage's form is not kept.
    pub fn decide(
        &mut self,
        step: &mut Step<'_>,
        asset: AssetId,
        choice: DecisionChoice,
    ) -> Result<(Receipt, DecisionStatement), ReplicaError> {
        self.my_role()?;
        let statement = self.draft_decision(step.store, asset, choice, step.now)?;
        self.would_count(step.store, asset, &statement, step.now)?;
        let receipt = self.sign(step, statement.review, EntryKind::Approval, statement.to_json())?;
        Ok((receipt, statement))
    }

    /// The statement that [`Replica::decide`] would sign: for a ceremony that shows it first.
    ///
    /// # Errors
    /// As there, but for what the form of the stage asks.
    pub fn draft_decision(
        &mut self,
        store: &dyn Store,
        asset: AssetId,
        choice: DecisionChoice,
        now: Millis,
    ) -> Result<DecisionStatement, ReplicaError> {
        let shown = self.shown_asset(store, asset)?;
        let plan = self.plan(store)?;
        let request = shown.request.and_then(|key| plan.request(&key));
        let brief_hash = request.and_then(|r| r.brief_hash().ok());
        let doc = self.workspace.review_doc(asset, Audience::Everyone);
        let view = self.review(store, asset, Audience::Everyone)?;
        let state = self.status(store, asset, now)?;
        let version_hash = chosen(&view.versions, &state.current, choice.version, &shown.name)?;
        let route = self.route(store, asset, version_hash)?;
        let assignee = choice.on_behalf_of.unwrap_or(self.me.person());
        let run = state.run(&version_hash).ok_or_else(|| ReplicaError::NoVersion(shown.name.clone()))?;
        let stage = stage_for(&route, run, assignee, choice.stage.as_ref())?;
        let assignment = stage.reviewers.iter().find(|a| a.person == assignee).map(|a| a.duty);
        let meaning = if choice.decision.approves() && stage.meaning.fits(choice.decision) {
            stage.meaning
        } else {
            SignMeaning::usual(choice.decision)
        };
        let mut open_comments: Vec<_> =
            view.comments.iter().filter(|c| c.state.is_open()).map(|c| c.key).collect();
        open_comments.sort_unstable();
        let signer = self.me.profile.signer();
        let label = view.numbered().into_iter().find(|n| n.version == version_hash).map(|n| n.label);
        let label = label.unwrap_or_else(|| version_hash.short());
        let statement_text = format!(
            "I, {}, decide on {}, version {label} ({}){}: {}.",
            signer.printed_name,
            shown.name,
            version_hash.short(),
            if route.name == RouteName::built_in() {
                String::new()
            } else {
                format!(", stage {}", stage.name)
            },
            choice.decision,
        );
        Ok(DecisionStatement {
            review: doc,
            stage: stage.name.to_string(),
            assignment,
            on_behalf_of: choice.on_behalf_of,
            version_hash,
            renditions_viewed: sorted(choice.renditions_viewed),
            route_hash: run.route_hash,
            brief_hash,
            decision: choice.decision,
            meaning,
            statement_text,
            reason: choice.reason,
            conditions: choice.conditions,
            checklist: answers(stage, choice.answers)?,
            checks_seen: sorted(choice.checks_seen),
            seen_heads: self.seen_heads(store, doc)?,
            open_comments,
            user_verified: choice.user_verified,
            signer,
            claimed_at: now,
            utc_offset_min: choice.utc_offset_min,
        })
    }

    /// Fails with the reason why a decision would not count.
    fn would_count(
        &mut self,
        store: &dyn Store,
        asset: AssetId,
        statement: &DecisionStatement,
        now: Millis,
    ) -> Result<(), ReplicaError> {
        let draft = proofroom_workflow::SignedDecision {
            person: self.me.person(),
            entry: UNSIGNED,
            log: LogId::ZERO,
            seq: 1,
            statement: statement.clone(),
        };
        let state = self.try_out(store, asset, now, |facts| facts.decisions.push(draft))?;
        let route = self.route(store, asset, statement.version_hash)?;
        let stage = route.stage(&statement.stage);
        match why_not(&state, &statement.version_hash) {
            None => Ok(()),
            Some(why) => {
                let answered = |item: &str| statement.checklist.iter().any(|a| a.item == item);
                let items = stage.into_iter().flat_map(|s| &s.checklist).filter(|i| i.required);
                let missing: Vec<String> =
                    items.filter(|i| !answered(&i.item)).map(|i| i.item.clone()).collect();
                Err(ReplicaError::WouldNotCount { why, missing })
            }
        }
    }
}

/// Why the statement that is not signed yet would have no effect.
pub(crate) fn why_not(state: &AssetState, version: &VersionHash) -> Option<String> {
    state.run(version)?.warnings.iter().find_map(|warning| match warning {
        Warning::NotCounted { entry, why, .. } if *entry == UNSIGNED => Some(why.to_string()),
        Warning::NoEffect { entry, why, .. } if *entry == UNSIGNED => Some(why.to_string()),
        _ => None,
    })
}

/// The stage in which somebody decides: the one that was named, else the one that waits for them,
/// else the one that they may still change their mind in.
fn stage_for<'r>(
    route: &'r Route,
    run: &RunState,
    assignee: PersonId,
    named: Option<&StageName>,
) -> Result<&'r Stage, ReplicaError> {
    let names =
        |stages: &[&StageState]| -> Vec<String> { stages.iter().map(|s| s.stage.to_string()).collect() };
    if let Some(name) = named {
        let all: Vec<&StageState> = run.stages.iter().collect();
        return route
            .stage(name.as_str())
            .ok_or_else(|| ReplicaError::NoStage { stage: name.to_string(), stages: names(&all) });
    }
    if let [only] = route.stages.as_slice() {
        return Ok(only);
    }
    let asked: Vec<&StageState> =
        run.stages.iter().filter(|s| s.assignment(&assignee).is_some_and(|a| a.duty.counts())).collect();
    let running: Vec<&StageState> = asked.iter().copied().filter(|s| s.phase == Phase::Running).collect();
    let waiting: Vec<&StageState> = running
        .iter()
        .copied()
        .filter(|s| s.assignment(&assignee).is_some_and(|a| a.end.is_none()))
        .collect();
    let found = [&waiting, &running, &asked].into_iter().find(|stages| !stages.is_empty());
    match found.map(Vec::as_slice) {
        Some([one]) => route
            .stage(one.stage.as_str())
            .ok_or_else(|| ReplicaError::NoStage { stage: one.stage.to_string(), stages: Vec::new() }),
        Some(several) => Err(ReplicaError::WhichStage(names(several))),
        None => Err(ReplicaError::NotAsked),
    }
}

/// Answers by the hash of the text that they answer.
fn answers(stage: &Stage, given: Vec<(String, String)>) -> Result<Vec<ChecklistAnswer>, ReplicaError> {
    let answer = |(name, answer): (String, String)| {
        let item = stage.checklist.iter().find(|i| i.item == name).ok_or_else(|| {
            let items: Vec<&str> = stage.checklist.iter().map(|i| i.item.as_str()).collect();
            let known = if items.is_empty() { "it has none".into() } else { items.join(", ") };
            ReplicaError::Invalid(format!("the checklist of {} has no item `{name}`: {known}", stage.name))
        })?;
        Ok(ChecklistAnswer { item: name, text_hash: item.text_hash(), answer })
    };
    given.into_iter().map(answer).collect()
}

fn sorted<T: Ord>(mut items: Vec<T>) -> Vec<T> {
    items.sort_unstable();
    items.dedup();
    items
}

/// The version that somebody means: the one that they named, or the current one.
pub(crate) fn chosen(
    versions: &BTreeMap<VersionHash, Manifest>,
    current: &Current,
    named: Option<VersionHash>,
    name: &str,
) -> Result<VersionHash, ReplicaError> {
    match (named, current) {
        (Some(version), _) if versions.contains_key(&version) => Ok(version),
        (Some(version), _) => {
            Err(ReplicaError::Invalid(format!("{name} has no version {}", version.short())))
        }
        (None, Current::One(version)) => Ok(*version),
        (None, Current::None) => Err(ReplicaError::NoVersion(name.into())),
        (None, Current::Fork(_)) => Err(ReplicaError::Fork(name.into())),
    }
}
