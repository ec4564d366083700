//! `release`: an approved version, or a package of them, leaves the workspace.

use std::path::{Path, PathBuf};

use clap::Args;
use proofroom_authority::Role;
use proofroom_ident::{AssetId, Audience, ContentHash, EntryHash, VersionHash, WorkspaceId};
use proofroom_replica::{ActChoice, Membership};
use proofroom_review::{Act, CommentLabel, CommentState, Handoff, Outcome, Package, PlanView};
use proofroom_workflow::AssetState;
use serde_json::{Value, json};

use super::{Call, package};
use crate::failure::Failure;
use crate::find;
use crate::handoff::{Outgoing, certificate, outgoing};
use crate::home::at;
use crate::peer::{Peer, Seat};
use crate::people::People;
use crate::report::{Cell, Report, Tone};
use crate::spoken;
use crate::xmp::{Approval, Sidecar};

/// `proofroom release`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  proofroom release Hero --to out/hero
  proofroom release \"Spring launch\" --to out/launch     a package: one folder an asset

Writes the files byte for byte as they were signed, an XMP sidecar for each (hero.jpg.xmp: title, version, who approved
it), the certificate of the approval (certificate.zip: decisions, no comments; `proofroom verify` checks it), and
release.json, and signs that it was done. Refused, with every reason, while anything is open: no approval,
unmet conditions, blockers and tasks, blockers that an approver has not seen, a fork. Producers and owners may.

JSON: {\"name\", \"package\", \"folder\", \"assets\": [{\"asset\", \"name\", \"version\", \"label\", \"entry\", \"files\": [{\"path\",
\"kind\", \"bytes\", \"content\"}]}]}; kind is original, sidecar, rendition or certificate")]
pub struct Release {
    /// The asset or package: its name or id
    name: String,
    /// The folder to write; it must not be there, or be empty
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// To whom, or what for; it stays in the record
    #[arg(long)]
    reason: Option<String>,
}

/// One version that goes out.
struct Leaving {
    asset: AssetId,
    name: String,
    version: VersionHash,
    state: AssetState,
    folder: PathBuf,
}

/// Releases.
///
/// # Errors
/// When anything is open, bytes are missing, the role may not, or the folder cannot be written.
pub fn run(args: Release, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let mut seat = peer.seat(workspace)?;
    if !matches!(seat.replica.membership(), Membership::Member(role) if role >= Role::Producer) {
        return Err(Failure::user("only owners and producers release work").hint("ask one of them"));
    }
    let plan = seat.replica.plan(seat.step.store)?;
    let (leaving, package) = leaving(&mut seat, &plan, &args.name)?;
    let open = open(&mut seat, &leaving, package.as_ref())?;
    if !open.is_empty() {
        let said = format!("{} cannot be released yet:\n  {}", args.name, open.join("\n  "));
        return Err(
            Failure::user(said).hint("`proofroom status ASSET` and `proofroom todo ASSET` show what to do")
        );
    }
    let to = call.path(&args.to);
    if std::fs::read_dir(&to).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Failure::user(format!("{} is not empty", to.display())).hint("name another folder"));
    }
    let staging = staging(&to)?;
    let package = package.map(|(id, _)| id);
    let mut work = Work { workspace, call, package, reason: args.reason, warnings: Vec::new() };
    let written = work.write(&mut seat, &leaving, &staging);
    let json = written.inspect_err(|_| discard(&staging))?;
    let json = json!({
        "name": args.name,
        "package": work.package,
        "folder": to,
        "assets": json,
    });
    let listed = serde_json::to_string_pretty(&json).map_err(Failure::store)?;
    let list = staging.join("release.json");
    std::fs::write(&list, listed).map_err(at("write", &list))?;
    std::fs::rename(&staging, &to).map_err(at("write", &to))?;
    Ok(work.warnings.into_iter().fold(shown(json, &to), Report::warn))
}

/// A package and its id.
type Named = (ContentHash, Package);

/// What goes out: one asset's current version, or all of a package.
fn leaving(
    seat: &mut Seat<'_>,
    plan: &PlanView,
    name: &str,
) -> Result<(Vec<Leaving>, Option<Named>), Failure> {
    let asset = find::asset(plan, name);
    let asset = match asset {
        Ok(asset) => asset,
        Err(no_asset) => {
            let (id, package) = package::found(plan, name).map_err(|_| no_asset)?;
            let mut all = Vec::new();
            for item in &package.items {
                let name = plan.asset(&item.asset).map_or_else(|| item.asset.short(), |a| a.name.clone());
                let state = seat.replica.status(seat.step.store, item.asset, seat.step.now)?;
                let folder = PathBuf::from(folder_name(&name));
                all.push(Leaving { asset: item.asset, name, version: item.version, state, folder });
            }
            return Ok((all, Some((id, package.clone()))));
        }
    };
    let state = seat.replica.status(seat.step.store, asset.id, seat.step.now)?;
    let version = match state.current.heads() {
        [one] => *one,
        [] => return Err(Failure::user(format!("{} has no version that is current", asset.name))),
        _ => {
            return Err(Failure::user(format!("{} has concurrent versions", asset.name))
                .hint("settle it: proofroom version pick ASSET v3a"));
        }
    };
    let (name, folder) = (asset.name.clone(), PathBuf::new());
    Ok((vec![Leaving { asset: asset.id, name, version, state, folder }], None))
}

