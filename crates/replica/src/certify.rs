//! Certificates: the entries that an outcome follows from, each with its own key and no other.
//!
//! ```text
//! membership log                 whole, in the clear as always
//! plan, statements               headers; opened: the names of the people concerned, their delegations, holds
//! review for everyone            every log, every entry opened, or its changes withheld
//! review for the team, the rest  nothing
//! ```
//!
//! What the plan says of the asset (its name, whom the built-in route asks, calendars) is told, not
//! proved: the plan's changes tell of other assets too.

use std::collections::{BTreeMap, BTreeSet};

use proofroom_authority::Op;
use proofroom_certificate::{
    About, AssetPaper, Attachment, BriefPaper, CertificateError, Draft, Form, Maker, Piece, Subject, Withheld,
};
use proofroom_entry::{EntryKind, Signed, Verified};
use proofroom_ident::{AssetId, Audience, DocId, EntryHash, LogClass, Millis, PersonId};
use proofroom_review::{Act, ActStatement, AssetView, DecisionStatement, PlanView, Route};
use proofroom_seal::SealKey;
use proofroom_store::{Store, branch_key};
use proofroom_workflow::calendar::zones_version;

use crate::docs::{PLAIN_BYTES_MAX, entries_after};
use crate::error::ReplicaError;
use crate::open::Replica;

/// What a certificate shows of the review.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disclosure {
    /// Versions and comments too, with their history.
    Full,
    /// Decisions and acts only; which versions there are is told.
    DecisionsOnly,
}

/// What is gathered for one certificate.
struct Gathering<'a> {
    store: &'a dyn Store,
    disclosure: Disclosure,
    pieces: BTreeMap<EntryHash, Piece>,
    /// The people whose names and delegations are shown.
    people: BTreeSet<PersonId>,
    /// Holds and periods of retention of what is certified.
    keepings: BTreeSet<EntryHash>,
    /// The latest claimed time of what is shown.
    as_of: Millis,
}

impl Replica {
    /// The certificate of a subject, as far as this replica knows: the same on every replica that
    /// holds the same entries.
    ///
    /// # Errors
    /// When entries of the review are missing here, or its keys.
    pub fn certificate(
        &mut self,
        store: &dyn Store,
        subject: Subject,
        disclosure: Disclosure,
        now: Millis,
    ) -> Result<Draft, ReplicaError> {
        let plan = self.plan(store)?;
        let mut gathering = Gathering {
            store,
            disclosure,
            pieces: BTreeMap::new(),
            people: BTreeSet::new(),
            keepings: BTreeSet::new(),
            as_of: Millis(0),
        };
        let mut assets = Vec::new();
        for asset in plan.assets.iter().filter(|asset| subject.concerns(&asset.id)) {
            assets.push(self.asset_paper(store, &plan, asset, disclosure)?);
            gathering.people.extend(self.assignments(asset).into_iter().map(|(person, _)| person));
            self.gather_review(&mut gathering, asset.id)?;
        }
        assets.sort_by_key(|paper| paper.asset);
        for keeping in self.keepings(store, gathering.as_of)? {
            if assets.iter().any(|paper| keeping.covers(&paper.asset)) {
                gathering.people.insert(keeping.person);
                gathering.keepings.insert(keeping.entry);
            }
        }
        self.gather_membership(&mut gathering)?;
        self.gather_names(&mut gathering)?;
        let mut calendars = plan.library.calendars.clone();
        calendars.sort_by(|a, b| a.name.cmp(&b.name));
        calendars.dedup_by(|a, b| a.name == b.name);
        let as_of = self.settled(store, &subject, gathering.as_of, now)?;
        let about = About {
            schema: About::SCHEMA,
            workspace: self.workspace,
            workspace_name: plan.name.clone(),
            as_of,
            zones: zones_version(),
            subject,
            assets,
            calendars,
        };
        Ok(Draft::new(about, gathering.pieces.into_values().collect())?)
    }

