//! `request`: intake. A request carries a brief; accepted, it is the brief.

mod filing;
mod matrix;
mod triage;
pub mod wizard;

use std::path::PathBuf;

use clap::Subcommand;
use proofroom_review::intake::Verdict;
use proofroom_review::{IntakeForm, PlanView, RequestForm, RequestState, RequestView};
use serde_json::{Value, json};

use super::Call;
use crate::failure::Failure;
use crate::find;
use crate::peer::{Peer, Seat};
use crate::people::People;
use crate::report::{Cell, Report, Tone};
use crate::when;

/// `proofroom request`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// File a request: by answering questions, or from a brief file
    #[command(after_help = "\
Without --from, on a terminal, it asks one thing after another: first what every request has, then what the
forms of the chosen categories ask for (`proofroom form show visual`). The answers are kept in a brief file
that is filed and can be changed and filed again.

Example brief.toml:
  title = \"Spring campaign\"
  category = \"visual\"
  objective = \"Sell the new bike to commuters\"
  audience = \"Commuters, 25 to 45\"
  message = \"Faster than the tram\"
  mandatories = [\"Logo bottom right\"]
  risk_class = \"standard\"
  start = 2026-01-12
  due = 2026-03-01
  approvers = [\"Bo Ek\"]

  [[deliverables]]
  name = \"Hero\"
  channel = \"print\"
  spec = \"PDF/X-4\"
  locale = \"de-CH\"
  size = \"420x594 mm\"

  [[timeline]]
  name = \"First layouts\"
  due = 2026-02-01

  [answers]
  dimensions = \"A2\"
  colour_space = \"CMYK\"
  print_profile = \"PSO Coated v3\"

JSON: a request, as in `proofroom request show`, and its \"entry\"")]
    New {
        /// The brief; without it the wizard asks
        #[arg(long, value_name = "BRIEF.toml")]
        from: Option<PathBuf>,
    },
    /// List the requests
    #[command(after_help = "JSON: {\"requests\": [as in `proofroom request show`]}")]
    List {
        /// Only those that are submitted, accepted, returned or declined
        #[arg(long)]
        state: Option<RequestState>,
    },
    /// Show a request, its brief, and what it still lacks
    #[command(after_help = "\
JSON: {\"request\", \"key\", \"title\", \"state\", \"reason\", \"questions\", \"author\", \"author_name\", \"created_at\",
\"due\", \"categories\", \"complete\", \"missing\": [{\"field\", \"hint\"}], \"twins\": [id], \"form\", \"brief\"}
twins are other requests with the very same form")]
    Show {
        /// The request: its id or title
        id: String,
    },
    /// Change a request's answers by a new brief file, or the brief's text; people may do so at the same time
    #[command(after_help = "JSON: {\"request\", \"entry\"}; entry is null when nothing changes")]
    Edit {
        /// The request: its id or title
        id: String,
        /// The brief's new text; only what differs is changed
        #[arg(long, value_name = "FILE", required_unless_present = "from")]
        brief: Option<PathBuf>,
        /// A brief file whose answers replace the request's
        #[arg(long, value_name = "BRIEF.toml")]
        from: Option<PathBuf>,
    },
    /// Accept a complete request: its brief is the brief
    #[command(after_help = "\
A request that lacks something its forms insist on is not accepted; what it lacks is listed. --anyway accepts it
all the same and keeps the reason.

JSON: {\"request\", \"state\", \"reason\", \"missing\": [{\"field\", \"hint\"}], \"entry\"}")]
    Accept {
        /// The request: its id or title
        id: String,
        /// Accept it though it is incomplete, and say why
        #[arg(long, value_name = "REASON")]
        anyway: Option<String>,
    },
    /// Send a request back to be completed
    #[command(after_help = "\
Example:
  proofroom request return Spring --question \"Which stations?\" --question \"Who owns the picture?\"

