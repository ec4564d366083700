//! `blobs status`: what is here, what is not, and who last had it.

use proofroom_ident::WorkspaceId;
use serde_json::{Value, json};

use super::{Stored, census};
use crate::blobs::holders::last_holder;
use crate::blobs::policy::{Keep, Policy};
use crate::failure::Failure;
use crate::find;
use crate::peer::Peer;
use crate::people::People;
use crate::report::{Cell, Report, Tone};
use crate::when;

pub(super) fn status(
    peer: &mut Peer,
    workspace: WorkspaceId,
    asset: Option<&str>,
) -> Result<Report, Failure> {
    let census = census(peer, workspace)?;
    let seat = peer.seat(workspace)?;
    let plan = seat.replica.plan(seat.step.store)?;
    let only = asset.map(|text| find::asset(&plan, text).map(|a| a.id)).transpose()?;
    let members = seat.replica.members(seat.step.store)?;
    let people = People::from_members(&members);
    let policy = Policy::load(seat.step.store, workspace)?;
    let files: Vec<&Stored> = census.files.iter().filter(|f| only.is_none_or(|id| f.asset == id)).collect();
    let (mut rows, mut listed) = (Vec::new(), Vec::new());
    for file in &files {
        let holder = match file.is_here() {
            true => None,
            false => last_holder(seat.step.store, workspace, file.blob)?,
        };
        let holder = holder.map(|h| {
            let person = members.iter().find(|m| m.devices.iter().any(|d| d.device == h.device));
            (h, person.map_or_else(|| "the relay".to_owned(), |m| people.name(m.person)))
        });
        let told = holder.as_ref().map(|(h, name)| format!("last with {name}, {}", when::shown(h.at)));
        let tone = if file.is_here() { Tone::Good } else { Tone::Warn };
        rows.push(vec![
            Cell::from(&file.asset_name),
            Cell::from(&file.name),
            Cell::from(file.bytes),
            Cell::new(state_shown(file), tone),
            Cell::from(told.unwrap_or_default()),
        ]);
        listed.push(json!({
            "asset": file.asset,
            "name": file.name,
            "blob": file.blob,
            "bytes": file.bytes,
            "here_bytes": file.here_bytes,
            "state": file.state(),
            "wanted": file.wanted,
            "last_holder": holder.map(|(h, name)| json!({"device": h.device, "name": name, "at": h.at})),
        }));
    }
    let sum = |here: bool| -> (usize, u64) {
        let of = files.iter().filter(|f| f.is_here() == here);
        (of.clone().count(), of.map(|f| f.bytes).sum())
    };
    let ((held, held_bytes), (missing, missing_bytes)) = (sum(true), sum(false));
    let unused: u64 = census.unused.iter().map(|e| e.held).sum();
    let json = json!({
        "workspace": workspace,
        "policy": policy_json(workspace, &policy),
        "held": held,
        "held_bytes": held_bytes,
        "missing": missing,
        "missing_bytes": missing_bytes,
        "unused_bytes": unused,
        "files": listed,
    });
    let head = ["ASSET", "FILE", "BYTES", "STATE", ""];
    let mut report = Report::new(json).table(&head, rows, "No files yet: proofroom asset add FILE");
    report = report
        .line(format!("{held} files are here, {held_bytes} bytes; {missing} are not, {missing_bytes} bytes"));
    if unused > 0 {
        report = report.line(format!("{unused} bytes belong to nothing: proofroom blobs gc"));
    }
    if policy.paused {
        report = report.warn("files are paused: proofroom blobs pause --off");
    }
    Ok(report)
}

fn state_shown(file: &Stored) -> String {
    match file.state() {
        "partial" => format!("{} %", file.here_bytes.saturating_mul(100) / file.bytes.max(1)),
        state if file.wanted || file.is_here() => state.to_owned(),
        state => format!("{state}, not wanted"),
    }
}

/// A policy in words.
pub(super) fn shown_policy(workspace: WorkspaceId, policy: &Policy) -> Report {
    let keep = match policy.keep {
        Keep::All => "All files come by themselves".to_owned(),
        Keep::Recent(n) => format!("Files of the {n} latest versions of every asset come by themselves"),
        Keep::Pinned => "Files of pinned assets come by themselves".to_owned(),
        Keep::OnDemand => "Files come when asked for: proofroom blobs fetch ASSET".to_owned(),
    };
    let cap = |cap: Option<u64>| cap.map_or_else(|| "no cap".to_owned(), |n| format!("{n} bytes per second"));
    Report::new(policy_json(workspace, policy))
        .line(keep)
        .line(format!("Pinned assets: {}", policy.pins.len()))
        .line(format!("In: {}; out: {}", cap(policy.receive_bytes_per_s), cap(policy.send_bytes_per_s)))
}

fn policy_json(workspace: WorkspaceId, policy: &Policy) -> Value {
    let (keep, versions) = match policy.keep {
        Keep::All => ("all", None),
        Keep::Recent(n) => ("recent", Some(n)),
        Keep::Pinned => ("pinned", None),
        Keep::OnDemand => ("on_demand", None),
    };
    json!({
        "workspace": workspace,
        "keep": keep,
        "versions": versions,
        "pins": policy.pins,
        "receive_bytes_per_s": policy.receive_bytes_per_s,
        "send_bytes_per_s": policy.send_bytes_per_s,
        "paused": policy.paused,
    })
}
