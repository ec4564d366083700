//! Screens, made from what replicas show.

use std::collections::BTreeMap;

use proofroom_ident::{AssetId, Audience, EntryHash, PersonId, VersionHash, WorkspaceId};
use proofroom_replica::{Membership, Replica, ReplicaError, SignedDecision};
use proofroom_review::{AssetView, CommentView, FileRef, Manifest, ReviewView};
use proofroom_store::Store;
use proofroom_web_wire::{
    AssetCard, AssetScreen, Board, CommentCard, DecisionCard, FileCard, MemberCard, PersonCard, RequestCard,
    VersionCard,
};
use proofroom_workflow::single_stage::{PersonStatus, ReviewStatus, VersionStatus};

use crate::desk::Desk;
use crate::fault::DeskError;
use crate::place::place_of;

/// Printed names by person.
struct Names {
    names: BTreeMap<PersonId, String>,
    me: PersonId,
}

impl Names {
    fn of(&self, person: &PersonId) -> String {
        self.names.get(person).cloned().unwrap_or_else(|| person.short())
    }

    /// Puts names where a text names people by the short form of their keys.
    fn in_text(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (person, name)| text.replace(&person.short(), name))
    }
}

impl<S: Store> Desk<S> {
    pub(crate) fn board(&mut self, workspace: WorkspaceId) -> Result<Board, DeskError> {
        let card = self.card(workspace)?;
        let members = self.members(workspace)?;
        let names = self.names(workspace)?;
        let replica = self.replica(workspace)?;
        let plan = replica.1.plan(replica.0)?.clone();
        let requests = plan.requests.iter().map(|request| RequestCard {
            key: request.key.to_string(),
            title: request.form.title.clone(),
            state: request.state.to_string(),
            reason: request.reason.clone().unwrap_or_default(),
            author: names.of(&request.key.owner),
            brief: request.brief.clone(),
        });
        let requests = requests.collect();
        let mut assets = Vec::new();
        for asset in &plan.assets {
            let (store, replica) = self.replica(workspace)?;
            let status = replica.status(store, asset.id)?.review;
            assets.push(asset_card(asset, &status, &names));
        }
        Ok(Board { workspace: card, members, requests, assets })
    }

    pub(crate) fn asset(&mut self, workspace: WorkspaceId, asset: AssetId) -> Result<AssetScreen, DeskError> {
        let names = self.names(workspace)?;
        let held = self.blobs.clone();
        let (store, replica) = self.replica(workspace)?;
        let shown = replica.plan(store)?.asset(&asset).ok_or(ReplicaError::UnknownAsset(asset))?.clone();
        let status = replica.status(store, asset)?.review;
        let view = replica.review(store, asset, Audience::Everyone)?;
        let decisions = replica.decisions(store, asset)?;
        let role = match replica.membership() {
            Membership::Member(role) => Some(role),
            _ => None,
        };
        let has_team = role.is_some_and(|role| role.reads(Audience::Team));
        let here = |file: &FileRef| view.blobs.get(&file.content).is_some_and(|b| held.contains(&b.blob));
        let scene = Scene { names: &names, view: &view, status: &status, decisions: &decisions };
        let mut versions: Vec<VersionCard> =
            view.numbered().iter().filter_map(|n| scene.version(&n.version, &n.label, here)).collect();
        versions.reverse();
        let mut comments: Vec<CommentCard> =
            view.comments.iter().map(|c| comment_card(c, &names, false)).collect();
        if has_team {
            let team = replica.review(store, asset, Audience::Team)?;
            comments.extend(team.comments.iter().map(|c| comment_card(c, &names, true)));
            comments.sort_by(|a, b| (a.created_at, &a.key).cmp(&(b.created_at, &b.key)));
        }
        let card = asset_card(&shown, &status, &names);
        Ok(AssetScreen { card, versions, comments, has_team, may_write: role.is_some_and(|r| r.may_write()) })
    }

    fn replica(&mut self, workspace: WorkspaceId) -> Result<(&S, &mut Replica), DeskError> {
        let replica = self.replicas.get_mut(&workspace).ok_or(ReplicaError::UnknownWorkspace(workspace))?;
        Ok((&self.store, replica))
    }

    fn names(&mut self, workspace: WorkspaceId) -> Result<Names, DeskError> {
        let (store, replica) = self.replica(workspace)?;
        let me = replica.me().person();
        let named = replica.members(store)?.into_iter().filter_map(|m| Some((m.person, m.printed_name?)));
        Ok(Names { names: named.collect(), me })
    }

