//! `asset renditions`: what was made of a version's files, and making what is missing.

use std::collections::BTreeMap;

use proofroom_ident::{AssetId, Audience, VersionHash, WorkspaceId};
use proofroom_review::media::picture_size;
use proofroom_review::{Current, FileRef, Manifest, MediaType, Rendition, RenditionKind, ReviewView};
use serde_json::{Value, json};

use super::super::Call;
use super::super::version::label_of;
use crate::blobs::{BlobError, Blobs};
use crate::failure::Failure;
use crate::find;
use crate::home::Home;
use crate::media::{self, Bench, Kept, Made, NotMade, Source, keep_all};
use crate::peer::Seat;
use crate::report::{Cell, Report, Tone};

/// How much of a picture is read to learn its size.
const PICTURE_HEAD_BYTES: u64 = 1 << 20;

/// What the commands that add files and the one that lists renditions work with.
pub(in crate::commands) struct Workshop<'a> {
    pub(in crate::commands) workspace: WorkspaceId,
    pub(in crate::commands) call: &'a Call,
    pub(in crate::commands) home: &'a Home,
}

/// `asset renditions`
pub(super) fn run(
    shop: &Workshop<'_>,
    seat: &mut Seat<'_>,
    asset: &str,
    version: Option<&str>,
    make: bool,
) -> Result<Report, Failure> {
    let plan = seat.replica.plan(seat.step.store)?;
    let asset = find::asset(&plan, asset)?;
    let view = seat.replica.review(seat.step.store, asset.id, Audience::Everyone)?;
    let version = match (version, view.current()) {
        (Some(text), _) => find::version(&view, text)?,
        (None, Current::One(version)) => version,
        (None, Current::None) => return Err(Failure::user(format!("{} has no version yet", asset.name))),
        (None, Current::Fork(_)) => {
            return Err(Failure::user(format!("{} has concurrent versions: say which", asset.name))
                .hint("proofroom asset renditions ASSET v3a"));
        }
    };
    let kept = match make {
        true => shop.make(seat, asset.id, version)?,
        false => Kept::default(),
    };
    let view = seat.replica.review(seat.step.store, asset.id, Audience::Everyone)?;
    let lines = shop.lines(seat.blobs, &view, version, &kept.made);
    let label = label_of(&view, version);
    let json = json!({
        "asset": asset.id,
        "name": asset.name,
        "version": version,
        "label": label,
        "renditions": lines.iter().map(Line::to_json).collect::<Vec<_>>(),
        "entry": kept.entry,
    });
    let rows = lines.iter().map(Line::row).collect();
    let head = ["FILE", "KIND", "STATE", "BYTES", "SIZE", "MADE BY"];
    let empty = "Files of these types need no renditions";
    let report = Report::new(json).table(&head, rows, empty);
    let missing = lines.iter().any(|line| matches!(line.state, State::Missing));
    Ok(match missing {
        true => {
            report.line(format!("Make what is missing: proofroom asset renditions \"{}\" --make", asset.name))
        }
        false => report,
    })
}

/// One rendition that a file has or calls for.
struct Line<'a> {
    file: &'a FileRef,
    kind: RenditionKind,
    state: State<'a>,
}

enum State<'a> {
    Made { rendition: &'a Rendition, here: bool },
    NotMade(NotMade),
    Missing,
}

