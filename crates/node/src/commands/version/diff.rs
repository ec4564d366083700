//! `version diff`: what changed between two versions.

use proofroom_compare::{
    Alignment, ArchiveChanges, Detail, FactChange, FileChange, FilmChanges, LayerChange, LayerChanges,
    LayerDifference, PageChanges, PictureChanges, Tolerance, WordChanges,
};
use proofroom_ident::{Audience, VersionHash};
use proofroom_review::{Current, ReviewView};
use serde_json::json;

use super::super::asset::Workshop;
use super::label_of;
use crate::failure::Failure;
use crate::find;
use crate::media::Bench;
use crate::media::contents::{Comparer, Depth};
use crate::peer::Seat;
use crate::report::{Report, Tone};

/// Lines about one file.
const LINES_MAX: usize = 40;

/// `version diff`
pub(super) fn diff(
    shop: &Workshop<'_>,
    seat: &mut Seat<'_>,
    asset: &str,
    versions: [Option<String>; 2],
    tolerance: Tolerance,
) -> Result<Report, Failure> {
    let plan = seat.replica.plan(seat.step.store)?;
    let asset = find::asset(&plan, asset)?;
    let view = seat.replica.review(seat.step.store, asset.id, Audience::Everyone)?;
    let [before, after] = chosen(&view, &asset.name, versions)?;
    let bench = Bench::open(shop.home)?;
    let depth = Depth::Whole(&bench);
    let comparer = Comparer { workspace: shop.workspace, blobs: seat.blobs, view: &view, depth, tolerance };
    let mut progress = shop.call.console.progress("comparing", comparer.bytes(before, after));
    let changes = comparer.changes(before, after, &mut |bytes| progress.advance(bytes));
    drop(progress);
    let changes = changes.ok_or_else(|| Failure::store("a version that was just listed is gone"))?;
    let labels = [before, after].map(|version| label_of(&view, version));
    let json = json!({
        "asset": asset.id,
        "name": asset.name,
        "before": {"version": before, "label": labels[0]},
        "after": {"version": after, "label": labels[1]},
        "files": changes.files,
    });
    let head = format!("{}: what changed from {} to {}", asset.name, labels[0], labels[1]);
    Ok(changes.files.iter().fold(Report::new(json).toned(head, Tone::Strong), told))
}

/// The two versions that were named; the current one and the one before it where none was.
fn chosen(view: &ReviewView, name: &str, versions: [Option<String>; 2]) -> Result<[VersionHash; 2], Failure> {
    let current = || match view.current() {
        Current::One(version) => Ok(version),
        Current::None => Err(Failure::user(format!("{name} has no version yet"))),
        Current::Fork(_) => Err(Failure::user(format!("{name} has concurrent versions: say which two"))
            .hint("proofroom version diff ASSET v3a v3b")),
    };
    let parent = |of: VersionHash| {
        let parents = view.versions.get(&of).map(|m| m.parents.as_slice()).unwrap_or_default();
        match parents {
            [one] => Ok(*one),
            [] => Err(Failure::user(format!(
                "{} is the first version: there is none before it",
                label_of(view, of)
            ))
            .hint("name two versions: proofroom version diff ASSET v1 v2")),
            _ => Err(Failure::user(format!(
                "{} was made from several versions: say which",
                label_of(view, of)
            ))
            .hint("proofroom version diff ASSET v3a v4")),
        }
    };
    match versions {
        [Some(before), Some(after)] => Ok([find::version(view, &before)?, find::version(view, &after)?]),
        [Some(before), None] => Ok([find::version(view, &before)?, current()?]),
        [None, _] => {
            let after = current()?;
            Ok([parent(after)?, after])
        }
    }
}

