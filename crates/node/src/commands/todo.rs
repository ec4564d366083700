//! `todo`: everything that reviewers want of an author, as one list.

use clap::Args;
use proofroom_ident::{Audience, PersonId};
use proofroom_review::{
    AssetView, CommentKey, CommentLabel, CommentState, CommentView, ReviewView, conflicts,
};
use proofroom_workflow::AssetState;
use serde_json::{Value, json};

use super::Call;
use super::version::label_of;
use crate::failure::Failure;
use crate::find;
use crate::peer::{Peer, Seat};
use crate::people::People;
use crate::report::{Cell, Report, Tone};

/// `proofroom todo`
#[derive(Debug, Args)]
#[command(after_help = "\
Blockers first, then tasks, conditions of approvals, changes, questions and suggestions; of every version, for open
comments stay open until somebody closes them. Without ASSET, of all assets whose current version is yours. Where
reviewers contradict each other, both comments say so: ask them before you change anything.

JSON: {\"items\": [{\"asset\", \"asset_name\", \"kind\", \"comment\", \"decision\", \"condition\", \"version_label\", \"by\", \"by_name\",
\"text\", \"state\", \"addressed_in\", \"audience\", \"conflicts_with\": [id]}]}; kind is blocker, task, condition, change, question
or suggestion; comment is null for a condition")]
pub struct Todo {
    /// One asset: its name or id
    asset: Option<String>,
    /// Of all assets, whoever made them
    #[arg(long, conflicts_with = "asset")]
    all: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Blocker,
    Task,
    Condition,
    Change,
    Question,
    Suggestion,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Blocker => "blocker",
            Self::Task => "task",
            Self::Condition => "condition",
            Self::Change => "change",
            Self::Question => "question",
            Self::Suggestion => "suggestion",
        }
    }

    /// What a comment asks for; `None` where it asks for nothing, or nothing more.
    const fn of(comment: &CommentView) -> Option<Self> {
        match (comment.state, comment.label) {
            (CommentState::Task, CommentLabel::Blocker) => Some(Self::Blocker),
            (CommentState::Task, _) => Some(Self::Task),
            (CommentState::Open, CommentLabel::Blocker) => Some(Self::Blocker),
            (CommentState::Open, CommentLabel::Change) => Some(Self::Change),
            (CommentState::Open, CommentLabel::Question) => Some(Self::Question),
            (CommentState::Open, CommentLabel::Suggestion) => Some(Self::Suggestion),
            _ => None,
        }
    }
}

struct Item {
    kind: Kind,
    asset_name: String,
    version_label: String,
    by: PersonId,
    text: String,
    id: String,
    contradicted: bool,
    json: Value,
}

/// Lists what is to be done.
///
/// # Errors
/// When the asset is not known, or the store cannot be read.
pub fn run(args: &Todo, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let mut seat = peer.seat(workspace)?;
    let plan = seat.replica.plan(seat.step.store)?;
    let people = People::of(&mut seat)?;
    let only = args.asset.as_deref().map(|text| find::asset(&plan, text)).transpose()?.map(|a| a.id);
    let mut items = Vec::new();
    for asset in plan.assets.iter().filter(|a| only.is_none_or(|id| a.id == id)) {
        let state = seat.replica.status(seat.step.store, asset.id, seat.step.now)?;
        let view = seat.replica.review(seat.step.store, asset.id, Audience::Everyone)?;
        let me = seat.replica.me().person();
        let author = |v| view.versions.get(v).is_some_and(|m| m.author == me);
        if only.is_none() && !args.all && !state.current.heads().iter().any(author) {
            continue;
        }
        items.extend(comments(&mut seat, asset, &view, &people)?);
        items.extend(conditions(asset, &state, &people));
    }
    items.sort_by(|a, b| (a.kind, &a.asset_name).cmp(&(b.kind, &b.asset_name)));
    Ok(shown(&items, &people))
}

