//! `decide`: a signed act.

use clap::Args;
use proofroom_ident::Audience;
use proofroom_replica::DecisionChoice;
use proofroom_review::Decision;
use proofroom_review::statement::Condition;
use serde_json::json;

use super::Call;
use super::version::label_of;
use crate::failure::Failure;
use crate::find;
use crate::peer::Peer;
use crate::report::{Cell, Report, Tone};
use crate::when;

/// `proofroom decide`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  proofroom decide Hero approved
  proofroom decide Hero approved_with_changes --condition \"Logo 10 % larger\"
  proofroom decide Spot rejected --reason \"The claim is not cleared\"

The signature covers the version, your printed name and organisation, and everything that you had in front of you.

JSON: {\"asset\", \"version\", \"version_label\", \"decision\", \"meaning\", \"reason\", \"conditions\", \"statement\", \"entry\",
\"outcome\"}; outcome is the asset's, as far as this machine knows")]
pub struct Decide {
    /// The asset: its name or id
    asset: String,
    /// approved, approved_with_changes, changes_required, rejected or abstained
    decision: Decision,
    /// Why
    #[arg(long)]
    reason: Option<String>,
    /// With approved_with_changes: what must change. May be given several times; else the reason counts as it
    #[arg(long = "condition", value_name = "TEXT")]
    conditions: Vec<String>,
    /// Decide on an earlier version: v2, or the beginning of its hash
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
}

/// Signs a decision.
///
/// # Errors
/// When there is nothing to decide on, a fork, or the statement cannot be signed.
pub fn run(args: Decide, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let mut seat = peer.seat(workspace)?;
    let plan = seat.replica.plan(seat.step.store)?;
    let asset = find::asset(&plan, &args.asset)?;
    let view = seat.replica.review(seat.step.store, asset.id, Audience::Everyone)?;
    let version = args.version.as_deref().map(|v| find::version(&view, v)).transpose()?;
    let mut texts = args.conditions;
    if args.decision == Decision::ApprovedWithChanges && texts.is_empty() {
        texts.extend(args.reason.clone());
    }
    let conditions = texts.into_iter().map(|text| Condition { text, comment: None }).collect();
    let utc_offset_min = when::utc_offset_min(seat.step.now);
    let choice =
        DecisionChoice { decision: args.decision, reason: args.reason, conditions, version, utc_offset_min };
    let (receipt, statement) = seat.replica.decide(&mut seat.step, asset.id, choice)?;
    let status = seat.replica.status(seat.step.store, asset.id)?;
    let label = label_of(&view, statement.version_hash);
    let json = json!({
        "asset": asset.id,
        "version": statement.version_hash,
        "version_label": label,
        "decision": statement.decision,
        "meaning": statement.meaning,
        "reason": statement.reason,
        "conditions": statement.conditions,
        "statement": statement.statement_text,
        "entry": receipt.entry,
        "outcome": status.review.outcome,
    });
    Ok(Report::new(json).toned(&statement.statement_text, Tone::Strong).fields([
        (
            "signed by",
            Cell::from(format!("{}, {}", statement.signer.printed_name, statement.signer.organisation)),
        ),
        ("entry", Cell::from(receipt.entry.short())),
        ("outcome", Cell::new(status.review.outcome, super::status::tone(status.review.outcome))),
    ]))
}
