//! Duplicates: the very same bytes, found by their hash, and where they are.

use std::io::Read as _;
use std::path::Path;

use proofroom_ident::{AssetId, Audience, ContentHash, VersionHash};
use proofroom_review::{FileRef, PlanView};
use serde::Serialize;
use serde_json::json;

use super::version::label_of;
use crate::failure::Failure;
use crate::peer::Seat;
use crate::report::{Cell, Report, Tone};

/// Where some bytes are.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Place {
    /// The file that was asked about.
    file: String,
    content: ContentHash,
    asset: AssetId,
    asset_name: String,
    version: VersionHash,
    label: String,
    /// What it is called there.
    name: String,
}

/// Where in the workspace the bytes of these files are.
pub(super) fn of(seat: &mut Seat<'_>, plan: &PlanView, files: &[FileRef]) -> Result<Vec<Place>, Failure> {
    let mut places = Vec::new();
    for asset in &plan.assets {
        let view = seat.replica.review(seat.step.store, asset.id, Audience::Everyone)?;
        if !files.iter().any(|f| view.blobs.contains_key(&f.content)) {
            continue;
        }
        for n in view.numbered() {
            let held = view.versions.get(&n.version).map(|m| m.files.as_slice()).unwrap_or_default();
            for (file, there) in files.iter().flat_map(|f| held.iter().map(move |h| (f, h))) {
                if file.content == there.content {
                    places.push(Place {
                        file: file.name.clone(),
                        content: file.content,
                        asset: asset.id,
                        asset_name: asset.name.clone(),
                        version: n.version,
                        label: label_of(&view, n.version),
                        name: there.name.clone(),
                    });
                }
            }
        }
    }
    Ok(places)
}

/// Says where the bytes of new files are already.
pub(super) fn warned(report: Report, places: &[Place]) -> Report {
    let mut report = report.merged(json!({"duplicates": places}));
    for place in places {
        report = report.warn(format!(
            "`{}` is here already, byte for byte: {} {} ({})",
            place.file, place.asset_name, place.label, place.name
        ));
    }
    report
}

/// `asset find`
pub(super) fn find(seat: &mut Seat<'_>, path: &Path) -> Result<Report, Failure> {
    let (content, bytes) = hash(path)
        .map_err(|e| Failure::user(format!("cannot read {}: {e}", path.display())).hint("check the path"))?;
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let file = FileRef { name: name.clone(), media_type: "application/octet-stream".into(), bytes, content };
    let plan = seat.replica.plan(seat.step.store)?;
    let found = of(seat, &plan, &[file])?;
    let row =
        |p: &Place| vec![Cell::new(&p.asset_name, Tone::Strong), Cell::from(&p.label), Cell::from(&p.name)];
    let rows = found.iter().map(row).collect();
    let json = json!({"file": name, "content": content, "bytes": bytes, "found": found});
    Ok(Report::new(json).table(&["ASSET", "VERSION", "FILE"], rows, "These bytes are not in the workspace"))
}

fn hash(path: &Path) -> std::io::Result<(ContentHash, u64)> {
    let mut file = std::fs::File::open(path)?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 1 << 16];
    let mut bytes = 0;
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            return Ok((ContentHash::from_bytes(*hasher.finalize().as_bytes()), bytes));
        }
        hasher.update(&buffer[..n]);
        bytes += n as u64;
    }
}
