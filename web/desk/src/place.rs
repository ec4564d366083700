//! Anchors as a screen draws them, and back.

use proofroom_ident::VersionHash;
use proofroom_review::anchor::{Frames, PageBox, Region, Selector};
use proofroom_review::{Anchor, Rate};
use proofroom_web_wire::Place;

use crate::fault::DeskError;

/// Whose layers the lens reads.
const DESIGN_TOOL: &str = "psd";

/// What a screen draws of an anchor.
pub(crate) fn place_of(anchor: &Anchor) -> Place {
    let mut place = Place::default();
    for selector in anchor.selectors.iter().chain(&anchor.refined_by) {
        note(&mut place, selector);
    }
    place
}

fn note(place: &mut Place, selector: &Selector) {
    match selector {
        Selector::Region(r) => place.region = Some([r.x, r.y, r.w, r.h]),
        Selector::Shape { svg_path } => place.path = Some(svg_path.clone()),
        Selector::Frames(f) => {
            place.frames = Some([f.start, f.duration]);
            place.rate = Some([f.rate.num(), f.rate.den()]);
        }
        Selector::Page { index, .. } => place.page = Some(*index),
        Selector::Quote { exact, prefix, suffix } => {
            place.quote = Some([exact.clone(), prefix.clone(), suffix.clone()]);
        }
        Selector::Layer { id, path, rel, .. } => {
            (place.layer, place.layer_id) = (Some(path.clone()), Some(id.clone()));
            if let Some(r) = rel {
                place.region = Some([r.x, r.y, r.w, r.h]);
            }
        }
        Selector::Whole
        | Selector::TimeMs { .. }
        | Selector::Cue { .. }
        | Selector::TextPos { .. }
        | Selector::Block { .. }
        | Selector::Slot { .. } => {}
    }
}

/// The anchor of a place that somebody pointed at.
pub(crate) fn anchor_of(version: VersionHash, place: &Place) -> Result<Anchor, DeskError> {
    let mut selectors = Vec::new();
    if let Some([start, duration]) = place.frames {
        let [num, den] = place.rate.ok_or_else(|| DeskError::malformed("frames", "a place with a rate"))?;
        let rate =
            Rate::new(num, den).map_err(|_| DeskError::malformed(&format!("{num}/{den}"), "a frame rate"))?;
        selectors.push(Selector::Frames(Frames {
            start,
            duration,
            rate,
            start_timecode: None,
            display_offset: 0,
            pts: None,
        }));
    }
    if let Some(index) = place.page {
        selectors.push(Selector::Page { index, label: None, r#box: PageBox::Crop, rotate: 0 });
    }
    if let Some([exact, prefix, suffix]) = place.quote.clone() {
        selectors.push(Selector::Quote { exact, prefix, suffix });
    }
    if let Some(path) = place.layer.clone() {
        let id = place.layer_id.clone().unwrap_or_else(|| path.join(" / "));
        selectors.push(Selector::Layer { tool: DESIGN_TOOL.to_owned(), id, path, rel: None });
    }
    let shape = place.path.clone().map(|svg_path| Selector::Shape { svg_path });
    let region = place.region.map(|[x, y, w, h]| Selector::Region(Region { x, y, w, h, native_px: None }));
    let mut refined_by = None;
    for selector in [shape, region].into_iter().flatten() {
        // In a still picture the drawing is the place; in a frame or on a page it refines it.
        if selectors.is_empty() || place.frames.is_none() && place.page.is_none() {
            selectors.push(selector);
        } else if refined_by.is_none() {
            refined_by = Some(selector);
        }
    }
    if selectors.is_empty() {
        selectors.push(Selector::Whole);
    }
    let anchor = Anchor { version, rendition: None, selectors, refined_by };
    anchor
        .check()
        .map_err(|e| DeskError::Replica(proofroom_replica::ReplicaError::Invalid(e.to_string())))?;
    Ok(anchor)
}
