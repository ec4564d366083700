//! A large picture: the tiles that a look needs, in place of the whole.
//!
//! The one tile that shows all of it lies under the others, so that something is always there; above
//! it what came earlier of coarser levels, and above those the tiles that fit the zoom. What nobody
//! looks at is not fetched.

use std::collections::{BTreeMap, BTreeSet};

use leptos::prelude::*;
use leptos::task::spawn_local;
use proofroom_web_wire::{Ask, FileCard, Reply, Tile, TilesCard, TilesOf};
use wasm_bindgen::JsCast as _;
use web_sys::HtmlImageElement;

use super::Desk;
use super::file::{FileBar, blob_of, piece, unread};
use super::picture::{Colour, ColourOut, Glass, follow_goal, is_picture};
use super::surface::{Ground, Look, Surface, ratio};
use super::tools::Tools;
use crate::engine;
use crate::state::told;

/// How many tiles are asked for at a time.
const ASKED_MAX: usize = 6;
/// How many tiles a page holds, at most while it shows fewer.
const HELD_MAX: usize = 400;

/// Whether a file is shown in tiles: a picture for which somebody made them, or a design that is too
/// large to be read here.
pub(crate) fn is_tiled(file: &FileCard) -> bool {
    let flat = is_picture(&file.media_type) || file.media_type == "image/tiff";
    file.tiles.is_some() && (flat || file.bytes > super::file::COLLECTED_BYTES_MAX)
}

/// All tiles of one picture.
#[derive(Clone, Copy)]
struct Mosaic {
    desk: Desk,
    ground: Ground,
    content: StoredValue<String>,
    card: RwSignal<Option<TilesCard>>,
    /// Tiles that are in this page, with their addresses.
    here: RwSignal<BTreeMap<Tile, String>>,
    asked: StoredValue<BTreeSet<Tile>>,
    /// Tiles that could not be had when they were asked for.
    missing: RwSignal<BTreeSet<Tile>>,
    /// What the look needs, coarsest first.
    wanted: Memo<Vec<Tile>>,
}

impl Mosaic {
    fn new(desk: Desk, ground: Ground, tiles: &TilesOf) -> Self {
        let card = RwSignal::new(None::<TilesCard>);
        let wanted =
            Memo::new(move |_| card.with(|card| card.as_ref().map_or_else(Vec::new, |c| needed(c, ground))));
        let mosaic = Self {
            desk,
            ground,
            content: StoredValue::new(tiles.content.clone()),
            card,
            here: RwSignal::default(),
            asked: StoredValue::default(),
            missing: RwSignal::default(),
            wanted,
        };
        on_cleanup(move || mosaic.here.with_untracked(|here| here.values().for_each(|url| give_back(url))));
        mosaic
    }

    /// The tiles to show, coarsest first: those that the look needs, and coarser ones that came earlier.
    fn shown(self) -> Vec<(Tile, String)> {
        let finest = self.wanted.with(|w| w.last().map_or(0, |tile| tile.level));
        let Some(part) = part(self.ground) else { return Vec::new() };
        let card = self.card.get();
        let levels =
            card.iter().flat_map(|c| (finest..c.levels.len()).rev().flat_map(|l| c.meeting(l, part)));
        let tiles: Vec<Tile> = levels.collect();
        self.here.with(|here| tiles.iter().filter_map(|t| Some((*t, here.get(t)?.clone()))).collect())
    }

    /// Asks for what is needed and not here, a few at a time.
    fn pull(self) {
        while let Some(tile) = self.next() {
            self.asked.update_value(|asked| _ = asked.insert(tile));
            spawn_local(async move {
                let got = self.fetch(tile).await;
                // The screen may be gone by now.
                let Some(()) = self.asked.try_update_value(|asked| _ = asked.remove(&tile)) else {
                    return got.iter().for_each(|url| give_back(url));
                };
                match got {
                    Ok(url) => self.hold(tile, url),
                    Err(_) => self.missing.update(|missing| _ = missing.insert(tile)),
                }
                self.pull();
            });
        }
    }

