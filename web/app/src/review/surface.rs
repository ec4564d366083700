//! The ground that media lies on: zoom, pan, two fingers, and drawing.
//!
//! The paper has the medium's own size in CSS pixels and is moved and scaled as a whole, so a pan
//! touches one style. What must keep its size under zoom reads `--unzoom`, set once on the paper.

use std::collections::BTreeMap;

use leptos::ev::{PointerEvent, WheelEvent};
use leptos::html::Div;
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;

use super::Desk;
use super::marks::{Draft, Pins};
use super::shape::{PPM, Shape, Tool, whole};

const ZOOM_MAX: f64 = 32.0;
/// Beyond this zoom single pixels are told apart by lines.
const GRID_FROM: f64 = 8.0;
/// A press that moves less than this is a click, in CSS pixels.
const CLICK: f64 = 4.0;
/// What a wheel's step multiplies the zoom by.
const WHEEL: f64 = 1.0015;

/// How the paper lies: pixels of the screen per pixel of the medium, and where its corner is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Look {
    pub(crate) zoom: f64,
    pub(crate) x: f64,
    pub(crate) y: f64,
    /// Whether it follows the window: until somebody zooms.
    pub(crate) fit: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self { zoom: 1.0, x: 0.0, y: 0.0, fit: true }
    }
}

/// One ground: its look, the size of what lies on it, and the size of the window.
#[derive(Clone, Copy)]
pub(crate) struct Ground {
    pub(crate) look: RwSignal<Look>,
    /// Width and height of the medium; nothing until it is known.
    pub(crate) size: RwSignal<Option<(f64, f64)>>,
    pub(crate) window: NodeRef<Div>,
    pub(crate) paper: NodeRef<Div>,
}

impl Ground {
    pub(crate) fn new() -> Self {
        Self::sharing(RwSignal::new(Look::default()))
    }

    /// Another ground that is looked at in the same way.
    pub(crate) fn sharing(look: RwSignal<Look>) -> Self {
        Self { look, size: RwSignal::new(None), window: NodeRef::new(), paper: NodeRef::new() }
    }

    /// Width and height of the window.
    pub(crate) fn room(self) -> Option<(f64, f64)> {
        let window = self.window.get_untracked()?;
        Some((f64::from(window.client_width()), f64::from(window.client_height())))
    }

    /// All of it, in the middle.
    pub(crate) fn fit(self) {
        let (Some((w, h)), Some((rw, rh))) = (self.size.get_untracked(), self.room()) else { return };
        let zoom = (rw / w).min(rh / h).min(8.0) * 0.97;
        self.centre(zoom, true);
    }

    /// One pixel of the medium on one of the screen.
    pub(crate) fn actual(self) {
        self.centre(1.0 / ratio(), false);
    }

    fn centre(self, zoom: f64, fit: bool) {
        let (Some((w, h)), Some((rw, rh))) = (self.size.get_untracked(), self.room()) else { return };
        self.look.set(Look { zoom, x: (rw - w * zoom) / 2.0, y: (rh - h * zoom) / 2.0, fit });
    }

    /// Zooms around a point of the window; the middle where none is named.
    pub(crate) fn zoom(self, by: f64, around: Option<(f64, f64)>) {
        let Some((rw, rh)) = self.room() else { return };
        let (px, py) = around.unwrap_or((rw / 2.0, rh / 2.0));
        let least = self.size.get_untracked().map_or(0.02, |(w, h)| (64.0 / w.max(h)).min(0.5));
        self.look.update(|l| {
            let zoom = (l.zoom * by).clamp(least, ZOOM_MAX);
            let k = zoom / l.zoom;
            *l = Look { zoom, x: px - (px - l.x) * k, y: py - (py - l.y) * k, fit: false };
        });
    }

    pub(crate) fn pan(self, dx: f64, dy: f64) {
        self.look.update(|l| (l.x, l.y, l.fit) = (l.x + dx, l.y + dy, false));
    }

    /// A point of the screen in parts per million of the medium.
    pub(crate) fn ppm(self, at: (f64, f64)) -> Option<(i64, i64)> {
        let rect = self.paper.get_untracked()?.get_bounding_client_rect();
        let part = |at: f64, from: f64, size: f64| whole((at - from) / size * PPM);
        Some((part(at.0, rect.left(), rect.width()), part(at.1, rect.top(), rect.height())))
    }
}

/// Screen pixels per CSS pixel.
pub(crate) fn ratio() -> f64 {
    web_sys::window().map_or(1.0, |w| w.device_pixel_ratio()).max(0.1)
}

