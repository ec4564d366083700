//! `decide`: a signed act.

use clap::Args;
use proofroom_ident::{AssetId, Audience};
use proofroom_replica::DecisionChoice;
use proofroom_review::statement::Condition;
use proofroom_review::{CommentLabel, Decision, ReviewView, StageName};
use serde_json::json;

use super::Call;
use super::version::label_of;
use crate::ceremony::{Presence, told, words_of};
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
  proofroom decide Hero approved --preview                  what would be signed, and nothing else

The signature covers the version, your printed name and organisation, and everything that you had in front of you.
At a terminal, the statement is shown first and you are asked; --yes says so beforehand. A regulated route asks for your
passphrase at each signing. What would not count is not signed: the stage is closed, nobody asked you, a required item of the checklist is open.

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
    /// Sign without being asked: what is signed is not shown first
    #[arg(long)]
    yes: bool,
    /// Show what would be signed, and sign nothing
    #[arg(long)]
    preview: bool,
    /// Proof that the passphrase was given for this command
    #[arg(long, hide = true, conflicts_with = "preview")]
    presence: Option<Presence>,
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
    /// Whether only to show what would be signed.
    pub fn is_preview(&self) -> bool {
        self.preview
    }

    /// Whether it was said on the command line already.
    pub fn consents(&self) -> bool {
        self.yes
    }

    /// Proof that whoever signs is there.
    pub fn set_presence(&mut self, presence: Presence) {
        self.presence = Some(presence);
    }

    /// What a presence is bound to: all that is decided. The stage may be found only where the store is.
    pub fn command_text(&self) -> String {
        let list = |texts: &[String]| texts.join("\u{1f}");
        let answers: Vec<String> = self.answers.iter().map(|(item, text)| format!("{item}={text}")).collect();
        let option = |text: &Option<String>| text.clone().unwrap_or_default();
        [
            self.asset.clone(),
            self.decision.to_string(),
            option(&self.reason),
            list(&self.conditions),
            list(&self.condition_comments),
            list(&answers),
            option(&self.on_behalf_of),
            option(&self.version),
        ]
        .join("\u{1e}")
    }

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
    let (device, now, text) = (seat.replica.me().device(), seat.step.now, args.command_text());
    let verified = args.presence.as_ref().map(|p| p.verify(&text, device, now)).transpose()?;
    let choice = DecisionChoice {
        reason: args.reason,
        conditions,
        version,
        stage: args.stage,
        on_behalf_of,
        answers: args.answers,
        user_verified: verified,
        utc_offset_min: when::utc_offset_min(seat.step.now),
        ..DecisionChoice::of(args.decision)
    };
    if args.preview {
        return preview(&mut seat, asset.id, choice, &view);
    }
    present(&mut seat, asset.id, &choice)?;
    let verified = choice.user_verified.is_some();
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
    if verified {
        told(peer.home())?;
    }
    Ok(Report::new(json).toned(&statement.statement_text, Tone::Strong).fields(fields))
}

/// A route that a regulator reads takes no signature without its signer's passphrase.
fn present(seat: &mut Seat<'_>, asset: AssetId, choice: &DecisionChoice) -> Result<(), Failure> {
    let statement = seat.replica.draft_decision(seat.step.store, asset, choice.clone(), seat.step.now)?;
    let route = seat.replica.route(seat.step.store, asset, statement.version_hash)?;
    if !route.regulated || choice.user_verified.is_some() {
        return Ok(());
    }
    Err(Failure::user(format!("route {} asks for your passphrase at each signing", route.name)).hint(
        "give it at the prompt or in PROOFROOM_PASSPHRASE; keys that are under none: `proofroom passphrase` puts them under one",
    ))
}

/// What would be signed, and what it takes.
fn preview(
    seat: &mut Seat<'_>,
    asset: AssetId,
    choice: DecisionChoice,
    view: &ReviewView,
) -> Result<Report, Failure> {
    let statement = seat.replica.draft_decision(seat.step.store, asset, choice, seat.step.now)?;
    let route = seat.replica.route(seat.step.store, asset, statement.version_hash)?;
    let open = view.comments.iter().filter(|c| c.state.is_open() && c.label == CommentLabel::Blocker);
    let blockers: Vec<&str> = open.map(|c| c.body.lines().next().unwrap_or_default()).collect();
    let items = route.stage(&statement.stage).map(|stage| stage.checklist.as_slice()).unwrap_or_default();
    let checklist: Vec<_> = items
        .iter()
        .map(|item| {
            let answer = statement.checklist.iter().find(|a| a.item == item.item).map(|a| a.answer.as_str());
            json!({"item": item.item, "text": item.text, "required": item.required, "answer": answer})
        })
        .collect();
    let words = words_of(statement.version_hash.as_bytes());
    let label = label_of(view, statement.version_hash);
    let rows = blockers.iter().map(|b| vec![Cell::new(b, Tone::Warn)]).collect();
    let json = json!({
        "statement": statement.statement_text,
        "meaning": statement.meaning,
        "version": statement.version_hash,
        "version_label": label,
        "version_words": words,
        "stage": statement.stage,
        "blockers": blockers,
        "open_comments": statement.open_comments.len(),
        "checklist": checklist,
        "needs_passphrase": route.regulated,
        "needs_reason": route.regulated,
    });
    Ok(Report::new(json)
        .toned(&statement.statement_text, Tone::Strong)
        .fields([
            ("the signature means", Cell::from(statement.meaning)),
            ("version", Cell::from(format!("{label}, {words}"))),
            ("stage", Cell::from(&statement.stage)),
        ])
        .table(&["OPEN BLOCKERS"], rows, "No blockers are open")
        .toned("Nothing was signed.", Tone::Faint))
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
