//! `bundle`: exchange without a network.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use proofroom_blobs::Held;
use proofroom_ident::{Audience, BlobHash, WorkspaceId};
use proofroom_replica::{IngestOutcome, Membership};
use proofroom_sync::bundle::{BundleError, Export, Import, Item};
use proofroom_sync::limits::Limits;
use serde_json::json;

use super::Call;
use crate::blobs::collect::Receiving;
use crate::console::Progress;
use crate::failure::Failure;
use crate::find;
use crate::home::{at, new_file, sync_dir, temp_beside};
use crate::net::{News, enter};
use crate::peer::Peer;
use crate::people;
use crate::report::Report;

const READ_BYTES: usize = 64 << 10;

/// `proofroom bundle`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write everything of a workspace, files included, into one file
    #[command(after_help = "JSON: {\"workspace\", \"file\", \"entries\", \"files\", \"bytes\"}")]
    Export {
        /// The file to write
        file: PathBuf,
        /// With the bytes of assets, as far as they are here: what is meant if nothing is said
        #[arg(long, visible_alias = "files", conflicts_with = "no_blobs")]
        blobs: bool,
        /// Leave out the bytes of assets
        #[arg(long, visible_alias = "no-files")]
        no_blobs: bool,
        /// Replace the file if it exists
        #[arg(long)]
        force: bool,
    },
    /// Take in what a bundle file holds; after an interruption, run it again: it goes on
    #[command(after_help = "\
JSON: {\"workspace\", \"name\", \"entries\", \"received\", \"known\", \"held_back\", \"stood_for\", \"files_received\", \"refused_here\", \"joined\"}
joined is the role when the import completed a join, else null")]
    Import {
        /// The file to read
        file: PathBuf,
    },
}

/// Runs a subcommand.
///
/// # Errors
/// See each function.
pub fn run(command: Command, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    match command {
        Command::Export { file, blobs: _, no_blobs, force } => {
            export(peer, call, &call.path(&file), !no_blobs, force)
        }
        Command::Import { file } => import(peer, call, &call.path(&file)),
    }
}

fn export(
    peer: &mut Peer,
    call: &Call,
    path: &Path,
    with_files: bool,
    force: bool,
) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    if path.exists() && !force {
        return Err(Failure::user(format!("{} exists already", path.display())).hint("--force replaces it"));
    }
    let temp = temp_beside(path);
    let mut out = new_file(&temp)?;
    let written = write_bundle(peer, call, workspace, &mut out, &temp, with_files).and_then(|counts| {
        out.sync_all().map_err(at("flush", &temp))?;
        std::fs::rename(&temp, path).map_err(at("write", path))?;
        sync_dir(path.parent().unwrap_or(Path::new(".")))?;
        Ok(counts)
    });
    if written.is_err() {
        // A leftover would look like a bundle.
        let _gone = std::fs::remove_file(&temp);
    }
    let (entries, files) = written?;
    let bytes = std::fs::metadata(path).map(|m| m.len()).map_err(at("read", path))?;
    let json =
        json!({"workspace": workspace, "file": path, "entries": entries, "files": files, "bytes": bytes});
    Ok(Report::new(json).line(format!("Wrote {entries} entries and {files} files to {}", path.display())))
}

fn write_bundle(
    peer: &mut Peer,
    call: &Call,
    workspace: WorkspaceId,
    out: &mut File,
    temp: &Path,
    with_files: bool,
) -> Result<(u64, u64), Failure> {
    let seat = peer.seat(workspace)?;
    let reads = match seat.replica.membership() {
        Membership::Member(role) => role.audiences().into_iter().collect(),
        _ => {
            return Err(
                Failure::user("only members export bundles of a workspace").hint("finish joining first")
            );
        }
    };
    let (mut export, header) = Export::begin(seat.step.store, workspace, reads, &[workspace.plan_doc()])?;
    let entries = export.entries();
    let mut put = |bytes: &[u8]| out.write_all(bytes).map_err(at("write", temp));
    put(&header)?;
    while let Some(run) = export.next_entries(seat.step.store)? {
        put(&run)?;
    }
    let blobs = if with_files { held_blobs(peer, workspace)? } else { Vec::new() };
    let mut progress = call.console.progress("writing", blobs.iter().map(|(_, bytes)| bytes).sum());
    for (blob, total) in &blobs {
        for span in Held::all(*total).spans() {
            let encoded = peer.blobs().encoded(workspace, *blob, *total, span)?;
            put(&export.blob(*blob, *total, span, encoded.into()))?;
            progress.advance(span.bytes);
        }
    }
    put(&export.finish())?;
    Ok((entries, blobs.len() as u64))
}

/// The blobs of the workspace's versions that are on this machine.
fn held_blobs(peer: &mut Peer, workspace: WorkspaceId) -> Result<Vec<(BlobHash, u64)>, Failure> {
    let seat = peer.seat(workspace)?;
    let mut blobs = Vec::new();
    for asset in seat.replica.plan(seat.step.store)?.assets.clone() {
        let view = seat.replica.review(seat.step.store, asset.id, Audience::Everyone)?;
        let held = view.blobs.values().filter(|b| seat.blobs.held(workspace, b.blob) == Some(b.bytes));
        blobs.extend(held.map(|b| (b.blob, b.bytes)));
    }
    blobs.sort_unstable();
    blobs.dedup();
    Ok(blobs)
}

