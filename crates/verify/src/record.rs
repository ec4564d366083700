//! The record: what was recomputed, as plain data for reports and programs.

use std::collections::BTreeMap;

use proofroom_authority::Role;
use proofroom_certificate::{About, BriefPaper, Certificate, Maker, Subject, Withheld};
use proofroom_ident::{
    AssetId, Audience, DocId, EntryHash, LogId, Millis, PersonId, SignerKey, VersionHash, WorkspaceId,
};
use proofroom_review::{
    ActStatement, Category, CommentView, DecisionStatement, LegalBasis, Manifest, Outcome, RecordAct,
};
use proofroom_workflow::RunState;
use proofroom_workflow::view::Interval;
use serde::Serialize;

use crate::outcome::Folded;
use crate::papers::{Paper, label};
use crate::people::People;
use crate::shown::{Doc, Shown, kind};
use crate::slice::Slice;

/// What was recomputed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Record {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// What its members call it; the maker's word.
    pub workspace_name: String,
    /// What was certified.
    pub subject: Subject,
    /// The outcome of it.
    pub outcome: Outcome,
    /// The moment for which it was computed.
    pub as_of: Millis,
    /// Who made the certificate.
    pub maker: Maker,
    /// The assets.
    pub assets: Vec<AssetRecord>,
    /// Members and former members.
    pub people: Vec<PersonRecord>,
    /// How far the certificate goes: the last entry of every log.
    pub heads: Vec<HeadRecord>,
    /// Entries of which the payload is withheld.
    pub redactions: Vec<RedactionRecord>,
    /// What was erased, by whom and on what ground.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub erasures: Vec<ErasureRecord>,
    /// Holds and periods of retention that its maker knew to be in force.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keepings: Vec<KeepingRecord>,
    /// What the certificate does not prove.
    pub not_proved: Vec<String>,
}

/// One asset.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AssetRecord {
    /// The asset.
    pub asset: AssetId,
    /// Its name; the maker's word.
    pub name: String,
    /// Its category; the maker's word.
    pub category: Category,
    /// Its brief, where it answers one; decisions name its hash.
    pub brief: Option<BriefPaper>,
    /// The certified version; absent for a package's review as a whole.
    pub certified: Option<VersionHash>,
    /// Its versions, oldest first.
    pub versions: Vec<VersionRecord>,
    /// The review of each version, oldest first, as folded.
    pub runs: Vec<RunState>,
    /// All decisions, in the order of their claimed times.
    pub decisions: Vec<DecisionRecord>,
    /// All acts, in the order of their claimed times.
    pub acts: Vec<ActRecord>,
    /// All comments, by time of creation.
    pub comments: Vec<CommentView>,
    /// Whether versions and comments were made again from signed changes.
    pub rebuilt: bool,
    /// Results of checks.
    pub checks: Vec<String>,
}

/// One version.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VersionRecord {
    /// Its identity.
    pub version: VersionHash,
    /// What people call it.
    pub label: String,
    /// What it is.
    pub manifest: Manifest,
}

/// One decision.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DecisionRecord {
    /// The entry.
    pub entry: EntryHash,
    /// Who signed.
    pub person: PersonId,
    /// With which device.
    pub device: SignerKey,
    /// The version that it is about.
    pub version_label: String,
    /// Whether it counts in the certified outcome.
    pub counts: bool,
    /// When it can have been, as far as others witnessed it.
    pub within: Interval,
    /// By when it was there, as authorities for time say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stamps: Vec<StampRecord>,
    /// By when relays held it, as they say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<WordRecord>,
    /// What was signed.
    pub statement: DecisionStatement,
}

/// A time stamp (RFC 3161) over a receipt for a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StampRecord {
    /// The receipt's entry.
    pub entry: EntryHash,
    /// The moment by which the decision was there, by the authority's clock.
    pub at: Millis,
    /// The authority, as its certificate calls it.
    pub authority: String,
    /// The SHA-256 of its certificate, in hexadecimal.
    pub certificate: String,
    /// Whether an authority whom the reader believes vouches for it.
    pub vouched: bool,
}

/// A relay's word in a receipt for a decision: that it held it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WordRecord {
    /// The receipt's entry.
    pub entry: EntryHash,
    /// The moment by which the decision was there, by the relay's clock.
    pub at: Millis,
    /// The relay's key.
    pub relay: SignerKey,
    /// Whether the reader believes it.
    pub believed: bool,
}