/// What pointers are doing.
#[derive(Default)]
struct Hands {
    /// Where each pointer is.
    down: BTreeMap<i32, (f64, f64)>,
    /// How far the first one came.
    moved: f64,
    drawing: bool,
}

/// A ground with marks; `children` are the medium itself, of the ground's size.
#[component]
pub(crate) fn Surface(
    ground: Ground,
    /// Called with the point under a pointer that hovers, in parts per million.
    #[prop(optional)]
    hover: Option<Callback<(i64, i64)>>,
    /// Whether comments are shown and made here.
    #[prop(default = true)]
    marked: bool,
    children: Children,
) -> impl IntoView {
    let desk: Desk = expect_context();
    let hands = StoredValue::new_local(Hands::default());
    let held = RwSignal::new(false);
    follow_window(ground);
    let down = move |event: PointerEvent| {
        if event.button() > 1 {
            return;
        }
        if let Some(window) = ground.window.get_untracked() {
            // A pointer that ended meanwhile is not captured.
            let _captured = window.set_pointer_capture(event.pointer_id());
        }
        press(desk, ground, hands, &event, marked);
        held.set(true);
    };
    let moved = move |event: PointerEvent| {
        drag(desk, ground, hands, &event);
        if let (Some(hover), Some(at)) = (hover, ground.ppm(point(&event))) {
            hover.run(at);
        }
    };
    let up = move |event: PointerEvent| {
        release(desk, ground, hands, &event, marked);
        held.set(hands.with_value(|h| !h.down.is_empty()));
    };
    let wheel = move |event: WheelEvent| {
        event.prevent_default();
        let Some(window) = ground.window.get_untracked() else { return };
        let rect = window.get_bounding_client_rect();
        let at = (f64::from(event.client_x()) - rect.left(), f64::from(event.client_y()) - rect.top());
        // Trackpads scroll in both directions; a wheel, and two fingers that pinch, zoom.
        if event.ctrl_key() || event.delta_mode() != 0 || event.delta_y().abs() >= 50.0 {
            ground.zoom(WHEEL.powf(-event.delta_y() * if event.ctrl_key() { 6.0 } else { 1.0 }), Some(at));
        } else {
            ground.pan(-event.delta_x(), -event.delta_y());
        }
    };
    let transform = move || {
        let l = ground.look.get();
        format!("translate({:.2}px, {:.2}px) scale({:.6})", l.x, l.y, l.zoom)
    };
    let zoom = Memo::new(move |_| ground.look.get().zoom);
    let unzoom = move || format!("{:.6}", 1.0 / zoom.get());
    let side = move |of: fn((f64, f64)) -> f64| move || ground.size.get().map(|s| format!("{:.0}px", of(s)));
    let magnified = move || zoom.get() * ratio() >= 2.0;
    view! {
        <div class="canvas" class:drawing=move || marked && desk.tool.get().is_some() class:held=move || held.get() node_ref=ground.window
            on:pointerdown=down on:pointermove=moved on:pointerup=up on:pointercancel=up on:wheel=wheel>
            <div class="paper" class:magnified=magnified node_ref=ground.paper
                style:transform=transform style=("--unzoom", unzoom) style:width=side(|s| s.0) style:height=side(|s| s.1)>
                {children()}
                {marked.then(|| view! { <Pins/><Draft ground/> })}
            </div>
            <Grid ground/>
        </div>
    }
}

/// Lines between pixels, once they are large.
#[component]
fn Grid(ground: Ground) -> impl IntoView {
    move || {
        let l = ground.look.get();
        let (w, h) = ground.size.get().filter(|_| l.zoom >= GRID_FROM)?;
        Some(view! {
            <div class="pixels" aria-hidden="true" style:transform=format!("translate({:.2}px, {:.2}px)", l.x, l.y)
                style:width=format!("{:.2}px", w * l.zoom) style:height=format!("{:.2}px", h * l.zoom)
                style:background-size=format!("{0:.4}px {0:.4}px", l.zoom)></div>
        })
    }
}

/// The medium fits its window, also when that changes, until somebody zooms.
fn follow_window(ground: Ground) {
    Effect::new(move |_| {
        if ground.size.get().is_some() && ground.window.get().is_some() && ground.look.get_untracked().fit {
            ground.fit();
        }
    });
    let heard = window_event_listener(leptos::ev::resize, move |_| {
        if ground.look.get_untracked().fit {
            ground.fit();
        }
    });
    on_cleanup(move || heard.remove());
}

