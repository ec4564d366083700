//! The audit trail: who did what, when, why, with the old and the new value.
//!
//! Each document is made again from its entries, one after the other in an order that respects what
//! their authors had in front of them; what an entry changes is the difference that it makes. What
//! counts nowhere (held back, refused, of a second history, not readable) is told as well, with why.

mod order;
mod signed;
mod values;

use std::collections::BTreeMap;

use proofroom_authority::{Op, Standing};
use proofroom_document::{DocKind, Document, changes_of};
use proofroom_entry::{EntryKind, Verified};
use proofroom_ident::{AssetId, Audience, DocId, EntryHash, LogId, Millis, PersonId, SignerKey};
use proofroom_store::Store;
use proofroom_workflow::{AssetState, Warning};
use zeroize::Zeroizing;

use crate::docs::{Opened, PLAIN_BYTES_MAX, entries_after, frozen_at, incoming};
use crate::error::ReplicaError;
use crate::open::Replica;
use crate::shred::Residues;

use order::{Node, ordered};
use signed::{seen, seen_at, statement};
use values::{Change, Values};

/// One line: something that somebody did, or a value that they changed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct AuditLine {
    /// The entry that says so.
    pub entry: EntryHash,
    /// Its document.
    pub doc: DocId,
    /// The asset that it is about.
    pub asset: Option<AssetId>,
    /// Who may read it.
    pub audience: Audience,
    /// Its log.
    pub log: LogId,
    /// Its place in the log.
    pub seq: u64,
    /// The device that signed.
    pub device: SignerKey,
    /// Whose it is.
    pub person: Option<PersonId>,
    /// When they say they did it.
    pub claimed_at: Millis,
    /// Not before this: the latest that they had in front of them of others.
    pub not_before: Option<Millis>,
    /// Not after this: the first that others wrote with it in front of them.
    pub not_after: Option<Millis>,
    /// What they did.
    pub act: String,
    /// What it was done to.
    pub about: Option<String>,
    /// The value before.
    pub old: Option<String>,
    /// The value after.
    pub new: Option<String>,
    /// Why, in their words.
    pub why: Option<String>,
    /// What stands out.
    pub marks: Vec<Mark>,
}

impl AuditLine {
    /// What was done, with a name in the place of a person's key: `asset: assignments, Bo Ek`.
    pub fn act_said(&self, name: impl Fn(PersonId) -> String) -> String {
        let person = self.act.rsplit_once('.').and_then(|(act, id)| Some((act, id.parse().ok()?)));
        person.map_or_else(|| self.act.clone(), |(act, id)| format!("{act}, {}", name(id)))
    }

    /// What it was done to: a name where there is one, else the beginning of an id.
    pub fn about_said(
        &self,
        name: impl Fn(PersonId) -> String,
        asset: impl Fn(AssetId) -> Option<String>,
    ) -> String {
        let text = self.about.as_deref().unwrap_or_default();
        let (kind, id) = text.split_once(' ').unwrap_or((text, ""));
        let named = match kind {
            "person" => id.parse().ok().map(name),
            "asset" => id.parse().ok().and_then(asset),
            _ => None,
        };
        let id = id.rsplit('.').next().unwrap_or(id);
        let short = id.get(..8).filter(|_| id.len() > 16).unwrap_or(id);
        named.unwrap_or_else(|| if short.is_empty() { kind.to_owned() } else { format!("{kind} {short}") })
    }
}

/// What stands out about a line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Entries before it are not here.
    Gap,
    /// Its author signed a second history: it counts nowhere.
    Equivocation,
    /// It was written after its author's removal, and counts nowhere.
    HeldBack,
    /// It counts nowhere, and why.
    Refused(String),
    /// Its key has not reached this device.
    Unreadable,
    /// A decision, or an act, that the workflow does not count, and why.
    NotCounted(String),
    /// A decision that the same person replaced by a later one.
    Overridden,
    /// Its claimed time lies outside what others witnessed.
    Clock,
    /// The words or keys in it were erased.
    Erased,
}

impl std::fmt::Display for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Gap => f.write_str("gap before it"),
            Self::Equivocation => f.write_str("two histories"),
            Self::HeldBack => f.write_str("held back"),
            Self::Refused(why) => write!(f, "refused: {why}"),
            Self::Unreadable => f.write_str("not readable here"),
            Self::NotCounted(why) => write!(f, "not counted: {why}"),
            Self::Overridden => f.write_str("replaced later"),
            Self::Clock => f.write_str("clock differs"),
            Self::Erased => f.write_str("erased"),
        }
    }
}

