//! `submit` and `withdraw`: versions on their routes.

use clap::Args;
use proofroom_compare::Under;
use proofroom_ident::{AssetId, Audience, VersionHash};
use proofroom_replica::ActChoice;
use proofroom_review::{Act, CommentView, RouteName};
use proofroom_workflow::{RunState, explain};
use serde_json::json;

use super::Call;
use super::version::label_of;
use crate::compared;
use crate::failure::Failure;
use crate::find;
use crate::peer::{Peer, Seat};
use crate::people::People;
use crate::report::{Report, Tone};

/// `proofroom submit`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  proofroom submit Hero                       on the route that the rules choose
  proofroom submit Hero --route brand-legal   on this one
  proofroom submit Hero --route built-in      on the one stage that needs no file

Without rules, the built-in route is taken. From the first submission of an asset on, versions that were not sent are
drafts: nobody is asked about them. The route's people are those who play its roles now; `proofroom review why` tells
later why it was taken. Sending a version again puts it on another route.

JSON: {\"asset\", \"version\", \"label\", \"route\", \"route_hash\", \"chosen\", \"stages\": [{\"stage\", \"phase\", \"people\": [id]}],
\"entry\"}; chosen is null where no rule chose")]
pub struct Submit {
    /// The asset: its name or id
    asset: String,
    /// The route, in the place of the one that the rules choose
    #[arg(long, value_name = "ROUTE")]
    route: Option<RouteName>,
    /// An earlier version: v2, or the beginning of its hash
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
}

/// `proofroom withdraw`
#[derive(Debug, Args)]
#[command(after_help = "\
The version before, if there was one, is asked about again. Its author and moderators may; sending it again undoes it.

JSON: {\"asset\", \"version\", \"label\", \"reason\", \"outcome\", \"entry\"}")]
pub struct Withdraw {
    /// The asset: its name or id
    asset: String,
    /// Why
    #[arg(long)]
    reason: String,
    /// An earlier version: v2, or the beginning of its hash
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
}

/// Sends a version on a route.
///
/// # Errors
/// When there is no version, no such route, or the route cannot be bound to the people here.
pub fn submit(args: &Submit, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let mut seat = peer.seat(workspace)?;
    let plan = seat.replica.plan(seat.step.store)?;
    let asset = find::asset(&plan, &args.asset)?;
    let view = seat.replica.review(seat.step.store, asset.id, Audience::Everyone)?;
    let version = args.version.as_deref().map(|v| find::version(&view, v)).transpose()?;
    let chosen = seat.replica.choose_route(seat.step.store, asset.id, args.route.as_ref())?;
    let (receipt, statement) =
        seat.replica.submit(&mut seat.step, asset.id, version, chosen.route, chosen.choice.clone())?;
    compare(&mut seat, asset.id, statement.version_hash)?;
    let people = People::of(&mut seat)?;
    let state = seat.replica.status(seat.step.store, asset.id, seat.step.now)?;
    let run = state.run(&statement.version_hash);
    let run = run.ok_or_else(|| Failure::store("the submission was recorded but is not shown"))?;
    let stage = |s: &proofroom_workflow::StageState| {
        let people: Vec<_> = s.assignments.iter().map(|a| a.person).collect();
        json!({"stage": s.stage, "phase": s.phase, "people": people})
    };
    let json = json!({
        "asset": asset.id,
        "version": run.version,
        "label": run.label,
        "route": run.route,
        "route_hash": run.route_hash,
        "chosen": chosen.choice,
        "stages": run.stages.iter().map(stage).collect::<Vec<_>>(),
        "entry": receipt.entry,
    });
    let report = Report::new(json)
        .toned(format!("{} {} is on its route: {}", asset.name, run.label, run.route), Tone::Strong);
    let report = asks(run, &people).into_iter().fold(report, Report::line);
    let why = chosen.choice.iter().flat_map(explain).take(1);
    Ok(why.fold(report, |report, line| report.toned(line, Tone::Faint)))
}

/// Whom each stage asks, a line each.
fn asks(run: &RunState, people: &People) -> Vec<String> {
    let line = |stage: &proofroom_workflow::StageState| {
        let names: Vec<String> = stage.assignments.iter().map(|a| people.name(a.person)).collect();
        let waits = match stage.phase {
            proofroom_workflow::Phase::Waiting => " later",
            _ => "",
        };
        format!("  {} asks{waits} {}", stage.stage, names.join(", "))
    };
    run.stages.iter().map(line).collect()
}

/// Records how the version differs from those that it was made from, for each once.
fn compare(seat: &mut Seat<'_>, asset: AssetId, version: VersionHash) -> Result<(), Failure> {
    let view = seat.replica.review(seat.step.store, asset, Audience::Everyone)?;
    let Some(after) = view.versions.get(&version) else { return Ok(()) };
    let mut places = compared::Places::new(seat.replica.workspace(), seat.blobs, &view);
    for parent in &after.parents {
        let Some(before) = view.versions.get(parent) else { continue };
        let known = seat.replica.facts(seat.step.store, asset)?.acts.iter().any(|a| {
            a.statement.version_hash == version
                && matches!(&a.statement.act, Act::Compare(c) if c.from == *parent)
        });
        if !known {
            // What cannot be told counts as touched.
            let touches = |c: &CommentView| places.changed_under(&c.anchor, version) != Under::No;
            let comparison = compared::comparison((*parent, before), after, &view.comments, touches);
            let choice = ActChoice { version: Some(version), ..ActChoice::of(Act::Compare(comparison)) };
            seat.replica.act(&mut seat.step, asset, choice)?;
        }
    }
    Ok(())
}

/// Takes a version back.
///
/// # Errors
/// When it is somebody else's and the role may not.
pub fn withdraw(args: Withdraw, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let mut seat = peer.seat(workspace)?;
    let plan = seat.replica.plan(seat.step.store)?;
    let asset = find::asset(&plan, &args.asset)?;
    let view = seat.replica.review(seat.step.store, asset.id, Audience::Everyone)?;
    let version = args.version.as_deref().map(|v| find::version(&view, v)).transpose()?;
    let choice = ActChoice { act: Act::Withdraw, version, reason: Some(args.reason) };
    let (receipt, statement) = seat.replica.act(&mut seat.step, asset.id, choice)?;
    let state = seat.replica.status(seat.step.store, asset.id, seat.step.now)?;
    let label = label_of(&view, statement.version_hash);
    let json = json!({
        "asset": asset.id,
        "version": statement.version_hash,
        "label": label,
        "reason": statement.reason,
        "outcome": state.outcome,
        "entry": receipt.entry,
    });
    let next = match crate::spoken::current_label(&state) {
        Some(label) => format!("; {label} is asked about again"),
        None => String::new(),
    };
    Ok(Report::new(json).line(format!("{} {label} is withdrawn{next}", asset.name)))
}