    fn members(&mut self, workspace: WorkspaceId) -> Result<Vec<MemberCard>, DeskError> {
        let (store, replica) = self.replica(workspace)?;
        let card = |m: proofroom_replica::MemberView| MemberCard {
            name: m.printed_name.unwrap_or_else(|| m.person.short()),
            person: m.person.to_hex(),
            organisation: m.organisation.unwrap_or_default(),
            role: m.role,
            removed: m.removed,
            me: m.me,
            devices: u32::try_from(m.devices.iter().filter(|d| d.active).count()).unwrap_or(u32::MAX),
        };
        Ok(replica.members(store)?.into_iter().map(card).collect())
    }
}

fn asset_card(asset: &AssetView, status: &ReviewStatus, names: &Names) -> AssetCard {
    let heads: Vec<&VersionStatus> = status.heads().collect();
    let missing = |people: &[PersonStatus]| -> Vec<PersonId> {
        people.iter().filter(|p| p.must_decide && p.decision.is_none()).map(|p| p.person).collect()
    };
    let waits: Vec<PersonId> = heads.first().map(|v| missing(&v.people)).unwrap_or_default();
    AssetCard {
        id: asset.id.to_hex(),
        name: asset.name.clone(),
        category: asset.category.to_string(),
        outcome: status.outcome.to_string(),
        versions: heads.iter().map(|v| v.label.clone()).collect(),
        open_comments: u32::try_from(heads.iter().map(|v| v.open_comments.len()).sum::<usize>())
            .unwrap_or(u32::MAX),
        waits_for: waits.iter().map(|p| names.of(p)).collect(),
        waits_for_me: waits.contains(&names.me),
        blocked_by: heads
            .first()
            .map(|v| v.blocked_by.iter().map(|b| names.in_text(&b.to_string())).collect())
            .unwrap_or_default(),
    }
}

/// What version cards are made from.
struct Scene<'a> {
    names: &'a Names,
    view: &'a ReviewView,
    status: &'a ReviewStatus,
    decisions: &'a [SignedDecision],
}

impl Scene<'_> {
    fn version(
        &self,
        hash: &VersionHash,
        label: &str,
        here: impl Fn(&FileRef) -> bool,
    ) -> Option<VersionCard> {
        let manifest: &Manifest = self.view.versions.get(hash)?;
        let status = self.status.version(hash)?;
        let file = |file: &FileRef| FileCard {
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            bytes: file.bytes,
            content: file.content.to_hex(),
            here: here(file),
        };
        let spoken = |text: String| self.names.in_text(&text);
        Some(VersionCard {
            hash: hash.to_hex(),
            label: label.to_owned(),
            words: hash.short(),
            current: self.status.current.heads().contains(hash),
            author: self.names.of(&manifest.author),
            claimed_at: manifest.claimed_at.0,
            note: manifest.note.clone(),
            files: manifest.files.iter().map(file).collect(),
            outcome: status.outcome.to_string(),
            people: status.people.iter().map(|p| self.person(p, hash)).collect(),
            warnings: status.warnings.iter().map(|w| spoken(w.to_string())).collect(),
            blocked_by: status.blocked_by.iter().map(|b| spoken(b.to_string())).collect(),
        })
    }

    fn person(&self, status: &PersonStatus, version: &VersionHash) -> PersonCard {
        let theirs = |c: &&CommentView| c.key.owner == status.person && c.anchor.version == *version;
        PersonCard {
            person: status.person.to_hex(),
            name: self.names.of(&status.person),
            role: status.role.to_string(),
            must_decide: status.must_decide,
            commented: self.view.comments.iter().any(|c| theirs(&c)),
            decision: status.entry.and_then(|entry| self.decision(entry)),
        }
    }

    fn decision(&self, entry: EntryHash) -> Option<DecisionCard> {
        let signed = self.decisions.iter().find(|d| d.entry == entry)?;
        let statement = &signed.statement;
        Some(DecisionCard {
            decision: statement.decision.to_string(),
            reason: statement.reason.clone().unwrap_or_default(),
            conditions: statement.conditions.iter().map(|c| c.text.clone()).collect(),
            claimed_at: statement.claimed_at.0,
            entry: entry.to_hex(),
        })
    }
}

fn comment_card(comment: &CommentView, names: &Names, team: bool) -> CommentCard {
    CommentCard {
        key: comment.key.to_string(),
        parent: comment.parent.as_ref().map(ToString::to_string),
        author: comment.key.owner.to_hex(),
        author_name: names.of(&comment.key.owner),
        mine: comment.key.owner == names.me,
        body: comment.body.clone(),
        label: comment.label.to_string(),
        state: comment.state.to_string(),
        version: comment.anchor.version.to_hex(),
        place: place_of(&comment.anchor),
        created_at: comment.created_at.0,
        team,
    }
}