fn point(event: &PointerEvent) -> (f64, f64) {
    (f64::from(event.client_x()), f64::from(event.client_y()))
}

fn press(
    desk: Desk,
    ground: Ground,
    hands: StoredValue<Hands, LocalStorage>,
    event: &PointerEvent,
    marked: bool,
) {
    let tool = desk.tool.get_untracked().filter(|_| marked && event.button() == 0);
    hands.update_value(|h| {
        h.down.insert(event.pointer_id(), point(event));
        match (h.down.len(), tool) {
            (1, Some(tool)) => {
                h.moved = 0.0;
                // The second click of two ends what the first began.
                let open = h.drawing;
                h.drawing = true;
                if let Some(at) = ground.ppm(point(event)).filter(|_| !open) {
                    desk.shape.set(Some(Shape::begin(tool, at)));
                }
            }
            (1, None) => h.moved = 0.0,
            // A second finger: what was begun was none.
            _ if h.drawing => {
                h.drawing = false;
                desk.shape.set(None);
            }
            _ => {}
        }
    });
}

fn drag(desk: Desk, ground: Ground, hands: StoredValue<Hands, LocalStorage>, event: &PointerEvent) {
    let (id, to) = (event.pointer_id(), point(event));
    let (from, others, drawing) = hands.with_value(|h| (h.down.get(&id).copied(), h.down.clone(), h.drawing));
    if drawing && let Some(at) = ground.ppm(to) {
        desk.shape.update(|shape| {
            if let Some(shape) = shape {
                shape.extend(at);
            }
        });
    }
    let Some(from) = from else { return };
    hands.update_value(|h| {
        h.moved += (to.0 - from.0).hypot(to.1 - from.1);
        h.down.insert(id, to);
    });
    if drawing {
        return;
    }
    match others.iter().find(|(other, _)| **other != id) {
        None => ground.pan(to.0 - from.0, to.1 - from.1),
        Some((_, still)) => pinch(ground, *still, from, to),
    }
}

/// Two fingers: one rests, the other moves.
fn pinch(ground: Ground, still: (f64, f64), from: (f64, f64), to: (f64, f64)) {
    let Some(window) = ground.window.get_untracked() else { return };
    let rect = window.get_bounding_client_rect();
    let apart = |p: (f64, f64)| (p.0 - still.0).hypot(p.1 - still.1).max(1.0);
    let middle = (f64::midpoint(still.0, to.0) - rect.left(), f64::midpoint(still.1, to.1) - rect.top());
    ground.zoom(apart(to) / apart(from), Some(middle));
    ground.pan((to.0 - from.0) / 2.0, (to.1 - from.1) / 2.0);
}

fn release(
    desk: Desk,
    ground: Ground,
    hands: StoredValue<Hands, LocalStorage>,
    event: &PointerEvent,
    marked: bool,
) {
    let (alone, moved, drawing) = hands
        .try_update_value(|h| {
            h.down.remove(&event.pointer_id());
            (h.down.is_empty(), h.moved, h.drawing)
        })
        .unwrap_or((true, 0.0, false));
    if !alone || !marked {
        return;
    }
    let tap = event.pointer_type() == "touch" && moved < CLICK && desk.tool.get_untracked().is_none();
    if tap && let Some(at) = ground.ppm(point(event)) {
        let inside = |v: i64| (0..=1_000_000).contains(&v);
        if inside(at.0) && inside(at.1) {
            desk.shape.set(Some(Shape::begin(Tool::Pin, at)));
            super::rail::write();
        }
        return;
    }
    if !drawing {
        return;
    }
    let something = desk.shape.with_untracked(|s| s.as_ref().is_some_and(Shape::is_something));
    // A click without a drag: the next click ends the shape.
    if something || moved >= CLICK {
        hands.update_value(|h| h.drawing = false);
        desk.tool.set(None);
        super::rail::write();
    }
}

/// Fills the window of a medium once its own size is known.
pub(crate) fn image_size(ground: Ground, image: &web_sys::HtmlImageElement) {
    let size = (f64::from(image.natural_width()), f64::from(image.natural_height()));
    // An SVG may have no size of its own.
    ground.size.set(Some(if size.0 < 1.0 || size.1 < 1.0 { (1_000.0, 1_000.0) } else { size }));
}

/// The element that an event came to.
pub(crate) fn target<T: wasm_bindgen::JsCast>(event: &web_sys::Event) -> Option<T> {
    event.target().and_then(|t| t.dyn_into().ok())
}
