//! `blobs gc`: removes what nothing refers to.
//!
//! Only the process that owns the store runs it, between two other commands, so nothing
//! is being added meanwhile. A file is removed whole, its name first: after a crash it is
//! there, or only its leftovers are, which the next run removes.

use proofroom_ident::WorkspaceId;
use serde_json::json;

use super::census;
use crate::failure::Failure;
use crate::home::at;
use crate::peer::Peer;
use crate::report::Report;

pub(super) fn gc(peer: &mut Peer, workspace: WorkspaceId, dry_run: bool) -> Result<Report, Failure> {
    let seat = peer.seat(workspace)?;
    let kept = seat.replica.keepings(seat.step.store, seat.step.now)?;
    if let Some(k) = kept.iter().find(|k| k.assets.is_empty() && !dry_run) {
        return Err(Failure::user(format!("all files are kept, by {}: {}", k.entry.short(), k.reason))
            .hint("`proofroom hold list` tells all; `proofroom hold release` ends one"));
    }
    let unused = census(peer, workspace)?.unused;
    let folder = peer.blobs().folder().clone();
    let mut freed = 0;
    for entry in &unused {
        freed += match dry_run {
            true => entry.held,
            false => folder
                .remove(workspace, entry.blob)
                .map_err(at("remove", &folder.path(workspace, entry.blob)))?,
        };
    }
    let json =
        json!({"workspace": workspace, "removed": unused.len(), "freed_bytes": freed, "dry_run": dry_run});
    let verb = if dry_run { "Would remove" } else { "Removed" };
    Ok(Report::new(json).line(format!("{verb} {} files that nothing refers to, {freed} bytes", unused.len())))
}
