//! The documents, made again from their changes: versions, comments, and what was open when.

use std::collections::{BTreeMap, BTreeSet};

use proofroom_authority::Role;
use proofroom_certificate::{About, Archive, FILES_FOLDER};
use proofroom_document::{DocKind, Document, Incoming, Writer, WriterRole, admitted};
use proofroom_ident::{
    AssetId, Audience, ContentHash, DocId, EntryHash, HashWords as _, LogId, VersionHash, WorkspaceId,
};
use proofroom_review::statement::SeenHead;
use proofroom_review::{CommentKey, DecisionStatement, Manifest, ReviewView};

use crate::people::People;
use crate::shown::{Changes, Doc, Shown};
use crate::slice::Slice;
use crate::table::{Check, Table, s};

/// One asset's document.
pub(crate) struct Paper {
    /// What it shows at the end.
    pub view: ReviewView,
    /// Whether the view was made from signed changes; else from manifests that signed decisions name.
    pub rebuilt: bool,
    /// The comments that were open in front of whoever signed, as the document says, by decision.
    pub open_at: BTreeMap<EntryHash, Vec<CommentKey>>,
}

/// The documents of all assets that the certificate tells of.
pub(crate) fn rebuild(
    about: &About,
    slice: &Slice,
    shown: &Shown,
    table: &mut Table,
) -> BTreeMap<AssetId, Paper> {
    let mut papers = BTreeMap::new();
    for asset in &about.assets {
        let doc = about.workspace.review_doc(asset.asset, Audience::Everyone);
        let paper = match shown.docs.get(&doc) {
            Some(entries) if entries.whole => {
                Rebuild::of(about.workspace, doc, slice, entries).run(&entries.decisions, table)
            }
            _ => {
                table.note(
                    Check::Version,
                    format!("the list of versions of {} is the maker's word", asset.name),
                );
                Paper { view: told(&asset.manifests, table), rebuilt: false, open_at: BTreeMap::new() }
            }
        };
        papers.insert(asset.asset, paper);
    }
    papers
}

/// The versions as the maker tells them: each manifest is what its hash says, and decisions name that.
fn told(manifests: &[String], table: &mut Table) -> ReviewView {
    let mut view = ReviewView::default();
    for json in manifests {
        match Manifest::from_json(json).and_then(|m| Ok((m.hash()?, m))) {
            Ok((hash, manifest)) => drop(view.versions.insert(hash, manifest)),
            Err(error) => table.fail(Check::Version, error.to_string()),
        }
    }
    view
}

/// A document on its way: changes go in once, and it is looked at where somebody signed.
struct Rebuild<'a> {
    workspace: WorkspaceId,
    doc: DocId,
    changes: Vec<(&'a Changes, EntryHash)>,
    document: Document,
    /// How much of each log is in it.
    at: BTreeMap<LogId, u64>,
}

impl<'a> Rebuild<'a> {
    fn of(workspace: WorkspaceId, doc: DocId, slice: &Slice, entries: &'a Doc) -> Self {
        let news: Vec<&[u8]> = entries.changes.iter().map(|c| c.plain.as_slice()).collect();
        let held: Vec<&[u8]> = entries.held.iter().map(|(_, c)| c.plain.as_slice()).collect();
        let innocent = |new: usize, held: usize| {
            let knew = entries.changes[new].head.header().auth_head;
            !slice.membership.is_past(entries.held[held].0, knew)
        };
        let admitted: BTreeSet<usize> = admitted(&news, &held, innocent);
        let late = admitted.iter().map(|i| &entries.held[*i].1);
        let changes = entries.changes.iter().chain(late).map(|c| (c, c.head.hash())).collect();
        let document = Document::new(DocKind::Review, workspace, doc);
        Self { workspace, doc, changes, document, at: BTreeMap::new() }
    }