/// One act.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ActRecord {
    /// The entry.
    pub entry: EntryHash,
    /// Who signed.
    pub person: PersonId,
    /// What was signed.
    pub statement: ActStatement,
}

/// One member, or former member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PersonRecord {
    /// Their key.
    pub person: PersonId,
    /// Their name, in their own words, where it is shown.
    pub name: Option<String>,
    /// For whom they work, in their own words.
    pub organisation: Option<String>,
    /// What they are, in their own words.
    pub role_title: Option<String>,
    /// Their role in the workspace, or the last one.
    pub role: Role,
    /// The membership entry that admitted them.
    pub admitted_by: EntryHash,
    /// Who invited them; nobody invited the founder.
    pub invited_by: Option<PersonId>,
    /// The membership entry that ended it.
    pub removed_by: Option<EntryHash>,
    /// Their devices.
    pub devices: Vec<DeviceRecord>,
}

/// One device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeviceRecord {
    /// Its signing key.
    pub signing: SignerKey,
    /// The device that vouched for it; absent where the person's own key did.
    pub vouched_by: Option<SignerKey>,
    /// The membership entry that added it.
    pub added_by: EntryHash,
    /// The membership entry that ended it.
    pub removed_by: Option<EntryHash>,
}

/// How far a log goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeadRecord {
    /// The document.
    pub doc: DocId,
    /// The log.
    pub log: LogId,
    /// The device that writes it.
    pub device: SignerKey,
    /// The position of its last entry.
    pub seq: u64,
    /// Its hash.
    pub hash: EntryHash,
}

/// Words or files that were erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErasureRecord {
    /// The statement's entry.
    pub entry: EntryHash,
    /// Who erased.
    pub person: PersonId,
    /// When they say they did.
    pub claimed_at: Millis,
    /// On what ground.
    pub basis: LegalBasis,
    /// Why, in their words.
    pub reason: String,
    /// What, as people call it.
    pub what: Vec<String>,
}

/// A legal hold, or a period of retention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeepingRecord {
    /// The statement's entry.
    pub entry: EntryHash,
    /// Who signed it.
    pub person: PersonId,
    /// When they say they did.
    pub claimed_at: Millis,
    /// The class of records that are kept; absent for a hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Until when; a hold may have no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Millis>,
    /// Why, in their words.
    pub reason: String,
}

/// The holds and periods of retention that are shown.
fn keepings(shown: &Shown) -> Vec<KeepingRecord> {
    let records = shown.docs.values().flat_map(|doc| &doc.records);
    let keeping = |r: &crate::shown::SignedRecord| {
        let (class, until) = match &r.statement.act {
            RecordAct::Hold { until, .. } => (None, *until),
            RecordAct::Retain { class, until, .. } => (Some(class.clone()), Some(*until)),
            RecordAct::Erase(_) | RecordAct::Release { .. } => return None,
        };
        let (claimed_at, reason) = (r.statement.claimed_at, r.statement.reason.clone());
        Some(KeepingRecord { entry: r.entry, person: r.person, claimed_at, class, until, reason })
    };
    let mut out: Vec<KeepingRecord> = records.filter_map(keeping).collect();
    out.sort_by_key(|k| (k.claimed_at, k.entry));
    out
}

/// A payload that is withheld.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RedactionRecord {
    /// The entry.
    pub entry: EntryHash,
    /// What it is.
    pub kind: &'static str,
    /// Who wrote it.
    pub device: SignerKey,
    /// When they say they did.
    pub claimed_at: Millis,
    /// Why it is withheld.
    pub why: Withheld,
}

