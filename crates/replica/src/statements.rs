//! What people sign beside the documents: decisions, acts and delegations, as standalone statements.
//!
//! ```text
//! Approval    a decision on a version       the asset's review document, for everyone
//! Act         anything else about it        the same
//! Delegation  who may decide for whom       the plan
//! Record      what becomes of records       the document that it is about
//! ```
//!
//! Each carries the frontier that its signer had in front of them. They travel one by one, are
//! held back with their log, and count or do not count by `workflow` alone; what is refused here
//! is what no reading of them could let count.

use std::collections::BTreeMap;

use proofroom_authority::Role;
use proofroom_entry::{EntryKind, Verified};
use proofroom_ident::{AssetId, Audience, DocId, EntryHash, LogId, PersonId, SignerKey};
use proofroom_review::statement::SeenHead;
use proofroom_review::{
    Act, ActStatement, DecisionStatement, DelegationStatement, RecordStatement, StatementError,
};
use proofroom_store::Store;
use serde::{Deserialize, Serialize};

use crate::docs::{OpenDoc, Opened};
use crate::error::ReplicaError;
use crate::open::{Replica, Step};

/// An act became durable here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// The entry that holds it.
    pub entry: EntryHash,
    /// Its document.
    pub doc: DocId,
    /// Its log.
    pub log: LogId,
    /// Its position.
    pub seq: u64,
}

impl Receipt {
    pub(crate) fn of(entry: &Verified) -> Self {
        let h = entry.header();
        Self { entry: entry.hash(), doc: h.doc, log: h.log, seq: h.seq }
    }
}

/// A statement and the entry that proves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedStatement<T> {
    /// The entry.
    pub entry: EntryHash,
    /// The device that signed.
    pub device: SignerKey,
    /// Its person, by the membership log.
    pub person: PersonId,
    /// Their role at that entry.
    pub role: Role,
    /// The entry's log.
    pub log: LogId,
    /// The entry's position.
    pub seq: u64,
    /// What was signed.
    pub statement: T,
}

/// A decision and the entry that proves it.
pub type SignedDecision = SignedStatement<DecisionStatement>;
/// An act and the entry that proves it.
pub type SignedAct = SignedStatement<ActStatement>;
/// A delegation and the entry that proves it.
pub type SignedDelegation = SignedStatement<DelegationStatement>;
/// A record about records and the entry that proves it.
pub type SignedRecord = SignedStatement<RecordStatement>;

/// The statements of a document, in order of arrival.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Statements {
    pub(crate) decisions: Vec<SignedDecision>,
    pub(crate) acts: Vec<SignedAct>,
    pub(crate) delegations: Vec<SignedDelegation>,
    pub(crate) records: Vec<SignedRecord>,
}

/// Why an opened entry is no statement that could count.
#[derive(Debug, thiserror::Error)]
enum Unfit {
    #[error(transparent)]
    Statement(#[from] StatementError),
    #[error("a {role} may not {what}")]
    Role { role: Role, what: &'static str },
    #[error("statements of this kind lie in {0}")]
    Misplaced(&'static str),
}

impl Statements {
    /// Reads an opened entry of one of the four kinds.
    pub(crate) fn take(open: &mut OpenDoc, item: &Opened, plan: DocId) {
        let statements = &mut open.statements;
        let taken = match item.entry.header().kind {
            EntryKind::Approval => decision(item, plan).map(|d| statements.decisions.push(d)),
            EntryKind::Act => act(item, plan).map(|a| statements.acts.push(a)),
            EntryKind::Delegation => delegation(item, plan).map(|d| statements.delegations.push(d)),
            EntryKind::Record => record(item).map(|r| statements.records.push(r)),
            EntryKind::Authority | EntryKind::Change | EntryKind::Profile | EntryKind::Receipt => return,
        };
        match taken {
            Ok(()) => open.changed.statements = true,
            Err(e) => drop(open.refused.insert(item.entry.hash(), e.to_string())),
        }
    }
}

fn decision(item: &Opened, plan: DocId) -> Result<SignedDecision, Unfit> {
    let decision = signed(item, DecisionStatement::from_json(&text(item))?);
    of_review(item, plan, decision.statement.review)?;
    Ok(decision)
}

fn act(item: &Opened, plan: DocId) -> Result<SignedAct, Unfit> {
    let act = signed(item, ActStatement::from_json(&text(item))?);
    of_review(item, plan, act.statement.review)?;
    match forbidden(&act.statement.act, item.role) {
        Some(what) => Err(Unfit::Role { role: item.role, what }),
        None => Ok(act),
    }
}

fn delegation(item: &Opened, plan: DocId) -> Result<SignedDelegation, Unfit> {
    let delegation = signed(item, DelegationStatement::from_json(&text(item))?);
    if item.entry.header().doc == plan { Ok(delegation) } else { Err(Unfit::Misplaced("the plan")) }
}

fn record(item: &Opened) -> Result<SignedRecord, Unfit> {
    let record = signed(item, RecordStatement::from_json(&text(item))?);
    if record.statement.doc == item.entry.header().doc {
        Ok(record)
    } else {
        Err(StatementError::OtherReview.into())
    }
}

/// A statement about a review lies in the review's own document, for everyone.
fn of_review(item: &Opened, plan: DocId, review: DocId) -> Result<(), Unfit> {
    let h = item.entry.header();
    if h.doc == plan || h.audience != Audience::Everyone {
        return Err(Unfit::Misplaced("a review's document, for everyone"));
    }
    if review == h.doc { Ok(()) } else { Err(StatementError::OtherReview.into()) }
}

/// What a role may not say, whatever the route asks. What only a moderator or an author may, `workflow` decides,
/// so that a vain attempt is seen.
pub(crate) fn forbidden(act: &Act, role: Role) -> Option<&'static str> {
    if role >= Role::Reviewer { None } else { act.not_for_guests() }
}

fn text(item: &Opened) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(&item.plain)
}

fn signed<T>(item: &Opened, statement: T) -> SignedStatement<T> {
    let h = item.entry.header();
    SignedStatement {
        entry: item.entry.hash(),
        device: h.author,
        person: item.person,
        role: item.role,
        log: h.log,
        seq: h.seq,
        statement,
    }
}

impl Replica {
    /// All decisions on an asset, on any version, in order of arrival.
    pub fn decisions(
        &mut self,
        store: &dyn Store,
        asset: AssetId,
    ) -> Result<Vec<SignedDecision>, ReplicaError> {
        let doc = self.workspace.review_doc(asset, Audience::Everyone);
        if let Some(shown) = self.at_rest(store, doc)? {
            return Ok(shown.statements.decisions.clone());
        }
        Ok(self.load_doc(store, self.kind_of(doc), doc)?.statements.decisions.clone())
    }