/// A name as a folder is called.
fn folder_name(name: &str) -> String {
    let plain = |c: char| if c.is_control() || "/\\:*?\"<>|".contains(c) { '-' } else { c };
    let name: String = name.trim().trim_matches('.').chars().map(plain).collect();
    if name.is_empty() { "asset".into() } else { name }
}

/// Everything that is against it, in sentences.
fn open(seat: &mut Seat<'_>, leaving: &[Leaving], package: Option<&Named>) -> Result<Vec<String>, Failure> {
    let people = People::of(seat)?;
    let mut out = Vec::new();
    for item in leaving {
        let mut say = |text: String| out.push(format!("{}: {text}", item.name));
        if item.state.release.version != Some(item.version) {
            say("the version in the package is not the current one".into());
            continue;
        }
        item.state.release.open.iter().for_each(|b| say(spoken::block(b, &item.state, &people)));
        let may_read = find::audiences(seat).contains(&Audience::Team);
        if !may_read {
            continue;
        }
        let team = seat.replica.review(seat.step.store, item.asset, Audience::Team)?;
        let held = team.comments.iter().filter(|c| {
            let asks = matches!(c.label, CommentLabel::Blocker | CommentLabel::Change);
            c.anchor.version == item.version
                && (c.state == CommentState::Task || (c.state == CommentState::Open && asks))
        });
        held.for_each(|c| say(format!("comment {} of the team is open", c.key.id.short())));
    }
    if let Some((_, package)) = package {
        let plan = seat.replica.plan(seat.step.store)?;
        let states = seat.replica.workflow(seat.step.store, seat.step.now)?.packages();
        let whole = plan.library.packages.iter().zip(states).find(|(p, _)| *p == package);
        let whole = whole.and_then(|(_, state)| state.whole).filter(|w| *w != Outcome::Approved);
        out.extend(whole.map(|outcome| format!("the review of the package as a whole is {outcome}")));
    }
    Ok(out)
}

/// A folder beside the target that nobody else writes.
fn staging(to: &Path) -> Result<PathBuf, Failure> {
    let name = to.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let parent = to.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(at("make", parent))?;
    let staging = parent.join(format!(".{name}.part-{}", std::process::id()));
    discard(&staging);
    std::fs::create_dir(&staging).map_err(at("make", &staging))?;
    Ok(staging)
}

/// Removes what a release that did not come about has left; a leftover does no harm.
fn discard(staging: &Path) {
    let _absent = std::fs::remove_dir_all(staging);
}

struct Work<'a> {
    workspace: WorkspaceId,
    call: &'a Call,
    package: Option<ContentHash>,
    reason: Option<String>,
    warnings: Vec<String>,
}

impl Work<'_> {
    /// Writes everything, then signs that each version went out.
    fn write(
        &mut self,
        seat: &mut Seat<'_>,
        leaving: &[Leaving],
        staging: &Path,
    ) -> Result<Vec<Value>, Failure> {
        let mut all: Vec<Vec<Outgoing>> = Vec::new();
        for item in leaving {
            all.push(self.files(seat, item)?);
        }
        let total = all.iter().flatten().map(|file| file.bytes).sum();
        let mut progress = self.call.console.progress("releasing", total);
        for (item, files) in leaving.iter().zip(&all) {
            let folder = staging.join(&item.folder);
            std::fs::create_dir_all(&folder).map_err(at("make", &folder))?;
            for file in files {
                file.write(self.workspace, seat, &folder, |n| progress.advance(n))?;
            }
        }
        drop(progress);
        let mut out = Vec::new();
        for (item, files) in leaving.iter().zip(&all) {
            let entry = self.sign(seat, item, files)?;
            out.push(described(item, files, entry));
        }
        Ok(out)
    }

    /// The files of a version, each original with its sidecar, and the certificate.
    fn files(&mut self, seat: &mut Seat<'_>, item: &Leaving) -> Result<Vec<Outgoing>, Failure> {
        let mut files = outgoing(self.workspace, seat, item.asset, item.version)?;
        let originals: Vec<(PathBuf, ContentHash)> = files
            .iter()
            .filter(|file| file.kind == "original")
            .map(|file| (file.path.clone(), file.content))
            .collect();
        for (path, content) in originals {
            let sidecar = sidecar(seat, item, &path, content)?;
            let name = format!("{}.xmp", path.display());
            files.push(Outgoing::made(name, "sidecar", sidecar.to_xml().into_bytes()));
        }
        let (certificate, warning) = certificate(seat, item.asset, item.version)?;
        files.extend(certificate.map(|bytes| Outgoing::made(free_name(&files), "certificate", bytes)));
        self.warnings.extend(warning.map(|why| format!("{}: {why}", item.name)));
        Ok(files)
    }

    fn sign(&self, seat: &mut Seat<'_>, item: &Leaving, files: &[Outgoing]) -> Result<EntryHash, Failure> {
        let mut contents: Vec<ContentHash> = files.iter().map(|file| file.content).collect();
        contents.sort_unstable();
        contents.dedup();
        let act = Act::Release(Handoff { files: contents, package: self.package });
        let choice = ActChoice { act, version: Some(item.version), reason: self.reason.clone() };
        Ok(seat.replica.act(&mut seat.step, item.asset, choice)?.0.entry)
    }
}

