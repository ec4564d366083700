//! Where the work stands: everything that the workflow reads, gathered and kept evaluated.
//!
//! ```text
//! plan document        --> PlanFacts   calendars, people, delegations, packages
//! review documents     --> AssetFacts  versions, picks, comments, decisions, acts
//!                            \--Evaluation--> one AssetState per asset, packages, reminders
//! ```
//!
//! Facts come from what is kept at rest where it holds, so that looking at a list opens no
//! document. What was evaluated stays: a document with the same stamp is not read again, and one
//! new entry evaluates one asset. Comments of the team take no part, so that all members see the
//! same outcomes.

use std::collections::{BTreeMap, BTreeSet};

use proofroom_authority::Role;
use proofroom_document::DocKind;
use proofroom_ident::{AssetId, Audience, Millis, PersonId, VersionHash};
use proofroom_review::{AssetView, ReviewView, ReviewerRole, Route};
use proofroom_store::Store;
use proofroom_workflow::{AssetFacts, AssetState, Evaluation, PersonFacts, PlanFacts};

use crate::error::ReplicaError;
use crate::open::Replica;
use crate::shown::Stamp;
use crate::statements::{SignedAct, SignedDecision, SignedDelegation, Statements};

/// What was evaluated, and of which state.
#[derive(Default)]
pub(crate) struct Flow(Option<Held>);

struct Held {
    plan_stamp: Stamp,
    plan: PlanFacts,
    evaluation: Evaluation,
    assets: BTreeMap<AssetId, Kept>,
}

struct Kept {
    stamp: Stamp,
    facts: AssetFacts,
}

/// Which assets somebody asks about.
#[derive(Clone, Copy)]
enum Which {
    All,
    One(AssetId),
}