fn comments(
    seat: &mut Seat<'_>,
    asset: &AssetView,
    versions: &ReviewView,
    people: &People,
) -> Result<Vec<Item>, Failure> {
    let mut out = Vec::new();
    for audience in find::audiences(seat) {
        let view = seat.replica.review(seat.step.store, asset.id, audience)?;
        let opposed = conflicts(&view.comments);
        for comment in view.comments.iter().filter(|c| c.parent.is_none()) {
            let Some(kind) = Kind::of(comment) else { continue };
            let against: Vec<CommentKey> =
                opposed.iter().filter(|c| c.change == comment.key).map(|c| c.praise).collect();
            let version_label = label_of(versions, comment.anchor.version);
            let json = json!({
                "asset": asset.id,
                "asset_name": asset.name,
                "kind": kind.word(),
                "comment": comment.key.id,
                "decision": null,
                "condition": null,
                "version_label": version_label,
                "by": comment.key.owner,
                "by_name": people.name(comment.key.owner),
                "text": comment.body,
                "state": comment.state,
                "addressed_in": comment.addressed_in.map(|v| label_of(versions, v)),
                "audience": audience,
                "conflicts_with": against.iter().map(|key| key.id).collect::<Vec<_>>(),
            });
            out.push(Item {
                kind,
                asset_name: asset.name.clone(),
                version_label,
                by: comment.key.owner,
                text: comment.body.clone(),
                id: comment.key.id.short(),
                contradicted: !against.is_empty(),
                json,
            });
        }
    }
    Ok(out)
}

/// The conditions of approvals that nobody said are met.
fn conditions(asset: &AssetView, state: &AssetState, people: &People) -> Vec<Item> {
    let last = state.runs.iter().rev().find(|run| !run.conditions.is_empty());
    let Some(run) = last else { return Vec::new() };
    let open = (1_usize..).zip(&run.conditions).filter(|(_, c)| !c.met);
    let item = |(n, c): (usize, &proofroom_workflow::view::ConditionState)| Item {
        kind: Kind::Condition,
        asset_name: asset.name.clone(),
        version_label: run.label.clone(),
        by: c.person,
        text: c.condition.text.clone(),
        id: format!("#{n}"),
        contradicted: false,
        json: json!({
            "asset": asset.id,
            "asset_name": asset.name,
            "kind": "condition",
            "comment": c.condition.comment.map(|key| key.id),
            "decision": c.decision,
            "condition": n,
            "version_label": run.label,
            "by": c.person,
            "by_name": people.name(c.person),
            "text": c.condition.text,
            "state": "open",
            "addressed_in": null,
            "audience": Audience::Everyone,
            "conflicts_with": [],
        }),
    };
    open.map(item).collect()
}

fn shown(items: &[Item], people: &People) -> Report {
    let row = |i: &Item| {
        let tone = match i.kind {
            Kind::Blocker => Tone::Bad,
            Kind::Task | Kind::Condition => Tone::Warn,
            _ => Tone::Plain,
        };
        let against = if i.contradicted { " (contradicted: ask)" } else { "" };
        vec![
            Cell::new(i.kind.word(), tone),
            Cell::from(&i.id),
            Cell::new(&i.asset_name, Tone::Strong),
            Cell::from(&i.version_label),
            Cell::from(people.name(i.by)),
            Cell::from(format!("{}{against}", i.text)),
        ]
    };
    let rows: Vec<_> = items.iter().map(row).collect();
    let json = json!({"items": items.iter().map(|i| &i.json).collect::<Vec<_>>()});
    let report =
        Report::new(json).table(&["KIND", "ID", "ASSET", "ON", "BY", "TEXT"], rows, "Nothing is to be done");
    if items.is_empty() {
        return report;
    }
    let done = "when done: proofroom comment addressed ID, proofroom review meet ASSET N";
    report.toned(done, Tone::Faint)
}
