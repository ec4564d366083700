//! Did it change where a comment points?

use std::fmt;

use proofroom_review::anchor::{PPM, PageBox, Region};
use proofroom_review::{Anchor, Selector};
use serde::{Deserialize, Serialize};

use crate::changes::{Changes, Detail};
use crate::layers::{LayerChange, LayerChanges, LayerDifference};
use crate::pages::PageChanges;
use crate::pixels::{Alignment, PictureChanges};
use crate::words::WordChanges;

/// Whether something changed under an anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Under {
    /// It did.
    Yes,
    /// It did not.
    No,
    /// Nobody can say.
    Unknown,
}

impl fmt::Display for Under {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        })
    }
}

impl From<bool> for Under {
    fn from(changed: bool) -> Self {
        if changed { Self::Yes } else { Self::No }
    }
}

/// Whether something changed where an anchor of the earlier version points.
///
/// An anchor does not say which file of a version it is about, so all are asked: one that
/// changed there is enough, and "no" needs all that could be meant.
pub fn changed_under(anchor: &Anchor, changes: &Changes) -> Under {
    let earlier = changes.files.iter().filter(|file| file.before.is_some());
    let answers: Vec<Under> = earlier.filter_map(|file| in_file(anchor, &file.detail)).collect();
    if answers.contains(&Under::Yes) {
        Under::Yes
    } else if answers.is_empty() || answers.contains(&Under::Unknown) {
        Under::Unknown
    } else {
        Under::No
    }
}

/// The first selector that can tell decides. `None` where the file is of another kind than the anchor.
fn in_file(anchor: &Anchor, detail: &Detail) -> Option<Under> {
    match detail {
        Detail::Same => return Some(Under::No),
        Detail::Removed => return Some(Under::Yes),
        Detail::Added => return None,
        _ => {}
    }
    let within = anchor.refined_by.as_ref();
    let answers: Vec<Under> = anchor.selectors.iter().filter_map(|s| at(s, within, detail)).collect();
    answers.iter().find(|under| **under != Under::Unknown).or(answers.first()).copied()
}

