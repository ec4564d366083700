//! `status`: where the work stands, and what holds it back.

use clap::Args;
use proofroom_ident::WorkspaceId;
use proofroom_replica::Membership;
use proofroom_review::{AssetView, Decision, Outcome, RequestState};
use proofroom_workflow::single_stage::{Block, PersonStatus, ReviewStatus, VersionStatus, Warning};
use serde_json::{Value, json};

use super::Call;
use crate::failure::Failure;
use crate::find;
use crate::peer::{Peer, Seat};
use crate::people::{self, People};
use crate::report::{Cell, Report, Tone};

/// `proofroom status`
#[derive(Debug, Args)]
#[command(after_help = "\
JSON: {\"workspace\", \"name\", \"role\", \"members\", \"requests\": {\"submitted\", \"accepted\", \"returned\", \"declined\"},
\"held_back\", \"assets\": [{\"asset\", \"name\", \"category\", \"request\", \"label\", \"version\", \"outcome\", \"fork\",
\"open_comments\", \"blocked_by\": [text], \"notices\": [text]}]}
label and version are null without versions and in a fork; role is null unless you are a member

JSON with ASSET: {\"asset\", \"name\", \"category\", \"request\", \"outcome\", \"fork\", \"current\": [{\"version\", \"label\"}],
\"versions\": [{\"version\", \"label\", \"outcome\", \"so_far\", \"people\": [{\"person\", \"name\", \"role\", \"must_decide\",
\"decision\", \"end\", \"entry\"}], \"conditions\": [{\"person\", \"name\", \"text\"}], \"open_comments\": [id],
\"blocked_by\": [text], \"notices\": [text]}]}")]
pub struct Status {
    /// One asset in detail: its name or id
    asset: Option<String>,
}

/// Tells the status of the workspace, or of one asset.
///
/// # Errors
/// When the asset is not known, or the store cannot be read.
pub fn run(args: &Status, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let mut seat = peer.seat(workspace)?;
    match &args.asset {
        Some(asset) => one(&mut seat, asset),
        None => all(workspace, &mut seat),
    }
}

/// How an outcome stands out.
pub(super) fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Approved => Tone::Good,
        Outcome::ApprovedWithChanges | Outcome::ChangesRequired | Outcome::Expired => Tone::Warn,
        Outcome::Rejected => Tone::Bad,
        Outcome::Superseded | Outcome::Withdrawn | Outcome::Skipped | Outcome::NotApplicable => Tone::Faint,
        Outcome::Pending | Outcome::InProgress => Tone::Plain,
    }
}

fn is_fork(status: &ReviewStatus) -> bool {
    status.current.heads().len() > 1
}

/// The one current version, where there is exactly one.
fn current(status: &ReviewStatus) -> Option<&VersionStatus> {
    status.heads().next().filter(|_| !is_fork(status))
}

/// What holds the current versions up, each thing once.
fn blocks(status: &ReviewStatus, people: &People) -> Vec<String> {
    let mut texts: Vec<String> =
        status.heads().flat_map(|v| &v.blocked_by).map(|b| block_text(b, status, people)).collect();
    texts.dedup();
    texts
}

fn notices(status: &ReviewStatus, people: &People) -> Vec<String> {
    status.heads().flat_map(|v| &v.warnings).map(|w| warning_text(w, people)).collect()
}

fn all(workspace: WorkspaceId, seat: &mut Seat<'_>) -> Result<Report, Failure> {
    let members = seat.replica.members(seat.step.store)?;
    let people = People::from_members(&members);
    let plan = seat.replica.plan(seat.step.store)?;
    let (mut rows, mut listed, mut remarks) = (Vec::new(), Vec::new(), Vec::new());
    for asset in &plan.assets {
        let status = seat.replica.status(seat.step.store, asset.id)?.review;
        rows.push(overview_row(asset, &status, &people));
        let notices = notices(&status, &people);
        remarks.extend(notices.iter().map(|n| format!("{}: {n}", asset.name)));
        let version = current(&status);
        listed.push(json!({
            "asset": asset.id,
            "name": asset.name,
            "category": asset.category,
            "request": asset.request.map(|r| r.id),
            "label": version.map(|v| &v.label),
            "version": version.map(|v| v.version),
            "outcome": status.outcome,
            "fork": is_fork(&status),
            "open_comments": status.heads().map(|v| v.open_comments.len()).sum::<usize>(),
            "blocked_by": blocks(&status, &people),
            "notices": notices,
        }));
    }
    let role = match seat.replica.membership() {
        Membership::Member(role) => Some(role),
        _ => None,
    };
    let count = |state| plan.requests.iter().filter(|r| r.state == state).count();
    let held_back = seat.replica.held_back(&seat.step)?.len();
    let active = members.iter().filter(|m| !m.removed).count();
    let json = json!({
        "workspace": workspace,
        "name": plan.name,
        "role": role,
        "members": active,
        "requests": {
            "submitted": count(RequestState::Submitted),
            "accepted": count(RequestState::Accepted),
            "returned": count(RequestState::Returned),
            "declined": count(RequestState::Declined),
        },
        "held_back": held_back,
        "assets": listed,
    });
    let standing =
        role.map_or_else(|| "you are no member".to_owned(), |r| format!("you are {}", people::a(r)));
    let waiting = count(RequestState::Submitted);
    let mut report = Report::new(json)
        .toned(&plan.name, Tone::Strong)
        .toned(format!("{active} members, {standing}, {waiting} requests wait for an answer"), Tone::Faint)
        .table(&["ID", "ASSET", "VERSION", "OUTCOME", "OPEN", "WAITS FOR"], rows, "No assets yet");
    for remark in remarks {
        report = report.toned(remark, Tone::Warn);
    }
    if held_back > 0 {
        report = report.toned("There is held-back work: proofroom members list", Tone::Warn);
    }
    Ok(report)
}