pub(crate) fn write(
    certificate: &Certificate,
    slice: &Slice,
    shown: &Shown,
    papers: &BTreeMap<AssetId, Paper>,
    people: &People,
    folded: &Folded,
) -> Record {
    let about = certificate.about();
    let heads = slice.tips().map(|item| {
        let h = item.header();
        HeadRecord { doc: h.doc, log: h.log, device: h.author, seq: h.seq, hash: item.head.hash() }
    });
    let redactions = shown.redactions.iter().map(|(head, why)| {
        let h = head.header();
        RedactionRecord {
            entry: head.hash(),
            kind: kind(h),
            device: h.author,
            claimed_at: h.claimed_at,
            why: *why,
        }
    });
    let none = Doc::default();
    let assets = about.assets.iter().filter_map(|paper| {
        let doc =
            shown.docs.get(&about.workspace.review_doc(paper.asset, Audience::Everyone)).unwrap_or(&none);
        let runs = folded.view.assets.get(&paper.asset).map(|state| state.runs.clone()).unwrap_or_default();
        let rebuilt = papers.get(&paper.asset)?;
        let versions = rebuilt.view.numbered().into_iter().filter_map(|n| {
            let manifest = rebuilt.view.versions.get(&n.version)?.clone();
            Some(VersionRecord { version: n.version, label: n.label, manifest })
        });
        let mut acts: Vec<ActRecord> = doc
            .acts
            .iter()
            .map(|a| ActRecord { entry: a.entry, person: a.person, statement: a.statement.clone() })
            .collect();
        acts.sort_by_key(|a| (a.statement.claimed_at, a.entry));
        Some(AssetRecord {
            asset: paper.asset,
            name: paper.name.clone(),
            category: paper.category,
            brief: paper.brief.clone(),
            certified: about.subject.versions().into_iter().find(|(a, _)| *a == paper.asset).map(|(_, v)| v),
            versions: versions.collect(),
            runs,
            decisions: decisions(slice, doc, rebuilt, folded),
            acts,
            comments: rebuilt.view.comments.clone(),
            rebuilt: rebuilt.rebuilt,
            checks: paper.checks.clone(),
        })
    });
    Record {
        workspace: about.workspace,
        workspace_name: about.workspace_name.clone(),
        subject: about.subject.clone(),
        outcome: folded.outcome,
        as_of: about.as_of,
        maker: certificate.maker().clone(),
        assets: assets.collect(),
        people: people.all().cloned().collect(),
        heads: heads.collect(),
        redactions: redactions.collect(),
        erasures: folded.erasures.clone(),
        keepings: keepings(shown),
        not_proved: not_proved(about, certificate, papers),
    }
}

fn decisions(slice: &Slice, doc: &Doc, paper: &Paper, folded: &Folded) -> Vec<DecisionRecord> {
    let device = |d: &proofroom_workflow::SignedDecision| {
        let log = slice.logs.get(&(d.statement.review, d.log)).and_then(|log| log.items.first());
        log.map_or(SignerKey::ZERO, |item| item.header().author)
    };
    let mut out: Vec<DecisionRecord> = doc
        .decisions
        .iter()
        .map(|d| {
            let counted = folded.counted.get(&d.entry);
            DecisionRecord {
                entry: d.entry,
                person: d.person,
                device: device(d),
                version_label: label(&paper.view, &d.statement.version_hash),
                counts: counted.is_some(),
                within: counted.map(|c| c.within).unwrap_or_default(),
                stamps: folded.stamps.get(&d.entry).cloned().unwrap_or_default(),
                words: folded.words.get(&d.entry).cloned().unwrap_or_default(),
                statement: d.statement.clone(),
            }
        })
        .collect();
    out.sort_by_key(|d| (d.statement.claimed_at, d.entry));
    out
}

/// What no certificate of this kind can prove, and what this one does not.
fn not_proved(about: &About, certificate: &Certificate, papers: &BTreeMap<AssetId, Paper>) -> Vec<String> {
    let maker = &certificate.maker().printed_name;
    let mut out = vec![
        "Who people are beyond their keys: names and organisations are their own words, vouched for by \
         whoever invited them."
            .to_owned(),
        "That nobody holds more: it is complete as of the heads listed, and what was written elsewhere by \
         then, or later, is not in it."
            .to_owned(),
        "When people signed, more closely than others witnessed it: the times are their own clocks'."
            .to_owned(),
        format!(
            "What the plan says, which is {maker}'s word: the names of workspace and assets, whom the built-in \
             route asks, calendars, packages."
        ),
    ];
    if about.assets.iter().any(|a| papers.get(&a.asset).is_some_and(|p| !p.rebuilt)) {
        out.push(format!(
            "Which versions there are, and the comments: they are not shown, and the list is {maker}'s word."
        ));
    }
    if about.assets.iter().any(|a| !a.checks.is_empty()) {
        out.push("That checks were run as they say; decisions name those that their signers saw.".to_owned());
    }
    out
}
