//! The outcome, folded again from what was signed, and what the table says of it.

use std::collections::{BTreeMap, BTreeSet};

use proofroom_authority::Op;
use proofroom_certificate::{About, AssetPaper, Certificate, Subject};
use proofroom_ident::{AssetId, Audience, EntryHash, HashWords as _, Millis, VersionHash};
use proofroom_review::{ERASED_TEXT, Outcome, Package, RecordAct};
use proofroom_workflow::calendar::zones_version;
use proofroom_workflow::view::CountedDecision;
use proofroom_workflow::{
    AssetFacts, AssetState, PersonFacts, PlanFacts, RunState, SignedDecision, WorkflowInput, WorkflowView,
    evaluate,
};

use crate::papers::{Paper, label};
use crate::people::People;
use crate::record::{ErasureRecord, StampRecord, WordRecord};
use crate::shown::{Doc, Shown};
use crate::slice::Slice;
use crate::table::{Check, Table, s};

/// What follows from the signed entries.
pub(crate) struct Folded {
    pub view: WorkflowView,
    /// The outcome of what was certified.
    pub outcome: Outcome,
    /// The decisions that count, by their entry or that of the act that carried them forward.
    pub counted: BTreeMap<EntryHash, CountedDecision>,
    /// What authorities for time say of decisions that count.
    pub stamps: BTreeMap<EntryHash, Vec<StampRecord>>,
    /// What relays say of them.
    pub words: BTreeMap<EntryHash, Vec<WordRecord>>,
    /// What was erased.
    pub erasures: Vec<ErasureRecord>,
}

pub(crate) fn fold(
    certificate: &Certificate,
    slice: &Slice,
    shown: &Shown,
    papers: &BTreeMap<AssetId, Paper>,
    people: &People,
    table: &mut Table,
) -> Folded {
    let about = certificate.about();
    check_moment(about, certificate.maker().made_at, slice, table);
    let view = evaluate(&input(about, slice, shown, papers), about.as_of);
    let outcome = match &about.subject {
        Subject::Version { asset, version } => outcome_of(view.assets.get(asset), version),
        Subject::Package { .. } => view.packages.first().map_or(Outcome::Pending, |p| p.outcome),
    };
    let mut counted = BTreeMap::new();
    let reading = Reading { about, shown, papers, people };
    reading.withheld(table);
    let erasures = erasures(slice, shown);
    reading.erased(&erasures, table);
    for (asset, version) in subjects(about, &view) {
        let Some(run) = view.assets.get(&asset).and_then(|state| state.run(&version)) else { continue };
        let decisions = run.stages.iter().flat_map(|s| &s.assignments).filter_map(|a| a.decision);
        counted.extend(decisions.map(|d| (d.entry, d)));
        reading.run(&asset, run, table);
    }
    reading.route(outcome, table);
    reading.decisions(&counted, table);
    if about.zones != zones_version() {
        let (here, there) = (zones_version(), &about.zones);
        table.note(
            Check::Route,
            format!("deadlines are computed with time zones {here}; the maker had {there}"),
        );
    }
    Folded { view, outcome, counted, stamps: BTreeMap::new(), words: BTreeMap::new(), erasures }
}

/// The erasures that were carried out: signed by who may, and named by the membership log.
fn erasures(slice: &Slice, shown: &Shown) -> Vec<ErasureRecord> {
    let state = slice.membership.state();
    let entries = state.erased().map(|(_, by)| by);
    let named = entries.chain(state.erased_blobs().map(|(_, by)| by)).filter_map(|by| {
        match slice.membership.op(by)? {
            Op::Erase { statement, .. } => Some(*statement),
            _ => None,
        }
    });
    let named: BTreeSet<EntryHash> = named.collect();
    let records = shown.docs.values().flat_map(|doc| &doc.records).filter(|r| named.contains(&r.entry));
    let mut out: Vec<ErasureRecord> = records
        .filter_map(|r| {
            let RecordAct::Erase(erasure) = &r.statement.act else { return None };
            Some(ErasureRecord {
                entry: r.entry,
                person: r.person,
                claimed_at: r.statement.claimed_at,
                basis: erasure.basis,
                reason: r.statement.reason.clone(),
                what: erasure.what.iter().map(ToString::to_string).collect(),
            })
        })
        .collect();
    out.sort_by_key(|e| (e.claimed_at, e.entry));
    out
}