    /// The latest moment up to `now` at which time alone changed the outcome, from the last entry on: replicas
    /// that look a little later or earlier certify the same.
    fn settled(
        &mut self,
        store: &dyn Store,
        subject: &Subject,
        from: Millis,
        now: Millis,
    ) -> Result<Millis, ReplicaError> {
        let mut at = from;
        loop {
            let mut next: Option<Millis> = None;
            for asset in self.plan(store)?.assets.iter().filter(|asset| subject.concerns(&asset.id)) {
                let changes_at = self.status(store, asset.id, at)?.changes_at;
                next = [next, changes_at].into_iter().flatten().min();
            }
            match next {
                Some(next) if next <= now && next > at => at = next,
                _ => return Ok(at),
            }
        }
    }

    /// Signs a certificate as its maker.
    ///
    /// # Errors
    /// When an attachment's name is none that an archive takes.
    pub fn sign_certificate(
        &self,
        draft: &Draft,
        attachments: Vec<Attachment>,
        now: Millis,
    ) -> Result<Vec<u8>, CertificateError> {
        let maker = Maker {
            device: self.me.device(),
            person: self.me.person(),
            printed_name: self.me.profile.printed_name.clone(),
            organisation: self.me.profile.organisation.clone(),
            made_at: now,
            attachments,
        };
        draft.sign(&maker, &self.me.secrets.signing)
    }

    fn asset_paper(
        &mut self,
        store: &dyn Store,
        plan: &PlanView,
        asset: &AssetView,
        disclosure: Disclosure,
    ) -> Result<AssetPaper, ReplicaError> {
        let request = asset.request.and_then(|key| plan.request(&key));
        let brief =
            request.map(|r| BriefPaper { request: r.key, form: r.form.clone(), text: r.brief.clone() });
        let mut manifests = Vec::new();
        if disclosure == Disclosure::DecisionsOnly {
            let view = self.review(store, asset.id, Audience::Everyone)?;
            for manifest in view.versions.values() {
                manifests.push(manifest.to_json().map_err(|e| ReplicaError::Invalid(e.to_string()))?);
            }
        }
        Ok(AssetPaper {
            asset: asset.id,
            name: asset.name.clone(),
            category: asset.category,
            assignments: self.assignments(asset).into_iter().collect(),
            brief,
            checks: Vec::new(),
            manifests,
        })
    }

    /// All entries of an asset's review for everyone.
    fn gather_review(&self, gathering: &mut Gathering<'_>, asset: AssetId) -> Result<(), ReplicaError> {
        let (store, doc) = (gathering.store, self.workspace.review_doc(asset, Audience::Everyone));
        if !store.bases(self.workspace, doc)?.is_empty() {
            return Err(ReplicaError::HistoryElsewhere(doc));
        }
        for tip in store.tips(self.workspace, doc)? {
            for entry in entries_after(store, self.workspace, &tip, 0)? {
                self.gather_entry(gathering, &entry)?;
            }
        }
        for (one, other) in store.proofs(self.workspace)? {
            if one.header().doc == doc {
                self.gather_entry(gathering, &one)?;
                self.gather_entry(gathering, &other)?;
            }
        }
        Ok(())
    }

    fn gather_entry(&self, gathering: &mut Gathering<'_>, entry: &Verified) -> Result<(), ReplicaError> {
        let h = entry.header();
        gathering.as_of = gathering.as_of.max(h.claimed_at);
        gathering.people.extend(self.authority.state().person_of(h.author));
        let hidden = h.kind == EntryKind::Change && gathering.disclosure == Disclosure::DecisionsOnly;
        let form = match (hidden, self.keyring.get(&h.key)) {
            _ if entry.is_erased() || self.authority.state().is_erased(entry.hash()) => {
                Form::Withheld(Withheld::Erased)
            }
            (true, _) => Form::Withheld(Withheld::NotShown),
            (false, None) => Form::Withheld(Withheld::Unreadable),
            (false, Some(epoch)) => {
                concerned(
                    &mut gathering.people,
                    h.kind,
                    &proofroom_seal::open(epoch, h, entry.payload(), PLAIN_BYTES_MAX).unwrap_or_default(),
                );
                Form::Opened(*SealKey::for_doc(epoch, h.doc).entry_key(&h.nonce).as_bytes())
            }
        };
        gathering.pieces.insert(entry.hash(), Piece::new(form, entry.bytes())?);
        Ok(())
    }

