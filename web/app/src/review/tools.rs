//! The tool bar of a ground: zoom, and what is drawn with.

use leptos::prelude::*;

use super::Desk;
use super::shape::{Shape, Tool};
use super::surface::{Ground, ratio};

/// Zoom, drawing tools, and what else a medium has.
#[component]
pub(crate) fn Tools(ground: Ground, #[prop(optional)] children: Option<Children>) -> impl IntoView {
    view! {
        <div class="tools" role="toolbar" aria-label="Stage">
            <Zoom ground/>
            <span class="divide" aria-hidden="true"></span>
            <Drawing/>
            {children.map(|children| children())}
        </div>
    }
}

/// Zoom buttons and what the zoom is.
#[component]
pub(crate) fn Zoom(ground: Ground) -> impl IntoView {
    let desk: Desk = expect_context();
    desk.ground.set(Some(ground));
    view! {
        <button class="icon" on:click=move |_| ground.zoom(1.0 / 1.25, None) aria-label="Zoom out" title="Zoom out (−)">"−"</button>
        <output aria-label="Zoom">{move || format!("{:.0} %", ground.look.get().zoom * ratio() * 100.0)}</output>
        <button class="icon" on:click=move |_| ground.zoom(1.25, None) aria-label="Zoom in" title="Zoom in (+)">"+"</button>
        <button on:click=move |_| ground.fit() title="All of it (0)">"Fit"</button>
        <button on:click=move |_| ground.actual() title="One pixel on one (Shift+1)">"100 %"</button>
    }
}

/// The drawing tools. One is chosen, then pressed and dragged, or clicked twice; the last button
/// places it by keys.
#[component]
pub(crate) fn Drawing() -> impl IntoView {
    let desk: Desk = expect_context();
    let last = RwSignal::new(Tool::Rect);
    let choose = move |tool: Tool| {
        last.set(tool);
        desk.shape.set(None);
        desk.tool.update(|now| *now = if *now == Some(tool) { None } else { Some(tool) });
    };
    let place = move |_| {
        desk.tool.set(None);
        desk.shape.set(Some(Shape::middle(last.get_untracked())));
        // It is on the page once this turn is over.
        gloo_timers::callback::Timeout::new(0, || super::rail::focus("draft")).forget();
    };
    view! {
        {Tool::ALL.map(|tool| view! {
            <button class="icon" aria-pressed=move || (desk.tool.get() == Some(tool)).to_string() aria-label=tool.name()
                title=tool.name() on:click=move |_| choose(tool)>
                <svg viewBox="0 0 16 16" aria-hidden="true"><path d=tool.icon()></path></svg>
            </button>
        }).collect_view()}
        <button on:click=place title="Arrow keys move it, Shift and arrow keys grow it">"Place by keys"</button>
    }
}
