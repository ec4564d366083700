//! Designs: which layers came, went, moved, were renamed, hidden or painted on.

use std::collections::{BTreeMap, BTreeSet};

use proofroom_pictures::{Design, Layer, LayerPixels};
use proofroom_review::anchor::Region;
use serde::{Deserialize, Serialize};

use crate::changes::FactChange;
use crate::pixels::{PictureChanges, Tolerance, compare_pictures};

/// Most pixels of layers that are looked at in one comparison.
const PIXELS_MAX: u64 = 400_000_000;
const CHANGES_MAX: usize = 2_000;

/// What changed in a design.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerChanges {
    /// Layer by layer, from the top of the later version; then those that are gone.
    pub layers: Vec<LayerChange>,
    /// So many more are not listed.
    pub left_out: u64,
    /// What changed in the picture of all layers together, where both can be read.
    pub flat: Option<PictureChanges>,
}

/// What became of a layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerChange {
    /// Its id, where the program that wrote it gave one.
    pub id: Option<u32>,
    /// The names that lead to it, outermost first; of the later version, or of the last it was in.
    pub path: Vec<String>,
    /// What changed.
    pub what: Vec<LayerDifference>,
}

/// One thing that changed of a layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LayerDifference {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It had another name.
    Renamed {
        /// That name.
        from: String,
    },
    /// It was in other groups, or in another place of the stack.
    Moved {
        /// The groups that it was in, outermost first.
        from: Vec<String>,
    },
    /// It was shown and is hidden, or the other way round.
    Visibility {
        /// Whether it is hidden now.
        hidden: bool,
    },
    /// Its opacity was another one, from 0 to 255.
    Opacity {
        /// What it was.
        from: u8,
        /// What it is.
        to: u8,
    },
    /// It was blended in another way.
    Blend {
        /// How it was.
        from: String,
        /// How it is.
        to: String,
    },
    /// It has other edges: left, top, right, bottom.
    Placed {
        /// What they were.
        from: [i32; 4],
        /// What they are.
        to: [i32; 4],
    },
    /// Its pixels are others.
    Pixels {
        /// Where, within the whole picture, where that can be told.
        place: Option<Region>,
    },
}

impl LayerChanges {
    /// Whether any layer changed, or how all look together.
    pub fn is_changed(&self) -> bool {
        !self.layers.is_empty() || self.flat.as_ref().is_some_and(PictureChanges::is_changed)
    }
}

type Read<'a> = (&'a Design, &'a [u8]);

pub(crate) fn compare_designs(
    before: Read<'_>,
    after: Read<'_>,
    tolerance: Tolerance,
) -> (LayerChanges, Vec<FactChange>) {
    let (a, b) = (before.0, after.0);
    let size = |d: &Design| format!("{}x{}", d.size().0, d.size().1);
    let facts = [
        FactChange::between("size", size(a), size(b)),
        FactChange::between("colour mode", a.mode(), b.mode()),
        FactChange::between("bits a channel", a.depth(), b.depth()),
        FactChange::between("layers", a.layers().len(), b.layers().len()),
    ];
    let flat = a.flat(before.1).ok().zip(b.flat(after.1).ok());
    let flat = flat.map(|(a, b)| compare_pictures(&a, &b, tolerance));
    let mut layers = changed_layers(before, after);
    let left_out = layers.len().saturating_sub(CHANGES_MAX) as u64;
    layers.truncate(CHANGES_MAX);
    (LayerChanges { layers, left_out, flat }, facts.into_iter().flatten().collect())
}

