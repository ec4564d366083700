//! What comments point at, drawn over the medium; and the shape of the next one.

use std::sync::Arc;

use leptos::ev::{KeyboardEvent, PointerEvent};
use leptos::prelude::*;
use proofroom_web_wire::Place;

use super::Desk;
use super::desk::Thread;
use super::shape::{STEP, Shape, drawn, percent, pin_of, whereabouts};
use super::surface::Ground;
use crate::words::label;

/// Whether a place is on the stage now: at this frame, on this page.
pub(crate) fn is_now(place: &Place, now: &Place) -> bool {
    let frame = match (place.frames, now.frames) {
        (Some([start, length]), Some([at, _])) => (start..start.saturating_add(length)).contains(&at),
        _ => true,
    };
    let page = match (place.page, now.page) {
        (Some(page), Some(now)) => page == now,
        _ => true,
    };
    frame && page
}

/// Every comment that points into the medium, as a button in the order of the list.
#[component]
pub(crate) fn Pins() -> impl IntoView {
    let desk: Desk = expect_context();
    let here = Memo::new(move |_| {
        let now = desk.now.get();
        desk.threads.with(|threads| {
            let placed =
                |t: &&Arc<Thread>| pin_of(&t.comment.place).is_some() && is_now(&t.comment.place, &now);
            threads.iter().filter(placed).cloned().collect::<Vec<_>>()
        })
    });
    let key = |t: &Arc<Thread>| (t.n, t.comment.key.clone(), t.comment.state.clone());
    view! {
        <svg class="marks" viewBox="0 0 1000000 1000000" preserveAspectRatio="none" aria-hidden="true">
            <For each=move || here.get() key=key let:thread><Mark thread/></For>
        </svg>
        <For each=move || here.get() key=key let:thread><Pin thread/></For>
    }
}

#[component]
fn Mark(thread: Arc<Thread>) -> impl IntoView {
    let desk: Desk = expect_context();
    let key = thread.comment.key.clone();
    let chosen = Memo::new(move |_| desk.chosen.with(|c| *c == key));
    let done = !thread.is_open();
    drawn(&thread.comment.place).map(|d| {
        // Dark under light, so that it is seen on any picture.
        view! { <path class="under" d=d.clone()></path><path d=d class:chosen=move || chosen.get() class:done=done></path> }
    })
}

#[component]
fn Pin(thread: Arc<Thread>) -> impl IntoView {
    let desk: Desk = expect_context();
    let (x, y) = pin_of(&thread.comment.place).unwrap_or_default();
    let key = thread.comment.key.clone();
    let chosen = Memo::new(move |_| desk.chosen.with(|c| *c == key));
    let comment = &thread.comment;
    let team = if comment.team { ", team only" } else { "" };
    let name = format!(
        "Comment {} by {}, {}, {}{team}",
        thread.n,
        comment.author_name,
        whereabouts(&comment.place),
        label(&comment.state)
    );
    let (n, done, blocker, team) = (thread.n, !thread.is_open(), comment.label == "blocker", comment.team);
    view! {
        <button class="pin" class:chosen=move || chosen.get() class:done=done class:blocker=blocker class:team=team aria-label=name
            style:left=percent(x) style:top=percent(y)
            on:click=move |_| desk.choose(&thread.comment)
            on:pointerdown=|event| event.stop_propagation()>{n}</button>
    }
}

/// The shape that is being drawn; arrow keys move it, with Shift they grow it.
#[component]
pub(crate) fn Draft(ground: Ground) -> impl IntoView {
    let desk: Desk = expect_context();
    let keys = move |event: KeyboardEvent| {
        let step = if event.alt_key() { STEP / 10 } else { STEP };
        let by = match event.key().as_str() {
            "ArrowLeft" => (-step, 0),
            "ArrowRight" => (step, 0),
            "ArrowUp" => (0, -step),
            "ArrowDown" => (0, step),
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        let grow = event.shift_key();
        desk.shape.update(|shape| {
            if let Some(shape) = shape {
                if grow { shape.grow(by) } else { shape.shift(by) }
            }
        });
    };
    let bounds = move |of: fn(&Shape) -> (i64, i64)| {
        desk.shape.with(|s| s.as_ref().map(of)).map(|(from, to)| (from, (to - from).max(1)))
    };
    let at = |value: i64| percent(u32::try_from(value).unwrap_or(0));
    let left = move || bounds(|s| (s.bounds().0, s.bounds().2)).map(|b| at(b.0));
    let width = move || bounds(|s| (s.bounds().0, s.bounds().2)).map(|b| at(b.1));
    let top = move || bounds(|s| (s.bounds().1, s.bounds().3)).map(|b| at(b.0));
    let height = move || bounds(|s| (s.bounds().1, s.bounds().3)).map(|b| at(b.1));
    let path = move || desk.shape.with(|s| s.as_ref().map(Shape::path).unwrap_or_default());
    let here = Memo::new(move |_| desk.shape.with(Option::is_some));
    // Built once and moved after, so that it keeps the focus while keys move it.
    move || {
        here.get().then(|| {
            view! {
                <svg class="marks draft" viewBox="0 0 1000000 1000000" preserveAspectRatio="none" aria-hidden="true">
                    <path class="under" d=path></path><path d=path></path>
                </svg>
                <div class="hold" id="draft" tabindex="0" role="group" on:keydown=keys
                    aria-label="New mark: arrow keys move it, Shift and arrow keys grow it, C writes the comment"
                    style:left=left style:top=top style:width=width style:height=height>
                </div>
                <Handle ground/>
            }
        })
    }
}

/// Takes hold of a shape's last point.
#[component]
fn Handle(ground: Ground) -> impl IntoView {
    let desk: Desk = expect_context();
    let held = RwSignal::new(false);
    let last = move |of: fn((i64, i64)) -> i64| {
        move || desk.shape.with(|s| s.as_ref().map(|s| percent(u32::try_from(of(s.last())).unwrap_or(0))))
    };
    let down = move |event: PointerEvent| {
        event.stop_propagation();
        if let Some(handle) = super::surface::target::<web_sys::Element>(&event) {
            // A pointer that ended meanwhile is not captured.
            let _captured = handle.set_pointer_capture(event.pointer_id());
        }
        held.set(true);
    };
    let moved = move |event: PointerEvent| {
        event.stop_propagation();
        let to = ground.ppm((f64::from(event.client_x()), f64::from(event.client_y())));
        if let (true, Some(to)) = (held.get_untracked(), to) {
            desk.shape.update(|shape| {
                if let Some(shape) = shape {
                    let at = shape.last();
                    shape.grow((to.0 - at.0, to.1 - at.1));
                }
            });
        }
    };
    view! {
        <div class="handle" aria-hidden="true" style:left=last(|p| p.0) style:top=last(|p| p.1)
            on:pointerdown=down on:pointermove=moved on:pointerup=move |event| { event.stop_propagation(); held.set(false); }></div>
    }
}
