//! Acts: everything that people sign about a review beside deciding, and delegations.

use proofroom_authority::Role;
use proofroom_entry::EntryKind;
use proofroom_ident::{AssetId, Audience, LogId, PersonId, VersionHash};
use proofroom_review::{Act, ActStatement, Delegation, DelegationStatement, Route, RouteChoice, Submission};
use proofroom_workflow::{Evaluation, Progress, Warning};

use crate::decide::{UNSIGNED, chosen, why_not};
use crate::error::ReplicaError;
use crate::open::{Membership, Replica, Step};
use crate::statements::{Receipt, SignedAct, SignedDelegation, forbidden};

/// What somebody does; the replica adds what they had in front of them.
#[derive(Clone, Debug)]
pub struct ActChoice {
    /// The act.
    pub act: Act,
    /// The version; the current one unless named.
    pub version: Option<VersionHash>,
    /// Why.
    pub reason: Option<String>,
}

impl ActChoice {
    /// An act on the current version, without a reason.
    pub const fn of(act: Act) -> Self {
        Self { act, version: None, reason: None }
    }
}

impl Replica {
    /// Signs an act on a version of an asset. One that would have no effect is not signed.
    ///
    /// # Errors
    /// When there is no such version, the role may not, a reason is missing, or the route does not
    /// take the act.
    pub fn act(
        &mut self,
        step: &mut Step<'_>,
        asset: AssetId,
        choice: ActChoice,
    ) -> Result<(Receipt, ActStatement), ReplicaError> {
        self.may_act(&choice.act)?;
        let shown = self.shown_asset(step.store, asset)?;
        let view = self.review(step.store, asset, Audience::Everyone)?;
        // What was not sent yet is current to those who send, and to nobody else.
        let current = match choice.act {
            Act::Submit(_) | Act::Compare(_) => view.current(),
            _ => self.status(step.store, asset, step.now)?.current,
        };
        let version_hash = chosen(&view.versions, &current, choice.version, &shown.name)?;
        let statement = ActStatement {
            review: self.workspace.review_doc(asset, Audience::Everyone),
            version_hash,
            act: choice.act,
            reason: choice.reason,
            seen_heads: self.seen_heads(step.store, self.workspace.review_doc(asset, Audience::Everyone))?,
            claimed_at: step.now,
        };
        self.would_act(step, asset, &statement)?;
        let receipt = self.sign(step, statement.review, EntryKind::Act, statement.to_json())?;
        Ok((receipt, statement))
    }

    /// Signs an idempotent act, unless it was said already; `None` where it was.
    ///
    /// # Errors
    /// As [`Replica::act`].
    pub fn note(
        &mut self,
        step: &mut Step<'_>,
        asset: AssetId,
        version: VersionHash,
        act: Act,
    ) -> Result<Option<Receipt>, ReplicaError> {
        let me = self.me.person();
        let by_me = matches!(act, Act::Sync | Act::Open);
        let said = |a: &proofroom_workflow::SignedAct| {
            a.statement.version_hash == version && a.statement.act == act && (!by_me || a.person == me)
        };
        if act.is_idempotent() && self.facts(step.store, asset)?.acts.iter().any(said) {
            return Ok(None);
        }
        let choice = ActChoice { act, version: Some(version), reason: None };
        self.act(step, asset, choice).map(|(receipt, _)| Some(receipt))
    }

    /// Says that this person's replica holds the versions that they are asked about, once for each.
    ///
    /// Nobody else can say so honestly, and a receipt for everything that everybody holds would be
    /// most of what a workspace sends. So only those who are waited for write one, and one a version.
    ///
    /// # Errors
    /// When the store fails.
    pub fn note_synced(&mut self, step: &mut Step<'_>) -> Result<Vec<Receipt>, ReplicaError> {
        if !matches!(self.membership(), Membership::Member(_)) {
            return Ok(Vec::new());
        }
        let me = self.me.person();
        let evaluation = self.workflow(step.store, step.now)?;
        let mut asked: Vec<(AssetId, VersionHash)> = Vec::new();
        for (id, state) in evaluation.assets() {
            let unheard = state.heads().filter(|run| {
                let mut mine = run.stages.iter().filter_map(|s| s.assignment(&me));
                mine.any(|a| a.end.is_none() && a.progress == Progress::Asked)
            });
            asked.extend(unheard.map(|run| (*id, run.version)));
        }
        let mut receipts = Vec::new();
        for (asset, version) in asked {
            receipts.extend(self.note(step, asset, version, Act::Sync)?);
        }
        Ok(receipts)
    }

    /// Says that this person looked at a version that they are asked about, once.
    ///
    /// # Errors
    /// When there is no such asset, or the store fails.
    pub fn note_opened(
        &mut self,
        step: &mut Step<'_>,
        asset: AssetId,
        version: VersionHash,
    ) -> Result<Option<Receipt>, ReplicaError> {
        if !matches!(self.membership(), Membership::Member(_)) {
            return Ok(None);
        }
        let me = self.me.person();
        let state = self.status(step.store, asset, step.now)?;
        let asked = state.run(&version).is_some_and(|run| {
            run.assignments().any(|(_, a)| a.person == me && a.end.is_none() && a.progress < Progress::Opened)
        });
        if asked { self.note(step, asset, version, Act::Open) } else { Ok(None) }
    }

