//! `review`: why a review takes its route, and what moderators and assignees do to its stages.

use clap::{Args, Subcommand};
use proofroom_ident::Audience;
use proofroom_replica::ActChoice;
use proofroom_review::{Act, StageName};
use proofroom_workflow::explain;
use serde_json::json;

use super::Call;
use crate::failure::Failure;
use crate::find;
use crate::peer::{Peer, Seat};
use crate::people::People;
use crate::report::{Report, Tone};
use crate::spoken;

/// `proofroom review`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say why an asset's review takes its route: the rule that matched, and what it was measured by
    #[command(
        after_help = "JSON: {\"asset\", \"version\", \"label\", \"route\", \"route_hash\", \"chosen\": {\"route\", \"rule\", \"inputs\",
\"considered\": [{\"rule\", \"matched\", \"because\"}]}}; chosen is null where somebody named the route"
    )]
    Why {
        /// The asset: its name or id
        asset: String,
        /// An earlier version: v2, or the beginning of its hash
        #[arg(long, value_name = "VERSION")]
        version: Option<String>,
    },
    /// Start a stage that starts by hand
    #[command(after_help = ACT)]
    Start(OnStage),
    /// Close a stage that closes by hand, or settle a reopened one
    #[command(after_help = ACT)]
    Close(OnStage),
    /// Pass a stage by, or one person in it, with a reason
    #[command(after_help = ACT)]
    Skip {
        #[command(flatten)]
        on: OnStage,
        /// Stop waiting for this person only, by name or id
        #[arg(long, value_name = "PERSON")]
        person: Option<String>,
    },
    /// Admit new decisions in a closed or skipped stage, with a reason
    #[command(after_help = ACT)]
    Reopen(OnStage),
    /// Step back from a stage that asks you, with a reason
    #[command(after_help = ACT)]
    Recuse(OnStage),
    /// Say that you are done with a stage in which you only look on
    #[command(after_help = ACT)]
    Complete(OnStage),
    /// Stop the clocks while the author holds the work
    #[command(after_help = ACT)]
    Pause(OnVersion),
    /// Let the clocks go on
    #[command(after_help = ACT)]
    Resume(OnVersion),
    /// Say that a condition of an approval with changes is met in the current version
    #[command(after_help = "\
Conditions are counted from 1, as `proofroom status ASSET` lists them under the version that was approved.

JSON: {\"asset\", \"version\", \"label\", \"act\", \"stage\", \"reason\", \"outcome\", \"entry\"}")]
    Meet {
        /// The asset: its name or id
        asset: String,
        /// Which condition, from 1
        condition: usize,
    },
}

const ACT: &str = "\
JSON: {\"asset\", \"version\", \"label\", \"act\", \"stage\", \"reason\", \"outcome\", \"entry\"}";

/// A stage of an asset's current version.
#[derive(Debug, Args)]
pub struct OnStage {
    /// The asset: its name or id
    asset: String,
    /// The stage
    stage: StageName,
    /// Why
    #[arg(long)]
    reason: Option<String>,
}

/// An asset's current version.
#[derive(Debug, Args)]
pub struct OnVersion {
    /// The asset: its name or id
    asset: String,
    /// Why
    #[arg(long)]
    reason: Option<String>,
}

/// Runs a subcommand.
///
/// # Errors
/// When the role may not, a reason is missing, or the act would have no effect.
pub fn run(command: Command, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let mut seat = peer.seat(workspace)?;
    let seat = &mut seat;
    match command {
        Command::Why { asset, version } => why(seat, &asset, version.as_deref()),
        Command::Start(on) => staged(seat, on, |stage| Act::StartStage { stage }),
        Command::Close(on) => staged(seat, on, |stage| Act::CloseStage { stage }),
        Command::Reopen(on) => staged(seat, on, |stage| Act::ReopenStage { stage }),
        Command::Recuse(on) => staged(seat, on, |stage| Act::Recuse { stage }),
        Command::Complete(on) => staged(seat, on, |stage| Act::Complete { stage }),
        Command::Skip { on, person: None } => staged(seat, on, |stage| Act::SkipStage { stage }),
        Command::Skip { on, person: Some(person) } => {
            let members = seat.replica.members(seat.step.store)?;
            let person = find::person(&members, &person)?;
            staged(seat, on, |stage| Act::SkipAssignment { stage, person })
        }
        Command::Pause(on) => acted(seat, &on.asset, Act::Pause, on.reason),
        Command::Resume(on) => acted(seat, &on.asset, Act::Resume, on.reason),
        Command::Meet { asset, condition } => meet(seat, &asset, condition),
    }
}

