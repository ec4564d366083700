//! Screens, made from what replicas show.

use std::collections::BTreeMap;

use proofroom_authority::Role;
use proofroom_ident::{AssetId, Audience, EntryHash, Millis, PersonId, VersionHash, WorkspaceId};
use proofroom_replica::{Membership, ReplicaError, SignedDecision};
use proofroom_review::{AssetView, CommentView, FileRef, Manifest, RenditionKind, ReviewView};
use proofroom_store::Store;
use proofroom_web_wire::{
    AssetCard, AssetScreen, Board, CommentCard, DecisionCard, FileCard, MemberCard, PersonCard, TilesOf,
    VersionCard,
};
use proofroom_workflow::{AssetState, AssignmentState, Phase, Progress, RunState, StageState};

use crate::desk::{Desk, parse};
use crate::fault::DeskError;
use crate::files::Shelf;
use crate::place::place_of;
use crate::shelf::Wish;

/// Printed names by person.
pub(crate) struct Names {
    names: BTreeMap<PersonId, String>,
    me: PersonId,
}

impl Names {
    pub(crate) fn of(&self, person: &PersonId) -> String {
        self.names.get(person).cloned().unwrap_or_else(|| person.short())
    }

    /// Puts names where a text names people by the short form of their keys.
    pub(crate) fn in_text(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (person, name)| text.replace(&person.short(), name))
    }
}

impl<S: Store> Desk<S> {
    pub(crate) fn board(&mut self, workspace: WorkspaceId, now: Millis) -> Result<Board, DeskError> {
        let card = self.card(workspace)?;
        let members = self.members(workspace)?;
        let names = self.names(workspace)?;
        let requests = self.request_cards(workspace)?;
        let plan = self.plan(workspace)?;
        let mut assets = Vec::new();
        let (store, replica) = self.replica(workspace)?;
        let evaluation = replica.workflow(store, now)?;
        for asset in &plan.assets {
            assets.extend(evaluation.asset(&asset.id).map(|state| asset_card(asset, state, &names)));
        }
        for card in &mut assets {
            let view = replica.review(store, parse(&card.id, "an asset")?, Audience::Everyone)?;
            card.thumbnail = thumbnail(&view);
        }
        let may_add = self.role(workspace)?.is_some_and(|role| role >= Role::Producer);
        Ok(Board { workspace: card, members, requests, assets, may_add })
    }

    pub(crate) fn asset(
        &mut self,
        workspace: WorkspaceId,
        asset: AssetId,
        now: Millis,
    ) -> Result<AssetScreen, DeskError> {
        let names = self.names(workspace)?;
        let kept = self.wishes.get(&(workspace, asset)) == Some(&Wish::Keep);
        let replica = self.replicas.get_mut(&workspace).ok_or(ReplicaError::UnknownWorkspace(workspace))?;
        let (store, shelf) = (&self.store, &self.shelf);
        let shown = replica.plan(store)?.asset(&asset).ok_or(ReplicaError::UnknownAsset(asset))?.clone();
        let status = replica.status(store, asset, now)?;
        let view = replica.review(store, asset, Audience::Everyone)?;
        let decisions = replica.decisions(store, asset)?;
        let role = match replica.membership() {
            Membership::Member(role) => Some(role),
            _ => None,
        };
        let has_team = role.is_some_and(|role| role.reads(Audience::Team));
        let scene = Scene { names: &names, view: &view, status: &status, decisions: &decisions, shelf, kept };
        let mut versions: Vec<VersionCard> =
            view.numbered().iter().filter_map(|n| scene.version(&n.version, &n.label)).collect();
        versions.reverse();
        let mut comments: Vec<CommentCard> =
            view.comments.iter().map(|c| comment_card(c, &names, false)).collect();
        if has_team {
            let team = replica.review(store, asset, Audience::Team)?;
            comments.extend(team.comments.iter().map(|c| comment_card(c, &names, true)));
            comments.sort_by(|a, b| (a.created_at, &a.key).cmp(&(b.created_at, &b.key)));
        }
        let card = asset_card(&shown, &status, &names);
        let may_write = role.is_some_and(|r| r.may_write());
        let may_add = role.is_some_and(|r| r >= Role::Producer);
        Ok(AssetScreen { card, versions, comments, has_team, may_write, may_add })
    }

