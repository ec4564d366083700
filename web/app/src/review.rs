//! The review screen: canvas, comment rail, version switch, decision button.

mod canvas;
mod decide;
mod file;
mod rail;

use leptos::ev;
use leptos::prelude::*;
use proofroom_web_wire::{Ask, AssetScreen, CommentCard, Place, Reply, VersionCard};

use crate::engine;
use crate::state::{State, told};
use crate::welcome::Problem;
use crate::words::{count, label, tone};
use canvas::Canvas;
use decide::DecideDialog;
use file::FileView;
use rail::Rail;

/// What the parts of the screen share.
#[derive(Clone, Copy)]
pub(crate) struct Desk {
    /// The workspace.
    pub(crate) workspace: StoredValue<String>,
    /// The asset.
    pub(crate) asset: StoredValue<String>,
    /// What the engine shows.
    pub(crate) screen: RwSignal<Option<AssetScreen>>,
    /// The version that is looked at.
    pub(crate) version: RwSignal<String>,
    /// The comment that canvas and rail both show.
    pub(crate) chosen: RwSignal<String>,
    /// The place that the next comment points at.
    pub(crate) place: RwSignal<Place>,
    /// Whether pointing at the canvas makes a place.
    pub(crate) drawing: RwSignal<bool>,
    /// Whether the decision dialog is open.
    pub(crate) deciding: RwSignal<bool>,
}

impl Desk {
    /// The version that is looked at.
    pub(crate) fn shown(self) -> Option<VersionCard> {
        let hash = self.version.get();
        self.screen.with(|s| s.as_ref()?.versions.iter().find(|v| v.hash == hash).cloned())
    }

    /// The comments on it, replies left out.
    pub(crate) fn threads(self) -> Vec<CommentCard> {
        let hash = self.version.get();
        self.screen.with(|s| {
            let all = s.iter().flat_map(|s| &s.comments);
            all.filter(|c| c.version == hash && c.parent.is_none() && c.state != "withdrawn")
                .cloned()
                .collect()
        })
    }

    /// Goes to the next or previous comment.
    fn step(self, by: isize) {
        let threads = self.threads();
        let chosen = self.chosen.get_untracked();
        let at = threads.iter().position(|c| c.key == chosen);
        let n = threads.len().cast_signed();
        if n > 0 {
            let next = at.map_or(if by > 0 { 0 } else { n - 1 }, |at| (at.cast_signed() + by).rem_euclid(n));
            self.chosen.set(threads[next.cast_unsigned()].key.clone());
        }
    }
}

/// The review of one asset.
#[component]
pub(crate) fn ReviewScreen(workspace: String, asset: String) -> impl IntoView {
    let state = State::here();
    let fault = RwSignal::new(String::new());
    let desk = Desk {
        workspace: StoredValue::new(workspace.clone()),
        asset: StoredValue::new(asset.clone()),
        screen: RwSignal::new(None),
        version: RwSignal::new(String::new()),
        chosen: RwSignal::new(String::new()),
        place: RwSignal::new(Place::default()),
        drawing: RwSignal::new(false),
        deciding: RwSignal::new(false),
    };
    provide_context(desk);
    Effect::new(move |_| {
        state.news_of(&workspace);
        let ask = Ask::Asset { workspace: workspace.clone(), asset: asset.clone() };
        engine::ask(ask, move |reply| match reply {
            Reply::Asset(screen) => show(desk, *screen),
            Reply::Fault(f) => fault.set(told(&f)),
            _ => {}
        });
    });
    keys(desk);
    let title = move || {
        desk.screen
            .with(|s| s.as_ref().map(|s| format!("({}) {} · Proofroom", s.card.open_comments, s.card.name)))
    };
    Effect::new(move |_| {
        if let (Some(title), Some(document)) = (title(), web_sys::window().and_then(|w| w.document())) {
            document.set_title(&title);
        }
    });
    view! {
        <Problem fault/>
        <Show when=move || desk.screen.with(Option::is_some)>
            <div class="review">
                <Head/>
                <Stage/>
                <Rail/>
            </div>
            <DecideDialog/>
        </Show>
    }
}

/// Takes what the engine shows; a version that is being looked at stays on the screen.
fn show(desk: Desk, screen: AssetScreen) {
    // The screen may be gone by the time the answer comes.
    let Some(held) = desk.version.try_with_untracked(|v| screen.versions.iter().any(|card| card.hash == *v))
    else {
        return;
    };
    if !held {
        let current = screen.versions.iter().find(|v| v.current).or(screen.versions.first());
        desk.version.set(current.map(|v| v.hash.clone()).unwrap_or_default());
    }
    if desk.screen.with_untracked(|old| old.as_ref() != Some(&screen)) {
        desk.screen.set(Some(screen));
    }
}

