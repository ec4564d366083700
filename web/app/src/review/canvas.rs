//! A picture: zoom, pan, pins, and drawing a place.
//!
//! Geometry is in parts per million of the picture, so pins are placed by percent
//! and stay where they are at any zoom.

use leptos::ev::{KeyboardEvent, PointerEvent, WheelEvent};
use leptos::html::Div;
use leptos::prelude::*;
use proofroom_web_wire::{CommentCard, FileCard, Place};

use super::Desk;
use super::file::{Shown, open};
use crate::words::label;

const PPM: f64 = 1_000_000.0;
const ZOOM_MIN: f64 = 0.05;
const ZOOM_MAX: f64 = 32.0;
/// How far an arrow key moves or grows a region.
const STEP: u32 = 10_000;

/// How the picture lies under the eye.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Look {
    zoom: f64,
    x: f64,
    y: f64,
}

const FIT: Look = Look { zoom: 1.0, x: 0.0, y: 0.0 };

/// A picture with its comments.
#[component]
pub(crate) fn Canvas(file: FileCard) -> impl IntoView {
    let desk: Desk = expect_context();
    let shown = open(desk, &file);
    let look = RwSignal::new(FIT);
    let frame = NodeRef::<Div>::new();
    let from = RwSignal::new(None::<(f64, f64)>);
    let grabbed = RwSignal::new(None::<(f64, f64)>);
    let down = move |event: PointerEvent| {
        if event.button() != 0 {
            return;
        }
        if desk.drawing.get_untracked() {
            from.set(point(frame, &event));
        } else {
            grabbed.set(Some((f64::from(event.client_x()), f64::from(event.client_y()))));
        }
    };
    let moved = move |event: PointerEvent| {
        if let (Some(a), Some(b)) = (from.get_untracked(), point(frame, &event)) {
            desk.place.set(Place { region: Some(region(a, b)), ..Place::default() });
        } else if let Some((x, y)) = grabbed.get_untracked() {
            let (nx, ny) = (f64::from(event.client_x()), f64::from(event.client_y()));
            look.update(|l| (l.x, l.y) = (l.x + nx - x, l.y + ny - y));
            grabbed.set(Some((nx, ny)));
        }
    };
    let up = move |_: PointerEvent| {
        grabbed.set(None);
        if from.get_untracked().is_some() {
            from.set(None);
            desk.drawing.set(false);
            super::rail::write();
        }
    };
    let wheel = move |event: WheelEvent| {
        event.prevent_default();
        zoom(look, if event.delta_y() < 0.0 { 1.15 } else { 1.0 / 1.15 });
    };
    let picture = move || match shown.get() {
        Shown::Opening => view! { <p class="empty" role="status">"The picture is on its way"</p> }.into_any(),
        Shown::Fault(text) => view! { <p class="problem" role="alert">{text}</p> }.into_any(),
        Shown::At(url) => view! { <img src=url alt=file.name.clone() draggable="false"/> }.into_any(),
    };
    view! {
        <Tools look/>
        <div class="canvas" class:drawing=move || desk.drawing.get()
            on:pointerdown=down on:pointermove=moved on:pointerup=up on:pointerleave=up on:wheel=wheel>
            <div class="sheet-of-paper" node_ref=frame
                style:transform=move || { let l = look.get(); format!("translate({}px, {}px) scale({})", l.x, l.y, l.zoom) }>
                {picture}
                <Pins look/>
                <Draft/>
            </div>
        </div>
    }
}

fn zoom(look: RwSignal<Look>, by: f64) {
    look.update(|l| l.zoom = (l.zoom * by).clamp(ZOOM_MIN, ZOOM_MAX));
}

/// Where a pointer is in the picture, from 0 to 1; nothing outside of it.
fn point(frame: NodeRef<Div>, event: &PointerEvent) -> Option<(f64, f64)> {
    let rect = frame.get_untracked()?.get_bounding_client_rect();
    let x = (f64::from(event.client_x()) - rect.left()) / rect.width();
    let y = (f64::from(event.client_y()) - rect.top()) / rect.height();
    Some((x.clamp(0.0, 1.0), y.clamp(0.0, 1.0)))
}

/// The rectangle between two points, at least a hundredth wide and high.
fn region(a: (f64, f64), b: (f64, f64)) -> [u32; 4] {
    let span = |a: f64, b: f64| {
        let (low, high) = (a.min(b), a.max(b).max(a.min(b) + 0.01));
        let low = low.min(0.99);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and a million"
        )]
        let ppm = ((low * PPM) as u32, ((high.min(1.0) - low) * PPM) as u32);
        ppm
    };
    let ((x, w), (y, h)) = (span(a.0, b.0), span(a.1, b.1));
    [x, y, w, h]
}

