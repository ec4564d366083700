//! `certify`: the evidence of an outcome, for somebody who has nothing but the file.

use std::path::{Path, PathBuf};

use clap::Args;
use proofroom_certificate::{Attachment, FILES_FOLDER, Subject};
use proofroom_ident::{AssetId, Audience, VersionHash, WorkspaceId};
use proofroom_replica::Disclosure;
use proofroom_review::{Current, Package, PlanView};
use proofroom_verify::{Record, Verdict};
use serde_json::json;

use super::Call;
use super::verify::table;
use crate::certificate::{Made, Member, make, packed};
use crate::failure::Failure;
use crate::find;
use crate::home::{at, write_atomic};
use crate::peer::{Peer, Seat};
use crate::report::{Report, Tone};

/// Most bytes of files in a certificate: they pass through memory.
const FILES_BYTES_MAX: u64 = 1 << 30;

/// `proofroom certify`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  proofroom certify Hero --out hero.certificate.zip
  proofroom certify Hero --version v2 --folder hero-v2 --blobs
  proofroom certify \"Spring launch\" --out launch.certificate.zip    a package: its versions together

Whoever gets the file checks it with `proofroom verify FILE`: no network, no workspace, no keys.

It discloses, entry by entry: the decisions and acts on the asset, who signed them, the membership log (keys and
roles), and, unless --decisions-only, all comments for everyone and all versions, with their history. A reader who
gets hold of a version's encrypted files can then open them. Never: comments for the team, other assets, epoch keys.

JSON: {\"path\", \"bytes\", \"outcome\", \"holds\", \"rows\", \"members\": [{\"name\", \"bytes\", \"hash\"}], \"not_proved\"}")]
pub struct Certify {
    /// The asset, or the package: its name or id
    subject: String,
    /// The file to write
    #[arg(long, value_name = "FILE", required_unless_present = "folder", conflicts_with = "folder")]
    out: Option<PathBuf>,
    /// The folder to write instead of a file
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// An earlier version: v2, or the beginning of its hash
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    /// Include the certified version's files
    #[arg(long)]
    blobs: bool,
    /// Withhold comments and the history of versions
    #[arg(long)]
    decisions_only: bool,
    /// Replace what exists
    #[arg(long)]
    force: bool,
}

/// Writes the certificate.
///
/// # Errors
/// When entries or files are not here, or the target cannot be written.
pub fn run(args: &Certify, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let mut seat = peer.seat(workspace)?;
    let target = Target::of(args, call)?;
    let plan = seat.replica.plan(seat.step.store)?;
    let subject = subject(&mut seat, &plan, args)?;
    let disclosure = if args.decisions_only { Disclosure::DecisionsOnly } else { Disclosure::Full };
    let draft = seat.replica.certificate(seat.step.store, subject.clone(), disclosure, seat.step.now)?;
    let files = if args.blobs { files(workspace, &mut seat, call, &subject)? } else { Vec::new() };
    let Made { members, verdict, record } = make(&seat, &draft, files)?;
    let bytes = target.write(&members)?;
    Ok(report(&target.path, bytes, &verdict, &record, &members))
}

fn report(path: &Path, bytes: u64, verdict: &Verdict, record: &Record, members: &[Member]) -> Report {
    let listed: Vec<Attachment> = members.iter().map(|(name, bytes)| Attachment::of(name, bytes)).collect();
    let json = json!({
        "path": path,
        "bytes": bytes,
        "outcome": record.outcome,
        "holds": verdict.holds,
        "rows": verdict.rows,
        "members": listed,
        "not_proved": record.not_proved,
    });
    let report = table(Report::new(json), verdict)
        .toned(format!("Wrote {} ({bytes} bytes)", path.display()), Tone::Good);
    if verdict.holds {
        return report.line("Whoever gets it runs: proofroom verify FILE");
    }
    report.warn("not everything holds: whoever verifies it is told so, as above")
}

/// Where to write.
struct Target {
    path: PathBuf,
    folder: bool,
}

