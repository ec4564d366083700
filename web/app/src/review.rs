//! The review screen: stage, comment rail, version switch, decision button.

mod compare;
mod decide;
mod design;
mod desk;
mod file;
mod film;
mod keys;
mod marks;
mod pages;
mod picture;
mod prose;
mod quote;
mod rail;
mod shape;
mod surface;
mod thread;
mod tiles;
mod tools;
mod writer;

use leptos::prelude::*;
use proofroom_web_wire::{Ask, AssetScreen, FileCard, Place, Reply, TilesOf};

use crate::engine;
use crate::state::{State, told};
use crate::welcome::Problem;
use crate::words::{label, tone};
use compare::{Compare, Mode, OldComments};
use decide::DecideDialog;
use design::{Design, is_design};
pub(crate) use desk::Desk;
use file::FileView;
use film::{Film, is_film};
use keys::{Act, KeysDialog};
use pages::Pages;
use picture::{Picture, is_picture};
use prose::{Prose, is_prose};
use rail::Rail;
use shape::Tool;
use tiles::{TiledPicture, is_tiled};

/// The review of one asset.
#[component]
pub(crate) fn ReviewScreen(workspace: String, asset: String) -> impl IntoView {
    let state = State::here();
    let fault = RwSignal::new(String::new());
    let desk = Desk::new(state, workspace.clone(), asset.clone());
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
    keys::listen(desk);
    let title = Memo::new(move |_| {
        let open = desk.threads.with(|all| all.iter().filter(|t| t.is_open()).count());
        desk.screen.with(|s| s.as_ref().map(|s| format!("({open}) {} · Proofroom", s.card.name)))
    });
    Effect::new(move |_| {
        if let (Some(title), Some(document)) = (title.get(), web_sys::window().and_then(|w| w.document())) {
            document.set_title(&title);
        }
    });
    let comparing = Memo::new(move |_| desk.mode.with(Mode::is_compare));
    view! {
        <Problem fault/>
        <Show when=move || desk.screen.with(Option::is_some)>
            <div class="review" id="review">
                <Head/>
                {move || if comparing.get() {
                    view! { <Compare/><OldComments/> }.into_any()
                } else {
                    view! { <Stage/><Rail/> }.into_any()
                }}
            </div>
            <DecideDialog/>
            <KeysDialog/>
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

/// Does what a key stands for; whether there was anything to do.
fn act(desk: Desk, act: Act) -> bool {
    match act {
        Act::NextComment => desk.step(1),
        Act::PreviousComment => desk.step(-1),
        Act::Comment => rail::write(),
        Act::Draw => desk.tool.update(|tool| *tool = if tool.is_some() { None } else { Some(Tool::Rect) }),
        Act::Cancel => desk.clear(),
        Act::Full => full_screen(),
        Act::Compare => return compare::toggle(desk),
        Act::Help => desk.helping.update(|open| *open = !*open),
        Act::ZoomIn | Act::ZoomOut | Act::Fit | Act::Actual => return zoom(desk, act),
        _ => return play(desk, act) || turn(desk, act),
    }
    true
}

fn zoom(desk: Desk, act: Act) -> bool {
    let Some(ground) = desk.ground.get_untracked() else { return false };
    match act {
        Act::ZoomIn => ground.zoom(1.25, None),
        Act::ZoomOut => ground.zoom(1.0 / 1.25, None),
        Act::Fit => ground.fit(),
        _ => ground.actual(),
    }
    true
}

fn play(desk: Desk, act: Act) -> bool {
    let Some(player) = desk.player.get_untracked() else { return false };
    match act {
        Act::Play | Act::PlayAlso => player.toggle(),
        Act::Faster => player.faster(),
        Act::Back => player.back(),
        Act::NextFrame => player.step(1),
        Act::PreviousFrame => player.step(-1),
        Act::NextTen => player.step(10),
        Act::PreviousTen => player.step(-10),
        Act::In => player.mark_in(),
        Act::Out => player.mark_out(),
        Act::Loop => player.repeat.update(|r| *r = !*r),
        Act::Mute => player.mute(),
        Act::Captions => player.captions.update(|c| *c = !*c),
        _ => return false,
    }
    true
}

fn turn(desk: Desk, act: Act) -> bool {
    let Some((page, pages)) = desk.pages.get_untracked() else { return false };
    let by = match act {
        Act::NextFrame => 1,
        Act::PreviousFrame => -1,
        Act::NextTen => 10,
        Act::PreviousTen => -10,
        _ => return false,
    };
    page.update(|p| *p = p.saturating_add_signed(by).min(pages.get_untracked().saturating_sub(1)));
    true
}

/// The whole screen for the review, or no more.
fn full_screen() {
    let Some(document) = web_sys::window().and_then(|w| w.document()) else { return };
    if document.fullscreen_element().is_some() {
        document.exit_fullscreen();
    } else if let Some(review) = document.get_element_by_id("review") {
        // A browser that forbids it leaves all as it is.
        let _asked = review.request_fullscreen();
    }
}

/// Name, outcome, versions, and the way to a decision.
#[component]
fn Head() -> impl IntoView {
    let desk: Desk = expect_context();
    let card =
        Memo::new(move |_| desk.screen.with(|s| s.as_ref().map(|s| s.card.clone()).unwrap_or_default()));
    let versions = Memo::new(move |_| {
        let name = |v: &proofroom_web_wire::VersionCard| (v.hash.clone(), v.label.clone(), v.current);
        desk.screen.with(|s| s.iter().flat_map(|s| s.versions.iter().map(name)).collect::<Vec<_>>())
    });
    let may = Memo::new(move |_| {
        desk.screen.with(|s| s.as_ref().is_some_and(|s| s.may_write && !s.versions.is_empty()))
    });
    let choose = move |event| {
        desk.clear();
        desk.version.set(event_target_value(&event));
    };
    view! {
        <header class="head">
            <h1>{move || card.with(|c| c.name.clone())}</h1>
            <span class=move || format!("chip {}", tone(&card.with(|c| c.outcome.clone()))) data-testid="outcome">{move || label(&card.with(|c| c.outcome.clone()))}</span>
            <label class="inline"><span class="sr">"Version"</span>
                <select prop:value=move || desk.version.get() on:change=choose>
                    {move || versions.get().into_iter().map(|(hash, name, current)| {
                        let now = if current { ", current" } else { "" };
                        let selected = hash == desk.version.get_untracked();
                        view! { <option value=hash selected=selected>{format!("{name}{now}")}</option> }
                    }).collect_view()}
                </select>
            </label>
            <Standing/>
            <span class="grow"></span>
            <Show when=move || versions.with(|v| v.len() > 1)>
                <button aria-pressed=move || desk.mode.with(Mode::is_compare).to_string() on:click=move |_| _ = compare::toggle(desk) title="Compare versions (V)">"Compare"</button>
            </Show>
            <button class="icon" on:click=move |_| desk.helping.set(true) aria-label="Keys" title="Keys (?)">"?"</button>
            <button class="primary" disabled=move || !may.get() on:click=move |_| desk.deciding.set(true)>"Decide"</button>
            <Notes/>
        </header>
    }
}

/// Where each reviewer stands.
#[component]
fn Standing() -> impl IntoView {
    let desk: Desk = expect_context();
    let people = Memo::new(move |_| desk.shown().map(|v| v.people).unwrap_or_default());
    view! {
        <ul class="standing" aria-label="Reviewers">
            {move || people.get().into_iter().map(|p| {
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
    }
}

/// What holds the review up.
#[component]
fn Notes() -> impl IntoView {
    let desk: Desk = expect_context();
    let notes =
        Memo::new(move |_| desk.shown().map(|v| [v.blocked_by, v.warnings].concat()).unwrap_or_default());
    view! { <ul class="notes">{move || notes.get().into_iter().map(|note| view! { <li>{note}</li> }).collect_view()}</ul> }
}

/// The file that is looked at, and what is drawn on it.
#[component]
fn Stage() -> impl IntoView {
    let desk: Desk = expect_context();
    let names = Memo::new(move |_| {
        let tiles = |f: &FileCard| f.tiles.clone().map(|tiles| TilesOf { held: 0, ..tiles });
        let known =
            |f: &FileCard| FileCard { here: false, held: 0, kept: false, tiles: tiles(f), ..f.clone() };
        desk.shown().map(|v| v.files.iter().map(known).collect::<Vec<_>>()).unwrap_or_default()
    });
    let chosen = RwSignal::new(0_usize);
    Effect::new(move |_| {
        names.track();
        chosen.set(0);
        desk.now.set(Place::default());
    });
    // Captions belong to the film beside them.
    let shown = move || {
        names.with(|all| all.iter().filter(|f| !film::is_captions(&f.name)).cloned().collect::<Vec<_>>())
    };
    let captions = move || {
        names.with(|all| all.iter().filter(|f| film::is_captions(&f.name)).cloned().collect::<Vec<_>>())
    };
    let tabs = move || {
        let files = shown();
        (files.len() > 1).then(|| view! {
            <div class="tools" role="group" aria-label="Files">
                {files.into_iter().enumerate().map(|(i, f)| view! {
                    <button aria-pressed=move || (chosen.get() == i).to_string() on:click=move |_| chosen.set(i)>{f.name}</button>
                }).collect_view()}
            </div>
        })
    };
    view! {
        <section class="stage" aria-label="Version">
            {tabs}
            {move || {
                let files = shown();
                match files.get(chosen.get()).or(files.first()) {
                    None => view! { <p class="empty">"No version yet: it can be reviewed once somebody adds one."</p> }.into_any(),
                    Some(file) => medium(file.clone(), captions()),
                }
            }}
        </section>
    }
}

fn medium(file: FileCard, captions: Vec<FileCard>) -> AnyView {
    match file.media_type.as_str() {
        _ if is_tiled(&file) => view! { <TiledPicture file/> }.into_any(),
        kind if is_picture(kind) => view! { <Picture file/> }.into_any(),
        kind if is_design(kind) => view! { <Design file/> }.into_any(),
        kind if is_film(kind) => view! { <Film file captions/> }.into_any(),
        "application/pdf" => view! { <Pages file/> }.into_any(),
        kind if is_prose(kind) => view! { <Prose file/> }.into_any(),
        kind => {
            let why = format!(
                "This browser does not show files of the kind {kind}. Save it to open it elsewhere; comments about all of it can be written here."
            );
            view! { <FileView file why/> }.into_any()
        }
    }
}
