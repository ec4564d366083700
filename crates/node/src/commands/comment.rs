//! `comment`: feedback that points somewhere.

mod list;
mod place;

use clap::Subcommand;
use proofroom_compare::Under;
use proofroom_ident::{AssetId, Audience, CommentId, WorkspaceId};
use proofroom_review::{
    Anchor, CommentKey, CommentLabel, CommentState, CommentView, PlanView, ReviewEdit, ReviewView,
};
use serde_json::{Value, json};

use super::Call;
use super::version::label_of;
use crate::compared::Places;
use crate::failure::Failure;
use crate::find::{self, FoundComment};
use crate::peer::{Peer, Seat};
use crate::people::People;
use crate::report::Report;
use crate::splice::splice;
use place::Place;

/// `proofroom comment`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Comment on an asset's current version
    #[command(after_help = "\
Examples:
  proofroom comment add Hero \"Logo too small\" --region 40,60,200,80 --label blocker
  proofroom comment add Spot \"Cut earlier\" --frames 120..148
  proofroom comment add Spot \"Super is cropped\" --timecode \"00:01:00;02\" --region percent:10,80,80,15
  proofroom comment add Copy \"Claim needs a source\" --quote \"faster than the tram\" --team

JSON: {\"comment\", \"key\", \"asset\", \"version\", \"version_label\", \"audience\", \"label\", \"state\", \"body\",
\"author\", \"author_name\", \"created_at\", \"parent\", \"anchor\", \"entry\"}")]
    Add(Box<Add>),
    /// List the comments on an asset
    #[command(after_help = "\
Examples:
  proofroom comment list Hero --open --label blocker
  proofroom comment list Hero --by Bo --on v2
  proofroom comment list Hero --conflicts     what reviewers contradict each other about

JSON: {\"asset\", \"name\", \"comments\": [as `proofroom comment add` prints but entry, and \"addressed_in\",
\"changed_under_anchor\", \"acknowledged_by\": [id], \"conflicts_with\": [id]}]}
changed_under_anchor is yes, no or unknown, for a comment on an earlier version: whether the version that is said to
address it, else the current one, differs there; `proofroom version diff` looks closer")]
    List(list::List),
    /// Make a comment a task: somebody is to do it
    #[command(after_help = "JSON: {\"comment\", \"state\", \"entry\"}")]
    Promote {
        /// The comment's id
        id: String,
    },
    /// Say that a version does what a comment asks for
    #[command(after_help = "\
Its author, or a moderator, then verifies it: proofroom comment state ID verified.

JSON: {\"comment\", \"state\", \"addressed_in\", \"addressed_in_label\", \"changed_under_anchor\", \"entry\"}")]
    Addressed {
        /// The comment's id
        id: String,
        /// The version that does it [default: the current one]
        #[arg(long = "in", value_name = "VERSION")]
        version: Option<String>,
    },
    /// Take note of a comment
    #[command(after_help = "JSON: {\"comment\", \"acknowledged\", \"entry\"}")]
    Acknowledge {
        /// The comment's id
        id: String,
    },
    /// Answer a comment
    #[command(after_help = "JSON: as `proofroom comment add`")]
    Reply {
        /// The comment's id
        id: String,
        /// What to answer
        text: String,
    },
    /// Change the text of one's own comment
    #[command(after_help = "JSON: {\"comment\", \"body\", \"entry\"}")]
    Edit {
        /// The comment's id
        id: String,
        /// Its new text
        text: String,
    },
    /// Say that what a comment asks for is done
    #[command(after_help = "JSON: {\"comment\", \"state\", \"entry\"}")]
    Resolve {
        /// The comment's id
        id: String,
    },
    /// Move a comment on its way: open, task, addressed, verified, wont_fix, withdrawn
    #[command(after_help = "JSON: {\"comment\", \"state\", \"entry\"}")]
    State {
        /// The comment's id
        id: String,
        /// The new state
        state: CommentState,
    },
}