impl Target {
    fn of(args: &Certify, call: &Call) -> Result<Self, Failure> {
        let (path, folder) = match (&args.out, &args.folder) {
            (Some(file), _) => (call.path(file), false),
            (None, Some(folder)) => (call.path(folder), true),
            (None, None) => return Err(Failure::usage("say where to: --out FILE, or --folder DIR")),
        };
        if path.exists() && !args.force {
            return Err(Failure::user(format!("{} exists", path.display())).hint("--force replaces it"));
        }
        Ok(Self { path, folder })
    }

    fn write(&self, members: &[Member]) -> Result<u64, Failure> {
        if !self.folder {
            let bytes = packed(members)?;
            write_atomic(&self.path, &bytes)?;
            return Ok(bytes.len() as u64);
        }
        if self.path.exists() {
            std::fs::remove_dir_all(&self.path).map_err(at("replace", &self.path))?;
        }
        for (name, bytes) in members {
            let path = self.path.join(name);
            let parent = path.parent().unwrap_or(&self.path);
            std::fs::create_dir_all(parent).map_err(at("make", parent))?;
            write_atomic(&path, bytes)?;
        }
        Ok(members.iter().map(|(_, bytes)| bytes.len() as u64).sum())
    }
}

/// What a person named: an asset's version, or a package.
fn subject(seat: &mut Seat<'_>, plan: &PlanView, args: &Certify) -> Result<Subject, Failure> {
    let asset = match find::asset(plan, &args.subject) {
        Ok(asset) => asset,
        Err(failure) => {
            let named: Vec<&Package> =
                plan.library.packages.iter().filter(|p| p.name.eq_ignore_ascii_case(&args.subject)).collect();
            return match named.as_slice() {
                [package] => Ok(Subject::Package { package: (*package).clone() }),
                [] => Err(failure),
                several => {
                    Err(Failure::user(format!("{} packages are called {}", several.len(), args.subject)))
                }
            };
        }
    };
    let view = seat.replica.review(seat.step.store, asset.id, Audience::Everyone)?;
    let version = match (&args.version, view.current()) {
        (Some(text), _) => find::version(&view, text)?,
        (None, Current::One(version)) => version,
        (None, Current::None) => return Err(Failure::user(format!("{} has no version yet", asset.name))),
        (None, Current::Fork(_)) => {
            return Err(Failure::user(format!("{} has concurrent versions: say which", asset.name))
                .hint("--version v3a, or settle it: proofroom version pick ASSET v3a"));
        }
    };
    Ok(Subject::Version { asset: asset.id, version })
}

/// The files of the certified versions, byte for byte as they were signed.
fn files(
    workspace: WorkspaceId,
    seat: &mut Seat<'_>,
    call: &Call,
    subject: &Subject,
) -> Result<Vec<Member>, Failure> {
    let versions = subject.versions();
    let several = versions.len() > 1;
    let mut out = Vec::new();
    for (asset, version) in versions {
        out.extend(files_of(workspace, seat, call, (asset, version), several)?);
    }
    Ok(out)
}

fn files_of(
    workspace: WorkspaceId,
    seat: &mut Seat<'_>,
    call: &Call,
    (asset, version): (AssetId, VersionHash),
    several: bool,
) -> Result<Vec<Member>, Failure> {
    let view = seat.replica.review(seat.step.store, asset, Audience::Everyone)?;
    let manifest = view.versions.get(&version).ok_or_else(|| Failure::user("there is no such version"))?;
    let total: u64 = manifest.files.iter().map(|f| f.bytes).sum();
    if total > FILES_BYTES_MAX {
        return Err(Failure::user(format!(
            "the files have {total} bytes: a certificate carries {FILES_BYTES_MAX} at most"
        ))
        .hint(
            "leave --blobs out; `proofroom verify FILE --file NAME` compares files that come another way",
        ));
    }
    let mut progress = call.console.progress("reading", total);
    let mut out = Vec::new();
    for file in &manifest.files {
        let reference = view.blobs.get(&file.content);
        let reference = reference.ok_or_else(|| crate::blobs::BlobError::Absent(file.name.clone()))?;
        let bytes = seat.blobs.range(workspace, &file.name, reference, 0, file.bytes)?;
        progress.advance(file.bytes);
        let folder = if several { format!("{}/", asset.short()) } else { String::new() };
        out.push((format!("{FILES_FOLDER}{folder}{}", file.name), bytes));
    }
    Ok(out)
}