fn at(selector: &Selector, within: Option<&Selector>, detail: &Detail) -> Option<Under> {
    match (selector, detail) {
        (_, Detail::NotApplicable { .. }) => Some(Under::Unknown),
        (Selector::Whole, _) => Some(whole(detail)),
        (Selector::Region(region), Detail::Picture(picture)) => Some(in_picture(region, picture)),
        (Selector::Region(region), Detail::Layers(LayerChanges { flat: Some(flat), .. })) => {
            Some(in_picture(region, flat))
        }
        (Selector::Shape { svg_path }, Detail::Picture(picture)) => {
            Some(box_of(svg_path).map_or(Under::Unknown, |region| in_picture(&region, picture)))
        }
        (Selector::Frames(frames), Detail::Film(film)) => Some(match &film.frames {
            Some(ranges) => {
                let end = frames.start.saturating_add(frames.duration);
                // A gap that came in between two frames of the range is a change as well.
                ranges
                    .iter()
                    .any(|r| r.before.0 < end && frames.start < r.before.1.max(r.before.0 + 1))
                    .into()
            }
            None => Under::Unknown,
        }),
        (Selector::TimeMs { .. } | Selector::Cue { .. }, Detail::Film(_)) => Some(Under::Unknown),
        (Selector::Page { index, r#box, rotate, .. }, Detail::Pages(pages)) => {
            let plain = *r#box == PageBox::Crop && *rotate == 0;
            Some(on_page(*index, within.filter(|_| plain), pages))
        }
        (Selector::TextPos { start, end, .. }, Detail::Words(words)) => Some(between(*start, *end, words)),
        (Selector::Quote { exact, .. }, Detail::Words(words)) => Some(quoted(exact, words.texts.as_ref())),
        (Selector::Quote { exact, .. }, Detail::Pages(pages)) => {
            let exact = exact.split_whitespace().collect::<Vec<_>>().join(" ");
            Some(quoted(&exact, pages.texts.as_ref()))
        }
        (Selector::Block { .. }, Detail::Words(_)) => Some(Under::Unknown),
        (Selector::Layer { id, path, .. }, Detail::Layers(layers)) => {
            Some(layers.layers.iter().any(|layer| is_layer(layer, id, path)).into())
        }
        (Selector::Slot { .. }, _) => Some(Under::Unknown),
        _ => None,
    }
}

/// Whether anything changed at all.
fn whole(detail: &Detail) -> Under {
    match detail {
        Detail::Same => Under::No,
        Detail::Added | Detail::Removed => Under::Yes,
        Detail::Picture(picture) => picture.is_changed().into(),
        Detail::Words(words) => words.is_changed().into(),
        Detail::Layers(layers) => layers.is_changed().into(),
        Detail::Archive(archive) => archive.is_changed().into(),
        Detail::Film(film) if film.is_changed() => Under::Yes,
        Detail::Film(film) => film.frames.as_ref().map_or(Under::Unknown, |_| Under::No),
        Detail::Pages(pages) if pages.is_changed() => Under::Yes,
        Detail::Pages(pages) => {
            if pages.pictured {
                Under::No
            } else {
                Under::Unknown
            }
        }
        Detail::NotApplicable { .. } => Under::Unknown,
    }
}

fn in_picture(region: &Region, picture: &PictureChanges) -> Under {
    match picture.alignment {
        Alignment::None => Under::Unknown,
        Alignment::Same | Alignment::Scaled => {
            picture.regions.iter().any(|changed| overlap(&changed.place, region)).into()
        }
    }
}

fn overlap(a: &Region, b: &Region) -> bool {
    let meets = |from: u32, size: u32, other: u32, other_size: u32| {
        from < other.saturating_add(other_size) && other < from.saturating_add(size)
    };
    meets(a.x, a.w, b.x, b.w) && meets(a.y, a.h, b.y, b.h)
}

fn on_page(index: u32, within: Option<&Selector>, pages: &PageChanges) -> Under {
    if pages.left_out > 0 {
        return Under::Unknown;
    }
    let Some(page) = pages.pages.iter().find(|page| page.before == Some(index)) else {
        let known = u64::from(index) < pages.count.0;
        return if known && pages.pictured { Under::No } else { Under::Unknown };
    };
    match (within, &page.picture) {
        (Some(Selector::Region(region)), Some(picture)) => in_picture(region, picture),
        (Some(Selector::Region(_)), None) if page.after.is_some() && page.facts.is_empty() => {
            // Its words differ, its looks do not: what is drawn there is the same.
            if pages.pictured { Under::No } else { Under::Unknown }
        }
        _ => Under::Yes,
    }
}

fn between(start: u64, end: u64, words: &WordChanges) -> Under {
    if words.hunks_left_out > 0 {
        return Under::Unknown;
    }
    words.hunks.iter().any(|hunk| hunk.before.0 < end && start < hunk.before.1.max(hunk.before.0 + 1)).into()
}

/// A passage that stands there word for word did not change, wherever it stands.
fn quoted(exact: &str, texts: Option<&(String, String)>) -> Under {
    match texts {
        Some((before, after)) if before.contains(exact) => (!after.contains(exact)).into(),
        _ => Under::Unknown,
    }
}

fn is_layer(layer: &LayerChange, id: &str, path: &[String]) -> bool {
    if layer.id.is_some_and(|own| own.to_string() == id) {
        return true;
    }
    let was = layer.what.iter().find_map(|what| match what {
        LayerDifference::Renamed { from } => Some(from.as_str()),
        _ => None,
    });
    let named = |name: Option<&str>| name.is_some() && name == path.last().map(String::as_str);
    layer.path == path || named(was) || (path.len() == 1 && named(layer.path.last().map(String::as_str)))
}

/// The box of a path of absolute commands: SVG path data in a million by a million.
fn box_of(path: &str) -> Option<Region> {
    if path.contains(|c: char| c.is_alphabetic() && !"MLCQSTZ".contains(c)) {
        return None;
    }
    let numbers: Option<Vec<f64>> = path
        .split(|c: char| c.is_alphabetic() || c.is_whitespace() || c == ',')
        .filter(|part| !part.is_empty())
        .map(|part| part.parse().ok().filter(|n: &f64| n.is_finite()))
        .collect();
    let numbers = numbers.filter(|n| n.len() >= 2 && n.len().is_multiple_of(2))?;
    let (points, _) = numbers.as_chunks::<2>();
    let span = |axis: usize| {
        let values = points.iter().map(|point| point[axis].clamp(0.0, f64::from(PPM)));
        let (low, high) = values.fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)));
        #[expect(clippy::cast_possible_truncation, reason = "clamped to a million")]
        let (from, to) = (low.floor() as u32, high.ceil() as u32);
        let from = from.min(PPM - 1);
        (from, (to - from).max(1))
    };
    let ((x, w), (y, h)) = (span(0), span(1));
    Some(Region { x, y, w, h, native_px: None })
}
