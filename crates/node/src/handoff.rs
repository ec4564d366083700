//! What leaves with a released version: files, and where each of them comes from.
//!
//! Whatever else belongs to a hand-off joins here; the rest of the release only writes what is listed.

use std::path::{Path, PathBuf};

use proofroom_certificate::Subject;
use proofroom_ident::{AssetId, Audience, ContentHash, HashWords as _, VersionHash, WorkspaceId};
use proofroom_replica::{Disclosure, ReplicaError};
use proofroom_review::{BlobRef, FileRef, Rendition, RenditionKind};
use proofroom_verify::State;

use crate::blobs::BlobError;
use crate::certificate::{make, packed};
use crate::failure::Failure;
use crate::home::at;
use crate::peer::Seat;

/// Where a file's bytes are.
#[derive(Clone, Debug)]
pub enum Source {
    /// Sealed, among the blobs.
    Blob(BlobRef),
    /// Made for the hand-off.
    Bytes(Vec<u8>),
}

/// One file that goes out.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Its path within the folder of the version.
    pub path: PathBuf,
    /// What it is: `original`, `sidecar`, `rendition`, `certificate`.
    pub kind: &'static str,
    /// Its length, in bytes.
    pub bytes: u64,
    /// The hash of its bytes.
    pub content: ContentHash,
    /// Where they are.
    pub source: Source,
}

impl Outgoing {
    /// A file that was made for the hand-off.
    pub fn made(path: impl Into<PathBuf>, kind: &'static str, bytes: Vec<u8>) -> Self {
        let (len, content) = (bytes.len() as u64, ContentHash::of(&bytes));
        Self { path: path.into(), kind, bytes: len, content, source: Source::Bytes(bytes) }
    }

    fn original(file: &FileRef, reference: BlobRef) -> Self {
        Self {
            path: PathBuf::from(&file.name),
            kind: "original",
            bytes: file.bytes,
            content: file.content,
            source: Source::Blob(reference),
        }
    }

    fn rendition(file: &FileRef, rendition: &Rendition, reference: BlobRef) -> Self {
        let name = format!("{}.{}.{}", file.name, rendition.kind, extension(&rendition.media_type));
        Self {
            path: Path::new("renditions").join(name),
            kind: "rendition",
            bytes: rendition.bytes,
            content: rendition.content,
            source: Source::Blob(reference),
        }
    }

    /// Writes it into a folder.
    ///
    /// # Errors
    /// When the bytes are not here or not what was signed, or the folder cannot be written.
    pub fn write(
        &self,
        workspace: WorkspaceId,
        seat: &Seat<'_>,
        folder: &Path,
        on_bytes: impl FnMut(u64),
    ) -> Result<(), Failure> {
        let path = folder.join(&self.path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(at("make", parent))?;
        }
        match &self.source {
            Source::Blob(reference) => {
                let name = self.path.display().to_string();
                Ok(seat.blobs.export(workspace, &name, reference, &path, on_bytes)?)
            }
            Source::Bytes(bytes) => Ok(std::fs::write(&path, bytes).map_err(at("write", &path))?),
        }
    }
}

/// Everything that goes out with a version.
///
/// # Errors
/// When the version is not known, or the bytes of one of its files are not here.
pub fn outgoing(
    workspace: WorkspaceId,
    seat: &mut Seat<'_>,
    asset: AssetId,
    version: VersionHash,
) -> Result<Vec<Outgoing>, Failure> {
    let view = seat.replica.review(seat.step.store, asset, Audience::Everyone)?;
    let manifest = view.versions.get(&version).ok_or_else(|| Failure::user("there is no such version"))?;
    let mut out = Vec::new();
    for file in &manifest.files {
        let reference = view.blobs.get(&file.content);
        let held = |b: &&BlobRef| seat.blobs.held(workspace, b.blob) == Some(b.bytes);
        let reference = reference.filter(held).ok_or_else(|| BlobError::Absent(file.name.clone()))?;
        out.push(Outgoing::original(file, reference.clone()));
    }
    for file in &manifest.files {
        let made = SHOWN.iter().filter_map(|kind| view.rendition(&file.content, *kind));
        // One that is not here is left out: whoever has the file can make it again.
        let here = made.filter_map(|r| {
            let reference = view.blobs.get(&r.content)?;
            let held = seat.blobs.held(workspace, reference.blob) == Some(reference.bytes);
            held.then(|| Outgoing::rendition(file, r, reference.clone()))
        });
        out.extend(here);
    }
    Ok(out)
}

/// The certificate of a version's approval, for whoever the version is handed to: decisions and acts, no
/// comments. What does not hold is told beside it; there is none where a snapshot stands for entries that it needs.
///
/// # Errors
/// When what is here makes no certificate.
pub fn certificate(
    seat: &mut Seat<'_>,
    asset: AssetId,
    version: VersionHash,
) -> Result<(Option<Vec<u8>>, Option<String>), Failure> {
    let (subject, now) = (Subject::Version { asset, version }, seat.step.now);
    let draft = seat.replica.certificate(seat.step.store, subject, Disclosure::DecisionsOnly, now);
    let draft = match draft {
        Err(ReplicaError::HistoryElsewhere(_)) => {
            let why = "no certificate, as a snapshot stands for earlier entries here; a member who has them all \
                       makes one: proofroom certify";
            return Ok((None, Some(why.to_owned())));
        }
        draft => draft?,
    };
    let made = make(seat, &draft, Vec::new())?;
    let fails = made.verdict.rows.iter().find(|row| row.state != State::Holds);
    let warning = fails.map(|row| {
        let why = row.details.first().unwrap_or(&row.found);
        format!("the certificate does not hold: {}: {why}", row.title)
    });
    Ok((Some(packed(&made.members)?), warning))
}

/// The renditions that people look at; the others are for this program's own screens.
const SHOWN: [RenditionKind; 3] = [RenditionKind::Thumbnail, RenditionKind::Picture, RenditionKind::Proxy];

fn extension(media_type: &str) -> &'static str {
    match media_type {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/webp" => "webp",
        "video/mp4" => "mp4",
        _ => "bin",
    }
}
