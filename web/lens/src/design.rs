//! Designs: their layers, and the picture of all of them together. Pictures that browsers do not show
//! come as designs without layers.

use proofroom_pictures::{Design, Layer, Picture, whole};
use proofroom_review::MediaType;
use proofroom_web_wire::{DesignCard, LayerCard, Looked};

use crate::Seen;

/// The blend mode of a layer that is laid over the others plainly, and of a group that is none by itself.
const PLAIN: [&str; 2] = ["norm", "pass"];
const PPM: i64 = 1_000_000;

/// Reads a file of this media type.
pub(crate) fn design(media_type: &str, bytes: &[u8]) -> Seen {
    let media = MediaType::of_mime(media_type);
    let read = match media {
        MediaType::Psd => Design::read(bytes).map(|design| {
            let (size, layers) = (design.size(), design.layers());
            (size, layers.iter().map(|layer| card(layer, size)).collect(), design.flat(bytes))
        }),
        _ => Picture::read(bytes, media)
            .map(|(picture, _)| ((picture.width(), picture.height()), Vec::new(), Ok(picture))),
    };
    let (size, layers, flat) = match read {
        Ok(read) => read,
        Err(error) => return (Looked::Fault(error.to_string()), None),
    };
    let flat = flat.map_err(|e| e.to_string()).and_then(|picture| whole(&picture));
    let (flat, flat_fault) = match flat {
        Ok(encoded) => (Some(encoded.bytes), String::new()),
        Err(error) => (None, error),
    };
    (Looked::Design(DesignCard { size: [size.0, size.1], layers, flat_fault }), flat)
}

fn card(layer: &Layer, whole: (u32, u32)) -> LayerCard {
    LayerCard {
        id: layer.id,
        path: layer.path().into_iter().map(str::to_owned).collect(),
        group: layer.group,
        hidden: layer.hidden,
        opacity: u8::try_from((u32::from(layer.opacity) * 100 + 127) / 255).unwrap_or(100),
        blend: if PLAIN.contains(&layer.blend.as_str()) { String::new() } else { layer.blend.clone() },
        region: region(layer, whole),
    }
}

/// The part of a layer that lies within the whole.
fn region(layer: &Layer, (width, height): (u32, u32)) -> Option<[u32; 4]> {
    layer.size()?;
    let [left, top, right, bottom] = layer.edges;
    let span = |from: i32, to: i32, whole: u32| {
        let at = |edge: i32| i64::from(edge).clamp(0, i64::from(whole)) * PPM / i64::from(whole.max(1));
        let (from, to) = (at(from), at(to));
        (from < to).then(|| Some((u32::try_from(from).ok()?, u32::try_from(to - from).ok()?)))?
    };
    let ((x, w), (y, h)) = (span(left, right, width)?, span(top, bottom, height)?);
    Some([x, y, w, h])
}