#[component]
fn Tools(look: RwSignal<Look>) -> impl IntoView {
    let desk: Desk = expect_context();
    // Every drag has a way by keys: a region that arrow keys move and grow.
    let place = move |_| {
        desk.place.set(Place { region: Some([450_000, 450_000, 100_000, 100_000]), ..Place::default() });
        // It is on the page once this turn is over.
        gloo_timers::callback::Timeout::new(0, || super::rail::focus("draft")).forget();
    };
    view! {
        <div class="tools" role="toolbar" aria-label="Picture">
            <button on:click=move |_| zoom(look, 1.0 / 1.25) aria-label="Zoom out">"−"</button>
            <output>{move || format!("{:.0} %", look.get().zoom * 100.0)}</output>
            <button on:click=move |_| zoom(look, 1.25) aria-label="Zoom in">"+"</button>
            <button on:click=move |_| look.set(FIT)>"Fit"</button>
            <button aria-pressed=move || desk.drawing.get().to_string()
                on:click=move |_| desk.drawing.update(|d| *d = !*d)>"Draw a region"</button>
            <button on:click=place>"Place a region by keys"</button>
        </div>
    }
}

/// Percent of the picture.
fn percent(ppm: u32) -> String {
    format!("{:.4}%", f64::from(ppm) / 10_000.0)
}

/// The place that is being drawn; arrow keys move it, with Shift they grow it.
#[component]
fn Draft() -> impl IntoView {
    let desk: Desk = expect_context();
    let keys = move |event: KeyboardEvent| {
        let (dx, dy) = match event.key().as_str() {
            "ArrowLeft" => (-1_i64, 0_i64),
            "ArrowRight" => (1, 0),
            "ArrowUp" => (0, -1),
            "ArrowDown" => (0, 1),
            _ => return,
        };
        event.prevent_default();
        let grow = event.shift_key();
        desk.place.update(|place| {
            if let Some(r) = &mut place.region {
                let at = if grow { 2 } else { 0 };
                let room = |i: usize, r: &[u32; 4]| 1_000_000 - if grow { r[i] } else { r[i + 2] };
                let (wide, high) = (room(0, r), room(1, r));
                r[at] = shift(r[at], dx, wide, grow);
                r[at + 1] = shift(r[at + 1], dy, high, grow);
            }
        });
    };
    let side = move |i: usize| percent(desk.place.with(|p| p.region.map(|r| r[i])).unwrap_or_default());
    let here = Memo::new(move |_| desk.place.with(|p| p.region.is_some()));
    // Built once and moved after, so that it keeps the focus while keys move it.
    move || {
        here.get().then(|| {
            view! {
                <div class="region draft" id="draft" tabindex="0" role="group" on:keydown=keys
                    aria-label="New region: arrow keys move it, Shift and arrow keys grow it"
                    style:left=move || side(0) style:top=move || side(1)
                    style:width=move || side(2) style:height=move || side(3)></div>
            }
        })
    }
}

fn shift(from: u32, by: i64, most: u32, grow: bool) -> u32 {
    let least = if grow { i64::from(STEP) } else { 0 };
    let to = (i64::from(from) + by * i64::from(STEP)).clamp(least, i64::from(most).max(least));
    u32::try_from(to).unwrap_or(from)
}

/// Every comment that points into the picture, as a button in the order of the list.
#[component]
fn Pins(look: RwSignal<Look>) -> impl IntoView {
    let desk: Desk = expect_context();
    let pins =
        move || desk.threads().into_iter().enumerate().filter_map(|(i, c)| Some((i + 1, c.place.region?, c)));
    view! {
        {move || pins().map(|(n, region, comment)| view! { <Pin n region comment look/> }).collect_view()}
    }
}

#[component]
fn Pin(n: usize, region: [u32; 4], comment: CommentCard, look: RwSignal<Look>) -> impl IntoView {
    let desk: Desk = expect_context();
    let [x, y, w, h] = region;
    let (key, state) = (comment.key.clone(), comment.state.clone());
    let mine = key.clone();
    let chosen = Memo::new(move |_| desk.chosen.with(|c| *c == mine));
    let name = format!(
        "Comment {n} by {}, {}, {}",
        comment.author_name,
        whereabouts(x + w / 2, y + h / 2),
        label(&state)
    );
    view! {
        <div class="region" class:chosen=move || chosen.get() class:done=matches!(state.as_str(), "verified" | "wont_fix" | "addressed")
            style:left=percent(x) style:top=percent(y) style:width=percent(w) style:height=percent(h)>
            <button class="pin" aria-label=name on:click=move |_| desk.chosen.set(key.clone())
                on:pointerdown=|event| event.stop_propagation()
                style:transform=move || format!("translate(-50%, -50%) scale({})", 1.0 / look.get().zoom)>{n}</button>
        </div>
    }
}

/// A place in words.
fn whereabouts(x: u32, y: u32) -> &'static str {
    let third = |v: u32| v / 333_334;
    match (third(y), third(x)) {
        (0, 0) => "top left",
        (0, 1) => "top",
        (0, _) => "top right",
        (1, 0) => "left",
        (1, 1) => "centre",
        (1, _) => "right",
        (_, 0) => "bottom left",
        (_, 1) => "bottom",
        _ => "bottom right",
    }
}