JSON: {\"request\", \"state\", \"reason\", \"questions\", \"entry\"}")]
    Return {
        /// The request: its id or title
        id: String,
        /// What its author is to answer; may be given several times
        #[arg(long = "question", value_name = "TEXT", required_unless_present = "reason")]
        questions: Vec<String>,
        /// What else it lacks
        #[arg(long)]
        reason: Option<String>,
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
    /// The deliverables matrix: what is expected, what is there, what is late
    #[command(after_help = "\
An asset fills the deliverable that it was added for (`proofroom asset add --slot NAME`), else the one of its name.

JSON: {\"request\", \"title\", \"expected\", \"filled\", \"late\", \"deliverables\": [{\"name\", \"channel\", \"spec\", \"size\",
\"locale\", \"due\", \"state\", \"late\", \"asset\", \"asset_name\", \"version\", \"outcome\"}], \"strays\": [{\"asset\", \"name\"}]}
state is expected, filled or approved; strays are assets of the request that fill no deliverable")]
    Deliverables {
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
        Command::New { from: Some(from) } => filing::file(&mut seat, me, &call.path(&from)),
        Command::New { from: None } => Err(wizard::no_terminal()),
        Command::List { state } => list(&mut seat, state),
        Command::Show { id } => show(&mut seat, &id),
        Command::Edit { id, brief, from } => {
            let (brief, from) = (brief.map(|p| call.path(&p)), from.map(|p| call.path(&p)));
            filing::edit(&mut seat, &id, brief.as_deref(), from.as_deref())
        }
        Command::Accept { id, anyway } => triage::accept(&mut seat, &id, anyway),
        Command::Return { id, questions, reason } => triage::send_back(&mut seat, &id, questions, reason),
        Command::Decline { id, reason } => {
            triage::answer(&mut seat, &id, RequestState::Declined, Some(reason)).map(|(report, _)| report)
        }
        Command::Submit { id } => {
            triage::answer(&mut seat, &id, RequestState::Submitted, None).map(|(report, _)| report)
        }
        Command::Deliverables { id } => matrix::run(&mut seat, &id),
    }
}

/// The completeness gate, by the workspace's forms.
fn verdict(form: &RequestForm, plan: &PlanView) -> Verdict {
    form.verdict(&IntakeForm::for_request(form, &plan.library.forms))
}

/// Other requests whose form is the very same.
fn twins<'a>(request: &RequestView, plan: &'a PlanView) -> Vec<&'a RequestView> {
    plan.requests.iter().filter(|r| r.key != request.key && r.form == request.form).collect()
}

fn described(request: &RequestView, plan: &PlanView, people: &People) -> Value {
    let verdict = verdict(&request.form, plan);
    json!({
        "request": request.key.id,
        "key": request.key,
        "title": request.form.title,
        "state": request.state,
        "reason": request.reason,
        "questions": request.questions,
        "author": request.key.owner,
        "author_name": people.name(request.key.owner),
        "created_at": request.created_at,
        "due": request.form.due,
        "categories": request.form.categories,
        "complete": verdict.complete,
        "missing": verdict.missing,
        "twins": twins(request, plan).iter().map(|r| r.key.id).collect::<Vec<_>>(),
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

fn list(seat: &mut Seat<'_>, state: Option<RequestState>) -> Result<Report, Failure> {
    let people = People::of(seat)?;
    let plan = seat.replica.plan(seat.step.store)?;
    let row = |r: &&RequestView| {
        let gaps = verdict(&r.form, &plan).missing.len();
        let lacks = if gaps == 0 { String::new() } else { format!("lacks {gaps}") };
        vec![
            Cell::from(r.key.id.short()),
            Cell::new(&r.form.title, Tone::Strong),
            Cell::new(r.state, tone(r.state)),
            Cell::from(r.form.due.map_or_else(String::new, |d| d.to_string())),
            Cell::from(people.name(r.key.owner)),
            Cell::new(lacks, Tone::Warn),
        ]
    };
    let wanted: Vec<&RequestView> =
        plan.requests.iter().filter(|r| state.is_none_or(|state| r.state == state)).collect();
    let rows = wanted.iter().map(row).collect();
    let listed: Vec<Value> = wanted.iter().map(|r| described(r, &plan, &people)).collect();
    let empty = "No requests yet: proofroom request new";
    let head = ["ID", "TITLE", "STATE", "DUE", "FROM", ""];
    Ok(Report::new(json!({"requests": listed})).table(&head, rows, empty))
}

fn show(seat: &mut Seat<'_>, id: &str) -> Result<Report, Failure> {
    let people = People::of(seat)?;
    let plan = seat.replica.plan(seat.step.store)?;
    let request = find::request(&plan, id)?;
    let mut report = Report::new(described(request, &plan, &people)).fields([
        ("request", Cell::from(request.key.id.short())),
        ("title", Cell::new(&request.form.title, Tone::Strong)),
        ("state", Cell::new(request.state, tone(request.state))),
        ("from", Cell::from(people.name(request.key.owner))),
        ("filed", Cell::from(when::shown(request.created_at))),
        ("risk", Cell::from(request.form.risk_class)),
        ("approvers", Cell::from(request.form.approvers.join(", "))),
    ]);
    if let Some(reason) = &request.reason {
        report = report.fields([("reason", Cell::from(reason))]);
    }
    for question in &request.questions {
        report = report.toned(format!("asked: {question}"), Tone::Warn);
    }
    for twin in twins(request, &plan) {
        report = report.toned(format!("the same request is filed as {}", twin.key.id.short()), Tone::Warn);
    }
    for gap in verdict(&request.form, &plan).missing {
        report = report.toned(format!("lacks {gap}"), Tone::Warn);
    }
    Ok(report.line("").line(request.brief.trim_end()))
}
