//! The start: what waits for me in all workspaces, by due time; the workspaces.

use std::collections::BTreeMap;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use proofroom_web_wire::{Ask, AssetCard, Reply, WorkspaceCard};

use crate::engine;
use crate::route::Route;
use crate::state::State;
use crate::welcome::{Problem, join};
use crate::words::{count, due, label, tone};

/// What waits for me, and the workspaces of this browser.
#[component]
pub(crate) fn Home(link: String) -> impl IntoView {
    let state = State::here();
    let text = RwSignal::new(link.clone());
    let fault = RwSignal::new(String::new());
    if !link.is_empty() {
        join(state, link, fault);
    }
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        join(state, text.get_untracked(), fault);
    };
    let list = Memo::new(move |_| {
        state.start.with(|s| s.as_ref().map(|s| s.workspaces.clone()).unwrap_or_default())
    });
    let none = move || list.with(Vec::is_empty);
    view! {
        <div class="columns">
            <Waiting list/>
            <section class="panel" aria-labelledby="workspaces">
                <h2 id="workspaces">"Workspaces"</h2>
                <Show when=none>
                    <p class="empty">"None yet. Somebody who runs a review sends you a link: open it, or paste it here."</p>
                </Show>
                <ul class="cards">
                    <For each=move || list.get() key=|w| (w.id.clone(), w.name.clone(), w.role.clone()) let:card>
                        <WorkspaceRow card/>
                    </For>
                </ul>
                <form on:submit=submit>
                    <label>"Invite link"
                        <input bind:value=text placeholder="proofroom:join/…" autocomplete="off" spellcheck="false"/>
                    </label>
                    <Problem fault/>
                    <button type="submit">"Join"</button>
                </form>
            </section>
        </div>
    }
}

/// Everything that waits for me, whatever workspace it is in.
#[component]
fn Waiting(list: Memo<Vec<WorkspaceCard>>) -> impl IntoView {
    let state = State::here();
    let found = RwSignal::new(BTreeMap::<String, Vec<AssetCard>>::new());
    Effect::new(move |_| {
        for workspace in list.get() {
            state.news_of(&workspace.id);
            let id = workspace.id.clone();
            engine::ask(Ask::Board { workspace: id.clone() }, move |reply| {
                if let Reply::Board(board) = reply {
                    state.knows(&board.workspace);
                    let mine = board.assets.into_iter().filter(|a| a.waits_for_me).collect();
                    // The screen may be gone by the time the answer comes.
                    let _gone = found.try_update(|all| all.insert(id, mine));
                }
            });
        }
    });
    let rows = Memo::new(move |_| {
        let name = |id: &String| list.with(|l| l.iter().find(|w| w.id == *id).map(|w| w.name.clone()));
        let mut rows: Vec<(String, String, AssetCard)> = found.with(|all| {
            let each = all.iter().flat_map(|(id, assets)| assets.iter().map(move |a| (id, a)));
            each.map(|(id, asset)| (id.clone(), name(id).unwrap_or_default(), asset.clone())).collect()
        });
        rows.sort_by_key(|(_, _, asset)| (asset.due == 0, asset.due, asset.name.clone()));
        rows
    });
    let heading = move || match rows.with(Vec::len) {
        0 => "Nothing waits for you".to_owned(),
        n => format!("{} for you", count(n, "decision")),
    };
    view! {
        <section class="panel" aria-labelledby="inbox">
            <h1 id="inbox">{heading}</h1>
            <Show when=move || rows.with(Vec::is_empty)>
                <p class="empty">"What you are asked to decide stands here, by due time."</p>
            </Show>
            <ul class="rows">
                {move || rows.get().into_iter().map(|(id, workspace, asset)| view! {
                    <li><a class="rowlink" href=Route::Review(id, asset.id).href()>
                        <span class="main"><strong>{asset.name}</strong>
                            <span class="quiet">{workspace}" · "{label(&asset.category)}" · "{asset.versions.join(" and ")}</span></span>
                        <span class=format!("chip {}", tone(&asset.outcome))>{label(&asset.outcome)}</span>
                        <span class="due" class:late=is_late(asset.due)>{due(asset.due)}</span>
                    </a></li>
                }).collect_view()}
            </ul>
        </section>
    }
}

fn is_late(due: u64) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970")]
    let due = due as f64;
    due > 0.0 && due < js_sys::Date::now()
}

#[component]
fn WorkspaceRow(card: WorkspaceCard) -> impl IntoView {
    let name = if card.name.is_empty() { "On its way".to_owned() } else { card.name };
    view! {
        <li>
            <a class="rowlink" href=Route::Board(card.id).href()>
                <strong class="main">{name}</strong>
                <span class="chip calm">{label(&card.role)}</span>
            </a>
        </li>
    }
}
