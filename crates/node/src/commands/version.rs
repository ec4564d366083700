//! `version`: immutable states of an asset, and settling a fork.

mod diff;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use proofroom_compare::Tolerance;
use proofroom_ident::{AssetId, Audience, BlobHash, EntryHash, VersionHash, WorkspaceId};
use proofroom_review::media::sniff;
use proofroom_review::{
    BlobKeyBytes, BlobRef, Category, Current, FileRef, Manifest, MediaType, Pick, ReviewEdit, ReviewView,
};
use proofroom_seal::BlobKey;
use serde_json::{Value, json};

use super::Call;
use super::asset::Workshop;
use crate::failure::Failure;
use crate::find;
use crate::peer::{Peer, Seat};
use crate::people::People;
use crate::report::{Cell, Report, Tone};
use crate::when;

/// `proofroom version`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add a version of an asset
    #[command(after_help = "\
Example:
  proofroom version add Hero hero-v2.jpg --note \"Logo moved\"

JSON: {\"asset\", \"version\", \"label\", \"note\", \"entry\", \"files\": [{\"name\", \"media_type\", \"bytes\", \"content\", \"blob\"}]}")]
    Add {
        /// The asset: its name or id
        asset: String,
        /// The file, or the files of one version
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// What changed
        #[arg(long, default_value = "")]
        note: String,
        /// Make no thumbnails, tiles, pages, proxies or waveforms now
        #[arg(long)]
        no_renditions: bool,
    },
    /// Say what changed between two versions: pixels, words, layers, pages, tracks and frames
    #[command(after_help = "\
Examples:
  proofroom version diff Hero                  the current version and the one before it
  proofroom version diff Hero v1 v3
  proofroom version diff Hero v2 --exact       every pixel that differs, however little

What another encoder or an anti-aliased edge does to a pixel is no change, unless --exact is given.

JSON: {\"asset\", \"name\", \"before\": {\"version\", \"label\"}, \"after\": {\"version\", \"label\"},
\"files\": [{\"before\", \"after\", \"facts\": [{\"what\", \"before\", \"after\"}], \"kind\", ...}]}
kind is same, added, removed, picture, words, layers, film, pages, archive, or not_applicable with its reason")]
    Diff {
        /// The asset: its name or id
        asset: String,
        /// The earlier version: v1, or the beginning of its hash
        before: Option<String>,
        /// The later version
        after: Option<String>,
        /// Let every difference between pixels count
        #[arg(long, conflicts_with = "tolerance")]
        exact: bool,
        /// How much a pixel may differ, in thousandths of the difference between black and white
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=1000))]
        tolerance: Option<u32>,
    },
    /// List the versions of an asset
    #[command(after_help = "\
JSON: {\"asset\", \"name\", \"fork\", \"versions\": [{\"version\", \"label\", \"current\", \"parents\", \"author\",
\"author_name\", \"claimed_at\", \"note\", \"files\": [{\"name\", \"media_type\", \"bytes\", \"content\", \"here\"}]}]}
here says whether the bytes have reached this machine; in a fork every head is current")]
    List {
        /// The asset: its name or id
        asset: String,
    },
    /// Settle a fork: go on with one of the concurrent versions
    #[command(after_help = "JSON: {\"asset\", \"version\", \"label\", \"over\", \"entry\"}")]
    Pick {
        /// The asset: its name or id
        asset: String,
        /// The version: v3a, or the beginning of its hash
        version: String,
    },
}

/// Runs a subcommand.
///
/// # Errors
/// See each function.
pub fn run(command: Command, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let home = peer.home().clone();
    let shop = Workshop { workspace, call, home: &home };
    let mut seat = peer.seat(workspace)?;
    match command {
        Command::Add { asset, files, note, no_renditions } => {
            let files: Vec<PathBuf> = files.iter().map(|f| call.path(f)).collect();
            add(&shop, &mut seat, &asset, &files, &note, !no_renditions)
        }
        Command::Diff { asset, before, after, exact, tolerance } => {
            let usual = if exact { Tolerance::EXACT } else { Tolerance::default() };
            let tolerance = tolerance.map_or(usual, |colour| Tolerance { colour, ..usual });
            diff::diff(&shop, &mut seat, &asset, [before, after], tolerance)
        }
        Command::List { asset } => list(workspace, &mut seat, &asset),
        Command::Pick { asset, version } => pick(&mut seat, &asset, &version),
    }
}

/// Files that became blobs, before the version that they make is recorded.
pub(super) struct Draft {
    workspace: WorkspaceId,
    asset: AssetId,
    pub(super) files: Vec<FileRef>,
    blobs: Vec<BlobRef>,
    new: Vec<BlobHash>,
}