/// Keys of the screen; none while somebody types.
fn keys(desk: Desk) {
    let heard = window_event_listener(ev::keydown, move |event| {
        let typing = web_sys::window()
            .and_then(|w| w.document())
            .and_then(|d| d.active_element())
            .is_some_and(|e| matches!(e.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT"));
        if typing || event.ctrl_key() || event.meta_key() || event.alt_key() || desk.deciding.get_untracked()
        {
            return;
        }
        match event.key().as_str() {
            "," => desk.step(-1),
            "." => desk.step(1),
            "d" => desk.drawing.update(|drawing| *drawing = !*drawing),
            "c" => rail::write(),
            "Escape" => {
                desk.drawing.set(false);
                desk.place.set(Place::default());
            }
            _ => return,
        }
        event.prevent_default();
    });
    on_cleanup(move || heard.remove());
}

/// Name, outcome, versions, and the way to a decision.
#[component]
fn Head() -> impl IntoView {
    let desk: Desk = expect_context();
    let card = move || desk.screen.with(|s| s.as_ref().map(|s| s.card.clone()).unwrap_or_default());
    let versions = move || desk.screen.with(|s| s.as_ref().map(|s| s.versions.clone()).unwrap_or_default());
    let may = move || desk.screen.with(|s| s.as_ref().is_some_and(|s| s.may_write && !s.versions.is_empty()));
    view! {
        <header class="head">
            <h1>{move || card().name}</h1>
            <span class=move || format!("chip {}", tone(&card().outcome)) data-testid="outcome">{move || label(&card().outcome)}</span>
            <label class="inline">"Version "
                <select
                    prop:value=move || desk.version.get()
                    on:change=move |event| desk.version.set(event_target_value(&event))
                >
                    {move || versions().into_iter().map(|v| {
                        let now = if v.current { ", current" } else { "" };
                        view! { <option value=v.hash.clone() selected=v.hash == desk.version.get_untracked()>{format!("{}{now}", v.label)}</option> }
                    }).collect_view()}
                </select>
            </label>
            <span class="grow"></span>
            <button class="primary" disabled=move || !may() on:click=move |_| desk.deciding.set(true)>"Decide"</button>
        </header>
        <Standing/>
    }
}

/// Where each reviewer stands, and what holds the review up.
#[component]
fn Standing() -> impl IntoView {
    let desk: Desk = expect_context();
    let people = move || desk.shown().map(|v| v.people).unwrap_or_default();
    let notes = move || desk.shown().map(|v| [v.blocked_by, v.warnings].concat()).unwrap_or_default();
    view! {
        <ul class="standing" aria-label="Reviewers">
            {move || people().into_iter().map(|p| {
                let (word, what) = match &p.decision {
                    Some(d) => (tone(&d.decision), label(&d.decision)),
                    None if p.commented => ("busy", "Commented".into()),
                    None if p.must_decide => ("calm", "Has to decide".into()),
                    None => ("calm", "May decide".into()),
                };
                let why = p.decision.as_ref().map(|d| d.reason.clone()).unwrap_or_default();
                view! { <li title=why><strong>{p.name}</strong>" "<span class=format!("chip {word}")>{what}</span></li> }
            }).collect_view()}
        </ul>
        <ul class="notes">
            {move || notes().into_iter().map(|note| view! { <li>{note}</li> }).collect_view()}
        </ul>
    }
}

/// The file, and what is drawn on it.
#[component]
fn Stage() -> impl IntoView {
    let desk: Desk = expect_context();
    let files = Memo::new(move |_| desk.shown().map(|v| v.files).unwrap_or_default());
    view! {
        <section class="stage" aria-label="Version">
            {move || match files.get().as_slice() {
                [] => view! { <p class="empty">"No version yet: it can be reviewed once somebody adds one."</p> }.into_any(),
                [one] if one.media_type.starts_with("image/") && one.media_type != "image/vnd.adobe.photoshop" =>
                    view! { <Canvas file=one.clone()/> }.into_any(),
                some => some.iter().map(|file| view! { <FileView file=file.clone()/> }).collect_view().into_any(),
            }}
            <p class="sr" aria-live="polite">{move || count(desk.threads().len(), "comment")}" on this version"</p>
        </section>
    }
}