fn told(report: Report, file: &FileChange) -> Report {
    let name = file.after.as_ref().or(file.before.as_ref()).map(|f| f.name.as_str()).unwrap_or_default();
    let (tone, summary) = summary(&file.detail);
    let mut report = report.toned(format!("{name}: {summary}"), tone);
    let mut lines: Vec<String> = file.facts.iter().map(fact).collect();
    lines.extend(match &file.detail {
        Detail::Picture(picture) => regions(picture),
        Detail::Words(words) => hunks(words),
        Detail::Layers(layers) => layer_lines(layers),
        Detail::Film(film) => film_lines(film),
        Detail::Pages(pages) => page_lines(pages),
        Detail::Archive(archive) => archive_lines(archive),
        Detail::Same | Detail::Added | Detail::Removed | Detail::NotApplicable { .. } => Vec::new(),
    });
    let more = lines.len().saturating_sub(LINES_MAX);
    for line in lines.iter().take(LINES_MAX) {
        report = report.line(format!("  {line}"));
    }
    if more > 0 { report.toned(format!("  and {more} more; --json lists them"), Tone::Faint) } else { report }
}

fn summary(detail: &Detail) -> (Tone, String) {
    let changed = |changed: bool, what: String| {
        if changed { (Tone::Warn, what) } else { (Tone::Good, "nothing that can be seen".to_owned()) }
    };
    match detail {
        Detail::Same => (Tone::Faint, "the same, byte for byte".into()),
        Detail::Added => (Tone::Warn, "new".into()),
        Detail::Removed => (Tone::Warn, "gone".into()),
        Detail::NotApplicable { reason } => (Tone::Warn, format!("not_applicable ({reason})")),
        Detail::Picture(p) if p.alignment == Alignment::None => {
            (Tone::Warn, "other proportions: no place of it can be found again".into())
        }
        Detail::Picture(p) => changed(p.is_changed(), picture_summary(p)),
        Detail::Words(w) => {
            changed(w.is_changed(), count(w.hunks.len() as u64 + w.hunks_left_out, "changed passage"))
        }
        Detail::Layers(l) => {
            changed(l.is_changed(), count(l.layers.len() as u64 + l.left_out, "changed layer"))
        }
        Detail::Film(f) if f.frames.is_none() && !f.is_changed() => {
            (Tone::Warn, "the same by its headers; its frames were not compared (decoder missing)".into())
        }
        Detail::Film(f) => changed(f.is_changed(), "changed".into()),
        Detail::Pages(p) if !p.pictured && !p.is_changed() => {
            (Tone::Warn, "the same words; not every page could be drawn".into())
        }
        Detail::Pages(p) => changed(p.is_changed(), count(p.pages.len() as u64 + p.left_out, "changed page")),
        Detail::Archive(a) => changed(a.is_changed(), "other parts".into()),
    }
}