fn staged(seat: &mut Seat<'_>, on: OnStage, act: impl FnOnce(StageName) -> Act) -> Result<Report, Failure> {
    let plan = seat.replica.plan(seat.step.store)?;
    let asset = find::asset(&plan, &on.asset)?;
    let state = seat.replica.status(seat.step.store, asset.id, seat.step.now)?;
    let known: Vec<&str> = state.heads().flat_map(|r| &r.stages).map(|s| s.stage.as_str()).collect();
    if !known.is_empty() && !known.contains(&on.stage.as_str()) {
        let failure = Failure::user(format!("the route of {} has no stage `{}`", asset.name, on.stage));
        return Err(failure.hint(format!("it has {}", known.join(", "))));
    }
    acted(seat, &on.asset, act(on.stage), on.reason)
}

/// Signs an act on an asset's current version and tells what became of it.
pub(super) fn acted(
    seat: &mut Seat<'_>,
    asset: &str,
    act: Act,
    reason: Option<String>,
) -> Result<Report, Failure> {
    let plan = seat.replica.plan(seat.step.store)?;
    let asset = find::asset(&plan, asset)?;
    if act.needs_reason() && reason.as_deref().unwrap_or_default().trim().is_empty() {
        return Err(
            Failure::usage("this is done with a reason: it stays in the record").hint("--reason \"...\"")
        );
    }
    let choice = ActChoice { act, version: None, reason };
    let people = People::of(seat)?;
    let acted = seat.replica.act(&mut seat.step, asset.id, choice);
    let (receipt, statement) = acted.map_err(|e| people.in_failure(e))?;
    let state = seat.replica.status(seat.step.store, asset.id, seat.step.now)?;
    let run = state.run(&statement.version_hash);
    let label = run.map_or_else(|| statement.version_hash.short(), |run| run.label.clone());
    let act = serde_json::to_value(&statement.act).map_err(Failure::store)?;
    let json = json!({
        "asset": asset.id,
        "version": statement.version_hash,
        "label": label,
        "act": act["act"],
        "stage": act["stage"],
        "reason": statement.reason,
        "outcome": state.outcome,
        "entry": receipt.entry,
    });
    let stage = act["stage"].as_str().map(|s| format!(", stage {s}")).unwrap_or_default();
    let word = act["act"].as_str().unwrap_or_default().replace('_', " ");
    let mut report = Report::new(json).line(format!("{} {label}{stage}: {word}", asset.name));
    let waits = spoken::waits(&state, &people);
    if !waits.is_empty() {
        report = report.toned(format!("waits for: {waits}"), Tone::Faint);
    }
    Ok(report)
}

fn why(seat: &mut Seat<'_>, asset: &str, version: Option<&str>) -> Result<Report, Failure> {
    let plan = seat.replica.plan(seat.step.store)?;
    let asset = find::asset(&plan, asset)?;
    let view = seat.replica.review(seat.step.store, asset.id, Audience::Everyone)?;
    let version = version.map(|v| find::version(&view, v)).transpose()?;
    let state = seat.replica.status(seat.step.store, asset.id, seat.step.now)?;
    let run = match version {
        Some(version) => state.run(&version),
        None => state.heads().next(),
    };
    let Some(run) = run else {
        return Err(Failure::user(format!("{} has no version yet", asset.name))
            .hint("`proofroom rule try ASSET` says which route it would take"));
    };
    let json = json!({
        "asset": asset.id,
        "version": run.version,
        "label": run.label,
        "route": run.route,
        "route_hash": run.route_hash,
        "chosen": run.chosen,
    });
    let report =
        Report::new(json).toned(format!("{} {}: route {}", asset.name, run.label, run.route), Tone::Strong);
    Ok(match &run.chosen {
        Some(choice) => explain(choice).into_iter().fold(report, Report::line),
        None if !run.submitted => report.line("it was not sent yet: proofroom submit ASSET"),
        None if run.is_built_in() => {
            report.line("no rule chose it: one stage that asks those who are assigned to the asset")
        }
        None => report.line("no rule chose it: whoever sent it named this route"),
    })
}

fn meet(seat: &mut Seat<'_>, name: &str, condition: usize) -> Result<Report, Failure> {
    let plan = seat.replica.plan(seat.step.store)?;
    let asset = find::asset(&plan, name)?;
    let state = seat.replica.status(seat.step.store, asset.id, seat.step.now)?;
    // The conditions of the latest version that has some.
    let conditions = state.runs.iter().rev().map(|r| &r.conditions).find(|c| !c.is_empty());
    let conditions = conditions.map(Vec::as_slice).unwrap_or_default();
    let found = condition.checked_sub(1).and_then(|i| conditions.get(i)).ok_or_else(|| {
        Failure::user(format!("{} has no condition {condition}: it has {}", asset.name, conditions.len()))
            .hint("`proofroom status ASSET` lists them")
    })?;
    let act = Act::MeetCondition { decision: found.decision, condition: found.index };
    acted(seat, name, act, None)
}