    /// All acts on an asset, on any version, in order of arrival.
    pub fn acts(&mut self, store: &dyn Store, asset: AssetId) -> Result<Vec<SignedAct>, ReplicaError> {
        let doc = self.workspace.review_doc(asset, Audience::Everyone);
        if let Some(shown) = self.at_rest(store, doc)? {
            return Ok(shown.statements.acts.clone());
        }
        Ok(self.load_doc(store, self.kind_of(doc), doc)?.statements.acts.clone())
    }

    /// All delegations and revocations, in order of arrival.
    pub fn delegations(&mut self, store: &dyn Store) -> Result<Vec<SignedDelegation>, ReplicaError> {
        let doc = self.workspace.plan_doc();
        if let Some(shown) = self.at_rest(store, doc)? {
            return Ok(shown.statements.delegations.clone());
        }
        Ok(self.load_doc(store, self.kind_of(doc), doc)?.statements.delegations.clone())
    }

    /// What members signed about the records of a document, in order of arrival.
    pub fn records(&mut self, store: &dyn Store, doc: DocId) -> Result<Vec<SignedRecord>, ReplicaError> {
        if let Some(shown) = self.at_rest(store, doc)? {
            return Ok(shown.statements.records.clone());
        }
        Ok(self.load_doc(store, self.kind_of(doc), doc)?.statements.records.clone())
    }

    /// Signs a statement and makes it durable.
    pub(crate) fn sign(
        &mut self,
        step: &mut Step<'_>,
        doc: DocId,
        kind: EntryKind,
        json: Result<String, StatementError>,
    ) -> Result<Receipt, ReplicaError> {
        let json = json.map_err(|e| ReplicaError::Invalid(e.to_string()))?;
        self.ensure_keys(step)?;
        let entry = self.append(step, doc, doc.audience(), kind, json.as_bytes(), None)?;
        Ok(Receipt::of(&entry))
    }

    /// The causal frontier: how much of each log of a document is in front of this person.
    pub(crate) fn seen_heads(
        &mut self,
        store: &dyn Store,
        doc: DocId,
    ) -> Result<BTreeMap<LogId, SeenHead>, ReplicaError> {
        let kind = self.kind_of(doc);
        let clock = self.load_doc(store, kind, doc)?.clock.clone();
        let mut seen = BTreeMap::new();
        for (log, seq) in clock {
            let hash = match store.entry(self.workspace, doc, log, seq)? {
                Some(entry) => Some(entry.hash()),
                None => {
                    let base = store.base(self.workspace, doc, log)?;
                    base.filter(|base| base.header().seq == seq).map(|base| base.hash())
                }
            };
            if let Some(hash) = hash {
                seen.insert(log, SeenHead { seq, hash });
            }
        }
        Ok(seen)
    }
}