    /// The membership log, second histories included; and whoever invited the people concerned.
    fn gather_membership(&self, gathering: &mut Gathering<'_>) -> Result<(), ReplicaError> {
        let store = gathering.store;
        let mut put = |bytes: &[u8], hash| -> Result<(), ReplicaError> {
            gathering.pieces.insert(hash, Piece::new(Form::Plain, bytes)?);
            Ok(())
        };
        for tip in store.tips(self.workspace, DocId::AUTHORITY)? {
            for entry in entries_after(store, self.workspace, &tip, 0)? {
                put(entry.bytes(), entry.hash())?;
            }
        }
        for (_, other) in store.proofs(self.workspace)? {
            if other.header().doc == DocId::AUTHORITY {
                put(other.bytes(), other.hash())?;
            }
        }
        for (_, bytes) in store.scan(&branch_key(self.workspace, &[]))? {
            put(&bytes, Signed::decode(bytes.clone())?.hash())?;
        }
        let mut next: Vec<PersonId> = gathering.people.iter().copied().collect();
        while let Some(person) = next.pop() {
            let inviter = self.inviter(person).filter(|inviter| gathering.people.insert(*inviter));
            next.extend(inviter);
        }
        Ok(())
    }

    fn inviter(&self, person: PersonId) -> Option<PersonId> {
        let state = self.authority.state();
        match self.authority.op(state.member(person)?.joined_by)? {
            Op::Accept { invite, .. } => state.invite(*invite).map(|invite| invite.inviter),
            _ => None,
        }
    }

    /// The plan's statements: opened where they are about the people concerned, else by their headers.
    fn gather_names(&self, gathering: &mut Gathering<'_>) -> Result<(), ReplicaError> {
        let (store, doc) = (gathering.store, self.workspace.plan_doc());
        for tip in store.tips(self.workspace, doc)? {
            if tip.log.class() != Some(LogClass::Statements) {
                continue;
            }
            let author = self.authority.state().person_of(tip.author);
            let concerned = author.is_some_and(|person| gathering.people.contains(&person));
            for entry in entries_after(store, self.workspace, &tip, 0)? {
                let h = entry.header();
                let epoch = self.keyring.get(&h.key).filter(|_| concerned);
                let shown = matches!(h.kind, EntryKind::Profile | EntryKind::Delegation)
                    || gathering.keepings.contains(&entry.hash());
                let form = match epoch.filter(|_| shown) {
                    Some(epoch) => Form::Opened(*SealKey::for_doc(epoch, doc).entry_key(&h.nonce).as_bytes()),
                    None => Form::Withheld(Withheld::NotShown),
                };
                gathering.pieces.insert(entry.hash(), Piece::new(form, entry.bytes())?);
            }
        }
        Ok(())
    }
}

/// The people whom a decision or an act names.
fn concerned(people: &mut BTreeSet<PersonId>, kind: EntryKind, plain: &[u8]) {
    let text = std::str::from_utf8(plain).unwrap_or_default();
    match kind {
        EntryKind::Approval => {
            people.extend(DecisionStatement::from_json(text).ok().and_then(|d| d.on_behalf_of));
        }
        EntryKind::Act => match ActStatement::from_json(text).map(|a| a.act) {
            Ok(Act::Submit(submission)) => asked(people, submission.route.as_ref()),
            Ok(Act::SkipAssignment { person, .. }) => drop(people.insert(person)),
            _ => {}
        },
        _ => {}
    }
}

fn asked(people: &mut BTreeSet<PersonId>, route: Option<&Route>) {
    let slots = route.into_iter().flat_map(|route| &route.stages).flat_map(|stage| &stage.reviewers);
    people.extend(slots.flat_map(|slot| std::iter::once(slot.person).chain(slot.backup)));
}
