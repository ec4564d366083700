//! The frame around every screen.

use leptos::ev;
use leptos::prelude::*;
use proofroom_web_wire::Who;

use crate::badge::SyncBadge;
use crate::board::BoardScreen;
use crate::engine;
use crate::review::ReviewScreen;
use crate::route::Route;
use crate::state::State;
use crate::welcome::{Home, Unlock, Welcome};

/// The whole page.
#[component]
pub(crate) fn Shell() -> impl IntoView {
    let state = State::new();
    provide_context(state);
    if let Err(fault) = engine::start(move |notice| state.notice(notice)) {
        state.broken.set(Some(fault));
    }
    let moved = window_event_listener(ev::hashchange, move |_| state.route.set(Route::here()));
    on_cleanup(move || moved.remove());
    view! {
        <a class="skip" href="#main">"Skip to the work"</a>
        <Bar/>
        <main id="main" tabindex="-1">{move || screen(state)}</main>
        <div class="toast" role="status" class:shown=move || state.said.with(|s| !s.is_empty())>
            {move || state.said.get()}
        </div>
    }
}

fn screen(state: State) -> AnyView {
    if let Some(fault) = state.broken.get() {
        return view! {
            <section class="sheet" role="alert">
                <h1>"This cannot go on"</h1>
                <p>{fault.what}</p>
                <p class="hint">{fault.hint}</p>
            </section>
        }
        .into_any();
    }
    let who = state.start.with(|start| start.as_ref().map(|s| s.who.clone()));
    match (who, state.route.get()) {
        (None, _) => view! { <p class="waiting" role="status">"Opening your work"</p> }.into_any(),
        (Some(Who::Locked), _) => view! { <Unlock/> }.into_any(),
        (Some(Who::Nobody), route) => view! { <Welcome link=link_of(&route)/> }.into_any(),
        (Some(Who::Person { .. }), Route::Home) => view! { <Home link=String::new()/> }.into_any(),
        (Some(Who::Person { .. }), Route::Join(link)) => view! { <Home link=link/> }.into_any(),
        (Some(Who::Person { .. }), Route::Board(id)) => view! { <BoardScreen workspace=id/> }.into_any(),
        (Some(Who::Person { .. }), Route::Review(id, asset)) => {
            view! { <ReviewScreen workspace=id asset=asset/> }.into_any()
        }
    }
}

fn link_of(route: &Route) -> String {
    match route {
        Route::Join(link) => link.clone(),
        _ => String::new(),
    }
}

/// The bar at the top: where one is, who one is, and whether all is sent.
#[component]
fn Bar() -> impl IntoView {
    let state = State::here();
    let place = Memo::new(move |_| match state.route.get() {
        Route::Board(workspace) | Route::Review(workspace, _) => Some(workspace),
        Route::Home | Route::Join(_) => None,
    });
    let name = move || {
        let id = place.get()?;
        state.start.with(|start| {
            let known = start.as_ref()?.workspaces.iter().find(|w| w.id == id)?;
            Some(if known.name.is_empty() { "Workspace".to_owned() } else { known.name.clone() })
        })
    };
    let me = move || {
        state.start.with(|start| match start.as_ref().map(|s| &s.who) {
            Some(Who::Person { name, organisation, .. }) if organisation.is_empty() => name.clone(),
            Some(Who::Person { name, organisation, .. }) => format!("{name}, {organisation}"),
            _ => String::new(),
        })
    };
    view! {
        <header class="bar">
            <a class="mark" href="#/">"Proofroom"</a>
            {move || place.get().map(|id| view! {
                <a class="crumb" href=Route::Board(id).href()>{move || name().unwrap_or_else(|| "Workspace".into())}</a>
            })}
            <span class="grow"></span>
            {move || place.get().map(|id| view! { <SyncBadge workspace=id/> })}
            <span class="me">{me}</span>
        </header>
    }
}