    /// Sends a version on a route; on the built-in one without. `chosen` says which rule chose it.
    ///
    /// # Errors
    /// As [`Replica::act`].
    pub fn submit(
        &mut self,
        step: &mut Step<'_>,
        asset: AssetId,
        version: Option<VersionHash>,
        route: Option<Route>,
        chosen_by: Option<RouteChoice>,
    ) -> Result<(Receipt, ActStatement), ReplicaError> {
        let name = self.shown_asset(step.store, asset)?.name;
        let view = self.review(step.store, asset, Audience::Everyone)?;
        let version = chosen(&view.versions, &view.current(), version, &name)?;
        let round = |a: &SignedAct| match &a.statement.act {
            Act::Submit(submission) if a.statement.version_hash == version => submission.round,
            _ => 0,
        };
        let last = self.acts(step.store, asset)?.iter().map(round).max().unwrap_or(0);
        let submission = Submission { round: last.saturating_add(1), route, chosen: chosen_by };
        let act = Act::Submit(Box::new(submission));
        self.act(step, asset, ActChoice { act, version: Some(version), reason: None })
    }

    /// Lets somebody decide for this person, or ends that.
    ///
    /// # Errors
    /// When the other is no member, the period is over, the grant is not theirs, or it would close
    /// a ring.
    pub fn delegate(
        &mut self,
        step: &mut Step<'_>,
        delegation: Delegation,
        reason: Option<String>,
    ) -> Result<(Receipt, DelegationStatement), ReplicaError> {
        self.my_role()?;
        let all = self.delegations(step.store)?;
        self.check_delegation(step, &delegation, &all)?;
        let doc = self.workspace.plan_doc();
        let seen_heads = self.seen_heads(step.store, doc)?;
        let statement = DelegationStatement { delegation, reason, seen_heads, claimed_at: step.now };
        let mut facts = self.plan_facts(step.store)?;
        facts.delegations.push(proofroom_workflow::SignedDelegation {
            person: self.me.person(),
            entry: UNSIGNED,
            log: LogId::ZERO,
            seq: 1,
            statement: statement.clone(),
        });
        let warnings = Evaluation::new(&facts, step.now).view().warnings;
        let ring = |w: &Warning| matches!(w, Warning::DelegationRing { entry, .. } if *entry == UNSIGNED);
        if warnings.iter().any(ring) {
            let why = "it would go round in a ring: whom you name is away as well and names you".into();
            return Err(ReplicaError::Invalid(why));
        }
        let receipt = self.sign(step, doc, EntryKind::Delegation, statement.to_json())?;
        Ok((receipt, statement))
    }

    fn check_delegation(
        &self,
        step: &Step<'_>,
        delegation: &Delegation,
        all: &[SignedDelegation],
    ) -> Result<(), ReplicaError> {
        let me = self.me.person();
        let invalid = |why: &str| Err(ReplicaError::Invalid(why.into()));
        match delegation {
            Delegation::Grant { to, .. } if *to == me => invalid("you decide for yourself already"),
            Delegation::Grant { to, .. } if !self.is_active(to) => {
                Err(ReplicaError::UnknownMember(to.to_string()))
            }
            Delegation::Grant { until, .. } if *until <= step.now => {
                invalid("the delegation would be over before it began")
            }
            Delegation::Revoke { grant } => {
                let mine = all.iter().any(|d| {
                    let granted = matches!(d.statement.delegation, Delegation::Grant { .. });
                    d.entry == *grant && d.person == me && granted
                });
                if mine { Ok(()) } else { invalid("there is no such delegation of yours") }
            }
            Delegation::Grant { .. } => Ok(()),
        }
    }

    fn is_active(&self, person: &PersonId) -> bool {
        self.active_people().iter().any(|(active, _)| active == person)
    }

    /// What the role alone rules out.
    fn may_act(&self, act: &Act) -> Result<(), ReplicaError> {
        let role = self.my_role()?;
        if let Some(what) = forbidden(act, role) {
            self.require(Role::Reviewer, what)?;
        }
        if act.needs_moderator() {
            self.require(Role::Producer, "moderate a review")?;
        }
        Ok(())
    }

    /// Fails with the reason why an act would have no effect.
    fn would_act(
        &mut self,
        step: &Step<'_>,
        asset: AssetId,
        statement: &ActStatement,
    ) -> Result<(), ReplicaError> {
        statement.check().map_err(|e| ReplicaError::Invalid(e.to_string()))?;
        let (me, moderator) = (self.me.person(), self.my_role()? >= Role::Producer);
        let draft = statement.clone();
        let act = proofroom_workflow::SignedAct::new(me, UNSIGNED, LogId::ZERO, 1, moderator, draft)
            .map_err(|e| ReplicaError::Invalid(e.to_string()))?;
        let state = self.try_out(step.store, asset, step.now, |facts| facts.acts.push(act))?;
        match why_not(&state, &statement.version_hash) {
            None => Ok(()),
            Some(why) => Err(ReplicaError::WouldNotCount { why, missing: Vec::new() }),
        }
    }
}