/// The outcome is that of a moment which has been: not before the last entry, not after the making.
fn check_moment(about: &About, made_at: Millis, slice: &Slice, table: &mut Table) {
    let reviews: Vec<_> =
        about.assets.iter().map(|a| about.workspace.review_doc(a.asset, Audience::Everyone)).collect();
    let entries = slice.logs.values().flat_map(|log| &log.items).map(|item| item.header());
    let last = entries.filter(|h| reviews.contains(&h.doc)).map(|h| h.claimed_at).max().unwrap_or_default();
    if about.as_of < last || about.as_of > made_at.max(last) {
        let (as_of, last, made) = (time(about.as_of), time(last), time(made_at));
        let why = format!(
            "the outcome is told as of {as_of}; the last entry is of {last}, the certificate of {made}"
        );
        table.fail(Check::Route, why);
    }
}

fn outcome_of(state: Option<&AssetState>, version: &VersionHash) -> Outcome {
    let Some(state) = state else { return Outcome::Pending };
    match (covered(state, version), state.run(version)) {
        (Some(_), _) => Outcome::Approved,
        (None, run) => run.map_or(Outcome::Pending, |run| run.outcome),
    }
}

/// The earlier version whose approval with changes covers this one, with every condition met.
fn covered(state: &AssetState, version: &VersionHash) -> Option<VersionHash> {
    state.release.covered_by.filter(|_| state.release.version == Some(*version))
}

/// The versions whose decisions make the outcome: those certified, or the earlier ones that cover them; of a
/// package's review as a whole, the current one.
fn subjects(about: &About, view: &WorkflowView) -> Vec<(AssetId, VersionHash)> {
    let mut out = about.subject.versions();
    if let Subject::Package { package: Package { whole: Some(whole), .. } } = &about.subject {
        let current = view.assets.get(whole).map(|state| state.current.heads().to_vec());
        out.extend(current.unwrap_or_default().into_iter().map(|version| (*whole, version)));
    }
    let earlier = |(asset, version): &(AssetId, VersionHash)| {
        view.assets.get(asset).and_then(|state| covered(state, version)).map(|earlier| (*asset, earlier))
    };
    out.extend(out.clone().iter().filter_map(earlier));
    out
}

fn input(about: &About, slice: &Slice, shown: &Shown, papers: &BTreeMap<AssetId, Paper>) -> WorkflowInput {
    let state = slice.membership.state();
    let left = state
        .members()
        .map(|(person, m)| (person, PersonFacts { left: !m.is_active(), ..PersonFacts::default() }));
    let packages = match &about.subject {
        Subject::Package { package } => vec![package.clone()],
        Subject::Version { .. } => Vec::new(),
    };
    let plan = PlanFacts {
        calendars: about.calendars.clone(),
        people: left.collect(),
        delegations: shown.delegations.clone(),
        packages,
    };
    let none = Doc::default();
    let facts = about.assets.iter().filter_map(|asset| {
        let paper = papers.get(&asset.asset)?;
        let doc = about.workspace.review_doc(asset.asset, Audience::Everyone);
        let doc = shown.docs.get(&doc).unwrap_or(&none);
        let (decisions, acts) = (doc.decisions.clone(), doc.acts.clone());
        Some((asset.asset, AssetFacts::of(&paper.view, asset.assignments.clone(), decisions, acts)))
    });
    WorkflowInput { plan, assets: facts.collect() }
}