fn count(n: u64, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

fn percent(ppm: u32) -> String {
    format!("{}.{:02} %", ppm / 10_000, ppm % 10_000 / 100)
}

fn picture_summary(picture: &PictureChanges) -> String {
    let scaled = match picture.alignment {
        Alignment::Scaled => format!(", compared at {}x{}", picture.size.0, picture.size.1),
        Alignment::Same | Alignment::None => String::new(),
    };
    let regions = count(picture.regions.len() as u64, "changed region");
    format!("{regions}, {} of its pixels{scaled}", percent(picture.share_ppm))
}

fn fact(fact: &FactChange) -> String {
    format!("{}: {} -> {}", fact.what, fact.before, fact.after)
}

fn regions(picture: &PictureChanges) -> Vec<String> {
    let line = |r: &proofroom_compare::ChangedRegion| {
        let [x, y, w, h] = r.px;
        format!("{x},{y} {w}x{h} px ({} pixels)", r.pixels)
    };
    picture.regions.iter().map(line).collect()
}

fn hunks(words: &WordChanges) -> Vec<String> {
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = |hunk: &proofroom_compare::Hunk| {
        let (removed, inserted) = (flat(&hunk.removed), flat(&hunk.inserted));
        let gone = if removed.is_empty() { String::new() } else { format!("[-{removed}-]") };
        let came = if inserted.is_empty() { String::new() } else { format!("{{+{inserted}+}}") };
        format!("…{} {gone}{came} {}…", flat(&hunk.prefix), flat(&hunk.suffix))
    };
    words.hunks.iter().map(line).collect()
}

fn layer_lines(layers: &LayerChanges) -> Vec<String> {
    let difference = |what: &LayerDifference| match what {
        LayerDifference::Added => "new".to_owned(),
        LayerDifference::Removed => "gone".to_owned(),
        LayerDifference::Renamed { from } => format!("was called {from}"),
        LayerDifference::Moved { from } if from.is_empty() => "moved in the stack".to_owned(),
        LayerDifference::Moved { from } => format!("moved, was in {}", from.join("/")),
        LayerDifference::Visibility { hidden: true } => "is hidden now".to_owned(),
        LayerDifference::Visibility { hidden: false } => "is shown now".to_owned(),
        LayerDifference::Opacity { from, to } => format!("opacity {from} -> {to} of 255"),
        LayerDifference::Blend { from, to } => format!("blend {from} -> {to}"),
        LayerDifference::Placed { from, to } => format!("edges {from:?} -> {to:?}"),
        LayerDifference::Pixels { place: Some(region) } => match region.to_px() {
            Some((x, y, w, h)) => format!("other pixels at {x},{y} {w}x{h} px"),
            None => format!("other pixels at {region}"),
        },
        LayerDifference::Pixels { place: None } => "other pixels".to_owned(),
    };
    let line = |layer: &LayerChange| {
        let what: Vec<String> = layer.what.iter().map(difference).collect();
        format!("layer {}: {}", layer.path.join("/"), what.join(", "))
    };
    let mut lines: Vec<String> = layers.layers.iter().map(line).collect();
    match &layers.flat {
        Some(flat) if flat.is_changed() => {
            lines.push(format!("all layers together: {}", picture_summary(flat)));
            lines.extend(regions(flat));
        }
        Some(_) => lines.push("all layers together: nothing that can be seen".into()),
        None => {
            lines.push("all layers together: not_applicable (the file holds no picture that is read)".into())
        }
    }
    lines
}

fn film_lines(film: &FilmChanges) -> Vec<String> {
    let mut lines: Vec<String> = film.facts.iter().map(fact).collect();
    for track in &film.tracks {
        let (Some(shown), is_new) = (track.after.as_ref().or(track.before.as_ref()), track.before.is_none())
        else {
            continue;
        };
        let what = match (is_new, track.after.is_none()) {
            (true, _) => "new".to_owned(),
            (_, true) => "gone".to_owned(),
            _ => track.facts.iter().map(fact).collect::<Vec<_>>().join(", "),
        };
        lines.push(format!("track {} ({}): {what}", shown.id, shown.codec));
    }
    match &film.frames {
        None => lines.push("frames: not_applicable (decoder missing)".into()),
        Some(ranges) => lines.extend(ranges.iter().map(|r| match (r.before, r.after) {
            ((from, to), (start, end)) if start == end => format!("frames {from}..{to} are gone"),
            ((from, to), (start, end)) if from == to => format!("frames {start}..{end} are new"),
            ((from, to), (start, end)) => format!("frames {from}..{to} became {start}..{end}"),
        })),
    }
    lines
}

fn page_lines(pages: &PageChanges) -> Vec<String> {
    let mut lines = Vec::new();
    for page in &pages.pages {
        let number = |index: Option<u32>| index.map_or(0, |i| i + 1);
        let name = match (page.before, page.after) {
            (None, after) => format!("page {}: new", number(after)),
            (before, None) => format!("page {} is gone", number(before)),
            (before, after) if before == after => format!("page {}", number(after)),
            (before, after) => format!("page {}, was page {}", number(after), number(before)),
        };
        let mut what: Vec<String> = page.facts.iter().map(fact).collect();
        what.extend(page.words.iter().map(|w| count(w.hunks.len() as u64, "changed passage")));
        what.extend(page.picture.iter().map(picture_summary));
        lines.push(if what.is_empty() { name } else { format!("{name}: {}", what.join(", ")) });
        lines.extend(page.words.iter().flat_map(hunks).map(|line| format!("  {line}")));
    }
    lines
}

fn archive_lines(archive: &ArchiveChanges) -> Vec<String> {
    let lists = [("new", &archive.added), ("gone", &archive.removed), ("changed", &archive.changed)];
    lists.iter().flat_map(|(what, names)| names.iter().map(move |name| format!("{name}: {what}"))).collect()
}