/// An entry on its way into the trail.
struct Item {
    entry: Verified,
    asset: Option<AssetId>,
    plain: Option<Zeroizing<Vec<u8>>>,
    marks: Vec<Mark>,
}

impl Replica {
    /// The trail of the whole workspace, or of one asset, by claimed time.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn audit(
        &mut self,
        store: &dyn Store,
        asset: Option<AssetId>,
        now: Millis,
    ) -> Result<Vec<AuditLine>, ReplicaError> {
        let plan = self.plan(store)?;
        let of_asset =
            |id: AssetId| Audience::ALL.map(|audience| (self.workspace.review_doc(id, audience), id));
        let reviews: BTreeMap<DocId, AssetId> = plan.assets.iter().flat_map(|a| of_asset(a.id)).collect();
        let mut lines = Vec::new();
        let mut docs: Vec<DocId> = store.docs(self.workspace)?.iter().map(|d| d.doc).collect();
        docs.push(DocId::AUTHORITY);
        docs.sort_unstable();
        docs.dedup();
        for doc in docs {
            let about = reviews.get(&doc).copied();
            if asset.is_some() && about != asset && doc != self.workspace.plan_doc() {
                continue;
            }
            let items = self.audit_items(store, doc, about)?;
            let mut found = self.audit_doc(doc, &items);
            // Of the plan, what is about the asset.
            if let Some(asset) = asset.filter(|_| doc == self.workspace.plan_doc()) {
                let name = format!("asset {asset}");
                found.retain(|line| {
                    line.about.as_ref().is_some_and(|about| about.contains(&name) || about == "all assets")
                });
            }
            lines.extend(found);
        }
        let marks = standing_out(self.workflow(store, now)?.assets().values());
        for line in &mut lines {
            line.marks.extend(marks.get(&line.entry).cloned());
        }
        lines.sort_by_key(|line| (line.claimed_at, line.entry));
        Ok(lines)
    }

    fn audit_items(
        &self,
        store: &dyn Store,
        doc: DocId,
        asset: Option<AssetId>,
    ) -> Result<Vec<Item>, ReplicaError> {
        let proofs = store.proofs(self.workspace)?;
        let residues = self.residues(store, doc)?;
        let mut items = Vec::new();
        for tip in store.tips(self.workspace, doc)? {
            let frozen = frozen_at(&proofs, &tip);
            let based = store.base(self.workspace, doc, tip.log)?.is_some();
            for (i, entry) in entries_after(store, self.workspace, &tip, 0)?.into_iter().enumerate() {
                let mut item = self.audit_item(entry, asset, &residues);
                if based && i == 0 {
                    item.marks.push(Mark::Gap);
                }
                if frozen.is_some_and(|at| item.entry.header().seq >= at) {
                    item.marks.push(Mark::Equivocation);
                }
                items.push(item);
            }
        }
        for (_, other) in proofs.into_iter().filter(|(one, _)| one.header().doc == doc) {
            let mut item = self.audit_item(other, asset, &residues);
            item.marks.push(Mark::Equivocation);
            items.push(item);
        }
        Ok(items)
    }

    fn audit_item(&self, entry: Verified, asset: Option<AssetId>, residues: &Residues) -> Item {
        let mut marks = Vec::new();
        let h = entry.header();
        let plain = if h.kind.is_plain() {
            marks.extend(self.authority.refusal(entry.hash()).map(|why| Mark::Refused(why.to_string())));
            Some(Zeroizing::new(Vec::new()))
        } else if entry.is_erased() {
            marks.push(Mark::Erased);
            self.left_of(&entry, residues)
        } else {
            let epoch = self.keyring.get(&h.key);
            match epoch.map(|epoch| proofroom_seal::open(epoch, h, entry.payload(), PLAIN_BYTES_MAX)) {
                Some(Ok(plain)) => Some(plain),
                Some(Err(error)) => {
                    marks.push(Mark::Refused(error.to_string()));
                    None
                }
                None => {
                    marks.push(Mark::Unreadable);
                    None
                }
            }
        };
        if !h.kind.is_plain() {
            match self.standing(h) {
                Standing::Member { .. } => {}
                Standing::HeldBack { .. } => marks.push(Mark::HeldBack),
                Standing::NotMember | Standing::AwaitsAuthority => {
                    marks.push(Mark::Refused("its author was not a member there".into()));
                }
            }
        }
        Item { entry, asset, plain, marks }
    }

    /// The lines of one document's entries.
    fn audit_doc(&self, doc: DocId, items: &[Item]) -> Vec<AuditLine> {
        let order = ordered(self.nodes(items));
        let kind = if doc == DocId::AUTHORITY { None } else { Some(self.kind_of(doc)) };
        let mut document = kind.map(|kind| Document::new(kind, self.workspace, doc));
        let mut values = Values::default();
        let mut lines: Vec<AuditLine> = Vec::new();
        for place in order {
            let item = &items[place.item];
            let mut marks = item.marks.clone();
            let claimed = item.entry.header().claimed_at;
            let late = place.not_after.is_some_and(|end| claimed > end);
            if late || place.not_before.is_some_and(|from| claimed < from) {
                marks.push(Mark::Clock);
            }
            let changes = self.changes(item, kind, document.as_mut(), &mut values, &mut marks);
            for change in changes {
                lines.push(self.line_of(item, &place, change, &marks));
            }
            if let Some(replaced) = values.take_replaced() {
                let earlier = lines.iter_mut().filter(|line| line.entry == replaced);
                earlier.for_each(|line| line.marks.push(Mark::Overridden));
            }
        }
        lines
    }

    /// What each entry's author had in front of them: their own log, the changes that theirs follow, the
    /// frontier that they signed.
    fn nodes(&self, items: &[Item]) -> Vec<Node> {
        let mut holders: BTreeMap<[u8; 32], EntryHash> = BTreeMap::new();
        let mut deps: BTreeMap<EntryHash, Vec<[u8; 32]>> = BTreeMap::new();
        for item in items.iter().filter(|i| i.entry.header().kind == EntryKind::Change) {
            let plain = item.plain.as_deref().map(Vec::as_slice).unwrap_or_default();
            for change in changes_of(plain).unwrap_or_default() {
                holders.insert(*change.hash.as_bytes(), item.entry.hash());
                let of = deps.entry(item.entry.hash()).or_default();
                of.extend(change.deps.iter().map(|dep| *dep.as_bytes()));
            }
        }
        let by_place: BTreeMap<(LogId, u64), EntryHash> =
            items.iter().map(|i| ((i.entry.header().log, i.entry.header().seq), i.entry.hash())).collect();
        let nodes = items.iter().map(|item| {
            let h = item.entry.header();
            let mut before: Vec<EntryHash> = vec![h.prev, h.prev_log_head];
            before.extend(
                deps.get(&item.entry.hash()).into_iter().flatten().filter_map(|d| holders.get(d).copied()),
            );
            before.extend(seen(item).into_iter().filter_map(|place| by_place.get(&place).copied()));
            if h.doc == DocId::AUTHORITY {
                before.push(h.auth_head);
            }
            let person = self.authority.state().person_of(h.author);
            let claimed_at = seen_at(item).unwrap_or(h.claimed_at);
            Node { entry: item.entry.hash(), person, claimed_at, before }
        });
        nodes.collect()
    }

    fn line_of(&self, item: &Item, place: &order::Place, change: Change, marks: &[Mark]) -> AuditLine {
        let h = item.entry.header();
        AuditLine {
            entry: item.entry.hash(),
            doc: h.doc,
            asset: item.asset,
            audience: h.audience,
            log: h.log,
            seq: h.seq,
            device: h.author,
            person: self.authority.state().person_of(h.author),
            claimed_at: h.claimed_at,
            not_before: place.not_before,
            not_after: place.not_after,
            act: change.act,
            about: change.about,
            old: change.old,
            new: change.new,
            why: change.why,
            marks: marks.to_vec(),
        }
    }

    /// What one entry did.
    fn changes(
        &self,
        item: &Item,
        kind: Option<DocKind>,
        document: Option<&mut Document>,
        values: &mut Values,
        marks: &mut Vec<Mark>,
    ) -> Vec<Change> {
        let h = item.entry.header();
        if h.kind.is_plain() {
            return vec![self.operation(&item.entry)];
        }
        let Some(plain) = &item.plain else { return vec![Change::act("written, and not readable here")] };
        if let Some(change) = statement(h.kind, plain, values, item) {
            return vec![change];
        }
        let (Some(kind), Some(document)) = (kind, document) else { return Vec::new() };
        let counts = marks.iter().all(|mark| matches!(mark, Mark::Gap | Mark::Clock | Mark::Erased));
        let Standing::Member { person, role } = self.standing(h) else {
            return vec![Change::act("changes that count nowhere")];
        };
        if !counts || !role.reads(h.audience) {
            return vec![Change::act("changes that count nowhere")];
        }
        let opened = Opened { entry: item.entry.clone(), person, role, plain: plain.clone() };
        if item.entry.is_erased() {
            document.admit_residue(item.entry.hash());
        }
        let merged = document.merge(vec![incoming(&opened)]);
        if let Some((_, why)) = merged.refused.first() {
            marks.push(Mark::Refused(why.to_string()));
            return vec![Change::act("changes that count nowhere")];
        }
        match kind {
            DocKind::Plan => values.plan(&document.plan(), &merged.touched),
            DocKind::Review => values.review(&document.review(), &merged.touched),
        }
    }

    /// A membership operation in words.
    fn operation(&self, entry: &Verified) -> Change {
        let Some(op) = self.authority.op(entry.hash()) else {
            return Change::act("waits for earlier entries");
        };
        let role_before = |p: &PersonId| {
            let known = self.authority.state_at(entry.header().auth_head);
            known.and_then(|state| state.role(*p)).map(|role| role.to_string())
        };
        let person = |p: &PersonId| format!("person {p}");
        let device = |d: &SignerKey| format!("device {d}");
        match op {
            Op::Genesis { device: d, .. } => Change::act("founded the workspace").about(person(&d.person)),
            Op::AddDevice { device: d, .. } => Change::act("device added").about(device(&d.signing)),
            Op::RemoveDevice { signer, .. } => Change::act("device ended").about(device(signer)),
            Op::Invite { id, role, uses, .. } => {
                Change::act("invite made").about(format!("invite {id}")).to(format!("{role}, {uses} uses"))
            }
            Op::RevokeInvite { id } => Change::act("invite revoked").about(format!("invite {id}")),
            Op::Accept { invite, device: d, .. } => {
                let role = self.authority.state().invite(*invite).map(|i| i.role.to_string());
                Change::act("joined").about(person(&d.person)).to(role.unwrap_or_default())
            }
            Op::SetRole { person: p, role, .. } => {
                Change::act("role changed").about(person(p)).to(role.to_string()).from(role_before(p))
            }
            Op::Remove { person: p, .. } => Change::act("removed").about(person(p)).from(role_before(p)),
            Op::ExtendCut { removal, .. } => {
                Change::act("held-back work adopted").about(format!("removal {removal}"))
            }
            Op::RotateKey { audience, key, .. } => {
                Change::act("key made").about(format!("key {key}")).to(format!("{audience:?}").to_lowercase())
            }
            Op::ShareKey { key, wraps, .. } => Change::act("key shared")
                .about(format!("key {key}"))
                .to(format!("{} recipients", wraps.len())),
            Op::Merge => Change::act("membership heads joined"),
            Op::Erase { statement, entries, blobs } => Change::act("erasure carried out")
                .about(format!("statement {statement}"))
                .to(format!("{} entries, {} files", entries.len(), blobs.len())),
        }
    }
}

/// What the workflow says of decisions and acts that have no effect, or lost it.
fn standing_out<'a>(assets: impl Iterator<Item = &'a AssetState>) -> BTreeMap<EntryHash, Mark> {
    let mut out = BTreeMap::new();
    for warning in assets.flat_map(|a| &a.runs).flat_map(|run| &run.warnings) {
        match warning {
            Warning::NotCounted { entry, why, .. } => {
                drop(out.insert(*entry, Mark::NotCounted(why.to_string())))
            }
            Warning::NoEffect { entry, why, .. } => {
                drop(out.insert(*entry, Mark::NotCounted(why.to_string())))
            }
            Warning::Concurrent { instead_of, .. } => {
                let apart = "made apart from another of the same person, which counts";
                out.extend(instead_of.iter().map(|entry| (*entry, Mark::NotCounted(apart.into()))));
            }
            _ => {}
        }
    }
    out
}