/// `proofroom comment add`
#[derive(Debug, clap::Args)]
pub struct Add {
    /// The asset: its name or id
    asset: String,
    /// What to say
    text: String,
    #[command(flatten)]
    place: Place,
    /// What it is for: change, question, suggestion, praise, blocker, info
    #[arg(long, default_value = "change")]
    label: CommentLabel,
    /// For the team only: guests never receive it
    #[arg(long)]
    team: bool,
    /// Comment on an earlier version: v2, or the beginning of its hash
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
}

/// Runs a subcommand.
///
/// # Errors
/// See each function.
pub fn run(command: Command, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let mut seat = peer.seat(workspace)?;
    match command {
        Command::Add(add) => self::add(workspace, &mut seat, *add),
        Command::List(args) => list::list(&mut seat, &args),
        Command::Promote { id } => set_state(&mut seat, &id, CommentState::Task),
        Command::Addressed { id, version } => addressed(&mut seat, &id, version.as_deref()),
        Command::Acknowledge { id } => acknowledge(&mut seat, &id),
        Command::Reply { id, text } => reply(&mut seat, &id, text),
        Command::Edit { id, text } => edit(&mut seat, &id, &text),
        Command::Resolve { id } => set_state(&mut seat, &id, CommentState::Addressed),
        Command::State { id, state } => set_state(&mut seat, &id, state),
    }
}

fn add(workspace: WorkspaceId, seat: &mut Seat<'_>, add: Add) -> Result<Report, Failure> {
    let plan = seat.replica.plan(seat.step.store)?;
    let asset = find::asset(&plan, &add.asset)?;
    let view = seat.replica.review(seat.step.store, asset.id, Audience::Everyone)?;
    let version = match &add.version {
        Some(text) => find::version(&view, text)?,
        None => the_current(&view, &asset.name)?,
    };
    let (anchor, warning) = add.place.anchor(workspace, seat, &view, version)?;
    let audience = if add.team { Audience::Team } else { Audience::Everyone };
    let new =
        NewComment { asset: asset.id, audience, body: add.text, anchor, label: add.label, parent: None };
    let report = record(seat, &plan, new)?;
    Ok(match warning {
        Some(warning) => report.warn(warning),
        None => report,
    })
}

fn the_current(view: &ReviewView, name: &str) -> Result<proofroom_ident::VersionHash, Failure> {
    match view.current().heads() {
        [one] => Ok(*one),
        [] => {
            Err(Failure::user(format!("{name} has no version yet")).hint("proofroom version add ASSET FILE"))
        }
        _ => {
            Err(Failure::user(format!("{name} has concurrent versions: say which one the comment is about"))
                .hint("--version v3a, or settle it: proofroom version pick ASSET v3a"))
        }
    }
}

struct NewComment {
    asset: AssetId,
    audience: Audience,
    body: String,
    anchor: Anchor,
    label: CommentLabel,
    parent: Option<CommentKey>,
}

fn record(seat: &mut Seat<'_>, plan: &PlanView, new: NewComment) -> Result<Report, Failure> {
    let id = CommentId::from_bytes(seat.random());
    let key = CommentKey::new(seat.replica.me().person(), id);
    let anchor = Box::new(new.anchor);
    let edit = ReviewEdit::AddComment { id, body: new.body, anchor, label: new.label, parent: new.parent };
    let receipt = seat.edit_review(new.asset, new.audience, edit)?;
    let people = People::of(seat)?;
    let versions = seat.replica.review(seat.step.store, new.asset, Audience::Everyone)?;
    let view = seat.replica.review(seat.step.store, new.asset, new.audience)?;
    let comment =
        view.comment(&key).ok_or_else(|| Failure::store("the comment was recorded but is not shown"))?;
    let mut json = described(comment, new.asset, new.audience, &versions, &people);
    json["entry"] = json!(receipt.entry);
    let name = plan.asset(&new.asset).map_or_else(|| new.asset.short(), |a| a.name.clone());
    let at = label_of(&versions, comment.anchor.version);
    let said = format!("{} on {name} {at}: {}", id.short(), place::shown(&comment.anchor));
    Ok(Report::new(json).line(said))
}