    /// An asset at a glance.
    pub(crate) fn asset_card(
        &mut self,
        now: Millis,
        workspace: WorkspaceId,
        asset: &AssetView,
    ) -> Result<AssetCard, DeskError> {
        let names = self.names(workspace)?;
        let (store, replica) = self.replica(workspace)?;
        let status = replica.status(store, asset.id, now)?;
        Ok(asset_card(asset, &status, &names))
    }

    pub(crate) fn names(&mut self, workspace: WorkspaceId) -> Result<Names, DeskError> {
        let (store, replica) = self.replica(workspace)?;
        let me = replica.me().person();
        let named = replica.members(store)?.into_iter().filter_map(|m| Some((m.person, m.printed_name?)));
        Ok(Names { names: named.collect(), me })
    }

    fn members(&mut self, workspace: WorkspaceId) -> Result<Vec<MemberCard>, DeskError> {
        let (store, replica) = self.replica(workspace)?;
        Ok(replica.members(store)?.into_iter().map(member_card).collect())
    }
}

/// A member at a glance.
pub(crate) fn member_card(m: proofroom_replica::MemberView) -> MemberCard {
    MemberCard {
        name: m.printed_name.unwrap_or_else(|| m.person.short()),
        person: m.person.to_hex(),
        organisation: m.organisation.unwrap_or_default(),
        role: m.role,
        removed: m.removed,
        me: m.me,
        devices: u32::try_from(m.devices.iter().filter(|d| d.active).count()).unwrap_or(u32::MAX),
    }
}

fn asset_card(asset: &AssetView, status: &AssetState, names: &Names) -> AssetCard {
    let heads: Vec<&RunState> = status.heads().collect();
    let missing = |run: &RunState| -> Vec<PersonId> {
        let running = run.assignments().filter(|(stage, _)| stage.phase == Phase::Running);
        running.filter(|(_, a)| a.must_decide && a.end.is_none()).map(|(_, a)| a.person).collect()
    };
    let waits: Vec<PersonId> = heads.first().map(|run| missing(run)).unwrap_or_default();
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
        request: asset.request.map(|key| key.to_string()).unwrap_or_default(),
        stage: heads.first().map(|run| running(run)).unwrap_or_default(),
        due: due(status, &names.me),
        since: since(asset, status),
        thumbnail: None,
        blocked_by: heads
            .first()
            .map(|v| v.blocks().into_iter().map(|b| names.in_text(&b.to_string())).collect())
            .unwrap_or_default(),
    }
}

/// The thumbnail of the newest version's first file that has one.
fn thumbnail(view: &ReviewView) -> Option<String> {
    thumbnail_of(view, view.numbered().pop()?.version)
}

/// The thumbnail of a version's first file that has one.
pub(crate) fn thumbnail_of(view: &ReviewView, version: VersionHash) -> Option<String> {
    let files = &view.versions.get(&version)?.files;
    let made = files.iter().find_map(|file| view.rendition(&file.content, RenditionKind::Thumbnail))?;
    Some(made.content.to_hex())
}

/// The stages that run, in words; nothing where the route has one stage only.
fn running(run: &RunState) -> String {
    let stages = run.stages.iter().filter(|stage| stage.phase == Phase::Running);
    let names: Vec<String> = stages.map(|stage| stage_name(run, stage)).collect();
    names.join(", ")
}

/// What people call a stage; nothing where the route has no other.
fn stage_name(run: &RunState, stage: &StageState) -> String {
    if run.stages.len() > 1 { stage.stage.to_string().replace('_', " ") } else { String::new() }
}

