//! `comment list`: what was said, and what of it somebody asks to see.

use clap::Args;
use proofroom_compare::Under;
use proofroom_ident::{Audience, PersonId, VersionHash};
use proofroom_review::{CommentLabel, CommentState, CommentView, Conflict, Current, ReviewView, conflicts};
use serde_json::{Value, json};

use super::{described, place};
use crate::commands::version::label_of;
use crate::compared::Places;
use crate::failure::Failure;
use crate::find;
use crate::peer::Seat;
use crate::people::People;
use crate::report::{Cell, Report, Tone};
use crate::when;

/// `proofroom comment list`
#[derive(Debug, Args)]
pub struct List {
    /// The asset: its name or id
    asset: String,
    /// Only comments that somebody still has to do something about
    #[arg(long)]
    open: bool,
    /// Only comments for this; may be given several times
    #[arg(long = "label", value_name = "LABEL")]
    labels: Vec<CommentLabel>,
    /// Only comments in this state; may be given several times
    #[arg(long = "state", value_name = "STATE")]
    states: Vec<CommentState>,
    /// Only comments of this person, by name or id
    #[arg(long, value_name = "PERSON")]
    by: Option<String>,
    /// Only comments on this version: v2, or the beginning of its hash
    #[arg(long, value_name = "VERSION")]
    on: Option<String>,
    /// Only comments in which reviewers contradict each other
    #[arg(long)]
    conflicts: bool,
}

/// A comment, and what is around it.
struct Line {
    audience: Audience,
    comment: CommentView,
    against: Vec<Conflict>,
    acknowledged: Vec<PersonId>,
    under: Option<Under>,
}

struct Wanted<'a> {
    args: &'a List,
    by: Option<PersonId>,
    on: Option<VersionHash>,
}

impl Wanted<'_> {
    fn is(&self, line: &Line) -> bool {
        let c = &line.comment;
        (!self.args.open || c.state.is_open())
            && (self.args.labels.is_empty() || self.args.labels.contains(&c.label))
            && (self.args.states.is_empty() || self.args.states.contains(&c.state))
            && self.by.is_none_or(|by| c.key.owner == by)
            && self.on.is_none_or(|on| c.anchor.version == on)
            && (!self.args.conflicts || !line.against.is_empty())
    }
}

pub(super) fn list(seat: &mut Seat<'_>, args: &List) -> Result<Report, Failure> {
    let plan = seat.replica.plan(seat.step.store)?;
    let asset = find::asset(&plan, &args.asset)?;
    let members = seat.replica.members(seat.step.store)?;
    let people = People::from_members(&members);
    let versions = seat.replica.review(seat.step.store, asset.id, Audience::Everyone)?;
    let by = args.by.as_deref().map(|name| find::person(&members, name)).transpose()?;
    let on = args.on.as_deref().map(|text| find::version(&versions, text)).transpose()?;
    let wanted = Wanted { args, by, on };
    let mut all: Vec<Line> = Vec::new();
    for audience in find::audiences(seat) {
        let view = seat.replica.review(seat.step.store, asset.id, audience)?;
        all.extend(lines(audience, &view).into_iter().filter(|line| wanted.is(line)));
    }
    all.sort_by_key(|line| (line.comment.created_at, line.comment.key));
    let mut places = Places::new(seat.replica.workspace(), seat.blobs, &versions);
    let current = versions.current();
    all.iter_mut().for_each(|line| line.under = under(&mut places, &current, &line.comment));
    let rows = all.iter().map(|line| row(line, &versions, &people)).collect();
    let listed: Vec<Value> = all
        .iter()
        .map(|line| {
            let mut json = described(&line.comment, asset.id, line.audience, &versions, &people);
            let others = line.against.iter().map(|c| other(c, &line.comment).id);
            json["addressed_in"] = json!(line.comment.addressed_in.map(|v| label_of(&versions, v)));
            json["changed_under_anchor"] = json!(line.under);
            json["acknowledged_by"] = json!(line.acknowledged);
            json["conflicts_with"] = json!(others.collect::<Vec<_>>());
            json
        })
        .collect();
    let head = ["ID", "ON", "LABEL", "STATE", "BY", "AT", "WHERE", "TEXT"];
    let empty = match args.open || args.conflicts || by.is_some() || on.is_some() || !args.labels.is_empty() {
        true => "No such comments",
        false => "No comments yet: proofroom comment add ASSET TEXT",
    };
    Ok(Report::new(json!({"asset": asset.id, "name": asset.name, "comments": listed}))
        .table(&head, rows, empty))
}

/// Of a comment that waits for somebody: whether it changed there until the version that is said to
/// address it, else until the current one.
fn under(places: &mut Places<'_>, current: &Current, comment: &CommentView) -> Option<Under> {
    let current = match current {
        Current::One(version) => Some(*version),
        Current::None | Current::Fork(_) => None,
    };
    let waits = comment.state.is_open() || comment.addressed_in.is_some();
    let version =
        comment.addressed_in.or(current).filter(|version| waits && *version != comment.anchor.version)?;
    Some(places.changed_under(&comment.anchor, version))
}

fn lines(audience: Audience, view: &ReviewView) -> Vec<Line> {
    let opposed = conflicts(&view.comments);
    let line = |c: &CommentView| {
        let against = opposed.iter().filter(|o| o.praise == c.key || o.change == c.key);
        let noted = view.acknowledged.keys().filter(|a| a.comment == c.key.id);
        Line {
            audience,
            comment: c.clone(),
            against: against.copied().collect(),
            acknowledged: noted.map(|a| a.by).collect(),
            under: None,
        }
    };
    view.comments.iter().map(line).collect()
}

fn other(conflict: &Conflict, comment: &CommentView) -> proofroom_review::CommentKey {
    if conflict.praise == comment.key { conflict.change } else { conflict.praise }
}

fn tone(comment: &CommentView) -> Tone {
    match (comment.state.is_open(), comment.label) {
        (false, _) => Tone::Faint,
        (true, CommentLabel::Blocker) => Tone::Bad,
        (true, CommentLabel::Praise) => Tone::Good,
        (true, _) => Tone::Plain,
    }
}

fn row(line: &Line, versions: &ReviewView, people: &People) -> Vec<Cell> {
    let c = &line.comment;
    let team = if line.audience == Audience::Team { " (team)" } else { "" };
    let reply = if c.parent.is_some() { "↳ " } else { "" };
    let mut notes = Vec::new();
    if let Some(version) = c.addressed_in {
        notes.push(format!("addressed in {}", label_of(versions, version)));
    }
    if let Some(under) = line.under {
        notes.push(format!("changed under the anchor: {under}"));
    }
    if !line.against.is_empty() {
        let ids: Vec<String> = line.against.iter().map(|o| other(o, c).id.short()).collect();
        notes.push(format!("contradicts {}", ids.join(", ")));
    }
    let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join("; ")) };
    vec![
        Cell::from(c.key.id.short()),
        Cell::from(label_of(versions, c.anchor.version)),
        Cell::new(format!("{}{team}", c.label), tone(c)),
        Cell::from(c.state),
        Cell::from(people.name(c.key.owner)),
        Cell::from(when::shown(c.created_at)),
        Cell::from(place::shown(&c.anchor)),
        Cell::new(format!("{reply}{}{notes}", c.body), tone(c)),
    ]
}
