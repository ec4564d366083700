//! What this program makes of pictures, designs and pages by itself.

use std::fs;
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use proofroom_pages::Pages;
use proofroom_pictures::{Encoded, Picture, encode, thumbnail, tiles, whole};
use proofroom_review::media::sheaf::{SHEAF_MEDIA_TYPE, SheafIndex, SheafOf};
use proofroom_review::{MediaType, Recipe, RenditionKind};

use super::{Bytes, NotMade, Outcome, Rendered, Source, Tell, own_tool};

/// Longest file that is read into memory.
const FILE_BYTES_MAX: u64 = 2 << 30;
/// How long one page may take.
const PAGE_WAIT_MAX: Duration = Duration::from_secs(60);
/// Pages of which a picture is made.
const PAGES_MAX: usize = 300;
/// Longer side of a page's picture.
const PAGE_SIDE: u16 = 1_600;
const PAGE_QUALITY: u8 = 88;

fn read(path: &Path) -> Result<Vec<u8>, NotMade> {
    let failed = |e: std::io::Error| NotMade::Failed(e.to_string());
    match fs::metadata(path).map_err(failed)?.len() {
        bytes if bytes > FILE_BYTES_MAX => {
            Err(NotMade::NotApplicable(format!("it is longer than {} GiB", FILE_BYTES_MAX >> 30)))
        }
        _ => fs::read(path).map_err(failed),
    }
}

pub(super) fn of_picture(source: &Source, kinds: &[RenditionKind], tell: Tell<'_>) -> Vec<Outcome> {
    let media = MediaType::of_mime(&source.file.media_type);
    let picture = read(&source.path)
        .and_then(|bytes| Picture::read(&bytes, media).map_err(|e| NotMade::NotApplicable(e.to_string())));
    let mut make = |kind: RenditionKind| {
        let (picture, _) = picture.as_ref().map_err(Clone::clone)?;
        let failed = |why: String| NotMade::Failed(why);
        tell(kind, 0.0);
        match kind {
            RenditionKind::Thumbnail => thumbnail(picture).map(encoded).map_err(failed),
            RenditionKind::Picture => whole(picture).map(encoded).map_err(failed),
            RenditionKind::Tiles => tiled(picture, &mut |done| tell(kind, done)),
            other => Err(NotMade::NotApplicable(format!("a picture has no {other}"))),
        }
    };
    kinds.iter().map(|kind| (*kind, make(*kind))).collect()
}

fn encoded(made: Encoded) -> Rendered {
    Rendered {
        bytes: Bytes::Held(made.bytes),
        media_type: made.media_type.to_owned(),
        size: Some(made.size),
        recipe: Recipe { tool: own_tool(), settings: made.settings },
    }
}

fn tiled(picture: &Picture, tell: &mut dyn FnMut(f64)) -> Result<Rendered, NotMade> {
    let all = f64::from(picture.width()) * f64::from(picture.height()) * 4.0 / 3.0;
    let mut done = 0.0;
    let made = tiles(picture, |pixels| {
        done += f64::from(u32::try_from(pixels).unwrap_or(u32::MAX));
        tell((done / all).clamp(0.0, 1.0));
    });
    let made = made.map_err(NotMade::Failed)?;
    let recipe = Recipe { tool: own_tool(), settings: made.settings() };
    let sheaf = made.into_sheaf().map_err(|e| NotMade::Failed(e.to_string()))?;
    Ok(Rendered {
        bytes: Bytes::Held(sheaf),
        media_type: SHEAF_MEDIA_TYPE.to_owned(),
        size: Some((picture.width(), picture.height())),
        recipe,
    })
}

/// What the thread that draws pages says.
enum Said {
    Progress(RenditionKind, f64),
    Made(Vec<Outcome>),
}

/// Draws pages in a thread of its own: a page that was made to take for ever costs its renditions,
/// not the command.
pub(super) fn of_pages(source: &Source, kinds: &[RenditionKind], tell: Tell<'_>) -> Vec<Outcome> {
    let (send, said) = mpsc::channel();
    let (own_source, own_kinds) = (source.clone(), kinds.to_vec());
    std::thread::spawn(move || {
        // Nobody listens any more once it took too long.
        let mut tell = |kind, done| drop(send.send(Said::Progress(kind, done)));
        let made = drawn(&own_source, &own_kinds, &mut tell);
        drop(send.send(Said::Made(made)));
    });
    let why = loop {
        match said.recv_timeout(PAGE_WAIT_MAX) {
            Ok(Said::Progress(kind, done)) => tell(kind, done),
            Ok(Said::Made(made)) => return made,
            Err(RecvTimeoutError::Timeout) => break "a page takes longer than a minute to draw",
            Err(RecvTimeoutError::Disconnected) => break "its reader broke down",
        }
    };
    kinds.iter().map(|kind| (*kind, Err(NotMade::Failed(why.to_owned())))).collect()
}

fn drawn(source: &Source, kinds: &[RenditionKind], tell: Tell<'_>) -> Vec<Outcome> {
    let pages = read(&source.path)
        .and_then(|bytes| Pages::open(bytes).map_err(|e| NotMade::NotApplicable(e.to_string())));
    let mut make = |kind: RenditionKind| {
        let pages = pages.as_ref().map_err(Clone::clone)?;
        tell(kind, 0.0);
        match kind {
            RenditionKind::Thumbnail => {
                let first = pages.picture(0, PAGE_SIDE);
                let first = first.ok_or_else(|| NotMade::Failed("its first page cannot be drawn".into()))?;
                thumbnail(&first).map(encoded).map_err(NotMade::Failed)
            }
            RenditionKind::Pages => bound(pages, &mut |done| tell(kind, done)),
            other => Err(NotMade::NotApplicable(format!("a document has no {other}"))),
        }
    };
    kinds.iter().map(|kind| (*kind, make(*kind))).collect()
}

/// A picture of every page, in one sheaf.
fn bound(pages: &Pages, tell: &mut dyn FnMut(f64)) -> Result<Rendered, NotMade> {
    let count = pages.count().min(PAGES_MAX);
    let (mut sizes, mut lengths, mut parts) = (Vec::new(), Vec::new(), Vec::new());
    for page in 0..count {
        let drawn = pages.picture(page, PAGE_SIDE);
        let drawn = drawn.ok_or_else(|| NotMade::Failed(format!("page {} cannot be drawn", page + 1)))?;
        let made = encode(&drawn, Some(PAGE_QUALITY)).map_err(NotMade::Failed)?;
        sizes.push(made.size);
        lengths.push(u32::try_from(made.bytes.len()).unwrap_or(u32::MAX));
        parts.extend_from_slice(&made.bytes);
        let (done, all) = (u32::try_from(page + 1), u32::try_from(count));
        tell(f64::from(done.unwrap_or(1)) / f64::from(all.unwrap_or(1)));
    }
    let index = SheafIndex { media_type: "image/jpeg".into(), of: SheafOf::Pages(sizes), lengths };
    let mut sheaf = index.head().map_err(|e| NotMade::Failed(e.to_string()))?;
    sheaf.extend_from_slice(&parts);
    let first = if count < pages.count() { format!(", the first {count} pages") } else { String::new() };
    let settings = format!("{PAGE_SIDE} pixels at most, JPEG of quality {PAGE_QUALITY}{first}");
    Ok(Rendered {
        bytes: Bytes::Held(sheaf),
        media_type: SHEAF_MEDIA_TYPE.to_owned(),
        size: None,
        recipe: Recipe { tool: own_tool(), settings },
    })
}
