//! `request`: intake. A request carries a brief; accepted, it is the brief.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use proofroom_ident::{PersonId, RequestId};
use proofroom_review::{PlanEdit, RequestForm, RequestKey, RequestState, RequestView};
use serde_json::{Value, json};

use super::Call;
use crate::failure::Failure;
use crate::find;
use crate::peer::{Peer, Seat};
use crate::people::People;
use crate::report::{Cell, Report, Tone};
use crate::splice::splice;
use crate::when;

/// `proofroom request`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// File a request from a brief file
    #[command(after_help = "\
Example brief.toml:
  title = \"Spring campaign\"
  category = \"visual\"
  objective = \"Sell the new bike to commuters\"
  audience = \"Commuters, 25 to 45\"
  message = \"Faster than the tram\"
  mandatories = [\"Logo bottom right\"]
  due = 2026-03-01
  approvers = [\"Bo Ek\"]

  [[deliverables]]
  name = \"Hero\"
  channel = \"print\"

JSON: a request, as in `proofroom request show`, and its \"entry\"")]
    New {
        /// The brief
        #[arg(long, value_name = "BRIEF.toml")]
        from: PathBuf,
    },
    /// List the requests
    #[command(after_help = "JSON: {\"requests\": [as in `proofroom request show`]}")]
    List,
    /// Show a request and its brief
    #[command(after_help = "\
JSON: {\"request\", \"key\", \"title\", \"state\", \"reason\", \"author\", \"author_name\", \"created_at\", \"due\",
\"categories\", \"missing\": [{\"field\", \"hint\"}], \"form\", \"brief\"}")]
    Show {
        /// The request: its id or title
        id: String,
    },
    /// Change the brief's text; people may do so at the same time
    #[command(after_help = "JSON: {\"request\", \"entry\"}; entry is null when nothing changes")]
    Edit {
        /// The request: its id or title
        id: String,
        /// The brief's new text; only what differs is changed
        #[arg(long, value_name = "FILE")]
        brief: PathBuf,
    },
    /// Accept a request: its brief is the brief
    #[command(after_help = "JSON: {\"request\", \"state\", \"reason\", \"entry\"}")]
    Accept {
        /// The request: its id or title
        id: String,
    },
    /// Send a request back to be completed
    #[command(after_help = "JSON: {\"request\", \"state\", \"reason\", \"entry\"}")]
    Return {
        /// The request: its id or title
        id: String,
        /// What it lacks
        #[arg(long)]
        reason: String,
    },
    /// Refuse a request
    #[command(after_help = "JSON: {\"request\", \"state\", \"reason\", \"entry\"}")]
    Decline {
        /// The request: its id or title
        id: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Submit a returned request again
    #[command(after_help = "JSON: {\"request\", \"state\", \"reason\", \"entry\"}")]
    Submit {
        /// The request: its id or title
        id: String,
    },
}

/// Runs a subcommand.
///
/// # Errors
/// See each function.
pub fn run(command: Command, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let me = peer.identity().person();
    let mut seat = peer.seat(workspace)?;
    match command {
        Command::New { from } => file(&mut seat, me, &call.path(&from)),
        Command::List => list(&mut seat),
        Command::Show { id } => show(&mut seat, &id),
        Command::Edit { id, brief } => edit(&mut seat, &id, &call.path(&brief)),
        Command::Accept { id } => answer(&mut seat, &id, RequestState::Accepted, None),
        Command::Return { id, reason } => answer(&mut seat, &id, RequestState::Returned, Some(reason)),
        Command::Decline { id, reason } => answer(&mut seat, &id, RequestState::Declined, Some(reason)),
        Command::Submit { id } => answer(&mut seat, &id, RequestState::Submitted, None),
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|e| Failure::user(format!("cannot read {}: {e}", path.display())).hint("check the path"))
}

fn file(seat: &mut Seat<'_>, me: PersonId, path: &Path) -> Result<Report, Failure> {
    let text = read(path)?;
    let form = RequestForm::from_toml(&text).map_err(|e| {
        Failure::user(format!("{}: {e}", path.display())).hint("see `proofroom request new --help`")
    })?;
    let id = RequestId::from_bytes(seat.random());
    let brief = form.brief_text();
    let edit = PlanEdit::AddRequest { id, form: Box::new(form), brief };
    let receipt = seat.edit_plan(edit)?;
    let key = RequestKey::new(me, id);
    let people = People::of(seat)?;
    let plan = seat.replica.plan(seat.step.store)?;
    let request =
        plan.request(&key).ok_or_else(|| Failure::store("the request was recorded but is not shown"))?;
    let mut json = described(request, &people);
    json["entry"] = json!(receipt.entry);
    let mut report = Report::new(json).line(format!("Filed {} `{}`", id.short(), request.form.title));
    for gap in request.form.problems() {
        report = report.warn(format!("the brief lacks {gap}"));
    }
    Ok(report)
}