    fn run(mut self, decisions: &[proofroom_workflow::SignedDecision], table: &mut Table) -> Paper {
        let mut open_at = BTreeMap::new();
        let mut order: Vec<_> = decisions.iter().collect();
        let seen = |s: &DecisionStatement| s.seen_heads.values().map(|h| u128::from(h.seq)).sum::<u128>();
        order.sort_by_key(|d| (seen(&d.statement), d.entry));
        for decision in order {
            self.advance(Some(&decision.statement.seen_heads), table);
            let view = self.document.review();
            let open = view.comments.iter().filter(|c| c.state.is_open()).map(|c| c.key);
            let open: BTreeSet<CommentKey> = open.collect();
            open_at.insert(decision.entry, open.into_iter().collect());
        }
        self.advance(None, table);
        let waiting = self.document.waiting();
        if waiting > 0 {
            table.fail(
                Check::Gaps,
                format!(
                    "changes that others stand on are missing: {waiting} change{} cannot be read",
                    s(waiting)
                ),
            );
        }
        Paper { view: (*self.document.review()).clone(), rebuilt: true, open_at }
    }

    /// Goes on to what somebody had in front of them, or to the end. Where that is not ahead, the
    /// document is made anew.
    fn advance(&mut self, to: Option<&BTreeMap<LogId, SeenHead>>, table: &mut Table) {
        let wanted = |log: &LogId| match to {
            Some(seen) => seen.get(log).map_or(0, |head| head.seq),
            None => u64::MAX,
        };
        if self.at.iter().any(|(log, seq)| wanted(log) < *seq) {
            self.document = Document::new(DocKind::Review, self.workspace, self.doc);
            self.at.clear();
        }
        let mut batch = Vec::new();
        for (changes, entry) in &self.changes {
            let h = changes.head.header();
            let (log, seq) = (h.log, h.seq);
            if seq <= wanted(&log) && seq > self.at.get(&log).copied().unwrap_or(0) {
                batch.push((log, seq, incoming(changes, *entry)));
            }
        }
        self.at.extend(batch.iter().map(|(log, seq, _)| (*log, *seq)));
        if batch.is_empty() {
            return;
        }
        for (_, entry) in self.changes.iter().filter(|(changes, _)| changes.erased) {
            self.document.admit_residue(*entry);
        }
        let merged = self.document.merge(batch.into_iter().map(|(_, _, incoming)| incoming).collect());
        for (entry, why) in merged.refused {
            table.note(Check::Signers, format!("change {} counts nowhere: {why}", entry.short()));
        }
    }
}

fn incoming(changes: &Changes, entry: EntryHash) -> Incoming {
    let h = changes.head.header();
    let role = if changes.role >= Role::Producer { WriterRole::Producer } else { WriterRole::Contributor };
    let writer = Writer { author: h.author, log: h.log, person: changes.person, role };
    Incoming { entry, writer, payload: changes.plain.clone() }
}

/// The certified versions are there, and files that came along are theirs.
pub(crate) fn files(
    archive: &Archive<'_>,
    about: &About,
    papers: &BTreeMap<AssetId, Paper>,
    people: &People,
    table: &mut Table,
) {
    let mut contents: BTreeMap<ContentHash, String> = BTreeMap::new();
    for (asset, version) in about.subject.versions() {
        let name = about.asset(&asset).map(|a| a.name.clone()).unwrap_or_default();
        let Some(manifest) = papers.get(&asset).and_then(|p| p.view.versions.get(&version)) else {
            table.fail(Check::Version, format!("version {} of {name} is not there", version.short()));
            continue;
        };
        contents.extend(manifest.files.iter().map(|f| (f.content, f.name.clone())));
        let (by, n) = (people.name(&manifest.author), manifest.files.len());
        table.note(Check::Version, format!("{name}, {}: {n} file{}, by {by}", version.short(), s(n)));
    }
    let mut matched = 0;
    for (name, bytes) in archive.members().filter(|(name, _)| name.starts_with(FILES_FOLDER)) {
        if contents.contains_key(&ContentHash::of(bytes)) {
            matched += 1;
        } else {
            table.fail(Check::Version, format!("{name} is no file of the certified version"));
        }
    }
    let n = contents.len();
    table
        .tell(Check::Version, format!("named by the hash of {n} file{}; {matched} of them came along", s(n)));
}

/// The version that this manifest is, and whether its hash says so: hashes name versions.
pub(crate) fn label(view: &ReviewView, version: &VersionHash) -> String {
    let found = view.numbered().into_iter().find(|n| n.version == *version).map(|n| n.label);
    found.unwrap_or_else(|| version.short())
}
