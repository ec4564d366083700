//! `status`: where the work stands, and what holds it back.

use clap::Args;
use proofroom_ident::WorkspaceId;
use proofroom_replica::Membership;
use proofroom_review::{AssetView, RequestState};
use proofroom_workflow::AssetState;
use serde_json::json;

use super::Call;
use crate::failure::Failure;
use crate::find;
use crate::peer::{Peer, Seat};
use crate::people::{self, People};
use crate::report::{Cell, Report, Tone};
use crate::spoken;

mod one;

pub(super) use one::progress;

/// `proofroom status`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  proofroom status            every asset: outcome, open comments, whom it waits for
  proofroom status Hero       every version, stage and person of one asset

JSON: {\"workspace\", \"name\", \"role\", \"members\", \"requests\": {\"submitted\", \"accepted\", \"returned\", \"declined\"},
\"held_back\", \"assets\": [{\"asset\", \"name\", \"category\", \"request\", \"label\", \"version\", \"outcome\", \"fork\",
\"open_comments\", \"blocked_by\": [text], \"notices\": [text]}]}
label and version are null without versions and in a fork; role is null unless you are a member

JSON with ASSET: {\"asset\", \"name\", \"category\", \"request\", \"outcome\", \"fork\", \"current\": [{\"version\", \"label\"}],
\"release\": {\"ready\", \"covered_by\", \"open\": [text]}, \"versions\": [{\"version\", \"label\", \"outcome\", \"so_far\",
\"submitted\", \"submitted_at\", \"route\", \"route_hash\", \"chosen\", \"stages\": [{\"stage\", \"phase\", \"outcome\", \"so_far\",
\"started_at\", \"closed_at\", \"people\": [{\"person\", \"name\", \"role\", \"must_decide\", \"progress\", \"decision\", \"by\", \"carried\",
\"entry\", \"end\", \"due\", \"sla\", \"stand_ins\"}], \"blocked_by\": [text]}], \"conditions\": [{\"person\", \"name\", \"decision\", \"index\",
\"text\", \"met\"}], \"open_comments\": [id], \"late_comments\": [id], \"blocked_by\": [text], \"notices\": [text],
\"released\": [{\"person\", \"at\", \"entry\", \"package\"}]}]}")]
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
        Some(asset) => one::one(&mut seat, asset),
        None => all(workspace, &mut seat),
    }
}

fn all(workspace: WorkspaceId, seat: &mut Seat<'_>) -> Result<Report, Failure> {
    let members = seat.replica.members(seat.step.store)?;
    let people = People::from_members(&members);
    let plan = seat.replica.plan(seat.step.store)?;
    let evaluation = seat.replica.workflow(seat.step.store, seat.step.now)?;
    let (mut rows, mut listed, mut remarks) = (Vec::new(), Vec::new(), Vec::new());
    for asset in &plan.assets {
        let Some(state) = evaluation.asset(&asset.id) else { continue };
        rows.push(overview_row(asset, state, &people));
        let notices = spoken::notices(state, &people);
        remarks.extend(notices.iter().map(|n| format!("{}: {n}", asset.name)));
        let heads: Vec<_> = state.heads().collect();
        let version = if let [one] = heads.as_slice() { Some(one) } else { None };
        listed.push(json!({
            "asset": asset.id,
            "name": asset.name,
            "category": asset.category,
            "request": asset.request.map(|r| r.id),
            "label": version.map(|v| &v.label),
            "version": version.map(|v| v.version),
            "outcome": state.outcome,
            "fork": heads.len() > 1,
            "open_comments": heads.iter().map(|v| v.open_comments.len()).sum::<usize>(),
            "blocked_by": spoken::blocks(state, &people),
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

fn overview_row(asset: &AssetView, state: &AssetState, people: &People) -> Vec<Cell> {
    let label = match spoken::current_label(state) {
        Some(label) if label == "fork" => Cell::new(label, Tone::Warn),
        Some(label) => Cell::from(label),
        None => Cell::new("none", Tone::Faint),
    };
    vec![
        Cell::from(asset.id.short()),
        Cell::new(&asset.name, Tone::Strong),
        label,
        Cell::new(state.outcome, spoken::tone(state.outcome)),
        Cell::from(state.heads().map(|v| v.open_comments.len()).sum::<usize>()),
        Cell::from(spoken::waits(state, people)),
    ]
}