fn overview_row(asset: &AssetView, status: &ReviewStatus, people: &People) -> Vec<Cell> {
    let label = match current(status) {
        Some(version) => Cell::from(&version.label),
        None if is_fork(status) => Cell::new("fork", Tone::Warn),
        None => Cell::new("none", Tone::Faint),
    };
    vec![
        Cell::from(asset.id.short()),
        Cell::new(&asset.name, Tone::Strong),
        label,
        Cell::new(status.outcome, tone(status.outcome)),
        Cell::from(status.heads().map(|v| v.open_comments.len()).sum::<usize>()),
        Cell::from(blocks(status, people).join("; ")),
    ]
}

fn one(seat: &mut Seat<'_>, asset: &str) -> Result<Report, Failure> {
    let plan = seat.replica.plan(seat.step.store)?;
    let asset = find::asset(&plan, asset)?;
    let people = People::of(seat)?;
    let status = seat.replica.status(seat.step.store, asset.id)?.review;
    let labelled = |v: &VersionStatus| json!({"version": v.version, "label": v.label});
    let json = json!({
        "asset": asset.id,
        "name": asset.name,
        "category": asset.category,
        "request": asset.request.map(|r| r.id),
        "outcome": status.outcome,
        "fork": is_fork(&status),
        "current": status.heads().map(labelled).collect::<Vec<_>>(),
        "versions": status.versions.iter().map(|v| described(v, &status, &people)).collect::<Vec<_>>(),
    });
    let mut report = Report::new(json).fields([
        ("asset", Cell::new(&asset.name, Tone::Strong)),
        ("category", Cell::from(asset.category)),
        ("outcome", Cell::new(status.outcome, tone(status.outcome))),
    ]);
    for version in status.versions.iter().rev() {
        report = version_shown(report, version, &status, &people);
    }
    Ok(report)
}

fn described(v: &VersionStatus, status: &ReviewStatus, people: &People) -> Value {
    let person = |p: &PersonStatus| {
        json!({
            "person": p.person,
            "name": people.name(p.person),
            "role": p.role,
            "must_decide": p.must_decide,
            "decision": p.decision,
            "end": p.end,
            "entry": p.entry,
        })
    };
    let conditions: Vec<Value> = v
        .conditions
        .iter()
        .map(|(p, c)| json!({"person": p, "name": people.name(*p), "text": c.text}))
        .collect();
    json!({
        "version": v.version,
        "label": v.label,
        "outcome": v.outcome,
        "so_far": v.so_far,
        "people": v.people.iter().map(person).collect::<Vec<_>>(),
        "conditions": conditions,
        "open_comments": v.open_comments.iter().map(|c| c.id).collect::<Vec<_>>(),
        "blocked_by": v.blocked_by.iter().map(|b| block_text(b, status, people)).collect::<Vec<_>>(),
        "notices": v.warnings.iter().map(|w| warning_text(w, people)).collect::<Vec<_>>(),
    })
}

fn version_shown(report: Report, v: &VersionStatus, status: &ReviewStatus, people: &People) -> Report {
    let row = |p: &PersonStatus| {
        let decision = match p.decision {
            Some(d) => Cell::new(d, decision_tone(d)),
            None => Cell::new("no decision", Tone::Faint),
        };
        let must = if p.must_decide { "must decide" } else { "" };
        vec![Cell::from(people.name(p.person)), Cell::from(p.role), decision, Cell::from(must)]
    };
    let rows: Vec<_> = v.people.iter().map(row).collect();
    let mut report = report
        .line("")
        .toned(format!("{} ({}): {}", v.label, v.version.short(), v.outcome), Tone::Strong)
        .table(&["WHO", "AS", "DECISION", ""], rows, "Nobody is asked");
    for (person, condition) in &v.conditions {
        report = report.line(format!("condition of {}: {}", people.name(*person), condition.text));
    }
    if !v.open_comments.is_empty() {
        report = report.line(format!("{} open comments", v.open_comments.len()));
    }
    for block in &v.blocked_by {
        report = report.toned(format!("waits: {}", block_text(block, status, people)), Tone::Warn);
    }
    for warning in &v.warnings {
        report = report.toned(format!("notice: {}", warning_text(warning, people)), Tone::Warn);
    }
    report
}

fn decision_tone(decision: Decision) -> Tone {
    match decision {
        Decision::Approved => Tone::Good,
        Decision::ApprovedWithChanges | Decision::ChangesRequired => Tone::Warn,
        Decision::Rejected => Tone::Bad,
        Decision::Abstained => Tone::Faint,
    }
}

/// A block with names instead of ids.
fn block_text(block: &Block, status: &ReviewStatus, people: &People) -> String {
    match block {
        Block::Fork(versions) => {
            let label = |v| status.version(v).map_or_else(|| v.short(), |s| s.label.clone());
            let labels: Vec<String> = versions.iter().map(label).collect();
            format!("concurrent versions {}: pick one", labels.join(", "))
        }
        Block::Missing(person) => format!("{} has not decided", people.name(*person)),
        other => other.to_string(),
    }
}

/// A warning with names instead of ids.
fn warning_text(warning: &Warning, people: &People) -> String {
    let text = warning.to_string();
    let person = match warning {
        Warning::Concurrent { person, .. }
        | Warning::UnseenBlockers { person, .. }
        | Warning::NotAsked { person, .. }
        | Warning::NoDelegation { person, .. } => *person,
    };
    text.replacen(&person.short(), &people.name(person), 1)
}