fn described(
    comment: &CommentView,
    asset: AssetId,
    audience: Audience,
    versions: &ReviewView,
    people: &People,
) -> Value {
    json!({
        "comment": comment.key.id,
        "key": comment.key,
        "asset": asset,
        "version": comment.anchor.version,
        "version_label": label_of(versions, comment.anchor.version),
        "audience": audience,
        "label": comment.label,
        "state": comment.state,
        "body": comment.body,
        "author": comment.key.owner,
        "author_name": people.name(comment.key.owner),
        "created_at": comment.created_at,
        "parent": comment.parent.map(|p| p.id),
        "anchor": comment.anchor,
    })
}

fn reply(seat: &mut Seat<'_>, id: &str, text: String) -> Result<Report, Failure> {
    let FoundComment { asset, audience, comment } = find::comment(seat, id)?;
    let plan = seat.replica.plan(seat.step.store)?;
    let parent = Some(comment.key);
    let new =
        NewComment { asset, audience, body: text, anchor: comment.anchor, label: comment.label, parent };
    record(seat, &plan, new)
}

fn edit(seat: &mut Seat<'_>, id: &str, text: &str) -> Result<Report, Failure> {
    let found = find::comment(seat, id)?;
    let key = found.comment.key;
    let Some(splice) = splice(&found.comment.body, text) else {
        let json = json!({"comment": key.id, "body": text, "entry": null});
        return Ok(Report::new(json).line("The comment says so already"));
    };
    let edit =
        ReviewEdit::EditComment { comment: key, at: splice.at, delete: splice.delete, insert: splice.insert };
    let receipt = seat.edit_review(found.asset, found.audience, edit)?;
    let json = json!({"comment": key.id, "body": text, "entry": receipt.entry});
    Ok(Report::new(json).line(format!("{} now says: {text}", key.id.short())))
}

fn set_state(seat: &mut Seat<'_>, id: &str, state: CommentState) -> Result<Report, Failure> {
    let found = find::comment(seat, id)?;
    let key = found.comment.key;
    let edit = ReviewEdit::SetCommentState { comment: key, state };
    let receipt = seat.edit_review(found.asset, found.audience, edit)?;
    Ok(Report::new(json!({"comment": key.id, "state": state, "entry": receipt.entry}))
        .line(format!("{} is {state}", key.id.short())))
}

fn addressed(seat: &mut Seat<'_>, id: &str, version: Option<&str>) -> Result<Report, Failure> {
    let FoundComment { asset, audience, comment } = find::comment(seat, id)?;
    let plan = seat.replica.plan(seat.step.store)?;
    let name = plan.asset(&asset).map_or_else(|| asset.short(), |a| a.name.clone());
    let versions = seat.replica.review(seat.step.store, asset, Audience::Everyone)?;
    let version = match version {
        Some(text) => find::version(&versions, text)?,
        None => the_current(&versions, &name)?,
    };
    let key = comment.key;
    let edits = [
        ReviewEdit::ClaimAddressed { comment: key, version },
        ReviewEdit::SetCommentState { comment: key, state: CommentState::Addressed },
    ];
    let receipt = seat.edit_review_all(asset, audience, &edits)?;
    let label = label_of(&versions, version);
    let mut places = Places::new(seat.replica.workspace(), seat.blobs, &versions);
    let under = places.changed_under(&comment.anchor, version);
    let json = json!({
        "comment": key.id,
        "state": CommentState::Addressed,
        "addressed_in": version,
        "addressed_in_label": label,
        "changed_under_anchor": under,
        "entry": receipt.entry,
    });
    let report = Report::new(json).line(format!("{} is addressed in {label}", key.id.short()));
    Ok(match under {
        Under::No => report.warn(format!("nothing differs in {label} at the place of the comment")),
        Under::Yes | Under::Unknown => report,
    })
}

fn acknowledge(seat: &mut Seat<'_>, id: &str) -> Result<Report, Failure> {
    let FoundComment { asset, audience, comment } = find::comment(seat, id)?;
    let receipt = seat.edit_review(asset, audience, ReviewEdit::Acknowledge { comment: comment.key })?;
    let json = json!({"comment": comment.key.id, "acknowledged": true, "entry": receipt.entry});
    Ok(Report::new(json).line(format!("You have taken note of {}", comment.key.id.short())))
}
