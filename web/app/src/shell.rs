//! The frame around every screen.

use leptos::ev;
use leptos::prelude::*;
use proofroom_web_wire::{Ask, Link, Who};

use crate::asset::AssetPage;
use crate::badge::SyncBadge;
use crate::board::BoardScreen;
use crate::engine;
use crate::home::Home;
use crate::link::{LinkScreen, NewDevice};
use crate::people::PeopleScreen;
use crate::request::{NewRequest, RequestPage};
use crate::requests::RequestsScreen;
use crate::review::ReviewScreen;
use crate::route::Route;
use crate::settings::SettingsScreen;
use crate::state::State;
use crate::trail::TrailPage;
use crate::update;
use crate::welcome::{Lost, Unlock, Welcome};
use crate::{page, store};

/// The whole page.
#[component]
pub(crate) fn Shell() -> impl IntoView {
    page::apply_theme();
    let state = State::new();
    provide_context(state);
    if let Err(fault) = engine::start(move |notice| state.notice(notice)) {
        state.broken.set(Some(fault));
    }
    let moved = window_event_listener(ev::hashchange, move |_| {
        state.route.set(Route::here());
        page::focus("main");
        page::scroll_to_top();
    });
    on_cleanup(move || moved.remove());
    let newer = update::watch();
    titles(state);
    // What is known of workspaces changes while somebody types: only who is here makes another screen.
    let who = Memo::new(move |_| state.start.with(|start| start.as_ref().map(|s| Here::of(&s.who))));
    view! {
        <a class="skip" href="#main" on:click=|event| { event.prevent_default(); page::focus("main"); }>"Skip to the work"</a>
        <Bar/>
        <Show when=move || newer.get()>
            <p class="strip" role="status">
                <span>"A new version of the app is here. What you wrote is kept."</span>
                <button on:click=|_| update::take()>"Reload"</button>
            </p>
        </Show>
        <Trouble/>
        <main id="main" tabindex="-1">{move || screen(state, who.get())}</main>
        <div class="toast" role="status" class:shown=move || state.said.with(|s| !s.is_empty())>
            {move || state.said.get()}
        </div>
    }
}

/// The title of the page: the review screen sets its own.
fn titles(state: State) {
    Effect::new(move |_| {
        let title = match state.route.get() {
            Route::Review(..) => return,
            Route::Home | Route::Join(_) => "Proofroom",
            Route::Link(_) => "Link a device · Proofroom",
            Route::Settings => "Settings · Proofroom",
            Route::Board(_) => "Board · Proofroom",
            Route::Requests(_) => "Requests · Proofroom",
            Route::NewRequest(_) => "New request · Proofroom",
            Route::Request(..) => "Brief · Proofroom",
            Route::People(_) => "People · Proofroom",
            Route::Asset(..) => "Asset · Proofroom",
            Route::Trail(..) => "Audit trail · Proofroom",
        };
        page::set_title(title);
    });
}

/// Who is here, as far as it decides which screen is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Here {
    Nobody,
    Locked,
    Person,
}

impl Here {
    fn of(who: &Who) -> Self {
        match who {
            Who::Nobody => Self::Nobody,
            Who::Locked => Self::Locked,
            Who::Person { .. } => Self::Person,
        }
    }
}

fn screen(state: State, who: Option<Here>) -> AnyView {
    if let Some(fault) = state.broken.get() {
        return view! {
            <section class="sheet" role="alert">
                <h1>"This cannot go on"</h1>
                <p>{fault.what}</p>
                <p class="hint">{fault.hint}</p>
                <button on:click=|_| page::reload()>"Reload"</button>
            </section>
        }
        .into_any();
    }
    match (who, state.route.get()) {
        (None, _) => view! { <p class="waiting" role="status">"Opening your work"</p> }.into_any(),
        (Some(Here::Locked), _) => view! { <Unlock/> }.into_any(),
        (Some(Here::Nobody), Route::Link(code)) => view! { <NewDevice code/> }.into_any(),
        (Some(Here::Nobody), route) => match store::somebody_was_here() {
            Some(name) => view! { <Lost name link=link_of(&route)/> }.into_any(),
            None => view! { <Welcome link=link_of(&route)/> }.into_any(),
        },
        (Some(Here::Person), route) => shown(route),
    }
}

fn shown(route: Route) -> AnyView {
    match route {
        Route::Home => view! { <Home link=String::new()/> }.into_any(),
        Route::Join(link) => view! { <Home link=link/> }.into_any(),
        Route::Link(code) => view! { <LinkScreen code/> }.into_any(),
        Route::Settings => view! { <SettingsScreen/> }.into_any(),
        Route::Board(id) => view! { <BoardScreen workspace=id/> }.into_any(),
        Route::Requests(id) => view! { <RequestsScreen workspace=id/> }.into_any(),
        Route::NewRequest(id) => view! { <NewRequest workspace=id/> }.into_any(),
        Route::Request(id, key) => view! { <RequestPage workspace=id request=key/> }.into_any(),
        Route::People(id) => view! { <PeopleScreen workspace=id/> }.into_any(),
        Route::Review(id, asset) => {
            engine::ask(Ask::Opened { workspace: id.clone(), asset: asset.clone() }, |_| {});
            view! { <ReviewScreen workspace=id asset=asset/> }.into_any()
        }
        Route::Asset(id, asset) => view! { <AssetPage workspace=id asset=asset/> }.into_any(),
        Route::Trail(id, asset) => view! { <TrailPage workspace=id asset=asset/> }.into_any(),
    }
}