/// A version that was recorded.
pub(super) struct VersionReport {
    pub(super) version: VersionHash,
    pub(super) label: String,
    pub(super) note: String,
    pub(super) entry: EntryHash,
    pub(super) files: Vec<FileRef>,
    blobs: Vec<BlobRef>,
}

impl Draft {
    /// Encrypts the files into blobs. Bytes that this asset has already are not kept twice.
    pub(super) fn read(
        workspace: WorkspaceId,
        seat: &mut Seat<'_>,
        call: &Call,
        asset: AssetId,
        paths: &[PathBuf],
    ) -> Result<Self, Failure> {
        let known = seat.replica.review(seat.step.store, asset, Audience::Everyone)?.blobs.clone();
        let total = paths.iter().filter_map(|p| std::fs::metadata(p).ok()).map(|m| m.len()).sum();
        let mut progress = call.console.progress("encrypting", total);
        let mut draft = Self { workspace, asset, files: Vec::new(), blobs: Vec::new(), new: Vec::new() };
        for path in paths {
            let key = BlobKey::from_bytes(seat.random());
            let added = match seat.blobs.add(workspace, path, &key, |n| progress.advance(n)) {
                Ok(added) => added,
                Err(e) => {
                    draft.discard(seat);
                    return Err(e.into());
                }
            };
            let key = BlobKeyBytes::from_bytes(*key.as_bytes());
            let fresh = BlobRef { blob: added.blob, key, bytes: added.bytes, content: added.content };
            let held = known.get(&added.content).filter(|b| seat.blobs.held(workspace, b.blob).is_some());
            match held.or_else(|| draft.blobs.iter().find(|b| b.content == added.content)) {
                Some(held) => {
                    let held = held.clone();
                    seat.blobs.forget(workspace, added.blob);
                    draft.blobs.push(held);
                }
                None => {
                    draft.new.push(added.blob);
                    draft.blobs.push(fresh);
                }
            }
            let name = file_name(path);
            let media_type = sniff(&added.head, &name).mime().to_owned();
            draft.files.push(FileRef { name, media_type, bytes: added.bytes, content: added.content });
        }
        Ok(draft)
    }

    /// Removes what was stored for a version that is not to be.
    pub(super) fn discard(&self, seat: &Seat<'_>) {
        for blob in &self.new {
            seat.blobs.forget(self.workspace, *blob);
        }
    }

    /// Records the version.
    pub(super) fn record(
        self,
        seat: &mut Seat<'_>,
        parents: Vec<VersionHash>,
        note: &str,
    ) -> Result<VersionReport, Failure> {
        let manifest = Manifest {
            asset: self.asset,
            parents,
            files: self.files.clone(),
            note: note.to_owned(),
            author: seat.replica.me().person(),
            claimed_at: seat.step.now,
        };
        let recorded =
            manifest.check().and_then(|()| manifest.hash()).map_err(Failure::user).and_then(|hash| {
                let edit = ReviewEdit::AddVersion { manifest: Box::new(manifest), blobs: self.blobs.clone() };
                let receipt = seat.edit_review(self.asset, Audience::Everyone, edit)?;
                Ok((hash, receipt))
            });
        let (version, receipt) = recorded.inspect_err(|_| self.discard(seat))?;
        let view = seat.replica.review(seat.step.store, self.asset, Audience::Everyone)?;
        let label = label_of(&view, version);
        let (files, blobs) = (self.files, self.blobs);
        Ok(VersionReport { version, label, note: note.to_owned(), entry: receipt.entry, files, blobs })
    }
}

impl VersionReport {
    /// `version`, `label`, `note`, `entry`, `files`.
    pub(super) fn to_json(&self) -> Value {
        let file = |(f, b): (&FileRef, &BlobRef)| json!({"name": f.name, "media_type": f.media_type, "bytes": f.bytes, "content": f.content, "blob": b.blob});
        let files: Vec<Value> = self.files.iter().zip(&self.blobs).map(file).collect();
        json!({
            "version": self.version,
            "label": self.label,
            "note": self.note,
            "entry": self.entry,
            "files": files,
        })
    }

