//! `doctor`: is everything here sound?

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use clap::Args;
use proofroom_ident::{Audience, SignerKey, WorkspaceId};
use proofroom_store::StoreError;
use proofroom_store_redb::RedbStore;
use serde_json::{Value, json};

use super::Call;
use crate::console::Console;
use crate::failure::{Failure, Kind};
use crate::find;
use crate::home::{Home, at};
use crate::peer::{Peer, STORE};
use crate::report::{Cell, Report, Tone};
use crate::salvage;
use crate::survey::survey;

/// `proofroom doctor`
#[derive(Debug, Args)]
#[command(after_help = "\
Reads all of the store; checks every signature, hash and chain link of every workspace, every file
that a version names, and who else may read this directory. Where the store is damaged, it says how
much is readable: `proofroom rebuild` makes a new store of that.

JSON: {\"home\", \"store\": {\"state\", \"problems\", \"readable\": [{\"workspace\", \"entries\", \"own\"}], \"unread_bytes\"}, \"open_to_others\",
\"workspaces\": [{\"workspace\", \"name\", \"logs\", \"checked\", \"problems\", \"files\", \"files_missing\", \"files_damaged\"}]}
state is sound, damaged, or unusable: of a newer version, or on a disk that refuses")]
pub struct Doctor {}

const REBUILD: &str =
    "`proofroom rebuild` makes a new store of what is readable and of what others hold, and keeps this one";

/// Checks all; fails with exit code 5 where something does not hold, with 3 where the store is damaged.
///
/// # Errors
/// When the store cannot be read.
pub fn run(_args: &Doctor, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    let problems = survey(peer.store());
    if !problems.is_empty() {
        return damaged(peer.home(), peer.identity().device.signing, problems, &call.console);
    }
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
    let store = json!({"state": "sound", "problems": [], "readable": null, "unread_bytes": 0});
    let report = opening(peer.home(), &store, &listed)?;
    let head = ["WORKSPACE", "STATE", "ENTRIES", "FILES", "NOT HERE"];
    let report = report.table(&head, rows, "No workspaces on this machine");
    Ok(match bad.first() {
        Some(first) => {
            report.failing(Failure::verify(format!("{} things do not hold; the first: {first}", bad.len())))
        }
        None => report,
    })
}

/// What can be said of a store that does not open.
///
/// # Errors
/// When its file cannot be read either.
pub fn closed(home: &Home, me: SignerKey, failure: &Failure, console: &Console) -> Result<Report, Failure> {
    if failure.kind != Kind::Store {
        return Err(failure.clone());
    }
    let why = match RedbStore::open(home.path(STORE)) {
        Err(error @ (StoreError::Corrupt { .. } | StoreError::Io { .. })) => Some(error.to_string()),
        Ok(_) => Some(failure.what.clone()),
        // No damage: it is of a newer version, or the disk refuses.
        Err(_) => None,
    };
    if let Some(why) = why {
        return damaged(home, me, vec![why], console);
    }
    let store = json!({"state": "unusable", "problems": [failure.what], "readable": null, "unread_bytes": 0});
    Ok(opening(home, &store, &[])?.failing(failure.clone()))
}

/// A damaged store: what is wrong, and what is readable of it.
fn damaged(home: &Home, me: SignerKey, problems: Vec<String>, console: &Console) -> Result<Report, Failure> {
    let path = home.path(STORE);
    let bytes = fs::metadata(&path).map_err(at("look at", &path))?.len();
    let mut progress = console.progress("looking through", bytes);
    let found = salvage::find(&path, |n| progress.advance(n))?;
    drop(progress);
    let (mut rows, mut readable) = (Vec::new(), Vec::new());
    for workspace in found.pieces.keys() {
        let (entries, own) = found.count(*workspace, me);
        rows.push(vec![Cell::new(workspace.short(), Tone::Strong), Cell::from(entries), Cell::from(own)]);
        readable.push(json!({"workspace": workspace, "entries": entries, "own": own}));
    }
    let store = json!({"state": "damaged", "problems": problems, "readable": readable,
        "unread_bytes": found.unread_bytes});
    let mut report = opening(home, &store, &[])?;
    for problem in &problems {
        report = report.toned(problem, Tone::Bad);
    }
    let report = report.table(&["WORKSPACE", "READABLE", "YOURS"], rows, "No entry is readable");
    let (n, first) = (problems.len(), problems.first().map(String::as_str).unwrap_or_default());
    let what = format!("{} is damaged: {n} problems; the first: {first}", path.display());
    Ok(report.failing(Failure::store(what).hint(REBUILD)))
}

/// The report's JSON, and what others may read that they should not.
fn opening(home: &Home, store: &Value, workspaces: &[Value]) -> Result<Report, Failure> {
    let open = open_to_others(home)?;
    let json = json!({"home": home.dir(), "store": store, "open_to_others": open, "workspaces": workspaces});
    let mut report = Report::new(json);
    for path in &open {
        report = report.warn(format!("others on this machine may read {path}: chmod go= {path}"));
    }
    Ok(report)
}

/// What of the home directory others may read or enter. Nobody enters what lies below a directory that is closed.
fn open_to_others(home: &Home) -> Result<Vec<String>, Failure> {
    let mode = |path: &std::path::Path| -> Result<u32, Failure> {
        Ok(fs::metadata(path).map_err(at("look at", path))?.permissions().mode() & 0o077)
    };
    if mode(home.dir())? == 0 {
        return Ok(Vec::new());
    }
    let mut open = vec![home.dir().display().to_string()];
    for entry in fs::read_dir(home.dir()).map_err(at("list", home.dir()))? {
        let path = entry.map_err(at("list", home.dir()))?.path();
        if mode(&path)? != 0 {
            open.push(path.display().to_string());
        }
    }
    open.sort();
    Ok(open)
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
