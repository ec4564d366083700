//! What the workflow asks of somebody beside a first decision: to acknowledge, to carry an approval
//! forward, to settle decisions that were made apart.

use clap::Args;
use proofroom_ident::{Audience, EntryHash, VersionHash};
use proofroom_review::{Act, CommentKey, StageName};
use proofroom_workflow::view::{Wait, WaitFor};
use proofroom_workflow::{AssetState, Warning};
use serde_json::json;

use super::{Call, decide, review};
use crate::failure::Failure;
use crate::find;
use crate::peer::{Peer, Seat};
use crate::report::{Report, Tone};

/// `proofroom acknowledge`
#[derive(Debug, Args)]
#[command(after_help = "\
Who approves signs what was open in front of them. A blocker that was written elsewhere and arrived later was not:
the approval stands, everybody sees that it was made before, and nothing is released until the signer has taken note,
or decides again.

JSON: {\"asset\", \"version\", \"label\", \"act\", \"stage\", \"reason\", \"outcome\", \"entry\", \"comments\": [id]}")]
pub struct Acknowledge {
    /// The asset: its name or id
    asset: String,
    /// Why the approval stands all the same
    #[arg(long)]
    reason: Option<String>,
}

/// `proofroom carry-forward`
#[derive(Debug, Args)]
#[command(after_help = "\
Signs that your approval of the version before counts for the current one, in a stage that allows it and where nothing
that it watches has changed. `proofroom inbox` lists what you may carry forward. Where a regulator reads the record,
give a reason.

JSON: {\"asset\", \"version\", \"label\", \"act\", \"stage\", \"reason\", \"outcome\", \"entry\"}")]
pub struct CarryForward {
    /// The asset: its name or id
    asset: String,
    /// The stage, where several ask you
    #[arg(long, value_name = "STAGE")]
    stage: Option<StageName>,
    /// Why
    #[arg(long)]
    reason: Option<String>,
}

/// `proofroom settle`
#[derive(Debug, Args)]
#[command(after_help = "\
Two decisions of yours that did not know of each other (two devices, offline) stand beside each other, and the more
restrictive one counts. This decision has seen both and takes their place.

JSON: as `proofroom decide`")]
pub struct Settle {
    /// The decision
    #[command(flatten)]
    decide: decide::Decide,
}

impl Settle {
    /// The decision that is signed.
    pub fn decision(&mut self) -> &mut decide::Decide {
        &mut self.decide
    }
}

/// Takes note of blockers that were not in front of this person when they approved.
///
/// # Errors
/// When there is nothing to acknowledge.
pub fn acknowledge(args: Acknowledge, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let mut seat = peer.seat(workspace)?;
    let plan = seat.replica.plan(seat.step.store)?;
    let asset = find::asset(&plan, &args.asset)?;
    let me = seat.replica.me().person();
    let state = seat.replica.status(seat.step.store, asset.id, seat.step.now)?;
    let mut comments: Vec<CommentKey> = state
        .heads()
        .flat_map(|run| &run.warnings)
        .filter_map(|warning| match warning {
            Warning::UnseenBlockers { person, comments, .. } if *person == me => Some(comments),
            _ => None,
        })
        .flatten()
        .copied()
        .collect();
    comments.sort_unstable();
    comments.dedup();
    if comments.is_empty() {
        return Err(Failure::user(format!("nothing on {} came after your approval", asset.name))
            .hint("`proofroom inbox` lists what waits for you"));
    }
    let view = seat.replica.review(seat.step.store, asset.id, Audience::Everyone)?;
    let noted: Vec<String> = comments
        .iter()
        .filter_map(|key| view.comment(key))
        .map(|c| format!("noted: {} {}", c.key.id.short(), c.body))
        .collect();
    let ids: Vec<_> = comments.iter().map(|key| key.id).collect();
    let report = review::acted(&mut seat, &args.asset, Act::Acknowledge { comments }, args.reason)?;
    let mut json = report.to_json();
    json["comments"] = json!(ids);
    Ok(noted.into_iter().fold(report.with_json(json), |report, line| report.toned(line, Tone::Faint)))
}

/// What waits for this person in the current versions.
fn mine<'s>(state: &'s AssetState, seat: &Seat<'_>, what: WaitFor) -> Vec<&'s Wait> {
    let me = seat.replica.me().person();
    state.waits.iter().filter(|w| w.what == what && w.person == Some(me)).collect()
}

/// Lets an approval of the version before count for the current one.
///
/// # Errors
/// When there is no approval that may be carried.
pub fn carry_forward(args: CarryForward, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let mut seat = peer.seat(workspace)?;
    let plan = seat.replica.plan(seat.step.store)?;
    let asset = find::asset(&plan, &args.asset)?;
    let state = seat.replica.status(seat.step.store, asset.id, seat.step.now)?;
    let waits = mine(&state, &seat, WaitFor::CarryForward);
    let wanted = |w: &&&Wait| args.stage.is_none() || w.stage == args.stage;
    let stages: Vec<(StageName, VersionHash)> =
        waits.iter().filter(wanted).filter_map(|w| Some((w.stage.clone()?, w.version))).collect();
    let (stage, version) = match stages.as_slice() {
        [one] => one.clone(),
        [] => {
            return Err(Failure::user(format!(
                "no approval of yours can be carried forward on {}",
                asset.name
            ))
            .hint("decide: proofroom decide ASSET approved"));
        }
        several => {
            let names: Vec<String> = several.iter().map(|(stage, _)| stage.to_string()).collect();
            return Err(
                Failure::user("several stages would take it").hint(format!("--stage {}", names.join("|")))
            );
        }
    };
    let decision = latest_approval(&mut seat, asset.id, &stage, version)?;
    review::acted(&mut seat, &args.asset, Act::CarryForward { stage, decision }, args.reason)
}

/// This person's latest approval of another version in a stage.
fn latest_approval(
    seat: &mut Seat<'_>,
    asset: proofroom_ident::AssetId,
    stage: &StageName,
    version: VersionHash,
) -> Result<EntryHash, Failure> {
    let me = seat.replica.me().person();
    let decisions = seat.replica.decisions(seat.step.store, asset)?;
    let approvals = decisions.iter().filter(|d| {
        let s = &d.statement;
        d.person == me
            && s.stage == stage.as_str()
            && s.decision.approves()
            && s.on_behalf_of.is_none()
            && s.version_hash != version
    });
    let latest = approvals.max_by_key(|d| (d.statement.claimed_at, d.entry)).map(|d| d.entry);
    latest.ok_or_else(|| Failure::user(format!("you approved no earlier version in {stage}")))
}

/// Decides anew where decisions were made apart from each other.
///
/// # Errors
/// When there is nothing to settle, or the decision cannot be signed.
pub fn settle(args: Settle, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let seat = peer.seat(workspace)?;
    let plan = seat.replica.plan(seat.step.store)?;
    let asset = find::asset(&plan, args.decide.asset())?;
    let state = seat.replica.status(seat.step.store, asset.id, seat.step.now)?;
    let waits = mine(&state, &seat, WaitFor::SettleConcurrent);
    let Some(wait) = waits.first() else {
        return Err(Failure::user(format!("no decisions of yours on {} were made apart", asset.name))
            .hint("to change your mind: proofroom decide ASSET DECISION"));
    };
    let stage = wait.stage.clone();
    decide::run(args.decide.in_stage(stage), peer, call)
}