/// Turns what was folded into lines of the table.
struct Reading<'a> {
    about: &'a About,
    shown: &'a Shown,
    papers: &'a BTreeMap<AssetId, Paper>,
    people: &'a People,
}

impl Reading<'_> {
    fn asset(&self, asset: &AssetId) -> Option<&AssetPaper> {
        self.about.asset(asset)
    }

    /// A decision or an act that is not shown could change the outcome.
    fn withheld(&self, table: &mut Table) {
        let reviews: BTreeSet<_> = self
            .about
            .assets
            .iter()
            .map(|a| self.about.workspace.review_doc(a.asset, Audience::Everyone))
            .collect();
        for (head, _) in &self.shown.redactions {
            let h = head.header();
            if reviews.contains(&h.doc) && h.kind != proofroom_entry::EntryKind::Change {
                let (what, entry) = (crate::shown::kind(h), head.hash().short());
                table.fail(
                    Check::Redactions,
                    format!("{what} {entry} is withheld: the outcome may be another"),
                );
            }
        }
    }

    /// What was erased, by whom and on what ground.
    fn erased(&self, erasures: &[ErasureRecord], table: &mut Table) {
        for erasure in erasures {
            let (who, at) = (self.people.name(&erasure.person), time(erasure.claimed_at));
            let (basis, reason) = (erasure.basis, &erasure.reason);
            for what in &erasure.what {
                table.note(
                    Check::Redactions,
                    format!("{who} erased {what} on {at}, on the ground {basis}: {reason}"),
                );
            }
        }
    }

    fn run(&self, asset: &AssetId, run: &RunState, table: &mut Table) {
        let name = self.asset(asset).map(|a| a.name.as_str()).unwrap_or_default();
        for stage in &run.stages {
            let who = stage.assignments.iter().map(|a| match (&a.decision, a.end) {
                (Some(d), _) if d.by != a.person => {
                    format!("{} for {}: {}", self.people.name(&d.by), self.people.name(&a.person), d.decision)
                }
                (Some(d), _) => format!("{}: {}", self.people.name(&a.person), d.decision),
                (None, Some(end)) => format!("{}: {end}", self.people.name(&a.person)),
                (None, None) => format!("{}: no decision", self.people.name(&a.person)),
            });
            let who = who.collect::<Vec<_>>().join(", ");
            let line = format!("{name} {}, stage {}: {} ({who})", run.label, stage.stage, stage.outcome);
            table.note(Check::Route, line);
            for block in &stage.blocked_by {
                table.note(Check::Route, self.named(&format!("stage {}: {block}", stage.stage)));
            }
        }
        for warning in &run.warnings {
            table.note(Check::Route, self.named(&warning.to_string()));
        }
    }

    fn route(&self, outcome: Outcome, table: &mut Table) {
        let subject = match &self.about.subject {
            Subject::Version { asset, version } => {
                let view = self.papers.get(asset).map(|p| &p.view);
                let label = view.map_or_else(|| version.short(), |view| label(view, version));
                format!("{} {label}", self.asset(asset).map(|a| a.name.as_str()).unwrap_or_default())
            }
            Subject::Package { package } => format!("package {}", package.name),
        };
        if !outcome.approves() {
            table.fail(Check::Route, format!("the signed decisions make {subject} {outcome}, not approved"));
        }
        table.tell(Check::Route, format!("{subject} is {outcome}"));
    }

    fn decisions(&self, counted: &BTreeMap<EntryHash, CountedDecision>, table: &mut Table) {
        let signers: BTreeSet<_> = counted.values().map(|c| c.by).collect();
        let mut open = 0usize;
        for asset in &self.about.assets {
            let doc = self.about.workspace.review_doc(asset.asset, Audience::Everyone);
            let decisions = self.shown.docs.get(&doc).map(|d| d.decisions.as_slice()).unwrap_or_default();
            for decision in decisions.iter().filter(|d| counted.contains_key(&d.entry)) {
                self.signer(asset, decision, table);
                open += usize::from(self.open_comments(asset, decision, table));
            }
        }
        let (n, d) = (signers.len(), counted.len());
        table.tell(
            Check::Signers,
            format!("{n} signer{} of the decisions that count, each a member there and then", s(n)),
        );
        table.tell(Check::OpenComments, format!("{open} of {d} decision{} signed with comments open", s(d)));
    }

    fn signer(&self, asset: &AssetPaper, decision: &SignedDecision, table: &mut Table) {
        let signed = &decision.statement.signer;
        let (name, org) = (&signed.printed_name, &signed.organisation);
        let role = self.people.role(&decision.person).map_or("member", |r| r.as_str());
        table.note(Check::Signers, format!("{name}, {org}: {role}, key {}", decision.person.short()));
        if self.people.name(&decision.person) != *name {
            let now = self.people.name(&decision.person);
            table.note(Check::Signers, format!("{name} is called {now} by now"));
        }
        let told = asset.brief.as_ref().and_then(|brief| brief.hash().ok());
        if decision.statement.brief_hash != told {
            let erased = asset.brief.as_ref().is_some_and(|brief| brief.text == ERASED_TEXT);
            let which = match erased {
                true => "a brief whose words were erased since",
                false => "another brief than the one told here",
            };
            table.note(Check::Version, format!("{name} measured {} by {which}", asset.name));
        }
        let checks: BTreeSet<_> =
            asset.checks.iter().map(|c| proofroom_ident::ContentHash::of(c.as_bytes())).collect();
        let unknown = decision.statement.checks_seen.iter().filter(|seen| !checks.contains(seen)).count();
        if unknown > 0 {
            table.note(
                Check::Version,
                format!("{name} saw {unknown} check result{} that are not told here", s(unknown)),
            );
        }
    }

    /// Whether comments were open in front of the signer.
    fn open_comments(&self, asset: &AssetPaper, decision: &SignedDecision, table: &mut Table) -> bool {
        let signed = &decision.statement.open_comments;
        let name = &decision.statement.signer.printed_name;
        let Some(paper) = self.papers.get(&asset.asset) else { return !signed.is_empty() };
        match paper.open_at.get(&decision.entry) {
            Some(open) if open != signed => {
                let (n, m) = (signed.len(), open.len());
                let why = format!("{name} signed that {n} comments were open; the document had {m}");
                // What a removed member wrote was in front of the signer then, and counts no more.
                let doc = self.about.workspace.review_doc(asset.asset, Audience::Everyone);
                if self.shown.docs.get(&doc).is_some_and(|d| !d.held.is_empty()) {
                    table.note(Check::OpenComments, why);
                } else {
                    table.fail(Check::OpenComments, why);
                }
            }
            Some(_) => {}
            None => table.note(Check::OpenComments, format!("{name}: as signed; the comments are not shown")),
        }
        for key in signed {
            let comment = paper.view.comment(key);
            let text = comment
                .map_or_else(|| "not shown".to_owned(), |c| format!("{}: {}", c.label, first_line(&c.body)));
            table.note(
                Check::OpenComments,
                format!("{name} decided with comment {} open ({text})", key.id.short()),
            );
        }
        !signed.is_empty()
    }

    /// The same sentence with names in the place of the beginnings of keys.
    fn named(&self, text: &str) -> String {
        let known = self.people.all().filter(|p| p.name.is_some());
        known.fold(text.to_owned(), |text, p| text.replace(&p.person.short(), &self.people.name(&p.person)))
    }
}

/// The first line of a text, short enough for a table.
fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let short: String = line.chars().take(60).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}

/// A moment in UTC.
pub(crate) fn time(at: Millis) -> String {
    let moment = i64::try_from(at.0).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    moment.map_or_else(|| format!("{} ms", at.0), |moment| moment.to_string())
}