/// A name for the certificate that no file of the version has.
fn free_name(files: &[Outgoing]) -> String {
    let names =
        std::iter::once("certificate.zip".to_owned()).chain((2..).map(|n| format!("certificate-{n}.zip")));
    let free = |name: &String| files.iter().all(|file| file.path != Path::new(name));
    names.into_iter().find(free).unwrap_or_default()
}

/// What the sidecar of one file says.
fn sidecar(
    seat: &mut Seat<'_>,
    item: &Leaving,
    path: &Path,
    content: ContentHash,
) -> Result<Sidecar, Failure> {
    let people = People::of(seat)?;
    let view = seat.replica.review(seat.step.store, item.asset, Audience::Everyone)?;
    let manifest =
        view.versions.get(&item.version).ok_or_else(|| Failure::user("there is no such version"))?;
    let decisions = seat.replica.decisions(seat.step.store, item.asset)?;
    // Where an earlier version's approval with changes covers this one, those are the approvals.
    let approved = item.state.release.covered_by.unwrap_or(item.version);
    let run = item.state.run(&approved);
    let counted = run.into_iter().flat_map(|run| run.assignments());
    let approvals = counted.filter_map(|(stage, a)| {
        let counted = a.decision.filter(|d| d.decision.approves())?;
        let signed = decisions.iter().find(|d| d.entry == counted.entry).map(|d| &d.statement.signer);
        Some(Approval {
            name: signed.map_or_else(|| people.name(counted.by), |s| s.printed_name.clone()),
            organisation: signed.map(|s| s.organisation.clone()).unwrap_or_default(),
            stage: stage.stage.to_string(),
            decision: counted.decision.to_string(),
            at: counted.claimed_at,
            entry: counted.entry.to_hex(),
        })
    });
    let file = manifest.files.iter().find(|f| Path::new(&f.name) == path);
    Ok(Sidecar {
        title: item.name.clone(),
        creator: people.name(manifest.author),
        media_type: file.map(|f| f.media_type.clone()).unwrap_or_default(),
        asset: item.asset.to_hex(),
        version_label: item.state.run(&item.version).map(|r| r.label.clone()).unwrap_or_default(),
        version: item.version.to_hex(),
        content: content.to_hex(),
        outcome: run.map(|r| r.so_far.unwrap_or(r.outcome).to_string()).unwrap_or_default(),
        route: run.map(|r| r.route.to_string()).unwrap_or_default(),
        released_by: people.name(seat.replica.me().person()),
        released_at: seat.step.now,
        approvals: approvals.collect(),
    })
}

fn described(item: &Leaving, files: &[Outgoing], entry: EntryHash) -> Value {
    let file = |f: &Outgoing| {
        let path = item.folder.join(&f.path);
        json!({"path": path, "kind": f.kind, "bytes": f.bytes, "content": f.content})
    };
    json!({
        "asset": item.asset,
        "name": item.name,
        "version": item.version,
        "label": item.state.run(&item.version).map(|run| &run.label),
        "entry": entry,
        "files": files.iter().map(file).collect::<Vec<_>>(),
    })
}

fn shown(json: Value, to: &Path) -> Report {
    let (mut rows, mut said) = (Vec::new(), Vec::new());
    for asset in json["assets"].as_array().into_iter().flatten() {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        said.push(format!("{} {}", text(&asset["name"]), text(&asset["label"])));
        for file in asset["files"].as_array().into_iter().flatten() {
            rows.push(vec![
                Cell::from(text(&file["path"])),
                Cell::new(text(&file["kind"]), Tone::Faint),
                Cell::from(&file["bytes"]),
            ]);
        }
    }
    Report::new(json)
        .table(&["FILE", "KIND", "BYTES"], rows, "The version has no files")
        .toned(format!("Released {} to {}", said.join(", "), to.display()), Tone::Good)
}
