//! Decisions: standalone signed statements, beside the documents.

use std::collections::BTreeMap;

use proofroom_document::DocKind;
use proofroom_entry::{EntryKind, Verified};
use proofroom_ident::{AssetId, Audience, DocId, EntryHash, LogId, PersonId, SignerKey, VersionHash};
use proofroom_review::statement::{Condition, SeenHead};
use proofroom_review::{Current, Decision, DecisionStatement, ReviewView, SignMeaning, StatementError};
use proofroom_store::Store;

use crate::docs::Opened;
use crate::error::ReplicaError;
use crate::open::{Replica, Step};

/// The stage of the built-in route.
pub(crate) const STAGE: &str = "review";

/// An act became durable here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
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
    /// Offset of the signer's clock from UTC, in minutes.
    pub utc_offset_min: i16,
}

/// A decision and the entry that proves it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SignedDecision {
    /// The entry.
    pub entry: EntryHash,
    /// The device that signed.
    pub device: SignerKey,
    /// Its person, by the membership log.
    pub person: PersonId,
    /// The entry's log.
    pub log: LogId,
    /// The entry's position.
    pub seq: u64,
    /// What was signed.
    pub statement: DecisionStatement,
}

impl SignedDecision {
    /// Reads an opened approval entry; the statement must be about its own document.
    pub(crate) fn open(item: &Opened) -> Result<Self, StatementError> {
        let json = String::from_utf8_lossy(&item.plain);
        let statement = DecisionStatement::from_json(&json)?;
        let h = item.entry.header();
        if statement.review != h.doc {
            return Err(StatementError::OtherReview);
        }
        Ok(Self {
            entry: item.entry.hash(),
            device: h.author,
            person: item.person,
            log: h.log,
            seq: h.seq,
            statement,
        })
    }
}

impl Replica {
    /// Signs a decision on a version of an asset.
    pub fn decide(
        &mut self,
        step: &mut Step<'_>,
        asset: AssetId,
        choice: DecisionChoice,
    ) -> Result<(Receipt, DecisionStatement), ReplicaError> {
        self.my_role()?;
        self.ensure_keys(step)?;
        let statement = self.statement(step, asset, choice)?;
        let json = statement.to_json().map_err(|e| ReplicaError::Invalid(e.to_string()))?;
        let doc = statement.review;
        let entry = self.append(step, doc, Audience::Everyone, EntryKind::Approval, json.as_bytes(), None)?;
        Ok((Receipt::of(&entry), statement))
    }

    /// All decisions on an asset, on any version, in order of arrival.
    pub fn decisions(
        &mut self,
        store: &dyn Store,
        asset: AssetId,
    ) -> Result<Vec<SignedDecision>, ReplicaError> {
        let doc = self.workspace.review_doc(asset, Audience::Everyone);
        Ok(self.load_doc(store, DocKind::Review, doc)?.decisions.clone())
    }

    fn statement(
        &mut self,
        step: &Step<'_>,
        asset: AssetId,
        choice: DecisionChoice,
    ) -> Result<DecisionStatement, ReplicaError> {
        let plan = self.plan(step.store)?;
        let shown = plan.asset(&asset).ok_or(ReplicaError::UnknownAsset(asset))?;
        let request = shown.request.and_then(|key| plan.request(&key));
        let brief_hash = request.and_then(|r| r.brief_hash().ok());
        let assignment =
            self.assignments(shown).into_iter().find(|(p, _)| *p == self.me.person()).map(|(_, r)| r);
        let name = shown.name.clone();
        let doc = self.workspace.review_doc(asset, Audience::Everyone);
        let view = self.review(step.store, asset, Audience::Everyone)?;
        let version_hash = chosen(&view, choice.version, &name)?;
        let mut open_comments: Vec<_> =
            view.comments.iter().filter(|c| c.state.is_open()).map(|c| c.key).collect();
        open_comments.sort_unstable();
        let signer = self.me.profile.signer();
        Ok(DecisionStatement {
            review: doc,
            stage: STAGE.into(),
            assignment,
            on_behalf_of: None,
            version_hash,
            renditions_viewed: Vec::new(),
            route_hash: None,
            brief_hash,
            decision: choice.decision,
            meaning: SignMeaning::usual(choice.decision),
            statement_text: sentence(&view, choice.decision, &name, version_hash, &signer.printed_name),
            reason: choice.reason,
            conditions: choice.conditions,
            checklist: Vec::new(),
            checks_seen: Vec::new(),
            seen_heads: self.seen_heads(step.store, doc)?,
            open_comments,
            signer,
            claimed_at: step.now,
            utc_offset_min: choice.utc_offset_min,
        })
    }

    /// The causal frontier: how much of each log of the review is in front of this person.
    fn seen_heads(
        &mut self,
        store: &dyn Store,
        doc: DocId,
    ) -> Result<BTreeMap<LogId, SeenHead>, ReplicaError> {
        let clock = self.load_doc(store, DocKind::Review, doc)?.clock.clone();
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

fn chosen(view: &ReviewView, named: Option<VersionHash>, name: &str) -> Result<VersionHash, ReplicaError> {
    match (named, view.current()) {
        (Some(version), _) if view.versions.contains_key(&version) => Ok(version),
        (Some(version), _) => {
            Err(ReplicaError::Invalid(format!("{name} has no version {}", version.short())))
        }
        (None, Current::One(version)) => Ok(version),
        (None, Current::None) => Err(ReplicaError::NoVersion(name.into())),
        (None, Current::Fork(_)) => Err(ReplicaError::Fork(name.into())),
    }
}

fn sentence(view: &ReviewView, decision: Decision, name: &str, version: VersionHash, signer: &str) -> String {
    let label = view.numbered().into_iter().find(|n| n.version == version).map(|n| n.label);
    let label = label.unwrap_or_else(|| version.short());
    format!("I, {signer}, decide on {name}, version {label} ({}): {decision}.", version.short())
}
