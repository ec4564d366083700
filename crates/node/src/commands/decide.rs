//! `decide`: a signed act.

use clap::Args;
use proofroom_ident::Audience;
use proofroom_replica::DecisionChoice;
use proofroom_review::statement::Condition;
use proofroom_review::{Decision, StageName};
use serde_json::json;

use super::Call;
use super::version::label_of;
use crate::failure::Failure;
use crate::find;
use crate::peer::{Peer, Seat};
use crate::people::People;
use crate::report::{Cell, Report, Tone};
use crate::spoken;
use crate::when;

/// `proofroom decide`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  proofroom decide Hero approved
  proofroom decide Hero approved_with_changes --condition \"Logo 10 % larger\"
  proofroom decide Spot rejected --reason \"The claim is not cleared\"
  proofroom decide Spot approved --stage legal --answer claims=yes --answer \"rights=cleared until 2028\"
  proofroom decide Hero approved --on-behalf-of Bo

The signature covers the version, your printed name and organisation, and everything that you had in front of you.
What would not count is not signed: the stage is closed, nobody asked you, a required item of the checklist is open.

JSON: {\"asset\", \"version\", \"version_label\", \"stage\", \"on_behalf_of\", \"decision\", \"meaning\", \"reason\", \"conditions\",
\"checklist\", \"statement\", \"entry\", \"outcome\", \"stage_outcome\"}; outcome is the asset's, as far as this machine knows")]
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
    /// With approved_with_changes: what this comment asks for must be done. May be given several times
    #[arg(long = "condition-comment", value_name = "COMMENT")]
    condition_comments: Vec<String>,
    /// The stage, where several ask you
    #[arg(long, value_name = "STAGE")]
    stage: Option<StageName>,
    /// An answer to an item of the stage's checklist. May be given several times
    #[arg(long = "answer", value_name = "ITEM=TEXT", value_parser = answer)]
    answers: Vec<(String, String)>,
    /// For somebody who delegated to you, or whose backup was asked: their name or id
    #[arg(long, value_name = "PERSON")]
    on_behalf_of: Option<String>,
    /// Decide on an earlier version: v2, or the beginning of its hash
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
}

fn answer(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((item, answer)) if !item.trim().is_empty() && !answer.trim().is_empty() => {
            Ok((item.trim().to_owned(), answer.trim().to_owned()))
        }
        _ => Err(format!("`{text}` is no answer: write ITEM=TEXT")),
    }
}

impl Decide {
    /// The asset as it was typed.
    pub(super) fn asset(&self) -> &str {
        &self.asset
    }

    /// The same in a stage, unless one was named.
    pub(super) fn in_stage(mut self, stage: Option<StageName>) -> Self {
        self.stage = self.stage.or(stage);
        self
    }
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
    let members = seat.replica.members(seat.step.store)?;
    let on_behalf_of = args.on_behalf_of.as_deref().map(|name| find::person(&members, name)).transpose()?;
    let conditions = conditions(&mut seat, &args)?;
    let choice = DecisionChoice {
        reason: args.reason,
        conditions,
        version,
        stage: args.stage,
        on_behalf_of,
        answers: args.answers,
        utc_offset_min: when::utc_offset_min(seat.step.now),
        ..DecisionChoice::of(args.decision)
    };
    let people = People::from_members(&members);
    let decided = seat.replica.decide(&mut seat.step, asset.id, choice);
    let (receipt, statement) = decided.map_err(|e| people.in_failure(e))?;
    let state = seat.replica.status(seat.step.store, asset.id, seat.step.now)?;
    let run = state.run(&statement.version_hash);
    let stage = run.and_then(|run| run.stage(&statement.stage)).map(|stage| stage.outcome);
    let json = json!({
        "asset": asset.id,
        "version": statement.version_hash,
        "version_label": label_of(&view, statement.version_hash),
        "stage": statement.stage,
        "on_behalf_of": statement.on_behalf_of,
        "decision": statement.decision,
        "meaning": statement.meaning,
        "reason": statement.reason,
        "conditions": statement.conditions,
        "checklist": statement.checklist,
        "statement": statement.statement_text,
        "entry": receipt.entry,
        "outcome": state.outcome,
        "stage_outcome": stage,
    });
    let signer = format!("{}, {}", statement.signer.printed_name, statement.signer.organisation);
    let mut fields = vec![("signed by", Cell::from(signer))];
    fields.extend(statement.on_behalf_of.map(|person| ("for", Cell::from(people.name(person)))));
    if let Some(outcome) = stage.filter(|_| run.is_some_and(|run| !run.is_built_in())) {
        let text = format!("{}: {outcome}", statement.stage);
        fields.push(("stage", Cell::new(text, spoken::tone(outcome))));
    }
    fields.push(("entry", Cell::from(receipt.entry.short())));
    fields.push(("outcome", Cell::new(state.outcome, spoken::tone(state.outcome))));
    let waits = spoken::waits(&state, &people);
    if !waits.is_empty() {
        fields.push(("waits for", Cell::from(waits)));
    }
    Ok(Report::new(json).toned(&statement.statement_text, Tone::Strong).fields(fields))
}

/// What must change: texts, and comments that say so at length.
fn conditions(seat: &mut Seat<'_>, args: &Decide) -> Result<Vec<Condition>, Failure> {
    let mut out: Vec<Condition> =
        args.conditions.iter().map(|text| Condition { text: text.clone(), comment: None }).collect();
    for id in &args.condition_comments {
        let found = find::comment(seat, id)?;
        if found.audience == Audience::Team {
            return Err(Failure::user(format!(
                "comment {id} is for the team only: a condition is for everyone"
            ))
            .hint("say it with --condition"));
        }
        out.push(Condition { text: found.comment.body, comment: Some(found.comment.key) });
    }
    if args.decision == Decision::ApprovedWithChanges && out.is_empty() {
        out.extend(args.reason.iter().map(|text| Condition { text: text.clone(), comment: None }));
    }
    Ok(out)
}