fn changed_layers(before: Read<'_>, after: Read<'_>) -> Vec<LayerChange> {
    let (old, new) = (before.0.layers(), after.0.layers());
    let matched = matched(before, after);
    let kept: BTreeSet<usize> = matched.iter().flatten().copied().collect();
    let moved = moved(&matched);
    let mut pixels_left = PIXELS_MAX;
    let mut out = Vec::new();
    for (index, layer) in new.iter().enumerate() {
        let what = match matched[index] {
            None => vec![LayerDifference::Added],
            Some(earlier) => {
                let mut what = differences(&old[earlier], layer, moved.contains(&index));
                what.extend(painted((before, &old[earlier]), (after, layer), &mut pixels_left));
                what
            }
        };
        if !what.is_empty() {
            out.push(change(layer, what));
        }
    }
    let gone = old.iter().enumerate().filter(|(index, _)| !kept.contains(index));
    out.extend(gone.map(|(_, layer)| change(layer, vec![LayerDifference::Removed])));
    out
}

fn change(layer: &Layer, what: Vec<LayerDifference>) -> LayerChange {
    LayerChange { id: layer.id, path: layer.path().into_iter().map(str::to_owned).collect(), what }
}

/// For each later layer the earlier one that it was: the same id, else the same names, else the
/// very same pixels in the same place.
fn matched((a, a_bytes): Read<'_>, (b, b_bytes): Read<'_>) -> Vec<Option<usize>> {
    let (old, new) = (a.layers(), b.layers());
    let mut found: Vec<Option<usize>> = vec![None; new.len()];
    let mut free: BTreeSet<usize> = (0..old.len()).collect();
    let ids = unique(old, |l| l.id.map(|id| (id, l.group)));
    let later_ids = unique(new, |l| l.id.map(|id| (id, l.group)));
    let paths = unique(old, |l| Some((l.path(), l.group)));
    let later_paths = unique(new, |l| Some((l.path(), l.group)));
    for (key, index) in &later_ids {
        if let Some(earlier) = ids.get(key) {
            found[*index] = Some(*earlier);
            free.remove(earlier);
        }
    }
    for (key, index) in &later_paths {
        if let Some(earlier) = paths.get(key).filter(|at| free.contains(at) && found[*index].is_none()) {
            found[*index] = Some(*earlier);
            free.remove(earlier);
        }
    }
    for (index, layer) in new.iter().enumerate().filter(|(_, layer)| !layer.group) {
        if found[index].is_none() {
            let same = |at: &&usize| {
                let earlier = &old[**at];
                !earlier.group && earlier.edges == layer.edges && earlier.same_bytes(a_bytes, layer, b_bytes)
            };
            found[index] = free.iter().find(same).copied();
            found[index].iter().for_each(|at| _ = free.remove(at));
        }
    }
    found
}

/// The places of keys that occur once.
fn unique<'a, K: Ord>(layers: &'a [Layer], key: impl Fn(&'a Layer) -> Option<K>) -> BTreeMap<K, usize> {
    let mut places: BTreeMap<K, Option<usize>> = BTreeMap::new();
    for (index, layer) in layers.iter().enumerate() {
        if let Some(key) = key(layer) {
            places.entry(key).and_modify(|place| *place = None).or_insert(Some(index));
        }
    }
    places.into_iter().filter_map(|(key, place)| Some((key, place?))).collect()
}

/// Later layers that changed their place in the stack: those outside the longest run of layers
/// that are still in their earlier order.
fn moved(matched: &[Option<usize>]) -> BTreeSet<usize> {
    let pairs: Vec<(usize, usize)> =
        matched.iter().enumerate().filter_map(|(later, earlier)| Some((later, (*earlier)?))).collect();
    // The last of each longest run by length, and who came before: patience sorting.
    let mut tails: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = vec![None; pairs.len()];
    for (index, (_, earlier)) in pairs.iter().enumerate() {
        let at = tails.partition_point(|tail| pairs[*tail].1 < *earlier);
        before[index] = at.checked_sub(1).map(|i| tails[i]);
        if at == tails.len() { tails.push(index) } else { tails[at] = index }
    }
    let mut stays = BTreeSet::new();
    let mut next = tails.last().copied();
    while let Some(index) = next {
        stays.insert(pairs[index].0);
        next = before[index];
    }
    pairs.iter().map(|(later, _)| *later).filter(|later| !stays.contains(later)).collect()
}