fn described(request: &RequestView, people: &People) -> Value {
    json!({
        "request": request.key.id,
        "key": request.key,
        "title": request.form.title,
        "state": request.state,
        "reason": request.reason,
        "author": request.key.owner,
        "author_name": people.name(request.key.owner),
        "created_at": request.created_at,
        "due": request.form.due,
        "categories": request.form.categories,
        "missing": request.form.problems(),
        "form": request.form,
        "brief": request.brief,
    })
}

fn tone(state: RequestState) -> Tone {
    match state {
        RequestState::Submitted => Tone::Plain,
        RequestState::Accepted => Tone::Good,
        RequestState::Returned => Tone::Warn,
        RequestState::Declined => Tone::Bad,
    }
}

fn list(seat: &mut Seat<'_>) -> Result<Report, Failure> {
    let people = People::of(seat)?;
    let plan = seat.replica.plan(seat.step.store)?;
    let row = |r: &RequestView| {
        vec![
            Cell::from(r.key.id.short()),
            Cell::new(&r.form.title, Tone::Strong),
            Cell::new(r.state, tone(r.state)),
            Cell::from(r.form.due.map_or_else(String::new, |d| d.to_string())),
            Cell::from(people.name(r.key.owner)),
        ]
    };
    let rows = plan.requests.iter().map(row).collect();
    let listed: Vec<Value> = plan.requests.iter().map(|r| described(r, &people)).collect();
    let empty = "No requests yet: proofroom request new --from brief.toml";
    Ok(Report::new(json!({"requests": listed})).table(&["ID", "TITLE", "STATE", "DUE", "FROM"], rows, empty))
}

fn show(seat: &mut Seat<'_>, id: &str) -> Result<Report, Failure> {
    let people = People::of(seat)?;
    let plan = seat.replica.plan(seat.step.store)?;
    let request = find::request(&plan, id)?;
    let mut report = Report::new(described(request, &people)).fields([
        ("request", Cell::from(request.key.id.short())),
        ("title", Cell::new(&request.form.title, Tone::Strong)),
        ("state", Cell::new(request.state, tone(request.state))),
        ("from", Cell::from(people.name(request.key.owner))),
        ("filed", Cell::from(when::shown(request.created_at))),
        ("risk", Cell::from(request.form.risk_class)),
    ]);
    if let Some(reason) = &request.reason {
        report = report.fields([("reason", Cell::from(reason))]);
    }
    for gap in request.form.problems() {
        report = report.toned(format!("lacks {gap}"), Tone::Warn);
    }
    Ok(report.line("").line(request.brief.trim_end()))
}

fn edit(seat: &mut Seat<'_>, id: &str, path: &Path) -> Result<Report, Failure> {
    let text = read(path)?;
    let plan = seat.replica.plan(seat.step.store)?;
    let request = find::request(&plan, id)?;
    let key = request.key;
    let Some(splice) = splice(&request.brief, &text) else {
        return Ok(Report::new(json!({"request": key.id, "entry": null})).line("The brief says so already"));
    };
    let edit =
        PlanEdit::SpliceBrief { request: key, at: splice.at, delete: splice.delete, insert: splice.insert };
    let receipt = seat.edit_plan(edit)?;
    Ok(Report::new(json!({"request": key.id, "entry": receipt.entry})).line("The brief is changed"))
}

fn answer(
    seat: &mut Seat<'_>,
    id: &str,
    state: RequestState,
    reason: Option<String>,
) -> Result<Report, Failure> {
    let plan = seat.replica.plan(seat.step.store)?;
    let request = find::request(&plan, id)?;
    let (key, title) = (request.key, request.form.title.clone());
    let gaps = request.form.problems();
    let edit = PlanEdit::SetRequestState { request: key, state, reason: reason.clone() };
    let receipt = seat.edit_plan(edit)?;
    let json = json!({"request": key.id, "state": state, "reason": reason, "entry": receipt.entry});
    let mut report = Report::new(json).line(format!("{} `{title}` is {state}", key.id.short()));
    if state == RequestState::Accepted {
        for gap in gaps {
            report = report.warn(format!("accepted, though the brief lacks {gap}"));
        }
    }
    Ok(report)
}
