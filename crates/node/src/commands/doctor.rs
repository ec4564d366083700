//! `doctor`: is everything here sound?

use clap::Args;
use proofroom_ident::{Audience, WorkspaceId};
use serde_json::{Value, json};

use super::Call;
use crate::failure::Failure;
use crate::find;
use crate::peer::Peer;
use crate::report::{Cell, Report, Tone};

/// `proofroom doctor`
#[derive(Debug, Args)]
#[command(after_help = "\
Checks every signature, hash and chain link of every workspace, and every file that a version names.

JSON: {\"home\", \"workspaces\": [{\"workspace\", \"name\", \"logs\", \"checked\", \"problems\", \"files\", \"files_missing\",
\"files_damaged\"}]}")]
pub struct Doctor {}

/// Checks all workspaces; fails with exit code 5 where something does not hold.
///
/// # Errors
/// When the store cannot be read.
pub fn run(_args: &Doctor, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    let (mut rows, mut listed, mut bad) = (Vec::new(), Vec::new(), Vec::new());
    for workspace in peer.workspaces()? {
        let name = find::workspace_name(peer, workspace)?;
        let seat = peer.seat(workspace)?;
        let trail = seat.replica.trail(seat.step.store, true)?;
        let files = check_files(peer, workspace, call)?;
        bad.extend(trail.problems.iter().chain(&files.damaged).cloned());
        let sound = trail.problems.is_empty() && files.damaged.is_empty();
        rows.push(vec![
            Cell::new(name.as_deref().unwrap_or("(not arrived yet)"), Tone::Strong),
            Cell::new(if sound { "sound" } else { "damaged" }, if sound { Tone::Good } else { Tone::Bad }),
            Cell::from(trail.checked),
            Cell::from(files.held),
            Cell::from(files.missing),
        ]);
        listed.push(json!({
            "workspace": workspace,
            "name": name,
            "logs": trail.logs,
            "checked": trail.checked,
            "problems": trail.problems,
            "files": files.held,
            "files_missing": files.missing,
            "files_damaged": Value::from(files.damaged),
        }));
    }
    let json = json!({"home": peer.home().dir(), "workspaces": listed});
    let head = ["WORKSPACE", "STATE", "ENTRIES", "FILES", "NOT HERE"];
    let report = Report::new(json).table(&head, rows, "No workspaces on this machine");
    Ok(match bad.first() {
        Some(first) => {
            report.failing(Failure::verify(format!("{} things do not hold; the first: {first}", bad.len())))
        }
        None => report,
    })
}

#[derive(Default)]
struct Files {
    held: u64,
    missing: u64,
    damaged: Vec<String>,
}

fn check_files(peer: &mut Peer, workspace: WorkspaceId, call: &Call) -> Result<Files, Failure> {
    let mut files = Files::default();
    let seat = peer.seat(workspace)?;
    for asset in seat.replica.plan(seat.step.store)?.assets.clone() {
        let view = seat.replica.review(seat.step.store, asset.id, Audience::Everyone)?;
        let mut progress = call.console.progress("checking", view.blobs.values().map(|b| b.bytes).sum());
        for reference in view.blobs.values() {
            match seat.blobs.held(workspace, reference.blob) {
                None => files.missing += 1,
                Some(_) if seat.blobs.is_sound(workspace, reference.blob, |n| progress.advance(n))? => {
                    files.held += 1
                }
                Some(_) => files.damaged.push(format!("a file of {}: blob {}", asset.name, reference.blob)),
            }
        }
    }
    Ok(files)
}