fn differences(before: &Layer, after: &Layer, moved: bool) -> Vec<LayerDifference> {
    let mut what = Vec::new();
    if before.name != after.name {
        what.push(LayerDifference::Renamed { from: before.name.clone() });
    }
    if moved || before.groups.len() != after.groups.len() {
        what.push(LayerDifference::Moved { from: before.groups.clone() });
    }
    if before.hidden != after.hidden {
        what.push(LayerDifference::Visibility { hidden: after.hidden });
    }
    if before.opacity != after.opacity {
        what.push(LayerDifference::Opacity { from: before.opacity, to: after.opacity });
    }
    if before.blend != after.blend {
        what.push(LayerDifference::Blend { from: before.blend.clone(), to: after.blend.clone() });
    }
    if before.edges != after.edges {
        what.push(LayerDifference::Placed { from: before.edges, to: after.edges });
    }
    what
}

/// Whether a layer's pixels are others, and where.
fn painted(
    (before, old): (Read<'_>, &Layer),
    (after, new): (Read<'_>, &Layer),
    pixels_left: &mut u64,
) -> Option<LayerDifference> {
    if old.same_bytes(before.1, new, after.1) {
        return None;
    }
    let pixels = new.size().map_or(0, |(w, h)| u64::from(w) * u64::from(h));
    *pixels_left = pixels_left.checked_sub(pixels).unwrap_or_default();
    let readable = *pixels_left > 0 && old.size() == new.size();
    let read = || before.0.pixels(before.1, old).zip(after.0.pixels(after.1, new));
    match readable.then(read).flatten() {
        Some((a, b)) => {
            let px = bounds(&a, &b)?;
            Some(LayerDifference::Pixels { place: place(px, new, after.0.size()) })
        }
        None => Some(LayerDifference::Pixels { place: None }),
    }
}

/// The smallest rectangle around the values that differ: left, top, right, bottom.
fn bounds(a: &LayerPixels, b: &LayerPixels) -> Option<[usize; 4]> {
    let width = usize::try_from(a.size.0).ok()?;
    let ids = |of: &LayerPixels| of.planes.iter().map(|(id, _)| *id).collect::<Vec<_>>();
    if ids(a) != ids(b) {
        return Some([0, 0, width, usize::try_from(a.size.1).ok()?]);
    }
    let mut found: Option<[usize; 4]> = None;
    for ((_, a), (_, b)) in a.planes.iter().zip(&b.planes) {
        for (y, (row, other)) in a.chunks(width).zip(b.chunks(width)).enumerate() {
            let Some(left) = row.iter().zip(other).position(|(p, q)| p != q) else { continue };
            let right = row.iter().zip(other).rposition(|(p, q)| p != q).map_or(left, |x| x) + 1;
            let held = found.get_or_insert([left, y, right, y + 1]);
            *held = [held[0].min(left), held[1].min(y), held[2].max(right), held[3].max(y + 1)];
        }
    }
    found
}

/// A rectangle of a layer within the whole picture; `None` where it lies outside.
fn place([left, top, right, bottom]: [usize; 4], layer: &Layer, size: (u32, u32)) -> Option<Region> {
    let on_page = |edge: i32, at: usize, side: u32| -> Option<u32> {
        let at = i64::from(edge) + i64::try_from(at).ok()?;
        u32::try_from(at.clamp(0, i64::from(side))).ok()
    };
    let x = on_page(layer.edges[0], left, size.0)?;
    let y = on_page(layer.edges[1], top, size.1)?;
    let (right, bottom) = (on_page(layer.edges[0], right, size.0)?, on_page(layer.edges[1], bottom, size.1)?);
    Region::of_px(x, y, right - x, bottom - y, size).ok()
}