    fn next(self) -> Option<Tile> {
        let free = self.asked.with_value(|asked| asked.len() < ASKED_MAX);
        let known = |tile: &Tile| {
            self.here.with_untracked(|here| here.contains_key(tile))
                || self.missing.with_untracked(|missing| missing.contains(tile))
                || self.asked.with_value(|asked| asked.contains(tile))
        };
        free.then(|| self.wanted.with_untracked(|wanted| wanted.iter().find(|t| !known(t)).copied()))?
    }

    async fn fetch(self, tile: Tile) -> Result<String, String> {
        let place = self.card.with_untracked(|card| {
            let card = card.as_ref()?;
            Some((card.range(tile)?, card.media_type.clone()))
        });
        let ((offset, bytes), media_type) = place.ok_or("there is no such tile")?;
        let bytes = piece(self.desk, &self.content.get_value(), offset, bytes).await?;
        blob_of(&js_sys::Array::of1(&bytes), &media_type)
    }

    /// Takes up a tile; beyond the limit those go that the look does not need.
    fn hold(self, tile: Tile, url: String) {
        self.here.update(|here| {
            _ = here.insert(tile, url);
            if here.len() > HELD_MAX {
                let needed = self.wanted.get_untracked();
                here.retain(|tile, url| {
                    let stays = needed.contains(tile);
                    if !stays {
                        give_back(url);
                    }
                    stays
                });
            }
        });
    }

    /// The pixel under a pointer: of a tile at full size only, since others show mixtures.
    fn colour(self, glass: &Glass, (x, y): (i64, i64)) -> Option<Colour> {
        let pixel = |ppm: i64, size: u32| {
            let inside = (0..1_000_000).contains(&ppm);
            inside.then(|| u32::try_from(ppm * i64::from(size) / 1_000_000).ok())?
        };
        let full = self.wanted.with_untracked(|w| w.last().is_some_and(|tile| tile.level == 0));
        let ([width, height], side) =
            self.card.with_untracked(|c| c.as_ref().and_then(|c| Some((c.size()?, c.side))))?;
        let at = (pixel(x, width)?, pixel(y, height)?);
        let tile = Tile { level: 0, row: at.1 / side, column: at.0 / side };
        let paper = self.ground.paper.get_untracked().filter(|_| full)?;
        let image = paper.query_selector(&format!("[data-tile='{}']", name(tile))).ok()??;
        let image: HtmlImageElement = image.dyn_into().ok()?;
        let rgba = glass.read(&image, (at.0 % side, at.1 % side))?;
        Some(Colour { at, rgba, near: true })
    }
}

/// What of the picture is in the window, in its pixels; nothing until it is laid out.
fn part(ground: Ground) -> Option<[f64; 4]> {
    let look = ground.look.get();
    let (_, (width, height)) = (ground.size.get()?, ground.room()?);
    let edge = |at: f64, offset: f64| (at - offset) / look.zoom;
    (look != Look::default())
        .then(|| [edge(0.0, look.x), edge(0.0, look.y), edge(width, look.x), edge(height, look.y)])
}

fn needed(card: &TilesCard, ground: Ground) -> Vec<Tile> {
    let Some(part) = part(ground) else { return Vec::new() };
    let level = card.level(ground.look.with(|look| look.zoom) * ratio());
    let coarsest = card.levels.len().saturating_sub(1);
    let mut tiles = card.meeting(coarsest, part);
    if level < coarsest {
        tiles.extend(card.meeting(level, part));
    }
    tiles
}

fn name(tile: Tile) -> String {
    format!("{}.{}.{}", tile.level, tile.row, tile.column)
}

fn give_back(url: &str) {
    // It was made here, so it can be given back.
    let _revoked = web_sys::Url::revoke_object_url(url);
}

