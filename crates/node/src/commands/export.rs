//! `export`: files as they were signed, or a document that any automerge library opens.

use std::path::{Path, PathBuf};

use clap::Args;
use proofroom_ident::{Audience, DocId, WorkspaceId};
use proofroom_review::{Current, PlanView};
use serde_json::json;

use super::Call;
use super::version::label_of;
use crate::failure::Failure;
use crate::find;
use crate::home::{at, write_atomic};
use crate::peer::{Peer, Seat};
use crate::report::{Cell, Report, Tone};

/// `proofroom export`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  proofroom export Hero --to out                    the current version's files, byte for byte
  proofroom export --automerge plan plan.automerge
  proofroom export --automerge Hero hero.automerge  DOC is plan, an asset, or an asset with :team

JSON: {\"asset\", \"version\", \"label\", \"files\": [{\"name\", \"path\", \"bytes\", \"content\"}]}
JSON with --automerge: {\"doc\", \"file\", \"bytes\"}")]
pub struct Export {
    /// The asset: its name or id
    #[arg(required_unless_present = "automerge")]
    asset: Option<String>,
    /// The folder to write to; it is made if it is not there
    #[arg(long, value_name = "DIR", required_unless_present = "automerge")]
    to: Option<PathBuf>,
    /// An earlier version: v2, or the beginning of its hash
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    /// Write a document instead
    #[arg(long, num_args = 2, value_names = ["DOC", "FILE"], conflicts_with_all = ["asset", "to", "version"])]
    automerge: Option<Vec<String>>,
    /// Replace files that exist
    #[arg(long)]
    force: bool,
}

/// Writes the files.
///
/// # Errors
/// When the bytes are not here or not what was signed, or the target cannot be written.
pub fn run(args: Export, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let mut seat = peer.seat(workspace)?;
    match (args.automerge.as_deref(), args.asset, args.to) {
        (Some([doc, file]), ..) => {
            document(workspace, &mut seat, doc, &call.path(Path::new(file)), args.force)
        }
        (_, Some(asset), Some(to)) => {
            let wanted = Wanted { asset, version: args.version, to: call.path(&to), force: args.force };
            files(workspace, &mut seat, call, &wanted)
        }
        _ => Err(Failure::usage("say which asset and where to: proofroom export ASSET --to DIR")),
    }
}

struct Wanted {
    asset: String,
    version: Option<String>,
    to: PathBuf,
    force: bool,
}

fn files(
    workspace: WorkspaceId,
    seat: &mut Seat<'_>,
    call: &Call,
    wanted: &Wanted,
) -> Result<Report, Failure> {
    let plan = seat.replica.plan(seat.step.store)?;
    let asset = find::asset(&plan, &wanted.asset)?;
    let view = seat.replica.review(seat.step.store, asset.id, Audience::Everyone)?;
    let version = match (&wanted.version, view.current()) {
        (Some(text), _) => find::version(&view, text)?,
        (None, Current::One(version)) => version,
        (None, Current::None) => return Err(Failure::user(format!("{} has no version yet", asset.name))),
        (None, Current::Fork(_)) => {
            return Err(Failure::user(format!("{} has concurrent versions: say which", asset.name))
                .hint("--version v3a, or settle it: proofroom version pick ASSET v3a"));
        }
    };
    let manifest = view.versions.get(&version).ok_or_else(|| Failure::user("there is no such version"))?;
    let target = |name: &str| wanted.to.join(name);
    if let Some(held) = manifest.files.iter().map(|f| target(&f.name)).find(|p| p.exists() && !wanted.force) {
        return Err(crate::blobs::BlobError::TargetExists(held).into());
    }
    std::fs::create_dir_all(&wanted.to).map_err(at("make", &wanted.to))?;
    let mut progress = call.console.progress("exporting", manifest.files.iter().map(|f| f.bytes).sum());
    let (mut rows, mut listed) = (Vec::new(), Vec::new());
    for file in &manifest.files {
        let reference = view.blobs.get(&file.content);
        let reference = reference.ok_or_else(|| crate::blobs::BlobError::Absent(file.name.clone()))?;
        let path = target(&file.name);
        seat.blobs.export(workspace, &file.name, reference, &path, |n| progress.advance(n))?;
        rows.push(vec![Cell::from(path.display()), Cell::from(file.bytes), Cell::from(file.content.short())]);
        listed.push(json!({"name": file.name, "path": path, "bytes": file.bytes, "content": file.content}));
    }
    seat.replica.note_opened(&mut seat.step, asset.id, version)?;
    let label = label_of(&view, version);
    let json = json!({"asset": asset.id, "version": version, "label": label, "files": listed});
    Ok(Report::new(json)
        .table(&["FILE", "BYTES", "CONTENT"], rows, "The version has no files")
        .toned(format!("{} {label}, byte for byte as it was signed", asset.name), Tone::Good))
}

fn document(
    workspace: WorkspaceId,
    seat: &mut Seat<'_>,
    name: &str,
    path: &Path,
    force: bool,
) -> Result<Report, Failure> {
    if path.exists() && !force {
        return Err(crate::blobs::BlobError::TargetExists(path.to_owned()).into());
    }
    let plan = seat.replica.plan(seat.step.store)?;
    let doc = doc_of(workspace, &plan, name)?;
    let bytes = seat.replica.export_automerge(seat.step.store, doc)?;
    write_atomic(path, &bytes)?;
    Ok(Report::new(json!({"doc": doc, "file": path, "bytes": bytes.len()})).line(format!(
        "Wrote {} bytes to {}",
        bytes.len(),
        path.display()
    )))
}

/// `plan`, an asset, an asset with `:team`, or a document's id.
fn doc_of(workspace: WorkspaceId, plan: &PlanView, name: &str) -> Result<DocId, Failure> {
    if name == "plan" {
        return Ok(workspace.plan_doc());
    }
    let known = |doc: &DocId| {
        let reviews = plan.assets.iter().flat_map(|a| Audience::ALL.map(|d| workspace.review_doc(a.id, d)));
        *doc == workspace.plan_doc() || reviews.into_iter().any(|d| d == *doc)
    };
    if let Some(doc) = name.parse().ok().filter(known) {
        return Ok(doc);
    }
    let (asset, audience) = match name.strip_suffix(":team") {
        Some(asset) => (asset, Audience::Team),
        None => (name, Audience::Everyone),
    };
    Ok(workspace.review_doc(find::asset(plan, asset)?.id, audience))
}
