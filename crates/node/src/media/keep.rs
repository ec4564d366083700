//! From what was made to blobs and one signed edit beside the version.

use proofroom_ident::{AssetId, Audience, BlobHash, EntryHash, WorkspaceId};
use proofroom_review::{BlobKeyBytes, BlobRef, Rendition, RenditionKind, ReviewEdit};
use proofroom_seal::BlobKey;

use super::bench::Bench;
use super::{Bytes, NotMade, Rendered, Source, make};
use crate::failure::Failure;
use crate::peer::Seat;

/// What came of one rendition of one file.
#[derive(Debug)]
pub struct Made {
    /// The file's name.
    pub file: String,
    /// What was to be made.
    pub kind: RenditionKind,
    /// The rendition, or why there is none.
    pub result: Result<Rendition, NotMade>,
}

/// All that came of making renditions.
#[derive(Debug, Default)]
pub struct Kept {
    /// One by one.
    pub made: Vec<Made>,
    /// The entry that says so; absent where nothing was made.
    pub entry: Option<EntryHash>,
}

/// Makes renditions of files and keeps them: each a blob, all together one edit of the asset's review.
///
/// # Errors
/// When a blob cannot be kept or the edit is refused; then no blob stays behind. That something
/// could not be made is no error.
pub fn keep_all(
    workspace: WorkspaceId,
    seat: &mut Seat<'_>,
    asset: AssetId,
    wanted: &[(Source, Vec<RenditionKind>)],
    bench: &Bench,
    tell: &mut dyn FnMut(&Source, RenditionKind, f64),
) -> Result<Kept, Failure> {
    let (mut kept, mut edits, mut blobs) = (Kept::default(), Vec::new(), Vec::new());
    for (source, kinds) in wanted {
        let mut told = |kind, done| tell(source, kind, done);
        for (kind, outcome) in make(source, kinds, bench, &mut told) {
            let result = match outcome {
                Err(why) => Err(why),
                Ok(rendered) => match keep(workspace, seat, source, kind, rendered, bench) {
                    Ok((rendition, blob)) => {
                        blobs.push(blob.blob);
                        edits.push(ReviewEdit::AddRendition { rendition: Box::new(rendition.clone()), blob });
                        Ok(rendition)
                    }
                    Err(failure) => return Err(undone(workspace, seat, &blobs, failure)),
                },
            };
            kept.made.push(Made { file: source.file.name.clone(), kind, result });
        }
    }
    if !edits.is_empty() {
        match seat.edit_review_all(asset, Audience::Everyone, &edits) {
            Ok(receipt) => kept.entry = Some(receipt.entry),
            Err(failure) => return Err(undone(workspace, seat, &blobs, failure)),
        }
    }
    Ok(kept)
}

/// Nothing refers to these blobs.
fn undone(workspace: WorkspaceId, seat: &Seat<'_>, blobs: &[BlobHash], failure: Failure) -> Failure {
    blobs.iter().for_each(|blob| seat.blobs.forget(workspace, *blob));
    failure
}

fn keep(
    workspace: WorkspaceId,
    seat: &mut Seat<'_>,
    source: &Source,
    kind: RenditionKind,
    rendered: Rendered,
    bench: &Bench,
) -> Result<(Rendition, BlobRef), Failure> {
    let path = match &rendered.bytes {
        Bytes::At(path) => path.clone(),
        Bytes::Held(bytes) => {
            let path = bench.place(kind.word());
            bench.write(&path, bytes)?;
            path
        }
    };
    let key = BlobKey::from_bytes(seat.random());
    let added = seat.blobs.add(workspace, &path, &key, |_| ());
    bench.clear(&path);
    let added = added?;
    let rendition = Rendition {
        of: source.file.content,
        kind,
        recipe: rendered.recipe,
        media_type: rendered.media_type,
        content: added.content,
        bytes: added.bytes,
        size: rendered.size,
        by: seat.replica.me().person(),
        claimed_at: seat.step.now,
    };
    let key = BlobKeyBytes::from_bytes(*key.as_bytes());
    let blob = BlobRef { blob: added.blob, key, bytes: added.bytes, content: added.content };
    Ok((rendition, blob))
}