fn link_of(route: &Route) -> String {
    match route {
        Route::Join(link) => link.clone(),
        _ => String::new(),
    }
}

/// The workspace that is on the screen.
fn here(state: State) -> Memo<Option<String>> {
    Memo::new(move |_| state.route.with(|route| route.workspace().map(str::to_owned)))
}

/// The bar at the top: where one is, who one is, and whether all is sent.
#[component]
fn Bar() -> impl IntoView {
    let state = State::here();
    let place = here(state);
    let name = move || {
        let id = place.get()?;
        state.start.with(|start| {
            let known = start.as_ref()?.workspaces.iter().find(|w| w.id == id)?;
            Some(if known.name.is_empty() { "Workspace".to_owned() } else { known.name.clone() })
        })
    };
    let me = move || {
        state.start.with(|start| match start.as_ref().map(|s| &s.who) {
            Some(Who::Person { name, .. }) => Some(name.clone()),
            _ => None,
        })
    };
    view! {
        <header class="bar">
            <a class="mark" href="#/" aria-label="Proofroom, start">
                <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
                    <rect x="2.5" y="3.5" width="19" height="17" rx="4" fill="none" stroke="currentColor" stroke-width="2"/>
                    <path d="M7.5 12.5l3 3 6-7" fill="none" stroke="var(--accent)" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round"/>
                </svg>
                <span class="wide">"Proofroom"</span>
            </a>
            {move || place.get().map(|id| view! {
                <a class="crumb" href=Route::Board(id.clone()).href()>{move || name().unwrap_or_else(|| "Workspace".into())}</a>
                <Tabs workspace=id/>
            })}
            <span class="grow"></span>
            {move || place.get().map(|id| view! { <SyncBadge workspace=id/> })}
            {move || me().map(|name| view! {
                <a class="me" href=Route::Settings.href() title="Settings" aria-label=format!("{name}, settings")>
                    <span class="initials" aria-hidden="true" data-initials=initials(&name)></span>
                    <span class="wide">{name.clone()}</span>
                </a>
            })}
        </header>
    }
}

fn initials(name: &str) -> String {
    let first = |word: &str| word.chars().next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let words: Vec<&str> = name.split_whitespace().collect();
    match words.as_slice() {
        [] => "?".into(),
        [one] => first(one),
        [one, .., last] => first(one) + &first(last),
    }
}

/// The screens of a workspace.
#[component]
fn Tabs(workspace: String) -> impl IntoView {
    let state = State::here();
    let tab = move |name: &'static str, route: Route, is: fn(&Route) -> bool| {
        view! {
            <a href=route.href() aria-current=move || state.route.with(is).then_some("page")>{name}</a>
        }
    };
    view! {
        <nav class="tabs" aria-label="Workspace">
            {tab("Board", Route::Board(workspace.clone()), |r| matches!(r, Route::Board(_)))}
            {tab("Requests", Route::Requests(workspace.clone()), |r| matches!(r, Route::Requests(_) | Route::Request(..) | Route::NewRequest(_)))}
            {tab("People", Route::People(workspace), |r| matches!(r, Route::People(_)))}
        </nav>
    }
}

/// What stands between a workspace and the others, said in words: it happened, this is safe, do that.
#[component]
fn Trouble() -> impl IntoView {
    let state = State::here();
    let place = here(state);
    let text = move || {
        let id = place.get()?;
        let badge = state.badges.with(|all| all.get(&id).cloned())?;
        let role = state.start.with(|s| {
            let known = s.as_ref()?.workspaces.iter().find(|w| w.id == id)?;
            Some(known.role.clone())
        });
        let removed = role.as_deref() == Some("removed") || badge.link == Link::Refused && badge.removed;
        match badge.link {
            _ if removed => Some((
                "You were removed from this workspace.".to_owned(),
                "What you had is still in this browser and can be read. What you write now counts only if an owner or \
                 producer adopts it: ask them for a new invite link."
                    .to_owned(),
            )),
            Link::Refused => Some((
                format!("The relay refuses: {}", badge.text),
                "What you wrote is kept in this browser. If you were removed or the link has expired, ask an owner or \
                 producer for a new one; else press the badge to try again."
                    .to_owned(),
            )),
            _ => None,
        }
    };
    view! {
        {move || text().map(|(what, hint)| view! {
            <p class="strip bad" role="alert"><strong>{what}</strong><span>{hint}</span></p>
        })}
    }
}