impl Line<'_> {
    fn to_json(&self) -> Value {
        let (state, reason) = match &self.state {
            State::Made { .. } => ("made", None),
            State::NotMade(why @ NotMade::NotApplicable(_)) => ("not_applicable", Some(why.to_string())),
            State::NotMade(why @ NotMade::Failed(_)) => ("failed", Some(why.to_string())),
            State::Missing => ("missing", None),
        };
        let mut json = json!({
            "file": self.file.name,
            "of": self.file.content,
            "kind": self.kind,
            "state": state,
            "reason": reason,
        });
        if let State::Made { rendition, here } = &self.state {
            super::merge(&mut json, described(rendition));
            super::merge(&mut json, json!({"here": here}));
        }
        json
    }

    fn row(&self) -> Vec<Cell> {
        let (state, tone) = match &self.state {
            State::Made { here: true, .. } => ("made".to_owned(), Tone::Good),
            State::Made { here: false, .. } => ("made, not here yet".to_owned(), Tone::Plain),
            State::NotMade(why) => (why.to_string(), Tone::Warn),
            State::Missing => ("missing".to_owned(), Tone::Warn),
        };
        let made = match &self.state {
            State::Made { rendition, .. } => Some(*rendition),
            State::NotMade(_) | State::Missing => None,
        };
        let size = made.and_then(|r| r.size).map(|(w, h)| format!("{w}x{h}")).unwrap_or_default();
        vec![
            Cell::from(&self.file.name),
            Cell::from(self.kind),
            Cell::new(state, tone),
            Cell::from(made.map(|r| r.bytes.to_string()).unwrap_or_default()),
            Cell::from(size),
            Cell::from(made.map(|r| format!("{}: {}", r.recipe.tool, r.recipe.settings)).unwrap_or_default()),
        ]
    }
}

/// A rendition as reports show it.
fn described(rendition: &Rendition) -> Value {
    json!({
        "content": rendition.content,
        "media_type": rendition.media_type,
        "bytes": rendition.bytes,
        "size": rendition.size,
        "recipe": rendition.recipe,
        "by": rendition.by,
    })
}

impl Workshop<'_> {
    /// Makes what a version's files call for and nobody made yet.
    ///
    /// # Errors
    /// When this machine has no place to work, or the result cannot be kept.
    pub(in crate::commands) fn make(
        &self,
        seat: &mut Seat<'_>,
        asset: AssetId,
        version: VersionHash,
    ) -> Result<Kept, Failure> {
        let view = seat.replica.review(seat.step.store, asset, Audience::Everyone)?;
        let Some(manifest) = view.versions.get(&version) else { return Ok(Kept::default()) };
        let mut wanted = Vec::new();
        let mut unread = Kept::default();
        let bench = Bench::open(self.home)?;
        for (number, file) in manifest.files.iter().enumerate() {
            let kinds = self.missing(seat.blobs, &view, file);
            if kinds.is_empty() {
                continue;
            }
            // Exported from the blob: what is made is made of the bytes that were signed.
            let path = bench.place(&format!("file-{number}"));
            match self.export(seat.blobs, &view, file, &path) {
                Ok(()) => wanted.push((Source { file: file.clone(), path }, kinds)),
                Err(error) => unread.made.extend(kinds.into_iter().map(|kind| Made {
                    file: file.name.clone(),
                    kind,
                    result: Err(NotMade::Failed(error.to_string())),
                })),
            }
        }
        let mut bar = Bar::new(self.call, &wanted);
        let told = &mut |source: &Source, kind, done| bar.tell(source, kind, done);
        let mut kept = keep_all(self.workspace, seat, asset, &wanted, &bench, told)?;
        kept.made.append(&mut unread.made);
        Ok(kept)
    }

    /// The same for a version that was just added, and what to say about it. The version stands
    /// whatever becomes of its renditions.
    pub(in crate::commands) fn make_at_ingest(
        &self,
        seat: &mut Seat<'_>,
        report: Report,
        asset: AssetId,
        version: VersionHash,
    ) -> Report {
        let kept = match self.make(seat, asset, version) {
            Ok(kept) => kept,
            Err(failure) => return report.warn(format!("no renditions were made: {failure}")),
        };
        let made = |made: &&Made| made.result.is_ok();
        let names: Vec<&str> = kept.made.iter().filter(made).map(|m| m.kind.word()).collect();
        let mut report = match names.as_slice() {
            [] => report,
            names => report.line(format!("Made for screens: {}", names.join(", "))),
        };
        let mut why: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for made in &kept.made {
            if let Err(reason) = &made.result {
                why.entry(reason.to_string()).or_default().push(made.kind.word());
            }
        }
        for (reason, kinds) in why {
            report = report.line(format!("Not made: {}: {reason}", kinds.join(", ")));
        }
        let json = |made: &Made| match &made.result {
            Ok(r) => {
                let mut json = json!({"file": made.file, "kind": made.kind, "state": "made"});
                super::merge(&mut json, described(r));
                json
            }
            Err(why) => json!({
                "file": made.file,
                "kind": made.kind,
                "state": if matches!(why, NotMade::Failed(_)) { "failed" } else { "not_applicable" },
                "reason": why.to_string(),
            }),
        };
        let renditions: Vec<Value> = kept.made.iter().map(json).collect();
        report.merged(json!({"renditions": renditions}))
    }

    fn export(
        &self,
        blobs: &Blobs,
        view: &ReviewView,
        file: &FileRef,
        path: &std::path::Path,
    ) -> Result<(), BlobError> {
        let blob = view.blobs.get(&file.content).ok_or_else(|| BlobError::Absent(file.name.clone()))?;
        blobs.export(self.workspace, &file.name, blob, path, |_| ())
    }

    /// What a file calls for and nobody made yet.
    fn missing(&self, blobs: &Blobs, view: &ReviewView, file: &FileRef) -> Vec<RenditionKind> {
        let mut kinds = self.called_for(blobs, view, file);
        kinds.retain(|kind| view.rendition(&file.content, *kind).is_none());
        kinds
    }

    fn called_for(&self, blobs: &Blobs, view: &ReviewView, file: &FileRef) -> Vec<RenditionKind> {
        let head = view
            .blobs
            .get(&file.content)
            .and_then(|blob| blobs.range(self.workspace, &file.name, blob, 0, PICTURE_HEAD_BYTES).ok());
        MediaType::of_mime(&file.media_type).renditions(head.as_deref().and_then(picture_size))
    }

    fn lines<'v>(
        &self,
        blobs: &Blobs,
        view: &'v ReviewView,
        version: VersionHash,
        tried: &[Made],
    ) -> Vec<Line<'v>> {
        let files = view.versions.get(&version).map(|m: &Manifest| m.files.as_slice()).unwrap_or_default();
        let mut lines = Vec::new();
        for file in files {
            let mut kinds = self.called_for(blobs, view, file);
            kinds.extend(view.renditions_of(&file.content).map(|r| r.kind));
            kinds.sort_unstable();
            kinds.dedup();
            for kind in kinds {
                let failed = tried.iter().find(|m| m.file == file.name && m.kind == kind);
                let why = failed.and_then(|made| made.result.as_ref().err());
                let state = match (view.rendition(&file.content, kind), why) {
                    (Some(rendition), _) => {
                        let blob = view.blobs.get(&rendition.content);
                        let here = blob.is_some_and(|b| blobs.held(self.workspace, b.blob) == Some(b.bytes));
                        State::Made { rendition, here }
                    }
                    (None, Some(why)) => State::NotMade(why.clone()),
                    (None, None) => media::cannot(file).map_or(State::Missing, State::NotMade),
                };
                lines.push(Line { file, kind, state });
            }
        }
        lines
    }
}