impl Replica {
    /// Where all assets and packages stand at a time, and what is due.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn workflow(&mut self, store: &dyn Store, now: Millis) -> Result<&Evaluation, ReplicaError> {
        Ok(&self.evaluated(store, now, Which::All)?.evaluation)
    }

    /// Where one asset stands at a time.
    ///
    /// # Errors
    /// When there is no such asset, or the store cannot be read.
    pub fn status(
        &mut self,
        store: &dyn Store,
        asset: AssetId,
        now: Millis,
    ) -> Result<AssetState, ReplicaError> {
        let held = self.evaluated(store, now, Which::One(asset))?;
        held.evaluation.asset(&asset).cloned().ok_or(ReplicaError::UnknownAsset(asset))
    }

    /// What an asset is evaluated from.
    ///
    /// # Errors
    /// When there is no such asset, or the store cannot be read.
    pub fn facts(&mut self, store: &dyn Store, asset: AssetId) -> Result<&AssetFacts, ReplicaError> {
        let now = self.flow.0.as_ref().map_or(Millis(0), |held| held.evaluation.now());
        let held = self.evaluated(store, now, Which::One(asset))?;
        held.assets.get(&asset).map(|kept| &kept.facts).ok_or(ReplicaError::UnknownAsset(asset))
    }

    /// What concerns all assets.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn plan_facts(&mut self, store: &dyn Store) -> Result<PlanFacts, ReplicaError> {
        let delegations = self.delegations(store)?;
        let plan = self.plan(store)?;
        let library = &plan.library;
        let members = self.authority.state().members();
        let person = |(person, member): (PersonId, &proofroom_authority::Member)| {
            let peace = library.peace.get(&person).cloned().unwrap_or_default();
            (person, PersonFacts { left: member.removed.is_some(), peace })
        };
        Ok(PlanFacts {
            calendars: library.calendars.clone(),
            people: members.map(person).collect(),
            delegations: delegations.iter().map(delegation).collect(),
            packages: library.packages.clone(),
        })
    }

    /// The route that a version takes.
    ///
    /// # Errors
    /// When there is no such asset, or the store cannot be read.
    pub fn route(
        &mut self,
        store: &dyn Store,
        asset: AssetId,
        version: VersionHash,
    ) -> Result<Route, ReplicaError> {
        Ok(self.facts(store, asset)?.route(version).into_owned())
    }

    /// Where an asset would stand with more facts.
    pub(crate) fn try_out(
        &mut self,
        store: &dyn Store,
        asset: AssetId,
        now: Millis,
        add: impl FnOnce(&mut AssetFacts),
    ) -> Result<AssetState, ReplicaError> {
        let held = self.evaluated(store, now, Which::One(asset))?;
        let kept = held.assets.get(&asset).ok_or(ReplicaError::UnknownAsset(asset))?;
        let mut facts = kept.facts.clone();
        add(&mut facts);
        Ok(held.evaluation.try_out(asset, &facts))
    }

    fn evaluated(&mut self, store: &dyn Store, now: Millis, which: Which) -> Result<&Held, ReplicaError> {
        let plan = self.plan(store)?;
        let plan_stamp = self.stamp(store, self.workspace.plan_doc())?;
        let mut held = self.held_for(store, plan_stamp, now)?;
        match which {
            Which::All => {
                let listed: BTreeSet<AssetId> = plan.assets.iter().map(|a| a.id).collect();
                let gone: Vec<AssetId> =
                    held.assets.keys().filter(|id| !listed.contains(*id)).copied().collect();
                for id in gone {
                    held.assets.remove(&id);
                    held.evaluation.remove(&id);
                }
                for asset in &plan.assets {
                    self.evaluate_one(store, &mut held, asset)?;
                }
            }
            Which::One(id) => {
                let asset = plan.asset(&id).ok_or(ReplicaError::UnknownAsset(id))?;
                self.evaluate_one(store, &mut held, asset)?;
            }
        }
        Ok(self.flow.0.insert(held))
    }

    /// What was evaluated, brought to this plan and this time.
    fn held_for(&mut self, store: &dyn Store, stamp: Stamp, now: Millis) -> Result<Held, ReplicaError> {
        let held = self.flow.0.take();
        if let Some(mut held) = held {
            if held.plan_stamp != stamp {
                let facts = self.plan_facts(store)?;
                if facts != held.plan {
                    let evaluation = Evaluation::new(&facts, now);
                    return Ok(Held { plan_stamp: stamp, plan: facts, evaluation, assets: BTreeMap::new() });
                }
                // Who is asked may have changed, and that is part of no asset's stamp.
                held.plan_stamp = stamp;
                self.reassign(store, &mut held)?;
            }
            let Held { evaluation, assets, .. } = &mut held;
            evaluation.advance(now, |id| assets.get(id).map(|kept| &kept.facts));
            return Ok(held);
        }
        let plan = self.plan_facts(store)?;
        let evaluation = Evaluation::new(&plan, now);
        Ok(Held { plan_stamp: stamp, plan, evaluation, assets: BTreeMap::new() })
    }

    fn reassign(&mut self, store: &dyn Store, held: &mut Held) -> Result<(), ReplicaError> {
        let plan = self.plan(store)?;
        for asset in &plan.assets {
            let Some(kept) = held.assets.get_mut(&asset.id) else { continue };
            let assignments = self.assigned(asset);
            if kept.facts.assignments != assignments {
                kept.facts.assignments = assignments;
                held.evaluation.insert(asset.id, &kept.facts);
            }
        }
        Ok(())
    }

    fn evaluate_one(
        &mut self,
        store: &dyn Store,
        held: &mut Held,
        asset: &AssetView,
    ) -> Result<(), ReplicaError> {
        let doc = self.workspace.review_doc(asset.id, Audience::Everyone);
        let stamp = self.stamp(store, doc)?;
        if held.assets.get(&asset.id).is_some_and(|kept| kept.stamp == stamp) {
            return Ok(());
        }
        let assignments = self.assigned(asset);
        let facts = match self.at_rest(store, doc)? {
            Some(shown) => gathered(&shown.review, assignments, &shown.statements),
            None => {
                let open = self.load_doc(store, DocKind::Review, doc)?;
                gathered(&open.document.review(), assignments, &open.statements)
            }
        };
        held.evaluation.insert(asset.id, &facts);
        held.assets.insert(asset.id, Kept { stamp, facts });
        Ok(())
    }

    fn assigned(&self, asset: &AssetView) -> BTreeMap<PersonId, ReviewerRole> {
        self.assignments(asset).into_iter().collect()
    }

    /// Who is what to an asset's review on the built-in route: as the plan says; where it says
    /// nothing, every reviewer and guest must decide, owners and producers may.
    pub fn assignments(&self, asset: &AssetView) -> Vec<(PersonId, ReviewerRole)> {
        if !asset.assignments.is_empty() {
            return asset.assignments.iter().map(|(person, role)| (*person, *role)).collect();
        }
        let usual = |role| match role {
            Role::Reviewer | Role::Guest => Some(ReviewerRole::MandatoryReviewer),
            Role::Owner | Role::Producer => Some(ReviewerRole::Reviewer),
            Role::Relay => None,
        };
        self.active_people().into_iter().filter_map(|(person, role)| Some((person, usual(role)?))).collect()
    }

    /// The asset of an id.
    pub(crate) fn shown_asset(&mut self, store: &dyn Store, id: AssetId) -> Result<AssetView, ReplicaError> {
        self.plan(store)?.asset(&id).cloned().ok_or(ReplicaError::UnknownAsset(id))
    }
}

fn gathered(
    view: &ReviewView,
    assignments: BTreeMap<PersonId, ReviewerRole>,
    statements: &Statements,
) -> AssetFacts {
    let decisions = statements.decisions.iter().map(decision).collect();
    let acts = statements.acts.iter().filter_map(act).collect();
    AssetFacts::of(view, assignments, decisions, acts)
}

fn decision(d: &SignedDecision) -> proofroom_workflow::SignedDecision {
    proofroom_workflow::SignedDecision {
        person: d.person,
        entry: d.entry,
        log: d.log,
        seq: d.seq,
        statement: d.statement.clone(),
    }
}

/// `None` for no statement that was read back.
fn act(a: &SignedAct) -> Option<proofroom_workflow::SignedAct> {
    let moderator = a.role >= Role::Producer;
    proofroom_workflow::SignedAct::new(a.person, a.entry, a.log, a.seq, moderator, a.statement.clone()).ok()
}

fn delegation(d: &SignedDelegation) -> proofroom_workflow::SignedDelegation {
    proofroom_workflow::SignedDelegation {
        person: d.person,
        entry: d.entry,
        log: d.log,
        seq: d.seq,
        statement: d.statement.clone(),
    }
}