/// When an asset is due: for a person if it waits for them, else for whoever is first.
fn due(status: &AssetState, me: &PersonId) -> u64 {
    let mine =
        status.waits.iter().filter(|wait| wait.person.as_ref() == Some(me)).filter_map(|wait| wait.due).min();
    mine.or_else(|| status.waits.iter().filter_map(|wait| wait.due).min()).map_or(0, |due| due.0)
}

/// Since when an asset is where it is: since the last stage began or ended, else since its version came.
fn since(asset: &AssetView, status: &AssetState) -> u64 {
    let run = status.heads().next();
    let stages = run.into_iter().flat_map(|run| &run.stages);
    let moved = stages.flat_map(|stage| [stage.started_at, stage.closed_at]).flatten().max();
    moved.or_else(|| run.map(|run| run.submitted_at)).unwrap_or(asset.created_at).0
}

/// A word as it is written in the domain.
fn word_of(progress: Progress) -> String {
    let word = match progress {
        Progress::Waiting => "waiting",
        Progress::Asked => "asked",
        Progress::Synced => "synced",
        Progress::Opened => "opened",
        Progress::Commented => "commented",
        Progress::Ended => "ended",
    };
    word.to_owned()
}

/// What version cards are made from.
struct Scene<'a> {
    names: &'a Names,
    view: &'a ReviewView,
    status: &'a AssetState,
    decisions: &'a [SignedDecision],
    shelf: &'a Shelf,
    kept: bool,
}

impl Scene<'_> {
    fn file(&self, file: &FileRef) -> FileCard {
        let held = self.view.blobs.get(&file.content).map_or(0, |b| self.shelf.bytes(b.blob, b.bytes));
        FileCard {
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            bytes: file.bytes,
            content: file.content.to_hex(),
            here: self.view.blobs.get(&file.content).is_some_and(|b| self.shelf.whole.contains(&b.blob)),
            held,
            kept: self.kept,
            waveform: self.view.rendition(&file.content, RenditionKind::Waveform).map(|r| r.content.to_hex()),
            tiles: self.view.rendition(&file.content, RenditionKind::Tiles).map(|r| TilesOf {
                content: r.content.to_hex(),
                bytes: r.bytes,
                held: self.view.blobs.get(&r.content).map_or(0, |b| self.shelf.bytes(b.blob, b.bytes)),
            }),
        }
    }

    fn version(&self, hash: &VersionHash, label: &str) -> Option<VersionCard> {
        let manifest: &Manifest = self.view.versions.get(hash)?;
        let run = self.status.run(hash)?;
        let spoken = |text: String| self.names.in_text(&text);
        Some(VersionCard {
            hash: hash.to_hex(),
            label: label.to_owned(),
            words: hash.short(),
            current: self.status.current.heads().contains(hash),
            author: self.names.of(&manifest.author),
            claimed_at: manifest.claimed_at.0,
            note: manifest.note.clone(),
            files: manifest.files.iter().map(|file| self.file(file)).collect(),
            outcome: run.outcome.to_string(),
            people: run
                .assignments()
                .map(|(stage, a)| self.person(a, stage_name(run, stage), hash))
                .collect(),
            warnings: run.warnings.iter().map(|w| spoken(w.to_string())).collect(),
            blocked_by: run.blocks().into_iter().map(|b| spoken(b.to_string())).collect(),
        })
    }

    fn person(&self, status: &AssignmentState, stage: String, version: &VersionHash) -> PersonCard {
        let theirs = |c: &&CommentView| c.key.owner == status.person && c.anchor.version == *version;
        PersonCard {
            person: status.person.to_hex(),
            name: self.names.of(&status.person),
            role: status.duty.to_string(),
            must_decide: status.must_decide,
            commented: self.view.comments.iter().any(|c| theirs(&c)),
            progress: word_of(status.progress),
            stage,
            due: status.due.map_or(0, |due| due.0),
            decision: status.decision.and_then(|d| self.decision(d.entry)),
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