/// The progress of all renditions of all files, in bytes of the files that they are made of.
struct Bar {
    progress: crate::console::Progress,
    steps: Vec<(String, RenditionKind, u64)>,
    done: u64,
}

impl Bar {
    fn new(call: &Call, wanted: &[(Source, Vec<RenditionKind>)]) -> Self {
        let steps = wanted.iter().flat_map(|(source, kinds)| {
            kinds.iter().map(|kind| (source.file.name.clone(), *kind, source.file.bytes))
        });
        let steps: Vec<_> = steps.collect();
        let total = steps.iter().map(|step| step.2).sum();
        Self { progress: call.console.progress("making renditions", total), steps, done: 0 }
    }

    fn tell(&mut self, source: &Source, kind: RenditionKind, part: f64) {
        let here = |step: &(String, RenditionKind, u64)| step.0 == source.file.name && step.1 == kind;
        let Some(at) = self.steps.iter().position(here) else { return };
        let before: u64 = self.steps[..at].iter().map(|step| step.2).sum();
        #[expect(clippy::cast_possible_truncation, reason = "a part of a length")]
        let within = (self.steps[at].2 as f64 * part.clamp(0.0, 1.0)) as u64;
        let now = before + within;
        self.progress.advance(now.saturating_sub(self.done));
        self.done = self.done.max(now);
    }
}