    /// Warns of files that do not look like the asset's category.
    pub(super) fn warn_of_misfits(&self, mut report: Report, category: Category) -> Report {
        for file in &self.files {
            if !category.fits(MediaType::of_mime(&file.media_type)) {
                report = report.warn(format!(
                    "`{}` is {}, which is unusual for an asset of category {category}",
                    file.name, file.media_type
                ));
            }
        }
        report
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

/// What people call a version.
pub(super) fn label_of(view: &ReviewView, version: VersionHash) -> String {
    let found = view.numbered().into_iter().find(|n| n.version == version);
    found.map_or_else(|| version.short(), |n| n.label)
}

fn add(
    shop: &Workshop<'_>,
    seat: &mut Seat<'_>,
    asset: &str,
    files: &[PathBuf],
    note: &str,
    renditions: bool,
) -> Result<Report, Failure> {
    let plan = seat.replica.plan(seat.step.store)?;
    let asset = find::asset(&plan, asset)?;
    let current = seat.replica.review(seat.step.store, asset.id, Audience::Everyone)?.current();
    let mut parents = current.heads().to_vec();
    parents.sort_unstable();
    let draft = Draft::read(shop.workspace, seat, shop.call, asset.id, files)?;
    let twins = super::duplicates::of(seat, &plan, &draft.files)?;
    let added = draft.record(seat, parents, note)?;
    let mut json = json!({"asset": asset.id});
    super::asset::merge(&mut json, added.to_json());
    let report = Report::new(json).line(format!("{} is now at {}", asset.name, added.label));
    let report = match current {
        Current::Fork(_) => report.line("The new version joins the concurrent ones"),
        _ => report,
    };
    let report = super::duplicates::warned(added.warn_of_misfits(report, asset.category), &twins);
    Ok(if renditions { shop.make_at_ingest(seat, report, asset.id, added.version) } else { report })
}

fn list(workspace: WorkspaceId, seat: &mut Seat<'_>, asset: &str) -> Result<Report, Failure> {
    let plan = seat.replica.plan(seat.step.store)?;
    let asset = find::asset(&plan, asset)?;
    let people = People::of(seat)?;
    let view = seat.replica.review(seat.step.store, asset.id, Audience::Everyone)?;
    let current = view.current();
    let (mut rows, mut listed) = (Vec::new(), Vec::new());
    for n in view.numbered() {
        let Some(manifest) = view.versions.get(&n.version) else { continue };
        let is_current = current.heads().contains(&n.version);
        let here = |f: &FileRef| {
            view.blobs.get(&f.content).is_some_and(|b| seat.blobs.held(workspace, b.blob) == Some(b.bytes))
        };
        let files: Vec<Value> = manifest
            .files
            .iter()
            .map(|f| {
                json!({"name": f.name, "media_type": f.media_type, "bytes": f.bytes, "content": f.content, "here": here(f)})
            })
            .collect();
        let names: Vec<&str> = manifest.files.iter().map(|f| f.name.as_str()).collect();
        rows.push(vec![
            Cell::new(&n.label, if is_current { Tone::Strong } else { Tone::Faint }),
            Cell::from(n.version.short()),
            Cell::from(names.join(", ")),
            Cell::from(people.name(manifest.author)),
            Cell::from(when::shown(manifest.claimed_at)),
            Cell::from(&manifest.note),
        ]);
        listed.push(json!({
            "version": n.version,
            "label": n.label,
            "current": is_current,
            "parents": manifest.parents,
            "author": manifest.author,
            "author_name": people.name(manifest.author),
            "claimed_at": manifest.claimed_at,
            "note": manifest.note,
            "files": files,
        }));
    }
    let fork = matches!(current, Current::Fork(_));
    let json = json!({"asset": asset.id, "name": asset.name, "fork": fork, "versions": listed});
    let head = ["VERSION", "HASH", "FILES", "BY", "AT", "NOTE"];
    let report = Report::new(json).table(&head, rows, "No versions yet: proofroom version add ASSET FILE");
    Ok(if fork {
        report.warn("concurrent versions: nothing can be approved until one is picked")
    } else {
        report
    })
}

fn pick(seat: &mut Seat<'_>, asset: &str, version: &str) -> Result<Report, Failure> {
    let plan = seat.replica.plan(seat.step.store)?;
    let asset = find::asset(&plan, asset)?;
    let me = seat.replica.me().person();
    let now = seat.step.now;
    let view = seat.replica.review(seat.step.store, asset.id, Audience::Everyone)?;
    let version = find::version(&view, version)?;
    let label = label_of(&view, version);
    let pick = Pick::among(&view.current(), version, &view.picks, me, now);
    let pick = pick.ok_or_else(|| {
        Failure::user(format!(
            "{} has nothing to pick: {label} is not one of several concurrent versions",
            asset.name
        ))
    })?;
    let over = pick.over.clone();
    let edit = ReviewEdit::PickVersion { pick };
    let receipt = seat.edit_review(asset.id, Audience::Everyone, edit)?;
    let json =
        json!({"asset": asset.id, "version": version, "label": label, "over": over, "entry": receipt.entry});
    Ok(Report::new(json).line(format!("{} goes on with {label}", asset.name)))
}