fn refused(path: &Path, error: &BundleError) -> Failure {
    let hint = match error {
        BundleError::Version(_) => "use a newer proofroom",
        _ => "copy or export it again; nothing of it was taken",
    };
    Failure::verify(format!("{}: {error}", path.display())).hint(hint)
}

/// Reads a bundle to its end, handing every item to `take`.
fn read_bundle(
    path: &Path,
    progress: &mut Progress,
    mut take: impl FnMut(Item) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let unread = |e: std::io::Error| {
        Failure::user(format!("cannot read {}: {e}", path.display())).hint("check the path")
    };
    let mut file = File::open(path).map_err(unread)?;
    let mut import = Import::new(Limits::default());
    let mut piece = vec![0; READ_BYTES];
    loop {
        let n = file.read(&mut piece).map_err(unread)?;
        if n == 0 {
            return import.finish().map_err(|e| refused(path, &e));
        }
        import.push(&piece[..n]);
        progress.advance(n as u64);
        while let Some(item) = import.next().map_err(|e| refused(path, &e))? {
            take(item)?;
        }
    }
}

#[derive(Default)]
struct Counts {
    entries: u64,
    received: u64,
    known: u64,
    held_back: u64,
    stood_for: u64,
    files: u64,
    refused: Vec<String>,
    joined: Option<proofroom_authority::Role>,
}

fn import(peer: &mut Peer, call: &Call, path: &Path) -> Result<Report, Failure> {
    let bytes = std::fs::metadata(path).map_or(0, |m| m.len());
    // Once to its end before anything is taken: a file that was cut short changes nothing.
    let mut progress = call.console.progress("checking", bytes);
    let mut workspace = None;
    read_bundle(path, &mut progress, |item| {
        if let Item::Workspace(id) = item {
            workspace = Some(id);
        }
        Ok(())
    })?;
    drop(progress);
    let workspace = workspace.ok_or_else(|| refused(path, &BundleError::NotABundle))?;
    let expected = peer.workspaces()?.contains(&workspace) || peer.identity().phrase.is_some();
    if !expected {
        let what =
            format!("{} holds workspace {}, of which you have no link", path.display(), workspace.short());
        return Err(Failure::user(what).hint("take up an invite link first: proofroom join LINK --later"));
    }
    let mut counts = Counts::default();
    let mut receiving = Receiving::default();
    let mut progress = call.console.progress("importing", bytes);
    read_bundle(path, &mut progress, |item| take(peer, workspace, &mut counts, &mut receiving, item))?;
    peer.flush()?;
    receiving.finish()?;
    if let Some(News::Joined { role, .. }) = enter(&mut peer.seat(workspace)?, workspace)? {
        counts.joined = Some(role);
    }
    let name = find::workspace_name(peer, workspace)?;
    Ok(told(workspace, name.as_deref(), &counts))
}

fn take(
    peer: &mut Peer,
    workspace: WorkspaceId,
    counts: &mut Counts,
    receiving: &mut Receiving,
    item: Item,
) -> Result<(), Failure> {
    match item {
        Item::Workspace(_) => {}
        Item::End { entries } => counts.entries = entries,
        Item::Entries(entries) => {
            let mut seat = peer.seat(workspace)?;
            let ingested = seat.replica.ingest(&mut seat.step, entries)?;
            for (entry, outcome) in ingested.outcomes {
                match outcome {
                    IngestOutcome::Stored => counts.received += 1,
                    IngestOutcome::Known => counts.known += 1,
                    IngestOutcome::HeldBack => counts.held_back += 1,
                    IngestOutcome::Equivocation => {
                        counts.refused.push(format!("{}: its author signed two histories", entry.short()));
                    }
                    IngestOutcome::Missing(why) | IngestOutcome::Refused(why) => {
                        counts.refused.push(format!("{}: {why}", entry.short()));
                    }
                }
            }
        }
        Item::Snapshot(offered) => {
            let mut seat = peer.seat(workspace)?;
            // One that is not needed, or does not hold, leaves its entries to be fetched elsewhere.
            if let Ok(snapshot) = seat.replica.take_snapshot(&mut seat.step, *offered)? {
                counts.stood_for += snapshot.entries();
            }
        }
        Item::Blob { blob, total, slice } => {
            counts.files += receiving.take(peer, workspace, blob, total, &slice)?
        }
    }
    Ok(())
}

fn told(workspace: WorkspaceId, name: Option<&str>, counts: &Counts) -> Report {
    let shown = name.map_or_else(|| workspace.short(), str::to_owned);
    let mut report = Report::new(json!({
        "workspace": workspace,
        "name": name,
        "entries": counts.entries,
        "received": counts.received,
        "known": counts.known,
        "held_back": counts.held_back,
        "stood_for": counts.stood_for,
        "files_received": counts.files,
        "refused_here": counts.refused,
        "joined": counts.joined,
    }))
    .line(format!(
        "{shown}: {} new entries of {}, {} new files",
        counts.received + counts.held_back,
        counts.entries,
        counts.files
    ));
    if counts.stood_for > 0 {
        report = report.line(format!("Snapshots stand for {} earlier entries", counts.stood_for));
    }
    if let Some(role) = counts.joined {
        report = report.line(format!("You are {} of {shown}", people::a(role)));
    }
    if counts.held_back > 0 {
        report = report
            .warn(format!("{} entries are held back: their author was removed before", counts.held_back));
    }
    match counts.refused.first() {
        Some(first) => {
            let n = counts.refused.len();
            report.failing(Failure::verify(format!(
                "{n} entries of the bundle do not hold; the first, {first}"
            )))
        }
        None => report,
    }
}