/// How a picture is cut; asked again when something arrived, while it is not known.
fn learn(mosaic: Mosaic, fault: RwSignal<String>) {
    let desk = mosaic.desk;
    let held = Memo::new(move |_| {
        let content = mosaic.content.get_value();
        desk.screen.with(|s| {
            let mut files = s.iter().flat_map(|s| &s.versions).flat_map(|v| &v.files);
            files.find_map(|f| f.tiles.as_ref().filter(|t| t.content == content).map(|t| t.held))
        })
    });
    Effect::new(move |_| {
        held.track();
        mosaic.missing.update(BTreeSet::clear);
        mosaic.pull();
        if mosaic.card.with_untracked(Option::is_some) {
            return;
        }
        let (workspace, asset) = (desk.workspace.get_value(), desk.asset.get_value());
        let ask = Ask::Tiles { workspace, asset, content: mosaic.content.get_value() };
        engine::ask(ask, move |reply| {
            // The screen may be gone by now.
            match reply {
                Reply::Tiles(card) => {
                    let size = card.size().map(|[width, height]| (f64::from(width), f64::from(height)));
                    _ = fault.try_set(String::new());
                    _ = mosaic.card.try_set(Some(card));
                    _ = mosaic.ground.size.try_set(size);
                }
                Reply::Fault(f) => _ = fault.try_set(told(&f)),
                _ => {}
            }
        });
    });
}

/// A large picture with its comments.
#[component]
pub(crate) fn TiledPicture(file: FileCard) -> impl IntoView {
    let desk: Desk = expect_context();
    let ground = Ground::new();
    let mosaic = Mosaic::new(desk, ground, &file.tiles.clone().unwrap_or_default());
    let fault = RwSignal::new(String::new());
    learn(mosaic, fault);
    follow_goal(desk, ground);
    Effect::new(move |_| {
        mosaic.wanted.track();
        mosaic.missing.update(BTreeSet::clear);
        mosaic.pull();
    });
    let shown = Memo::new(move |_| mosaic.shown());
    let colour = RwSignal::new(None::<Colour>);
    let glass = StoredValue::new_local(Glass::new());
    let hover = Callback::new(move |at: (i64, i64)| {
        colour.set(glass.with_value(|glass| mosaic.colour(glass.as_ref()?, at)));
    });
    let said = move || {
        let fault = fault.get();
        match mosaic.here.with(BTreeMap::is_empty) {
            false => None,
            true if fault.is_empty() => Some("The picture is on its way".to_owned()),
            true => Some(fault),
        }
    };
    let lacking = move || {
        let lacks = mosaic.missing.with(|missing| !missing.is_empty()) && said().is_none();
        lacks.then(|| view! { <output>"Parts of it are not in this browser, and nobody can be asked for them now"</output> })
    };
    let (saved, name) = (unread(desk, &file), file.name.clone());
    view! {
        <Tools ground><ColourOut colour/>{lacking}</Tools>
        {move || said().map(|text| view! { <p class="empty" role="status">{text}</p> })}
        <div class="fill">
            <Surface ground hover>
                <div class="medium tiles" role="img" aria-label=name>
                    <For each=move || shown.get() key=|(tile, _)| *tile let((tile, url))>
                        <Sheet mosaic tile url/>
                    </For>
                </div>
            </Surface>
        </div>
        <FileBar file shown=saved/>
    }
}

/// One tile in its place.
#[component]
fn Sheet(mosaic: Mosaic, tile: Tile, url: String) -> impl IntoView {
    let place =
        mosaic.card.with_untracked(|card| card.as_ref().and_then(|c| c.place(tile))).unwrap_or_default();
    let [left, top, width, height] = place.map(|length| format!("{length:.3}px"));
    view! {
        <img class="tile" src=url alt="" draggable="false" data-tile=name(tile)
            style:left=left style:top=top style:width=width style:height=height/>
    }
}
